package conform

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// clock is the time of the server.
func (t *trial) clock() time.Time {
	a := t.get("/v1/till").is(http.StatusOK)
	at, err := time.Parse(time.RFC3339Nano, a.str("time"))
	if err != nil {
		t.fail(a, "time is %q", a.str("time"))
	}
	return at
}

// late is a sale as a till without its line recorded it: so long ago, charged as
// the rules say.
func (t *trial) late(basket object, at time.Time) object {
	return basket.with("number", t.name("l"), "sold_at", at.Format(time.RFC3339), "total", t.money(t.quote(basket).num("total")))
}

func (t *trial) batch(receipts ...object) answer {
	return t.do(batch(receipts...)).is(http.StatusOK)
}

func batch(receipts ...object) call {
	return call{method: http.MethodPost, path: "/v1/receipts/batch", body: object{"receipts": receipts}}
}

// became fails the check unless the results of a batch are these, in the order of
// its receipts.
func (a answer) became(receipts []object, states ...string) answer {
	if results := a.list("results"); len(results) != len(receipts) {
		a.trial.fail(a, "%d results for %d receipts", len(results), len(receipts))
	}
	for i, r := range receipts {
		at, want := fmt.Sprintf("results.%d", i), states[i%len(states)]
		a.has(at+".number", r["number"])
		if !a.again || want != "recorded" || a.str(at+".status") != "replayed" {
			a.has(at+".status", want)
		}
		if want != "refused" {
			a.has(at+".receipt.number", r["number"])
		}
	}
	return a
}

// differs fails the check unless the i-th result has the difference.
func (a answer) differs(i int, what string) answer {
	if !slices.Contains(a.list(fmt.Sprintf("results.%d.differences", i)), any(what)) {
		a.trial.fail(a, "differences of result %d does not have %q", i, what)
	}
	return a
}

