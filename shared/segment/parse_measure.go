package segment

import (
	"math"
	"slices"
	"strings"
)

// measureKind tells whether a call is a measure: min and max are when their first argument is an event's name.
func (p *parser) measureKind(name string) (MeasureKind, bool) {
	at := slices.Index(measureNames[:], name)
	if at < 0 {
		return 0, false
	}
	if _, ok := functionsByName[name]; ok {
		ahead := p.lex
		if next, err := ahead.next(); err != nil || next.kind != tokString {
			return 0, false
		}
	}
	return MeasureKind(at), true
}

// measure reads what stands in the parentheses of a measure.
func (p *parser) measure(t token, kind MeasureKind) (*Node, *Error) {
	m := &Measure{Kind: kind, Event: -1, First: -1}
	usage := measureUsages[kind]
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.occurrence(m, usage); err != nil {
		return nil, err
	}
	for kind == MeasureSequence && p.is(",") && p.stringAhead() {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.occurrence(m, usage); err != nil {
			return nil, err
		}
	}
	r := Ref{Kind: RefMeasure, Name: kind.String(), Measure: m}
	window, err := p.measureNumbers(m, usage)
	if err == nil && window {
		err = p.measureWindow(m, &r, usage)
	}
	if err != nil {
		return nil, err
	}
	if !p.is(")") {
		return nil, p.fail("found " + p.tok.describe() + " in " + m.Kind.String() + "(…)").expect(usage)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.ref(t.offset, r, false)
}

func (p *parser) stringAhead() bool {
	ahead := p.lex
	next, err := ahead.next()
	return err == nil && next.kind == tokString
}

// occurrence reads "event" where condition.
func (p *parser) occurrence(m *Measure, usage string) *Error {
	if p.tok.kind != tokString || p.tok.text == "" {
		return p.fail("found " + p.tok.describe() + " where the event's name belongs").expect("the name in quotes, as in " + usage)
	}
	o := Occurrence{Event: p.tok.text}
	if err := p.advance(); err != nil {
		return err
	}
	if p.tok.kind == tokName && p.tok.text == "where" {
		if err := p.advance(); err != nil {
			return err
		}
		where, err := p.expr(0)
		if err != nil {
			return err
		}
		o.Where = where
	}
	m.Events = append(m.Events, o)
	return nil
}

// measureNumbers reads what stands between the events and the window; window is false when none follows.
func (p *parser) measureNumbers(m *Measure, usage string) (window bool, err *Error) {
	comma := func() *Error { return p.measureComma(m, usage) }
	switch m.Kind {
	case MeasureCount, MeasureFirstTime:
		return true, comma()
	case MeasureSum, MeasureMin, MeasureMax, MeasureFirst, MeasureLast, MeasureDistinct:
		if err := comma(); err != nil {
			return false, err
		}
		if p.tok.kind == tokNumber && (m.Kind == MeasureFirst || m.Kind == MeasureLast) {
			return true, nil
		}
		if err := p.measurePath(m, usage); err != nil {
			return false, err
		}
		return true, comma()
	case MeasureRegularly:
		return false, p.series(usage, p.comma(m, usage), p.whole(&m.Least), p.word("per"), p.whole(&m.Per),
			p.comma(m, usage), p.whole(&m.Periods), p.word("of"), p.whole(&m.Of))
	case MeasureStopped:
		return false, p.series(usage, p.comma(m, usage), p.whole(&m.Least), p.word("per"), p.whole(&m.Per),
			p.comma(m, usage), p.word("for"), p.whole(&m.Span))
	case MeasureResumed:
		return true, p.series(usage, p.comma(m, usage), p.word("after"), p.whole(&m.Span), p.comma(m, usage))
	}
	err = p.series(usage, p.comma(m, usage), p.word("within"), p.whole(&m.Span))
	if err != nil || !p.is(",") {
		return false, err
	}
	return true, comma()
}

// piece reads one part of a measure.
type piece func(usage string) *Error

func (p *parser) series(usage string, pieces ...piece) *Error {
	for _, read := range pieces {
		if err := read(usage); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) comma(m *Measure, usage string) piece {
	return func(string) *Error { return p.measureComma(m, usage) }
}

func (p *parser) measureComma(m *Measure, usage string) *Error {
	if !p.is(",") {
		return p.fail("found " + p.tok.describe() + " in " + m.Kind.String() + "(…)").expect(usage)
	}
	return p.advance()
}

// word reads a word that only measures know.
func (p *parser) word(word string) piece {
	return func(usage string) *Error {
		if p.tok.kind != tokName || p.tok.text != word {
			return p.fail("found " + p.tok.describe() + " where " + quote(word) + " belongs").expect(usage)
		}
		return p.advance()
	}
}

// whole reads a whole number from 1.
func (p *parser) whole(into *int) piece {
	return func(usage string) *Error {
		if p.tok.kind != tokNumber || p.tok.num != math.Trunc(p.tok.num) || p.tok.num < 1 || p.tok.num > 1e6 {
			return p.fail("found " + p.tok.describe() + " where a number belongs").expect("a whole number from 1, as in " + usage)
		}
		*into = int(p.tok.num)
		return p.advance()
	}
}

func (p *parser) measureWindow(m *Measure, r *Ref, usage string) *Error {
	if m.Kind == MeasureCount && p.tok.kind == tokName {
		return p.fail("count counts events and reads no property").expect(usage + `, or distinct("event", property, days)`)
	}
	return p.whole(&r.Window)(usage)
}

// measurePath reads the path of a property, with or without properties before it.
func (p *parser) measurePath(m *Measure, usage string) *Error {
	t := p.tok
	if t.kind != tokName {
		return p.fail("found " + t.describe() + " where the property belongs").expect(usage)
	}
	if err := p.advance(); err != nil {
		return err
	}
	var path []string
	if t.text != "properties" {
		path = append(path, t.text)
	}
	for {
		name, found, err := p.memberName(t, RefProperty)
		if err != nil {
			return err
		}
		if !found {
			break
		}
		path = append(path, name)
	}
	if len(path) == 0 {
		return p.fail("properties stands alone").expect("a name after it, as in properties.name")
	}
	m.Value = strings.Join(path, ".")
	return nil
}
