package aws

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/marks"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
)

// profiles implements app.Profiles. A profile is one item: pk "p#" and a byte of the user's hash, sk the user's key. The item says where
// its key points, too; of a key without a profile it says nothing else.
type profiles struct {
	table  *table
	bucket *bucket
}

// The attributes of a profile. Short names: DynamoDB counts them.
const (
	attrVersion = "v"
	attrFacts   = "f"
	attrState   = "s"
	attrRecent  = "r"
	attrMarks   = "m"
	attrRebase  = "b"
	attrDue     = "n" // the next moment that could change anything
	attrTo      = "c" // the canonical id that the key points to
	attrSpill   = "o" // the object that holds facts, state and recent of a profile too large for an item
)

const (
	shards     = 256
	writeWidth = 32      // requests of one Write at the same time
	spillBytes = 360_000 // an item holds 400 KiB, names and keys and intents included
)

func (p *profiles) key(user string) key { return profileKey(p.table, user) }

func profileKey(t *table, user string) key {
	return t.key(fmt.Sprintf("p#%02x", event.UserHash(user)>>56), user)
}

// Get implements app.Profiles. Reads are consistent: a profile that is behind would fail the condition of the write that follows,
// and would be folded twice.
func (p *profiles) Get(ctx context.Context, keys []string) ([]app.Item, error) {
	items := make([]app.Item, len(keys))
	ask := make([]key, len(keys))
	for i, k := range keys {
		items[i].Key = k
		ask[i] = p.key(k)
	}
	found, err := p.table.getAll(ctx, ask)
	if err != nil {
		return nil, p.table.fault(err, "read profiles")
	}
	byKey := make(map[string]app.Item, len(found))
	for _, it := range found {
		one, err := p.decode(ctx, it)
		if err != nil {
			return nil, err
		}
		byKey[one.Key] = one
	}
	for i := range items {
		if one, ok := byKey[items[i].Key]; ok {
			items[i] = one
		}
	}
	return items, nil
}

func (p *profiles) decode(ctx context.Context, it item) (app.Item, error) {
	one := app.Item{
		Key: it.text("sk"), Version: it.number(attrVersion), Facts: it.bytes(attrFacts), State: it.bytes(attrState),
		Recent: it.bytes(attrRecent), Rebase: it.flag(attrRebase), Log: it.bytes(attrLog),
		Due: it.number(attrDue), Soon: it.text("lpk") != "", To: it.text(attrTo),
	}
	var ok bool
	if one.Marks, ok = marks.Parse(it.bytes(attrMarks)); !ok {
		return one, fault.New(fault.Internal, "the marks of a profile are damaged").WithHint("restore the table to a moment before")
	}
	var err error
	if name := it.text(attrSpill); name != "" {
		err = p.unspill(ctx, name, &one)
	}
	return one, err
}

// encode returns the item of a profile, with the pointer to its newest decision record.
func (p *profiles) encode(in *app.Item, log []byte) item {
	it := p.key(in.Key).with(item{attrVersion: num(in.Version + 1)})
	it.set(attrFacts, blob(in.Facts))
	it.set(attrState, blob(in.State))
	it.set(attrRecent, blob(in.Recent))
	it.set(attrMarks, blob(marks.Append(nil, in.Marks)))
	it.set(attrRebase, boolean(in.Rebase))
	it.set(attrLog, blob(log))
	it.set(attrDue, num(in.Due))
	it.set(attrTo, str(in.To))
	if in.Soon {
		hash := event.UserHash(in.Key)
		it["lpk"], it["lsk"] = str(p.table.key(dueShard(int(hash>>60)), "").pk), str(fmt.Sprintf("%s#%016x", dueOrder(in.Due), hash))
	}
	return it
}

// versionIs is the condition that a document is as it was read.
func versionIs(version int64) *condition {
	if version == 0 {
		return absent
	}
	return equal(attrVersion, num(version))
}

// asRead is the condition that a profile is as it was read. It names where the decision records and the canonical id stand, too: a write
// that was not given back what was read would cut the records off, or fold on under an id that is another user's by now.
func asRead(version int64, log []byte, to string) *condition {
	c := &condition{text: "attribute_not_exists(" + attrVersion + ")", values: item{}}
	if version != 0 {
		c.text, c.values[":v"] = attrVersion+" = :v", num(version)
		c.same(attrLog, ":d", len(log) > 0, blob(log))
	}
	c.same(attrTo, ":to", to != "", str(to))
	return c
}

