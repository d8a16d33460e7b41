package conform

import (
	"net/http"
	"slices"
	"strings"
)

var customerChecks = []check{
	{"customer.register", "who registers twice is found and not made twice", func(t *trial) {
		who, phoned := t.person()
		t.post("/v1/customers", object{"phone": phoned, "first_name": "Conformance"}).is(http.StatusOK).has("customer.id", who).has("created", false)
	}},
	{"customer.key", "a registration whose answer was lost is answered as the first time under its Idempotency-Key, and another one under it refused", func(t *trial) {
		body, key := object{"phone": phone(), "card": "7" + strings.Repeat("0", 3) + digits(12), "first_name": "Conformance"}, t.name("k")
		t.cutOff(call{method: http.MethodPost, path: "/v1/customers", body: body, headers: []string{"Idempotency-Key", key}}, cut{"before the answer", 1, 1})
		first := t.post("/v1/customers", body, "Idempotency-Key", key)
		if first.status == http.StatusOK {
			t.skip("the phone that was tried is known already")
		}
		first.is(http.StatusCreated)
		again := t.post("/v1/customers", body, "Idempotency-Key", key).is(http.StatusCreated).has("customer.id", first.str("customer.id"))
		if !again.replayed() {
			t.fail(again, "Idempotent-Replayed is not true")
		}
		t.post("/v1/customers", body.with("phone", phone()), "Idempotency-Key", key).problem(http.StatusUnprocessableEntity, "registration_key_reused")
	}},
	{"customer.at_once", "eight registrations of one phone at once make one customer", func(t *trial) {
		body := object{"phone": phone(), "first_name": "Conformance"}
		list := make([]call, 8)
		for i := range list {
			list[i] = call{method: http.MethodPost, path: "/v1/customers", body: body}
		}
		made, answers := 0, t.together(list)
		for _, a := range answers {
			if a.status == http.StatusCreated {
				made++
			} else {
				a.is(http.StatusOK)
			}
			a.has("customer.id", answers[0].at("customer.id"))
		}
		if made > 1 {
			t.fail(answers[0], "%d of 8 are said to have made the customer", made)
		}
	}},
	{"customer.find", "a customer is found by their phone however it is spelled", func(t *trial) {
		who, phoned := t.person()
		local := phoned[4:]
		for _, body := range []object{
			{"phone": phoned}, {"phone": phoned[1:]}, {"identifier": phoned}, {"phone": "+998 " + local[:2] + " " + local[2:5] + "-" + local[5:7] + "-" + local[7:]},
		} {
			a := t.post("/v1/customers/find", body).is(http.StatusOK)
			if len(a.list("customers")) != 1 || a.str("customers.0.id") != who {
				t.fail(a, "it does not find %s alone", who)
			}
		}
	}},
	{"customer.digits", "four last digits find customers of the store, and say that it is not sure", func(t *trial) {
		who, phoned := t.person()
		a := t.post("/v1/customers/find", object{"last_digits": phoned[len(phoned)-4:]}).is(http.StatusOK)
		if !slices.ContainsFunc(a.list("customers"), func(v any) bool {
			m, _ := v.(map[string]any)
			return m["id"] == who && m["unsure"] == true
		}) {
			t.fail(a, "%s is not among them, or not unsure", who)
		}
		t.post("/v1/customers/find", object{"last_digits": phoned[len(phoned)-3:]}).problem(http.StatusUnprocessableEntity, "last_digits")
	}},
	{"customer.nobody", "nobody is an empty list, and two ways at once are refused", func(t *trial) {
		a := t.post("/v1/customers/find", object{"identifier": t.name("x")}).is(http.StatusOK)
		if len(a.list("customers")) != 0 {
			t.fail(a, "somebody is found")
		}
		t.post("/v1/customers/find", object{"phone": phone(), "card": "1"}).problem(http.StatusUnprocessableEntity, "find_by_one")
	}},
	{"customer.masked", "a till learns no whole phone and no surname", func(t *trial) {
		phoned := phone()
		made := t.post("/v1/customers", object{"phone": phoned, "first_name": "Conformance", "last_name": "Surnamed"})
		found := t.post("/v1/customers/find", object{"phone": phoned}).is(http.StatusOK)
		for _, a := range []answer{made, found, t.get("/v1/customers/" + found.str("customers.0.id"))} {
			if strings.Contains(a.text, phoned[4:]) || strings.Contains(a.text, "Surnamed") {
				t.fail(a, "it shows the phone or the surname")
			}
		}
	}},
	{"customer.guessed", "nobody is read by trying ids", func(t *trial) {
		for _, id := range []string{"1", "0", "x", t.customer() + "1"} {
			t.get("/v1/customers/"+id).problem(http.StatusNotFound, "customer_not_found")
		}
	}},
}

// digits are so many that nobody chose.
func digits(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(phone()[6:])
	}
	return b.String()[:n]
}
