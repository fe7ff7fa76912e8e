package whatif

import (
	"math"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/zone"
)

// Base is a base of users as columns at one moment: the shards, and what is kept beside them to evaluate fast. Shards may be
// added while it is used between two evaluations. It is not safe for concurrent use; several bases can share the rows.
type Base struct {
	zone   *zone.Zone
	zones  func(name string) *zone.Zone // of users; nil: not known
	head   Head                         // of the first shard
	rows   int
	shards []*shard
	names  interned // stages and tiers
	ages   bool     // some stage in STATE was entered after asOf
	room   []int64  // of a column, while a shard is added
}

// interned gives names codes; 0 is "".
type interned struct {
	list   []string
	codes  map[string]uint8
	values []segment.Value // by code; null for those that are free: columns share it
}

// maxNames is the most stages and tiers that one base may meet, all strategies that are tried taken together.
const maxNames = 63

func newInterned() interned {
	return interned{list: []string{""}, codes: map[string]uint8{"": 0}, values: labels([]string{""}, maxNames+1)}
}

func (n *interned) code(name string) (uint8, error) {
	if c, ok := n.codes[name]; ok {
		return c, nil
	}
	if len(n.list) > maxNames {
		return 0, fault.New(fault.TooLarge, "more than %d names of stages and tiers were tried", maxNames).WithHint("load the base again")
	}
	c := uint8(len(n.list))
	n.list, n.codes[name], n.values[c] = append(n.list, name), c, segment.String(name)
	return c, nil
}

// shard is the columns of some rows, and what is derived from them.
type shard struct {
	Head
	set  *column.Set
	cols map[string]*column.Column

	recency, days, money, average *axis
	revenue, value                measure
	stage                         []uint8  // in STATE, interned
	age                           []uint16 // 1 + its days

	live     map[string]*column.Codes // derived columns that conditions read
	since    *column.Days             // derived stage_days, when conditions read it
	sets     map[string][]uint64      // derived truth values
	programs map[string]*column.Program
	keyRank  *column.Column
	tags     []string // that events set
	out      output
}

// measure is whole numbers to add, one a row.
type measure struct {
	u32 []uint32
	i64 []int64
	add *column.Adder
}

func (m *measure) at(row int) int64 {
	switch {
	case m.u32 != nil:
		return int64(m.u32[row])
	case m.i64 != nil:
		return m.i64[row]
	}
	return 0
}

// NewBase starts a base whose days are those of a zone.
func NewBase(z *zone.Zone) *Base { return &Base{zone: z, names: newInterned()} }

// WithZones gives the rules of the zones that users live in, by name, nil for one that is not known, before the first shard is
// added. Without them conditions on a user's own calendar cannot be previewed.
func (b *Base) WithZones(zones func(name string) *zone.Zone) { b.zones = zones }

// Rows returns the number of users.
func (b *Base) Rows() int { return b.rows }

// Head returns what the shards have in common; Rows and First are those of the first.
func (b *Base) Head() Head { return b.head }

// required are the columns without which nothing is evaluated.
var required = []string{"recency_days", "purchase_days", "orders", "spend", ColSilencePurchase, ColStage, ColStageAge, ColRevenue}

// Add adds a shard, which must not change afterwards. Invalid when it is damaged or belongs to another base.
func (b *Base) Add(buf []byte) error {
	h, cols, err := Open(buf)
	if err != nil {
		return err
	}
	switch {
	case h.Zone != b.zone.Name():
		return fault.New(fault.Invalid, "the shard counts days in %s, the base in %s", h.Zone, b.zone.Name()).WithHint("load both from one snapshot")
	case len(b.shards) > 0 && !h.sameBase(&b.head):
		return fault.New(fault.Invalid, "the shard belongs to another snapshot").WithHint("load all shards from one snapshot")
	}
	s := &shard{
		Head: h, set: column.NewSet(h.Rows, h.AsOf, b.zone), cols: map[string]*column.Column{}, live: map[string]*column.Codes{},
		sets: map[string][]uint64{}, programs: map[string]*column.Program{},
	}
	s.set.WithZones(b.zones)
	for i := range cols {
		c := &cols[i]
		s.cols[c.Ref] = c
		if c.Ref == colEngagement {
			continue // conditions read the score that is computed
		}
		if err := s.set.Add(*c); err != nil {
			return broken("%v", err)
		}
		if name, ok := strings.CutPrefix(c.Ref, colTag); ok {
			s.tags = append(s.tags, name)
		}
	}
	for _, ref := range required {
		if s.cols[ref] == nil {
			return broken("it has no column %s", ref)
		}
	}
	if err := b.derive(s); err != nil {
		return err
	}
	if len(b.shards) == 0 {
		b.head = h
	}
	b.shards = append(b.shards, s)
	b.rows += h.Rows
	return nil
}

