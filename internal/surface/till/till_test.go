package till_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// A cashier sells to a customer: finds her by card, scans two products, pays a
// part with points and gets the slip; the receipt says the same.
func TestSale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		page := v.get("/till").is(http.StatusOK).has("The basket is empty", "No customer yet", "Till 1", "Chilonzor")

		page = v.send("/till/basket", page.form(), "code:"+card).is(http.StatusOK).
			has("Азиза", "Start", "cashback 1%", "30,000", "1,000,000 soum to Silver").hasNot(phone)
		page = v.send("/till/basket", page.form(), "code:4780000000017", "code:4780000000024", "code:4780000000017").is(http.StatusOK).
			has("69,000", "Up to 30,000 points", "Limited by the balance", "Earns 690 points", "6 Dec 2026")
		form := page.form()
		if got := form["quantity"]; len(got) != 2 || got[0] != "2" || got[1] != "1" {
			t.Errorf("quantities %v, want the scanned twice on one line", got)
		}
		page = v.send("/till/basket", form, "redeem:9000").is(http.StatusOK).has("60,000", "Paid with points", "Earns 600 points")
		paid := v.send("/till/pay", page.form()).is(http.StatusOK)
		to := paid.header.Get("HX-Redirect")
		if !strings.HasPrefix(to, "/till/receipts/") {
			t.Fatalf("led to %q", to)
		}
		v.get(to).is(http.StatusOK).has("60,000 soum", "Paid", "Bahor", "Молоко", "Points redeemed 9,000", "Points earned 600", "Points available 21,000", "Азиза К.", "Level Start", "Cashback 1%", "Малика Юсупова")

		sales := s.sales()
		if len(sales) != 1 || sales[0].Total != 60_000_00 || sales[0].Redeemed != 9_000_00 || sales[0].Customer != s.aziza || sales[0].Till != s.tills[0].ID || sales[0].Staff == 0 {
			t.Errorf("recorded %+v", sales)
		}
	})
}

// The same form sent twice, or again after its answer was lost, is one
// receipt; a form that was changed afterwards leads to the one there is.
func TestTillRetryAfterLostAnswerIsOneReceipt(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		page := v.send("/till/basket", v.get("/till").form(), "code:"+phone, "code:tea-100")
		form := page.form()
		first := v.send("/till/pay", form).is(http.StatusOK).header.Get("HX-Redirect")
		s.Clock.Advance(time.Hour)
		if again := v.send("/till/pay", form).is(http.StatusOK).header.Get("HX-Redirect"); again != first || len(s.sales()) != 1 {
			t.Errorf("sent again: %q after %q, %d receipts", again, first, len(s.sales()))
		}

		changed := v.send("/till/basket", form, "code:milk-1").form()
		answer := v.send("/till/pay", changed).is(http.StatusOK)
		if to := answer.header.Get("HX-Redirect"); to != first || len(s.sales()) != 1 {
			t.Errorf("changed: %q after %q, %d receipts", to, first, len(s.sales()))
		}
		v.get(first).has("had been paid already", "45,000").hasNot("Молоко")
	})
}

// Where another price holds than the one shown, nothing is recorded and the
// cashier sees the new one.
func TestChangedPriceIsShownAndDecided(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v, other := s.enter("cashier", 0), s.enter("cashier", 1)
		mine := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:22500").is(http.StatusOK)
		// Another till spends the points meanwhile.
		theirs := other.send("/till/basket", other.get("/till").form(), "code:"+card, "code:tea-100", "redeem:20000")
		other.send("/till/pay", theirs.form()).is(http.StatusOK)

		refused := v.send("/till/pay", mine.form()).is(http.StatusConflict).has("Nothing is recorded yet", "At most 10,000 points")
		if n := len(s.sales()); n != 1 {
			t.Fatalf("%d receipts", n)
		}
		page := v.send("/till/basket", refused.form(), "redeem:10000").is(http.StatusOK).has("35,000")
		// The rules change: the quote that is shown is not what holds.
		form := page.form()
		form.Set("quote", theirs.form().Get("quote"))
		v.send("/till/pay", form).is(http.StatusConflict)
		again := v.send("/till/basket", form)
		v.send("/till/pay", again.form()).is(http.StatusOK)
		if sales := s.sales(); len(sales) != 2 || sales[0].Redeemed != 10_000_00 {
			t.Errorf("recorded %+v", sales)
		}
	})
}

// What is shown and what is paid agree where the tier has changed meanwhile:
// 409, the old total beside the new one.
func TestQuoteChangedByAnotherSale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v, other := s.enter("cashier", 0), s.enter("owner", 2)
		mine := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100")
		theirs := other.send("/till/basket", other.get("/till").form(), "code:"+card, "code:20*tomato", "code:20*milk-1", "code:20*tea-100")
		other.send("/till/pay", theirs.form()).is(http.StatusOK)
		v.send("/till/pay", mine.form()).is(http.StatusConflict).has("it was 45,000 soum", "44,100", "Silver")
		if n := len(s.sales()); n != 1 {
			t.Errorf("%d receipts", n)
		}
	})
}

