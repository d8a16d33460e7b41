package staff

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
)

// Entry is one line of the audit log: who did what to which thing, and what it
// was before. It holds no secrets.
type Entry struct {
	ID      int64
	At      time.Time       // zero: now
	Actor   ID              // 0: the program
	Action  string          // "store.changed"
	Subject string          // "store:123"
	Store   catalog.StoreID // whose it is; 0: nobody's, or of all
	Before  json.RawMessage
	After   json.RawMessage
	IP      string
}

// AuditTx writes a line in the transaction of the change it tells of. Before
// and After are JSON or nothing.
func (s *Service) AuditTx(ctx context.Context, tx *db.Tx, e Entry) (err error) {
	defer errs.Wrap(&err, "audit %s", e.Action)
	if e.At.IsZero() {
		e.At = s.now()
	}
	const insert = `
		INSERT INTO audit (id, at, actor, action, subject, store_id, ip, was, became)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	_, err = tx.Exec(ctx, insert, s.mint.Next(), e.At.UnixMicro(), int64(e.Actor), e.Action, e.Subject, int64(e.Store), e.IP, string(e.Before), string(e.After))
	return err
}

// sameLook is how long a look at the same thing is the same look.
const sameLook = 10 * time.Minute

// Look writes down that somebody looked at personal data, in a transaction of
// its own before they are shown: what is not written down is not seen. Looking
// again within ten minutes is one line, except for pages that are opened at
// the same moment.
func (s *Service) Look(ctx context.Context, e Entry) (err error) {
	defer errs.Wrap(&err, "note %s", e.Action)
	now := s.now()
	const again = `
		SELECT EXISTS (SELECT 1 FROM audit WHERE actor = $1 AND id >= $2 AND action = $3 AND subject = $4 AND became = $5)`
	var known bool
	err = s.db.QueryRow(ctx, again, int64(e.Actor), id.First(now.Add(-sameLook)), e.Action, e.Subject, string(e.After)).Scan(&known)
	if err != nil || known {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return s.AuditTx(ctx, tx, e) })
}

// forgetAtOnce is how many lines are cleared in one transaction.
const forgetAtOnce = 5_000

// ForgetLooks clears looks at personal data from before a time out of the log, and
// writes down that it did; what changed anything stays for ever.
func (s *Service) ForgetLooks(ctx context.Context, before time.Time) (err error) {
	defer errs.Wrap(&err, "forget looks")
	const forget = `
		DELETE FROM audit
		 WHERE id IN (SELECT id FROM audit WHERE id < $1 AND SUBSTR(action, 1, 5) = 'look.' ORDER BY id LIMIT $2)`
	for {
		var n int64
		err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			var err error
			if n, err = tx.Exec(ctx, forget, id.First(before), forgetAtOnce); err != nil || n == 0 {
				return err
			}
			return s.AuditTx(ctx, tx, Entry{Action: "audit.cleared", Subject: "audit", After: facts(map[string]any{"before": before.UTC().Format(time.RFC3339), "lines": n})})
		})
		if err != nil || n == 0 {
			return err
		}
		if n < forgetAtOnce {
			return nil
		}
	}
}

// Filter picks lines of the audit log; what is zero picks all.
type Filter struct {
	Actor   ID
	Action  string // "store.changed", or "store." for all of stores
	Subject string
	Stores  []catalog.StoreID // whose the lines are; nil: all lines
	From    time.Time         // of writing
	To      time.Time         // not included
}

// ErrCursor is returned for a cursor that this program did not give.
var ErrCursor = errs.New(errs.Invalid, "bad_cursor", "This page's address is not complete; begin at the first page.")

// Audit lists the log, the latest first, limit lines at a time. next is the
// cursor of what follows; "" is the end.
func (s *Service) Audit(ctx context.Context, f Filter, cursor string, limit int) (lines []Entry, next string, err error) {
	defer errs.Wrap(&err, "read the audit log")
	// Ids rise with time, so the days that are asked for bound them, and the
	// last id of a page is where the next begins.
	from, before := int64(0), int64(1)<<62
	if !f.From.IsZero() {
		from = id.First(f.From)
	}
	if !f.To.IsZero() {
		before = id.First(f.To)
	}
	if cursor != "" {
		c, err := strconv.ParseInt(cursor, 36, 64)
		if err != nil || c <= 0 {
			return nil, "", ErrCursor.Because(err)
		}
		before = min(before, c)
	}
	var args db.Args
	where := args.Put(`id >= ? AND id < ?`, from, before)
	if f.Actor != 0 {
		where += args.Put(` AND actor = ?`, int64(f.Actor))
	}
	if f.Subject != "" {
		where += args.Put(` AND subject = ?`, f.Subject)
	}
	if f.Stores != nil {
		where += args.Put(` AND store_id <> 0 AND store_id IN (?...)`, db.IDs(f.Stores))
	}
	if strings.HasSuffix(f.Action, ".") {
		where += args.Put(` AND SUBSTR(action, 1, `+strconv.Itoa(len(f.Action))+`) = ?`, f.Action)
	} else if f.Action != "" {
		where += args.Put(` AND action = ?`, f.Action)
	}
	where += args.Put(` ORDER BY id DESC LIMIT ?`, int64(limit+1))
	rows, err := s.db.Query(ctx, `SELECT id, at, actor, action, subject, store_id, ip, was, became FROM audit WHERE `+where, args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var (
			e           Entry
			actor       int64
			was, became string
		)
		err := r.Scan(&e.ID, db.Time{Dst: &e.At}, &actor, &e.Action, &e.Subject, &e.Store, &e.IP, &was, &became)
		e.Actor = ID(actor)
		if was != "" {
			e.Before = json.RawMessage(was)
		}
		if became != "" {
			e.After = json.RawMessage(became)
		}
		lines = append(lines, e)
		return err
	})
	if err == nil && len(lines) > limit {
		lines = lines[:limit]
		next = strconv.FormatInt(lines[limit-1].ID, 36)
	}
	return lines, next, err
}
