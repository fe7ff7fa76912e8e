package eventfile

import (
	"encoding/binary"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/event"
)

// batches is what segment needs to read batches.
type batches struct {
	lanes  []*lane // of leaves
	slow   bool    // no row can be ready: a column is missing, or an id may be too long that is not checked here
	kind   *lane   // nil: every row is a track event
	event  *lane   // the names of track events
	user   *lane
	id     *lane // of messageIds
	time   *lane
	ids    []*lane // texts whose length is limited: anonymousId and the like
	keys   []string
	hashes []uint64 // of keys; 0 for a key that is not used
	text   []byte   // of keys that are no text in the file
	users  []uint64 // of each row the hash of its key
	turn   int
	list   []string          // names by number
	names  map[string]uint32 // their numbers + 1
	tracks []bool            // entries of the dictionary of kinds that are track
	known  []uint32          // of the dictionary of names: the name's number + 1, or 0
	kindOf parquet.Dictionary
	nameOf parquet.Dictionary
	userOf parquet.Dictionary
}

// lay lays out the lanes.
func (s *segment) lay() *batches {
	if s.by != nil {
		return s.by
	}
	s.by = &batches{names: map[string]uint32{}}
	for _, l := range s.leaves {
		s.by.lanes = append(s.by.lanes, &lane{leaf: l})
	}
	s.by.kind, s.by.time = s.laneOf(s.kind), s.laneOf(s.time)
	for _, t := range s.texts {
		c, text := s.laneOf(t.leaf), t.leaf.kind == leafText
		switch {
		case t.field == "event":
			s.by.event = c
		case t.field == "name":
		case t.field == "userId":
			s.by.user = c
		case t.field == "messageId":
			s.by.id = c
		case text:
			s.by.ids = append(s.by.ids, c)
		}
		if limit := s.o.Limits.IDBytes; !text && (t.leaf.kind == leafDecimal || t.leaf.kind == leafBigDecimal || limit > 0 && limit < shortID) {
			s.by.slow = true
		}
	}
	s.by.slow = s.by.slow || s.by.event == nil || s.by.user == nil || s.by.id == nil
	return s.by
}

func (s *segment) laneOf(l *leaf) *lane {
	for _, c := range s.by.lanes {
		if c.leaf == l {
			return c
		}
	}
	return nil
}

// fill finds out which rows are ready, and fills their columns.
func (b *Batch) fill(by *batches) {
	for i := range b.Ready {
		b.Ready[i] = !by.slow
	}
	if !by.slow {
		b.read(by)
	}
	b.Keys, b.Hashes, b.Names, b.Turn = by.keys, by.hashes, by.list, by.turn
}

func (b *Batch) read(by *batches) {
	by.readKinds(b)
	by.readNames(b, b.s.o.Limits.FieldBytes)
	by.readUsers(b, b.s.o.Limits.IDBytes)
	by.readTimes(b, b.s.o)
	for _, c := range by.ids {
		c.unreadyText(b.Ready, b.s.o.Limits.IDBytes)
	}
	for i := range b.s.objects {
		b.s.unreadyObject(&b.s.objects[i], b.Ready)
	}
	by.readIDs(b, b.s.o.Limits.IDBytes)
}

// readKinds leaves the track events ready.
func (by *batches) readKinds(b *Batch) {
	c := by.kind
	if c == nil {
		return
	}
	if !c.entries() {
		for i := range b.Ready {
			b.Ready[i] = b.Ready[i] && c.textAt(i) == "track"
		}
		return
	}
	if c.of != by.kindOf {
		by.kindOf, by.tracks = c.of, resize(by.tracks, c.run.count())
		for at := range by.tracks {
			by.tracks[at] = c.run.textAt(at) == "track"
		}
	}
	for i, at := range c.spots {
		if at < 0 || !by.tracks[at] {
			b.Ready[i] = false
		}
	}
}

// readNames numbers the names.
func (by *batches) readNames(b *Batch, limit int) {
	c := by.event
	if c.entries() && c.of != by.nameOf {
		by.nameOf, by.known = c.of, resize(by.known, c.run.count())
		for at := range by.known {
			by.known[at] = by.name(c.run, at, limit)
		}
	}
	for i := range b.Ready {
		n, at := uint32(0), c.at(i)
		switch {
		case at < 0:
		case c.entries():
			n = by.known[at]
		default:
			n = by.name(c.run, at, limit)
		}
		b.Name[i] = n - 1
		b.Ready[i] = b.Ready[i] && n > 0
	}
}

