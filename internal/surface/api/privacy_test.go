package api_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/surface/api"
)

// A key reads nobody by trying ids, neither plain ones, which rise with time,
// nor with signatures of others; not even of customers and receipts that its
// own till has just made.
func TestNobodyIsReadByWalkingIDs(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{api: func(c *api.Config) { c.Rate, c.Burst = 1e6, 1e6 }})
		var ids, receipts []string
		for i := range 5 {
			who := s.post("/v1/customers", fmt.Sprintf(`{"phone":"+99890123456%d","first_name":"Aziza","last_name":"Rahimova"}`, i)).is(http.StatusCreated).words("customer.id")
			ids = append(ids, who)
			receipts = append(receipts, s.post("/v1/receipts", fmt.Sprintf(`{"number":"%d","total":"64000","customer":"%s",%s}`, i, who, basket)).is(http.StatusCreated).words("id"))
		}
		s.appended()
		// tried is what somebody who knows one id would try about it.
		tried := func(list []string) (all []string) {
			_, sign, _ := strings.Cut(list[0], ".")
			for _, sealed := range list {
				number, own, _ := strings.Cut(sealed, ".")
				n, err := strconv.ParseInt(number, 10, 64)
				check(t, err)
				all = append(all, number, number+".", number+"."+sign[1:], number+"."+own[:len(own)-1])
				if own != sign {
					all = append(all, number+"."+sign)
				}
				for near := n - 2; near <= n+2; near++ {
					if near != n {
						all = append(all, fmt.Sprint(near), fmt.Sprint(near, ".", own))
					}
				}
			}
			return append(all, ids[0]+"x", receipts[0]+"x")
		}
		knows := func(a answer) {
			t.Helper()
			text := strings.Replace(a.text, a.words("request_id"), "", 1) // sixteen digits by chance
			for _, word := range []string{"Aziza", "90123", "•", "Milk", "64000", "10000.00", `"start"`} {
				if strings.Contains(text, word) {
					t.Errorf("somebody is read: %s", a.text)
				}
			}
		}
		stranger := s.anotherStore()
		s.appended()
		for _, key := range []string{s.keys[0], stranger} {
			for _, who := range append(tried(ids), receipts[0]) {
				for _, path := range []string{"", "/balance", "/receipts", "/entries"} {
					knows(s.do(call{method: http.MethodGet, path: "/v1/customers/" + who + path, key: key}).problem(http.StatusNotFound, "customer_not_found"))
				}
				for path, body := range map[string]string{"/v1/quotes": `{"customer":"` + who + `"}`, "/v1/receipts": `{"number":"n","total":"64000","customer":"` + who + `",` + basket + `}`} {
					knows(s.do(call{method: http.MethodPost, path: path, key: key, body: body}).problem(http.StatusUnprocessableEntity, "invalid_request", "/customer"))
				}
			}
			for _, which := range append(tried(receipts), ids[0]) {
				knows(s.do(call{method: http.MethodGet, path: "/v1/receipts/" + which, key: key}).problem(http.StatusNotFound, "receipt_not_found"))
				for path, body := range map[string]string{"/v1/returns/preview": `{"original":"` + which + `"}`, "/v1/returns": `{"number":"n","original":"` + which + `"}`} {
					knows(s.do(call{method: http.MethodPost, path: path, key: key, body: body}).problem(http.StatusUnprocessableEntity, "invalid_request", "/original"))
				}
			}
		}
		if got := s.appended(); got != "" {
			t.Errorf("trying appended %q", got)
		}
	})
}

// Whoever is found, registered or met on a receipt is shown masked: no answer
// of the API has a surname or a whole identifier.
func TestTillSeesNoWholeIdentifier(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		reg := `{"phone":"+998901234567","card":"2900000001234","email":"aziza@example.com","external_id":"crm-000017","first_name":"Aziza","last_name":"Rahimova","born":"1990-12-31","city":"Buxoro"}`
		first := s.post("/v1/customers", reg).is(http.StatusCreated)
		who := first.words("customer.id")
		sold := s.post("/v1/receipts", `{"number":"1","total":"64000","customer":"`+who+`",`+basket+`}`).is(http.StatusCreated).has("customer", who)
		for _, a := range []answer{
			first, sold, s.post("/v1/customers", reg).is(http.StatusOK),
			s.post("/v1/customers/find", `{"phone":"901234567"}`), s.post("/v1/customers/find", `{"last_digits":"4567"}`),
			s.get("/v1/customers/" + who), s.get("/v1/customers/" + who + "/balance"), s.get("/v1/customers/" + who + "/receipts"), s.get("/v1/customers/" + who + "/entries"),
			s.get("/v1/receipts?number=1").has("receipts.0.customer", who), s.get("/v1/receipts/" + sold.words("id")), s.post("/v1/quotes", `{"customer":"`+who+`",`+basket+`}`),
		} {
			for _, word := range []string{"Rahimova", "901234567", "290000000", "aziza@", "crm-0", "1990", "Buxoro"} {
				if strings.Contains(a.text, word) {
					t.Errorf("%s is in %s", word, a.text)
				}
			}
		}
		first.has("customer.name", "Aziza R.", "customer.identifiers.0.masked", "•••••••••4567", "customer.identifiers.1.masked", "•••••••••1234", "customer.identifiers.2.masked", "a•••@example.com")
	})
}

// Receipts are read in their own store; what was bought there comes back in
// another one with the id that the till was given.
func TestReceiptsAreReadInTheirOwnStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		id := s.post("/v1/receipts", `{"number":"1","total":"64000","customer":"`+who+`",`+basket+`}`).is(http.StatusCreated).words("id")
		s.get("/v1/customers/"+who+"/entries").is(http.StatusOK).has("entries.0.receipt", id)

		other := s.anotherStore()
		read := func(path string) answer { return s.do(call{method: http.MethodGet, path: path, key: other}) }
		send := func(path, body string) answer {
			return s.do(call{method: http.MethodPost, path: path, key: other, body: body})
		}
		read("/v1/receipts/"+id).problem(http.StatusNotFound, "receipt_not_found")
		for _, path := range []string{"/v1/receipts?number=1", "/v1/customers/" + who + "/receipts"} {
			if a := read(path).is(http.StatusOK); a.text != `{"receipts":[]}` {
				t.Errorf("another store reads %s", a.text)
			}
		}
		// The points are the customer's everywhere.
		read("/v1/customers/"+who+"/entries").is(http.StatusOK).has("entries.0.cause", "earn", "entries.0.receipt", nil)

		part := `"original":"` + id + `","lines":[{"position":1,"quantity":"1"}]`
		send("/v1/returns/preview", `{`+part+`}`).is(http.StatusOK).has("total", "12000.00", "store.code", "2")
		back := send("/v1/returns", `{"number":"1",`+part+`}`).is(http.StatusCreated).has("original", id, "store.code", "2").words("id")
		read("/v1/receipts/" + back).is(http.StatusOK)
		s.get("/v1/receipts/"+back).problem(http.StatusNotFound, "receipt_not_found")
		s.get("/v1/receipts/"+id).is(http.StatusOK).has("lines.0.returned", "1.000")
	})
}
