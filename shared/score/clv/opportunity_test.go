package clv

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// TestDonors compares with the figures of the paper and of BTYD's walkthrough.
func TestDonors(t *testing.T) {
	read(t, "published.json")
	m := BGBB{1.2035222811295179, 0.7497163157488809, 0.656718207013395, 2.783442326384865}
	btyd := BGBB{1.203528, 0.7497260, 0.6567808, 2.783796} // its estimates, which are less tight
	f, err := os.Open(reference + "../btyd/lifetimes_donations.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum, likelihood := 0.0, 0.0
	for _, row := range rows[1:] {
		var v [4]float64
		for i, cell := range row {
			if v[i], err = strconv.ParseFloat(cell, 64); err != nil {
				t.Fatal(err)
			}
		}
		h := Chances{v[0], v[1], v[2]}
		sum += v[3] * m.Expected(h, 5)
		likelihood += v[3] * m.LogLik(h)
	}
	for _, c := range []struct {
		what      string
		got, want float64
		tolerance float64
	}{
		{"the likelihood", likelihood, -33225.58, 0.005},
		{"all donors in 5 years", sum, 12884.2, 0.05},
		{"a new donor in 10 years", btyd.Expected(Chances{}, 10), 3.179805, 5e-6},
		{"one who never gave again, 10 years", btyd.Expected(Chances{0, 0, 6}, 10), 0.1302169, 5e-6},
		{"one who gave 4 times, 10 years", btyd.Expected(Chances{4, 5, 6}, 10), 3.627858, 5e-5},
		{"never gave again, alive", m.PAlive(Chances{0, 0, 6}), 0.11, 0.005},
		{"gave twice until 1999, alive", m.PAlive(Chances{2, 4, 6}), 0.59, 0.005},
		{"gave every year, alive", m.PAlive(Chances{6, 6, 6}), 0.93, 0.005},
	} {
		if !(math.Abs(c.got-c.want) <= c.tolerance) {
			t.Errorf("%s: %.8g, want %v", c.what, c.got, c.want)
		}
	}
	// The probabilities of all histories of six opportunities sum to one.
	total := 0.0
	for x := range 7 {
		for tx := x; tx <= 6; tx++ {
			if (x == 0) != (tx == 0) {
				continue
			}
			ways := 1.0 // of placing the earlier purchases before the last
			for i := range x - 1 {
				ways *= float64(tx-1-i) / float64(i+1)
			}
			total += ways * math.Exp(m.LogLik(Chances{float64(x), float64(tx), 6}))
		}
	}
	if math.Abs(total-1) > 1e-12 {
		t.Errorf("the probabilities sum to %v", total)
	}
}
