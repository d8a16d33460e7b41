package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/programme"
)

// Points above the sum are redeemed with the code that the customer was sent, and with
// nothing else; who asks learns nothing more.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) { r.Redeem.ConfirmFrom = 1_000_00 }})
		who := s.register("+998901234567")
		sale := func(number, confirmation string) answer {
			return s.post("/v1/receipts", fmt.Sprintf(`{"number": %q, "customer": %q, "redeem": "1000", "total": "11000",
				"lines": [{"sku": "milk-1", "quantity": "1", "price": "12000"}]%s}`, number, who, confirmation))
		}
		sale("1", "").problem(http.StatusConflict, "confirmation_needed")
		ask := fmt.Sprintf(`{"customer": %q, "points": "1000"}`, who)
		given := s.post("/v1/confirmations", ask).is(http.StatusCreated)
		code, all := s.Sent.Last()
		if all != 1 {
			t.Fatalf("%d codes were sent", all)
		}
		said := fmt.Sprintf(`, "confirmation": {"id": %q, "code": %q}`, given.words("id"), code)
		for _, bad := range []string{
			`, "confirmation": {"id": "nonsense", "code": "123456"}`,
			fmt.Sprintf(`, "confirmation": {"id": %q, "code": "12345"}`, given.words("id")),
		} {
			sale("1", bad).problem(http.StatusConflict, "confirmation_wrong", "/confirmation")
		}
		sale("1", said).is(http.StatusCreated)
		if again := sale("1", said).is(http.StatusCreated); again.header.Get("Idempotent-Replayed") != "true" {
			t.Error("the repeated sale is not answered as such")
		}
		s.post("/v1/confirmations", `{"customer": "x", "points": "1000"}`).is(http.StatusUnprocessableEntity)
		s.post("/v1/confirmations", fmt.Sprintf(`{"customer": %q, "points": "999"}`, who)).problem(http.StatusConflict, "confirmation_not_needed")
		for range 2 {
			s.post("/v1/confirmations", ask).is(http.StatusCreated)
		}
		s.post("/v1/confirmations", ask).problem(http.StatusTooManyRequests, "confirmation_too_many")
	})
}

// A phone is registered with the code that it was sent, where the till is told to ask; who
// asks for one does not learn whether somebody has the phone.
func TestConfirmationOfAPhone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.register("+998909990011")
		if s.get("/v1/till").is(http.StatusOK).at("registration_code") != nil {
			t.Error("a till is told to ask")
		}
		s.post("/v1/confirmations", `{"phone": "901234567"}`).problem(http.StatusConflict, "confirmation_phone_not_needed")
		s.AskForCodes(t, settings.AlwaysCode)
		s.get("/v1/till").is(http.StatusOK).has("registration_code", "always")
		s.post("/v1/customers", `{"phone": "901234567"}`).problem(http.StatusConflict, "confirmation_phone_needed")
		s.post("/v1/confirmations", `{"phone": "12"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/phone")
		s.post("/v1/confirmations", `{}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/customer")
		s.post("/v1/confirmations", `{"phone": "901234567", "points": "5"}`).problem(http.StatusUnprocessableEntity, "confirmation_for_one", "/phone")
		known := s.post("/v1/confirmations", `{"phone": "+998909990011"}`).is(http.StatusCreated)
		given := s.post("/v1/confirmations", `{"phone": "90 123 45 67"}`).is(http.StatusCreated)
		if len(known.text) != len(given.text) || given.at("points") != nil {
			t.Errorf("told apart: %s, %s", known.text, given.text)
		}
		code, _ := s.Sent.Last()
		register := func(id, code string) answer {
			return s.do(call{method: http.MethodPost, path: "/v1/customers", headers: []string{"Idempotency-Key", "k"},
				body: fmt.Sprintf(`{"phone": "901234567", "first_name": "Aziza", "confirmation": {"id": %q, "code": %q}}`, id, code)})
		}
		for _, bad := range []answer{register("nonsense", code), register(given.words("id"), "12345"), register(known.words("id"), code)} {
			bad.problem(http.StatusConflict, "confirmation_wrong", "/confirmation")
		}
		made := register(given.words("id"), code).is(http.StatusCreated).has("customer.available", "10000.00")
		if again := register(given.words("id"), "").is(http.StatusCreated).has("customer.id", made.words("customer.id")); again.header.Get("Idempotent-Replayed") != "true" {
			t.Error("the repeated registration is not answered as such")
		}
		s.AskForCodes(t, settings.AskCode)
		s.post("/v1/customers", `{"phone": "901234568"}`).is(http.StatusCreated).has("no_bonus", "unconfirmed")
	})
}
