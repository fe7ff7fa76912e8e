package app_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

const calibrationEnd = "1997-09-30T23:59:59Z"

// referenceFits are the fits of other tools to the sample.
func referenceFits(t *testing.T) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "reference", "fits_sample.json"))
	if err != nil {
		t.Skip("the reference results are not beside this checkout")
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for name, raw := range all {
		m := map[string]any{}
		if json.Unmarshal(raw, &m) == nil {
			out[name] = m
		}
	}
	return out
}

// sameFit compares a fit with a reference: parameters to 1e-3 of their value, the log-likelihood to 1e-4.
func sameFit(t *testing.T, fit *model.Fit, want map[string]any) {
	t.Helper()
	for _, p := range fit.Params {
		if w := want[p.Name].(float64); !(math.Abs(p.Value-w) <= 1e-3*math.Abs(w)) {
			t.Errorf("%s: %s is %v, want %v", fit.Model, p.Name, p.Value, w)
		}
	}
	if w := want["ll"].(float64); !(math.Abs(fit.LogLik-w) <= 1e-4) {
		t.Errorf("%s: the log-likelihood is %v, want %v", fit.Model, fit.LogLik, w)
	}
	if !fit.Identified {
		t.Errorf("%s: %s", fit.Model, fit.Reason)
	}
}

func TestFitsOfTheBaseEqualTheReference(t *testing.T) {
	want := referenceFits(t)
	b := newBase(t, "2026-11-22T00:00:00Z")
	b.cdnow()
	for kind, name := range map[model.Kind]string{model.BGNBD: "bgnbd", model.MBGNBD: "mbgnbd", model.ParetoNBD: "pnbd", model.GammaGamma: "gamma_gamma"} {
		var done, total int64
		fit, err := b.app.Fit(ctx, app.FitRequest{Model: kind, CalibrationEnd: at(calibrationEnd)}, func(d, n int64) { done, total = d, n })
		if err != nil {
			t.Fatal(err)
		}
		sameFit(t, fit, want[name])
		if done != 2357 || total != 2357 {
			t.Errorf("%s: progress ended at %d of %d", kind, done, total)
		}
		if kind == model.GammaGamma {
			if fit.N != 946 || fit.Holdout != nil || math.Abs(*fit.Correlated-want[name]["corr_x_m"].(float64)) > 1e-6 {
				t.Errorf("%+v", fit)
			}
			continue
		}
		checkHoldout(t, fit)
	}
	t.Run("at the newest event nothing is held out", func(t *testing.T) {
		fit, err := b.app.Fit(ctx, app.FitRequest{Model: model.NBD}, nil)
		if err != nil || fit.Holdout != nil || fit.N != 2357 {
			t.Errorf("%+v, %v", fit, err)
		}
	})
	t.Run("a cohort", func(t *testing.T) {
		fit, err := b.app.Fit(ctx, app.FitRequest{Model: model.MBGNBD, CalibrationEnd: at(calibrationEnd), CohortBefore: at("1997-02-01T00:00:00Z")}, nil)
		if err != nil || fit.N != 781 {
			t.Errorf("%+v, %v", fit, err)
		}
	})
}

// checkHoldout compares the calibration with the holdout purchases of the reference table.
func checkHoldout(t *testing.T, fit *model.Fit) {
	t.Helper()
	h := fit.Holdout
	if h == nil || h.Weeks != 39 {
		t.Fatalf("%s: the holdout is %+v", fit.Model, h)
	}
	n, later := map[int]float64{}, map[int]float64{}
	total := 0.0
	for _, row := range reference(t, "cdnow_sample_cbs.csv") {
		x := min(int(number(t, row["x"])), 7)
		n[x]++
		later[x] += number(t, row["x_star"])
		total += number(t, row["x_star"])
	}
	for _, c := range h.ByX {
		if c.N != n[c.X] || math.Abs(c.Actual-later[c.X]/n[c.X]) > 1e-9 {
			t.Errorf("%s: %d repeat purchases: %+v, want %v of %v", fit.Model, c.X, c, later[c.X], n[c.X])
		}
	}
	if math.Abs(h.Actual-total) > 1e-6 || !(h.Expected > 0.7*total && h.Expected < 1.3*total) {
		t.Errorf("%s: expected %v, came %v, want %v", fit.Model, h.Expected, h.Actual, total)
	}
}

