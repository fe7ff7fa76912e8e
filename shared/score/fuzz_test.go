package score

import (
	"encoding/json"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
)

// FuzzParseCuts reads any text as cuts. Cuts of any content, sealed with their own hash, are read back and score without a panic.
func FuzzParseCuts(f *testing.F) {
	b := &base{keys: []string{"a", "b", "c"}, facts: []*profile.Facts{profileOf(new(draw(7))), profileOf(new(draw(9))), profileOf(new(draw(11)))}}
	e := engine(f, nil)
	f.Add(b.cuts(e, 0).JSON())
	f.Add([]byte(`{"recency_days":[5,1,1,9],"frequency":[{"value":-1},{},{},{"value":3,"key":"b"}],"monetary_minor":[0,0,0,0],"cn":{"cut":"mean"},"tiers":[{"name":"x","rest":true}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ParseCuts(text); err != nil && (!fault.Is(err, fault.Invalid) || fault.HintOf(err) == "") {
			t.Fatal(err)
		}
		c := new(Cuts)
		if json.Unmarshal(text, c) != nil {
			return
		}
		c.Version = c.hash()
		again, err := ParseCuts(c.JSON())
		if err != nil {
			t.Fatalf("%s: %v", c.JSON(), err)
		}
		var r Result
		for i, facts := range b.facts {
			asOf := int64(10_200) * 86_400_000
			e.Score(b.keys[i], facts, nil, again, asOf, &r)
			if next := e.NextChange(b.keys[i], facts, nil, again, asOf); next <= asOf || next > segment.Never {
				t.Fatalf("the next change is at %d, asOf %d", next, asOf)
			}
			e.Explain(b.keys[i], facts, nil, again, asOf)
		}
	})
}

// FuzzParseModels reads any text as models; models of any content, sealed, are read back as they were.
func FuzzParseModels(f *testing.F) {
	f.Add(Models{Purchases: &PurchaseModel{Kind: "mbgnbd", Params: map[string]float64{"r": 0.5, "alpha": 6, "a": 0.9, "b": 1.6}}, Money: &MoneyModel{Params: map[string]float64{"p": 6, "q": 4, "v": 15}}}.Sealed().JSON())
	f.Add(Models{Churn: &ChurnModel{Horizon: 90, Features: []ChurnFeature{{Name: "x", Scale: 1}}}}.Sealed().JSON())
	f.Add([]byte(`{"purchases":{"kind":"","params":{"r":-1e308}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := ParseModels(text); err != nil && (!fault.Is(err, fault.Invalid) || fault.HintOf(err) == "") {
			t.Fatal(err)
		}
		m := new(Models)
		if json.Unmarshal(text, m) != nil {
			return
		}
		sealed := m.Sealed()
		again, err := ParseModels(sealed.JSON())
		if err != nil || string(again.JSON()) != string(sealed.JSON()) {
			t.Fatalf("%s: %v", sealed.JSON(), err)
		}
	})
}
