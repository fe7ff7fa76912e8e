package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/model"
)

// fitted is a fit as it is printed: every name is always there.
type fitted struct {
	Model      model.Kind       `json:"model"`
	N          int              `json:"n"`
	Params     model.Values     `json:"params"`
	StdErr     model.Values     `json:"stderr"`
	LogLik     float64          `json:"loglik"`
	Identified bool             `json:"identified"`
	Reason     string           `json:"reason"`
	Fallback   *fallback        `json:"fallback"`
	Holdout    *model.Holdout   `json:"holdout"`
	Correlated *float64         `json:"corr_x_m,omitempty"`
	Provenance model.Provenance `json:"provenance"`
}

// fallback is the model to score with where dropout is not identified.
type fallback struct {
	Model  model.Kind   `json:"model"`
	Params model.Values `json:"params"`
	StdErr model.Values `json:"stderr"`
	LogLik float64      `json:"loglik"`
}

func newFitted(f *model.Fit) fitted {
	out := fitted{
		Model: f.Model, N: f.N, Params: f.Params, StdErr: f.StdErr, LogLik: f.LogLik, Identified: f.Identified, Reason: f.Reason,
		Holdout: f.Holdout, Correlated: f.Correlated, Provenance: f.Provenance,
	}
	if b := f.Fallback; b != nil {
		out.Fallback = &fallback{b.Model, b.Params, b.StdErr, b.LogLik}
	}
	return out
}

// modelKinds are the models that weir fit knows, the default first.
var modelKinds = []model.Kind{model.MBGNBD, model.BGNBD, model.ParetoNBD, model.NBD, model.GammaGamma, model.SBG, model.BGBB}

