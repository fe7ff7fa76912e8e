package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/model"
)

// reference is the folder of data sets and of what other tools computed from them.
const reference = "../../../shared/data/"

func referenceFile(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat(reference + name); os.IsNotExist(err) {
		t.Skip("the reference data are absent")
	}
	return reference + name
}

func readReference(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(referenceFile(t, name))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// referenceTable reads a CSV as texts by column.
func referenceTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(referenceFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[rows[0][i]] = cell
		}
		out = append(out, m)
	}
	return out
}

// weir runs the program and decodes what it prints with --json.
func weir(t *testing.T, into any, args ...string) {
	t.Helper()
	cmd := exec.Command("weir", append(args, "--json")...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, log.String())
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		t.Fatalf("weir %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
}

// near fails the test unless got is want to within a relative tolerance.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %.15g, want %.15g", what, got, want)
	}
}

// file writes a text into a file of the test.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSurvivalOfReference(t *testing.T) {
	curves := map[string]survivors{}
	run := func(prefix, table, duration, event string, group ...string) survived {
		var out survived
		args := []string{"survival", "--csv", referenceFile(t, table), "--duration", duration, "--event", event}
		if group != nil {
			args = append(args, "--group", group[0])
		}
		weir(t, &out, args...)
		for _, g := range out.Groups {
			curves[prefix+g.Group] = g
		}
		return out
	}
	run("waltons", "lifelines/waltons_dataset.csv", "T", "E")
	run("rossi", "lifelines/rossi.csv", "week", "arrest")
	waltons := run("group=", "lifelines/waltons_dataset.csv", "T", "E", "group")
	telco := run("Contract=", "telco/Telco-Customer-Churn.csv", "tenure", "Churn", "Contract")

	for file, of := range map[string]string{"km_waltons_all.csv": "waltons", "km_rossi.csv": "rossi", "km_waltons_group.csv": "", "km_telco_contract.csv": ""} {
		want := map[string][]map[string]string{}
		for _, row := range referenceTable(t, "reference/"+file) {
			if of != "" {
				row["strata"] = of
			}
			want[row["strata"]] = append(want[row["strata"]], row)
		}
		for strata, rows := range want {
			compareCurve(t, strata, curves[strata].Curve, rows)
		}
	}
	for i, row := range referenceTable(t, "reference/nelson_aalen_waltons.csv") {
		near(t, "the hazard at "+row["time"], curves["waltons"].Curve[i].Hazard, cell(t, row, "cumhaz"), 1e-9)
	}

	var want struct {
		Waltons model.Ranks        `json:"waltons_logrank"`
		Telco   model.Ranks        `json:"telco_logrank"`
		Medians map[string]float64 `json:"waltons_median"`
	}
	readReference(t, "reference/survival.json", &want)
	for _, c := range []struct {
		got  survived
		want model.Ranks
	}{{waltons, want.Waltons}, {telco, want.Telco}} {
		near(t, "chi-square", c.got.LogRank.ChiSquare, c.want.ChiSquare, 1e-9)
		for i := range c.want.Observed {
			near(t, "observed "+c.got.Groups[i].Group, c.got.LogRank.Observed[i], c.want.Observed[i], 0)
			near(t, "expected "+c.got.Groups[i].Group, c.got.LogRank.Expected[i], c.want.Expected[i], 1e-9)
		}
	}
	near(t, "p", waltons.LogRank.P, want.Waltons.P, 1e-9)
	for _, g := range waltons.Groups {
		near(t, "median of "+g.Group, *g.Median, want.Medians["group="+g.Group], 0)
	}
}

