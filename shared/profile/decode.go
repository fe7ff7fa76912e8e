package profile

import (
	"math"
	"slices"
	"strconv"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/zone"
)

// DecodeFacts replaces f by the facts that b encodes, in any version so far, and reuses the memory of f's slices. f does not
// refer to b afterwards. Bytes that no EncodeFacts wrote give an error, never a panic, and take memory in proportion to
// their length; f is empty then.
func DecodeFacts(b []byte, f *Facts) error {
	f.Reset()
	if len(b) == 0 {
		return errCorrupt
	}
	switch b[0] {
	case factsVersion, factsVersionPlain:
		d := decoder{f: f, whole: b, reader: reader{b: b[1:]}}
		if d.facts(); d.failed || len(d.b) > 0 {
			f.Reset()
			return errCorrupt
		}
		return nil
	}
	if b[0] > factsVersion {
		return errVersion
	}
	return errCorrupt
}

type decoder struct {
	reader
	f     *Facts
	whole []byte
	all   string // whole as a string, made when the first text is read
	unit  int64
}

func (d *decoder) facts() {
	flags := d.uint()
	d.f.Spill = Spill(flags >> spillShift & (1<<spillBits - 1))
	bits := flagBits
	if d.whole[0] == factsVersionPlain {
		bits = plainBits
	}
	if flags>>bits != 0 || d.f.Spill > SpillPurchases {
		d.fail()
		return
	}
	d.unit = timeUnits[flags>>unitShift&3]
	if flags&hasSeen != 0 {
		d.seen()
		if flags&quietDay != 0 && !d.failed {
			d.f.Active.Bits[0] &^= 1
		}
	}
	if flags&hasPurchases != 0 {
		d.purchases()
	}
	if flags&hasOrders != 0 {
		d.orders()
	}
	if flags&hasCounts != 0 {
		d.counts()
	}
	if flags&hasMetrics != 0 {
		d.metrics()
	}
	if flags&(hasTraits|hasTags|hasLists) != 0 {
		var room [8]writer
		writers := d.writers(room[:0])
		if flags&hasTraits != 0 {
			d.traits(writers)
		}
		if flags&hasTags != 0 {
			d.tags(writers)
		}
		if flags&hasLists != 0 {
			d.lists(writers)
		}
	}
	if flags&hasRefunds != 0 {
		d.refunds()
	}
	if flags&hasMessages != 0 {
		d.messages()
	}
}

// Times and days beyond these are no event's.
const (
	maxTime = 1 << 50
	maxDay  = maxTime / dayMs
)

// time checks a time.
func (d *decoder) time(t int64) int64 {
	if t > maxTime || t < -maxTime {
		d.fail()
		return 0
	}
	return t
}

// units reads a time span in units.
func (d *decoder) units(n int64) int64 {
	if n > maxTime/d.unit || n < -maxTime/d.unit {
		d.fail()
		return 0
	}
	return n * d.unit
}

// before reads a time as the units before another.
func (d *decoder) before(t int64) int64 { return d.time(t - d.units(int64(d.uint()))) }

func (d *decoder) ago() int64 { return d.before(d.f.LastSeen) }

// day checks a day.
func (d *decoder) day(v int64) zone.Day {
	if v > maxDay || v < -maxDay {
		d.fail()
		return 0
	}
	return zone.Day(v)
}

func (d *decoder) back() zone.Day {
	v := d.int()
	if v > 2*maxDay || v < -2*maxDay {
		d.fail()
		return 0
	}
	return d.day(int64(d.f.Active.Newest) - v)
}

func (d *decoder) seen() {
	f := d.f
	f.Events = int64(d.uint())
	f.LastSeen = d.units(d.int())
	f.FirstSeen = d.ago()
	offset := d.int()
	var room [64]uint32
	set := d.reader.set(room[:0], DaysKept-1)
	if d.failed || f.Events <= 0 || f.FirstSeen > f.LastSeen || offset < -2 || offset > 2 {
		d.fail()
		return
	}
	f.Active.Newest = d.day(utcDay(f.LastSeen) + offset)
	f.Active.Bits = append(f.Active.Bits[:0], 1)
	for _, v := range set {
		f.Active.or(int(v+1)/64, 1<<((v+1)%64))
	}
}

