package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/zone"
)

func (c *cli) replayCommand() *cobra.Command {
	var file, from, to string
	var asCSV bool
	cmd := &cobra.Command{
		Use: "replay", Short: "Run history again under another strategy, beside the published one", Args: cobra.NoArgs,
		Long: `Runs the kept events of some days again, under the published strategy and under a file: each user starts in the state that was
settled before the first day, and is decided about whenever an event of theirs arrived and whenever time alone could change something.
Nothing is stored. The report says which decisions and messages would have differed; it says nothing about what users would have done
then. docs/replay.md explains it.

With --csv the messages are printed by day and rule.`,
		Example: "  weir replay --strategy new.yaml --from 2026-01-01 --to 2026-03-31\n  weir replay --strategy new.yaml --from 2026-01-01 --to 2026-03-31 --csv > days.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.json && asCSV {
				return &usageError{errors.New("choose --json or --csv")}
			}
			text, err := readFile(file)
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				h, err := c.replay(cmd.Context(), b, text, from, to)
				if err != nil {
					return err
				}
				if asCSV {
					return writeReplay(c.out, h)
				}
				out := httpapi.ReplayOf(h)
				return c.print(out, func(w io.Writer) { showReplay(w, out) })
			})
		},
	}
	cmd.Flags().StringVar(&file, "strategy", "", "the strategy file that is tried")
	cmd.Flags().StringVar(&from, "from", "", "first day, such as 2026-01-01, in the project's zone")
	cmd.Flags().StringVar(&to, "to", "", "last day")
	cmd.Flags().BoolVar(&asCSV, "csv", false, "print the messages by day and rule as CSV")
	need(cmd, "strategy", "from", "to")
	return cmd
}

func (c *cli) replay(ctx context.Context, b *base, text []byte, from, to string) (*app.History, error) {
	req := app.HistoryRequest{Text: text}
	for _, d := range []struct {
		flag, text string
		into       *zone.Day
	}{{"from", from, &req.From}, {"to", to, &req.To}} {
		day, err := zone.ParseDay(d.text)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--%s %q is no day such as 2026-01-31", d.flag, d.text)}
		}
		*d.into = day
	}
	bars := newProgress(c.err)
	defer bars.close()
	req.Progress = bars.phase("replay")
	h, err := b.app.ReplayHistory(ctx, req)
	if err == nil {
		bars.finish()
	}
	return h, err
}

func writeReplay(w io.Writer, h *app.History) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"day", "rule", "published", "tried"})
	for _, d := range h.Days {
		_ = out.Write([]string{d.Day.String(), d.Rule, number(d.Published), number(d.Tried)})
	}
	out.Flush()
	return out.Error()
}

func showReplay(w io.Writer, r gen.Replay) {
	fmt.Fprintf(w, "%s to %s, %d users: the published strategy %s beside %s\n\n", r.From, r.To, r.Users, r.PublishedVersion, r.TriedVersion)
	t := newTable("message of rule", ">published", ">tried", ">same day", ">only published", ">only tried")
	for _, m := range r.Messages {
		t.row(m.Rule, number(m.Published), number(m.Tried), number(m.Same), number(m.OnlyPublished), number(m.OnlyTried))
	}
	t.write(w)
	fmt.Fprintln(w)
	t = newTable("decision", "from", "to", ">published", ">tried", ">same day")
	for _, m := range r.Moves {
		t.row(m.What, m.From, m.To, number(m.Published), number(m.Tried), number(m.Same))
	}
	t.write(w)
	fmt.Fprintln(w)
	t = newTable("stage at the end", ">published", ">tried")
	for _, s := range r.Stages {
		t.row(s.Name, number(s.Published), number(s.Tried))
	}
	t.write(w)
	if len(r.Samples) > 0 {
		fmt.Fprintln(w)
		t = newTable("rule", "only", "user", "day", "because")
		for _, s := range r.Samples {
			only := "published"
			if s.Tried {
				only = "tried"
			}
			why := ""
			for i, reason := range s.Reasons {
				if i > 0 {
					why += "; "
				}
				why += reason.En
			}
			t.row(s.Rule, only, s.User, s.Day, why)
		}
		t.write(w)
	}
	fmt.Fprintln(w)
	for i, n := range r.Notes {
		fmt.Fprintln(w, strconv.Itoa(i+1)+". "+n.Text.En)
	}
}
