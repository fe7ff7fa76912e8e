package strategy

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/segment"
)

func (c *checker) lifecycle() {
	l := &c.s.Lifecycle
	c.oneOf("lifecycle.preset", l.Preset, PresetCommerce, PresetGrowth, PresetCustom)
	c.thresholds(l)
	c.limit("lifecycle.stages", len(l.Stages), MaxStages)
	if l.Preset == PresetCustom && len(l.Stages) == 0 {
		c.problem("lifecycle.stages", "no stage", "at least one stage beside preset: custom")
	}
	seen, schema := map[string]string{}, c.s.StageSchema()
	for i, stage := range l.Stages {
		path := fmt.Sprintf("lifecycle.stages[%d]", i)
		c.label(path+".name", stage.Name)
		c.unique(seen, path+".name", stage.Name)
		switch last := i == len(l.Stages)-1; {
		case last && stage.When != "":
			c.problem(path+".when", "the last stage has a condition", "no condition: the last stage holds everybody else")
		case !last && stage.When == "":
			c.problem(path+".when", "the condition is missing", "a condition; only the last stage has none")
		case !last && l.Preset == PresetCustom:
			c.condition(path+".when", stage.When, schema)
		}
	}
	c.moves(l)
}

// thresholds checks the numbers of the presets that the file gives.
func (c *checker) thresholds(l *Lifecycle) {
	t := &l.Thresholds
	used := map[string][]string{
		PresetCommerce: {"silent_days", "churned_days"},
		PresetGrowth:   {"silent_days", "churned_days", "window_days", "mature", "growing", "core_metric"},
	}[l.Preset]
	for _, v := range []struct {
		key   string
		value int
	}{{"silent_days", t.Silent}, {"churned_days", t.Churned}, {"window_days", t.Window}, {"mature", t.Mature}, {"growing", t.Growing}} {
		path := "lifecycle.thresholds." + v.key
		if v.value == 0 || !c.given(path) {
			continue
		}
		if !slices.Contains(used, v.key) {
			c.problem(path, "the preset "+l.Preset+" does not use it", "one of "+strings.Join(used, ", "))
		} else if v.value < 1 || v.value > 3650 {
			c.problem(path, strconv.Itoa(v.value), "a whole number from 1 to 3650, or 0 for the default")
		}
	}
	if len(used) == 0 {
		return
	}
	if t.Churned <= t.Silent {
		c.problem("lifecycle.thresholds.churned_days", fmt.Sprintf("churned (%d days) is not later than silent (%d days)", t.Churned, t.Silent), "more than "+strconv.Itoa(t.Silent))
	}
	if l.Preset == PresetGrowth && t.Mature <= t.Growing {
		c.problem("lifecycle.thresholds.mature", fmt.Sprintf("mature (%d) is not more than growing (%d)", t.Mature, t.Growing), "more than "+strconv.Itoa(t.Growing))
	}
	c.coreMetric(l)
}

func (c *checker) coreMetric(l *Lifecycle) {
	const path = "lifecycle.thresholds.core_metric"
	if l.Preset != PresetGrowth {
		if l.Thresholds.Core != "" {
			c.problem(path, "the preset "+l.Preset+" does not use it", "preset: growth")
		}
		return
	}
	if l.Thresholds.Core == "" {
		return
	}
	var names []string
	for _, m := range c.s.Metrics {
		names = append(names, m.Name)
		if m.Name != l.Thresholds.Core {
			continue
		}
		if m.Agg != AggCount && m.Agg != AggSum && m.Agg != AggDistinct {
			c.problem(path, "the metric "+m.Name+" counts nothing", "a metric with agg: count, sum or distinct")
		}
		if !slices.Contains(m.Windows, l.Thresholds.Window) {
			c.problem(path, fmt.Sprintf("the metric %s keeps no window of %d days", m.Name, l.Thresholds.Window), "window_days among the metric's windows")
		}
	}
	c.reference(path, "metric", l.Thresholds.Core, names)
}

