package cost

import (
	"math"
	"net/url"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/fault"
)

func line(t *testing.T, b *Bill, name string) Line {
	t.Helper()
	for _, l := range b.Lines {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("there is no line %q", name)
	return Line{}
}

func TestIdle(t *testing.T) {
	b, err := Monthly(Traffic{}, Defaults())
	if err != nil {
		t.Fatal(err)
	}
	if b.USD >= 2 || b.USD < 1.6 || b.USD != b.Idle {
		t.Errorf("an idle deployment costs %.2f USD", b.USD)
	}
	for name, want := range map[string]float64{"KMS key": 1, "CloudWatch alarms": 0.6, "SQS requests": 0.29376, "DynamoDB writes": 0} {
		if got := line(t, b, name).USD; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// Worked by hand: a million events of 25,000 users in 30 files, with 1,000 messages.
func TestMonthly(t *testing.T) {
	b, err := Monthly(Traffic{Events: 1_000_000, Active: 25_000, Base: 100_000, Messages: 1000, Files: 30, Months: 12}, Defaults())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		// 25,000 users in 30 files; 50,000 decisions; messages of 29; links of 8; files of 18, and of 11 chunks more of 4
		"DynamoDB writes": 750_000 + 50_000 + 29_000 + 200_000 + 540 + 30*11*4,
		// the same users at two units; links of 8; messages of 21; files of 35; 30 snapshots and 5 times cuts over 100 MB
		"DynamoDB reads":   1_500_000 + 200_000 + 21_000 + 1050 + 35*25_000,
		"DynamoDB storage": 0.1 + 0.002,
		"S3 storage":       12*0.06 + 0.35 + 12*0.05,
		"Lambda requests":  30 + 1440 + 1000 + 43_200,
		"KMS key":          1,
	} {
		if got := line(t, b, name).Quantity; math.Abs(got-want) > 1e-6*want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if math.Abs(b.PerMillion-b.USD) > 1e-12 {
		t.Errorf("a million events cost %v, all of them %v", b.PerMillion, b.USD)
	}
}

func TestMonthlyRefuses(t *testing.T) {
	good := Traffic{Events: 10, Active: 5, Base: 5, Files: 1}
	for name, change := range map[string]func(*Traffic, *Assumptions){
		"negative":           func(t *Traffic, _ *Assumptions) { t.Messages = -1 },
		"small base":         func(t *Traffic, _ *Assumptions) { t.Base = 4 },
		"events of nobody":   func(t *Traffic, _ *Assumptions) { t.Active, t.Base = 0, 0 },
		"events in no files": func(t *Traffic, _ *Assumptions) { t.Files = 0 },
		"too many active":    func(t *Traffic, _ *Assumptions) { t.Active, t.Base = 11, 11 },
		"no rate":            func(_ *Traffic, a *Assumptions) { a.EventsPerSec = 0 },
		"no number":          func(_ *Traffic, a *Assumptions) { a.ItemKB = math.NaN() },
		"too large":          func(t *Traffic, _ *Assumptions) { t.Calls = 1e16 },
	} {
		traffic, a := good, Defaults()
		change(&traffic, &a)
		if _, err := Monthly(traffic, a); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// More of anything never costs less, lines add up, and nothing is NaN.
func TestMonthlyGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int64 { return rapid.Int64Range(0, 1e9).Draw(t, name) }
		base := Traffic{Active: n("active"), Messages: n("messages"), Files: n("files") + 1, Calls: n("calls"), Months: n("months") % 120}
		base.Events, base.Base = base.Active+n("events"), base.Active+n("base")
		if base.Active == 0 {
			base.Events = 0
		}
		more := base
		switch rapid.IntRange(0, 4).Draw(t, "what") {
		case 0:
			more.Base += n("more")
		case 1:
			more.Messages += n("more")
		case 2:
			more.Files += n("more")
		case 3:
			more.Calls += n("more")
		case 4:
			if more.Active > 0 {
				more.Events += n("more")
			}
		}
		a, err := Monthly(base, Defaults())
		if err != nil {
			t.Fatal(err)
		}
		b, err := Monthly(more, Defaults())
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, l := range a.Lines {
			if !(l.USD >= 0) || math.IsInf(l.USD, 0) || b.Lines[i].USD < l.USD {
				t.Fatalf("%s: %v, then %v", l.Name, l.USD, b.Lines[i].USD)
			}
			sum += l.USD
		}
		if sum != a.USD || a.Idle > a.USD {
			t.Fatalf("lines of %v are %v in all; idle %v", sum, a.USD, a.Idle)
		}
	})
}

func TestPrices(t *testing.T) {
	for _, p := range Prices() {
		u, err := url.Parse(p.Source)
		if err != nil || u.Host != "aws.amazon.com" || p.Name == "" || p.Unit == "" || p.USD <= 0 || p.Per <= 0 {
			t.Errorf("%+v", p)
		}
	}
}

func TestOfUnits(t *testing.T) {
	if got := OfUnits(2e6, 1e6); math.Abs(got-(2*0.125+0.625)) > 1e-12 {
		t.Errorf("two million reads and a million writes cost %v USD", got)
	}
}
