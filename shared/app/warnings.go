package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// Knows reports whether an event of a name has come or is planned. Near is the known name that was probably meant. A catalogue that
// may lack names, or has none yet, knows every name.
func (c *Catalog) Knows(name string) (known bool, near string) {
	if name == "*" || c.Partial || c.Beyond > 0 || len(c.Events) == 0 {
		return true, ""
	}
	if _, ok := c.Event(name); ok || strings.HasPrefix(name, "$") {
		return true, ""
	}
	names := c.Names()
	if slices.Contains(names, name) {
		return true, ""
	}
	return false, segment.Nearest(name, names)
}

// Names returns the events that came and those that are planned, sorted.
func (c *Catalog) Names() []string {
	var names []string
	for _, e := range c.Events {
		names = append(names, e.Name)
	}
	if c.Planned != nil {
		for _, e := range c.Planned.Events {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// PropertyNames returns the properties that events of a name came with, and those that are planned, sorted. all is false when there
// may be others.
func (c *Catalog) PropertyNames(name string) (names []string, all bool) {
	e, came := c.Event(name)
	if came {
		for _, p := range e.Properties {
			names = append(names, p.Name)
		}
	}
	if c.Planned != nil {
		if planned, ok := c.Planned.Event(name); ok {
			for _, p := range planned.Properties {
				names = append(names, p.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), came && !e.More && e.Examined > 0
}

// knowsProperty is Knows of a property's path; what stands below the first name is not known.
func (c *Catalog) knowsProperty(event, path string) (known bool, near string) {
	names, all := c.PropertyNames(event)
	first, _, _ := strings.Cut(path, ".")
	if event == "*" || c.Partial || !all || slices.Contains(names, path) || slices.Contains(names, first) {
		return true, ""
	}
	return false, segment.Nearest(first, names)
}

// warnings collects what a text names and nobody has seen. None is a mistake: an event may come tomorrow.
type warnings struct {
	known *Catalog
	list  []strategy.Problem
}

func (w *warnings) event(line, col int, path, name string) {
	if known, near := w.known.Knows(name); !known {
		w.add(line, col, path, "no event "+strconv.Quote(name)+" has come, and the tracking plan names none", near)
	}
}

func (w *warnings) property(line, col int, path, event, name string) {
	if known, near := w.known.knowsProperty(event, name); !known {
		w.add(line, col, path, "no event "+strconv.Quote(event)+" came with the property "+strconv.Quote(name), near)
	}
}

func (w *warnings) add(line, col int, path, message, near string) {
	const most = 100
	p := strategy.Problem{Line: line, Col: col, Path: path, Message: message}
	if near != "" {
		p.Expected = strconv.Quote(near) + ", perhaps"
	}
	if len(w.list) < most {
		w.list = append(w.list, p)
	}
}

// condition looks at the events and properties that a condition names.
func (w *warnings) condition(src string, n *segment.Node) {
	if n.Ref != nil {
		line, col := placeIn(src, n.Offset)
		switch m := n.Ref.Measure; n.Ref.Kind {
		case segment.RefEvent:
			w.event(line, col, "", n.Ref.Name)
		case segment.RefMeasure:
			for _, e := range m.Events {
				w.event(line, col, "", e.Event)
				if e.Where != nil {
					w.where(e.Event, e.Where, line, col)
				}
			}
			if m.Value != "" {
				w.property(line, col, "", m.Events[0].Event, m.Value)
			}
		}
	}
	for _, arg := range n.Args {
		w.condition(src, arg)
	}
}

// where looks at the properties that a condition on an event names; the place is that of the measure.
func (w *warnings) where(event string, n *segment.Node, line, col int) {
	if n.Ref != nil && n.Ref.Kind == segment.RefProperty {
		w.property(line, col, "", event, n.Ref.Name)
	}
	for _, arg := range n.Args {
		w.where(event, arg, line, col)
	}
}

// placeIn turns a byte offset into line and column, from 1.
func placeIn(src string, offset int) (line, col int) {
	before := src[:min(max(offset, 0), len(src))]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// strategy looks at what a valid strategy declares.
func (w *warnings) strategy(text []byte) {
	root, problems := strategy.ReadTree(text)
	if root == nil || len(problems) > 0 {
		return
	}
	for _, key := range []string{"purchase", "refund"} {
		if t := root.Get(key); t != nil {
			w.name(t.Get("event"), key+".event")
		}
	}
	for i, t := range items(root.Get("events")) {
		w.name(t, "events["+strconv.Itoa(i)+"]")
	}
	for _, key := range []string{"metrics", "event_tags"} {
		for i, t := range items(root.Get(key)) {
			w.declared(t, key+"["+strconv.Itoa(i)+"]")
		}
	}
}

func items(t *strategy.Tree) []*strategy.Tree {
	if t == nil {
		return nil
	}
	return t.Items
}

func (w *warnings) name(t *strategy.Tree, path string) {
	if t != nil && t.Text != "" {
		w.event(t.Line, t.Col, path, t.Text)
	}
}

// declared looks at a metric or an event tag.
func (w *warnings) declared(t *strategy.Tree, path string) {
	at := t.Get("event")
	if at == nil || at.Text == "" {
		return
	}
	w.name(at, path+".event")
	if v := t.Get("value"); v != nil && v.Text != "" {
		w.property(v.Line, v.Col, path+".value", at.Text, strings.TrimPrefix(v.Text, "properties."))
	}
	v := t.Get("where")
	if v == nil || v.Text == "" {
		return
	}
	p, err := segment.Compile(v.Text, segment.PropertySchema())
	if err != nil {
		return
	}
	before := len(w.list)
	w.where(at.Text, p.Tree(), v.Line, v.Col)
	for i := range w.list[before:] {
		w.list[before+i].Path = path + ".where"
	}
}

// StrategyWarnings lists the events and properties that a valid strategy names and nobody has seen.
func (a *App) StrategyWarnings(ctx context.Context, text []byte) ([]strategy.Problem, error) {
	known, err := a.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	w := warnings{known: known}
	w.strategy(text)
	return w.list, nil
}

// conditionWarnings lists the events and properties that a condition names and nobody has seen.
func (a *App) conditionWarnings(ctx context.Context, p *segment.Program) ([]strategy.Problem, error) {
	known, err := a.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	w := warnings{known: known}
	w.condition(p.Source(), p.Tree())
	return w.list, nil
}
