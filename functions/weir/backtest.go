package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
)

func (c *cli) backtestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "backtest", Short: "What a forecast would have said in the past, and what happened",
		Example: "  weir backtest churn --cut 1997-06-30",
	}
	cmd.AddCommand(c.backtestChurn())
	return cmd
}

// backtested is the outcome of weir backtest churn: the figures of the chosen threshold, then everything.
type backtested struct {
	Precision float64  `json:"precision"`
	Recall    float64  `json:"recall"`
	Lift      float64  `json:"lift"`
	LeadDays  *float64 `json:"lead_days"` // median: how much earlier than the rule of silence; null when none was found
	*app.ChurnBacktest
}

func (c *cli) backtestChurn() *cobra.Command {
	var cut dayOrMoment
	var horizon int
	cmd := &cobra.Command{
		Use: "churn", Short: "Fit the churn warning before a day and judge it by what came after", Args: cobra.NoArgs,
		Long: `Fits the model of churn to what was known at the end of the day --cut, and judges it by the horizon after: who of the users at
risk showed no sign of life. Nothing that came after the cut is seen by the fit. Prints precision and recall at the thresholds
chosen by the elbow and by the quantile of the training, churn by tenths of the users with its lift, and how many days
before the rule of silence the warning came. Without --cut the horizon ends with the newest event. Nothing is stored.`,
		Example: "  weir backtest churn --cut 1997-06-30\n  weir backtest churn --cut 1997-06-30 --horizon 60 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("horizon") && horizon < 1 {
				return &usageError{err: fmt.Errorf("--horizon is %d; give a number of days", horizon)}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				at, err := cut.end(cmd.Context(), b)
				if err != nil {
					return err
				}
				bars := newProgress(c.err)
				defer bars.close()
				r, err := b.app.BacktestChurn(cmd.Context(), app.BacktestRequest{Cut: at, Horizon: horizon}, bars.phase("backtest"))
				if err != nil {
					return err
				}
				bars.finish()
				bars.close()
				out := backtested{r.Chosen.Precision, r.Chosen.Recall, r.Chosen.Lift, r.Chosen.LeadDays, r}
				return c.print(out, func(w io.Writer) { showBacktest(w, r) })
			})
		},
	}
	cmd.Flags().Var(&cut, "cut", "last day that the fit may see (default: one horizon before the newest event)")
	cmd.Flags().IntVar(&horizon, "horizon", 0, "days within which churn is foretold (default: the strategy's)")
	return cmd
}

func showBacktest(w io.Writer, r *app.ChurnBacktest) {
	fmt.Fprintf(w, "churn: no sign of life within %d days; the rule of silence waits %d\n", r.Horizon, r.Silence)
	fmt.Fprintf(w, "fitted to %d users as of %s, of whom %d churned by %s\n", r.Training.Users, r.From, r.Training.Churned, r.Day)
	fmt.Fprintf(w, "judged on %d users as of %s, of whom %d churned by %s\n", r.Users, r.Day, r.Churned, r.Until)
	fmt.Fprintf(w, "AUC %s (by the days of silence alone %s), Brier score %s\n", fixed(r.AUC, 4), fixed(r.BySilence, 4), fixed(r.Brier, 4))
	for _, warning := range r.Warnings {
		fmt.Fprintf(w, "WARNING: %s\n", warning.En)
	}
	fmt.Fprintln(w)
	t := newTable("threshold", ">probability", ">warned of", ">churned", ">precision", ">recall", ">lift", ">days earlier", "chosen")
	for _, x := range r.Choices {
		earlier, chosen := "", ""
		if x.LeadDays != nil {
			earlier = short(*x.LeadDays)
		}
		if x.Chosen {
			chosen = "yes"
		}
		t.row(x.Method, fixed(x.Threshold, 4), number(x.Called), number(x.Found), percent(x.Precision), percent(x.Recall), fixed(x.Lift, 2), earlier, chosen)
	}
	t.write(w)
	fmt.Fprintln(w)
	showDeciles(w, r.Deciles)
}
