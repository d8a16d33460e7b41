package staff_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
)

const password = "correct horse 7"

// world is a service on a new database, with a clock that tests move.
type world struct {
	*staff.Service
	db *db.DB
	mu sync.Mutex
	at time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func newWorld(d *db.DB) *world {
	w := &world{db: d, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	w.Service = staff.New(d, id.NewMinter(w.now, 1, 0), w.now)
	return w
}

func (w *world) add(t *testing.T, login string, role staff.Role, stores ...catalog.StoreID) staff.Account {
	t.Helper()
	a, err := w.Add(t.Context(), staff.By{}, staff.NewAccount{Name: "N " + login, Login: login, Password: password, Role: role, Stores: stores})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// dump reads every text in the tables of the package.
func (w *world) dump(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []string{
		`SELECT login || password FROM staff`, `SELECT token || agent FROM staff_sessions`,
		`SELECT token || stores FROM invitations`, `SELECT action || subject || was || became FROM audit`,
	} {
		rows, err := w.db.Query(t.Context(), q)
		err = db.Scan(rows, err, func(r *db.Rows) error {
			var text string
			err := r.Scan(&text)
			b.WriteString(text + "\n")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestFirstOwnerComesByTheConsolesLink(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		first, err := w.InviteFirst(ctx)
		if err != nil || len(first) != 43 {
			t.Fatal(first, err)
		}
		second, err := w.InviteFirst(ctx) // the program was started again
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.dump(t), first) {
			t.Error("the token itself is stored")
		}
		if in, err := w.Invitation(ctx, second); err != nil || in.Role != staff.Owner {
			t.Fatal(in, err)
		}

		// A wrong try names the fields and does not use the link up.
		_, err = w.Accept(ctx, first, staff.NewAccount{Name: " ", Login: "a b", Password: "short"}, staff.Client{})
		var fields []string
		for _, f := range errs.Of(err).Fields {
			fields = append(fields, f.Pointer)
		}
		if diff := cmp.Diff([]string{"/name", "/login", "/password"}, fields); diff != "" {
			t.Error(diff)
		}

		a, err := w.Accept(ctx, first, staff.NewAccount{
			Name: "Азиза", Login: " Aziza ", Password: password, Role: staff.Cashier, // the link says what one becomes
		}, staff.Client{IP: "10.0.0.1"})
		if err != nil || a.Role != staff.Owner || a.Login != "aziza" || !a.Can(staff.ManageStaff) {
			t.Fatal(a, err)
		}
		for _, token := range []string{first, second, "made-up"} {
			if _, err := w.Accept(ctx, token, staff.NewAccount{Name: "X", Login: "xxx", Password: password}, staff.Client{}); !errors.Is(err, staff.ErrInvitation) {
				t.Errorf("a link that is over: %v", err)
			}
		}
		if token, err := w.InviteFirst(ctx); token != "" || err != nil {
			t.Errorf("with an owner the console still invites: %q, %v", token, err)
		}
		in, err := w.SignIn(ctx, "AZIZA", password, staff.Client{})
		if err != nil || in.ID != a.ID {
			t.Error(in, err)
		}
	})
}

// Of many who use links at the same moment one becomes the first owner.
func TestFirstOwnerIsOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		var tokens []string
		for range 2 {
			token, err := w.InviteFirst(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tokens = append(tokens, token)
		}
		results := make(chan error)
		for i := range 6 {
			go func() {
				_, err := w.Accept(context.WithoutCancel(t.Context()), tokens[i%2],
					staff.NewAccount{Name: "X", Login: fmt.Sprint("owner", i), Password: password}, staff.Client{})
				results <- err
			}()
		}
		won := 0
		for range 6 {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, staff.ErrInvitation):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d became the first owner", won)
		}
		if all, err := w.List(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("%d accounts, %v", len(all), err)
		}
	})
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		owner := w.add(t, "owner", staff.Owner)
		by := staff.By{ID: owner.ID, IP: "10.0.0.1"}

		if _, _, err := w.Invite(ctx, by, staff.Cashier, nil); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a cashier without a store: %v", err)
		}
		token, expires, err := w.Invite(ctx, by, staff.Cashier, []catalog.StoreID{7, 3, 7})
		if err != nil || !expires.Equal(w.now().Add(7*24*time.Hour)) {
			t.Fatal(expires, err)
		}
		withdrawn, _, err := w.Invite(ctx, by, staff.Owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		pending, err := w.Pending(ctx)
		if err != nil || len(pending) != 2 {
			t.Fatal(pending, err)
		}
		for _, p := range pending {
			if p.Role == staff.Owner {
				if err := w.Withdraw(ctx, by, p.Key); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := w.Invitation(ctx, withdrawn); !errors.Is(err, staff.ErrInvitation) {
			t.Errorf("a withdrawn link: %v", err)
		}

		// A taken login does not use the link up.
		if _, err := w.Accept(ctx, token, staff.NewAccount{Name: "X", Login: "OWNER", Password: password}, staff.Client{}); !errors.Is(err, staff.ErrLoginTaken) {
			t.Errorf("a taken login: %v", err)
		}
		a, err := w.Accept(ctx, token, staff.NewAccount{Name: "Лола", Login: "lola", Password: password}, staff.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]catalog.StoreID{3, 7}, a.Stores); diff != "" || a.Role != staff.Cashier {
			t.Error(a.Role, diff)
		}
		if !a.WorksIn(3) || a.WorksIn(4) || !owner.WorksIn(4) || a.Can(staff.ManageStaff) || !a.Can(staff.Sell) {
			t.Error("what a cashier may")
		}

		late, _, err := w.Invite(ctx, by, staff.Owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.advance(7 * 24 * time.Hour)
		if _, err := w.Accept(ctx, late, staff.NewAccount{Name: "X", Login: "late", Password: password}, staff.Client{}); !errors.Is(err, staff.ErrInvitation) {
			t.Errorf("a link of last week: %v", err)
		}
	})
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		owner, lola := w.add(t, "owner", staff.Owner), w.add(t, "lola", staff.Cashier, 1)
		session, _, err := w.StartSession(ctx, lola.ID, staff.Client{})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := w.InviteAgain(ctx, staff.By{ID: owner.ID}, lola.ID)
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := w.InviteAgain(ctx, staff.By{ID: owner.ID}, lola.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignIn(ctx, "lola", password, staff.Client{}); err != nil {
			t.Errorf("before the link is used the old password holds: %v", err)
		}
		if _, err := w.Accept(ctx, token, staff.NewAccount{Password: "lola-lola-lola"}, staff.Client{}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a password made of the login: %v", err)
		}
		a, err := w.Accept(ctx, token, staff.NewAccount{Password: "another good one"}, staff.Client{})
		if err != nil || a.ID != lola.ID {
			t.Fatal(a, err)
		}
		if _, err := w.SignIn(ctx, "lola", password, staff.Client{}); !errors.Is(err, staff.ErrCredentials) {
			t.Errorf("the old password: %v", err)
		}
		if _, err := w.SignIn(ctx, "lola", "another good one", staff.Client{}); err != nil {
			t.Errorf("the new password: %v", err)
		}
		if _, err := w.SessionAccount(ctx, session); !errors.Is(err, staff.ErrNoSession) {
			t.Errorf("a session from before: %v", err)
		}
		if _, err := w.Accept(ctx, token, staff.NewAccount{Password: "yet another one"}, staff.Client{}); !errors.Is(err, staff.ErrInvitation) {
			t.Errorf("the link again: %v", err)
		}
		if _, err := w.Accept(ctx, other, staff.NewAccount{Password: "yet another one"}, staff.Client{}); !errors.Is(err, staff.ErrInvitation) {
			t.Errorf("a link from before: %v", err)
		}
	})
}

