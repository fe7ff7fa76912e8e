package event

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parser reads events from JSON. It is not safe for concurrent use.
type Parser struct {
	scan  scanner
	canon canon
	clock clock
	raw   [rawFields]Value
	have  uint32 // a bit for each of raw that holds something, and for each object that is none
	timed bool   // the event's time is read already
	guess [guesses]guess

	template template
}

// guess is the key that stood at a place of the event before, as it was written: with quotes and colon. The events of a
// file mostly have their keys in one order, and comparing a guess is cheaper than reading a key.
type guess struct {
	text [3]uint64 // the bytes, little-endian
	mask [3]uint64 // 0xff for each byte of text that counts
	size uint8     // 0: there is no guess
	at   uint8
}

const guessBytes = 24

// is reports whether the key stands at the beginning of b, of which there are guessBytes at least.
func (g *guess) is(b []byte) bool {
	_ = b[guessBytes-1]
	x := (binary.LittleEndian.Uint64(b) ^ g.text[0]) & g.mask[0]
	y := (binary.LittleEndian.Uint64(b[8:]) ^ g.text[1]) & g.mask[1]
	z := (binary.LittleEndian.Uint64(b[16:]) ^ g.text[2]) & g.mask[2]
	return x|y|z == 0
}

// set makes a key the guess.
func (g *guess) set(key []byte, at uint8) {
	var text, mask [guessBytes]byte
	for i := range copy(text[:], key) {
		mask[i] = 0xff
	}
	for i := range g.text {
		g.text[i], g.mask[i] = binary.LittleEndian.Uint64(text[8*i:]), binary.LittleEndian.Uint64(mask[8*i:])
	}
	g.size, g.at = uint8(len(key)), at
}

const guesses = 16

// The top-level fields that are read: first those in Parser.raw, in its order, then the objects.
const (
	rawType = iota
	rawMessageID
	rawUserID
	rawAnonymousID
	rawPreviousID
	rawGroupID
	rawEvent
	rawName
	rawTimestamp
	rawFields
)

const (
	rawProperties = rawFields + iota
	rawTraits
	rawContext
	rawOther // a key that is not read
)

var rawNames = [rawFields]string{"type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name", "timestamp"}

// NewParser returns a parser. A Depth below 1 becomes the default, and one above 512 becomes that.
func NewParser(l Limits) *Parser {
	return &Parser{scan: scanner{limits: l.deep()}}
}

// deep returns limits with a Depth that the other readers of JSON in this package hold too.
func (l Limits) deep() Limits {
	if l.Depth < 1 {
		l.Depth = DefaultLimits.Depth
	}
	l.Depth = min(l.Depth, maxDepth)
	return l
}

// Parse reads one event: a JSON object (RFC 8259) with the fields of the Segment spec in any order; fields it does not know
// are checked and passed over, and of a repeated key the last counts. It validates everything but the date's distance from
// the arrival (CheckFuture). Strings of ev alias line and the parser's buffers until the next call; ev's slices are reused,
// and an event without escapes costs no allocation. After a refusal ev is undefined.
func (p *Parser) Parse(line []byte, ev *Event) *Reject {
	s := &p.scan
	if s.limits.LineBytes > 0 && len(line) > s.limits.LineBytes {
		return tooLong(len(line), s.limits.LineBytes)
	}
	ev.reset()
	s.reset(line)
	if !p.try(ev) {
		if r := p.read(ev); r != nil {
			return r
		}
		p.learn()
	}
	if r := check(ev, &s.limits); r != nil {
		return r
	}
	if ev.MessageID == "" {
		ev.Content = p.canon.content(ev)
	}
	return nil
}

// read reads a line of any layout.
func (p *Parser) read(ev *Event) *Reject {
	if p.template.n > 0 && p.template.wait == 0 { // try has been here
		ev.reset()
		p.scan.reset(p.scan.b)
	}
	p.have, p.timed = 0, false
	if p.fields(ev) < 0 {
		return p.refuse()
	}
	return p.settle(ev)
}

