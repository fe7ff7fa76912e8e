package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// Decision records stand in objects: docs/decisions/010 says why. One object holds the entries of one group of writes, put before the
// profiles of the group are written. A profile's item points at the entry with its newest record, and each entry at the one before, so
// that a user's records are found by ranged reads from the newest. An entry that nothing points at, left by a crash or by a write that
// met another one, is seen by nobody.
//
// Layout 1 of an entry, numbers as varints:
//
//	1 | hash of the user (8) | n | n records, the newest first | length of the pointer | pointer to the entry before, or nothing
//
// with a record as seq, moment, length, content. Every pageRecords-th entry of a user, a page, holds again what the entries since the last
// such one hold, and points before them, so that a long history takes few reads. It has layout 2, and after the pointer those to the
// entries that it holds again, a number and each with its length: whoever forgets the user finds them by it.
//
// An entry of a user who was forgotten is zeros.

const (
	attrLog     = "d" // of a profile: the pointer to its newest entry
	attrLogs    = "logs"
	pageRecords = 8
	groupBytes  = 8 << 20 // of an object, unless one entry is larger
	logLayout   = 1
	pageLayout  = 2
)

// place points at an entry: byte 1 is the layout (high) and singles (low), then the object (16), offset, length and seq as varints.
type place struct {
	object  [16]byte
	offset  uint64
	length  uint64
	seq     int64 // of the newest record of the entry
	singles int   // entries of one record since the last page, this one included
}

func (at *place) encode() []byte {
	b := append([]byte{logLayout<<4 | byte(at.singles)}, at.object[:]...)
	return binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(b, at.offset), at.length), uint64(at.seq))
}

var errLog = fault.New(fault.Internal, "a record of decisions is damaged").WithHint("restore the object from the bucket's versions")

// errErased says that an entry was that of a user who was forgotten.
var errErased = fault.New(fault.Internal, "a record of decisions was erased")

// parsePlace reads a pointer; nil is the place before the first entry.
func parsePlace(b []byte) (*place, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) < 17 || b[0]>>4 != logLayout {
		return nil, errLog
	}
	at := &place{singles: int(b[0] & 15), object: [16]byte(b[1:17])}
	r := reader{b: b[17:]}
	at.offset, at.length, at.seq = r.uint(), r.uint(), int64(r.uint())
	if r.bad || len(r.b) > 0 || at.length == 0 || at.length > 1<<30 || at.offset > 1<<40 {
		return nil, errLog
	}
	return at, nil
}

// reader reads varints and bytes; bad is set once something is missing.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uint() uint64 {
	n, used := binary.Uvarint(r.b)
	if used <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[used:]
	return n
}

