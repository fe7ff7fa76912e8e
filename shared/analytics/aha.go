package analytics

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// AhaSupport is the least share of users who must do what a candidate asks for it to be ranked.
const AhaSupport = 0.05

// AhaCandidate is something that users may do early on: an event at least so often within so many days, the day on which the
// user was first seen being the first of them.
type AhaCandidate struct {
	Event   string `json:"event"` // the event of purchases, a declared event, or that of a counting metric without a filter; AnyEvent: active days
	AtLeast int    `json:"at_least"`
	Within  int    `json:"within_days"`
}

// String is the candidate for people who read code.
func (c AhaCandidate) String() string {
	return c.Event + " >= " + strconv.Itoa(c.AtLeast) + " within " + strconv.Itoa(c.Within) + " days"
}

// Aha asks which early behaviour goes along with staying: for every candidate the table of doing it against being active on day
// D or later, the first day being day 0. Only users for whom day D is complete count. What it finds are correlations, to be
// tested by an experiment before anything is built on them.
type Aha struct {
	schema     *profile.Schema
	candidates []ahaCandidate
	retained   int
	since      zone.Day
	asOf       int64
	users      int64
	unsure     int64 // users whose activity on day D or later is not known
}

type ahaCandidate struct {
	AhaCandidate
	source  ahaSource
	event   int // place among the declared events; -1: not declared
	metrics []int
	table   fourfold
	unknown int64
}

// ahaSource says where the facts keep a candidate's event.
type ahaSource uint8

const (
	fromCounts ahaSource = iota // the number, the first and the last time; counting metrics
	fromPurchases
	fromActive
)

// AhaRow is one candidate of the report.
type AhaRow struct {
	AhaCandidate
	Users     int64   `json:"users"`
	Did       int64   `json:"did"`
	Retained  int64   `json:"retained"` // of all users
	Both      int64   `json:"both"`     // did it and stayed
	Support   float64 `json:"support"`  // Did / Users
	Supported bool    `json:"supported"`
	Phi       float64 `json:"phi"`
	Precision float64 `json:"precision"` // of those who did, who stayed
	Recall    float64 `json:"recall"`    // of those who stayed, who did
	Lift      float64 `json:"lift"`      // Precision over the share of all who stayed; 0 when nobody stayed
	Gain      float64 `json:"gain"`      // who stayed of those who did, less of those who did not
	Low       float64 `json:"gain_low"`  // its 95 % interval (Newcombe)
	High      float64 `json:"gain_high"`
	P         float64 `json:"p"`          // chi-square, one degree of freedom
	Adjusted  float64 `json:"p_adjusted"` // for the number of ranked candidates (Benjamini–Hochberg); 1 when not ranked
}

// NewAha starts a report of users first seen on since or later: who stays until day retained, as of a moment (unix
// milliseconds). Invalid when a candidate's event is nowhere in the facts, or its days reach day retained.
func NewAha(st *strategy.Strategy, s *profile.Schema, candidates []AhaCandidate, retained int, since zone.Day, asOf int64) (*Aha, error) {
	a := &Aha{schema: s, retained: retained, since: since, asOf: asOf}
	for _, c := range candidates {
		if c.AtLeast < 1 || c.Within < 1 || c.Within > retained {
			return nil, fault.New(fault.Invalid, "the candidate %s is not before day %d", c, retained).
				WithHint("ask for at least 1 time within at least 1 day, and for staying at least as many days later")
		}
		place, err := locate(st, s, c)
		if err != nil {
			return nil, err
		}
		a.candidates = append(a.candidates, place)
	}
	return a, nil
}

// locate finds where the facts keep a candidate's event.
func locate(st *strategy.Strategy, s *profile.Schema, c AhaCandidate) (ahaCandidate, error) {
	out := ahaCandidate{AhaCandidate: c, event: slices.Index(s.Events(), c.Event)}
	switch c.Event {
	case purchaseEvent(st):
		out.source = fromPurchases
		return out, nil
	case profile.AnyEvent:
		out.source = fromActive
		return out, nil
	}
	for i, m := range st.Metrics {
		if m.Event == c.Event && m.Agg == strategy.AggCount && strings.TrimSpace(m.Where) == "" && len(m.Windows) > 0 {
			out.metrics = append(out.metrics, i)
		}
	}
	if out.event < 0 && out.metrics == nil {
		return out, fault.New(fault.Invalid, "profiles do not keep the event %q", c.Event).
			WithHint("declare it under events, or a metric with agg: count for it, and recompute the profiles")
	}
	return out, nil
}