// same asks for an attribute with a value, or that there is no such attribute.
func (c *condition) same(name, placeholder string, there bool, v types.AttributeValue) {
	if !there {
		c.text += " AND attribute_not_exists(" + name + ")"
		return
	}
	c.text += " AND " + name + " = " + placeholder
	c.values[placeholder] = v
}

// Write implements app.Profiles. Decision records are put as objects first. Then a write of a profile alone is one conditional put; one
// with intents or profiles to take in is one transaction.
func (p *profiles) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	if ctx.Err() != nil {
		return nil, disk.Canceled(ctx.Err())
	}
	if len(writes) == 0 {
		return nil, nil
	}
	if err := p.changed(ctx, 0, "begun"); err != nil { // whoever reads between this and the end reads again after it
		return nil, err
	}
	logs, err := p.log(ctx, writes)
	if err != nil {
		return nil, err
	}
	each := make([]error, len(writes))
	made := make([]int64, len(writes))
	err = atOnce(ctx, len(writes), writeWidth, func(i int) error {
		w := &writes[i]
		conflict, err := p.apply(ctx, w, logs[i])
		each[i] = conflict
		if conflict == nil && err == nil {
			if w.Item.Version == 0 {
				made[i] = 1
			}
			made[i] -= int64(len(w.Absorb))
		}
		return err
	})
	var n int64
	for _, m := range made {
		n += m
	}
	end := "ended"
	if err != nil { // some writes may have happened without our knowing
		end = "failed"
	}
	if e := p.changed(context.WithoutCancel(ctx), n, end); err == nil {
		err = e
	}
	if err != nil {
		return nil, p.table.fault(err, "write profiles")
	}
	return each, nil
}

// changed counts a change of the base and n profiles more, and the beginning, end or failure of a Write: as long as as many ended as
// began, the count of profiles is right.
func (p *profiles) changed(ctx context.Context, n int64, what string) error {
	err := p.table.add(ctx, p.table.key("meta", "profiles"), item{"revision": num(1), "n": num(n), what: num(1)})
	return p.table.fault(err, "count profiles")
}

// apply writes one user, whose decision is in the log already. A conflict is an outcome, err a failure.
func (p *profiles) apply(ctx context.Context, w *app.UserWrite, log []byte) (conflict, err error) {
	if w.Item.Key == "" {
		return fault.New(fault.Invalid, "a profile needs a key"), nil
	}
	if w.Item.Version < 0 {
		return conflictFault(w.Item.Key), nil
	}
	for _, a := range w.Absorb {
		if a.Key == w.Item.Key {
			return fault.New(fault.Invalid, "the profile %q cannot absorb itself", a.Key), nil
		}
	}
	it := p.encode(&w.Item, log)
	if len(w.Item.Facts)+len(w.Item.State)+len(w.Item.Recent) > spillBytes {
		if err := p.spill(ctx, &w.Item, it); err != nil {
			return nil, err
		}
	}
	if len(w.Absorb) == 0 && len(w.Intents) == 0 {
		asWas := asRead(w.Item.Version, w.Item.Log, w.Item.To)
		err = p.table.put(ctx, it, asWas)
		for try := 0; conflicting(err) && try < retries; try++ {
			if err := pause(ctx, try); err != nil {
				return nil, err
			}
			err = p.table.put(ctx, it, asWas)
		}
		if isCondition(err) {
			return conflictFault(w.Item.Key), nil
		}
		return nil, err
	}
	return p.together(ctx, w, it)
}

