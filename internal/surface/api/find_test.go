package api_test

import (
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// A customer is found by whatever leads to one, however it is spelled.
func TestCustomersAreFoundByWhateverLeadsToThem(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.post("/v1/customers", `{"phone":"90 123-45-67","card":"4400 1234","email":"Aziza@Example.com","external_id":"crm/17","first_name":"Aziza","last_name":"Rahimova"}`).
			is(http.StatusCreated).has("created", true, "customer.name", "Aziza R.", "customer.available", "10000.00").words("customer.id")
		for _, body := range []string{
			`{"identifier":"+998 (90) 123-45-67"}`, `{"identifier":"901234567"}`, `{"phone":"998901234567"}`, `{"identifier":"4400-1234"}`,
			`{"card":"44001234"}`, `{"identifier":"AZIZA@example.com"}`, `{"email":"aziza@example.com"}`, `{"external_id":"crm/17"}`, `{"identifier":"crm/17"}`,
		} {
			a := s.post("/v1/customers/find", body).is(http.StatusOK).has("customers.0.id", who, "customers.0.level.code", "start",
				"customers.0.available", "10000.00", "customers.0.unsure", nil, "customers.0.identifiers.0.masked", "•••••••••4567")
			if n := len(a.at("customers").([]any)); n != 1 {
				t.Errorf("%s finds %d", body, n)
			}
		}
		for _, body := range []string{`{"phone":"901234568"}`, `{"identifier":"nobody"}`, `{"card":"901234567"}`} {
			if a := s.post("/v1/customers/find", body).is(http.StatusOK); a.text != `{"customers":[]}` {
				t.Errorf("%s finds %s", body, a.text)
			}
		}
		s.get("/v1/customers/"+who).is(http.StatusOK).has("name", "Aziza R.", "identifiers.3.kind", "external")
	})
}

// Four digits find only this store's customers, masked.
func TestLastDigitsFindThisStoresCustomersMasked(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.post("/v1/customers", `{"phone":"+998901234567","first_name":"Aziza","last_name":"Rahimova"}`).is(http.StatusCreated)
		a := s.post("/v1/customers/find", `{"last_digits":"4567"}`).is(http.StatusOK).has("customers.0.name", "Aziza R.", "customers.0.unsure", true,
			"customers.0.identifiers.0.masked", "•••••••••4567", "customers.0.available", nil, "customers.0.level", nil)
		if n := len(a.at("customers").([]any)); n != 1 {
			t.Errorf("found %d", n)
		}
		other := s.anotherStore()
		if a := s.do(call{method: http.MethodPost, path: "/v1/customers/find", key: other, body: `{"last_digits":"4567"}`}).is(http.StatusOK); a.text != `{"customers":[]}` {
			t.Errorf("another store finds %s", a.text)
		}
		// Who has bought there is known there.
		s.do(call{method: http.MethodPost, path: "/v1/receipts", key: other, body: `{"number":"1","total":"64000","customer":"` + a.words("customers.0.id") + `",` + basket + `}`}).
			is(http.StatusCreated)
		s.do(call{method: http.MethodPost, path: "/v1/customers/find", key: other, body: `{"last_digits":"4567"}`}).is(http.StatusOK).
			has("customers.0.name", "Aziza R.")
	})
}

// Registering again finds who is there and gives no second bonus.
func TestRegisteringAgainFindsTheCustomer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		body := `{"phone":"+998901234567","first_name":"Aziza"}`
		who := s.post("/v1/customers", body).is(http.StatusCreated).words("customer.id")
		s.appended()
		s.post("/v1/customers", body).is(http.StatusOK).has("created", false, "customer.id", who, "customer.available", "10000.00")
		if got := s.appended(); got != "" {
			t.Errorf("registering again appended %q", got)
		}
		// What the profile lacks is added, what it says stays.
		s.post("/v1/customers", `{"phone":"+998901234567","card":"77","last_name":"Rahimova"}`).is(http.StatusOK).
			has("customer.id", who, "customer.name", "Aziza R.", "customer.identifiers.1.kind", "card")
		// Somebody else with the same phone gets a profile, and the phone stays.
		s.post("/v1/customers", `{"phone":"+998901234567","card":"78","first_name":"Rustam"}`).is(http.StatusCreated).
			has("created", true, "taken.0.kind", "phone", "taken.0.masked", "•••••••••4567")
		s.post("/v1/customers/find", `{"phone":"+998901234567"}`).is(http.StatusOK).has("customers.0.id", who)
		s.post("/v1/customers", `{"phone":"+998901112233","consents":[{"channel":"sms","purpose":"marketing","given":true,"wording":"v3"}]}`).is(http.StatusCreated)
	})
}
