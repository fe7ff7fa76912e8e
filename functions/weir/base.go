package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
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
	Condition string  `json:"condition"`
	AsOf      string  `json:"as_of"`
	Users     int64   `json:"users"`
	Share     float64 `json:"share"`
	Spend     int64   `json:"spend_minor"`
	Currency  string  `json:"currency"`
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
					Condition: check.Canonical, AsOf: whenMillis(check.AsOf), Users: check.Users, Spend: check.Spend, Currency: check.Currency,
				}
				if check.Total > 0 {
					n.Share = float64(check.Users) / float64(check.Total)
				}
				return c.print(n, func(w io.Writer) {
					fmt.Fprintf(w, "%d users (%s), %s %s\n", n.Users, percent(n.Share), money(n.Spend, n.Currency), n.Currency)
				})
			})
		},
	}
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	cmd.Flags().StringVar(&expr, "expr", "", "the condition")
	return cmd
}

func (c *cli) analyticsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "analytics", Short: "The base over time",
		Long: `Prints a table of the base over time. Without --as-of it goes up to the newest event, so that it shows everything that is
known, also when views are as of an earlier moment.`,
		Example: "  weir analytics cohorts --period month --format csv\n  weir analytics lifecycle --period week\n  weir analytics concentration",
	}
	cmd.AddCommand(
		c.analysis("cohorts", "Buyers by the period of their first purchase and the periods since", app.PeriodMonth),
		c.analysis("lifecycle", "Who is new, returning, resurrecting and dormant in each period", app.PeriodWeek),
		c.analysis("concentration", "How much of the revenue the best customers bring", ""),
		c.analysis("return-rate", "How many of those who were silent for N days ever came back", ""),
	)
	return cmd
}

func (c *cli) analysis(kind, short, period string) *cobra.Command {
	var format string
	var asOf instant
	cmd := &cobra.Command{
		Use: kind, Short: short, Args: cobra.NoArgs, Example: "  weir analytics " + kind + " --format csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" && c.json {
				format = "json"
			}
			if format != "" && format != "csv" && format != "json" {
				return &usageError{err: fmt.Errorf("there is no format %q; use csv or json", format)}
			}
			if period != "" && period != app.PeriodWeek && period != app.PeriodMonth {
				return &usageError{err: fmt.Errorf("there is no period %q; use week or month", period)}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				at := asOf
				if at.at == nil {
					newest, err := b.app.Newest(cmd.Context())
					if err != nil {
						return err
					}
					t := time.UnixMilli(newest)
					at.at = &t
				}
				if format == "json" {
					return c.analysisJSON(cmd.Context(), b, kind, period, at)
				}
				return c.analysisCSV(cmd.Context(), b, kind, period, at)
			})
		},
	}
	hint := "week or month"
	if period == "" {
		hint = "taken by every table; this one has no periods"
	}
	cmd.Flags().StringVar(&period, "period", period, hint)
	cmd.Flags().StringVar(&format, "format", "", "csv or json (default csv, with --json json)")
	cmd.Flags().Var(&asOf, "as-of", "moment up to which events count (default: the newest event)")
	return cmd
}

func (c *cli) analysisCSV(ctx context.Context, b *base, kind, period string, asOf instant) error {
	scored, err := b.app.Base(ctx, asOf.millis())
	if err != nil {
		return err
	}
	switch kind {
	case "cohorts":
		return scored.Cohorts[period].CSV(c.out)
	case "lifecycle":
		return scored.Lifecycle[period].CSV(c.out)
	case "concentration":
		return scored.Concentration.CSV(c.out)
	}
	return scored.ReturnRate.CSV(c.out)
}

func (c *cli) analysisJSON(ctx context.Context, b *base, kind, period string, asOf instant) error {
	var out any
	var err error
	of := optional(gen.Period(period))
	switch kind {
	case "cohorts":
		out, err = b.api.GetCohorts(ctx, gen.GetCohortsRequestObject{Params: gen.GetCohortsParams{AsOf: asOf.at, Period: of}})
	case "lifecycle":
		out, err = b.api.GetLifecycle(ctx, gen.GetLifecycleRequestObject{Params: gen.GetLifecycleParams{AsOf: asOf.at, Period: of}})
	case "concentration":
		out, err = b.api.GetConcentration(ctx, gen.GetConcentrationRequestObject{Params: gen.GetConcentrationParams{AsOf: asOf.at}})
	default:
		out, err = b.api.GetReturnRate(ctx, gen.GetReturnRateRequestObject{Params: gen.GetReturnRateParams{AsOf: asOf.at}})
	}
	if err != nil {
		return err
	}
	c.json = true
	return c.print(out, nil)
}

func (c *cli) exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write the base to a file", Example: "  weir export profiles --format parquet --out profiles.parquet"}
	var format, out string
	var asOf instant
	profiles := &cobra.Command{
		Use: "profiles", Short: "Write every profile with its scores", Args: cobra.NoArgs,
		Long: `Writes one row a user: user_id, first_seen, last_seen, orders, x, t_x, T, m_x, spend_minor, currency, r, f, m, rfm_name,
rfm_cn, tier, stage, stage_candidate, tags, segments, strategy_version, cuts_version, as_of.

Without --as-of it is as of the base's own moment (weir status). With another one, the facts are those of events up to then and the cuts are computed for then.`,
		Example: "  weir export profiles --format csv > profiles.csv\n  weir export profiles --format parquet --as-of 1997-09-30T00:00:00Z --out profiles.parquet",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				if format = "csv"; c.json {
					format = "ndjson"
				}
			}
			if format != "csv" && format != "ndjson" && format != "parquet" {
				return &usageError{err: fmt.Errorf("there is no format %q; use csv, ndjson or parquet", format)}
			}
			if format == "parquet" && out == "" && isTerminal(c.out) {
				return &usageError{err: errors.New("a Parquet file is not for a terminal; name a file with --out")}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				return c.export(cmd.Context(), b, app.ExportRequest{Format: format, AsOf: asOf.millis()}, out)
			})
		},
	}
	profiles.Flags().StringVar(&format, "format", "", "csv, ndjson or parquet (default csv, with --json ndjson)")
	profiles.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	profiles.Flags().Var(&asOf, "as-of", "moment of the view")
	cmd.AddCommand(profiles)
	return cmd
}

// export writes to standard output, or to a file.
func (c *cli) export(ctx context.Context, b *base, req app.ExportRequest, name string) error {
	bars := &progress{}
	if name != "" || !isTerminal(c.out) {
		bars = newProgress(c.err)
	}
	defer bars.close()
	req.Progress = bars.phase("export")
	if name == "" {
		return b.app.Export(ctx, c.out, req)
	}
	if err := writeWhole(name, func(w io.Writer) error { return b.app.Export(ctx, w, req) }); err != nil {
		return err
	}
	bars.finish()
	bars.close()
	return c.print(map[string]string{"file": name, "format": req.Format}, func(w io.Writer) { fmt.Fprintf(w, "wrote %s\n", name) })
}

// writeWhole writes a file that appears when it is whole.
func writeWhole(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".weir-export-*")
	if err != nil {
		return cannotWrite(name, err)
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return cannotWrite(name, err)
	}
	if err := f.Close(); err != nil {
		return cannotWrite(name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return cannotWrite(name, err)
	}
	return nil
}

func cannotWrite(name string, err error) error {
	return fault.New(fault.Unavailable, "%s cannot be written", name).WithHint("check the folder, its permissions and the room on the disk").Because(err)
}
