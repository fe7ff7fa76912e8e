package app

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// A spilled event is a header to sort by and the event's record:
//
//	hash 8 | time 8 | what 1 | id or content 16 | key length | key | [personal length | personal] | event record
//
// In a raw partition hash and key are those the event arrived under; in a linked partition they are the canonical user's.

// spilled is one event of a chunk, before it is decoded.
type spilled struct {
	hash   uint64
	time   int64
	key    string // user the event belongs to; aliases the chunk's memory
	id     event.ID
	named  bool // id is final; else it is the hash of the content, and the occurrence is still to be counted
	linked bool // came through a link: its canonical row is written already
	record []byte
	// personal is what was taken out of the event, as JSON; "" for nothing. It goes no further than the canonical rows.
	personal string
}

// What a spilled event's header says.
const (
	spillNamed    = 1 << iota // the id is final
	spillPersonal             // something was taken out
)

func appendSpilled(dst []byte, hash uint64, key string, ev *event.Event, personal []byte) []byte {
	id, what := event.ID(ev.Content), byte(0)
	if ev.MessageID != "" {
		id, what = ev.StableIDOf(hash, 0), spillNamed
	}
	if len(personal) > 0 {
		what |= spillPersonal
	}
	dst = appendSpillHeader(dst, hash, ev.Time, what, id, key)
	if len(personal) > 0 {
		dst = append(binary.AppendUvarint(dst, uint64(len(personal))), personal...)
	}
	return event.AppendRecord(dst, ev)
}

func appendSpillHeader(dst []byte, hash uint64, time int64, named byte, id event.ID, key string) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, hash)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(time))
	dst = append(dst, named)
	dst = append(dst, id[:]...)
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

const spillHeader = 8 + 8 + 1 + 16

func decodeSpilled(b []byte, linked bool) (spilled, error) {
	if len(b) < spillHeader {
		return spilled{}, errSpill
	}
	s := spilled{
		hash: binary.LittleEndian.Uint64(b), time: int64(binary.LittleEndian.Uint64(b[8:])),
		named: b[16]&spillNamed != 0, id: event.ID(b[17:33]), linked: linked,
	}
	n, used := binary.Uvarint(b[spillHeader:])
	if used <= 0 || uint64(len(b)-spillHeader-used) < n {
		return spilled{}, errSpill
	}
	at := spillHeader + used
	s.key, s.record = asString(b[at:at+int(n)]), b[at+int(n):]
	if b[16]&spillPersonal != 0 {
		n, used := binary.Uvarint(s.record)
		if used <= 0 || uint64(len(s.record)-used) < n {
			return spilled{}, errSpill
		}
		s.personal, s.record = asString(s.record[used:used+int(n)]), s.record[used+int(n):]
	}
	return s, nil
}

var errSpill = fault.New(fault.Internal, "the scratch file of the import is damaged").
	WithHint("import the file again: it goes on where it was")

// load reads one partition into memory, sorted by user, time and identity, with final identities and without repetitions
// within the file. It returns the number of repetitions.
func (in *ingest) load(part int, linked bool) ([]spilled, int64, error) {
	memory := make([]byte, 0, in.spill.Bytes(part))
	var all []spilled
	for record, err := range in.spill.Read(part) {
		if err != nil {
			return nil, 0, fault.Wrap(err, "read the scratch file of the import")
		}
		start := len(memory)
		if cap(memory)-start < len(record) { // Bytes is an estimate: start a new block, the old one stays referenced
			memory, start = make([]byte, 0, max(1<<20, len(record))), 0
		}
		memory = append(memory, record...)
		s, err := decodeSpilled(memory[start:len(memory):len(memory)], linked)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, s)
	}
	nameOccurrences(all)
	unique := dedupe(all)
	return unique, int64(len(all) - len(unique)), nil
}

// dedupe sorts by user, time and identity, and keeps one event of each identity: the earliest, whatever the order they came in.
func dedupe(all []spilled) []spilled {
	all = sortByID(all)
	for run := range sameHash(all) {
		if mixed(run) {
			slices.SortStableFunc(run, func(a, b spilled) int { return strings.Compare(a.key, b.key) })
		}
	}
	all = slices.CompactFunc(all, func(a, b spilled) bool { return a.id == b.id && a.hash == b.hash && a.key == b.key })
	for user := range users(all) {
		if len(user) > 1 {
			slices.SortFunc(user, func(a, b spilled) int { return cmp.Or(cmp.Compare(a.time, b.time), compareID(a.id, b.id)) })
		}
	}
	return all
}

// sortByID sorts by hash, identity, time and content. It sorts small keys and moves each event once.
func sortByID(all []spilled) []spilled {
	type sortKey struct {
		hash, hi, lo uint64
		at           int
	}
	keys := make([]sortKey, len(all))
	for i := range all {
		id := &all[i].id
		keys[i] = sortKey{all[i].hash, binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]), i}
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		switch {
		case a.hash != b.hash:
			return cmp.Compare(a.hash, b.hash)
		case a.hi != b.hi:
			return cmp.Compare(a.hi, b.hi)
		case a.lo != b.lo:
			return cmp.Compare(a.lo, b.lo)
		}
		x, y := &all[a.at], &all[b.at]
		return cmp.Or(cmp.Compare(x.time, y.time), bytes.Compare(x.record, y.record), strings.Compare(x.personal, y.personal))
	})
	sorted := make([]spilled, len(all))
	for i := range keys {
		sorted[i] = all[keys[i].at]
	}
	return sorted
}

// mixed reports whether users whose hashes collide stand in a run of one hash.
func mixed(run []spilled) bool {
	for i := 1; i < len(run); i++ {
		if run[i].key != run[0].key {
			return true
		}
	}
	return false
}

// sameHash yields the runs of events with one hash.
func sameHash(all []spilled) iter.Seq[[]spilled] {
	return runs(all, func(a, b *spilled) bool { return a.hash == b.hash })
}

// users yields the runs of events of one user.
func users(all []spilled) iter.Seq[[]spilled] {
	return runs(all, func(a, b *spilled) bool { return a.hash == b.hash && a.key == b.key })
}

// runs yields the longest runs of neighbours that belong together.
func runs(all []spilled, together func(a, b *spilled) bool) iter.Seq[[]spilled] {
	return func(yield func([]spilled) bool) {
		for start := 0; start < len(all); {
			end := start + 1
			for end < len(all) && together(&all[start], &all[end]) {
				end++
			}
			if !yield(all[start:end]) {
				return
			}
			start = end
		}
	}
}

func compareUser(a, b spilled) int {
	return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.key, b.key))
}

// nameOccurrences gives the events that came without a messageId their identity: the k-th occurrence of the same content.
func nameOccurrences(all []spilled) {
	var nameless []*spilled
	for i := range all {
		if !all[i].named {
			nameless = append(nameless, &all[i])
		}
	}
	slices.SortStableFunc(nameless, func(a, b *spilled) int {
		return cmp.Or(compareUser(*a, *b), compareID(a.id, b.id))
	})
	var content event.ID
	var key string
	var k uint32
	for _, s := range nameless {
		if s.id != content || s.key != key {
			content, key, k = s.id, s.key, 0
		}
		s.id, s.named = event.ContentID(event.UserHash(s.key), content, k), true
		k++
	}
}

func compareID(a, b event.ID) int { return strings.Compare(asString(a[:]), asString(b[:])) }
