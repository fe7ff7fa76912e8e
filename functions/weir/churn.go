package main

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/score"
)

// churnList is a page of the churn list, by the names that the API has.
type churnList struct {
	AsOf         string      `json:"as_of"`
	Currency     string      `json:"currency"`
	ModelVersion string      `json:"model_version"`
	Horizon      int         `json:"horizon_days"`
	Threshold    float64     `json:"threshold"`
	Total        int64       `json:"total"`       // users selected, on all pages
	Warned       int64       `json:"warned"`      // of them, those of whom a warning is due
	Spend        int64       `json:"spend_minor"` // what the selected spent so far
	Users        []churnUser `json:"users"`
	Next         *string     `json:"next,omitempty"`
}

type churnUser struct {
	UserID      string              `json:"user_id"`
	Stage       string              `json:"stage"`
	LastSeen    string              `json:"last_seen"`
	Spend       int64               `json:"spend_minor"`
	Probability float64             `json:"probability"`
	Warning     bool                `json:"warning"`
	LeadDays    int                 `json:"lead_days"`
	CLV         *int64              `json:"clv_minor,omitempty"`
	CLVLow      *int64              `json:"clv_low_minor,omitempty"`
	CLVHigh     *int64              `json:"clv_high_minor,omitempty"`
	Reasons     []score.ChurnReason `json:"reasons"`
}

func (c *cli) churnCommand() *cobra.Command {
	var p page
	var least float64
	var warned bool
	var asOf instant
	cmd := &cobra.Command{
		Use: "churn", Short: "Who is about to leave, the likeliest first, with the reasons", Args: cobra.NoArgs,
		Long: `Lists the users by their probability of showing no sign of life within the model's horizon, with the reasons that raise it,
how many days later the strategy's rule of silence would notice, and what they are expected to be worth. --warned leaves
out those below the threshold, and those whom the rule of silence has given up already.

It needs published models: weir fit, then weir models publish. weir backtest churn shows how far to trust it.`,
		Example: "  weir churn --warned --limit 20\n  weir churn --min-p 0.8 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(least >= 0 && least <= 1) {
				return &usageError{err: fmt.Errorf("--min-p %v is no probability between 0 and 1", least)}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				found, err := b.app.ChurnList(cmd.Context(), app.ChurnQuery{
					AsOf: asOf.millis(), MinP: least, Warned: warned, After: p.after, Limit: p.limit,
				})
				if err != nil {
					return err
				}
				out := newChurnList(found)
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) { showChurn(w, out) })
			})
		},
	}
	cmd.Flags().Float64Var(&least, "min-p", 0, "only users with at least this probability")
	cmd.Flags().BoolVar(&warned, "warned", false, "only users of whom a warning is due")
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	p.flags(cmd.Flags())
	return cmd
}

func newChurnList(p app.ChurnPage) churnList {
	out := churnList{
		AsOf: whenMillis(p.AsOf), Currency: p.Live.Engine.Strategy().Currency, ModelVersion: p.Live.Engine.Version(), Horizon: p.Horizon,
		Threshold: p.Threshold, Total: p.Total, Warned: p.Warned, Spend: p.Spend, Users: []churnUser{}, Next: optional(p.Next),
	}
	for _, u := range p.Users {
		row := churnUser{
			UserID: u.Result.Key, Stage: u.Result.Stage, LastSeen: whenMillis(u.Result.LastSeen), Spend: u.Result.Spend,
			Probability: u.Churn.P, Warning: u.Churn.Warning, LeadDays: u.Churn.LeadDays, Reasons: append([]score.ChurnReason{}, u.Churn.Reasons...),
		}
		if u.Value.OK {
			row.CLV, row.CLVLow, row.CLVHigh = minor(u.Value.CLV, out.Currency), minor(u.Value.Low, out.Currency), minor(u.Value.High, out.Currency)
		}
		out.Users = append(out.Users, row)
	}
	return out
}

// minor rounds major units to minor ones.
func minor(major float64, currency string) *int64 {
	n := int64(math.Round(major * math.Pow10(event.MinorDigits(currency))))
	return &n
}

func showChurn(w io.Writer, c churnList) {
	fmt.Fprintf(w, "%d users as of %s, a warning is due of %d (from a probability of %s, within %d days)\n",
		c.Total, c.AsOf, c.Warned, fixed(c.Threshold, 4), c.Horizon)
	t := newTable("user", ">probability", "warning", ">days earlier", ">lifetime value", ">spend", "stage", "last seen", "reasons")
	for _, u := range c.Users {
		warning, value := "", ""
		if u.Warning {
			warning = "yes"
		}
		if u.CLV != nil {
			value = money(*u.CLV, c.Currency)
		}
		t.row(u.UserID, percent(u.Probability), warning, number(u.LeadDays), value, money(u.Spend, c.Currency), u.Stage, u.LastSeen, reasonText(u.Reasons))
	}
	t.write(w)
}
