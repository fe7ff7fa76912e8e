package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// byFlag is the flag that says who acts. On one machine that is what they say.
func byFlag(f *pflag.FlagSet, by *string) {
	f.StringVar(by, "by", httpapi.LocalCaller, "who you are, for the record; a running host knows nobody by name")
}

func numberArg(arg string) (int64, error) {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || n < 1 {
		return 0, &usageError{err: fmt.Errorf("%q is no number of a proposal; see: weir strategy proposals", arg)}
	}
	return n, nil
}

const proposalsPath = "/v1/strategy/proposals"

// act does something to the base: over the data folder, or through the `weir run` that holds it, as whom a name cannot be told.
func (c *cli) act(ctx context.Context, by string, here func(b *base) error, there func() error) error {
	if c.url != "" {
		if by != httpapi.LocalCaller {
			return &usageError{err: errors.New("who acts is known by the token: leave --by out")}
		}
		return there()
	}
	b, err := c.open(ctx, writing)
	if fault.Is(err, fault.Conflict) {
		if by != httpapi.LocalCaller {
			return fault.New(fault.Conflict, "a host runs on %s and knows nobody by name", c.data).WithHint("stop weir run first, or leave --by out").Because(err)
		}
		return there()
	}
	if err != nil {
		return err
	}
	err = here(b)
	return errors.Join(err, b.store.Close())
}

// proposalFor is a proposal as somebody sees it; elsewhere the token says who.
func proposalFor(ctx context.Context, api asked, number int64, by string) (d gen.ProposalDetail, err error) {
	ctx = httpapi.WithCaller(ctx, httpapi.Caller{Name: by, Role: httpapi.Admin})
	res, err := api.GetProposal(ctx, gen.GetProposalRequestObject{Number: number})
	if err != nil {
		return d, err
	}
	return gen.ProposalDetail(res.(gen.GetProposal200JSONResponse)), nil
}

