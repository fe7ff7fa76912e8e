package analytics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(b))
}

// TestProportionsReference compares with intervals, probabilities and corrections that other programs computed.
func TestProportionsReference(t *testing.T) {
	var ref struct {
		TwoProportion []struct {
			Name      string
			Control   [2]int64
			Treatment [2]int64
			Newcombe  [2]float64 `json:"ci95_newcombe"`
			WilsonC   [2]float64 `json:"wilson_control"`
			WilsonT   [2]float64 `json:"wilson_treatment"`
			P         float64    `json:"chi2_p"`
		} `json:"two_proportion"`
		Multiple struct {
			P  []float64
			BH []float64
		} `json:"multiple_testing"`
	}
	if err := json.Unmarshal([]byte(reference(t, "experiments.json")), &ref); err != nil {
		t.Fatal(err)
	}
	if len(ref.TwoProportion) < 5 {
		t.Fatal("the reference is not what it was")
	}
	for _, c := range ref.TwoProportion {
		k1, n1, k2, n2 := c.Treatment[0], c.Treatment[1], c.Control[0], c.Control[1]
		low, high := newcombe(k1, n1, k2, n2)
		lt, ht := wilson(k1, n1)
		lc, hc := wilson(k2, n2)
		got := []float64{low, high, lt, ht, lc, hc, fourfold{k1, n1 - k1, k2, n2 - k2}.p()}
		want := []float64{c.Newcombe[0], c.Newcombe[1], c.WilsonT[0], c.WilsonT[1], c.WilsonC[0], c.WilsonC[1], c.P}
		for i := range want {
			if !near(got[i], want[i], 1e-11) {
				t.Errorf("%s: %v, want %v", c.Name, got, want)
				break
			}
		}
	}
	for i, q := range benjaminiHochberg(ref.Multiple.P) {
		if !near(q, ref.Multiple.BH[i], 1e-12) {
			t.Errorf("%d: %v, want %v", i, q, ref.Multiple.BH[i])
		}
	}
}

// Tables at the edges give finite numbers.
func TestFourfoldEdges(t *testing.T) {
	for _, f := range []fourfold{{}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 5, 5}, {5, 0, 0, 5}, {0, 5, 5, 0}, {1 << 40, 1 << 40, 1 << 40, 1 << 41}} {
		low, high := newcombe(f.both, f.both+f.first, f.second, f.second+f.neither)
		for _, x := range []float64{f.phi(), f.p(), low, high} {
			if math.IsNaN(x) || math.IsInf(x, 0) || x < -1 || x > 1 {
				t.Errorf("%+v: %v", f, []float64{f.phi(), f.p(), low, high})
			}
		}
	}
	if (fourfold{5, 0, 0, 5}).phi() != 1 || (fourfold{0, 5, 5, 0}).phi() != -1 {
		t.Error("phi of a perfect correlation")
	}
}

func ahaStrategy() *strategy.Strategy {
	s := strategy.Default()
	s.Events = []string{"Invited", "Viewed"}
	s.Metrics = append(s.Metrics, strategy.Metric{Name: "viewed", Event: "Viewed", Agg: "count", Windows: []int{30, 60}},
		strategy.Metric{Name: "saved", Event: "Saved", Agg: "count", Windows: []int{400}},
		strategy.Metric{Name: "filtered", Event: "Filtered", Where: "properties.a == 1", Agg: "count", Windows: []int{30}})
	return s
}

// raw is an event of a user: a day after the first, and a name.
type raw struct {
	day  int
	name string
}

// TestAhaAgainstEvents compares the tables with counts over the events themselves. Where the facts do not tell, the report says so.
func TestAhaAgainstEvents(t *testing.T) {
	st := ahaStrategy()
	s, err := profile.NewSchema(st, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	const asOfDay = zone.Day(20_000)
	refused, told := 0, 0
	compare := func(t *rapid.T, name string, times int) {
		c := AhaCandidate{name, times, rapid.IntRange(1, 20).Draw(t, "days")}
		retained := c.Within + rapid.IntRange(0, 30).Draw(t, "later")
		asOf := int64(asOfDay)*86_400_000 + 86_399_999
		names := []string{"Order Completed", "Invited", "Viewed", "Saved", "Other", c.Event, c.Event, c.Event}
		if c.Event == "*" {
			names = names[:5]
		}
		a, err := NewAha(st, s, []AhaCandidate{c}, retained, 0, asOf)
		if err != nil {
			t.Fatal(err)
		}
		var want fourfold
		for u := range rapid.IntRange(1, 12).Draw(t, "users") {
			start := int(asOfDay) - rapid.IntRange(0, 150).Draw(t, "start")
			events := []raw{{0, "Other"}}
			for range rapid.IntRange(0, 10).Draw(t, "events") {
				events = append(events, raw{rapid.IntRange(0, int(asOfDay)-start).Draw(t, "day"), rapid.SampledFrom(names).Draw(t, "name")})
				if rapid.Bool().Draw(t, "early") {
					events[len(events)-1].day = min(events[len(events)-1].day, rapid.IntRange(0, 20).Draw(t, "day"))
				}
			}
			var f profile.Facts
			n, stayed, active := 0, false, map[int]bool{}
			for k, e := range events {
				ev := event.Event{Kind: event.Track, UserID: fmt.Sprint(u), MessageID: fmt.Sprint(k), Name: e.name, Time: int64(start+e.day)*86_400_000 + int64(k)}
				if e.name == "Order Completed" {
					ev.Properties, _ = event.ParseObject(`{"revenue":3}`)
				}
				s.Fold(&f, &ev, ev.StableID(0))
				stayed = stayed || e.day >= retained
				if e.day < c.Within && e.name == c.Event {
					n++
				}
				if e.day < c.Within {
					active[e.day] = true
				}
			}
			a.Add(&f)
			if c.Event == "*" {
				n = len(active)
			}
			if start+retained > int(asOfDay) {
				continue
			}
			switch did := n >= c.AtLeast; {
			case did && stayed:
				want.both++
			case did:
				want.first++
			case stayed:
				want.second++
			default:
				want.neither++
			}
		}
		rows, err := a.Report()
		if err != nil {
			if c.Event != "Invited" && c.Event != "Viewed" || c.AtLeast == 1 || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.String()) {
				t.Fatal(err)
			}
			refused++
			if untold := a.DropUntold(); len(untold) != 1 || untold[0] != c {
				t.Fatalf("of %v the untold are %v", c, untold)
			}
			if rows, err := a.Report(); err != nil || len(rows) != 0 {
				t.Fatalf("without the untold %v, %v", rows, err)
			}
			return
		}
		told++
		if a.candidates[0].table != want || rows[0].Users != want.n() {
			t.Fatalf("%v, retained on %d: %+v, want %+v", c, retained, a.candidates[0].table, want)
		}
	}
	for _, name := range []string{"Order Completed", "Invited", "Viewed", "Saved", "*"} {
		for times := 1; times <= 4; times++ {
			rapid.Check(t, func(t *rapid.T) { compare(t, name, times) })
		}
	}
	if refused == 0 || told < refused {
		t.Errorf("%d told, %d refused", told, refused)
	}
}

