// Package plan is the tracking plan: which events are expected, with a JSON Schema of what each carries, and what happens to
// events that break it. A plan is a file of YAML or JSON; docs/plan.md explains it.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
)

// ReasonViolation is the reason of a line that was quarantined because its event breaks the plan.
const ReasonViolation = "plan_violation"

// Mode says what happens to an event that breaks the plan.
type Mode string

// The modes. Allow is for unplanned events alone.
const (
	Allow      Mode = "allow"      // nothing happens
	Flag       Mode = "flag"       // the event is accepted, and counted with a sample
	Quarantine Mode = "quarantine" // the line is quarantined, and can be driven again after a fix
)

// Limits of a plan.
const (
	MaxBytes    = 1 << 20
	MaxEvents   = 500
	maxName     = 200
	maxPatterns = 300
	maxSchemas  = 20_000
)

// Plan is a tracking plan. It is immutable and safe for concurrent use.
type Plan struct {
	Name      string
	Unplanned Mode // for track events that the plan does not name
	Events    []Event
	version   string
	byName    map[string]int
}

// Event is what the plan says of one event: a track event by its name, or $page, $screen, $identify, $group, $alias.
type Event struct {
	Name        string
	Description string
	Mode        Mode
	Properties  []Property // top level, in the order of the text
	Schema      string     // as JSON, "" when everything is allowed
	schema      *schema
}

// Property is a top-level property that a schema names.
type Property struct {
	Name     string
	Types    []string // as in JSON Schema; empty: any
	Required bool
}

// Version identifies the plan's meaning: 12 hexadecimal digits. Comments, the order of keys and the spelling do not change it.
func (p *Plan) Version() string { return p.version }

// Event returns what the plan says of an event by its name.
func (p *Plan) Event(name string) (Event, bool) {
	i, ok := p.byName[name]
	if !ok {
		return Event{}, false
	}
	return p.Events[i], true
}

// Violation says how an event breaks the plan. It holds no value of the event.
type Violation struct {
	Mode     Mode
	Path     string // as in properties.items[0].price; "" when the event itself is unplanned
	Message  string // what is wrong there
	Expected string
}

// Text is the violation in a sentence.
func (v *Violation) Text() string {
	s := v.Message
	if v.Path != "" {
		s = v.Path + " " + s
	}
	if v.Expected != "" {
		s += "; expected " + v.Expected
	}
	return s
}

// Check compares an event with the plan; nil when it keeps it. name is the event's, as in profile.EventName.
func (p *Plan) Check(name string, ev *event.Event) *Violation {
	i, planned := p.byName[name]
	if !planned {
		if p.Unplanned == Allow || strings.HasPrefix(name, "$") {
			return nil
		}
		return &Violation{Mode: p.Unplanned, Message: "the plan does not name this event", Expected: "an event of the plan"}
	}
	e := &p.Events[i]
	if e.schema == nil {
		return nil
	}
	o, root := &ev.Properties, "properties"
	if ev.Kind == event.Identify || ev.Kind == event.Group {
		o, root = &ev.Traits, "traits"
	}
	c := checking{steps: maxSteps}
	wrong := c.object(e.schema, o)
	if wrong == nil && c.steps < 0 {
		wrong = &Violation{Message: "is too complex to be compared with the schema", Expected: "fewer or simpler alternatives"}
	}
	if wrong != nil {
		wrong.Mode, wrong.Path = e.Mode, root+wrong.Path
	}
	return wrong
}

// Parse reads a plan and checks it. The error is a *strategy.Errors that lists every problem with line and column.
func Parse(text []byte) (*Plan, error) {
	root, problems := strategy.ReadTree(text)
	r := &reading{problems: problems}
	if root == nil {
		if len(problems) == 0 {
			r.problem(&strategy.Tree{Line: 1, Col: 1}, "", "the file is empty", "weir_plan: 1")
		}
		return nil, r.err()
	}
	p := r.plan(root)
	if err := r.err(); err != nil {
		return nil, err
	}
	canonical, err := json.Marshal(plain(root))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(canonical)
	p.version = hex.EncodeToString(sum[:6])
	return p, nil
}

// reading turns a tree into a plan.
type reading struct {
	problems []strategy.Problem
	patterns int
	schemas  int
}

const mostProblems = 100

func (r *reading) problem(at *strategy.Tree, path, message, expected string) {
	if len(r.problems) < mostProblems {
		r.problems = append(r.problems, strategy.Problem{Line: at.Line, Col: at.Col, Path: path, Message: message, Expected: expected})
	}
}

func (r *reading) entry(e *strategy.TreeEntry, path, message, expected string) {
	r.problem(&strategy.Tree{Line: e.Line, Col: e.Col}, path, message, expected)
}

func (r *reading) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return strategy.NewErrors(r.problems, "tracking plan",
		"correct the lines named in the message; docs/plan.md explains every key, and `weir plan validate FILE` checks again")
}

func (r *reading) plan(root *strategy.Tree) *Plan {
	p := &Plan{Unplanned: Allow, byName: map[string]int{}}
	if root.Kind != strategy.TreeMap {
		r.problem(root, "", "this is "+root.Kind.String(), "a mapping that begins with weir_plan: 1")
		return p
	}
	if v := root.Get("weir_plan"); v == nil || v.Kind != strategy.TreeNumber || v.Number != 1 {
		if v == nil {
			v = root
		}
		r.problem(v, "weir_plan", "the version of the file is missing or unknown", "weir_plan: 1")
	}
	for i := range root.Entries {
		e := &root.Entries[i]
		switch e.Key {
		case "weir_plan":
		case "name":
			p.Name = r.text(e.Value, "name")
		case "unplanned":
			p.Unplanned = r.mode(e.Value, "unplanned", Allow, Flag, Quarantine)
		case "events":
			r.events(p, e.Value)
		default:
			r.unknown(e, e.Key, []string{"weir_plan", "name", "unplanned", "events"})
		}
	}
	return p
}