func (h *Head) sameBase(o *Head) bool {
	a, b := *h, *o
	a.Rows, a.First, a.Ascending, b.Rows, b.First, b.Ascending = 0, 0, false, 0, 0, false
	return a == b
}

// derive lays out what the kernels read.
func (b *Base) derive(s *shard) (err error) {
	if len(b.room) < s.Rows {
		b.room = make([]int64, s.Rows)
	}
	room := b.room[:s.Rows]
	buyers := s.buyers(room)
	for ref, to := range map[string]**axis{"recency_days": &s.recency, "purchase_days": &s.days, "spend": &s.money} {
		s.numbers(ref, room)
		*to = newAxis(room, s.reader(ref), buyers)
	}
	if s.revenue, err = s.measure(ColRevenue); err != nil {
		return err
	}
	if s.value, err = s.measure(ColValue); err != nil {
		return err
	}
	s.keyRank = s.cols[ColKeyRank]
	return b.settled(s, room)
}

// buyers has the bit of every row with a purchase.
func (s *shard) buyers(room []int64) []uint64 {
	set := make([]uint64, s.set.Words())
	days := s.cols["purchase_days"]
	s.numbers("purchase_days", room)
	for i, v := range room {
		if v > 0 && (!days.HasNull || v != days.NullRaw) {
			set[i/64] |= 1 << (i % 64)
		}
	}
	return set
}

// numbers reads a column whole, null as the number that stands for it.
func (s *shard) numbers(ref string, to []int64) {
	c := s.cols[ref]
	switch {
	case c.U8 != nil:
		widen(c.U8, to)
	case c.U16 != nil:
		widen(c.U16, to)
	case c.U32 != nil:
		widen(c.U32, to)
	default:
		copy(to, c.I64)
	}
}

func widen[T uint8 | uint16 | uint32](from []T, to []int64) {
	for i, v := range from[:len(to)] {
		to[i] = int64(v)
	}
}

// reader reads a column row by row; ok is false for null.
func (s *shard) reader(ref string) func(row int) (v int64, ok bool) {
	c := s.cols[ref]
	null := func(v int64) (int64, bool) { return v, !c.HasNull || v != c.NullRaw }
	switch {
	case c.U8 != nil:
		return func(row int) (int64, bool) { return null(int64(c.U8[row])) }
	case c.U16 != nil:
		return func(row int) (int64, bool) { return null(int64(c.U16[row])) }
	case c.U32 != nil:
		return func(row int) (int64, bool) { return null(int64(c.U32[row])) }
	}
	return func(row int) (int64, bool) { return null(c.I64[row]) }
}

// measure reads a column of whole numbers to add; without it everybody counts 0.
func (s *shard) measure(ref string) (m measure, err error) {
	c := s.cols[ref]
	if c == nil {
		return m, nil
	}
	if c.Kind != column.Number || c.HasNull || c.Bits != nil {
		return m, broken("%s are no whole numbers", ref)
	}
	m.add, err = s.set.Adder(ref)
	switch {
	case c.U32 != nil:
		m.u32 = c.U32
	case c.I64 != nil:
		m.i64 = c.I64
	default:
		m.u32 = make([]uint32, s.Rows)
		of := s.reader(ref)
		for i := range m.u32 {
			v, _ := of(i)
			m.u32[i] = uint32(v)
		}
	}
	return m, err
}

// settled reads the stages of STATE.
func (b *Base) settled(s *shard, room []int64) error {
	c := s.cols[ColStage]
	if c.Kind != column.Dict {
		return broken("%s is no dictionary", ColStage)
	}
	codes := make([]uint8, len(c.Values))
	for i, v := range c.Values {
		code, err := b.names.code(v.Str)
		if err != nil {
			return broken("%v", err)
		}
		codes[i] = code
	}
	s.stage, s.age = make([]uint8, padded(s.Rows)), make([]uint16, padded(s.Rows))
	age := s.cols[ColStageAge]
	s.numbers(ColStage, room)
	for i, v := range room {
		s.stage[i] = codes[v]
	}
	s.numbers(ColStageAge, room)
	for i, v := range room {
		if age.HasNull && v == age.NullRaw {
			s.age[i] = math.MaxUint16
			continue
		}
		s.age[i] = uint16(min(max(v, 0), math.MaxUint16-1))
		b.ages = b.ages || v <= 0
	}
	return nil
}

