package staff_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
)

// Every role says what it is after it was stored, and a program of before takes
// the new ones for cashiers.
func TestRolesAreKept(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		w.add(t, "first", staff.Owner)
		for _, role := range staff.Roles {
			var stores []catalog.StoreID
			if !role.Everywhere() {
				stores = []catalog.StoreID{7}
			}
			a := w.add(t, "as-"+string(role), role, stores...)
			got, err := w.Get(t.Context(), a.ID)
			if err != nil || got.Role != role || !slices.Equal(got.Stores, stores) {
				t.Errorf("a %s is read as %s in %v (%v)", role, got.Role, got.Stores, err)
			}
			var old string
			if err := d.QueryRow(t.Context(), `SELECT role FROM staff WHERE id = $1`, int64(a.ID)).Scan(&old); err != nil || (old == "owner") != (role == staff.Owner) {
				t.Errorf("a program of before takes a %s for %s (%v)", role, old, err)
			}
			if scope := got.Scope(); (scope == nil) != role.Everywhere() {
				t.Errorf("a %s sees %v", role, scope)
			}
			for _, next := range staff.Roles { // and changes
				if _, err := w.Change(t.Context(), staff.By{}, a.ID, staff.Change{Role: &next, Stores: &[]catalog.StoreID{7}}); err != nil {
					t.Fatal(err)
				}
				if got, err := w.Get(t.Context(), a.ID); err != nil || got.Role != next {
					t.Errorf("after a change to %s: %s, %v", next, got.Role, err)
				}
			}
		}
	})
}

// No stores are no stores, never all.
func TestScopeOfNothingIsNothing(t *testing.T) {
	t.Parallel()
	for _, a := range []staff.Account{{Role: staff.Manager, Active: true}, {Role: staff.Owner}, {Role: staff.Cashier, Stores: []catalog.StoreID{1}}} {
		if scope := a.Scope(); len(scope) == 0 || slices.Contains(scope, 0) || slices.Contains(scope, 1) {
			t.Errorf("%+v sees %v", a, scope)
		}
	}
}

// A manager adds and changes cashiers who work in the manager's stores and
// nowhere else, and makes nobody more than that.
func TestManagersManageTheirCashiers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		owner := w.add(t, "owner", staff.Owner)
		manager := w.add(t, "manager", staff.Manager, 1, 2)
		mine, both, theirs := w.add(t, "mine", staff.Cashier, 1), w.add(t, "both", staff.Cashier, 2, 3), w.add(t, "theirs", staff.Cashier, 3)
		other, analyst := w.add(t, "other", staff.Manager, 1), w.add(t, "analyst", staff.Analyst)
		by := staff.By{ID: manager.ID}
		name, off, more, login := "Renamed", false, staff.Manager, "login2"
		wide, own := []catalog.StoreID{1, 3}, []catalog.StoreID{1, 2}

		for who, may := range map[staff.ID]bool{mine.ID: true, both.ID: false, theirs.ID: false, other.ID: false, analyst.ID: false} {
			for what, err := range map[string]error{
				"change":       second(w.Change(ctx, by, who, staff.Change{Name: &name})),
				"link":         third(w.InviteAgain(ctx, by, who)),
				"end sessions": w.EndSessions(ctx, by, who),
			} {
				if may && err != nil || !may && !errors.Is(err, staff.ErrMayNot) {
					t.Errorf("%s of %d: %v", what, who, err)
				}
			}
		}
		for what, c := range map[string]staff.Change{"role": {Role: &more}, "stores": {Stores: &wide}} {
			if _, err := w.Change(ctx, by, mine.ID, c); !errors.Is(err, staff.ErrMayNot) {
				t.Errorf("a manager changed a cashier's %s: %v", what, err)
			}
		}
		for what, c := range map[string]staff.Change{"role": {Role: &more}, "stores": {Stores: &own}, "login": {Login: &login}, "active": {Active: &off}} {
			if _, err := w.Change(ctx, staff.By{ID: mine.ID}, mine.ID, c); !errors.Is(err, staff.ErrMayNot) {
				t.Errorf("a cashier changed their own %s: %v", what, err)
			}
		}
		if _, err := w.Change(ctx, staff.By{ID: mine.ID}, mine.ID, staff.Change{Name: &name}); err != nil {
			t.Error(err)
		}
		for _, bad := range []staff.NewAccount{{Role: staff.Owner}, {Role: staff.Operator}, {Role: staff.Manager, Stores: own}, {Role: staff.Cashier, Stores: wide}} {
			if _, _, err := w.Invite(ctx, by, bad.Role, bad.Stores); !errors.Is(err, staff.ErrMayNot) {
				t.Errorf("a manager invited %+v: %v", bad, err)
			}
		}

		// Links are as good as whoever gave them is.
		link, _, err := w.Invite(ctx, by, staff.Cashier, own)
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := w.InviteAgain(ctx, by, mine.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Invitation(ctx, link); err != nil {
			t.Error(err)
		}
		if _, err := w.Change(ctx, staff.By{}, mine.ID, staff.Change{Stores: &wide}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Invitation(ctx, again); !errors.Is(err, staff.ErrInvitation) {
			t.Errorf("a manager sets the password of who is not theirs any more: %v", err)
		}
		if _, err := w.Change(ctx, staff.By{}, manager.ID, staff.Change{Stores: &[]catalog.StoreID{2}}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Invitation(ctx, link); !errors.Is(err, staff.ErrInvitation) {
			t.Errorf("an invitation to a store outlives the manager there: %v", err)
		}

		if _, _, err := w.Invite(ctx, staff.By{ID: owner.ID}, staff.Analyst, nil); err != nil {
			t.Fatal(err)
		}
		all, err := w.Pending(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if p.Role == staff.Analyst {
				if err := w.Withdraw(ctx, by, p.Key); !errors.Is(err, staff.ErrMayNot) {
					t.Errorf("a manager withdrew an analyst's link: %v", err)
				}
			}
		}
	})
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// Lines of the log are found by whose store they are.
func TestAuditOfStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		w.add(t, "one", staff.Cashier, 1)
		w.add(t, "two", staff.Cashier, 1, 2)
		err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			for i, store := range []catalog.StoreID{0, 1, 2} {
				if err := w.AuditTx(ctx, tx, staff.Entry{Action: fmt.Sprint("store.n", i), Store: store}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			stores []catalog.StoreID
			want   int
		}{{nil, 5}, {[]catalog.StoreID{1}, 2}, {[]catalog.StoreID{2}, 1}, {[]catalog.StoreID{1, 2}, 3}, {[]catalog.StoreID{-1}, 0}, {[]catalog.StoreID{0}, 0}, {[]catalog.StoreID{}, 0}} {
			lines, _, err := w.Audit(ctx, staff.Filter{Stores: c.stores}, "", 100)
			if err != nil || len(lines) != c.want {
				t.Errorf("of stores %v there are %d lines, want %d (%v)", c.stores, len(lines), c.want, err)
			}
		}
	})
}
