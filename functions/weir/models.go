package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/score"
)

// Names for versions of models.
const (
	noModels     = "none"    // the version without any
	latestModels = "latest"  // the newest fit
	currentSet   = "current" // the models in force
)

// namedModels returns the version that a name stands for.
func namedModels(ctx context.Context, b *base, name string) (string, error) {
	if name != latestModels {
		return name, nil
	}
	sets, err := b.app.ModelSets(ctx)
	if err != nil {
		return "", err
	}
	if len(sets) == 0 {
		return "", fault.New(fault.NotFound, "no models were fitted yet").WithHint("fit some with: weir fit")
	}
	return sets[0].Models.Version, nil
}

// modelSet is one fit of all models as it is printed.
type modelSet struct {
	Version     string            `json:"version"`
	AsOf        string            `json:"as_of"` // the end of the histories
	Strategy    string            `json:"strategy"`
	Users       int64             `json:"users"`
	Fitted      string            `json:"fitted"`
	Published   string            `json:"published"` // "": never
	Current     bool              `json:"current"`
	Unused      *app.Warning      `json:"unused"` // of those in force: why scores do not use them; else null
	Note        string            `json:"note"`
	Warnings    []app.Warning     `json:"warnings"`
	HoldoutFrom string            `json:"holdout_from"` // "": nothing is held out
	Fits        []fitted          `json:"fits"`
	Churn       *score.ChurnModel `json:"churn"`
}

func newModelSet(s *app.ModelSet) modelSet {
	out := modelSet{
		Version: s.Models.Version, AsOf: whenMillis(s.Models.AsOf), Strategy: s.Models.Strategy, Users: s.Models.Users, Fitted: whenMillis(s.At),
		Published: momentOrNothing(s.Published), Current: s.Current, Note: s.Note, Warnings: s.Warnings, HoldoutFrom: momentOrNothing(s.HoldoutFrom),
		Fits: []fitted{}, Churn: s.Models.Churn,
	}
	for _, f := range s.Fits {
		out.Fits = append(out.Fits, newFitted(f))
	}
	return out
}

func momentOrNothing(ms int64) string {
	if ms == 0 {
		return ""
	}
	return whenMillis(ms)
}

func (c *cli) modelsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "models", Short: "Fitted models: drafts, and the ones that scores use",
		Long: `weir fit without --model fits the models of purchases, money and churn to the base and keeps them as a draft. Scores use the ones
that were published. A publication messages nobody: the first decision about each user under other models is a baseline.`,
		Example: "  weir fit --note 'with the spring'\n  weir models list\n  weir models show latest\n  weir models publish latest\n  weir models rollback",
	}
	cmd.AddCommand(c.modelsList(), c.modelsShow(), c.modelsPublish(), c.modelsRollback())
	return cmd
}

func (c *cli) modelsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the models that were fitted, newest first", Args: cobra.NoArgs, Example: "  weir models list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				res, err := b.api.ListModels(cmd.Context(), gen.ListModelsRequestObject{})
				if err != nil {
					return err
				}
				out := gen.ModelList(res.(gen.ListModels200JSONResponse))
				return c.print(out, func(w io.Writer) { modelTable(w, out) })
			})
		},
	}
}

func modelTable(w io.Writer, list gen.ModelList) {
	yes := func(b *bool) string { return map[bool]string{true: "yes"}[b != nil && *b] }
	t := newTable("version", "as of", ">users", "purchases", "money", "churn", "fitted", "published", "in force", "usable", ">warnings", "note")
	for _, s := range list.Versions {
		published := ""
		if s.PublishedAt != nil {
			published = when(*s.PublishedAt)
		}
		t.row(s.Version, when(s.AsOf), number(s.Users), str(s.Purchases), yes(s.Money), yes(s.Churn), when(s.FittedAt), published, yes(&s.Current),
			yes(&s.Usable), number(len(s.Warnings)), str(s.Note))
	}
	t.write(w)
	if list.Stale != nil {
		fmt.Fprintf(w, "NOT USED: %s\n", list.Stale.Text.En)
	}
}

func (c *cli) modelsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show [VERSION]", Short: "Show a fit with its calibration: VERSION, latest, or the one in force", Args: cobra.MaximumNArgs(1),
		Example: "  weir models show\n  weir models show 3f2a… --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			name := currentSet
			if len(args) == 1 {
				name = args[0]
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				version, err := namedModels(cmd.Context(), b, name)
				if err != nil {
					return err
				}
				set, err := b.app.ModelSet(cmd.Context(), version)
				if err != nil {
					return err
				}
				live, err := b.app.Live(cmd.Context())
				if err != nil {
					return err
				}
				out := newModelSet(set)
				if set.Current {
					out.Unused = live.ModelsStale
				}
				return c.print(out, func(w io.Writer) {
					if out.Unused != nil {
						fmt.Fprintf(w, "NOT USED: %s\n", out.Unused.En)
					}
					showModelSet(w, set)
				})
			})
		},
	}
}