func (c *cli) strategyPropose() *cobra.Command {
	var req app.ProposeRequest
	cmd := &cobra.Command{
		Use: "propose [FILE]", Short: "Propose a strategy for review", Args: cobra.MaximumNArgs(1),
		Long: `Stores a strategy as a proposal and looks whom it would move. Another person approves it (weir strategy approve), and it comes into
force as it was reviewed (weir strategy publish --proposal N). With --rollback an earlier publication is proposed, which may be
published at once.

It holds for the version in force: when another one is published meanwhile, propose again in its place with --replaces.`,
		Example: "  weir strategy propose strategy.yaml --title 'silent after 45 days' --by ann\n  weir strategy propose --rollback 3",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if (len(args) == 0) == (req.Rollback == "") {
				return &usageError{err: errors.New("name a FILE or a version with --rollback")}
			}
			if len(args) == 1 {
				if req.Text, err = readFile(args[0]); err != nil {
					return err
				}
			}
			return c.act(cmd.Context(), req.By, func(b *base) error { return c.proposeHere(cmd.Context(), b, req) },
				func() error { return c.proposeThere(cmd.Context(), req) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&req.Title, "title", "", "what it is about, in a line")
	f.StringVar(&req.Note, "note", "", "why")
	f.StringVar(&req.From, "from", "", "refuse unless this version is in force")
	f.StringVar(&req.Rollback, "rollback", "", "version or number of an earlier publication to propose")
	f.Int64Var(&req.Replaces, "replaces", 0, "number of your proposal that this one stands in place of")
	f.BoolVar(&req.IncludeExisting, "include-existing", false, "ask that rules with include_existing message users who are there already")
	byFlag(f, &req.By)
	return cmd
}

func (c *cli) proposeHere(ctx context.Context, b *base, req app.ProposeRequest) error {
	p, err := b.app.Propose(ctx, req)
	if err != nil {
		return err
	}
	if p.Preview == "" {
		if err := c.look(ctx, b, p.Number); err != nil {
			return err
		}
	}
	return c.showProposal(ctx, b.api, p.Number, req.By)
}

// look looks whom a proposal moves.
func (c *cli) look(ctx context.Context, b *base, number int64) error {
	bars := newProgress(c.err)
	defer bars.close()
	_, err := b.app.PreviewProposal(ctx, number, bars.phase("preview"))
	return err
}

func (c *cli) proposeThere(ctx context.Context, req app.ProposeRequest) error {
	ask := gen.ProposeRequest{
		Title: optional(req.Title), Note: optional(req.Note), From: optional(req.From), Rollback: optional(req.Rollback),
		Replaces: optional(req.Replaces), IncludeExisting: optional(req.IncludeExisting), Text: optional(string(req.Text)),
	}
	var stored gen.Proposed
	if err := c.askHost(ctx, http.MethodPost, proposalsPath, ask, &stored); err != nil {
		return err
	}
	if stored.Job != nil {
		if err := c.followJob(ctx, stored.Job); err != nil {
			return err
		}
	}
	return c.showThere(ctx, stored.Proposal.Number)
}

// showThere prints a proposal as the running host has it.
func (c *cli) showThere(ctx context.Context, number int64) error {
	var d gen.ProposalDetail
	if err := c.askHost(ctx, http.MethodGet, fmt.Sprint(proposalsPath, "/", number), nil, &d); err != nil {
		return err
	}
	return c.print(d, func(w io.Writer) { writeProposal(w, &d) })
}

func (c *cli) showProposal(ctx context.Context, api asked, number int64, by string) error {
	d, err := proposalFor(ctx, api, number, by)
	if err != nil {
		return err
	}
	return c.print(d, func(w io.Writer) { writeProposal(w, &d) })
}

func (c *cli) strategyProposals() *cobra.Command {
	var limit int
	var before int64
	cmd := &cobra.Command{
		Use: "proposals", Short: "List proposed strategies, newest first", Args: cobra.NoArgs, Example: "  weir strategy proposals",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ListProposals(cmd.Context(), gen.ListProposalsRequestObject{Params: gen.ListProposalsParams{Limit: &limit, Before: optional(before)}})
				if err != nil {
					return err
				}
				out := gen.ProposalList(res.(gen.ListProposals200JSONResponse))
				return c.print(out, func(w io.Writer) {
					t := newTable(">number", "state", "title", "author", "proposed", ">users move", "against")
					for _, p := range out.Proposals {
						t.row(number(p.Number), stateOf(&p), p.Title, p.Author, when(p.At), movedOf(&p), p.BaseVersion)
					}
					t.write(w)
					if out.Next != nil {
						c.note("There are more: add --before %d", *out.Next)
					}
				})
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most (1 to 1000)")
	cmd.Flags().Int64Var(&before, "before", 0, "the `next` of the page before")
	return cmd
}

func stateOf(p *gen.Proposal) string {
	if p.Stale {
		return string(p.State) + ", stale"
	}
	return string(p.State)
}

func movedOf(p *gen.Proposal) string {
	if p.Moved == nil {
		return ""
	}
	return number(*p.Moved)
}

func (c *cli) strategyProposal() *cobra.Command {
	var by string
	var text bool
	cmd := &cobra.Command{
		Use: "proposal N", Short: "Show a proposal: what it changes, whom it moves, what was said of it", Args: cobra.ExactArgs(1),
		Example: "  weir strategy proposal 3\n  weir strategy proposal 3 --text > strategy.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := numberArg(args[0])
			if err != nil {
				return err
			}
			return c.ask(cmd.Context(), func(api asked) error {
				if !text {
					return c.showProposal(cmd.Context(), api, n, by)
				}
				d, err := proposalFor(cmd.Context(), api, n, by)
				if err != nil {
					return err
				}
				return c.print(map[string]string{"text": d.Text}, func(w io.Writer) { fmt.Fprint(w, d.Text) })
			})
		},
	}
	cmd.Flags().BoolVar(&text, "text", false, "print its strategy file alone")
	byFlag(cmd.Flags(), &by)
	return cmd
}

func writeProposal(w io.Writer, d *gen.ProposalDetail) {
	p := &d.Proposal
	fmt.Fprintf(w, "proposal %d, %s: %s\n", p.Number, stateOf(p), p.Title)
	if p.Note != nil {
		fmt.Fprintln(w, *p.Note)
	}
	fmt.Fprintf(w, "%s after %s (number %d), by %s, %s\n", p.Version, p.BaseVersion, p.BaseNumber, p.Author, when(p.At))
	if p.Rollback != nil {
		fmt.Fprintf(w, "a rollback to number %d\n", *p.Rollback)
	}
	if p.Publication != nil {
		fmt.Fprintf(w, "published as number %d by %s\n", *p.Publication, str(p.EndedBy))
	}
	if p.Emergency {
		fmt.Fprintln(w, "published without the approval that is demanded")
	}
	showDiff(w, gen.StrategyDiff{Lines: d.Lines, Changes: d.Changes})
	writePreview(w, d.Preview)
	for _, r := range p.Reviews {
		fmt.Fprintf(w, "%s: %s, %s  %s\n", r.Verdict, r.By, when(r.At), str(r.Comment))
	}
}

func writePreview(w io.Writer, v *gen.ProposalPreview) {
	switch {
	case v == nil:
		fmt.Fprintln(w, "nobody has looked whom it moves")
		return
	case v.Unseen != nil:
		fmt.Fprintf(w, "whom it moves is seen after the publication: %s\n", *v.Unseen)
		return
	}
	fmt.Fprintf(w, "%d of %d users move, as of %s\n", v.Moved, v.Users, when(v.AsOf))
	t := newTable("from", "to", ">users")
	for _, m := range v.Moves {
		t.row(orNone(m.From), orNone(m.To), number(m.Users))
	}
	if len(v.Moves) > 0 {
		t.write(w)
	}
	sizes := newTable("what", "name", ">users", ">after", ">change")
	for _, s := range v.Sizes {
		if s.Before != s.After {
			sizes.row(string(s.Group), orNone(s.Name), number(s.Before), number(s.After), signed(s.After-s.Before))
		}
	}
	if len(sizes.rows) > 0 {
		sizes.write(w)
	}
	if v.Reach != nil {
		for _, r := range *v.Reach {
			fmt.Fprintf(w, "with --include-existing the rule %s would message %d users\n", r.Rule, r.Users)
		}
	}
}

// onProposal is a command that does something with one proposal and prints it.
func (c *cli) onProposal(use, short, path string, flags func(f *pflag.FlagSet), ask func() any, here func(ctx context.Context, b *base, n int64, by string) error) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: use + " N", Short: short, Args: cobra.ExactArgs(1), Example: "  weir strategy " + use + " 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := numberArg(args[0])
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return c.act(ctx, by, func(b *base) error {
				if err := here(ctx, b, n, by); err != nil {
					return err
				}
				return c.showProposal(ctx, b.api, n, by)
			}, func() error {
				var answer struct {
					gen.Job
					Kind string `json:"kind"` // "" when the answer is no job
				}
				if err := c.askHost(ctx, http.MethodPost, fmt.Sprint(proposalsPath, "/", n, "/", path), ask(), &answer); err != nil {
					return err
				}
				if answer.Job.Kind = gen.JobKind(answer.Kind); answer.Kind != "" {
					if err := c.followJob(ctx, &answer.Job); err != nil {
						return err
					}
				}
				return c.showThere(ctx, n)
			})
		},
	}
	byFlag(cmd.Flags(), &by)
	if flags != nil {
		flags(cmd.Flags())
	}
	return cmd
}

func (c *cli) strategyReview(verdict app.Verdict, short string) *cobra.Command {
	var comment string
	return c.onProposal(string(verdict), short, "review",
		func(f *pflag.FlagSet) { f.StringVar(&comment, "comment", "", "what to say to it") },
		func() any {
			return gen.ReviewRequest{Verdict: gen.ProposalVerdict(verdict), Comment: optional(comment)}
		},
		func(ctx context.Context, b *base, n int64, by string) error {
			_, err := b.app.ReviewProposal(ctx, n, app.ReviewRequest{By: by, Verdict: verdict, Comment: comment})
			return err
		})
}

func (c *cli) strategyWithdraw() *cobra.Command {
	return c.onProposal("withdraw", "Take your proposal back", "withdraw", nil, func() any { return nil },
		func(ctx context.Context, b *base, n int64, by string) error {
			_, err := b.app.WithdrawProposal(ctx, n, by)
			return err
		})
}

func (c *cli) strategyPreview() *cobra.Command {
	return c.onProposal("preview", "Look anew whom a proposal moves", "preview", nil, func() any { return nil },
		func(ctx context.Context, b *base, n int64, _ string) error { return c.look(ctx, b, n) })
}
