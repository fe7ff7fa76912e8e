package model

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score/clv"
)

// simulated draws users who buy at rates of gamma(1, 10) a week for up to a year and where they leave, drop out
// after each purchase with a probability of beta(1, 2).
func simulated(users int, leave bool) []Row {
	rng := rand.New(rand.NewPCG(5, uint64(users)))
	rows := make([]Row, users)
	for i := range rows {
		rate, dropout := rng.ExpFloat64()/10, 0.0
		if leave {
			dropout = 1 - math.Sqrt(rng.Float64())
		}
		r := Row{T: 20 + math.Floor(rng.Float64()*32*7)/7}
		for at := rng.ExpFloat64() / rate; at < r.T; at += rng.ExpFloat64() / rate {
			r.X++
			r.TX = at
			if rng.Float64() < dropout {
				break
			}
		}
		rows[i] = r
	}
	return rows
}

func TestDropoutIsIdentifiedOnlyWhereThereIsSome(t *testing.T) {
	for _, kind := range []Kind{MBGNBD, BGNBD, ParetoNBD} {
		fit, err := Purchases(kind, simulated(1000, true))
		if err != nil {
			t.Fatal(err)
		}
		if kind != ParetoNBD && (!fit.Identified || fit.Fallback != nil) { // these users leave only when they buy
			t.Errorf("%s, users who leave: %s", kind, fit.Reason)
		}
		fit, err = Purchases(kind, simulated(1000, false))
		if err != nil {
			t.Fatal(err)
		}
		if fit.Identified || !strings.HasPrefix(fit.Reason, "dropout not identified") || fit.Fallback == nil || fit.Fallback.Model != NBD {
			t.Errorf("%s, users who stay: identified %v (%s): %v", kind, fit.Identified, fit.Reason, fit.Params)
			continue
		}
		m, err := fit.Purchases()
		if err != nil {
			t.Fatal(err)
		}
		if nbd, ok := m.(clv.NBD); !ok || math.Abs(nbd.R-1) > 0.15 || math.Abs(nbd.Alpha-10) > 1.5 {
			t.Errorf("%s falls back to %v", kind, m)
		}
	}
}

func TestNestedModelsCompare(t *testing.T) {
	rows := simulated(800, true)
	nbd, err := Purchases(NBD, rows)
	if err != nil {
		t.Fatal(err)
	}
	bg, err := Purchases(BGNBD, rows)
	if err != nil {
		t.Fatal(err)
	}
	if bg.LogLik < nbd.LogLik {
		t.Errorf("the BG/NBD fits worse (%v) than the NBD it contains (%v)", bg.LogLik, nbd.LogLik)
	}
}

func TestOrderAndGroupingDoNotMatter(t *testing.T) {
	rows := simulated(300, true)
	a, err := Purchases(MBGNBD, rows)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	b, err := Purchases(MBGNBD, Collapse(rows))
	if err != nil {
		t.Fatal(err)
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	if errX != nil || errY != nil || string(x) != string(y) {
		t.Errorf("%s\n%s", x, y)
	}
	var back Fit
	if err := json.Unmarshal(x, &back); err != nil {
		t.Fatal(err)
	}
	if z, _ := json.Marshal(back); string(z) != string(x) {
		t.Errorf("a report read back is %s, not %s", z, x)
	}
}

// TestDegenerateRows: a defined answer or a clear refusal, never NaN, infinity or a panic.
func TestDegenerateRows(t *testing.T) {
	for _, c := range []struct {
		name    string
		rows    []Row
		refusal string // "" means an answer
	}{
		{"nothing", nil, "too few"},
		{"one user", repeat(1, Row{3, 10, 20, 0}), "too few"},
		{"no repeat buyer", repeat(100, Row{0, 0, 20, 0}), "no user bought again"},
		{"T = 0", repeat(100, Row{}), "no user bought again"},
		{"a negative count", append(repeat(20, Row{1, 2, 3, 0}), Row{-1, 0, 3, 0}), "row 21"},
		{"NaN", append(repeat(20, Row{1, 2, 3, 0}), Row{1, math.NaN(), 3, 0}), "row 21"},
		{"infinity", append(repeat(20, Row{1, 2, 3, 0}), Row{math.Inf(1), 1, 3, 0}), "row 21"},
		{"t_x after T", append(repeat(20, Row{1, 2, 3, 0}), Row{1, 4, 3, 0}), "row 21"},
		{"all identical", repeat(100, Row{3, 10, 20, 0}), ""},
		{"all at the end", repeat(100, Row{3, 20, 20, 0}), ""},
		{"one repeat buyer", append(repeat(100, Row{0, 0, 20, 0}), Row{1, 1, 20, 0}), ""},
		{"10,000 purchases", append(repeat(100, Row{1, 5, 20, 0}), Row{10_000, 150, 160, 0}), ""},
		{"everybody left at once", append(repeat(100, Row{0, 0, 5000, 0}), repeat(20, Row{2, 0.1, 5000, 0})...), ""},
		{"a repeat at once", append(repeat(100, Row{0, 0, 5, 0}), repeat(20, Row{2, 0, 5, 0})...), ""},
		{"a century", append(repeat(50, Row{0, 0, 5218, 0}), repeat(50, Row{9, 5000, 5218, 0})...), ""},
	} {
		for _, kind := range []Kind{NBD, MBGNBD, BGNBD, ParetoNBD} {
			fit, err := Purchases(kind, c.rows)
			if c.refusal != "" {
				if err == nil || !strings.Contains(err.Error(), c.refusal) || !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
					t.Errorf("%s, %s: %v, want %q", c.name, kind, err, c.refusal)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, kind, err)
				continue
			}
			checkFinite(t, c.name, fit)
		}
	}
	if _, err := Purchases("arima", simulated(100, true)); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown model: %v", err)
	}
}

