package conform

import (
	"cmp"
	"fmt"
	"net/http"
)

var saleChecks = []check{
	{"sale.quote", "a quote's lines add up to its totals, and nothing is recorded", func(t *trial) {
		who := t.customer()
		a := t.quote(basket(who, shopping...))
		adds(a, []string{"gross", "discount", "paid_points", "total", "earned", "redeemed"})
		if got := a.num("gross") - a.num("discount") - a.num("paid_points"); got != a.num("total") {
			t.fail(a, "gross less discount and points is %s", got)
		}
		if n := len(t.get("/v1/customers/" + who + "/receipts").is(http.StatusOK).list("receipts")); n != 0 {
			t.fail(a, "the customer has %d receipts after a quote", n)
		}
	}},
	{"sale.commit", "a sale is recorded as it was quoted, and can be read", func(t *trial) {
		who := t.customer()
		of := basket(who, shopping...)
		q := t.quote(of)
		rec := t.record(of.with("number", t.name("s"), "quote", q.str("id")))
		for _, field := range []string{"gross", "discount", "paid_points", "total", "redeemed", "earned"} {
			rec.eq(field, q.num(field))
		}
		adds(rec, []string{"gross", "discount", "paid_points", "total", "earned", "redeemed"})
		rec.has("kind", "sale").has("customer", who)
		t.get("/v1/receipts/"+rec.str("id")).is(http.StatusOK).eq("total", rec.num("total")).has("number", rec.str("number"))
	}},
	{"sale.total", "a total that is not what the rules say is refused with a quote, and nothing is recorded; the right one is taken", func(t *trial) {
		of, number := basket(t.customer(), shopping...), t.name("s")
		total := t.quote(of).num("total")
		wrong := t.post("/v1/receipts", of.with("number", number, "total", t.money(total+1_0000))).problem(http.StatusConflict, "quote_changed").eq("quote.total", total)
		if ids := t.found(number); len(ids) != 0 {
			t.fail(wrong, "it was refused and is recorded as %v", ids)
		}
		t.record(of.with("number", number, "total", t.money(total))).eq("total", total)
	}},
	{"sale.anonymous", "a sale without a customer is recorded and moves no points", func(t *trial) {
		t.sell(basket("", shopping...)).eq("earned", 0).eq("redeemed", 0)
	}},
	{"sale.needs_quote", "a sale without a quote and without a total is refused", func(t *trial) {
		t.post("/v1/receipts", basket("", shopping...).with("number", t.name("s"))).problem(http.StatusUnprocessableEntity, "quote_missing")
	}},
	{"sale.foreign_quote", "a quote that was never given is refused", func(t *trial) {
		t.post("/v1/receipts", basket("", shopping...).with("number", t.name("s"), "quote", "q1_x")).problem(http.StatusUnprocessableEntity, "quote_invalid")
	}},
}

// adds fails the check unless the lines add up to the totals.
func adds(a answer, fields []string) {
	for _, field := range fields {
		var sum dec
		for i := range a.list("lines") {
			sum += a.num(fmt.Sprintf("lines.%d.%s", i, field))
		}
		if sum != a.num(field) {
			a.trial.fail(a, "the %s of the lines comes to %s", field, sum)
		}
	}
}

