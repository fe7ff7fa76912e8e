package zone

import (
	"testing"
	"time"
)

// FuzzParseDay compares with the time package.
func FuzzParseDay(f *testing.F) {
	for _, seed := range []string{"2026-01-31", "2024-02-30", "1969-12-31", "0000-00-00", "10000-01-01", "2026-1-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		day, err := ParseDay(s)
		want, wantErr := time.Parse(time.DateOnly, s)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v; the time package: %v", s, err, wantErr)
		}
		if err == nil && (day.String() != s || !day.Time().Equal(want)) {
			t.Fatalf("%q is %s", s, day)
		}
	})
}

// FuzzRules makes a zone of a table of offsets and asks it for the days about any moment.
func FuzzRules(f *testing.F) {
	f.Add(int64(0), int32(3600))
	f.Add(int64(1_700_000_000_000), int32(-43_200))
	f.Add(int64(-5_000_000_000_000), int32(50_400))
	f.Fuzz(func(t *testing.T, ms int64, offset int32) {
		if ms < -60_000_000_000_000 || ms > 250_000_000_000_000 || offset < -50_400 || offset > 50_400 {
			return
		}
		z := FromLocation(time.FixedZone("x", int(offset)))
		day := z.Day(ms)
		if start := z.Start(day); start > ms || z.Start(day+1) <= ms || z.Day(start) != day || z.Day(start-1) != day-1 {
			t.Fatalf("%d lies in day %d, which begins at %d", ms, day, start)
		}
	})
}
