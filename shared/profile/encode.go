package profile

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// The encoding of FACTS, version 2; version 1 is the same without metrics that keep first values or times, without lists, messages
// and a newest day that is not active, and is still written where there are none. Numbers are varints (low 7 bits first), signed
// ones zigzag; times are in units of 1 ms,
// 1 s, 1 h or 24 h, the longest that divides all of them; days count back from the newest active day.
//
//	version  1 byte
//	flags    which sections follow (section constants), the time unit, the spilled parts
//	seen     events, last seen, last seen - first seen; newest active day - UTC day of last seen; the other active days
//	purchases, orders, counts, metrics, traits, tags and lists (with their table of writers), refunds, messages
//
// Sets of days are gaps or a bitmap, whichever is shorter (appendSet); a metric's days are numbered among the active days
// when all of them are active, so that both become shorter.
const (
	factsVersion      = 2
	factsVersionPlain = 1
)

// Sections, as bits of the flags.
const (
	hasSeen = 1 << iota
	hasPurchases
	hasOrders
	hasCounts
	hasMetrics
	hasTraits
	hasTags
	hasRefunds
	spillShift  = 8
	spillBits   = 2
	unitShift   = spillShift + spillBits
	plainBits   = unitShift + 2 // of version 1
	hasLists    = 1 << plainBits
	hasMessages = hasLists << 1
	quietDay    = hasLists << 2 // the newest day is not active
	flagBits    = plainBits + 3
)

// timeUnits are the units of times, by their code.
var timeUnits = [...]int64{1, 1000, 3_600_000, 86_400_000}

// EncodeFacts appends the encoding of f to dst. Equal facts give equal bytes.
func EncodeFacts(dst []byte, f *Facts) []byte {
	e := encoder{f: f, dst: append(dst, version(f))}
	e.unit = e.timeUnit()
	e.flags()
	if f.Events > 0 {
		e.seen()
	}
	if len(f.Purchases) > 0 {
		e.purchases()
	}
	if len(f.Orders) > 0 {
		e.orders()
	}
	if len(f.Counts) > 0 {
		e.counts()
	}
	if len(f.Metrics) > 0 {
		e.metrics()
	}
	if len(f.Traits)+len(f.Tags)+len(f.Lists) > 0 {
		var room [8]writer
		e.writer = e.writers(room[:0])
	}
	if len(f.Traits) > 0 {
		e.traits()
	}
	if len(f.Tags) > 0 {
		e.tags()
	}
	if len(f.Lists) > 0 {
		e.lists()
	}
	if len(f.Refunds) > 0 {
		e.refunds()
	}
	if len(f.Messages) > 0 {
		e.messages()
	}
	return e.dst
}

// version is the oldest version that can hold f, so that profiles which need nothing new stay as they are.
func version(f *Facts) byte {
	for i := range f.Metrics {
		if f.Metrics[i].Agg > Distinct {
			return factsVersion
		}
	}
	if len(f.Lists) > 0 || len(f.Messages) > 0 || f.quiet() {
		return factsVersion
	}
	return factsVersionPlain
}

// quiet reports whether nothing but events about the user happened on the newest day.
func (f *Facts) quiet() bool { return len(f.Active.Bits) > 0 && f.Active.Bits[0]&1 == 0 }

type encoder struct {
	f      *Facts
	dst    []byte
	unit   int // index in timeUnits
	writer []writer
}

// writer is an event that wrote traits, tags or lists.
type writer struct {
	time int64
	id   uint64
}

func (e *encoder) uint(v uint64)     { e.dst = appendUint(e.dst, v) }
func (e *encoder) int(v int64)       { e.dst = appendInt(e.dst, v) }
func (e *encoder) text(s string)     { e.dst = appendText(e.dst, s) }
func (e *encoder) ago(at int64)      { e.uint(uint64((e.f.LastSeen - at) / timeUnits[e.unit])) }
func (e *encoder) back(day zone.Day) { e.int(int64(e.f.Active.Newest) - int64(day)) }

