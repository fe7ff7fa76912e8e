package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/strategy"
)

func (c *cli) strategyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "strategy", Short: "The strategy file: what is counted, who is told apart, whom to reach",
		Example: "  weir strategy init --currency CNY --zone Asia/Shanghai strategy.yaml\n  weir strategy validate strategy.yaml\n  weir strategy diff strategy.yaml\n  weir strategy publish strategy.yaml --note 'silent after 45 days'",
	}
	cmd.AddCommand(c.strategyInit(), c.strategyValidate(), c.strategyDiff(), c.strategyPublish(),
		c.strategyPropose(), c.strategyProposals(), c.strategyProposal(), c.strategyPreview(),
		c.strategyReview(app.VerdictApprove, "Approve a proposal"), c.strategyReview(app.VerdictReject, "Reject a proposal, which is its end"), c.strategyWithdraw(),
		c.strategyStatus(), c.strategyShow(), c.strategyVersions(), c.strategySchema())
	return cmd
}

func (c *cli) strategyInit() *cobra.Command {
	var preset, zone, currency string
	cmd := &cobra.Command{
		Use: "init [FILE]", Short: "Write a commented strategy to begin with, to FILE or to standard output", Args: cobra.MaximumNArgs(1),
		Example: "  weir strategy init --preset growth strategy.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			text := strategy.Init(preset, zone, currency)
			if text == nil {
				return &usageError{err: fmt.Errorf("there is no preset %q; use %s", preset, strings.Join(strategy.Presets(), " or "))}
			}
			if _, err := strategy.Parse(text); err != nil {
				return err
			}
			if len(args) == 0 {
				return c.print(map[string]string{"text": string(text)}, func(w io.Writer) { fmt.Fprintf(w, "%s", text) })
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if err != nil {
				return fault.New(fault.Conflict, "%s cannot be made", args[0]).WithHint("name a file that does not exist yet").Because(err)
			}
			if _, err := f.Write(text); err != nil {
				return fault.New(fault.Unavailable, "%s cannot be written", args[0]).Because(err)
			}
			if err := f.Close(); err != nil {
				return fault.New(fault.Unavailable, "%s cannot be written", args[0]).Because(err)
			}
			return c.print(map[string]string{"file": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "wrote %s\n", args[0]) })
		},
	}
	cmd.Flags().StringVar(&preset, "preset", strategy.PresetCommerce, strings.Join(strategy.Presets(), " or "))
	cmd.Flags().StringVar(&zone, "zone", "UTC", "time zone of the project, a name of the tz database")
	cmd.Flags().StringVar(&currency, "currency", "USD", "currency of the project, ISO 4217")
	return cmd
}

func (c *cli) strategyValidate() *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Check a strategy file and print what a profile costs under it", Args: cobra.ExactArgs(1),
		Long:    "Checks a strategy file. Every mistake is shown with line and column and what was expected, and the exit code is 1.\nNo base is needed. Where there is one, names of events and properties that it has not seen are shown as warnings.",
		Example: "  weir strategy validate strategy.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFile(args[0])
			if err != nil {
				return err
			}
			check, err := c.check(cmd.Context(), text)
			if err != nil {
				return err
			}
			if check.Valid && c.url == "" {
				check.Warnings = c.unseen(cmd.Context(), text)
			}
			c.warn(args[0]+":", check.Warnings)
			if err := c.print(check, func(w io.Writer) { showCheck(w, args[0], check) }); err != nil || check.Valid {
				return err
			}
			return fault.New(fault.Invalid, "%s has %s", args[0], mistakes(len(check.Problems))).WithHint("docs/strategy.md explains every key")
		},
	}
}

// check checks a strategy: here, or where --url says, which knows what its base has seen.
func (c *cli) check(ctx context.Context, text []byte) (check gen.StrategyCheck, err error) {
	if c.url == "" {
		return validate(ctx, text)
	}
	return check, c.askHost(ctx, http.MethodPost, "/v1/strategy/validate", gen.StrategyText{Text: string(text)}, &check)
}