// Everything that one field finds: by card, phone in any spelling, four
// digits, product by code, barcode and name, several at once, by weight.
func TestOneFieldFindsEverything(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.register(1, "Бобур", "Алиев", "+998907774567", "")
		v := s.enter("cashier", 0)
		empty := v.get("/till").form()
		for code, want := range map[string][]string{
			card:               {"Азиза К."},
			"90 123-45-67":     {"Азиза К."},
			"8 90 123 45 67":   {"Азиза К."},
			"4567":             {"Which customer is it?", "Азиза К.", "4567"},
			"1234":             {"Азиза К.", "Lipstick 1234"}, // a product's code as well as a card's end
			"4780000000031":    {"Помидоры"},
			"0,350*tomato":     {"10,115"},
			"3 x milk-1":       {"36,000"},
			"3xmilk-1":         {"36,000"},
			"3 x4780000000017": {"36,000"},
			"3х4780000000017":  {"36,000"}, // Cyrillic х
			"Пода":             {"Products", "Подарочный набор"},
			"991112233":        {"Nothing is known as “991112233”"},
		} {
			a := v.send("/till/basket", empty, "code:"+code).is(http.StatusOK).has(want...)
			if strings.Contains(a.text, "Бобур") {
				t.Errorf("%s shows somebody of another store", code)
			}
		}
		// Who bought here is known here.
		bobur := v.send("/till/basket", empty, "code:907774567", "code:milk-1")
		v.send("/till/pay", bobur.form()).is(http.StatusOK)
		v.send("/till/basket", empty, "code:4567").has("Азиза К.", "Бобур А.")

		v.do(http.MethodGet, "/till/find?code=%D0%BF%D0%BE%D0%BC", nil, true).has("Помидоры")
		v.do(http.MethodGet, "/till/find?code=4567", nil, true).hasNot("Азиза") // nobody is found by trying digits
	})
}

// A first and last name find a customer of the cashier's stores, in any order
// and case; of several, and where it may be a product, the cashier chooses. A
// part of a name finds nobody, and names are not tried out by the hundred.
func TestNameFindsCustomers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.register(1, "Бобур", "Алиев", "+998907774567", "")
		v := s.enter("cashier", 0)
		empty := v.get("/till").is(http.StatusOK).form()
		find := func(name string) answer {
			return v.send("/till/basket", empty, "code:"+name).is(http.StatusOK).hasNot(phone, "Бобур А.")
		}
		for _, name := range []string{"Азиза Каримова", "каримова  АЗИЗА"} {
			find(name).has("Азиза К.", "4567", "30,000").hasNot("Which customer is it?", "Каримова")
		}
		for _, name := range []string{"Азиза", "Каримова", "Азиза К", "Бобур Алиев"} {
			find(name).has("Nothing is known as").hasNot("4567")
		}
		find("Каримова").has("found by first and last name together")
		for _, other := range []string{"Азиза К", "990001122", "A-17", "a@b.uz"} {
			find(other).hasNot("first and last name together")
		}
		s.register(0, "Азиза", "Каримова", "+998935550011", "")
		page := find("Азиза Каримова").has("Which customer is it?", "4567", "0011", "No customer yet")
		// Numbers that end alike are told apart by their kind, the store and the day.
		s.Clock.Advance(24 * time.Hour)
		s.register(0, "Азиза", "Каримова", "+998935560011", "")
		v = s.enter("cashier", 0)
		find("Азиза Каримова").has("Phone •••••••••0011 Chilonzor, since 22 Nov 2026", "Phone •••••••••0011 Chilonzor, since 23 Nov 2026")
		v.send("/till/basket", empty, "code:0011").has("Phone •••••••••0011 Chilonzor, since 22 Nov 2026", "Phone •••••••••0011 Chilonzor, since 23 Nov 2026")
		v.send("/till/basket", page.form(), "customer:"+sealed(s.aziza)).has("Азиза К.", "30,000")
		s.register(0, "Помидоры", "Розовые", "+998935550022", "")
		find("Помидоры розовые").has("Which customer is it?", "Помидоры Р.", "Products", "Помидоры розовые, кг")
		v.do(http.MethodGet, "/till/find?code="+url.QueryEscape("Азиза Каримова"), nil, true).hasNot("Азиза К.")

		for range 60 {
			page = v.send("/till/basket", empty, "code:Азиза Каримова").is(http.StatusOK)
		}
		page.has("Too many requests").hasNot("Азиза К.")
		v.send("/till/basket", empty, "code:4567").has("Too many requests").hasNot("Азиза К.")
		v.send("/till/basket", empty, "code:"+card).is(http.StatusOK).has("Азиза К.") // a card is no guess
		s.Clock.Advance(time.Minute)
		find("Азиза Каримова").has("Азиза К.")
	})
}

