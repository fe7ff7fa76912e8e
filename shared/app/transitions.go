package app

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// What the moves of users between two moments are told of.
const (
	// TransitionsSettled: the settled stage, from the decision records: what Weir acted on. "" stands for users about whom nothing
	// was decided yet.
	TransitionsSettled = "settled"
	// TransitionsCandidate: the stage that the facts alone ask for, by folding the kept events up to each moment, under the
	// strategy of today. "" stands for users who had not come yet.
	TransitionsCandidate = "candidate"
	// TransitionsInterval: the interval lifecycle of the period that ends at each moment, as long as the moments are apart: see
	// the Interval constants. "" stands for users who had not been active yet.
	TransitionsInterval = "interval"
)

// The interval lifecycle: of users active in the period, and of those who are not.
const (
	IntervalNew         = "new"         // active now, never before
	IntervalRetained    = "retained"    // active now and in the period before
	IntervalResurrected = "resurrected" // active now, not in the period before, but earlier
	IntervalDormant     = "dormant"     // active in the period before, not now
	IntervalInactive    = "inactive"    // active earlier, in neither period
)

// Transitions is how users moved between two moments.
type Transitions struct {
	Kind   string           `json:"kind"`
	From   int64            `json:"from"` // unix milliseconds
	To     int64            `json:"to"`
	States []TransitionSide `json:"states"` // in the order of the strategy; "" first, former stages last
	Moves  []Transition     `json:"moves"`  // by the order of States; pairs without users are left out
	Users  int64            `json:"users"`
	// Undecided counts the users who had come by To, but about whom nothing was decided at either moment: they are in no cell.
	Undecided int64 `json:"undecided"`
}

// TransitionSide is one state with its users at both moments.
type TransitionSide struct {
	Name   string `json:"name"`
	Zh     string `json:"zh"` // labels; "" shows the name
	En     string `json:"en"`
	Before int64  `json:"before"` // users at From
	After  int64  `json:"after"`  // users at To
}

// Transition is one cell of the matrix.
type Transition struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Users   int64  `json:"users"`
	Revenue int64  `json:"revenue_minor"` // net of the purchases from the day after From up to the day of To
	Spend   int64  `json:"spend_minor"`   // net of all up to the day of To
}

// Transitions returns how users moved between two moments, each user counted once. Refunds that became known later are taken
// off the day of their order. Errors: Invalid when from is not before to.
func (a *App) Transitions(ctx context.Context, from, to int64, kind string) (*Transitions, error) {
	asOf, err := a.AsOf(ctx, to)
	if err != nil {
		return nil, err
	}
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	m := &moving{app: a, live: live, from: from, to: asOf, fromDay: live.Zone.Day(from), toDay: live.Zone.Day(asOf), cells: map[[2]string]*Transition{}}
	if m.fromDay >= m.toDay {
		return nil, fault.New(fault.Invalid, "the moves from %s to %s", m.fromDay, m.toDay).WithHint("give a day before the last one")
	}
	switch kind {
	case "", TransitionsSettled:
		kind = TransitionsSettled
		err = m.settled(ctx)
	case TransitionsCandidate:
		err = m.candidates(ctx)
	case TransitionsInterval:
		err = m.intervals(ctx)
	default:
		err = fault.New(fault.Invalid, "there are no transitions %q", kind).WithHint("use settled, candidate or interval")
	}
	if err != nil {
		return nil, err
	}
	return m.finish(kind), nil
}

// moving collects the matrix.
type moving struct {
	app            *App
	live           *Live
	from, to       int64
	fromDay, toDay zone.Day
	cells          map[[2]string]*Transition
	undecided      int64
}

// add counts a user; one who was nowhere before and after is none of the matrix.
func (m *moving) add(before, after string, f *profile.Facts) {
	if before == "" && after == "" {
		if f.FirstSeen <= m.to {
			m.undecided++
		}
		return
	}
	c := m.cells[[2]string{before, after}]
	if c == nil {
		c = &Transition{From: before, To: after}
		m.cells[[2]string{before, after}] = c
	}
	c.Users++
	_, _, revenue := f.PurchasesIn(m.toDay, int(m.toDay-m.fromDay))
	c.Revenue += revenue
	c.Spend += f.Spend(m.toDay)
}

// settled reads the stage of each moment from STATE where nothing was decided since, else from the decision records.
func (m *moving) settled(ctx context.Context) error {
	return m.app.throughTime(ctx, m.live, nil, math.MaxUint64, nil, func(u *then) error {
		after, err := m.app.settledAt(ctx, u, m.to)
		if err != nil {
			return err
		}
		before, err := m.app.settledAt(ctx, u, m.from)
		if err != nil {
			return err
		}
		m.add(before, after, u.now)
		return nil
	})
}

