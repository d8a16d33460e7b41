package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// basket is a sale of 64 000: two litres of milk and a packet of tea.
const basket = `"lines": [{"sku":"milk-1","quantity":"2","price":"12000"},{"sku":"tea-100","quantity":"1","price":"40000"}]`

// A till finds, quotes, records and takes back; each step appends what readers
// of the log need and nothing else.
func TestTillSellsAndTakesBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.appended()
		who := s.register("+998901234567")
		if got := s.appended(); got != "customer.registered points.given" {
			t.Errorf("registering appended %q", got)
		}

		q := s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`,"redeem":"4000"}`).is(http.StatusOK).has(
			"gross", "64000.00", "paid_points", "4000.00", "total", "60000.00", "max_redeem", "10000.00", "limit", "balance",
			"redeemed", "4000.00", "earned", "600.00", "level.code", "start", "next_level.code", "silver", "to_next", "1000000.00")
		if got := s.appended(); got != "" {
			t.Errorf("a quote appended %q", got)
		}
		s.Clock.Advance(time.Minute)
		rec := s.post("/v1/receipts", `{"number":"77","quote":"`+q.words("id")+`","customer":"`+who+`",`+basket+`,"redeem":"4000"}`).
			is(http.StatusCreated).has("kind", "sale", "total", "60000.00", "redeemed", "4000.00", "earned", "600.00", "balance", "6000.00",
			"available_at", "2026-12-05T19:00:00Z", "lines.0.name", "Milk 1 l", "store.code", "1")
		if got := s.appended(); got != "receipt.recorded" {
			t.Errorf("a sale appended %q", got)
		}
		id := rec.words("id")
		s.get("/v1/customers/"+who+"/balance").is(http.StatusOK).has("available", "6000.00", "pending", "600.00", "debt", "0.00",
			"lots.0.points", "6000.00", "lots.0.cause", "welcome", "lots.1.state", "pending", "lots.1.points", "600.00")

		part := `"original":"` + id + `","lines":[{"position":2,"quantity":"1"}]`
		preview := s.post("/v1/returns/preview", `{`+part+`}`).is(http.StatusOK).has("kind", "return", "total", "37500.00",
			"redeemed", "2500.00", "earned", "375.00", "withheld", "0.00")
		if got := s.appended(); got != "" {
			t.Errorf("a preview appended %q", got)
		}
		back := s.post("/v1/returns", `{"number":"78",`+part+`,"reason":"stale"}`).is(http.StatusCreated)
		for _, path := range []string{"total", "redeemed", "earned", "balance", "lines.0.total"} {
			if back.at(path) != preview.at(path) {
				t.Errorf("%s: previewed %v, returned %v", path, preview.at(path), back.at(path))
			}
		}
		back.has("original", id, "balance", "8500.00", "lines.0.original", 2.0)
		if got := s.appended(); got != "receipt.recorded" {
			t.Errorf("a return appended %q", got)
		}
		s.get("/v1/receipts/"+id).is(http.StatusOK).has("lines.0.returned", "0.000", "lines.1.returned", "1.000")

		// The rest ends where the whole would have: nothing earned, nothing spent.
		s.post("/v1/returns", `{"number":"79","original":"`+id+`"}`).is(http.StatusCreated).has("total", "22500.00", "balance", "10000.00")
		s.get("/v1/customers/"+who+"/balance").has("available", "10000.00", "pending", "0.00")
		s.post("/v1/returns", `{"number":"80","original":"`+id+`"}`).problem(http.StatusConflict, "nothing_left")
	})
}

