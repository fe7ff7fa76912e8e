package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/porttest"
	"github.com/weir-engine/weir/shared/profile"
)

// dueStrategy draws a strategy whose users move with time: silence, dwell, windows, tenure, tags that expire, cuts.
func dueStrategy(r *rand.Rand) string {
	days := func(from, to int) int { return from + r.IntN(to-from+1) }
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	zone := pick("UTC", "Asia/Shanghai", "America/New_York")
	silent := days(7, 20)
	var b strings.Builder
	fmt.Fprintf(&b, "weir: 1\nname: drawn\nzone: %s\n", zone)
	fmt.Fprintf(&b, "lifecycle:\n  preset: commerce\n  thresholds: {silent_days: %d, churned_days: %d}\n", silent, silent+days(7, 25))
	if r.IntN(2) == 0 {
		fmt.Fprintf(&b, "  dwell_days: {%s: %d, silent: %d}\n", pick("first_purchase", "active"), days(1, 9), days(1, 9))
	}
	fmt.Fprintf(&b, "tags:\n  - {name: often, when: 'orders[%d] >= 2'}\n", days(7, 30))
	fmt.Fprintf(&b, "segments:\n  - {name: young, when: 'tenure_days < %d'}\n", days(1, 40))
	fmt.Fprintf(&b, "  - {name: hot, when: 'spend[%d] > %d'}\n", days(2, 30), days(1, 30))
	fmt.Fprintf(&b, "  - {name: waiting, when: 'recency_days >= %d && recency_days < %d'}\n", days(7, 14), days(15, 30))
	fmt.Fprintf(&b, "  - {name: settled, when: 'stage_days >= %d'}\n", days(2, 20))
	switch r.IntN(5) {
	case 0:
		b.WriteString("  - {name: best, when: 'r >= 4'}\n")
	case 1:
		fmt.Fprintf(&b, "  - {name: jubilee, when: 'anniversary(first_seen) < %d'}\n", days(1, 300))
	case 2:
		fmt.Fprintf(&b, "  - {name: weekly, when: 'weekday(today()) == %d'}\n", days(1, 7))
	case 3:
		b.WriteString("  - {name: lunar, when: 'day(last_seen) == day(today())'}\n")
	}
	b.WriteString("templates: {t: {subject: s, body: b}}\noutreach:\n  rules:\n")
	b.WriteString("    - {name: back, on: {enter_stage: silent}, template: t}\n    - {name: wait, on: {enter_segment: waiting}, template: t}\n")
	b.WriteString("    - {name: stay, on: {enter_segment: settled}, template: t}\n")
	return b.String()
}

// twins are two bases that the same happens to: one evaluates everyone at every tick, the other who is due.
type twins [2]*base

func newTwins(t *testing.T, now string) (both twins) {
	for i := range both {
		b := &base{t: t, dir: t.TempDir(), now: at(now), opts: app.Options{Everyone: i == 0, ShardRows: 8}}
		b.open()
		t.Cleanup(func() { _ = b.store.Close() })
		both[i] = b
	}
	return both
}

func (x twins) each(do func(b *base)) {
	for _, b := range x {
		do(b)
	}
}

// compare fails when anybody's state, decisions or messages differ.
func (x twins) compare(what string) {
	t := x[0].t
	t.Helper()
	want, got := x[0].items(), x[1].items()
	if len(want) != len(got) {
		t.Fatalf("%s: %d and %d users", what, len(want), len(got))
	}
	for i := range want {
		if !bytes.Equal(want[i].State, got[i].State) || !bytes.Equal(want[i].Facts, got[i].Facts) {
			var a, b profile.State
			_, _ = profile.DecodeState(want[i].State, &a), profile.DecodeState(got[i].State, &b)
			t.Fatalf("%s: %s is %+v where everyone is evaluated, and %+v (due %s)", what, want[i].Key, a, b, time.UnixMilli(got[i].Due).UTC())
		}
	}
	var messages [2][]string
	for i, b := range x {
		all, err := b.store.Ports(nil).Intents.List(context.Background(), app.IntentQuery{Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range all {
			messages[i] = append(messages[i], fmt.Sprint(in.ID, in.AsOf, in.Rule))
		}
	}
	if !slices.Equal(messages[0], messages[1]) {
		t.Fatalf("%s: the messages are %v and %v", what, messages[0], messages[1])
	}
}

// TestSweepMissesNobody lives through months under drawn strategies, with events, files that look back, backfills, publications,
// snapshots that are late, sweeps that die, and compares after every tick with a base in which everyone is evaluated.
func TestSweepMissesNobody(t *testing.T) {
	ctx := context.Background()
	seeds, months := 4, 2
	if testing.Short() {
		seeds, months = 2, 1
	}
	var due, everyone, evaluated, users int64
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 7))
			x := newTwins(t, "2026-01-01T00:10:00Z")
			x.each(func(b *base) { b.publish(dueStrategy(rand.New(rand.NewPCG(uint64(seed), 1)))) })
			event := 0
			for tick := range months * 30 * 4 {
				now := x[0].now
				if r.IntN(3) == 0 {
					var file strings.Builder
					for range 1 + r.IntN(3) {
						event++
						back := time.Duration(r.IntN(5)*r.IntN(40)) * time.Hour
						file.WriteString(bought(fmt.Sprint("m", event), fmt.Sprint("u", r.IntN(25)), time.UnixMilli(now).Add(-back).UTC().Format(time.RFC3339), 1+r.IntN(20)))
					}
					x.each(func(b *base) {
						if r := rand.New(rand.NewPCG(uint64(event), 3)); r.IntN(15) == 0 {
							b.load(file.String(), backfill)
						} else {
							b.load(file.String())
						}
					})
				}
				if r.IntN(60) == 0 { // events of the near future
					event++
					x.each(func(b *base) {
						b.load(bought(fmt.Sprint("m", event), fmt.Sprint("u", event%25), time.UnixMilli(now).Add(7*time.Hour).UTC().Format(time.RFC3339), 5))
					})
				}
				if r.IntN(90) == 0 {
					text := dueStrategy(rand.New(rand.NewPCG(uint64(event), 5)))
					text = strings.Replace(text, text[strings.Index(text, "zone:"):strings.Index(text, "\nlife")], "zone: UTC", 1)
					x.each(func(b *base) { b.publish(text) })
				}
				if late := tick/40%4 == 3; !late && tick%4 == r.IntN(2) { // every day or so, but for days on end
					x[1].take()
				}
				if r.IntN(10) == 0 { // a sweep that dies
					ports, faults := porttest.Faulty(x[1].store.Ports(func() int64 { return now }))
					dying, err := app.New(ctx, ports, x[1].opts)
					if err != nil {
						t.Fatal(err)
					}
					faults.Begin(porttest.Plan{Call: 1 + r.IntN(25), After: r.IntN(2) == 0, Dead: true, Err: errors.New("killed")})
					_, _ = dying.Sweep(ctx, nil)
				}
				x.each(func(b *base) {
					report, err := b.app.Sweep(ctx, nil)
					if err != nil {
						t.Fatal(err)
					}
					if b == x[1] {
						evaluated += report.Users
						users += int64(len(b.items()))
						if report.Everyone == "" {
							due++
						} else {
							everyone++
						}
					}
				})
				x.compare(fmt.Sprintf("tick %d, %s", tick, time.UnixMilli(now).UTC()))
				x.each(func(b *base) { b.now += 6 * 3_600_000 })
			}
		})
	}
	t.Logf("%d sweeps by due and %d of everyone evaluated %d of %d", due, everyone, evaluated, users)
	if !t.Failed() && (due < everyone || everyone == 0) {
		t.Errorf("%d sweeps by due, %d of everyone: the test tests something else", due, everyone)
	}
}

