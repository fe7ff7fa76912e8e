package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/weir-engine/weir/shared/event"
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

// report folds a file and prints the outcome.
func report(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	text := bench
	if name := os.Getenv("STRATEGY"); name != "" {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text = string(b)
	}
	s, err := strategy.Parse([]byte(text))
	if err != nil {
		return err
	}
	schema, err := profile.NewSchema(s, zone.UTC)
	if err != nil {
		return err
	}
	start, cpu := time.Now(), cpuTime()
	b := newBase(schema)
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

// partitions is how many parts the events of a file are routed to by the hash of their user, as the real ingest does: the
// profiles of one part fit the cache.
const partitions = 256

// base folds a file: first every event is read, validated and kept as a record with its part, then part by part the events
// are deduplicated and folded.
type base struct {
	schema *profile.Schema
	parts  [partitions]part
	users  table
	seen   ids
	ev     event.Event
}

func newBase(s *profile.Schema) *base { return &base{schema: s} }

func (b *base) read(f io.ReaderAt, size int64) (out outcome, err error) {
	out.First = math.MaxInt64
	r, err := eventfile.Open(f, size, eventfile.Options{Arrived: time.Now().UnixMilli()})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		ev, err := r.Next()
		if err != nil {
			var line *eventfile.LineError
			if errors.As(err, &line) {
				out.Rejected++
				continue
			}
			if err == io.EOF {
				break
			}
			return out, err
		}
		if b.schema.Check(ev) != nil {
			out.Rejected++
			continue
		}
		b.parts[event.UserHash(ev.Key())>>56].add(ev)
	}
	for i := range b.parts {
		b.users.reset()
		b.seen.reset()
		for _, block := range b.parts[i].blocks {
			if err := b.fold(block, &out); err != nil {
				return out, err
			}
		}
		b.totals(&out)
	}
	return out, nil
}

// part is the records of one part, each behind its length, in blocks.
type part struct {
	blocks [][]byte
	last   []byte
}

func (p *part) add(ev *event.Event) {
	if len(p.blocks) == 0 || cap(p.last)-len(p.last) < usualRecord {
		p.blocks = append(p.blocks, nil)
		p.last = make([]byte, 0, blockBytes)
	}
	at := len(p.last)
	p.last = event.AppendRecord(append(p.last, 0, 0, 0, 0), ev)
	binary.LittleEndian.PutUint32(p.last[at:], uint32(len(p.last)-at-4))
	p.blocks[len(p.blocks)-1] = p.last
}

// usualRecord is the room that is kept for one more record; a longer one makes its block longer.
const usualRecord = 512

const blockBytes = 64 << 10

// fold folds the records of one block.
func (b *base) fold(records []byte, out *outcome) error {
	for len(records) > 0 {
		n := binary.LittleEndian.Uint32(records)
		if err := event.DecodeRecord(records[4:4+n], &b.ev); err != nil {
			return err
		}
		records = records[4+n:]
		id := b.ev.StableID(0) // every line has a messageId: the occurrence does not matter
		if !b.seen.add(id) {
			out.Duplicates++
			continue
		}
		b.schema.Fold(b.users.facts(b.ev.Key()), &b.ev, id)
		out.Events++
	}
	return nil
}

// totals adds the profiles of one part to out.
func (b *base) totals(out *outcome) {
	out.Users += len(b.users.keys)
	for i := range b.users.keys {
		for _, d := range b.users.list[i].Purchases {
			out.Revenue += d.Net
		}
		out.First, out.Last = min(out.First, b.users.list[i].FirstSeen), max(out.Last, b.users.list[i].LastSeen)
	}
}

// table finds the profiles of a part by user key, open-addressed. Its memory is used again for the next part.
type table struct {
	slots []uint32 // 1 + index of the user
	keys  []string // they alias the part's records
	list  []profile.Facts
}

func (t *table) reset() {
	clear(t.slots)
	t.keys = t.keys[:0]
}

// facts returns the profile of a key, an empty one for a new key.
func (t *table) facts(key string) *profile.Facts {
	if 2*len(t.keys) >= len(t.slots) {
		t.slots = make([]uint32, max(1024, 2*len(t.slots)))
		for u, known := range t.keys {
			t.slots[t.slot(known)] = uint32(u + 1)
		}
	}
	i := t.slot(key)
	if t.slots[i] == 0 {
		if len(t.keys) == len(t.list) {
			t.list = append(t.list, profile.Facts{})
		}
		t.list[len(t.keys)].Reset()
		t.keys = append(t.keys, key)
		t.slots[i] = uint32(len(t.keys))
	}
	return &t.list[t.slots[i]-1]
}

func (t *table) slot(key string) uint64 {
	mask := uint64(len(t.slots) - 1)
	i := event.UserHash(key) & mask
	for t.slots[i] != 0 && t.keys[t.slots[i]-1] != key {
		i = (i + 1) & mask
	}
	return i
}

// ids is a set of event identities, open-addressed.
type ids struct {
	slots []event.ID
	n     int
}

func (s *ids) reset() {
	clear(s.slots)
	s.n = 0
}

// add puts id into the set and reports whether it was not in it.
func (s *ids) add(id event.ID) bool {
	if 2*s.n >= len(s.slots) {
		old := s.slots
		s.slots = make([]event.ID, max(1024, 2*len(old)))
		for _, x := range old {
			if x != (event.ID{}) {
				s.slots[s.slot(x)] = x
			}
		}
	}
	i := s.slot(id)
	if s.slots[i] == id {
		return false
	}
	s.slots[i] = id
	s.n++
	return true
}

func (s *ids) slot(id event.ID) uint64 {
	mask := uint64(len(s.slots) - 1)
	i := binary.LittleEndian.Uint64(id[:8]) & mask
	for s.slots[i] != (event.ID{}) && s.slots[i] != id {
		i = (i + 1) & mask
	}
	return i
}
