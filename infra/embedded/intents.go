package embedded

import (
	"context"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/zone"
)

// intents implements app.Intents.
type intents struct{ db *database }

const intentColumns = "id, key, rule, template, channel, episode, shadow, strategy, as_of, due, reasons, status, why, " +
	"claimed, settled, subject, body, held"

const (
	sqlIntent = "INSERT INTO intents(" + intentColumns + ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING"
	sqlClaim  = "UPDATE intents SET status = 'claimed', claimed = ?, held = 0, why = '' WHERE id = ? AND status = 'pending'"
	sqlFree   = "UPDATE intents SET status = 'pending', claimed = 0, held = ?, why = ? WHERE id = ? AND status = 'claimed'"
	sqlHold   = "UPDATE intents SET held = ?, why = ? WHERE id = ? AND status = 'pending'"
	sqlRefund = "UPDATE claims SET n = n - 1 WHERE day = ? AND n > 0"
	sqlLog    = "SELECT log FROM sent WHERE key = ?"
	sqlLogged = "INSERT INTO sent(key, log) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET log = excluded.log"
	sqlUnlog  = "DELETE FROM sent WHERE key = ?"
	sqlTouch  = "UPDATE profiles SET version = version + 1 WHERE key = ?"
	sqlCharge = "INSERT INTO claims(day, n) VALUES(?, 1) ON CONFLICT(day) DO UPDATE SET n = n + 1"
	sqlSettle = "UPDATE intents SET held = 0, status = ?, why = ?, claimed = ?, settled = ?, subject = ?, body = ? WHERE id = ? AND status = ?"
)

// insertIntent stores a new intent; one whose id exists is left as it is. An intent without a status is pending.
func insertIntent(c *connection, in *app.Intent) error {
	status := in.Status
	if status == "" {
		status = app.IntentPending
	}
	_, err := c.exec(sqlIntent, in.ID, in.Key, in.Rule, in.Template, in.Channel, in.Episode, in.Shadow, in.Strategy, in.AsOf,
		in.Due, in.Reasons, string(status), in.Why, in.Claimed, in.Settled, in.Subject, in.Body, in.Held)
	return err
}

func scanIntent(s *sqlite3.Stmt) app.Intent {
	return app.Intent{
		ID: s.ColumnText(0), Key: s.ColumnText(1), Rule: s.ColumnText(2), Template: s.ColumnText(3), Channel: s.ColumnText(4),
		Episode: s.ColumnInt64(5), Shadow: s.ColumnBool(6), Strategy: s.ColumnText(7), AsOf: s.ColumnInt64(8),
		Due: s.ColumnInt64(9), Reasons: s.ColumnBlob(10, nil), Status: app.IntentStatus(s.ColumnText(11)), Why: s.ColumnText(12),
		Claimed: s.ColumnInt64(13), Settled: s.ColumnInt64(14), Subject: s.ColumnText(15), Body: s.ColumnText(16),
		Held: s.ColumnInt64(17),
	}
}

// List implements app.Intents. The page after an unknown intent is NotFound.
func (p *intents) List(ctx context.Context, q app.IntentQuery) (all []app.Intent, err error) {
	err = p.db.read(ctx, "list intents", func(c *connection) error {
		var where []string
		var args []any
		equal := func(column, value string) {
			if value != "" {
				where, args = append(where, column+" = ?"), append(args, value)
			}
		}
		equal("key", q.Key)
		equal("rule", q.Rule)
		equal("status", string(q.Status))
		if q.Ready != 0 {
			where, args = append(where, "(status <> 'pending' OR held <= ?)"), append(args, q.Ready)
		}
		if q.After != "" {
			asOf, err := intentMoment(c, q.After)
			if err != nil {
				return err
			}
			where = append(where, "as_of <= ? AND (as_of < ? OR id > ?)")
			args = append(args, asOf, asOf, q.After)
		}
		sql := "SELECT " + intentColumns + " FROM intents"
		if len(where) > 0 {
			sql += " WHERE " + strings.Join(where, " AND ")
		}
		return c.query(func(s *sqlite3.Stmt) error {
			all = append(all, scanIntent(s))
			return nil
		}, sql+" ORDER BY as_of DESC, id LIMIT ?", append(args, max(q.Limit, 0))...)
	})
	return all, err
}

func intentMoment(c *connection, id string) (asOf int64, err error) {
	found := false
	err = c.query(func(s *sqlite3.Stmt) error {
		found, asOf = true, s.ColumnInt64(0)
		return nil
	}, "SELECT as_of FROM intents WHERE id = ?", id)
	if err == nil && !found {
		err = fault.New(fault.NotFound, "there is no intent %q to go on after", id).WithHint("begin at the first page")
	}
	return asOf, err
}

