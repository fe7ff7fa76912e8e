package profile

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/weir-engine/weir/shared/zone"
)

// State is what decisions settled about one user. The zero State: nothing was decided yet.
type State struct {
	Stage     string   // the settled stage
	From      string   // the settled stage before
	Since     zone.Day // the day on which Stage was entered
	SinceMs   int64    // unix milliseconds
	Segments  []string // sorted
	Tags      []string // by conditions, sorted
	Episodes  []Episode
	DecidedAt int64  // unix milliseconds: asOf of the last decision
	Strategy  string // versions that the last decision used
	Cuts      string
	Model     string
	Seq       int64  // decision records written so far
	Why       []byte // what the decider wants to find again
}

// Episode is one rule's re-entries of one user, by Rule.
type Episode struct {
	Rule    string
	Counter int64 // episodes so far
	Start   int64 // unix milliseconds: when the last one began
	Open    bool
}

// stateVersion is the version of STATE's encoding.
const stateVersion = 1

// Sections of a STATE.
const (
	stateStage = 1 << iota
	stateFrom
	stateSegments
	stateTags
	stateEpisodes
	stateVersions
	stateWhy
	stateAll = 1<<iota - 1
)

// EncodeState appends the encoding of s to dst. Equal states give equal bytes; the zero State is the version alone.
func EncodeState(dst []byte, s *State) []byte {
	dst = append(dst, stateVersion)
	flags := s.sections()
	if flags == 0 && s.Since == 0 && s.SinceMs == 0 && s.DecidedAt == 0 && s.Seq == 0 {
		return dst
	}
	dst = appendUint(dst, flags)
	dst = appendInt(dst, s.DecidedAt)
	dst = appendInt(dst, s.DecidedAt-s.SinceMs)
	dst = appendInt(dst, int64(s.Since)-utcDay(s.SinceMs))
	dst = appendUint(dst, uint64(s.Seq))
	if flags&stateStage != 0 {
		dst = appendText(dst, s.Stage)
	}
	if flags&stateFrom != 0 {
		dst = appendText(dst, s.From)
	}
	if flags&stateSegments != 0 {
		dst = appendTexts(dst, s.Segments)
	}
	if flags&stateTags != 0 {
		dst = appendTexts(dst, s.Tags)
	}
	if flags&stateEpisodes != 0 {
		dst = appendUint(dst, uint64(len(s.Episodes)))
		for i := range s.Episodes {
			dst = s.Episodes[i].encode(dst, s.DecidedAt)
		}
	}
	if flags&stateVersions != 0 {
		dst = appendVersion(appendVersion(appendVersion(dst, s.Strategy), s.Cuts), s.Model)
	}
	return append(dst, s.Why...)
}

func (s *State) sections() uint64 {
	flags := uint64(0)
	for bit, on := range [...]bool{
		s.Stage != "", s.From != "", len(s.Segments) > 0, len(s.Tags) > 0, len(s.Episodes) > 0,
		s.Strategy != "" || s.Cuts != "" || s.Model != "", len(s.Why) > 0,
	} {
		if on {
			flags |= 1 << bit
		}
	}
	return flags
}

func (e *Episode) encode(dst []byte, decided int64) []byte {
	open := uint64(0)
	if e.Open {
		open = 1
	}
	dst = appendUint(appendText(dst, e.Rule), uint64(e.Counter)<<1|open)
	return appendInt(dst, decided-e.Start)
}