// Whatever was wrong, the answer is the same.
func TestSignInTellsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		w.add(t, "owner", staff.Owner)
		gone := w.add(t, "gone", staff.Cashier, 1)
		no := false
		if _, err := w.Change(ctx, staff.By{}, gone.ID, staff.Change{Active: &no}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Add(ctx, staff.By{}, staff.NewAccount{Name: "Without", Login: "without", Role: staff.Owner}); err != nil {
			t.Fatal(err)
		}
		texts := map[string]bool{}
		for login, pass := range map[string]string{
			"owner": "wrong", "nobody": password, "gone": password, "without": "", "": "", strings.Repeat("x", 1000): "x", "a\x00b": "\xff",
		} {
			_, err := w.SignIn(ctx, login, pass, staff.Client{IP: login})
			if !errors.Is(err, staff.ErrCredentials) {
				t.Errorf("%.10q: %v", login, err)
			}
			texts[err.Error()] = true
		}
		if len(texts) != 1 {
			t.Errorf("the answers differ: %v", texts)
		}
	})
}

func TestSignInIsThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(dbtest.Open(t, dbtest.SQLite))
	ctx := t.Context()
	w.add(t, "owner", staff.Owner)
	w.add(t, "other", staff.Owner)
	bad := staff.Client{IP: "203.0.113.9"}
	for range 5 {
		if _, err := w.SignIn(ctx, "owner", "guess", bad); !errors.Is(err, staff.ErrCredentials) {
			t.Fatal(err)
		}
	}
	_, err := w.SignIn(ctx, "owner", password, bad) // even the right one now
	if !errors.Is(err, staff.ErrTries) || errs.Of(err).Args["seconds"] != int64(30) {
		t.Errorf("the sixth try: %v", err)
	}
	if _, err := w.SignIn(ctx, "other", password, bad); err != nil {
		t.Errorf("a colleague behind the same address: %v", err)
	}
	if _, err := w.SignIn(ctx, "owner", password, staff.Client{IP: "10.0.0.1"}); err != nil {
		t.Errorf("the owner elsewhere: %v", err)
	}
	w.advance(time.Minute)
	if _, err := w.SignIn(ctx, "owner", password, bad); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	// From one address many logins are tried.
	for i := range 60 {
		_, err = w.SignIn(ctx, fmt.Sprint("guess", i), "x", bad)
		if errors.Is(err, staff.ErrTries) {
			return
		}
	}
	t.Error("60 logins from one address were tried at once")
}

