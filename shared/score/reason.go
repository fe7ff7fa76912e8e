package score

import (
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/zone"
)

// Reason is one score with everything it follows from. Replay computes Value again from How, Inputs, Cuts, Conditions, AsOf and
// the rules of the zone alone; Text and Rule are for people.
type Reason struct {
	Score      string      `json:"score"` // one of the names, or a prefix with a name
	Value      string      `json:"value"`
	Text       Text        `json:"text"`
	How        How         `json:"how"`
	Inputs     []Input     `json:"inputs"`
	Cuts       []Input     `json:"cuts,omitempty"`       // the published cuts, or parameters of the model, that were used
	Conditions []Condition `json:"conditions,omitempty"` // the conditions of the strategy that were evaluated, in order
	Rule       *Rule       `json:"rule,omitempty"`       // what the parts of the conditions came to
	AsOf       int64       `json:"as_of"`                // unix milliseconds
	Zone       string      `json:"zone"`                 // the project's
}

// How names the computation that gave a value.
type How string

// The computations.
const (
	HowStages    How = "stages"    // the first of Conditions that holds names the value
	HowSettle    How = "settle"    // dwell and allowed transitions
	HowAtMost    How = "at_most"   // 5 − how many cuts the input exceeds
	HowExceeds   How = "exceeds"   // 1 + how many cuts the input exceeds
	HowGrid      How = "grid"      // the cell of the grid
	HowEight     How = "eight"     // near, frequent, valuable
	HowTier      How = "tier"      // the first tier whose least spend is reached
	HowEventTag  How = "event_tag" // set, not removed and not expired
	HowCondition How = "condition" // whether the only one of Conditions holds
	HowNothing   How = "nothing"   // there is no purchase, or there are no cuts
	HowPoints    How = "points"    // the sum of the Cuts whose Conditions hold, from 0 to 100
	HowAlive     How = "alive"     // the purchase model: P(alive)
	HowExpected  How = "expected"  // the purchase model: purchases within a horizon
	HowMoney     How = "money"     // the model of money: the value of a purchase
	HowLifetime  How = "lifetime"  // both: discounted value of the purchases to come
	HowChurn     How = "churn"     // the model of churn
	HowUnknown   How = "unknown"   // no model gives the score
)

// Text is a sentence for people in both languages of the console.
type Text struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// Input is one thing that was read. Values of conditions are literals of the condition language.
type Input struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type,omitempty"` // of metrics: number or string, for a value that is null
}

// Condition is a condition of the strategy, in canonical text; an empty one always holds.
type Condition struct {
	Name string `json:"name"`
	When string `json:"when"`
}

// Rule is a part of a condition with what it came to.
type Rule struct {
	Text     string `json:"text"`
	Value    string `json:"value"` // true or false
	Got      string `json:"got,omitempty"`
	Children []Rule `json:"children,omitempty"`
}

func treeOf(r segment.Reason) Rule {
	t := Rule{Text: r.Text, Value: strconv.FormatBool(r.Value), Got: r.Got}
	for _, c := range r.Children {
		t.Children = append(t.Children, treeOf(c))
	}
	return t
}

// addInputs adds what a condition reads, each thing once.
func addInputs(inputs []Input, p *segment.Program, v *env) []Input {
	for _, ref := range p.Refs() {
		in := Input{Name: ref.String()}
		if hasInput(inputs, in.Name) {
			continue
		}
		in.Value = v.Lookup(ref).String()
		if ref.Kind == segment.RefMetric {
			in.Type = ref.Type.String()
		}
		inputs = append(inputs, in)
	}
	return inputs
}

func hasInput(inputs []Input, name string) bool {
	for i := range inputs {
		if inputs[i].Name == name {
			return true
		}
	}
	return false
}

// shown lists inputs for a sentence: "orders = 3, recency_days = 12".
func shown(inputs []Input, z *zone.Zone) string {
	parts := make([]string, len(inputs))
	for i, in := range inputs {
		parts[i] = in.Name + " = " + shownValue(in.Value, z)
	}
	return strings.Join(parts, ", ")
}

// shownValue turns the literal of a moment into its day.
func shownValue(literal string, z *zone.Zone) string {
	if !strings.HasPrefix(literal, "time(") {
		return literal
	}
	ms, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(literal, "time("), ")"), 10, 64)
	if err != nil {
		return literal
	}
	return z.Day(ms).String()
}

func in(name string, n int64) Input { return Input{Name: name, Value: strconv.FormatInt(n, 10)} }

// FormatMoney formats minor units in major units, exactly and without the currency: 2345 cents are 23.45.
func FormatMoney(minor int64, currency string) string {
	sign, u := "", uint64(minor)
	if minor < 0 {
		sign, u = "-", -u
	}
	s, digits := strconv.FormatUint(u, 10), event.MinorDigits(currency)
	if digits > 0 {
		if missing := digits + 1 - len(s); missing > 0 {
			s = strings.Repeat("0", missing) + s
		}
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	return sign + s
}

// money formats minor units with the project's currency.
func (e *Engine) money(minor int64) string {
	return FormatMoney(minor, e.s.Currency) + " " + e.s.Currency
}
