package app

import (
	"context"
	"encoding/binary"

	"github.com/weir-engine/weir/shared/fault"
)

// A user is read once a file. What is read to learn where an id points is the item that the fold needs: it waits on scratch disk until
// its chunk's turn, and in memory where a link of the file was the reason. A write is conditional on what was read, so that one that
// waited too long is read again.

// heldBytes bounds what of the items around a file's links is held in memory.
const heldBytes = 64 << 20

// hold keeps an item in memory, unless there is too much already.
func (in *ingest) hold(item Item) {
	const overhead = 200
	if _, again := in.held[item.Key]; !again {
		in.heldSize += int64(overhead + len(item.Key) + len(item.Facts) + len(item.State) + len(item.Recent))
	}
	if in.heldSize > heldBytes {
		delete(in.held, item.Key)
		return
	}
	in.held[item.Key] = item
}

// items reads the items of keys, but for those that were read before and are among held.
func (in *ingest) items(ctx context.Context, keys []string, held ...map[string]Item) ([]Item, error) {
	out := make([]Item, len(keys))
	var ask []string
	var at []int
next:
	for i, k := range keys {
		for _, h := range held {
			if item, ok := h[k]; ok {
				out[i] = item
				continue next
			}
		}
		ask, at = append(ask, k), append(at, i)
	}
	if len(ask) == 0 {
		return out, nil
	}
	read, err := in.app.ports.Profiles.Get(ctx, ask)
	if err != nil {
		return nil, fault.Wrap(err, "read profiles")
	}
	for i, item := range read {
		out[at[i]] = item
	}
	return out, nil
}

// spillItems puts items aside until the chunk is folded.
func (in *ingest) spillItems(chunk int, items []Item) error {
	var b []byte
	for i := range items {
		b = appendItem(b[:0], &items[i])
		if err := in.spill.Append(in.itemPart(chunk), b); err != nil {
			return err
		}
	}
	return nil
}

// spilledItems returns what was put aside for a chunk.
func (in *ingest) spilledItems(chunk int) (map[string]Item, error) {
	items := map[string]Item{}
	for b, err := range in.spill.Read(in.itemPart(chunk)) {
		if err != nil {
			return nil, fault.Wrap(err, "read the scratch file of the import")
		}
		item, ok := parseItem(b)
		if !ok {
			return nil, errSpill
		}
		items[item.Key] = item
	}
	return items, nil
}

// appendItem writes an item: its texts and bytes with their lengths, its numbers as varints, then its marks.
func appendItem(dst []byte, item *Item) []byte {
	for _, part := range [...][]byte{[]byte(item.Key), []byte(item.To), item.Facts, item.State, item.Recent, item.Log} {
		dst = append(binary.AppendUvarint(dst, uint64(len(part))), part...)
	}
	flags := int64(0)
	if item.Rebase {
		flags |= 1
	}
	if item.Soon {
		flags |= 2
	}
	for _, n := range [...]int64{item.Version, item.Due, flags} {
		dst = binary.AppendVarint(dst, n)
	}
	for _, m := range item.Marks {
		dst = append(binary.AppendUvarint(dst, uint64(len(m.File))), m.File...)
		for _, n := range [...]int64{int64(m.Chunk), m.Accepted, m.Duplicates} {
			dst = binary.AppendVarint(dst, n)
		}
	}
	return dst
}

// parseItem reads what appendItem wrote; ok is false when it is damaged. The item does not alias b.
func parseItem(b []byte) (item Item, ok bool) {
	ok = true
	part := func() []byte {
		n, used := binary.Uvarint(b)
		if used <= 0 || uint64(len(b)-used) < n {
			ok, b = false, nil
			return nil
		}
		p := b[used : used+int(n)]
		b = b[used+int(n):]
		if n == 0 {
			return nil
		}
		return append([]byte(nil), p...)
	}
	number := func() int64 {
		n, used := binary.Varint(b)
		if used <= 0 {
			ok, b = false, nil
			return 0
		}
		b = b[used:]
		return n
	}
	item.Key, item.To = string(part()), string(part())
	item.Facts, item.State, item.Recent, item.Log = part(), part(), part(), part()
	item.Version, item.Due = number(), number()
	flags := number()
	item.Rebase, item.Soon = flags&1 != 0, flags&2 != 0
	for len(b) > 0 {
		item.Marks = append(item.Marks, Mark{File: string(part()), Chunk: int(number()), Accepted: number(), Duplicates: number()})
	}
	return item, ok
}