// Many networks together guess one password no faster, an IPv6 network is one however
// many addresses it has, and where its owner was before they get in meanwhile.
func TestGuessesFromEverywhereAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(dbtest.Open(t, dbtest.SQLite))
	ctx := t.Context()
	a := w.add(t, "owner", staff.Owner)
	home := staff.Client{IP: "2001:db8:1:2::7"}
	token, _, err := w.StartSession(ctx, a.ID, home)
	if err == nil {
		err = w.EndSession(ctx, token) // signed out for the night
	}
	if err != nil {
		t.Fatal(err)
	}
	guess := func(ip string) error {
		_, err := w.SignIn(ctx, "owner", "guess", staff.Client{IP: ip})
		return err
	}
	tried := 0
	for i := range 20 {
		if errors.Is(guess(fmt.Sprintf("2001:db8:5:5::%x", i)), staff.ErrCredentials) {
			tried++
		}
	}
	if tried != 5 {
		t.Errorf("one IPv6 network has tried %d times at once, want 5", tried)
	}
	for i := range 150 {
		if errors.Is(guess(fmt.Sprintf("203.0.%d.9", i)), staff.ErrCredentials) {
			tried++
		}
	}
	if tried != 100 {
		t.Errorf("%d tries from everywhere at once, want 100", tried)
	}
	if _, err := w.SignIn(ctx, "owner", password, staff.Client{IP: "198.51.100.1"}); !errors.Is(err, staff.ErrTries) {
		t.Errorf("the right one from a strange place: %v", err)
	}
	if _, err := w.SignIn(ctx, "owner", password, staff.Client{IP: "2001:db8:1:2::8"}); err != nil {
		t.Errorf("from home: %v", err)
	}
}