func TestFitsOfTablesEqualTheReference(t *testing.T) {
	want := referenceFits(t)
	var rows []app.TableRow
	for _, m := range reference(t, "cdnow_sample_cbs.csv") {
		rows = append(rows, app.TableRow{X: number(t, m["x"]), TX: number(t, m["t_x"]), T: number(t, m["T"]), MX: number(t, m["m_x"])})
	}
	for kind, name := range map[model.Kind]string{model.BGNBD: "bgnbd", model.MBGNBD: "mbgnbd", model.ParetoNBD: "pnbd", model.GammaGamma: "gamma_gamma"} {
		fit, err := app.FitTable(kind, rows)
		if err != nil {
			t.Fatal(err)
		}
		sameFit(t, fit, want[name])
	}
	t.Run("donations", func(t *testing.T) {
		f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "btyd", "lifetimes_donations.csv"))
		if err != nil {
			t.Skip("the donations are not beside this checkout")
		}
		defer f.Close()
		all, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var rows []app.TableRow
		for _, m := range table(all) {
			rows = append(rows, app.TableRow{
				X: number(t, m["frequency"]), TX: number(t, m["recency"]), T: number(t, m["periods"]), Weight: number(t, m["weights"]),
			})
		}
		fit, err := app.FitTable(model.BGBB, rows)
		if err != nil {
			t.Fatal(err)
		}
		sameFit(t, fit, want["bgbb_donations"])
	})
	t.Run("subscriptions", func(t *testing.T) {
		shares := want["sbg_highend"]["data_years0_7"].([]any)
		var rows []app.TableRow
		for i := 1; i < len(shares); i++ {
			lost := math.Round(1000 * (shares[i-1].(float64) - shares[i].(float64)))
			rows = append(rows, app.TableRow{X: float64(i - 1), T: float64(len(shares) - 1), Weight: lost})
		}
		years := float64(len(shares) - 1)
		rows = append(rows, app.TableRow{X: years, T: years, Weight: math.Round(1000 * shares[len(shares)-1].(float64))})
		fit, err := app.FitTable(model.SBG, rows)
		if err != nil {
			t.Fatal(err)
		}
		sameFit(t, fit, want["sbg_highend"])
	})
}

func TestTablesThatCannotBeFitted(t *testing.T) {
	few := []app.TableRow{{X: 1, TX: 1, T: 2}}
	for _, c := range []struct {
		kind model.Kind
		rows []app.TableRow
		say  string
	}{
		{"magic", few, "no model"},
		{model.MBGNBD, nil, "too few"},
		{model.MBGNBD, few, "too few"},
		{model.MBGNBD, []app.TableRow{{X: math.NaN(), T: 1}}, "no purchase history"},
		{model.GammaGamma, nil, "too few"},
		{model.GammaGamma, few, "no row has a value"},
		{model.GammaGamma, []app.TableRow{{X: 1, MX: 3, Weight: 0.5}}, "weight"},
		{model.GammaGamma, []app.TableRow{{X: 1, MX: 3, Weight: 1e300}}, "weight"},
		{model.SBG, nil, "too few"},
		{model.SBG, []app.TableRow{{X: 3, T: 2}}, "no subscription"},
		{model.SBG, []app.TableRow{{X: 1e12, T: 1e12}}, "no subscription"},
		{model.SBG, []app.TableRow{{X: math.Inf(1), T: math.NaN()}}, "no subscription"},
		{model.SBG, []app.TableRow{{X: 0, T: 2, Weight: math.Inf(1)}}, "no number of subscribers"},
		{model.BGBB, []app.TableRow{{X: 3, TX: 1, T: 5}}, "no history"},
	} {
		fit, err := app.FitTable(c.kind, c.rows)
		if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s of %+v: %+v, %v", c.kind, c.rows, fit, err)
		}
	}
}
