package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// buyers are users who bought on days after a first one.
func buyers(start string, gaps ...[]int) []*profile.Facts {
	first, err := zone.ParseDay(start)
	if err != nil {
		panic(err)
	}
	var out []*profile.Facts
	for _, days := range gaps {
		f := &profile.Facts{Events: 1}
		for _, k := range append([]int{0}, days...) {
			f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: first + zone.Day(k), Orders: 1, Net: 100})
		}
		out = append(out, f)
	}
	return out
}

func TestRetention(t *testing.T) {
	var asked app.RetentionQuery
	f := &fake{retention: func(q app.RetentionQuery) (*app.Retention, error) {
		asked = q
		day := zone.Day(20)
		r := &app.Retention{
			AsOf: now, First: analytics.NewRetention(q.Days, analytics.Purchases, day), Recurring: analytics.NewRecurring(q.Days, analytics.Purchases, day),
		}
		for _, b := range buyers("1970-01-01", []int{1}, []int{1, 8}, nil) {
			r.First.Add(b)
			r.Recurring.Add(b)
		}
		return r, nil
	}}
	var got gen.Retention
	decode(t, ask(t, f, "GET", "/v1/analytics/retention?days=1,7", "").Body.Bytes(), &got)
	if len(asked.Days) != 2 || asked.Days[1] != 7 {
		t.Errorf("the days that were asked for are %v", asked.Days)
	}
	want := gen.RetentionRow{Day: 1, Eligible: 3, NDay: 2, Unbounded: 2, BracketFrom: 1, Bracket: 2}
	if len(got.First) != 2 || got.First[0] != want || got.Of != gen.RetentionOfPurchases {
		t.Errorf("the table is %+v", got)
	}
	if got.Recurring[0].Eligible != 6 {
		t.Errorf("recurring counts %d pairs, want 6", got.Recurring[0].Eligible)
	}
	for start, first := range map[string]string{"": "1,3,2,2,1,2", "&start=recurring": "1,6,2,3,1,2"} {
		w := ask(t, f, "GET", "/v1/analytics/retention?days=1,7&format=csv"+start, "")
		if lines := strings.Split(w.Body.String(), "\n"); len(lines) < 2 || lines[1] != first {
			t.Errorf("the CSV from %q is %q", start, w.Body)
		}
		if d := w.Header().Get("Content-Disposition"); d != `attachment; filename="retention.csv"` {
			t.Errorf("Content-Disposition %q", d)
		}
	}
}

func TestAha(t *testing.T) {
	var asked app.AhaQuery
	f := &fake{aha: func(q app.AhaQuery) (*app.Aha, error) {
		asked = q
		c := analytics.AhaCandidate{Event: "Order Completed", AtLeast: 2, Within: 7}
		return &app.Aha{
			AsOf: now, Stay: 30, Rows: []analytics.AhaRow{{AhaCandidate: c, Users: 10, Did: 4, Gain: 0.5, Low: 0.1, High: 0.8, Adjusted: 0.01}},
			Untold: []analytics.AhaCandidate{{Event: "Viewed", AtLeast: 3, Within: 14}},
		}, nil
	}}
	var got gen.Aha
	decode(t, ask(t, f, "GET", "/v1/analytics/aha?stay=30&since=1997-01-31", "").Body.Bytes(), &got)
	if asked.Stay != 30 || asked.Since.String() != "1997-01-31" {
		t.Errorf("what was asked for is %+v", asked)
	}
	if len(got.Rows) != 1 || got.Rows[0].GainLow != 0.1 || got.Rows[0].PAdjusted != 0.01 || len(got.Untold) != 1 || got.Untold[0].WithinDays != 14 {
		t.Errorf("the answer is %+v", got)
	}
	if w := ask(t, f, "GET", "/v1/analytics/aha?since=soon", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a day that is none gives %d", w.Code)
	}
}

// TestDownloads: what is asked for in another format than JSON comes as a file with a name.
func TestDownloads(t *testing.T) {
	base := &app.Base{
		AsOf: now, Live: live(t), Users: []score.Result{}, Figures: &app.Figures{
			Concentration: analytics.NewConcentration(), ReturnRate: analytics.NewReturnRate(0),
			Cohorts:   map[string]*analytics.Cohorts{"month": analytics.NewCohorts(analytics.Month, 0)},
			Lifecycle: map[string]*analytics.Lifecycle{"week": analytics.NewLifecycle(analytics.Week, 0)},
		},
	}
	f := &fake{base: base}
	for table, name := range map[string]string{
		"cohorts": "cohorts", "lifecycle": "lifecycle", "concentration": "concentration", "return-rate": "return-rate",
	} {
		w := ask(t, f, "GET", "/v1/analytics/"+table+"?format=csv", "")
		if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="`+name+`.csv"` || w.Header().Get("Content-Type") != "text/csv" {
			t.Errorf("%s as CSV: %q, %q", table, got, w.Header().Get("Content-Type"))
		}
		w = ask(t, f, "GET", "/v1/analytics/"+table, "")
		if got := w.Header().Get("Content-Disposition"); got != "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			t.Errorf("%s as JSON: %q, %q", table, got, w.Header().Get("Content-Type"))
		}
	}
}
