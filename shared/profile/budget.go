package profile

// BudgetLine is the share of one part of a profile in an item, in bytes.
type BudgetLine struct {
	Part    string `json:"part"` // "metric", "events", "traits" …
	Name    string `json:"name"` // of the metric; "" for other parts
	Typical int    `json:"typical"`
	Max     int    `json:"max"` // for a user who is active every day; 0: has no bound but the limits of a profile
}

// A typical user of the budget: days with any event, and how many of them within a window have data of one metric.
const (
	typicalActive   = 25 // of the last 120 days
	typicalSpan     = 120
	typicalPurchase = 8
	typicalTraits   = 12
	typicalRecent   = 9
	typicalState    = 90
)

// Budget estimates the bytes that each metric and each other part of a profile takes of an item: for a typical user (40
// events on 25 of 120 days, 8 of them purchases, 12 traits) and at most.
func (s *Schema) Budget() []BudgetLine {
	lines := []BudgetLine{
		{Part: "item", Typical: ItemSize("u_1234567890", nil, nil, nil, 1), Max: ItemSize(string(make([]byte, 256)), nil, nil, nil, 4)},
		{Part: "seen and active days", Typical: 16 + typicalSpan/8, Max: 16 + DaysKept/8},
		{Part: "purchases", Typical: typicalPurchase * (3 + 7), Max: MaxPurchaseDays * (6 + 7)},
		{Part: "traits", Typical: typicalTraits*10 + 3*13, Max: 0},
		{Part: "recent events", Typical: typicalRecent*8 + typicalRecent, Max: 0},
		{Part: "state", Typical: typicalState, Max: 0},
	}
	if n := len(s.events); n > 0 {
		lines = append(lines, BudgetLine{Part: "declared events", Typical: n * (keyBytes + 1 + 5 + 5), Max: n * (keyBytes + 10 + 6 + 6)})
	}
	if n := len(s.tags); n > 0 {
		lines = append(lines, BudgetLine{Part: "event tags", Typical: n * 20, Max: n * (2*MaxTraitName + 24)})
	}
	seen := map[int]bool{}
	for _, d := range s.declared {
		line := BudgetLine{Part: "metric", Name: d.name}
		if !seen[d.stored] { // a metric of equal definition takes nothing
			line.Typical, line.Max = s.metrics[d.stored].bytes()
		}
		seen[d.stored] = true
		lines = append(lines, line)
	}
	return lines
}

// bytes estimates the encoded size of a metric.
func (m *metric) bytes() (typical, most int) {
	const head = keyBytes + 2
	if m.keep == 0 {
		return head + 5, head + 12
	}
	days := max(1, typicalActive*min(m.keep, typicalSpan)/typicalSpan/3)
	switch m.agg {
	case Count:
		return head + typicalActive/8 + days, head + m.keep/8 + 2*m.keep
	case Sum:
		return head + typicalActive/8 + 2*days, head + m.keep/8 + 9*m.keep
	case Times:
		const moment = 5 + 2 // milliseconds since the event before, and its ID
		return head + 2 + 5 + moment*min(2*days, TimesKept), head + 2 + 6 + 9*TimesKept
	case First:
		return head + typicalActive/8 + (2+4)*days, head + m.keep/8 + (9+5)*m.keep
	case Last:
		return head + 1 + 2 + 4, head + 3 + 9 + 5
	case Distinct:
		return head + days + 4*min(2*days, DistinctExact), head + m.keep/8 + 4*distinctKept*6
	}
	return head + 2 + 3*2, head + m.keep/8 + 9*m.keep
}