func purchaseEvent(st *strategy.Strategy) string { return cmp.Or(st.Purchase.Event, "Order Completed") }

// AhaCandidates are the usual candidates of a strategy: purchases, active days, declared events and counted events, 1, 2, 3 and
// 5 times within 1, 3, 7 and 14 days, as far as the days lie before day retained.
func AhaCandidates(st *strategy.Strategy, retained int) []AhaCandidate {
	events := append([]string{purchaseEvent(st), profile.AnyEvent}, st.Events...)
	for _, m := range st.Metrics {
		if m.Agg == strategy.AggCount && strings.TrimSpace(m.Where) == "" && len(m.Windows) > 0 {
			events = append(events, m.Event)
		}
	}
	var out []AhaCandidate
	for i, event := range events {
		if slices.Contains(events[:i], event) {
			continue
		}
		for _, times := range []int{1, 2, 3, 5} {
			for _, days := range []int{1, 3, 7, 14} {
				always := event == profile.AnyEvent && (times == 1 || times > days) // everybody, or nobody
				if days <= retained && !always {
					out = append(out, AhaCandidate{event, times, days})
				}
			}
		}
	}
	return out
}

// Add adds one user; one who was first seen before since, or for whom day D is not complete, counts for nothing.
func (a *Aha) Add(f *profile.Facts) {
	if f.Events == 0 {
		return
	}
	first := a.schema.Day(f.FirstSeen)
	if first < a.since || first+zone.Day(a.retained) > a.schema.Day(a.asOf) {
		return
	}
	a.users++
	stayed, known := a.stayed(f, first)
	if !known {
		a.unsure++
		return
	}
	for i := range a.candidates {
		c := &a.candidates[i]
		did, known := a.did(c, f, first)
		switch {
		case !known:
			c.unknown++
		case did && stayed:
			c.table.both++
		case did:
			c.table.first++
		case stayed:
			c.table.second++
		default:
			c.table.neither++
		}
	}
}

// stayed reports whether the user was active on day D or later. It is not known when a later event has pushed that time out of
// the days that facts keep.
func (a *Aha) stayed(f *profile.Facts, first zone.Day) (stayed, known bool) {
	from, asOf := first+zone.Day(a.retained), a.schema.Day(a.asOf)
	if f.AsOfExact(a.asOf) {
		return a.schema.Day(f.LastSeen) >= from, true
	}
	for d := range f.Active.All() {
		if d <= asOf {
			return d >= from, true
		}
	}
	return false, f.Active.Newest-profile.DaysKept < from
}

// did reports whether the user did what the candidate asks, and whether the facts tell.
func (a *Aha) did(c *ahaCandidate, f *profile.Facts, first zone.Day) (did, known bool) {
	last := first + zone.Day(c.Within) - 1
	switch c.source {
	case fromPurchases:
		n := 0
		for _, p := range f.Purchases {
			if p.Day >= first && p.Day <= last {
				n += int(p.Orders)
			}
		}
		return n >= c.AtLeast, true
	case fromActive:
		return f.Active.Count(last, c.Within) >= c.AtLeast, f.Active.Newest-profile.DaysKept < first
	}
	return a.counted(c, f, first, last)
}

// counted: the first and the last time and the number settle most users; the days of a counting metric settle the others
// whose first days are still within its longest window.
func (a *Aha) counted(c *ahaCandidate, f *profile.Facts, first, last zone.Day) (did, known bool) {
	if c.event >= 0 {
		n := a.schema.Event(f, c.event)
		switch {
		case n.Count < int64(c.AtLeast) || a.schema.Day(n.First) > last:
			return false, true
		case c.AtLeast == 1 || a.schema.Day(n.Last) <= last:
			return true, true
		case c.AtLeast == 2 && n.Count == 2:
			return false, true // the second time is the last, and later
		}
	}
	for _, m := range c.metrics {
		windows := a.schema.MetricWindows(m)
		if keep := windows[len(windows)-1]; c.Within <= keep && int(a.schema.Day(f.LastSeen)-first) < keep {
			return a.schema.Window(f, m, c.Within, last).Value >= int64(c.AtLeast), true
		}
	}
	return false, false
}

