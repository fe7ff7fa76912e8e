package profile

import (
	"encoding/binary"
	"iter"
	"unsafe"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// Table folds the events of one file in memory, those of all its users at once. Add keeps what the fold needs of an event with
// the part that its user belongs to; Users then takes part by part, removes duplicates and folds: the profiles of a part fit
// the cache, and those of a whole file would not. It is not safe for concurrent use.
type Table struct {
	schema *Schema
	parts  [tableParts]tablePart
	free   [][]byte // blocks of parts that are folded
	key    []byte   // of an anonymous user
	event  event.Event
	users  userTable
	seen   idTable
	again  map[occurrence]uint32 // how often a content without a messageId has come

	duplicates int64
}

const (
	tableBits  = 6
	tableParts = 1 << tableBits
)

// occurrence is a content of a user of the part at hand.
type occurrence struct {
	content [16]byte
	user    uint32
}

// tablePart is the records of one part. They are written to near, which stays in the cache beside those of the other parts,
// and go on from there to far memory in one piece.
type tablePart struct {
	near   []byte
	blocks [][]byte
}

// A record is a head, the user's key, the order when there is one, and when the extract is whole the event's record with its
// length before it:
//
//	user 8 | id or content 16 | time 8 | amount 8 | day 4 | plan 4 | length of the key 4 | flags 1 | named 1
const (
	tableHead  = 54
	tableNear  = 4 << 10
	tableBlock = 64 << 10
)

// NewTable returns an empty table.
func NewTable(s *Schema) *Table { return &Table{schema: s, again: map[occurrence]uint32{}} }

// Add checks an event and keeps what the fold needs of it. What Check refuses is not kept.
func (t *Table) Add(ev *event.Event) *event.Reject {
	var x Extract
	if reject := t.schema.Extract(ev, &x); reject != nil {
		return reject
	}
	key := ev.UserID
	if key == "" {
		t.key = append(append(t.key[:0], event.AnonPrefix...), ev.AnonymousID...)
		key = unsafe.String(unsafe.SliceData(t.key), len(t.key))
	}
	user := event.UserHash(key)
	part := &t.parts[user>>(64-tableBits)]
	at := len(part.near)
	if cap(part.near)-at < tableHead+8+len(key) {
		at = t.flush(part, tableHead+8+len(key))
	}
	b := append(part.near[:at+tableHead], key...)
	if x.flags&extractOrder != 0 {
		b = binary.LittleEndian.AppendUint64(b, x.order)
	}
	if x.Whole() {
		length := len(b)
		b = event.AppendRecord(append(b, 0, 0, 0, 0), ev)
		binary.LittleEndian.PutUint32(b[length:], uint32(len(b)-length-4))
	}
	part.near = b
	head := (*[tableHead]byte)(b[at:])
	binary.LittleEndian.PutUint64(head[0:], user)
	if head[53] = 0; ev.MessageID != "" {
		lo, hi := event.IDWords(user, ev.MessageID)
		binary.LittleEndian.PutUint64(head[8:], lo)
		binary.LittleEndian.PutUint64(head[16:], hi)
		head[53] = 1
	} else {
		*(*event.ID)(head[8:]) = ev.Content
	}
	binary.LittleEndian.PutUint64(head[24:], uint64(x.Time))
	binary.LittleEndian.PutUint64(head[32:], uint64(x.amount))
	binary.LittleEndian.PutUint32(head[40:], uint32(x.day))
	binary.LittleEndian.PutUint32(head[44:], uint32(x.plan))
	binary.LittleEndian.PutUint32(head[48:], uint32(len(key)))
	head[52] = x.flags
	return nil
}

// flush moves the near records of a part to its blocks and makes room for n bytes at least.
func (t *Table) flush(part *tablePart, n int) int {
	if len(part.near) > 0 {
		k := len(part.blocks) - 1
		if k < 0 || cap(part.blocks[k])-len(part.blocks[k]) < len(part.near) {
			part.blocks = append(part.blocks, t.block(len(part.near)))
			k++
		}
		part.blocks[k] = append(part.blocks[k], part.near...)
	}
	if part.near = part.near[:0]; cap(part.near) < n || cap(part.near) > 4*tableNear {
		part.near = make([]byte, 0, max(n, tableNear))
	}
	return 0
}

// block returns an empty block with room for n bytes at least.
func (t *Table) block(n int) []byte {
	if k := len(t.free) - 1; k >= 0 && n <= cap(t.free[k]) {
		b := t.free[k][:0]
		t.free = t.free[:k]
		return b
	}
	return make([]byte, 0, max(n, tableBlock))
}

// Users folds what was added and yields each user's key and profile, each user once, in no particular order. Both are valid
// until the next user. The table is empty afterwards and keeps its memory for the next file.
func (t *Table) Users() iter.Seq2[string, *Facts] {
	return func(yield func(string, *Facts) bool) {
		t.duplicates = 0
		more := true
		for i := range t.parts {
			part := &t.parts[i]
			t.flush(part, 0)
			if more && len(part.blocks) > 0 {
				t.fold(part.blocks)
			}
			for u := 0; more && u < len(t.users.keys); u++ {
				more = yield(t.users.keys[u], &t.users.facts[u])
			}
			t.users.reset()
			t.seen.reset()
			clear(t.again)
			t.free = append(t.free, part.blocks...)
			part.blocks = part.blocks[:0]
		}
	}
}

// Duplicates is how many events Users left out because another with their identity was there.
func (t *Table) Duplicates() int64 { return t.duplicates }

// fold folds the records of one part.
func (t *Table) fold(blocks [][]byte) {
	for _, b := range blocks {
		for len(b) > 0 {
			b = t.foldRecord(b)
		}
	}
}

// foldRecord folds the record at the beginning of b and returns what follows.
func (t *Table) foldRecord(b []byte) []byte {
	head := (*[tableHead]byte)(b)
	x := Extract{
		Time:   int64(binary.LittleEndian.Uint64(head[24:])),
		amount: int64(binary.LittleEndian.Uint64(head[32:])),
		day:    zone.Day(binary.LittleEndian.Uint32(head[40:])),
		plan:   int32(binary.LittleEndian.Uint32(head[44:])),
		flags:  head[52],
	}
	n := int(binary.LittleEndian.Uint32(head[48:]))
	key, b := b[tableHead:tableHead+n], b[tableHead+n:]
	if x.flags&extractOrder != 0 {
		x.order, b = binary.LittleEndian.Uint64(b), b[8:]
	}
	var record []byte
	if x.Whole() {
		n = 4 + int(binary.LittleEndian.Uint32(b))
		record, b = b[4:n], b[n:]
	}
	hash := binary.LittleEndian.Uint64(head[:])
	user := t.users.find(hash, unsafe.String(unsafe.SliceData(key), len(key)))
	id := event.ID(head[8:24])
	if head[53] == 0 {
		k := occurrence{id, user}
		id = event.ContentID(hash, id, t.again[k])
		t.again[k]++
	} else if !t.seen.add(id, user) {
		t.duplicates++
		return b
	}
	if x.Whole() && event.DecodeRecord(record, &t.event) != nil {
		panic("profile: a record that Add wrote does not read back")
	}
	t.schema.FoldExtract(&t.users.facts[user], &x, &t.event, id)
	return b
}

// userTable finds the profiles of a part by user, open-addressed.
type userTable struct {
	slots []userSlot
	keys  []string // they alias the part's records
	facts []Facts  // of the users, and memory for more
}

type userSlot struct {
	hash uint64
	user uint32 // 1 + its index
}

func (t *userTable) reset() {
	clear(t.slots)
	t.keys = t.keys[:0]
}

// find returns the index of a user, who is made when new.
func (t *userTable) find(hash uint64, key string) uint32 {
	if 2*len(t.keys) >= len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for ; t.slots[i].user != 0; i = (i + 1) & mask {
		if u := t.slots[i].user - 1; t.slots[i].hash == hash && t.keys[u] == key {
			return u
		}
	}
	n := len(t.keys)
	if n == len(t.facts) {
		t.facts = append(t.facts, Facts{})
	}
	t.facts[n].Reset()
	t.keys = append(t.keys, key)
	t.slots[i] = userSlot{hash, uint32(n + 1)}
	return uint32(n)
}

func (t *userTable) grow() {
	old := t.slots
	t.slots = make([]userSlot, max(1024, 2*len(old)))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.user != 0 {
			i := s.hash & mask
			for t.slots[i].user != 0 {
				i = (i + 1) & mask
			}
			t.slots[i] = s
		}
	}
}

// idTable is a set of identities of users' events, open-addressed. The zero identity is told from an empty slot by chance
// only: with a probability of 2^-128.
type idTable struct {
	slots []idSlot
	n     int
}

// idSlot is an identity with its user mixed in: an ID tells apart only the events of one user.
type idSlot struct{ x, y uint64 }

func (t *idTable) reset() {
	clear(t.slots)
	t.n = 0
}

// add puts an identity into the set and reports whether it was not in it.
func (t *idTable) add(id event.ID, user uint32) bool {
	if 2*t.n >= len(t.slots) {
		old := t.slots
		t.slots = make([]idSlot, max(1024, 2*len(old)))
		t.n = 0
		for _, s := range old {
			if s != (idSlot{}) {
				t.put(s)
			}
		}
	}
	return t.put(idSlot{binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:]) + uint64(user)*0x9e3779b97f4a7c15})
}

func (t *idTable) put(s idSlot) bool {
	mask := uint64(len(t.slots) - 1)
	for i := s.x & mask; ; i = (i + 1) & mask {
		switch t.slots[i] {
		case s:
			return false
		case idSlot{}:
			t.slots[i] = s
			t.n++
			return true
		}
	}
}