// Looks are forgotten after their time, which is written down; changes never are.
func TestLooksAreForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		a := w.add(t, "lola", staff.Owner)
		look := func(subject string) {
			t.Helper()
			if err := w.Look(ctx, staff.Entry{Actor: a.ID, Action: "look.card", Subject: subject}); err != nil {
				t.Fatal(err)
			}
		}
		look("customer:1")
		look("customer:2")
		w.advance(31 * 24 * time.Hour)
		look("customer:3")
		for range 2 { // the second time there is nothing to do
			if err := w.ForgetLooks(ctx, w.now().AddDate(0, 0, -30)); err != nil {
				t.Fatal(err)
			}
		}
		lines, _, err := w.Audit(ctx, staff.Filter{}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range lines {
			got = append(got, l.Action)
		}
		if want := []string{"audit.cleared", "look.card", "staff.added"}; !slices.Equal(got, want) {
			t.Errorf("left are %v, want %v", got, want)
		}
		if !strings.Contains(string(lines[0].After), `"lines":2`) {
			t.Errorf("written down is %s", lines[0].After)
		}
	})
}

// How long sessions last can be said otherwise, and holds for those that there are.
func TestSessionsLastAsSet(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		a := w.add(t, "lola", staff.Owner)
		lasting := staff.DefaultLasting
		w.LetSessionsLast(func() staff.Lasting { return lasting })
		token, _, err := w.StartSession(ctx, a.ID, staff.Client{IP: "10.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		w.advance(2 * time.Hour)
		for name, l := range map[string]staff.Lasting{"idle": {Idle: time.Hour, Whole: 24 * time.Hour}, "whole": {Idle: 14 * time.Hour, Whole: time.Hour}} {
			lasting = l
			if _, err := w.SessionAccount(ctx, token); !errors.Is(err, staff.ErrNoSession) {
				t.Errorf("%s: the session lives: %v", name, err)
			}
			if all, err := w.Sessions(ctx, a.ID); err != nil || len(all) != 0 {
				t.Errorf("%s: listed are %v, %v", name, all, err)
			}
		}
		lasting = staff.DefaultLasting
		if _, err := w.SessionAccount(ctx, token); err != nil {
			t.Errorf("by the usual time the session is over: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		a := w.add(t, "lola", staff.Cashier, 4, 9)
		start := func() (token string) {
			t.Helper()
			token, _, err := w.StartSession(ctx, a.ID, staff.Client{IP: "10.0.0.1", Agent: "Firefox"})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		alive := func(token string) bool {
			t.Helper()
			got, err := w.SessionAccount(ctx, token)
			if err == nil {
				if diff := cmp.Diff(a, got); diff != "" {
					t.Error(diff)
				}
				return true
			}
			if !errors.Is(err, staff.ErrNoSession) {
				t.Fatal(err)
			}
			return false
		}

		one := start()
		if !alive(one) || alive("two") || alive("") {
			t.Error("a session that was started, one that was not")
		}
		// Used every few hours it goes on; left over night it ends.
		for range 4 {
			w.advance(10 * time.Hour)
			if !alive(one) {
				t.Fatal("a session in use has ended")
			}
		}
		w.advance(14 * time.Hour)
		if alive(one) {
			t.Error("a session that was left goes on")
		}
		// Not longer than a month, however much it is used.
		month := start()
		for range 29 * 2 {
			w.advance(12 * time.Hour)
			if !alive(month) {
				t.Fatal("it ended within the month")
			}
		}
		w.advance(12 * time.Hour)
		alive(month)
		w.advance(12 * time.Hour)
		if alive(month) {
			t.Error("a session lasts longer than a month")
		}

		here, there := start(), start()
		list, err := w.Sessions(ctx, a.ID)
		if err != nil || len(list) != 2 || list[0].From.Agent != "Firefox" {
			t.Errorf("%v %v", list, err)
		}
		if err := w.EndSession(ctx, here); err != nil || alive(here) || !alive(there) {
			t.Error("signing out ends one session", err)
		}
		here = start()
		if err := w.ChangePassword(ctx, staff.By{ID: a.ID}, a.ID, "wrong", "a new password 1"); errs.Of(err).Code != "wrong_password" {
			t.Errorf("the old password was wrong: %v", err)
		}
		if err := w.ChangePassword(ctx, staff.By{ID: a.ID}, a.ID, password, "password123"); errs.Of(err).Fields[0].Code != "password_weak" {
			t.Errorf("a weak password: %v", err)
		}
		if err := w.ChangePassword(ctx, staff.By{ID: a.ID}, a.ID, password, "x-"+strings.ToUpper(a.Login)+"-2026"); errs.Of(err).Fields[0].Code != "password_login" {
			t.Errorf("a password with the login in it: %v", err)
		}
		if err := w.ChangePassword(ctx, staff.By{ID: a.ID}, a.ID, password, "a new password 1"); err != nil {
			t.Fatal(err)
		}
		if alive(here) || alive(there) {
			t.Error("a session from before a new password")
		}
		here = start()
		if err := w.EndSessions(ctx, staff.By{}, a.ID); err != nil || alive(here) {
			t.Error("everywhere", err)
		}
		last := start()
		no := false
		if a, err = w.Change(ctx, staff.By{}, a.ID, staff.Change{Active: &no}); err != nil || alive(last) {
			t.Error("somebody who is not active any more is signed in", err)
		}
		yes := true
		if a, err = w.Change(ctx, staff.By{}, a.ID, staff.Change{Active: &yes}); err != nil || alive(last) {
			t.Error("a session came back with its account", err)
		}
	})
}

func TestChange(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		owner, lola := w.add(t, "owner", staff.Owner), w.add(t, "lola", staff.Cashier, 1)
		by := staff.By{ID: owner.ID, IP: "10.0.0.1"}
		cashier, no, taken := staff.Cashier, false, "Owner"
		stores := []catalog.StoreID{5, 2}

		for name, c := range map[string]staff.Change{
			"demoted":     {Role: &cashier, Stores: &stores},
			"deactivated": {Active: &no},
		} {
			if _, err := w.Change(ctx, by, owner.ID, c); !errors.Is(err, staff.ErrLastOwner) {
				t.Errorf("the last owner is %s: %v", name, err)
			}
		}
		if _, err := w.Change(ctx, by, lola.ID, staff.Change{Login: &taken}); !errors.Is(err, staff.ErrLoginTaken) {
			t.Errorf("a taken login: %v", err)
		}
		if _, err := w.Change(ctx, by, 12345, staff.Change{}); !errors.Is(err, staff.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		if err := w.SetLanguage(ctx, lola.ID, "ru"); err != nil {
			t.Fatal(err)
		}
		got, err := w.Change(ctx, by, lola.ID, staff.Change{Stores: &stores})
		if err != nil {
			t.Fatal(err)
		}
		want := lola
		want.Stores, want.Language = []catalog.StoreID{2, 5}, "ru"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if read, err := w.Get(ctx, lola.ID); err != nil || !cmp.Equal(want, read) {
			t.Error(read, err)
		}
		names, err := w.Names(ctx, []staff.ID{lola.ID, owner.ID, 99})
		if err != nil || len(names) != 2 || names[lola.ID] != lola.Name {
			t.Error(names, err)
		}
	})
}

// Links of somebody who owns nothing any more lead nowhere, also when they do again.
func TestLinksGoWithTheirOwner(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		owner, second, lola := w.add(t, "owner", staff.Owner), w.add(t, "second", staff.Owner), w.add(t, "lola", staff.Cashier, 1)
		way, _, err := w.Invite(ctx, staff.By{ID: second.ID}, staff.Owner, nil)
		if err != nil {
			t.Fatal(err)
		}
		hers, _, err := w.InviteAgain(ctx, staff.By{ID: second.ID}, lola.ID)
		if err != nil {
			t.Fatal(err)
		}
		no, yes := false, true
		for _, active := range []*bool{&no, &yes} {
			if _, err := w.Change(ctx, staff.By{ID: owner.ID}, second.ID, staff.Change{Active: active}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Accept(ctx, way, staff.NewAccount{Name: "Again", Login: "again", Password: password}, staff.Client{}); !errors.Is(err, staff.ErrInvitation) {
				t.Errorf("active %t: an invitation: %v", *active, err)
			}
			if _, err := w.Accept(ctx, hers, staff.NewAccount{Password: "yet another one"}, staff.Client{}); !errors.Is(err, staff.ErrInvitation) {
				t.Errorf("active %t: a link for a password: %v", *active, err)
			}
		}
	})
}

// Two owners who demote each other at the same moment: one stays.
func TestOwnersWhoDemoteEachOther(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		a, b := w.add(t, "anna", staff.Owner), w.add(t, "boris", staff.Owner)
		no := false
		results := make(chan error)
		for _, who := range []staff.ID{a.ID, b.ID} {
			go func() {
				_, err := w.Change(context.WithoutCancel(t.Context()), staff.By{}, who, staff.Change{Active: &no})
				results <- err
			}()
		}
		first, second := <-results, <-results
		if (first == nil) == (second == nil) {
			t.Errorf("%v, %v", first, second)
		}
		for _, err := range []error{first, second} {
			if err != nil && !errors.Is(err, staff.ErrLastOwner) {
				t.Error(err)
			}
		}
	})
}