// timeUnit is the longest unit that divides every time of the facts.
func (e *encoder) timeUnit() int {
	u := len(timeUnits) - 1
	fit := func(at int64) {
		for at%timeUnits[u] != 0 {
			u--
		}
	}
	f := e.f
	fit(f.LastSeen)
	fit(f.FirstSeen)
	for i := 0; u > 0 && i < len(f.Counts); i++ {
		fit(f.Counts[i].First)
		fit(f.Counts[i].Last)
	}
	for i := 0; u > 0 && i < len(f.Metrics); i++ {
		if m := &f.Metrics[i]; m.Agg == Times {
			fit(m.First)
			for j := 0; u > 0 && j < len(m.Times); j++ {
				fit(m.Times[j].Time)
			}
		}
	}
	for i := 0; u > 0 && i < len(f.Traits); i++ {
		fit(f.Traits[i].Time)
	}
	for i := 0; u > 0 && i < len(f.Tags); i++ {
		fit(f.Tags[i].Time)
	}
	for i := 0; u > 0 && i < len(f.Lists); i++ {
		fit(f.Lists[i].Time)
	}
	for i := 0; u > 0 && i < len(f.Messages); i++ {
		for _, d := range f.Messages[i].Deeds {
			fit(d.Last)
		}
	}
	return u
}

func (e *encoder) flags() {
	f := e.f
	v := uint64(e.unit)<<unitShift | uint64(f.Spill)<<spillShift
	for bit, on := range [...]bool{
		f.Events > 0, len(f.Purchases) > 0, len(f.Orders) > 0, len(f.Counts) > 0,
		len(f.Metrics) > 0, len(f.Traits) > 0, len(f.Tags) > 0, len(f.Refunds) > 0,
	} {
		if on {
			v |= 1 << bit
		}
	}
	if len(f.Lists) > 0 {
		v |= hasLists
	}
	if len(f.Messages) > 0 {
		v |= hasMessages
	}
	if f.quiet() {
		v |= quietDay
	}
	e.uint(v)
}

func (e *encoder) seen() {
	f := e.f
	e.uint(uint64(f.Events))
	e.int(f.LastSeen / timeUnits[e.unit])
	e.ago(f.FirstSeen)
	e.int(int64(f.Active.Newest) - utcDay(f.LastSeen))
	var room [64]uint32
	set := room[:0]
	for i, word := range f.Active.Bits {
		for ; word != 0; word &= word - 1 {
			if d := i*64 + bits.TrailingZeros64(word); d > 0 {
				set = append(set, uint32(d-1))
			}
		}
	}
	e.dst = appendSet(e.dst, set)
}

// utcDay is the UTC day of a time.
func utcDay(ms int64) int64 {
	d := ms / dayMs
	if ms%dayMs < 0 {
		d--
	}
	return d
}

// purchases writes the days from the newest to the oldest: the gap to the day before with a bit that says whether there is
// more to it than one purchase of a positive net, the net without its sign, and if so the purchases and the sign.
func (e *encoder) purchases() {
	days := e.f.Purchases
	e.uint(uint64(len(days)))
	e.back(days[len(days)-1].Day)
	for i := len(days) - 1; i >= 0; i-- {
		p := &days[i]
		gap := uint64(0)
		if i < len(days)-1 {
			gap = uint64(int64(days[i+1].Day) - int64(p.Day) - 1)
		}
		net, negative := uint64(p.Net), uint64(0)
		if p.Net < 0 {
			net, negative = -net, 1
		}
		if p.Orders == 1 && negative == 0 {
			e.uint(gap << 1)
			e.uint(net)
			continue
		}
		e.uint(gap<<1 | 1)
		e.uint(net)
		e.uint(uint64(uint32(p.Orders))<<1 | negative)
	}
}

// orders writes each order's hash, its day as an index among the purchase days from the newest, and its refunds if any.
func (e *encoder) orders() {
	days := e.f.Purchases
	e.uint(uint64(len(e.f.Orders)))
	for i := range e.f.Orders {
		o := &e.f.Orders[i]
		e.dst = appendFixed(e.dst, o.Hash, 6)
		at, ok := slices.BinarySearchFunc(days, o.Day, func(p PurchaseDay, day zone.Day) int { return cmp.Compare(p.Day, day) })
		index := uint64(len(days) - 1 - at)
		if !ok {
			index = uint64(len(days))
		}
		refunded := uint64(0)
		if o.Refunded != 0 {
			refunded = 1
		}
		e.uint(index<<1 | refunded)
		if !ok {
			e.back(o.Day)
		}
		if refunded != 0 {
			e.int(o.Refunded)
		}
	}
}

