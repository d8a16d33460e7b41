package conform

import (
	"net/http"
	"strings"
)

// cardChecks are of cards, where the programme announces that points need one.
var cardChecks = []check{
	{"card.shown", "points that need the customer's card are not taken without it, nor with another; with it they are, and what was held with it needs it no more", func(t *trial) {
		if with, _ := t.get("/v1/till").is(http.StatusOK).at("programme.redeem_with_card").(bool); !with {
			t.skip("needs a programme that announces redeem_with_card")
		}
		who, card := t.carded()
		_, other := t.carded()
		for _, shown := range []string{"", other} {
			if q := t.quote(dear(who).with("card", shown)).eq("max_redeem", 0); q.str("limit") != "card" {
				t.fail(q, "the limit is not the card")
			}
		}
		points := t.quote(dear(who).with("card", card)).num("max_redeem")
		if points == 0 {
			t.skip("needs a programme with a welcome bonus that can be spent at once")
		}
		paid := dear(who).with("redeem", points.String())
		sale := t.sale(paid.with("card", card))
		hold := t.hold(who, points)
		refused := func(shown, code string, at ...string) {
			t.post("/v1/receipts", sale.with("card", shown)).problem(http.StatusConflict, code, at...)
			t.post("/v1/holds", hold.with("card", shown)).problem(http.StatusConflict, code, at...)
		}
		refused("", "card_needed")
		refused(other, "card_wrong", "/card")
		if ids := t.found(sale["number"].(string)); len(ids) != 0 {
			t.fail(t.balance(who), "it was refused and is recorded as %v", ids)
		}
		h := t.post("/v1/holds", hold.with("card", card)).is(http.StatusCreated)
		t.record(t.sale(paid.with("hold", h.str("id")))).eq("redeemed", points)
	}},
}

// carded registers somebody with a card.
func (t *trial) carded() (who, card string) {
	card = "7" + strings.Repeat("0", 3) + digits(12)
	a := t.post("/v1/customers", object{"phone": phone(), "card": card, "first_name": "Conformance"})
	if a.status == http.StatusOK {
		t.skip("the phone that was tried is known already")
	}
	t.needNoCode(a)
	who = a.is(http.StatusCreated).str("customer.id")
	t.mu.Lock()
	t.people = append(t.people, who)
	t.mu.Unlock()
	return who, card
}
