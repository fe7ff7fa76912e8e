package analytics

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/zone"
)

func TestRecurringAgainstOracle(t *testing.T) {
	marks := []int{1, 2, 7, 30}
	rapid.Check(t, func(t *rapid.T) {
		users, asOf := drawUsers(t), zone.Day(rapid.IntRange(9_990, 10_400).Draw(t, "as of"))
		of := rapid.SampledFrom([]Of{Purchases, AnyEvent}).Draw(t, "of")
		r := NewRecurring(marks, of, asOf)
		want := make([]RetentionRow, len(marks))
		for _, u := range users {
			r.Add(u.facts())
			days := u.until(asOf)
			for i, k := range marks {
				want[i].Day, want[i].From = k, 1
				if i > 0 {
					want[i].From = marks[i-1] + 1
				}
				for _, start := range days {
					if start+zone.Day(k) > asOf {
						continue
					}
					some := func(from, to zone.Day) int64 {
						if slices.ContainsFunc(days, func(d zone.Day) bool { return d >= start+from && d <= start+to }) {
							return 1
						}
						return 0
					}
					want[i].Eligible++
					want[i].Exact += some(zone.Day(k), zone.Day(k))
					want[i].Unbounded += some(zone.Day(k), 1000)
					want[i].Bracket += some(zone.Day(want[i].From), zone.Day(k))
				}
			}
		}
		if len(users) > 0 && !slices.Equal(r.Rows(), want) {
			t.Fatalf("%+v, want %+v", r.Rows(), want)
		}
	})
	var text bytes.Buffer
	r := NewRecurring(marks, Purchases, 0)
	if err := r.CSV(&text); err != nil || strings.Count(text.String(), "\n") != 5 {
		t.Error(text.String(), err)
	}
}