// together writes a profile with what comes with it. What exists already of intents is left out and stays. Of a profile that is taken in
// the pointer stays.
func (p *profiles) together(ctx context.Context, w *app.UserWrite, it item) (conflict, err error) {
	writes := []types.TransactWriteItem{p.table.transactPut(it, asRead(w.Item.Version, w.Item.Log, w.Item.To))}
	for i := range w.Absorb {
		a := &w.Absorb[i]
		if a.To == "" {
			writes = append(writes, p.table.transactDelete(p.key(a.Key), asRead(a.Version, a.Log, "")))
		} else {
			writes = append(writes, p.table.transactPut(p.key(a.Key).with(item{attrTo: str(a.To)}), asRead(a.Version, a.Log, a.To)))
		}
		if len(a.Log) > 0 {
			writes = append(writes, p.keepLog(a))
		}
	}
	fixed := len(writes)
	logs, err := p.joinLogs(ctx, w)
	if err != nil {
		return nil, err
	}
	writes = append(writes, logs...)
	for i := range w.Intents {
		writes = append(writes, p.table.transactPut(encodeIntent(p.table, &w.Intents[i]), absent), p.table.transactPut(userIntent(p.table, &w.Intents[i]), nil))
	}
	if len(writes) > transactLimit {
		return fault.New(fault.TooLarge, "the profile %q takes %d others in and asks for %d messages at once", w.Item.Key, len(w.Absorb), len(w.Intents)).
			WithHint("import the file in smaller parts"), nil
	}
	for {
		err := p.table.transact(ctx, writes)
		if err == nil {
			return nil, nil
		}
		codes := reasonsOf(err)
		if slices.Contains(codes[:min(fixed+len(logs), len(codes))], codeCondition) {
			return conflictFault(w.Item.Key), nil
		}
		known := slices.Index(codes, codeCondition)
		if known < 0 {
			return nil, err
		}
		writes = slices.Delete(writes, known, known+2) // an intent's place among its user's goes with it
	}
}

// joinLogs gives the user of a write the messages of those whose profiles are absorbed, as far as they got any.
func (p *profiles) joinLogs(ctx context.Context, w *app.UserWrite) (writes []types.TransactWriteItem, err error) {
	var all outreach.Log
	for i := range w.Absorb {
		other, err := p.table.sent(ctx, w.Absorb[i].Key)
		if err != nil {
			return nil, err
		}
		if other.version > 0 {
			all = outreach.Union(all, other.log)
			writes = append(writes, p.table.transactDelete(other.key, other.asRead()))
		}
	}
	if len(writes) == 0 {
		return nil, nil
	}
	own, err := p.table.sent(ctx, w.Item.Key)
	if err != nil {
		return nil, err
	}
	return append(writes, p.table.transactPut(own.with(outreach.Union(own.log, all)), own.asRead())), nil
}

func conflictFault(key string) error {
	return fault.New(fault.Conflict, "the profile %q was changed by another write", key).WithHint("read it again and repeat")
}

// Scan implements app.Profiles: in the order of shards, and of keys within.
func (p *profiles) Scan(ctx context.Context, after string, limit int) (items []app.Item, err error) {
	first := 0
	if after != "" {
		first = int(event.UserHash(after) >> 56)
	}
	for shard := first; shard < shards && len(items) < limit; shard++ {
		q := query{pk: p.table.key(fmt.Sprintf("p#%02x", shard), "").pk, limit: int32(limit - len(items)), consistent: true}
		if shard == first && after != "" {
			q.from, q.after = after, true
		}
		err := p.table.each(ctx, q, func(it item) (bool, error) {
			one, err := p.decode(ctx, it)
			if one.Version > 0 {
				items = append(items, one)
			}
			return len(items) < limit, err
		})
		if err != nil {
			return nil, p.table.fault(err, "read profiles")
		}
	}
	return items, nil
}

// dueShards is the number of partitions of the due index: many users are due at the same midnight.
const dueShards = 16

func dueShard(n int) string { return fmt.Sprintf("due#%x", n) }

// dueOrder is a moment as a text of the same order.
func dueOrder(due int64) string { return fmt.Sprintf("%016x", uint64(due)^1<<63) }

