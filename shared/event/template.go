package event

// template is the text that the tracks of a file have in common: what stands between the values of the top-level fields. Most
// lines of a file are written by one program, so that comparing this text replaces reading keys, colons and commas. A line
// that differs in anything is left to Parser.fields, which alone decides what is valid.
type template struct {
	steps   [templateSteps]step
	n       int  // 0: no line has been learned
	missed  bool // the line before did not fit
	wait    int  // lines to leave alone, after misses
	penalty int  // the wait after the next miss
}

const (
	templateSteps = 16
	maxPenalty    = 63
)

// step is the text before a value and the field that the value belongs to. The last step has no value: its field is rawEnd.
type step struct {
	text string
	at   uint8
}

const rawEnd = rawOther + 1

// trackFields are the fields that a track must have.
const trackFields = 1<<rawType | 1<<rawEvent | 1<<rawTimestamp

// try reads a line by the template. After false ev is undefined.
func (p *Parser) try(ev *Event) bool {
	t := &p.template
	if t.n == 0 || t.wait > 0 || !p.fits(ev) {
		return false
	}
	t.missed, t.penalty = false, 0
	ev.Kind = Track
	return true
}

func (p *Parser) fits(ev *Event) bool {
	s := &p.scan
	b, i := s.b, 0
	steps := p.template.steps[:p.template.n]
	for k := range steps {
		st := &steps[k]
		end := i + len(st.text)
		if end > len(b) || string(b[i:end]) != st.text {
			return false
		}
		i = end
		switch st.at {
		case rawUserID:
			ev.UserID, i = s.text(i)
		case rawMessageID:
			ev.MessageID, i = s.text(i)
		case rawEvent:
			ev.Name, i = s.text(i)
		case rawAnonymousID, rawPreviousID, rawGroupID:
			*id(ev, st.at), i = s.text(i)
		case rawTimestamp:
			next, ok := p.clock.read(b, i)
			if !ok {
				return false
			}
			ev.Time, i = p.clock.ms, next
		case rawProperties, rawTraits, rawContext:
			if i >= len(b) || b[i] != '{' {
				return false
			}
			i = s.object(i, 2, object(ev, st.at))
		case rawEnd:
			return i == len(b)
		default:
			i = s.skip(i, 1)
		}
		if i < 0 {
			return false
		}
	}
	return false
}

// text returns the string whose text begins at i, and where its closing quote stands.
func (s *scanner) text(i int) (string, int) {
	text, next := s.str(i - 1)
	return text, next - 1
}

func object(ev *Event, at uint8) *Object {
	switch at {
	case rawProperties:
		return &ev.Properties
	case rawTraits:
		return &ev.Traits
	}
	return &ev.Context
}

// learn makes a line that has been read the template, after two lines in a row that did not fit.
func (p *Parser) learn() {
	t := &p.template
	if t.wait > 0 {
		t.wait--
		return
	}
	if t.n > 0 && !t.missed {
		t.missed = true
		return
	}
	t.missed = false
	t.wait, t.penalty = t.penalty, min(2*t.penalty+1, maxPenalty)
	if t.n = p.layout(); t.n == 0 {
		t.wait, t.penalty = maxPenalty, maxPenalty
	}
}

// layout takes a valid line apart into the template's steps and returns their number; 0 when it is no track or nothing that a
// template can say.
func (p *Parser) layout() int {
	s := &p.scan
	b, from, n, seen := s.b, 0, 0, uint32(0)
	i := s.space(s.space(0) + 1)
	for more := i < len(b) && b[i] == '"'; more; {
		end, escaped := s.strEnd(i + 1)
		at := fieldOf(string(b[i+1 : end]))
		if escaped || n+1 == templateSteps || at != rawOther && seen&(1<<at) != 0 {
			return 0
		}
		seen |= 1 << at
		i = s.colon(end + 1)
		if at == rawType {
			if i+len(quotedTrack) > len(b) || string(b[i:i+len(quotedTrack)]) != quotedTrack {
				return 0
			}
			i, more = s.comma(i+len(quotedTrack), '}')
			continue
		}
		start, next, ok := p.valueAt(at, i)
		if !ok {
			return 0
		}
		p.template.steps[n] = step{string(b[from:start]), at}
		n++
		from = next
		if b[from] == '"' && start > i {
			next++
		}
		i, more = s.comma(next, '}')
	}
	if seen&trackFields != trackFields {
		return 0
	}
	p.template.steps[n] = step{string(b[from:]), rawEnd}
	return n + 1
}

// valueAt returns where the text of the value at i begins and ends as fits reads it: of an id or a name what stands between the
// quotes.
func (p *Parser) valueAt(at uint8, i int) (start, end int, ok bool) {
	s := &p.scan
	switch at {
	case rawMessageID, rawUserID, rawAnonymousID, rawPreviousID, rawGroupID, rawEvent:
		if s.b[i] != '"' {
			return 0, 0, false
		}
		end, _ = s.strEnd(i + 1)
		return i + 1, end, true
	case rawTimestamp:
		end, ok = p.clock.read(s.b, i)
		return i, end, ok
	case rawProperties, rawTraits, rawContext:
		if s.b[i] != '{' {
			return 0, 0, false
		}
	}
	return i, s.skip(i, 1), true
}
