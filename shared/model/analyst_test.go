package model

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

// durations reads a table of survival times, grouped in order of appearance.
func durations(t *testing.T, name, time, event, yes, group string) (all []Duration, groups map[string][]Duration) {
	t.Helper()
	groups = map[string][]Duration{}
	for _, m := range table(t, name) {
		d := Duration{number(t, m[time]), m[event] == yes}
		if d.Time == 0 {
			continue
		}
		all = append(all, d)
		groups[m[group]] = append(groups[m[group]], d)
	}
	return all, groups
}

func TestSurvivalCurves(t *testing.T) {
	waltons, byGroup := durations(t, "lifelines/waltons_dataset.csv", "T", "E", "1", "group")
	rossi, _ := durations(t, "lifelines/rossi.csv", "week", "arrest", "1", "")
	_, byContract := durations(t, "telco/Telco-Customer-Churn.csv", "tenure", "Churn", "Yes", "Contract")
	curves := map[string][]Duration{"waltons": waltons, "rossi": rossi}
	for group, d := range byGroup {
		curves["group="+group] = d
	}
	for contract, d := range byContract {
		curves["Contract="+contract] = d
	}
	want := map[string][]map[string]string{}
	for file, of := range map[string]string{
		"km_waltons_all.csv": "waltons", "km_rossi.csv": "rossi", "km_waltons_group.csv": "", "km_telco_contract.csv": "",
	} {
		for _, row := range table(t, "reference/"+file) {
			if of != "" {
				row["strata"] = of
			}
			want[row["strata"]] = append(want[row["strata"]], row)
		}
	}
	if len(want) != 7 {
		t.Fatalf("%d curves", len(want))
	}
	for name, rows := range want {
		curve, err := KaplanMeier(curves[name])
		if err != nil {
			t.Fatal(err)
		}
		if len(curve) != len(rows) {
			t.Fatalf("%s: %d steps, want %d", name, len(curve), len(rows))
		}
		for i, s := range curve {
			checkStep(t, name, s, rows[i])
		}
	}
}

func checkStep(t *testing.T, name string, s Step, row map[string]string) {
	t.Helper()
	for column, got := range map[string]float64{
		"time": s.Time, "n_risk": float64(s.AtRisk), "n_event": float64(s.Events), "n_censor": float64(s.Censored),
		"surv": s.Survival, "std_err": s.StdErr, "lo95": s.Low, "hi95": s.High,
	} {
		if row[column] == "NA" { // R leaves undefined what is one value
			if s.Survival != 0 && s.Survival != 1 {
				t.Errorf("%s at %v: %s is undefined in R", name, s.Time, column)
			}
			continue
		}
		if w := number(t, row[column]); !(off(got, w) <= 1e-9) {
			t.Errorf("%s at %v: %s is %.15g, want %.15g", name, s.Time, column, got, w)
		}
	}
}

func TestHazardOfWaltons(t *testing.T) {
	waltons, _ := durations(t, "lifelines/waltons_dataset.csv", "T", "E", "1", "group")
	curve, err := KaplanMeier(waltons)
	if err != nil {
		t.Fatal(err)
	}
	at := map[float64]float64{}
	for _, s := range curve {
		at[s.Time] = s.Hazard
	}
	for _, row := range table(t, "reference/nelson_aalen_waltons.csv") {
		if got, w := at[number(t, row["time"])], number(t, row["cumhaz"]); !(off(got, w) <= 1e-9) {
			t.Errorf("at %s: %.15g, want %.15g", row["time"], got, w)
		}
	}
}

func TestLogRankTests(t *testing.T) {
	var want struct {
		Waltons Ranks              `json:"waltons_logrank"`
		Telco   Ranks              `json:"telco_logrank"`
		Medians map[string]float64 `json:"waltons_median"`
	}
	if err := json.Unmarshal(read(t, "reference/survival.json"), &want); err != nil {
		t.Fatal(err)
	}
	_, byGroup := durations(t, "lifelines/waltons_dataset.csv", "T", "E", "1", "group")
	_, byContract := durations(t, "telco/Telco-Customer-Churn.csv", "tenure", "Churn", "Yes", "Contract")
	want.Waltons.DF = 1
	for _, c := range []struct {
		groups [][]Duration
		want   Ranks
	}{
		{[][]Duration{byGroup["control"], byGroup["miR-137"]}, want.Waltons},
		{[][]Duration{byContract["Month-to-month"], byContract["One year"], byContract["Two year"]}, want.Telco},
	} {
		got, err := LogRank(c.groups)
		if err != nil {
			t.Fatal(err)
		}
		if off(got.ChiSquare, c.want.ChiSquare) > 1e-9 || got.DF != c.want.DF || c.want.P > 0 && off(got.P, c.want.P) > 1e-9 {
			t.Errorf("%+v, want %+v", got, c.want)
		}
		for i := range c.want.Observed {
			if got.Observed[i] != c.want.Observed[i] || off(got.Expected[i], c.want.Expected[i]) > 1e-9 {
				t.Errorf("group %d: %v of %v, want %v of %v", i, got.Observed[i], got.Expected[i], c.want.Observed[i], c.want.Expected[i])
			}
		}
	}
	for group, d := range byGroup {
		curve, err := KaplanMeier(d)
		if err != nil {
			t.Fatal(err)
		}
		if m, ok := Median(curve); !ok || m != want.Medians["group="+group] {
			t.Errorf("%s: median %v, want %v", group, m, want.Medians["group="+group])
		}
	}
}

