package staff_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/staff"
)

func box(t *testing.T, keys ...string) *secret.Box {
	t.Helper()
	b, err := secret.NewBox(strings.Join(keys, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// code is what an app shows now.
func (w *world) code(t *testing.T, plain string) string {
	t.Helper()
	code, err := totp.GenerateCode(plain, w.now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// enrol sets up the second factor of somebody.
func (w *world) enrol(t *testing.T, id staff.ID) (plain string, recovery []string) {
	t.Helper()
	f, err := w.StartFactor(t.Context(), id, "Makro")
	if err != nil {
		t.Fatal(err)
	}
	recovery, err = w.ConfirmFactor(t.Context(), staff.By{ID: id}, id, w.code(t, f.Secret))
	if err != nil || len(recovery) != 10 {
		t.Fatal(recovery, err)
	}
	w.advance(time.Minute) // the code that confirmed it is used up
	return f.Secret, recovery
}

// pass tries a code after a new right password.
func (w *world) pass(t *testing.T, id staff.ID, code string) error {
	t.Helper()
	token, _, err := w.Challenge(t.Context(), id)
	if err != nil || token == "" {
		t.Fatal(token, err)
	}
	_, err = w.PassChallenge(t.Context(), token, code, staff.Client{})
	return err
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		a, b := w.add(t, "aziza", staff.Owner), w.add(t, "bobur", staff.Owner)
		if _, err := w.StartFactor(ctx, a.ID, "Makro"); !errors.Is(err, staff.ErrNoKeys) {
			t.Errorf("a secret is kept without a key: %v", err)
		}
		if err := w.UseKeys(ctx, box(t, secret.NewKey())); err != nil {
			t.Fatal(err)
		}
		if token, _, err := w.Challenge(ctx, a.ID); token != "" || err != nil {
			t.Errorf("without a second factor one is asked for: %q, %v", token, err)
		}
		f, err := w.StartFactor(ctx, a.ID, "Makro")
		if err != nil || !strings.HasPrefix(f.URL, "otpauth://totp/Makro:aziza?") {
			t.Fatal(f, err)
		}
		if _, err := w.ConfirmFactor(ctx, staff.By{ID: a.ID}, a.ID, "000000"); !errors.Is(err, staff.ErrCode) {
			t.Errorf("a wrong code confirms: %v", err)
		}
		if has, _, err := w.HasFactor(ctx, a.ID); has || err != nil {
			t.Errorf("one that was not confirmed holds: %v", err)
		}
		plain, recovery := w.enrol(t, a.ID)
		if dump := w.dump(t) + w.factors(t); strings.Contains(dump, plain) || strings.Contains(dump, strings.ReplaceAll(recovery[0], "-", "")) {
			t.Error("a secret is stored as it is")
		}
		if _, err := w.StartFactor(ctx, a.ID, "Makro"); !errors.Is(err, staff.ErrFactorOn) {
			t.Errorf("whoever has a session replaces the second factor: %v", err)
		}

		// A code is taken once, one that has passed or is another's never.
		now := w.code(t, plain)
		if err := w.pass(t, a.ID, now[:3]+" "+now[3:]); err != nil {
			t.Error(err)
		}
		if err := w.pass(t, a.ID, now); !errors.Is(err, staff.ErrCode) {
			t.Errorf("a code is taken twice: %v", err)
		}
		w.advance(2 * time.Minute)
		if err := w.pass(t, a.ID, now); !errors.Is(err, staff.ErrCode) {
			t.Errorf("a code of before is taken: %v", err)
		}
		w.advance(time.Hour)
		theirs, _ := w.enrol(t, b.ID)
		if err := w.pass(t, a.ID, w.code(t, theirs)); !errors.Is(err, staff.ErrCode) {
			t.Errorf("the code of somebody else is taken: %v", err)
		}
		for _, text := range []string{recovery[1], strings.ToUpper(recovery[2]), strings.ReplaceAll(recovery[3], "-", "")} {
			w.advance(time.Hour)
			if err := w.pass(t, b.ID, text); !errors.Is(err, staff.ErrCode) {
				t.Errorf("the recovery code of somebody else is taken: %v", err)
			}
			if err := w.pass(t, a.ID, text); err != nil {
				t.Errorf("recovery code %s: %v", text, err)
			}
			if err := w.pass(t, a.ID, text); !errors.Is(err, staff.ErrCode) {
				t.Errorf("a recovery code is taken twice: %v", err)
			}
		}
		if _, left, err := w.HasFactor(ctx, a.ID); left != 7 || err != nil {
			t.Errorf("%d recovery codes are left, %v", left, err)
		}

		// Of one code that comes many times at once one lets in.
		w.advance(time.Hour)
		code, passed := w.code(t, plain), 0
		results := make(chan error)
		for range 4 {
			go func() {
				token, _, err := w.Challenge(context.WithoutCancel(ctx), a.ID)
				if err == nil {
					_, err = w.PassChallenge(context.WithoutCancel(ctx), token, code, staff.Client{})
				}
				results <- err
			}()
		}
		for range 4 {
			switch err := <-results; {
			case err == nil:
				passed++
			case !errors.Is(err, staff.ErrCode):
				t.Error(err)
			}
		}
		if passed != 1 {
			t.Errorf("one code let in %d times", passed)
		}

		// Tries are limited by challenge and by account, time runs out, and what
		// has let in once is over.
		w.advance(time.Hour)
		token, _, err := w.Challenge(ctx, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := w.PassChallenge(ctx, token, "000000", staff.Client{}); !errors.Is(err, staff.ErrCode) {
				t.Errorf("a guess: %v", err)
			}
		}
		if _, err := w.PassChallenge(ctx, token, w.code(t, plain), staff.Client{}); !errors.Is(err, staff.ErrChallenge) {
			t.Errorf("a sixth try: %v", err)
		}
		if err := w.pass(t, a.ID, w.code(t, plain)); errs.KindOf(err) != errs.TooMany {
			t.Errorf("with a new challenge the tries are new: %v", err)
		}
		w.advance(time.Hour)
		if token, _, err = w.Challenge(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		w.advance(6 * time.Minute)
		if _, err := w.PassChallenge(ctx, token, w.code(t, plain), staff.Client{}); !errors.Is(err, staff.ErrChallenge) {
			t.Errorf("after six minutes: %v", err)
		}
		if token, _, err = w.Challenge(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if _, err := w.PassChallenge(ctx, token, w.code(t, plain), staff.Client{}); (err == nil) != (i == 0) {
				t.Errorf("challenge used %d times: %v", i+1, err)
			}
			w.advance(time.Minute)
		}
	})
}

// factors reads what is stored of second factors.
func (w *world) factors(t *testing.T) (all string) {
	t.Helper()
	rows, err := w.db.Query(t.Context(), `SELECT secret FROM staff_factors UNION ALL SELECT code FROM staff_recovery UNION ALL SELECT token FROM staff_challenges`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var text string
		err := r.Scan(&text)
		all += text + "\n"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Whose role needs a second factor has to set one up, an owner resets it, and
// nobody resets one that is not theirs to.
func TestSecondFactorByRole(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		if err := w.UseKeys(ctx, box(t, secret.NewKey())); err != nil {
			t.Fatal(err)
		}
		owner, manager, cashier := w.add(t, "owner", staff.Owner), w.add(t, "manager", staff.Manager, 1), w.add(t, "cashier", staff.Cashier, 1)
		token, _, err := w.StartSession(ctx, manager.ID, staff.Client{})
		if err != nil {
			t.Fatal(err)
		}
		must := func(want bool) {
			t.Helper()
			if a, err := w.SessionAccount(ctx, token); err != nil || a.MustEnrol != want {
				t.Errorf("must enrol: %v, want %v (%v)", a.MustEnrol, want, err)
			}
		}
		must(false)
		for _, roles := range [][]staff.Role{{staff.Owner, staff.Cashier}, {staff.Analyst, staff.Analyst}, {"king"}} {
			err := w.NeedFactor(ctx, staff.By{ID: owner.ID}, roles)
			if (err == nil) != (roles[0] != "king") {
				t.Errorf("%v: %v", roles, err)
			}
		}
		must(false)
		if err := w.NeedFactor(ctx, staff.By{ID: owner.ID}, []staff.Role{staff.Manager}); err != nil {
			t.Fatal(err)
		}
		must(true)
		w.enrol(t, manager.ID)
		must(false)

		w.enrol(t, owner.ID)
		plain, _ := w.enrol(t, cashier.ID)
		if err := w.ResetFactor(ctx, staff.By{ID: cashier.ID}, owner.ID); !errors.Is(err, staff.ErrMayNot) {
			t.Errorf("a cashier resets an owner: %v", err)
		}
		if err := w.ResetFactor(ctx, staff.By{ID: manager.ID}, cashier.ID); err != nil {
			t.Error(err)
		}
		if err := w.RemoveFactor(ctx, staff.By{ID: cashier.ID}, cashier.ID, w.code(t, plain)); !errors.Is(err, staff.ErrCode) {
			t.Errorf("what was reset is removed: %v", err)
		}
		if err := w.ResetFactor(ctx, staff.By{ID: owner.ID}, manager.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SessionAccount(ctx, token); !errors.Is(err, staff.ErrNoSession) {
			t.Errorf("a session outlives the reset: %v", err)
		}

		// A link of the console takes it away with the password, one of an owner does not.
		for _, by := range []staff.By{{ID: owner.ID}, {}} {
			link, _, err := w.InviteAgain(ctx, by, owner.ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Accept(ctx, link, staff.NewAccount{Password: password + by.ID.String()}, staff.Client{}); err != nil {
				t.Fatal(err)
			}
			if has, _, err := w.HasFactor(ctx, owner.ID); err != nil || has != (by.ID != 0) {
				t.Errorf("after a link by %d: %v, %v", by.ID, has, err)
			}
		}
		var actions []string
		lines, _, err := w.Audit(ctx, staff.Filter{Action: "staff."}, "", 100)
		for _, l := range lines {
			if strings.HasPrefix(l.Action, "staff.factor") {
				actions = append(actions, strings.TrimPrefix(l.Action, "staff.factor_"))
			}
		}
		if got := strings.Join(actions, " "); err != nil || got != "reset reset reset added added added needed needed needed" {
			t.Errorf("the log tells of %s (%v)", got, err)
		}
	})
}

// A new key before the old one seals everything anew; then the old one may go. A
// strange key is told at once, and only who is under the other one does not get in.
func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w, ctx := newWorld(d), t.Context()
		old, next := secret.NewKey(), secret.NewKey()
		if err := w.UseKeys(ctx, box(t, old)); err != nil {
			t.Fatal(err)
		}
		a := w.add(t, "aziza", staff.Owner)
		plain, _ := w.enrol(t, a.ID)
		if err := w.UseKeys(ctx, box(t, next)); !errors.Is(err, staff.ErrKeys) {
			t.Errorf("a strange key: %v", err)
		}
		if err := w.pass(t, a.ID, w.code(t, plain)); !errors.Is(err, staff.ErrKeys) {
			t.Errorf("a code under a strange key: %v", err)
		}
		b := w.add(t, "bobur", staff.Owner)
		other, _ := w.enrol(t, b.ID)
		if err := w.pass(t, b.ID, w.code(t, other)); err != nil {
			t.Errorf("somebody under the new key: %v", err)
		}
		if err := w.ResetFactor(ctx, staff.By{ID: a.ID}, b.ID); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Minute)
		for _, keys := range [][]string{{next, old}, {next}} {
			if err := w.UseKeys(ctx, box(t, keys...)); err != nil {
				t.Fatal(err)
			}
			if err := w.pass(t, a.ID, w.code(t, plain)); err != nil {
				t.Error(err)
			}
			w.advance(time.Minute)
		}
		if err := w.UseKeys(ctx, box(t, old)); !errors.Is(err, staff.ErrKeys) {
			t.Errorf("the old key opens what was sealed anew: %v", err)
		}
	})
}

// A sign-in that is half way ends with a new password, and with signing out everywhere.
func TestChallengesEndWithSessions(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(dbtest.Open(t, dbtest.SQLite)), t.Context()
	a := w.add(t, "aziza", staff.Owner)
	if err := w.UseKeys(ctx, box(t, secret.NewKey())); err != nil {
		t.Fatal(err)
	}
	plain, _ := w.enrol(t, a.ID)
	token, _, err := w.Challenge(ctx, a.ID)
	if err != nil || token == "" {
		t.Fatal(token, err)
	}
	if err := w.ChangePassword(ctx, staff.By{ID: a.ID}, a.ID, password, "another horse 9"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.PassChallenge(ctx, token, w.code(t, plain), staff.Client{}); err == nil {
		t.Error("a sign-in that was begun with the password of before is ended after it was changed")
	}
	// signed out everywhere
	token, _, err = w.Challenge(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.EndSessions(ctx, staff.By{ID: a.ID}, a.ID); err != nil {
		t.Fatal(err)
	}
	w.advance(60_000_000_000)
	if _, err := w.PassChallenge(ctx, token, w.code(t, plain), staff.Client{}); err == nil {
		t.Error("a sign-in that was half way is ended after 'sign out everywhere'")
	}
}
