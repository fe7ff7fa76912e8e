package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/infra/marks"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// profiles implements app.Profiles.
type profiles struct {
	db     *database
	outbox string // the folder of messages
}

const (
	sqlProfileAt = "SELECT version, facts, state, recent, marks, rebase, due, soon FROM profiles WHERE hash = ? AND key = ?"
	sqlProfile   = "SELECT version, facts, state, recent, marks, rebase, due, soon FROM profiles WHERE key = ?"
	sqlFind      = "SELECT version, hash FROM profiles WHERE key = ?"
	sqlCreate    = "INSERT INTO profiles(hash, key, version, facts, state, recent, marks, rebase, due, soon) VALUES(?, ?, 1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	sqlReplace   = "UPDATE profiles SET version = version + 1, facts = ?, state = ?, recent = ?, marks = ?, rebase = ?, due = ?, soon = ? WHERE hash = ? AND key = ? AND version = ?"
	sqlRemove    = "DELETE FROM profiles WHERE key = ? AND version = ?"
	sqlDecide    = "INSERT INTO decisions(hash, key, seq, as_of, record) VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
	sqlScan      = "SELECT version, facts, state, recent, marks, rebase, due, soon, key FROM profiles WHERE key > ? ORDER BY key LIMIT ?"
	sqlDue       = "SELECT key, due, hash FROM profiles WHERE soon = 1 AND (due, hash) > (?, ?) AND due <= ? ORDER BY due, hash LIMIT ?"
	sqlMoved     = "INSERT INTO counters(name, n) VALUES('moved', 1) ON CONFLICT(name) DO UPDATE SET n = n + 1"
	sqlRevise    = "INSERT INTO counters(name, n) VALUES('revision', 1) ON CONFLICT(name) DO UPDATE SET n = n + 1"
	sqlDecisions = "SELECT seq, as_of, record FROM decisions WHERE hash = ? AND key = ? ORDER BY seq DESC LIMIT ?"
)

// cancelEvery is the number of items between two looks at the context.
const cancelEvery = 512

// place is where a key's profile stands unless another key holds the place.
func place(key string) int64 { return int64(placeHash(key)) }

// placeHash is event.UserHash; a test puts a hash with collisions in its place.
var placeHash = event.UserHash

