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
	return &base{schema: schema}, err
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

// partitions is how many parts the events of a file are routed to by the hash of their user, as the real ingest does: the
// profiles of one part fit the cache.
const partitions = 64

// base folds a file: first every event is read, validated and kept as a record with its part, then part by part the events
// are deduplicated and folded. Its memory serves the next file again.
type base struct {
	schema *profile.Schema
	parts  [partitions]part
	free   [][]byte // blocks of parts that are folded
	users  table
	seen   ids
	ev     event.Event
}

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
		hash := event.UserHash(ev.Key())
		b.add(&b.parts[hash>>58], hash, ev)
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
		b.free = append(b.free, b.parts[i].blocks...)
		b.parts[i] = part{blocks: b.parts[i].blocks[:0]}
	}
	return out, nil
}

// part is the records of one part in blocks, each behind its length and the hash of its user.
type part struct {
	blocks [][]byte
	last   []byte
}

const (
	blockBytes = 64 << 10
	headBytes  = 12
)

// add keeps an event with its part.
func (b *base) add(p *part, hash uint64, ev *event.Event) {
	if cap(p.last)-len(p.last) < usualRecord {
		p.blocks = append(p.blocks, nil)
		if n := len(b.free); n > 0 {
			p.last, b.free = b.free[n-1][:0], b.free[:n-1]
		} else {
			p.last = make([]byte, 0, blockBytes)
		}
	}
	at := len(p.last)
	p.last = event.AppendRecord(p.last[:at+headBytes], ev)
	binary.LittleEndian.PutUint32(p.last[at:], uint32(len(p.last)-at-headBytes))
	binary.LittleEndian.PutUint64(p.last[at+4:], hash)
	p.blocks[len(p.blocks)-1] = p.last
}

// usualRecord is the room that is kept for one more record; a longer one makes its block longer.
const usualRecord = 512

// fold folds the records of one block.
func (b *base) fold(records []byte, out *outcome) error {
	for len(records) > 0 {
		n, hash := binary.LittleEndian.Uint32(records), binary.LittleEndian.Uint64(records[4:])
		if err := event.DecodeRecord(records[headBytes:headBytes+n], &b.ev); err != nil {
			return err
		}
		records = records[headBytes+n:]
		id := b.ev.StableID(0) // every line has a messageId: the occurrence does not matter
		if !b.seen.add(id) {
			out.Duplicates++
			continue
		}
		b.schema.Fold(b.users.facts(hash, b.ev.Key()), &b.ev, id)
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

// table finds the profiles of a part by user, open-addressed. Its memory is used again for the next part.
type table struct {
	slots  []uint32 // 1 + index of the user
	keys   []string // they alias the part's records
	hashes []uint64
	list   []profile.Facts
}

func (t *table) reset() {
	clear(t.slots)
	t.keys, t.hashes = t.keys[:0], t.hashes[:0]
}

// facts returns the profile of a user, an empty one for a new user.
func (t *table) facts(hash uint64, key string) *profile.Facts {
	if 2*len(t.keys) >= len(t.slots) {
		t.slots = make([]uint32, max(1024, 2*len(t.slots)))
		for u, known := range t.keys {
			t.slots[t.slot(t.hashes[u], known)] = uint32(u + 1)
		}
	}
	i := t.slot(hash, key)
	if t.slots[i] == 0 {
		if len(t.keys) == len(t.list) {
			t.list = append(t.list, profile.Facts{})
		}
		t.list[len(t.keys)].Reset()
		t.keys, t.hashes = append(t.keys, key), append(t.hashes, hash)
		t.slots[i] = uint32(len(t.keys))
	}
	return &t.list[t.slots[i]-1]
}

func (t *table) slot(hash uint64, key string) uint64 {
	mask := uint64(len(t.slots) - 1)
	i := hash & mask
	for u := t.slots[i]; u != 0 && (t.hashes[u-1] != hash || t.keys[u-1] != key); u = t.slots[i] {
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
