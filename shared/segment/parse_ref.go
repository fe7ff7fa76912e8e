package segment

import (
	"math"
	"strings"
)

// name reads what begins with a name: a literal, a field, a reference into a group, or a call.
func (p *parser) name() (*Node, *Error) {
	t := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch t.text {
	case "true", "false":
		n, err := p.node(OpBool, t.offset)
		if err == nil && t.text == "true" {
			n.Num = 1
		}
		return n, err
	case "null":
		return p.node(OpNull, t.offset)
	case "metrics", "traits", "properties":
		return p.member(t)
	case "tags", "segments", "lists":
		return p.has(t)
	case "bucket":
		return p.bucket(t)
	case "message":
		return p.message(t)
	case "event":
		return p.event(t)
	}
	if p.is("(") {
		if kind, ok := p.measureKind(t.text); ok {
			return p.measure(t, kind)
		}
		return p.call(t)
	}
	if p.is(".") {
		e := p.fail(t.text + " has no members")
		return nil, e.suggest(t.text, groups, func(s string) string { return s + ".name" })
	}
	return p.ref(t.offset, Ref{Kind: RefField, Name: t.text}, true)
}

var groups = []string{"metrics", "traits", "properties", "tags", "segments", "lists"}

func (p *parser) call(t token) (*Node, *Error) {
	args, err := p.elements("(", ")")
	if err != nil {
		return nil, err
	}
	n, err := p.node(OpCall, t.offset, args...)
	if err != nil {
		return nil, err
	}
	n.Str = t.text
	return n, nil
}

// ref makes a reference node and reads its window when it may have one.
func (p *parser) ref(offset int, r Ref, window bool) (*Node, *Error) {
	if window && p.is("[") {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokNumber || p.tok.num != math.Trunc(p.tok.num) || p.tok.num < 1 || p.tok.num > 1e6 {
			return nil, p.fail("found " + p.tok.describe() + " as a window").expect("a whole number of days, as in [30]")
		}
		r.Window = int(p.tok.num)
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.take("]", "after the window"); err != nil {
			return nil, err
		}
	}
	return p.refNode(offset, r)
}

func (p *parser) refNode(offset int, r Ref) (*Node, *Error) {
	n, err := p.node(OpRef, offset)
	if err != nil {
		return nil, err
	}
	n.Ref = &r
	return n, nil
}

// member reads metrics.NAME, traits.NAME, traits["NAME"], traits.a.b and properties.a.b.
func (p *parser) member(t token) (*Node, *Error) {
	kind := map[string]RefKind{"metrics": RefMetric, "traits": RefTrait, "properties": RefProperty}[t.text]
	var path []string
	for {
		name, found, err := p.memberName(t, kind)
		if err != nil {
			return nil, err
		}
		if found {
			path = append(path, name)
		}
		if !found && len(path) == 0 {
			return nil, p.fail(t.text + " stands alone").expect("a name after it, as in " + t.text + ".name")
		}
		if !found || kind == RefMetric {
			break
		}
	}
	return p.ref(t.offset, Ref{Kind: kind, Name: strings.Join(path, ".")}, kind == RefMetric)
}

// memberName reads .NAME or ["NAME"].
func (p *parser) memberName(t token, kind RefKind) (string, bool, *Error) {
	dotted := p.is(".")
	if !dotted && (!p.is("[") || kind == RefMetric) {
		return "", false, nil
	}
	if err := p.advance(); err != nil {
		return "", false, err
	}
	want := tokString
	if dotted {
		want = tokName
	}
	name := p.tok
	if dotted && p.tok.kind == tokPunct && nameLength(p.lex.src[p.tok.offset:]) > 0 { // a name that is an operator elsewhere
		name.kind, name.text = tokName, p.lex.src[p.tok.offset:p.lex.pos]
	}
	if name.kind != want || name.text == "" {
		e := p.fail("found " + p.tok.describe() + " after " + t.text)
		if dotted {
			return "", false, e.expect("a name; a name with other characters is written " + t.text + "[\"the name\"]")
		}
		return "", false, e.expect("a name in quotes")
	}
	if err := p.advance(); err != nil {
		return "", false, err
	}
	if !dotted {
		if err := p.take("]", "after the name"); err != nil {
			return "", false, err
		}
	}
	return name.text, true, nil
}

// has reads tags.has("NAME"), segments.has("NAME") and lists.has("NAME").
func (p *parser) has(t token) (*Node, *Error) {
	form := t.text + ".has(\"name\")"
	if !p.is(".") {
		return nil, p.fail("found " + p.tok.describe() + " after " + t.text).expect(form)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokName || p.tok.text != "has" {
		e := p.fail("found " + p.tok.describe() + " after " + t.text + ".").expect(form)
		if p.tok.kind == tokName {
			e.DidYouMean = t.text + ".has(\"" + p.tok.text + "\")"
		}
		return nil, e
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	name, err := p.quotedArgument(form)
	if err != nil {
		return nil, err
	}
	kind := map[string]RefKind{"tags": RefTag, "segments": RefSegment, "lists": RefList}[t.text]
	return p.ref(t.offset, Ref{Kind: kind, Name: name}, false)
}

// quotedArgument reads ("TEXT").
func (p *parser) quotedArgument(form string) (string, *Error) {
	if !p.is("(") {
		return "", p.fail("found " + p.tok.describe()).expect(form)
	}
	if err := p.advance(); err != nil {
		return "", err
	}
	if p.tok.kind != tokString || p.tok.text == "" {
		return "", p.fail("found " + p.tok.describe()).expect("a name in quotes, as in " + form)
	}
	name := p.tok.text
	if err := p.advance(); err != nil {
		return "", err
	}
	return name, p.take(")", "after the name")
}

// event reads event("NAME").count, .first, .last and .days_since, which is days_since(event("NAME").last).
func (p *parser) event(t token) (*Node, *Error) {
	const form = `event("name").count, .first, .last or .days_since`
	name, err := p.quotedArgument(form)
	if err != nil {
		return nil, err
	}
	if !p.is(".") {
		return nil, p.fail("found " + p.tok.describe() + " after the event").expect(form)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	stat := p.tok
	known := []string{StatCount, StatFirst, StatLast, "days_since"}
	switch {
	case stat.kind == tokName && (stat.text == StatCount || stat.text == StatFirst || stat.text == StatLast || stat.text == "days_since"):
	default:
		e := p.fail("an event has no " + stat.describe()).expect(form)
		return nil, e.suggestMeasure(stat.text, name, known)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if stat.text != "days_since" {
		return p.ref(t.offset, Ref{Kind: RefEvent, Name: name, Stat: stat.text}, false)
	}
	last, err := p.ref(t.offset, Ref{Kind: RefEvent, Name: name, Stat: StatLast}, false)
	if err != nil {
		return nil, err
	}
	n, err := p.node(OpCall, t.offset, last)
	if err != nil {
		return nil, err
	}
	n.Str = "days_since"
	return n, nil
}