// moves checks dwell days and transitions.
func (c *checker) moves(l *Lifecycle) {
	names := c.s.StageNames()
	for _, name := range sortedKeys(l.Dwell) {
		path := "lifecycle.dwell_days." + name
		c.reference(path, "stage", name, names)
		if days := l.Dwell[name]; days < 0 || days > 3650 {
			c.problem(path, fmt.Sprintf("%d days", days), "0 to 3650")
		}
	}
	for _, from := range sortedKeys(l.Transitions) {
		path := "lifecycle.transitions." + from
		c.reference(path, "stage", from, names)
		seen := map[string]string{}
		for i, to := range l.Transitions[from] {
			at := fmt.Sprintf("%s[%d]", path, i)
			c.reference(at, "stage", to, names)
			c.unique(seen, at, to)
			if to == from {
				c.problem(at, "a stage that leads to itself", "the stages that may follow "+from)
			}
		}
	}
}

// reference demands a known name.
func (c *checker) reference(path, what, name string, known []string) {
	if slices.Contains(known, name) {
		return
	}
	message := "there is no " + what + " " + shorten(name)
	if name == "" {
		message = "the " + what + " is missing"
	} else if near := segment.Nearest(name, known); near != "" {
		message += ", did you mean " + near + "?"
	}
	expected := "a " + what + " of this file"
	if len(known) > 0 && len(known) <= 12 {
		expected = "one of " + strings.Join(known, ", ")
	}
	c.problem(path, message, expected)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func (c *checker) tags() {
	c.limit("tags", len(c.s.Tags), MaxTags)
	names, conditions := make([]string, len(c.s.Tags)), make([]string, len(c.s.Tags))
	for i, t := range c.s.Tags {
		names[i], conditions[i] = t.Name, t.When
	}
	events := map[string]bool{}
	for _, t := range c.s.EventTags {
		events[t.Tag] = true
	}
	for i, name := range names {
		if events[name] {
			c.problem(fmt.Sprintf("tags[%d].name", i), shorten(name)+" is also set by event_tags", "a tag that either a condition or events give")
		}
	}
	c.audiences("tags", names, conditions, c.s.TagSchema(), segment.RefTag)
}

func (c *checker) segments() {
	c.limit("segments", len(c.s.Segments), MaxSegments)
	names, conditions := make([]string, len(c.s.Segments)), make([]string, len(c.s.Segments))
	for i, g := range c.s.Segments {
		names[i], conditions[i] = g.Name, g.When
	}
	c.audiences("segments", names, conditions, c.s.SegmentSchema(), segment.RefSegment)
}

// audiences checks a list of named conditions that may refer to one another, without cycles.
func (c *checker) audiences(list string, names, conditions []string, schema *segment.Schema, kind segment.RefKind) {
	seen := map[string]string{}
	for i, name := range names {
		path := fmt.Sprintf("%s[%d]", list, i)
		c.label(path+".name", name)
		c.unique(seen, path+".name", name)
		if strings.TrimSpace(conditions[i]) == "" {
			c.problem(path+".when", "the condition is missing", "a condition such as orders >= 3")
		} else {
			c.condition(path+".when", conditions[i], schema)
		}
	}
	if cycle := findCycle(names, conditions, schema, kind); cycle != nil {
		path := fmt.Sprintf("%s[%d].when", list, cycle[0])
		shown := make([]string, len(cycle))
		for i, at := range cycle {
			shown[i] = names[at]
		}
		c.problem(path, "a cycle: "+strings.Join(shown, " → "), "conditions that do not lead back to themselves")
	}
}

// findCycle returns the first cycle among conditions that name one another, as indexes of which the last repeats the first;
// nil when there is none.
func findCycle(names, conditions []string, schema *segment.Schema, kind segment.RefKind) (cycle []int) {
	index := make(map[string]int, len(names))
	for i := len(names) - 1; i >= 0; i-- {
		index[names[i]] = i
	}
	done, path := make([]bool, len(names)), []int{}
	var visit func(i int)
	visit = func(i int) {
		if from := slices.Index(path, i); from >= 0 {
			cycle = append(slices.Clone(path[from:]), i)
		}
		if done[i] || cycle != nil {
			return
		}
		path = append(path, i)
		if p, err := segment.Compile(conditions[i], schema); err == nil {
			for _, r := range p.Refs() {
				if j, ok := index[r.Name]; ok && r.Kind == kind && cycle == nil {
					visit(j)
				}
			}
		}
		path, done[i] = path[:len(path)-1], true
	}
	for i := range names {
		visit(i)
	}
	return cycle
}
