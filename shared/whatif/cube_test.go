package whatif

import (
	"reflect"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/zone"
)

// draw is a small generator (xorshift64).
type draw uint64

func (d *draw) below(n int) int {
	*d ^= *d << 13
	*d ^= *d >> 7
	*d ^= *d << 17
	return int(uint64(*d>>11) % uint64(n))
}

// buffers makes a base of random users in shards of some rows.
func buffers(t testing.TB, rows, each int) (list [][]byte) {
	t.Helper()
	d := draw(42)
	w := NewWriter(Head{AsOf: 86_400_000 * 20_500, Zone: "UTC", Currency: "EUR"}, []Field{
		{Ref: "recency_days"}, {Ref: "purchase_days"}, {Ref: "orders"}, {Ref: "spend", Scale: 100}, {Ref: ColSilencePurchase}, {Ref: ColStage, Kind: column.Dict},
		{Ref: ColStageAge}, {Ref: ColRevenue, Scale: 100}, {Ref: ColValue, Scale: 100}, {Ref: ColOpen("winback"), Kind: column.Bits},
	})
	stages := []string{"", "potential", "first_purchase", "active", "silent", "churned", "of before"}
	flush := func() {
		b, err := w.Shard()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	for i := range rows {
		silence, orders := d.below(400), d.below(d.below(20)+1)
		spend := orders * d.below(20_000)
		if orders > 0 {
			w.Int(0, int64(silence))
		} else {
			w.Null(0)
		}
		w.Int(1, int64(max(orders-d.below(2), min(orders, 1))))
		w.Int(2, int64(orders))
		w.Int(3, int64(spend))
		w.Int(4, int64(silence))
		stage := stages[d.below(len(stages))]
		w.Value(5, segment.String(stage))
		if stage == "" || d.below(9) == 0 {
			w.Null(6)
		} else {
			w.Int(6, int64(1+d.below(40)))
		}
		w.Int(7, int64(spend/2))
		w.Int(8, int64(spend/3))
		if d.below(3) == 0 {
			w.Bit(9)
		}
		w.Next()
		if w.Rows() == each || i == rows-1 {
			flush()
		}
	}
	return list
}

// drawn is a base of those shards.
func drawn(t testing.TB, rows, each int) *Base {
	t.Helper()
	base := NewBase(zone.UTC)
	for _, b := range buffers(t, rows, each) {
		if err := base.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	return base
}

func stepped(from, to, by int64) (out []int64) {
	for v := from; v <= to; v += by {
		out = append(out, v)
	}
	return out
}

// TestCubesEqualEvaluation moves sliders on their stops: the cubes answer what an evaluation of every user gives, and say no off
// their stops.
func TestCubesEqualEvaluation(t *testing.T) {
	base := drawn(t, 5000, 1700)
	p, err := base.Compare(commerce(60, 120))
	if err != nil {
		t.Fatal(err)
	}
	scores, err := p.ScoreCube(stepped(10, 300, 10), stepped(1, 12, 1), stepped(0, 100_000, 1000))
	if err != nil {
		t.Fatal(err)
	}
	var got ScoreAnswer
	for _, c := range []struct {
		recency, frequency, monetary [4]int64
		grid                         string
		ok                           bool
	}{
		{[4]int64{30, 60, 120, 240}, [4]int64{1, 2, 4, 8}, [4]int64{5_000, 10_000, 25_000, 50_000}, GridEleven, true},
		{[4]int64{10, 20, 150, 300}, [4]int64{2, 3, 3, 12}, [4]int64{0, 1_000, 99_000, 100_000}, GridTen, true},
		{[4]int64{10, 20, 150, 300}, [4]int64{2, 3, 3, 500}, [4]int64{0, 1_000, 99_000, 100_000_000}, GridTen, true},
		{[4]int64{10, 21, 150, 300}, [4]int64{2, 3, 3, 12}, [4]int64{0, 1_000, 99_000, 100_000}, GridTen, false},
		{[4]int64{10, 20, 150, 300}, [4]int64{2, 3, 3, 12}, [4]int64{0, 1_500, 99_000, 100_000}, GridTen, false},
	} {
		spec := commerce(60, 120)
		spec.Grid, spec.Cuts.Recency, spec.Cuts.Frequency, spec.Cuts.Monetary = c.grid, c.recency, c.frequency, c.monetary
		if ok := scores.Answer(&spec.Cuts, spec.Grid, &got); ok != c.ok {
			t.Fatalf("%+v: %v", c, ok)
		} else if !ok {
			continue
		}
		if err := p.Try(spec); err != nil {
			t.Fatal(err)
		}
		r := p.Report()
		for i, from := range r.RFM.Names {
			for j, to := range r.RFM.Names {
				if from != "" && got.Moves[nameCode(from)][nameCode(to)] != r.RFM.Moves[i][j] {
					t.Errorf("%+v: from %s to %s: %+v, want %+v", c, from, to, got.Moves[nameCode(from)][nameCode(to)], r.RFM.Moves[i][j])
				}
			}
		}
		for k, g := range []*Group{&r.R, &r.F, &r.M} {
			for i := range 5 {
				if got.Scores[k][5-i] != g.New[i] {
					t.Errorf("%+v: score %d of %d: %+v, want %+v", c, 5-i, k, got.Scores[k][5-i], g.New[i])
				}
			}
		}
	}
}

func nameCode(name string) int {
	for i, n := range rfmNames {
		if n == name {
			return i
		}
	}
	return -1
}

func TestStageCubeEqualsEvaluation(t *testing.T) {
	base := drawn(t, 5000, 1700)
	p, err := base.Compare(commerce(60, 120))
	if err != nil {
		t.Fatal(err)
	}
	cube, err := p.StageCube([]Axis{{"silence_days", stepped(4, 399, 5)}, {"purchase_days", []int64{0, 1}}, {"orders", []int64{0}}}, 14)
	if err != nil {
		t.Fatal(err)
	}
	var got StageAnswer
	for _, c := range []struct {
		silent, churned, dwell int
		ok                     bool
	}{{60, 120, 0, true}, {30, 90, 14, true}, {45, 200, 7, true}, {61, 120, 0, false}, {60, 120, 15, false}} {
		spec := commerce(c.silent, c.churned)
		spec.Stages[3].Dwell, spec.Stages[2].Dwell = c.dwell, c.dwell/2
		spec.Stages[4].Allowed = []string{"active", "first_purchase"}
		ok, err := cube.Answer(spec, &got)
		if err != nil || ok != c.ok {
			t.Fatalf("%+v: %v, %v", c, ok, err)
		}
		if !ok {
			continue
		}
		if err := p.Try(spec); err != nil {
			t.Fatal(err)
		}
		r := p.Report()
		for i, from := range r.Stage.Names {
			for j, to := range r.Stage.Names {
				a, b := base.names.codes[from], base.names.codes[to]
				if got.Moves[a][b] != r.Stage.Moves[i][j] {
					t.Errorf("%+v: from %s to %s: %+v, want %+v", c, from, to, got.Moves[a][b], r.Stage.Moves[i][j])
				}
			}
			if got.Asked[base.names.codes[from]] != r.Asked.New[i] {
				t.Errorf("%+v: candidate %s: %+v, want %+v", c, from, got.Asked[base.names.codes[from]], r.Asked.New[i])
			}
		}
	}
	for _, src := range []string{"orders + 1 == 1", "silence_days == 62", "silence_days != 62", "silence_days <= 61", "silence_days > 61", "events == 0"} {
		spec := commerce(60, 120)
		spec.Stages[0].When = compiled(src)
		if ok, err := cube.Answer(spec, &got); ok || err != nil {
			t.Errorf("%s: %v, %v", src, ok, err)
		}
	}
}

func compiled(src string) *segment.Program {
	p, err := segment.Compile(src, segment.NewSchema())
	if err != nil {
		panic(err)
	}
	return p
}

// TestRulesEnter counts whom outreach rules would reach row by row.
func TestRulesEnter(t *testing.T) {
	base := drawn(t, 3000, 1100)
	p, err := base.Compare(commerce(60, 120))
	if err != nil {
		t.Fatal(err)
	}
	before := make([]Row, base.Rows())
	for i := range before {
		before[i] = p.Row(i)
	}
	if err := p.Try(commerce(40, 120)); err != nil {
		t.Fatal(err)
	}
	var enter, existing int64
	at := 0
	for _, s := range base.shards {
		for i := range s.Rows {
			open := bitOf(s.cols[ColOpen("winback")].Bits, i)
			if p.Row(at).Stage == "silent" && !open {
				existing++
				if before[at].Stage != "silent" {
					enter++
				}
			}
			at++
		}
	}
	got := p.Report().Rules[0]
	if got.Enter.Users != enter || got.Existing.Users != existing || enter == 0 {
		t.Errorf("%+v, want %d and %d", got, enter, existing)
	}
}

// TestNotPreviewable asks for what the columns do not hold: the error says where, and what was evaluated before stands.
func TestNotPreviewable(t *testing.T) {
	base := drawn(t, 200, 100)
	p, err := base.Compare(commerce(60, 120))
	if err != nil {
		t.Fatal(err)
	}
	before := p.Row(7)
	schema := segment.NewSchema()
	schema.Metric("teas", segment.TNumber, []int{30})
	when := func(src string) *segment.Program {
		p, err := segment.Compile(src, schema)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for src, want := range map[string]string{
		"orders[17] > 1": "it reads orders[17], and the columns do not hold that window", "events > 3": "it reads events", "metrics.teas > 1": "the metric teas is new",
		"p_alive < 0.5": "it reads p_alive",
	} {
		spec := commerce(50, 110)
		spec.Segments = append(spec.Segments, Audience{"x", when(src)})
		spec.Missing = []Missing{{"metrics.teas[", "the metric teas is new"}}
		err := p.Try(spec)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "segments.x.when cannot be previewed: "+want) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", src, err, fault.HintOf(err))
		}
		if _, err := p.Count("the condition", when(src)); err == nil && src != "metrics.teas > 1" {
			t.Errorf("%s was counted", src)
		}
	}
	if got := p.Row(7); !reflect.DeepEqual(got, before) {
		t.Errorf("%+v, before %+v", got, before)
	}
	spec := commerce(50, 110)
	spec.Activity = "any"
	if err := p.Try(spec); err == nil || !strings.Contains(err.Error(), "activity.of any") {
		t.Errorf("silence by any event: %v", err)
	}
	sum, err := p.Count("the condition", when(`stage == "active" && r >= 1`))
	want := int64(0)
	for i := range base.Rows() {
		if row := p.Row(i); row.Stage == "active" && row.R >= 1 {
			want++
		}
	}
	if err != nil || sum.Users != want || want == 0 {
		t.Errorf("%+v, %v, want %d", sum, err, want)
	}
}
