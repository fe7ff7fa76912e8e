package model

import (
	"math"
	"sort"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/score/clv"
)

// shop folds a log of purchases into histories up to its last day.
func shop(t *testing.T, name, user, date string) []Row {
	t.Helper()
	days := map[string][]float64{}
	end := 0.0
	for _, m := range table(t, name) {
		at, err := time.Parse("2006-01-02", m[date])
		if err != nil {
			t.Fatal(err)
		}
		d := float64(at.Unix() / 86400)
		days[m[user]] = append(days[m[user]], d)
		end = max(end, d)
	}
	var rows []Row
	for _, d := range days {
		sort.Float64s(d)
		r := Row{T: (end - d[0]) / 7}
		for i := 1; i < len(d); i++ {
			if d[i] > d[i-1] {
				r.X++
				r.TX = (d[i] - d[0]) / 7
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// TestOtherShops fits what is no textbook example: each report must be finite and consistent, and say what it could not tell.
func TestOtherShops(t *testing.T) {
	for name, rows := range map[string][]Row{
		"grocery": shop(t, "btyd/groceryElog.csv", "cust", "date"),
		"apparel": shop(t, "btyd/clvtools_apparelTrans.csv", "Id", "Date"),
	} {
		for _, kind := range []Kind{NBD, MBGNBD, BGNBD, ParetoNBD} {
			start := time.Now()
			fit, err := Purchases(kind, rows)
			if err != nil {
				t.Fatal(err)
			}
			checkFinite(t, name, fit)
			if (fit.Fallback == nil) != (fit.Identified || kind == NBD) {
				t.Errorf("%s, %s: identified %v, fallback %v", name, kind, fit.Identified, fit.Fallback)
			}
			t.Logf("%s, %s: %v %.3f gradient %.2g in %v (%d): %s", name, kind, fit.Params, fit.LogLik, fit.Provenance.Gradient,
				time.Since(start).Round(time.Millisecond), fit.Provenance.Evaluations, fit.Reason)
			if m, err := fit.Purchases(); err != nil || !(m.Expected(history(rows[0]), 52) >= 0) || math.IsInf(m.Expected(history(rows[0]), 52), 0) {
				t.Errorf("%s, %s: does not score: %v", name, kind, err)
			}
		}
	}
}

func history(r Row) clv.History { return clv.History{X: r.X, TX: r.TX, T: r.T} }
