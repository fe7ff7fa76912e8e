package eventfile

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// rows are the rows of a table.
type rows interface {
	// next returns the cells of the next row, valid until the next call.
	next() ([]string, error)
	// first is the line or row that the last result of next began with, from 1; text is what it said.
	first() int64
	text() []byte
	// refuse turns an error of next that is about one row into a LineError.
	refuse(header string, err error) error
}

// table reads rows through a mapping.
type table struct {
	in     rows
	header string // the header's text
	maker
	groups groups
	at     int64  // line of the last result
	said   []byte // the rows of the last group
}

// maker makes events of rows.
type maker struct {
	m     *Mapping
	o     *Options
	row   row
	width int // columns each row has
	ev    event.Event
	buf   []byte
	atoms []atom
	check event.Checker
}

func openTable(in *lines, o *Options) (events, error) {
	recs := &records{in: in, delimiter: o.Mapping.delimiter}
	t := &table{in: recs, maker: maker{m: o.Mapping, o: o}}
	for range o.Mapping.skip {
		if _, err := in.next(); err != nil && err != io.EOF {
			return nil, err
		}
	}
	columns := o.Mapping.columns
	if o.Mapping.header {
		cells, err := t.in.next()
		if err == io.EOF {
			return t, nil
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "line %d: the header cannot be read: %s", in.line, err.Error())
		}
		columns = nil
		for _, cell := range cells {
			columns = append(columns, strings.Clone(strings.TrimSpace(cell)))
		}
		t.header = cut(recs.raw)
	}
	return t, t.bind(columns)
}

// bind finds the columns of the mapping in a table that has columns, and its zones.
func (k *maker) bind(columns []string) error {
	at := map[string]int{}
	for i, name := range columns {
		if _, twice := at[name]; twice {
			at[name] = -1
			continue
		}
		at[name] = i
	}
	bound := make([]int, len(k.m.refs))
	for i, ref := range k.m.refs {
		p, ok := at[ref.name]
		switch {
		case ok && p >= 0:
			bound[i] = p
		case ok:
			return fault.New(fault.Invalid, "the table has two columns named %q (mapping %d:%d)", ref.name, ref.line, ref.col).WithHint("name the columns apart, or read the table without its header: header: none, skip_lines: 1")
		case position(ref.name) >= 0:
			bound[i] = position(ref.name)
		default:
			return fault.New(fault.Invalid, "mapping %d:%d: the file has no column %q; it has: %s", ref.line, ref.col, ref.name, shortList(columns)).
				WithHint("correct the name or the delimiter in the mapping file, or choose another mapping")
		}
	}
	zones := map[string]*time.Location{"": time.UTC, "UTC": time.UTC}
	for _, name := range k.m.zones {
		if name == "UTC" {
			continue
		}
		if k.o.Zones == nil {
			return fault.New(fault.Invalid, "the mapping names the zone %q, but only UTC is known here", name)
		}
		loc, err := k.o.Zones(name)
		if err != nil {
			return fault.Wrap(err, "the mapping names the zone %q", name)
		}
		zones[name] = loc
	}
	k.width = len(columns)
	k.row = row{m: k.m, bound: bound, clock: clock{zones: zones, last: map[*value]*remembered{}}}
	for _, p := range bound {
		if len(columns) == 0 {
			k.width = max(k.width, p+1)
		}
	}
	return nil
}

func shortList(names []string) string {
	quoted := make([]string, 0, len(names))
	for i, name := range names {
		if i == 30 {
			quoted = append(quoted, "…")
			break
		}
		quoted = append(quoted, quote(name))
	}
	return strings.Join(quoted, ", ")
}

func (t *table) line() int64 { return t.at }

func (t *table) text() (text, header string) {
	if t.m.group != nil {
		return cut(t.said), t.header
	}
	return cut(t.in.text()), t.header
}

