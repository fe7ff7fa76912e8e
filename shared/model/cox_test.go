package model

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

// TestCoxOfRossi compares with survival 3.5 in R, whose ties are Efron's too.
func TestCoxOfRossi(t *testing.T) {
	var want struct {
		Cox struct {
			Coef        map[string]float64 `json:"coef"`
			SE          map[string]float64 `json:"se"`
			Z           map[string]float64 `json:"z"`
			Null        float64            `json:"loglik_null"`
			LogLik      float64            `json:"loglik"`
			Concordance float64            `json:"concordance"`
		} `json:"rossi_cox_efron"`
	}
	if err := json.Unmarshal(read(t, "reference/survival.json"), &want); err != nil {
		t.Fatal(err)
	}
	names := []string{"fin", "age", "race", "wexp", "mar", "paro", "prio"}
	var subjects []Subject
	for _, row := range table(t, "lifelines/rossi.csv") {
		s := Subject{Duration: Duration{number(t, row["week"]), row["arrest"] == "1"}}
		for _, name := range names {
			s.Columns = append(s.Columns, number(t, row[name]))
		}
		subjects = append(subjects, s)
	}
	got, err := Cox(subjects)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if off(got.Coef[i], want.Cox.Coef[name]) > 1e-9 || off(got.StdErr[i], want.Cox.SE[name]) > 1e-9 || off(got.Z[i], want.Cox.Z[name]) > 1e-9 {
			t.Errorf("%s: %.12g ± %.12g (%.12g), want %.12g ± %.12g (%.12g)", name, got.Coef[i], got.StdErr[i], got.Z[i], want.Cox.Coef[name], want.Cox.SE[name], want.Cox.Z[name])
		}
	}
	if off(got.LogLikNull, want.Cox.Null) > 1e-9 || off(got.LogLik, want.Cox.LogLik) > 1e-9 || off(got.Concordance, want.Cox.Concordance) > 1e-9 {
		t.Errorf("%+v, want %+v", got, want.Cox)
	}
}

func TestCoxRefusals(t *testing.T) {
	nan := math.NaN()
	row := func(time float64, event bool, columns ...float64) Subject {
		return Subject{Duration{time, event}, columns}
	}
	for name, subjects := range map[string][]Subject{
		"nothing":       nil,
		"no columns":    {row(1, true), row(2, true)},
		"no event":      {row(1, false, 1), row(2, false, 2), row(3, false, 3)},
		"one subject":   {row(1, true, 1)},
		"constant":      {row(1, true, 1), row(2, true, 1), row(3, true, 1)},
		"twice":         {row(1, true, 1, 2), row(2, true, 5, 10), row(3, true, 2, 4), row(4, true, 7, 14)},
		"perfect order": {row(1, true, 9), row(2, true, 5), row(3, true, 4), row(4, true, 1)},
		"NaN":           {row(1, true, nan), row(2, true, 5), row(3, true, 2)},
		"infinite":      {row(1, true, math.Inf(1)), row(2, true, 5), row(3, true, 2)},
		"NaN time":      {row(nan, true, 1), row(2, true, 5), row(3, true, 2)},
		"uneven":        {row(1, true, 1), row(2, true, 5, 6), row(3, true, 2)},
	} {
		if _, err := Cox(subjects); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCoxKnowsNoUnits: a column in other units gives another coefficient and the same regression.
func TestCoxKnowsNoUnits(t *testing.T) {
	var a, b []Subject
	r := random{3}
	for range 200 {
		x, y := r.float(), r.float()
		d := Duration{math.Ceil(20 * r.float() / (1 + x)), r.float() < 0.7}
		a, b = append(a, Subject{d, []float64{x, y}}), append(b, Subject{d, []float64{1e6*x + 5e7, y}})
	}
	p, err := Cox(a)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Cox(b)
	if err != nil {
		t.Fatal(err)
	}
	if off(q.Coef[0]*1e6, p.Coef[0]) > 1e-6 || off(q.Coef[1], p.Coef[1]) > 1e-6 || off(q.LogLik, p.LogLik) > 1e-9 || q.Concordance != p.Concordance {
		t.Errorf("%+v and %+v", p, q)
	}
}
