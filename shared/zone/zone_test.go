package zone

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestDayMatchesTimePackage(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Europe/London"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		z := FromLocation(loc)
		for ms := int64(-1_000_000_000_000); ms < 3_900_000_000_000; ms += 7_654_321_987 {
			local := time.UnixMilli(ms).In(loc)
			want := DayOf(local.Year(), local.Month(), local.Day())
			if got := z.Day(ms); got != want {
				t.Fatalf("%s: day of %s is %s, want %s", name, local, got, want)
			}
		}
	}
}

func TestStartIsTheFirstMomentOfItsDay(t *testing.T) {
	for _, name := range []string{"UTC", "Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Africa/Cairo"} {
		loc, _ := time.LoadLocation(name)
		z := FromLocation(loc)
		for d := DayOf(1996, 1, 1); d < DayOf(2030, 1, 1); d++ {
			s := z.Start(d)
			if z.Day(s) != d || z.Day(s-1) != d-1 {
				t.Fatalf("%s: %s starts at %s", name, d, time.UnixMilli(s).In(loc))
			}
		}
	}
}

func TestParseDay(t *testing.T) {
	d, err := ParseDay("1997-09-30")
	if err != nil || d.String() != "1997-09-30" || d != DayOf(1997, 9, 30) {
		t.Fatal(d, err)
	}
	if _, err := ParseDay("30/09/1997"); err == nil {
		t.Fatal("accepted a wrong layout")
	}
}

// The table holds every offset at every hour and both sides of every change.
func TestTableHoldsEveryChange(t *testing.T) {
	for _, name := range []string{"America/New_York", "Pacific/Apia", "Europe/Dublin", "Africa/Casablanca", "Asia/Shanghai", "Australia/Lord_Howe"} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		z := FromLocation(loc)
		for s := time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); s < time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); s += 3600 {
			if _, want := time.Unix(s, 0).In(loc).Zone(); z.Offset(s*1000) != int32(want) {
				t.Fatalf("%s at %s: %d, want %d", name, time.Unix(s, 0).UTC(), z.Offset(s*1000), want)
			}
		}
		for _, s := range z.from[1:] {
			_, before := time.Unix(s-1, 0).In(loc).Zone()
			_, after := time.Unix(s, 0).In(loc).Zone()
			if before == after || z.Offset(s*1000-1) != int32(before) || z.Offset(s*1000) != int32(after) {
				t.Errorf("%s: the change at %s is from %d to %d", name, time.Unix(s, 0).UTC(), before, after)
			}
		}
	}
}