func checkFinite(t *testing.T, name string, fit *Fit) {
	t.Helper()
	if _, err := json.Marshal(fit); err != nil {
		t.Errorf("%s, %s: %v: %+v", name, fit.Model, err, fit)
	}
	if fit.Identified != (fit.Reason == "") || len(fit.Params) != len(names[fit.Model]) {
		t.Errorf("%s, %s: identified %v, reason %q, %v", name, fit.Model, fit.Identified, fit.Reason, fit.Params)
	}
	for _, p := range append(append(Values{{"loglik", fit.LogLik}, {"gradient", fit.Provenance.Gradient}}, fit.Params...), fit.StdErr...) {
		if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
			t.Errorf("%s, %s: %s is %v", name, fit.Model, p.Name, p.Value)
		}
	}
	if fit.Fallback != nil {
		checkFinite(t, name+", fallback", fit.Fallback)
	}
}

// TestGradients compares the analytic slopes with differences.
func TestGradients(t *testing.T) {
	d := newHistories(Collapse(simulated(200, true)))
	spends := []Spend{{1, 20}, {1, 35}, {2, 11}, {5, 40}, {9, 7.5}}
	for name, c := range map[string]struct {
		f objective
		p []float64
	}{
		"nbd":           {d.nbd, []float64{-0.3, 1.4}},
		"bg":            {func(p, g []float64) float64 { return d.beta(p, g, 0) }, []float64{-0.3, 1.4, 0.2, 0.9}},
		"mbg":           {func(p, g []float64) float64 { return d.beta(p, g, 1) }, []float64{-0.3, 1.4, 0.2, 0.9}},
		"pareto":        {d.pareto, []float64{-0.3, 1.4, 0.2, 1.9}},
		"pareto, apart": {d.pareto, []float64{-0.3, 1.4, -6, 8}},
		"gamma-gamma":   {func(p, g []float64) float64 { return gammaGamma(spends, p, g) }, []float64{0.7, 1.1, 2.9}},
	} {
		got, want := make([]float64, len(c.p)), make([]float64, len(c.p))
		c.f(c.p, got)
		numeric(func(p []float64) float64 { return c.f(p, nil) })(c.p, want)
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-8 {
				t.Errorf("%s: slope %d is %.12g, by differences %.12g", name, i, got[i], want[i])
			}
		}
	}
}

// TestSlidesEndSoon: where the likelihood slides to a boundary, the search is over after some hundred evaluations.
func TestSlidesEndSoon(t *testing.T) {
	for _, leave := range []bool{false, true} {
		for _, kind := range []Kind{MBGNBD, BGNBD, ParetoNBD} {
			fit, err := Purchases(kind, simulated(2000, leave))
			if err != nil {
				t.Fatal(err)
			}
			if fit.Provenance.Evaluations > 300 {
				t.Errorf("%s, users leave: %v: %d evaluations", kind, leave, fit.Provenance.Evaluations)
			}
		}
	}
}

