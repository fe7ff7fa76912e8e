package embedded

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// ledger implements app.Ledger.
type ledger struct{ db *database }

const fileColumns = "id, version, name, key, size, arrived, as_of, backfill, mapping, redrive, chunks, status, error, " +
	"events, accepted, rejected, duplicates, users, finished, reads, writes, object, etag, forgotten, plan"

const sqlFileUpdate = "UPDATE files SET version = version + 1, name = ?, key = ?, size = ?, arrived = ?, as_of = ?, backfill = ?, " +
	"mapping = ?, redrive = ?, chunks = ?, status = ?, error = ?, events = ?, accepted = ?, rejected = ?, duplicates = ?, " +
	"users = ?, finished = ?, reads = ?, writes = ?, object = ?, etag = ?, forgotten = ?, plan = ? WHERE id = ? AND version = ?"

func scanFile(s *sqlite3.Stmt) app.File {
	f := app.File{
		ID: s.ColumnText(0), Version: s.ColumnInt64(1), Name: s.ColumnText(2), Key: s.ColumnText(3), Size: s.ColumnInt64(4),
		Arrived: s.ColumnInt64(5), AsOf: s.ColumnInt64(6), Backfill: s.ColumnBool(7), Mapping: s.ColumnText(8),
		Redrive: s.ColumnText(9), Chunks: s.ColumnInt(10), Status: app.FileStatus(s.ColumnText(11)), Error: s.ColumnText(12),
		Counts: scanCounts(s, 13), Finished: s.ColumnInt64(18), Units: scanUnits(s, 19),
		Object: s.ColumnText(21), ETag: s.ColumnText(22), Plan: s.ColumnInt64(24),
	}
	f.Counts.Forgotten = s.ColumnInt64(23)
	return f
}

func scanUnits(s *sqlite3.Stmt, from int) app.Units {
	return app.Units{Reads: s.ColumnFloat(from), Writes: s.ColumnFloat(from + 1)}
}

func scanCounts(s *sqlite3.Stmt, from int) app.Counts {
	return app.Counts{
		Events: s.ColumnInt64(from), Accepted: s.ColumnInt64(from + 1), Rejected: s.ColumnInt64(from + 2),
		Duplicates: s.ColumnInt64(from + 3), Users: s.ColumnInt64(from + 4),
	}
}

// fileContent is everything of a file's record after its id and version.
func fileContent(f *app.File) []any {
	return []any{f.Name, f.Key, f.Size, f.Arrived, f.AsOf, f.Backfill, f.Mapping, f.Redrive, f.Chunks, string(f.Status), f.Error,
		f.Counts.Events, f.Counts.Accepted, f.Counts.Rejected, f.Counts.Duplicates, f.Counts.Users, f.Finished, f.Units.Reads, f.Units.Writes, f.Object, f.ETag, f.Counts.Forgotten, f.Plan}
}

func findFile(c *connection, id string) (f app.File, found bool, err error) {
	err = c.query(func(s *sqlite3.Stmt) error {
		f, found = scanFile(s), true
		return nil
	}, "SELECT "+fileColumns+" FROM files WHERE id = ?", id)
	return f, found, err
}

// Begin implements app.Ledger. A new record has version 1.
func (l *ledger) Begin(ctx context.Context, f app.File) (stored app.File, known bool, err error) {
	err = l.db.write(ctx, "record a file", func(c *connection) error {
		if f.ID == "" {
			return fault.New(fault.Invalid, "a file needs an id")
		}
		var err error
		if stored, known, err = findFile(c, f.ID); known || err != nil {
			return err
		}
		stored = f
		stored.Version = 1
		_, err = c.exec("INSERT INTO files("+fileColumns+") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			append([]any{f.ID, stored.Version}, fileContent(&f)...)...)
		return err
	})
	if err != nil {
		return app.File{}, false, err
	}
	return stored, known, nil
}

// File implements app.Ledger.
func (l *ledger) File(ctx context.Context, id string) (f app.File, err error) {
	err = l.db.read(ctx, "read a file's record", func(c *connection) error {
		var found bool
		var err error
		if f, found, err = findFile(c, id); err == nil && !found {
			err = fileMissing(id)
		}
		return err
	})
	return f, err
}

func fileMissing(id string) error {
	return fault.New(fault.NotFound, "no file %q was imported", id).WithHint("list the files to see their ids")
}

// Files implements app.Ledger: the newest by arrival, then by the order in which they were recorded. The page after an unknown
// file is NotFound.
func (l *ledger) Files(ctx context.Context, after string, limit int) (all []app.File, err error) {
	err = l.db.read(ctx, "list files", func(c *connection) error {
		where, args := "", []any{}
		if after != "" {
			var arrived, seq int64
			if err := c.query(func(s *sqlite3.Stmt) error {
				arrived, seq = s.ColumnInt64(0), s.ColumnInt64(1)
				return nil
			}, "SELECT arrived, seq FROM files WHERE id = ?", after); err != nil {
				return err
			}
			if seq == 0 {
				return fileMissing(after)
			}
			where, args = " WHERE (arrived, seq) < (?, ?)", []any{arrived, seq}
		}
		return c.query(func(s *sqlite3.Stmt) error {
			all = append(all, scanFile(s))
			return nil
		}, "SELECT "+fileColumns+" FROM files"+where+" ORDER BY arrived DESC, seq DESC LIMIT ?", append(args, max(limit, 0))...)
	})
	return all, err
}

// Update implements app.Ledger.
func (l *ledger) Update(ctx context.Context, f app.File) error {
	return l.db.write(ctx, "record a file", func(c *connection) error {
		changed, err := c.exec(sqlFileUpdate, append(fileContent(&f), f.ID, f.Version)...)
		if err == nil && changed == 0 {
			err = fault.New(fault.Conflict, "the record of the file %q was changed by another write", f.ID).
				WithHint("read it again and repeat")
		}
		return err
	})
}

// Chunk implements app.Ledger.
func (l *ledger) Chunk(ctx context.Context, file string, chunk int) (k app.Chunk, err error) {
	err = l.db.read(ctx, "read a chunk's record", func(c *connection) error {
		return c.query(func(s *sqlite3.Stmt) error {
			k = app.Chunk{File: file, Index: chunk, State: app.ChunkState(s.ColumnInt64(0)), Counts: scanCounts(s, 1), Units: scanUnits(s, 6)}
			return nil
		}, "SELECT state, events, accepted, rejected, duplicates, users, reads, writes FROM chunks WHERE file = ? AND chunk = ?", file, chunk)
	})
	return k, err
}

// PutChunk implements app.Ledger.
func (l *ledger) PutChunk(ctx context.Context, k app.Chunk) error {
	return l.db.write(ctx, "record a chunk", func(c *connection) error {
		_, err := c.exec("INSERT OR REPLACE INTO chunks(file, chunk, state, events, accepted, rejected, duplicates, users, reads, writes) "+
			"VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", k.File, k.Index, int64(k.State),
			k.Counts.Events, k.Counts.Accepted, k.Counts.Rejected, k.Counts.Duplicates, k.Counts.Users, k.Units.Reads, k.Units.Writes)
		return err
	})
}
