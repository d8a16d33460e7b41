package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
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
