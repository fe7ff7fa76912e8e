package embedded

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// links implements app.Links.
type links struct{ db *database }

const linkColumns = "a, b, alias, time, source, revoked"

// Of two facts with the same time the smaller source stays, so that the order of their arrival does not matter.
const sqlLink = "INSERT INTO link_facts(" + linkColumns + ") VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(a, b, alias) DO UPDATE SET " +
	"source = CASE WHEN excluded.time < time OR (excluded.time = time AND excluded.source < source) THEN excluded.source ELSE source END, " +
	"time = min(time, excluded.time), " +
	"revoked = CASE WHEN revoked = 0 THEN excluded.revoked ELSE revoked END"

const sqlPointer = "SELECT canonical FROM pointers WHERE id = ?"

func scanLink(s *sqlite3.Stmt) app.Link {
	return app.Link{
		A: s.ColumnText(0), B: s.ColumnText(1), Alias: s.ColumnBool(2), Time: s.ColumnInt64(3), Source: s.ColumnText(4),
		Revoked: s.ColumnInt64(5),
	}
}

type linkID struct {
	a, b  string
	alias bool
}

// Touching implements app.Links; the facts come by (A, B, Alias).
func (p *links) Touching(ctx context.Context, ids []string) ([]app.Link, error) {
	found := map[linkID]app.Link{}
	err := p.db.read(ctx, "read links", func(c *connection) error {
		keep := func(s *sqlite3.Stmt) error {
			l := scanLink(s)
			found[linkID{l.A, l.B, l.Alias}] = l
			return nil
		}
		for i, id := range ids {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			if err := c.query(keep, "SELECT "+linkColumns+" FROM link_facts WHERE a = ?", id); err != nil {
				return err
			}
			if err := c.query(keep, "SELECT "+linkColumns+" FROM link_facts WHERE b = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
	return slices.SortedFunc(maps.Values(found), compareLinks), err
}

func compareLinks(x, y app.Link) int {
	return cmp.Or(strings.Compare(x.A, y.A), strings.Compare(x.B, y.B), cmp.Compare(truth(x.Alias), truth(y.Alias)))
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Stored implements app.Links.
func (p *links) Stored(ctx context.Context, facts []app.Link) ([]app.Link, error) {
	found := map[linkID]app.Link{}
	err := p.db.read(ctx, "read links", func(c *connection) error {
		for i, l := range facts {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			if err := c.query(func(s *sqlite3.Stmt) error {
				found[linkID{l.A, l.B, l.Alias}] = scanLink(s)
				return nil
			}, "SELECT "+linkColumns+" FROM link_facts WHERE a = ? AND b = ? AND alias = ?", l.A, l.B, l.Alias); err != nil {
				return err
			}
		}
		return nil
	})
	return slices.SortedFunc(maps.Values(found), compareLinks), err
}

// Resolve implements app.Links.
func (p *links) Resolve(ctx context.Context, keys []string) (map[string]string, error) {
	canonical := map[string]string{}
	err := p.db.read(ctx, "resolve ids", func(c *connection) error {
		for i, key := range keys {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			if err := c.query(func(s *sqlite3.Stmt) error {
				canonical[key] = s.ColumnText(0)
				return nil
			}, sqlPointer, key); err != nil {
				return err
			}
		}
		return nil
	})
	return canonical, err
}

// Apply implements app.Links.
func (p *links) Apply(ctx context.Context, facts []app.Link, pointers map[string]string) error {
	for _, l := range facts {
		if l.A >= l.B {
			return fault.New(fault.Invalid, "a link joins two ids in their order, not %q and %q", l.A, l.B)
		}
	}
	return p.db.write(ctx, "write links", func(c *connection) error {
		for _, l := range facts {
			if _, err := c.exec(sqlLink, l.A, l.B, l.Alias, l.Time, l.Source, l.Revoked); err != nil {
				return err
			}
		}
		for _, id := range slices.Sorted(maps.Keys(pointers)) {
			if err := point(c, id, pointers[id]); err != nil {
				return err
			}
		}
		return nil
	})
}

func point(c *connection, id, canonical string) error {
	if id == canonical {
		_, err := c.exec("DELETE FROM pointers WHERE id = ?", id)
		return err
	}
	_, err := c.exec("INSERT OR REPLACE INTO pointers(id, canonical) VALUES(?, ?)", id, canonical)
	return err
}

// Forget implements app.Links.
func (p *links) Forget(ctx context.Context, ids []string) error {
	return p.db.erase(ctx, "remove links", func(c *connection) error {
		for _, id := range ids {
			for _, sql := range []string{
				"DELETE FROM link_facts WHERE a = ?", "DELETE FROM link_facts WHERE b = ?", "DELETE FROM pointers WHERE id = ?",
			} {
				if _, err := c.exec(sql, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Any implements app.Links.
func (p *links) Any(ctx context.Context) (any bool, err error) {
	err = p.db.read(ctx, "look for links", func(c *connection) error {
		any, err = anyPointer(c)
		return err
	})
	return any, err
}

func anyPointer(c *connection) (any bool, err error) {
	err = c.query(func(s *sqlite3.Stmt) error { any = s.ColumnBool(0); return nil }, "SELECT EXISTS(SELECT 1 FROM pointers)")
	return any, err
}

// All implements app.Links.
func (p *links) All(ctx context.Context) (all []app.Link, err error) {
	err = p.db.read(ctx, "read links", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			all = append(all, scanLink(s))
			return nil
		}, "SELECT "+linkColumns+" FROM link_facts ORDER BY a, b, alias")
	})
	return all, err
}
