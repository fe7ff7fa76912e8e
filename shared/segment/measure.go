package segment

import (
	"slices"
	"strconv"
	"strings"
)

// MeasureKind says what a Measure computes.
type MeasureKind uint8

// The kinds of measures. Days are calendar days in the project's zone; a window covers today and the days before it.
const (
	MeasureCount     MeasureKind = iota // number of events in the window
	MeasureSum                          // number: sum of a property; 0 without any
	MeasureMin                          // number: least value; null without any
	MeasureMax                          // number: largest value; null without any
	MeasureFirst                        // the value of the earliest event in the window, or the first moment of its day
	MeasureLast                         // the value of the latest event in the window, or the first moment of its day
	MeasureDistinct                     // number of different values
	MeasureFirstTime                    // bool: the first event ever is in the window
	MeasureRegularly                    // bool: Least events per Per days in Periods of the last Of such periods
	MeasureStopped                      // bool: Least events in Per days, then none for Span days up to today
	MeasureResumed                      // bool: an event in the window, after at least Span days without and one before those
	MeasureSequence                     // bool: the Events in order within Span days, all in the window
	measureCount
)

var measureNames = [measureCount]string{
	"count", "sum", "min", "max", "first", "last", "distinct", "first_time", "regularly", "stopped", "resumed", "sequence",
}

// measureUsages show how each measure is written.
var measureUsages = [measureCount]string{
	`count("event" where …, days)`, `sum("event" where …, property, days)`, `min("event" where …, property, days)`,
	`max("event" where …, property, days)`, `first("event" where …, property, days) or first("event" where …, days)`,
	`last("event" where …, property, days) or last("event" where …, days)`, `distinct("event" where …, property, days)`,
	`first_time("event" where …, days)`, `regularly("event" where …, 3 per 7, 4 of 6)`, `stopped("event" where …, 3 per 28, for 14)`,
	`resumed("event" where …, after 30, 7)`, `sequence("event" where …, "event", within 7, 30)`,
}

// String is the name of the measure in the language.
func (k MeasureKind) String() string {
	if k < measureCount {
		return measureNames[k]
	}
	return "measure " + strconv.Itoa(int(k))
}

// Measures returns how each measure is written, in the order of the documentation.
func Measures() []string { return slices.Clone(measureUsages[:]) }

// suggestMeasure suggests the measure that a wrong member of an event was probably meant to be, else the nearest member.
func (e *Error) suggestMeasure(stat, event string, known []string) *Error {
	at := slices.Index(measureNames[:], stat)
	if at < 0 {
		return e.suggest(stat, known, same)
	}
	e.DidYouMean = strings.ReplaceAll(measureUsages[at], `"event" where …`, quote(event))
	return e
}

// MaxMeasured is the longest stretch of days that a measure may look back.
const MaxMeasured = 730

// The numbers of steps of a sequence.
const (
	minSteps = 2
	maxSteps = 8
)

// Measure is something about the occurrences of events that a RefMeasure reads; its window is the Ref's. It is computed from
// declared metrics, which Compile finds: an Env reads them.
type Measure struct {
	Kind    MeasureKind
	Events  []Occurrence // one; of a sequence its steps in order
	Value   string       // path of the property; "" for counts and for the days of first and last
	Least   int          // regularly, stopped: events
	Per     int          // regularly, stopped: in so many days
	Periods int          // regularly: in so many periods
	Of      int          // regularly: of the last so many
	Span    int          // stopped: days without; resumed: days of the gap; sequence: days from the first step to the last

	// Metrics are the indexes of the declared metrics behind Events; empty where Event answers alone, and under AnyMeasure.
	Metrics []int
	// Event is the index of the declared event that answers for last, first_time and resumed; -1: none does.
	Event int
	// First is the index of the times metric that knows the first event ever, for first_time and resumed; -1: none does.
	First int
	// Same is the reference to a declared metric that has the same value, such as metrics.spend[30]; nil: there is none.
	Same *Ref
}

// Occurrence is an event by its name, or "*", with a condition on its properties.
type Occurrence struct {
	Event string
	Where *Node // nil: all of them
}

// String is the event as it is written in a measure.
func (o Occurrence) String() string { return string(o.append(nil)) }

func (o Occurrence) append(dst []byte) []byte {
	dst = appendQuoted(dst, o.Event)
	if o.Where == nil {
		return dst
	}
	return o.Where.append(append(dst, " where "...), 0)
}

// filter is the canonical text of the condition.
func (o Occurrence) filter() string {
	if o.Where == nil {
		return ""
	}
	return o.Where.String()
}

// Type is the type of the measure's value.
func (m *Measure) Type() Type {
	switch {
	case m.Kind >= MeasureFirstTime:
		return TBool
	case (m.Kind == MeasureFirst || m.Kind == MeasureLast) && m.Value == "":
		return TTime
	}
	return TNumber
}

// append writes the measure; days is its window.
func (m *Measure) append(dst []byte, days int) []byte {
	dst = append(append(dst, m.Kind.String()...), '(')
	for i, e := range m.Events {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = e.append(dst)
	}
	part := func(before string, n int) {
		dst = strconv.AppendInt(append(dst, before...), int64(n), 10)
	}
	switch m.Kind {
	case MeasureRegularly:
		part(", ", m.Least)
		part(" per ", m.Per)
		part(", ", m.Periods)
		part(" of ", m.Of)
	case MeasureStopped:
		part(", ", m.Least)
		part(" per ", m.Per)
		part(", for ", m.Span)
	case MeasureResumed:
		part(", after ", m.Span)
	case MeasureSequence:
		part(", within ", m.Span)
	}
	if m.Value != "" {
		dst = appendPath(append(dst, ", "...), m.Value)
	}
	if days > 0 {
		part(", ", days)
	}
	return append(dst, ')')
}

// appendPath writes the path of a property: bare where it can be read so, else as properties["a name"].
func appendPath(dst []byte, path string) []byte {
	first, rest, nested := strings.Cut(path, ".")
	_, operator := operatorWords[first]
	if nameLength(first) != len(first) || operator || first == "" || first == "properties" {
		dst = append(dst, "properties"...)
		dst = appendMember(dst, first)
	} else {
		dst = append(dst, first...)
	}
	for nested {
		first, rest, nested = strings.Cut(rest, ".")
		dst = appendMember(dst, first)
	}
	return dst
}

// days is how far back the measure looks.
func (m *Measure) days(window int) int {
	switch m.Kind {
	case MeasureRegularly:
		return m.Per * m.Of
	case MeasureStopped:
		return m.Per + m.Span
	case MeasureResumed:
		return window + m.Span
	}
	return window
}
