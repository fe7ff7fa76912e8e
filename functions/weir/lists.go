package main

import (
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

func (c *cli) listsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lists", Short: "Manual lists of users",
		Example: "  weir lists import vip vips.csv\n  weir lists list\n  weir segments count 'lists.has(\"vip\") && orders >= 3'",
	}
	cmd.AddCommand(c.listsImport(), c.listsList(), c.listsShow())
	return cmd
}

func (c *cli) listsImport() *cobra.Command {
	var column string
	var remove, replace, backfill bool
	var asOf instant
	cmd := &cobra.Command{
		Use: "import NAME FILE.csv", Short: "Put the users of a file on a list, or take them off it", Args: cobra.ExactArgs(2),
		Long: `Puts the users that a CSV file names on a manual list; conditions read it with lists.has("NAME"). A list is there as
soon as somebody is on it. With --remove the users are taken off it; with --replace everybody else is.

The changes are written as events (List Joined, List Left) into the bucket and read like every other file: they are kept,
and rebuilt with the profiles. Only users whose membership changes get an event, so repeating the command does nothing.`,
		Example: "  weir lists import vip vips.csv --column user_id\n  weir lists import vip gone.csv --remove\n  weir lists import vip vips.csv --replace --backfill",
		RunE: func(cmd *cobra.Command, args []string) error {
			mode := app.ListAdd
			switch {
			case remove && replace:
				return &usageError{err: fault.New(fault.Invalid, "--remove and --replace exclude each other")}
			case remove:
				mode = app.ListRemove
			case replace:
				mode = app.ListReplace
			}
			f, err := os.Open(args[1])
			if err != nil {
				return cannotOpen(args[1], err)
			}
			defer f.Close()
			users, err := app.ReadUsers(f, column)
			if err != nil {
				return fault.Wrap(err, "read %s", args[1])
			}
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				out, err := b.app.ChangeList(cmd.Context(), app.ListRequest{
					List: args[0], Users: users, Mode: mode, Backfill: backfill, At: asOf.millis(), Progress: bars.show,
				})
				if err != nil {
					return err
				}
				bars.finish()
				return c.print(out, func(w io.Writer) {
					t := newTable("list", ">users in the file", ">joined", ">left", ">unchanged")
					t.row(out.List, number(out.Users), number(out.Joined), number(out.Left), number(out.Unchanged))
					t.write(w)
				})
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&column, "column", "user_id", "column that holds the ids")
	f.BoolVar(&remove, "remove", false, "take the users off the list")
	f.BoolVar(&replace, "replace", false, "also take everybody else off the list")
	f.BoolVar(&backfill, "backfill", false, "create no messages")
	f.Var(&asOf, "as-of", "moment of the change (default: now)")
	return cmd
}

func (c *cli) listsList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the manual lists and how many users are on them", Args: cobra.NoArgs, Example: "  weir lists list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				lists, err := b.app.Lists(cmd.Context())
				if err != nil {
					return err
				}
				return c.print(map[string]any{"lists": lists}, func(w io.Writer) {
					t := newTable("list", ">users", ">left", "changed")
					for _, l := range lists {
						t.row(l.List, number(l.Users), number(l.Left), when(time.UnixMilli(l.Changed)))
					}
					t.write(w)
				})
			})
		},
	}
}

// members is the outcome of weir lists show.
type members struct {
	List    string           `json:"list"`
	Total   int64            `json:"total"`
	Members []app.ListMember `json:"members"`
	Next    string           `json:"next,omitempty"`
}

func (c *cli) listsShow() *cobra.Command {
	var p page
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show who is on a list", Args: cobra.ExactArgs(1), Example: "  weir lists show vip --limit 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), reading, func(b *base) error {
				out := members{List: args[0]}
				var err error
				if out.Members, out.Next, out.Total, err = b.app.List(cmd.Context(), args[0], p.after, p.limit); err != nil {
					return err
				}
				defer c.more(optional(out.Next))
				return c.print(out, func(w io.Writer) {
					t := newTable("user", "since")
					for _, m := range out.Members {
						t.row(m.User, when(time.UnixMilli(m.Since)))
					}
					t.write(w)
				})
			})
		},
	}
	p.flags(cmd.Flags())
	return cmd
}
