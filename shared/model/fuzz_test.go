package model

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/weir-engine/weir/shared/score/clv"
)

// FuzzValues reads parameters as they are stored: what is read is written again as it is read.
func FuzzValues(f *testing.F) {
	for _, seed := range []string{`{"r":0.24,"alpha":4.4,"a":0.8,"b":2.4}`, `{"r":null}`, `{"r":1e999}`, `[]`, `{"r":{}}`, `{"":0,"":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v Values
		if json.Unmarshal(text, &v) != nil {
			return
		}
		once, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var again Values
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, _ := json.Marshal(again); string(twice) != string(once) {
			t.Fatalf("%s becomes %s", once, twice)
		}
		for _, kind := range []Kind{MBGNBD, BGNBD, ParetoNBD, NBD} {
			if m, err := NewPurchases(kind, v); err == nil {
				h := clv.History{X: 3, TX: 10, T: 20}
				if p, n := m.PAlive(h), m.Expected(h, 52); !(p >= 0 && p <= 1) || !(n >= 0) || math.IsInf(n, 0) {
					t.Fatalf("%s %s: P(alive) %v, expected purchases %v", kind, text, p, n)
				}
			}
		}
	})
}