func TestAudit(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		owner := w.add(t, "owner", staff.Owner)
		start := w.now()
		for i := range 25 {
			w.advance(time.Hour)
			action, actor := "store.changed", owner.ID
			if i%5 == 0 {
				action, actor = "stores_imported.done", 0
			}
			err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				return w.AuditTx(ctx, tx, staff.Entry{
					Actor: actor, Action: action, Subject: fmt.Sprint("store:", i%3), IP: "10.0.0.1",
					Before: json.RawMessage(`{"name":"a"}`), After: json.RawMessage(`{"name":"b"}`),
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		count := func(f staff.Filter, size int) (n, pages int) {
			t.Helper()
			var last int64 = 1 << 62
			for cursor := ""; ; {
				lines, next, err := w.Audit(ctx, f, cursor, size)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range lines {
					if l.ID >= last {
						t.Fatal("the lines are not in order, or one came twice")
					}
					last = l.ID
				}
				n += len(lines)
				pages++
				if next == "" {
					return n, pages
				}
				cursor = next
			}
		}
		for name, tt := range map[string]struct {
			filter staff.Filter
			want   int
		}{
			"all":               {staff.Filter{}, 26},
			"by somebody":       {staff.Filter{Actor: owner.ID}, 20},
			"one action":        {staff.Filter{Action: "store.changed"}, 20},
			"all of stores":     {staff.Filter{Action: "store."}, 20},
			"one subject":       {staff.Filter{Subject: "store:1"}, 8},
			"some hours":        {staff.Filter{From: start.Add(2 * time.Hour), To: start.Add(5 * time.Hour)}, 3},
			"several at once":   {staff.Filter{Actor: owner.ID, Action: "store.", Subject: "store:1"}, 7},
			"nothing like this": {staff.Filter{Action: "store"}, 0},
		} {
			for _, size := range []int{1, 7, 100} {
				n, pages := count(tt.filter, size)
				if want := max(1, (tt.want+size-1)/size); n != tt.want || pages != want {
					t.Errorf("%s, %d a page: %d lines on %d pages, want %d on %d", name, size, n, pages, tt.want, want)
				}
			}
		}
		lines, _, err := w.Audit(ctx, staff.Filter{Subject: "staff:" + owner.ID.String()}, "", 10)
		if err != nil || len(lines) != 1 || lines[0].Action != "staff.added" || lines[0].Before != nil || !strings.Contains(string(lines[0].After), `"login":"owner"`) {
			t.Errorf("%v %v", lines, err)
		}
		for _, bad := range []string{"x!", "-5", "0", strings.Repeat("z", 40)} {
			if _, _, err := w.Audit(ctx, staff.Filter{}, bad, 10); !errors.Is(err, staff.ErrCursor) {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}

		// A line is written with its change or not at all.
		broken := errors.New("the change failed")
		err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := w.AuditTx(ctx, tx, staff.Entry{Action: "store.deleted"}); err != nil {
				return err
			}
			return broken
		})
		if !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if n, _ := count(staff.Filter{Action: "store.deleted"}, 10); n != 0 {
			t.Error("the line of a change that failed was kept")
		}
	})
}

