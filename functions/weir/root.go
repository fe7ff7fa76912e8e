package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
)

// Exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2 // the command line is wrong: nothing was done
	exitRejects = 3 // done, and some lines were quarantined
)

// cli is one run of the command line.
type cli struct {
	in       io.Reader
	out, err io.Writer
	env      func(string) (string, bool)

	data     string
	json     bool
	token    string
	approval bool

	url, tokenFile string // of a Weir elsewhere
}

// usageError is an error in how the command was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errRejects ends a command that did all it could and quarantined lines.
var errRejects = errors.New("some lines were quarantined")

const longHelp = `Weir folds a product's events into one profile per user, scores every profile and says whom to reach, and why.

Everything lives in one folder (--data). Times are RFC 3339, such as 1997-09-30T00:00:00Z. Every flag can also be set by
an environment variable: --data by WEIR_DATA, --as-of by WEIR_AS_OF and so on; a flag that is given wins.

With --url a command asks the API of a Weir elsewhere, such as one on AWS, with the token in WEIR_TOKEN or --token-file: files, rejects
list, users, strategy, status, jobs, outreach and import. Other commands work on a folder.

With --json a command prints its result, and nothing else, as JSON to standard output; progress and messages go to
standard error. Exit codes: 0 done, 1 failed, 2 wrong use, 3 done with quarantined lines.`

// run executes one command line and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	command := root
	err := fault.Do(func() (err error) {
		command, err = root.ExecuteContextC(ctx)
		return err
	})
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errRejects):
		return exitRejects
	case errors.As(err, &usage):
		fmt.Fprintf(c.err, "weir: %v\nSee: %s --help\n", err, command.CommandPath())
		return exitUsage
	}
	c.complain(err)
	return exitFailed
}

// complain prints an error, the places it names in a text, and the way out.
func (c *cli) complain(err error) {
	problems, hint := httpapi.TextProblems(err), fault.HintOf(err)
	var outer *fault.Error
	switch {
	case len(problems) > 1:
		fmt.Fprintf(c.err, "weir: %d mistakes\n", len(problems))
		for _, p := range problems {
			fmt.Fprintf(c.err, "  %s\n", problemLine(p))
		}
	case len(problems) == 1 && strings.Contains(hint, "\n") && errors.As(err, &outer):
		fmt.Fprintf(c.err, "weir: %s\n", outer.Message) // the hint shows the place with the text around it
	default:
		fmt.Fprintf(c.err, "weir: %v\n", err)
	}
	if hint != "" {
		fmt.Fprintf(c.err, "  %s\n", hint)
	}
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "weir", Short: "User operations: profiles, scores and outreach from your events", Long: longHelp,
		Example: `  weir run --sample
  weir import --mapping orders.mapping.yaml --backfill orders.csv.gz
  weir users list --where 'stage == "silent" && orders >= 3'
  weir export profiles --format csv --out profiles.csv`,
		SilenceUsage: true, SilenceErrors: true, Args: cobra.ArbitraryArgs, RunE: group,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.PersistentFlags().StringVar(&c.data, "data", "./data", "folder of the base (WEIR_DATA)")
	root.PersistentFlags().BoolVar(&c.json, "json", false, "print the result as JSON (WEIR_JSON)")
	root.PersistentFlags().BoolVar(&c.approval, "require-approval", false, "a strategy comes into force when another person than its author has approved it (WEIR_REQUIRE_APPROVAL)")
	root.PersistentFlags().StringVar(&c.url, "url", "", "address of a Weir elsewhere, such as https://weir.example.com, for commands that can ask it (WEIR_URL)")
	root.PersistentFlags().StringVar(&c.tokenFile, "token-file", "", "file with the token that it asks for; WEIR_TOKEN is one (WEIR_TOKEN_FILE)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err: err} })
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return c.readEnv(cmd) }
	root.AddCommand(c.commands()...)
	checkArgs(root)
	return root
}

// commands returns the commands in the order in which people meet them.
func (c *cli) commands() []*cobra.Command {
	return []*cobra.Command{
		c.runCommand(), c.importCommand(), c.simulateCommand(), c.rebuildCommand(), c.compactCommand(), c.filesCommand(), c.rejectsCommand(),
		c.eventsCommand(), c.planCommand(),
		c.usersCommand(), c.identityCommand(), c.keysCommand(), c.segmentsCommand(), c.listsCommand(), c.strategyCommand(), c.whatIfCommand(), c.replayCommand(), c.snapshotCommand(), c.metricsCommand(), c.analyticsCommand(), c.exportCommand(),
		c.fitCommand(), c.modelsCommand(), c.churnCommand(), c.backtestCommand(), c.survivalCommand(), c.logitCommand(), c.clusterCommand(),
		c.outboxCommand(), c.outreachCommand(), c.suppressionCommand(), c.deliverCommand(), c.sweepCommand(), c.jobsCommand(), c.loginCommand(), c.logoutCommand(), c.statusCommand(), c.costCommand(), c.versionCommand(),
	}
}

// group is what a command with commands below it does when none of them was named.
func group(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		err := fmt.Errorf("there is no command %q", cmd.CommandPath()+" "+args[0])
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(near, " or "))
		}
		return &usageError{err: err}
	}
	if cmd.HasParent() {
		_ = cmd.Help()
		return &usageError{err: fmt.Errorf("%s needs one of its commands", cmd.CommandPath())}
	}
	return cmd.Help()
}

// checkArgs turns wrong arguments of any command into usage errors, and gives commands without their own one the behaviour
// of a group.
func checkArgs(cmd *cobra.Command) {
	if cmd.RunE == nil {
		cmd.RunE, cmd.Args = group, cobra.ArbitraryArgs
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return &usageError{err: err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		checkArgs(sub)
	}
}

// need makes the absence of flags a wrong use.
func need(cmd *cobra.Command, names ...string) {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range names {
			if !cmd.Flags().Changed(name) {
				return &usageError{err: fmt.Errorf("%s needs --%s", cmd.CommandPath(), name)}
			}
		}
		return run(cmd, args)
	}
}

// readEnv sets the flags that were not given from the environment.
func (c *cli) readEnv(cmd *cobra.Command) error {
	var failed error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || f.Name == "help" || failed != nil {
			return
		}
		name := "WEIR_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := c.env(name); ok && v != "" {
			if err := cmd.Flags().Set(f.Name, v); err != nil {
				failed = &usageError{err: fmt.Errorf("%s: %w", name, err)}
			}
		}
	})
	return failed
}
