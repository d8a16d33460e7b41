package conform

import (
	"net/http"
	"time"
)

var returnChecks = []check{
	{"return.preview", "a preview says what the return then does, and records nothing", func(t *trial) {
		rec := t.sell(basket(t.customer(), shopping...))
		part := object{"original": rec.str("id"), "lines": []object{{"position": 1, "quantity": "2"}}}
		preview := t.post("/v1/returns/preview", part).is(http.StatusOK)
		t.get("/v1/receipts/"+rec.str("id")).is(http.StatusOK).eq("lines.0.returned", 0)
		back := t.post("/v1/returns", part.with("number", t.name("r"))).is(http.StatusCreated)
		for _, field := range []string{"total", "redeemed", "earned", "withheld"} {
			back.eq(field, preview.num(field))
		}
		t.get("/v1/receipts/"+rec.str("id")).is(http.StatusOK).eq("lines.0.returned", 2_0000)
	}},
	{"return.any_order", "parts in any order end where one full return would: the same money, the same points", func(t *trial) {
		parts := []object{{"position": 3, "quantity": "0.5"}, {"position": 1, "quantity": "1"}, {"position": 2, "quantity": "2"}, {"position": 1, "quantity": "2"}, {"position": 3, "quantity": "0.875"}}
		orders := [][]int{{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 1, 0, 3}, nil}
		for _, order := range orders {
			who := t.customer()
			before := t.balance(who)
			of := basket(who, shopping...)
			if most := t.quote(of).num("max_redeem"); most > 0 {
				of = of.with("redeem", most.String())
			}
			rec := t.sell(of)
			total, redeemed, earned := dec(0), dec(0), dec(0)
			give := func(lines any) {
				body := object{"original": rec.str("id"), "number": t.name("r")}
				if lines != nil {
					body["lines"] = lines
				}
				a := t.post("/v1/returns", body).is(http.StatusCreated)
				total, redeemed, earned = total+a.num("total"), redeemed+a.num("redeemed"), earned+a.num("earned")
			}
			for _, i := range order {
				give([]object{parts[i]})
			}
			if order == nil {
				give(nil)
			}
			if total != rec.num("total") || redeemed != rec.num("redeemed") || earned != rec.num("earned") {
				t.fail(rec, "in the order %v came back %s, %s points redeemed and %s earned", order, total, redeemed, earned)
			}
			if after := t.balance(who); after.whole() != before.whole() {
				t.fail(after, "in the order %v the customer ends with %s points, not %s", order, after.whole(), before.whole())
			}
		}
	}},
	{"return.retry", "the same return again is answered the same again and gives back once", func(t *trial) {
		rec := t.sell(basket(t.customer(), shopping...))
		body := object{"original": rec.str("id"), "number": t.name("r"), "lines": []object{{"position": 1, "quantity": "1"}}}
		c := call{method: http.MethodPost, path: "/v1/returns", body: body}
		t.cutOff(c, cut{"before the answer", 1, 0})
		first := t.post("/v1/returns", body).is(http.StatusCreated)
		again := t.post("/v1/returns", body).is(http.StatusCreated).same(first, "the same call is answered otherwise")
		if !again.replayed() {
			t.fail(again, "Idempotent-Replayed is not true")
		}
		t.get("/v1/receipts/"+rec.str("id")).is(http.StatusOK).eq("lines.0.returned", 1_0000)
	}},
	{"return.too_much", "more than was sold is refused; after everything came back, so is anything", func(t *trial) {
		rec := t.sell(basket(t.customer(), shopping...))
		of := func(quantity string) object {
			return object{"original": rec.str("id"), "number": t.name("r"), "lines": []object{{"position": 1, "quantity": quantity}}}
		}
		t.post("/v1/returns", of("3.001")).problem(http.StatusConflict, "too_many_returned")
		t.post("/v1/returns", of("2")).is(http.StatusCreated)
		t.post("/v1/returns", of("2")).problem(http.StatusConflict, "too_many_returned")
		t.post("/v1/returns", object{"original": rec.str("id"), "number": t.name("r")}).is(http.StatusCreated)
		t.post("/v1/returns", object{"original": rec.str("id"), "number": t.name("r")}).problem(http.StatusConflict, "nothing_left")
	}},
	{"return.at_once", "two returns of the same goods at once: one gives back, the other is refused", func(t *trial) {
		rec := t.sell(basket(t.customer(), shopping...))
		back := func() call {
			return call{method: http.MethodPost, path: "/v1/returns", body: object{"original": rec.str("id"), "number": t.name("r")}}
		}
		t.race(back(), back())
	}},
	{"return.unknown", "a return of a sale that was never recorded is refused", func(t *trial) {
		t.post("/v1/returns", object{"original": "1", "number": t.name("r")}).problem(http.StatusUnprocessableEntity, "invalid_request", "/original")
	}},
	{"return.of_return", "a return cannot be returned", func(t *trial) {
		rec := t.sell(basket("", shopping...))
		back := t.post("/v1/returns", object{"original": rec.str("id"), "number": t.name("r")}).is(http.StatusCreated)
		t.post("/v1/returns", object{"original": back.str("id"), "number": t.name("r")}).problem(http.StatusUnprocessableEntity, "not_a_sale")
	}},
}