func kindNames() string {
	names := make([]string, len(modelKinds))
	for i, kind := range modelKinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

// fitFlags are the flags of weir fit.
type fitFlags struct {
	kind, cbs, every string
	end, before      instant
	purchases, note  string // of the whole set
}

func (c *cli) fitCommand() *cobra.Command {
	var f fitFlags
	cmd := &cobra.Command{
		Use: "fit", Short: "Fit a model of purchases, money or subscriptions", Args: cobra.NoArgs,
		Long: `Fits a model by maximum likelihood and prints its parameters with standard errors, the log-likelihood, and whether the data
identify it at all. Where they carry no signal of dropout, it says so and names the NBD to fall back on.

Without --model it fits what scores need, a model of purchases, Gamma-Gamma and the churn warning, to histories up to the base's own
moment (weir status), and keeps them as a draft, which scores do not use before weir models publish. With --model it fits one
model and stores nothing.

A model is fitted to the base's own profiles. With --calibration-end histories end with that day, and what came later is
held out: the report compares it with what the fit expects, by the number of repeat purchases. --cohort-before leaves out
users whose first purchase was on that day or later. sbg and bgbb count whole months, or years with --every year.

With --cbs it fits a table, and needs no base. The columns, others being ignored:
  mbgnbd, bgnbd, paretonbd, nbd   x, t_x, T: repeat purchases, weeks to the last of them and to the end, since the first purchase
  gammagamma                      x, m_x: repeat purchases and their mean value
  bgbb                            x, t_x, n [, weight]: purchases in n opportunities, the last at t_x, shared by weight users
  sbg                             renewal, active: how many of a cohort are left after renewal 0 (all of them), 1, 2 …
                                  or x, T [, weight]: of T renewals due x were made, by weight subscribers

docs/models.md says what each model assumes and when not to use it.`,
		Example: `  weir fit --note 'with the spring'
  weir fit --model mbgnbd --calibration-end 1997-09-30T00:00:00Z --cohort-before 1997-04-01T00:00:00Z
  weir fit --model paretonbd --cbs histories.csv
  weir fit --model sbg --cbs renewals.csv --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return &usageError{err: err}
			}
			if f.kind == "" {
				return c.with(cmd.Context(), writing, func(b *base) error { return c.fitModels(cmd.Context(), b, f) })
			}
			if f.cbs == "" {
				return c.with(cmd.Context(), reading, func(b *base) error { return c.fitBase(cmd.Context(), b, f) })
			}
			s, err := c.readSheet(f.cbs)
			if err != nil {
				return err
			}
			fit, err := fitTable(model.Kind(f.kind), s)
			if err != nil {
				return err
			}
			return c.print(newFitted(fit), func(w io.Writer) { showFit(w, fit) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "model", "", kindNames())
	flags.StringVar(&f.cbs, "cbs", "", "table to fit instead of the base; - for standard input")
	flags.Var(&f.end, "calibration-end", "moment up to which purchases count (default: the newest event; without --model the base's own moment)")
	flags.Var(&f.before, "cohort-before", "only users whose first purchase was before this moment")
	flags.StringVar(&f.purchases, "purchases", "", "without --model: the model of purchases (default mbgnbd)")
	flags.StringVar(&f.note, "note", "", "without --model: a note for the list of models")
	flags.StringVar(&f.every, "every", "", "period of sbg and bgbb: month or year (default month)")
	return cmd
}

func (f *fitFlags) check() error {
	switch {
	case f.kind != "" && !slices.Contains(modelKinds, model.Kind(f.kind)):
		return fmt.Errorf("there is no model %q; use one of %s", f.kind, kindNames())
	case f.kind == "" && f.cbs != "":
		return errors.New("a table needs --model, one of " + kindNames())
	case f.kind == "" && (f.before.at != nil || f.every != ""):
		return errors.New("--cohort-before and --every belong to a --model: scores need models of the whole base")
	case f.kind != "" && (f.purchases != "" || f.note != ""):
		return errors.New("--purchases and --note belong to a fit of all models, which has no --model")
	case f.purchases != "" && !slices.Contains(modelKinds[:4], model.Kind(f.purchases)):
		return fmt.Errorf("there is no model of purchases %q; use mbgnbd, bgnbd, paretonbd or nbd", f.purchases)
	case f.every != "" && f.every != app.EveryMonth && f.every != app.EveryYear:
		return fmt.Errorf("there is no period %q; use month or year", f.every)
	case f.cbs != "" && (f.end.at != nil || f.before.at != nil || f.every != ""):
		return errors.New("--calibration-end, --cohort-before and --every choose from the base, and --cbs names a table")
	}
	return nil
}

// fitBase fits one model to the base.
func (c *cli) fitBase(ctx context.Context, b *base, f fitFlags) error {
	bars := newProgress(c.err)
	defer bars.close()
	fit, err := b.app.Fit(ctx, app.FitRequest{
		Model: model.Kind(f.kind), CalibrationEnd: f.end.millis(), CohortBefore: f.before.millis(), Every: f.every,
	}, bars.phase("fit"))
	if err != nil {
		return err
	}
	bars.finish()
	bars.close()
	return c.print(newFitted(fit), func(w io.Writer) { showFit(w, fit) })
}

// fitModels fits all models that scores use and keeps them as a draft.
func (c *cli) fitModels(ctx context.Context, b *base, f fitFlags) error {
	bars := newProgress(c.err)
	defer bars.close()
	set, err := b.app.FitModels(ctx, app.FitModelsRequest{Kind: model.Kind(f.purchases), CalibrationEnd: f.end.millis(), Note: f.note}, bars.phase("fit"))
	if err != nil {
		return err
	}
	bars.finish()
	bars.close()
	return c.print(newModelSet(set), func(w io.Writer) {
		showModelSet(w, set)
		fmt.Fprintf(w, "\nscores use them after: weir models publish %s\n", set.Models.Version)
	})
}

func showFit(w io.Writer, f *model.Fit) {
	fmt.Fprintf(w, "%s of %d users, log-likelihood %s\n", f.Model, f.N, fixed(f.LogLik, 3))
	if !f.Identified {
		fmt.Fprintf(w, "NOT IDENTIFIED: %s\n", f.Reason)
	}
	if f.Fallback == nil {
		showParams(w, f)
	} else { // the parameters mean nothing; --json has them
		fmt.Fprintln(w, "score with instead:")
		showFit(w, f.Fallback)
	}
	if f.Correlated != nil {
		fmt.Fprintf(w, "correlation of frequency and value: %s (the model assumes 0)\n", fixed(*f.Correlated, 3))
	}
	if f.Holdout != nil {
		showHoldout(w, f.Holdout)
	}
}

func showParams(w io.Writer, f *model.Fit) {
	t := newTable("parameter", ">estimate", ">std. error")
	for _, p := range f.Params {
		se := ""
		if slices.ContainsFunc(f.StdErr, func(v model.Value) bool { return v.Name == p.Name }) {
			se = short(f.StdErr.Get(p.Name))
		}
		t.row(p.Name, short(p.Value), se)
	}
	t.write(w)
}

// showHoldout draws what was expected after the calibration beside what happened.
func showHoldout(w io.Writer, h *model.Holdout) {
	fmt.Fprintf(w, "the %s weeks after: %s purchases expected, %s happened\n", short(h.Weeks), fixed(h.Expected, 0), fixed(h.Actual, 0))
	most := 0.0
	for _, r := range h.ByX {
		most = max(most, r.Expected, r.Actual)
	}
	t := newTable(">x", ">users", ">expected", ">actual", "expected", "actual")
	for i, r := range h.ByX {
		x := number(r.X)
		if i == len(h.ByX)-1 {
			x += "+"
		}
		t.row(x, fixed(r.N, 0), fixed(r.Expected, 3), fixed(r.Actual, 3), bar(r.Expected, most, 20), bar(r.Actual, most, 20))
	}
	t.write(w)
}
