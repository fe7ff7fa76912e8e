package parity

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/strategy"
)

var update = flag.Bool("update", false, "write the golden hash anew")

// TestSameBits hashes a small set of profiles. It runs natively and under wasm with one expectation; `make parity` compares
// a million on every target.
func TestSameBits(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for n := range 5 {
		sum, err := s.Block(n, 4_000, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(sum[:])
	}
	got, file := hex.EncodeToString(h.Sum(nil)), "testdata/profiles.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != strings.TrimSpace(string(want)) {
		t.Errorf("the scores hash to %s, want %s; if a definition changed on purpose: go test ./shared/parity -update", got, want)
	}
}

// TestEveryConditionDecides makes sure that the profiles are worth hashing: every condition, stage, RFM name, tag and segment holds
// for some and not for others, and every model scores.
func TestEveryConditionDecides(t *testing.T) {
	if testing.Short() {
		t.Skip("the same profiles on every target: once is enough")
	}
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	holds, seen, profiles := map[string]int{}, map[string]int{}, 0
	for n := range s.engines {
		b := s.block(n)
		if _, err := b.users(n, 2_000); err != nil {
			t.Fatal(err)
		}
		b.bases()
		for i := range b.made {
			if err := b.score(newDigest(), drawOf(n, i+2_000), i); err != nil {
				t.Fatal(err)
			}
			profiles++
			for _, p := range b.programs {
				if b.e.Match(p, b.made[i].facts, nil, &b.r, b.made[i].asOf) {
					holds[p.Source()]++
				}
			}
			for _, name := range append(append([]string{b.r.Stage, b.r.RFM, b.r.RFMCN, b.r.Tier}, b.r.Tags...), b.r.Segments...) {
				seen[name]++
			}
			if b.e.Models() != nil && b.r.X > 0 && (b.r.Expected < 0 || b.r.ChurnP < 0 || (b.r.PAlive < 0) != (n%len(s.engines) == 2)) {
				t.Fatalf("engine %d does not score with its models: %+v", n, b.r)
			}
		}
	}
	for _, p := range s.programs[0] {
		if k := holds[p.Source()]; k == 0 || k == profiles {
			t.Errorf("%s holds for %d of %d", p.Source(), k, profiles)
		}
	}
	for _, e := range s.engines {
		for _, name := range slices.Concat(e.Strategy().StageNames(), e.Strategy().RFMNames(), strategy.RFMNamesCN()) {
			if seen[name] == 0 {
				t.Errorf("nobody is %s", name)
			}
		}
		for _, segment := range e.Strategy().Segments {
			if seen[segment.Name] == 0 {
				t.Errorf("nobody is in %s", segment.Name)
			}
		}
	}
}

func BenchmarkBlock(b *testing.B) {
	s, err := New()
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; b.Loop(); n++ {
		if _, err := s.Block(n, 1_000, nil); err != nil {
			b.Fatal(err)
		}
	}
}