func (r *reader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// appendEntry appends the entry of a user: records, the newest first, the pointer to the entry before, and of a page those to the entries
// that it holds again.
func appendEntry(dst []byte, user string, records []app.Decision, before []byte, again [][]byte) []byte {
	layout := byte(logLayout)
	if len(again) > 0 {
		layout = pageLayout
	}
	dst = binary.LittleEndian.AppendUint64(append(dst, layout), event.UserHash(user))
	dst = binary.AppendUvarint(dst, uint64(len(records)))
	for i := range records {
		d := &records[i]
		dst = binary.AppendVarint(binary.AppendUvarint(dst, uint64(d.Seq)), d.AsOf)
		dst = append(binary.AppendUvarint(dst, uint64(len(d.Record))), d.Record...)
	}
	dst = append(binary.AppendUvarint(dst, uint64(len(before))), before...)
	if layout == logLayout {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(len(again)))
	for _, at := range again {
		dst = append(binary.AppendUvarint(dst, uint64(len(at))), at...)
	}
	return dst
}

// entry is what stands at a place.
type entry struct {
	records []app.Decision // the newest first
	before  *place         // the entry before; nil for none
	again   []*place       // of a page: the entries whose records it holds again, where it says so
}

// parseEntry reads an entry of a user.
func parseEntry(b []byte, user string) (e entry, err error) {
	r := reader{b: b}
	layout := r.bytes(1)
	if len(layout) == 1 && layout[0] == 0 {
		return entry{}, errErased
	}
	if len(layout) == 0 || layout[0] != logLayout && layout[0] != pageLayout {
		return entry{}, errLog
	}
	if hash := r.bytes(8); len(hash) < 8 || binary.LittleEndian.Uint64(hash) != event.UserHash(user) {
		return entry{}, errLog
	}
	for n := r.uint(); n > 0 && !r.bad; n-- {
		d := app.Decision{Key: user, Seq: int64(r.uint()), AsOf: r.int()}
		d.Record = r.bytes(r.uint())
		e.records = append(e.records, d)
	}
	if e.before, err = parsePlace(r.bytes(r.uint())); err != nil {
		return entry{}, err
	}
	if layout[0] == pageLayout {
		for n := r.uint(); n > 0 && !r.bad; n-- {
			at, err := parsePlace(r.bytes(r.uint()))
			if err != nil || at == nil {
				return entry{}, errLog
			}
			e.again = append(e.again, at)
		}
	}
	if r.bad || len(r.b) > 0 || len(e.records) == 0 {
		return entry{}, errLog
	}
	return e, nil
}

// logs is the folder of the workspace's decision records.
func (p *profiles) logs() string { return "decisions/" + p.table.workspace + "/" }

// object is the name of the object that a place is in.
func (p *profiles) object(at *place) string { return p.logs() + hex.EncodeToString(at.object[:]) }

// entry reads the entry at a place.
func (p *profiles) entry(ctx context.Context, user string, at *place) (e entry, err error) {
	b, err := p.bucket.part(ctx, p.object(at), int64(at.offset), int64(at.length))
	if err != nil {
		return e, err
	}
	if e, err = parseEntry(b, user); err == nil && e.before != nil && e.before.seq >= at.seq { // a circle
		err = errLog
	}
	return e, err
}

// walk appends a user's records to all, from a place back to the first, until there are limit of them.
func (p *profiles) walk(ctx context.Context, user string, at *place, all []app.Decision, limit int) ([]app.Decision, error) {
	for at != nil && len(all) < limit {
		e, err := p.entry(ctx, user, at)
		if err != nil {
			return nil, err
		}
		all, at = append(all, e.records...), e.before
	}
	return all, nil
}

// logged is an entry that is to be put: of the write with a number, its records and the pointer to the entry before.
type logged struct {
	write   int
	records []app.Decision
	before  []byte
	again   [][]byte // pointers to the entries that a page holds again
	singles int
}

// log puts the decision records of a group of writes, and returns for each write the pointer that its item gets. A record that the
// item's log has already, by its number, is left out.
func (p *profiles) log(ctx context.Context, writes []app.UserWrite) (logs [][]byte, err error) {
	var entries []logged
	logs = make([][]byte, len(writes))
	for i := range writes {
		w := &writes[i]
		logs[i] = w.Item.Log
		if w.Decision == nil || w.Item.Key == "" || w.Item.Version < 0 {
			continue
		}
		if w.Decision.Key != w.Item.Key || w.Decision.Seq < 1 {
			return nil, fault.New(fault.Invalid, "decision %d of %q comes with the profile %q", w.Decision.Seq, w.Decision.Key, w.Item.Key)
		}
		head, err := parsePlace(w.Item.Log)
		if err != nil {
			return nil, err
		}
		if head != nil && head.seq >= w.Decision.Seq {
			continue
		}
		e := logged{write: i, records: []app.Decision{*w.Decision}, before: w.Item.Log, singles: 1}
		if head != nil {
			e.singles = head.singles + 1
		}
		entries = append(entries, e)
	}
	err = atOnce(ctx, len(entries), writeWidth, func(i int) error {
		if entries[i].singles < pageRecords {
			return nil
		}
		return p.page(ctx, &writes[entries[i].write].Item, &entries[i])
	})
	if err != nil {
		return nil, err
	}
	return logs, p.put(ctx, entries, logs)
}

// page makes an entry a page: it takes in what the single entries before it hold. Where one of them is lost, the entry stays as it is.
func (p *profiles) page(ctx context.Context, in *app.Item, e *logged) error {
	at, err := parsePlace(in.Log)
	if err != nil {
		return err
	}
	records, want := e.records, e.singles
	e.singles = 0
	var again [][]byte
	for at != nil && len(records) < want {
		one, err := p.entry(ctx, in.Key, at)
		if fault.Is(err, fault.NotFound) || errors.Is(err, errErased) {
			return nil
		}
		if err != nil {
			return err
		}
		records, again, at = append(records, one.records...), append(again, at.encode()), one.before
	}
	e.records, e.again, e.before = records, again, nil
	if at != nil {
		e.before = at.encode()
	}
	return nil
}

// put writes the entries as objects and sets the pointers to them. An object is named by its content: putting it again after a crash
// changes nothing.
func (p *profiles) put(ctx context.Context, entries []logged, logs [][]byte) error {
	var groups [][]byte
	places := make([]place, len(entries))
	group := make([]int, len(entries))
	var b []byte
	for i := range entries {
		e := &entries[i]
		d := &e.records[0]
		start := len(b)
		b = appendEntry(b, d.Key, e.records, e.before, e.again)
		if start > 0 && len(b) > groupBytes {
			groups = append(groups, b[:start])
			b, start = bytes.Clone(b[start:]), 0
		}
		places[i] = place{offset: uint64(start), length: uint64(len(b) - start), seq: d.Seq, singles: e.singles}
		group[i] = len(groups)
	}
	if len(b) > 0 {
		groups = append(groups, b)
	}
	names := make([][16]byte, len(groups))
	err := atOnce(ctx, len(groups), 4, func(i int) error {
		sum := sha256.Sum256(groups[i])
		names[i] = [16]byte(sum[:16])
		return p.bucket.put(ctx, p.logs()+hex.EncodeToString(names[i][:]), bytes.NewReader(groups[i]))
	})
	if err != nil {
		return err
	}
	for i := range entries {
		places[i].object = names[group[i]]
		logs[entries[i].write] = places[i].encode()
	}
	return nil
}

// keepLog keeps the pointer of a profile that is taken into another one, so that the records of its key stay. The item holds the
// pointers of a key whose profile was taken in more than once, the last one at the end.
func (p *profiles) keepLog(a *app.Absorbed) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &p.table.name, Key: p.logsKey(a.Key).item(),
		UpdateExpression: ref(fmt.Sprintf("SET %s = list_append(if_not_exists(%s, :none), :log)", attrLogs, attrLogs)),
		ExpressionAttributeValues: item{
			":none": &types.AttributeValueMemberL{Value: []types.AttributeValue{}},
			":log":  &types.AttributeValueMemberL{Value: []types.AttributeValue{blob(a.Log)}},
		},
	}}
}

