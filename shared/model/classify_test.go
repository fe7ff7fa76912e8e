package model

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/fault"
)

func TestThresholds(t *testing.T) {
	r, err := Rank([]float64{0.1, 0.9, 0.4, 0.4, 0.8, 0.2}, []bool{false, true, true, false, true, false})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ at, precision, recall, alarm float64 }{
		{0.95, 0, 0, 0}, {0.9, 1, 1. / 3, 0}, {0.5, 1, 2. / 3, 0}, {0.4, 0.75, 1, 1. / 3}, {0, 0.5, 1, 1},
	} {
		got := r.At(c.at)
		if off(got.Precision, c.precision) > 1e-15 || off(got.Recall, c.recall) > 1e-15 || off(got.FalseAlarm, c.alarm) > 1e-15 {
			t.Errorf("at %v: %+v", c.at, got)
		}
	}
	if best := r.Youden(); best.Threshold != 0.8 || best.Called != 2 || best.Found != 2 {
		t.Errorf("the threshold of Youden is %+v", best) // 0.4 is as far from the diagonal: the higher one counts
	}
	if auc := r.AUC(); off(auc, 8.5/9) > 1e-15 {
		t.Errorf("AUC %v", auc)
	}
	bins := r.Bins(3)
	if len(bins) != 3 || bins[0].Actual != 1 || bins[0].Lift != 2 || bins[2].Actual != 0 || off(bins[0].Expected, 0.85) > 1e-15 {
		t.Errorf("bins %+v", bins)
	}
	if n := len(r.Bins(100)); n != 6 {
		t.Errorf("%d bins of 6 rows", n)
	}
	for name, y := range map[string][]bool{"never": {false, false}, "always": {true, true}, "missing": {true}} {
		if _, err := Rank([]float64{0.1, 0.2}, y); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// AUC is its definition over all pairs, thresholds call more as they fall, and bins hold every row once.
func TestRankedProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		p, y := make([]float64, n), make([]bool, n)
		for i := range p {
			p[i] = float64(rapid.IntRange(0, 8).Draw(t, "p")) / 8
			y[i] = rapid.Bool().Draw(t, "y")
		}
		y[0], y[1] = true, false
		r, err := Rank(p, y)
		if err != nil {
			t.Fatal(err)
		}
		wins, pairs := 0.0, 0.0
		for i := range p {
			for j := range p {
				if y[i] && !y[j] {
					pairs++
					switch {
					case p[i] > p[j]:
						wins++
					case p[i] == p[j]:
						wins += 0.5
					}
				}
			}
		}
		if math.Abs(r.AUC()-wins/pairs) > 1e-12 {
			t.Fatalf("AUC %v, by pairs %v", r.AUC(), wins/pairs)
		}
		last := Cut{Threshold: math.Inf(1)}
		for _, c := range r.Cuts() {
			if c.Threshold >= last.Threshold || c.Called <= last.Called || c.Recall < last.Recall || c != r.At(c.Threshold) {
				t.Fatalf("after %+v comes %+v", last, c)
			}
			last = c
		}
		if last.Called != n || last.Recall != 1 {
			t.Fatalf("the lowest threshold calls %+v", last)
		}
		rows := 0
		for _, b := range r.Bins(10) {
			rows += b.N
		}
		if rows != n {
			t.Fatalf("%d rows in bins of %d", rows, n)
		}
	})
}

func TestScales(t *testing.T) {
	s := Scales([][]float64{{1, 7, 1e9}, {3, 7, 1e9}})
	if s[0] != (Scale{2, 1}) || s[1] != (Scale{7, 1}) || s[2] != (Scale{1e9, 1}) {
		t.Errorf("%+v", s)
	}
	if got := s[0].Of(3); got != 1 {
		t.Errorf("%v", got)
	}
	if Scales(nil) != nil {
		t.Error("nothing has a scale")
	}
}