// Claim implements app.Intents. An intent that does not exist is not pending.
func (p *intents) Claim(ctx context.Context, want app.Claim) (claimed bool, err error) {
	err = p.db.write(ctx, "claim an intent", func(c *connection) error {
		in, found, err := intentOf(c, want.ID)
		if err != nil || !found || in.Status != app.IntentPending {
			return err
		}
		if there, err := exists(c, in.Key); err != nil || !there {
			return err
		}
		log, had, err := logOf(c, in.Key)
		if err != nil {
			return err
		}
		if over := log.Over(want.Caps, in.Channel, want.Tags, want.At); over != nil {
			return over.Fault()
		}
		n, err := claimedOn(c, want.Day)
		if err != nil {
			return err
		}
		if n >= want.Ceiling {
			return fault.New(fault.TooLarge, "the ceiling of %d messages on %s is reached", want.Ceiling, want.Day).
				WithHint("wait for the next day, or raise the daily ceiling")
		}
		if changed, err := c.exec(sqlClaim, want.At, want.ID); err != nil || changed != 1 {
			return err
		}
		if _, err := c.exec(sqlCharge, int64(want.Day)); err != nil {
			return err
		}
		log = log.Add(outreach.Sent{Mark: outreach.Mark(in.ID), At: want.At, Channel: in.Channel, Tags: want.Tags})
		if _, err := c.exec(sqlLogged, in.Key, log.Encode()); err != nil {
			return err
		}
		if !had {
			if _, err := c.exec(sqlTouch, in.Key); err != nil {
				return err
			}
		}
		claimed = true
		return nil
	})
	return claimed && err == nil, err
}

func intentOf(c *connection, id string) (in app.Intent, found bool, err error) {
	err = c.query(func(s *sqlite3.Stmt) error {
		in, found = scanIntent(s), true
		return nil
	}, "SELECT "+intentColumns+" FROM intents WHERE id = ?", id)
	return in, found, err
}

func exists(c *connection, user string) (there bool, err error) {
	err = c.query(func(*sqlite3.Stmt) error { there = true; return nil }, sqlFind, user)
	return there, err
}

// logOf reads a user's log; found is false before the first message.
func logOf(c *connection, user string) (log outreach.Log, found bool, err error) {
	err = c.query(func(s *sqlite3.Stmt) (err error) {
		found = true
		log, err = outreach.DecodeLog(s.ColumnRawBlob(0))
		return err
	}, sqlLog, user)
	return log, found, err
}

// Log implements app.Intents.
func (p *intents) Log(ctx context.Context, user string) (log outreach.Log, err error) {
	err = p.db.read(ctx, "read a user's messages", func(c *connection) (err error) {
		log, _, err = logOf(c, user)
		return err
	})
	return log, err
}

// joinLogs gives a user the messages of another one, who is gone.
func joinLogs(c *connection, into, from string) error {
	other, found, err := logOf(c, from)
	if err != nil || !found {
		return err
	}
	own, _, err := logOf(c, into)
	if err != nil {
		return err
	}
	if _, err := c.exec(sqlLogged, into, outreach.Union(own, other).Encode()); err != nil {
		return err
	}
	_, err = c.exec(sqlUnlog, from)
	return err
}

// Release implements app.Intents.
func (p *intents) Release(ctx context.Context, id string, day zone.Day, until int64, why string) error {
	return p.db.write(ctx, "release an intent", func(c *connection) error {
		changed, err := c.exec(sqlFree, until, why, id)
		if err != nil {
			return err
		}
		if changed == 0 {
			return notAny(id, app.IntentClaimed)
		}
		if _, err = c.exec(sqlRefund, int64(day)); err != nil {
			return err
		}
		in, _, err := intentOf(c, id)
		if err != nil {
			return err
		}
		log, found, err := logOf(c, in.Key)
		if err != nil || !found {
			return err
		}
		_, err = c.exec(sqlLogged, in.Key, log.Remove(outreach.Mark(id)).Encode())
		return err
	})
}

// Hold implements app.Intents.
func (p *intents) Hold(ctx context.Context, id string, until int64, why string) error {
	return p.db.write(ctx, "hold an intent", func(c *connection) error {
		changed, err := c.exec(sqlHold, until, why, id)
		if err == nil && changed == 0 {
			err = notAny(id, app.IntentPending)
		}
		return err
	})
}

func notAny(id string, status app.IntentStatus) error {
	return fault.New(fault.Conflict, "the intent %q is not %s any more", id, status).WithHint("read it again")
}

// Settle implements app.Intents: status, reason, times, subject and body are stored.
func (p *intents) Settle(ctx context.Context, in app.Intent, from app.IntentStatus) error {
	return p.db.write(ctx, "settle an intent", func(c *connection) error {
		changed, err := c.exec(sqlSettle, string(in.Status), in.Why, in.Claimed, in.Settled, in.Subject, in.Body, in.ID, string(from))
		if err == nil && changed == 0 {
			err = notAny(in.ID, from)
		}
		return err
	})
}

// Claimed implements app.Intents.
func (p *intents) Claimed(ctx context.Context, day zone.Day) (n int, err error) {
	err = p.db.read(ctx, "count claims", func(c *connection) error {
		var err error
		n, err = claimedOn(c, day)
		return err
	})
	return n, err
}

func claimedOn(c *connection, day zone.Day) (n int, err error) {
	err = c.query(func(s *sqlite3.Stmt) error { n = s.ColumnInt(0); return nil }, "SELECT n FROM claims WHERE day = ?", int64(day))
	return n, err
}

// Counts implements app.Intents.
func (p *intents) Counts(ctx context.Context) (map[app.IntentStatus]int64, error) {
	counts := map[app.IntentStatus]int64{}
	err := p.db.read(ctx, "count intents", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			counts[app.IntentStatus(s.ColumnText(0))] = s.ColumnInt64(1)
			return nil
		}, "SELECT status, count(*) FROM intents GROUP BY status")
	})
	return counts, err
}
