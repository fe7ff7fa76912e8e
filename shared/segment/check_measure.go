package segment

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Definition says what a declared metric aggregates: a measure of the same event, condition, value and aggregate is computed
// from it.
type Definition struct {
	Event string // the event's name, or "*"
	Where string // a condition on its properties; "" for all
	Value string // path of a property
	Agg   string // count, sum, min, max, first, last, distinct or times
}

// Define says what a declared metric aggregates. A condition that does not compile leaves the metric without a definition.
func (s *Schema) Define(name string, d Definition) {
	if strings.TrimSpace(d.Where) == "" {
		d.Where = ""
	} else {
		p, err := Compile(d.Where, PropertySchema())
		if err != nil {
			return
		}
		d.Where = p.String()
	}
	d.Value = strings.TrimPrefix(d.Value, "properties.")
	for i := range s.metrics {
		if s.metrics[i].name == name {
			s.metrics[i].of = d
		}
	}
}

// AnyMeasure lets conditions use measures that no declared metric is behind, for an Env that knows their values.
func (s *Schema) AnyMeasure() { s.anyMeasure = true }

// Purchase says which event is a purchase: orders counts it.
func (s *Schema) Purchase(event string) { s.purchase = event }

// sameRef reports whether two references read the same thing.
func sameRef(a, b *Ref) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.Stat == b.Stat && a.Window == b.Window &&
		(a.Kind != RefMeasure || a.String() == b.String())
}

// measure checks a measure and finds what it is computed from.
func (c *checker) measure(n *Node, r *Ref) *Error {
	m := r.Measure
	r.Type = m.Type()
	for _, e := range m.Events {
		if err := c.where(e); err != nil {
			return err
		}
	}
	if err := c.measureLimits(n, r); err != nil {
		return err
	}
	if c.schema.anyMeasure {
		return nil
	}
	switch e := m.Events[0]; m.Kind {
	case MeasureLast, MeasureFirstTime, MeasureResumed:
		if e.Where != nil {
			break
		}
		m.Event = slices.Index(c.schema.events, e.Event)
	}
	switch m.Kind {
	case MeasureLast:
		if m.Value == "" && m.Event >= 0 {
			return nil
		}
	case MeasureFirstTime:
		return c.firstEver(n, m, nil)
	case MeasureResumed:
		missing, err := c.behind(n, r, "count", m.Events[0], m.days(r.Window))
		if err != nil {
			return err
		}
		return c.firstEver(n, m, missing)
	case MeasureSequence:
		return c.steps(n, r)
	}
	agg := m.Kind.String()
	if r.Type == TBool || m.Value == "" {
		agg = "count"
	}
	missing, err := c.behind(n, r, agg, m.Events[0], m.days(r.Window))
	if err == nil && missing != nil {
		err = c.undeclared(n, []string{*missing}, nil)
		if e := m.Events[0]; m.Kind == MeasureCount && e.Where == nil && e.Event == c.schema.purchase {
			err.DidYouMean = string(appendWindow([]byte("orders"), r.Window))
		}
	}
	if err == nil {
		c.same(r)
	}
	return err
}

// where checks the condition on the properties of an event.
func (c *checker) where(e Occurrence) *Error {
	if e.Where == nil {
		return nil
	}
	sub := &checker{src: c.src, schema: PropertySchema()}
	if err := sub.check(e.Where); err != nil {
		return err
	}
	return sub.condition(e.Where, "the condition after where")
}

func (c *checker) measureLimits(n *Node, r *Ref) *Error {
	m := r.Measure
	switch {
	case m.Kind == MeasureSequence && (len(m.Events) < minSteps || len(m.Events) > maxSteps):
		return c.fail(n, "the sequence has "+strconv.Itoa(len(m.Events))+" of the 2 to 8 steps").expect(measureUsages[m.Kind])
	case m.Kind != MeasureSequence && len(m.Events) != 1:
		return c.fail(n, m.Kind.String()+" is about one event").expect(measureUsages[m.Kind])
	case m.Kind == MeasureRegularly && m.Periods > m.Of:
		return c.fail(n, strconv.Itoa(m.Periods)+" of "+strconv.Itoa(m.Of)+" periods").expect("at most as many periods as there are, as in 4 of 6")
	case m.days(r.Window) <= MaxMeasured && m.Span <= MaxMeasured:
		return nil
	}
	return c.fail(n, m.Kind.String()+" looks back further than "+strconv.Itoa(MaxMeasured)+" days").expect("at most " + strconv.Itoa(MaxMeasured) + " days in all")
}

