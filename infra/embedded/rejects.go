package embedded

import (
	"context"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
)

// rejects implements app.Rejects.
type rejects struct{ db *database }

const rejectColumns = "file, line, reason, message, text, header, at, redrive"

// Put implements app.Rejects.
func (p *rejects) Put(ctx context.Context, rs []app.Reject) error {
	return p.db.write(ctx, "write rejected lines", func(c *connection) error {
		file := ""
		for i := range rs {
			if i%cancelEvery == 0 && ctx.Err() != nil {
				return disk.Canceled(ctx.Err())
			}
			r := &rs[i]
			if i == 0 || r.File != file {
				file = r.File
				if _, err := c.exec("INSERT OR IGNORE INTO reject_files(file) VALUES(?)", file); err != nil {
					return err
				}
			}
			if _, err := c.exec("INSERT OR IGNORE INTO rejects("+rejectColumns+") VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
				r.File, r.Line, r.Reason, r.Message, []byte(r.Text), []byte(r.Header), r.At, r.Redrive); err != nil {
				return err
			}
		}
		return nil
	})
}

// List implements app.Rejects. A line that was rejected for several reasons is never split between two pages: a page is cut
// before it, and longer than limit only if that one line has more reasons.
func (p *rejects) List(ctx context.Context, file, afterFile string, afterLine int64, limit int) ([]app.Reject, error) {
	var all []app.Reject
	err := p.db.read(ctx, "list rejected lines", func(c *connection) error {
		files, err := rejectFiles(c, file, afterFile)
		if err != nil {
			return err
		}
		for _, f := range files {
			if len(all) >= limit {
				break
			}
			after := int64(-1 << 62)
			if f == afterFile {
				after = afterLine
			}
			page, cut, err := rejectPage(c, f, after, limit-len(all), len(all) == 0)
			if err != nil {
				return err
			}
			all = append(all, page...)
			if cut {
				break
			}
		}
		return nil
	})
	return all, err
}

// rejectFiles returns the files with rejects from the newest on, from afterFile on.
func rejectFiles(c *connection, file, afterFile string) (files []string, err error) {
	if file != "" {
		return []string{file}, nil
	}
	err = c.query(func(s *sqlite3.Stmt) error {
		files = append(files, s.ColumnText(0))
		return nil
	}, "SELECT r.file FROM reject_files r LEFT JOIN files f ON f.id = r.file ORDER BY f.arrived DESC, f.seq DESC, r.file DESC")
	if at := slices.Index(files, afterFile); at > 0 {
		files = files[at:]
	}
	return files, err
}

// rejectPage returns up to limit rejects of a file after a line, and whether the page was cut so as not to split a line. With
// whole, a first line with more reasons than limit comes whole.
func rejectPage(c *connection, file string, after int64, limit int, whole bool) (page []app.Reject, cut bool, err error) {
	err = c.query(func(s *sqlite3.Stmt) error {
		page = append(page, scanReject(s))
		return nil
	}, "SELECT "+rejectColumns+" FROM rejects WHERE file = ? AND line > ? ORDER BY line, reason LIMIT ?", file, after, limit+1)
	if err != nil || len(page) <= limit {
		return page, false, err
	}
	last := page[limit].Line
	first := slices.IndexFunc(page, func(r app.Reject) bool { return r.Line == last })
	if first > 0 || !whole {
		return page[:first], true, nil
	}
	page = page[:0]
	err = c.query(func(s *sqlite3.Stmt) error {
		page = append(page, scanReject(s))
		return nil
	}, "SELECT "+rejectColumns+" FROM rejects WHERE file = ? AND line = ? ORDER BY reason", file, last)
	return page, true, err
}

func scanReject(s *sqlite3.Stmt) app.Reject {
	return app.Reject{
		File: s.ColumnText(0), Line: s.ColumnInt64(1), Reason: s.ColumnText(2), Message: s.ColumnText(3),
		Text: string(s.ColumnRawBlob(4)), Header: string(s.ColumnRawBlob(5)), At: s.ColumnInt64(6), Redrive: s.ColumnText(7),
	}
}

// Redriven implements app.Rejects.
func (p *rejects) Redriven(ctx context.Context, file, by string) error {
	return p.db.write(ctx, "mark rejected lines", func(c *connection) error {
		_, err := c.exec("UPDATE rejects SET redrive = ? WHERE file = ? AND redrive = ''", by, file)
		return err
	})
}

// Counts implements app.Rejects.
func (p *rejects) Counts(ctx context.Context, file string) (map[string]int64, error) {
	counts := map[string]int64{}
	sql, args := "SELECT reason, count(*) FROM rejects WHERE redrive = '' GROUP BY reason", []any{}
	if file != "" {
		sql, args = "SELECT reason, count(*) FROM rejects WHERE redrive = '' AND file = ? GROUP BY reason", []any{file}
	}
	err := p.db.read(ctx, "count rejected lines", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			counts[s.ColumnText(0)] = s.ColumnInt64(1)
			return nil
		}, sql, args...)
	})
	return counts, err
}

// Expire implements app.Rejects.
func (p *rejects) Expire(ctx context.Context, before int64) (n int64, err error) {
	err = p.db.erase(ctx, "remove old rejects", func(c *connection) (err error) {
		if n, err = c.exec("DELETE FROM rejects WHERE at < ?", before); err != nil || n == 0 {
			return err
		}
		_, err = c.exec("DELETE FROM reject_files WHERE file NOT IN (SELECT file FROM rejects)")
		return err
	})
	return n, err
}