// What was sold without the line comes in one batch: each receipt is answered, what
// is wrong with one holds no other up, and sent again it is there already.
func TestTillSendsWhatItSoldOffline(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		s.Clock.Advance(8 * time.Hour)
		s.appended()
		at := func(hours int) string { return s.Now().Add(-time.Duration(hours) * time.Hour).Format(time.RFC3339) }
		batch := `{"sent_at":"` + at(0) + `","receipts":[
			{"number":"1","sold_at":"` + at(7) + `","customer":"` + who + `",` + basket + `,"total":"64000"},
			{"number":"2","sold_at":"` + at(6) + `","identifier":"90 123-45-67",` + basket + `,"total":"60000"},
			{"number":"3","sold_at":"` + at(5) + `",` + basket + `},
			{"number":"4","sold_at":"` + at(500) + `","identifier":"99 999-99-98",` + basket + `,"total":"64000"},
			{"number":"5","sold_at":"` + at(4) + `","identifier":"99 999-99-99",` + basket + `,"total":"64000"},
			{"kind":"return","number":"6","sold_at":"` + at(3) + `","original_number":"2","total":"60000"},
			{"kind":"gift","number":"7","sold_at":"` + at(3) + `"}]}`
		first := s.post("/v1/receipts/batch", batch).is(http.StatusOK).has(
			"results.0.status", "recorded", "results.0.receipt.customer", who, "results.0.receipt.earned", "640.00",
			"results.1.status", "recorded", "results.1.receipt.customer", who, "results.1.receipt.total", "60000.00", "results.1.by_rules", "64000.00", "results.1.differences.0", "price",
			"results.2.status", "refused", "results.2.problem.code", "total_missing",
			"results.3.status", "refused", "results.3.problem.code", "late_too_old",
			"results.4.status", "recorded", "results.4.differences.0", "customer_unknown",
			"results.5.status", "recorded", "results.5.receipt.kind", "return", "results.5.receipt.total", "60000.00",
			"results.6.status", "refused", "results.6.problem.code", "invalid_request")
		if told := first.at("results.3.differences").([]any); len(told) > 0 { // it leaves no trace, so it tells nobody who is a customer
			t.Errorf("of what was refused it is told %v", told)
		}
		if got := s.appended(); got != "receipt.recorded receipt.recorded receipt.recorded receipt.recorded" {
			t.Errorf("the batch appended %q", got)
		}
		s.post("/v1/receipts/batch", batch).is(http.StatusOK).has("results.0.status", "replayed", "results.0.receipt.id", first.words("results.0.receipt.id"), "results.5.status", "replayed")
		if got := s.appended(); got != "" {
			t.Errorf("sent again it appended %q", got)
		}
	})
}

// Where the programme is stopped, a quote names it and says that the points are kept.
func TestQuoteOfAStoppedProgramme(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) { r.Stopped = true }})
		who := s.register("+998901234567")
		s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`}`).is(http.StatusOK).has("programme.version", 1.0, "max_redeem", "0.00", "limit", "stopped",
			"texts.cashier.0", "The loyalty programme is stopped; points are kept.")
	})
}

// Points are held while the customer pays: nobody else redeems them, the sale that
// names the hold does, and what was cancelled is free again.
func TestTillHoldsPoints(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567") // 10 000 points
		s.appended()
		ask := `{"number":"h1","customer":"` + who + `","points":"9000"}`
		h := s.post("/v1/holds", ask).is(http.StatusCreated).has("state", "open", "points", "9000.00", "lapses_at", "2026-11-22T09:35:00Z")
		if got := s.appended(); got != "points.held" {
			t.Errorf("holding appended %q", got)
		}
		s.post("/v1/holds", ask).is(http.StatusCreated).has("id", h.words("id"), "state", "open")
		if got := s.appended(); got != "" {
			t.Errorf("holding again appended %q", got)
		}
		s.post("/v1/holds", `{"number":"h1","customer":"`+who+`","points":"1"}`).problem(http.StatusUnprocessableEntity, "hold_number_reused", "/number")
		s.post("/v1/holds", `{"number":"h2","customer":"`+who+`","points":"2000"}`).problem(http.StatusConflict, "points_too_few", "/points")
		s.post("/v1/holds", `{"number":"h2","customer":"`+who+`","points":"0"}`).problem(http.StatusUnprocessableEntity, "hold_nothing", "/points")
		s.post("/v1/holds", `{"number":"h2","customer":"`+who+`","points":"1","minutes":61}`).is(http.StatusUnprocessableEntity)
		s.post("/v1/holds", `{"number":"h2","customer":"nobody","points":"1"}`).is(http.StatusUnprocessableEntity)
		s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`}`).has("max_redeem", "1000.00")
		hold := `"hold":"` + h.words("id") + `"`
		q := s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`,"redeem":"9000",`+hold+`}`).has("max_redeem", "10000.00")
		rec := s.post("/v1/receipts", `{"number":"77","quote":"`+q.words("id")+`","customer":"`+who+`",`+basket+`,"redeem":"9000",`+hold+`}`).
			is(http.StatusCreated).has("redeemed", "9000.00", "balance", "1000.00")
		if got := s.appended(); got != "points.released receipt.recorded" {
			t.Errorf("the sale appended %q", got)
		}
		s.post("/v1/holds/"+h.words("id")+"/cancel", "").problem(http.StatusConflict, "hold_ended")
		s.post("/v1/holds", ask).has("state", "redeemed", "receipt", rec.words("id"))

		second := s.post("/v1/holds", `{"number":"h3","customer":"`+who+`","points":"1000"}`).is(http.StatusCreated)
		s.post("/v1/holds/"+second.words("id")+"/cancel", "").is(http.StatusOK).has("state", "cancelled")
		s.post("/v1/holds/x/cancel", "").problem(http.StatusNotFound, "hold_not_found")
		s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`,"hold":"x"}`).is(http.StatusUnprocessableEntity).has("errors.0.code", "hold_not_found")
	})
}

