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
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
)

// tuning is when SQLite does what. The write-ahead log is copied into the file
// in the background, so that no till waits for it: as far as readers allow when
// it passes soft; at hard the writer waits once for it to start anew, or it
// would grow without end under steady load. A reader that keeps it from
// starting anew is not waited for longer than patience, and asked again later.
type tuning struct {
	busy     time.Duration // for another process that writes
	every    time.Duration // look at the log
	soft     int64         // bytes
	hard     int64
	patience time.Duration
	later    time.Duration
}

var usual = tuning{
	busy: 4 * time.Second, every: 200 * time.Millisecond, soft: 32 << 20, hard: 128 << 20,
	patience: 100 * time.Millisecond, later: 5 * time.Second,
}

const pageSize = 4096 // SQLite's default

// What connections keep of the file in memory, in KB. The writer's is small
// because SQLite goes through all of it at the end of a commit that has split a
// page, as nearly every one here does: with 32 MB that was a tenth of the
// writer's time. What a reader keeps is worth nothing after the next commit, and
// forgetting it takes the longer the more it has ever been.
const (
	writerCache = 8 << 10
	readerCache = 4 << 10
)

// synchronous(normal) has SQLite sync what checkpoints need; commits are synced
// by write, once the next writer may go on. secure_delete has zeros written over what
// is deleted: people who were forgotten are not in the file.
const pragmas = "?_pragma=busy_timeout(%d)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)" +
	"&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(0)&_pragma=secure_delete(1)&_pragma=temp_store(memory)&_pragma=cache_size(-%d)"

var (
	errClosed   = errors.New("db: closed")
	errUnsynced = errors.New("db: the disk does not take the write-ahead log")
)

// lite is SQLite: one connection that writes, several that read.
type lite struct {
	pool *sql.DB
	file *os.File // the database, to have what was copied into it written to the disk
	wal  *os.File // its write-ahead log, likewise
	// unsynced says that the disk has failed to take the log: what the system
	// still has of it must be in the database before anything follows.
	unsynced atomic.Bool
	tuning
	writer  chan *liteConn // holds the one writer while it is free
	readers chan *liteConn
	closed  chan struct{}
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

	writing bool
	// dead is the error after which SQLite may have rolled the transaction
	// back by itself: whatever ran then would be committed on its own.
	dead error
}

// ofdLocks has SQLite lock open files and not the process: closing our own
// handle of a database would drop all that the process has locked in it.
// Systems other than Linux have no such locks; there it matters to those only
// who open one file twice in a process, as tests do.
var ofdLocks = sync.OnceFunc(func() { _, _ = sqlite.OFDLocking(true) })