// settledAt is the stage that was settled at a moment; "" when nothing was decided yet.
func (a *App) settledAt(ctx context.Context, u *then, moment int64) (string, error) {
	switch {
	case u.state.Stage == "":
		return "", nil
	case u.state.SinceMs <= moment:
		return u.state.Stage, nil
	case u.state.From == "":
		return "", nil // it was the first
	}
	for limit := 8; ; limit *= 8 {
		records, err := a.ports.Profiles.Decisions(ctx, u.key, limit)
		if err != nil {
			return "", fault.Wrap(err, "read the decisions of %s", u.key)
		}
		for _, d := range records {
			if d.AsOf > moment {
				continue
			}
			var r journey.Record
			if err := json.Unmarshal(d.Record, &r); err != nil {
				return "", fault.New(fault.Internal, "decision %d of %s cannot be read", d.Seq, u.key).Because(err)
			}
			return r.State.Stage, nil
		}
		if len(records) < limit {
			return "", nil
		}
	}
}

// candidates folds the kept events up to each moment.
func (m *moving) candidates(ctx context.Context) error {
	before, _, err := m.app.cutsAt(ctx, m.from)
	if err != nil {
		return err
	}
	after, _, err := m.app.cutsAt(ctx, m.to)
	if err != nil {
		return err
	}
	var r score.Result
	candidate := func(l *Live, f *profile.Facts, key string, at int64) string {
		if f.Events == 0 || f.FirstSeen > at {
			return ""
		}
		l.Engine.Score(key, f, nil, l.Cuts, at, &r)
		return r.Candidate
	}
	return m.app.throughTime(ctx, m.live, []int64{m.from, m.to}, math.MaxUint64, nil, func(u *then) error {
		m.add(candidate(before, u.at[0], u.key, m.from), candidate(after, u.at[1], u.key, m.to), u.now)
		return nil
	})
}

// intervals reads active days: those of purchases from the profile, those of any event up to the moment from the kept events,
// for a profile forgets them after about 400 days.
func (m *moving) intervals(ctx context.Context) error {
	var moments []int64
	if activityOf(m.live) == analytics.AnyEvent {
		moments = []int64{m.to}
	}
	length := m.toDay - m.fromDay
	return m.app.throughTime(ctx, m.live, moments, math.MaxUint64, nil, func(u *then) error {
		f := u.now
		if len(u.at) > 0 {
			f = u.at[0]
		}
		days := activeDays(m.live, f)
		m.add(intervalState(days, m.fromDay, length), intervalState(days, m.toDay, length), u.now)
		return nil
	})
}

// activeDays are the days of the signs of life, ascending.
func activeDays(l *Live, f *profile.Facts) []zone.Day {
	var days []zone.Day
	if activityOf(l) == analytics.AnyEvent {
		days = slices.Collect(f.Active.All())
		slices.Reverse(days)
		return days
	}
	for d := range f.PurchaseDays(math.MaxInt32) {
		days = append(days, d.Day)
	}
	return days
}

// intervalState is the interval lifecycle of the period of so many days that ends with a day.
func intervalState(days []zone.Day, end, length zone.Day) string {
	var now, before, earlier bool
	for _, d := range days {
		switch {
		case d > end:
		case d > end-length:
			now = true
		case d > end-2*length:
			before = true
		default:
			earlier = true
		}
	}
	switch {
	case now && before:
		return IntervalRetained
	case now && earlier:
		return IntervalResurrected
	case now:
		return IntervalNew
	case before:
		return IntervalDormant
	case earlier:
		return IntervalInactive
	}
	return ""
}

// finish puts the cells in order.
func (m *moving) finish(kind string) *Transitions {
	t := &Transitions{Kind: kind, From: m.from, To: m.to, States: []TransitionSide{{}}, Moves: []Transition{}}
	if kind == TransitionsSettled {
		t.Undecided = m.undecided
	}
	if kind == TransitionsInterval {
		t.States = append(t.States, intervalSides...)
	} else {
		for _, s := range m.live.Engine.Strategy().Lifecycle.Stages {
			t.States = append(t.States, TransitionSide{Name: s.Name, Zh: s.Zh, En: s.En})
		}
	}
	place := func(name string) int {
		return slices.IndexFunc(t.States, func(s TransitionSide) bool { return s.Name == name })
	}
	var former []string // stages of strategies before
	for _, c := range m.cells {
		for _, name := range []string{c.From, c.To} {
			if place(name) < 0 && !slices.Contains(former, name) {
				former = append(former, name)
			}
		}
		t.Moves = append(t.Moves, *c)
	}
	slices.Sort(former)
	for _, name := range former {
		t.States = append(t.States, TransitionSide{Name: name})
	}
	slices.SortFunc(t.Moves, func(x, y Transition) int {
		return cmp.Or(cmp.Compare(place(x.From), place(y.From)), cmp.Compare(place(x.To), place(y.To)))
	})
	for _, c := range t.Moves {
		t.Users += c.Users
		t.States[place(c.From)].Before += c.Users
		t.States[place(c.To)].After += c.Users
	}
	return t
}

var intervalSides = []TransitionSide{
	{Name: IntervalNew, Zh: "新增", En: "New"}, {Name: IntervalRetained, Zh: "留存", En: "Retained"},
	{Name: IntervalResurrected, Zh: "回流", En: "Resurrected"}, {Name: IntervalDormant, Zh: "沉睡", En: "Dormant"},
	{Name: IntervalInactive, Zh: "未活跃", En: "Inactive"},
}
