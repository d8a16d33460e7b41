package api_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/integration"
	"regulars/internal/surface/api"
)

// Whatever stands in an address or a body, the answer is never our fault, and
// the log says nothing of anybody.
func TestNothingOddIsOurFault(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{api: func(c *api.Config) { c.Rate, c.Burst = 1e6, 1e6 }})
		who := s.post("/v1/customers", `{"phone":"+998901234567","first_name":"Aziza","last_name":"Rahimova"}`).is(http.StatusCreated).words("customer.id")
		sale := s.post("/v1/receipts", `{"number":"1","total":"64000","customer":"`+who+`",`+basket+`}`).is(http.StatusCreated).words("id")
		odd := []string{
			"\x00", "a\x00b", "\xff", "\ufeff", "'; --", "%", "_", strings.Repeat("9", 400), strings.Repeat("я", 5000), "\u202e", "-1", "0",
			"9223372036854775807", "-9223372036854775808", "9223372036854775808", "\n", " ", "null", "NaN", "1e400", "../1",
			base64.RawURLEncoding.EncodeToString(make([]byte, 16)), base64.RawURLEncoding.EncodeToString([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")),
			base64.RawURLEncoding.EncodeToString([]byte("a\x00b")), base64.StdEncoding.EncodeToString([]byte(`["\u0000",-1]`)),
		}
		for _, value := range odd {
			s.Clock.Advance(time.Minute) // customers are not looked for without a limit
			q, p := url.QueryEscape(value), url.PathEscape(value)
			paths := []string{
				"/v1/receipts?number=" + q, "/v1/receipts?number=1&kind=" + q, "/v1/receipts/" + p,
				"/v1/products?query=" + q, "/v1/products?cursor=" + q, "/v1/products?limit=" + q,
				"/v1/customers/" + p, "/v1/customers/" + p + "/balance",
			}
			for _, list := range []string{"receipts", "entries"} {
				paths = append(paths, "/v1/customers/"+who+"/"+list+"?cursor="+q, "/v1/customers/"+p+"/"+list, "/v1/customers/"+who+"/"+list+"?limit="+q)
			}
			for _, path := range paths {
				r := call{method: http.MethodGet, path: path}
				if strings.ContainsAny(p, "/") || p == "" || p == "../1" {
					continue
				}
				if a := s.do(r); a.status >= 500 || a.status == http.StatusTooManyRequests {
					t.Errorf("GET %s: %d %s", path, a.status, a.text)
				}
			}
			text := `"` + strings.NewReplacer("\x00", `\u0000`, "\n", `\n`, "\xff", "\xff").Replace(value) + `"`
			for path, bodies := range map[string][]string{
				"/v1/customers/find":  {`{"identifier":X}`, `{"phone":X}`, `{"card":X}`, `{"email":X}`, `{"external_id":X}`, `{"last_digits":X}`},
				"/v1/customers":       {`{"card":"77","first_name":X}`, `{"external_id":X}`, `{"card":X}`, `{"phone":"+998901234568","born":X}`, `{"card":"78","city":X,"language":X}`, `{"card":"79","consents":[{"channel":"sms","purpose":"marketing","given":true,"wording":X,"proof":X}]}`},
				"/v1/quotes":          {`{"customer":X}`, `{"lines":[{"sku":X,"quantity":"1","price":"1"}]}`, `{"lines":[{"name":X,"quantity":"1","price":"1"}]}`, `{"lines":[{"quantity":X,"price":"1"}]}`, `{"lines":[{"quantity":"1","price":X,"discount":X}],"redeem":X}`, `{"no_points":true,"reason":X}`},
				"/v1/receipts":        {`{"number":X,"total":"1","lines":[{"quantity":"1","price":"1"}]}`, `{"number":"o","quote":X,"lines":[{"quantity":"1","price":"1"}]}`, `{"number":"o","total":X,"lines":[{"quantity":"1","price":"1"}]}`, `{"number":"o","sold_at":X,"total":"1","lines":[{"quantity":"1","price":"1"}]}`, `{"number":"o","total":"1","no_points":true,"reason":X,"lines":[{"sku":X,"quantity":"1","price":"1"}]}`},
				"/v1/returns":         {`{"number":X,"original":"` + sale + `"}`, `{"number":"o","original":X}`, `{"number":"o","original":"` + sale + `","reason":X,"lines":[{"position":1,"quantity":X}]}`},
				"/v1/returns/preview": {`{"original":X}`, `{"original":"` + sale + `","lines":[{"position":-1,"quantity":X}]}`},
			} {
				for _, body := range bodies {
					body = strings.ReplaceAll(body, "X", text)
					if a := s.post(path, body); a.status >= 500 || a.status == http.StatusTooManyRequests {
						t.Errorf("POST %s %.80q: %d %s", path, body, a.status, a.text)
					}
				}
			}
		}
		if log := s.Log.String(); strings.Contains(log, "901234567") || strings.Contains(log, "Rahimova") {
			t.Errorf("the log says whom: %s", log)
		}
	})
}

