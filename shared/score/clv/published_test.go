package clv

import (
	"encoding/json"
	"math"
	"testing"
)

// TestPublishedFile compares with every figure of published.json that belongs to a model of this package, computed from the estimates
// that its sources print, to the digits they print.
func TestPublishedFile(t *testing.T) {
	type who struct {
		Later float64 `json:"cet52"`
		Alive float64 `json:"palive"`
	}
	var p struct {
		BG struct {
			Params  map[string]float64
			Year    float64   `json:"E_repeat_52wk"`
			Who     who       `json:"cust_1516"`
			Paradox []float64 `json:"paradox_x10_15_20_25_tx20_T39_t52"`
			First   float64   `json:"cust1_x2_tx30.43_T38.86_cet39"`
			ByFreq  []float64 `json:"cet_by_freq_0..7+"`
			New     []float64 `json:"E_at_0.1429_1_3_31.8571_32_78"`
		} `json:"bgnbd_cdnow"`
		PN struct {
			Params  map[string]float64
			Year    float64   `json:"E_52wk"`
			Who     who       `json:"cust_1516"`
			Paradox []float64 `json:"paradox"`
			ByFreq  []float64 `json:"cet_by_freq"`
			Under   struct {
				Params map[string]float64
				X132   float64 `json:"x132_tx200_T200"`
				X133   float64 `json:"x133"`
			} `json:"underflow_regression"`
		} `json:"pnbd_cdnow"`
		MBG struct{ Params map[string]float64 } `json:"mbgnbd_cdnow"`
		GG  struct {
			Params map[string]float64
			First  []float64 `json:"first10_customers_cond_value"`
		} `json:"gamma_gamma_cdnow"`
		BGBB struct{ Params map[string]float64 } `json:"bgbb_donations"`
		SBG  map[string]json.RawMessage
	}
	if err := json.Unmarshal(read(t, "published.json"), &p); err != nil {
		t.Fatal(err)
	}
	near := func(what string, got, want, tolerance float64) {
		t.Helper()
		if !(off(got, want) <= tolerance) {
			t.Errorf("%s: %.8g, published %.8g", what, got, want)
		}
	}
	bg, pn := BGNBD{0.2425982, 4.4136842, 0.7929899, 2.4261667}, ParetoNBD{0.553, 10.580, 0.606, 11.656} // the estimates in BTYD's walkthrough
	near("BG/NBD, a new customer's year", bg.Expected(History{}, 52), p.BG.Year, 1e-6)
	near("Pareto/NBD, a new customer's year", pn.Expected(History{}, 52), p.PN.Year, 1e-3)
	who1516 := History{26, 216. / 7, 31}
	near("BG/NBD, customer 1516", bg.Expected(who1516, 52), p.BG.Who.Later, 1e-5)
	near("BG/NBD, customer 1516 alive", bg.PAlive(who1516), p.BG.Who.Alive, 1e-5)
	near("Pareto/NBD, customer 1516", pn.Expected(who1516, 52), p.PN.Who.Later, 1e-3)
	near("Pareto/NBD, customer 1516 alive", pn.PAlive(who1516), p.PN.Who.Alive, 1e-5)
	for i, x := range []float64{10, 15, 20, 25} {
		near("BG/NBD, the more before a silence", bg.Expected(History{x, 20, 39}, 52), p.BG.Paradox[i], 1e-3) // its 2F1 is a short series
		near("Pareto/NBD, the more before a silence", pn.Expected(History{x, 20, 39}, 52), p.PN.Paradox[i], 3e-3)
	}
	near("BG/NBD, customer 1", bgPub.Expected(History{2, 30.43, 38.86}, 39), p.BG.First, 1e-3)
	for i, at := range []float64{0.1429, 1, 3, 31.8571, 32, 78} {
		near("BG/NBD, a new customer", bgPub.Expected(History{}, at), p.BG.New[i], 6e-3)
	}
	var n [8]float64
	var sums [2][8]float64
	for _, row := range table(t, "cdnow_sample_scores.csv") {
		h, i := history(row), int(min(row["x"], 7))
		n[i]++
		sums[0][i] += bg.Expected(h, 39)
		sums[1][i] += pn.Expected(h, 39)
	}
	for i := range n {
		near("BG/NBD by frequency", sums[0][i]/n[i], p.BG.ByFreq[i], 1e-4)
		if got := sums[1][i] / n[i]; math.Abs(got-p.PN.ByFreq[i]) > 2e-3 {
			t.Errorf("Pareto/NBD, %d purchases: %.4f, published %v", i, got, p.PN.ByFreq[i])
		}
	}
	m := ParetoNBD{p.PN.Under.Params["r"], p.PN.Under.Params["alpha"], p.PN.Under.Params["s"], p.PN.Under.Params["beta"]}
	near("underflow, 132 purchases", m.Expected(History{132, 200, 200}, 10), p.PN.Under.X132, 1e-9)
	near("underflow, 133 purchases", m.Expected(History{133, 200, 200}, 10), p.PN.Under.X133, 1e-9)
	for i, row := range table(t, "cdnow_sample_scores.csv")[:len(p.GG.First)] {
		if got := ggPub.Value(row["x"], row["m_x"]); math.Abs(got-p.GG.First[i]) > 0.05 {
			t.Errorf("conditional value of customer %d: %.3f, published %.2f", i+1, got, p.GG.First[i])
		}
	}
	for _, c := range []struct {
		published map[string]float64
		got       map[string]float64
	}{
		{p.BG.Params, map[string]float64{"r": bgFit.R, "alpha": bgFit.Alpha, "a": bgFit.A, "b": bgFit.B}},
		{p.MBG.Params, map[string]float64{"r": mbgFit.R, "alpha": mbgFit.Alpha, "a": mbgFit.A, "b": mbgFit.B}},
		{p.PN.Params, map[string]float64{"r": pnFit.R, "alpha": pnFit.Alpha, "s": pnFit.S, "beta": pnFit.Beta}},
	} {
		for name, want := range c.published {
			if math.Abs(c.got[name]-want) > 0.0006 {
				t.Errorf("%s is %v, published %v", name, c.got[name], want)
			}
		}
	}
}
