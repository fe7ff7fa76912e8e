package app_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/simulate"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/zone"
)

const historyPlan = `weir: 1
name: history
zone: UTC
currency: USD
lifecycle:
  preset: commerce
  thresholds: {silent_days: 20, churned_days: 40}
tags:
  - {name: repeat, when: purchase_days >= 2}
segments:
  - {name: loyal, when: 'tags.has("repeat") && recency_days <= 10'}
templates: {t: {subject: s, body: b}}
outreach:
  rules:
    - {name: winback, on: {enter_stage: silent}, template: t}
    - {name: thanks, on: {enter_segment: loyal}, template: t}
`

// told is what was decided, by kind and day.
type told map[string]int64

// really reads the decision records of some days.
func (b *base) really(from, to zone.Day) told {
	b.t.Helper()
	out := told{}
	p := b.store.Ports(nil)
	rules := map[string]string{}
	intents, err := p.Intents.List(context.Background(), app.IntentQuery{Limit: 100_000})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, in := range intents {
		rules[in.ID] = in.Rule
	}
	for _, item := range b.items() {
		records, err := p.Profiles.Decisions(context.Background(), item.Key, 1000)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, d := range records {
			day := zone.UTC.Day(d.AsOf)
			if day < from || day > to {
				continue
			}
			var r journey.Record
			if err := json.Unmarshal(d.Record, &r); err != nil {
				b.t.Fatal(err)
			}
			for _, m := range r.Messages {
				out[fmt.Sprintf("message %s %s", rules[m], day)]++
			}
			if r.Baseline {
				continue
			}
			for _, t := range r.Transitions {
				out[fmt.Sprintf("%s %s→%s", t.What, t.From, t.To)]++
			}
		}
	}
	return out
}

func replayed(h *app.History, tried bool) told {
	out := told{}
	add := func(key string, published, other int64) {
		if tried {
			published = other
		}
		if published > 0 {
			out[key] += published
		}
	}
	for _, m := range h.Moves {
		add(fmt.Sprintf("%s %s→%s", m.What, m.From, m.To), m.Published, m.Tried)
	}
	for _, d := range h.Days {
		add(fmt.Sprintf("message %s %s", d.Rule, d.Day), d.Published, d.Tried)
	}
	return out
}

func (b *base) history(text string, from, to zone.Day) *app.History {
	b.t.Helper()
	h, err := b.app.ReplayHistory(context.Background(), app.HistoryRequest{Text: []byte(text), From: from, To: to})
	if err != nil {
		b.t.Fatal(err)
	}
	return h
}

func mustDay(s string) zone.Day {
	d, err := zone.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// compareTold fails the test where what is told differs.
func compareTold(t *testing.T, what string, got, want told) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(want))
	for k := range got {
		if _, ok := want[k]; !ok {
			keys = append(keys, k)
		}
	}
	shown := 0
	for _, k := range keys {
		if got[k] != want[k] && shown < 20 {
			t.Errorf("%s: %s: %d, want %d", what, k, got[k], want[k])
			shown++
		}
	}
}

// lived imports each day's events at noon, and sweeps each morning.
func (b *base) lived(days map[zone.Day]string, from, to zone.Day) {
	b.t.Helper()
	for day := from; day <= to; day++ {
		b.now = zone.UTC.Start(day) + 5*60_000
		if _, err := b.app.Sweep(context.Background(), nil); err != nil {
			b.t.Fatal(err)
		}
		b.now = zone.UTC.Start(day) + 12*3600_000
		if days[day] != "" {
			b.load(days[day])
		}
	}
}

// cdnowDays are the purchases of the sample by day.
func cdnowDays(t *testing.T) map[zone.Day]string {
	t.Helper()
	out := map[zone.Day]string{}
	text := unzipped(t, filepath.Join("..", "..", "functions", "weir", "sample", "cdnow_sample.txt.gz"))
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		cells := strings.Fields(line)
		at, err := time.Parse("20060102", cells[2])
		if err != nil {
			t.Fatal(err)
		}
		day := zone.UTC.Day(at.UnixMilli())
		out[day] += bought(fmt.Sprint(i), cells[0], at.Add(9*time.Hour).Format(time.RFC3339), 5)
	}
	return out
}

