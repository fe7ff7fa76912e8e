package embedded

import (
	"context"
	"strconv"
	"sync"

	"github.com/ncruces/go-sqlite3"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/fault"
)

// database is one SQLite file in WAL mode: one connection writes, a few read beside it.
type database struct {
	path     string
	readOnly bool
	mu       sync.Mutex // held while writer is in use
	writer   *connection
	readers  chan *connection // idle readers; nil places are opened when needed
	noSync   bool
}

const (
	readerCount = 4
	pageSize    = 8192
	walPages    = 64 << 20 / pageSize // the log is written back when it has grown to 64 MiB
	writerCache = 64 << 10            // KiB
	readerCache = 8 << 10
	busyMillis  = 10_000 // another process (a command that reads, a backup) may hold the file for a moment
)

func openDatabase(path string, o Options) (*database, error) {
	d := &database{path: path, readOnly: o.ReadOnly, noSync: o.NoSync, readers: make(chan *connection, readerCount)}
	for range readerCount {
		d.readers <- nil
	}
	var err error
	if !o.ReadOnly {
		if d.writer, err = d.connect(writerCache); err != nil {
			return nil, d.fault(err, "open the database")
		}
		if err := d.migrate(); err != nil {
			_ = d.writer.close()
			return nil, d.fault(err, "bring the database up to date")
		}
		return d, nil
	}
	if err := d.checkVersion(); err != nil {
		_ = d.close()
		return nil, d.fault(err, "open the database")
	}
	return d, nil
}

// connect opens one more connection with cacheKiB of page cache.
func (d *database) connect(cacheKiB int) (*connection, error) {
	flags := sqlite3.OPEN_READWRITE
	if !d.readOnly {
		flags |= sqlite3.OPEN_CREATE
	}
	c, err := sqlite3.OpenFlags(d.path, flags)
	if err != nil {
		return nil, err
	}
	sync := "NORMAL"
	if d.noSync {
		sync = "OFF"
	}
	pragmas := "PRAGMA busy_timeout=" + strconv.Itoa(busyMillis) + ";" +
		"PRAGMA page_size=" + strconv.Itoa(pageSize) + ";" +
		"PRAGMA cache_size=-" + strconv.Itoa(cacheKiB) + ";" +
		"PRAGMA synchronous=" + sync + ";" +
		"PRAGMA temp_store=MEMORY;" +
		"PRAGMA wal_autocheckpoint=" + strconv.Itoa(walPages) + ";"
	if d.readOnly {
		pragmas += "PRAGMA query_only=1;"
	} else {
		// What is replaced and removed is overwritten: forgetting a user later could not find it any more.
		pragmas += "PRAGMA secure_delete=ON;PRAGMA journal_mode=WAL;PRAGMA journal_size_limit=" + strconv.Itoa(128<<20) + ";"
	}
	if err := c.Exec(pragmas); err != nil {
		_ = c.Close()
		return nil, err
	}
	return &connection{Conn: c, statements: map[string]*sqlite3.Stmt{}}, nil
}

// write runs f in one transaction. Nothing of it stays when f or the commit fails.
func (d *database) write(ctx context.Context, doing string, f func(c *connection) error) error {
	if d.readOnly {
		return errReadOnly()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return disk.Canceled(err)
	}
	err := d.writer.transact("BEGIN IMMEDIATE", f)
	if err != nil {
		return d.fault(err, "%s", doing)
	}
	return nil
}

// erase is write for what must not be found in any file afterwards: the log is written back. Deleted content is overwritten by every write.
func (d *database) erase(ctx context.Context, doing string, f func(c *connection) error) error {
	if err := d.write(ctx, doing, f); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	// Readers that are at work keep parts of the log; those go with the next checkpoint.
	if err := d.writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return d.fault(err, "%s", doing)
	}
	return nil
}

// read runs f on one unchanging state of the database.
func (d *database) read(ctx context.Context, doing string, f func(c *connection) error) error {
	var c *connection
	select {
	case c = <-d.readers:
	case <-ctx.Done():
		return disk.Canceled(ctx.Err())
	}
	defer func() { d.readers <- c }()
	if err := ctx.Err(); err != nil {
		return disk.Canceled(err)
	}
	if c == nil {
		opened, err := d.connect(readerCache)
		if err != nil {
			return d.fault(err, "%s", doing)
		}
		c = opened
	}
	if err := c.transact("BEGIN", f); err != nil {
		return d.fault(err, "%s", doing)
	}
	return nil
}

// close waits for what is under way, writes the log back and closes all connections.
func (d *database) close() error {
	var first error
	keep := func(err error) {
		if err != nil && first == nil {
			first = d.fault(err, "close the database")
		}
	}
	for range readerCount {
		keep((<-d.readers).close())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	keep(d.writer.close())
	return first
}

// connection is one connection with its prepared statements.
type connection struct {
	*sqlite3.Conn
	statements map[string]*sqlite3.Stmt
}

func (c *connection) close() error {
	if c == nil {
		return nil
	}
	for _, s := range c.statements {
		_ = s.Close()
	}
	return c.Close()
}

func (c *connection) transact(begin string, f func(c *connection) error) error {
	if err := c.Exec(begin); err != nil {
		return err
	}
	err := f(c)
	if err == nil {
		err = c.Exec("COMMIT")
	}
	if err != nil && !c.GetAutocommit() {
		_ = c.Exec("ROLLBACK")
	}
	return err
}

// prepare returns the statement of sql, compiled once a connection.
func (c *connection) prepare(sql string) (*sqlite3.Stmt, error) {
	if s, ok := c.statements[sql]; ok {
		return s, nil
	}
	s, _, err := c.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err != nil {
		return nil, err
	}
	c.statements[sql] = s
	return s, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *connection) exec(sql string, args ...any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	if err := bind(s, args); err != nil {
		return 0, err
	}
	if err := s.Exec(); err != nil {
		return 0, err
	}
	return c.Changes(), nil
}

// query calls row for each row of a statement's result.
func (c *connection) query(row func(s *sqlite3.Stmt) error, sql string, args ...any) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	if err := bind(s, args); err != nil {
		return err
	}
	for s.Step() {
		if err := row(s); err != nil {
			_ = s.Reset()
			return err
		}
	}
	failure := s.Err()
	if err := s.Reset(); failure == nil {
		failure = err
	}
	return failure
}

func bind(s *sqlite3.Stmt, args []any) error {
	for i, arg := range args {
		var err error
		switch arg := arg.(type) {
		case string:
			err = s.BindText(i+1, arg)
		case int64:
			err = s.BindInt64(i+1, arg)
		case float64:
			err = s.BindFloat(i+1, arg)
		case int:
			err = s.BindInt(i+1, arg)
		case bool:
			err = s.BindBool(i+1, arg)
		case []byte:
			err = bindBlob(s, i+1, arg)
		default:
			err = fault.New(fault.Internal, "no column takes the value %v", arg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bindBlob binds bytes; nil is an empty blob, not NULL.
func bindBlob(s *sqlite3.Stmt, place int, b []byte) error {
	if b == nil {
		b = []byte{}
	}
	return s.BindBlob(place, b)
}
