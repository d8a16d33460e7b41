package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
)

func (s *site) put(key, path, body string, headers ...string) answer {
	s.t.Helper()
	return s.do(call{method: http.MethodPut, path: path, body: body, key: key, headers: headers})
}

// Stock is set and moved by whoever may, where they may, and once under a key.
func TestStockIsSent(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		otherTill := s.anotherStore()
		erp := s.integration(nil, integration.WriteStock, integration.ReadStock)
		own := s.integration([]catalog.StoreID{s.store.ID}, integration.WriteStock, integration.ReadStock)
		reader := s.integration(nil, integration.ReadStock)

		s.appended()
		s.put(erp, "/v1/stock", `{"items":[{"store":"1","sku":"4780000000017","quantity":"5.5","threshold":"6"},{"store":"2","sku":"milk-1","quantity":3},{"store":"1","sku":"no","quantity":1}]}`).
			is(200).has("changed", 2.0, "unchanged", 0.0, "refused.0.index", 2.0, "refused.0.code", "product_not_found")
		if got := s.appended(); got != "stock.low" {
			t.Errorf("appended %q", got)
		}
		add := `{"items":[{"store":"1","sku":"milk-1","add":"-0.5","cause":"transfer","ref":"T-1"}]}`
		s.put(erp, "/v1/stock", add).problem(422, "idempotency_key_needed", "Idempotency-Key")
		s.put(erp, "/v1/stock", add, "Idempotency-Key", "k1").is(200).has("changed", 1.0)
		again := s.put(erp, "/v1/stock", add, "Idempotency-Key", "k1").is(200).has("changed", 1.0)
		if again.header.Get("Idempotent-Replayed") != "true" {
			t.Error("it is not said to be there already")
		}
		s.put(erp, "/v1/stock", strings.Replace(add, "0.5", "0.6", 1), "Idempotency-Key", "k1").problem(422, "integration_call_reused", "Idempotency-Key")
		s.put(own, "/v1/stock", `{"items":[{"store":"2","sku":"milk-1","quantity":1}]}`).is(200).has("changed", 0.0, "refused.0.code", "store_not_yours")
		for body, code := range map[string]string{
			`{"store":"1","sku":"milk-1"}`:                                                    "invalid_request",
			`{"store":"1","sku":"milk-1","quantity":1,"add":1}`:                               "invalid_request",
			`{"store":"1","sku":"milk-1","quantity":"0.0001"}`:                                "invalid_request",
			`{"store":"1","sku":"milk-1","quantity":1,"cause":"delivery"}`:                    "invalid_request",
			`{"store":"1","sku":"tea-100","threshold":"2"}`:                                   "stock_not_counted",
			`{"store":"1","sku":"milk-1","quantity":"5","threshold":"-1"}`:                    "invalid_request",
			`{"store":"1","sku":"milk-1","add":"1","ref":"` + strings.Repeat("x", 101) + `"}`: "invalid_request",
		} {
			s.put(erp, "/v1/stock", `{"items":[`+body+`]}`, "Idempotency-Key", code+body[:10]+body[len(body)-9:]).is(200).has("changed", 0.0, "refused.0.code", code)
		}

		s.do(call{method: "GET", path: "/v1/stock?store=1&sku=milk-1", key: reader}).is(200).has("items.0.quantity", "5.000", "items.0.threshold", "6.000", "items.0.low", true, "more", false)
		page := s.do(call{method: "GET", path: "/v1/stock?limit=1", key: erp}).is(200).has("more", true)
		s.do(call{method: "GET", path: "/v1/stock?limit=1&cursor=" + page.words("next"), key: erp}).is(200).has("more", false)
		s.do(call{method: "GET", path: "/v1/stock?store=2", key: own}).problem(403, "store_not_yours", "store")
		s.do(call{method: "GET", path: "/v1/stock?store=3", key: own}).problem(404, "store_not_found", "store")
		s.do(call{method: "GET", path: "/v1/stock?cursor=x", key: erp}).problem(422, "bad_cursor", "cursor")
		s.get("/v1/stock").is(200).has("items.0.store", "1", "more", false) // a till, its own store
		s.do(call{method: "GET", path: "/v1/stock", key: otherTill}).is(200).has("items.0.store", "2")
		s.do(call{method: "GET", path: "/v1/stock?store=1", key: otherTill}).problem(403, "store_not_yours", "store")
	})
}

// The legal entity that nobody has named is called what the office calls it, in the
// language of the call.
func TestTheChainItselfIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		key := s.integration(nil, integration.ReadReports)
		for lang, want := range map[string]string{"en": "The chain itself", "ru": "Сама сеть", "uz": "Tarmoqning oʻzi"} {
			s.do(call{method: "GET", path: "/v1/entities", key: key, headers: []string{"Accept-Language", lang}}).is(200).has("entities.0.id", "1", "entities.0.name", want)
		}
		check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.Catalog.UpdateEntityTx(ctx, tx, catalog.Entity{ID: catalog.DefaultEntity, Name: "Bahor LLC"})
			return err
		}))
		s.do(call{method: "GET", path: "/v1/entities", key: key}).is(200).has("entities.0.name", "Bahor LLC")
	})
}

