package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
)

// One's own sessions are ended one by one, those of a member by who manages
// them, and nobody else's by a key that somebody has seen.
func TestSessionsEndOneByOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		far, _ := s.branch()
		who := s.as(staff.Cashier, "bobur", s.stores()...)
		here, phone, other := s.signed(who.ID), s.signed(who.ID), s.signed(s.as(staff.Analyst, "other").ID)
		here.get("/account").is(200).sees("здесь", "Завершить")
		if n := strings.Count(here.body, `name="key"`); n != 1 {
			t.Fatalf("%d sessions may be ended: want the other one", n)
		}
		key := here.value("key")
		other.post("/account/sessions/end", "key", key).is(200)
		phone.get("/account").is(200)
		if phone.path != "/account" {
			t.Fatal("somebody else ended a session")
		}
		here.post("/account/sessions/end", "key", key).is(200).sees("Вход в том браузере завершён")
		if phone.get("/account"); !strings.HasPrefix(phone.path, "/sign-in") {
			t.Errorf("the session that was ended is at %s", phone.path)
		}
		if here.get("/account").is(200); here.path != "/account" {
			t.Errorf("the session that ended another is at %s", here.path)
		}

		member := "/staff/" + who.ID.String()
		manager := s.signed(s.as(staff.Manager, "manager", s.stores()...).ID)
		key = manager.get(member).is(200).value("key")
		s.signed(s.as(staff.Manager, "far", far.ID).ID).post(member+"/sessions/end", "key", key).is(404)
		manager.post(member+"/sessions/end", "key", key).is(200)
		if here.get("/account"); !strings.HasPrefix(here.path, "/sign-in") {
			t.Errorf("the session that a manager ended is at %s", here.path)
		}
		s.signed(s.as(staff.Owner, "chief").ID).get("/audit?about=staff").sees("Завершён вход в одном браузере")
	})
}

// A browser that was left open gets no further way in: neither a second factor nor a
// passkey, until its owner signs in again. Ending the other sessions is no signing in.
func TestWaysInAreAddedRightAfterSigningIn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		who := s.as(staff.Manager, "manager", s.stores()...).ID
		b, other := s.signed(who), s.signed(who)
		b.get("/account/second").is(200).lacks("Войти ещё раз")
		s.wait(16 * time.Minute)
		b.get("/account").is(200).sees("Войти ещё раз").lacks("data-passkey")
		b.get("/account/second").is(200).sees("Войти ещё раз").lacks("Включить")
		b.post("/account/sessions").is(200)
		if other.get("/account"); !strings.HasPrefix(other.path, "/sign-in") {
			t.Errorf("the other session is at %s", other.path)
		}
		b.post("/account/second").is(403).sees("больше 15 минут назад", "Войти ещё раз").has(`name="next" value="/account/second"`).lacks("data:image")
		b.post("/account/passkeys/begin").is(403)
		b.post("/sign-out", "next", "/account/second").is(200)
		if b.path != "/sign-in?next=%2Faccount%2Fsecond" || b.value("next") != "/account/second" {
			t.Errorf("signing in again is at %s and leads to %s", b.path, b.value("next"))
		}
		s.signed(who).post("/account/second").is(200).has("data:image/png")
		b = s.signed(who)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/sign-out", strings.NewReader("next=%zz")) // no form
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.take(b.client.Do(r)).is(200) //nolint:bodyclose // take closes it
		if b.get("/account"); !strings.HasPrefix(b.path, "/sign-in") {
			t.Errorf("signed out by a form that cannot be read, one is at %s", b.path)
		}
	})
}

// A till's key is followed by another while it works on for a day.
func TestKeysAreFollowed(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	at := "/tills/" + s.till.ID.String()
	b.get(at).is(200).lacks(`name="ends"`)
	b.post(at+"/keys").is(200).sees("Новый ключ кассы", "Прежние ключи")
	b.post(at+"/keys", "ends", "24").is(200).sees("действует до 04.03.2036 14:00")
	b.get("/stores/" + s.store.ID.String()).is(200).sees("2 ключа")
	b.get("/audit?about=till").is(200).sees("Прежние действуют до: 04.03.2036 14:00")
	s.wait(25 * time.Hour)
	b = s.signed(s.ownerID())
	b.get(at).is(200).sees("кончился 04.03.2036 14:00")
	b.get("/stores/" + s.store.ID.String()).is(200).sees("1 ключ")
	b.post(at+"/keys", "ends", "100000").is(200).lacks("действует до")
}