func (p *profiles) logsKey(user string) key { return p.table.key("d#"+user, "-") }

// Decisions implements app.Profiles: those of the profile first, then those that stood under its key before it was taken into
// another profile and made anew.
func (p *profiles) Decisions(ctx context.Context, user string, limit int) (all []app.Decision, err error) {
	if limit <= 0 {
		return nil, nil
	}
	it, err := p.table.get(ctx, p.key(user))
	if err != nil {
		return nil, p.table.fault(err, "read decisions")
	}
	if all, err = p.from(ctx, user, it.bytes(attrLog), all, limit); err != nil || len(all) == limit {
		return all, err
	}
	if it, err = p.table.get(ctx, p.logsKey(user)); err != nil {
		return nil, p.table.fault(err, "read decisions")
	}
	kept, _ := it[attrLogs].(*types.AttributeValueMemberL)
	for i := range reversed(kept) {
		if all, err = p.from(ctx, user, i, all, limit); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// reversed yields the pointers of a list from its end.
func reversed(l *types.AttributeValueMemberL) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		if l == nil {
			return
		}
		for i := len(l.Value) - 1; i >= 0; i-- {
			if b, ok := l.Value[i].(*types.AttributeValueMemberB); ok && !yield(b.Value) {
				return
			}
		}
	}
}

// from appends a user's records from a pointer on, up to limit in all.
func (p *profiles) from(ctx context.Context, user string, pointer []byte, all []app.Decision, limit int) ([]app.Decision, error) {
	at, err := parsePlace(pointer)
	if err != nil {
		return nil, err
	}
	all, err = p.walk(ctx, user, at, all, limit)
	if fault.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Internal, "a decision record of %q is not there", user).WithHint("restore the object from the bucket's versions").Because(err)
	}
	return all[:min(len(all), limit)], err
}