// computed adds columns that follow from others, when a condition reads them.
func (b *Base) computed(s *shard, ref string) error {
	switch ref {
	case "last_purchase":
		return b.lastPurchase(s)
	case "tenure_days":
		return b.tenure(s)
	case "average_order":
		return b.averageOrder(s)
	}
	return nil
}

// lastPurchase is the start of the day of the last purchase.
func (b *Base) lastPurchase(s *shard) error {
	today, of := int64(b.zone.Day(s.AsOf)), s.reader("recency_days")
	return s.addDays("last_purchase", column.Day, func(row int) (int64, bool) {
		v, ok := of(row)
		return today - v, ok
	})
}

// tenure is the days since the user was first seen.
func (b *Base) tenure(s *shard) error {
	if s.cols["first_seen"] == nil {
		return nil
	}
	today, of := int64(b.zone.Day(s.AsOf)), s.reader("first_seen")
	return s.addDays("tenure_days", column.Number, func(row int) (int64, bool) {
		v, ok := of(row)
		if !ok {
			return 0, false
		}
		return today - int64(b.zone.Day(v)), true
	})
}

// addDays adds an indexed column of days, null where ok is false.
func (s *shard) addDays(ref string, kind column.Kind, of func(row int) (v int64, ok bool)) error {
	c := column.Column{Ref: ref, Kind: kind, HasNull: true, NullRaw: math.MaxUint16, U16: make([]uint16, s.Rows)}
	for i := range c.U16 {
		v, ok := of(i)
		switch {
		case !ok:
			c.U16[i] = math.MaxUint16
		case v < 0 || v >= math.MaxUint16:
			return s.addWideDays(ref, kind, of)
		default:
			c.U16[i] = uint16(v)
		}
	}
	if err := s.set.Add(c); err != nil {
		return err
	}
	return s.set.Index(ref)
}

// addWideDays is addDays for days before 1970, or far beyond it.
func (s *shard) addWideDays(ref string, kind column.Kind, of func(row int) (v int64, ok bool)) error {
	c := column.Column{Ref: ref, Kind: kind, HasNull: true, NullRaw: math.MinInt64, I64: make([]int64, s.Rows)}
	for i := range c.I64 {
		v, ok := of(i)
		if c.I64[i] = v; !ok {
			c.I64[i] = math.MinInt64
		}
	}
	return s.set.Add(c)
}

// averageOrder is the spend an order in major units.
func (b *Base) averageOrder(s *shard) error {
	orders, spend := s.reader("orders"), s.reader("spend")
	scale := float64(s.cols["spend"].Scale)
	c := column.Column{Ref: "average_order", Kind: column.Float, HasNull: true, NullRaw: math.MinInt64, I64: make([]int64, s.Rows)}
	for i := range c.I64 {
		c.I64[i] = math.MinInt64
		if n, ok := orders(i); ok && n > 0 {
			v, _ := spend(i)
			c.I64[i] = column.FloatRaw(float64(v) / (float64(n) * scale))
		}
	}
	return s.set.Add(c)
}

// silences are the columns of silence by what ends it.
func silenceColumn(activity string) string {
	switch activity {
	case "any":
		return ColSilenceAny
	case "events":
		return ColSilenceEvents
	}
	return ColSilencePurchase
}

// labels are the values of a derived column: the names, and null for codes that nobody has.
func labels(names []string, n int) []segment.Value {
	out := make([]segment.Value, n)
	for i, name := range names {
		out[i] = segment.String(name)
	}
	return out
}

func bitOf(set []uint64, row int) bool { return set[row/64]>>(row%64)&1 != 0 }

// padded is a number of rows that fills whole blocks.
func padded(rows int) int { return align(rows, column.BlockRows) }

func (s *shard) blocks() int { return (s.Rows + column.BlockRows - 1) / column.BlockRows }

func (s *shard) span(block int) (from, to int) {
	return block * column.BlockRows, min((block+1)*column.BlockRows, s.Rows)
}
