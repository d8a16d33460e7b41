package till_test

import (
	"net/http"
	"net/url"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/web/webtest"
)

// Where points need the card, whoever was found by it pays with points; who was found
// by phone is asked for it where points are entered, and it is typed or scanned there.
func TestCardAtTheTill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		if page := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100").is(http.StatusOK); page.form().Has("card") {
			t.Error("the page carries the card where no rule asks for it")
		}
		s.publish(func(r *programme.Rules) { r.Redeem.WithCard = true })
		asks := func(a answer) answer {
			return a.is(http.StatusOK).has("Scan the card to pay with points").hasNot("Redeem points")
		}

		page := asks(v.send("/till/basket", v.get("/till").form(), "code:"+phone, "code:tea-100"))
		form := page.form()
		form.Set("card", "1234")
		page = v.send("/till/basket", form).is(http.StatusOK).has("This is not the customer").hasNot("Redeem points")
		form = page.form()
		if form.Get("card") != "1234" {
			t.Errorf("what was typed is gone: %q", form.Get("card"))
		}
		form.Set("redeem", "1000") // as a page of before the rule sends it
		asks(v.send("/till/basket", without(form, "card")))
		form = page.form()
		form.Set("card", card)
		page = v.send("/till/basket", form).is(http.StatusOK).has("Redeem points", "Up to 22,500 points")
		page = v.send("/till/basket", page.form(), "redeem:1000").is(http.StatusOK).has("44,000")
		form = page.form()
		v.send("/till/pay", without(form, "card")).is(http.StatusConflict).has("only with the customer", "Scan the card")
		if n := len(s.sales()); n != 0 {
			t.Fatalf("%d sales were recorded", n)
		}
		page = v.send("/till/basket", v.get("/till").form(), "code:"+phone, "code:tea-100", "code:"+card, "redeem:1000").is(http.StatusOK).has("44,000")
		v.send("/till/pay", page.form()).is(http.StatusOK)
		page = v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100").is(http.StatusOK).has("Redeem points")
		asks(v.send("/till/basket", page.form(), "nobody:", "code:"+phone))
		if sales := s.sales(); len(sales) != 1 || sales[0].Redeemed != 1_000_00 || !sales[0].Details.Card {
			t.Errorf("recorded: %+v", sales)
		}
	})
}

// without is a form that lacks a field.
func without(form url.Values, field string) url.Values {
	form.Del(field)
	return form
}

// The cashier types a phone, scans the card when it is asked for, and pays with points.
func TestBrowserScansTheCard(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	s.publish(func(r *programme.Rules) { r.Redeem.WithCard = true })
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	b.Go(s.server.URL + "/till")
	scan(b, phone, "4780000000024")
	b.Wait(`document.querySelector("#card") && !document.querySelector("#redeem")`)
	settled(b)
	b.Fill("#card", "1234")
	b.Wait(`document.querySelector("#card[aria-invalid]")`)
	settled(b)
	for name, look := range map[string]webtest.Look{"tablet": tablet, "phone": {Width: 390, Height: 844, Language: "ru"}} {
		b.Look(look)
		b.Usable("till-card-" + name)
		b.Touchable("till-card-" + name)
		b.Shot("till-card-" + name)
	}
	b.Look(tablet)
	b.Fill("#card", card)
	b.Wait(`document.querySelector("#redeem") && !document.querySelector("#card")`)
	settled(b)
	b.Go(s.server.URL + "/till") // the tab has kept the card
	b.Wait(`document.querySelector("#redeem")`)
	settled(b)
	b.Fill("#redeem", "1000")
	b.See("44 000 сум")
	settled(b)
	b.Click("[data-pay]")
	b.See("Следующий клиент")
	if sales := s.sales(); len(sales) != 1 || sales[0].Redeemed != 1_000_00 || !sales[0].Details.Card {
		t.Errorf("recorded %+v", sales)
	}
}