// A receipt says who stood at the till, where the call does; only somebody of
// the store is taken, and repeating is answered whatever has become of them.
func TestReceiptsCarryTheirCashier(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.anotherStore()
		stores, err := s.Catalog.Stores(t.Context())
		check(t, err)
		hire := func(login string, store int) staff.Account {
			a, err := s.Staff.Add(t.Context(), staff.By{}, staff.NewAccount{Name: "Malika", Login: login, Role: staff.Cashier, Stores: []catalog.StoreID{stores[store].ID}})
			check(t, err)
			return a
		}
		here, there := hire("malika", 0), hire("bobur", 1)
		s.appended()
		sale := func(number, cashier string) answer {
			return s.post("/v1/receipts", `{"number":"`+number+`","total":"64000","cashier":"`+cashier+`",`+basket+`}`)
		}
		back := func(number, of, cashier string) answer {
			return s.post("/v1/returns", `{"number":"`+number+`","original":"`+of+`","cashier":"`+cashier+`","lines":[{"position":1,"quantity":"1"}]}`)
		}
		first := sale("1", "Malika").is(http.StatusCreated).has("cashier", here.ID.String())
		s.get("/v1/receipts/"+first.words("id")).is(http.StatusOK).has("cashier", here.ID.String())
		sale("2", here.ID.String()).is(http.StatusCreated).has("cashier", here.ID.String())
		returned := back("3", first.words("id"), "malika").is(http.StatusCreated).has("cashier", here.ID.String())
		rec, err := s.Receipts.Get(t.Context(), receipt.ID(customerID(t, returned.words("id"))))
		check(t, err)
		if rec.Staff != int64(here.ID) {
			t.Errorf("the return is of %d, want %s", rec.Staff, here.ID)
		}
		s.post("/v1/receipts", `{"number":"4","total":"64000",`+basket+`}`).is(http.StatusCreated).has("cashier", nil)
		s.appended()
		for _, nobody := range []string{"nobody", "bobur", there.ID.String(), "0", "-1", "ма ша", strings.Repeat("9", 400)} {
			sale("5", nobody).problem(http.StatusUnprocessableEntity, "cashier_unknown", "/cashier")
			back("5", first.words("id"), nobody).problem(http.StatusUnprocessableEntity, "cashier_unknown", "/cashier")
		}
		if got := s.appended(); got != "" {
			t.Errorf("refused calls appended %q", got)
		}

		left := false
		_, err = s.Staff.Change(t.Context(), staff.By{}, here.ID, staff.Change{Active: &left})
		check(t, err)
		sale("6", "malika").is(http.StatusCreated).has("cashier", here.ID.String()) // comes late
		_, err = s.Staff.Change(t.Context(), staff.By{}, here.ID, staff.Change{Stores: &there.Stores})
		check(t, err)
		sale("7", "malika").problem(http.StatusUnprocessableEntity, "cashier_unknown", "/cashier")
		if again := sale("1", "malika").is(http.StatusCreated); again.text != first.text {
			t.Errorf("repeated:\n%s\nfirst:\n%s", again.text, first.text)
		}
		if again := back("3", first.words("id"), "malika").is(http.StatusCreated); again.text != returned.text {
			t.Errorf("repeated:\n%s\nfirst:\n%s", again.text, returned.text)
		}
	})
}

