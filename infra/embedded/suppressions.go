package embedded

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/shared/app"
)

// suppressions implements app.Suppressions.
type suppressions struct{ db *database }

const (
	suppressionColumns = "who, channel, topic, reason, source, note, at"
	sqlSuppress        = "INSERT OR REPLACE INTO suppressions(" + suppressionColumns + ") VALUES(?,?,?,?,?,?,?)"
	sqlUnsuppress      = "DELETE FROM suppressions WHERE who = ? AND channel = ? AND topic = ?"
	sqlSuppressedWho   = "SELECT " + suppressionColumns + " FROM suppressions WHERE who = ? AND channel = ? ORDER BY topic"
	sqlSuppressions    = "SELECT " + suppressionColumns + " FROM suppressions WHERE (who, channel, topic) > (?, ?, ?) ORDER BY who, channel, topic LIMIT ?"
)

func scanSuppression(s *sqlite3.Stmt) app.Suppression {
	return app.Suppression{
		Who: s.ColumnText(0), Channel: s.ColumnText(1), Topic: s.ColumnText(2), Reason: app.SuppressionReason(s.ColumnText(3)),
		Source: s.ColumnText(4), Note: s.ColumnText(5), At: s.ColumnInt64(6),
	}
}

// Find implements app.Suppressions.
func (p *suppressions) Find(ctx context.Context, channel string, who []string) (all []app.Suppression, err error) {
	err = p.db.read(ctx, "look for suppressions", func(c *connection) error {
		for _, w := range who {
			err := c.query(func(s *sqlite3.Stmt) error {
				all = append(all, scanSuppression(s))
				return nil
			}, sqlSuppressedWho, w, channel)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// Put implements app.Suppressions.
func (p *suppressions) Put(ctx context.Context, s app.Suppression) error {
	return p.db.write(ctx, "suppress", func(c *connection) error {
		_, err := c.exec(sqlSuppress, s.Who, s.Channel, s.Topic, string(s.Reason), s.Source, s.Note, s.At)
		return err
	})
}

// Remove implements app.Suppressions: of an entry that names a user nothing stays in the file.
func (p *suppressions) Remove(ctx context.Context, channel, who, topic string) error {
	return p.db.erase(ctx, "remove a suppression", func(c *connection) error {
		_, err := c.exec(sqlUnsuppress, who, channel, topic)
		return err
	})
}

// List implements app.Suppressions.
func (p *suppressions) List(ctx context.Context, after app.Suppression, limit int) (all []app.Suppression, err error) {
	err = p.db.read(ctx, "list suppressions", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			all = append(all, scanSuppression(s))
			return nil
		}, sqlSuppressions, after.Who, after.Channel, after.Topic, max(limit, 0))
	})
	return all, err
}