// Somebody new is registered with two fields; consents keep their wording, who
// asked and where; the audit log has a line; the bonus is there.
func TestRegistration(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		page := v.send("/till/basket", v.get("/till").form(), "code:991112233", "join:991112233").has("New customer", "The customer agrees")
		form := page.form()
		if form.Get("join-phone") != "991112233" {
			t.Errorf("the phone that was typed is not kept: %v", form)
		}
		v.send("/till/basket", form, "register").has("How shall we address the customer?")
		form.Set("join-name", "Нодира У.")
		form["consent"] = []string{"data", "marketing"}
		v.send("/till/basket", form, "register").is(http.StatusOK).has("Registered", "Нодира У.", "30,000").hasNot("not yet agreed")

		c, err := s.Customers.Find(t.Context(), customer.Identifier{Kind: customer.Phone, Value: "+998991112233"})
		check(t, err)
		if c.FirstName != "Нодира" || c.HomeStore != s.stores[0].ID || c.Source != "till" {
			t.Errorf("registered %+v", c)
		}
		consents, err := s.Customers.Consents(t.Context(), c.ID)
		check(t, err)
		if len(consents) != 2 || consents[0].Store != s.stores[0].ID || consents[0].Staff == 0 || !strings.Contains(consents[0].Wording, "v1: to the keeping of personal data") {
			t.Errorf("consents %+v", consents)
		}
		lines, _, err := s.Staff.Audit(t.Context(), staff.Filter{Action: "customer.registered"}, "", 10)
		check(t, err)
		if len(lines) != 1 || lines[0].Actor == 0 || lines[0].Subject != "customer:"+c.ID.String() {
			t.Errorf("audit %+v", lines)
		}
		// Registered again, she is found and gets nothing twice.
		v.send("/till/basket", form, "register").has("was registered already", "30,000").hasNot("60,000")
		form.Set("join-phone", "12")
		v.send("/till/basket", form, "register").has("too few digits")

		// Without the consent somebody is registered all the same, and it is said.
		form.Set("join-phone", "992223344")
		form.Set("join-name", "Анвар")
		delete(form, "consent")
		v.send("/till/basket", form, "register").has("Registered", "Анвар", "not yet agreed to the keeping of personal data")
		v.send("/till/basket", form, "register").has("was registered already").hasNot("Not saved", "not yet agreed")
	})
}

// What tills set is asked of a newcomer, and what they see stands beside the customer;
// what is personal, or none of theirs, does not.
func TestAttributesAtTheTill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.attributes()
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "join:991112233").has("Shoe size", "Hears of us from", "a friend", "Pets").hasNot("Blood group", "Our note").form()
		form.Set("join-name", "Нодира")
		form.Set("attributes/shoe", "large")
		kept := v.send("/till/basket", form, "register").has("This must be a number, such as 12.").form()
		if kept.Get("attributes/shoe") != "large" {
			t.Errorf("what was typed is not kept: %v", kept)
		}
		form.Set("attributes/shoe", "38,5")
		v.send("/till/basket", form, "register").has("This is needed.") // where she hears of us
		form.Set("attributes/source", "friend")
		form.Set("attributes/pets", "yes")
		form.Set("attributes/blood", "AB")
		v.send("/till/basket", form, "register").has("Registered", "Shoe size 38.5", "Hears of us from a friend").hasNot("Pets", "AB")

		v.send("/till/basket", v.get("/till").form(), "code:"+card).has("Our note Звонить после шести").hasNot("AB")
		c, err := s.Customers.Find(t.Context(), customer.Identifier{Kind: customer.Phone, Value: "+998991112233"})
		check(t, err)
		if got := c.Attributes.String(); got != `{"pets":true,"shoe":38.5,"source":"friend"}` {
			t.Errorf("kept %s", got)
		}
	})
}

// Money and points of half a line are rounded apart: what the page says are the
// money and the points that go back, and no third figure beside them.
func TestReturnSaysWhatGoesBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:2*bag").form()
		form.Set("priced", "1202.77")
		form = v.send("/till/basket", form, "redeem:1202.77").has("To pay 1,202.77 soum").form()
		v.send("/till/pay", form).is(http.StatusOK)
		path := "/till/returns/" + s.sales()[0].ID.String()
		form = v.send(path, v.get(path).form(), "plus:1").has("Goods 1,202.77", "Paid in money 601.39", "Points given back 601.39", "Hand out 601.39").hasNot("601.38").form()
		to := v.send(strings.Replace(path, "returns", "take-back", 1), form).is(http.StatusOK).header.Get("HX-Redirect")
		v.get(to).has("Paid in money 601.39", "Points given back 601.39", "REFUNDED 601.39").hasNot("601.38")
		if back := s.sales()[0]; back.Refund() != 601_39 || back.Redeemed != 601_39 || back.PaidPoints != 601_38 {
			t.Errorf("recorded %+v", back)
		}
	})
}