// A till that retries after a lost answer.
func TestRetryAfterLostAnswerNeverDoublesPoints(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		sale := `{"number":"77","total":"60000","customer":"` + who + `",` + basket + `,"redeem":"4000"}`
		first := s.post("/v1/receipts", sale).is(http.StatusCreated)
		if first.header.Get("Idempotent-Replayed") != "" {
			t.Error("the first answer says that it is a repeated one")
		}
		s.appended()
		s.Clock.Advance(20 * 24 * time.Hour) // the points have become available since
		for range 2 {
			again := s.post("/v1/receipts", sale).is(http.StatusCreated)
			if again.text != first.text || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("repeated, %q:\n%s\nfirst:\n%s", again.header.Get("Idempotent-Replayed"), again.text, first.text)
			}
		}
		if got := s.appended(); got != "points.activated" { // that was due
			t.Errorf("repeating appended %q", got)
		}
		s.get("/v1/customers/"+who+"/receipts").has("receipts.0.number", "77", "next", nil)

		// The same number for anything else is refused; another till has its own.
		for _, other := range []string{
			strings.Replace(sale, `"4000"`, `"3000"`, 1), strings.Replace(sale, `"60000"`, `"60001"`, 1),
			strings.Replace(sale, "milk-1", "milk-2", 1), strings.Replace(sale, `"redeem"`, `"sold_at":"2026-12-12T09:00:00Z","redeem"`, 1),
		} {
			a := s.post("/v1/receipts", other).problem(http.StatusUnprocessableEntity, "receipt_number_reused", "/number")
			a.has("receipt", first.words("id"), "errors.0.args", nil)
			if recorded, _ := sales.Open(first.words("id")); strings.Contains(strings.ReplaceAll(a.text, first.words("id"), ""), fmt.Sprint(recorded)) {
				t.Errorf("the id shows as it is stored in %s", a.text)
			}
		}
		s.do(call{method: http.MethodPost, path: "/v1/receipts", till: 1, body: strings.Replace(sale, `,"redeem":"4000"`, "", 1)}).
			problem(http.StatusConflict, "quote_changed")
		s.do(call{method: http.MethodPost, path: "/v1/receipts", till: 1, body: `{"number":"77","total":"64000",` + basket + `}`}).is(http.StatusCreated)

		// Numbers are compared by what they mean.
		s.post("/v1/receipts", strings.NewReplacer(`"60000"`, `60000.00`, `"4000"`, `4000`, `"2"`, `2.000`).Replace(sale)).
			is(http.StatusCreated).has("id", first.words("id"))

		back := `{"number":"78","original":"` + first.words("id") + `","lines":[{"position":1,"quantity":"0.5"}]}`
		one := s.post("/v1/returns", back).is(http.StatusCreated)
		s.appended()
		two := s.post("/v1/returns", back).is(http.StatusCreated)
		if one.text != two.text || two.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("repeated:\n%s\nfirst:\n%s", two.text, one.text)
		}
		s.post("/v1/returns", strings.Replace(back, "0.5", "0.7", 1)).problem(http.StatusUnprocessableEntity, "receipt_number_reused", "/number").has("receipt", one.words("id"))
		// The answer to the sale is still the one it was.
		if again := s.post("/v1/receipts", sale); again.text != first.text {
			t.Errorf("after a return:\n%s\nfirst:\n%s", again.text, first.text)
		}
		if got := s.appended(); got != "" {
			t.Errorf("repeating appended %q", got)
		}
	})
}

// An Idempotency-Key is the till's besides the number, for one receipt.
func TestIdempotencyKeyBelongsToOneReceipt(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		send := func(number, key string) answer {
			return s.do(call{method: http.MethodPost, path: "/v1/receipts", headers: []string{"Idempotency-Key", key},
				body: `{"number":"` + number + `","total":"64000",` + basket + `}`})
		}
		first := send("1", `"8e03978e-40d5"`).is(http.StatusCreated)
		if again := send("1", `8e03978e-40d5`).is(http.StatusCreated); again.text != first.text {
			t.Errorf("repeated without quotes:\n%s\nfirst:\n%s", again.text, first.text)
		}
		s.appended()
		send("2", `"8e03978e-40d5"`).problem(http.StatusUnprocessableEntity, "idempotency_key_reused", "Idempotency-Key")
		if got := s.appended(); got != "" {
			t.Errorf("a refused receipt appended %q", got)
		}
		send("2", `"a \"quoted\" key \\"`).is(http.StatusCreated)
		for _, bad := range []string{`"open`, `"a"b`, `"\n"`, `""`, strings.Repeat("k", 101), "ключ"} {
			send("3", bad).problem(http.StatusUnprocessableEntity, "idempotency_key", "Idempotency-Key")
		}
	})
}

// Two tills that spend one balance at once: one wins, always.
func TestTwoTillsSpendOneBalance(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		race(t, [2]*site{s, s})
	})
}

// So it is with two processes on one database.
func TestTwoProcessesSpendOneBalance(t *testing.T) {
	t.Parallel()
	one, two := twoProcesses(t)
	race(t, [2]*site{one, two})
}

