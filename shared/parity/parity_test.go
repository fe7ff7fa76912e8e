package parity

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"
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
	for n := range 6 {
		sum, err := s.Block(n, 3_400, nil)
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
