package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/fmath"
	"github.com/weir-engine/weir/shared/model"
)

// regressed is the outcome of weir logit. How well it tells the outcome is judged on the rows it was fitted to.
type regressed struct {
	Target       string      `json:"target"`
	N            int         `json:"n"`
	Events       int         `json:"events"`
	Dropped      int         `json:"dropped"` // rows left out for a missing cell
	Penalty      float64     `json:"penalty"`
	Standardized bool        `json:"standardized"`
	Terms        []term      `json:"terms"` // the intercept first
	LogLik       float64     `json:"loglik"`
	LogLikNull   float64     `json:"loglik_null"` // of the intercept alone
	AUC          float64     `json:"auc"`
	Brier        float64     `json:"brier"`
	Threshold    threshold   `json:"threshold"`
	Calibration  []model.Bin `json:"calibration"` // tenths of the rows, the riskiest first
	Steps        int         `json:"steps"`
}

// term is a coefficient. A penalty draws coefficients to 0, so with one there is no test of whether they are 0.
type term struct {
	Name   string   `json:"name"`
	Coef   float64  `json:"coef"`
	StdErr float64  `json:"se"`
	Z      *float64 `json:"z"` // null with a penalty
	P      *float64 `json:"p"`
	Odds   float64  `json:"odds_ratio"` // e to the coefficient
	Mean   *float64 `json:"mean,omitempty"`
	SD     *float64 `json:"sd,omitempty"` // of a standardized column: the coefficient is for one of these
}

// threshold is what calling an event from a probability on does, and how the probability was chosen.
type threshold struct {
	Method string `json:"method"` // youden, or given
	model.Cut
}

// logitFlags are the flags of weir logit.
type logitFlags struct {
	csv, target, eventIs string
	columns, without     []string
	penalty, threshold   float64
	given                bool // the threshold is
	standardize, drop    bool
}