func twoProcesses(t *testing.T) (one, two *site) {
	t.Helper()
	cfg := dbtest.Migrated(t, dbtest.Postgres)
	one = newSite(t, dbtest.OpenConfig(t, cfg), options{})
	return one, newSite(t, dbtest.OpenConfig(t, cfg), options{join: one})
}

// race has two tills, each at its site, spend the points of one customer.
func race(t *testing.T, sites [2]*site) {
	t.Helper()
	for round := range 10 {
		who := sites[0].register(fmt.Sprintf("+99890123%04d", round))
		body := `"customer":"` + who + `",` + basket + `,"redeem":"10000"`
		var quotes [2]string
		for till, s := range sites {
			quotes[till] = s.do(call{method: http.MethodPost, path: "/v1/quotes", till: till, body: `{` + body + `}`}).is(http.StatusOK).words("id")
		}
		var answers [2]answer
		var both sync.WaitGroup
		for till, quote := range quotes {
			both.Go(func() {
				answers[till] = sites[till].do(call{method: http.MethodPost, path: "/v1/receipts", till: till,
					body: fmt.Sprintf(`{"number":"%d","quote":"%s",%s}`, round, quote, body)})
			})
		}
		both.Wait()
		won, lost := answers[0], answers[1]
		if won.status != http.StatusCreated {
			won, lost = lost, won
		}
		won.is(http.StatusCreated).has("balance", "0.00")
		lost.problem(http.StatusConflict, "quote_changed")
		sites[0].get("/v1/customers/"+who+"/balance").has("available", "0.00", "debt", "0.00")
	}
}

// A till that sends one receipt to two processes at once has it recorded once.
func TestOneReceiptAtTwoProcessesIsRecordedOnce(t *testing.T) {
	t.Parallel()
	one, two := twoProcesses(t)
	who := one.register("+998901234567")
	for round := range 10 {
		body := fmt.Sprintf(`{"number":"%d","total":"64000","customer":"%s",%s}`, round, who, basket)
		var answers [2]answer
		var both sync.WaitGroup
		for i, s := range []*site{one, two} {
			both.Go(func() {
				answers[i] = s.do(call{method: http.MethodPost, path: "/v1/receipts", body: body, headers: []string{"Idempotency-Key", fmt.Sprint(round)}})
			})
		}
		both.Wait()
		if answers[0].is(http.StatusCreated).text != answers[1].is(http.StatusCreated).text {
			t.Errorf("answered\n%s\nand\n%s", answers[0].text, answers[1].text)
		}
		list := one.get("/v1/customers/" + who + "/receipts").at("receipts").([]any)
		if len(list) != round+1 {
			t.Fatalf("%d receipts after %d", len(list), round+1)
		}
	}
}

// Where the result would differ, nothing is recorded and the till decides.
func TestChangedQuoteComesWithTheNewOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		body := `"customer":"` + who + `",` + basket
		q := s.post("/v1/quotes", `{`+body+`}`).is(http.StatusOK).words("id")
		s.appended()
		changed := strings.Replace(body, `"40000"`, `"41000"`, 1)
		p := s.post("/v1/receipts", `{"number":"1","quote":"`+q+`",`+changed+`}`).problem(http.StatusConflict, "quote_changed").
			has("quote.total", "65000.00", "quote.earned", "650.00")
		if got := s.appended(); got != "" {
			t.Errorf("a refused receipt appended %q", got)
		}
		s.post("/v1/receipts", `{"number":"1","quote":"`+p.words("quote.id")+`",`+changed+`}`).is(http.StatusCreated).has("total", "65000.00")

		// So it is with a total, and a quote is good at its own till only.
		s.post("/v1/receipts", `{"number":"2","total":"63999.99",`+body+`}`).problem(http.StatusConflict, "quote_changed").has("quote.total", "64000.00")
		s.do(call{method: http.MethodPost, path: "/v1/receipts", till: 1, body: `{"number":"3","quote":"` + q + `",` + body + `}`}).
			problem(http.StatusUnprocessableEntity, "quote_invalid", "/quote")

		// A quote keeps its rules for some minutes, then those of the day hold.
		q = s.post("/v1/quotes", `{`+body+`}`).is(http.StatusOK).words("id")
		r := rules(s.Receipts.Currency())
		r.Levels[0].Cashback = 200
		s.publish(r)
		s.post("/v1/receipts", `{"number":"4","quote":"`+q+`",`+body+`}`).is(http.StatusCreated).has("earned", "640.00")
		q = s.post("/v1/quotes", `{`+body+`}`).is(http.StatusOK).has("earned", "1280.00").words("id")
		r.Levels[0].Cashback = 300
		s.publish(r)
		s.Clock.Advance(16 * time.Minute)
		s.post("/v1/receipts", `{"number":"5","quote":"`+q+`",`+body+`}`).problem(http.StatusConflict, "quote_changed").has("quote.earned", "1920.00")
	})
}

