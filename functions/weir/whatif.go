package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
)

// The outcome of weir whatif, as the API has it.
type (
	whatIf      = app.WhatIfReport
	whatIfGroup = app.WhatIfGroup
	whatIfSize  = app.WhatIfSize
)

func (c *cli) whatIfCommand() *cobra.Command {
	var file, folder, planFile string
	var asOf instant
	cmd := &cobra.Command{
		Use: "whatif --strategy FILE", Short: "What the base would be under another strategy", Args: cobra.NoArgs,
		Long: `Evaluates a strategy that is not published over the whole base, beside the published one: the sizes of stages, RFM names, tiers,
tags and segments with what their users spent in the last 365 days and, where models are published, what they are expected to
be worth in the next 52 weeks; who moves from where to where; and whom the outreach rules would reach. Nothing is stored or sent.

A change of what is counted (zone, currency, purchase, refund, metrics, event tags, events) needs the events again and cannot be
seen before it is published; a condition that reads such a thing is refused with its place.

With --snapshot it is computed from a snapshot (weir snapshot) alone, as the base was when that was made.`,
		Example: "  weir whatif --strategy new.yaml\n  weir whatif --strategy new.yaml --json\n  weir whatif --snapshot ./snapshot --strategy new.yaml --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return &usageError{err: errors.New("name the strategy to try with --strategy FILE")}
			}
			text, err := readFile(file)
			if err != nil {
				return err
			}
			if planFile != "" && folder == "" {
				return &usageError{err: errors.New("--plan goes with --snapshot DIR")}
			}
			if folder != "" {
				if asOf.at != nil {
					return &usageError{err: errors.New("--as-of is for the base: a snapshot is of one moment")}
				}
				if planFile != "" {
					plan, err := app.SnapshotPlan(snapshotReader(folder), text)
					if err != nil {
						return err
					}
					return os.WriteFile(planFile, plan.Encode(), 0o644)
				}
				return c.whatIfSnapshot(folder, text)
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				w, err := b.app.WhatIf(cmd.Context(), app.WhatIfRequest{Text: text, AsOf: asOf.millis()})
				if err != nil {
					return err
				}
				out := app.NewWhatIfReport(w)
				return c.print(out, func(to io.Writer) { showWhatIf(to, out) })
			})
		},
	}
	cmd.Flags().StringVar(&file, "strategy", "", "the strategy file that is tried")
	cmd.Flags().StringVar(&folder, "snapshot", "", "folder of a snapshot to compute from, in place of the base")
	cmd.Flags().StringVar(&planFile, "plan", "", "with --snapshot: write the plan for the module of browsers (docs/wasm-abi.md) to this file and evaluate nothing")
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	return cmd
}

// whatIfSnapshot computes from a snapshot; no base is opened.
func (c *cli) whatIfSnapshot(folder string, text []byte) error {
	w, m, err := app.WhatIfSnapshot(snapshotReader(folder), text)
	if err != nil {
		return err
	}
	out := app.NewWhatIfReport(w).From(m, time.Now().UnixMilli())
	return c.print(out, func(to io.Writer) { showWhatIf(to, out) })
}

func showWhatIf(w io.Writer, r *whatIf) {
	if s := r.Snapshot; s != nil {
		fmt.Fprintf(w, "From the snapshot of %s, %s old\n", s.MadeAt, (time.Duration(s.AgeSeconds) * time.Second).String())
		if s.Rate < 1 {
			fmt.Fprintf(w, "A sample of %s users: each stands for %.2f, and every number below is of the sample\n", number(s.BaseUsers), s.Weight)
		}
	}
	fmt.Fprintf(w, "%d users as of %s: the published strategy %s and the one that is tried, %s; cuts %s; money in %s\n", r.Users, r.AsOf, r.Published, r.Tried, r.Cuts, r.Currency)
	for _, c := range r.Changes {
		fmt.Fprintf(w, "  %s: %s → %s\n", c.Path, orNone(c.From), orNone(c.To))
	}
	t := newTable("what", "name", ">users", ">after", ">change", ">revenue", ">after", ">value", ">after")
	size := func(what string, s whatIfSize) {
		if s.Before.Users == 0 && s.After.Users == 0 {
			return
		}
		t.row(what, orNone(s.Name), number(s.Before.Users), number(s.After.Users), signed(s.After.Users-s.Before.Users),
			money(s.Before.Revenue, r.Currency), money(s.After.Revenue, r.Currency), money(s.Before.Value, r.Currency), money(s.After.Value, r.Currency))
	}
	for _, g := range []struct {
		what string
		of   *whatIfGroup
	}{{"stage", &r.Stages}, {"rfm", &r.RFM}, {"rfm_cn", &r.RFMCN}, {"tier", &r.Tiers}} {
		for _, s := range g.of.Sizes {
			size(g.what, s)
		}
	}
	if r.Engagement != nil {
		for _, s := range r.Engagement.Sizes {
			size("engagement", s)
		}
	}
	for _, m := range r.Tags {
		size("tag", m.WhatIfSize)
	}
	for _, m := range r.Segments {
		size("segment", m.WhatIfSize)
	}
	if r.Churn != nil {
		size("churn", r.Churn.WhatIfSize)
	}
	t.write(w)
	showIntervals(w, r)
	showMoves(w, r)
	if len(r.Rules) == 0 {
		return
	}
	fmt.Fprintln(w, "\nOutreach: who is in a rule's stage or segment with no episode open; entering are those who were not in it before")
	rules := newTable("rule", ">entering", ">in it")
	for _, e := range r.Rules {
		rules.row(e.Name, number(e.Enter.Users), number(e.Existing.Users))
	}
	rules.write(w)
}

// showIntervals lists what a sample says of the stages of the whole base.
func showIntervals(w io.Writer, r *whatIf) {
	t := newTable("stage of the whole base", ">users", ">from", ">to", ">revenue", ">from", ">to")
	for _, s := range r.Stages.Sizes {
		if s.Interval != nil && s.After.Users > 0 {
			u, v := s.Interval.After.Users, s.Interval.After.Revenue
			t.row(orNone(s.Name), number(u[0]), number(u[1]), number(u[2]), money(v[0], r.Currency), money(v[1], r.Currency), money(v[2], r.Currency))
		}
	}
	if len(t.rows) > 0 {
		fmt.Fprintln(w, "\nAfterwards, by the sample, with intervals at 95 %: Wilson's of users, normal ones of revenue, both with the finite population correction")
		t.write(w)
	}
}

// showMoves lists who moves, without those who stay.
func showMoves(w io.Writer, r *whatIf) {
	t := newTable("moves", "from", "to", ">users", ">revenue", ">value")
	for _, g := range []struct {
		what string
		of   *whatIfGroup
	}{{"stage", &r.Stages}, {"rfm", &r.RFM}, {"tier", &r.Tiers}} {
		for _, m := range g.of.Moves {
			if m.From != m.To {
				t.row(g.what, orNone(m.From), orNone(m.To), number(m.Users), money(m.Revenue, r.Currency), money(m.Value, r.Currency))
			}
		}
	}
	fmt.Fprintln(w)
	if len(t.rows) == 0 {
		fmt.Fprintln(w, "Nobody moves between stages, RFM names or tiers.")
		return
	}
	t.write(w)
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

func signed(n int64) string {
	if n > 0 {
		return "+" + number(n)
	}
	return number(n)
}
