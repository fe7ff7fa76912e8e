package main

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

func (c *cli) filesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "files", Short: "The event files that arrived", Example: "  weir files list\n  weir files show ID"}
	var p page
	list := &cobra.Command{
		Use: "list", Short: "List the files, newest first", Args: cobra.NoArgs, Example: "  weir files list --limit 10",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.ListFiles(cmd.Context(), gen.ListFilesRequestObject{
					Params: gen.ListFilesParams{Limit: &p.limit, After: optional(p.after)},
				})
				if err != nil {
					return err
				}
				out := res.(gen.ListFiles200JSONResponse)
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) {
					t := newTable("id", "name", "status", "arrived", ">events", ">accepted", ">rejected", ">duplicates", ">users", ">USD")
					for _, f := range out.Files {
						t.row(f.Id, f.Name, string(f.Status), when(f.Arrived), number(f.Counts.Events), number(f.Counts.Accepted),
							number(f.Counts.Rejected), number(f.Counts.Duplicates), number(f.Counts.Users), price(f.Consumed))
					}
					t.write(w)
				})
			})
		},
	}
	p.flags(list.Flags())
	show := &cobra.Command{
		Use: "show ID", Short: "Show one file, with the reasons of its rejects", Args: cobra.ExactArgs(1), Example: "  weir files show 5e1f…",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				res, err := api.GetFile(cmd.Context(), gen.GetFileRequestObject{Id: args[0]})
				if err != nil {
					return err
				}
				f := gen.File(res.(gen.GetFile200JSONResponse))
				return c.print(f, func(w io.Writer) { showFile(w, f) })
			})
		},
	}
	cmd.AddCommand(list, show)
	return cmd
}

// price is what a file's import cost; empty where nothing is paid by use.
func price(c *gen.Consumed) string {
	if c == nil {
		return ""
	}
	return fixed(c.Usd, 4)
}

func showFile(w io.Writer, f gen.File) {
	t := newTable("field", "value")
	t.row("id", f.Id)
	t.row("name", f.Name)
	t.row("status", string(f.Status))
	t.row("arrived", when(f.Arrived))
	if f.AsOf != nil {
		t.row("as of", when(*f.AsOf))
	}
	t.row("bytes", number(f.Size))
	t.row("backfill", fmt.Sprint(f.Backfill))
	t.row("events", number(f.Counts.Events))
	t.row("accepted", number(f.Counts.Accepted))
	t.row("duplicates", number(f.Counts.Duplicates))
	t.row("rejected", number(f.Counts.Rejected))
	t.row("users", number(f.Counts.Users))
	if n := f.Counts.Forgotten; n != nil {
		t.row("of forgotten users", number(*n))
	}
	if c := f.Consumed; c != nil {
		t.row("read units", number(int64(math.Ceil(c.Reads))))
		t.row("write units", number(int64(math.Ceil(c.Writes))))
		t.row("cost", fmt.Sprintf("%s USD (%s, %s)", fixed(c.Usd, 4), c.Region, c.Date))
	}
	if f.Reasons != nil {
		for _, r := range *f.Reasons {
			t.row("waiting: "+r.Reason, number(r.Count))
		}
	}
	if f.Error != nil {
		t.row("error", *f.Error)
	}
	t.write(w)
}

func (c *cli) rejectsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rejects", Short: "Lines that were quarantined",
		Example: "  weir rejects list\n  weir rejects redrive FILE --mapping fixed.mapping.yaml",
	}
	cmd.AddCommand(c.rejectsList(), c.rejectsRedrive())
	return cmd
}

func (c *cli) rejectsList() *cobra.Command {
	var p page
	list := &cobra.Command{
		Use: "list [FILE]", Short: "List quarantined lines with their reasons, of one file or of all", Args: cobra.MaximumNArgs(1),
		Example: "  weir rejects list\n  weir rejects list 5e1f… --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.ask(cmd.Context(), func(api asked) error {
				out, err := listRejects(cmd, api, args, p)
				if err != nil {
					return err
				}
				defer c.more(out.Next)
				return c.print(out, func(w io.Writer) {
					t := newTable("file", ">line", "reason", "message", "text")
					for _, r := range out.Rejects {
						t.row(r.File, number(r.Line), r.Reason, r.Message, shorten(r.Text))
					}
					t.write(w)
				})
			})
		},
	}
	p.flags(list.Flags())
	return list
}

func listRejects(cmd *cobra.Command, api asked, args []string, p page) (gen.RejectPage, error) {
	if len(args) == 0 {
		res, err := api.ListRejects(cmd.Context(), gen.ListRejectsRequestObject{
			Params: gen.ListRejectsParams{Limit: &p.limit, After: optional(p.after)},
		})
		if err != nil {
			return gen.RejectPage{}, err
		}
		return gen.RejectPage(res.(gen.ListRejects200JSONResponse)), nil
	}
	res, err := api.ListFileRejects(cmd.Context(), gen.ListFileRejectsRequestObject{
		Id: args[0], Params: gen.ListFileRejectsParams{Limit: &p.limit, After: optional(p.after)},
	})
	if err != nil {
		return gen.RejectPage{}, err
	}
	return gen.RejectPage(res.(gen.ListFileRejects200JSONResponse)), nil
}

func shorten(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func (c *cli) rejectsRedrive() *cobra.Command {
	var mapping string
	redrive := &cobra.Command{
		Use: "redrive FILE", Short: "Read the quarantined lines of a file again, after a fix", Args: cobra.ExactArgs(1),
		Long:    "Reads the waiting lines of a file again, after a fix of the mapping or of the strategy. Lines that are bad again are\nquarantined under the new file, and the exit code is 3.",
		Example: "  weir rejects redrive 5e1f… --mapping fixed.mapping.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			text := ""
			if mapping != "" {
				b, err := readFile(mapping)
				if err != nil {
					return err
				}
				text = string(b)
			}
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				res, err := b.app.Redrive(cmd.Context(), args[0], text, bars.show)
				if err != nil {
					return err
				}
				bars.finish()
				bars.close()
				err = c.print(imported{1, res.Counts}, func(w io.Writer) {
					fmt.Fprintf(w, "%s: %d lines, %d accepted, %d rejected again\n", res.File.ID, res.Counts.Events, res.Counts.Accepted, res.Counts.Rejected)
				})
				if err == nil && res.Counts.Rejected > 0 {
					return errRejects
				}
				return err
			})
		},
	}
	redrive.Flags().StringVar(&mapping, "mapping", "", "corrected mapping file (default: the file's own)")
	return redrive
}