// Get implements app.Profiles.
func (p *profiles) Get(ctx context.Context, keys []string) ([]app.Item, error) {
	items := make([]app.Item, len(keys))
	err := p.db.read(ctx, "read profiles", func(c *connection) error {
		at, err := c.prepare(sqlProfileAt)
		if err != nil {
			return err
		}
		moved, err := anyMoved(c)
		if err != nil {
			return err
		}
		linked, err := anyPointer(c)
		if err != nil {
			return err
		}
		for i, key := range keys {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			items[i].Key = key
			if err := getItem(c, at, key, moved, &items[i]); err != nil {
				return err
			}
			if !linked {
				continue
			}
			if err := c.query(func(s *sqlite3.Stmt) error { items[i].To = s.ColumnText(0); return nil }, sqlPointer, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// anyMoved reports whether any profile ever stood elsewhere than at its own place.
func anyMoved(c *connection) (moved bool, err error) {
	err = c.query(func(*sqlite3.Stmt) error { moved = true; return nil }, "SELECT 1 FROM counters WHERE name = 'moved'")
	return moved, err
}

// getItem reads one profile: at its own place, else, if any moved, wherever its key is.
func getItem(c *connection, at *sqlite3.Stmt, key string, moved bool, item *app.Item) error {
	if err := at.BindInt64(1, place(key)); err != nil {
		return err
	}
	if err := at.BindText(2, key); err != nil {
		return err
	}
	found := at.Step()
	var err error
	if found {
		err = scanItem(at, item)
	}
	if e := at.Reset(); err == nil {
		err = e
	}
	if found || !moved || err != nil {
		return err
	}
	return c.query(func(s *sqlite3.Stmt) error { return scanItem(s, item) }, sqlProfile, key)
}

// scanItem reads version, facts, state, recent, marks, rebase, due and soon of a row. The three blobs share one allocation.
func scanItem(s *sqlite3.Stmt, item *app.Item) error {
	item.Version = s.ColumnInt64(0)
	facts, state, recent := s.ColumnRawBlob(1), s.ColumnRawBlob(2), s.ColumnRawBlob(3)
	n, m := len(facts), len(facts)+len(state)
	all := make([]byte, m+len(recent))
	copy(all, facts)
	copy(all[n:], state)
	copy(all[m:], recent)
	item.Facts, item.State, item.Recent = all[:n:n], all[n:m:m], all[m:]
	var ok bool
	if item.Marks, ok = marks.Parse(s.ColumnRawBlob(4)); !ok {
		return errMarks
	}
	item.Rebase, item.Due, item.Soon = s.ColumnBool(5), s.ColumnInt64(6), s.ColumnBool(7)
	return nil
}

// Write implements app.Profiles: one transaction for all of writes.
func (p *profiles) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	each := make([]error, len(writes))
	err := p.db.write(ctx, "write profiles", func(c *connection) error {
		w := profileWriter{c: c}
		for i := range writes {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			conflict, err := w.apply(&writes[i])
			if err != nil {
				return err
			}
			each[i] = conflict
			w.changed = w.changed || conflict == nil
		}
		if !w.changed {
			return nil
		}
		_, err := c.exec(sqlRevise)
		return err
	})
	if err != nil {
		return nil, err
	}
	return each, nil
}

// profileWriter applies user writes within one transaction. Conditions are checked before anything of a write is changed.
type profileWriter struct {
	c       *connection
	marks   []byte
	changed bool
}

func (w *profileWriter) apply(u *app.UserWrite) (conflict, err error) {
	if u.Item.Key == "" {
		return fault.New(fault.Invalid, "a profile needs a key"), nil
	}
	for _, a := range u.Absorb {
		if conflict, err := w.absorbable(u.Item.Key, a); conflict != nil || err != nil {
			return conflict, err
		}
	}
	if conflict, err := w.put(&u.Item); conflict != nil || err != nil {
		return conflict, err
	}
	for _, a := range u.Absorb {
		if _, err := w.c.exec(sqlRemove, a.Key, a.Version); err != nil {
			return nil, err
		}
		if err := joinLogs(w.c, u.Item.Key, a.Key); err != nil {
			return nil, err
		}
	}
	for i := range u.Intents {
		if err := insertIntent(w.c, &u.Intents[i]); err != nil {
			return nil, err
		}
	}
	if d := u.Decision; d != nil {
		_, err = w.c.exec(sqlDecide, place(d.Key), d.Key, d.Seq, d.AsOf, d.Record)
	}
	return nil, err
}

func (w *profileWriter) absorbable(into string, a app.Absorbed) (conflict, err error) {
	if a.Key == into {
		return fault.New(fault.Invalid, "the profile %q cannot absorb itself", into), nil
	}
	version, _, err := w.find(a.Key)
	if err == nil && version != a.Version {
		conflict = conflictFault(a.Key)
	}
	return conflict, err
}

// find returns the version of a key's profile, 0 when there is none, and its place.
func (w *profileWriter) find(key string) (version, at int64, err error) {
	err = w.c.query(func(s *sqlite3.Stmt) error {
		version, at = s.ColumnInt64(0), s.ColumnInt64(1)
		return nil
	}, sqlFind, key)
	return version, at, err
}

// put creates or replaces a profile if its version is the one given.
func (w *profileWriter) put(item *app.Item) (conflict, err error) {
	w.marks = marks.Append(w.marks[:0], item.Marks)
	at := place(item.Key)
	for {
		var changed bool
		if item.Version == 0 {
			changed, err = w.create(item, at)
		} else {
			changed, err = w.replace(item, at)
		}
		if changed || err != nil {
			return nil, err
		}
		version, elsewhere, err := w.find(item.Key)
		switch {
		case err != nil:
			return nil, err
		case version != item.Version:
			return conflictFault(item.Key), nil
		case version == 0: // another key of the same hash holds the place
			at++
			if _, err := w.c.exec(sqlMoved); err != nil {
				return nil, err
			}
		default:
			at = elsewhere
		}
	}
}

func (w *profileWriter) create(item *app.Item, at int64) (bool, error) {
	s, err := w.c.prepare(sqlCreate)
	if err != nil {
		return false, err
	}
	if err := s.BindInt64(1, at); err != nil {
		return false, err
	}
	if err := s.BindText(2, item.Key); err != nil {
		return false, err
	}
	if err := w.bindContent(s, 3, item); err != nil {
		return false, err
	}
	if err := s.Exec(); err != nil {
		return false, err
	}
	return w.c.Changes() == 1, nil
}

func (w *profileWriter) replace(item *app.Item, at int64) (bool, error) {
	s, err := w.c.prepare(sqlReplace)
	if err != nil {
		return false, err
	}
	if err := w.bindContent(s, 1, item); err != nil {
		return false, err
	}
	if err := s.BindInt64(8, at); err != nil {
		return false, err
	}
	if err := s.BindText(9, item.Key); err != nil {
		return false, err
	}
	if err := s.BindInt64(10, item.Version); err != nil {
		return false, err
	}
	if err := s.Exec(); err != nil {
		return false, err
	}
	return w.c.Changes() == 1, nil
}

func (w *profileWriter) bindContent(s *sqlite3.Stmt, from int, item *app.Item) error {
	for i, b := range [...][]byte{item.Facts, item.State, item.Recent, w.marks} {
		if err := bindBlob(s, from+i, b); err != nil {
			return err
		}
	}
	if err := s.BindBool(from+4, item.Rebase); err != nil {
		return err
	}
	if err := s.BindInt64(from+5, item.Due); err != nil {
		return err
	}
	return s.BindBool(from+6, item.Soon)
}

func conflictFault(key string) error {
	return fault.New(fault.Conflict, "the profile %q was changed by another write", key).WithHint("read it again and repeat")
}

// Scan implements app.Profiles.
func (p *profiles) Scan(ctx context.Context, after string, limit int) (items []app.Item, err error) {
	err = p.db.read(ctx, "read profiles", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			item := app.Item{Key: s.ColumnText(8)}
			if err := scanItem(s, &item); err != nil {
				return err
			}
			items = append(items, item)
			return nil
		}, sqlScan, after, max(limit, 0))
	})
	return items, err
}

// Due implements app.Profiles: in the order of the moments. A place is a moment and a hash.
func (p *profiles) Due(ctx context.Context, until int64, after string, limit int) (keys []string, next string, err error) {
	due, hash := int64(math.MinInt64), int64(math.MinInt64)
	if after != "" {
		if _, err := fmt.Sscanf(after, "%d %d", &due, &hash); err != nil {
			return nil, "", fault.New(fault.Invalid, "%q is no place in the due index", after)
		}
	}
	err = p.db.read(ctx, "read who is due", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			keys, next = append(keys, s.ColumnText(0)), fmt.Sprint(s.ColumnInt64(1), s.ColumnInt64(2))
			return nil
		}, sqlDue, due, hash, until, max(limit, 0))
	})
	if len(keys) < limit || limit <= 0 {
		next = ""
	}
	return keys, next, err
}

