package score

import (
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// stage is one compiled stage of the lifecycle.
type stage struct {
	name    string
	zh, en  string
	when    *segment.Program // nil: always
	text    string           // when, canonical
	dwell   int              // days a user stays at least
	allowed []string         // where a user may go from here; nil: anywhere
}

func compileStages(s *strategy.Strategy) ([]stage, error) {
	if len(s.Lifecycle.Stages) == 0 {
		return nil, fault.New(fault.Invalid, "the strategy has no lifecycle stages").WithHint("name a preset or list the stages under lifecycle")
	}
	schema := s.StageSchema()
	stages := make([]stage, len(s.Lifecycle.Stages))
	for i, d := range s.Lifecycle.Stages {
		g := stage{name: d.Name, zh: orElse(d.Zh, d.Name), en: orElse(d.En, d.Name), dwell: s.Lifecycle.Dwell[d.Name]}
		if to, listed := s.Lifecycle.Transitions[d.Name]; listed {
			g.allowed = append([]string{}, to...)
		}
		if d.When != "" {
			p, err := segment.Compile(d.When, schema)
			if err != nil {
				return nil, fault.Wrap(err, "stage %s", d.Name)
			}
			g.when, g.text = p, p.String()
		}
		stages[i] = g
	}
	if stages[len(stages)-1].when != nil {
		return nil, fault.New(fault.Invalid, "the last stage %q has a condition, so that some users would have no stage", stages[len(stages)-1].name).
			WithHint("leave out the condition of the last stage")
	}
	return stages, nil
}

// candidate is the place of the first stage whose condition holds: a function of the facts and asOf alone.
func (e *Engine) candidate(v *env) int {
	for i := range e.stages {
		if when := e.stages[i].when; when == nil || when.Bool(v) {
			return i
		}
	}
	return len(e.stages) - 1
}

// Why a settled stage is what it is.
const (
	SettledFirst   = "first"   // nothing was settled before: the candidate
	SettledStay    = "stay"    // the candidate is the settled stage
	SettledMove    = "move"    // the candidate was entered
	SettledDwell   = "dwell"   // the stage before is kept for its least number of days
	SettledBarred  = "barred"  // the stage before does not lead to the candidate
	SettledUnknown = "unknown" // the strategy has no such stage any more: the candidate
)

// Settled is a settled stage.
type Settled struct {
	Stage string
	Since zone.Day // 0 when not known
	Why   string
}

// settle applies dwell and allowed transitions to what was settled before. A move is dated to the day it is settled.
func (e *Engine) settle(st *profile.State, candidate string, day zone.Day) Settled {
	if st == nil || st.Stage == "" {
		return Settled{Stage: candidate, Why: SettledFirst}
	}
	from := e.stage(st.Stage)
	if from == nil {
		return Settled{Stage: candidate, Since: day, Why: SettledUnknown}
	}
	return settle(st.Stage, st.Since, candidate, day, from.dwell, from.allowed)
}

func settle(prev string, since zone.Day, candidate string, day zone.Day, dwell int, allowed []string) Settled {
	switch {
	case candidate == prev:
		return Settled{Stage: prev, Since: since, Why: SettledStay}
	case since != 0 && int(day-since) < dwell:
		return Settled{Stage: prev, Since: since, Why: SettledDwell}
	case allowed != nil && !slices.Contains(allowed, candidate):
		return Settled{Stage: prev, Since: since, Why: SettledBarred}
	}
	return Settled{Stage: candidate, Since: day, Why: SettledMove}
}

func (e *Engine) stage(name string) *stage {
	for i := range e.stages {
		if e.stages[i].name == name {
			return &e.stages[i]
		}
	}
	return nil
}