// hold keeps points.
func (t *trial) hold(who string, points dec) object {
	return object{"number": t.name("h"), "customer": who, "points": points.String(), "minutes": 1}
}

func (t *trial) cancel(id string) answer { return t.post("/v1/holds/"+id+"/cancel", nil) }

var pointChecks = []check{
	{"hold.cancel", "held points cannot be spent, and can again once the hold is cancelled; cancelling twice is answered the same", func(t *trial) {
		who, available := t.rich()
		h := t.post("/v1/holds", t.hold(who, available)).is(http.StatusCreated).has("state", "open").eq("points", available)
		t.balance(who).eq("available", 0)
		first := t.cancel(h.str("id")).is(http.StatusOK).has("state", "cancelled")
		t.balance(who).eq("available", available)
		t.cancel(h.str("id")).is(http.StatusOK).same(first, "cancelled again it is answered otherwise")
	}},
	{"hold.retry", "the same hold again is answered as it is; other content under its number is refused", func(t *trial) {
		who, available := t.rich()
		body := t.hold(who, available)
		t.cutOff(call{method: http.MethodPost, path: "/v1/holds", body: body}, cut{"before the answer", 1, 0})
		first := t.post("/v1/holds", body).is(http.StatusCreated)
		again := t.post("/v1/holds", body).is(http.StatusCreated).same(first, "the same call is answered otherwise")
		if !again.replayed() {
			t.fail(again, "Idempotent-Replayed is not true")
		}
		t.post("/v1/holds", body.with("minutes", 2)).problem(http.StatusUnprocessableEntity, "hold_number_reused")
		t.balance(who).eq("available", 0)
		t.cancel(first.str("id")).is(http.StatusOK)
	}},
	{"hold.too_much", "more than there is cannot be held", func(t *trial) {
		who, available := t.rich()
		t.post("/v1/holds", t.hold(who, available+1_0000)).problem(http.StatusConflict, "points_too_few", "/points")
		t.balance(who).eq("available", available)
	}},
	{"hold.confirm", "a sale that names its hold spends what was held; the hold is over then", func(t *trial) {
		who, _ := t.rich()
		paid, points := t.spendable(who)
		h := t.post("/v1/holds", t.hold(who, points)).is(http.StatusCreated)
		sale := t.sale(paid.with("hold", h.str("id")))
		first := t.record(sale).eq("redeemed", points)
		t.record(sale).same(first, "confirmed again it is answered otherwise")
		t.cancel(h.str("id")).problem(http.StatusConflict, "hold_ended")
	}},
	{"hold.others", "what is held for one receipt cannot be spent by another", func(t *trial) {
		who, available := t.rich()
		paid, points := t.spendable(who)
		c := t.pay(paid, t.other())
		h := t.post("/v1/holds", t.hold(who, available)).is(http.StatusCreated)
		t.do(c).problem(http.StatusConflict, "quote_changed").eq("quote.redeemed", 0)
		t.cancel(h.str("id")).is(http.StatusOK)
		t.do(c).is(http.StatusCreated).eq("redeemed", points)
	}},
	{"hold.race", "two tills that hold one balance at once: one gets it, the other is refused", func(t *trial) {
		t.needSecond()
		who, available := t.rich()
		c := call{method: http.MethodPost, path: "/v1/holds", body: t.hold(who, available)}
		other := c
		other.key, other.body = t.secondKey, t.hold(who, available)
		won := t.race(c, other)
		t.do(call{method: http.MethodPost, path: "/v1/holds/" + won.str("id") + "/cancel", key: won.call.key}).is(http.StatusOK)
		t.balance(who).eq("available", available)
	}},
	{"hold.foreign", "a till cannot cancel another till's hold", func(t *trial) {
		t.needSecond()
		who, available := t.rich()
		h := t.post("/v1/holds", t.hold(who, available)).is(http.StatusCreated)
		t.do(call{method: http.MethodPost, path: "/v1/holds/" + h.str("id") + "/cancel", key: t.secondKey}).problem(http.StatusNotFound, "hold_not_found")
		t.cancel(h.str("id")).is(http.StatusOK).has("state", "cancelled")
	}},
	{"hold.lapse", "a hold whose minute is over keeps nothing, and a sale that names it is priced by what there is", func(t *trial) {
		if !t.slow {
			t.skip("waits for a minute: add --slow")
		}
		who, available := t.rich()
		paid, points := t.spendable(who)
		h := t.post("/v1/holds", t.hold(who, points)).is(http.StatusCreated)
		sale := t.sale(paid.with("hold", h.str("id")))
		t.pause(t.ctx, 62*time.Second)
		t.balance(who).eq("available", available)
		t.record(sale).eq("redeemed", points)
	}},
}
