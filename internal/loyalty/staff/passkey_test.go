package staff_test

import (
	"errors"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
)

// A signature counts once and not for long, a counter never goes back, and a
// passkey is its owner's only.
func TestPasskeys(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		who, other := w.add(t, "malika", staff.Owner), w.add(t, "other", staff.Analyst)
		signed := func(challenge string) staff.Signed {
			return staff.Signed{Challenge: challenge, Expires: w.now().Add(time.Minute)}
		}
		add := func(key, name string, what staff.Signed) error {
			return w.AddPasskey(ctx, staff.By{ID: who.ID}, who.ID, staff.Passkey{ID: key, Name: name, Credential: "{}", Counter: 5}, what)
		}
		use := func(id staff.ID, counter uint32, what staff.Signed, want error) {
			t.Helper()
			a, err := w.UsePasskey(ctx, id, staff.Passkey{ID: "k", Counter: counter}, what)
			if !errors.Is(err, want) || err == nil && a.ID != id || err != nil && a.ID != 0 {
				t.Errorf("counter %d: %q, %v; want %v", counter, a.Login, err, want)
			}
		}
		if err := add("k", " ", signed("a")); err == nil {
			t.Error("a passkey without a name")
		}
		if err := add("k", "Phone", signed("a")); err != nil {
			t.Fatal(err)
		}
		if err := add("k", "Phone", signed("b")); !errors.Is(err, staff.ErrPasskey) {
			t.Errorf("one key twice: %v", err)
		}
		if err := add("l", "Phone", signed("a")); !errors.Is(err, staff.ErrPasskey) {
			t.Errorf("one challenge twice: %v", err)
		}
		once := signed("c")
		use(who.ID, 6, once, nil)
		use(who.ID, 7, once, staff.ErrPasskey)
		use(who.ID, 6, signed("d"), staff.ErrPasskey) // a copy of the key
		use(who.ID, 0, signed("e"), staff.ErrPasskey)
		use(other.ID, 9, signed("f"), staff.ErrPasskey)
		late := signed("g")
		w.advance(2 * time.Minute)
		use(who.ID, 8, late, staff.ErrChallenge)
		use(who.ID, 8, signed("h"), nil)

		for _, one := range []struct {
			who  staff.ID
			name string
			want string
		}{{other.ID, "Theirs", "Phone"}, {who.ID, "  Work   laptop ", "Work laptop"}} {
			if err := w.RenamePasskey(ctx, staff.By{ID: one.who}, one.who, "k", one.name); err != nil {
				t.Fatal(err)
			}
			if all, err := w.Passkeys(ctx, who.ID); err != nil || all[0].Name != one.want {
				t.Errorf("renamed by %s: %+v, %v", one.who, all, err)
			}
		}
		if err := w.RenamePasskey(ctx, staff.By{ID: who.ID}, who.ID, "k", " "); err == nil {
			t.Errorf("a name of nothing: %v", err)
		}
		if err := w.RemovePasskey(ctx, staff.By{ID: other.ID}, other.ID, "k"); err != nil {
			t.Fatal(err)
		}
		if more, err := w.AskedMore(ctx, who.ID); err != nil || !more {
			t.Errorf("somebody else removed it: %v, %v", more, err)
		}
		if token, _, err := w.Challenge(ctx, who.ID); err != nil || token == "" {
			t.Errorf("the password alone lets in: %q, %v", token, err)
		}
		if err := w.NeedFactor(ctx, staff.By{}, []staff.Role{staff.Owner, staff.Analyst}); err != nil {
			t.Fatal(err)
		}
		for id, must := range map[staff.ID]bool{who.ID: false, other.ID: true} {
			token, _, err := w.StartSession(ctx, id, staff.Client{})
			if err != nil {
				t.Fatal(err)
			}
			if a, err := w.SessionAccount(ctx, token); err != nil || a.MustEnrol != must {
				t.Errorf("%s must enrol: %v, %v", a.Login, a.MustEnrol, err)
			}
		}
		if err := w.ResetFactor(ctx, staff.By{ID: other.ID}, who.ID); !errors.Is(err, staff.ErrMayNot) {
			t.Errorf("an analyst resets: %v", err)
		}
		if err := w.ResetFactor(ctx, staff.By{ID: who.ID}, who.ID); err != nil {
			t.Fatal(err)
		}
		use(who.ID, 20, signed("i"), staff.ErrPasskey)
	})
}
