package embedded

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// docs implements app.Docs.
type docs struct{ db *database }

func scanDoc(s *sqlite3.Stmt) app.Doc {
	return app.Doc{Key: s.ColumnText(0), Version: s.ColumnInt64(1), Value: s.ColumnBlob(2, nil), At: s.ColumnInt64(3)}
}

// Get implements app.Docs.
func (p *docs) Get(ctx context.Context, key string) (app.Doc, error) {
	doc := app.Doc{Key: key}
	err := p.db.read(ctx, "read the document "+key, func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error { doc = scanDoc(s); return nil },
			"SELECT key, version, value, at FROM docs WHERE key = ?", key)
	})
	return doc, err
}

// Put implements app.Docs.
func (p *docs) Put(ctx context.Context, d app.Doc) error {
	return p.db.write(ctx, "write the document "+d.Key, func(c *connection) error {
		var changed int64
		var err error
		if d.Version == 0 {
			changed, err = c.exec("INSERT INTO docs(key, version, value, at) VALUES(?, 1, ?, ?) ON CONFLICT DO NOTHING", d.Key, d.Value, d.At)
		} else {
			changed, err = c.exec("UPDATE docs SET version = version + 1, value = ?, at = ? WHERE key = ? AND version = ?",
				d.Value, d.At, d.Key, d.Version)
		}
		if err == nil && changed == 0 {
			err = fault.New(fault.Conflict, "the document %q was changed by another write", d.Key).WithHint("read it again and repeat")
		}
		return err
	})
}

// List implements app.Docs.
func (p *docs) List(ctx context.Context, prefix string) (all []app.Doc, err error) {
	err = p.db.read(ctx, "list documents", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			all = append(all, scanDoc(s))
			return nil
		}, "SELECT key, version, value, at FROM docs WHERE key >= ? AND substr(key, 1, length(?)) = ? ORDER BY key", prefix, prefix, prefix)
	})
	return all, err
}