var lateChecks = []check{
	{"late.order", "a batch is answered in its order: a sale and the return of it by its number, one after the other", func(t *trial) {
		now := t.clock()
		sale := t.late(basket(t.customer(), shopping...), now.Add(-2*time.Hour))
		back := object{"kind": "return", "number": t.name("l"), "sold_at": now.Add(-time.Hour).Format(time.RFC3339), "original_number": sale["number"], "parts": []object{{"position": 1, "quantity": "1"}}}
		other := t.late(basket("", goods("tea", "1", "40000")), now.Add(-time.Hour))
		list := []object{sale, back, other}
		a := t.batch(list...).became(list, "recorded")
		if a.str("results.1.receipt.original") != a.str("results.0.receipt.id") {
			t.fail(a, "the return is not of the sale before it")
		}
	}},
	{"late.again", "a batch whose answer was lost is recorded once; sent again it is there already", func(t *trial) {
		now := t.clock()
		list := []object{t.late(basket(t.customer(), shopping...), now.Add(-2*time.Hour)), t.late(basket("", shopping...), now.Add(-time.Hour))}
		t.cutOff(batch(list...), cut{"before the answer", 1, 1})
		first := t.batch(list...)
		again := t.batch(list...).became(list, "replayed")
		for i, r := range list {
			at := fmt.Sprintf("results.%d.receipt.id", i)
			again.has(at, first.at(at))
			if ids := t.found(r["number"].(string)); len(ids) != 1 {
				t.fail(again, "under the number %v are the receipts %v", r["number"], ids)
			}
		}
	}},
	{"late.at_once", "the same batch four times at once is recorded once", func(t *trial) {
		now := t.clock()
		who := t.customer()
		list := []object{t.late(basket(who, shopping...), now.Add(-2*time.Hour)), t.late(basket(who, goods("tea", "1", "40000")), now.Add(-time.Hour))}
		answers := t.together(slices.Repeat([]call{batch(list...)}, 4))
		fresh := 0
		for _, a := range answers {
			a.is(http.StatusOK)
			for i := range list {
				at := fmt.Sprintf("results.%d", i)
				if a.str(at+".status") == "recorded" {
					fresh++
				}
				a.has(at+".receipt.id", answers[0].at(at+".receipt.id"))
			}
		}
		if fresh != len(list) && !anyAgain(answers) {
			t.fail(answers[0], "%d receipts of 2 are said to be recorded by these calls", fresh)
		}
	}},
	{"late.two_tills", "a batch that another till of the store sends too is recorded once, and the second answer says by whom not", func(t *trial) {
		t.needSecond()
		list := []object{t.late(basket(t.customer(), shopping...), t.clock().Add(-time.Hour))}
		first := t.batch(list...).became(list, "recorded")
		c := batch(list...)
		c.key = t.secondKey
		t.do(c).is(http.StatusOK).became(list, "replayed").differs(0, "recorded").has("results.0.receipt.id", first.at("results.0.receipt.id"))
	}},
	{"late.bad_one", "one receipt that is wrong holds no other up, and is told why", func(t *trial) {
		now := t.clock()
		good, last := t.late(basket(t.customer(), shopping...), now.Add(-2*time.Hour)), t.late(basket("", shopping...), now.Add(-time.Hour))
		bad := t.late(basket("", shopping...), now.Add(-time.Hour))
		delete(bad, "total")
		worse := t.late(basket("", goods("tea", "0", "40000")).with("lines", []object{goods("tea", "1", "40000")}), now.Add(-time.Hour)).with("lines", []object{goods("tea", "0", "40000")})
		list := []object{good, bad, worse, last}
		a := t.batch(list...).became(list, "recorded", "refused", "refused", "recorded")
		if a.str("results.1.problem.code") != "total_missing" || a.str("results.2.problem.code") != "invalid_request" {
			t.fail(a, "the problems are %q and %q", a.str("results.1.problem.code"), a.str("results.2.problem.code"))
		}
	}},
	{"late.clock", "a till whose clock is a day wrong, either way, has its times corrected and is told so", func(t *trial) {
		for _, ahead := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
			now := t.clock()
			sale := t.late(basket(t.customer(), shopping...), now.Add(ahead-time.Hour))
			c := call{method: http.MethodPost, path: "/v1/receipts/batch", body: object{"sent_at": now.Add(ahead).Format(time.RFC3339), "receipts": []object{sale}}}
			a := t.do(c).is(http.StatusOK).became([]object{sale}, "recorded").differs(0, "clock")
			at, err := time.Parse(time.RFC3339Nano, a.str("results.0.receipt.sold_at"))
			if err != nil || at.Sub(now.Add(-time.Hour)).Abs() > time.Minute {
				t.fail(a, "it was sold at %s by the server's clock", now.Add(-time.Hour).Format(time.RFC3339))
			}
			t.do(c).is(http.StatusOK).became([]object{sale}, "replayed")
		}
	}},
	{"late.dates", "a receipt from long ago, from the future or without its time is refused", func(t *trial) {
		now := t.clock()
		old, future, never := t.late(basket("", shopping...), now.AddDate(-10, 0, 0)), t.late(basket("", shopping...), now.AddDate(0, 0, 2)), t.late(basket("", shopping...), now)
		delete(never, "sold_at")
		list := []object{old, future, never}
		a := t.batch(list...).became(list, "refused")
		for i, code := range []string{"late_too_old", "sold_at_in_future", "sold_at_missing"} {
			a.has(fmt.Sprintf("results.%d.problem.code", i), code)
		}
	}},
	{"late.charged", "what was charged is recorded as it was, and a difference from the rules is told", func(t *trial) {
		of := basket(t.customer(), goods("tea", "2", "40000"))
		sale := t.late(of, t.clock()).with("total", "71000") // now: by the rules that the quote is priced by, however new they are
		t.batch(sale).became([]object{sale}, "recorded").differs(0, "price").eq("results.0.receipt.total", 71_000_0000).eq("results.0.by_rules", t.quote(of).num("total"))
	}},
	{"late.points", "points cannot pay without the line", func(t *trial) {
		sale := t.late(basket(t.customer(), shopping...), t.clock()).with("redeem", "1")
		t.do(batch(sale)).problem(http.StatusUnprocessableEntity, "invalid_request", "/receipts/0/redeem")
	}},
	{"late.customer", "whoever the till did not know is found by what they showed; where it leads to nobody the sale is recorded all the same", func(t *trial) {
		now := t.clock()
		who, phoned := t.person()
		list := []object{t.late(basket("", shopping...), now.Add(-time.Hour)).with("identifier", phoned), t.late(basket("", shopping...), now.Add(-time.Hour)).with("identifier", t.name("x"))}
		a := t.batch(list...).became(list, "recorded").has("results.0.receipt.customer", who).differs(1, "customer_unknown")
		if a.at("results.1.receipt.customer") != nil {
			t.fail(a, "the second has a customer")
		}
	}},
	{"late.thousand", "a thousand receipts at once are recorded, each once, in their order; one more is refused", func(t *trial) {
		now := t.clock()
		who := []string{t.customer(), t.customer(), t.customer(), ""}
		total := t.money(t.quote(basket(who[0], goods("tea", "1", "40000"))).num("total"))
		list := make([]object, 1000)
		for i := range list {
			list[i] = basket(who[i%len(who)], goods("tea", "1", "40000")).with("number", t.name("l"), "sold_at", now.Add(time.Duration(i-3000)*time.Second).Format(time.RFC3339), "total", total)
		}
		first := t.batch(list...).became(list, "recorded")
		again := t.batch(list...).became(list, "replayed")
		for i := range list {
			at := fmt.Sprintf("results.%d.receipt.id", i)
			again.has(at, first.at(at))
		}
		t.do(batch(append(list, list[0])...)).problem(http.StatusUnprocessableEntity, "too_many", "/receipts")
	}},
}