// Count implements app.Profiles.
func (p *profiles) Count(ctx context.Context) (n int64, err error) {
	err = p.db.read(ctx, "count profiles", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error { n = s.ColumnInt64(0); return nil }, "SELECT count(*) FROM profiles")
	})
	return n, err
}

// Exact implements app.Profiles.
func (p *profiles) Exact(ctx context.Context) (int64, error) { return p.Count(ctx) }

// Revision implements app.Profiles: it counts the calls of Write that changed something.
func (p *profiles) Revision(ctx context.Context) (n int64, err error) {
	err = p.db.read(ctx, "read the revision", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error { n = s.ColumnInt64(0); return nil },
			"SELECT n FROM counters WHERE name = 'revision'")
	})
	return n, err
}

// Decisions implements app.Profiles.
func (p *profiles) Decisions(ctx context.Context, key string, limit int) (all []app.Decision, err error) {
	err = p.db.read(ctx, "read decisions", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			all = append(all, app.Decision{
				Key: key, Seq: s.ColumnInt64(0), AsOf: s.ColumnInt64(1), Record: s.ColumnBlob(2, nil),
			})
			return nil
		}, sqlDecisions, place(key), key, max(limit, 0))
	})
	return all, err
}

var errMarks = fault.New(fault.Internal, "the marks of a profile are damaged").
	WithHint("stop Weir and put a backup of %s in its place", databaseName)

// Forget implements app.Profiles: first the messages, whose names the intents tell.
func (p *profiles) Forget(ctx context.Context, keys []string) error {
	if p.db.readOnly {
		return errReadOnly()
	}
	var messages []string
	err := p.db.read(ctx, "list the messages of a user", func(c *connection) error {
		for _, key := range keys {
			err := c.query(func(s *sqlite3.Stmt) error {
				messages = append(messages, s.ColumnText(0))
				return nil
			}, "SELECT id FROM intents WHERE key = ?", key)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range messages {
		if err := os.Remove(letterPath(p.outbox, id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return disk.Fault(err, "remove a message")
		}
	}
	return p.db.erase(ctx, "remove a user", func(c *connection) error {
		for _, key := range keys {
			for _, sql := range []string{"DELETE FROM intents WHERE key = ?", sqlUnlog, "DELETE FROM profiles WHERE key = ?"} {
				if _, err := c.exec(sql, key); err != nil {
					return err
				}
			}
			if _, err := c.exec("DELETE FROM decisions WHERE hash = ? AND key = ?", place(key), key); err != nil {
				return err
			}
		}
		_, err := c.exec(sqlRevise)
		return err
	})
}
