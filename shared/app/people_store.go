package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/weir-engine/weir/shared/analytics"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
)

// figuresName is the file of the figures of a generation.
const figuresName = "figures.json"

// figuresAt is the file of the figures of its first shards, from which an interrupted snapshot goes on.
func figuresAt(shards int) string { return fmt.Sprintf("figures-%04d.json", shards) }

// crowd writes the people and the figures of a stored snapshot.
type crowd struct {
	s       *snapshotter
	ctx     context.Context
	w       *partWriter
	figures *Figures
	parts   int
	r       score.Result
}

// crowd begins with the people that are written already.
func (s *snapshotter) crowd(ctx context.Context) (*crowd, error) {
	c := &crowd{s: s, ctx: ctx, w: newPartWriter(s.work.AsOf), figures: newFigures(s.live, s.work.AsOf), parts: s.work.Parts}
	if len(s.work.Shards) == 0 {
		return c, nil
	}
	text, err := s.a.ports.Shots.Get(ctx, s.work.Generation, figuresAt(len(s.work.Shards)))
	if err != nil {
		return nil, fault.Wrap(err, "read the figures of the snapshot")
	}
	if err := json.Unmarshal(text, c.figures); err != nil {
		return nil, fault.New(fault.Internal, "the figures of the snapshot are damaged").Because(err)
	}
	c.figures.Concentration = analytics.NewConcentration()
	for n := range c.parts {
		p, err := s.a.part(ctx, s.work.Generation, n)
		if err != nil {
			return nil, err
		}
		for row := range p.rows {
			if p.number(pOrders, row) > 0 {
				c.figures.Concentration.AddSpend(p.number(pSpend, row))
			}
		}
	}
	return c, nil
}

// add appends one user; last says that the shard ends with them.
func (c *crowd) add(key string, f *profile.Facts, st *profile.State, last bool) error {
	live := c.s.live
	live.Engine.Score(key, f, st, live.Cuts, c.s.work.AsOf, &c.r)
	c.figures.add(f, &c.r)
	if full := c.w.add(&c.r); full || last {
		return c.flush()
	}
	return nil
}

func (c *crowd) flush() error {
	if c.w.rows() == 0 {
		return nil
	}
	file, err := c.w.part()
	if err != nil {
		return err
	}
	c.parts++
	return c.put(partName(c.parts-1), file)
}

func (c *crowd) put(name string, content []byte) error {
	return c.s.a.ports.Shots.Put(c.ctx, c.s.work.Generation, name, bytes.NewReader(content))
}

// keep writes the figures so far, for whoever goes on after this shard. The spends stand in the parts.
func (c *crowd) keep(shards int) error {
	kept := *c.figures
	kept.Concentration = nil
	return c.putFigures(figuresAt(shards), &kept)
}

func (c *crowd) putFigures(name string, x *Figures) error {
	text, err := json.Marshal(x)
	if err != nil {
		return fault.New(fault.Internal, "the figures cannot be written").Because(err)
	}
	return c.put(name, text)
}

// close writes the rest.
func (c *crowd) close() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.putFigures(figuresName, c.figures)
}

// forgetMeanwhile takes those out of the people of a new generation who were forgotten since it was begun. Whoever is forgotten from now
// on finds all of its parts.
func (s *snapshotter) forgetMeanwhile(ctx context.Context) error {
	g, err := s.a.graves(ctx)
	if err != nil || len(g.all) == s.work.Forgotten {
		return err
	}
	return s.a.forgetIn(ctx, s.work.Generation, func(key []byte) bool { return g.holds(string(key)) })
}

// forgetPeople takes keys out of the people of every stored snapshot. It can be repeated.
func (a *App) forgetPeople(ctx context.Context, keys []string) error {
	gone := make(map[string]bool, len(keys))
	for _, key := range keys {
		gone[key] = true
	}
	all, err := a.ports.Shots.Generations(ctx)
	if err != nil {
		return fault.Wrap(err, "list the snapshots")
	}
	for _, generation := range all {
		if err := a.forgetIn(ctx, generation, func(key []byte) bool { return gone[string(key)] }); err != nil {
			return err
		}
	}
	return nil
}

// forgetIn writes those parts of a generation anew that hold somebody who is gone. Their rows stay, and say nothing of whom they are.
func (a *App) forgetIn(ctx context.Context, generation string, gone func(key []byte) bool) error {
	for n := 0; ; n++ {
		file, err := a.ports.Shots.Get(ctx, generation, partName(n))
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return fault.Wrap(err, "read the people of the snapshot %s", generation)
		}
		b, err := unpackPart(file)
		if err != nil {
			return err
		}
		p, err := openPart(b)
		if err != nil {
			return err
		}
		without, rows := p.erase(b, gone)
		if rows == 0 {
			continue
		}
		a.shelf.drop(generation + "/" + partName(n))
		if err := a.ports.Shots.Put(ctx, generation, partName(n), bytes.NewReader(packPart(without))); err != nil {
			return fault.Wrap(err, "write the people of the snapshot %s", generation)
		}
	}
}

// part reads a part of the people of a generation.
func (a *App) part(ctx context.Context, generation string, n int) (*people, error) {
	b, err := a.shelf.get(generation+"/"+partName(n), func() ([]byte, error) {
		file, err := a.ports.Shots.Get(ctx, generation, partName(n))
		if err != nil {
			return nil, fault.Wrap(err, "read the people of the snapshot")
		}
		return unpackPart(file)
	})
	if err != nil {
		return nil, err
	}
	return openPart(b)
}

// shelf keeps files of the current snapshot in memory between requests, unpacked, up to a bound: what does not fit is read each time.
type shelf struct {
	mu         sync.Mutex
	generation string
	files      map[string][]byte
	bytes      int
}

// shelfBytes is what the shelf holds at most: people and shards of about a million users.
const shelfBytes = 256 << 20

// turn empties the shelf when another generation is read.
func (s *shelf) turn(generation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation != generation {
		s.generation, s.files, s.bytes = generation, map[string][]byte{}, 0
	}
}

// get returns a file, which nobody changes.
func (s *shelf) get(name string, read func() ([]byte, error)) ([]byte, error) {
	s.mu.Lock()
	b, ok := s.files[name]
	generation := s.generation
	s.mu.Unlock()
	if ok {
		return b, nil
	}
	b, err := read()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.files[name]; !ok && generation != "" && s.generation == generation && len(name) > len(generation) && name[:len(generation)] == generation &&
		s.bytes+len(b) <= shelfBytes {
		s.files[name], s.bytes = b, s.bytes+len(b)
	}
	return b, nil
}

func (s *shelf) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= len(s.files[name])
	delete(s.files, name)
}