// Report ranks the candidates: those with enough support by phi, the others after them in the order given. Invalid, naming the
// candidates, when for some users the facts do not tell whether they did it or stayed: leaving these users out would bias the
// answer.
func (a *Aha) Report() ([]AhaRow, error) {
	if a.unsure > 0 {
		return nil, fault.New(fault.Invalid, "of %d users %d have events so much later that the profiles no longer tell who stayed until day %d", a.users, a.unsure, a.retained).
			WithHint("ask as of the last event, or fold the users' events up to the moment again")
	}
	rows := make([]AhaRow, len(a.candidates))
	var p []float64
	for i := range a.candidates {
		c := &a.candidates[i]
		if c.unknown > 0 {
			return nil, a.cannotTell()
		}
		rows[i] = c.row()
		if rows[i].Supported {
			p = append(p, rows[i].P)
		}
	}
	adjusted := benjaminiHochberg(p)
	for i := range rows {
		if rows[i].Supported {
			rows[i].Adjusted, adjusted = adjusted[0], adjusted[1:]
		}
	}
	slices.SortStableFunc(rows, func(x, y AhaRow) int {
		switch {
		case x.Supported != y.Supported:
			if x.Supported {
				return -1
			}
			return 1
		case !x.Supported || x.Phi == y.Phi:
			return 0
		case x.Phi > y.Phi:
			return -1
		}
		return 1
	})
	return rows, nil
}

// DropUntold takes the candidates out of the report that the facts do not tell for every user, and returns them.
func (a *Aha) DropUntold() []AhaCandidate {
	var untold []AhaCandidate
	a.candidates = slices.DeleteFunc(a.candidates, func(c ahaCandidate) bool {
		if c.unknown > 0 {
			untold = append(untold, c.AhaCandidate)
		}
		return c.unknown > 0
	})
	return untold
}

func (a *Aha) cannotTell() error {
	var names []string
	for i := range a.candidates {
		if c := &a.candidates[i]; c.unknown > 0 {
			names = append(names, c.String()+" ("+itoa(c.unknown)+" of "+itoa(a.users)+" users)")
		}
	}
	return fault.New(fault.Invalid, "profiles do not tell who did this: %s", strings.Join(names, "; ")).
		WithHint("they keep the first and the last time and the number of a declared event, and its days in a counting metric's longest window before the user's last event: ask for 1 time, for users first seen later, or declare a longer window")
}

func (c *ahaCandidate) row() AhaRow {
	t := c.table
	did, stayed, n := t.both+t.first, t.both+t.second, t.n()
	r := AhaRow{AhaCandidate: c.AhaCandidate, Users: n, Did: did, Retained: stayed, Both: t.both, Support: share(did, n), Adjusted: 1}
	r.Supported = n > 0 && r.Support >= AhaSupport
	r.Phi, r.P = t.phi(), t.p()
	r.Precision, r.Recall = share(t.both, did), share(t.both, stayed)
	if stayed > 0 {
		r.Lift = r.Precision / share(stayed, n)
	}
	r.Gain = r.Precision - share(t.second, n-did)
	r.Low, r.High = newcombe(t.both, did, t.second, n-did)
	return r
}

// CSV writes the ranked report.
func (a *Aha) CSV(w io.Writer) error {
	rows, err := a.Report()
	if err != nil {
		return err
	}
	t := newTable(w, "event", "at_least", "within_days", "users", "did", "retained", "both", "support", "phi", "precision", "recall", "lift", "gain", "gain_low", "gain_high", "p", "p_adjusted")
	for _, r := range rows {
		t.row(quoteCSV(r.Event), strconv.Itoa(r.AtLeast), strconv.Itoa(r.Within), itoa(r.Users), itoa(r.Did), itoa(r.Retained), itoa(r.Both), ftoa(r.Support), ftoa(r.Phi),
			ftoa(r.Precision), ftoa(r.Recall), ftoa(r.Lift), ftoa(r.Gain), ftoa(r.Low), ftoa(r.High), ftoa(r.P), ftoa(r.Adjusted))
	}
	return t.flush()
}

// quoteCSV quotes a cell that needs it; one that a spreadsheet would take for a formula is quoted as text.
func quoteCSV(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	if strings.ContainsAny(s, ",\"\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}
