package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/programme"
)

var update = flag.Bool("update", false, "write the examples anew")

// The examples of the documentation are calls that were made, and what was
// answered, on either engine.
func TestExamplesAreWhatIsAnswered(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{rules: func(r *programme.Rules) { r.Redeem.ConfirmFrom = 5_000_00 }})
		e := examples{site: s, update: *update && !d.Postgres(), known: map[string]string{}}

		s.AskForCodes(t, settings.AskCode)
		e.get("till", "/v1/till", http.StatusOK)
		e.get("products", "/v1/products?query=mil", http.StatusOK)
		e.last = s.post("/v1/confirmations", `{"phone": "+998 90 123-45-67"}`).is(http.StatusCreated)
		e.keep("$asked", "id")
		e.known["$said"], _ = s.Sent.Last()
		e.post("register", "/v1/customers", http.StatusCreated, `{
			"phone": "+998 90 123-45-67",
			"confirmation": {"id": "$asked", "code": "$said"},
			"first_name": "Aziza",
			"last_name": "Rahimova",
			"born": "1990-12-31",
			"language": "uz",
			"consents": [{"channel": "sms", "purpose": "marketing", "given": true, "wording": "till, version 3"}]
		}`).keep("$customer", "customer.id")
		s.Clock.Advance(24 * time.Hour)
		e.post("find", "/v1/customers/find", http.StatusOK, `{"identifier": "90 123 45 67"}`)
		e.get("customer", "/v1/customers/$customer", http.StatusOK)
		s.wordings()
		e.get("wordings", "/v1/wordings", http.StatusOK)
		e.post("consents", "/v1/consents", http.StatusOK, `{
			"customer": "$customer",
			"consents": [
				{"channel": "telegram", "purpose": "marketing", "given": true, "wording": "offers", "version": 1, "language": "uz", "proof": "form 4711"},
				{"channel": "sms", "purpose": "marketing", "given": false, "reason": "too many messages"}
			]
		}`)
		e.post("hold", "/v1/holds", http.StatusCreated, `{
			"number": "h-17",
			"customer": "$customer",
			"points": "500",
			"minutes": 10
		}`).keep("$hold", "id")
		e.post("cancel_hold", "/v1/holds/$hold/cancel", http.StatusOK, ``)
		e.post("quote", "/v1/quotes", http.StatusOK, `{
			"customer": "$customer",
			"lines": [
				{"sku": "milk-1", "quantity": "2", "price": "12000"},
				{"sku": "tea-100", "quantity": "1", "price": "45000", "discount": "5000"}
			],
			"redeem": "8000"
		}`).keep("$quote", "id")
		e.post("confirm", "/v1/confirmations", http.StatusCreated, `{
			"customer": "$customer",
			"points": "8000"
		}`).keep("$confirmation", "id")
		e.known["$code"], _ = s.Sent.Last()
		s.Clock.Advance(20 * time.Second)
		e.refused("record", "/v1/receipts", `{
			"number": "1-000122",
			"quote": "$quote",
			"customer": "$customer",
			"lines": [{"sku": "milk-1", "quantity": "1", "price": "12000"}]
		}`)
		e.post("record", "/v1/receipts", http.StatusCreated, `{
			"number": "1-000123",
			"quote": "$quote",
			"customer": "$customer",
			"lines": [
				{"sku": "milk-1", "quantity": "2", "price": "12000"},
				{"sku": "tea-100", "quantity": "1", "price": "45000", "discount": "5000"}
			],
			"redeem": "8000",
			"confirmation": {"id": "$confirmation", "code": "$code"}
		}`).keep("$receipt", "id")
		e.get("balance", "/v1/customers/$customer/balance", http.StatusOK)
		e.post("preview", "/v1/returns/preview", http.StatusOK, `{
			"original": "$receipt",
			"lines": [{"position": 1, "quantity": "1"}]
		}`)
		s.Clock.Advance(time.Hour)
		e.post("return", "/v1/returns", http.StatusCreated, `{
			"number": "1-000124",
			"original": "$receipt",
			"lines": [{"position": 1, "quantity": "1"}],
			"reason": "The carton leaks"
		}`)
		e.post("late", "/v1/receipts/batch", http.StatusOK, `{
			"sent_at": "`+s.Now().Format(time.RFC3339)+`",
			"receipts": [
				{
					"number": "1-000125",
					"sold_at": "`+s.Now().Add(-3*time.Hour).Format(time.RFC3339)+`",
					"identifier": "90 123 45 67",
					"lines": [{"sku": "milk-1", "quantity": "2", "price": "12000", "charged": "23000"}],
					"total": "23000"
				},
				{
					"kind": "return",
					"number": "1-000126",
					"sold_at": "`+s.Now().Add(-2*time.Hour).Format(time.RFC3339)+`",
					"original_number": "1-000125",
					"parts": [{"position": 1, "quantity": "1"}],
					"total": "11500"
				}
			]
		}`)
		e.get("receipt", "/v1/receipts/$receipt", http.StatusOK)
		e.get("find_receipts", "/v1/receipts?number=1-000123", http.StatusOK)
		e.get("customer_receipts", "/v1/customers/$customer/receipts", http.StatusOK)
		e.get("entries", "/v1/customers/$customer/entries", http.StatusOK)

		e.key = s.integration(nil, integration.Permissions...)
		e.put("put_products", "/v1/products", `{
			"products": [
				{"sku": "shirt-red-m", "name": "Shirt", "model": "Shirt", "price": "150000", "options": [{"name": "colour", "value": "red"}, {"name": "size", "value": "M"}]},
				{"sku": "tea-100", "price": "46000"},
				{"sku": "", "price": "1000"}
			]
		}`)
		e.put("put_stock", "/v1/stock", `{
			"items": [
				{"store": "1", "sku": "milk-1", "quantity": "24", "threshold": "6"},
				{"store": "1", "sku": "shirt-red-m", "add": "10", "cause": "delivery", "ref": "D-1017"},
				{"store": "9", "sku": "milk-1", "quantity": "1"}
			]
		}`)
		e.get("stock", "/v1/stock?store=1", http.StatusOK)
		e.get("entities", "/v1/entities", http.StatusOK)
		from, to := s.Now().Add(-48*time.Hour).Format(time.RFC3339), s.Now().Add(time.Hour).Format(time.RFC3339)
		e.get("identified", "/v1/reports/identified?from="+from+"&to="+to, http.StatusOK)
		e.get("settlement", "/v1/reports/settlement?from="+from+"&to="+to, http.StatusOK)
	})
}

