package model

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// TestDegenerateFits drives every fit of the package with what no textbook shows: each gives a report that JSON can hold, which it
// cannot if a number is not finite, or a refusal with a way out, and none takes longer than a minute.
func TestDegenerateFits(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, fit := range map[string]func() (any, error){
		"money: one user":        func() (any, error) { return Money([]Spend{{1, 20}}) },
		"money: all identical":   func() (any, error) { return Money(repeat(50, Spend{3, 20})) },
		"money: all but one":     func() (any, error) { return Money(append(repeat(50, Spend{3, 20}), Spend{1, 21})) },
		"money: no repeat buyer": func() (any, error) { return Money(repeat(50, Spend{0, 20})) },
		"money: a negative total": func() (any, error) {
			return Money(append(repeat(50, Spend{2, -20}), Spend{1, 5}, Spend{2, 7}, Spend{4, 9}))
		},
		"money: NaN":      func() (any, error) { return Money(append(repeat(50, Spend{2, 20}), Spend{nan, 5}, Spend{2, nan})) },
		"money: infinite": func() (any, error) { return Money(append(repeat(50, Spend{2, 20}), Spend{2, inf})) },
		"money: huge": func() (any, error) {
			return Money(append(repeat(50, Spend{2, 1e15}), Spend{10_000, 2e15}, Spend{1, 1e-2}))
		},
		"purchases: huge": func() (any, error) {
			return Purchases(ParetoNBD, append(repeat(50, Row{3, 10, 20, 1}), Row{1e300, 5, 30, 1}))
		},
		"purchases: tiny": func() (any, error) {
			return Purchases(MBGNBD, append(repeat(50, Row{3, 1e-300, 2e-300, 1}), Row{4, 0, 1e-300, 1}))
		},
		"purchases: heavy": func() (any, error) {
			return Purchases(BGNBD, append(repeat(50, Row{3, 10, 20, 1e300}), Row{4, 1, 30, 1e300}))
		},
		"purchases: in seconds":     func() (any, error) { return Purchases(ParetoNBD, repeat(50, Row{3, 1e9, 2e9, 1})) },
		"sbg: NaN":                  func() (any, error) { return Subscriptions([]float64{nan, 1}, 10) },
		"sbg: infinite":             func() (any, error) { return Subscriptions([]float64{5, 1}, inf) },
		"sbg: a century":            func() (any, error) { return Subscriptions(repeat(1200, 1.0), 1000) },
		"sbg: nobody stays":         func() (any, error) { return Subscriptions([]float64{90, 9, 1}, 0) },
		"sbg: nobody left at first": func() (any, error) { return Subscriptions([]float64{0, 0, 50}, 100) },
		"renewals: uneven":          func() (any, error) { return Renewals([]float64{1, 2}, []float64{1}) },
		"renewals: nothing":         func() (any, error) { return Renewals(nil, nil) },
		"bgbb: one user":            func() (any, error) { return Opportunities([]Opportunity{{1, 1, 6, 1}}) },
		"bgbb: all identical":       func() (any, error) { return Opportunities([]Opportunity{{2, 4, 6, 1000}}) },
		"bgbb: NaN":                 func() (any, error) { return Opportunities([]Opportunity{{nan, 2, 6, 10}}) },
		"bgbb: infinite":            func() (any, error) { return Opportunities([]Opportunity{{1, 2, inf, 10}}) },
		"bgbb: 10,000 opportunities": func() (any, error) {
			return Opportunities([]Opportunity{{0, 0, 10_000, 50}, {9_000, 9_990, 10_000, 50}})
		},
		"bgbb: infinite weight": func() (any, error) { return Opportunities([]Opportunity{{1, 2, 6, inf}}) },
		"km: all at once":       func() (any, error) { return KaplanMeier(repeat(9, Duration{0, true})) },
		"km: nobody":            func() (any, error) { return KaplanMeier(repeat(9, Duration{5, false})) },
		"km: infinite":          func() (any, error) { return KaplanMeier([]Duration{{inf, true}}) },
		"log-rank: the same": func() (any, error) {
			return LogRank([][]Duration{repeat(9, Duration{1, true}), repeat(9, Duration{1, true})})
		},
		"log-rank: one each":          func() (any, error) { return LogRank([][]Duration{{{1, true}}, {{2, true}}}) },
		"log-rank: nobody at risk":    func() (any, error) { return LogRank([][]Duration{{{1, false}}, {{2, true}}}) },
		"log-rank: 40 groups":         func() (any, error) { return LogRank(repeat(40, []Duration{{1, true}, {2, false}})) },
		"logit: nothing":              func() (any, error) { return Logit(nil, nil, 1) },
		"logit: no columns":           func() (any, error) { return Logit([][]float64{{}, {}}, []bool{true, false}, 1) },
		"logit: one user":             func() (any, error) { return Logit([][]float64{{1}}, []bool{true}, 1) },
		"logit: constant":             func() (any, error) { return Logit([][]float64{{1}, {1}, {1}}, []bool{true, false, true}, 1) },
		"logit: separated, penalised": func() (any, error) { return Logit([][]float64{{-1}, {1}, {2}}, []bool{false, true, true}, 0.1) },
		"logit: separated":            func() (any, error) { return Logit([][]float64{{-1}, {1}, {2}}, []bool{false, true, true}, 0) },
		"logit: NaN":                  func() (any, error) { return Logit([][]float64{{nan}, {1}}, []bool{true, false}, 1) },
		"logit: infinite":             func() (any, error) { return Logit([][]float64{{inf}, {1}}, []bool{true, false}, 1) },
		"logit: huge":                 func() (any, error) { return Logit([][]float64{{1e300}, {-1e300}, {1}}, []bool{true, false, false}, 1) },
		"logit: negative penalty":     func() (any, error) { return Logit([][]float64{{1}, {2}}, []bool{true, false}, -1) },
		"logit: NaN penalty":          func() (any, error) { return Logit([][]float64{{1}, {2}}, []bool{true, false}, nan) },
		"logit: uneven":               func() (any, error) { return Logit([][]float64{{1}, {2, 3}}, []bool{true, false}, 1) },
		"k-means: all identical":      func() (any, error) { return KMeans(repeat(50, []float64{1, 2}), 3, 1) },
		"k-means: huge":               func() (any, error) { return KMeans([][]float64{{1e300}, {-1e300}, {0}}, 2, 1) },
		"k-means: NaN":                func() (any, error) { return KMeans([][]float64{{nan}, {1}}, 1, 1) },
		"ranks: nothing":              func() (any, error) { return Rank(nil, nil) },
		"ranks: NaN":                  func() (any, error) { return Rank([]float64{nan, 0.2, 0.7}, []bool{true, false, true}) },
		"ranks: all alike":            func() (any, error) { return Rank([]float64{0.5, 0.5}, []bool{true, true}) },
	} {
		t.Run(name, func(t *testing.T) { answers(t, fit) })
	}
}