// validate checks a strategy over an empty base that is gone afterwards: what is checked does not depend on the base.
func validate(ctx context.Context, text []byte) (check gen.StrategyCheck, err error) {
	dir, err := os.MkdirTemp("", "weir-validate-")
	if err != nil {
		return check, fault.New(fault.Unavailable, "no room for a temporary folder").Because(err)
	}
	defer os.RemoveAll(dir)
	b, err := openBase(ctx, dir, writing, false)
	if err != nil {
		return check, err
	}
	defer b.store.Close()
	res, err := b.api.ValidateStrategy(ctx, gen.ValidateStrategyRequestObject{Body: &gen.StrategyText{Text: string(text)}})
	if err != nil {
		return check, err
	}
	return gen.StrategyCheck(res.(gen.ValidateStrategy200JSONResponse)), nil
}

// unseen lists what a valid strategy names and the base, where there is one, has not seen.
func (c *cli) unseen(ctx context.Context, text []byte) *[]gen.TextProblem {
	var out []gen.TextProblem
	err := c.with(ctx, reading, func(b *base) error {
		all, err := b.app.StrategyWarnings(ctx, text)
		for _, p := range all {
			out = append(out, gen.TextProblem{Line: p.Line, Col: p.Col, Path: optional(p.Path), Message: p.Message, Expected: optional(p.Expected)})
		}
		return err
	})
	if err != nil || len(out) == 0 {
		return nil
	}
	return &out
}

func mistakes(n int) string {
	if n == 1 {
		return "a mistake"
	}
	return strconv.Itoa(n) + " mistakes"
}

func showCheck(w io.Writer, name string, check gen.StrategyCheck) {
	for _, p := range check.Problems {
		fmt.Fprintf(w, "%s:%s\n", name, problemLine(p))
	}
	if !check.Valid {
		return
	}
	t := newTable("part", "name", ">typical bytes", ">at most")
	for _, l := range check.Budget {
		most := ""
		if l.Max != nil {
			most = number(*l.Max)
		}
		t.row(l.Part, str(l.Name), number(l.Typical), most)
	}
	t.row("sum", "", number(*check.BudgetBytes), "")
	t.write(w)
	fmt.Fprintf(w, "%s is valid: version %s\n", name, *check.Version)
}

func (c *cli) strategyDiff() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "diff [FILE]", Short: "Compare a file, or a version, with the strategy in force", Args: cobra.MaximumNArgs(1),
		Example: "  weir strategy diff strategy.yaml\n  weir strategy diff --from 1 --to 2",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) == (to == "") {
				return &usageError{err: errors.New("name a FILE or a version with --to")}
			}
			body := gen.StrategyDiffRequest{From: optional(from), To: optional(to)}
			if len(args) == 1 {
				text, err := readFile(args[0])
				if err != nil {
					return err
				}
				s := string(text)
				body.Text = &s
			}
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.DiffStrategy(cmd.Context(), gen.DiffStrategyRequestObject{Body: &body})
				if err != nil {
					return err
				}
				d := gen.StrategyDiff(res.(gen.DiffStrategy200JSONResponse))
				return c.print(d, func(w io.Writer) { showDiff(w, d) })
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "version to compare with (default: the one in force)")
	cmd.Flags().StringVar(&to, "to", "", "version to compare instead of a file")
	return cmd
}

func showDiff(w io.Writer, d gen.StrategyDiff) {
	signs := map[gen.DiffLineOp]string{gen.Equal: " ", gen.Insert: "+", gen.Delete: "-"}
	const around = 3
	last := -around - 1 // index of the last changed line that was seen
	next := nextChange(d.Lines, 0)
	for i, l := range d.Lines {
		if l.Op != gen.Equal {
			last = i
		}
		if next < i {
			next = nextChange(d.Lines, i)
		}
		if i-last <= around || next-i <= around {
			fmt.Fprintf(w, "%s %s\n", signs[l.Op], l.Text)
		}
	}
	if d.Problems != nil {
		for _, p := range *d.Problems {
			fmt.Fprintln(w, problemLine(p))
		}
		return
	}
	if d.Same {
		fmt.Fprintln(w, "The two mean the same.")
	}
	for _, change := range d.Changes {
		fmt.Fprintf(w, "%s: %s → %s\n", change.Path, orNothing(change.From), orNothing(change.To))
	}
	if d.Reach != nil {
		for _, r := range *d.Reach {
			fmt.Fprintf(w, "with --include-existing the rule %s would message %d users\n", r.Rule, r.Users)
		}
	}
}