// publish puts other rules into force.
func (s *site) publish(r *programme.Rules) {
	s.t.Helper()
	s.Clock.Advance(time.Second)
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		list, err := s.Programmes.List(ctx)
		if err != nil {
			return err
		}
		v, err := s.Programmes.SaveDraftTx(ctx, tx, list[0].ID, r, 0)
		if err != nil {
			return err
		}
		_, err = s.Programmes.PublishTx(ctx, tx, v, time.Time{})
		return err
	}))
	check(s.t, s.Programmes.Refresh(s.t.Context()))
}

// Points are lost when the payment completes later than
// the receipt. Here the till records late, with its time of sale.
func TestLateReceiptEarnsByItsTimeOfSale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		s.Clock.Advance(60 * time.Hour) // a weekend without a line
		s.post("/v1/receipts", `{"number":"1","total":"64000","sold_at":"2026-11-23T01:30:00+05:00","customer":"`+who+`",`+basket+`}`).
			is(http.StatusCreated).has("sold_at", "2026-11-22T20:30:00Z", "earned", "640.00", "available_at", "2026-12-06T19:00:00Z", "balance", "10000.00")
		s.post("/v1/receipts", `{"number":"2","total":"64000","sold_at":"2026-11-21T21:29:59Z",`+basket+`}`).
			problem(http.StatusUnprocessableEntity, "sold_at_too_old", "/sold_at")
		s.post("/v1/receipts", `{"number":"2","total":"64000","sold_at":"2027-01-01T00:00:00Z",`+basket+`}`).
			problem(http.StatusUnprocessableEntity, "sold_at_in_future", "/sold_at")
	})
}

// The cashier chooses how many points pay, and gets exactly
// that or a refusal.
func TestCashierChoosesHowManyPointsPay(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) {
			r.Welcome.Points = 50_000_00
			r.Redeem.Step = 50_00
			r.Redeem.Min = 100_00
		}})
		who := s.register("+998901234567")
		quote := func(redeem string) answer {
			return s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`,"redeem":`+redeem+`}`)
		}
		quote("0").is(http.StatusOK).has("redeemed", "0.00", "max_redeem", "32000.00", "limit", "cap", "total", "64000.00")
		quote("150").is(http.StatusOK).has("redeemed", "150.00", "total", "63850.00")
		quote("32000").is(http.StatusOK).has("redeemed", "32000.00", "total", "32000.00")
		quote("32050").problem(http.StatusConflict, "redeem_too_much", "/redeem")
		quote("50").problem(http.StatusUnprocessableEntity, "redeem_min", "/redeem")
		quote("175").problem(http.StatusUnprocessableEntity, "redeem_step", "/redeem")
		s.post("/v1/quotes", `{`+basket+`,"redeem":"1"}`).problem(http.StatusConflict, "redeem_too_much", "/redeem")
	})
}

// Sums agree to the minor unit, and fractions of a
// point are not lost.
func TestNoMinorUnitIsLost(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{currency: "RUB", rules: func(r *programme.Rules) {
			r.Welcome.Points = 33
			r.Earn.DelayDays = 0
			r.Levels = []programme.Level{{Code: "one", Name: "One", Cashback: 333, Discount: 333}}
			r.Discount.Rounding = programme.Rounding{Mode: money.Down, Unit: 1}
		}})
		who := s.register("+79161234567")
		body := `"customer":"` + who + `","lines":[{"quantity":"0.333","price":"0.9999"},{"quantity":"3","price":"33.3333"},{"quantity":"1","price":"0.01"}],"redeem":"0.33"`
		q := s.post("/v1/quotes", `{`+body+`}`).is(http.StatusOK)
		cents := func(a answer, path string) (v int64) {
			_, err := fmt.Sscanf(strings.Replace(a.words(path), ".", "", 1), "%d", &v)
			check(t, err)
			return v
		}
		for _, name := range []string{"gross", "discount", "paid_points", "total", "earned", "redeemed"} {
			var sum int64
			for i := range 3 {
				sum += cents(q, fmt.Sprintf("lines.%d.%s", i, name))
			}
			if sum != cents(q, name) {
				t.Errorf("lines come to %d %s, the receipt to %d", sum, name, cents(q, name))
			}
		}
		if cents(q, "gross")-cents(q, "discount")-cents(q, "paid_points") != cents(q, "total") {
			t.Errorf("sums do not agree in %s", q.text)
		}
		q.has("paid_points", "0.33", "earned", "3.21")
		s.post("/v1/receipts", `{"number":"1","quote":"`+q.words("id")+`",`+body+`}`).is(http.StatusCreated).has("balance", "3.21")
	})
}