func TestChiSquareTail(t *testing.T) {
	for _, c := range []struct {
		x    float64
		df   int
		want float64
	}{
		{3.841458820694124, 1, 0.05}, {5.991464547107979, 2, 0.05}, {7.814727903251179, 3, 0.05}, {18.307038053275146, 10, 0.05}, {0, 3, 1},
	} {
		if got := chiSquareTail(c.x, c.df); off(got, c.want) > 1e-12 {
			t.Errorf("above %v with %d degrees: %.15g, want %v", c.x, c.df, got, c.want)
		}
	}
}

func TestLogitOfTelco(t *testing.T) {
	var want struct {
		Logit struct {
			Coef, SE map[string]float64
			LLF      float64 `json:"llf"`
			AUC      float64 `json:"auc_in"`
			Brier    float64 `json:"brier_in"`
		} `json:"telco_logit"`
	}
	if err := json.Unmarshal(read(t, "reference/misc_cdnow_telco.json"), &want); err != nil {
		t.Fatal(err)
	}
	var x [][]float64
	var y []bool
	is := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	for _, m := range table(t, "telco/Telco-Customer-Churn.csv") {
		x = append(x, []float64{
			number(t, m["tenure"]) / 72, number(t, m["MonthlyCharges"]) / 100, number(t, m["SeniorCitizen"]),
			is(m["InternetService"] == "Fiber optic"), is(m["InternetService"] == "No"), is(m["Contract"] == "One year"),
			is(m["Contract"] == "Two year"), is(m["PaperlessBilling"] == "Yes"), is(m["PaymentMethod"] == "Electronic check"),
		})
		y = append(y, m["Churn"] == "Yes")
	}
	m, err := Logit(x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"const", "tenure", "MonthlyCharges", "Senior", "Fiber", "NoInternet", "OneYear", "TwoYear", "Paperless", "ECheck"} {
		if off(m.Coef[i], want.Logit.Coef[name]) > 1e-6 || off(m.StdErr[i], want.Logit.SE[name]) > 1e-6 {
			t.Errorf("%s: %.9g ± %.9g, want %.9g ± %.9g", name, m.Coef[i], m.StdErr[i], want.Logit.Coef[name], want.Logit.SE[name])
		}
	}
	for what, c := range map[string][2]float64{
		"log-likelihood": {m.LogLik, want.Logit.LLF}, "AUC": {m.AUC, want.Logit.AUC}, "Brier": {m.Brier, want.Logit.Brier},
	} {
		if off(c[0], c[1]) > 1e-6 {
			t.Errorf("%s: %.9g, want %.9g", what, c[0], c[1])
		}
	}
	if p := m.P(x[0]); !(p > 0 && p < 1) {
		t.Errorf("the first customer leaves with %v", p)
	}
}

