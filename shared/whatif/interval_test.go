package whatif

import (
	"math"
	"testing"

	"github.com/weir-engine/weir/shared/segment"
)

// TestIntervalsCover draws samples of a base time and again: the intervals hold what is true of the base about as often as they say.
func TestIntervalsCover(t *testing.T) {
	const base, draws = 20_000, 800
	d := draw(7)
	amounts, in := make([]int64, base), make([]bool, base)
	var users, total int64
	for i := range amounts {
		in[i] = d.below(8) == 0
		amounts[i] = int64(d.below(1 + d.below(100_000)))
		if in[i] {
			users++
			total += amounts[i]
		}
	}
	for _, share := range []float64{0.02, 0.2, 0.7} {
		coveredUsers, coveredTotal := 0, 0
		for range draws {
			var n, seen, sum int64
			var squares Square
			for i := range amounts {
				if d.below(1<<20) >= int(share*(1<<20)) {
					continue
				}
				n++
				if in[i] {
					seen++
					sum += amounts[i]
					squares.add(squareOf(amounts[i]))
				}
			}
			if x := UsersInterval(seen, n, base); x.Low <= users && users <= x.High {
				coveredUsers++
			}
			if x := SumInterval(sum, squares, n, base); x.Low <= total && total <= x.High {
				coveredTotal++
			}
		}
		for what, covered := range map[string]int{"users": coveredUsers, "revenue": coveredTotal} {
			if got := float64(covered) / draws; got < 0.92 || got > 0.98 {
				t.Errorf("a sample of %v: the interval of %s holds the truth in %.3f of the draws", share, what, got)
			}
		}
	}
}

func TestIntervalsAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		k, n, base int64
		want       Interval
	}{
		{3, 10, 10, Interval{3, 3, 3}},
		{0, 100, 10_000, Interval{0, 0, 366}},
		{100, 100, 10_000, Interval{10_000, 9_634, 10_000}},
		{0, 0, 10, Interval{}},
		{9, 10, 11, Interval{10, 9, 10}},
	} {
		if got := UsersInterval(c.k, c.n, c.base); got != c.want {
			t.Errorf("%d of %d of %d: %v, want %v", c.k, c.n, c.base, got, c.want)
		}
	}
	var q Square
	for range 1000 {
		q.add(squareOf(-(1 << 40)))
	}
	if got := float64(q.Hi)*math.Pow(2, 64) + float64(q.Lo); got != 1000*math.Pow(2, 80) {
		t.Errorf("squares add up to %v", got)
	}
	if got := SumInterval(-500, squareOf(-500), 1, 10); got != (Interval{-5000, -5000, 0}) {
		t.Errorf("of one user: %v", got)
	}
	if got := SumInterval(700, q, 50, 50); got != (Interval{700, 700, 700}) {
		t.Errorf("of everybody: %v", got)
	}
}

// TestSpreads adds squares up by name as going through the rows does.
func TestSpreads(t *testing.T) {
	base := drawn(t, 3000, 700)
	stages := func(days int) *Spec {
		active, err := segment.Compile("silence_days < 1"+string(rune('0'+days))+"0", segment.NewSchema())
		if err != nil {
			t.Fatal(err)
		}
		return &Spec{Stages: []Stage{{Name: "active", When: active}, {Name: "gone"}}, Segments: []Audience{{"near", active}}}
	}
	p, err := base.Compare(stages(2))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Try(stages(5)); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]Square{}
	for _, s := range base.shards {
		for i := range s.Rows {
			q := squareOf(s.revenue.at(i))
			for side, stage := range []uint8{s.out.stageOld[i], s.out.stage[i]} {
				x := want[p.nameOf(int(stage))]
				x[side].add(q)
				want[p.nameOf(int(stage))] = x
			}
		}
	}
	found := 0
	for _, x := range p.Spreads() {
		if x.Kind == "stage" {
			found++
			if want[x.Name] != [2]Square{x.Old, x.New} {
				t.Errorf("%s: %v, want %v", x.Name, x, want[x.Name])
			}
		}
		if x.Kind == "segments" && (x.New == Square{} || x.Old == Square{} || x.New == x.Old) {
			t.Errorf("segment: %+v", x)
		}
	}
	if found < 2 {
		t.Errorf("%d stages", found)
	}
}
