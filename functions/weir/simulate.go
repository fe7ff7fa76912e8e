package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-engine/weir/infra/simulate"
	"github.com/weir-engine/weir/shared/zone"
)

func (c *cli) simulateCommand() *cobra.Command {
	var o simulate.Options
	var dir, end string
	cmd := &cobra.Command{
		Use: "simulate", Short: "Invent a user base as event files, for tests of scale", Args: cobra.NoArgs,
		Long: `Invents people with heavy-tailed rates of purchase and visits, seasons, channels and churn, and writes what they did as
event files, with late, repeated and refunded events and with people who come without an id first. manifest.json says what
importing the files must give, and what was true of the people.

The same arguments give the same bytes on every machine. A simulated base is for tests of scale and of models whose truth
is known; it is never to be presented as real data.`,
		Example: `  weir simulate --users 10000 --days 365 --seed 1 --out ./simulated
  weir import --backfill ./simulated/events-*
  weir simulate --users 1000000 --days 90 --seed 7 --format parquet --compress zstd --out /data/simulated`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := zone.ParseDay(end)
			if err != nil {
				return &usageError{fmt.Errorf("--end %q is no day such as 2026-01-01", end)}
			}
			if dir == "" {
				return &usageError{errors.New("--out names the folder for the files")}
			}
			o.End = day
			return c.simulate(cmd.Context(), dir, o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Users, "users", 10_000, "people")
	f.IntVar(&o.Days, "days", 365, "days before the end")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the random numbers")
	f.StringVar(&end, "end", simulate.DefaultEnd.String(), "the first day after the last simulated one (UTC)")
	f.StringVar(&dir, "out", "", "folder for the files, empty or not there yet")
	f.StringVar(&o.Format, "format", "ndjson", "ndjson or parquet")
	f.StringVar(&o.Compress, "compress", "", "gzip or zstd (default: none; of Parquet: snappy)")
	f.BoolVar(&o.Daily, "daily", false, "a file for each day (default: files of about 64 MiB that end with a day or an hour)")
	return cmd
}

// simulated is the result of weir simulate: its manifest with the files counted.
type simulated struct {
	simulate.Manifest
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	Out   string `json:"out"`
}

func (c *cli) simulate(ctx context.Context, dir string, o simulate.Options) error {
	bars := newProgress(c.err)
	defer bars.close()
	o.Progress = bars.move
	began := time.Now()
	m, err := simulate.Run(ctx, dir, o)
	if err != nil {
		return err
	}
	bars.finish()
	result := simulated{Manifest: *m, Files: len(m.Files), Out: dir}
	for _, f := range m.Files {
		result.Bytes += f.Bytes
	}
	return c.print(result, func(w io.Writer) {
		fmt.Fprintf(w, "Simulated, not real: %d people, %d events (%d repeated, %d late) in %d files, %d MB, in %s\n", m.Counts.Users, m.Counts.Events,
			m.Counts.Duplicates, m.Counts.Late, result.Files, result.Bytes/1e6, time.Since(began).Round(time.Second/10))
		fmt.Fprintf(w, "See %s/%s; read them with: weir import --backfill %s/events-*\n", dir, simulate.ManifestName, dir)
	})
}
