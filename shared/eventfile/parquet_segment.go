package eventfile

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// segment reads Parquet whose columns are named like the fields of the Segment spec, in camelCase or snake_case.
// properties, traits and context are groups of columns, or JSON text.
type segment struct {
	o       *Options
	leaves  []*leaf
	kind    *leaf // nil: every row is a track event
	texts   []textLeaf
	time    *leaf
	objects [3]objectLeaves // properties, traits, context
	ev      event.Event
	check   event.Checker
	buf     []byte
	row     int64
	by      *batches // nil until NextBatch is called
}

// textLeaf is a column of a text field of the event.
type textLeaf struct {
	field string
	leaf  *leaf
	dst   *string
}

// objectLeaves are the columns of one object: JSON text, or a leaf for each field.
type objectLeaves struct {
	name   string
	json   *leaf
	fields []*leaf
	keys   []string // of fields
	quoted [][]byte // the keys as JSON, with the colon
	dst    *event.Object
}

func openSegment(all []fileColumn, o *Options) (events, error) {
	s := &segment{o: o}
	s.objects = [3]objectLeaves{{name: "properties", dst: &s.ev.Properties}, {name: "traits", dst: &s.ev.Traits}, {name: "context", dst: &s.ev.Context}}
	for _, c := range all {
		if err := s.take(c); err != nil {
			return nil, err
		}
	}
	user, name := false, false
	for _, t := range s.texts {
		user = user || t.field == "userId" || t.field == "anonymousId"
		name = name || t.field == "event"
	}
	if !user || s.time == nil || s.kind == nil && !name {
		return nil, fault.New(fault.Invalid, "a Parquet file of another schema: expected the columns userId or anonymousId, timestamp, and type or event (with messageId, properties, traits, context where there are any); found: %s", describe(all)).
			WithHint("name the columns so, or give a mapping file (--mapping) that says what they mean")
	}
	return s, nil
}

var segmentNames = map[string]string{
	"type": "type", "event": "event", "name": "name", "timestamp": "timestamp",
	"messageId": "messageId", "message_id": "messageId", "userId": "userId", "user_id": "userId", "anonymousId": "anonymousId", "anonymous_id": "anonymousId",
	"previousId": "previousId", "previous_id": "previousId", "groupId": "groupId", "group_id": "groupId",
}

// take opens a column if it is one that is read; others are passed over.
func (s *segment) take(c fileColumn) error {
	top, rest, nested := strings.Cut(c.name, ".")
	for i := range s.objects {
		if o := &s.objects[i]; o.name == top {
			l, err := c.open()
			if err != nil {
				return err
			}
			s.leaves = append(s.leaves, l)
			if !nested {
				o.json = l
				return wantText(l, "JSON text")
			}
			o.fields, o.keys = append(o.fields, l), append(o.keys, rest)
			o.quoted = append(o.quoted, append(event.AppendString(nil, rest), ':'))
			return nil
		}
	}
	field := segmentNames[c.name]
	if field == "" {
		return nil
	}
	l, err := c.open()
	if err != nil {
		return err
	}
	s.leaves = append(s.leaves, l)
	dst := map[string]*string{"messageId": &s.ev.MessageID, "userId": &s.ev.UserID, "anonymousId": &s.ev.AnonymousID, "previousId": &s.ev.PreviousID, "groupId": &s.ev.GroupID}[field]
	switch field {
	case "timestamp":
		s.time = l
		return nil
	case "type":
		s.kind = l
		return wantText(l, "text")
	case "event", "name":
		s.texts = append(s.texts, textLeaf{field, l, nil})
		return wantText(l, "text")
	}
	s.texts = append(s.texts, textLeaf{field, l, dst})
	return nil
}

func wantText(l *leaf, what string) error {
	if l.kind != leafText {
		return fault.New(fault.Invalid, "the column %q must hold %s", l.name, what).WithHint("write the column as strings (BYTE_ARRAY, UTF8)")
	}
	return nil
}

func (s *segment) line() int64 { return s.row }

func (s *segment) Close() error { return closeAll(s.leaves) }

func (s *segment) next() (ev *event.Event, err error) {
	defer recoverDamage(&err, "a page")
	if err := advance(s.leaves); err != nil {
		return nil, brokenRow(err, s.row)
	}
	s.row++
	if r := s.make(); r != nil {
		return nil, &LineError{Line: s.row, Text: s.json(), Reject: r}
	}
	return &s.ev, nil
}