func answers(t *testing.T, fit func() (any, error)) {
	type outcome struct {
		report any
		err    error
		panic  any
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() { o.panic = recover(); done <- o }()
		o.report, o.err = fit()
	}()
	select {
	case o := <-done:
		if o.panic != nil {
			t.Fatalf("panic: %v", o.panic)
		}
		if o.err != nil {
			if !fault.Is(o.err, fault.Invalid) || fault.HintOf(o.err) == "" {
				t.Errorf("refused without a way out: %v", o.err)
			}
			return
		}
		if _, err := json.Marshal(o.report); err != nil {
			t.Errorf("%+v: %v", o.report, err)
		}
		if f, ok := o.report.(*Fit); ok {
			checkFinite(t, t.Name(), f)
		}
	case <-time.After(time.Minute):
		t.Fatal("no answer within a minute")
	}
}

func repeat[T any](n int, v T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// TestMoneyInAnotherCurrency: a yen is no other model than a euro.
func TestMoneyInAnotherCurrency(t *testing.T) {
	euros := spentByModel()
	yen := make([]Spend, len(euros))
	for i, s := range euros {
		yen[i] = Spend{s.X, s.Mean * 1e6}
	}
	a, err := Money(euros)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Money(yen)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"p", "q", "v"} {
		scale := 1.0
		if name == "v" {
			scale = 1e6
		}
		if off(b.Params.Get(name), scale*a.Params.Get(name)) > 1e-6 || off(b.StdErr.Get(name), scale*a.StdErr.Get(name)) > 1e-6 {
			t.Errorf("%s is %v in one currency and %v in the other", name, a.Params.Get(name), b.Params.Get(name))
		}
	}
	if want := a.LogLik - float64(a.N)*math.Log(1e6); off(b.LogLik, want) > 1e-9 {
		t.Errorf("log-likelihood %v, want %v", b.LogLik, want)
	}
}

// spentByModel is money as the Gamma-Gamma model has it: purchases of gamma(6, scale), whose scale is gamma(4, 15) among users.
func spentByModel() []Spend {
	rng := rand.New(rand.NewPCG(2, 6))
	gamma := func(shape int) (sum float64) {
		for range shape {
			sum += rng.ExpFloat64()
		}
		return sum
	}
	out := make([]Spend, 500)
	for i := range out {
		x := 1 + i%6
		out[i] = Spend{float64(x), gamma(6*x) / float64(x) * 15 / gamma(4)}
	}
	return out
}

// TestDegenerateHoldouts calibrates with nobody, with everybody at one frequency, and over no time.
func TestDegenerateHoldouts(t *testing.T) {
	m, err := NewPurchases(MBGNBD, Values{{"r", 0.5}, {"alpha", 6}, {"a", 0.9}, {"b", 1.6}})
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range [][]HoldoutRow{nil, {{Row{0, 0, 0, 1}, 0}}, repeat(9, HoldoutRow{Row{10_000, 519, 520, 1}, 3})} {
		for _, weeks := range []float64{0, 39, 5218} {
			for _, last := range []int{-1, 0, 7} {
				h := Calibrate(m, rows, weeks, last)
				if _, err := json.Marshal(h); err != nil {
					t.Errorf("%v: %v", fmt.Sprint(rows, weeks, last), err)
				}
			}
		}
	}
}