// Due implements app.Profiles: from the index, shard after shard, each in the order of the moments. A place is a shard and a sort key.
func (p *profiles) Due(ctx context.Context, until int64, after string, limit int) (keys []string, next string, err error) {
	first, place := 0, ""
	if after != "" {
		text, sk, ok := strings.Cut(after, "#")
		n, err := strconv.Atoi(text)
		if !ok || err != nil || n < 0 || n >= dueShards {
			return nil, "", fault.New(fault.Invalid, "%q is no place in the due index", after)
		}
		first, place = n, sk
	}
	if limit <= 0 {
		return nil, "", nil
	}
	for shard := first; shard < dueShards; shard++ {
		q := query{
			index: listIndex, pk: p.table.key(dueShard(shard), "").pk, limit: int32(limit - len(keys)),
			from: "0", to: dueOrder(until) + "~", // before and behind every hash
		}
		if shard == first && place != "" {
			q.from = place + " " // behind the place, and before the next one
		}
		last := ""
		err := p.table.each(ctx, q, func(it item) (bool, error) {
			keys, last = append(keys, it.text("sk")), it.text("lsk")
			return len(keys) < limit, nil
		})
		if err != nil {
			return nil, "", p.table.fault(err, "read who is due")
		}
		if len(keys) >= limit {
			return keys, fmt.Sprintf("%d#%s", shard, last), nil
		}
	}
	return keys, "", nil
}

// Count implements app.Profiles.
func (p *profiles) Count(ctx context.Context) (int64, error) {
	it, err := p.table.get(ctx, p.table.key("meta", "profiles"))
	return it.number("n"), p.table.fault(err, "count profiles")
}

// Exact implements app.Profiles. Where a Write did not end it counts the items of every shard and sets the count right.
func (p *profiles) Exact(ctx context.Context) (int64, error) {
	k := p.table.key("meta", "profiles")
	it, err := p.table.get(ctx, k)
	if err != nil || it.number("begun") == it.number("ended") {
		return it.number("n"), p.table.fault(err, "count profiles")
	}
	counts := make([]int64, shards)
	err = atOnce(ctx, shards, writeWidth, func(shard int) (err error) {
		counts[shard], err = p.table.count(ctx, query{
			pk: p.table.key(fmt.Sprintf("p#%02x", shard), "").pk, consistent: true, with: "attribute_exists(" + attrVersion + ")",
		})
		return err
	})
	if err != nil {
		return 0, p.table.fault(err, "count profiles")
	}
	var n int64
	for _, c := range counts {
		n += c
	}
	fixed := k.with(item{"revision": num(it.number("revision") + 1), "n": num(n), "begun": num(0), "ended": num(0)})
	err = p.table.put(ctx, fixed, equal("revision", num(it.number("revision"))))
	if isCondition(err) { // somebody writes after all: the next one counts
		err = nil
	}
	return n, p.table.fault(err, "count profiles")
}

// Revision implements app.Profiles.
func (p *profiles) Revision(ctx context.Context) (int64, error) {
	it, err := p.table.get(ctx, p.table.key("meta", "profiles"))
	return it.number("revision"), p.table.fault(err, "read the revision")
}

// spill writes the body of a profile that is too large for an item as an object, under a name of its own for each version and
// content, and refers to it.
func (p *profiles) spill(ctx context.Context, in *app.Item, it item) error {
	var b []byte
	for _, part := range [][]byte{in.Facts, in.State, in.Recent} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	name := fmt.Sprintf("%s%d-%016x", p.spilled(in.Key), in.Version+1, event.UserHash(string(b)))
	if err := p.bucket.put(ctx, name, bytes.NewReader(b)); err != nil {
		return err
	}
	delete(it, attrFacts)
	delete(it, attrState)
	delete(it, attrRecent)
	it[attrSpill] = str(name)
	return nil
}

// spilled is the folder of a user's objects. Those that no version refers to expire by the bucket's lifecycle once the folder is
// older than the table's.
func (p *profiles) spilled(user string) string {
	return "profiles/" + p.table.workspace + "/" + disk.SafeName(user) + "/"
}

func (p *profiles) unspill(ctx context.Context, name string, one *app.Item) error {
	if !strings.HasPrefix(name, p.spilled(one.Key)) {
		return fault.New(fault.Internal, "the profile %q refers to the object %q", one.Key, name)
	}
	b, err := p.bucket.read(ctx, name)
	if err != nil {
		return err
	}
	for _, part := range []*[]byte{&one.Facts, &one.State, &one.Recent} {
		n, used := binary.Uvarint(b)
		if used <= 0 || uint64(len(b)-used) < n {
			return fault.New(fault.Internal, "the object %q is damaged", name).WithHint("restore it from the bucket's versions")
		}
		*part, b = b[used:used+int(n):used+int(n)], b[used+int(n):]
	}
	return nil
}
