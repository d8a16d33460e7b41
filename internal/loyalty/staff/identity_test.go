package staff_test

import (
	"errors"
	"sync"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
)

// The first time it is the verified e-mail that counts, and from then on who it
// is there: an e-mail that passes to somebody else opens nothing.
func TestIdentities(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		owner := w.add(t, "owner", staff.Owner)
		malika := w.add(t, "malika@makro.uz", staff.Cashier, 1)
		manager := w.add(t, "manager", staff.Manager, 2)
		who := staff.Identity{Issuer: "https://id.makro.uz", Subject: "17", Email: "Malika@Makro.uz", Verified: true}
		with := func(change func(*staff.Identity)) staff.Identity {
			one := who
			change(&one)
			return one
		}
		is := func(who staff.Identity, want error) {
			t.Helper()
			a, err := w.Identify(ctx, who, staff.Client{IP: "192.0.2.1"})
			if !errors.Is(err, want) || err == nil && a.ID != malika.ID || err != nil && a.ID != 0 {
				t.Errorf("%+v is %q, %v; want %v", who, a.Login, err, want)
			}
		}
		is(with(func(i *staff.Identity) { i.Verified = false }), staff.ErrUnverified)
		is(with(func(i *staff.Identity) { i.Email = "" }), staff.ErrUnverified)
		is(with(func(i *staff.Identity) { i.Email = "other@makro.uz" }), staff.ErrNobody)
		for _, alike := range []string{"ｍalika@makro.uz", "mali\u212aa@makro.uz", "malika@makro.uz\u200b"} {
			is(with(func(i *staff.Identity) { i.Email = alike }), staff.ErrNobody)
		}
		is(with(func(i *staff.Identity) { i.Email = "owner" }), staff.ErrNobody) // no e-mail
		is(with(func(i *staff.Identity) { i.Subject = "" }), staff.ErrNobody)
		if linked, err := w.Linked(ctx, malika.ID); err != nil || linked {
			t.Errorf("what was refused is linked: %v, %v", linked, err)
		}

		var all sync.WaitGroup
		for range 4 { // at once
			all.Go(func() { is(who, nil) })
		}
		all.Wait()
		lines, _, err := w.Audit(ctx, staff.Filter{Action: "staff.linked"}, "", 10)
		if err != nil || len(lines) != 1 || lines[0].Actor != malika.ID || lines[0].IP != "192.0.2.1" {
			t.Errorf("audit: %+v, %v", lines, err)
		}
		is(with(func(i *staff.Identity) { i.Email, i.Verified = "married@makro.uz", false }), nil)
		is(with(func(i *staff.Identity) { i.Subject = "18" }), staff.ErrLinked)
		is(with(func(i *staff.Identity) { i.Issuer, i.Subject = "https://other.uz", "17" }), nil) // another provider

		off, on := false, true
		if _, err := w.Change(ctx, staff.By{}, malika.ID, staff.Change{Active: &off}); err != nil {
			t.Fatal(err)
		}
		is(who, staff.ErrInactive)
		is(with(func(i *staff.Identity) { i.Issuer = "https://third.uz" }), staff.ErrNobody)
		if _, err := w.Change(ctx, staff.By{}, malika.ID, staff.Change{Active: &on}); err != nil {
			t.Fatal(err)
		}

		token, _, err := w.StartSession(ctx, malika.ID, staff.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Unlink(ctx, staff.By{ID: manager.ID}, malika.ID); !errors.Is(err, staff.ErrMayNot) {
			t.Errorf("the manager of another store unlinks: %v", err)
		}
		if err := w.Unlink(ctx, staff.By{ID: owner.ID}, malika.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SessionAccount(ctx, token); !errors.Is(err, staff.ErrNoSession) {
			t.Errorf("the session outlives the link: %v", err)
		}
		is(with(func(i *staff.Identity) { i.Subject = "18" }), nil)
		is(who, staff.ErrLinked)
	})
}
