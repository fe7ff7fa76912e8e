package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/plan"
)

func (c *cli) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan", Short: "The tracking plan: which events are expected, and what each carries",
		Long: `A tracking plan names the expected events, each with a JSON Schema of its properties. An event that breaks it is quarantined, and
can be driven again after a fix (weir rejects redrive), or is accepted and counted; docs/plan.md explains the file.`,
		Example: "  weir plan validate plan.yaml\n  weir plan diff plan.yaml\n  weir plan publish plan.yaml --note 'orders carry their id'\n  weir plan show > plan.yaml",
	}
	cmd.AddCommand(c.planShow(), c.planVersions(), c.planValidate(), c.planDiff(), c.planPublish())
	return cmd
}

func (c *cli) planShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [VERSION]", Short: "Print the tracking plan in force, or a version of it", Args: cobra.MaximumNArgs(1), Example: "  weir plan show > plan.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				v, err := b.app.Plan(cmd.Context())
				if len(args) == 1 {
					v, err = b.app.PlanVersion(cmd.Context(), args[0])
				}
				if err != nil {
					return err
				}
				return c.print(showPlan(v), func(w io.Writer) { fmt.Fprint(w, v.Text) })
			})
		},
	}
}

func showPlan(v app.PlanVersion) gen.TrackingPlan {
	return gen.TrackingPlan{
		Version: v.Version, Number: v.Sequence, Name: optional(v.Name), Note: optional(v.Note), PublishedAt: time.UnixMilli(v.At).UTC(), Text: v.Text,
	}
}

func (c *cli) planVersions() *cobra.Command {
	return &cobra.Command{
		Use: "versions", Short: "List what was published, newest first", Args: cobra.NoArgs, Example: "  weir plan versions",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListPlanVersions(cmd.Context(), gen.ListPlanVersionsRequestObject{})
				if err != nil {
					return err
				}
				out := gen.TrackingPlanList(res.(gen.ListPlanVersions200JSONResponse))
				return c.print(out, func(w io.Writer) {
					t := newTable(">number", "version", "published", "name", "note")
					for _, v := range out.Versions {
						t.row(number(v.Number), v.Version, when(v.PublishedAt), str(v.Name), str(v.Note))
					}
					t.write(w)
				})
			})
		},
	}
}

// planChecked is the outcome of weir plan validate.
type planChecked struct {
	Valid   bool   `json:"valid"`
	Version string `json:"version"`
	Events  int    `json:"events"`
}

func (c *cli) planValidate() *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE", Short: "Check a tracking plan", Args: cobra.ExactArgs(1),
		Long:    "Checks a tracking plan. Every mistake is shown with line and column and what was expected, and the exit code is 1.\nNo base is needed.",
		Example: "  weir plan validate plan.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := readFile(args[0])
			if err != nil {
				return err
			}
			p, err := plan.Parse(text)
			if err != nil {
				return fault.Wrap(err, "%s", args[0])
			}
			return c.print(planChecked{true, p.Version(), len(p.Events)}, func(w io.Writer) {
				fmt.Fprintf(w, "%s is valid: version %s, %d events\n", args[0], p.Version(), len(p.Events))
			})
		},
	}
}

func (c *cli) planDiff() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use: "diff FILE", Short: "Compare a file with the tracking plan in force", Args: cobra.ExactArgs(1), Example: "  weir plan diff plan.yaml\n  weir plan diff plan.yaml --from 1",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFile(args[0])
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				body := gen.TrackingPlanDiffRequest{Text: string(text), From: optional(from)}
				res, err := b.api.DiffPlan(cmd.Context(), gen.DiffPlanRequestObject{Body: &body})
				if err != nil {
					return err
				}
				d := gen.TrackingPlanDiff(res.(gen.DiffPlan200JSONResponse))
				return c.print(d, func(w io.Writer) {
					showDiff(w, gen.StrategyDiff{FromVersion: str(d.FromVersion), ToVersion: &d.ToVersion, Same: d.Same, Lines: d.Lines, Changes: d.Changes})
				})
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "version to compare with (default: the one in force)")
	return cmd
}

func (c *cli) planPublish() *cobra.Command {
	var note, from string
	cmd := &cobra.Command{
		Use: "publish FILE", Short: "Put a tracking plan in force", Args: cobra.ExactArgs(1),
		Long: `Puts a tracking plan in force, for the files that arrive from now on. A file keeps the plan that was in force when it arrived, so
that reading it again after a crash decides the same. A plan without events takes everything again.`,
		Example: "  weir plan publish plan.yaml --note 'orders carry their id'",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readFile(args[0])
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), writing, func(b *base) error {
				v, err := b.app.PublishPlan(cmd.Context(), app.PublishPlanRequest{Text: text, Note: note, From: from})
				if err != nil {
					return err
				}
				return c.print(showPlan(v), func(w io.Writer) {
					fmt.Fprintf(w, "version %s is in force, number %d\n", v.Version, v.Sequence)
				})
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why, for the list of versions")
	cmd.Flags().StringVar(&from, "from", "", "refuse unless this version is in force")
	return cmd
}

// warn tells people what a text names and nobody has seen.
func (c *cli) warn(name string, all *[]gen.TextProblem) {
	if all == nil || c.json {
		return
	}
	for _, p := range *all {
		c.note("warning: %s%s", name, warningLine(p))
	}
}

func warningLine(p gen.TextProblem) string {
	s := strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col) + ": "
	if at := str(p.Path); at != "" {
		s += at + ": "
	}
	s += p.Message
	if near := str(p.Expected); near != "" {
		s += "; " + near
	}
	return s
}
