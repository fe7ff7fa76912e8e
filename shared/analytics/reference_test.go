package analytics

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/profile"
)

// report is an accumulator with a CSV.
type report interface {
	Add(*profile.Facts)
	CSV(io.Writer) error
}

// TestCSVEqualsReference compares whole files, byte for byte. Days of the same period give the same weekly and monthly files.
func TestCSVEqualsReference(t *testing.T) {
	end, after := day(t, "1998-06-30"), day(t, "1998-07-01")
	for _, c := range []struct {
		file   string
		report report
	}{
		{"cdnow_sample_lifecycle_weekly.csv", NewLifecycle(Week, end)},
		{"cdnow_sample_lifecycle_weekly.csv", NewLifecycle(Week, after)},
		{"cdnow_sample_cohort_monthly.csv", NewCohorts(Month, end)},
		{"cdnow_sample_cohort_monthly.csv", NewCohorts(Month, after)},
		{"cdnow_sample_return_rate_curve.csv", NewReturnRate(end)},
	} {
		want := reference(t, c.file)
		for _, f := range loadCDNOW(t) {
			c.report.Add(f)
		}
		var got bytes.Buffer
		if err := c.report.CSV(&got); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("%s: %s", c.file, firstDifference(got.String(), want))
		}
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		var a, b string
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d is %q, want %q", i+1, a, b)
		}
	}
	return "equal"
}

func TestConcentrationEqualsReference(t *testing.T) {
	want := readMisc(t)
	c := NewConcentration()
	for _, f := range loadCDNOW(t) {
		c.Add(f)
	}
	gini, ok := c.Gini()
	if !ok || math.Abs(gini-want.Gini) > 1e-15 {
		t.Errorf("gini %v, want %v", gini, want.Gini)
	}
	top := c.Top(200)
	if top.Users != 472 || top.Share == nil || math.Abs(*top.Share-want.Top) > 1e-15 {
		t.Errorf("top fifth %+v, want %v", top, want.Top)
	}
}

func TestReturnRateEqualsReference(t *testing.T) {
	want := readMisc(t)
	r := NewReturnRate(day(t, "1998-06-30"))
	for _, f := range loadCDNOW(t) {
		r.Add(f)
	}
	c := r.Curve(7, 364)
	if c.Elbow != want.Elbow {
		t.Errorf("elbow %d, want %d", c.Elbow, want.Elbow)
	}
	if c.Gaps != want.Gaps.N || c.Q80 == nil || *c.Q80 != want.Gaps.Q80 || *c.Q90 != want.Gaps.Q90 {
		t.Errorf("gaps %d, %v, %v; want %+v", c.Gaps, *c.Q80, *c.Q90, want.Gaps)
	}
}

func TestRetentionEqualsReference(t *testing.T) {
	want := readMisc(t)
	marks := []int{1, 7, 14, 30, 60, 90}
	end := day(t, "1998-06-30")
	r := NewRetention(marks, Purchases, end)
	within := make([]*Retention, len(marks)) // one bracket from day 1
	for i, k := range marks {
		within[i] = NewRetention([]int{k}, Purchases, end)
	}
	brackets := NewRetention([]int{7, 30, 90, 180}, Purchases, end)
	for _, f := range loadCDNOW(t) {
		r.Add(f)
		brackets.Add(f)
		for i := range within {
			within[i].Add(f)
		}
	}
	for i, row := range r.Rows() {
		w := want.Retention[fmt.Sprint(row.Day)]
		if row.Eligible != w.Eligible || row.Exact != w.Exact || row.Unbounded != w.Unbounded || within[i].Rows()[0].Bracket != w.Within {
			t.Errorf("%+v, want %+v", row, w)
		}
	}
	for _, row := range brackets.Rows() {
		if w := want.Bracket[fmt.Sprintf("%d-%d", row.From, row.Day)]; row.Bracket != w {
			t.Errorf("%+v, want %d", row, w)
		}
	}
}
