package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/cost"
)

// hourly is how many files a month has when one comes every hour.
const hourly = 720

func (c *cli) costCommand() *cobra.Command {
	t, a := cost.Traffic{Months: 12}, cost.Defaults()
	cmd := &cobra.Command{
		Use: "cost", Short: "What a month on AWS costs, line by line", Args: cobra.NoArgs,
		Long: fmt.Sprintf(`Models the monthly bill of a base on AWS from its traffic, and what the same deployment costs without any. Prices are those of
%s in %s, without free tiers. It is a model: its assumptions are flags, and are printed with the result. No base is read.`, cost.Region, cost.Date),
		Example: `  weir cost
  weir cost --events 4000000 --active 100000 --base 300000 --messages 50000
  weir cost --events 1000000 --active 25000 --base 100000 --files 30 --json`,
		RunE: func(*cobra.Command, []string) error {
			if t.Base == 0 {
				t.Base = t.Active
			}
			if t.Files == 0 && t.Events > 0 {
				t.Files = hourly
			}
			b, err := cost.Monthly(t, a)
			if err != nil {
				return err
			}
			return c.print(b, func(w io.Writer) { printBill(w, b) })
		},
	}
	f := cmd.Flags()
	f.Int64Var(&t.Events, "events", 0, "events a month")
	f.Int64Var(&t.Active, "active", 0, "users with an event in the month")
	f.Int64Var(&t.Base, "base", 0, "users in the base (default: the active ones)")
	f.Int64Var(&t.Messages, "messages", 0, "messages a month")
	f.Int64Var(&t.Files, "files", t.Files, "event files a month (default: with events, 720, one an hour)")
	f.Int64Var(&t.Calls, "calls", 0, "calls of the API a month, by people in the console or by programs")
	f.Int64Var(&t.Months, "months", t.Months, "months of events that are kept")
	f.Float64Var(&a.ItemKB, "item-kb", a.ItemKB, "kB of a profile in the table")
	f.Float64Var(&a.Decisions, "decisions", a.Decisions, "decisions that change something, of an active user in a month")
	f.Float64Var(&a.EventsPerSec, "events-per-sec", a.EventsPerSec, "events that one import folds in a second")
	f.Float64Var(&a.UsersPerSec, "users-per-sec", a.UsersPerSec, "users that a sweep evaluates in a second")
	return cmd
}

func printBill(w io.Writer, b *cost.Bill) {
	lines := newTable("", "quantity", "unit", "USD")
	for _, l := range b.Lines {
		lines.row(l.Name, short(l.Quantity), l.Unit, fixed(l.USD, 2))
	}
	lines.row("a month", "", "", fixed(b.USD, 2))
	lines.write(w)
	fmt.Fprintf(w, "\nwithout traffic: %s USD a month", fixed(b.Idle, 2))
	if b.PerMillion > 0 {
		fmt.Fprintf(w, "; a million events of this kind: %s USD", fixed(b.PerMillion, 2))
	}
	a := b.Assumptions
	fmt.Fprintf(w, "\n\nPrices of %s, %s. Assumed: profiles of %g kB, %g decisions of an active user, events of %g bytes as they arrive and %g as kept,\n"+
		"%g events and %g users a second, %g objects a file.\n", b.Region, b.Date, a.ItemKB, a.Decisions, a.EventBytes, a.KeptBytes, a.EventsPerSec,
		a.UsersPerSec, a.ObjectsPerRun)
	for _, n := range b.Notes {
		fmt.Fprintf(w, "- %s\n", n)
	}
}
