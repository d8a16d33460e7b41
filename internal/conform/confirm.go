package conform

import "net/http"

// confirmChecks are of codes that customers say, where the programme announces that
// points need one. The code itself goes to the customer, and not to the kit.
var confirmChecks = []check{
	{"confirm.code", "points that need a code of the customer are not taken without one, nor with a wrong one", func(t *trial) {
		from := t.get("/v1/till").is(http.StatusOK)
		if from.str("programme.redeem_confirm_from") == "" {
			t.skip("needs a programme that announces redeem_confirm_from")
		}
		who, _ := t.rich()
		of, points := t.spendable(who)
		if points < from.num("programme.redeem_confirm_from") {
			t.skip("needs customers who can redeem so many points that a code is needed")
		}
		if needed, _ := t.quote(of).at("confirmation_needed").(bool); !needed {
			t.fail(t.quote(of), "the quote does not say that a code is needed")
		}
		sale := t.sale(of)
		t.post("/v1/receipts", sale).problem(http.StatusConflict, "confirmation_needed")
		t.post("/v1/holds", t.hold(who, points)).problem(http.StatusConflict, "confirmation_needed")
		asked := t.post("/v1/confirmations", object{"customer": who, "points": points.String()}).is(http.StatusCreated)
		for range 6 { // one of a million is right, and five may be tried
			wrong := t.post("/v1/receipts", sale.with("confirmation", object{"id": asked.str("id"), "code": "12345"})).problem(http.StatusConflict, "confirmation_wrong", "/confirmation")
			if ids := t.found(sale["number"].(string)); len(ids) != 0 {
				t.fail(wrong, "it was refused and is recorded as %v", ids)
			}
		}
	}},
}