// TestDropoutIntegral compares the integral of the fit with the closed form that scores, which is good to 1e-12 where its series
// converge.
func TestDropoutIntegral(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 20_000 {
		m := clv.ParetoNBD{R: math.Exp(4*rng.Float64() - 2), Alpha: math.Exp(6*rng.Float64() - 2), S: math.Exp(4*rng.Float64() - 2), Beta: math.Exp(6*rng.Float64() - 2)}
		h := clv.History{X: float64(rng.IntN(20)), T: 200 * rng.Float64()}
		if rng.IntN(20) == 0 {
			h.X *= 500
		}
		h.TX = h.T * rng.Float64()
		d := dropout{rx: m.R + h.X, alpha: m.Alpha, s1: m.S + 1, beta: m.Beta}
		if !d.between(h.TX, h.T) {
			t.Fatal(m, h)
		}
		got := math.Log(m.S) + d.log + (m.R+h.X)*math.Log(m.Alpha+h.T) + m.S*math.Log(m.Beta+h.T)
		if want := m.LogDropoutOdds(h); math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Fatalf("%+v %+v: %.15g, want %.15g", m, h, got, want)
		}
	}
}

func TestRefusedMoneyAndSubscriptions(t *testing.T) {
	same := make([]Spend, 50)
	for i := range same {
		same[i] = Spend{float64(1 + i%3), 20}
	}
	for name, f := range map[string]func() (*Fit, error){
		"no money":            func() (*Fit, error) { return Money(nil) },
		"one value":           func() (*Fit, error) { return Money(same) },
		"negative totals":     func() (*Fit, error) { return Money([]Spend{{3, -5}, {2, 0}}) },
		"nobody left":         func() (*Fit, error) { return Subscriptions([]float64{0, 0, 0}, 100) },
		"one renewal":         func() (*Fit, error) { return Subscriptions([]float64{50}, 100) },
		"everybody at once":   func() (*Fit, error) { return Subscriptions([]float64{100, 0}, 0) },
		"few":                 func() (*Fit, error) { return Subscriptions([]float64{1, 1}, 1) },
		"a negative loss":     func() (*Fit, error) { return Subscriptions([]float64{10, -1}, 100) },
		"no opportunities":    func() (*Fit, error) { return Opportunities(nil) },
		"no second purchase":  func() (*Fit, error) { return Opportunities([]Opportunity{{0, 0, 6, 100}}) },
		"more than possible":  func() (*Fit, error) { return Opportunities([]Opportunity{{7, 7, 6, 100}}) },
		"a broken number":     func() (*Fit, error) { return Opportunities([]Opportunity{{1.5, 2, 6, 100}}) },
		"x without its time":  func() (*Fit, error) { return Opportunities([]Opportunity{{1, 0, 6, 100}}) },
		"a weight below zero": func() (*Fit, error) { return Opportunities([]Opportunity{{1, 1, 6, -100}}) },
	} {
		if _, err := f(); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, f := range map[string]func() (*Fit, error){
		"heavy tail":       func() (*Fit, error) { return Money(heavy()) },
		"two losses":       func() (*Fit, error) { return Subscriptions([]float64{10, 9}, 81) },
		"equal churn":      func() (*Fit, error) { return Subscriptions([]float64{1000, 900, 810, 729}, 6561) },
		"every chance":     func() (*Fit, error) { return Opportunities([]Opportunity{{6, 6, 6, 100}}) },
		"first and last":   func() (*Fit, error) { return Opportunities([]Opportunity{{1, 6, 6, 50}, {1, 1, 6, 50}}) },
		"one with a habit": func() (*Fit, error) { return Opportunities([]Opportunity{{0, 0, 6, 50}, {6, 6, 6, 1}}) },
	} {
		fit, err := f()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkFinite(t, name, fit)
	}
}

// heavy is money whose mean over users does not exist.
func heavy() []Spend {
	rng := rand.New(rand.NewPCG(3, 4))
	out := make([]Spend, 400)
	for i := range out {
		out[i] = Spend{float64(1 + i%5), math.Exp(4 * rng.NormFloat64())}
	}
	return out
}

func BenchmarkFit(b *testing.B) {
	rows, _, _ := sample(b)
	for _, kind := range []Kind{BGNBD, MBGNBD, ParetoNBD} {
		b.Run(string(kind), func(b *testing.B) {
			for range b.N {
				if _, err := Purchases(kind, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzPurchases(f *testing.F) {
	f.Add([]byte{1, 5, 20, 3, 10, 30, 0, 0, 9})
	f.Add([]byte{255, 255, 255, 0, 0, 0, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var rows []Row
		for ; len(b) >= 3 && len(rows) < 40; b = b[3:] {
			tx := float64(b[1]) / 7
			if b[0] == 0 {
				tx = 0
			}
			rows = append(rows, Row{float64(b[0]), tx, tx + float64(b[2])/7, 5})
		}
		for _, kind := range []Kind{MBGNBD, BGNBD, ParetoNBD} {
			if fit, err := Purchases(kind, rows); err == nil {
				checkFinite(t, "fuzz", fit)
			}
		}
	})
}
