package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"regulars/internal/base/errs"
)

var errTimeType = errors.New("db: a time is kept as an integer")

// repeats is how often a transaction that lost against another is tried.
const repeats = 5

// Config says which database.
type Config struct {
	URL  string // postgres://…; empty: SQLite in Path
	Path string // file of SQLite; it is created
	// Conns is the most connections used for reading on SQLite and for
	// everything on PostgreSQL; 0: four a core, at least eight.
	Conns int
	Log   *slog.Logger // nil: slog.Default()
	tune  tuning       // zero: usual
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine engine
	pool   *pgxpool.Pool // PostgreSQL
	lite   *lite         // SQLite
	texts  *texts

	counters counters
}

// Open connects; it does not migrate.
func Open(ctx context.Context, cfg Config) (_ *DB, err error) {
	defer errs.Wrap(&err, "open database")
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Conns == 0 {
		cfg.Conns = max(8, 4*runtime.NumCPU())
	}
	d := &DB{texts: &texts{}}
	if cfg.tune == (tuning{}) {
		cfg.tune = usual
	}
	if cfg.URL == "" {
		d.engine = sqliteEngine
		d.lite, err = openLite(ctx, cfg, d.texts)
		return d, classify(err)
	}
	if !strings.HasPrefix(cfg.URL, "postgres://") && !strings.HasPrefix(cfg.URL, "postgresql://") {
		return nil, errs.New(errs.Invalid, "database_address", "The database address must start with postgres://.")
	}
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errs.New(errs.Invalid, "database_address", "The database address cannot be read; it looks like postgres://user:password@host:5432/name.")
	}
	d.engine = postgresEngine
	pc.MaxConns = int32(cfg.Conns)
	pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
	pc.ConnConfig.StatementCacheCapacity = 512
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = 3 * time.Second // of each host that is named
	}
	pc.ConnConfig.DialFunc = dialer().DialContext
	if !strings.Contains(cfg.URL, "target_session_attrs") {
		// A standby is no place to sell, whatever name or address leads to it.
		pc.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	// Our statements take milliseconds. To compile one, which PostgreSQL does when it
	// believes that there will be much to do, takes a hundred. It is said by a statement,
	// for poolers know few parameters.
	pc.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SET jit = off`)
		return err
	}
	if d.pool, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return nil, classify(err)
	}
	if err = d.pool.Ping(ctx); err != nil {
		d.pool.Close()
		return nil, classify(err)
	}
	return d, nil
}

// dialer connects to PostgreSQL. A machine that is gone without a word is noticed within
// seconds; the system would wait for it for a quarter of an hour.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 3},
		Control:         giveUp(6 * time.Second),
	}
}

// Close waits for what runs and closes.
func (d *DB) Close() error {
	if d.pool != nil {
		d.pool.Close()
		return nil
	}
	return d.lite.close()
}

// Postgres reports whether several processes may serve this database.
func (d *DB) Postgres() bool { return d.engine == postgresEngine }

// Scrub has what was deleted leave the files of an SQLite database: rows are written
// over as they go, and the write-ahead log, which has them still, is emptied as soon as
// no reader is in it, within seconds or else when it is closed. PostgreSQL does so in its own time.
func (d *DB) Scrub(ctx context.Context) {
	if d.lite != nil {
		d.lite.scrub(ctx)
	}
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	if d.engine == postgresEngine {
		ptx, err := d.begin(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		return classify(ptx.Rollback(ctx))
	}
	var one int64
	return d.QueryRow(ctx, `SELECT 1`).Scan(&one)
}

// Write runs fn in a transaction and commits if fn returns nil. A transaction
// that lost against another one is repeated, so fn must start afresh each
// time and touch nothing outside but its results.
func (d *DB) Write(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := d.write(ctx, fn)
		switch {
		case err == nil:
			d.counters.committed.Add(1)
			return nil
		case !errors.Is(err, errRepeat) || attempt == repeats:
			d.counters.failed.Add(1)
			return err
		}
		d.counters.repeated.Add(1)
		if errors.Is(err, ErrDown) { // a server that takes no writes any more: all connections to it are useless
			d.pool.Reset()
		}
		pause := time.NewTimer(time.Duration(rand.IntN(attempt*10)) * time.Millisecond) //nolint:gosec // jitter
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

func (d *DB) write(ctx context.Context, fn func(context.Context, *Tx) error) (err error) {
	if d.engine == sqliteEngine {
		return d.lite.write(ctx, fn)
	}
	return d.inPostgres(ctx, pgx.TxOptions{}, fn)
}

// inPostgres runs fn in a transaction of PostgreSQL.
func (d *DB) inPostgres(ctx context.Context, opts pgx.TxOptions, fn func(context.Context, *Tx) error) error {
	ptx, err := d.begin(ctx, opts)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_ = ptx.Rollback(context.WithoutCancel(ctx)) // the error that matters is the first
		}
	}()
	if err := fn(ctx, &Tx{pg: ptx, texts: d.texts}); err != nil {
		return err
	}
	if opts.AccessMode == pgx.ReadOnly {
		return nil // there is nothing to commit
	}
	done = true
	err = classify(ptx.Commit(ctx))
	if errors.Is(err, ErrDown) {
		return ErrUnsure.Because(err)
	}
	return err
}

// begin begins a transaction. A connection may have died since it was last
// used, as all have when the server was restarted; another one is tried then.
func (d *DB) begin(ctx context.Context, opts pgx.TxOptions) (pgx.Tx, error) {
	for range d.pool.Config().MaxConns {
		ptx, err := d.pool.BeginTx(ctx, opts)
		if err == nil {
			return ptx, nil
		}
		dial := (*pgconn.ConnectError)(nil)
		if err = classify(err); !errors.Is(err, ErrDown) || errors.As(err, &dial) || ctx.Err() != nil {
			return nil, err
		}
	}
	ptx, err := d.pool.BeginTx(ctx, opts)
	return ptx, classify(err)
}

// Read runs fn in one snapshot of the database; fn must not write.
func (d *DB) Read(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if d.engine == sqliteEngine {
		return d.lite.read(ctx, fn)
	}
	return d.inPostgres(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

// Query reads outside of a transaction. The rows must be closed.
func (d *DB) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if d.engine == sqliteEngine {
		return d.lite.query(ctx, text, args)
	}
	rows, err := d.pool.Query(ctx, d.texts.get(postgresEngine, text), postgresArgs(args)...)
	if err != nil {
		return nil, classify(err)
	}
	return &Rows{pg: rows}, nil
}

// QueryRow reads one row outside of a transaction.
func (d *DB) QueryRow(ctx context.Context, text string, args ...any) Row {
	rows, err := d.Query(ctx, text, args...)
	return Row{rows, err}
}

// Exec is a Write of one statement; it returns how many rows it changed.
func (d *DB) Exec(ctx context.Context, text string, args ...any) (changed int64, err error) {
	err = d.Write(ctx, func(ctx context.Context, tx *Tx) error {
		changed, err = tx.Exec(ctx, text, args...)
		return err
	})
	return changed, err
}

// Tx is a transaction. It is for one goroutine.
type Tx struct {
	pg    pgx.Tx
	lite  *liteConn
	texts *texts
}

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	if tx.lite != nil {
		return tx.lite.exec(ctx, text, args)
	}
	tag, err := tx.pg.Exec(ctx, tx.texts.get(postgresEngine, text), postgresArgs(args)...)
	return tag.RowsAffected(), classify(err)
}

// Guard runs a statement that must change exactly one row, and fails with
// ErrGuard if it does not.
func (tx *Tx) Guard(ctx context.Context, text string, args ...any) error {
	n, err := tx.Exec(ctx, text, args...)
	if err == nil && n != 1 {
		return ErrGuard
	}
	return err
}

// Query reads. The rows must be closed before the next statement.
func (tx *Tx) Query(ctx context.Context, text string, args ...any) (*Rows, error) {
	if tx.lite != nil {
		return tx.lite.query(ctx, text, args)
	}
	rows, err := tx.pg.Query(ctx, tx.texts.get(postgresEngine, text), postgresArgs(args)...)
	if err != nil {
		return nil, classify(err)
	}
	return &Rows{pg: rows}, nil
}

// QueryRow reads one row.
func (tx *Tx) QueryRow(ctx context.Context, text string, args ...any) Row {
	rows, err := tx.Query(ctx, text, args...)
	return Row{rows, err}
}

// Try runs fn in a savepoint: if it fails, only what fn did is undone.
func (tx *Tx) Try(ctx context.Context, fn func() error) error {
	if _, err := tx.Exec(ctx, `SAVEPOINT try`); err != nil {
		return err
	}
	err := fn()
	undo := context.WithoutCancel(ctx)
	if err != nil {
		if _, e := tx.Exec(undo, `ROLLBACK TO SAVEPOINT try`); e != nil {
			return errors.Join(err, e) // the transaction is lost
		}
	}
	if _, e := tx.Exec(undo, `RELEASE SAVEPOINT try`); e != nil {
		return errors.Join(err, e)
	}
	return err
}

// Rows are what a query gives.
type Rows struct {
	pg   pgx.Rows
	lite *sql.Rows
	conn *liteConn
	free func() // gives the connection back
}

// Next goes to the next row.
func (r *Rows) Next() bool {
	if r.lite != nil {
		return r.lite.Next()
	}
	return r.pg.Next()
}

// Scanner is a row whose columns can be copied: of Rows, or a Row.
type Scanner interface{ Scan(dst ...any) error }

// Scan copies the columns.
func (r *Rows) Scan(dst ...any) error {
	if r.lite != nil {
		return classify(r.lite.Scan(dst...))
	}
	return classify(r.pg.Scan(dst...))
}

// Err is what ended the rows early.
func (r *Rows) Err() error {
	if r.lite != nil {
		return r.conn.failed(r.lite.Err())
	}
	return classify(r.pg.Err())
}

// Close ends the reading; it may be called again.
func (r *Rows) Close() {
	if r.lite != nil {
		_ = r.lite.Close() // Err tells
		if r.free != nil {
			r.free()
			r.free = nil
		}
		return
	}
	r.pg.Close()
}

// Row is the only row of a query.
type Row struct {
	rows *Rows
	err  error
}

// Scan copies the columns; it fails with ErrNoRows if there is no row.
func (r Row) Scan(dst ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return ErrNoRows
	}
	if err := r.rows.Scan(dst...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// Scan reads every row of a query through scan, which calls rows.Scan.
func Scan(rows *Rows, err error, scan func(rows *Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (e engine) String() string {
	if e == postgresEngine {
		return "postgres"
	}
	return "sqlite"
}

// String names the engine, for logs and figures.
func (d *DB) String() string { return fmt.Sprint(d.engine) }