func showModelSet(w io.Writer, s *app.ModelSet) {
	state := "a draft"
	switch {
	case s.Current:
		state = "in force since " + whenMillis(s.Published)
	case s.Published != 0:
		state = "in force last from " + whenMillis(s.Published)
	}
	fmt.Fprintf(w, "models %s, %s\nfitted to %d users as of %s\n", s.Models.Version, state, s.Models.Users, whenMillis(s.Models.AsOf))
	for _, warning := range s.Warnings {
		fmt.Fprintf(w, "WARNING: %s\n", warning.En)
	}
	for _, f := range s.Fits {
		fmt.Fprintln(w)
		if f.Holdout != nil && s.HoldoutFrom != 0 && s.HoldoutFrom < s.Models.AsOf {
			fmt.Fprintf(w, "its calibration is of a fit to the histories up to %s\n", whenMillis(s.HoldoutFrom))
		}
		showFit(w, f)
	}
	if s.Models.Churn != nil {
		fmt.Fprintln(w)
		showChurnModel(w, s.Models.Churn)
	}
}

func showChurnModel(w io.Writer, m *score.ChurnModel) {
	e := m.Evidence
	fmt.Fprintf(w, "churn: no sign of life within %d days; a warning from a probability of %s (%s)\n", m.Horizon, fixed(m.Threshold, 4), e.Method)
	fmt.Fprintf(w, "on a period that the fit did not see: %d of %d churned, AUC %s, Brier score %s, precision %s, recall %s, %s days earlier (median)\n",
		e.Churned, e.Users, fixed(e.AUC, 4), fixed(e.Brier, 4), percent(e.Precision), percent(e.Recall), short(e.LeadDays))
	showDeciles(w, e.Deciles)
}

// showDeciles draws expected and actual churn by tenths of the users, the riskiest first.
func showDeciles(w io.Writer, deciles []score.ChurnDecile) {
	t := newTable(">tenth", ">users", ">expected", ">actual", ">lift", "expected", "actual")
	for i, d := range deciles {
		t.row(number(i+1), number(d.Users), percent(d.Expected), percent(d.Actual), fixed(d.Lift, 2), bar(d.Expected, 1, 20), bar(d.Actual, 1, 20))
	}
	t.write(w)
}

func (c *cli) modelsPublish() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "publish VERSION", Short: "Let scores use fitted models", Args: cobra.ExactArgs(1),
		Long: `Lets scores use fitted models, and scores the base with them. Nobody is messaged because of that: the first decision about each
user under them is a baseline. Look at them first: weir models show VERSION.

"latest" is the newest fit, and "none" takes models out of use.`,
		Example: "  weir models publish latest --note 'calibrated on the spring'\n  weir models publish none",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				version, err := namedModels(cmd.Context(), b, args[0])
				if err != nil {
					return err
				}
				if version == noModels {
					version = ""
				}
				return c.publishModels(cmd.Context(), b, version, note)
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why, for the list of publications")
	return cmd
}

func (c *cli) modelsRollback() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use: "rollback", Short: "Let scores use the models that were in force before", Args: cobra.NoArgs,
		Long: `Lets scores use the models that were in force before the present ones, or none where there were none. To go further back,
publish an older version: weir models list.`,
		Example: "  weir models rollback --note 'the spring was an exception'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				past, err := b.app.ModelPublications(cmd.Context())
				if err != nil {
					return err
				}
				if len(past) == 0 || len(past) == 1 && past[0].Version == "" {
					return fault.New(fault.Conflict, "no models were ever published, so there is nothing to go back from").
						WithHint("fit some with: weir fit; and publish them with: weir models publish VERSION")
				}
				before := ""
				if len(past) > 1 {
					before = past[1].Version
				}
				return c.publishModels(cmd.Context(), b, before, note)
			})
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why, for the list of publications")
	return cmd
}

// publishedModels is the outcome of a publication of models.
type publishedModels struct {
	Version  string `json:"version"` // "": without models
	Previous string `json:"previous"`
	Number   int64  `json:"number"`
	Users    int64  `json:"users"`    // scored
	Changed  int64  `json:"changed"`  // whose state changed
	Messages int64  `json:"messages"` // asked for
}

func (c *cli) publishModels(ctx context.Context, b *base, version, note string) error {
	bars := newProgress(c.err)
	defer bars.close()
	r, err := b.app.PublishModels(ctx, version, app.PublishModelsRequest{Note: note, Progress: bars.move})
	if err != nil {
		return err
	}
	bars.finish()
	bars.close()
	out := publishedModels{
		Version: r.Version, Previous: r.Previous, Number: r.Sequence, Users: r.Rescored.Users, Changed: r.Rescored.Changed, Messages: r.Rescored.Intents,
	}
	return c.print(out, func(w io.Writer) {
		what := "models " + out.Version + " are"
		if out.Version == "" {
			what = "no models are"
		}
		fmt.Fprintf(w, "%s in force: %d users scored, %d changed, %d messages asked for\n", what, out.Users, out.Changed, out.Messages)
	})
}