// A part of a sale comes back: the preview says what it comes to, the return
// records it, sent twice it is one, and what is left can come back later.
func TestReturnInParts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		page := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:2*tea-100", "code:milk-1", "redeem:10200")
		to := v.send("/till/pay", page.form()).is(http.StatusOK).header.Get("HX-Redirect")
		sale := s.sales()[0]
		if loc := v.get("/till/returns?number=" + sale.Number).is(http.StatusSeeOther).header.Get("Location"); loc != "/till/returns/"+sale.ID.String() {
			t.Errorf("the number leads to %q", loc)
		}
		v.get("/till/returns?number=99").is(http.StatusOK).has("There is no receipt 99")
		v.get("/till/returns?customer="+sealed(s.aziza)).is(http.StatusOK).has("Receipts: Азиза К.", "91,800")
		v.get(to).has("Return")

		path := "/till/returns/" + sale.ID.String()
		back := v.get(path).is(http.StatusOK).has("Green tea", "Choose what comes back")
		v.send(path, back.form(), "plus:1", "plus:1", "plus:1").has("Hand out 81,000 soum", "Points given back 9,000", "Points taken back 810")
		back.has("paid in money 91,800 soum", "with points 10,200 soum", "90,000", "paid in money 81,000", "with points 9,000").hasNot("gives back")
		one := v.send(path, back.form(), "plus:1").is(http.StatusOK).has("Hand out 40,500 soum", "Points given back 4,500", "Points taken back 405", "gives back 40,500")
		form := one.form()
		take := "/till/take-back/" + sale.ID.String()
		first := v.send(take, form).is(http.StatusOK).header.Get("HX-Redirect")
		if again := v.send(take, form).is(http.StatusOK).header.Get("HX-Redirect"); again != first || len(s.sales()) != 2 {
			t.Errorf("sent again: %q after %q, %d receipts", again, first, len(s.sales()))
		}
		v.get(first).has("Returned", "40,500 soum", "REFUNDED", "RETURN", "To sale "+sale.Number[:4]+" "+sale.Number[4:8]).hasNot("had been made already")
		other := v.send(path, form, "plus:2").form()
		other.Set("number", form.Get("number"))
		if to := v.send(take, other).is(http.StatusOK).header.Get("HX-Redirect"); to != first {
			t.Errorf("changed: %q after %q", to, first)
		}
		v.get(first).has("had been made already")

		// The number on the slip of the return leads to its sale, on both pages.
		no := s.sales()[0].Number
		for _, found := range []answer{v.get("/till/returns?number=" + no), v.send("/till/basket", v.get("/till").form(), "code:"+no)} {
			found.is(http.StatusOK).has("A return of sale "+sale.Number[:4]+" "+sale.Number[4:8], "40,500 soum").hasNot("There is no receipt", "Nothing is known")
			if !strings.Contains(found.text, `href="`+path+`"`) {
				t.Errorf("the return does not lead to its sale: %s", found.text)
			}
		}

		// Too much is refused at its field, and nothing is recorded.
		back = v.get(path).has("returned: 1")
		form = back.form()
		form.Set("quantity-1", "2")
		v.send(path, form).has("At most 1 can come back")
		for _, wrong := range []string{"much", "-1"} {
			form.Set("quantity-1", wrong)
			v.send(path, form).has("A quantity is a number above 0, such as 2 or 0.350.").hasNot("At most")
		}
		v.send(take, form).is(http.StatusConflict)
		rest := v.send(path, v.get(path).form(), "all").form()
		// Something else is shown than holds: 409, and then what holds.
		stale := url.Values{}
		for k, l := range rest {
			stale[k] = l
		}
		stale.Set("shown", "1-2-3-4")
		v.send(take, stale).is(http.StatusConflict).has("have changed since they were shown")
		v.send(take, rest).is(http.StatusOK)
		if page := v.get(path).has("Everything on this receipt has come back already").hasNot("Choose what comes back", "Reason", "Hand out"); strings.Contains(page.text, "data-pay") {
			t.Error("what has come back can come back again")
		}
		account, err := s.Ledger.Get(t.Context(), s.aziza)
		check(t, err)
		if account.Available() != 30_000_00 || account.Pending != 0 {
			t.Errorf("the parts left %v available and %v pending", account.Available(), account.Pending)
		}
	})
}

// What a customer bought is offered to be taken back by who works where it was
// sold; an owner does everywhere.
func TestLatestSalesAreOfTheStoresWhereSomebodyWorks(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		cashier, owner := s.enter("cashier", 0), s.enter("owner", 2)
		for _, v := range []*visitor{cashier, owner} {
			page := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:milk-1")
			v.send("/till/pay", page.form()).is(http.StatusOK)
		}
		sales := s.sales()
		for name, tt := range map[string]struct {
			who  *visitor
			sees []bool // of the far store, and the near one
		}{"cashier": {cashier, []bool{false, true}}, "owner": {owner, []bool{true, true}}} {
			page := tt.who.get("/till/returns?customer=" + sealed(s.aziza)).is(http.StatusOK)
			for i, want := range tt.sees {
				if got := strings.Contains(page.text, `/till/returns/`+sales[i].ID.String()); got != want {
					t.Errorf("%s sees sale %d: %v", name, i, got)
				}
			}
		}
	})
}