// nextChange returns the index of the first changed line from i on; far away when there is none.
func nextChange(lines []gen.DiffLine, i int) int {
	for ; i < len(lines); i++ {
		if lines[i].Op != gen.Equal {
			return i
		}
	}
	return 1 << 30
}

func orNothing(s *string) string {
	if s == nil {
		return "(nothing)"
	}
	return *s
}

func (c *cli) strategyPublish() *cobra.Command {
	var req app.PublishRequest
	var wait bool
	cmd := &cobra.Command{
		Use: "publish FILE | --proposal N", Short: "Put a strategy in force", Args: cobra.MaximumNArgs(1),
		Long: `Puts a strategy in force and scores the base under it. Nobody is messaged because of that: the first decision about each
user under the new version is a baseline, unless --include-existing approves it for rules that ask for it.

With --proposal a proposal comes into force as it was reviewed. Where another person's approval is demanded (--require-approval) there is
no other way.

Where weir run works on the data folder, it publishes: the users move over in the background, and --wait waits for the last
one. A publication that was interrupted goes on when it is asked for again, or when weir run starts.`,
		Example: "  weir strategy publish strategy.yaml --note 'silent after 45 days'\n  weir strategy publish strategy.yaml --wait\n  weir strategy publish --proposal 3 --by bob",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if (len(args) == 0) == (req.Proposal == 0) {
				return &usageError{err: errors.New("name a FILE or a proposal with --proposal")}
			}
			if len(args) == 1 {
				if req.Text, err = readFile(args[0]); err != nil {
					return err
				}
			} else if req.Note != "" || req.From != "" || req.IncludeExisting {
				return &usageError{err: errors.New("a proposal is published as it was reviewed: leave --note, --from and --include-existing out")}
			}
			return c.act(cmd.Context(), req.By, func(b *base) error { return c.publishHere(cmd.Context(), b, req) },
				func() error { return c.publishRemote(cmd.Context(), req, wait) })
		},
	}
	cmd.Flags().StringVar(&req.Note, "note", "", "why, for the list of versions")
	cmd.Flags().StringVar(&req.From, "from", "", "refuse unless this version is in force")
	cmd.Flags().BoolVar(&req.IncludeExisting, "include-existing", false, "approve that rules with include_existing message users who are there already")
	cmd.Flags().Int64Var(&req.Proposal, "proposal", 0, "number of the proposal to publish, in place of a FILE")
	byFlag(cmd.Flags(), &req.By)
	cmd.Flags().BoolVar(&wait, "wait", false, "wait for the running host to have scored everyone")
	return cmd
}

func (c *cli) publishHere(ctx context.Context, b *base, req app.PublishRequest) error {
	bars := newProgress(c.err)
	defer bars.close()
	req.Progress = bars.move
	report, err := b.app.Publish(ctx, req)
	if err != nil {
		return err
	}
	bars.finish()
	bars.close()
	return c.print(published{
		Version: report.Version, Number: report.Sequence, Users: report.Rescored.Users, Changed: report.Rescored.Changed,
		Messages: report.Rescored.Intents, Refolded: report.Rebuilt.Changed,
	}, func(w io.Writer) {
		fmt.Fprintf(w, "version %s is in force: %d users scored, %d changed, %d messages asked for\n",
			report.Version, report.Rescored.Users, report.Rescored.Changed, report.Rescored.Intents)
	})
}

// publishRemote lets the running host publish.
func (c *cli) publishRemote(ctx context.Context, req app.PublishRequest, wait bool) error {
	var job gen.Job
	path, ask := "/v1/strategy/publish", any(gen.PublishRequest{
		Text: string(req.Text), Note: optional(req.Note), From: optional(req.From), IncludeExisting: optional(req.IncludeExisting),
	})
	if req.Proposal != 0 {
		path, ask = fmt.Sprint(proposalsPath, "/", req.Proposal, "/publish"), nil
	}
	err := c.askHost(ctx, http.MethodPost, path, ask, &job)
	if err == nil && wait {
		err = c.followJob(ctx, &job)
	}
	if err != nil {
		return err
	}
	return c.print(job, func(w io.Writer) {
		if job.Status == gen.JobDone {
			fmt.Fprintf(w, "version %s is in force: %d users scored\n", str(job.Version), job.Done)
			return
		}
		fmt.Fprintf(w, "the running host publishes it as the job %s; see: weir strategy status\n", job.Id)
	})
}

