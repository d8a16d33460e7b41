package api_test

import (
	"fmt"
	"net/http"
	"sync"
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

// A masked phone is not found out by trying what it may be.
func TestNumbersAreNotTriedOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	for i := range 240 {
		s.post("/v1/customers/find", fmt.Sprintf(`{"phone":"90123%04d"}`, i)).is(http.StatusOK)
	}
	last := s.post("/v1/customers/find", `{"phone":"901239999"}`).problem(http.StatusTooManyRequests, "too_many_requests")
	if wait := last.header.Get("Retry-After"); wait != "1" {
		t.Errorf("Retry-After is %q, want 1", wait)
	}
	// Nor by what comes of registering somebody with it.
	s.post("/v1/customers", `{"card":"77000001","phone":"901239999","first_name":"Anna"}`).problem(http.StatusTooManyRequests, "too_many_requests")
	s.get("/v1/till").is(http.StatusOK) // it sells on
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

// A registration that is sent again under its key answers as it first did, at
// whatever process; the key is good for nothing else.
func TestRegistrationIsAnsweredAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		send := func(till int, key, body string) answer {
			return s.do(call{method: http.MethodPost, path: "/v1/customers", till: till, body: body, headers: []string{"Idempotency-Key", key}})
		}
		body := `{"phone":"+998901234567","first_name":"Aziza"}`
		first := send(0, `"k1"`, body).is(http.StatusCreated)
		if to, want := first.header.Get("Location"), "/v1/customers/"+first.words("customer.id"); to != want || first.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("made at %q, want %q", to, want)
		}
		s.get(first.header.Get("Location")).is(http.StatusOK).has("id", first.words("customer.id"))
		s.appended()
		for range 2 {
			again := send(0, "k1", body).is(http.StatusCreated)
			if again.text != first.text || again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("Location") != first.header.Get("Location") {
				t.Errorf("repeated, %v:\n%s\nfirst:\n%s", again.header, again.text, first.text)
			}
		}
		send(0, "k1", `{"phone":"+998901234567","first_name":"Nodira"}`).problem(http.StatusUnprocessableEntity, "registration_key_reused", "Idempotency-Key")
		send(0, `"`, body).problem(http.StatusUnprocessableEntity, "idempotency_key", "Idempotency-Key")
		// Without a key, under another one or at another till the customer is found.
		found := s.post("/v1/customers", body).is(http.StatusOK).has("created", false)
		if found.header.Get("Location") != "" || found.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("found with %v", found.header)
		}
		send(1, "k1", body).is(http.StatusOK).has("created", false)
		if got := s.appended(); got != "" {
			t.Errorf("repeating appended %q", got)
		}
		// So it is with who was found, with what stayed and whose number it was.
		taken := `{"phone":"+998901234567","card":"78","first_name":"Rustam","city":"Buxoro"}`
		one := send(0, "k2", taken).is(http.StatusCreated).has("taken.0.kind", "phone")
		other := `{"card":"78","first_name":"Rustam","city":"Xiva"}`
		two := send(0, "k3", other).is(http.StatusOK).has("not_taken.0", "city")
		for key, was := range map[string]answer{"k2": one, "k3": two} {
			if again := send(0, key, map[string]string{"k2": taken, "k3": other}[key]).is(was.status); again.text != was.text {
				t.Errorf("repeated:\n%s\nfirst:\n%s", again.text, was.text)
			}
		}
	})
}

// Two processes that get one registration at once make one customer and give
// one answer.
func TestOneRegistrationAtTwoProcessesIsMadeOnce(t *testing.T) {
	t.Parallel()
	one, two := twoProcesses(t)
	for round := range 10 {
		body := fmt.Sprintf(`{"phone":"+99890123%04d","first_name":"Aziza"}`, round)
		var answers [2]answer
		var both sync.WaitGroup
		for i, s := range []*site{one, two} {
			both.Go(func() {
				answers[i] = s.do(call{method: http.MethodPost, path: "/v1/customers", body: body, headers: []string{"Idempotency-Key", fmt.Sprint(round)}})
			})
		}
		both.Wait()
		if answers[0].is(http.StatusCreated).text != answers[1].is(http.StatusCreated).text {
			t.Errorf("answered\n%s\nand\n%s", answers[0].text, answers[1].text)
		}
	}
}

// Registering again finds who is there and gives no second bonus.
func TestRegisteringAgainFindsTheCustomer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		body := `{"phone":"+998901234567","first_name":"Aziza","born":"1990-12-31"}`
		who := s.post("/v1/customers", body).is(http.StatusCreated).words("customer.id")
		s.appended()
		s.post("/v1/customers", body).is(http.StatusOK).has("created", false, "customer.id", who, "customer.available", "10000.00")
		if got := s.appended(); got != "" {
			t.Errorf("registering again appended %q", got)
		}
		// What the profile lacks is added where her name and birthday show that it is she.
		s.post("/v1/customers", `{"phone":"+998901234567","card":"77","first_name":"Aziza","last_name":"Rahimova","born":"1990-12-31"}`).is(http.StatusOK).
			has("customer.id", who, "customer.name", "Aziza R.", "customer.identifiers.1.kind", "card")
		// Somebody else with the same phone gets a profile, and the phone stays.
		s.post("/v1/customers", `{"phone":"+998901234567","card":"78","first_name":"Rustam"}`).is(http.StatusCreated).
			has("created", true, "taken.0.kind", "phone", "taken.0.masked", "•••••••••4567")
		s.post("/v1/customers/find", `{"phone":"+998901234567"}`).is(http.StatusOK).has("customers.0.id", who)
		s.post("/v1/customers", `{"phone":"+998901112233","consents":[{"channel":"sms","purpose":"marketing","given":true,"wording":"v3"}]}`).is(http.StatusCreated)
	})
}
