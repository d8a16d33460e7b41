package admin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web/webtest"
)

// A passkey is added on the account's page and signs in by itself, if its owner
// shows it who they are; the password alone no longer does; and it is taken away
// by its owner, or by who manages the account.
func TestBrowserPasskeys(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	digits := s.url
	s.url = strings.Replace(s.url, "127.0.0.1", "localhost", 1)
	b := s.visit(webtest.Look{Width: 1440, Height: 900, Language: "ru"})
	verified := b.Passkeys()
	out := func() {
		t.Helper()
		must(t, s.Staff.EndSessions(context.WithoutCancel(t.Context()), staff.By{}, s.ownerID()))
		b.Go(s.url + "/account")
		b.Wait(`location.pathname === "/sign-in"`)
	}
	const enter, add = `form[data-passkey="get"] button`, `form[data-passkey="create"] button`
	b.Go(s.url + "/account")
	b.Fill("#f-passkey", "Телефон")
	b.Click(add)
	b.See("Ключ доступа добавлен", "Телефон")
	b.Usable("passkeys")

	b.Allow("Failed to load resource")
	b.Wait(`document.querySelector('form[data-passkey="create"]')`)
	s.wait(16 * time.Minute) // the page is still open
	b.Click(add)
	b.See("Войти ещё раз")

	out()
	b.Go(digits + "/sign-in")
	b.Wait(`document.readyState === "complete" && document.querySelector("form[data-passkey]").hidden`)
	b.Go(s.url + "/account")
	b.Wait(`location.pathname === "/sign-in"`)
	b.Usable("sign-in with passkeys")
	b.Click(enter)
	b.Wait(`location.pathname === "/account"`)
	out()
	verified(false)
	b.Click(enter)
	b.See("С ключом не получилось")
	verified(true)
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "correct horse battery")
	b.Click(`form[action="/sign-in"] button`)
	b.Wait(`location.pathname === "/sign-in/second"`)
	b.Click(enter)
	b.Wait(`location.pathname === "/account"`)

	b.Click(`form[action="/account/passkeys/remove"] button`)
	b.See("Ключ доступа убран")
	out()
	b.Click(enter) // the browser still has it
	b.See("Ключ доступа не подошёл")

	key := staff.Passkey{ID: "x", Name: "Lost", Credential: "{}"}
	must(t, s.Staff.AddPasskey(context.WithoutCancel(t.Context()), staff.By{}, s.ownerID(), key, staff.Signed{Challenge: "x", Expires: s.clock.now().Add(1e9)}))
	must(t, s.Staff.ResetFactor(context.WithoutCancel(t.Context()), staff.By{}, s.ownerID()))
	if more, err := s.Staff.AskedMore(t.Context(), s.ownerID()); err != nil || more {
		t.Errorf("a passkey outlives the reset: %v, %v", more, err)
	}
}