// Lines: weighed goods, discount of the till, removed and put back, no price
// in the catalog, what cannot be read.
func TestLines(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		page := v.send("/till/basket", v.get("/till").form(), "code:tomato", "code:tea-100", "code:bag")
		form := page.has("no price for this yet").form()
		if v.send("/till/pay", form).is(http.StatusConflict); len(s.sales()) != 0 {
			t.Fatal("sold without a price")
		}
		form["quantity"][0] = "1.250"
		form["discount"][1] = "5000"
		form["priced"][2] = "700"
		page = v.send("/till/basket", form).has("76,825", "Discount of the till", "−5,000", "40,000", "36,125", "700").hasNot("no price for this yet")
		form = page.form()
		// What is wrong is said with what would be right.
		for _, wrong := range []struct {
			field      string
			line       int
			typed, say string
		}{
			{"quantity", 0, "much", "A quantity is a number above 0, such as 2 or 0.350."},
			{"quantity", 0, "", "A quantity is a number above 0"},
			{"quantity", 0, "0", "A quantity is a number above 0"},
			{"quantity", 0, "-1", "A quantity is a number above 0"},
			{"quantity", 0, "1000001", "This must be at most 1,000,000."},
			{"quantity", 0, "1.2345", "at most 3 are kept"},
			{"discount", 1, "50000", "This must be 0 to 45,000 soum."},
			{"discount", 1, "-1", "This must be 0 to 45,000 soum."},
			{"discount", 1, "much", "This is not a number"},
			{"priced", 2, "-700", "This must be 0 to 100,000,000,000."},
		} {
			was := form[wrong.field][wrong.line]
			form[wrong.field][wrong.line] = wrong.typed
			v.send("/till/basket", form).has(wrong.say, "To pay —")
			form[wrong.field][wrong.line] = was
		}
		form["discount"][2] = " " // none
		v.send("/till/basket", form).hasNot("To pay —")
		v.send("/till/basket", form, "out:0").has("takes no part in the programme", "With discount and points again")
		page = v.send("/till/basket", form, "strike:0").has("Removed", "Put back", "40,700")
		page = v.send("/till/basket", page.form(), "restore:0", "minus:2").has("76,125")
		v.send("/till/pay", page.form()).is(http.StatusOK)
		rec, err := s.Receipts.Get(t.Context(), s.sales()[0].ID)
		check(t, err)
		if rec.Total != 76_125_00 || len(rec.Lines) != 2 || rec.Lines[0].Quantity != 1250 || rec.Lines[1].Discount != 5000_00 {
			t.Errorf("recorded %+v", rec)
		}
	})
}

// A discount or points are taken off only with a reason.
func TestDiscountOffNeedsItsReason(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100").form()
		form["off"] = []string{"points"}
		page := v.send("/till/basket", form).has("Say why", "Points were taken off this receipt.").hasNot("Earns")
		v.send("/till/pay", page.form()).is(http.StatusConflict)
		page = v.send("/till/basket", page.form(), "reason:Sale day").hasNot("Say why")
		v.send("/till/pay", page.form()).is(http.StatusOK)
		if rec := s.sales()[0]; !rec.Details.NoPoints || rec.Details.Reason != "Sale day" || rec.Earned != 0 {
			t.Errorf("recorded %+v", rec)
		}
	})
}

// Prices come from the catalog and not from the page, and a page that is not
// of a till of the cashier's stores gets nothing.
func TestPageCannotMakeItsOwnPricesOrTill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "code:tea-100").form()
		form["price"][0] = "10000"
		v.send("/till/pay", form).is(http.StatusConflict)
		v.send("/till/basket", form).has("45,000")

		// A cheap product was quoted, a dear one is sent under its price.
		cheap := v.send("/till/basket", v.get("/till").form(), "code:milk-1").form()
		cheap["sku"][0], cheap["name"][0] = form["sku"][0], form["name"][0]
		v.send("/till/pay", cheap).is(http.StatusConflict).has("45,000")
		cheap["price"][0] = "450000000" // as the catalog has it
		v.send("/till/pay", cheap).is(http.StatusConflict).has("45,000")

		form.Set("till", s.tills[2].ID.String())
		v.send("/till/basket", form, "code:milk-1").is(http.StatusForbidden).has("You do not work in the store")
		v.send("/till/pay", form).is(http.StatusForbidden)
		v.post("/till/choose", url.Values{"till": {s.tills[2].ID.String()}}).is(http.StatusForbidden)
		v.get("/till/choose").has("Chilonzor", "Till 2").hasNot("Registon", "Till 3")

		// A receipt of another store is not theirs either.
		owner := s.enter("owner", 2)
		sold := owner.send("/till/basket", owner.get("/till").form(), "code:tea-100")
		owner.send("/till/pay", sold.form()).is(http.StatusOK)
		rec := s.sales()[0]
		v.get("/till/receipts/" + rec.ID.String()).is(http.StatusForbidden)
		v.get("/till/returns/" + rec.ID.String()).is(http.StatusForbidden)
		v.get("/till/returns?number=" + rec.Number).is(http.StatusOK).has("There is no receipt")
		if len(s.sales()) != 1 {
			t.Error("something was recorded")
		}
	})
}

// Nobody is put on a receipt, or looked at, by trying ids: the page takes back
// only those that it gave.
func TestPageReadsNobodyByWalkingIDs(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		other := s.register(0, "Бобур", "Алиев", "+998907774567", "")
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "code:tea-100").form()
		_, sign, _ := strings.Cut(sealed(s.aziza), ".")
		for _, who := range []string{s.aziza.String(), s.aziza.String() + ".", other.String() + "." + sign, sealed(s.aziza) + "x"} {
			v.send("/till/basket", form, "customer:"+who).is(http.StatusOK).has("No customer").hasNot("Азиза", "Бобур", "4567")
			form.Set("customer", who)
			v.send("/till/basket", form).is(http.StatusOK).has("No customer").hasNot("Азиза", "Бобур", "4567")
			v.get("/till/returns?customer="+who).is(http.StatusOK).hasNot("Азиза", "Бобур")
		}
		v.send("/till/pay", form)
		for _, rec := range s.sales() {
			if rec.Customer != 0 {
				t.Errorf("recorded for %s", rec.Customer)
			}
		}
		v.send("/till/basket", form, "customer:"+sealed(s.aziza)).is(http.StatusOK).has("Азиза К.").hasNot("Каримова", "+998901234567", card)
	})
}

