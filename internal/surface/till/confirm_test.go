package till_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/web/webtest"
)

// Where points need a code, the cashier has one sent, types what the customer says, and
// is told when it is wrong; nothing is recorded before it is right.
func TestCodeAtTheTill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.SendCodes(t)
		s.publish(func(r *programme.Rules) { r.Redeem.ConfirmFrom = 1_000_00 })
		v := s.enter("cashier", 0)
		page := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:999").is(http.StatusOK).hasNot("Send a code")
		page = v.send("/till/basket", page.form(), "redeem:1000").is(http.StatusOK).has("Send a code", "only with a code")
		refused := v.send("/till/pay", page.form()).is(http.StatusConflict).has("only with a code")
		page = v.send("/till/basket", refused.form(), "confirm:").is(http.StatusOK).has("Send again", "A code is on its way")
		form := page.form()
		form.Set("said", "nonsense")
		refused = v.send("/till/pay", form).is(http.StatusConflict).has("This code does not hold")
		if n := len(s.sales()); n != 0 {
			t.Fatalf("%d sales were recorded", n)
		}
		page = v.send("/till/basket", refused.form(), "confirm:").is(http.StatusOK)
		form = page.form()
		code, _ := s.Sent.Last()
		form.Set("said", code)
		v.send("/till/pay", form).is(http.StatusOK)
		if sales := s.sales(); len(sales) != 1 || sales[0].Redeemed != 1_000_00 || !sales[0].Details.Confirmed {
			t.Errorf("recorded: %+v", sales)
		}
		// One more may be sent within ten minutes, and then none.
		page = v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:1000", "confirm:").is(http.StatusOK)
		v.send("/till/basket", page.form(), "confirm:").is(http.StatusOK).has("has been sent several codes")
	})
}

// Where tills ask for a code, somebody new is registered with it, or without where it may
// be skipped; it is told what that means.
func TestCodeOfANewcomer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		v.send("/till/basket", v.get("/till").form(), "join:991112233").hasNot("Send a code", "without the code")
		s.AskForCodes(t, settings.AskCode)
		form := v.send("/till/basket", v.get("/till").form(), "join:991112233").has("Send a code", "Register without the code", "no welcome bonus").form()
		form.Set("join-name", "Нодира")
		v.send("/till/basket", form, "register").has("Send a code and type what the customer says").hasNot("Registered")
		form.Set("join-phone", "12")
		v.send("/till/basket", form, "join-code").has("too few digits")
		form.Set("join-phone", "991112233")
		form = v.send("/till/basket", form, "join-code").has("Send again", "A code is on its way").form()
		form.Set("join-said", "nonsense")
		form = v.send("/till/basket", form, "register").has("This code does not hold").form()
		code, _ := s.Sent.Last()
		form.Set("join-said", code)
		for range 2 { // the answer is lost the first time
			v.send("/till/basket", form, "register").has("Registered", "Нодира", "30,000")
		}

		form.Set("join-phone", "992223344")
		form.Set("join-name", "Анвар")
		v.send("/till/basket", form, "register").has("This code does not hold") // it was sent to another phone
		v.send("/till/basket", form, "register:skip").has("Registered", "Анвар", "no code confirmed the phone").hasNot("30,000")

		s.AskForCodes(t, settings.AlwaysCode)
		form = v.send("/till/basket", v.get("/till").form(), "join:"+phone).has("only with a code").hasNot("without the code").form()
		form.Set("join-name", "Somebody Else")
		v.send("/till/basket", form, "register:skip").has("only with a code").hasNot("Registered", "registered already")
		// Whether the phone is somebody's the page does not say before the code is right.
		for range confirm.MaxMade {
			form = v.send("/till/basket", form, "join-code").has("A code is on its way").hasNot("registered already", "Азиза").form()
		}
		v.send("/till/basket", form, "join-code").has("Several codes were sent to this phone already")
	})
}

// A code that does not leave is told of.
func TestCodeThatDoesNotLeave(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.AskForCodes(t, settings.AskCode)
		s.publish(func(r *programme.Rules) { r.Redeem.ConfirmFrom = 1_000_00 })
		v := s.enter("cashier", 0)
		const stuck = "The code does not leave"
		for _, asks := range [][]string{{"code:" + card, "code:tea-100", "redeem:1000", "confirm:"}, {"join:991112233", "join-code"}} {
			page := v.send("/till/basket", v.get("/till").form(), asks...).is(http.StatusOK).has("A code is on its way").hasNot(stuck)
			s.leaves(false)
			page = v.send("/till/basket", page.form()).has("A code is on its way").hasNot(stuck)
			s.Clock.Advance(6 * time.Second)
			page = v.send("/till/basket", page.form()).has(stuck)
			s.leaves(true)
			v.send("/till/basket", page.form()).has("A code is on its way").hasNot(stuck)
		}
	})
}

// The page asks by itself whether the code has left.
func TestBrowserWaitsForTheCode(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	s.AskForCodes(t, settings.AskCode)
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	scan(b, "991112233")
	b.Click(`[data-do^="join:"]`)
	b.Click(`[data-do="join-code"]`)
	b.See("Код отправлен")
	settled(b)
	s.leaves(false)
	scan(b, "4780000000024")
	b.See("45 000 сум", "Код отправлен")
	s.Clock.Advance(6 * time.Second)
	b.See("Код не уходит")
	b.Usable("code that does not leave")
	b.Shot("till-code-stuck")
	s.leaves(true)
	b.See("Код отправлен")
}

// leaves has all codes that were asked for taken by the address, or none.
func (s *site) leaves(all bool) {
	s.t.Helper()
	sent := "NULL"
	if all {
		sent = "made_at"
	}
	_, err := s.DB.Exec(s.t.Context(), `UPDATE confirmations SET sent_at = `+sent)
	check(s.t, err)
}

// publish has other rules hold from now on.
func (s *site) publish(change func(*programme.Rules)) {
	s.t.Helper()
	rules := loyaltytest.Rules(s.Currency, 30_000_00)
	change(rules)
	list, err := s.Programmes.List(s.t.Context())
	check(s.t, err)
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		draft, err := s.Programmes.SaveDraftTx(ctx, tx, list[0].ID, rules, 0)
		if err != nil {
			return err
		}
		_, err = s.Programmes.PublishTx(ctx, tx, draft, s.Now())
		return err
	}))
	check(s.t, s.Programmes.Refresh(s.t.Context()))
}
