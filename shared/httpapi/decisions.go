package httpapi

import (
	"encoding/json"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/journey"
)

// decisionOf reads a stored decision record.
func decisionOf(d app.Decision) (gen.Decision, error) {
	var r journey.Record
	if err := json.Unmarshal(d.Record, &r); err != nil {
		return gen.Decision{}, fault.New(fault.Internal, "the decision %d of %s cannot be read", d.Seq, d.Key).Because(err)
	}
	out := gen.Decision{
		Seq: d.Seq, AsOf: moment(d.AsOf), Baseline: r.Baseline, Why: text(r.Why), StrategyVersion: text(r.Strategy),
		CutsVersion: text(r.Cuts), ModelVersion: text(r.Model), Transitions: []gen.Transition{}, Messages: list(r.Messages),
		Record: json.RawMessage(d.Record),
	}
	for _, t := range r.Transitions {
		out.Transitions = append(out.Transitions, gen.Transition{What: t.What, From: t.From, To: t.To, Reasons: some(reasons(t.Reasons))})
	}
	return out, nil
}
