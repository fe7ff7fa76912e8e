package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// imported is the outcome of weir import: the sums over its files.
type imported struct {
	Files int64 `json:"files"`
	app.Counts
}

func (c *cli) importCommand() *cobra.Command {
	var req app.ImportRequest
	var mapping string
	var asOf instant
	cmd := &cobra.Command{
		Use: "import FILE...", Short: "Read event files into the base", Args: cobra.MinimumNArgs(1),
		Long: `Reads event files: NDJSON, CSV (with a mapping file) or Parquet; plain, gzip or zstd, found by content.

Lines that cannot be used are quarantined (weir rejects list), and the exit code is 3 then. A file whose content is known
is refused unless --again is given. An import that was interrupted goes on where it was when it is started again.

With --backfill the events are history: they change profiles and create no messages. --as-of is the moment of the file's
decisions and of the views after it.`,
		Example: `  weir import events.ndjson.gz
  weir import --mapping functions/weir/sample/cdnow.mapping.yaml --backfill --as-of 1997-09-30T00:00:00Z CDNOW_sample.txt
  weir import --json march.parquet april.parquet`,
		RunE: func(cmd *cobra.Command, files []string) error {
			req.AsOf = asOf.millis()
			if mapping != "" {
				text, err := readFile(mapping)
				if err != nil {
					return err
				}
				req.Mapping = string(text)
			}
			if c.url != "" {
				return c.importElsewhere(cmd.Context(), files, req)
			}
			return c.with(cmd.Context(), writing, func(b *base) error { return c.importFiles(cmd.Context(), b, files, req) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&mapping, "mapping", "", "mapping file (YAML) that says what the columns mean")
	f.BoolVar(&req.Backfill, "backfill", false, "the events are history: change profiles, create no messages")
	f.Var(&asOf, "as-of", "moment of the decisions and views (default: the file's arrival; of a backfill: its latest event)")
	f.BoolVar(&req.Again, "again", false, "read a file although its content is known")
	f.StringVar(&req.Format, "format", "", "ndjson, csv or parquet (default: found by content)")
	return cmd
}

func (c *cli) importFiles(ctx context.Context, b *base, files []string, req app.ImportRequest) error {
	var sum imported
	for _, name := range files {
		res, err := c.importFile(ctx, b, name, req)
		if err != nil {
			return err
		}
		sum.Files++
		sum.Events += res.Counts.Events
		sum.Accepted += res.Counts.Accepted
		sum.Rejected += res.Counts.Rejected
		sum.Duplicates += res.Counts.Duplicates
		sum.Users += res.Counts.Users
		sum.Forgotten += res.Counts.Forgotten
		c.noteImport(name, res)
	}
	return c.printImported(sum)
}

func (c *cli) printImported(sum imported) error {
	err := c.print(sum, func(w io.Writer) {
		fmt.Fprintf(w, "%d files: %d events, %d accepted, %d duplicates, %d rejected, %d users\n",
			sum.Files, sum.Events, sum.Accepted, sum.Duplicates, sum.Rejected, sum.Users)
	})
	if err == nil && sum.Rejected > 0 {
		return errRejects
	}
	return err
}

func (c *cli) noteImport(name string, res app.ImportResult) {
	if res.Counts.Rejected > 0 {
		c.note("%s: %d lines were quarantined; see: weir rejects list %s", name, res.Counts.Rejected, res.File.ID)
	}
}

func (c *cli) importFile(ctx context.Context, b *base, name string, req app.ImportRequest) (app.ImportResult, error) {
	f, err := os.Open(name)
	if err != nil {
		return app.ImportResult{}, cannotOpen(name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return app.ImportResult{}, cannotOpen(name, err)
	}
	if !info.Mode().IsRegular() {
		return app.ImportResult{}, fault.New(fault.Invalid, "%s is no regular file", name).WithHint("name a file; a file is read from several places at once")
	}
	bars := newProgress(c.err)
	defer bars.close()
	req.Name, req.Source, req.Size, req.Progress = filepath.Base(name), f, info.Size(), bars.show
	res, err := b.app.Import(ctx, req)
	if err == nil {
		bars.finish()
	} else if !strings.Contains(err.Error(), req.Name) {
		err = fault.Wrap(err, "import %s", name)
	}
	return res, err
}

func cannotOpen(name string, err error) error {
	code := fault.Invalid
	if os.IsNotExist(err) {
		code = fault.NotFound
	}
	return fault.New(code, "%s cannot be opened", name).WithHint("check the name and the permissions").Because(err)
}

// maxText is the length of a strategy or mapping file in bytes.
const maxText = 1 << 20

// readFile reads a small text file.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, cannotOpen(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return nil, cannotOpen(name, err)
	}
	if len(text) > maxText {
		return nil, fault.New(fault.TooLarge, "%s is longer than %d bytes", name, maxText)
	}
	return text, nil
}

func (c *cli) compactCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "compact", Short: "Merge small files of kept events: the same events in fewer files", Args: cobra.NoArgs,
		Long: `Merges the small files of each bucket and month. With --all every file is written anew, which also takes contact data out of files that
an older version wrote; a rebuild follows then, so that profiles hold references alone.`,
		Example: "  weir compact\n  weir compact --all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				report, err := b.app.Compact(cmd.Context(), all, bars.phase("compact"))
				if err == nil && report.Sealed > 0 {
					_, err = b.app.Rebuild(cmd.Context(), bars.phase("rebuild"))
				}
				if err != nil {
					return err
				}
				bars.finish()
				bars.close()
				return c.print(report, func(w io.Writer) {
					fmt.Fprintf(w, "%d files became %d, %d events sealed\n", report.Before, report.After, report.Sealed)
				})
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "write every file anew")
	return cmd
}

func (c *cli) rebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rebuild", Short: "Fold every profile again from the kept events", Args: cobra.NoArgs,
		Long:    "Folds the facts of every profile again from the events that are kept, and replaces those that differ. What decisions\nsettled, and messages, are not touched.",
		Example: "  weir rebuild --data ./data",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), writing, func(b *base) error {
				bars := newProgress(c.err)
				defer bars.close()
				report, err := b.app.Rebuild(cmd.Context(), bars.phase("rebuild"))
				if err != nil {
					return err
				}
				bars.finish()
				bars.close()
				return c.print(report, func(w io.Writer) {
					fmt.Fprintf(w, "%d events, %d users, %d profiles changed\n", report.Events, report.Users, report.Changed)
				})
			})
		},
	}
}
