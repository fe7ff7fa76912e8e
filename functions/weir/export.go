package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

func (c *cli) exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Write the base to a file", Example: "  weir export profiles --format parquet --out profiles.parquet\n  weir export scores --format csv --out scores.csv"}
	var format, out string
	var asOf instant
	profiles := &cobra.Command{
		Use: "profiles", Short: "Write every profile with its scores", Args: cobra.NoArgs,
		Long: `Writes one row a user: user_id, first_seen, last_seen, orders, x, t_x, T, m_x, spend_minor, currency, r, f, m, rfm_name,
rfm_cn, tier, stage, stage_candidate, tags, segments, strategy_version, cuts_version, as_of.

Without --as-of it is as of the base's own moment (weir status). With another one, the facts are those of events up to then and the cuts are computed for then.`,
		Example: "  weir export profiles --format csv > profiles.csv\n  weir export profiles --format parquet --as-of 1997-09-30T00:00:00Z --out profiles.parquet",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format == "" {
				if format = "csv"; c.json {
					format = "ndjson"
				}
			}
			if format != "csv" && format != "ndjson" && format != "parquet" {
				return &usageError{err: fmt.Errorf("there is no format %q; use csv, ndjson or parquet", format)}
			}
			if format == "parquet" && out == "" && isTerminal(c.out) {
				return &usageError{err: errors.New("a Parquet file is not for a terminal; name a file with --out")}
			}
			return c.with(cmd.Context(), reading, func(b *base) error {
				return c.writeExport(out, format, func(w io.Writer, progress func(done, total int64)) error {
					return b.app.Export(cmd.Context(), w, app.ExportRequest{Format: format, AsOf: asOf.millis(), Progress: progress})
				})
			})
		},
	}
	profiles.Flags().StringVar(&format, "format", "", "csv, ndjson or parquet (default csv, with --json ndjson)")
	profiles.Flags().StringVar(&out, "out", "", "file to write (default: standard output)")
	profiles.Flags().Var(&asOf, "as-of", "moment of the view")
	cmd.AddCommand(profiles, c.exportScores())
	return cmd
}

// writeExport writes to standard output, or to a file that appears when it is whole.
func (c *cli) writeExport(name, format string, write func(w io.Writer, progress func(done, total int64)) error) error {
	bars := &progress{}
	if name != "" || !isTerminal(c.out) {
		bars = newProgress(c.err)
	}
	defer bars.close()
	if name == "" {
		return write(c.out, bars.phase("export"))
	}
	if err := writeWhole(name, func(w io.Writer) error { return write(w, bars.phase("export")) }); err != nil {
		return err
	}
	bars.finish()
	bars.close()
	return c.print(map[string]string{"file": name, "format": format}, func(w io.Writer) { fmt.Fprintf(w, "wrote %s\n", name) })
}

// writeWhole writes a file that appears when it is whole.
func writeWhole(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".weir-export-*")
	if err != nil {
		return cannotWrite(name, err)
	}
	defer os.Remove(f.Name())
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return cannotWrite(name, err)
	}
	if err := f.Close(); err != nil {
		return cannotWrite(name, err)
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return cannotWrite(name, err)
	}
	return nil
}

func cannotWrite(name string, err error) error {
	return fault.New(fault.Unavailable, "%s cannot be written", name).WithHint("check the folder, its permissions and the room on the disk").Because(err)
}