// A masked phone is not found out by trying numbers, however many come at once.
func TestPhonesAreNotTriedOut(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		var tries []string
		for i := range 60 {
			tries = append(tries, fmt.Sprintf("code:90 123-45-%02d", i))
		}
		tries = append(tries, "code:"+phone)
		form := v.get("/till").form()
		v.send("/till/basket", form, tries...).is(http.StatusOK).has("Wait").hasNot("Азиза")
		join := v.get("/till").form() // nor by registering
		join.Set("join-name", "Анна")
		join.Set("join-phone", phone)
		v.send("/till/basket", join, "register").is(http.StatusOK).has("Wait").hasNot("Азиза").hasNot("registered already")
		s.Clock.Advance(time.Minute)
		v.send("/till/basket", form, "code:"+phone).is(http.StatusOK).has("Азиза К.")
	})
}

// A card that was misread, or is somebody else's, leads to its owner and hangs
// nothing onto them; the page says so.
func TestMisreadCardAddsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "join:").form()
		form.Set("join-phone", "906655443")
		form.Set("join-card", card)
		form.Set("join-name", "Somebody Else")
		form["consent"] = []string{"marketing"}
		v.send("/till/basket", form, "register").is(http.StatusOK).has("Азиза К.", "Check the name; if it is somebody else, take them off the receipt.", "Not saved: consents, name, phone")
		c, err := s.Customers.Get(t.Context(), s.aziza)
		check(t, err)
		consents, err := s.Customers.Consents(t.Context(), s.aziza)
		check(t, err)
		if len(c.Identifiers) != 2 || len(consents) != 0 {
			t.Errorf("the owner of the card has %v and %v", c.Identifiers, consents)
		}
		form.Set("join-phone", "901234567") // shared
		form.Set("join-card", "299999999")
		v.send("/till/basket", form, "register").is(http.StatusOK).has("Somebody E.", "No welcome bonus")
		lines, _, err := s.Staff.Audit(t.Context(), staff.Filter{Action: "customer.completed"}, "", 10)
		check(t, err)
		if len(lines) != 0 {
			t.Errorf("the log says %+v", lines)
		}
	})
}

// Every route asks who is there.
func TestEveryRouteAsksWhoIsThere(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", -1)
		v.get("/till").is(http.StatusSeeOther)
		v.get("/till/returns").is(http.StatusSeeOther)
		stranger := &visitor{s, &http.Client{CheckRedirect: v.client.CheckRedirect}}
		for _, c := range []struct{ method, path string }{
			{"GET", "/till"}, {"GET", "/till/find?code=te"}, {"GET", "/till/choose"}, {"GET", "/till/receipts/1"}, {"GET", "/till/returns"},
			{"GET", "/till/returns/1"}, {"POST", "/till/basket"}, {"POST", "/till/pay"}, {"POST", "/till/choose"}, {"POST", "/till/returns/1"}, {"POST", "/till/take-back/1"},
		} {
			var form url.Values
			if c.method == "POST" {
				form = url.Values{"till": {s.tills[0].ID.String()}}
			}
			a := stranger.do(c.method, c.path, form, false).is(http.StatusSeeOther)
			if to := a.header.Get("Location"); !strings.HasPrefix(to, "/sign-in") {
				t.Errorf("%s %s leads to %q", c.method, c.path, to)
			}
		}
	})
}

// To a blocked customer it is sold as to anybody, whatever they are found by;
// the page says so once, also where they were blocked meanwhile.
func TestBlockedCustomerIsSoldToAsAnybody(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		const blocked = "This customer is blocked. Sell without them: no discount and no points."
		shown := v.send("/till/basket", v.get("/till").form(), "code:"+phone, "code:tea-100").hasNot(blocked)
		check(t, s.block(s.aziza))
		if late := v.send("/till/pay", shown.form()).is(http.StatusConflict); strings.Count(plain(late.text), "blocked") != 1 {
			t.Errorf("blocked meanwhile: %s", plain(late.text))
		}
		page := v.send("/till/basket", v.get("/till").form(), "code:"+phone, "code:tea-100").has(blocked, "45,000").hasNot("Redeem points")
		v.send("/till/pay", page.form()).is(http.StatusOK)
		if rec := s.sales()[0]; rec.Customer != 0 || rec.Total != 45_000_00 {
			t.Errorf("recorded %+v", rec)
		}
	})
}

// Receipts that other tills of the programme recorded are found as well.
func TestReceiptOfAnotherTillIsFound(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		other := receipt.Caller{Till: s.tills[1], Store: s.stores[0]}
		draft := receipt.Draft{Lines: []receipt.DraftLine{{SKU: "tea-100", Quantity: 1000, Price: 45_000_0000}}}
		q, err := s.Receipts.Quote(t.Context(), other, draft)
		check(t, err)
		rec, _, err := s.Receipts.Commit(t.Context(), other, receipt.Sale{Number: "A-17", Draft: draft, Quote: q.ID})
		check(t, err)
		v.send("/till/basket", v.get("/till").form(), "code:A-17").has("Receipts", "A-17", "45,000")
		if to := v.get("/till/returns?number=A-17").is(http.StatusSeeOther).header.Get("Location"); to != "/till/returns/"+rec.ID.String() {
			t.Errorf("led to %q", to)
		}
	})
}

