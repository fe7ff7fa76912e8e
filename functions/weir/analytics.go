package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/zone"
)

func (c *cli) analyticsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "analytics", Short: "The base over time",
		Long: `Prints a table of the base over time, as CSV unless JSON is asked for. Without --as-of it goes up to the newest event, so that it
shows everything that is known, also when views are as of an earlier moment.`,
		Example: "  weir analytics cohorts --period month --format csv\n  weir analytics retention --days 1,7,30 --recurring\n  weir analytics aha --stay 60",
	}
	cmd.AddCommand(
		c.analysis("cohorts", "Buyers by the period of their first purchase and the periods since", app.PeriodMonth),
		c.analysis("lifecycle", "Who is new, returning, resurrecting and dormant in each period", app.PeriodWeek),
		c.analysis("concentration", "How much of the revenue the best customers bring", ""),
		c.analysis("return-rate", "How many of those who were silent for N days ever came back", ""),
		c.retention(), c.aha(), c.transitions(),
	)
	return cmd
}

// analyticsFlags are the flags that every table has.
type analyticsFlags struct {
	format string
	asOf   instant
}

func (f *analyticsFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "format", "", "csv or json (default csv, with --json json)")
	cmd.Flags().Var(&f.asOf, "as-of", "moment up to which events count (default: the newest event)")
}

// resolve settles the format.
func (f *analyticsFlags) resolve(c *cli) error {
	if f.format == "" {
		if f.format = "csv"; c.json {
			f.format = "json"
		}
	}
	if f.format != "csv" && f.format != "json" {
		return &usageError{err: fmt.Errorf("there is no format %q; use csv or json", f.format)}
	}
	return nil
}

// until settles the moment.
func (f *analyticsFlags) until(ctx context.Context, b *base) (instant, error) {
	if f.asOf.at != nil {
		return f.asOf, nil
	}
	newest, err := b.app.Newest(ctx)
	t := time.UnixMilli(newest)
	return instant{at: &t}, err
}

func (c *cli) analysis(kind, short, period string) *cobra.Command {
	var f analyticsFlags
	cmd := &cobra.Command{
		Use: kind, Short: short, Args: cobra.NoArgs, Example: "  weir analytics " + kind + " --format csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.resolve(c); err != nil {
				return err
			}
			if period != "" && period != app.PeriodWeek && period != app.PeriodMonth {
				return &usageError{err: fmt.Errorf("there is no period %q; use week or month", period)}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				at, err := f.until(cmd.Context(), b)
				if err != nil {
					return err
				}
				if f.format == "json" {
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
	f.flags(cmd)
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

// Kinds of retention.
var retentionKinds = []string{"all", "n-day", "unbounded", "bracket"}

// retained is the outcome of weir analytics retention.
type retained struct {
	AsOf  string        `json:"as_of"`
	Start string        `json:"start"` // first or recurring
	Kind  string        `json:"kind"`
	Rows  []retainedRow `json:"rows"`
}

// retainedRow is one mark. With a kind other than all, Users are those of that kind, and Share is theirs of the eligible.
type retainedRow struct {
	analytics.RetentionRow
	Users *int64   `json:"users,omitempty"`
	Share *float64 `json:"share,omitempty"`
}

func (c *cli) retention() *cobra.Command {
	var f analyticsFlags
	var days []int
	var kind string
	var recurring bool
	cmd := &cobra.Command{
		Use: "retention", Short: "Who is still there k days after the first day, or after any", Args: cobra.NoArgs,
		Long: `Counts who is still there k calendar days later, in the project's zone: on day k exactly (n-day), on day k or later
(unbounded), or on a day after the mark before and up to k (bracket). Only those for whom day k is over count.

Days are counted from the first active day; with --recurring from every active day, so that each row counts pairs of a
user and a day. What makes a day active is what ends silence: purchases, or any event (activity.of in the strategy).`,
		Example: "  weir analytics retention --days 7,30,90,180 --kind bracket\n  weir analytics retention --recurring --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.resolve(c); err != nil {
				return err
			}
			if !slices.Contains(retentionKinds, kind) {
				return &usageError{err: fmt.Errorf("there is no kind %q; use %s", kind, strings.Join(retentionKinds, ", "))}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				at, err := f.until(cmd.Context(), b)
				if err != nil {
					return err
				}
				r, err := b.app.Retention(cmd.Context(), app.RetentionQuery{AsOf: at.millis(), Days: days})
				if err != nil {
					return err
				}
				out := retained{AsOf: whenMillis(r.AsOf), Start: "first", Kind: kind}
				table := r.First
				if recurring {
					out.Start, table = "recurring", &r.Recurring.Retention
				}
				if f.format == "csv" && kind == "all" {
					return table.CSV(c.out)
				}
				out.fill(table.Rows())
				if f.format == "json" {
					c.json = true
				}
				return c.print(out, out.csv)
			})
		},
	}
	cmd.Flags().IntSliceVar(&days, "days", nil, "the marks, ascending (default 1,7,14,30,60,90,180,365)")
	cmd.Flags().StringVar(&kind, "kind", "all", strings.Join(retentionKinds, ", "))
	cmd.Flags().BoolVar(&recurring, "recurring", false, "count from every active day instead of the first")
	f.flags(cmd)
	return cmd
}