// What a key may do is all that it does.
func TestKeysDoWhatTheyMay(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		erp, own := s.integration(nil, integration.WriteProducts), s.integration([]catalog.StoreID{s.store.ID}, integration.ReadReports)
		s.put(erp, "/v1/stock", `{"items":[]}`).problem(403, "integration_forbidden")
		s.put(s.keys[0], "/v1/stock", `{"items":[]}`).problem(403, "integrations_only")
		s.do(call{method: "GET", path: "/v1/products", key: erp}).problem(403, "integration_forbidden")
		s.do(call{method: "POST", path: "/v1/quotes", body: `{"lines":[]}`, key: erp}).problem(403, "tills_only")
		s.do(call{method: "GET", path: "/v1/till", key: erp}).problem(403, "tills_only")
		s.do(call{method: "GET", path: "/v1/entities", key: own}).problem(403, "all_stores_only")
		s.do(call{method: "GET", path: "/v1/till", key: "ri_" + strings.Repeat("a", 26)}).problem(401, "integration_key_invalid")
		s.do(call{method: "DELETE", path: "/v1/stock", key: erp}).problem(405, "method_not_allowed")
		now := "&to=" + s.Now().Format(time.RFC3339)
		s.do(call{method: "GET", path: "/v1/reports/identified?from=2026-11-01T00:00:00Z&by=till" + now, key: own}).is(200)
		s.do(call{method: "GET", path: "/v1/reports/identified?from=2026-11-01" + now, key: own}).problem(422, "invalid_request", "from")
		s.do(call{method: "GET", path: "/v1/reports/identified?from=2020-11-01T00:00:00Z" + now, key: own}).problem(422, "invalid_request", "to")
		s.do(call{method: "GET", path: "/v1/reports/identified?from=2026-11-01T00:00:00Z&by=day" + now, key: own}).problem(422, "unknown_value", "by")
		s.do(call{method: "GET", path: "/v1/reports/settlement?from=2026-11-01T00:00:00Z" + now, key: own}).problem(403, "all_stores_only")

		s.put(erp, "/v1/products", `{"products":[{"sku":"s-1","name":"Shirt","model":"Shirt","options":[{"name":"size","value":"M"}],"barcodes":["4780000000017"]},{"sku":"s-2","name":"Shirt","cost":"-1"},{"sku":"tea-100","name":"Tea"}]}`).
			is(200).has("updated", 1.0, "refused.0.code", "barcode_taken", "refused.1.index", 1.0)
		s.put(erp, "/v1/products", `{"products":[{"sku":"s-1","name":"Shirt","model":"Shirt","options":[{"name":"size","value":"M"}]}]}`).is(200).has("created", 1.0)
		dot := base64.StdEncoding.EncodeToString([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
		s.put(erp, "/v1/products", `{"products":[{"sku":"s-1","image":"`+dot+`"},{"sku":"s-3","image":"AAAA"},{"sku":"s-4","image":"?"}]}`).
			is(200).has("updated", 1.0, "unchanged", 0.0, "created", 0.0, "refused.0.code", "not_an_image", "refused.1.index", 2.0)
		told := func() (lines, events int) {
			t.Helper()
			check(t, s.DB.QueryRow(t.Context(), `SELECT (SELECT COUNT(*) FROM audit WHERE action = 'product.sent'), (SELECT COUNT(*) FROM events WHERE kind = 'products.changed')`).Scan(&lines, &events))
			return lines, events
		}
		lines, changes := told()
		s.put(erp, "/v1/products", `{"products":[{"sku":"s-1","image":"`+dot+`"}]}`).is(200).has("updated", 0.0, "unchanged", 1.0) // it is that already
		if l, c := told(); l != lines || c != changes {
			t.Errorf("the same image is told: %d lines and %d events, were %d and %d", l, c, lines, changes)
		}
		s.put(erp, "/v1/products", `{"products":[{"sku":" s-1\t","image":""}]}`).is(200).has("updated", 1.0, "unchanged", 0.0)
		s.put(erp, "/v1/products", `{"products":[{"sku":"  s-1","image":"`+dot+`"},{"sku":"tea-100"}]}`).is(200).has("updated", 1.0, "unchanged", 1.0)
		if l, c := told(); l != lines+2 || c != changes+2 {
			t.Errorf("images are told by %d lines and %d events, were %d and %d", l, c, lines, changes)
		}
		found, err := s.Catalog.ByCode(t.Context(), []string{"s-1"})
		check(t, err)
		if i, err := s.Catalog.Image(t.Context(), found["s-1"].ID); err != nil || i.Type != "image/jpeg" {
			t.Errorf("%s, %v", i.Type, err)
		}
		s.put(erp, "/v1/products", `{"products":[{"sku":"s-1","image":""}]}`).is(200)
		if _, err := s.Catalog.Image(t.Context(), found["s-1"].ID); !errors.Is(err, catalog.ErrImageNotFound) {
			t.Errorf("an image that was taken away: %v", err)
		}
		s.put(erp, "/v1/products", `{"products":[`+strings.Repeat(`{"sku":"x","image":""},`, 20)+`{"sku":"x","image":""}]}`).problem(422, "too_many", "/products")
		s.get("/v1/products?query=s-1").is(200).has("products.0.model", "Shirt", "products.0.options.0.value", "M")
	})
}
