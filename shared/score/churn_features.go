package score

import (
	"slices"

	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/zone"
)

// The features of churn, by their place in a row.
const (
	churnSilence = iota
	churnOverdue
	churnOnce
	churnTenure
	churnFrequency
	churnActive
	churnActiveTrend
	churnRecent
	churnSpend
	churnSpendTrend
	churnFeatures
)

// churnNames are the names of the features in models, in the order of a row.
var churnNames = [churnFeatures]string{
	churnSilence:     "silence",      // log(1 + days since the last sign of life)
	churnOverdue:     "overdue",      // log(1 + those days over the mean gap between signs of life), 0 without a gap
	churnOnce:        "once",         // 1 where there is no gap: a single day of life
	churnTenure:      "tenure",       // log(1 + days since the user was first seen)
	churnFrequency:   "frequency",    // log(1 + days with a purchase)
	churnActive:      "active_90",    // log(1 + active days of the last 90)
	churnActiveTrend: "active_trend", // log(1 + active days of the last 45) - log(1 + those of the 45 before)
	churnRecent:      "purchases_90", // log(1 + days with a purchase of the last 90)
	churnSpend:       "spend",        // log(1 + net spend in major units), 0 for a negative one
	churnSpendTrend:  "spend_trend",  // log(1 + net spend of the last 90 days) - log(1 + that of the 90 before), in major units
}

// churnFamily groups the features that say nearly the same: of each family at most one is given as a reason. Where purchases
// alone are signs of life, active days are purchase days.
func churnFamily(feature int, bought bool) uint8 {
	if bought && (feature == churnActive || feature == churnActiveTrend) {
		feature = churnRecent
	}
	return churnFamilies[feature]
}

var churnFamilies = [churnFeatures]uint8{
	churnSilence: 0, churnOverdue: 0, churnOnce: 1, churnTenure: 1, churnFrequency: 2, churnRecent: 2,
	churnActive: 3, churnActiveTrend: 3, churnSpend: 4, churnSpendTrend: 4,
}

// The windows of the features, in days.
const (
	churnWindow = 90
	churnHalf   = churnWindow / 2
)

// ChurnFeatureNames lists the features of churn in the order of ChurnRow. A model may use any of them.
func ChurnFeatureNames() []string { return slices.Clone(churnNames[:]) }

// rhythm is what the features of churn are computed from, in plain numbers.
type rhythm struct {
	silent, tenure       int
	gap                  float64 // mean days between signs of life; 0: there is no gap
	days                 int     // with a purchase
	active, before       int     // active days of the last 45, and of the 45 before
	recent               int     // days with a purchase of the last 90
	spend                int64   // minor units
	recentNet, beforeNet int64   // of the last 90 days, and of the 90 before
}

// rhythm reads the plain numbers; ok is false for a user without a sign of life, who has nothing to churn from.
func (v *env) rhythm() (n rhythm, ok bool) {
	f, h := v.f, &v.h
	first := v.e.facts.Day(f.FirstSeen)
	if f.Events == 0 || first > v.day || v.e.bought && h.days == 0 {
		return rhythm{}, false
	}
	n = rhythm{silent: v.silent, tenure: int(v.day - first), days: h.days, spend: h.spend}
	n.gap = v.gap()
	n.active = f.Active.Count(v.day, churnHalf)
	n.before = f.Active.Count(v.day, churnWindow) - n.active
	for i := len(f.Purchases) - 1; i >= 0; i-- {
		p := &f.Purchases[i]
		ago := int64(v.day) - int64(p.Day)
		if ago < 0 {
			continue
		}
		if ago >= 2*churnWindow {
			break
		}
		if ago >= churnWindow {
			n.beforeNet += p.Net
			continue
		}
		n.recentNet += p.Net
		if p.Orders > 0 {
			n.recent++
		}
	}
	return n, true
}

// gap is the mean number of days between signs of life: between purchases where they alone count, else between the active days
// that the facts keep; 0 where there are fewer than two.
func (v *env) gap() float64 {
	if v.e.bought {
		if v.h.days < 2 {
			return 0
		}
		return float64(v.h.last-v.h.first) / float64(v.h.days-1)
	}
	newest, oldest, n := zone.Day(0), zone.Day(0), 0
	for d := range v.f.Active.All() {
		if d > v.day {
			continue
		}
		if n == 0 {
			newest = d
		}
		oldest = d
		n++
	}
	if n < 2 {
		return 0
	}
	return float64(newest-oldest) / float64(n-1)
}

// row fills in the features: finite for all numbers, and within ±50.
func (n *rhythm) row(minor float64, out *[churnFeatures]float64) {
	out[churnSilence] = log1(float64(n.silent))
	out[churnOverdue], out[churnOnce] = 0, 1
	if n.gap > 0 {
		out[churnOverdue], out[churnOnce] = log1(float64(n.silent)/n.gap), 0
	}
	out[churnTenure] = log1(float64(n.tenure))
	out[churnFrequency] = log1(float64(n.days))
	out[churnActive] = log1(float64(n.active + n.before))
	out[churnActiveTrend] = log1(float64(n.active)) - log1(float64(n.before))
	out[churnRecent] = log1(float64(n.recent))
	out[churnSpend] = log1(float64(n.spend) / minor)
	out[churnSpendTrend] = log1(float64(n.recentNet)/minor) - log1(float64(n.beforeNet)/minor)
}

// log1 is log(1+x), and 0 for what is not positive.
func log1(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return fmath.Log1p(x)
}
