package score

import (
	"encoding/json"
	"math"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// With returns the same compiled strategy that scores with models; nil: without. The models must be sealed, and fit the
// strategy (FitsModels). Its errors name the parameter that is missing or is no number a fit gives.
func (e *Engine) With(m *Models) (*Engine, error) {
	with := *e
	with.fitted = nil
	if m == nil {
		return &with, nil
	}
	if !e.FitsModels(m) {
		return nil, fault.New(fault.Conflict, "the models %s were fitted under other settings than the strategy's", m.Version).
			WithHint("fit models under this strategy; the zone, the currency, purchase, refund, activity and churn.horizon_days must be the same")
	}
	var err error
	if with.fitted, err = compileModels(m); err != nil {
		return nil, fault.Wrap(err, "the models %s", m.Version)
	}
	if m.Version != m.hash() {
		return nil, fault.New(fault.Invalid, "the models say version %q but their content is version %q", m.Version, m.hash()).
			WithHint("models are immutable: seal new ones (Sealed) instead of editing them")
	}
	return &with, nil
}

// Models returns the models that scores depend on, nil without. They must not be changed.
func (e *Engine) Models() *Models {
	if e.fitted == nil {
		return nil
	}
	return e.fitted.models
}

// FitsModels reports whether models were fitted under settings equal to the strategy's: then their scores mean what it says.
func (e *Engine) FitsModels(m *Models) bool { return m != nil && m.Basis == e.ModelBasis() }

// ModelBasis is a hash of the settings that models follow from: what is a purchase, what is a sign of life, the project's zone
// and currency, and the horizon of churn where the strategy sets one.
func (e *Engine) ModelBasis() string {
	s := e.s
	basis := struct {
		Currency string
		Zone     string
		Purchase strategy.Purchase
		Refund   strategy.Refund
		Activity strategy.Activity
		Events   []string `json:",omitempty"`
		Horizon  int
	}{s.Currency, s.Zone, s.Purchase, s.Refund, s.Activity, nil, s.Churn.Horizon}
	if s.Activity.Of == profile.ActivityEvents {
		basis.Events = s.Events
	}
	b, err := json.Marshal(basis)
	if err != nil { // texts and numbers always marshal
		panic(err)
	}
	return shortHash(b)
}

// SilenceLimit is the number of days of silence from which the strategy calls a user churned.
func (e *Engine) SilenceLimit() int { return e.limit }

// silenceLimit is the number of days of silence from which a strategy calls a user churned: that of its preset, else the
// longest silence that divides the stages of its lifecycle, else the horizon of churn.
func silenceLimit(s *strategy.Strategy, stages []stage) int {
	if s.Lifecycle.Preset != strategy.PresetCustom && s.Lifecycle.Thresholds.Churned > 0 {
		return s.Lifecycle.Thresholds.Churned
	}
	longest := 0
	for i := range stages {
		if stages[i].when != nil {
			longest = max(longest, silenceIn(stages[i].when.Tree()))
		}
	}
	if longest > 0 {
		return longest
	}
	return s.ChurnHorizon()
}

// silenceIn is the longest silence that divides a condition: the largest number of days that the days of silence are compared
// with, as the first on the far side. It is 0 when there is none.
func silenceIn(n *segment.Node) int {
	limit := 0
	for _, arg := range n.Args {
		limit = max(limit, silenceIn(arg))
	}
	switch n.Op {
	case segment.OpLt, segment.OpLe, segment.OpGt, segment.OpGe:
	default:
		return limit
	}
	days, op := n.Args[1], n.Op
	if silent(days) { // 30 < silence_days
		days, op = n.Args[0], map[segment.Op]segment.Op{
			segment.OpLt: segment.OpGt, segment.OpLe: segment.OpGe, segment.OpGt: segment.OpLt, segment.OpGe: segment.OpLe,
		}[op]
	} else if !silent(n.Args[0]) {
		return limit
	}
	if days.Op != segment.OpNumber {
		return limit
	}
	first := int(math.Ceil(min(max(days.Num, 0), strategy.MaxChurnHorizon)))
	if (op == segment.OpLe || op == segment.OpGt) && float64(first) == days.Num {
		first++
	}
	return max(limit, first)
}

func silent(n *segment.Node) bool {
	if n.Op != segment.OpRef || n.Ref.Kind != segment.RefField {
		return false
	}
	return n.Ref.Field() == segment.FieldSilenceDays || n.Ref.Field() == segment.FieldRecencyDays
}
