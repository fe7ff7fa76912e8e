package app

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A sample is the users with the smallest hashes, whatever the order they come in: no more than its size, and about half of it at
// least.
func TestSample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, users := range []int{0, 5, 100, 101, 5000} {
		hashes := make([]uint64, users)
		for i := range hashes {
			hashes[i] = r.Uint64()
		}
		var first []uint64
		for range 5 {
			r.Shuffle(users, func(i, j int) { hashes[i], hashes[j] = hashes[j], hashes[i] })
			s := newSample[uint64](100)
			for _, h := range hashes {
				s.add(h, h)
			}
			got := slices.Sorted(slices.Values(s.rows))
			if first == nil {
				first = got
			}
			if !slices.Equal(got, first) || s.whole() != (users <= 100) || len(got) > 100 || len(got) < min(users, 40) {
				t.Fatalf("%d of %d users, whole %v", len(got), users, s.whole())
			}
			smallest := slices.Sorted(slices.Values(hashes))[:len(got)]
			if !slices.Equal(got, smallest) {
				t.Fatal("others than those with the smallest hashes")
			}
		}
	}
}