func (r *reading) unknown(e *strategy.TreeEntry, path string, known []string) {
	expected := "one of " + strings.Join(known, ", ")
	if near := nearest(e.Key, known); near != "" {
		expected = near
	}
	r.entry(e, path, "the key "+e.Key+" is unknown", expected)
}

func (r *reading) text(t *strategy.Tree, path string) string {
	if t.Kind != strategy.TreeText && t.Kind != strategy.TreeNumber {
		r.problem(t, path, "this is "+t.Kind.String(), "a text")
		return ""
	}
	if len(t.Text) > maxName {
		r.problem(t, path, "the text is longer than "+strconv.Itoa(maxName)+" bytes", "a shorter one")
	}
	return t.Text
}

func (r *reading) mode(t *strategy.Tree, path string, modes ...Mode) Mode {
	if t.Kind == strategy.TreeText && slices.Contains(modes, Mode(t.Text)) {
		return Mode(t.Text)
	}
	names := make([]string, len(modes))
	for i, m := range modes {
		names[i] = string(m)
	}
	r.problem(t, path, "this is no mode", "one of "+strings.Join(names, ", "))
	return modes[0]
}

func (r *reading) events(p *Plan, t *strategy.Tree) {
	if t.Kind == strategy.TreeNull {
		return
	}
	if t.Kind != strategy.TreeMap {
		r.problem(t, "events", "this is "+t.Kind.String(), "a mapping from the names of events to what they carry")
		return
	}
	if len(t.Entries) > MaxEvents {
		r.problem(t, "events", "the plan has "+strconv.Itoa(len(t.Entries))+" events", "at most "+strconv.Itoa(MaxEvents))
		return
	}
	for i := range t.Entries {
		e := &t.Entries[i]
		p.byName[e.Key] = len(p.Events)
		p.Events = append(p.Events, r.event(e))
	}
}

// kinds are the names of events that are no track events.
var kinds = []string{"$page", "$screen", "$identify", "$group", "$alias"}

func (r *reading) event(e *strategy.TreeEntry) Event {
	path := "events." + e.Key
	out := Event{Name: e.Key, Mode: Quarantine, Properties: []Property{}}
	switch {
	case e.Key == "" || len(e.Key) > maxName:
		r.entry(e, path, "the name of an event has "+strconv.Itoa(len(e.Key))+" bytes", "1 to "+strconv.Itoa(maxName))
	case strings.HasPrefix(e.Key, "$") && !slices.Contains(kinds, e.Key):
		r.entry(e, path, "there is no kind of event "+e.Key, "one of "+strings.Join(kinds, ", ")+", or the name of a track event")
	}
	switch e.Value.Kind {
	case strategy.TreeNull:
		return out
	case strategy.TreeMap:
	default:
		r.problem(e.Value, path, "this is "+e.Value.Kind.String(), "mode, schema and description")
		return out
	}
	for i := range e.Value.Entries {
		k := &e.Value.Entries[i]
		switch k.Key {
		case "mode":
			out.Mode = r.mode(k.Value, path+".mode", Quarantine, Flag)
		case "description":
			out.Description = r.text(k.Value, path+".description")
		case "schema":
			c := &compiling{r: r, root: k.Value, defs: map[string]*schema{}}
			out.schema = c.compile(k.Value, path+".schema")
			if b, err := json.Marshal(plain(k.Value)); err == nil {
				out.Schema = string(b)
			}
			out.Properties = topLevel(out.schema)
		default:
			r.unknown(k, path+"."+k.Key, []string{"mode", "schema", "description"})
		}
	}
	return out
}

// topLevel lists the properties that a schema names itself.
func topLevel(s *schema) []Property {
	out := []Property{}
	const mostHops = 8 // references may go round
	for range mostHops {
		if s != nil && s.ref != nil && len(s.props) == 0 {
			s = s.ref
		}
	}
	if s == nil {
		return out
	}
	for _, p := range s.props {
		out = append(out, Property{Name: p.name, Types: typeList(p.schema.types), Required: slices.Contains(s.required, p.name)})
	}
	for _, name := range s.required {
		if !slices.ContainsFunc(out, func(p Property) bool { return p.Name == name }) {
			out = append(out, Property{Name: name, Types: []string{}, Required: true})
		}
	}
	return out
}

// plain turns a tree into values for encoding/json. Numbers keep their spelling where JSON allows it.
func plain(t *strategy.Tree) any {
	switch t.Kind {
	case strategy.TreeBool:
		return t.Bool
	case strategy.TreeNumber:
		return json.Number(numberText(t))
	case strategy.TreeText:
		return t.Text
	case strategy.TreeList:
		list := make([]any, len(t.Items))
		for i, item := range t.Items {
			list[i] = plain(item)
		}
		return list
	case strategy.TreeMap:
		m := make(map[string]any, len(t.Entries))
		for _, e := range t.Entries {
			m[e.Key] = plain(e.Value)
		}
		return m
	}
	return nil
}

// numberText is a number of a text as JSON writes it.
func numberText(t *strategy.Tree) string {
	if v, ok := event.ParseValue(t.Text); ok && v.Kind == event.Number {
		return t.Text
	}
	return strconv.FormatFloat(t.Number, 'g', -1, 64)
}
