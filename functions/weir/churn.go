package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) churnCommand() *cobra.Command {
	var p page
	var least float64
	var all bool
	var asOf instant
	cmd := &cobra.Command{
		Use: "churn", Short: "Who is about to leave, the likeliest first, with the reasons", Args: cobra.NoArgs,
		Long: `Lists the users of whom a warning is due, by their probability of showing no sign of life within the model's horizon, with the
reasons that raise it, how many days later the strategy's rule of silence would notice, and what they are expected to be
worth. --all also lists those below the threshold, and those whom the rule of silence has given up already.

It needs published models: weir fit, then weir models publish. weir backtest churn shows how far to trust it.`,
		Example: "  weir churn --limit 20\n  weir churn --all --min-p 0.8 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(least >= 0 && least <= 1) {
				return &usageError{err: fmt.Errorf("--min-p %v is no probability between 0 and 1", least)}
			}
			warned := !all
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListChurn(cmd.Context(), gen.ListChurnRequestObject{Params: gen.ListChurnParams{
					AsOf: asOf.at, MinP: &least, Warned: &warned, After: optional(p.after), Limit: &p.limit,
				}})
				if err != nil {
					return err
				}
				out := gen.ChurnPage(res.(gen.ListChurn200JSONResponse))
				if out.ModelVersion == nil { // the API has an empty list then; here it is refused with the way out
					_, err := b.app.ChurnList(cmd.Context(), app.ChurnQuery{AsOf: asOf.millis(), Limit: 1})
					return err
				}
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) { showChurn(w, out) })
			})
		},
	}
	cmd.Flags().Float64Var(&least, "min-p", 0, "only users with at least this probability")
	cmd.Flags().BoolVar(&all, "all", false, "also users of whom no warning is due")
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	p.flags(cmd.Flags())
	return cmd
}

func showChurn(w io.Writer, c gen.ChurnPage) {
	fmt.Fprintf(w, "%d users as of %s, a warning is due of %d (from a probability of %s, within %d days)\n",
		c.Total, when(c.AsOf), *c.Warned, fixed(*c.Threshold, 4), *c.HorizonDays)
	t := newTable("user", ">probability", "warning", ">days earlier", ">lifetime value", ">spend", "stage", "last seen", "reasons")
	for _, u := range c.Users {
		warning, value, reasons := "", "", []string{}
		if u.Warning {
			warning = "yes"
		}
		if u.ClvMinor != nil {
			value = money(*u.ClvMinor, c.Currency)
		}
		for _, r := range u.Reasons {
			reasons = append(reasons, r.Text.En)
		}
		t.row(u.UserId, percent(u.Probability), warning, number(u.LeadDays), value, money(u.SpendMinor, c.Currency), u.Stage, when(u.LastSeen),
			strings.Join(reasons, " | "))
	}
	t.write(w)
}
