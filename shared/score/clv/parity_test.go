package clv

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

// TestSameBits hashes the bits of every score over random histories. It runs natively and under wasm, with one expectation.
func TestSameBits(t *testing.T) {
	const want = 0xc242090478efac5c
	rng := rand.New(rand.NewPCG(11, 13))
	h := fnv.New64a()
	add := func(values ...float64) {
		for _, v := range values {
			b := math.Float64bits(v)
			h.Write([]byte{byte(b), byte(b >> 8), byte(b >> 16), byte(b >> 24), byte(b >> 32), byte(b >> 40), byte(b >> 48), byte(b >> 56)})
		}
	}
	models := []Model{bgFit, mbgFit, pnFit, ParetoNBD{0.4, 5, 0.7, 20}, NBD{0.4, 8}, BGNBD{9, 5, 0.7, 2}}
	for range 20_000 {
		days := 1 + rng.IntN(800)
		user := History{float64(rng.IntN(20)), float64(rng.IntN(days+1)) / 7, float64(days) / 7}
		value := ggFit.Value(user.X, float64(rng.IntN(20_000))/100)
		for _, m := range models {
			add(m.PAlive(user), m.Expected(user, 52), value)
		}
		add(Value(mbgFit, user, value, Plan{12, 4.345, 0.01}))
	}
	if got := h.Sum64(); got != want {
		t.Errorf("the hash of all scores is %#x, want %#x", got, uint64(want))
	}
}
