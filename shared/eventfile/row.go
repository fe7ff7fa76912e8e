package eventfile

import (
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/weir-engine/weir/shared/event"
)

// row is one row of a table under a mapping.
type row struct {
	m     *Mapping
	bound []int // position of each ref
	cells []string
	clock clock
	clean []byte // a number without its marks
}

// text returns a column's text without the spaces around it.
func (r *row) text(ref int) string { return strings.TrimSpace(r.cells[r.bound[ref]]) }

// number returns a column as a decimal; why says what is wrong with it.
func (r *row) number(ref int) (d dec, empty bool, why string) {
	s := r.text(ref)
	if s == "" {
		return dec{}, true, ""
	}
	if d, ok := r.decimal(s); ok {
		return d, false, ""
	}
	return dec{}, false, "column " + r.m.refs[ref].name + ": " + quote(s) + " is no number"
}

func (r *row) decimal(s string) (dec, bool) {
	if r.m.decimal == '.' && r.m.thousands == 0 {
		return parseDec(s)
	}
	r.clean = r.clean[:0]
	for i := range len(s) {
		switch c := s[i]; {
		case c == r.m.thousands && c != 0:
		case c == r.m.decimal:
			r.clean = append(r.clean, '.')
		case c == '.':
			return dec{}, false
		default:
			r.clean = append(r.clean, c)
		}
	}
	return parseDec(string(r.clean))
}

func quote(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:57], "") + "..."
	}
	return strconv.Quote(s)
}

// atom is the value of a field for one row, or for a group of rows. An absent one has kind None.
type atom struct {
	kind event.ValueKind
	text string // a String decoded, anything else as JSON
	num  dec    // of a Number
}

// source returns the text a value begins with; "" when there is none.
func (r *row) source(v *value) (s, why string) {
	switch {
	case v.constant != nil:
		s = *v.constant
	case len(v.columns) == 1:
		s = r.text(v.columns[0])
	default:
		var parts []string
		for _, ref := range v.columns {
			if t := r.text(ref); t != "" {
				parts = append(parts, t)
			}
		}
		s = strings.Join(parts, " ")
	}
	if v.table != nil && s != "" {
		mapped, ok := v.table[s]
		if !ok && v.fallback == nil {
			return "", r.column(v) + quote(s) + " is not in the table of the mapping"
		}
		s = mapped
	}
	if s == "" && v.fallback != nil {
		s = *v.fallback
	}
	return s, ""
}

// column begins a message about a value.
func (r *row) column(v *value) string {
	if len(v.columns) == 0 {
		return ""
	}
	return "column " + r.m.refs[v.columns[0]].name + ": "
}

// eval gives a value its type.
func (r *row) eval(v *value) (a atom, why string) {
	switch {
	case v.expr != nil:
		d, empty, why := v.expr.eval(r)
		if why != "" || empty {
			return atom{}, why
		}
		return r.amount(v, d)
	case v.object != nil:
		return r.nested(v)
	}
	s, why := r.source(v)
	if why != "" || s == "" {
		return atom{}, why
	}
	switch v.as {
	case asString:
		return atom{kind: event.String, text: s}, ""
	case asNumber, asMoney:
		d, ok := r.decimal(s)
		if !ok && v.constant != nil {
			d, ok = parseDec(s)
		}
		if !ok {
			return atom{}, r.column(v) + quote(s) + " is no number"
		}
		return r.amount(v, d)
	case asBool:
		return boolean(s, r.column(v))
	case asTime:
		ms, ok := r.clock.parse(v, s)
		if !ok {
			return atom{}, r.column(v) + quote(s) + " is no time of the layout that the mapping gives"
		}
		return atom{kind: event.String, text: time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")}, ""
	}
	j, ok := event.ParseValue(s)
	if !ok {
		return atom{}, r.column(v) + quote(s) + " is no JSON"
	}
	return atom{kind: j.Kind, text: j.Raw}, ""
}

// amount brings money from minor to major units and writes the number.
func (r *row) amount(v *value, d dec) (a atom, why string) {
	if v.as == asMoney && v.minor {
		code := v.currency
		if v.currCol >= 0 {
			code = r.text(v.currCol)
		}
		if d.scale += event.MinorDigits(code); d.scale > maxScale {
			return atom{}, r.column(v) + "the amount has too many digits"
		}
		d = d.trim()
	}
	return atom{kind: event.Number, text: d.String(), num: d}, ""
}

func boolean(s, column string) (a atom, why string) {
	switch strings.ToLower(s) {
	case "true", "t", "yes", "y", "1", "on":
		return atom{kind: event.Bool, text: "true"}, ""
	case "false", "f", "no", "n", "0", "off":
		return atom{kind: event.Bool, text: "false"}, ""
	}
	return atom{}, column + quote(s) + " is neither true nor false"
}

func (r *row) nested(v *value) (a atom, why string) {
	dst := []byte{'{'}
	for i := range v.object {
		p := &v.object[i]
		kid, why := r.eval(p.value)
		if why != "" {
			return atom{}, why
		}
		if kid.kind == event.None {
			continue
		}
		dst = appendField(dst, p.key, kid)
	}
	return atom{kind: event.Nested, text: string(append(dst, '}'))}, ""
}

// appendField appends a member to an object whose text is still open.
func appendField(dst []byte, key string, a atom) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(event.AppendString(dst, key), ':')
	return appendAtom(dst, a)
}

func appendAtom(dst []byte, a atom) []byte {
	if a.kind == event.String {
		return event.AppendString(dst, a.text)
	}
	return append(dst, a.text...)
}

// object writes the atoms of properties as an indexed object into buf; the object aliases it.
func object(buf []byte, list []property, atoms []atom, o *event.Object) []byte {
	fields := o.Fields[:0]
	start := len(buf)
	buf = append(buf, '{')
	for i := range list {
		if a := &atoms[i]; a.kind != event.None {
			if len(fields) > 0 {
				buf = append(buf, ',')
			}
			buf = append(event.AppendString(buf, list[i].key), ':')
			buf = appendAtom(buf, *a)
			fields = append(fields, event.Field{Key: list[i].key, Value: event.Value{Kind: a.kind, Raw: a.text}})
		}
	}
	buf = append(buf, '}')
	o.Raw, o.Fields = unsafe.String(&buf[start], len(buf)-start), fields
	return buf
}
