package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
)

func (c *cli) metricsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "metrics", Short: "What the strategy counts of events, and computing it from the kept ones",
		Example: "  weir metrics list\n  weir metrics backfill",
	}
	cmd.AddCommand(c.metricsList(), c.metricsBackfill())
	return cmd
}

// metricRow is a declared metric as the commands print it.
type metricRow struct {
	Name     string `json:"name"`
	Agg      string `json:"agg"`
	Event    string `json:"event"`
	Where    string `json:"where,omitempty"`
	Value    string `json:"value,omitempty"`
	Unit     string `json:"unit"`
	Windows  []int  `json:"windows"`
	Typical  int    `json:"typical_bytes"`
	Max      int    `json:"max_bytes"`
	Complete bool   `json:"complete"`
	Users    *int64 `json:"users,omitempty"`
}

func metricRows(metrics []app.MetricState) []metricRow {
	rows := []metricRow{}
	for _, m := range metrics {
		row := metricRow{
			Name: m.Name, Agg: m.Agg, Event: m.Event, Where: m.Where, Value: m.Value, Unit: m.Unit, Windows: m.Windows,
			Typical: m.Typical, Max: m.Max, Complete: m.Complete,
		}
		if m.Users >= 0 {
			users := m.Users
			row.Users = &users
		}
		rows = append(rows, row)
	}
	return rows
}

func (c *cli) metricsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the metrics that the published strategy declares", Args: cobra.NoArgs,
		Long: `Lists the declared metrics, what each takes of a typical profile and at most, and whether every profile holds it. A metric that
is not complete is computed from the kept events by the publication that declares it, or by weir metrics backfill.`,
		Example: "  weir metrics list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				metrics, err := b.app.Metrics(cmd.Context())
				if err != nil {
					return err
				}
				rows := metricRows(metrics)
				return c.print(map[string]any{"metrics": rows}, func(w io.Writer) {
					t := newTable("metric", "agg", "event", "where", "value", "windows", ">typical bytes", ">at most", "complete")
					for _, m := range rows {
						t.row(m.Name, m.Agg, m.Event, m.Where, m.Value, days(m.Windows), number(m.Typical), number(m.Max), yes(m.Complete))
					}
					t.write(w)
				})
			})
		},
	}
}

func days(windows []int) string {
	texts := make([]string, len(windows))
	for i, w := range windows {
		texts[i] = strconv.Itoa(w)
	}
	return strings.Join(texts, ", ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// backfilled is the outcome of weir metrics backfill.
type backfilled struct {
	Metrics []metricRow `json:"metrics"`
	Needed  bool        `json:"needed"`
	Stored  bool        `json:"stored"`
	Resumed bool        `json:"resumed"`
	Events  int64       `json:"events"`
	Users   int64       `json:"users"`
	Touched int64       `json:"users_touched"`
}

func (c *cli) metricsBackfill() *cobra.Command {
	var metric, file string
	var force bool
	cmd := &cobra.Command{
		Use: "backfill", Short: "Compute declared metrics from the kept events", Args: cobra.NoArgs,
		Long: `Folds the facts of every profile again from the events that are kept, where the published strategy declares what they do not
hold. Publishing a strategy does the same before it scores anybody; this command finishes a publication that was interrupted, from
where it stopped, and shows what it found. When every metric is complete it says so and reads nothing; --metric and --force compute
again nevertheless.

With --strategy the file is only compared: how many users have data of each of its metrics, and how many profiles its publication
would change. Nothing is written.

What decisions settled is not touched, and nobody is messaged.`,
		Example: "  weir metrics backfill\n  weir metrics backfill --metric big_orders\n  weir metrics backfill --strategy strategy.yaml --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			req := app.BackfillRequest{Metric: metric, Force: force}
			if file != "" && (metric != "" || force) {
				return &usageError{err: errors.New("--strategy only compares; leave --metric and --force out, or publish the file first")}
			}
			if file != "" {
				text, err := readFile(file)
				if err != nil {
					return err
				}
				req.Strategy = text
			}
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				req.Progress = bars.phase("backfill")
				report, err := b.app.BackfillMetrics(cmd.Context(), req)
				if err != nil {
					return err
				}
				bars.finish()
				bars.close()
				out := backfilled{
					Metrics: metricRows(report.Metrics), Needed: report.Needed, Stored: report.Stored, Resumed: report.Resumed,
					Events: report.Events, Users: report.Users, Touched: report.Changed,
				}
				return c.print(out, func(w io.Writer) { showBackfill(w, out) })
			})
		},
	}
	cmd.Flags().StringVar(&metric, "metric", "", "compute this metric of the published strategy again, complete or not")
	cmd.Flags().StringVar(&file, "strategy", "", "compare a strategy file that is not published, without writing")
	cmd.Flags().BoolVar(&force, "force", false, "compute everything again")
	return cmd
}

func showBackfill(w io.Writer, out backfilled) {
	if !out.Needed {
		fmt.Fprintln(w, "every declared metric is complete; nothing was computed")
		return
	}
	t := newTable("metric", "was complete", ">users with data")
	for _, m := range out.Metrics {
		users := ""
		if m.Users != nil {
			users = number(*m.Users)
		}
		t.row(m.Name, yes(m.Complete), users)
	}
	t.write(w)
	changed := "profiles changed"
	if !out.Stored {
		changed = "profiles would change; publish the file to compute its metrics"
	}
	if out.Resumed {
		changed += " (the earlier part included; users with data are counted when everything is read at once)"
	}
	fmt.Fprintf(w, "%d events, %d users, %d %s\n", out.Events, out.Users, out.Touched, changed)
}