// A customer whose card is blocked is sold to without it; goods that the till
// alone knows are added; a discount is taken off with a reason.
func TestSalesOutOfTheOrdinary(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) { r.Levels[0].Discount = 1000 }})
		who := s.register("+998901234567")
		body := `"customer":"` + who + `",` + basket
		s.post("/v1/quotes", `{`+body+`}`).is(http.StatusOK).has("discount", "6400.00", "lines.0.discounts.0.cause", "tier")
		s.post("/v1/quotes", `{`+body+`,"no_discount":true}`).problem(http.StatusUnprocessableEntity, "reason_missing", "/reason")
		s.post("/v1/quotes", `{`+body+`,"no_discount":true,"no_points":true,"reason":"sale day"}`).is(http.StatusOK).
			has("discount", "0.00", "earned", "0.00", "limit", "off")

		s.post("/v1/receipts", `{"number":"1","total":"1000","lines":[
			{"sku":"new-1","name":"A new thing","quantity":"1","price":"1000"},{"sku":"milk-1","quantity":"1","price":"1","void":true}]}`).
			is(http.StatusCreated).has("lines.0.name", "A new thing", "lines.0.position", 1.0, "customer", nil)
		s.get("/v1/products?query=new-1").is(http.StatusOK).has("products.0.name", "A new thing", "products.0.price", "1000.0000")

		check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.Customers.SetStateTx(ctx, tx, customerID(t, who), "blocked")
			return err
		}))
		s.post("/v1/quotes", `{`+body+`}`).problem(http.StatusConflict, "customer_blocked", "/customer")
		s.get("/v1/customers/"+who).is(http.StatusOK).has("state", "blocked", "available", "10000.00")
		s.get("/v1/customers/"+who+"/balance").is(http.StatusOK).has("available", "10000.00")
		s.post("/v1/quotes", `{"customer":"`+people.Seal(12345)+`",`+basket+`}`).problem(http.StatusNotFound, "customer_not_found", "/customer")
	})
}

// The margin guard says that it was it.
func TestGuardTellsThatItStoppedADiscount(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) {
			r.Levels[0].Discount = 5000
			r.Guard = &programme.Guard{Margin: 1000}
			r.Redeem.Cap = 10_000
		}})
		who := s.register("+998901234567")
		s.post("/v1/quotes", `{"customer":"`+who+`","lines":[{"sku":"tea-100","quantity":"1","price":"40000"}]}`).is(http.StatusOK).has(
			"total", "33000.00", "limit", "guard", "max_redeem", "0.00", "lines.0.discounts.0.guarded", true,
			"lines.0.discounts.0.text", "Discount of level Start, 50%, kept above cost")
	})
}

// Receipts are found by the number on the slip, at whatever till of the store,
// and listed page by page while new ones come.
func TestReceiptsAreFoundAndListed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		sell := func(till, number int) {
			s.Clock.Advance(time.Minute)
			s.do(call{method: http.MethodPost, path: "/v1/receipts", till: till,
				body: fmt.Sprintf(`{"number":"%d","total":"64000","customer":"%s",%s}`, number, who, basket)}).is(http.StatusCreated)
		}
		for i := range 5 {
			sell(i%2, i)
		}
		sell(1, 0)
		both := s.get("/v1/receipts?number=0").is(http.StatusOK)
		both.has("receipts.0.till", s.tills[0].ID.String(), "receipts.1.till", s.tills[1].ID.String())
		s.get("/v1/receipts?number=3").is(http.StatusOK).has("receipts.0.till", s.tills[1].ID.String(), "receipts.0.lines.1.sku", "tea-100")
		if a := s.get("/v1/receipts?number=0&kind=return").is(http.StatusOK); a.text != `{"receipts":[]}` {
			t.Errorf("returns of that number: %s", a.text)
		}

		var numbers []string
		path := "/v1/customers/" + who + "/receipts?limit=2"
		for next := ""; ; {
			page := s.get(path + "&cursor=" + next).is(http.StatusOK)
			for _, r := range page.at("receipts").([]any) {
				numbers = append(numbers, r.(map[string]any)["number"].(string))
			}
			sell(0, 100+len(numbers)) // comes before the first page and moves nothing
			if page.at("next") == nil {
				break
			}
			next = page.words("next")
		}
		if got := strings.Join(numbers, " "); got != "0 4 3 2 1 0" {
			t.Errorf("pages hold %s", got)
		}
		entries := s.get("/v1/customers/"+who+"/entries?limit=3").is(http.StatusOK).has("entries.0.cause", "earn", "entries.0.text", "Earned on a receipt")
		last := s.get("/v1/customers/" + who + "/entries?limit=200&cursor=" + entries.words("next")).is(http.StatusOK)
		list := last.at("entries").([]any)
		if first := list[len(list)-1].(map[string]any); first["cause"] != "welcome" || first["effect"] != "10000.00" {
			t.Errorf("the first movement is %v", first)
		}
	})
}