func (c *cli) logitCommand() *cobra.Command {
	var f logitFlags
	cmd := &cobra.Command{
		Use: "logit", Short: "Logistic regression of a yes-or-no column of a table", Args: cobra.NoArgs,
		Long: `Fits a logistic regression to a CSV table: the chance of --target (1 or 0, yes or no, true or false) by the other columns.

A column of numbers enters as it is, with --standardize per standard deviation. A column of up to 20 texts enters as one
column a text, "Contract=One year", each against the first text in the order of bytes. "Contract=One year" under --columns
takes that one alone, against all others. Without --columns every column but the target takes part.

--penalty shrinks coefficients (half the penalty times their squares is taken off the likelihood); use it when columns
nearly depend on each other, together with --standardize. Precision and recall are those at --threshold, or where the ROC
curve is furthest above its diagonal (Youden). AUC, Brier score and calibration are on the rows of the fit itself: new rows
do somewhat worse. --csv - reads standard input. No base is needed.`,
		Example: `  weir logit --csv customers.csv --target Churn --columns tenure,MonthlyCharges,Contract
  weir logit --csv customers.csv --target Churn --without customerID --drop-missing --penalty 1 --standardize --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags().Changed("threshold")
			if f.given && !(f.threshold > 0 && f.threshold < 1) {
				return &usageError{err: fmt.Errorf("--threshold %v is no probability between 0 and 1", f.threshold)}
			}
			s, err := c.readSheet(f.csv)
			if err != nil {
				return err
			}
			out, err := regress(s, f)
			if err != nil {
				return err
			}
			return c.print(out, func(w io.Writer) { showLogit(w, out) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.csv, "csv", "", "the table; - for standard input")
	flags.StringVar(&f.target, "target", "", "column of the outcome")
	flags.StringVar(&f.eventIs, "event-is", "", "the value of --target that means yes; every other means no")
	flags.StringSliceVar(&f.columns, "columns", nil, "columns that explain it (default: all others)")
	flags.StringSliceVar(&f.without, "without", nil, "columns to leave out")
	flags.Float64Var(&f.penalty, "penalty", 0, "of squared coefficients; 0 is maximum likelihood")
	flags.Float64Var(&f.threshold, "threshold", 0, "probability from which an event is called (default: Youden's)")
	flags.BoolVar(&f.standardize, "standardize", false, "scale columns of numbers to mean 0 and standard deviation 1")
	flags.BoolVar(&f.drop, "drop-missing", false, "leave out rows that miss one of these cells")
	need(cmd, "csv", "target")
	return cmd
}

func regress(s *sheet, f logitFlags) (*regressed, error) {
	target, err := s.column(f.target)
	if err != nil {
		return nil, err
	}
	parts, used, err := s.regressors(f, target)
	if err != nil {
		return nil, err
	}
	out := &regressed{Target: f.target, Penalty: f.penalty, Standardized: f.standardize}
	if out.Dropped, err = s.complete(append(used, target), f.drop); err != nil {
		return nil, err
	}
	if err := s.requireEvent(target, f.eventIs); err != nil {
		return nil, err
	}
	y := make([]bool, len(s.rows))
	for i := range s.rows {
		if y[i], err = s.yes(i, target, f.eventIs); err != nil {
			return nil, err
		}
	}
	x, terms, err := s.design(parts, f.standardize)
	if err != nil {
		return nil, err
	}
	fit, err := model.Logit(x, y, f.penalty)
	if err != nil {
		return nil, err
	}
	out.fill(fit, terms)
	return out, out.judge(fit, x, y, f)
}

// part is what is named as a column: a column, or one of its texts.
type part struct {
	at    int
	level string // "" for the whole column
	one   bool   // level alone
}

// regressors returns what explains the target, and the columns that it needs.
func (s *sheet) regressors(f logitFlags, target int) (parts []part, used []int, err error) {
	without := []int{target}
	for _, name := range f.without {
		at, err := s.column(name)
		if err != nil {
			return nil, nil, err
		}
		without = append(without, at)
	}
	names := f.columns
	if names == nil {
		names = s.heads
	}
	for _, name := range names {
		p, err := s.part(name)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case f.columns != nil && p.at == target:
			return nil, nil, fault.New(fault.Invalid, "the target %q cannot explain itself", name).WithHint("leave it out of --columns")
		case slices.Contains(without, p.at):
			continue
		}
		parts, used = append(parts, p), append(used, p.at)
	}
	if parts == nil {
		return nil, nil, fault.New(fault.Invalid, "no column is left to explain %q", f.target).WithHint("%s has %s", s.name, s.names())
	}
	return parts, used, nil
}

// part finds a column, or a text of one written COLUMN=TEXT.
func (s *sheet) part(name string) (part, error) {
	head, level, ok := strings.Cut(name, "=")
	if s.has(name) || !ok || !s.has(head) {
		at, err := s.column(name)
		return part{at: at}, err
	}
	at, err := s.column(head)
	if err == nil {
		err = s.requireEvent(at, level)
	}
	return part{at: at, level: level, one: true}, err
}

// maxLevels is how many texts a column may hold to enter a regression.
const maxLevels = 20

// design returns the columns of the regression and their terms.
func (s *sheet) design(parts []part, standardize bool) (x [][]float64, terms []term, err error) {
	x = make([][]float64, len(s.rows))
	for _, p := range parts {
		switch {
		case p.one:
			terms = append(terms, s.indicator(x, p.at, p.level))
		case s.numeric(p.at):
			t, err := s.measure(x, p.at, standardize)
			if err != nil {
				return nil, nil, err
			}
			terms = append(terms, t)
		default:
			levels := s.levels(p.at, maxLevels)
			if err := s.checkLevels(p.at, levels); err != nil {
				return nil, nil, err
			}
			for _, level := range levels[1:] {
				terms = append(terms, s.indicator(x, p.at, level))
			}
		}
	}
	return x, terms, nil
}

func (s *sheet) checkLevels(column int, levels []string) error {
	switch {
	case levels == nil:
		return fault.New(fault.Invalid, "the column %q holds more than %d different texts, too many to tell apart", s.heads[column], maxLevels).
			WithHint("leave it out with --without, or take some of its texts: --columns '%s=TEXT'", s.heads[column])
	case len(levels) == 1:
		return s.constant(column)
	}
	return nil
}

func (s *sheet) constant(column int) error {
	return fault.New(fault.Invalid, "the column %q is %q in every row, so it explains nothing", s.heads[column], s.rows[0][column]).
		WithHint("leave it out with --without")
}

// indicator adds a column that is 1 where a column holds a text.
func (s *sheet) indicator(x [][]float64, column int, level string) term {
	for i, row := range s.rows {
		v := 0.0
		if strings.TrimSpace(row[column]) == level {
			v = 1
		}
		x[i] = append(x[i], v)
	}
	return term{Name: s.heads[column] + "=" + level}
}

// measure adds a column of numbers.
func (s *sheet) measure(x [][]float64, column int, standardize bool) (term, error) {
	rows := make([][]float64, len(s.rows))
	same := true
	for i := range s.rows {
		v, err := s.number(i, column)
		if err != nil {
			return term{}, err
		}
		rows[i] = []float64{v}
		same = same && v == rows[0][0]
	}
	if same {
		return term{}, s.constant(column)
	}
	t, scale := term{Name: s.heads[column]}, model.Scale{SD: 1}
	if standardize {
		scale = model.Scales(rows)[0]
		t.Mean, t.SD = &scale.Mean, &scale.SD
	}
	for i, row := range rows {
		x[i] = append(x[i], scale.Of(row[0]))
	}
	return t, nil
}

// fill takes over what was fitted.
func (r *regressed) fill(fit *model.Logistic, terms []term) {
	r.N, r.Events, r.LogLik, r.AUC, r.Brier, r.Steps = fit.N, fit.Events, fit.LogLik, fit.AUC, fit.Brier, fit.Steps
	e, n := float64(fit.Events), float64(fit.N)
	r.LogLikNull = e*fmath.Log(e/n) + (n-e)*fmath.Log(1-e/n)
	r.Terms = append([]term{{Name: "(intercept)"}}, terms...)
	for i := range r.Terms {
		t := &r.Terms[i]
		t.Coef, t.StdErr, t.Odds = fit.Coef[i], fit.StdErr[i], fmath.Exp(min(fit.Coef[i], 700))
		if fit.Penalty == 0 {
			z := t.Coef / t.StdErr
			p := fmath.Erfc(math.Abs(z) / math.Sqrt2)
			t.Z, t.P = &z, &p
		}
	}
}

func (r *regressed) judge(fit *model.Logistic, x [][]float64, y []bool, f logitFlags) error {
	p := make([]float64, len(x))
	for i, row := range x {
		p[i] = fit.P(row)
	}
	ranked, err := model.Rank(p, y)
	if err != nil {
		return err
	}
	r.Calibration = ranked.Bins(10)
	r.Threshold = threshold{"youden", ranked.Youden()}
	if f.given {
		r.Threshold = threshold{"given", ranked.At(f.threshold)}
	}
	return nil
}

func showLogit(w io.Writer, r *regressed) {
	fmt.Fprintf(w, "%s: %d of %d rows\n", r.Target, r.Events, r.N)
	if r.Dropped > 0 {
		fmt.Fprintf(w, "%d rows were left out: a cell is missing\n", r.Dropped)
	}
	t := newTable("term", ">coefficient", ">std. error", ">z", ">p", ">odds ratio")
	for _, x := range r.Terms {
		z, p := "", ""
		if x.Z != nil {
			z, p = fixed(*x.Z, 2), pText(*x.P)
		}
		name := x.Name
		if x.SD != nil {
			name += " (per " + short(*x.SD) + ")"
		}
		t.row(name, fixed(x.Coef, 5), fixed(x.StdErr, 5), z, p, short(x.Odds))
	}
	t.write(w)
	fmt.Fprintf(w, "log-likelihood %s (%s without the columns), AUC %s, Brier score %s\n",
		fixed(r.LogLik, 3), fixed(r.LogLikNull, 3), fixed(r.AUC, 4), fixed(r.Brier, 4))
	how := map[string]string{"youden": "furthest above the diagonal of the ROC curve", "given": "as given"}
	fmt.Fprintf(w, "from a probability of %s (%s): %d rows called, precision %s, recall %s\n\n",
		fixed(r.Threshold.Threshold, 4), how[r.Threshold.Method], r.Threshold.Called, percent(r.Threshold.Precision), percent(r.Threshold.Recall))
	bins := newTable(">tenth", ">rows", ">expected", ">actual", ">lift", "expected", "actual")
	for i, b := range r.Calibration {
		bins.row(number(i+1), number(b.N), percent(b.Expected), percent(b.Actual), fixed(b.Lift, 2), bar(b.Expected, 1, 20), bar(b.Actual, 1, 20))
	}
	bins.write(w)
}
