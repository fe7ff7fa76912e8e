package profile

import (
	"iter"
	"unsafe"

	"github.com/weir-engine/weir/shared/event"
)

// Rows folds the events of one file in memory as Table does, for a reader that gives them by columns: users and names are
// looked up once for an entry of a dictionary, and most events come as a few numbers. It is not safe for concurrent use.
type Rows struct {
	schema *Schema
	names  []*RowName
	parts  [tableParts]rowPart
	near   [tableParts][rowNear]row // what is written to the parts, close together: a block is far away
	nears  [tableParts]int          // how many of them there are
	free   [][]row                  // blocks of parts that are folded
	text   []byte                   // room for keys
	key    []byte
	event  event.Event
	facts  []Facts // of the part at hand
	seen   idTable
	again  map[occurrence]uint32

	duplicates int64
}

// RowUser is a user of Rows.
type RowUser uint32

// userBits is what of a RowUser numbers the user within the part.
const userBits = 32 - tableBits

// RowName is what the fold does with the track events of one name.
type RowName struct {
	number   uint32
	plan     int32
	Purchase bool // the events go to AddPurchase
	Whole    bool // the fold reads more of them than either takes: they go to AddEvent
}

// rowPart is the users of one part, and their events in the file's order.
type rowPart struct {
	users  rowUsers
	blocks [][]row
	orders []uint64 // hashes of order ids, of the events that have one
	events []byte   // the records of whole events
}

// row is one event. That of a whole event says where its record begins and ends.
type row struct {
	id    event.ID
	x, y  int64 // the time and the amount; of a whole event the ends of its record
	user  uint32
	entry uint32 // number of the name, with rowOrder when it has an order; or what id is of a whole event
}

const (
	rowNamed   = ^uint32(0) - iota // of a whole event: its identity
	rowContent                     // its content
	rowOrder   = 1 << 30
)

const (
	rowNear  = 32
	rowBlock = 16 * rowNear
)

// NewRows returns an empty table.
func NewRows(s *Schema) *Rows { return &Rows{schema: s, again: map[occurrence]uint32{}} }

// Reads are the properties that are read of a purchase: the amount is the first of amounts that is there, times ten to the
// power digits; then the order's id and the currency.
func (t *Rows) Reads() (amounts []string, digits int, order, currency string) {
	return t.schema.amounts, t.schema.digits, t.schema.orderPath, t.schema.currencyAt
}

// Name returns what is done with the track events of a name.
func (t *Rows) Name(name string) *RowName {
	n := &RowName{number: uint32(len(t.names)), plan: t.schema.plans.index(name)}
	p := t.schema.plans.plan(n.plan)
	n.Purchase, n.Whole = p.purchase, p.whole || p.refund
	t.names = append(t.names, n)
	return n
}

// User returns the user with a key, whose event.UserHash is hash.
func (t *Rows) User(key string, hash uint64) RowUser {
	part := hash >> (64 - tableBits)
	users := &t.parts[part].users
	u := users.find(hash, key)
	if u == uint32(len(users.keys)) {
		users.add(hash, t.keep(key))
	}
	return RowUser(part<<userBits | uint64(u))
}

// keep copies a key.
func (t *Rows) keep(key string) string {
	if cap(t.text)-len(t.text) < len(key) {
		t.text = make([]byte, 0, max(len(key), 64<<10))
	}
	n := len(t.text)
	t.text = append(t.text, key...)
	return unsafe.String(unsafe.SliceData(t.text[n:]), len(key))
}

// Add adds an event of which the fold reads the time alone, in unix milliseconds.
func (t *Rows) Add(u RowUser, n *RowName, id event.ID, at int64) {
	r := t.next(u)
	r.id, r.x, r.entry = id, at, n.number
}

// AddPurchase adds a purchase: its amount in minor units, its order and currency, nil for none. It reports
// false, and adds nothing, for what Check refuses.
func (t *Rows) AddPurchase(u RowUser, n *RowName, id event.ID, at, amount int64, order, currency *event.Value) bool {
	if uint64(amount) > MaxAmount || currency != nil && !t.schema.isCurrency(*currency) {
		return false
	}
	r := t.next(u)
	r.id, r.x, r.y, r.entry = id, at, amount, n.number
	if order != nil {
		t.addOrder(r, u, order)
	}
	return true
}

func (t *Rows) addOrder(r *row, u RowUser, order *event.Value) {
	if hash, ok := orderHash(*order); ok {
		part := &t.parts[u>>userBits]
		part.orders = append(part.orders, hash)
		r.entry |= rowOrder
	}
}

// next makes room for one event of a user.
func (t *Rows) next(u RowUser) *row {
	part := u >> userBits
	n := t.nears[part]
	if n == rowNear {
		t.flush(int(part))
		n = 0
	}
	t.nears[part] = n + 1
	r := &t.near[part][n]
	r.user = uint32(u) & (1<<userBits - 1)
	return r
}

