package conform

import "net/http"

// confirmChecks are of codes that customers say, where the programme announces that
// points need one, or the till that phones do. The code itself goes to the customer, and
// not to the kit.
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
	{"confirm.phone", "a phone that needs a code is not registered with a wrong one, nor without where it always needs one", func(t *trial) {
		from := t.get("/v1/till").is(http.StatusOK)
		if from.str("registration_code") == "" {
			t.skip("needs an installation that announces registration_code")
		}
		phoned := phone()
		someone := object{"phone": phoned, "first_name": "Conformance"}
		if from.str("registration_code") == "always" {
			t.post("/v1/customers", someone).problem(http.StatusConflict, "confirmation_phone_needed")
		}
		asked := t.post("/v1/confirmations", object{"phone": phoned}).is(http.StatusCreated)
		for range 6 { // one of a million is right, and five may be tried
			wrong := someone.with("confirmation", object{"id": asked.str("id"), "code": "12345"})
			t.post("/v1/customers", wrong).problem(http.StatusConflict, "confirmation_wrong", "/confirmation")
		}
		other := someone.with("phone", phone()).with("confirmation", object{"id": asked.str("id"), "code": "123456"})
		t.post("/v1/customers", other).problem(http.StatusConflict, "confirmation_wrong", "/confirmation")
		if found := t.post("/v1/customers/find", object{"phone": phoned}).is(http.StatusOK); len(found.list("customers")) != 0 {
			t.fail(found, "the phone was refused and is registered")
		}
	}},
}