// TestAhaCDNOW: who bought again early, and whether they were still there after 180 days.
func TestAhaCDNOW(t *testing.T) {
	st := strategy.Default()
	s, err := profile.NewSchema(st, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	asOf := time.Date(1998, 6, 30, 23, 0, 0, 0, time.UTC).UnixMilli()
	candidates := []AhaCandidate{{"Order Completed", 2, 30}, {"Order Completed", 3, 60}, {"Order Completed", 2, 14}, {"Order Completed", 9, 60}, {"Order Completed", 2, 180}}
	a, err := NewAha(st, s, candidates, 180, 0, asOf)
	if err != nil {
		t.Fatal(err)
	}
	want := map[AhaCandidate]*fourfold{}
	for _, c := range candidates {
		want[c] = new(fourfold)
	}
	for _, f := range loadCDNOW(t) {
		a.Add(f)
		first, last := f.Purchases[0].Day, f.Purchases[len(f.Purchases)-1].Day
		for c, table := range want {
			n := 0
			for _, p := range f.Purchases {
				if int(p.Day-first) < c.Within {
					n += int(p.Orders)
				}
			}
			cell := map[[2]bool]*int64{{true, true}: &table.both, {true, false}: &table.first, {false, true}: &table.second, {false, false}: &table.neither}
			*cell[[2]bool{n >= c.AtLeast, last-first >= 180}]++
		}
	}
	rows, err := a.Report()
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		w := want[r.AhaCandidate]
		if r.Did != w.both+w.first || r.Both != w.both || r.Retained != w.both+w.second || r.Users != w.n() || r.Users != 2357 {
			t.Errorf("%+v, want %+v", r, w)
		}
		if i > 0 && r.Supported && rows[i-1].Phi < r.Phi || r.Low > r.Gain || r.High < r.Gain || r.Supported && r.Adjusted < r.P || r.Supported != (r.AtLeast < 9) {
			t.Errorf("%+v", r)
		}
	}
	var text bytes.Buffer
	if err := a.CSV(&text); err != nil || strings.Count(text.String(), "\n") != len(rows)+1 || strings.Contains(text.String(), "NaN") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestAhaRefusals(t *testing.T) {
	st := ahaStrategy()
	s, err := profile.NewSchema(st, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		candidate AhaCandidate
		want      string
	}{
		{AhaCandidate{"Missing", 1, 7}, `do not keep the event "Missing"`},
		{AhaCandidate{"Filtered", 1, 7}, `do not keep the event "Filtered"`},
		{AhaCandidate{"Invited", 0, 7}, "is not before day 30"},
		{AhaCandidate{"Invited", 1, 31}, "is not before day 30"},
	} {
		if _, err := NewAha(st, s, []AhaCandidate{c.candidate}, 30, 0, 0); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.candidate, err)
		}
	}
	if _, err := NewAha(st, s, AhaCandidates(st, 30), 30, 0, 0); err != nil {
		t.Error(err)
	}
	late := &profile.Facts{FirstSeen: 0, LastSeen: 600 * 86_400_000, Events: 2, Active: profile.Days{Newest: 600, Bits: []uint64{1}}}
	a, err := NewAha(st, s, []AhaCandidate{{"*", 1, 7}}, 30, 0, 100*86_400_000)
	if err != nil {
		t.Fatal(err)
	}
	a.Add(late)
	if _, err := a.Report(); err == nil || !strings.Contains(err.Error(), "no longer tell who stayed") {
		t.Error(err)
	}
	if rows, err := (&Aha{candidates: []ahaCandidate{{}}}).Report(); err != nil || rows[0].Supported || rows[0].P != 1 {
		t.Errorf("without a user: %+v (%v)", rows, err)
	}
}
