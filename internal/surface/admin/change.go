package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// line is what a change writes into the audit log.
type line struct {
	action, subject string
	before, after   any             // nil: nothing
	store           catalog.StoreID // whose what changed is; 0: nobody's, or of all
}

// change runs do in a transaction and writes what it did into the audit log
// there. A line without an action says that nothing changed.
func (a *Admin) change(r *http.Request, do func(ctx context.Context, tx *db.Tx) (line, error)) error {
	who := by(r)
	return a.DB.Write(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		l, err := do(ctx, tx)
		if err != nil || l.action == "" {
			return err
		}
		return a.auditTx(ctx, tx, who, l)
	})
}

// errUnread takes a change back whose form could not be read whole.
var errUnread = errors.New("the form cannot be read whole")

// changeBy is change for a form that may hold what cannot be read: the service is
// asked all the same, so that everything that is wrong is said at once, and what it
// did is taken back.
func (a *Admin) changeBy(form *web.Form, r *http.Request, do func(ctx context.Context, tx *db.Tx) (line, error)) error {
	err := a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		l, err := do(ctx, tx)
		if err == nil && !form.OK() {
			err = errUnread
		}
		return l, err
	})
	if errors.Is(err, errUnread) {
		return nil
	}
	return form.Take(err)
}

func (a *Admin) auditTx(ctx context.Context, tx *db.Tx, who staff.By, l line) error {
	e := staff.Entry{Actor: who.ID, IP: who.IP, Action: l.action, Subject: l.subject, Store: l.store}
	var err error
	if l.before != nil {
		if e.Before, err = json.Marshal(l.before); err != nil {
			return err
		}
	}
	if l.after != nil {
		if e.After, err = json.Marshal(l.after); err != nil {
			return err
		}
	}
	if l.before != nil && bytes.Equal(e.Before, e.After) {
		return nil // it was saved as it was
	}
	return a.Staff.AuditTx(ctx, tx, e)
}