// What the catalog does not know is sold under its code, once its name and its
// price are typed, and is known from then on.
func TestNewProduct(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		a := v.send("/till/basket", v.get("/till").form(), "code:2*4600000000011").has("Nothing is known as “4600000000011”", "Sell as a new product", "New customer")
		for _, other := range []string{"+998 99 111 22 33", "99 111-22-33", "somebody@example.com", "…", strings.Repeat("Bread ", 17)} {
			v.send("/till/basket", v.get("/till").form(), "code:"+other).has("Nothing is known", "New customer").hasNot("Sell as a new product")
			v.send("/till/basket", v.get("/till").form(), "new:"+other).has("The basket is empty")
		}
		for _, many := range []string{"99999999*4600000000011", "-1*4600000000011", "0 x 4600000000011", "1.2.3*4600000000011"} {
			v.send("/till/basket", v.get("/till").form(), "code:"+many).has("so many cannot be sold").hasNot("Sell as a new product")
		}
		a = v.send("/till/basket", a.form(), "new:2*4600000000011").has("The catalog does not know this", "no price for this yet")
		v.send("/till/pay", a.form()).is(http.StatusConflict)
		form := a.form()
		form.Set("name", " Rye  bread ")
		form.Set("priced", "7 500")
		a = v.send("/till/basket", form).has("15,000 soum").hasNot("does not know this", "no price for this yet")
		a = v.send("/till/basket", a.form(), "code:4600000000011").has("22,500 soum")
		v.send("/till/pay", a.form()).is(http.StatusOK)
		rec, err := s.Receipts.Get(t.Context(), s.sales()[0].ID)
		check(t, err)
		if l := rec.Lines; len(l) != 1 || l[0].Name != "Rye bread" || l[0].Quantity != 3*money.One || l[0].Product == 0 {
			t.Errorf("recorded %+v", l)
		}
		v.send("/till/basket", v.get("/till").form(), "code:4600000000011").has("Rye bread", "7,500 soum")
	})
}

// A shop without a catalogue sells by the name that is typed: it is proposed as the
// product's name, and finds the product from then on.
func TestNewProductByName(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		for _, name := range []string{"Хлеб", "Хлеб белый", "Сыр 45 %, 200 г", "2 халвы", "7 xalva"} {
			v.send("/till/basket", v.get("/till").form(), "code:"+name).has("Nothing is known as “"+name+"”", "Sell as a new product", "New customer")
		}
		a := v.send("/till/basket", v.get("/till").form(), "new:2*Хлеб  белый ").has("no price for this yet").hasNot("does not know this")
		form := a.form()
		if got := form["name"]; !slices.Equal(got, []string{"Хлеб белый"}) {
			t.Errorf("proposed %q", got)
		}
		form.Set("priced", "7 500")
		a = v.send("/till/basket", form, "code:Хлеб белый").has("22,500 soum")
		v.send("/till/pay", a.form()).is(http.StatusOK)
		rec, err := s.Receipts.Get(t.Context(), s.sales()[0].ID)
		check(t, err)
		if l := rec.Lines; len(l) != 1 || l[0].Name != "Хлеб белый" || l[0].SKU != "Хлеб белый" || l[0].Quantity != 3*money.One || l[0].Product == 0 {
			t.Errorf("recorded %+v", l)
		}
		v.send("/till/basket", v.get("/till").form(), "code:хлеб").has("Products Хлеб белый 7,500 soum").hasNot("Sell as a new product")
		v.send("/till/basket", v.get("/till").form(), "code:Хлеб белый").has("Хлеб белый 7,500 soum 7,500 Discount", "Goods 7,500")
	})
}

// Variants of a model are told apart wherever a cashier or a customer reads them;
// what is recorded goes by the catalog's name, as before.
func TestVariantsAreToldApart(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.variants("M", "L")
		v := s.enter("cashier", 0)
		empty := v.get("/till").form()
		v.send("/till/basket", empty, "code:футболка").has("Футболка красный, M shirt-m", "Футболка красный, L shirt-l")
		v.do(http.MethodGet, "/till/find?code="+url.QueryEscape("футб"), nil, true).has("Футболка красный, L shirt-l")
		page := v.send("/till/basket", empty, "product:shirt-m", "code:shirt-l", "plus:1").has("Футболка красный, M", "Футболка красный, L")
		paid := v.send("/till/pay", page.form()).is(http.StatusOK).header.Get("HX-Redirect")
		v.get(paid).has("Футболка красный, M", "Футболка красный, L")
		sale := s.sales()[0].ID
		back := "/till/returns/" + sale.String()
		v.get(back).has("Футболка красный, M", "Футболка красный, L")
		v.send(strings.Replace(back, "returns", "take-back", 1), v.send(back, v.get(back).form(), "plus:1").form()).is(http.StatusOK)
		v.get("/till/receipts/"+s.sales()[0].ID.String()).has("Return", "Футболка красный, M")

		var got carried
		check(t, json.Unmarshal([]byte(v.get("/till/snapshot").is(http.StatusOK).text), &got))
		goods, slip := fmt.Sprint(got.Goods), fmt.Sprint(got.Slips)
		if !containsAll(goods, "{shirt-m Футболка красный, M Футболка ", "{bag Пакет  ") || !containsAll(slip, "{Футболка красный, M}", "{Футболка красный, L}") {
			t.Errorf("carried %s, slips %s", goods, slip)
		}

		names := func() (list []string) {
			rec, err := s.Receipts.Get(t.Context(), sale)
			check(t, err)
			for _, l := range rec.Lines {
				list = append(list, l.Name)
			}
			return list
		}
		if got := names(); !slices.Equal(got, []string{"Футболка", "Футболка"}) {
			t.Errorf("recorded as %q", got)
		}
		name := "Майка"
		check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Catalog.SaveProductsTx(ctx, tx, []catalog.ProductInput{{SKU: "shirt-l", ProductChange: catalog.ProductChange{Name: &name}}})
			return err
		}))
		if got := names(); !slices.Equal(got, []string{"Футболка", "Майка"}) {
			t.Errorf("recorded as %q, which is no name of their own", got)
		}
	})
}