// Nothing that could be used to sign in is anywhere in the database.
func TestNoSecretsAreStored(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(d)
		ctx := t.Context()
		owner := w.add(t, "owner", staff.Owner)
		token, _, err := w.InviteAgain(ctx, staff.By{ID: owner.ID}, owner.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.ChangePassword(ctx, staff.By{}, owner.ID, password, "second secret 2"); err != nil {
			t.Fatal(err)
		}
		session, _, err := w.StartSession(ctx, owner.ID, staff.Client{})
		if err != nil {
			t.Fatal(err)
		}
		all := w.dump(t)
		for _, secret := range []string{password, "second secret 2", token, session} {
			if strings.Contains(all, secret) {
				t.Errorf("%q is stored", secret)
			}
		}
		if !strings.Contains(all, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Error("passwords are not hashed as they should be")
		}
	})
}

// An older hash still lets its owner in, and is made anew then.
func TestOldHashesAreMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(dbtest.Open(t, dbtest.SQLite))
	ctx := t.Context()
	a := w.add(t, "owner", staff.Owner)
	// argon2id of the password "old password 5", salt "somesalt", one pass over 64 KiB.
	const old = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$"
	hash := old + staff.HashFor("old password 5", "somesalt", 1, 64)
	if _, err := w.db.Exec(ctx, `UPDATE staff SET password = $2 WHERE id = $1`, int64(a.ID), hash); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.SignIn(ctx, "owner", "old password 5", staff.Client{}); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(w.dump(t), old) {
		t.Error("the old hash is still there")
	}
	for _, broken := range []string{"x", "$argon2id$v=19$m=0,t=0,p=0$$", "$argon2id$v=18$m=64,t=1,p=1$c29tZXNhbHQ$AAAA", "$2a$10$bcrypt"} {
		if _, err := w.db.Exec(ctx, `UPDATE staff SET password = $2 WHERE id = $1`, int64(a.ID), broken); err != nil {
			t.Fatal(err)
		}
		if _, err := w.SignIn(ctx, "owner", "x", staff.Client{}); errs.KindOf(err) != errs.Internal {
			t.Errorf("a stored hash %q: %v", broken, err)
		}
	}
}

// A login that may be kept is the same however often it is folded: changing
// something else of an account never changes its login.
func FuzzFoldLogin(f *testing.F) {
	for _, seed := range []string{" Aziza ", "АЗИЗА", "İstanbul", "ﬁle", "a\x00b", "\xff", "ǅ", "ß", "Å", "ΑΣ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, login string) {
		once := staff.FoldLogin(login)
		if twice := staff.FoldLogin(once); staff.GoodLogin(once) && once != twice {
			t.Errorf("%q becomes %q and then %q", login, once, twice)
		}
	})
}

func BenchmarkSignIn(b *testing.B) {
	d := dbtest.Open(b, dbtest.SQLite)
	w := newWorld(d)
	if _, err := w.Add(b.Context(), staff.By{}, staff.NewAccount{Name: "N", Login: "owner", Password: password, Role: staff.Owner}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.advance(time.Minute)
		if _, err := w.SignIn(b.Context(), "owner", password, staff.Client{}); err != nil {
			b.Fatal(err)
		}
	}
}
