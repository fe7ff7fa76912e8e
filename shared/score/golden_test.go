package score

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// draw is a small generator of its own (xorshift64, Marsaglia 2003), so that the profiles are the same everywhere.
type draw uint64

func (d *draw) below(n int) int {
	*d ^= *d << 13
	*d ^= *d >> 7
	*d ^= *d << 17
	return int(uint64(*d) % uint64(n))
}

// profileOf is the i-th random profile: purchases, refund days, active days and tags.
func profileOf(d *draw) *profile.Facts {
	f := &profile.Facts{Events: 1 + int64(d.below(40))}
	first := 9_000 + d.below(900)
	day := first
	for range d.below(9) {
		f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: zone.Day(day), Orders: int32(d.below(4)), Net: int64(d.below(60_000) - 2_000)})
		day += 1 + d.below(200)
	}
	f.FirstSeen, f.LastSeen = int64(first)*86_400_000+int64(d.below(86_400_000)), int64(day)*86_400_000+7
	f.Active = profile.Days{Newest: zone.Day(day), Bits: []uint64{uint64(d.below(1<<62)) | 1}}
	if d.below(3) == 0 {
		f.Tags = []profile.Tag{{Name: "coupon_user", Expires: int64(9_500+d.below(900)) * 86_400_000}}
	}
	return f
}

// TestGoldenScores hashes the scores of random profiles under both tie rules: every platform must give these bits (G3).
func TestGoldenScores(t *testing.T) {
	h := sha256.New()
	for _, ties := range []string{TiesMinRank, TiesNtileFirst} {
		s := rich(t)
		s.RFM.Ties = ties
		e, err := New(s, shanghai(t))
		if err != nil {
			t.Fatal(err)
		}
		hashScores(h, e, 20_000)
	}
	golden(t, h, "testdata/scores.golden")
}

// TestGoldenModels hashes the scores of random profiles under every kind of purchase model.
func TestGoldenModels(t *testing.T) {
	h := sha256.New()
	plain, err := New(rich(t), shanghai(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range kinds() {
		e := with(t, plain, func(m *Models) {
			p := mbgParams(fitMBG)
			m.Purchases = &PurchaseModel{Kind: kind, Params: map[string]float64{}}
			for name, value := range map[string]float64{"r": p["r"], "alpha": p["alpha"], "a": p["a"], "b": p["b"], "s": 0.606, "beta": 11.669} {
				if contains(purchaseParams[kind], name) {
					m.Purchases.Params[name] = value
				}
			}
			more := map[string]float64{}
			for name, value := range m.Purchases.Params {
				more[name] = value * 1.1
			}
			m.Purchases.Draws = []Draw{{Purchases: more}, {Purchases: m.Purchases.Params, Money: ggParams(fitGG)}}
		})
		hashScores(h, e, 3_000)
		asOf, d := int64(10_200)*86_400_000+1, draw(1)
		for range 500 {
			f := profileOf(&d)
			fmt.Fprintf(h, "%+v %+v\n", e.Value(f, asOf), e.Churn(f, asOf))
		}
	}
	golden(t, h, "testdata/models.golden")
}

// golden compares a hash with the one that a file holds.
func golden(t *testing.T, h hash.Hash, file string) {
	t.Helper()
	got := hex.EncodeToString(h.Sum(nil)) + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the scores hash to %s, want %s; if a definition changed on purpose: go test ./shared/score -update", strings.TrimSpace(got), strings.TrimSpace(string(want)))
	}
}

// hashScores writes the cuts of n random profiles and their scores.
func hashScores(w io.Writer, e *Engine, n int) {
	asOf, d := int64(10_200)*86_400_000+1, draw(88_172_645_463_325_252)
	facts, cuts := make([]*profile.Facts, n), e.NewCuts(asOf)
	for i := range facts {
		facts[i] = profileOf(&d)
		cuts.Add(fmt.Sprintf("u%05d", i), facts[i])
	}
	c := cuts.Build()
	fmt.Fprintln(w, c.Recency, c.Frequency, c.Monetary, c.CN, c.Tiers)
	var r Result
	for i, f := range facts {
		e.Score(fmt.Sprintf("u%05d", i), f, nil, c, asOf, &r)
		fmt.Fprintf(w, "%+v\n", r)
	}
}