func (r *retained) fill(rows []analytics.RetentionRow) {
	r.Rows = []retainedRow{}
	for _, row := range rows {
		n, ok := map[string]int64{"n-day": row.Exact, "unbounded": row.Unbounded, "bracket": row.Bracket}[r.Kind]
		out := retainedRow{RetentionRow: row}
		if ok {
			share := 0.0
			if row.Eligible > 0 {
				share = float64(n) / float64(row.Eligible)
			}
			out.Users, out.Share = &n, &share
		}
		r.Rows = append(r.Rows, out)
	}
}

// csv writes one kind: the first and the last day, who could and who did come back.
func (r *retained) csv(w io.Writer) {
	fmt.Fprintln(w, "from,day,eligible,users,share")
	for _, row := range r.Rows {
		from := row.Day
		if r.Kind == "bracket" {
			from = row.From
		}
		fmt.Fprintf(w, "%d,%d,%d,%d,%s\n", from, row.Day, row.Eligible, *row.Users, fixed(*row.Share, 6))
	}
}

// early is the outcome of weir analytics aha.
type early struct {
	AsOf   string                   `json:"as_of"`
	Stay   int                      `json:"stay_days"`
	Rows   []analytics.AhaRow       `json:"rows"`
	Untold []analytics.AhaCandidate `json:"untold"` // candidates that the profiles do not tell for every user
}

func (c *cli) aha() *cobra.Command {
	var f analyticsFlags
	var stay, times, within int
	var since, event string
	cmd := &cobra.Command{
		Use: "aha", Short: "Which early behaviour goes along with staying", Args: cobra.NoArgs,
		Long: `Compares those who did something early with those who did not: who of them was active on day --stay or later. Candidates are
an event at least so often within the first days; those with a support of 5 % are ranked by phi, with precision, recall,
lift, the difference with its 95 % interval (Newcombe), and p values corrected for the number of candidates
(Benjamini–Hochberg). Users whose day --stay is not over do not count.

What it finds are correlations. Test them by an experiment before building on them.`,
		Example: "  weir analytics aha --stay 60 --since 1997-02-01\n  weir analytics aha --event 'Product Viewed' --at-least 3 --within 7",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.resolve(c); err != nil {
				return err
			}
			q := app.AhaQuery{Stay: stay}
			if since != "" {
				day, err := zone.ParseDay(since)
				if err != nil {
					return &usageError{err: fmt.Errorf("--since %q is no day such as 1997-01-31", since)}
				}
				q.Since = day
			}
			if event != "" {
				q.Candidates = []analytics.AhaCandidate{{Event: event, AtLeast: times, Within: within}}
			} else if cmd.Flags().Changed("at-least") || cmd.Flags().Changed("within") {
				return &usageError{err: errors.New("--at-least and --within belong to an --event")}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				at, err := f.until(cmd.Context(), b)
				if err != nil {
					return err
				}
				q.AsOf = at.millis()
				a, err := b.app.Aha(cmd.Context(), q)
				if err != nil {
					return err
				}
				if f.format == "csv" {
					for _, u := range a.Untold {
						c.note("left out: the profiles do not tell for every user who did %s", u)
					}
					return a.Report.CSV(c.out)
				}
				c.json = true
				return c.print(early{whenMillis(a.AsOf), a.Stay, a.Rows, append([]analytics.AhaCandidate{}, a.Untold...)}, nil)
			})
		},
	}
	cmd.Flags().IntVar(&stay, "stay", 30, "day from which on a user counts as staying")
	cmd.Flags().StringVar(&since, "since", "", "only users first seen on this day or later")
	cmd.Flags().StringVar(&event, "event", "", "one candidate: this event …")
	cmd.Flags().IntVar(&times, "at-least", 1, "… at least so often …")
	cmd.Flags().IntVar(&within, "within", 7, "… within so many first days")
	f.flags(cmd)
	return cmd
}

