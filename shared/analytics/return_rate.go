package analytics

import (
	"io"
	"math"
	"strconv"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/zone"
)

// ReturnRate says how many users come back after a silence: for N days, those who came back after at least N silent days,
// out of those who were ever silent for at least N days up to asOf. Its elbow is a default for the days after which a user
// is lost.
type ReturnRate struct {
	of     Of
	asOf   zone.Day
	closed series // users by their longest silence that ended
	all    series // users by their longest silence, the open one counted
	gaps   series // silences that ended, by length
}

// ReturnPoint is one point of the curve.
type ReturnPoint struct {
	Days     int      `json:"days"`
	Lost     int64    `json:"lost"`     // users who were ever silent for at least Days
	Returned int64    `json:"returned"` // of them, who came back after such a silence
	Rate     *float64 `json:"rate"`     // null when nobody was silent that long
	Distance float64  `json:"distance"` // to the chord, on axes scaled to 0..1
}

// ReturnCurve is the curve with its evidence.
type ReturnCurve struct {
	Points  []ReturnPoint `json:"points"`
	Elbow   int           `json:"elbow_days"`   // the point farthest from the chord; 0 when there is no curve
	Horizon string        `json:"horizon"`      // the day that open silences are measured to
	Gaps    int64         `json:"gaps"`         // silences that ended
	Q80     *float64      `json:"gap_days_q80"` // their quantiles: defaults for silent and churned
	Q90     *float64      `json:"gap_days_q90"`
}

// NewReturnRate starts a curve of silences between purchases up to and including the day asOf.
func NewReturnRate(asOf zone.Day) *ReturnRate { return NewReturnRateOf(Purchases, asOf) }

// NewReturnRateOf starts a curve of silences between any signs of life.
func NewReturnRateOf(of Of, asOf zone.Day) *ReturnRate { return &ReturnRate{of: of, asOf: asOf} }

// Add adds one user; one who was never active counts for nothing.
func (r *ReturnRate) Add(f *profile.Facts) {
	before, any, longest := zone.Day(0), false, 0
	r.of.days(f, r.asOf, func(d zone.Day) {
		if any {
			gap := int(d - before)
			r.gaps.add(gap)
			longest = max(longest, gap)
		}
		before, any = d, true
	})
	if any {
		r.closed.add(longest)
		r.all.add(max(longest, int(r.asOf-before)))
	}
}

// Curve returns the points at step, 2·step … up to limit days (7 and 364 for whole weeks of a year).
func (r *ReturnRate) Curve(step, limit int) ReturnCurve {
	out := ReturnCurve{Points: []ReturnPoint{}, Horizon: r.asOf.String()}
	for n := step; step > 0 && n <= limit; n += step {
		p := ReturnPoint{Days: n, Lost: r.all.from(n), Returned: r.closed.from(n)}
		if p.Lost > 0 {
			rate := float64(p.Returned) / float64(p.Lost)
			p.Rate = &rate
		}
		out.Points = append(out.Points, p)
	}
	out.Elbow = elbow(out.Points)
	out.Gaps = r.gaps.from(0)
	if out.Gaps > 0 {
		q80, q90 := r.gaps.quantile(8, 10), r.gaps.quantile(9, 10)
		out.Q80, out.Q90 = &q80, &q90
	}
	return out
}

// elbow fills in each point's distance to the chord from the first to the last point, on axes scaled to 0..1, and returns
// the days of the farthest one, the earliest of equals.
func elbow(points []ReturnPoint) int {
	for len(points) > 0 && points[len(points)-1].Rate == nil {
		points = points[:len(points)-1]
	}
	if len(points) < 3 {
		return 0
	}
	first, last := points[0], points[len(points)-1]
	height, width := *first.Rate-*last.Rate, float64(last.Days-first.Days)
	if height <= 0 {
		return 0
	}
	best, days := 0.0, 0
	for i := range points {
		p := &points[i]
		x := float64(p.Days-first.Days) / width
		y := (*p.Rate - *last.Rate) / height
		p.Distance = math.Abs(1-x-y) / math.Sqrt2
		if p.Distance > best {
			best, days = p.Distance, p.Days
		}
	}
	return days
}

// CSV writes the curve by weeks over a year: N_days, lost, returned, return_rate, kneedle_dist.
func (r *ReturnRate) CSV(w io.Writer) error {
	t := newTable(w, "N_days", "lost", "returned", "return_rate", "kneedle_dist")
	for _, p := range r.Curve(7, 364).Points {
		rate := ""
		if p.Rate != nil {
			rate = ftoa(*p.Rate)
		}
		t.row(strconv.Itoa(p.Days), itoa(p.Lost), itoa(p.Returned), rate, ftoa(p.Distance))
	}
	return t.flush()
}

// from is the number of values that are at least i.
func (s *series) from(i int) int64 {
	var n int64
	for k := max(i-s.base, 0); k < len(s.counts); k++ {
		n += s.counts[k]
	}
	return n
}

// quantile is the p/q quantile with linear interpolation between order statistics, at position (n−1)·p/q.
func (s *series) quantile(p, q int64) float64 {
	n := s.from(s.base)
	pos := (n - 1) * p
	i, f := pos/q, pos%q
	a := s.rank(i)
	if f == 0 {
		return float64(a)
	}
	return float64(a) + float64(float64((s.rank(i+1)-a)*f)/float64(q))
}

// rank is the value at a 0-based rank of the ascending order.
func (s *series) rank(i int64) int64 {
	for k, n := range s.counts {
		if i < n {
			return int64(s.base + k)
		}
		i -= n
	}
	return 0
}