// flush moves what is near to the part's blocks.
func (t *Rows) flush(i int) {
	part := &t.parts[i]
	last := len(part.blocks) - 1
	if last < 0 || len(part.blocks[last]) == rowBlock {
		last++
		if k := len(t.free) - 1; k >= 0 {
			part.blocks, t.free = append(part.blocks, t.free[k][:0]), t.free[:k]
		} else {
			part.blocks = append(part.blocks, make([]row, 0, rowBlock))
		}
	}
	part.blocks[last] = append(part.blocks[last], t.near[i][:t.nears[i]]...)
	t.nears[i] = 0
}

// AddEvent checks any event and adds it. What Check refuses is not added.
func (t *Rows) AddEvent(ev *event.Event) *event.Reject {
	if reject := t.schema.Check(ev); reject != nil {
		return reject
	}
	key := ev.UserID
	if key == "" {
		t.key = append(append(t.key[:0], event.AnonPrefix...), ev.AnonymousID...)
		key = unsafe.String(unsafe.SliceData(t.key), len(t.key))
	}
	hash := event.UserHash(key)
	u := t.User(key, hash)
	r, part := t.next(u), &t.parts[u>>userBits]
	r.entry, r.id = rowContent, event.ID(ev.Content)
	if ev.MessageID != "" {
		r.entry, r.id = rowNamed, ev.StableIDOf(hash, 0)
	}
	r.x = int64(len(part.events))
	part.events = event.AppendRecord(part.events, ev)
	r.y = int64(len(part.events))
	return nil
}

// Users folds what was added and yields each user's key and profile, each user once, in no particular order. Both are valid
// until the next user. The table is empty afterwards and keeps its memory for the next file; a RowName stays valid, a RowUser
// does not.
func (t *Rows) Users() iter.Seq2[string, *Facts] {
	return func(yield func(string, *Facts) bool) {
		t.duplicates = 0
		more := true
		for i := range t.parts {
			part := &t.parts[i]
			t.flush(i)
			if more {
				t.fold(part)
			}
			for u := 0; more && u < len(part.users.keys); u++ {
				more = t.facts[u].Events == 0 || yield(part.users.keys[u], &t.facts[u])
			}
			t.seen.reset()
			clear(t.again)
			part.users.reset()
			t.free = append(t.free, part.blocks...)
			part.blocks, part.orders, part.events = part.blocks[:0], part.orders[:0], part.events[:0]
		}
	}
}

// Duplicates is how many events Users left out because another with their identity was there.
func (t *Rows) Duplicates() int64 { return t.duplicates }

// fold folds the events of one part.
func (t *Rows) fold(part *rowPart) {
	for len(t.facts) < len(part.users.keys) {
		t.facts = append(t.facts, Facts{})
	}
	for u := range part.users.keys {
		t.facts[u].Reset()
	}
	orders := part.orders
	for _, block := range part.blocks {
		for i := range block {
			r := &block[i]
			x, order := Extract{Time: r.x, amount: r.y}, r.entry < rowContent && r.entry&rowOrder != 0
			if order {
				x.order, orders = orders[0], orders[1:]
			}
			if r.entry != rowContent && !t.seen.add(r.id, r.user) {
				t.duplicates++
				continue
			}
			if r.entry >= rowContent {
				t.foldEvent(part, r)
				continue
			}
			n := t.names[r.entry&^rowOrder]
			x.day, x.plan = t.schema.days.day(r.x), n.plan
			if n.Purchase {
				x.flags = extractAmount
			}
			if order {
				x.flags |= extractOrder
			}
			t.schema.FoldExtract(&t.facts[r.user], &x, nil, r.id)
		}
	}
}

// foldEvent folds a whole event.
func (t *Rows) foldEvent(part *rowPart, r *row) {
	if event.DecodeRecord(part.events[r.x:r.y], &t.event) != nil {
		panic("profile: a record that AddEvent wrote does not read back")
	}
	id := r.id
	if r.entry == rowContent {
		k := occurrence{id, r.user}
		id = event.ContentID(part.users.hashes[r.user], id, t.again[k])
		t.again[k]++
	}
	t.schema.Fold(&t.facts[r.user], &t.event, id)
}

// rowUsers numbers the users of a part, open-addressed.
type rowUsers struct {
	slots  []uint32 // 1 + number
	keys   []string
	hashes []uint64
}

func (t *rowUsers) reset() {
	clear(t.slots)
	t.keys, t.hashes = t.keys[:0], t.hashes[:0]
}

// find returns the number of a user: of a new one the next number, which add then gives.
func (t *rowUsers) find(hash uint64, key string) uint32 {
	if 2*len(t.keys) >= len(t.slots) {
		t.slots = make([]uint32, max(256, 2*len(t.slots)))
		for u, h := range t.hashes {
			t.slots[t.free(h)] = uint32(u + 1)
		}
	}
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; t.slots[i] != 0; i = (i + 1) & mask {
		if u := t.slots[i] - 1; t.hashes[u] == hash && t.keys[u] == key {
			return u
		}
	}
	return uint32(len(t.keys))
}

// add adds a new user, for whom find has made room.
func (t *rowUsers) add(hash uint64, key string) {
	t.keys, t.hashes = append(t.keys, key), append(t.hashes, hash)
	t.slots[t.free(hash)] = uint32(len(t.keys))
}

// free is the empty slot for a hash.
func (t *rowUsers) free(hash uint64) uint64 {
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	return i
}