var retryChecks = []check{
	{"retry.same", "the same sale again is answered the same again and recorded once", func(t *trial) {
		sale := t.sale(basket(t.customer(), shopping...))
		first := t.record(sale)
		if first.replayed() && !first.again {
			t.fail(first, "the first time is said to be a replay")
		}
		for range 3 {
			again := t.record(sale).same(first, "the same call is answered otherwise")
			if !again.replayed() {
				t.fail(again, "Idempotent-Replayed is not true")
			}
		}
		t.recordedOnce(first, first.str("number"))
	}},
	{"retry.number_reused", "other content under a number that was used is refused with 422 and told what is there", func(t *trial) {
		sale := t.sale(basket(t.customer(), shopping...))
		first := t.record(sale)
		other := t.sale(basket("", goods("tea", "1", "40000"))).with("number", sale["number"])
		t.post("/v1/receipts", other).problem(http.StatusUnprocessableEntity, "receipt_number_reused").has("receipt", first.str("id"))
		t.recordedOnce(first, first.str("number"))
	}},
	{"retry.key_same", "the same sale again under the same Idempotency-Key is answered the same again", func(t *trial) {
		sale, key := t.sale(basket(t.customer(), shopping...)), t.name("k")
		first := t.record(sale, "Idempotency-Key", `"`+key+`"`)
		again := t.record(sale, "Idempotency-Key", key).same(first, "the same key without quotes is answered otherwise")
		if !again.replayed() {
			t.fail(again, "Idempotent-Replayed is not true")
		}
	}},
	{"retry.key_reused", "an Idempotency-Key that comes with another sale is refused with 422", func(t *trial) {
		key := t.name("k")
		t.record(t.sale(basket(t.customer(), shopping...)), "Idempotency-Key", key)
		other := t.sale(basket(t.customer(), shopping...))
		refused := t.post("/v1/receipts", other, "Idempotency-Key", key).problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
		if ids := t.found(other["number"].(string)); len(ids) != 0 {
			t.fail(refused, "it was refused and is recorded as %v", ids)
		}
	}},
	{"retry.key_bad", "an Idempotency-Key that is none is refused", func(t *trial) {
		sale := t.sale(basket("", shopping...))
		for _, key := range []string{`"`, `"a`, `""`, "kéy"} {
			t.post("/v1/receipts", sale, "Idempotency-Key", key).problem(http.StatusUnprocessableEntity, "idempotency_key")
		}
	}},
	{"retry.at_once", "sixteen copies of a sale at once are recorded once and all answered the same", func(t *trial) {
		sale := t.sale(basket(t.customer(), shopping...))
		list := make([]call, 16)
		for i := range list {
			list[i] = call{method: http.MethodPost, path: "/v1/receipts", body: sale}
		}
		answers, fresh := t.together(list), 0
		for _, a := range answers {
			a.is(http.StatusCreated).same(answers[0], "copies are answered differently")
			if !a.replayed() {
				fresh++
			}
		}
		if fresh != 1 && !anyAgain(answers) {
			t.fail(answers[0], "%d of 16 copies are said to be recorded by this call; it must be one", fresh)
		}
		t.recordedOnce(answers[0], answers[0].str("number"))
	}},
	{"retry.different_at_once", "two sales at once under one number: one is recorded, the other refused", func(t *trial) {
		one := t.sale(basket(t.customer(), shopping...))
		two := t.sale(basket(t.customer(), goods("tea", "1", "40000"))).with("number", one["number"])
		answers := t.together([]call{{method: http.MethodPost, path: "/v1/receipts", body: one}, {method: http.MethodPost, path: "/v1/receipts", body: two}})
		won, lost := answers[0], answers[1]
		if won.status != http.StatusCreated {
			won, lost = lost, won
		}
		won.is(http.StatusCreated)
		lost.problem(http.StatusUnprocessableEntity, "receipt_number_reused")
		t.recordedOnce(won, one["number"].(string))
	}},
	{"retry.request_cut", "a request that was cut off is not recorded; sent again, it is", func(t *trial) {
		for _, at := range []cut{{"in its head", 0.1, 0}, {"in its body", 0.9, 0}} {
			sale := t.sale(basket(t.customer(), shopping...))
			c := call{method: http.MethodPost, path: "/v1/receipts", body: sale}
			t.cutOff(c, at)
			if a := t.record(sale); a.replayed() && !a.again {
				t.fail(a, "a request that was cut %s was recorded", at.what)
			}
		}
	}},
	{"retry.answer_cut", "a sale whose answer was lost is recorded once, whenever the line broke", func(t *trial) {
		for _, at := range []cut{{"before the answer", 1, 0}, {"in the head of the answer", 1, 20}, {"in the body of the answer", 1, 700}} {
			sale := t.sale(basket(t.customer(), shopping...))
			t.cutOff(call{method: http.MethodPost, path: "/v1/receipts", body: sale}, at)
			first := t.record(sale)
			if at.read > 0 && !first.replayed() {
				t.fail(first, "it was answered before the line broke %s, and is recorded only when it comes again", at.what)
			}
			again := t.record(sale).same(first, "the same call is answered otherwise")
			if !again.replayed() {
				t.fail(again, "Idempotent-Replayed is not true")
			}
			t.recordedOnce(again, again.str("number"))
		}
	}},
}