// unitCounter counts what writes of profiles cost on DynamoDB: one unit a profile (of at most a kilobyte), and what the entries of the
// due index cost that come, go or move.
type unitCounter struct {
	app.Profiles
	profiles, index int
	known           map[string]app.Item
}

func (c *unitCounter) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	each, err := c.Profiles.Write(ctx, writes)
	for i, w := range writes {
		if err != nil || each[i] != nil {
			continue
		}
		old := c.known[w.Item.Key]
		c.profiles++
		switch {
		case old.Soon && w.Item.Soon && old.Due != w.Item.Due:
			c.index += 2
		case old.Soon != w.Item.Soon:
			c.index++
		}
		c.known[w.Item.Key] = w.Item
	}
	return each, err
}

// TestIndexWritesAreFew lives through a quarter of purchases under thresholds of seven days and more: at most 5 % of the units of
// writes are the index's.
func TestIndexWritesAreFew(t *testing.T) {
	ctx := context.Background()
	const text = `
weir: 1
name: silence
lifecycle:
  preset: commerce
  thresholds: {silent_days: 30, churned_days: 90}
segments:
  - {name: week, when: 'recency_days >= 7 && recency_days < 14'}
  - {name: fortnight, when: 'recency_days >= 14'}
  - {name: month, when: 'tenure_days < 52'}
`
	for _, everyDays := range []int{3, 10, 40} {
		b := newBase(t, "2026-01-01T00:10:00Z")
		ports := b.store.Ports(func() int64 { return b.now })
		counter := &unitCounter{Profiles: ports.Profiles, known: map[string]app.Item{}}
		ports.Profiles = counter
		var err error
		if b.app, err = app.New(ctx, ports, app.Options{}); err != nil {
			t.Fatal(err)
		}
		b.publish(text)
		r := rand.New(rand.NewPCG(1, 1))
		for day := range 90 {
			var file strings.Builder
			for u := range 100 {
				if day == 0 || r.IntN(everyDays) == 0 {
					file.WriteString(bought(fmt.Sprint(day, "-", u), fmt.Sprint("u", u), time.UnixMilli(b.now).UTC().Format(time.RFC3339), 1))
				}
			}
			if file.Len() > 0 {
				b.load(file.String())
			}
			b.take()
			for range 4 {
				if _, err := b.app.Sweep(ctx, nil); err != nil {
					t.Fatal(err)
				}
				b.now += 6 * 3_600_000
			}
		}
		share := float64(counter.index) / float64(counter.index+counter.profiles)
		t.Logf("a purchase every %d days: %d units of profiles, %d of the index, %.1f %%", everyDays, counter.profiles, counter.index, 100*share)
		if share > 0.05 || counter.index == 0 {
			t.Errorf("a purchase every %d days: %.1f %% of the units are the index's", everyDays, 100*share)
		}
	}
}

// What a list says is read back; a damaged one is refused, and nothing panics.
func FuzzDueList(f *testing.F) {
	f.Add(app.AppendDue(app.AppendDue(nil, "u1", 1), "张三", 1<<60))
	f.Add([]byte{1, 'a', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		if !app.ParseDue(b, func(key string, due int64) { again = app.AppendDue(again, key, due) }) {
			return
		}
		var users, twice int
		app.ParseDue(b, func(string, int64) { users++ })
		if !app.ParseDue(again, func(string, int64) { twice++ }) || users != twice {
			t.Fatalf("%q has %d users, and %d when it is written again", b, users, twice)
		}
	})
}
