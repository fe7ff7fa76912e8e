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
