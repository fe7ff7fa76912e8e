package score

import (
	"strconv"
	"testing"

	"github.com/weir-engine/weir/shared/strategy"
)

// TestPurchaseHistoryEqualsReference checks x, t_x, T and m_x as of 1997-09-30, to all printed digits.
func TestPurchaseHistoryEqualsReference(t *testing.T) {
	rows, col := reference(t, "cdnow_sample_cbs.csv")
	b, e := loadCDNOW(t), engine(t, nil)
	asOf := millis(t, "1997-09-30")
	if len(rows) != len(b.keys) {
		t.Fatalf("%d rows, %d users", len(rows), len(b.keys))
	}
	var r Result
	for i, row := range rows {
		e.Score(b.keys[i], b.facts[i], nil, nil, asOf, &r)
		got := []string{strconv.Itoa(i + 1), strconv.Itoa(r.X), ten(r.TX), ten(r.T), ten(r.MX)}
		for j, name := range []string{"customer", "x", "t_x", "T", "m_x"} {
			if want := row[col[name]]; got[j] != want {
				t.Errorf("user %s: %s = %s, want %s", b.keys[i], name, got[j], want)
			}
		}
	}
}

// ten prints with the ten significant digits of the reference.
func ten(x float64) string { return strconv.FormatFloat(x, 'g', 10, 64) }

// TestRFMEqualsReference checks both tie rules, both grids' names and the Chinese eight as of 1998-07-01.
func TestRFMEqualsReference(t *testing.T) {
	rows, col := reference(t, "cdnow_sample_rfm.csv")
	b := loadCDNOW(t)
	asOf := millis(t, "1998-07-01")
	for _, c := range []struct {
		ties, grid            string
		r, f, m, name, eleven string
	}{
		{TiesMinRank, GridTen, "R", "F", "M", "segment10", ""},
		{TiesMinRank, GridEleven, "R", "F", "M", "segment10", "lost"},
		{TiesNtileFirst, GridTen, "R_qcut", "F_qcut_first", "M_qcut", "segment10_qcut", ""},
		{TiesNtileFirst, GridEleven, "R_qcut", "F_qcut_first", "M_qcut", "segment10_qcut", "lost"},
	} {
		e := engine(t, func(s *strategy.Strategy) { s.RFM.Ties, s.RFM.Grid = c.ties, c.grid })
		cuts := b.cuts(e, asOf)
		var r Result
		for i, row := range rows {
			e.Score(b.keys[i], b.facts[i], nil, cuts, asOf, &r)
			name := row[col[c.name]]
			if c.eleven != "" && row[col[c.r]] == "1" && row[col[c.f]] == "1" {
				name = c.eleven
			}
			got := []string{
				strconv.Itoa(r.RecencyDays), strconv.Itoa(r.PurchaseDays), strconv.Itoa(r.R), strconv.Itoa(r.F), strconv.Itoa(r.M), r.RFM, r.RFMCN,
			}
			want := []string{
				row[col["recency_days"]], row[col["frequency"]], row[col[c.r]], row[col[c.f]], row[col[c.m]], name, row[col["segment8_cn"]],
			}
			for j := range got {
				if got[j] != want[j] {
					t.Errorf("%s %s: user %s: value %d is %s, want %s", c.ties, c.grid, b.keys[i], j, got[j], want[j])
				}
			}
			spend, err := strconv.ParseFloat(row[col["monetary"]], 64)
			if err != nil || FormatMoney(r.Spend, "USD") != strconv.FormatFloat(spend, 'f', 2, 64) {
				t.Errorf("user %s: spend %s, want %s", b.keys[i], FormatMoney(r.Spend, "USD"), row[col["monetary"]])
			}
		}
	}
}