// examples makes calls and compares them with the files of the documentation.
type examples struct {
	*site
	update bool
	known  map[string]string // values of earlier answers
	last   answer
	key    string // instead of the till's
}

func (e *examples) get(name, path string, status int) *examples {
	e.t.Helper()
	e.last = e.do(call{method: http.MethodGet, path: e.fill(path), key: e.key}).is(status)
	e.compare(name+".response", e.last.text)
	return e
}

func (e *examples) post(name, path string, status int, body string) *examples {
	e.t.Helper()
	body = e.fill(body)
	if body != "" {
		e.compare(name+".request", body)
	}
	e.last = e.site.post(e.fill(path), body).is(status)
	e.compare(name+".response", e.last.text)
	return e
}

func (e *examples) put(name, path, body string) {
	e.t.Helper()
	e.compare(name+".request", body)
	e.last = e.do(call{method: http.MethodPut, path: path, body: body, key: e.key, headers: []string{"Idempotency-Key", name}}).is(http.StatusOK)
	e.compare(name+".response", e.last.text)
}

// refused shows what a call is refused with.
func (e *examples) refused(name, path, body string) {
	e.t.Helper()
	e.last = e.do(call{method: http.MethodPost, path: path, body: e.fill(body), headers: []string{"X-Request-Id", "5c1f9a3e7b20d846"}}).is(http.StatusConflict)
	e.compare(name+".problem", e.last.text)
}

// keep names a value of the last answer for the calls that follow.
func (e *examples) keep(name, path string) { e.known[name] = e.last.words(path) }

func (e *examples) fill(text string) string {
	for name, value := range e.known {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

func (e *examples) compare(name, text string) {
	e.t.Helper()
	var b bytes.Buffer
	check(e.t, json.Indent(&b, []byte(text), "", "  "))
	got := strings.TrimSpace(b.String()) + "\n"
	file := filepath.Join("examples", name+".json")
	if e.update {
		check(e.t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	check(e.t, err)
	if got != string(want) {
		e.t.Errorf("%s is not what the documentation shows (run with -update if it shall be):\n%s", name, got)
	}
}
