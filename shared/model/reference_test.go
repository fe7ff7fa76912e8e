package model

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/score/clv"
)

const data = "../../../shared/data/"

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(data + name)
	if os.IsNotExist(err) {
		t.Skip("the reference data are absent")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// table reads a CSV as texts by column.
func table(t testing.TB, name string) []map[string]string {
	t.Helper()
	read(t, name)
	f, err := os.Open(data + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[rows[0][i]] = cell
		}
		out = append(out, m)
	}
	return out
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sample returns the CDNOW sample in calibration; times are whole days, which the table rounds.
func sample(t testing.TB) (rows []Row, held []HoldoutRow, spends []Spend) {
	t.Helper()
	weeks := func(s string) float64 { return math.Round(number(t, s)*7) / 7 }
	for _, m := range table(t, "reference/cdnow_sample_cbs.csv") {
		r := Row{X: number(t, m["x"]), TX: weeks(m["t_x"]), T: weeks(m["T"])}
		rows = append(rows, r)
		held = append(held, HoldoutRow{r, number(t, m["x_star"])})
		spends = append(spends, Spend{r.X, number(t, m["m_x"])})
	}
	return rows, held, spends
}

func fitsReference(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	var out map[string]json.RawMessage
	if err := json.Unmarshal(read(t, "reference/fits_sample.json"), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func off(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / math.Abs(want)
}

// same checks a fit against the reference: parameters to 1e-3, log-likelihood to 1e-4 absolute.
func same(t *testing.T, fit *Fit, reference json.RawMessage) {
	t.Helper()
	want := map[string]any{}
	if err := json.Unmarshal(reference, &want); err != nil {
		t.Fatal(err)
	}
	for _, p := range fit.Params {
		if w := want[p.Name].(float64); !(off(p.Value, w) <= 1e-3) {
			t.Errorf("%s: %s is %.10g, want %.10g", fit.Model, p.Name, p.Value, w)
		}
	}
	if w := want["ll"].(float64); !(math.Abs(fit.LogLik-w) <= 1e-4) {
		t.Errorf("%s: the log-likelihood is %.8f, want %.8f", fit.Model, fit.LogLik, w)
	}
	if !fit.Identified || fit.Reason != "" || len(fit.StdErr) != len(fit.Params) {
		t.Errorf("%s is not identified: %s", fit.Model, fit.Reason)
	}
}

func TestFitsOfTheSample(t *testing.T) {
	rows, held, spends := sample(t)
	want := fitsReference(t)
	for kind, name := range map[Kind]string{BGNBD: "bgnbd", MBGNBD: "mbgnbd", ParetoNBD: "pnbd"} {
		start := time.Now()
		fit, err := Purchases(kind, rows)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s in %v: %+v", kind, time.Since(start), fit)
		same(t, fit, want[name])
		m, err := fit.Purchases()
		if err != nil {
			t.Fatal(err)
		}
		holdout(t, name, Calibrate(m, held, 39, 7))
	}
	fit, err := Money(spends)
	if err != nil {
		t.Fatal(err)
	}
	same(t, fit, want["gamma_gamma"])
	if fit.N != 946 || off(*fit.Correlated, 0.11388791938501686) > 1e-9 {
		t.Errorf("%d users, correlation %v", fit.N, *fit.Correlated)
	}
}

// holdout checks the calibration by frequency against the reference's, within what the last digits of the fit change.
func holdout(t *testing.T, name string, h *Holdout) {
	t.Helper()
	var c struct {
		ByFreq map[string][]float64 `json:"by_freq"`
	}
	if err := json.Unmarshal(read(t, "reference/cdnow_sample_checks.json"), &c); err != nil {
		t.Fatal(err)
	}
	for i, row := range h.ByX {
		if off(row.Expected, c.ByFreq[name][i]) > 1e-4 || off(row.Actual, c.ByFreq["actual"][i]) > 1e-9 || row.N != c.ByFreq["n"][i] {
			t.Errorf("%s: %+v, want %v", name, row, c.ByFreq[name][i])
		}
	}
	if h.Actual != 1882 {
		t.Errorf("%s: %v purchases in the holdout", name, h.Actual)
	}
}

func TestStandardErrorsAsPublished(t *testing.T) {
	rows, _, _ := sample(t)
	fit, err := Purchases(ParetoNBD, rows)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448} {
		if got := fit.StdErr.Get(name); off(got, want) > 0.01 {
			t.Errorf("%s: standard error %.6f, CLVTools has %.6f", name, got, want)
		}
	}
}

func TestSubscriptionsOfTheBook(t *testing.T) {
	want := fitsReference(t)
	for _, name := range []string{"sbg_highend", "sbg_regular"} {
		var book struct {
			Years     []float64 `json:"data_years0_7"`
			Projected []float64 `json:"projected_S_0_12"`
		}
		if err := json.Unmarshal(want[name], &book); err != nil {
			t.Fatal(err)
		}
		var lost []float64
		for i := 1; i < len(book.Years); i++ {
			lost = append(lost, math.Round(1000*(book.Years[i-1]-book.Years[i])))
		}
		fit, err := Subscriptions(lost, 1000*book.Years[7])
		if err != nil {
			t.Fatal(err)
		}
		same(t, fit, want[name])
		for i, s := range (clv.SBG{Alpha: fit.Params.Get("alpha"), Beta: fit.Params.Get("beta")}).Survival(12) {
			if off(s, book.Projected[i]) > 1e-5 {
				t.Errorf("%s: %v are left in year %d, want %v", name, s, i, book.Projected[i])
			}
		}
	}
}

func TestOpportunitiesOfDonors(t *testing.T) {
	want := fitsReference(t)
	var rows []Opportunity
	for _, m := range table(t, "btyd/lifetimes_donations.csv") {
		rows = append(rows, Opportunity{number(t, m["frequency"]), number(t, m["recency"]), number(t, m["periods"]), number(t, m["weights"])})
	}
	fit, err := Opportunities(rows)
	if err != nil {
		t.Fatal(err)
	}
	same(t, fit, want["bgbb_donations"])
	if fit.N != 11104 {
		t.Errorf("%d donors", fit.N)
	}
}
