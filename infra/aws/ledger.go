package aws

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// ledger implements app.Ledger. A file is pk "f#" and its id, with its chunks beside it; the index lists files from the newest.
type ledger struct{ table *table }

func fileKey(t *table, id string) key { return t.key("f#"+id, "file") }

func chunkKey(t *table, file string, chunk int) key {
	return t.key("f#"+file, fmt.Sprintf("c#%06d", chunk))
}

func encodeFile(t *table, f app.File) (item, error) {
	text, err := json.Marshal(f)
	if err != nil {
		return nil, fault.New(fault.Internal, "the record of a file cannot be written").Because(err)
	}
	return fileKey(t, f.ID).with(item{
		"v": num(f.Version), "file": blob(text), "arrived": num(f.Arrived),
		"lpk": str(t.key("files", "").pk), "lsk": str(inverse(f.Arrived) + "#" + f.ID),
	}), nil
}

func decodeFile(it item) (f app.File, err error) {
	if err := json.Unmarshal(it.bytes("file"), &f); err != nil {
		return f, fault.New(fault.Internal, "the record of a file cannot be read").Because(err)
	}
	f.Version = it.number("v")
	return f, nil
}

// Begin implements app.Ledger.
func (p *ledger) Begin(ctx context.Context, f app.File) (stored app.File, known bool, err error) {
	f.Version = 1
	it, err := encodeFile(p.table, f)
	if err != nil {
		return f, false, err
	}
	err = p.table.put(ctx, it, absent)
	if isCondition(err) {
		stored, err := p.File(ctx, f.ID)
		return stored, true, err
	}
	return f, false, p.table.fault(err, "record a file")
}

// File implements app.Ledger.
func (p *ledger) File(ctx context.Context, id string) (app.File, error) {
	it, err := p.table.get(ctx, fileKey(p.table, id))
	if err != nil {
		return app.File{}, p.table.fault(err, "read the record of a file")
	}
	if it == nil {
		return app.File{}, fault.New(fault.NotFound, "no file %q was imported", id).WithHint("weir files lists them")
	}
	return decodeFile(it)
}

// Files implements app.Ledger.
func (p *ledger) Files(ctx context.Context, after string, limit int) ([]app.File, error) {
	q := query{index: listIndex, pk: p.table.key("files", "").pk, limit: int32(max(limit, 1))}
	if after != "" {
		last, err := p.File(ctx, after)
		if err != nil {
			return nil, err
		}
		q.from, q.after = inverse(last.Arrived)+"#"+after, true
	}
	var keys []key
	err := p.table.each(ctx, q, func(it item) (bool, error) {
		if len(keys) < limit {
			keys = append(keys, it.key())
		}
		return len(keys) < limit, nil
	})
	if err != nil {
		return nil, p.table.fault(err, "list files")
	}
	found, err := p.table.getAll(ctx, keys)
	if err != nil {
		return nil, p.table.fault(err, "list files")
	}
	byKey := map[key]item{}
	for _, it := range found {
		byKey[it.key()] = it
	}
	files := make([]app.File, 0, len(keys))
	for _, k := range keys {
		f, err := decodeFile(byKey[k])
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Update implements app.Ledger.
func (p *ledger) Update(ctx context.Context, f app.File) error {
	was := f.Version
	f.Version++
	it, err := encodeFile(p.table, f)
	if err != nil {
		return err
	}
	err = p.table.put(ctx, it, equal("v", num(was)))
	if isCondition(err) {
		return fault.New(fault.Conflict, "the record of the file %q was changed by another write", f.ID).WithHint("read it again and repeat")
	}
	return p.table.fault(err, "record a file")
}

// Chunk implements app.Ledger.
func (p *ledger) Chunk(ctx context.Context, file string, chunk int) (c app.Chunk, err error) {
	it, err := p.table.get(ctx, chunkKey(p.table, file, chunk))
	if err != nil || it == nil {
		return c, p.table.fault(err, "read the record of a chunk")
	}
	if err := json.Unmarshal(it.bytes("chunk"), &c); err != nil {
		return c, fault.New(fault.Internal, "the record of a chunk cannot be read").Because(err)
	}
	return c, nil
}

// PutChunk implements app.Ledger.
func (p *ledger) PutChunk(ctx context.Context, c app.Chunk) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fault.New(fault.Internal, "the record of a chunk cannot be written").Because(err)
	}
	return p.table.fault(p.table.put(ctx, chunkKey(p.table, c.File, c.Index).with(item{"chunk": blob(text)}), nil), "record a chunk")
}