func TestLogitWithPenaltyAndRefusals(t *testing.T) {
	x, y := [][]float64{{1}, {2}, {3}, {4}, {5}, {6}}, []bool{false, false, false, true, true, true}
	if _, err := Logit(x, y, 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("separated outcomes: %v", err)
	}
	m, err := Logit(x, y, 1)
	if err != nil || !(m.Coef[1] > 0 && m.Coef[1] < 5) || m.AUC != 1 {
		t.Errorf("with a penalty: %+v, %v", m, err)
	}
	for name, f := range map[string]func() (*Logistic, error){
		"nothing":     func() (*Logistic, error) { return Logit(nil, nil, 0) },
		"one outcome": func() (*Logistic, error) { return Logit(x, make([]bool, 6), 0) },
		"a short row": func() (*Logistic, error) { return Logit([][]float64{{1}, {}}, []bool{true, false}, 0) },
		"NaN":         func() (*Logistic, error) { return Logit([][]float64{{1}, {math.NaN()}}, []bool{true, false}, 0) },
		"negative":    func() (*Logistic, error) { return Logit(x, y, -1) },
		"same column": func() (*Logistic, error) {
			return Logit([][]float64{{1, 1}, {2, 2}, {1, 1}}, []bool{true, false, false}, 0)
		},
		"missing result": func() (*Logistic, error) { return Logit(x, y[:5], 0) },
	} {
		if _, err := f(); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClustersOfTheSample(t *testing.T) {
	var want struct {
		KMeans map[string]struct {
			Inertia float64
			Sizes   []int
		}
	}
	if err := json.Unmarshal(read(t, "reference/misc_cdnow_telco.json"), &want); err != nil {
		t.Fatal(err)
	}
	var points [][]float64
	for _, m := range table(t, "reference/cdnow_sample_rfm.csv") {
		points = append(points, []float64{
			math.Log1p(number(t, m["recency_days"])), math.Log1p(number(t, m["frequency"])), math.Log1p(number(t, m["monetary"])),
		})
	}
	scales := Scales(points)
	for _, p := range points {
		for d := range p {
			p[d] = scales[d].Of(p[d])
		}
	}
	for k, w := range map[int]string{2: "2", 3: "3", 4: "4", 5: "5", 6: "6", 8: "8"} {
		c, err := KMeans(points, k, 1)
		if err != nil {
			t.Fatal(err)
		}
		if limit := want.KMeans[w].Inertia * 1.001; !(c.Inertia <= limit) {
			t.Errorf("%d clusters: inertia %v, at most %v", k, c.Inertia, limit)
		}
		again, _ := KMeans(points, k, 1)
		if again.Inertia != c.Inertia {
			t.Errorf("%d clusters: inertia %v, then %v", k, c.Inertia, again.Inertia)
		}
		t.Logf("%d clusters: inertia %.3f (%.3f), sizes %v (%v)", k, c.Inertia, want.KMeans[w].Inertia, c.Sizes, want.KMeans[w].Sizes)
	}
}

func TestClustersOfFewPoints(t *testing.T) {
	c, err := KMeans([][]float64{{0}, {0}, {1}, {10}, {11}}, 2, 3)
	if err != nil || c.Sizes[0] != 3 || c.Of[0] != 0 || c.Of[4] != 1 || math.Abs(c.Inertia-(2./3+0.5)) > 1e-12 {
		t.Errorf("%+v, %v", c, err)
	}
	zero := math.Copysign(0, -1)
	for name, f := range map[string]func() (*Clusters, error){
		"nothing":          func() (*Clusters, error) { return KMeans(nil, 1, 1) },
		"none":             func() (*Clusters, error) { return KMeans([][]float64{{1}}, 0, 1) },
		"too many":         func() (*Clusters, error) { return KMeans([][]float64{{1}, {1}}, 2, 1) },
		"zeros":            func() (*Clusters, error) { return KMeans([][]float64{{0}, {zero}}, 2, 1) },
		"uneven":           func() (*Clusters, error) { return KMeans([][]float64{{1}, {1, 2}}, 1, 1) },
		"infinity":         func() (*Clusters, error) { return KMeans([][]float64{{1}, {math.Inf(1)}}, 1, 1) },
		"points of length": func() (*Clusters, error) { return KMeans([][]float64{{}}, 1, 1) },
	} {
		if _, err := f(); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSurvivalRefusalsAndEdges(t *testing.T) {
	one := []Duration{{5, true}}
	for name, f := range map[string]func() error{
		"nothing":      func() error { _, err := KaplanMeier(nil); return err },
		"negative":     func() error { _, err := KaplanMeier([]Duration{{-1, true}}); return err },
		"NaN":          func() error { _, err := KaplanMeier([]Duration{{math.NaN(), true}}); return err },
		"one group":    func() error { _, err := LogRank([][]Duration{one}); return err },
		"empty group":  func() error { _, err := LogRank([][]Duration{one, nil}); return err },
		"never at all": func() error { _, err := LogRank([][]Duration{{{5, false}}, {{6, false}}}); return err },
	} {
		if err := f(); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	curve, err := KaplanMeier([]Duration{{1, false}, {2, true}, {3, false}})
	if err != nil || curve[0].Survival != 1 || curve[0].Low != 1 || curve[2].Survival != 0.5 {
		t.Errorf("%+v, %v", curve, err)
	}
	if m, ok := Median(curve); !ok || m != 2 {
		t.Errorf("median %v, %v", m, ok)
	}
	if _, ok := Median(curve[:1]); ok {
		t.Error("a curve that stays at 1 has a median")
	}
	rng := rand.New(rand.NewPCG(9, 9))
	var a, b []Duration
	for range 300 {
		a = append(a, Duration{math.Floor(rng.ExpFloat64() * 20), rng.Float64() < 0.7})
		b = append(b, Duration{math.Floor(rng.ExpFloat64() * 20), rng.Float64() < 0.7})
	}
	if r, err := LogRank([][]Duration{a, b}); err != nil || r.P < 1e-3 {
		t.Errorf("groups from one source: %+v, %v", r, err)
	}
}
