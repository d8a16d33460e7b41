package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
)

// Where the programme asks for the card, the till is told so, the quote says why no
// points can pay without it, and no sale and no hold takes them; texts say what to do.
func TestCard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) { r.Redeem.WithCard = true }})
		s.get("/v1/till").is(http.StatusOK).has("programme.redeem_with_card", true)
		person := func(phone, card string) string {
			return s.post("/v1/customers", fmt.Sprintf(`{"phone": %q, "card": %q, "first_name": "Aziza"}`, phone, card)).is(http.StatusCreated).words("customer.id")
		}
		who := person("+998901234567", "2900 0001")
		person("+998901234568", "2900 0002")
		basket := func(shown string) string {
			return fmt.Sprintf(`"customer": %q, "card": %q, "lines": [{"sku": "milk-1", "quantity": "1", "price": "12000"}]`, who, shown)
		}
		quote := func(shown, redeem string) answer {
			return s.post("/v1/quotes", `{`+basket(shown)+`, "redeem": `+redeem+`}`)
		}
		sale := func(shown string) answer {
			return s.post("/v1/receipts", `{`+basket(shown)+`, "number": "1", "redeem": "1000", "total": "11000"}`)
		}
		hold := func(shown string) answer {
			return s.post("/v1/holds", fmt.Sprintf(`{"number": "h", "customer": %q, "points": "1000", "card": %q}`, who, shown))
		}
		for shown, code := range map[string]string{"": "card_needed", "29000002": "card_wrong", "1": "card_wrong"} {
			quote(shown, "0").is(http.StatusOK).has("max_redeem", "0.00", "limit", "card")
			var at []string
			if shown != "" {
				at = []string{"/card"}
			}
			for _, a := range []answer{quote(shown, "1"), sale(shown), hold(shown)} {
				a.problem(http.StatusConflict, code, at...)
			}
		}
		quote("29000001", "0").is(http.StatusOK).has("limit", "cap")
		hold("29000001").is(http.StatusCreated)
		sale("2900-0001").is(http.StatusCreated)
		if again := sale("").is(http.StatusCreated); again.header.Get("Idempotent-Replayed") != "true" {
			t.Error("the repeated sale is not answered as such")
		}
		quote(" 1", "0").problem(http.StatusUnprocessableEntity, "invalid_request", "/card")
	})
}