func (e *encoder) refunds() {
	e.uint(uint64(len(e.f.Refunds)))
	for _, r := range e.f.Refunds {
		e.dst = appendFixed(e.dst, r.Hash, 6)
		e.back(r.Day)
		e.int(r.Amount)
	}
}

func (e *encoder) counts() {
	e.uint(uint64(len(e.f.Counts)))
	for i := range e.f.Counts {
		c := &e.f.Counts[i]
		e.dst = appendFixed(e.dst, uint64(c.Key), keyBytes)
		e.uint(uint64(c.Count))
		e.ago(c.Last)
		if c.Count != 1 {
			e.uint(uint64((c.Last - c.First) / timeUnits[e.unit]))
		}
	}
}

// keyBytes is the length of the hashes of metrics and declared events.
const keyBytes = 3

// writers writes the table of the events that wrote traits, tags and lists, newest first, and returns it in w.
func (e *encoder) writers(w []writer) []writer {
	for i := range e.f.Traits {
		if x := (writer{e.f.Traits[i].Time, e.f.Traits[i].ID}); !slices.Contains(w, x) {
			w = append(w, x)
		}
	}
	for i := range e.f.Tags {
		if x := (writer{e.f.Tags[i].Time, e.f.Tags[i].ID}); !slices.Contains(w, x) {
			w = append(w, x)
		}
	}
	for i := range e.f.Lists {
		if x := (writer{e.f.Lists[i].Time, e.f.Lists[i].ID}); !slices.Contains(w, x) {
			w = append(w, x)
		}
	}
	slices.SortFunc(w, func(x, y writer) int { return cmp.Or(cmp.Compare(y.time, x.time), cmp.Compare(y.id, x.id)) })
	e.uint(uint64(len(w)))
	for _, x := range w {
		e.ago(x.time)
		e.dst = appendFixed(e.dst, x.id, 8)
	}
	return w
}

func (e *encoder) writerOf(time int64, id uint64) uint64 {
	return uint64(slices.Index(e.writer, writer{time, id}))
}

// Forms of a trait's value.
const (
	formNull = iota
	formFalse
	formTrue
	formInteger // a number that is written as a plain integer
	formNumber
	formString
	formArray
	formNested
	formBits = 3
)

// traits writes name, form and writer, value.
func (e *encoder) traits() {
	e.uint(uint64(len(e.f.Traits)))
	for i := range e.f.Traits {
		t := &e.f.Traits[i]
		e.text(t.Name)
		form, n := formOf(t.Value)
		e.uint(e.writerOf(t.Time, t.ID)<<formBits | form)
		switch {
		case form == formInteger:
			e.int(n)
		case form >= formNumber:
			e.text(t.Value.Raw)
		}
	}
}

func formOf(v event.Value) (form uint64, n int64) {
	switch v.Kind {
	case event.Bool:
		if v.Raw == "true" {
			return formTrue, 0
		}
		return formFalse, 0
	case event.Number:
		if n, ok := plainInteger(v.Raw); ok {
			return formInteger, n
		}
		return formNumber, 0
	case event.String:
		return formString, 0
	case event.Array:
		return formArray, 0
	case event.Nested:
		return formNested, 0
	}
	return formNull, 0
}

// plainInteger reads a number that strconv would write back the same.
func plainInteger(s string) (n int64, ok bool) {
	digits := s
	if len(s) > 1 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, true
}

// tags writes name, writer and flags, source and expiry.
func (e *encoder) tags() {
	e.uint(uint64(len(e.f.Tags)))
	for i := range e.f.Tags {
		t := &e.f.Tags[i]
		e.text(t.Name)
		flags := uint64(0)
		if t.Removed {
			flags |= tagRemoved
		}
		quarters := t.Expires%expiryUnit == 0
		switch {
		case t.Expires != 0 && quarters:
			flags |= tagExpires
		case t.Expires != 0:
			flags |= tagExpiresMs
		}
		e.uint(e.writerOf(t.Time, t.ID)<<tagBits | flags)
		e.text(t.Source)
		switch {
		case t.Expires != 0 && quarters:
			e.int(t.Expires/expiryUnit - t.Time/expiryUnit)
		case t.Expires != 0:
			e.int(t.Expires - t.Time)
		}
	}
}

const (
	tagRemoved = 1 << iota
	tagExpires
	tagExpiresMs
	tagBits    = iota
	expiryUnit = 900_000 // days begin on a quarter of an hour nearly everywhere
)
