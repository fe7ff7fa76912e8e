package analytics

import (
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

func TestPeriodsAgainstTimePackage(t *testing.T) {
	for d := zone.DayOf(1890, 1, 1); d < zone.DayOf(2110, 1, 1); d += 3 {
		day := d.Time()
		month := Month.index(d)
		if first := Month.start(month); first != zone.DayOf(day.Year(), day.Month(), 1) {
			t.Fatalf("%s is in the month that starts on %s", d, first)
		}
		if Month.label(month) != day.Format("2006-01") {
			t.Fatalf("%s is in the month %s", d, Month.label(month))
		}
		monday := Week.start(Week.index(d))
		if monday.Time().Weekday() != time.Monday || d < monday || d >= monday+7 {
			t.Fatalf("%s is in the week of %s", d, monday)
		}
		if Daily.start(Daily.index(d)) != d {
			t.Fatalf("%s is not its own day", d)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	for _, p := range []Period{Month, Week, Daily} {
		if got, err := ParsePeriod(p.String()); err != nil || got != p {
			t.Errorf("%s: %v, %v", p, got, err)
		}
	}
	if _, err := ParsePeriod("year"); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
		t.Errorf("year: %v", err)
	}
	if of, err := ParseOf("any"); err != nil || of != AnyEvent {
		t.Error(of, err)
	}
	if _, err := ParseOf("login"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestEmptyReports(t *testing.T) {
	end := day(t, "2026-01-31")
	for _, c := range []struct {
		report report
		want   string
	}{
		{NewLifecycle(Month, end), "month_start,active,new,returning,resurrecting,dormant\n"},
		{NewCohorts(Week, end), "c\n"},
		{NewConcentration(), "top,users,least_minor,spend_minor,share,gini\n"},
		{NewRetention(nil, Purchases, end), "day,eligible,n_day,unbounded,bracket_from,bracket\n"},
	} {
		var got writer
		if err := c.report.CSV(&got); err != nil || string(got) != c.want {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
	if c := NewReturnRate(end).Curve(7, 364); c.Elbow != 0 || c.Points[0].Rate != nil || c.Q80 != nil {
		t.Errorf("%+v", c)
	}
}

// writer is a buffer.
type writer []byte

func (w *writer) Write(p []byte) (int, error) { *w = append(*w, p...); return len(p), nil }

// TestWriteErrorsComeBack writes to a full disk.
func TestWriteErrorsComeBack(t *testing.T) {
	if err := NewConcentration().CSV(full{}); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fault.New(fault.Unavailable, "no space left") }