var crashChecks = []check{
	{"crash.after_quote", "a till that crashes after the quote leaves no trace, and sells after it has started", func(t *trial) {
		who := t.customer()
		before := t.balance(who)
		of := basket(who, shopping...)
		first := t.quote(of)
		if after := t.balance(who); after.whole() != before.whole() {
			t.fail(after, "the quote moved points: there were %s", before.whole())
		}
		t.sell(of).eq("total", first.num("total"))
	}},
	{"crash.after_commit", "a till that crashes before it reads the answer finds the receipt by its number", func(t *trial) {
		sale := t.sale(basket(t.customer(), shopping...))
		t.cutOff(call{method: http.MethodPost, path: "/v1/receipts", body: sale}, cut{"after one byte", 1, 1})
		number := sale["number"].(string)
		a := t.get("/v1/receipts?number=" + number).is(http.StatusOK)
		if len(a.list("receipts")) != 1 {
			t.fail(a, "one receipt has the number; %d are found", len(a.list("receipts")))
		}
		t.record(sale).has("id", a.str("receipts.0.id"))
	}},
	{"crash.balance_changed", "points that were spent between quote and commit: 409 with the quote that holds now, which can be recorded", func(t *trial) {
		who, available := t.rich()
		paid, points := t.spendable(who)
		if 2*points <= available {
			t.skip("needs a programme by which most of a balance can pay for one receipt: %s of %s can", points, available)
		}
		late := t.sale(paid)
		t.sell(paid)
		refused := t.post("/v1/receipts", late).problem(http.StatusConflict, "quote_changed")
		if ids := t.found(late["number"].(string)); len(ids) != 0 {
			t.fail(refused, "it was refused and is recorded as %v", ids)
		}
		now := late.with("quote", refused.str("quote.id"), "redeem", refused.num("quote.redeemed").String())
		t.record(now).eq("total", refused.num("quote.total")).eq("redeemed", refused.num("quote.redeemed"))
	}},
	{"crash.two_tills_spend", "two receipts that spend one balance at once: one is recorded, the other refused", func(t *trial) {
		t.needSecond()
		who, available := t.rich()
		paid, points := t.spendable(who)
		if 2*points <= available {
			t.skip("needs a programme by which most of a balance can pay for one receipt: %s of %s can", points, available)
		}
		t.race(t.pay(paid, t.key), t.pay(paid, t.other()))
	}},
}

// pay is the call that records a basket as the rules price it.
func (t *trial) pay(basket object, key string) call {
	q := t.do(call{method: http.MethodPost, path: "/v1/quotes", body: basket, key: key}).is(http.StatusOK)
	return call{method: http.MethodPost, path: "/v1/receipts", key: key, body: basket.with("number", t.name("s"), "quote", q.str("id"))}
}

// other is the key of the second till, or that of the first where there is none.
func (t *trial) other() string { return cmp.Or(t.secondKey, t.key) }

// race makes calls of which exactly one can succeed, and gives its answer.
func (t *trial) race(list ...call) (first answer) {
	won := 0
	answers := t.together(list)
	for _, a := range answers {
		if a.err == nil && a.status == http.StatusCreated {
			won++
			first = a
			continue
		}
		a.is(http.StatusConflict)
	}
	if won != 1 {
		t.fail(answers[0], "%d of %d succeed; it must be one", won, len(list))
	}
	return first
}
