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
