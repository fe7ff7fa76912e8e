package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) usersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "users", Short: "Users, their portraits, and the reasons of their scores",
		Example: "  weir users list --where 'stage == \"silent\"' --sort spend --desc\n  weir users show 0042\n  weir users explain 0042",
	}
	cmd.AddCommand(c.usersList(), c.usersShow(), c.usersExplain(), c.usersEvents(), c.usersMessages(), c.usersDecisions(),
		c.usersContact(), c.usersFind(), c.usersExport(), c.usersForget(), c.usersReceipts())
	return cmd
}

func (c *cli) usersList() *cobra.Command {
	var p page
	var search, where, stage, tier, rfm, segment, sort string
	var desc bool
	var asOf instant
	cmd := &cobra.Command{
		Use: "list", Short: "Find users", Args: cobra.NoArgs,
		Example: `  weir users list --where 'stage == "silent" && orders >= 3' --sort spend --desc
  weir users list --search 004 --limit 10 --json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			params := gen.ListUsersParams{
				Search: optional(search), Where: optional(where), Stage: optional(stage), Tier: optional(tier), Rfm: optional(rfm),
				Segment: optional(segment), Sort: optional(gen.UserSort(sort)), AsOf: asOf.at, Limit: &p.limit, After: optional(p.after),
			}
			if desc {
				order := gen.Desc
				params.Order = &order
			}
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ListUsers(cmd.Context(), gen.ListUsersRequestObject{Params: params})
				if err != nil {
					return err
				}
				out := res.(gen.ListUsers200JSONResponse)
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) { userTable(w, out.Users) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&search, "search", "", "part of the id")
	f.StringVar(&where, "where", "", "a condition that must hold")
	f.StringVar(&stage, "stage", "", "settled stage")
	f.StringVar(&tier, "tier", "", "value tier")
	f.StringVar(&rfm, "rfm", "", "RFM name")
	f.StringVar(&segment, "segment", "", "segment")
	f.StringVar(&sort, "sort", "", "user_id, first_seen, last_seen, orders, spend or recency")
	f.BoolVar(&desc, "desc", false, "largest first")
	f.Var(&asOf, "as-of", "moment of the view")
	p.flags(f)
	return cmd
}

func userTable(w io.Writer, users []gen.UserRow) {
	t := newTable("user", "stage", "rfm", "tier", ">orders", ">spend", "currency", "last seen", "tags")
	for _, u := range users {
		t.row(u.UserId, u.Stage, u.RfmName, u.Tier, number(u.Orders), money(u.SpendMinor, u.Currency), u.Currency, when(u.LastSeen), strings.Join(u.Tags, ","))
	}
	t.write(w)
}

func (c *cli) usersShow() *cobra.Command {
	var asOf instant
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show the portrait of a user", Args: cobra.ExactArgs(1), Example: "  weir users show 0042 --as-of 1997-06-30T00:00:00Z",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.GetUser(cmd.Context(), gen.GetUserRequestObject{Id: args[0], Params: gen.GetUserParams{AsOf: asOf.at}})
				if err != nil {
					return err
				}
				u := gen.User(res.(gen.GetUser200JSONResponse))
				return c.print(u, func(w io.Writer) { showUser(w, u) })
			})
		},
	}
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	return cmd
}

func showUser(w io.Writer, u gen.User) {
	s := u.Scores
	t := newTable("field", "value")
	t.row("user", u.UserId)
	if len(u.Ids) > 1 {
		t.row("also known as", strings.Join(u.Ids[1:], ", "))
	}
	t.row("as of", when(u.AsOf))
	t.row("stage", stageText(u))
	t.row("rfm", fmt.Sprintf("%s %s (%d %d %d)", s.RfmName, s.RfmCn, s.R, s.F, s.M))
	t.row("tier", s.Tier)
	t.row("orders", number(s.Orders))
	t.row("spend", money(s.SpendMinor, s.Currency)+" "+s.Currency)
	modelRows(t, u)
	t.row("first seen", when(s.FirstSeen))
	t.row("last seen", when(s.LastSeen))
	t.row("events", number(u.Events))
	t.row("tags", strings.Join(s.Tags, ", "))
	t.row("segments", strings.Join(s.Segments, ", "))
	for _, m := range u.Metrics {
		for _, win := range m.Windows {
			if win.Value != nil {
				t.row(fmt.Sprintf("metrics.%s[%d]", m.Name, win.Days), fmt.Sprint(*win.Value))
			}
		}
	}
	for _, trait := range u.Traits {
		t.row("traits."+trait.Name, string(trait.Value))
	}
	t.write(w)
}

// modelRows adds what the published models tell.
func modelRows(t *table, u gen.User) {
	s := u.Scores
	if s.PAlive != nil {
		t.row("alive", percent(*s.PAlive))
	}
	if s.ExpectedPurchases != nil {
		t.row("expected purchases", fixed(*s.ExpectedPurchases, 2)+" in 52 weeks")
	}
	if v := u.Value; v != nil {
		t.row("lifetime value", fmt.Sprintf("%s %s (%s to %s) in %s weeks, %s a purchase", money(v.ClvMinor, s.Currency), s.Currency,
			money(v.LowMinor, s.Currency), money(v.HighMinor, s.Currency), short(v.HorizonWeeks), money(v.PerPurchaseMinor, s.Currency)))
	}
	if c := u.Churn; c != nil {
		text := percent(c.Probability) + " within " + number(c.HorizonDays) + " days"
		if c.Warning {
			text += fmt.Sprintf("; a warning is due, %d days before the rule of silence", c.LeadDays)
		}
		t.row("churn", text)
		for _, r := range c.Reasons {
			t.row("", r.Text.En)
		}
	}
}

func stageText(u gen.User) string {
	s := u.Scores.Stage
	if u.Scores.StageSince != nil {
		s += " since " + *u.Scores.StageSince
	}
	if u.Scores.StageCandidate != u.Scores.Stage {
		s += " (the facts alone ask for " + u.Scores.StageCandidate + ")"
	}
	return s
}

func (c *cli) usersExplain() *cobra.Command {
	var asOf instant
	var replay bool
	cmd := &cobra.Command{
		Use: "explain ID", Short: "Show every score of a user with its reasons", Args: cobra.ExactArgs(1),
		Long:    "Show every score of a user with its reasons.\n\nWith --replay every score, and every message the user was meant to get, is computed again from its stored inputs\nalone; exit code 1 when one differs.",
		Example: "  weir users explain 0042 --json\n  weir users explain 0042 --replay",
		RunE: func(cmd *cobra.Command, args []string) error {
			if replay {
				return c.with(cmd.Context(), reading, func(b *base) error { return c.replayUser(cmd.Context(), b, args[0], asOf.millis()) })
			}
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ExplainUser(cmd.Context(), gen.ExplainUserRequestObject{Id: args[0], Params: gen.ExplainUserParams{AsOf: asOf.at}})
				if err != nil {
					return err
				}
				x := gen.Explanation(res.(gen.ExplainUser200JSONResponse))
				return c.print(x, func(w io.Writer) { explain(w, x) })
			})
		},
	}
	cmd.Flags().Var(&asOf, "as-of", "moment of the view")
	cmd.Flags().BoolVar(&replay, "replay", false, "compute each score again from its stored inputs")
	return cmd
}

// replayUser computes a user's scores again from their reasons and fails when one differs.
func (c *cli) replayUser(ctx context.Context, b *base, id string, asOf int64) error {
	report, err := b.app.Replay(ctx, id, asOf)
	if err != nil {
		return err
	}
	err = c.print(report, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d scores and %d reasons of messages computed again, %d differ\n", report.User, report.Scores, report.Messages, len(report.Differ))
		for _, d := range report.Differ {
			fmt.Fprintf(w, "  %s of %s: stored %s, computed %s\n", d.Score, d.Of, d.Stored, d.Computed)
		}
	})
	if err == nil && len(report.Differ) > 0 {
		err = fault.New(fault.Internal, "%d of the user's scores do not follow from their stored inputs", len(report.Differ)).
			WithHint("tell the maintainers: weir users explain %s --json shows the inputs", id)
	}
	return err
}

func explain(w io.Writer, x gen.Explanation) {
	fmt.Fprintf(w, "%s as of %s, strategy %s, cuts %s\n", x.UserId, when(x.AsOf), x.StrategyVersion, str(x.CutsVersion))
	for _, r := range x.Reasons {
		fmt.Fprintf(w, "\n%s = %s\n  %s\n", r.Score, r.Value, r.Text.En)
		for _, in := range r.Inputs {
			fmt.Fprintf(w, "  %s = %s\n", in.Name, in.Value)
		}
		if r.Rule != nil {
			explainRule(w, *r.Rule, 1)
		}
	}
}

func explainRule(w io.Writer, r gen.RuleReason, depth int) {
	got := ""
	if r.Got != nil {
		got = "   (" + *r.Got + ")"
	}
	fmt.Fprintf(w, "%s%s: %s%s\n", strings.Repeat("  ", depth), r.Text, r.Value, got)
	if r.Children != nil {
		for _, child := range *r.Children {
			explainRule(w, child, depth+1)
		}
	}
}

func (c *cli) usersEvents() *cobra.Command {
	var p page
	var asOf instant
	cmd := &cobra.Command{
		Use: "events ID", Short: "Show the timeline of a user, newest first", Args: cobra.ExactArgs(1), Example: "  weir users events 0042 --limit 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ListUserEvents(cmd.Context(), gen.ListUserEventsRequestObject{
					Id: args[0], Params: gen.ListUserEventsParams{AsOf: asOf.at, Limit: &p.limit, After: optional(p.after)},
				})
				if err != nil {
					return err
				}
				out := res.(gen.ListUserEvents200JSONResponse)
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) {
					t := newTable("time", "type", "name", "id", "properties")
					for _, e := range out.Events {
						t.row(when(e.Time), string(e.Type), str(e.Name), e.Id, shorten(rawText(e.Properties, e.Traits)))
					}
					t.write(w)
				})
			})
		},
	}
	cmd.Flags().Var(&asOf, "as-of", "moment of the view: later events are left out")
	p.flags(cmd.Flags())
	return cmd
}

func rawText(objects ...*json.RawMessage) string {
	for _, o := range objects {
		if o != nil {
			return string(*o)
		}
	}
	return ""
}

func (c *cli) usersMessages() *cobra.Command {
	var p page
	cmd := &cobra.Command{
		Use: "messages ID", Short: "Show the messages meant for a user, sent or not, and why", Args: cobra.ExactArgs(1), Example: "  weir users messages 0042",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ListUserMessages(cmd.Context(), gen.ListUserMessagesRequestObject{
					Id: args[0], Params: gen.ListUserMessagesParams{Limit: &p.limit, After: optional(p.after)},
				})
				if err != nil {
					return err
				}
				out := res.(gen.ListUserMessages200JSONResponse)
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) { messageTable(w, out.Messages) })
			})
		},
	}
	p.flags(cmd.Flags())
	return cmd
}

func (c *cli) usersDecisions() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "decisions ID", Short: "Show the decisions about a user, newest first", Args: cobra.ExactArgs(1), Example: "  weir users decisions 0042",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error { return c.decisions(cmd.Context(), api, args[0], limit) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most (1 to 1000)")
	return cmd
}

func (c *cli) decisions(ctx context.Context, api asked, id string, limit int) error {
	res, err := api.ListUserDecisions(ctx, gen.ListUserDecisionsRequestObject{Id: id, Params: gen.ListUserDecisionsParams{Limit: &limit}})
	if err != nil {
		return err
	}
	out := res.(gen.ListUserDecisions200JSONResponse)
	return c.print(out, func(w io.Writer) {
		t := newTable(">seq", "as of", "baseline", "what", "from", "to", "messages")
		for _, d := range out.Decisions {
			messages := strings.Join(d.Messages, ",")
			if len(d.Transitions) == 0 {
				t.row(number(d.Seq), when(d.AsOf), fmt.Sprint(d.Baseline), "", "", "", messages)
			}
			for _, tr := range d.Transitions {
				t.row(number(d.Seq), when(d.AsOf), fmt.Sprint(d.Baseline), tr.What, tr.From, tr.To, messages)
			}
		}
		t.write(w)
	})
}

func (c *cli) identityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "identity", Short: "Which ids are one user",
		Example: "  weir identity links 0042\n  weir identity revoke anon:7f3 0042",
	}
	links := &cobra.Command{
		Use: "links ID", Short: "List the facts that join ids into a user", Args: cobra.ExactArgs(1), Example: "  weir identity links 0042",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListUserLinks(cmd.Context(), gen.ListUserLinksRequestObject{Id: args[0]})
				if err != nil {
					return err
				}
				out := gen.LinkList(res.(gen.ListUserLinks200JSONResponse))
				return c.print(out, func(w io.Writer) { linkTable(w, out) })
			})
		},
	}
	revoke := &cobra.Command{
		Use: "revoke A B", Short: "Undo a wrong merge: revoke the link between two ids and fold the users again", Args: cobra.ExactArgs(2),
		Example: "  weir identity revoke anon:7f3 0042",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				res, err := b.api.RevokeLink(cmd.Context(), gen.RevokeLinkRequestObject{Body: &gen.LinkRequest{A: args[0], B: args[1]}})
				if err != nil {
					return err
				}
				out := gen.LinkList(res.(gen.RevokeLink200JSONResponse))
				return c.print(out, func(w io.Writer) { linkTable(w, out) })
			})
		},
	}
	cmd.AddCommand(links, revoke)
	return cmd
}

func linkTable(w io.Writer, links gen.LinkList) {
	t := newTable("a", "b", "kind", "time", "source", "revoked")
	for _, l := range links.Links {
		kind, revoked := "identify", ""
		if l.Alias {
			kind = "alias"
		}
		if l.RevokedAt != nil {
			revoked = when(*l.RevokedAt)
		}
		t.row(l.A, l.B, kind, when(l.Time), l.Source, revoked)
	}
	t.write(w)
}
