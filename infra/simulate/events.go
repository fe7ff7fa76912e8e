package simulate

import (
	"encoding/hex"
	"strconv"

	"github.com/weir-engine/weir/shared/event"
)

// object is the JSON text of an object that is being written.
type object struct{ json []byte }

func (o object) key(key string) []byte {
	b := append(append(append(o.json[:len(o.json):len(o.json)], ','), event.AppendString(nil, key)...), ':')
	if len(o.json) == 0 {
		b[0] = '{'
	}
	return b
}

func (o object) text(key, value string) object { return object{event.AppendString(o.key(key), value)} }

func (o object) number(key string, n int64) object {
	return object{strconv.AppendInt(o.key(key), n, 10)}
}

// money writes an amount in minor units as a decimal in major ones.
func (o object) money(key string, cents int64) object {
	return object{strconv.AppendFloat(o.key(key), float64(cents)/100, 'f', -1, 64)}
}

// done is the object for an event.
func (o object) done() event.Object {
	if len(o.json) == 0 {
		return event.Object{}
	}
	out, _ := event.ParseObject(string(append(o.json[:len(o.json):len(o.json)], '}')))
	return out
}

func view(shelf string, sku int, cents int64) object {
	return object{}.text("sku", shelf+"-"+strconv.Itoa(1000 + sku)[1:]).text("category", shelf).money("price", cents)
}

func (p *person) newDevice() string {
	var b [8]byte
	n := p.next()
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return hex.EncodeToString(b[:])
}

func (p *person) track(at int64, name string, properties object) {
	p.send(event.Event{Kind: event.Track, Name: name, Time: at, Properties: properties.done()})
}

func (p *person) page(at int64, name string) {
	p.send(event.Event{Kind: event.Page, Name: name, Time: at, Properties: object{}.text("device", p.device).done()})
}

func (p *person) signUp(at int64) {
	p.identify(at)
	p.track(at+1, "Signed Up", object{}.text("channel", p.channel.name).text("device", p.device))
}

func (p *person) identify(at int64) {
	day := func(n int) string { return strconv.Itoa(101 + n)[1:] }
	traits := object{}.text("city", p.city.name).text("plan", p.plan).text("timezone", p.city.zone).text("locale", p.city.locale)
	traits = traits.text("birthday", strconv.Itoa(1955+p.index*7%50)+"-"+day(p.index%12)+"-"+day(p.index%28))
	p.send(event.Event{Kind: event.Identify, AnonymousID: p.anonID, Time: at, Traits: traits.done()})
}

// send gives an event its ids and sends it; few are sent twice, few arrive late. What lies outside of the simulation is not sent.
func (p *person) send(ev event.Event) {
	if ev.Time < p.start || ev.Time >= p.end {
		return
	}
	ev.MessageID = p.userID + "-" + strconv.FormatInt(int64(len(p.sent)), 36)
	if p.known {
		ev.UserID = p.userID
	} else {
		ev.AnonymousID = p.anonID
	}
	s := sent{arrived: ev.Time, ev: ev}
	if p.chance(late) {
		if at := ev.Time + 14*dayMs + int64(24+p.below(500))*hourMs; at < p.end {
			s.arrived, s.late = at, true
		}
	}
	p.sent = append(p.sent, s)
	if p.chance(duplicates) {
		again := s
		again.arrived, again.again = min(s.arrived+int64(p.below(3*24*60))*minuteMs, p.end-1), true
		p.sent = append(p.sent, again)
	}
}
