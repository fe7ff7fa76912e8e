package main

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// bench is the strategy that the fold extracts: it declares no metrics, so a profile holds what every profile has. Of that
// the number of events, the money of all purchases, and the first and last time are what the query beside it groups.
const bench = `weir: 1
name: bench
`

// outcome is what `fold` prints.
type outcome struct {
	Events     int64   `json:"events"`
	Users      int     `json:"users"`
	Duplicates int64   `json:"duplicates"`
	Rejected   int64   `json:"rejected"`
	Revenue    int64   `json:"revenue_minor"`
	First      int64   `json:"first_ms"`
	Last       int64   `json:"last_ms"`
	Seconds    float64 `json:"seconds"`
	CPU        float64 `json:"cpu_seconds"`
}

// open makes a base under the strategy in the environment variable STRATEGY, a file, or under bench.
func open() (*base, error) {
	text := []byte(bench)
	if name := os.Getenv("STRATEGY"); name != "" {
		var err error
		if text, err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	s, err := strategy.Parse(text)
	if err != nil {
		return nil, err
	}
	schema, err := profile.NewSchema(s, zone.UTC)
	return &base{table: profile.NewTable(schema), columns: newColumnar(schema)}, err
}

// report folds a file and prints the outcome.
func (b *base) report(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	start, cpu := time.Now(), cpuTime()
	out, err := b.read(f, info.Size())
	if err != nil {
		return err
	}
	out.Seconds, out.CPU = time.Since(start).Seconds(), (cpuTime() - cpu).Seconds()
	return json.NewEncoder(os.Stdout).Encode(out)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// base folds a file. Its memory serves the next file again.
type base struct {
	table   *profile.Table
	columns *columnar // of Parquet
}

func (b *base) read(f io.ReaderAt, size int64) (out outcome, err error) {
	out.First = math.MaxInt64
	r, err := eventfile.Open(f, size, eventfile.Options{Arrived: time.Now().UnixMilli()})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	users, duplicates := b.table.Users, b.table.Duplicates
	if r.ByColumns() {
		users, duplicates = b.columns.rows.Users, b.columns.rows.Duplicates
		err = b.columns.read(r, &out)
	} else {
		err = b.events(r, &out)
	}
	if err != nil {
		return out, err
	}
	for _, f := range users() {
		out.Users++
		out.Events += f.Events
		for _, d := range f.Purchases {
			out.Revenue += d.Net
		}
		out.First, out.Last = min(out.First, f.FirstSeen), max(out.Last, f.LastSeen)
	}
	out.Duplicates = duplicates()
	return out, nil
}

// events reads a file event by event.
func (b *base) events(r *eventfile.Reader, out *outcome) error {
	for {
		ev, err := r.Next()
		if err != nil {
			var line *eventfile.LineError
			if errors.As(err, &line) {
				out.Rejected++
				continue
			}
			if err == io.EOF {
				return nil
			}
			return err
		}
		if b.table.Add(ev) != nil {
			out.Rejected++
		}
	}
}