// fields scans the whole line.
func (p *Parser) fields(ev *Event) int {
	s := &p.scan
	b := s.b
	i := s.space(0)
	if i >= len(b) || b[i] != '{' {
		return s.failAt(i, faultObject)
	}
	if i = s.space(i + 1); i < len(b) && b[i] == '}' {
		return p.end(i + 1)
	}
	for k := 0; ; k++ {
		var at uint8
		if at, i = p.key(k, i); i < 0 {
			return -1
		}
		if i = p.field(at, i, ev); i < 0 {
			return -1
		}
		var more bool
		if i, more = s.comma(i, '}'); !more {
			if i < 0 {
				return -1
			}
			return p.end(i)
		}
	}
}

// key reads the k-th key and its colon, and returns which field it names and where its value begins.
func (p *Parser) key(k, i int) (at uint8, next int) {
	s := &p.scan
	b := s.b
	g := &p.guess[k%guesses]
	if g.size != 0 && len(b)-i >= guessBytes && g.is(b[i:]) {
		if i += int(g.size); i < len(b) && b[i] <= ' ' {
			i = s.space(i)
		}
		return g.at, i
	}
	if uint(i) >= uint(len(b)) || b[i] != '"' {
		return 0, s.failAt(i, faultKey)
	}
	start := i
	key, i := s.str(i)
	if i < 0 {
		return 0, -1
	}
	end := i
	if i = s.colon(i); i < 0 {
		return 0, -1
	}
	at = fieldOf(key)
	if end < len(b) && b[end] == ':' && end+1-start <= guessBytes {
		g.set(b[start:end+1], at)
	}
	return at, i
}

func fieldOf(key string) uint8 {
	switch key {
	case "type":
		return rawType
	case "messageId":
		return rawMessageID
	case "userId":
		return rawUserID
	case "anonymousId":
		return rawAnonymousID
	case "previousId":
		return rawPreviousID
	case "groupId":
		return rawGroupID
	case "event":
		return rawEvent
	case "name":
		return rawName
	case "timestamp":
		return rawTimestamp
	case "properties":
		return rawProperties
	case "traits":
		return rawTraits
	case "context":
		return rawContext
	}
	return rawOther
}

func (p *Parser) end(i int) int {
	if i = p.scan.space(i); i < len(p.scan.b) {
		return p.scan.failAt(i, faultTrailing)
	}
	return i
}

// field reads the value at i of a top-level field. Strings, as most are, go where they belong at once; what else a text field
// may hold is left in raw for settle.
func (p *Parser) field(at uint8, i int, ev *Event) int {
	s := &p.scan
	if at > rawTimestamp {
		switch at {
		case rawProperties:
			return p.object(at, i, &ev.Properties)
		case rawTraits:
			return p.object(at, i, &ev.Traits)
		case rawContext:
			return p.object(at, i, &ev.Context)
		}
		return s.skip(i, 1)
	}
	if at == rawType {
		if b := s.b; i+len(quotedTrack) <= len(b) && string(b[i:i+len(quotedTrack)]) == quotedTrack {
			p.have &^= 1 << rawType
			ev.Kind = Track
			return i + len(quotedTrack)
		}
		ev.Kind = 0
	}
	if at <= rawType || at >= rawEvent || uint(i) >= uint(len(s.b)) || s.b[i] != '"' {
		if at == rawTimestamp {
			if next, ok := p.clock.read(s.b, i); ok {
				p.have &^= 1 << at
				ev.Time, p.timed = p.clock.ms, true
				return next
			}
		}
		p.have |= 1 << at
		return s.value(i, 1, &p.raw[at])
	}
	p.have &^= 1 << at
	text, next := s.str(i)
	*id(ev, at) = text
	return next
}

// quotedTrack is the type of most events.
const quotedTrack = `"track"`

// id returns the field of an event that holds an id.
func id(ev *Event, at uint8) *string {
	switch at {
	case rawMessageID:
		return &ev.MessageID
	case rawUserID:
		return &ev.UserID
	case rawAnonymousID:
		return &ev.AnonymousID
	case rawPreviousID:
		return &ev.PreviousID
	}
	return &ev.GroupID
}

const notObjects = 1<<rawProperties | 1<<rawTraits | 1<<rawContext

