package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// The write-ahead log is copied into the file in the background, so that no
// till waits for it. It is copied as far as readers allow when it passes
// walSoft; at walHard the writer waits once for it to start anew, or it would
// grow without end under steady load.
const (
	walSoft  = 8 << 20
	walHard  = 256 << 20
	walEvery = 200 * time.Millisecond
)

const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)" +
	"&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(0)&_pragma=temp_store(memory)&_pragma=cache_size(-%d)"

// lite is SQLite: one connection that writes, several that read.
type lite struct {
	pool    *sql.DB
	path    string
	writer  chan *liteConn // holds the one writer while it is free
	readers chan *liteConn
	stop    context.CancelFunc
	stopped sync.WaitGroup
	log     *slog.Logger
}

// liteConn is one connection with its prepared statements: the driver would
// parse each text anew.
type liteConn struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	texts *texts
}

func openLite(ctx context.Context, cfg Config, t *texts) (_ *lite, err error) {
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite would make a file that everybody may read. One that is there is
	// not touched: closing it would drop the locks this process has on it.
	if file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil { //nolint:gosec // the database
		if err := file.Close(); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: path}
	pool, err := sql.Open("sqlite", u.String()+fmt.Sprintf(pragmas, 32<<10))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = pool.Close()
		}
	}()
	l := &lite{pool: pool, path: path, writer: make(chan *liteConn, 1), readers: make(chan *liteConn, cfg.Conns), log: cfg.Log}
	for i := range cfg.Conns + 1 {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return nil, err
		}
		c := &liteConn{conn: conn, stmts: map[string]*sql.Stmt{}, texts: t}
		if i == 0 {
			l.writer <- c
			continue
		}
		if _, err := conn.ExecContext(ctx, `PRAGMA query_only = 1`); err != nil {
			return nil, err
		}
		l.readers <- c
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.stopped.Go(func() { l.checkpoint(background) })
	return l, nil
}

func (l *lite) close() error {
	l.stop()
	l.stopped.Wait()
	w := <-l.writer
	// A connection that has not looked at the log since others wrote it (the
	// migrations) would wait for itself, so it looks first.
	_, err := w.conn.ExecContext(context.Background(), `SELECT count(*) FROM sqlite_schema`)
	if err == nil {
		_, err = w.conn.ExecContext(context.Background(), `PRAGMA wal_checkpoint(TRUNCATE)`)
	}
	return errors.Join(err, l.pool.Close())
}

// checkpoint copies the write-ahead log into the file while others write.
func (l *lite) checkpoint(ctx context.Context) {
	tick := time.NewTicker(walEvery)
	defer tick.Stop()
	var copied int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		info, err := os.Stat(l.path + "-wal")
		if err != nil || info.Size() < walSoft || info.Size() == copied {
			continue
		}
		if info.Size() >= walHard {
			err = l.restart(ctx)
		} else {
			err = l.passive(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.log.Warn("checkpoint of the write-ahead log failed", "error", err)
		}
		copied = info.Size()
	}
}

func (l *lite) passive(ctx context.Context) error {
	_, err := l.pool.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`)
	return err
}

func (l *lite) restart(ctx context.Context) error {
	if err := l.passive(ctx); err != nil { // most of the work, before writers wait
		return err
	}
	c, err := take(ctx, l.writer)
	if err != nil {
		return err
	}
	defer func() { l.writer <- c }()
	_, err = c.conn.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return err
}

func take(ctx context.Context, from chan *liteConn) (*liteConn, error) {
	select {
	case c := <-from:
		return c, nil
	default:
	}
	select {
	case c := <-from:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *lite) write(ctx context.Context, fn func(context.Context, *Tx) error) error {
	c, err := take(ctx, l.writer)
	if err != nil {
		return err
	}
	defer func() { l.writer <- c }()
	// A statement that is interrupted half way would cost the whole
	// transaction, and the driver pays a goroutine for each that could be.
	ctx = context.WithoutCancel(ctx)
	if _, err := c.exec(ctx, `BEGIN IMMEDIATE`, nil); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_, _ = c.exec(ctx, `ROLLBACK`, nil) // fails where SQLite has rolled back itself
		}
	}()
	if err := fn(ctx, &Tx{lite: c}); err != nil {
		return err
	}
	if _, err := c.exec(ctx, `COMMIT`, nil); err != nil {
		return err
	}
	done = true
	return nil
}

func (l *lite) read(ctx context.Context, fn func(context.Context, *Tx) error) error {
	c, err := take(ctx, l.readers)
	if err != nil {
		return err
	}
	defer func() { l.readers <- c }()
	end := context.WithoutCancel(ctx)
	if _, err := c.exec(end, `BEGIN`, nil); err != nil {
		return err
	}
	defer func() { _, _ = c.exec(end, `ROLLBACK`, nil) }() // nothing was written
	return fn(ctx, &Tx{lite: c})
}

func (l *lite) query(ctx context.Context, text string, args []any) (*Rows, error) {
	c, err := take(ctx, l.readers)
	if err != nil {
		return nil, err
	}
	rows, err := c.query(ctx, text, args)
	if err != nil {
		l.readers <- c
		return nil, err
	}
	rows.free = func() { l.readers <- c }
	return rows, nil
}

func (c *liteConn) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := c.stmts[text]; ok {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.WithoutCancel(ctx), c.texts.get(sqliteEngine, text))
	if err != nil {
		return nil, classify(err)
	}
	c.stmts[text] = s
	return s, nil
}

func (c *liteConn) exec(ctx context.Context, text string, args []any) (int64, error) {
	s, err := c.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, sqliteArgs(args)...)
	if err != nil {
		return 0, classify(err)
	}
	return res.RowsAffected()
}

func (c *liteConn) query(ctx context.Context, text string, args []any) (*Rows, error) {
	s, err := c.stmt(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, sqliteArgs(args)...) //nolint:rowserrcheck // Rows does it
	if err != nil {
		return nil, classify(err)
	}
	return &Rows{lite: rows}, nil
}
