package model

import (
	"math"
	"sort"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
)

// Duration is how long a subject was seen, and whether the event ended it; otherwise the subject is censored.
type Duration struct {
	Time  float64
	Event bool
}

// Step is a survival curve at one time: those at risk just before it, the events and the censored at it, the share that
// survives beyond it with its standard error, a 95 % interval on the scale log(-log), and the cumulative hazard. Where nobody,
// or everybody, survives, the interval is that one value.
type Step struct {
	Time     float64 `json:"time"`
	AtRisk   int     `json:"n_risk"`
	Events   int     `json:"n_event"`
	Censored int     `json:"n_censor"`
	Survival float64 `json:"surv"`
	StdErr   float64 `json:"std_err"`
	Low      float64 `json:"lo95"`
	High     float64 `json:"hi95"`
	Hazard   float64 `json:"cumhaz"`
}

// KaplanMeier estimates survival (Kaplan, Meier 1958; variance of Greenwood 1926) and the cumulative hazard (Nelson 1972;
// Aalen 1978), one step for each time at which somebody left. Durations are finite and not negative.
func KaplanMeier(durations []Duration) ([]Step, error) {
	sorted, err := byTime(durations)
	if err != nil {
		return nil, err
	}
	z := fmath.NormalQuantile(0.975)
	var out []Step
	survival, greenwood, hazard := 1.0, 0.0, 0.0
	for i := 0; i < len(sorted); {
		s := Step{Time: sorted[i].Time, AtRisk: len(sorted) - i}
		for ; i < len(sorted) && sorted[i].Time == s.Time; i++ {
			if sorted[i].Event {
				s.Events++
			} else {
				s.Censored++
			}
		}
		n, d := float64(s.AtRisk), float64(s.Events)
		survival *= (n - d) / n
		hazard += d / n
		s.Survival, s.Low, s.High, s.Hazard = survival, survival, survival, hazard
		if d < n {
			greenwood += d / (n * (n - d))
		}
		if survival > 0 && survival < 1 {
			spread := math.Sqrt(greenwood)
			s.StdErr = survival * spread
			log := fmath.Log(survival)
			factor := fmath.Exp(z * spread / -log)
			s.Low, s.High = fmath.Exp(log*factor), fmath.Exp(log/factor)
		}
		out = append(out, s)
	}
	return out, nil
}

// Median returns the time by which half have had the event, and false where the curve stays above a half.
func Median(curve []Step) (float64, bool) {
	for i, s := range curve {
		if math.Abs(s.Survival-0.5) < 1e-12 { // flat at a half: the middle of the step
			for _, next := range curve[i+1:] {
				if next.Events > 0 {
					return (s.Time + next.Time) / 2, true
				}
			}
		}
		if s.Survival <= 0.5 {
			return s.Time, true
		}
	}
	return 0, false
}

func byTime(durations []Duration) ([]Duration, error) {
	if len(durations) == 0 {
		return nil, fault.New(fault.Invalid, "there are no durations").WithHint("give at least one")
	}
	for i, d := range durations {
		if !(d.Time >= 0) || math.IsInf(d.Time, 0) {
			return nil, fault.New(fault.Invalid, "duration %d is %v", i+1, d.Time).WithHint("durations are finite and not negative")
		}
	}
	sorted := append([]Duration(nil), durations...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Time < sorted[j].Time })
	return sorted, nil
}

// Ranks is the result of a log-rank test.
type Ranks struct {
	ChiSquare float64   `json:"chisq"`
	DF        int       `json:"df"`
	P         float64   `json:"p"`
	Observed  []float64 `json:"obs"` // events by group
	Expected  []float64 `json:"exp"` // events by group if all groups were alike
}

// LogRank tests whether groups have the same survival (Mantel 1966; Peto, Peto 1972). Every group needs a subject, and some
// group an event while another is at risk.
func LogRank(groups [][]Duration) (*Ranks, error) {
	if len(groups) < 2 {
		return nil, fault.New(fault.Invalid, "a log-rank test needs two groups").WithHint("name a column with at least two values")
	}
	g := len(groups)
	left := make([][]Duration, g)
	var times []Duration
	for i, d := range groups {
		sorted, err := byTime(d)
		if err != nil {
			return nil, fault.Wrap(err, "group %d", i+1)
		}
		left[i] = sorted
		times = append(times, sorted...)
	}
	times, _ = byTime(times)
	r := &Ranks{DF: g - 1, Observed: make([]float64, g), Expected: make([]float64, g)}
	variance := make([][]float64, g-1)
	for i := range variance {
		variance[i] = make([]float64, g-1)
	}
	risk, events := make([]float64, g), make([]float64, g)
	for i := 0; i < len(times); {
		at := times[i].Time
		for i < len(times) && times[i].Time == at {
			i++
		}
		n, d := 0.0, 0.0
		for k := range left {
			risk[k], events[k] = float64(len(left[k])), 0
			for len(left[k]) > 0 && left[k][0].Time == at {
				if left[k][0].Event {
					events[k]++
				}
				left[k] = left[k][1:]
			}
			n += risk[k]
			d += events[k]
		}
		if d == 0 {
			continue
		}
		for k := range left {
			r.Observed[k] += events[k]
			r.Expected[k] += d * risk[k] / n
		}
		if n == 1 {
			continue
		}
		factor := d * (n - d) / (n - 1)
		for k := range variance {
			for l := range variance {
				share := risk[k] / n
				if k == l {
					variance[k][l] += factor * share * (1 - share)
				} else {
					variance[k][l] -= factor * share * risk[l] / n
				}
			}
		}
	}
	inv, ok := inverse(variance)
	if !ok {
		return nil, fault.New(fault.Invalid, "the groups cannot be compared: they were never at risk together when events happened").
			WithHint("compare groups that overlap in time and have events")
	}
	excess := make([]float64, g-1)
	for k := range excess {
		excess[k] = r.Observed[k] - r.Expected[k]
	}
	for k := range excess {
		r.ChiSquare += excess[k] * dot(inv[k], excess)
	}
	r.P = chiSquareTail(r.ChiSquare, r.DF)
	return r, nil
}

// chiSquareTail returns the probability that a chi-square variable with df degrees of freedom is above x.
func chiSquareTail(x float64, df int) float64 {
	if x <= 0 {
		return 1
	}
	half := x / 2
	a, tail := 0.5, fmath.Erfc(math.Sqrt(half))
	if df%2 == 0 {
		a, tail = 1, fmath.Exp(-half)
	}
	for ; a < float64(df)/2; a++ { // Q(a+1, x) = Q(a, x) + x**a·e**-x/Γ(a+1)
		tail += fmath.Exp(a*fmath.Log(half) - half - fmath.Lgamma(a+1))
	}
	return min(tail, 1)
}
