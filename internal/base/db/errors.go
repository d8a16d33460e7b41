package db

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"regulars/internal/base/errs"
)

// ErrNoRows is what Row.Scan returns when there is no row.
var ErrNoRows = sql.ErrNoRows

// Failures that the engine's own errors are turned into.
var (
	ErrUnique = errs.New(errs.Conflict, "already_exists", "This exists already.")
	ErrCheck  = errs.New(errs.Internal, "broken_rule", "A rule of the database was broken; nothing was changed.")
	ErrFull   = errs.New(errs.Unavailable, "disk_full", "The disk of the database is full; nothing was changed. Free some space and try again.")
	ErrBusy   = errs.New(errs.Unavailable, "database_busy", "The database is locked by another program; nothing was changed. Try again in a moment.")
	ErrDown   = errs.New(errs.Unavailable, "database_unavailable", "The database does not answer; nothing was changed. Try again in a moment.")
	// ErrUnsure is when the connection was lost while it was being committed.
	ErrUnsure = errs.New(errs.Unavailable, "outcome_unknown", "The connection to the database was lost while saving: it is not known whether this was saved. Send the very same again; what was saved is not done twice.")
	ErrGuard  = errs.New(errs.Conflict, "state_changed", "The state has changed meanwhile; nothing was changed. Look again and repeat.")

	// errRepeat marks a transaction that another one made fail and that may
	// succeed when repeated.
	errRepeat = errors.New("db: transaction to be repeated")
)

// classify turns an error of the driver into one of this package, keeping it
// as the cause.
func classify(err error) error {
	switch {
	case err == nil, errors.Is(err, sql.ErrNoRows), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, pgx.ErrNoRows):
		return sql.ErrNoRows
	}
	var own *errs.Error
	if errors.As(err, &own) {
		return err
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return classifySQLite(lite)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyPostgres(pg)
	}
	var (
		dial  *pgconn.ConnectError
		opErr *net.OpError
	)
	if errors.As(err, &dial) || errors.As(err, &opErr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, puddle.ErrClosedPool) || errors.Is(err, syscall.ECONNRESET) || pgconn.SafeToRetry(err) {
		return ErrDown.Because(err)
	}
	return err
}

func classifySQLite(err *sqlite.Error) error {
	switch err.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return ErrUnique.Because(err)
	}
	switch err.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT:
		return ErrCheck.Because(err)
	case sqlite3.SQLITE_FULL:
		return ErrFull.Because(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy.Because(err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ErrDown.Because(err)
	}
	return err
}

// endsTransaction reports whether SQLite may have rolled the transaction back
// by itself (https://www.sqlite.org/lang_transaction.html).
func endsTransaction(err error) bool {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return false
	}
	switch lite.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CORRUPT:
		return true
	}
	return false
}

func classifyPostgres(err *pgconn.PgError) error {
	switch {
	case err.Code == "23505":
		return ErrUnique.Because(err)
	case err.Code[:2] == "23":
		return ErrCheck.Because(err)
	case err.Code == "53100":
		return ErrFull.Because(err)
	case err.Code == "40001", err.Code == "40P01":
		return errors.Join(errRepeat, ErrBusy.Because(err))
	case err.Code == "25006": // the server has become a standby: nothing was changed, and another one takes it
		return errors.Join(errRepeat, ErrDown.Because(err))
	case err.Code == "55P03":
		return ErrBusy.Because(err)
	case err.Code[:2] == "08", err.Code[:2] == "57", err.Code[:2] == "53":
		return ErrDown.Because(err)
	}
	return err
}
