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
	added  []*shard // since the last Compare: nothing looks at them before the next one
	last   *Preview // that Compare made; nil before
	names  interned // stages and tiers
	ages   bool     // some stage in STATE was entered after asOf
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

// Rows returns the number of users; those of shards that were added since the last Compare do not count yet.
func (b *Base) Rows() int { return b.rows }

// Head returns what the shards have in common; Rows and First are those of the first.
func (b *Base) Head() Head { return b.head }

// required are the columns without which nothing is evaluated.
var required = []string{"recency_days", "purchase_days", "orders", "spend", ColSilencePurchase, ColStage, ColStageAge, ColRevenue}

// Add adds a shard, which must not change afterwards. Invalid when it is damaged or belongs to another base. A preview that was made
// before does not see it.
func (b *Base) Add(buf []byte) error { return b.add(buf, false) }

// AddVerified adds a shard whose bytes are known to be those that a writer made, such as by their SHA-256: neither its checksum nor the
// numbers in its columns are looked at again.
func (b *Base) AddVerified(buf []byte) error { return b.add(buf, true) }

func (b *Base) add(buf []byte, verified bool) error {
	h, cols, err := open(buf, verified)
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
	put := s.set.Add
	if verified {
		put = s.set.AddVerified
	}
	for i := range cols {
		c := &cols[i]
		s.cols[c.Ref] = c
		if c.Ref == colEngagement {
			continue // conditions read the score that is computed
		}
		if err := put(*c); err != nil {
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
	b.added = append(b.added, s)
	if b.last == nil {
		b.Join()
	}
	return nil
}

// Join makes shards part of the base that were added since the last Compare, which does it too: for cuts that follow from all rows.
func (b *Base) Join() {
	for _, s := range b.added {
		b.shards = append(b.shards, s)
		b.rows += s.Rows
	}
	b.added = nil
}

func (h *Head) sameBase(o *Head) bool {
	a, b := *h, *o
	a.Rows, a.First, a.Ascending, b.Rows, b.First, b.Ascending = 0, 0, false, 0, 0, false
	return a == b
}

// derive lays out what the kernels read.
func (b *Base) derive(s *shard) (err error) {
	buyers := s.buyers()
	for ref, to := range map[string]**axis{"recency_days": &s.recency, "purchase_days": &s.days, "spend": &s.money} {
		*to = newAxis(s.cols[ref], s.Rows, s.reader(ref), buyers)
	}
	if s.revenue, err = s.measure(ColRevenue); err != nil {
		return err
	}
	if s.value, err = s.measure(ColValue); err != nil {
		return err
	}
	s.keyRank = s.cols[ColKeyRank]
	return b.settled(s)
}

// buyers has the bit of every row with a purchase.
func (s *shard) buyers() []uint64 {
	set, days := make([]uint64, s.set.Words()), s.cols["purchase_days"]
	switch {
	case days.U8 != nil:
		positive(days.U8, days, set)
	case days.U16 != nil:
		positive(days.U16, days, set)
	case days.U32 != nil:
		positive(days.U32, days, set)
	default:
		positive(days.I64, days, set)
	}
	return set
}

// positive sets the bit of every row whose number is above zero and does not stand for null.
func positive[T uint8 | uint16 | uint32 | int64](rows []T, c *column.Column, set []uint64) {
	null := T(0)
	if c.HasNull && int64(T(c.NullRaw)) == c.NullRaw {
		null = T(c.NullRaw)
	}
	for w := range set {
		var word uint64
		for j, v := range rows[w*64 : min(w*64+64, len(rows))] {
			yes := uint64(0)
			if v > 0 && v != null {
				yes = 1
			}
			word |= yes << (j & 63)
		}
		set[w] = word
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
func (b *Base) settled(s *shard) (err error) {
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
	switch {
	case c.U8 != nil:
		err = translate(s.stage, c.U8, codes)
	case c.U16 != nil:
		err = translate(s.stage, c.U16, codes)
	default:
		err = translate(s.stage, c.U32, codes)
	}
	if err != nil {
		return err
	}
	late := false
	switch age := s.cols[ColStageAge]; {
	case age.U8 != nil:
		late = ages(s.age, age.U8, age)
	case age.U16 != nil:
		late = ages(s.age, age.U16, age)
	case age.U32 != nil:
		late = ages(s.age, age.U32, age)
	default:
		late = ages(s.age, age.I64, age)
	}
	b.ages = b.ages || late
	return nil
}

// translate writes the codes of a base for those of a shard.
func translate[T uint8 | uint16 | uint32](to []uint8, from []T, codes []uint8) error {
	for i, v := range from {
		if int(v) >= len(codes) {
			return broken("it has a stage beyond its dictionary")
		}
		to[i] = codes[v]
	}
	return nil
}

// ages writes 1 + the days in the stage of STATE, 65,535 where that is not known, and reports whether some lie after the moment.
func ages[T uint8 | uint16 | uint32 | int64](to []uint16, from []T, age *column.Column) (late bool) {
	null := T(age.NullRaw)
	nulls := age.HasNull && int64(null) == age.NullRaw
	for i, v := range from {
		if nulls && v == null {
			to[i] = math.MaxUint16
			continue
		}
		to[i] = uint16(min(max(int64(v), 0), math.MaxUint16-1))
		late = late || v <= 0
	}
	return late
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
	if codes, first, ok := s.set.Days("first_seen"); ok {
		return s.addDays("tenure_days", column.Number, func(row int) (int64, bool) {
			return today - int64(first) - int64(codes[row]), codes[row] != math.MaxUint16
		})
	}
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