// variants adds two sizes of one shirt.
func (s *site) variants(sizes ...string) {
	s.t.Helper()
	name, price := "Футболка", money.Price(100_000_0000)
	var goods []catalog.ProductInput
	for _, size := range sizes {
		sku := "shirt-" + strings.ToLower(size)
		options := []catalog.Option{{Name: catalog.OptionColour, Value: "красный"}, {Name: catalog.OptionSize, Value: size}}
		goods = append(goods, catalog.ProductInput{SKU: sku, ProductChange: catalog.ProductChange{Name: &name, Price: &price, Model: &name, Options: &options}})
	}
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := s.Catalog.SaveProductsTx(ctx, tx, goods)
		return err
	}))
}

// An empty field redeems nothing; what is no number of points is said to be none.
func TestPointsThatAreTyped(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	v := newSite(t, d).enter("cashier", 0)
	form := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:5000").has("To pay 40,000 soum").form()
	for typed, say := range map[string]string{"": "To pay 45,000 soum Paid", " ": "To pay 45,000 soum Paid", "-5": "This must be at least 0.", "many": "This is not a number"} {
		form.Set("redeem", typed)
		if page := v.send("/till/basket", form).has(say); strings.Contains(page.text, "data-pay disabled") == (strings.TrimSpace(typed) == "") {
			t.Errorf("%q can be paid or not: %s", typed, page.text)
		}
	}
}

// While a line is wrong, the rest comes to no sum: none is shown to be paid,
// nothing is said of the points that it would limit, and they stay as typed.
func TestWrongLineLeavesNoSum(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "code:milk-1", "redeem:20000").has("To pay 37,000 soum").form()
		for field, wrong := range map[string]string{"discount": "50000", "quantity": "0,"} {
			was := form[field][0]
			form[field][0] = wrong
			page := v.send("/till/basket", form).has("To pay —", "12,000").hasNot("At most", "Up to", "37,000", "Earns")
			if page.form().Get("redeem") != "20000" || !strings.Contains(page.text, "data-pay disabled") {
				t.Errorf("a wrong %s leaves %v", field, page.form())
			}
			v.send("/till/pay", page.form()).is(http.StatusConflict)
			form[field][0] = was
		}
		v.send("/till/basket", form).has("To pay 37,000 soum")
	})
}

// Who may add a till is led there, who may not is told whom to ask.
func TestNoTillYet(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE tills SET active = $1`, false)
		return err
	}))
	s.enter("cashier", -1).get("/till/choose").has("Ask the owner")
	if page := s.enter("owner", -1).get("/till/choose").hasNot("Ask the owner"); !strings.Contains(page.text, `href="/stores"`) {
		t.Error("the owner is not led to the stores")
	}
}

// The slip says what was given: no cashback where the customer's points were
// taken off.
func TestSlipSaysWhatWasGiven(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	v := s.enter("cashier", 0)
	form := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100").form()
	form["off"] = []string{"points"}
	page := v.send("/till/basket", form, "reason:a mistake").is(http.StatusOK)
	v.get(v.send("/till/pay", page.form()).is(http.StatusOK).header.Get("HX-Redirect")).has("45,000 soum", "Level Start").hasNot("Cashback")
}

// A size is no sign of how many: 2XL is found as it is typed, and what is not called so
// is counted.
func TestSizesAreFound(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.variants("2XL", "L")
		v := s.enter("cashier", 0)
		for _, typed := range []string{"футболка 2XL", "2XL футболка", "2XL"} {
			v.send("/till/basket", v.get("/till").form(), "code:"+typed).is(http.StatusOK).has("красный, 2XL").hasNot("красный, L")
			v.do(http.MethodGet, "/till/find?code="+url.QueryEscape(typed), nil, true).has("красный, 2XL").hasNot("красный, L")
		}
		v.do(http.MethodGet, "/till/find?code="+url.QueryEscape("2xф"), nil, true).hasNot("Футболка") // one letter is none to look for
	})
}

// The payment of something new that is sent twice is one that is sent again, not another.
func TestNewProductPaidTwice(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := v.send("/till/basket", v.get("/till").form(), "new:2*Хлеб белый").form()
		form.Set("priced", "7 500")
		form = v.send("/till/basket", form, "").form()
		one := v.send("/till/pay", form).is(http.StatusOK).header.Get("HX-Redirect")
		v.get(one)
		two := v.send("/till/pay", form).is(http.StatusOK).header.Get("HX-Redirect")
		if one == "" || one != two || len(s.sales()) != 1 {
			t.Errorf("%q, then %q", one, two)
		}
		v.get(two).has("Хлеб белый").hasNot("changed")
	})
}