func (d *decoder) purchases() {
	n := d.count(2)
	day := int64(d.back())
	if n == 0 || d.failed {
		d.fail()
		return
	}
	days := slices.Grow(d.f.Purchases[:0], n)[:n]
	for i := n - 1; i >= 0; i-- {
		gap := d.uint()
		p := PurchaseDay{Orders: 1, Net: int64(d.uint())}
		if gap>>1 > 2*maxDay {
			d.fail()
		}
		if i < n-1 {
			day--
		} else if gap>>1 != 0 {
			d.fail()
		}
		day -= int64(gap >> 1)
		p.Day = d.day(day)
		if gap&1 != 0 {
			v := d.uint()
			if v>>1 > math.MaxUint32 {
				d.fail()
			}
			p.Orders = int32(uint32(v >> 1))
			if v&1 != 0 {
				p.Net = -p.Net
			}
		}
		if d.failed {
			return
		}
		days[i] = p
	}
	d.f.Purchases = days
}

func (d *decoder) orders() {
	n := d.count(7)
	f := d.f
	f.Orders = slices.Grow(f.Orders[:0], n)
	for i := range n {
		o := Order{Hash: d.fixed(6)}
		v := d.uint()
		switch index := v >> 1; {
		case index < uint64(len(f.Purchases)):
			o.Day = f.Purchases[len(f.Purchases)-1-int(index)].Day
		case index == uint64(len(f.Purchases)):
			o.Day = d.back()
		default:
			d.fail()
		}
		if v&1 != 0 {
			o.Refunded = d.int()
		}
		if i > 0 && o.Hash <= f.Orders[i-1].Hash {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Orders = append(f.Orders, o)
	}
}

func (d *decoder) refunds() {
	n := d.count(8)
	f := d.f
	f.Refunds = slices.Grow(f.Refunds[:0], n)
	for i := range n {
		r := Refund{Hash: d.fixed(6), Day: d.back(), Amount: d.int()}
		if i > 0 && compareRefunds(f.Refunds[i-1], r) >= 0 {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Refunds = append(f.Refunds, r)
	}
}

func (d *decoder) counts() {
	n := d.count(keyBytes + 2)
	f := d.f
	f.Counts = slices.Grow(f.Counts[:0], n)
	for i := range n {
		c := EventCount{Key: uint32(d.fixed(keyBytes)), Count: int64(d.uint()), Last: d.ago()}
		c.First = c.Last
		if c.Count != 1 {
			c.First = d.before(c.Last)
		}
		if i > 0 && c.Key <= f.Counts[i-1].Key {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Counts = append(f.Counts, c)
	}
}

func (d *decoder) writers(w []writer) []writer {
	for range d.count(9) {
		w = append(w, writer{time: d.ago(), id: d.fixed(8)})
	}
	return w
}

func (d *decoder) writerAt(writers []writer, i uint64) writer {
	if i >= uint64(len(writers)) {
		d.fail()
		return writer{}
	}
	return writers[i]
}

func (d *decoder) text() string {
	if d.all == "" {
		d.all = string(d.whole)
	}
	return d.reader.text(d.all)
}

func (d *decoder) traits(writers []writer) {
	n := d.count(2)
	f := d.f
	f.Traits = slices.Grow(f.Traits[:0], n)
	for i := range n {
		t := Trait{Name: d.text()}
		v := d.uint()
		w := d.writerAt(writers, v>>formBits)
		t.Time, t.ID, t.Value = w.time, w.id, d.value(v&(1<<formBits-1))
		if i > 0 && t.Name <= f.Traits[i-1].Name {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Traits = append(f.Traits, t)
	}
}

// value reads a trait's value of a form.
func (d *decoder) value(form uint64) event.Value {
	switch form {
	case formFalse:
		return event.Value{Kind: event.Bool, Raw: "false"}
	case formTrue:
		return event.Value{Kind: event.Bool, Raw: "true"}
	case formInteger:
		return event.Value{Kind: event.Number, Raw: strconv.FormatInt(d.int(), 10)}
	case formNumber:
		return event.Value{Kind: event.Number, Raw: d.text()}
	case formString:
		return event.Value{Kind: event.String, Raw: d.text()}
	case formArray:
		return event.Value{Kind: event.Array, Raw: d.text()}
	case formNested:
		return event.Value{Kind: event.Nested, Raw: d.text()}
	}
	return event.Value{Kind: event.Null}
}

func (d *decoder) tags(writers []writer) {
	n := d.count(3)
	f := d.f
	f.Tags = slices.Grow(f.Tags[:0], n)
	for i := range n {
		t := Tag{Name: d.text()}
		v := d.uint()
		w := d.writerAt(writers, v>>tagBits)
		t.Time, t.ID, t.Removed, t.Source = w.time, w.id, v&tagRemoved != 0, d.text()
		switch {
		case v&tagExpires != 0:
			t.Expires = (d.int() + t.Time/expiryUnit) * expiryUnit
		case v&tagExpiresMs != 0:
			t.Expires = d.int() + t.Time
		}
		if i > 0 && t.Name <= f.Tags[i-1].Name {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Tags = append(f.Tags, t)
	}
}
