package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) segmentsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "segments", Short: "Audiences and conditions",
		Example: "  weir segments list\n  weir segments count 'stage == \"silent\" && orders >= 3'",
	}
	cmd.AddCommand(c.segmentsList(), c.segmentsCount())
	return cmd
}

func (c *cli) segmentsList() *cobra.Command {
	var asOf instant
	cmd := &cobra.Command{
		Use: "list", Short: "List the strategy's segments with their size and revenue", Args: cobra.NoArgs, Example: "  weir segments list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListSegments(cmd.Context(), gen.ListSegmentsRequestObject{Params: gen.ListSegmentsParams{AsOf: asOf.at}})
				if err != nil {
					return err
				}
				out := gen.SegmentList(res.(gen.ListSegments200JSONResponse))
				return c.print(out, func(w io.Writer) {
					t := newTable("segment", ">users", ">share", ">spend", "currency", "when")
					for _, s := range out.Segments {
						t.row(s.Name, number(s.Users), percent(s.Share), money(s.SpendMinor, out.Currency), out.Currency, s.When)
					}
					t.write(w)
				})
			})
		},
	}
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	return cmd
}

// counted is the outcome of weir segments count.
type counted struct {
	Condition string            `json:"condition"`
	AsOf      string            `json:"as_of"`
	Count     int64             `json:"count"`
	Revenue   json.Number       `json:"revenue"` // in major units
	Share     float64           `json:"share"`
	Users     int64             `json:"users"`       // Count, by the name that the API has for it
	Spend     int64             `json:"spend_minor"` // Revenue in minor units, as in the API
	Currency  string            `json:"currency"`
	Warnings  []gen.TextProblem `json:"warnings,omitempty"` // events and properties that nobody has seen
}

func (c *cli) segmentsCount() *cobra.Command {
	var asOf instant
	var expr string
	cmd := &cobra.Command{
		Use: "count [CONDITION]", Short: "Count the users for whom a condition holds, and their revenue",
		Args: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (expr != "") {
				return errors.New("give one condition, as an argument or by --expr")
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		Example: "  weir segments count 'stage == \"silent\" && orders >= 3 && !tags.has(\"vip\")'\n  weir segments count --expr 'orders > 1' --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			condition := expr
			if len(args) == 1 {
				condition = args[0]
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				check, err := b.app.CheckCondition(cmd.Context(), condition, true, asOf.millis())
				if err != nil {
					return err
				}
				n := counted{
					Condition: check.Canonical, AsOf: whenMillis(check.AsOf), Count: check.Users, Users: check.Users,
					Revenue: json.Number(money(check.Spend, check.Currency)), Spend: check.Spend, Currency: check.Currency,
				}
				if check.Total > 0 {
					n.Share = float64(check.Users) / float64(check.Total)
				}
				for _, p := range check.Warnings {
					n.Warnings = append(n.Warnings, gen.TextProblem{Line: p.Line, Col: p.Col, Message: p.Message, Expected: optional(p.Expected)})
				}
				c.warn("", &n.Warnings)
				return c.print(n, func(w io.Writer) {
					fmt.Fprintf(w, "%d users (%s), %s %s\n", n.Count, percent(n.Share), n.Revenue, n.Currency)
				})
			})
		},
	}
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	cmd.Flags().StringVar(&expr, "expr", "", "the condition")
	return cmd
}