func cell(t *testing.T, row map[string]string, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(row[name], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// compareCurve compares a curve with that of R, which leaves out who was never at risk, and an interval where nobody is left.
func compareCurve(t *testing.T, strata string, curve []model.Step, rows []map[string]string) {
	t.Helper()
	if len(curve) > 0 && curve[0].Time == 0 && curve[0].Events == 0 {
		curve = curve[1:]
	}
	if len(curve) != len(rows) {
		t.Fatalf("%s has %d steps, want %d", strata, len(curve), len(rows))
	}
	for i, s := range curve {
		for name, got := range map[string]float64{
			"time": s.Time, "n_risk": float64(s.AtRisk), "n_event": float64(s.Events), "n_censor": float64(s.Censored),
			"surv": s.Survival, "std_err": s.StdErr, "lo95": s.Low, "hi95": s.High,
		} {
			if rows[i][name] != "NA" {
				near(t, fmt.Sprintf("%s of %s at %v", name, strata, s.Time), got, cell(t, rows[i], name), 1e-9)
			} else if s.Survival != 0 && s.Survival != 1 {
				t.Errorf("%s of %s at %v is defined", name, strata, s.Time)
			}
		}
	}
}

func TestLogitOfReference(t *testing.T) {
	var want struct {
		Logit struct {
			Coef, SE map[string]float64
			LLF      float64 `json:"llf"`
			AUC      float64 `json:"auc_in"`
			Brier    float64 `json:"brier_in"`
		} `json:"telco_logit"`
	}
	readReference(t, "reference/misc_cdnow_telco.json", &want)
	var got regressed
	weir(t, &got, "logit", "--csv", referenceFile(t, "telco/Telco-Customer-Churn.csv"), "--target", "Churn", "--columns",
		"tenure,MonthlyCharges,SeniorCitizen,InternetService,Contract,PaperlessBilling,PaymentMethod=Electronic check")
	units := map[string]struct { // the reference divides tenure by 72 and charges by 100
		name string
		unit float64
	}{
		"(intercept)": {"const", 1}, "tenure": {"tenure", 72}, "MonthlyCharges": {"MonthlyCharges", 100}, "SeniorCitizen": {"Senior", 1},
		"InternetService=Fiber optic": {"Fiber", 1}, "InternetService=No": {"NoInternet", 1}, "Contract=One year": {"OneYear", 1},
		"Contract=Two year": {"TwoYear", 1}, "PaperlessBilling=Yes": {"Paperless", 1}, "PaymentMethod=Electronic check": {"ECheck", 1},
	}
	if len(got.Terms) != len(units) {
		t.Fatalf("%d terms", len(got.Terms))
	}
	for _, term := range got.Terms {
		u := units[term.Name]
		near(t, term.Name, term.Coef*u.unit, want.Logit.Coef[u.name], 1e-6)
		near(t, "standard error of "+term.Name, term.StdErr*u.unit, want.Logit.SE[u.name], 1e-6)
		near(t, "z of "+term.Name, *term.Z, term.Coef/term.StdErr, 1e-12)
		near(t, "odds of "+term.Name, term.Odds, math.Exp(term.Coef), 1e-12)
	}
	near(t, "the log-likelihood", got.LogLik, want.Logit.LLF, 1e-6)
	near(t, "AUC", got.AUC, want.Logit.AUC, 1e-6)
	near(t, "Brier", got.Brier, want.Logit.Brier, 1e-6)
	expected, actual, rows := 0.0, 0.0, 0
	for _, b := range got.Calibration {
		expected += b.Expected * float64(b.N)
		actual += b.Actual * float64(b.N)
		rows += b.N
	}
	near(t, "the sum of the probabilities", expected, float64(got.Events), 1e-6) // as maximum likelihood has it
	near(t, "the sum of the events", actual, float64(got.Events), 1e-9)
	if rows != got.N || got.Threshold.Method != "youden" || got.Threshold.Recall-got.Threshold.FalseAlarm < 0.5 {
		t.Errorf("%+v", got)
	}

	var scaled regressed
	weir(t, &scaled, "logit", "--csv", referenceFile(t, "telco/Telco-Customer-Churn.csv"), "--target", "Churn", "--standardize",
		"--columns", "tenure,MonthlyCharges,SeniorCitizen,InternetService,Contract,PaperlessBilling,PaymentMethod=Electronic check")
	for i, term := range scaled.Terms[1:] {
		if term.SD != nil {
			near(t, term.Name+" by its deviation", term.Coef / *term.SD, got.Terms[i+1].Coef, 1e-6)
		}
	}
}

func TestClustersOfReference(t *testing.T) {
	var want struct {
		KMeans map[string]struct{ Inertia float64 }
	}
	readReference(t, "reference/misc_cdnow_telco.json", &want)
	for k, w := range want.KMeans {
		var got clustered
		weir(t, &got, "cluster", "--csv", referenceFile(t, "reference/cdnow_sample_rfm.csv"), "--columns", "recency_days,frequency,monetary",
			"--log", "--scale", "--k", k)
		if !(got.Inertia <= 1.001*w.Inertia) {
			t.Errorf("%s clusters: inertia %v, at most %v", k, got.Inertia, 1.001*w.Inertia)
		}
		n := make([]int, got.K+1)
		for _, of := range got.Of {
			n[of]++
		}
		for i, c := range got.Clusters {
			if c.Cluster != i+1 || n[c.Cluster] != c.N || i > 0 && c.N > got.Clusters[i-1].N {
				t.Errorf("%s clusters: %+v holds %d rows", k, c, n[c.Cluster])
			}
		}
	}
}

func TestFitsOfReferenceTables(t *testing.T) {
	want := map[string]json.RawMessage{}
	readReference(t, "reference/fits_sample.json", &want)
	var published map[string]json.RawMessage
	readReference(t, "reference/published.json", &published)

	histories := referenceFile(t, "reference/cdnow_sample_cbs.csv")
	donors := strings.Builder{}
	donors.WriteString("weight,x,t_x,n\n")
	for _, row := range referenceTable(t, "btyd/lifetimes_donations.csv") {
		fmt.Fprintf(&donors, "%s,%s,%s,%s\n", row["weights"], row["frequency"], row["recency"], row["periods"])
	}
	renewals := func(name string) string {
		var book struct {
			Years []float64 `json:"data_years0_7"`
		}
		if err := json.Unmarshal(want[name], &book); err != nil {
			t.Fatal(err)
		}
		text := strings.Builder{}
		text.WriteString("renewal,active\n")
		for i, share := range book.Years {
			fmt.Fprintf(&text, "%d,%.0f\n", i, 1000*share)
		}
		return file(t, text.String())
	}
	for _, c := range []struct {
		kind                       model.Kind
		table, name, paper, params string
	}{
		{model.MBGNBD, histories, "mbgnbd", "mbgnbd_cdnow", "r alpha a b"},
		{model.BGNBD, histories, "bgnbd", "bgnbd_cdnow", "r alpha a b"},
		{model.ParetoNBD, histories, "pnbd", "pnbd_cdnow", "r alpha s beta"},
		{model.GammaGamma, histories, "gamma_gamma", "gamma_gamma_cdnow", "p q v"},
		{model.BGBB, file(t, donors.String()), "bgbb_donations", "bgbb_donations", "alpha beta gamma delta"},
		{model.SBG, renewals("sbg_highend"), "sbg_highend", "", "alpha beta"},
		{model.SBG, renewals("sbg_regular"), "sbg_regular", "", "alpha beta"},
	} {
		var got map[string]json.RawMessage
		weir(t, &got, "fit", "--model", string(c.kind), "--cbs", c.table)
		for _, name := range []string{"model", "n", "params", "stderr", "loglik", "identified", "reason", "fallback", "holdout"} {
			if _, ok := got[name]; !ok {
				t.Errorf("%s lacks %s", c.name, name)
			}
		}
		if string(got["identified"]) != "true" || string(got["reason"]) != `""` || string(got["fallback"]) != "null" {
			t.Errorf("%s is not identified: %s", c.name, got["reason"])
		}
		params, errs, figures := map[string]float64{}, map[string]float64{}, map[string]any{}
		if err := errors.Join(json.Unmarshal(got["params"], &params), json.Unmarshal(got["stderr"], &errs), json.Unmarshal(want[c.name], &figures)); err != nil {
			t.Fatal(err)
		}
		loglik, err := strconv.ParseFloat(string(got["loglik"]), 64)
		if err != nil || math.Abs(loglik-figures["ll"].(float64)) > 1e-4 {
			t.Errorf("%s: the log-likelihood is %v, want %v", c.name, loglik, figures["ll"])
		}
		if len(params) != len(strings.Fields(c.params)) {
			t.Errorf("%s has the parameters %v", c.name, params)
		}
		for _, p := range strings.Fields(c.params) {
			near(t, c.name+" "+p, params[p], figures[p].(float64), 1e-3)
			if !(errs[p] > 0) {
				t.Errorf("%s has no standard error of %s", c.name, p)
			}
		}
		if c.paper != "" {
			comparePublished(t, c.name, params, published[c.paper])
		}
	}
}

// comparePublished compares with the rounded figures of the papers, to their last digit.
func comparePublished(t *testing.T, name string, params map[string]float64, text json.RawMessage) {
	t.Helper()
	var paper struct {
		Params map[string]json.Number
	}
	if err := json.Unmarshal(text, &paper); err != nil {
		t.Fatal(err)
	}
	for p, printed := range paper.Params {
		digits := 0
		if _, after, ok := strings.Cut(printed.String(), "."); ok {
			digits = len(after)
		}
		v, err := printed.Float64()
		if err != nil {
			t.Fatal(err)
		}
		if unit := math.Pow(10, -float64(digits)); math.Abs(params[p]-v) > unit {
			t.Errorf("%s: %s is %v, the paper prints %s", name, p, params[p], printed)
		}
	}
}

func TestNBDOfReferenceTable(t *testing.T) {
	var got fitted
	weir(t, &got, "fit", "--model", "nbd", "--cbs", referenceFile(t, "reference/cdnow_sample_cbs.csv"))
	if !got.Identified || len(got.Params) != 2 || got.Params[0].Name != "r" || got.Params[1].Name != "alpha" || got.LogLik > -9500 {
		t.Errorf("%+v", got)
	}
}

// The whole way over the sample: import, fit, publish, export; against scores computed by others at their maximum.
func TestScoresOfReference(t *testing.T) {
	want := referenceTable(t, "reference/cdnow_sample_scores.csv")
	dir := t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		out, err := exec.Command("weir", append(args, "--data", dir)...).Output()
		if err != nil {
			t.Fatalf("weir %s: %v", strings.Join(args, " "), err)
		}
		return out
	}
	run("import", "--mapping", "sample/cdnow.mapping.yaml", "--backfill", "--as-of", "1997-09-30T00:00:00Z", "sample/cdnow_sample.txt.gz")
	for kind, column := range map[string]string{"mbgnbd": "mbgnbd_palive_mle", "paretonbd": "pnbd_palive_mle"} {
		run("fit", "--purchases", kind, "--calibration-end", "1997-09-30T00:00:00Z")
		run("models", "publish", "latest")
		rows := bytes.Split(bytes.TrimSpace(run("export", "scores", "--format", "ndjson")), []byte("\n"))
		if len(rows) != len(want) {
			t.Fatalf("%d users, want %d", len(rows), len(want))
		}
		for i, text := range rows {
			var got scored
			if err := json.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			near(t, kind+": alive of "+got.UserID, *got.PAlive, cell(t, want[i], column), 1e-4)
			near(t, kind+": value of "+got.UserID, *got.ExpectedValue, cell(t, want[i], "gg_condvalue_mle"), 1e-5)
			if !(*got.CLVLow <= *got.CLV && *got.CLV <= *got.CLVHigh) || *got.ChurnP < 0 || *got.ChurnP > 1 || *got.Expected < 0 {
				t.Errorf("%s", text)
			}
		}
	}
}
