package segment

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
)

// numbers are the numbers of a measure by their names in JSON.
func (m *Measure) numbers() []struct {
	name string
	into *int
} {
	return []struct {
		name string
		into *int
	}{{"least", &m.Least}, {"per", &m.Per}, {"periods", &m.Periods}, {"of", &m.Of}, {"span", &m.Span}}
}

func (m *Measure) appendJSON(dst []byte) []byte {
	dst = append(dst, `,"events":[`...)
	for i, e := range m.Events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(append(dst, `{"event":`...), e.Event)
		if e.Where != nil {
			dst = e.Where.AppendJSON(append(dst, `,"where":`...))
		}
		dst = append(dst, '}')
	}
	dst = append(dst, ']')
	if m.Value != "" {
		dst = appendQuoted(append(dst, `,"value":`...), m.Value)
	}
	for _, n := range m.numbers() {
		if *n.into > 0 {
			dst = appendQuoted(append(dst, ','), n.name)
			dst = strconv.AppendInt(append(dst, ':'), int64(*n.into), 10)
		}
	}
	return dst
}

// measure reads what a reference of kind measure holds besides its name and window. That the parts are those of its form is
// left to the parser, which reads the text that they give.
func (t *treeReader) measure(r *Ref, o event.Object, path string) *Error {
	kind := slices.Index(measureNames[:], r.Name)
	if kind < 0 {
		return treeError(path, "there is no measure "+quote(shorten(r.Name))).expect("one of "+strings.Join(measureNames[:], ", ")).suggest(r.Name, measureNames[:], quote)
	}
	m := &Measure{Kind: MeasureKind(kind), Event: -1, First: -1}
	items := o.Get("events").Items()
	if len(items) == 0 || len(items) > maxSteps {
		return treeError(path, "events is no list of 1 to 8 events").expect(`a list as in [{"event":"Order Completed"}]`)
	}
	for i, item := range items {
		at := path + ".events[" + strconv.Itoa(i) + "]"
		e := Occurrence{}
		if item.Kind == event.Nested {
			e.Event, _ = item.Object().Get("event").Str()
		}
		if e.Event == "" {
			return treeError(at, "the event has no name").expect(`an object as in {"event":"Order Completed"}`)
		}
		if where := item.Object().Get("where"); where.Kind != event.None {
			var err *Error
			t.depth++
			e.Where, err = t.node(where, at+".where")
			t.depth--
			if err != nil {
				return err
			}
		}
		m.Events = append(m.Events, e)
	}
	m.Value, _ = o.Get("value").Str()
	for _, n := range m.numbers() {
		v := o.Get(n.name)
		if days, ok := v.Float(); ok && days >= 1 && days <= 1e6 && days == math.Trunc(days) {
			*n.into = int(days)
		} else if v.Kind != event.None {
			return treeError(path, n.name+" is no number").expect("a whole number from 1")
		}
	}
	r.Measure = m
	return nil
}