// What is no text, in an address or a body, is refused by name before any database is
// asked, and of a batch the row alone.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{api: func(c *api.Config) { c.Rate, c.Burst = 1e6, 1e6 }})
		erp := s.integration(nil, integration.Permissions...)
		keys := []string{s.keys[0], erp}
		for path, item := range s.get("/openapi.json").is(http.StatusOK).at("paths").(map[string]any) {
			get, ok := item.(map[string]any)["get"].(map[string]any)
			if !ok {
				continue
			}
			paths := map[string]string{path + "?%00=1": ""} // and which parameter is named
			parameters, _ := get["parameters"].([]any)
			for _, p := range parameters {
				p := p.(map[string]any)
				name := p["name"].(string)
				for _, value := range []string{"%00", "a%00", "%ff", "%c3%28"} {
					switch p["in"] {
					case "query":
						paths[path+"?"+name+"="+value] = name
					case "path":
						paths[strings.Replace(path, "{"+name+"}", value, 1)] = ""
					}
				}
			}
			for path, name := range paths {
				path = strings.Replace(path, "{id}", "x", 1)
				for _, key := range keys {
					a := s.do(call{method: http.MethodGet, path: path, key: key})
					if name == "" {
						a.problem(http.StatusUnprocessableEntity, "illegible")
					} else {
						a.problem(http.StatusUnprocessableEntity, "invalid_request", name)
					}
				}
			}
		}
		s.post("/v1/quotes", `{"lines":[{"name":"a\u0000b","quantity":"1","price":"1"}]}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/0/name")
		s.post("/v1/customers/find", `{"phone":"\u0000"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/phone")
		s.post("/v1/receipts", `{"number":"5","total":"64000","cashier":"\u0000",`+basket+`}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/cashier")
		s.put(erp, "/v1/stock", `{"items":[{"store":"\u0000","sku":"milk-1","quantity":1},{"store":"1","sku":"\u0000","quantity":1},{"store":"1","sku":" milk-1 ","quantity":1,"ref":"\u0000"},{"store":"1","sku":" milk-1 ","quantity":1}]}`).
			is(http.StatusOK).has("changed", 1.0, "refused.0.code", "store_not_found", "refused.1.code", "product_not_found", "refused.2.code", "invalid_request")
		for _, field := range []string{"name", "category", "brand", "model", "image", "kind"} {
			if a := s.put(erp, "/v1/products", `{"products":[{"sku":"n-`+field+`","`+field+`":"a\u0000b"},{"sku":"milk-1"}]}`); a.status >= 500 {
				t.Errorf("%s: %d %s", field, a.status, a.text)
			}
		}
		s.put(erp, "/v1/products", `{"products":[{"sku":"\u0000"},{"sku":"o","options":[{"name":"a\u0000","value":"\u0000"}],"barcodes":["\u0000"]}]}`).is(http.StatusOK)
		late := s.post("/v1/receipts/batch", `{"receipts":[{"number":"\u0000","sold_at":"2026-11-22T09:00:00Z","total":"1","lines":[{"name":"\u0000","quantity":"1","price":"1"}]}]}`)
		if late.status >= 500 {
			t.Errorf("late: %d %s", late.status, late.text)
		}
		if s.Log.String() != "" {
			t.Errorf("it is logged as a fault of ours: %s", s.Log)
		}
	})
}
