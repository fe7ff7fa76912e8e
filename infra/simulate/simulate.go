// Package simulate invents user bases: people with heavy-tailed rates of purchase and visits, seasons, channels and churn, as files of
// events with what real files bring, late, repeated and refunded events, and people who come without an id first. The files are for
// tests of scale and of models whose truth is known; they are never to be presented as real data. The same arguments give the same
// bytes on every machine.
package simulate

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// The limits of a simulation.
const (
	MaxUsers = 50_000_000
	MaxDays  = 3660
)

// DefaultEnd is the day on which a simulation ends unless told otherwise.
var DefaultEnd = zone.DayOf(2026, time.January, 1)

// Options are the arguments of a simulation.
type Options struct {
	Users    int
	Days     int
	Seed     uint64
	End      zone.Day // the first day after the last simulated one, in UTC
	Format   string   // ndjson or parquet
	Compress string   // "", gzip or zstd; of Parquet the codec of its pages, snappy for ""
	Daily    bool     // a file for each day, however small

	Progress func(step string, done, total int64) // may be nil
}

// check refuses what cannot be simulated.
func (o *Options) check() error {
	switch {
	case o.Users < 1 || o.Users > MaxUsers:
		return fault.New(fault.Invalid, "%d users cannot be simulated", o.Users).WithHint("simulate 1 to %d", MaxUsers)
	case o.Days < 1 || o.Days > MaxDays:
		return fault.New(fault.Invalid, "%d days cannot be simulated", o.Days).WithHint("simulate 1 to %d", MaxDays)
	case o.Format != "ndjson" && o.Format != "parquet":
		return fault.New(fault.Invalid, "%q is no format of event files", o.Format).WithHint("use ndjson or parquet")
	case o.Compress != "" && o.Compress != "gzip" && o.Compress != "zstd":
		return fault.New(fault.Invalid, "%q is no compression of event files", o.Compress).WithHint("use gzip or zstd, or none")
	case o.End-zone.Day(o.Days) < 0:
		return fault.New(fault.Invalid, "%d days before %s begin before 1970", o.Days, o.End).WithHint("simulate fewer days, or a later end")
	}
	return nil
}

// Run writes a base into a folder, which must be empty or not there yet: the files of events in the order in which they arrive, then
// manifest.json. Without the manifest a folder is not whole. Memory does not depend on the number of users; the disk holds the events
// twice for a while.
func Run(ctx context.Context, dir string, o Options) (*Manifest, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := emptyFolder(dir); err != nil {
		return nil, err
	}
	m := newManifest(o)
	spill, err := newSpill(filepath.Join(dir, ".unsorted"), o)
	if err != nil {
		return nil, err
	}
	defer spill.remove()
	if err := people(ctx, o, spill, m); err != nil {
		return nil, err
	}
	if err := files(ctx, dir, o, spill, m); err != nil {
		return nil, err
	}
	return m, m.write(filepath.Join(dir, ManifestName))
}

// Each makes the same people without files: it calls do with everybody's name and different events, in no particular order of time.
func Each(o Options, do func(id string, events []event.Event) error) error {
	if err := o.check(); err != nil {
		return err
	}
	start, end := o.span()
	var events []event.Event
	for i := range o.Users {
		p := newPerson(o.Seed, i, start, end)
		events = events[:0]
		for _, s := range p.live() {
			if !s.again {
				events = append(events, s.ev)
			}
		}
		if err := do(p.userID, events); err != nil {
			return err
		}
	}
	return nil
}

// people makes everybody's events.
func people(ctx context.Context, o Options, spill *spill, m *Manifest) error {
	start, end := o.span()
	for i := range o.Users {
		if i%1000 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			o.progress("people", int64(i), int64(o.Users))
		}
		p := newPerson(o.Seed, i, start, end)
		events := p.live()
		m.count(p, events)
		for k := range events {
			if err := spill.add(i, k, &events[k]); err != nil {
				return err
			}
		}
	}
	o.progress("people", int64(o.Users), int64(o.Users))
	return spill.flush()
}

// span is the first moment of the simulation and the first after it, in unix milliseconds.
func (o *Options) span() (start, end int64) {
	return int64(o.End-zone.Day(o.Days)) * dayMs, int64(o.End) * dayMs
}

func (o *Options) progress(step string, done, total int64) {
	if o.Progress != nil {
		o.Progress(step, done, total)
	}
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cannotWrite(dir, err)
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return cannotWrite(dir, err)
	}
	if len(found) > 0 {
		return fault.New(fault.Conflict, "the folder %s is not empty", dir).WithHint("name another folder, or empty it")
	}
	return nil
}

func cannotWrite(name string, err error) error {
	return fault.New(fault.Unavailable, "%s cannot be written", name).WithHint("check the permissions and the room on the disk").Because(err)
}
