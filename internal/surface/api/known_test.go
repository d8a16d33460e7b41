package api_test

import (
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
)

// A till that sends somebody's phone with a card of its own, or the other way
// round, is told whose it is and what was not taken, and the card leads nowhere.
func TestRegistrationHangsNothingOntoAnother(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		anna := s.post("/v1/customers", `{"phone":"+998901234567","card":"29000001","first_name":"Anna","last_name":"Karimova"}`).is(http.StatusCreated).words("customer.id")
		for _, body := range []string{
			`{"phone":"+998901234567","card":"THIEF1","email":"thief@example.com"}`,
			`{"phone":"+998901234567","external_id":"THIEF1","email":"thief@example.com","first_name":"Anna"}`,
			`{"card":"29000001","external_id":"THIEF1","email":"thief@example.com","first_name":"Wholly","last_name":"Different","born":"1970-01-01"}`,
			`{"phone":"+998901234567","email":"thief@example.com","born":"1970-01-01","consents":[{"channel":"any","purpose":"marketing","given":true,"wording":"v1"}]}`,
		} {
			a := s.post("/v1/customers", body).is(http.StatusOK).has("created", false, "customer.id", anna)
			if list, ok := a.at("not_taken").([]any); !ok || len(list) == 0 {
				t.Errorf("%s: nothing says what was not taken: %s", body, a.text)
			}
		}
		for _, body := range []string{`{"card":"THIEF1"}`, `{"external_id":"THIEF1"}`, `{"email":"thief@example.com"}`} {
			if a := s.post("/v1/customers/find", body).is(http.StatusOK); len(a.at("customers").([]any)) != 0 {
				t.Errorf("%s leads to %s", body, a.text)
			}
		}
		var consents int
		check(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM consents`).Scan(&consents))
		if consents != 0 {
			t.Errorf("%d consents of somebody who was not there", consents)
		}
		// The person adds an e-mail, and the log tells at which till.
		key := []string{"Idempotency-Key", "mail"}
		for range 2 {
			s.do(call{method: http.MethodPost, path: "/v1/customers", headers: key,
				body: `{"phone":"+998901234567","card":"29000002","email":"anna@example.com","first_name":"anna","last_name":"KARIMOVA"}`}).
				is(http.StatusOK).has("created", false, "not_taken.0", "card")
		}
		lines, _, err := s.Staff.Audit(t.Context(), staff.Filter{Action: "customer.completed"}, "", 10)
		check(t, err)
		if len(lines) != 1 {
			t.Errorf("the log says %+v", lines)
		}
	})
}

// A consent that is given names what it was given to; the welcome bonus says
// why there is none.
func TestRegistrationSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.post("/v1/customers", `{"phone":"+998901234567","consents":[{"channel":"sms","purpose":"marketing","given":true}]}`).
			problem(http.StatusUnprocessableEntity, "invalid_request", "/consents/0/wording")
		s.post("/v1/customers", `{"card":"29000001"}`).is(http.StatusCreated).has("no_bonus", "no_contact", "customer.available", "0.00")
		s.post("/v1/customers", `{"phone":"+998901234567","first_name":"Anna"}`).is(http.StatusCreated).has("customer.available", "10000.00")
		s.post("/v1/customers", `{"phone":"+998901234567","card":"29000002","first_name":"Olga"}`).is(http.StatusCreated).
			has("no_bonus", "identifier_taken", "customer.available", "0.00")
	})
}
