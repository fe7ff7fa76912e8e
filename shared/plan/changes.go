package plan

import (
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/strategy"
)

// Changes lists what differs in meaning between two plans, by event. From is "" for what is new, To for what is gone.
func Changes(before, after *Plan) []strategy.Change {
	out := []strategy.Change{}
	add := func(path, from, to string) {
		if from != to {
			out = append(out, strategy.Change{Path: path, From: from, To: to})
		}
	}
	add("name", before.Name, after.Name)
	add("unplanned", string(before.Unplanned), string(after.Unplanned))
	var names []string
	for _, p := range []*Plan{before, after} {
		for _, e := range p.Events {
			names = append(names, e.Name)
		}
	}
	slices.SortFunc(names, strings.Compare)
	for _, name := range slices.Compact(names) {
		x, was := before.Event(name)
		y, is := after.Event(name)
		path := "events." + name
		switch {
		case !was:
			add(path, "", y.summary())
		case !is:
			add(path, x.summary(), "")
		default:
			add(path+".mode", string(x.Mode), string(y.Mode))
			add(path+".description", x.Description, y.Description)
			add(path+".schema", x.Schema, y.Schema)
		}
	}
	return out
}

func (e *Event) summary() string {
	if e.Schema == "" {
		return string(e.Mode)
	}
	return string(e.Mode) + " " + e.Schema
}
