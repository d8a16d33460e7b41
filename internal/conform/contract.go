package conform

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// paths are the calls that a till needs.
var paths = map[string][]string{
	"/v1/till": {"get"}, "/v1/customers/find": {"post"}, "/v1/customers": {"post"}, "/v1/customers/{id}/balance": {"get"}, "/v1/customers/{id}/entries": {"get"},
	"/v1/customers/{id}/receipts": {"get"}, "/v1/quotes": {"post"}, "/v1/receipts": {"post", "get"}, "/v1/receipts/{id}": {"get"}, "/v1/receipts/batch": {"post"},
	"/v1/holds": {"post"}, "/v1/holds/{id}/cancel": {"post"}, "/v1/returns": {"post"}, "/v1/returns/preview": {"post"},
}

var contractChecks = []check{
	{"discovery.till", "a key leads to its till, store and currency", func(t *trial) {
		a := t.get("/v1/till").is(http.StatusOK)
		for _, field := range []string{"till.id", "store.id", "store.zone", "currency.code", "time"} {
			if a.str(field) == "" {
				t.fail(a, "%s is missing", field)
			}
		}
	}},
	{"discovery.openapi", "/openapi.json is OpenAPI 3 and has every call that a till needs", func(t *trial) {
		a := t.do(call{method: http.MethodGet, path: "/openapi.json", key: "-"}).is(http.StatusOK)
		if !strings.HasPrefix(a.str("openapi"), "3.") {
			t.fail(a, "openapi is %v", a.at("openapi"))
		}
		described, _ := a.at("paths").(map[string]any)
		for path, methods := range paths {
			operations, _ := described[path].(map[string]any)
			for _, m := range methods {
				if operations[m] == nil {
					t.fail(a, "%s %s is not described", strings.ToUpper(m), path)
				}
			}
		}
	}},
	{"discovery.stray", "an address that is no call is 404, another method 405 with Allow", func(t *trial) {
		t.get("/v1/no-such-call").problem(http.StatusNotFound, "page_not_found")
		a := t.do(call{method: http.MethodDelete, path: "/v1/quotes"}).problem(http.StatusMethodNotAllowed, "method_not_allowed")
		if !strings.Contains(a.header.Get("Allow"), http.MethodPost) {
			t.fail(a, "Allow does not name POST")
		}
	}},
	{"auth.missing", "without a key nothing is told", func(t *trial) {
		for _, c := range []call{{method: http.MethodGet, path: "/v1/till", key: "-"}, {method: http.MethodPost, path: "/v1/quotes", key: "-", body: object{}}} {
			t.do(c).problem(http.StatusUnauthorized, "key_missing")
		}
	}},
	{"auth.wrong", "a key that was never given is refused", func(t *trial) {
		t.do(call{method: http.MethodGet, path: "/v1/till", key: "rg_" + strings.Repeat("x", 40)}).is(http.StatusUnauthorized)
	}},
	{"body.malformed", "what is no JSON object is refused and said to be none", func(t *trial) {
		for _, body := range []string{`{"lines":[`, `nonsense`, `[]`, `"text"`, `null`} {
			t.post("/v1/quotes", body).problem(http.StatusUnprocessableEntity, "not_json")
		}
	}},
	{"body.unknown_field", "a field that does not exist is refused by its name", func(t *trial) {
		t.post("/v1/quotes", object{"custmer": "1"}).problem(http.StatusUnprocessableEntity, "invalid_request", "/custmer")
		t.post("/v1/receipts", object{"number": t.name("s"), "total": "1", "lines": []object{goods("tea", "1", "1").with("prise", "1")}}).
			problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/0/prise")
	}},
	{"body.unknown_parameter", "a parameter that does not exist is refused by its name", func(t *trial) {
		t.get("/v1/receipts?number=1&colour=red").problem(http.StatusUnprocessableEntity, "invalid_request", "colour")
	}},
	{"body.duplicate_field", "a field that comes twice is refused", func(t *trial) {
		t.post("/v1/quotes", `{"lines":[],"lines":[]}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines")
	}},
	{"body.wrong_type", "a value of another type is refused by its place", func(t *trial) {
		t.post("/v1/quotes", `{"lines":[{"quantity":"1","price":true}]}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/0/price")
	}},
	{"body.all_at_once", "all values that are wrong by themselves are named at once", func(t *trial) {
		t.post("/v1/quotes", object{"redeem": "0.001", "lines": []object{goods("tea", "0", "-1")}}).
			problem(http.StatusUnprocessableEntity, "invalid_request", "/redeem", "/lines/0/quantity", "/lines/0/price")
	}},
	{"body.media_type", "a body that is not said to be JSON is refused", func(t *trial) {
		t.post("/v1/quotes", `{}`, "Content-Type", "text/plain").problem(http.StatusUnprocessableEntity, "media_type")
	}},
	{"body.large", "a body over 256 KB is refused and not read on", func(t *trial) {
		t.post("/v1/quotes", `{"reason":"`+strings.Repeat("a", 300<<10)+`"}`).is(http.StatusRequestEntityTooLarge)
	}},
	{"body.lines", "a receipt has up to 1,000 lines, and not one more", func(t *trial) {
		lines := slices.Repeat([]object{{"quantity": "1", "price": "1"}}, 1000)
		t.quote(object{"lines": lines}).eq("gross", 1000_0000)
		t.post("/v1/quotes", object{"lines": append(lines, lines[0])}).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines")
	}},
	{"numbers.taken", "decimals are taken in strings and as JSON numbers, exactly as they are written", func(t *trial) {
		for _, n := range []string{`"19990"`, `19990`, `"19990.0000"`, `19990.0`} {
			t.post("/v1/quotes", `{"lines":[{"quantity":"3","price":`+n+`}]}`).is(http.StatusOK).eq("gross", 59970_0000)
		}
	}},
	{"numbers.refused", "what is no plain decimal, negative, or has a decimal too many is refused, never rounded", func(t *trial) {
		for _, n := range []string{`"1,5"`, `"1e3"`, `1e3`, `"-1"`, `" 1"`, `"NaN"`, `""`, `"1.00001"`, `"99999999999999999999"`} {
			t.post("/v1/quotes", `{"lines":[{"quantity":"1","price":`+n+`}]}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/0/price")
		}
		total := "1." + strings.Repeat("0", t.first.Currency.Decimals) + "1"
		t.post("/v1/receipts", object{"number": t.name("s"), "total": total, "lines": []object{goods("tea", "1", "1")}}).
			problem(http.StatusUnprocessableEntity, "invalid_request", "/total")
	}},
}

var limitChecks = []check{
	{"limit.rate", "who calls too often is answered with 429, and served again after Retry-After", func(t *trial) {
		const most, abreast = 4000, 32
		list := make([]call, abreast)
		for i := range list {
			list[i] = call{method: http.MethodGet, path: "/v1/till", impatient: true}
		}
		for range most / abreast {
			for _, a := range t.together(list) {
				if a.err == nil && a.status == http.StatusOK {
					continue
				}
				a.is(http.StatusTooManyRequests)
				wait, ok := a.retryAfter()
				if !ok {
					t.fail(a, "Retry-After does not say after how many seconds")
				}
				if wait > mostWait {
					t.fail(a, "Retry-After asks for more than %s", mostWait)
				}
				t.pause(t.ctx, wait)
				t.do(call{method: http.MethodGet, path: "/v1/till", impatient: true}).is(http.StatusOK)
				return
			}
		}
		t.skip("%d calls, %d at once, met no limit", most, abreast)
	}},
}

// sumChecks come last: they look back on everything that was done.
var sumChecks = []check{
	{"answers.values", "in every answer so far amounts and points were decimals in strings, ids strings, times UTC", func(t *trial) { t.was(ruleValues) }},
	{"answers.problems", "every error so far was a problem document of RFC 9457 with a code, a detail and its fields", func(t *trial) { t.was(ruleProblems) }},
	{"sums.receipts", "each customer has the receipts that were answered, and no other", func(t *trial) {
		for _, who := range t.people {
			wanted := map[string]bool{}
			for id, m := range t.recorded {
				if m.customer == who && m.store == t.first.Store.ID {
					wanted[id] = true
				}
			}
			last := t.pages("/v1/customers/"+who+"/receipts", "receipts", func(a answer, at string) {
				id := a.str(at + ".id")
				if !wanted[id] {
					t.fail(a, "the receipt %s was never answered, or comes twice", id)
				}
				delete(wanted, id)
			})
			for id := range wanted {
				t.fail(last, "the receipt %s was answered and is not there", id)
			}
		}
	}},
	{"sums.points", "each customer's movements are those that receipts were answered with, and come to the balance", func(t *trial) {
		for _, who := range t.people {
			var moved, all, wanted dec
			last := t.pages("/v1/customers/"+who+"/entries", "entries", func(a answer, at string) {
				effect := a.num(at + ".effect")
				all += effect
				if slices.Contains([]string{"earn", "redeem", "return"}, a.str(at+".cause")) {
					moved += effect
				}
			})
			for _, m := range t.recorded {
				if m.customer == who {
					wanted += m.moved
				}
			}
			if moved != wanted {
				t.fail(last, "receipts moved %s points of %s, and were answered with %s", moved, who, wanted)
			}
			if a := t.balance(who); a.whole() != all {
				t.fail(a, "movements come to %s, the balance to %s", all, a.whole())
			}
		}
	}},
}

// was fails the check where an answer broke the rule.
func (t *trial) was(rule string) {
	if o, ok := t.odd[rule]; ok {
		t.fail(o.answer, "%s", o.what)
	}
}

// pages reads a list to its end.
func (t *trial) pages(path, list string, each func(a answer, at string)) (last answer) {
	cursor := ""
	for {
		query := "?limit=200"
		if cursor != "" {
			query += "&cursor=" + cursor
		}
		last = t.get(path + query).is(http.StatusOK)
		for i := range last.list(list) {
			each(last, fmt.Sprintf("%s.%d", list, i))
		}
		next := last.str("next")
		if next == "" {
			return last
		}
		if next == cursor {
			t.fail(last, "next leads to the page itself")
		}
		cursor = next
	}
}