// rescored is how far the users have moved to the strategy in force.
type rescored struct {
	Version  string `json:"version"`
	Number   int64  `json:"number"`
	Users    int64  `json:"users"` // who are scored under it
	Total    int64  `json:"total"`
	Finished bool   `json:"finished"`
}

func (c *cli) strategyStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say how many users are scored under the strategy in force", Args: cobra.NoArgs,
		Long:    "Says which strategy is in force and how far the re-score of the base under it has come: users who were not passed yet stand as the\nversion before left them, until something decides about them.",
		Example: "  weir strategy status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.url != "" {
				return c.rescoredElsewhere(cmd.Context())
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				r, err := b.app.Rescoring(cmd.Context())
				if err != nil {
					return err
				}
				v, err := b.app.Strategy(cmd.Context())
				if err != nil {
					return err
				}
				out := rescored{Version: v.Version, Number: v.Sequence, Users: r.Users, Total: r.Total, Finished: r.Finished}
				return c.printRescored(out)
			})
		},
	}
}

func (c *cli) printRescored(r rescored) error {
	return c.print(r, func(w io.Writer) {
		state := "everyone is scored under it"
		if !r.Finished {
			state = fmt.Sprintf("%d of %d users are scored under it", r.Users, r.Total)
		}
		fmt.Fprintf(w, "version %s (number %d) is in force; %s\n", r.Version, r.Number, state)
	})
}

// published is the outcome of weir strategy publish.
type published struct {
	Version  string `json:"version"`
	Number   int64  `json:"number"`
	Users    int64  `json:"users"`    // scored
	Changed  int64  `json:"changed"`  // whose state changed
	Messages int64  `json:"messages"` // asked for
	Refolded int64  `json:"refolded"` // profiles whose facts changed
}

func (c *cli) strategyShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [VERSION]", Short: "Print the strategy in force, or a version of it", Args: cobra.MaximumNArgs(1), Example: "  weir strategy show > strategy.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				s, err := getStrategy(cmd.Context(), api, args)
				if err != nil {
					return err
				}
				return c.print(s, func(w io.Writer) { fmt.Fprint(w, s.Text) })
			})
		},
	}
}

func getStrategy(ctx context.Context, api asked, args []string) (gen.Strategy, error) {
	if len(args) == 0 {
		res, err := api.GetStrategy(ctx, gen.GetStrategyRequestObject{})
		if err != nil {
			return gen.Strategy{}, err
		}
		return gen.Strategy(res.(gen.GetStrategy200JSONResponse)), nil
	}
	res, err := api.GetStrategyVersion(ctx, gen.GetStrategyVersionRequestObject{Version: args[0]})
	if err != nil {
		return gen.Strategy{}, err
	}
	return gen.Strategy(res.(gen.GetStrategyVersion200JSONResponse)), nil
}

func (c *cli) strategyVersions() *cobra.Command {
	return &cobra.Command{
		Use: "versions", Short: "List what was published, newest first", Args: cobra.NoArgs, Example: "  weir strategy versions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ListStrategyVersions(cmd.Context(), gen.ListStrategyVersionsRequestObject{})
				if err != nil {
					return err
				}
				out := gen.StrategyVersionList(res.(gen.ListStrategyVersions200JSONResponse))
				return c.print(out, func(w io.Writer) {
					t := newTable(">number", "version", "published", "in force", "name", "note")
					for _, v := range out.Versions {
						current := ""
						if v.Current {
							current = "yes"
						}
						t.row(number(*v.Number), v.Version, when(v.PublishedAt), current, str(v.Name), str(v.Note))
					}
					t.write(w)
				})
			})
		},
	}
}

func (c *cli) strategySchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the strategy file, for editors", Args: cobra.NoArgs, Example: "  weir strategy schema > strategy.schema.json",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.out.Write(strategy.JSONSchema())
			return err
		},
	}
}