// behind finds the metric that keeps an aggregate for so many days; missing is the line that declares it when there is none.
func (c *checker) behind(n *Node, r *Ref, agg string, e Occurrence, days int) (missing *string, err *Error) {
	m := r.Measure
	best, longest := -1, 0
	for i := range c.schema.metrics {
		s := &c.schema.metrics[i]
		if s.of != (Definition{e.Event, e.filter(), m.Value, agg}) || len(s.windows) == 0 {
			continue
		}
		if keeps := slices.Max(s.windows); keeps > longest {
			best, longest = i, keeps
		}
	}
	if best < 0 {
		line := c.declaration(agg, e, m.Value, cmp.Or(days, m.Span))
		return &line, nil
	}
	if longest < days {
		name := c.schema.metrics[best].name
		return nil, c.fail(n, r.String()+" looks back "+strconv.Itoa(days)+" days, and the metric "+name+" keeps "+strconv.Itoa(longest)).
			expect(strconv.Itoa(days) + " added to the windows of " + name)
	}
	m.Metrics = append(m.Metrics, best)
	return nil, nil
}

// firstEver finds what knows the first event ever. missing is a declaration that is needed besides.
func (c *checker) firstEver(n *Node, m *Measure, missing *string) *Error {
	var lines, events []string
	if missing != nil {
		lines = append(lines, *missing)
	}
	e := m.Events[0]
	if m.Event < 0 {
		m.First = slices.IndexFunc(c.schema.metrics, func(s metricSpec) bool {
			return s.of == (Definition{e.Event, e.filter(), "", "times"})
		})
		switch {
		case m.First >= 0:
		case e.Where == nil && e.Event != "*":
			events = append(events, e.Event)
		default:
			lines = append(lines, c.declaration("times", e, "", 30))
		}
	}
	if lines == nil && events == nil {
		return nil
	}
	return c.undeclared(n, lines, events)
}

// steps finds the times metrics of a sequence. Without a window it looks back as far as all of them keep.
func (c *checker) steps(n *Node, r *Ref) *Error {
	m := r.Measure
	var lines, seen []string
	for _, e := range m.Events {
		missing, err := c.behind(n, r, "times", e, r.Window)
		if err != nil {
			return err
		}
		if missing != nil && !slices.Contains(seen, e.String()) {
			lines, seen = append(lines, *missing), append(seen, e.String())
		}
	}
	if lines != nil {
		return c.undeclared(n, lines, nil)
	}
	if r.Window == 0 {
		r.Window = MaxMeasured
		for _, at := range m.Metrics {
			r.Window = min(r.Window, slices.Max(c.schema.metrics[at].windows))
		}
	}
	return nil
}

// same notes the reference to a declared metric that has the value of the measure.
func (c *checker) same(r *Ref) {
	m := r.Measure
	if m.Kind > MeasureDistinct || m.Type() != TNumber {
		return
	}
	of := c.schema.metrics[m.Metrics[0]].of
	for i := range c.schema.metrics {
		if s := &c.schema.metrics[i]; s.of == of && slices.Contains(s.windows, r.Window) {
			m.Same = &Ref{Kind: RefMetric, Name: s.name, Window: r.Window, Index: i, Type: s.typ}
			return
		}
	}
}

// undeclared says what to declare, as lines to paste.
func (c *checker) undeclared(n *Node, metrics, events []string) *Error {
	e := c.fail(n, "no declared metric answers "+n.String())
	var parts []string
	for _, name := range events {
		parts = append(parts, "under events: - "+quote(name))
	}
	if len(metrics) > 0 {
		parts = append(parts, "under metrics: "+strings.Join(metrics, " and "))
	}
	return e.expect("in the strategy " + strings.Join(parts, ", and "))
}

// declaration is the line of YAML that declares a metric.
func (c *checker) declaration(agg string, e Occurrence, value string, days int) string {
	var b strings.Builder
	b.WriteString("- {name: " + c.freeName(e.Event, agg) + ", event: " + quote(e.Event))
	if e.Where != nil {
		b.WriteString(", where: " + quote(e.filter()))
	}
	if value != "" {
		b.WriteString(", value: " + quote(value))
	}
	if agg == "distinct" {
		b.WriteString(", unit: text")
	}
	b.WriteString(", agg: " + agg + ", windows: [" + strconv.Itoa(days) + "]}")
	return b.String()
}

// freeName makes a name that no metric has.
func (c *checker) freeName(event, agg string) string {
	var b []byte
	for i := 0; i < len(event) && len(b) < 40; i++ {
		switch x := event[i] | 0x20; {
		case x >= 'a' && x <= 'z':
			b = append(b, x)
		case isDigit(event[i]) && len(b) > 0:
			b = append(b, event[i])
		case len(b) > 0 && b[len(b)-1] != '_':
			b = append(b, '_')
		}
	}
	base := strings.Trim(string(b), "_") + "_" + agg
	name := strings.TrimPrefix(base, "_")
	taken := func() bool {
		return slices.Contains(c.suggested, name) || slices.ContainsFunc(c.schema.metrics, func(s metricSpec) bool { return s.name == name })
	}
	for i := 2; taken(); i++ {
		name = strings.TrimPrefix(base, "_") + "_" + strconv.Itoa(i)
	}
	c.suggested = append(c.suggested, name)
	return name
}
