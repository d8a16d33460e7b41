// Package event is the log of what happened: facts are appended in the
// transaction that made them so, and read in the order they were committed.
//
// Nothing is published after a commit, so nothing is lost by a crash; readers
// keep their own cursor and never skip a row that commits late. What comes by
// many, as an import does, is told by one event of a transaction, whose body says
// of which. Kinds and bodies belong to the packages that append. DESIGN.md has
// the order.
package event

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Event is one fact.
type Event struct {
	ID         int64
	At         time.Time // when it happened, not when it was recorded
	Kind       string    // "receipt.recorded"
	CustomerID int64     // 0: of nobody
	Ref        int64     // what it is about
	Body       string    // JSON; "" is {}
}

// Cursor is how far a reader has come: the id of the last event it has read; 0
// is the beginning. Ids do not rise along the log: two cursors cannot be
// compared.
type Cursor int64

// Body is the body of an event: what the appending package tells of it, a plain
// struct or map, as JSON.
func Body(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("event: a body does not marshal: %v", err)) // a mistake in the program
	}
	return string(b)
}

var table = db.NewTable("events", "at", "kind", "customer_id", "ref", "body")

// Log reads events; Append adds them.
type Log struct{ db *db.DB }

// New makes the log of a database.
func New(d *db.DB) *Log { return &Log{d} }

// Append adds events to a batch of the caller's transaction.
func Append(b *db.Batch, events ...Event) {
	if len(events) == 0 {
		return
	}
	rows := make([][]any, len(events))
	for i, e := range events {
		var customer *int64
		if e.CustomerID != 0 {
			customer = &e.CustomerID
		}
		body := e.Body
		if body == "" {
			body = "{}"
		}
		rows[i] = []any{e.At.UnixMicro(), e.Kind, customer, e.Ref, body}
	}
	b.Insert(table, rows)
}

// Read returns up to limit events after the cursor, in the order they were
// committed, and the cursor after them. On PostgreSQL a transaction that is
// still open may commit rows with smaller numbers than those already visible:
// only what is older than every open transaction is read, so nothing is
// skipped; such a transaction delays its successors for readers, and so does
// one in another database of the same server, for they share the numbers.
func (l *Log) Read(ctx context.Context, after Cursor, limit int) (events []Event, next Cursor, err error) {
	// Two halves, each in the order of an index: SQLite compares no pair with the key
	// of its rows.
	const columns = `SELECT xid, id, at, kind, COALESCE(customer_id, 0), ref, body FROM events`
	const place = `COALESCE((SELECT xid FROM events WHERE id = $1), -9223372036854775807)`
	const read = columns + `
		 WHERE xid = ` + place + ` AND id > $1 -- sqlite
		 UNION ALL ` + columns + ` -- sqlite
		 WHERE xid > ` + place + ` -- sqlite
		 WHERE (xid, id) > (` + place + `, $1) -- postgres
		   AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint -- postgres
		 ORDER BY xid, id
		 LIMIT $2`
	next = after
	rows, err := l.db.Query(ctx, read, int64(after), limit)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var e Event
		var xid int64
		err := r.Scan(&xid, &e.ID, db.Time{Dst: &e.At}, &e.Kind, &e.CustomerID, &e.Ref, &e.Body)
		next = Cursor(e.ID)
		events = append(events, e)
		return err
	})
	return events, next, err
}

// About gives what the log tells of some customers in events of some kinds, in the order
// in which it happened. An index serves the kinds of levels; of others all is read.
func (l *Log) About(ctx context.Context, customers []int64, kinds ...string) (events []Event, err error) {
	defer errs.Wrap(&err, "read events of customers")
	// The index is used where the text says the same as its own.
	text := `
		SELECT id, at, kind, customer_id, ref, body
		  FROM events
		 WHERE customer_id IN ($1...) AND kind IN ('` + strings.Join(slices.Sorted(slices.Values(kinds)), "', '") + `')
		 ORDER BY at, id`
	rows, err := l.db.Query(ctx, text, db.IDs(customers))
	return events, db.Scan(rows, err, func(r *db.Rows) error {
		var e Event
		err := r.Scan(&e.ID, db.Time{Dst: &e.At}, &e.Kind, &e.CustomerID, &e.Ref, &e.Body)
		events = append(events, e)
		return err
	})
}

// EndTx is the cursor after everything that Read would give now.
func (l *Log) EndTx(ctx context.Context, tx *db.Tx) (at Cursor, err error) {
	defer errs.Wrap(&err, "find the end of the event log")
	const last = `
		SELECT COALESCE((SELECT id FROM events
		 WHERE xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint -- postgres
		 ORDER BY xid DESC, id DESC LIMIT 1), 0)`
	return at, tx.QueryRow(ctx, last).Scan(&at)
}

// Rebase moves the log of a database that came from another PostgreSQL server
// before everything that this database will number; elsewhere it does nothing. Every
// process calls it before it appends.
func (l *Log) Rebase(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "rebase the event log")
	const foreign = `
		SELECT COALESCE(MAX(xid), 0) > 0 FROM events -- sqlite
		SELECT COALESCE(MAX(xid), 0) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM events -- postgres`
	var moved bool
	if err := l.db.QueryRow(ctx, foreign).Scan(&moved); err != nil || !moved {
		return err
	}
	return l.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if l.db.Postgres() { // several may start at once
			if _, err := tx.Exec(ctx, `LOCK TABLE events IN EXCLUSIVE MODE`); err != nil {
				return err
			}
		}
		if err := tx.QueryRow(ctx, foreign).Scan(&moved); err != nil || !moved {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE events SET xid = xid - (SELECT MAX(xid) + 1 FROM events)`)
		return err
	})
}