func appendTexts(dst []byte, list []string) []byte {
	dst = appendUint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

// appendVersion writes a version, in half the space when it is lower-case hex.
func appendVersion(dst []byte, s string) []byte {
	var room [64]byte
	if b, err := hex.AppendDecode(room[:0], []byte(s)); err == nil && len(b) > 0 && hex.EncodeToString(b) == s {
		return append(appendUint(dst, uint64(len(b))<<1|1), b...)
	}
	return append(appendUint(dst, uint64(len(s))<<1), s...)
}

func (r *reader) version() string {
	v := r.uint()
	b := r.take(r.within(v>>1, 1))
	if v&1 != 0 {
		return hex.EncodeToString(b)
	}
	return string(b)
}

// DecodeState replaces s by the state that b encodes; empty b is the zero State. It fails like DecodeFacts.
func DecodeState(b []byte, s *State) error {
	*s = State{}
	if len(b) == 0 {
		return nil
	}
	if b[0] > stateVersion {
		return errVersion
	}
	if b[0] != stateVersion {
		return errCorrupt
	}
	r := reader{b: b[1:]}
	if len(r.b) > 0 {
		s.decode(&r, string(b))
	}
	if r.failed || len(r.b) > 0 {
		*s = State{}
		return errCorrupt
	}
	return nil
}

func (s *State) decode(r *reader, all string) {
	flags := r.uint()
	if flags > stateAll {
		r.fail()
	}
	s.DecidedAt = r.int()
	s.SinceMs = s.DecidedAt - r.int()
	since := r.int() + utcDay(s.SinceMs)
	s.Since = zone.Day(since)
	if int64(s.Since) != since {
		r.fail()
	}
	s.Seq = int64(r.uint())
	if flags&stateStage != 0 {
		s.Stage = r.text(all)
	}
	if flags&stateFrom != 0 {
		s.From = r.text(all)
	}
	if flags&stateSegments != 0 {
		s.Segments = r.texts(all)
	}
	if flags&stateTags != 0 {
		s.Tags = r.texts(all)
	}
	if flags&stateEpisodes != 0 {
		n := r.count(3)
		s.Episodes = make([]Episode, n)
		for i := range s.Episodes {
			rule, v := r.text(all), r.uint()
			s.Episodes[i] = Episode{Rule: rule, Counter: int64(v >> 1), Open: v&1 != 0, Start: s.DecidedAt - r.int()}
		}
	}
	if flags&stateVersions != 0 {
		s.Strategy, s.Cuts, s.Model = r.version(), r.version(), r.version()
	}
	if flags&stateWhy != 0 {
		s.Why = append(s.Why, r.take(len(r.b))...)
	}
}

func (r *reader) texts(all string) []string {
	list := make([]string, r.count(1))
	for i := range list {
		list[i] = r.text(all)
	}
	return list
}

// MergeState joins the states of two profiles that turned out to be one user: the stage of the earlier decision, every
// segment and tag of either, so that entering one that either was in is no news; of each rule's episodes the larger counter
// and the earlier start, open if either is. The next decision settles the rest. It is commutative.
func MergeState(a, b *State) State {
	if a.empty() {
		return b.clone()
	}
	if b.empty() {
		return a.clone()
	}
	if cmp.Or(cmp.Compare(b.SinceMs, a.SinceMs), cmp.Compare(b.DecidedAt, a.DecidedAt), strings.Compare(b.Stage, a.Stage), strings.Compare(b.From, a.From),
		strings.Compare(b.Strategy, a.Strategy), strings.Compare(b.Cuts, a.Cuts), strings.Compare(b.Model, a.Model), slices.Compare(b.Why, a.Why)) < 0 {
		a, b = b, a
	}
	m := a.clone()
	m.DecidedAt, m.Seq = max(a.DecidedAt, b.DecidedAt), max(a.Seq, b.Seq)
	m.Segments, m.Tags = union(a.Segments, b.Segments), union(a.Tags, b.Tags)
	for _, e := range b.Episodes {
		i := slices.IndexFunc(m.Episodes, func(x Episode) bool { return x.Rule == e.Rule })
		if i < 0 {
			m.Episodes = append(m.Episodes, e)
			continue
		}
		x := &m.Episodes[i]
		switch {
		case x.Open == e.Open:
			x.Start = min(x.Start, e.Start)
		case e.Open:
			x.Start = e.Start
		}
		x.Counter, x.Open = max(x.Counter, e.Counter), x.Open || e.Open
	}
	slices.SortFunc(m.Episodes, func(x, y Episode) int { return strings.Compare(x.Rule, y.Rule) })
	return m
}

func (s *State) empty() bool {
	return s.sections() == 0 && s.DecidedAt == 0 && s.Seq == 0
}

func (s *State) clone() State {
	c := *s
	c.Segments, c.Tags = slices.Clone(s.Segments), slices.Clone(s.Tags)
	c.Episodes, c.Why = slices.Clone(s.Episodes), slices.Clone(s.Why)
	return c
}

func union(a, b []string) []string {
	u := slices.Concat(a, b)
	slices.Sort(u)
	return slices.Compact(u)
}