// object reads the value of an object field. Another type than object and null is left for settle to refuse, since a later
// repetition of the key may still make it good.
func (p *Parser) object(at uint8, i int, o *Object) int {
	p.have &^= 1 << at
	if i < len(p.scan.b) && p.scan.b[i] == '{' {
		return p.scan.object(i, 2, o)
	}
	var v Value
	i = p.scan.value(i, 1, &v)
	o.reset()
	if v.Kind != Null {
		p.have |= 1 << at
	}
	return i
}

func (p *Parser) wrongObject() *Reject {
	name := "properties"
	switch {
	case p.have&(1<<rawTraits) != 0:
		name = "traits"
	case p.have&(1<<rawContext) != 0:
		name = "context"
	}
	return wrongType(name, "an object")
}

// settle turns what is left in raw into the event.
func (p *Parser) settle(ev *Event) *Reject {
	const ids = 1<<rawMessageID | 1<<rawUserID | 1<<rawAnonymousID | 1<<rawPreviousID | 1<<rawGroupID
	for rest := p.have & ids; rest != 0; rest &= rest - 1 {
		at := uint8(bits.TrailingZeros32(rest))
		switch v := &p.raw[at]; {
		case v.Kind == Number && isInteger(v.Raw):
			*id(ev, at) = v.Raw
		case v.Kind == Null:
			*id(ev, at) = ""
		default:
			return wrongType(rawNames[at], "a string")
		}
	}
	if ev.Kind == 0 {
		if v := p.at(rawType); !ev.kind(v) {
			return badType(v)
		}
	}
	if r := p.name(ev); r != nil {
		return r
	}
	if p.have&notObjects != 0 {
		return p.wrongObject()
	}
	if p.timed && p.have&(1<<rawTimestamp) == 0 {
		return nil
	}
	v := p.at(rawTimestamp)
	ms, ok := timeOf(v)
	if !ok {
		return badTime(v)
	}
	ev.Time = ms
	return nil
}

var absent Value

// at returns a scanned field; one of kind None when the event has none.
func (p *Parser) at(field uint8) *Value {
	if p.have&(1<<field) == 0 {
		return &absent
	}
	return &p.raw[field]
}

// name sets the name of a track, page or screen.
func (p *Parser) name(ev *Event) *Reject {
	field := uint8(rawName)
	switch ev.Kind {
	case Track:
		field = rawEvent
	case Page, Screen:
	default:
		return nil
	}
	v := p.at(field)
	if v.Kind == String {
		ev.Name = v.Raw
	} else if v.Kind > Null {
		return wrongType(rawNames[field], "a string")
	}
	return nil
}

func (e *Event) kind(v *Value) bool {
	if v.Kind != String {
		return false
	}
	e.Kind = KindOf(v.Raw)
	return e.Kind != 0
}

func isInteger(s string) bool {
	return !strings.ContainsAny(s, ".eE")
}

// refuse turns the scanner's failure into a Reject.
func (p *Parser) refuse() *Reject {
	s := &p.scan
	switch s.fault {
	case faultDepth:
		return reject(ReasonTooDeep, "byte "+strconv.Itoa(s.at+1)+": nested deeper than "+strconv.Itoa(s.limits.Depth)+" levels", "flatten the properties, or send nested data as a string")
	case faultFields:
		return reject(ReasonTooMany, "byte "+strconv.Itoa(s.at+1)+": an object has more than "+strconv.Itoa(s.limits.Fields)+" fields", "send fewer fields with one event")
	case faultField:
		return reject(ReasonTooLong, "byte "+strconv.Itoa(s.at+1)+": a field is longer than "+strconv.Itoa(s.limits.FieldBytes)+" bytes", "shorten the field, or leave it out")
	}
	if at := firstBadUTF8(s.b); at >= 0 {
		return reject(ReasonBadUTF8, "byte "+strconv.Itoa(at+1)+": the text is not UTF-8", "convert the file to UTF-8, for example with iconv")
	}
	return reject(ReasonBadJSON, "byte "+strconv.Itoa(s.at+1)+": "+faultText[s.fault], "each line must be one JSON object")
}

func firstBadUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

func tooLong(n, limit int) *Reject {
	return reject(ReasonTooLong, "the line has "+strconv.Itoa(n)+" bytes, more than the limit of "+strconv.Itoa(limit), "split the event, or leave large fields out")
}

func wrongType(field, want string) *Reject {
	return reject(ReasonBadField, field+" must be "+want, "")
}
