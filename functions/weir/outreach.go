package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) outboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "outbox", Short: "Messages that decisions asked for", Example: "  weir outbox list --status suppressed"}
	var p page
	var status, rule, user string
	list := &cobra.Command{
		Use: "list", Short: "List messages, newest first, sent or not, and why", Args: cobra.NoArgs, Example: "  weir outbox list --status suppressed --rule winback",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListOutbox(cmd.Context(), gen.ListOutboxRequestObject{Params: gen.ListOutboxParams{
					Status: optional(gen.MessageStatus(status)), Rule: optional(rule), User: optional(user), Limit: &p.limit, After: optional(p.after),
				}})
				if err != nil {
					return err
				}
				out := gen.MessagePage(res.(gen.ListOutbox200JSONResponse))
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) { messageTable(w, out.Messages) })
			})
		},
	}
	list.Flags().StringVar(&status, "status", "", "pending, claimed, sent, suppressed, withheld, expired or unknown")
	list.Flags().StringVar(&rule, "rule", "", "rule")
	list.Flags().StringVar(&user, "user", "", "user id")
	p.flags(list.Flags())
	cmd.AddCommand(list)
	return cmd
}

func messageTable(w io.Writer, messages []gen.Message) {
	t := newTable("as of", "user", "rule", "status", "held until", "why", "subject", "id")
	for _, m := range messages {
		held := ""
		if m.HeldUntil != nil {
			held = when(*m.HeldUntil)
		}
		t.row(when(m.AsOf), m.UserId, m.Rule, string(m.Status), held, str(m.Why), shorten(str(m.Subject)), m.Id)
	}
	t.write(w)
}

func (c *cli) outreachCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "outreach", Short: "The kill switch, the daily ceiling, and what was sent today",
		Example: "  weir outreach status\n  weir outreach stop --note 'wrong template'\n  weir outreach resume",
	}
	var note string
	status := &cobra.Command{
		Use: "status", Short: "Show the kill switch, the ceiling and the counts", Args: cobra.NoArgs, Example: "  weir outreach status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.GetOutreach(cmd.Context(), gen.GetOutreachRequestObject{})
				if err != nil {
					return err
				}
				return c.printOutreach(gen.Outreach(res.(gen.GetOutreach200JSONResponse)))
			})
		},
	}
	stop := &cobra.Command{
		Use: "stop", Short: "Stop all outreach before the next message", Args: cobra.NoArgs, Example: "  weir outreach stop --note 'wrong template'",
		Long: "Stops all outreach before the next message; what is pending waits. It works beside a running `weir run` too.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.flip(cmd.Context(), "stop", note) },
	}
	stop.Flags().StringVar(&note, "note", "", "why")
	resume := &cobra.Command{
		Use: "resume", Short: "Let outreach go on", Args: cobra.NoArgs, Example: "  weir outreach resume",
		Long: "Lets outreach go on. It works beside a running `weir run` too.",
		RunE: func(cmd *cobra.Command, _ []string) error { return c.flip(cmd.Context(), "resume", "") },
	}
	for _, sub := range []*cobra.Command{stop, resume} {
		sub.Flags().StringVar(&c.token, "token", "", "token of a running `weir run` that asks for one (WEIR_TOKEN)")
	}
	cmd.AddCommand(status, stop, resume)
	return cmd
}

func (c *cli) printOutreach(o gen.Outreach) error {
	return c.print(o, func(w io.Writer) {
		state := "on"
		if o.Stopped {
			state = "stopped"
		}
		if o.ChangedAt != nil {
			state += " since " + when(*o.ChangedAt)
		}
		if o.Note != nil {
			state += " (" + *o.Note + ")"
		}
		fmt.Fprintf(w, "outreach is %s; %d of %d messages on %s\n", state, o.SentToday, o.DailyCeiling, o.Day)
		t := newTable("status", ">messages")
		for _, n := range o.Counts {
			t.row(string(n.Status), number(n.Count))
		}
		t.write(w)
	})
}

func (c *cli) deliverCommand() *cobra.Command {
	return &cobra.Command{
		Use: "deliver", Short: "Send the pending messages", Args: cobra.NoArgs, Example: "  weir deliver",
		Long: "Sends what is pending, each message at most once, up to the daily ceiling. Messages go to the folder outbox/ of the base.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				r, err := b.app.Deliver(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(r, func(w io.Writer) {
					fmt.Fprintf(w, "%d sent, %d suppressed, %d unknown, %d withheld, %d expired, %d waiting\n",
						r.Sent, r.Suppressed, r.Unknown, r.Withheld, r.Expired, r.Waiting)
					if r.Held {
						fmt.Fprintln(w, "the rest is held by the kill switch or the daily ceiling; see: weir outreach status")
					}
				})
			})
		},
	}
}

func (c *cli) sweepCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sweep", Short: "Evaluate who is due now: time moves users without events", Args: cobra.NoArgs,
		Long: `Evaluates the users of whom it is known that time may have moved them by now. Where that is not known, everyone is evaluated, and
everyone says why: bounds (the first sweep, or one after a backfill, a rebuild or a change of the clock), versions (another strategy, other
cuts or other models are in force), snapshot (the stored snapshot, which lists who is due, is older than 36 hours or not made yet).`,
		Example: "  weir sweep && weir deliver",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				r, err := b.app.Sweep(cmd.Context(), bars.phase("sweep"))
				if err != nil {
					return err
				}
				if _, err := b.app.Expire(cmd.Context()); err != nil {
					return err
				}
				bars.finish()
				bars.close()
				return c.print(swept{Users: r.Users, Changed: r.Changed, Messages: r.Intents, AsOf: whenMillis(r.AsOf), Everyone: r.Everyone}, func(w io.Writer) {
					fmt.Fprintf(w, "%d users, %d changed, %d messages asked for\n", r.Users, r.Changed, r.Intents)
				})
			})
		},
	}
}

// swept is the outcome of weir sweep.
type swept struct {
	Users    int64  `json:"users"`
	Changed  int64  `json:"changed"`
	Messages int64  `json:"messages"`
	AsOf     string `json:"as_of"`
	Everyone string `json:"everyone,omitempty"`
}

func (c *cli) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the size of the base, its moment and its versions", Args: cobra.NoArgs, Example: "  weir status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.GetStatus(cmd.Context(), gen.GetStatusRequestObject{})
				if err != nil {
					return err
				}
				s := gen.Status(res.(gen.GetStatus200JSONResponse))
				return c.print(s, func(w io.Writer) {
					t := newTable("field", "value")
					t.row("version", s.Version)
					t.row("users", number(s.Users))
					t.row("as of", when(s.AsOf))
					t.row("clock", map[bool]string{true: "held at that moment", false: "running"}[s.Pinned])
					t.row("zone", s.Zone)
					t.row("currency", s.Currency)
					t.row("strategy", s.StrategyVersion)
					t.row("cuts", str(s.CutsVersion))
					t.write(w)
				})
			})
		},
	}
}

// release is set by the linker for released programs.
var release string

// version is the program's version: the release, else the revision it was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version of weir", Args: cobra.NoArgs, Example: "  weir version --json",
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version(), "go": strings.TrimPrefix(runtime.Version(), "go"), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return c.print(v, func(w io.Writer) { fmt.Fprintf(w, "weir %s (Go %s, %s)\n", v["version"], v["go"], v["platform"]) })
		},
	}
}

func whenMillis(ms int64) string { return when(time.UnixMilli(ms)) }
