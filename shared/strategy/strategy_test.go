package strategy

import "testing"

func TestDefaultParses(t *testing.T) {
	for _, text := range []string{commerceTemplate, growthTemplate} {
		s, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s.Version(), s.StageNames(), s.SegmentOrder())
	}
}