// Close closes the rows if they hold anything open.
func (t *table) Close() error {
	if c, ok := t.in.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (t *table) next() (*event.Event, error) {
	for {
		cells, err := t.in.next()
		t.at = t.in.first()
		if err == io.EOF {
			if g := t.groups.close(); g != nil {
				return t.finish(g)
			}
			return nil, io.EOF
		}
		if err != nil {
			return nil, t.in.refuse(t.header, err)
		}
		ru, r := t.route(cells)
		switch {
		case r != nil:
			return nil, t.refused(t.in.first(), cut(t.in.text()), r)
		case ru == nil: // skipped
		case t.m.group != nil:
			if g, err := t.collect(ru); g != nil || err != nil {
				if err != nil {
					return nil, err
				}
				return t.finish(g)
			}
		default:
			if r := t.make(ru); r != nil {
				return nil, t.refused(t.in.first(), cut(t.in.text()), r)
			}
			return &t.ev, nil
		}
	}
}

func (t *table) refused(line int64, text string, r *event.Reject) *LineError {
	t.at = line
	return &LineError{Line: line, Text: text, Header: t.header, Reject: r}
}

// route finds the rule for a row; nil without a Reject passes the row over.
func (k *maker) route(cells []string) (*rule, *event.Reject) {
	if len(cells) < k.width || len(k.m.columns) != 0 && len(cells) > k.width || k.m.header && len(cells) > k.width {
		return nil, &event.Reject{Reason: event.ReasonNoColumn, Message: fmt.Sprintf("the row has %d columns instead of %d", len(cells), k.width),
			Hint: "check the delimiter and the quotes of this row"}
	}
	k.row.cells = cells
	for i := range k.m.rules {
		if ru := &k.m.rules[i]; ru.when == nil || ru.when.holds(&k.row) {
			if ru.skip {
				return nil, nil
			}
			return ru, nil
		}
	}
	if k.m.skipRest {
		return nil, nil
	}
	return nil, &event.Reject{Reason: event.ReasonBadValue, Message: "no rule of the mapping takes this row", Hint: "add a rule, or otherwise: skip"}
}

func badValue(why string) *event.Reject {
	return &event.Reject{Reason: event.ReasonBadValue, Message: why, Hint: "correct the cell, or the mapping file"}
}

// make makes the event of the current row.
func (k *maker) make(ru *rule) *event.Reject {
	if r := k.head(ru); r != nil {
		return r
	}
	k.buf = k.buf[:0]
	for _, part := range k.parts(ru) {
		k.atoms = k.atoms[:0]
		for i := range part.list {
			a, why := k.row.eval(part.list[i].value)
			if why != "" {
				return badValue(why)
			}
			k.atoms = append(k.atoms, alone(part.list[i].value.agg, a))
		}
		if len(part.list) > 0 {
			k.buf = object(k.buf, part.list, k.atoms, part.o)
		}
	}
	return k.check.Check(&k.ev, k.o.Arrived, k.o.Limits)
}

// part is one of the three objects of an event.
type part struct {
	list []property
	o    *event.Object
}

func (k *maker) parts(ru *rule) [3]part {
	return [3]part{{ru.properties, &k.ev.Properties}, {ru.traits, &k.ev.Traits}, {ru.context, &k.ev.Context}}
}

// head fills everything of the event but its objects, which it empties.
func (k *maker) head(ru *rule) *event.Reject {
	ev := &k.ev
	*ev = event.Event{Kind: ru.kind, Properties: event.Object{Fields: ev.Properties.Fields[:0]}, Traits: event.Object{Fields: ev.Traits.Fields[:0]}, Context: event.Object{Fields: ev.Context.Fields[:0]}}
	for _, f := range [...]struct {
		v   *value
		dst *string
	}{{ru.name, &ev.Name}, {ru.user, &ev.UserID}, {ru.anonymous, &ev.AnonymousID}, {ru.previous, &ev.PreviousID}, {ru.groupID, &ev.GroupID}, {ru.message, &ev.MessageID}} {
		if f.v == nil {
			continue
		}
		a, why := k.row.eval(f.v)
		if why != "" {
			return badValue(why)
		}
		*f.dst = a.text
	}
	s, why := k.row.source(ru.time)
	if why != "" {
		return badValue(why)
	}
	ms, ok := k.row.clock.parse(ru.time, s)
	if !ok {
		return &event.Reject{Reason: event.ReasonBadTime, Message: k.row.column(ru.time) + quote(s) + " is no time of the layout that the mapping gives", Hint: "correct the cell, or layout in the mapping file"}
	}
	ev.Time = ms
	return k.identify(ru)
}

// identify forms the messageId of the columns under id: the kind or name of the event and the columns' text, joined so that
// different rows give different ids.
func (k *maker) identify(ru *rule) *event.Reject {
	if len(ru.id) == 0 {
		return nil
	}
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	b.WriteString(ru.kind.String())
	if k.ev.Name != "" {
		b.WriteByte(' ')
		_, _ = escape.WriteString(&b, k.ev.Name) // never fails
	}
	for _, ref := range ru.id {
		s := k.row.text(ref)
		if s == "" {
			return badValue("column " + k.m.refs[ref].name + " is empty, but it is part of the event's id")
		}
		b.WriteByte('|')
		_, _ = escape.WriteString(&b, s)
	}
	k.ev.MessageID = b.String()
	return nil
}
