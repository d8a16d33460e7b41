package admin_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/admin"
	"regulars/internal/surface/web/webtest"
)

// code is what an app shows now.
func (c *chain) code(secret string) string {
	c.t.Helper()
	code, err := totp.GenerateCode(secret, c.clock.now())
	must(c.t, err)
	return code
}

func (c *chain) wait(d time.Duration) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	c.clock.t = c.clock.t.Add(d)
}

var recoveryCode = regexp.MustCompile(`<code>([a-z0-9]{4}(?:-[a-z0-9]{4}){3})</code>`)

// enrol sets a second factor up on the page and gives its secret and the recovery
// codes.
func (b *browser) enrol(c *chain) (secret string, recovery []string) {
	b.t.Helper()
	b.get("/account/second").is(200).post("/account/second").is(200).has(`src="data:image/png;base64,`)
	secret = b.value("secret")
	b.post("/account/second/confirm", "secret", secret, "code", "000000").is(422).sees("Код не подходит")
	b.post("/account/second/confirm", "secret", secret, "code", c.code(secret)).is(200).sees("Запасные коды")
	for _, m := range recoveryCode.FindAllStringSubmatch(b.body, -1) {
		recovery = append(recovery, m[1])
	}
	if len(recovery) != 10 {
		b.t.Fatalf("recovery codes: %q", recovery)
	}
	c.wait(time.Minute)
	return secret, recovery
}

// A password alone lets nobody in who has a second factor: not on the sign-in
// page, and not by a link for a new password.
func TestSecondFactorIsAsked(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		owner := s.owner()
		secret, recovery := owner.enrol(s.chain)
		owner.get("/account").is(200).sees("Второй шаг входа включён")
		owner.get("/account/second").is(200).sees("Запасных кодов осталось: 10").lacks(secret).lacks(recovery[0])
		owner.get("/audit?about=staff").is(200).sees("Включён второй шаг входа").lacks(secret)

		b := s.browser()
		b.post("/sign-in", "login", "aziza", "password", "correct horse battery", "next", "/receipts").is(200).sees("Шесть цифр из приложения")
		next := b.value("next")
		if b.get("/receipts"); !strings.HasPrefix(b.path, "/sign-in?") {
			t.Fatalf("the password alone leads to %s", b.path)
		}
		b.post("/sign-in/second", "code", "000000", "next", next).is(422).sees("Код не подходит")
		code := s.code(secret)
		b.post("/sign-in/second", "code", code, "next", next).is(200).sees("Чеки")
		if b.path != "/receipts" {
			t.Errorf("after the code one is at %s", b.path)
		}
		again := s.browser()
		again.post("/sign-in", "login", "aziza", "password", "correct horse battery").is(200)
		again.post("/sign-in/second", "code", code).is(422)
		again.post("/sign-in/second", "code", recovery[0]).is(200).sees("Сегодня")
		s.browser().post("/sign-in/second", "code", s.code(secret)).is(200).sees("Начните заново")

		s.wait(time.Hour)
		link, _, err := s.Staff.InviteAgain(t.Context(), staff.By{ID: s.ownerID()}, s.ownerID())
		must(t, err)
		other := s.browser()
		other.post(admin.InvitationPath(link), "password", "another horse battery").is(200).sees("Шесть цифр из приложения")
		if other.get("/"); !strings.HasPrefix(other.path, "/sign-in") {
			t.Errorf("a new password leads to %s without the second factor", other.path)
		}
		other.post("/sign-in/second", "code", s.code(secret)).is(200).sees("Сегодня")
		s.wait(time.Minute)
		other.post("/account/second/remove", "code", "111111").is(422)
		other.post("/account/second/remove", "code", s.code(secret)).is(200).sees("Второй шаг входа отключён", "не включён")
	})
}

// Whose role needs a second factor gets nowhere without: not in the office, not
// to the till, not to a file.
func TestSecondFactorIsRequired(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	owner := s.owner()
	who := s.as(staff.Manager, "manager", s.stores()...)
	b := s.signed(who.ID)
	b.get("/receipts").is(200).sees("Чеки")
	owner.post("/staff/second", "roles", "manager").is(200).has(`value="manager" checked`)
	for _, l := range s.Table() {
		method, path, _ := strings.Cut(l.Pattern, " ")
		if method != "GET" || l.Anybody || path == "/account/second" {
			continue
		}
		if b.get(strings.NewReplacer("{$}", "", "{id}", "1", "{job}", "1").Replace(path)); b.path != "/account/second" {
			t.Errorf("%s leads to %s", path, b.path)
		}
	}
	for _, path := range []string{"/till", "/till/returns"} {
		if b.get(path); b.path != "/account/second" {
			t.Errorf("%s leads to %s", path, b.path)
		}
	}
	if b.post("/customers/new", "first_name", "X", "phone", "+998935550099", "store", s.store.ID.String()); b.path != "/account/second" {
		t.Errorf("a change leads to %s", b.path)
	}
	b.sees("Ваша роль требует второй шаг входа")
	b.enrol(s.chain)
	b.get("/receipts").is(200).sees("Чеки")

	owner.get("/staff/" + who.ID.String()).is(200).sees("Сбросить")
	owner.post("/staff/" + who.ID.String() + "/second").is(200).sees("второй шаг входа сброшен")
	if b.get("/receipts"); !strings.HasPrefix(b.path, "/sign-in") {
		t.Errorf("after the reset the session leads to %s", b.path)
	}
	owner.get("/audit?about=staff").is(200).sees("Сброшен второй шаг входа", "Изменено, кому обязателен второй шаг входа", "Управляющий")
}

// In a browser it is set up and used as people do, on a phone and in the dark as
// well.
func TestBrowserSecondFactor(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.visit(webtest.Look{Width: 360, Height: 780, Language: "ru", Dark: true})
	b.Go(s.url + "/account/second")
	b.Click("main form button")
	b.Wait(`document.querySelector("img.qr")?.naturalWidth > 100`)
	b.Usable("factor")
	b.Shot("factor-phone")
	secret := strings.Trim(b.Value(`document.querySelector("input[name=secret]").value`), `"`)
	b.Fill("#f-code", s.code(secret))
	b.Click("main form button")
	b.Wait(`document.querySelectorAll(".codes code").length === 10`)
	b.Usable("recovery codes")
	b.Shot("factor-codes-phone")
	s.wait(time.Minute)
	must(t, s.Staff.EndSessions(context.WithoutCancel(t.Context()), staff.By{}, s.ownerID()))
	b.Look(webtest.Look{Width: 1440, Height: 900, Language: "en"})
	b.Go(s.url + "/account")
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "correct horse battery")
	b.Click("main form button")
	b.Wait(`location.pathname === "/sign-in/second"`)
	b.Usable("second step")
	b.Shot("second-wide")
	b.Fill("#f-code", s.code(secret))
	b.Click("main form button")
	b.Wait(`location.pathname === "/account"`)
	for name, path := range map[string]string{"account": "/account", "factor-on": "/account/second", "staff-factor": "/staff", "member-factor": "/staff/" + s.ownerID().String()} {
		b.Go(s.url + path)
		b.Usable(name)
		b.Shot(name + "-wide")
	}
}