// A till is told who it is; what is shown is what the services hold.
func TestTillIsToldWhoItIs(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{currency: "KWD", rules: func(r *programme.Rules) { r.Stores = []string{"2"} }})
		s.get("/v1/till").is(http.StatusOK).has("till.name", "Till 1", "store.zone", "Asia/Tashkent", "currency.decimals", 3.0, "programme", nil)
		q := s.post("/v1/quotes", `{"lines":[{"quantity":"1","price":"1.2345"}]}`).is(http.StatusOK).has("total", "1.235", "limit", "programme")
		if q.header.Get("Cache-Control") != "no-store" {
			t.Error("an answer may be stored on the way")
		}
	})
}

func customerID(t testing.TB, s string) (id customer.ID) {
	t.Helper()
	number, _, _ := strings.Cut(s, ".")
	check(t, id.UnmarshalText([]byte(number)))
	return id
}

// A key is a till's, for as long as it is good.
func TestKeysLetTillsIn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		for name, key := range map[string]string{"unknown": "rg_aaaaaaaaaaaaaaaaaaaaaaaaaa", "malformed": "nonsense"} {
			if a := s.do(call{method: http.MethodGet, path: "/v1/till", key: key}).problem(http.StatusUnauthorized, "till_key_invalid"); a.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: no WWW-Authenticate", name)
			}
		}
		s.do(call{method: http.MethodGet, path: "/v1/till", key: "-"}).problem(http.StatusUnauthorized, "key_missing")
		s.do(call{method: http.MethodGet, path: "/v1/till", key: "-", headers: []string{"Authorization", "Basic " + s.keys[0]}}).problem(http.StatusUnauthorized, "key_missing")
		s.do(call{method: http.MethodGet, path: "/v1/till", key: "-", headers: []string{"Authorization", "bearer  " + s.keys[0]}}).is(http.StatusOK)
		// Without a key not even the body is looked at.
		s.do(call{method: http.MethodPost, path: "/v1/receipts", key: "-", body: `{`}).problem(http.StatusUnauthorized, "key_missing")

		var second string
		check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			keys, err := s.Catalog.Keys(ctx, s.tills[0].ID)
			if err != nil {
				return err
			}
			if second, _, err = s.Catalog.IssueKeyTx(ctx, tx, s.tills[0].ID); err != nil {
				return err
			}
			_, err = s.Catalog.RevokeKeyTx(ctx, tx, s.tills[0].ID, keys[0].ID)
			return err
		}))
		s.Clock.Advance(2 * time.Second)
		s.get("/v1/till").problem(http.StatusUnauthorized, "till_key_invalid")
		s.do(call{method: http.MethodGet, path: "/v1/till", key: second}).is(http.StatusOK).has("till.id", s.tills[0].ID.String())
		s.do(call{method: http.MethodGet, path: "/v1/till", till: 1}).is(http.StatusOK).has("till.name", "Till 2")

		off := false
		check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.Catalog.UpdateTillTx(ctx, tx, s.tills[1].ID, catalog.TillChange{Active: &off})
			return err
		}))
		s.Clock.Advance(2 * time.Second)
		s.do(call{method: http.MethodGet, path: "/v1/till", till: 1}).problem(http.StatusForbidden, "till_off")
		if strings.Contains(s.Log.String(), s.keys[0][3:]) {
			t.Error("a key is in the log")
		}
	})
}