// transitionKinds are what the moves of users can be told of.
var transitionKinds = []string{app.TransitionsSettled, app.TransitionsCandidate, app.TransitionsInterval}

func (c *cli) transitions() *cobra.Command {
	var from, to dayOrMoment
	var format, kind string
	cmd := &cobra.Command{
		Use: "transitions", Short: "How users moved between stages from one day to another", Args: cobra.NoArgs,
		Long: `Counts how users moved between two days, with what they spent in between: "before" is the state at the end of --from, "after" the
one at the end of --to. An empty state is that of users who were not there yet.

--kind settled (the default) is the stage that Weir acted on, from its records of decisions; candidate is the stage that
the facts of each day ask for under today's strategy; interval is the lifecycle of the two periods that end on these days:
new, retained, resurrected, dormant, inactive.`,
		Example: "  weir analytics transitions --from 1997-06-30 --to 1997-09-30 --kind candidate\n  weir analytics transitions --from 1997-08-31 --to 1997-09-30 --kind interval --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := analyticsFlags{format: format}
			if err := f.resolve(c); err != nil {
				return err
			}
			if !slices.Contains(transitionKinds, kind) {
				return &usageError{err: fmt.Errorf("there is no kind %q; use %s", kind, strings.Join(transitionKinds, ", "))}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				first, err := from.end(cmd.Context(), b)
				if err != nil {
					return err
				}
				last, err := to.end(cmd.Context(), b)
				if err != nil {
					return err
				}
				until := time.UnixMilli(last)
				params := gen.GetTransitionsParams{From: time.UnixMilli(first), Kind: optional(gen.TransitionKind(kind))}
				if last != 0 {
					params.To = &until
				}
				res, err := b.api.GetTransitions(cmd.Context(), gen.GetTransitionsRequestObject{Params: params})
				if err != nil {
					return err
				}
				out := gen.Transitions(res.(gen.GetTransitions200JSONResponse))
				if kind == app.TransitionsSettled && out.Users > 0 && out.States[0].Before == out.Users {
					c.note("nothing was decided before %s; --kind candidate computes the stages of then from the events", when(out.From))
				}
				c.json = f.format == "json"
				return c.print(out, func(w io.Writer) { movesCSV(w, out) })
			})
		},
	}
	cmd.Flags().Var(&from, "from", "day, or moment, before the moves")
	cmd.Flags().Var(&to, "to", "day, or moment, after the moves (default: the base's own moment)")
	cmd.Flags().StringVar(&kind, "kind", app.TransitionsSettled, strings.Join(transitionKinds, ", "))
	cmd.Flags().StringVar(&format, "format", "", "csv or json (default csv, with --json json)")
	need(cmd, "from")
	return cmd
}

func movesCSV(w io.Writer, t gen.Transitions) {
	fmt.Fprintln(w, "before,after,users,revenue_minor")
	for _, m := range t.Moves {
		fmt.Fprintf(w, "%s,%s,%d,%d\n", m.From, m.To, m.Users, m.RevenueMinor)
	}
}
