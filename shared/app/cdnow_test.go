package app_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/strategy"
)

// export returns the exported profiles at a moment.
func (b *base) export(moment string) []map[string]string {
	b.t.Helper()
	var out bytes.Buffer
	req := app.ExportRequest{Format: "csv"}
	if moment != "" {
		req.AsOf = at(moment)
	}
	if err := b.app.Export(context.Background(), &out, req); err != nil {
		b.t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		b.t.Fatal(err)
	}
	return table(rows)
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestCDNOWSample(t *testing.T) {
	b := newBase(t, "2026-11-22T00:00:00Z")
	want := app.Counts{Events: 6919, Accepted: 6919, Users: 2357}
	if got := b.cdnow(); got != want {
		t.Fatalf("counts are %+v, want %+v", got, want)
	}
	t.Run("purchase history as of 1997-09-30", func(t *testing.T) {
		rows := b.export("1997-09-30T00:00:00Z")
		for i, ref := range reference(t, "cdnow_sample_cbs.csv") {
			got := rows[i]
			if number(t, got["user_id"]) != number(t, ref["customer"]) || got["x"] != ref["x"] {
				t.Fatalf("row %d is %v, want %v", i, got, ref)
			}
			for column, tolerance := range map[string]float64{"t_x": 5e-9, "T": 5e-9, "m_x": 5e-9} {
				g, r := number(t, got[column]), number(t, ref[column])
				if math.Abs(g-r) > tolerance*math.Max(1, math.Abs(r)) {
					t.Fatalf("customer %s: %s is %v, want %v", ref["customer"], column, g, r)
				}
			}
		}
	})
	t.Run("rfm as of 1998-07-01", func(t *testing.T) {
		rows := b.export("1998-07-01T00:00:00Z")
		for i, ref := range reference(t, "cdnow_sample_rfm.csv") {
			got := rows[i]
			for column, other := range map[string]string{"r": "R", "f": "F", "m": "M", "rfm_name": "segment10", "rfm_cn": "segment8_cn"} {
				if got[column] != ref[other] {
					t.Fatalf("customer %s: %s is %s, want %s", ref["id"], column, got[column], ref[other])
				}
			}
		}
	})
	t.Run("the published cuts are those of the import", func(t *testing.T) {
		rows := b.export("")
		if got := rows[0]["as_of"]; got != "1997-09-30T00:00:00Z" {
			t.Fatalf("the default moment is %s", got)
		}
	})
	t.Run("monthly cohorts", func(t *testing.T) {
		base := b.base("1998-07-01T00:00:00Z")
		compareText(t, "cdnow_sample_cohort_monthly.csv", base.Cohorts[app.PeriodMonth].CSV)
	})
	t.Run("weekly lifecycle", func(t *testing.T) {
		base := b.base("1998-07-01T00:00:00Z")
		compareText(t, "cdnow_sample_lifecycle_weekly.csv", base.Lifecycle[app.PeriodWeek].CSV)
	})
	for _, moment := range []string{"", "1997-09-30T00:00:00Z", "1998-07-01T00:00:00Z"} {
		t.Run("the overview adds up as of "+moment, func(t *testing.T) { b.addsUp(moment) })
	}
	t.Run("rfm by quantiles as of 1998-07-01", func(t *testing.T) {
		b.publish(strings.Replace(string(strategy.Init("commerce", "UTC", "USD")), "ties: min_rank", "ties: ntile_first", 1))
		rows := b.export("1998-07-01T00:00:00Z")
		for i, ref := range reference(t, "cdnow_sample_rfm.csv") {
			for column, other := range map[string]string{"r": "R_qcut", "f": "F_qcut_first", "m": "M_qcut", "rfm_name": "segment10_qcut"} {
				if rows[i][column] != ref[other] {
					t.Fatalf("customer %s: %s is %s, want %s", ref["id"], column, rows[i][column], ref[other])
				}
			}
		}
		if n := len(b.intents()); n != 0 {
			t.Errorf("publishing messages %d users", n)
		}
	})
	t.Run("a rebuild changes nothing", func(t *testing.T) {
		report, err := b.app.Rebuild(ctx, nil)
		if want := (app.RebuildReport{Events: 6919, Users: 2357}); err != nil || report != want {
			t.Errorf("%+v, %v, want %+v", report, err, want)
		}
	})
}

func (b *base) base(moment string) *app.Base {
	b.t.Helper()
	asOf := int64(0)
	if moment != "" {
		asOf = at(moment)
	}
	base, err := b.app.Base(ctx, asOf)
	if err != nil {
		b.t.Fatal(err)
	}
	return base
}

// compareText compares what write writes with a file of the reference results, byte for byte.
func compareText(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "reference", name))
	if err != nil {
		t.Skip("the reference results are not beside this checkout")
	}
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(got.String()) != strings.TrimSpace(strings.ReplaceAll(string(want), "\r\n", "\n")) {
		t.Errorf("%s is\n%.400s\nwant\n%.400s", name, got.String(), want)
	}
}

// addsUp checks that every user, buyer and cent of the overview stands in exactly one stage, RFM name, cell and tier.
func (b *base) addsUp(moment string) {
	b.t.Helper()
	asOf := int64(0)
	if moment != "" {
		asOf = at(moment)
	}
	o, err := b.app.Overview(ctx, asOf)
	if err != nil {
		b.t.Fatal(err)
	}
	sum := func(groups []app.Group) (users, spend int64) {
		for _, g := range groups {
			users, spend = users+g.Users, spend+g.Spend
		}
		return users, spend
	}
	for name, groups := range map[string][]app.Group{"stages": o.Stages, "RFM": o.RFM, "RFM of eight": o.RFMCN, "tiers": o.Tiers} {
		users, spend := sum(groups)
		if want := map[bool]int64{true: o.Users, false: o.Buyers}[name == "stages"]; users != want || spend != o.Spend {
			b.t.Errorf("%s hold %d users and %d, want %d and %d", name, users, spend, want, o.Spend)
		}
	}
	users, spend := int64(0), int64(0)
	byName := map[string]int64{}
	for _, c := range o.Cells {
		users, spend = users+c.Users, spend+c.Spend
		byName[c.Name] += c.Users
	}
	if users != o.Buyers || spend != o.Spend || len(o.Cells) != 25 {
		b.t.Errorf("%d cells hold %d users and %d, want %d and %d", len(o.Cells), users, spend, o.Buyers, o.Spend)
	}
	for _, g := range o.RFM {
		if byName[g.Name] != g.Users {
			b.t.Errorf("%s is %d users in the cells and %d in the list", g.Name, byName[g.Name], g.Users)
		}
	}
	page, err := b.app.Users(ctx, app.UserQuery{AsOf: asOf, Limit: 1, Where: "orders > 0"})
	if err != nil || page.Total != o.Buyers || page.Spend != o.Spend {
		b.t.Errorf("the search finds %d buyers with %d, %v", page.Total, page.Spend, err)
	}
	for _, seg := range o.Segments {
		check, err := b.app.CheckCondition(ctx, seg.When, true, asOf)
		if err != nil || check.Users != seg.Users || check.Spend != seg.Spend {
			b.t.Errorf("segment %s has %d users, its condition finds %d, %v", seg.Name, seg.Users, check.Users, err)
		}
	}
}
