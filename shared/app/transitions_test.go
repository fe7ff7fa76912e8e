package app_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

func (b *base) transitions(from, to, kind string) *app.Transitions {
	b.t.Helper()
	moves, err := b.app.Transitions(ctx, at(from), at(to), kind)
	if err != nil {
		b.t.Fatal(err)
	}
	before, after, users := int64(0), int64(0), int64(0)
	for _, s := range moves.States {
		before, after = before+s.Before, after+s.After
	}
	for _, c := range moves.Moves {
		users += c.Users
	}
	if before != moves.Users || after != moves.Users || users != moves.Users {
		b.t.Errorf("%s: %d users, %d before, %d after, %d in the cells", kind, moves.Users, before, after, users)
	}
	return moves
}

// text lists the cells as "from>to users revenue".
func text(moves *app.Transitions) string {
	var out []string
	for _, c := range moves.Moves {
		out = append(out, fmt.Sprintf("%s>%s %d %d", c.From, c.To, c.Users, c.Revenue))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// The candidate moves of the sample are those between the two bases, scored one after the other.
func TestCandidateTransitions(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	const from, to = "1997-03-10T00:00:00Z", "1998-01-31T00:00:00Z"
	moves := b.transitions(from, to, app.TransitionsCandidate)
	before, after := b.base(from), b.base(to)
	want := map[string]*app.Transition{}
	for _, r := range after.Users {
		c := app.Transition{To: r.Candidate}
		spent := int64(0)
		if old, ok := before.Find(r.Key); ok {
			c.From, spent = old.Candidate, old.Spend
		}
		name := c.From + ">" + c.To
		if want[name] == nil {
			want[name] = &c
		}
		want[name].Users++
		want[name].Revenue += r.Spend - spent
		want[name].Spend += r.Spend
	}
	for _, c := range moves.Moves {
		if w := want[c.From+">"+c.To]; w == nil || *w != c {
			t.Errorf("%+v, want %+v", c, w)
		}
		delete(want, c.From+">"+c.To)
	}
	if len(want) != 0 || moves.Users != 2357 {
		t.Errorf("%d cells are missing of %d users", len(want), moves.Users)
	}
}

// The interval lifecycle of weeks is that of the reference table.
func TestIntervalTransitions(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	rows := reference(t, "cdnow_sample_lifecycle_weekly.csv")
	for _, i := range []int{1, 5, 12, 30, 60} {
		monday, err := time.Parse(time.DateOnly, rows[i]["week_start"])
		if err != nil {
			t.Fatal(err)
		}
		sunday := func(weeks int) string { return monday.AddDate(0, 0, 6+7*weeks).Format(time.RFC3339) }
		moves := b.transitions(sunday(-1), sunday(0), app.TransitionsInterval)
		for _, s := range moves.States {
			for side, row := range map[int64]map[string]string{s.Before: rows[i-1], s.After: rows[i]} {
				column := map[string]string{app.IntervalNew: "new", app.IntervalRetained: "returning", app.IntervalResurrected: "resurrecting", app.IntervalDormant: "dormant"}[s.Name]
				if column != "" && row[column] != fmt.Sprint(side) {
					t.Errorf("week of %s: %d are %s, want %s", row["week_start"], side, s.Name, row[column])
				}
			}
		}
	}
}

// The settled moves are those between what STATE was at the time.
func TestSettledTransitions(t *testing.T) {
	b := newBase(t, "2026-01-01T00:00:00Z")
	b.publish(withRules("outreach:\n  daily_ceiling: 0\n"))
	r := rand.New(rand.NewPCG(3, 5))
	type moment struct {
		at     string
		stages map[string]string
	}
	var past []moment
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 24 {
		day = day.AddDate(0, 0, 15)
		b.at(day.Format(time.RFC3339))
		var events strings.Builder
		for range 4 {
			events.WriteString(bought(fmt.Sprintf("%d.%d", i, r.IntN(1e9)), fmt.Sprintf("u%02d", r.IntN(5+2*i)), day.Add(-time.Hour).Format(time.RFC3339), 10))
		}
		b.load(events.String())
		b.sweep(day.Format(time.RFC3339))
		m := moment{day.Format(time.RFC3339), map[string]string{}}
		for _, item := range b.items() {
			var s profile.State
			if err := profile.DecodeState(item.State, &s); err != nil {
				t.Fatal(err)
			}
			m.stages[item.Key] = s.Stage
		}
		past = append(past, m)
	}
	moved := 0
	for i := range past {
		for _, k := range []int{i + 1, i + 3, len(past) - 1} {
			if k <= i || k >= len(past) {
				continue
			}
			want := map[string]int64{}
			for key, to := range past[k].stages {
				want[past[i].stages[key]+">"+to]++
			}
			got := b.transitions(past[i].at, past[k].at, app.TransitionsSettled)
			for _, c := range got.Moves {
				if c.From != c.To && c.From != "" {
					moved++
				}
				if want[c.From+">"+c.To] != c.Users {
					t.Fatalf("%s to %s: %+v, want %d", past[i].at, past[k].at, c, want[c.From+">"+c.To])
				}
				delete(want, c.From+">"+c.To)
			}
			if len(want) != 0 || got.Undecided != 0 {
				t.Fatalf("%s to %s: missing %v, %d undecided", past[i].at, past[k].at, want, got.Undecided)
			}
		}
	}
	if moved < 20 {
		t.Errorf("%d cells off the diagonal: the test says little", moved)
	}
}

func TestTransitionsThatCannotBe(t *testing.T) {
	b := historic(t, welcomeOnly)
	moves := b.transitions("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z", app.TransitionsSettled)
	if moves.Users != 0 || moves.Undecided != 3 {
		t.Errorf("a backfill alone: %+v", moves)
	}
	for _, c := range []struct{ from, to, kind string }{
		{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", ""}, {"2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z", ""}, {"2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "sideways"},
	} {
		if _, err := b.app.Transitions(ctx, at(c.from), at(c.to), c.kind); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if got := text(b.transitions("2026-01-31T00:00:00Z", "2026-03-01T00:00:00Z", app.TransitionsCandidate)); got != ">first_purchase 1 3000\nchurned>churned 1 0\nfirst_purchase>first_purchase 1 0" {
		t.Error(got)
	}
}