// name returns the number of a name + 1, 0 for a name that makes its row not ready.
func (by *batches) name(c *column, at, limit int) uint32 {
	name := c.textAt(at)
	if n, ok := by.names[name]; ok {
		return n
	}
	if name == "" || len(by.list) >= batchName || !c.good(at, limit) {
		return 0
	}
	name = strings.Clone(name)
	by.list = append(by.list, name)
	by.names[name] = uint32(len(by.list))
	return by.names[name]
}

// readUsers fills keys, users and Key.
func (by *batches) readUsers(b *Batch, limit int) {
	c := by.user
	by.users = resize(by.users, len(b.Ready))
	switch {
	case !c.entries():
		by.userOf = nil
		by.newKeys(len(b.Ready))
		for i := range b.Key {
			if at := c.at(i); at >= 0 {
				by.key(i, by.userAt(at, limit))
			}
		}
	case c.of != by.userOf:
		by.userOf = c.of
		by.newKeys(c.run.count())
		for at := range by.keys {
			by.key(at, by.userAt(at, limit))
		}
	}
	for i := range b.Key {
		at := i
		if c.entries() {
			at = int(c.spots[i])
		}
		if at < 0 || by.hashes[at] == 0 {
			b.Ready[i] = false
			continue
		}
		b.Key[i], by.users[i] = uint32(at), by.hashes[at]
	}
}

// newKeys begins another list of keys.
func (by *batches) newKeys(n int) {
	by.keys, by.hashes = resize(by.keys, n), resize(by.hashes, n)
	clear(by.keys)
	clear(by.hashes)
	by.text = by.text[:0]
	by.turn++
}

func (by *batches) key(i int, key string) {
	if key != "" {
		by.keys[i], by.hashes[i] = key, event.UserHash(key)
	}
}

// userAt is a userId, or "" for one that makes its row not ready.
func (by *batches) userAt(at, limit int) string {
	c := by.user
	if c.kind != leafText {
		start := len(by.text)
		by.text = c.idAt(by.text, at)
		return view(by.text[start:])
	}
	if key := c.run.textAt(at); c.run.good(at, limit) && !strings.HasPrefix(key, event.AnonPrefix) {
		return key
	}
	return ""
}

// readTimes fills Time.
func (by *batches) readTimes(b *Batch, o *Options) {
	c := by.time
	end := int64(lastTime)
	if o.Arrived != 0 && o.Limits.Future != 0 {
		end = min(end, o.Arrived+o.Limits.Future+1)
	}
	millis := c.kind == leafTime && c.scale == 1000 && c.spots == nil && len(c.run.i64) > 0
	for i := range b.Ready {
		ms, ok := int64(0), true
		if millis {
			ms = c.run.i64[c.first+i]
		} else {
			ms, ok = c.timeAt(i)
		}
		b.Time[i] = ms
		if !ok || ms < 0 || ms >= end {
			b.Ready[i] = false
		}
	}
}

// timeAt is the time of one row, in milliseconds.
func (c *lane) timeAt(i int) (ms int64, ok bool) {
	if c.at(i) < 0 {
		return 0, false
	}
	c.place(i)
	switch c.kind {
	case leafTime, leafDate:
		return c.millis(), true
	case leafText:
		return event.ParseTime(c.text())
	}
	return 0, false
}

// readIDs fills ID.
func (by *batches) readIDs(b *Batch, limit int) {
	var room [shortID]byte
	c := by.id
	text := c.kind == leafText
	for i := range b.Ready {
		if !b.Ready[i] {
			continue
		}
		id, at := "", c.at(i)
		switch {
		case at < 0:
		case !text:
			id = view(c.idAt(room[:0], at))
		case c.run.good(at, limit):
			id = c.run.textAt(at)
		}
		if id == "" {
			b.Ready[i] = false
			continue
		}
		x, y := event.IDWords(by.users[i], id)
		binary.LittleEndian.PutUint64(b.ID[i][:8], x)
		binary.LittleEndian.PutUint64(b.ID[i][8:], y)
	}
}

// unreadyObject clears ready where the object is JSON, which Event must read, or holds what is refused.
func (s *segment) unreadyObject(o *objectLeaves, ready []bool) {
	if o.json != nil {
		c := s.laneOf(o.json)
		for i := range ready {
			if text := c.textAt(i); text != "" && text != "null" {
				ready[i] = false
			}
		}
		return
	}
	for _, l := range o.fields {
		switch c := s.laneOf(l); l.kind {
		case leafFloat:
			c.unreadyFloats(ready)
		case leafText:
			c.unreadyText(ready, 0)
		}
	}
}