func openLite(ctx context.Context, cfg Config, t *texts) (_ *lite, err error) {
	ofdLocks()
	path, err := filepath.Abs(cfg.Path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	// SQLite would make a file that everybody may read.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the database
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	u := url.URL{Scheme: "file", Path: path}
	pool, err := sql.Open("sqlite", u.String()+fmt.Sprintf(pragmas, cfg.tune.busy.Milliseconds(), writerCache))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = pool.Close()
		}
	}()
	l := &lite{
		pool: pool, file: file, tuning: cfg.tune, log: cfg.Log,
		writer: make(chan *liteConn, 1), readers: make(chan *liteConn, cfg.Conns), closed: make(chan struct{}),
	}
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
		if _, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA query_only = 1; PRAGMA cache_size = -%d`, readerCache)); err != nil {
			return nil, err
		}
		l.readers <- c
	}
	// The log is made by the first who reads.
	if _, err := pool.ExecContext(ctx, `SELECT 1 FROM sqlite_schema`); err != nil {
		return nil, err
	}
	if l.wal, err = os.OpenFile(path+"-wal", os.O_RDWR, 0); err != nil { //nolint:gosec // beside the database
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.stopped.Go(func() { l.checkpoint(background) })
	return l, nil
}

// close waits for what runs. Closing the last connection removes the log.
func (l *lite) close() (err error) {
	l.stop()
	l.stopped.Wait()
	w := <-l.writer
	close(l.closed)
	_, err = l.anew(context.Background(), w.conn, "TRUNCATE")
	err = errors.Join(err, w.close())
	for range cap(l.readers) {
		err = errors.Join(err, (<-l.readers).close())
	}
	return errors.Join(err, l.pool.Close(), l.file.Close(), l.wal.Close())
}

// checkpoint copies the write-ahead log into the file while others write.
func (l *lite) checkpoint(ctx context.Context) {
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	wait := 0 // ticks until the log may be made to start anew
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		wait--
		var busy, logged, copied int64 // pages
		err := l.pool.QueryRowContext(ctx, `PRAGMA wal_checkpoint(NOOP)`).Scan(&busy, &logged, &copied)
		anew := true
		switch {
		case err != nil || logged*pageSize < l.soft || logged == copied:
		case logged*pageSize >= l.hard && wait <= 0:
			anew, err = l.restart(ctx)
		default:
			err = l.copy(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.log.Warn("checkpoint of the write-ahead log failed", "error", err)
		}
		if !anew {
			wait = int(l.later / l.every)
		}
	}
}

// copy copies what it can and has the disk write it: SQLite would do that only
// at the end, while the writer waits.
func (l *lite) copy(ctx context.Context) error {
	if _, err := l.pool.ExecContext(ctx, `PRAGMA wal_checkpoint(PASSIVE)`); err != nil {
		return err
	}
	return l.file.Sync()
}

// restart makes the log start anew; false: a reader does not let it yet. The
// file of the log stays as long as it is: it is quicker to write over it.
func (l *lite) restart(ctx context.Context) (anew bool, err error) {
	if err := l.copy(ctx); err != nil { // most of the work, before writers wait
		return false, err
	}
	c, err := l.take(ctx, l.writer)
	if err != nil {
		return false, err
	}
	defer func() { l.writer <- c }()
	return l.anew(ctx, c.conn, "RESTART")
}

// anew copies the log and has it start anew, unless a reader keeps it from
// that for longer than patience.
func (l *lite) anew(ctx context.Context, writer *sql.Conn, mode string) (done bool, err error) {
	patience := func(d time.Duration) error {
		_, err := writer.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf(`PRAGMA busy_timeout = %d`, d.Milliseconds()))
		return err
	}
	if err := patience(l.patience); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, patience(l.busy)) }()
	// A connection that has never looked at the database would begin to within
	// the checkpoint, and wait for itself.
	var busy, n int
	if err := writer.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema`).Scan(&n); err != nil {
		return false, err
	}
	err = writer.QueryRowContext(ctx, `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &n, &n)
	return busy == 0, err
}

// scrubs is how often the log is tried to be emptied, each time for patience.
const scrubs = 20

// scrub empties the log. Writers go on between its tries.
func (l *lite) scrub(ctx context.Context) {
	try := func() (done bool, err error) {
		c, err := l.take(ctx, l.writer)
		if err != nil {
			return false, err
		}
		defer func() { l.writer <- c }()
		return l.anew(ctx, c.conn, "TRUNCATE")
	}
	for range scrubs {
		if done, err := try(); err != nil || done {
			if err != nil {
				l.log.Warn("what was deleted stays in the write-ahead log", "error", err)
			}
			return
		}
		select { // whoever waits to write goes on before the next try
		case <-time.After(l.patience):
		case <-ctx.Done():
			return
		}
	}
	l.log.Warn("what was deleted stays in the write-ahead log until that is emptied: it is being read")
}

// take waits for a connection.
func (l *lite) take(ctx context.Context, from chan *liteConn) (*liteConn, error) {
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
	case <-l.closed:
		return nil, ErrDown.Because(errClosed)
	}
}

// write commits and then waits for the disk, while the next writer goes on
// already: what that one reads of ours is in the log before its own, and is
// synced with it.
func (l *lite) write(ctx context.Context, fn func(context.Context, *Tx) error) error {
	if err := l.commit(ctx, fn); err != nil {
		return err
	}
	if err := datasync(l.wal); err != nil {
		l.unsynced.Store(true)
		return ErrUnsure.Because(err)
	}
	return nil
}

func (l *lite) commit(ctx context.Context, fn func(context.Context, *Tx) error) error {
	c, err := l.take(ctx, l.writer)
	if err != nil {
		return err
	}
	defer func() { l.writer <- c }()
	if l.unsynced.Load() {
		if done, err := l.anew(ctx, c.conn, "RESTART"); err != nil || !done {
			return ErrDown.Because(errors.Join(errUnsynced, err))
		}
		l.unsynced.Store(false)
	}
	// A statement that is interrupted half way would cost the whole
	// transaction, and the driver pays a goroutine for each that could be.
	ctx = context.WithoutCancel(ctx)
	if err := l.begin(ctx, c); err != nil {
		return err
	}
	c.writing, c.dead = true, nil
	done := false
	defer func() {
		c.writing, c.dead = false, nil
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

// begin waits for other processes. Whoever is to write next waits inside of a
// door, so that an import, which has hardly ended one transaction when it begins
// another, does not keep a till out: SQLite's own waiting is asking now and then. The
// lock is on the log, which SQLite has none of its own on.
func (l *lite) begin(ctx context.Context, c *liteConn) error {
	for wait := time.Duration(0); !enter(l.wal); wait += time.Millisecond {
		if wait > l.busy {
			return ErrBusy
		}
		time.Sleep(time.Millisecond)
	}
	defer leave(l.wal)
	_, err := c.exec(ctx, `BEGIN IMMEDIATE`, nil)
	return err
}

func (l *lite) read(ctx context.Context, fn func(context.Context, *Tx) error) error {
	c, err := l.take(ctx, l.readers)
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
	c, err := l.take(ctx, l.readers)
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
	if c.dead != nil {
		return nil, c.dead
	}
	if s, ok := c.stmts[text]; ok {
		return s, nil
	}
	s, err := c.conn.PrepareContext(context.WithoutCancel(ctx), c.texts.get(sqliteEngine, text))
	if err != nil {
		return nil, c.failed(err)
	}
	c.stmts[text] = s
	return s, nil
}

// close also closes the statements: the connection would stay open with them.
func (c *liteConn) close() (err error) {
	for _, s := range c.stmts {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, c.conn.Close())
}

// failed classifies an error and remembers one that ends the transaction.
func (c *liteConn) failed(err error) error {
	own := classify(err)
	if c.writing && endsTransaction(err) {
		c.dead = own
	}
	return own
}

func (c *liteConn) exec(ctx context.Context, text string, args []any) (int64, error) {
	s, err := c.stmt(ctx, text)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, sqliteArgs(args)...)
	if err != nil {
		return 0, c.failed(err)
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
		return nil, c.failed(err)
	}
	return &Rows{lite: rows, conn: c}, nil
}
