package clv

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

const reference = "../../../../shared/data/reference/"

// The published parameters, rounded as in the papers, and those at the tight maximum, of the CDNOW sample.
var (
	bgPub, bgFit   = BGNBD{0.243, 4.414, 0.793, 2.426}, BGNBD{0.24259452845717538, 4.413602319089799, 0.7929218149720941, 2.425906118983981}
	mbgPub, mbgFit = MBGNBD{0.525, 6.183, 0.891, 1.614}, MBGNBD{0.5248432160294466, 6.183086216149995, 0.8913591149152126, 1.6140017453295057}
	pnPub, pnFit   = ParetoNBD{0.553, 10.578, 0.606, 11.669}, ParetoNBD{0.5532770738495839, 10.577683661592275, 0.6062398697987583, 11.66873084205611}
	ggPub, ggFit   = GammaGamma{6.25, 3.74, 15.44}, GammaGamma{6.24957278791268, 3.7442248041756203, 15.443520194925908}
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(reference + name)
	if os.IsNotExist(err) {
		t.Skip("the reference data are absent")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func table(t *testing.T, name string) []map[string]float64 {
	t.Helper()
	read(t, name)
	f, err := os.Open(reference + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]float64
	for _, row := range rows[1:] {
		m := map[string]float64{}
		for i, cell := range row {
			if m[rows[0][i]], err = strconv.ParseFloat(cell, 64); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, m)
	}
	return out
}

// off is the relative difference.
func off(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / math.Abs(want)
}

// history takes the times as whole days, which the table rounds to 10 digits.
func history(row map[string]float64) History {
	days := func(weeks float64) float64 { return math.Round(weeks*7) / 7 }
	return History{X: row["x"], TX: days(row["t_x"]), T: days(row["T"])}
}

func TestScoresOfTheSample(t *testing.T) {
	worst := map[string]float64{}
	rows := table(t, "cdnow_sample_scores.csv")
	for _, row := range rows {
		h, m := history(row), row["m_x"]
		for name, got := range map[string]float64{
			"bgnbd_palive_pub": bgPub.PAlive(h), "bgnbd_cet39_pub": bgPub.Expected(h, 39),
			"mbgnbd_palive_pub": mbgPub.PAlive(h), "mbgnbd_cet39_pub": mbgPub.Expected(h, 39),
			"pnbd_palive_pub": pnPub.PAlive(h), "pnbd_cet39_pub": pnPub.Expected(h, 39),
			"gg_condvalue_pub": ggPub.Value(h.X, m),
			"bgnbd_palive_mle": bgFit.PAlive(h), "bgnbd_cet39_mle": bgFit.Expected(h, 39),
			"mbgnbd_palive_mle": mbgFit.PAlive(h), "mbgnbd_cet39_mle": mbgFit.Expected(h, 39),
			"pnbd_palive_mle": pnFit.PAlive(h), "pnbd_cet39_mle": pnFit.Expected(h, 39),
			"gg_condvalue_mle": ggFit.Value(h.X, m),
		} {
			e := off(got, row[name])
			worst[name] = max(worst[name], e)
			if !(e <= 1e-8) {
				t.Errorf("customer %v, %s: %.12g, want %.12g", row["customer"], name, got, row[name])
			}
		}
	}
	if len(rows) != 2357 {
		t.Errorf("%d customers", len(rows))
	}
	for name, e := range worst {
		t.Logf("%s: worst relative difference %.2g", name, e)
	}
}

func TestLifetimeValueOfTheSample(t *testing.T) {
	histories := map[float64]History{}
	for _, row := range table(t, "cdnow_sample_scores.csv") {
		histories[row["customer"]] = history(row)
	}
	sum := 0.0
	for _, row := range table(t, "cdnow_sample_clv.csv") {
		h := histories[row["customer"]]
		for name, got := range map[string]float64{
			"cet_360d":           bgFit.Expected(h, 360./7),
			"clv_12x30d_1pct":    Value(bgFit, h, row["cond_value"], Plan{12, 30. / 7, 0.01}),
			"clv_12m_4345w_1pct": Value(bgFit, h, row["cond_value"], Plan{12, 4.345, 0.01}),
		} {
			if !(off(got, row[name]) <= 1e-8) {
				t.Errorf("customer %v, %s: %.12g, want %.12g", row["customer"], name, got, row[name])
			}
		}
		sum += Value(bgFit, h, row["cond_value"], Plan{12, 4.345, 0.01})
	}
	if off(sum, 71507.95553014643) > 1e-8 {
		t.Errorf("all customers are worth %.9g, want 71507.9555", sum)
	}
}

func TestChecks(t *testing.T) {
	var c struct {
		BG      float64   `json:"sum_cet39_bgnbd"`
		MBG     float64   `json:"sum_cet39_mbgnbd"`
		PN      float64   `json:"sum_cet39_pnbd"`
		BG52    float64   `json:"bgnbd_E52"`
		PN52    float64   `json:"pnbd_E52"`
		BG1516  float64   `json:"bgnbd_cet52_1516"`
		PN1516  float64   `json:"pnbd_cet52_1516"`
		BGAlive float64   `json:"bgnbd_palive_1516"`
		PNAlive float64   `json:"pnbd_palive_1516"`
		BGLess  []float64 `json:"bg_paradox"`
		PNLess  []float64 `json:"pn_paradox"`
		ByFreq  map[string][]float64
	}
	var byFreq struct {
		ByFreq map[string][]float64 `json:"by_freq"`
	}
	for _, into := range []any{&c, &byFreq} {
		if err := json.Unmarshal(read(t, "cdnow_sample_checks.json"), into); err != nil {
			t.Fatal(err)
		}
	}
	models := map[string]Model{"bgnbd": bgFit, "mbgnbd": mbgFit, "pnbd": pnFit}
	sums, freq, n := map[string]float64{}, map[string][8]float64{}, [8]float64{}
	for _, row := range table(t, "cdnow_sample_scores.csv") {
		h := history(row)
		i := int(min(h.X, 7))
		n[i]++
		for name, m := range models {
			e := m.Expected(h, 39)
			sums[name] += e
			f := freq[name]
			f[i] += e
			freq[name] = f
		}
	}
	last := History{26, 216. / 7, 31}
	equal := func(what string, got, want float64) {
		if !(off(got, want) <= 1e-8) {
			t.Errorf("%s: %.12g, want %.12g", what, got, want)
		}
	}
	equal("BG/NBD, all", sums["bgnbd"], c.BG)
	equal("MBG/NBD, all", sums["mbgnbd"], c.MBG)
	equal("Pareto/NBD, all", sums["pnbd"], c.PN)
	equal("BG/NBD, a new customer", bgFit.Expected(History{}, 52), c.BG52)
	equal("Pareto/NBD, a new customer", pnFit.Expected(History{}, 52), c.PN52)
	equal("BG/NBD, customer 1516", bgFit.Expected(last, 52), c.BG1516)
	equal("Pareto/NBD, customer 1516", pnFit.Expected(last, 52), c.PN1516)
	equal("BG/NBD, customer 1516 alive", bgFit.PAlive(last), c.BGAlive)
	equal("Pareto/NBD, customer 1516 alive", pnFit.PAlive(last), c.PNAlive)
	for i, x := range []float64{10, 15, 20, 25} {
		equal("BG/NBD, more purchases before a silence", bgFit.Expected(History{x, 20, 39}, 52), c.BGLess[i])
		equal("Pareto/NBD, more purchases before a silence", pnFit.Expected(History{x, 20, 39}, 52), c.PNLess[i])
	}
	for name, f := range freq {
		for i := range f {
			equal(name+" by frequency", f[i]/n[i], byFreq.ByFreq[name][i])
		}
	}
}

// TestContinuous holds where a formula of the literature divides by zero: a = 1, s = 1, alpha = beta, a+b = 1.
func TestContinuous(t *testing.T) {
	h := History{3, 10, 17}
	for name, at := range map[string]func(d float64) float64{
		"a = 1, BG":       func(d float64) float64 { return BGNBD{0.3, 4, 1 + d, 2}.Expected(h, 52) },
		"a = 1, MBG":      func(d float64) float64 { return MBGNBD{0.3, 4, 1 + d, 2}.Expected(h, 52) },
		"a+b = 1, BG":     func(d float64) float64 { return BGNBD{0.3, 4, 0.4, 0.6 + d}.Expected(History{T: 5}, 52) },
		"s = 1":           func(d float64) float64 { return ParetoNBD{0.5, 10, 1 + d, 12}.Expected(h, 52) },
		"alpha = beta":    func(d float64) float64 { return ParetoNBD{0.5, 10 + d, 0.6, 10}.PAlive(h) },
		"s = 0, no death": func(d float64) float64 { return ParetoNBD{0.5, 10, max(d, 0), 10}.PAlive(h) },
	} {
		here := at(0)
		for _, d := range []float64{1e-12, -1e-12, 1e-9, -1e-9} {
			if e := off(at(d), here); !(e < 1e-7) {
				t.Errorf("%s: %.15g beside it, %.15g there", name, at(d), here)
			}
		}
	}
}

// TestAlwaysDefined draws histories and parameters far beyond what is usual: every answer is finite and in its range.
func TestAlwaysDefined(t *testing.T) {
	positive := rapid.Custom(func(t *rapid.T) float64 { return math.Exp(rapid.Float64Range(-5, 6).Draw(t, "log")) })
	rapid.Check(t, func(t *rapid.T) {
		r, alpha, a, b := positive.Draw(t, "r"), positive.Draw(t, "alpha"), positive.Draw(t, "a"), positive.Draw(t, "b")
		h := History{
			X:  float64(rapid.SampledFrom([]int{-1, 0, 1, 2, 10, 133, 10_000}).Draw(t, "x")),
			TX: rapid.Float64Range(-1, 500).Draw(t, "tx"), T: rapid.Float64Range(-1, 5000).Draw(t, "T"),
		}
		week := rapid.SampledFrom([]float64{-1, 0, 1, 52, 5218, math.Inf(1)}).Draw(t, "t")
		for _, m := range []Model{BGNBD{r, alpha, a, b}, MBGNBD{r, alpha, a, b}, ParetoNBD{r, alpha, a, b}, NBD{r, alpha}} {
			p, e, later := m.PAlive(h), m.Expected(h, week), m.Expected(h, week+1)
			if !(p >= 0 && p <= 1) || !(e >= 0) || math.IsInf(e, 0) || later < e*(1-1e-9) {
				t.Fatalf("%#v %v: alive %v, expected %v, a week later %v", m, h, p, e, later)
			}
		}
		gg := GammaGamma{r, alpha, b}
		if v := gg.Value(h.X, h.T); !(v >= 0) || math.IsInf(v, 0) {
			t.Fatalf("%#v: %v", gg, v)
		}
	})
}

func BenchmarkScore(b *testing.B) {
	for _, c := range []struct {
		name string
		m    Model
	}{{"BG", bgFit}, {"MBG", mbgFit}, {"Pareto", pnFit}} {
		b.Run(c.name, func(b *testing.B) {
			for i := range b.N {
				sink += c.m.Expected(History{float64(i & 7), float64(i & 31), 39}, 52)
			}
		})
	}
}

var sink float64