// make fills the event from the current row.
func (s *segment) make() *event.Reject {
	ev := &s.ev
	ev.Kind, ev.Name, ev.Content = event.Track, "", [16]byte{}
	if s.kind != nil {
		if ev.Kind = event.KindOf(s.kind.text()); ev.Kind == 0 {
			return &event.Reject{Reason: event.ReasonBadType, Message: "unknown type " + quote(s.kind.text()), Hint: "type is one of track, identify, page, screen, group, alias"}
		}
	}
	s.buf = s.buf[:0]
	for i := range s.texts {
		t := &s.texts[i]
		dst := t.dst
		switch {
		case dst != nil:
		case (t.field == "event") == (ev.Kind == event.Track) && ev.Kind != event.Identify && ev.Kind != event.Group && ev.Kind != event.Alias:
			dst = &ev.Name
		default:
			continue
		}
		if t.leaf.kind == leafText || t.leaf.null {
			*dst = t.leaf.text()
			continue
		}
		start := len(s.buf)
		s.buf, _ = t.leaf.append(s.buf)
		*dst = view(s.buf[start:])
	}
	if r := s.when(); r != nil {
		return r
	}
	for i := range s.objects {
		if r := s.object(&s.objects[i]); r != nil {
			return r
		}
	}
	for _, l := range s.leaves {
		if !l.ascii() {
			return s.check.Check(ev, s.o.Arrived, s.o.Limits)
		}
	}
	return s.check.CheckUTF8(ev, s.o.Arrived, s.o.Limits)
}

// when reads the timestamp.
func (s *segment) when() *event.Reject {
	ok := !s.time.null
	if ok {
		switch s.time.kind {
		case leafTime, leafDate:
			s.ev.Time = s.time.millis()
		case leafText:
			s.ev.Time, ok = event.ParseTime(s.time.text())
		default:
			number, kind := s.time.append(nil)
			s.ev.Time, ok = event.TimeOf(event.Value{Kind: kind, Raw: string(number)})
		}
	}
	if !ok {
		return &event.Reject{Reason: event.ReasonBadTime, Message: "timestamp is absent or cannot be read", Hint: "write timestamp as a TIMESTAMP column, or as RFC 3339 text"}
	}
	return nil
}

// object fills properties, traits or context.
func (s *segment) object(o *objectLeaves) *event.Reject {
	o.dst.Raw, o.dst.Fields = "", o.dst.Fields[:0]
	if o.json != nil {
		text := o.json.text()
		if text == "" || text == "null" {
			return nil
		}
		return event.ReadObject(text, s.o.Limits, o.dst)
	}
	if len(o.fields) == 0 {
		return nil
	}
	fields := o.dst.Fields
	start := len(s.buf)
	s.buf = append(s.buf, '{')
	for i, l := range o.fields {
		if l.null {
			continue
		}
		if len(fields) > 0 {
			s.buf = append(s.buf, ',')
		}
		s.buf = append(s.buf, o.quoted[i]...)
		from := len(s.buf)
		v := event.Value{Kind: event.String}
		if l.kind == leafText {
			v.Raw = l.text()
			s.buf = event.AppendString(s.buf, v.Raw)
		} else {
			s.buf, v.Kind = l.append(s.buf)
			if v.Raw = view(s.buf[from:]); v.Kind == event.String {
				s.buf = event.AppendString(s.buf[:from], strings.Clone(v.Raw))
				v.Raw = view(s.buf[from+1 : len(s.buf)-1])
			}
		}
		if v.Kind == event.None {
			return &event.Reject{Reason: event.ReasonBadValue, Message: fmt.Sprintf("column %s: NaN and infinities are no values", l.name), Hint: "write NULL instead"}
		}
		fields = append(fields, event.Field{Key: o.keys[i], Value: v})
	}
	if len(fields) == 0 {
		s.buf = s.buf[:start]
		return nil
	}
	s.buf = append(s.buf, '}')
	o.dst.Raw, o.dst.Fields = unsafe.String(&s.buf[start], len(s.buf)-start), fields
	return nil
}

func (s *segment) text() (text, header string) { return s.json(), "" }

// json writes the row as one line of NDJSON, so that it can be redriven as such.
func (s *segment) json() string {
	dst := []byte{'{'}
	add := func(l *leaf, key string) {
		if l == nil || l.null {
			return
		}
		raw, kind := l.append(nil)
		if kind != event.None {
			dst = appendField(dst, key, atom{kind: kind, text: string(raw)})
		}
	}
	if add(s.kind, "type"); s.kind == nil {
		dst = append(dst, `"type":"track"`...)
	}
	for _, t := range s.texts {
		add(t.leaf, t.field)
	}
	add(s.time, "timestamp")
	for i := range s.objects {
		o := &s.objects[i]
		if o.json != nil && !o.json.null {
			if v, ok := event.ParseValue(o.json.text()); ok {
				dst = appendField(dst, o.name, atom{kind: v.Kind, text: o.json.text()})
			} else {
				add(o.json, o.name)
			}
		}
		if len(o.fields) == 0 {
			continue
		}
		kid := []byte{'{'}
		for j, l := range o.fields {
			if raw, kind := l.append(nil); kind != event.None && kind != event.Null {
				kid = appendField(kid, o.keys[j], atom{kind: kind, text: string(raw)})
			}
		}
		dst = appendField(dst, o.name, atom{kind: event.Nested, text: string(append(kid, '}'))})
	}
	return cut(append(dst, '}'))
}
