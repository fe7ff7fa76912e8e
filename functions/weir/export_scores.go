package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/score"
)

// scored is one row of weir export scores; null is what the models do not tell.
type scored struct {
	UserID        string              `json:"user_id"`
	PAlive        *float64            `json:"p_alive"`
	Expected      *float64            `json:"expected_purchases_52w"`
	ExpectedValue *float64            `json:"expected_value"`
	CLV           *float64            `json:"clv"`
	CLVLow        *float64            `json:"clv_low"`
	CLVHigh       *float64            `json:"clv_high"`
	ChurnP        *float64            `json:"churn_p"`
	ChurnReasons  []score.ChurnReason `json:"churn_reasons"`
	Stage         string              `json:"stage"`
	StageSince    *string             `json:"stage_since"`
}

// scoreColumns is the header of the CSV.
var scoreColumns = []string{
	"user_id", "p_alive", "expected_purchases_52w", "expected_value", "clv", "clv_low", "clv_high", "churn_p", "churn_reasons", "stage", "stage_since",
}

func (c *cli) exportScores() *cobra.Command {
	var format, out string
	var asOf instant
	cmd := &cobra.Command{
		Use: "scores", Short: "Write what the published models say of every user", Args: cobra.NoArgs,
		Long: `Writes one row a user: ` + strings.Join(scoreColumns[:6], ", ") + `,
` + strings.Join(scoreColumns[6:], ", ") + `.

Money is in major units. clv is over the horizon of the strategy's section value, clv_low and clv_high the middle 90 % of what
the fit leaves open. A cell is empty where the models tell nothing: p_alive where dropout is not identified, every figure of
purchases for users without one. churn_reasons are the strongest that raise the risk, separated by " | " in CSV, and with their
contributions and in both languages in NDJSON. stage_since is the day in the project's zone.

It needs published models: weir fit, then weir models publish. Lifetime values take up to a millisecond a buyer.`,
		Example: "  weir export scores --format csv > scores.csv\n  weir export scores --format ndjson --as-of 1997-09-30T00:00:00Z --out scores.ndjson",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				if format = "csv"; c.json {
					format = "ndjson"
				}
			}
			if format != "csv" && format != "ndjson" {
				return &usageError{err: fmt.Errorf("there is no format %q; use csv or ndjson", format)}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				return c.writeExport(out, format, func(w io.Writer, progress func(done, total int64)) error {
					return writeScores(cmd.Context(), b, w, format, asOf.millis(), progress)
				})
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "csv or ndjson (default csv, with --json ndjson)")
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	return cmd
}

func writeScores(ctx context.Context, b *base, w io.Writer, format string, asOf int64, progress func(done, total int64)) error {
	lines, table := json.NewEncoder(w), csv.NewWriter(w)
	lines.SetEscapeHTML(false)
	begun := false
	status, err := b.api.GetStatus(ctx, gen.GetStatusRequestObject{})
	if err != nil {
		return err
	}
	done, total := int64(0), status.(gen.GetStatus200JSONResponse).Users
	put := func(r *app.ScoreRow) error {
		if done++; done%256 == 0 {
			progress(done, total)
		}
		row := newScored(r)
		if format == "ndjson" {
			return cannotExport(lines.Encode(row))
		}
		if !begun {
			_ = table.Write(scoreColumns) // its error comes back from the next one
			begun = true
		}
		return cannotExport(table.Write(row.record()))
	}
	if err := b.app.EachScore(ctx, asOf, put); err != nil {
		return err
	}
	if format == "csv" && !begun {
		_ = table.Write(scoreColumns)
	}
	table.Flush()
	return cannotExport(table.Error())
}

func cannotExport(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "the export cannot be written").WithHint("look whether the disk is full").Because(err)
}

func newScored(r *app.ScoreRow) scored {
	out := scored{
		UserID: r.Key, PAlive: r.PAlive, Expected: r.Expected, ExpectedValue: r.ExpectedValue, CLV: r.CLV, CLVLow: r.CLVLow, CLVHigh: r.CLVHigh,
		ChurnP: r.ChurnP, ChurnReasons: r.Reasons, Stage: r.Stage,
	}
	if out.ChurnReasons == nil {
		out.ChurnReasons = []score.ChurnReason{}
	}
	if r.StageSince != 0 {
		day := r.StageSince.String()
		out.StageSince = &day
	}
	return out
}

func (s scored) record() []string {
	return []string{
		s.UserID, figure(s.PAlive), figure(s.Expected), figure(s.ExpectedValue), figure(s.CLV), figure(s.CLVLow), figure(s.CLVHigh), figure(s.ChurnP),
		reasonText(s.ChurnReasons), s.Stage, str(s.StageSince),
	}
}

// figure writes a number with all its digits, and nothing for null.
func figure(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// reasonText joins the sentences of reasons.
func reasonText(reasons []score.ChurnReason) string {
	texts := make([]string, len(reasons))
	for i, r := range reasons {
		texts[i] = r.Text.En
	}
	return strings.Join(texts, " | ")
}