// TestHistoryOfWhatHappened: the published strategy, run again over a history that was lived, decides what was decided.
func TestHistoryOfWhatHappened(t *testing.T) {
	from, to := mustDay("1997-02-15"), mustDay("1997-03-31")
	days := cdnowDays(t)
	before := ""
	for day := range mustDay("1997-02-15") {
		before += days[day]
	}
	b := newBase(t, "1997-02-15T00:00:00Z")
	b.load(before, backfill)
	b.publish(historyPlan)
	b.lived(days, from, to)
	want := b.really(from, to)
	h := b.history(historyPlan, from, to)
	compareTold(t, "published", replayed(h, false), want)
	compareTold(t, "the same strategy tried", replayed(h, true), want)
	if len(want) < 50 || h.Users < 1000 || h.LeftOut != 0 || h.Filled {
		t.Errorf("%d kinds of decisions, %+v: the history is too quiet", len(want), h)
	}
	for _, m := range h.Messages {
		if m.Same != m.Published || m.OnlyPublished+m.OnlyTried != 0 {
			t.Errorf("the same strategy differs: %+v", m)
		}
	}

	other := strings.Replace(historyPlan, "silent_days: 20", "silent_days: 25", 1)
	h = b.history(other, from, to)
	compareTold(t, "published, beside another", replayed(h, false), want)
	if again := b.history(other, from, to); !reflect.DeepEqual(h, again) {
		t.Error("a second replay says something else")
	}
	moved := false
	for _, m := range h.Messages {
		if m.Rule == "winback" {
			moved = m.OnlyPublished > 0 && m.OnlyTried > 0 && m.Same+m.OnlyTried == m.Tried && m.Same+m.OnlyPublished == m.Published
		}
		if m.Rule == "thanks" && m.OnlyPublished+m.OnlyTried > 0 {
			t.Errorf("a rule that did not change differs: %+v", m)
		}
	}
	if !moved || len(h.Samples) != 10 || len(h.Samples[0].Reasons) == 0 || !strings.HasPrefix(h.Samples[0].User, "u-") {
		t.Errorf("the messages are %+v, the samples %+v", h.Messages, h.Samples)
	}
}

func unzipped(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestHistoryOfASimulatedBase: as above, with events that come late, twice and back, and with people who come without an id first.
// Ids are joined in a replay from the first day on, which nobody could know then: of those people the first stage alone differs.
func TestHistoryOfASimulatedBase(t *testing.T) {
	dir := t.TempDir()
	const days = 50
	m, err := simulate.Run(context.Background(), dir, simulate.Options{Users: 250, Days: days, Seed: 3, End: mustDay("2026-01-01"), Format: "ndjson", Daily: true})
	if err != nil {
		t.Fatal(err)
	}
	from, to := mustDay("2026-01-01")-30, mustDay("2026-01-01")-1
	b := newBase(t, (from-1).String()+"T23:00:00Z")
	b.publish(historyPlan)
	later := map[zone.Day]string{}
	for i, f := range m.Files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if day := mustDay("2026-01-01") - days + zone.Day(i); day < from {
			b.load(string(text), backfill)
		} else {
			later[day+1] = string(text) // a day's file comes on the next
		}
	}
	b.publish(historyPlan + "# again, so that the backfill is behind it\n")
	b.lived(later, from, to)
	want := b.really(from, to)
	got := replayed(b.history(historyPlan, from, to), false)
	for _, told := range []told{want, got} {
		for k := range told {
			if strings.HasPrefix(k, "stage →") {
				delete(told, k)
			}
		}
	}
	compareTold(t, "simulated", got, want)
	if len(want) < 20 {
		t.Errorf("%d kinds of decisions: the history is too quiet", len(want))
	}
}
