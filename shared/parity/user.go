package parity

import (
	"strconv"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// The moments of a block: events lie in the three years before baseOf, and users are scored at it or a few months later.
const (
	hourMs = int64(3_600_000)
	dayMs  = 24 * hourMs
	baseMs = int64(20_000) * dayMs // 2024-10-04
)

// user is one random user.
type user struct {
	key   string
	facts *profile.Facts
	asOf  int64
}

// userOf makes a user: four of five from events that are parsed and folded, the others as extreme facts.
func (m *maker) userOf(d *draw) (user, error) {
	u := user{key: "u" + strconv.Itoa(d.below(1_000_000_000)), facts: new(profile.Facts)}
	if d.one(7) {
		u.key = event.AnonPrefix + u.key
	}
	var err error
	if d.one(5) {
		m.extreme(d, u.facts)
	} else {
		err = m.fold(d, &u)
	}
	u.asOf = max(baseMs, u.facts.LastSeen)
	switch d.below(4) {
	case 0:
		u.asOf += int64(d.below(400)) * dayMs
	case 1:
		u.asOf = u.facts.LastSeen // on the day of the last event: T may be 0
	case 2:
		u.asOf += int64(d.below(24*7)) * hourMs
	}
	return u, err
}

// maker makes users under one schema.
type maker struct {
	schema *profile.Schema
	parser *event.Parser
	digest *digest
	line   []byte
	ev     event.Event
}

// fold parses events and folds them; it hashes their identities.
func (m *maker) fold(d *draw, u *user) error {
	first := baseMs - int64(1+d.below(3*365*24))*hourMs
	span := int(max(baseMs-first, hourMs) / 60_000)
	for k := range 1 + d.tail(24) {
		at := first + int64(d.below(span))*60_000
		m.event(d, u.key, k, at)
		if reject := m.parser.Parse(m.line, &m.ev); reject != nil {
			return fault.New(fault.Internal, "an event was refused: %s: %s", reject.Message, m.line)
		}
		if m.schema.Check(&m.ev) != nil {
			continue
		}
		id := m.ev.StableID(uint32(k))
		m.digest.bytes(id[:])
		m.schema.Fold(u.facts, &m.ev, id)
	}
	return nil
}

// event writes one event of a user.
func (m *maker) event(d *draw, key string, k int, at int64) {
	id := `"userId":"` + key
	if len(key) > 5 && key[:5] == event.AnonPrefix {
		id = `"anonymousId":"` + key[5:]
	}
	m.line = append(append(m.line[:0], '{'), id...)
	if !d.one(8) {
		m.line = strconv.AppendInt(append(m.line, `","messageId":"m`...), int64(k), 10)
	}
	m.line = append(m.line, `","timestamp":"`...)
	m.line = time.UnixMilli(at).UTC().AppendFormat(m.line, time.RFC3339)
	m.line = append(append(m.line, `",`...), m.body(d)...)
	m.line = append(m.line, '}')
}

func (m *maker) body(d *draw) string {
	order := strconv.Itoa(d.below(6))
	category := d.pick("tea", "coffee", "杯子", "books", "toys", "c"+strconv.Itoa(d.below(50)))
	switch d.below(13) {
	case 10:
		return `"type":"track","event":"` + d.pick("List Joined", "List Joined", "List Left") + `","properties":{"list":"` + d.pick("vip", "试用") + `"}`
	case 11, 12:
		name := d.pick(`"weir_rule":"winback"`, `"weir_template":"hello"`, `"other":1`)
		return `"type":"track","event":"` + d.pick("Email Delivered", "Email Opened", "Email Link Clicked", "Message Bounced") + `","properties":{` + name + `}`
	case 0, 1, 2:
		coupon := d.pick("", "", `,"coupon":"SPRING"`)
		return `"type":"track","event":"Order Completed","properties":{"order_id":"o` + order + `","revenue":` + d.amount() + `,"category":"` + category + `"` + coupon + `}`
	case 3:
		return `"type":"track","event":"Order Refunded","properties":{"order_id":"o` + order + `","revenue":` + d.amount() + `}`
	case 4, 5:
		return `"type":"track","event":"Product Viewed","properties":{"price":` + d.amount() + `,"rating":` + strconv.Itoa(d.below(50)) + `e-1,"category":"` + category + `"}`
	case 6:
		return `"type":"track","event":"App Opened"`
	case 7:
		return `"type":"track","event":"` + d.pick("Unsubscribed", "Subscribed") + `"`
	case 8:
		return `"type":"page","name":"Home"`
	}
	return `"type":"identify","traits":{` + m.traits(d) + `}`
}

func (m *maker) traits(d *draw) string {
	age := strconv.Itoa(d.below(90))
	if d.one(4) {
		age = `"` + age + `"`
	}
	year, month := strconv.Itoa(1950+d.below(60)), strconv.Itoa(101+d.below(12))
	return `"age":` + age + `,"city":"` + d.pick("上海", "Köln", "Paris", "") + `","plan":"` + d.pick("pro", " Free", "free") +
		`","odd name":` + d.pick("true", "false", "null") + `,"langs":["en"` + d.pick("", `,"zh"`, `,"zh","de"`) +
		`],"scores":[` + strconv.Itoa(d.below(100)) + `,41.5],"timezone":"` + d.pick("Europe/Berlin", "Asia/Shanghai", "Mars/Base") + `","birthday":"` + year + "-" + month[1:] + `-` + strconv.Itoa(10+d.below(19)) + `"`
}

// extreme fills facts that a fold would rarely give: none at all, a purchase in the last moment, thousands of purchase days,
// totals below zero and at the limit of what is kept.
func (m *maker) extreme(d *draw, f *profile.Facts) {
	days, gap, net := 1+d.below(9), 1+d.below(200), func() int64 { return int64(d.below(60_000) - 2_000) }
	switch d.below(8) {
	case 0:
		return
	case 1:
		days = 1
	case 2:
		if days, gap = 400, 3; d.one(16) {
			days, gap = 10_001, 2
		}
	case 3:
		net = func() int64 { return -int64(d.below(50_000)) }
	case 4:
		net = func() int64 { return profile.MaxAmount - int64(d.below(3)) }
	case 5:
		net = func() int64 { return 0 }
	}
	first := m.schema.Day(baseMs) - zone.Day(d.below(900)) - zone.Day(days*gap)
	day := max(first, 1)
	for range days {
		f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: day, Orders: int32(d.below(4)), Net: net()})
		day += zone.Day(1 + d.below(gap))
	}
	f.Events = int64(days + d.below(1<<20))
	f.FirstSeen, f.LastSeen = m.schema.Zone().Start(first), m.schema.Zone().Start(day)+int64(d.below(int(dayMs)))
	f.Active = profile.Days{Newest: day, Bits: []uint64{d.next() | 1, d.next(), d.next() | 1}}
	if d.one(3) {
		f.Tags = []profile.Tag{{Name: "coupon_user", Source: "Order Completed", Time: f.FirstSeen, Expires: f.LastSeen + int64(d.below(100))*dayMs}}
	}
}

// state is what may have been settled before a user is scored, nil when nothing was.
func (m *maker) state(d *draw, stages []string, asOf int64) *profile.State {
	if d.one(2) {
		return nil
	}
	st := &profile.State{Stage: stages[d.below(len(stages))], Since: m.schema.Day(asOf) - zone.Day(d.below(60)), DecidedAt: asOf - int64(d.below(60))*dayMs, Seq: 1}
	st.SinceMs = m.schema.Zone().Start(st.Since)
	switch d.below(6) {
	case 0:
		st.Stage = "gone"
	case 1:
		st.Since, st.SinceMs = 0, 0
	case 2:
		st.Segments = []string{"browsing", "lapsing"}
		st.Episodes = []profile.Episode{{Rule: "nudge", Counter: 3, Start: asOf - dayMs, Open: true}}
	}
	return st
}
