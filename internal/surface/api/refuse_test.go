package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/surface/api"
)

// Every refused input names its field and reason, and changes nothing.
func TestEveryRefusalNamesItsField(t *testing.T) {
	t.Parallel()
	const line = `"quantity":"1","price":"1"`
	lines := func(line string) string { return `{"lines":[{"quantity":"1","price":"1"},{` + line + `}]}` }
	sale := func(more string) string { return `{"number":"1","total":"1","lines":[{` + line + `}]` + more + `}` }
	tests := []struct {
		path, body string
		code       string
		pointers   []string
	}{
		{"/v1/quotes", `{"custmer":"1"}`, "invalid_request", []string{"/custmer"}},
		{"/v1/quotes", `{"Lines":[]}`, "invalid_request", []string{"/Lines"}},
		{"/v1/quotes", lines(`"quantity":"1","price":"1","prise":"1"`), "invalid_request", []string{"/lines/1/prise"}},
		{"/v1/quotes", `{"lines":[],"lines":[]}`, "invalid_request", []string{"/lines"}},
		{"/v1/quotes", `{"lines":{}}`, "invalid_request", []string{"/lines"}},
		{"/v1/quotes", `{"lines":[7]}`, "invalid_request", []string{"/lines/0"}},
		{"/v1/quotes", lines(`"sku":5,` + line), "invalid_request", []string{"/lines/1/sku"}},
		{"/v1/quotes", lines(`"void":"yes",` + line), "invalid_request", []string{"/lines/1/void"}},
		{"/v1/quotes", lines(`"quantity":"1","price":"1,5"`), "invalid_request", []string{"/lines/1/price"}},
		{"/v1/quotes", lines(`"quantity":"1","price":"1e3"`), "invalid_request", []string{"/lines/1/price"}},
		{"/v1/quotes", lines(`"quantity":"1","price":1e3`), "invalid_request", []string{"/lines/1/price"}},
		{"/v1/quotes", lines(`"quantity":"1","price":true`), "invalid_request", []string{"/lines/1/price"}},
		{"/v1/quotes", lines(`"quantity":" 1","price":"1"`), "invalid_request", []string{"/lines/1/quantity"}},
		{"/v1/quotes", lines(`"price":"1"`), "invalid_request", []string{"/lines/1/quantity"}},
		{"/v1/quotes", lines(`"quantity":null,"price":null`), "invalid_request", []string{"/lines/1/quantity", "/lines/1/price"}},
		{"/v1/quotes", lines(`"quantity":"0","price":"1"`), "invalid_request", []string{"/lines/1/quantity"}},
		{"/v1/quotes", lines(`"quantity":"-1","price":"-0.01","discount":"-1"`), "invalid_request", []string{"/lines/1/quantity", "/lines/1/price", "/lines/1/discount"}},
		{"/v1/quotes", lines(`"quantity":"0.0001","price":"1.00001","discount":"0.001"`), "invalid_request", []string{"/lines/1/quantity", "/lines/1/price", "/lines/1/discount"}},
		{"/v1/quotes", lines(`"quantity":"99999999999","price":"999999999999999999999999"`), "invalid_request", []string{"/lines/1/quantity", "/lines/1/price"}},
		{"/v1/quotes", lines(`"quantity":"1","price":"1","discount":"2"`), "invalid_request", []string{"/lines/1/discount"}},
		{"/v1/quotes", lines(`"sku":" x",` + line), "invalid_request", []string{"/lines/1/sku"}},
		{"/v1/quotes", lines(`"sku":"a  b",` + line), "invalid_request", []string{"/lines/1/sku"}},
		{"/v1/quotes", lines(`"sku":"a\u0000b",` + line), "invalid_request", []string{"/lines/1/sku"}},
		{"/v1/quotes", lines(`"sku":"` + strings.Repeat("ж", 101) + `","name":"` + strings.Repeat("n", 201) + `",` + line), "invalid_request", []string{"/lines/1/sku", "/lines/1/name"}},
		{"/v1/quotes", `{"customer":"abc","redeem":"0.001","reason":"` + strings.Repeat("r", 201) + `"}`, "invalid_request", []string{"/customer", "/redeem", "/reason"}},
		{"/v1/quotes", `{"customer":"+1"}`, "invalid_request", []string{"/customer"}},
		{"/v1/quotes", `{"customer":17}`, "invalid_request", []string{"/customer"}},
		{"/v1/quotes", `{"redeem":"-1"}`, "invalid_request", []string{"/redeem"}},
		{"/v1/quotes", `{"lines":[` + strings.Repeat(`{`+line+`},`, 1000) + `{` + line + `}]}`, "invalid_request", []string{"/lines"}},
		{"/v1/quotes", `[]`, "not_json", nil},
		{"/v1/quotes", `"text"`, "not_json", nil},
		{"/v1/quotes", ` null`, "not_json", nil},

		{"/v1/receipts", sale(`,"sold_at":"yesterday"`), "invalid_request", []string{"/sold_at"}},
		{"/v1/receipts", sale(`,"sold_at":"2026-11-22T10:00:00"`), "invalid_request", []string{"/sold_at"}},
		{"/v1/receipts", sale(`,"sold_at":"0001-01-01T00:00:00Z"`), "invalid_request", []string{"/sold_at"}},
		{"/v1/receipts", `{"total":"1","lines":[{` + line + `}]}`, "invalid_request", []string{"/number"}},
		{"/v1/receipts", `{"number":" 1","total":"1","lines":[{` + line + `}]}`, "invalid_request", []string{"/number"}},
		{"/v1/receipts", `{"number":"` + strings.Repeat("9", 101) + `","total":"1","lines":[{` + line + `}]}`, "invalid_request", []string{"/number"}},
		{"/v1/receipts", `{"number":"1","lines":[{` + line + `}]}`, "quote_missing", nil},
		{"/v1/receipts", `{"number":"1","quote":"q1_x","lines":[{` + line + `}]}`, "quote_invalid", []string{"/quote"}},
		{"/v1/receipts", `{"number":"1","total":"0"}`, "receipt_empty", []string{"/lines"}},
		{"/v1/receipts", `{"number":"1","total":"0","lines":[{"void":true,` + line + `}]}`, "receipt_empty", []string{"/lines"}},
		{"/v1/receipts", sale(`,"no_points":true`), "reason_missing", []string{"/reason"}},
		{"/v1/receipts", `{"number":"1","total":"1.001","lines":[{` + line + `}]}`, "invalid_request", []string{"/total"}},

		{"/v1/returns", `{"number":"1"}`, "invalid_request", []string{"/original"}},
		{"/v1/returns", `{"original":"` + sales.Seal(1) + `"}`, "invalid_request", []string{"/number", "/original"}},
		{"/v1/returns/preview", `{"original":"` + sales.Seal(1) + `","lines":[{"position":1}]}`, "invalid_request", []string{"/lines/0/quantity", "/original"}},
		{"/v1/returns/preview", `{"original":"1","lines":[{"position":"1","quantity":"1"}]}`, "invalid_request", []string{"/lines/0/position"}},
		{"/v1/returns/preview", `{"original":"x"}`, "invalid_request", []string{"/original"}},

		{"/v1/customers/find", `{}`, "find_by_one", nil},
		{"/v1/customers/find", `{"phone":"1","card":"2"}`, "find_by_one", nil},
		{"/v1/customers/find", `{"phone":"12"}`, "invalid_request", []string{"/phone"}},
		{"/v1/customers/find", `{"email":"no"}`, "invalid_request", []string{"/email"}},
		{"/v1/customers/find", `{"last_digits":"12"}`, "last_digits", []string{"/last_digits"}},
		{"/v1/customers/find", `{"last_digits":"34567"}`, "last_digits", []string{"/last_digits"}}, // a mask is not read digit by digit
		{"/v1/customers/find", `{"last_digits":"123x"}`, "last_digits", []string{"/last_digits"}},
		{"/v1/customers/find", `{"identifier":"\u0000"}`, "invalid_request", []string{"/identifier"}},
		{"/v1/customers", `{"first_name":"Aziza"}`, "identifier_missing", []string{"/phone"}},
		{"/v1/customers", `{"phone":"+998 90","email":"a@"}`, "invalid_request", []string{"/phone", "/email"}},
		{"/v1/customers", `{"card":"1","sex":"x","born":"1990-02-30","language":"??"}`, "invalid_request", []string{"/sex", "/born", "/language"}},
		{"/v1/customers", `{"phone":"1","sex":"x","consents":[{"channel":"fax","purpose":"data"}]}`, "invalid_request", []string{"/phone", "/consents/0/given", "/sex", "/consents/0/channel"}},
		{"/v1/customers", `{"card":"1","consents":[{"channel":"sms","purpose":"marketing","wording":"3"}]}`, "invalid_request", []string{"/consents/0/given"}},
		{"/v1/customers", `{"card":"1","consents":[{"channel":"sms","purpose":"marketing","given":null}]}`, "invalid_request", []string{"/consents/0/given"}},
		{"/v1/quotes", `{"redeem":"0.001","lines":[{"quantity":"1","price":"1","discount":"2"}]}`, "invalid_request", []string{"/redeem", "/lines/0/discount"}},
		{"/v1/customers", `{"card":"1","consents":[{"channel":"fax","purpose":"fun","given":true}]}`, "invalid_request", []string{"/consents/0/channel", "/consents/0/purpose", "/consents/0/wording"}},
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.appended()
		for _, tt := range tests {
			a := s.post(tt.path, tt.body)
			a.problem(http.StatusUnprocessableEntity, tt.code, tt.pointers...)
			if strings.Contains(a.text, "Go ") || strings.Contains(a.text, "json:") {
				t.Errorf("%.80s: the program shows in %s", tt.body, a.text)
			}
		}
		s.post("/v1/returns", `{"number":"1","original":"`+sales.Seal(12345)+`"}`).problem(http.StatusNotFound, "receipt_not_found", "/original")
		for path, code := range map[string]string{
			"/v1/customers/0": "customer_not_found", "/v1/customers/x/balance": "customer_not_found", "/v1/customers/" + people.Seal(9) + "/receipts": "customer_not_found",
			"/v1/customers/" + people.Seal(9) + "/entries": "customer_not_found", "/v1/receipts/" + sales.Seal(9): "receipt_not_found", "/v1/receipts/x": "receipt_not_found",
		} {
			s.get(path).problem(http.StatusNotFound, code)
		}
		who := s.register("+998901234567")
		s.appended()
		for path, pointer := range map[string]string{
			"/v1/receipts": "number", "/v1/receipts?number=%00": "number", "/v1/receipts?number=%ff": "number", "/v1/products?query=%00": "query", "/v1/products?query=%ff%fe": "query", "/v1/receipts?number=1&kind=gift": "kind", "/v1/products?limit=201": "limit", "/v1/products?serch=tea": "serch", "/v1/till?number=1": "number", "/v1/products?limit=x": "limit",
			"/v1/products?cursor=x": "cursor", "/v1/customers/" + who + "/receipts?cursor=AAAA": "cursor", "/v1/customers/" + who + "/entries?cursor=%20": "cursor",
		} {
			for _, lang := range i18n.Codes() {
				a := s.do(call{method: http.MethodGet, path: path, headers: []string{"Accept-Language", lang}})
				if a.problem(http.StatusUnprocessableEntity, a.words("code"), pointer); !strings.Contains(a.words("detail"), pointer) {
					t.Errorf("%s: the detail does not name it: %s", path, a.text)
				}
			}
		}
		s.get("/v1/receipts?kind=gift").problem(http.StatusUnprocessableEntity, "invalid_request", "number", "kind").
			has("detail", "number is missing; kind must be sale or return")
		s.get("/v1/products?query=%27%3B--").is(http.StatusOK)
		if got := s.appended(); got != "" {
			t.Errorf("refused calls appended %q", got)
		}
		if s.Log.String() != "" {
			t.Errorf("refused calls are logged as faults of ours: %s", s.Log)
		}
	})
}

// What is returned must be there: the line, and as much of it.
func TestReturnsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		id := s.post("/v1/receipts", `{"number":"1","total":"64000",`+basket+`}`).is(http.StatusCreated).words("id")
		of := func(lines string) string { return `{"number":"2","original":"` + id + `","lines":[` + lines + `]}` }
		s.post("/v1/returns", of(`{"position":3,"quantity":"1"}`)).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/0/position")
		s.post("/v1/returns", of(`{"position":1,"quantity":"1"},{"position":1,"quantity":"1"}`)).problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/1/position")
		s.post("/v1/returns", of(`{"position":1,"quantity":"2.001"}`)).problem(http.StatusConflict, "too_many_returned", "/lines/0/quantity")
		// Whatever is wrong is named at once, of every line.
		several := `{"position":1,"quantity":"2.001"},{"position":9,"quantity":"1"},{"position":2,"quantity":"7"},{"position":0,"quantity":"-1"}`
		for _, path := range []string{"/v1/returns", "/v1/returns/preview"} {
			body := of(several)
			if path != "/v1/returns" {
				body = strings.Replace(body, `"number":"2",`, "", 1)
			}
			s.post(path, body).problem(http.StatusUnprocessableEntity, "invalid_request",
				"/lines/3/quantity", "/lines/0/quantity", "/lines/1/position", "/lines/2/quantity", "/lines/3/position")
		}
		s.post("/v1/returns", of(`{"position":1,"quantity":"2.001"},{"position":9,"quantity":"1"}`)).
			problem(http.StatusUnprocessableEntity, "invalid_request", "/lines/0/quantity", "/lines/1/position")
		s.post("/v1/returns", of(`{"position":1,"quantity":"2.001"},{"position":2,"quantity":"7"}`)).
			problem(http.StatusConflict, "too_many_returned", "/lines/0/quantity", "/lines/1/quantity").
			has("detail", "/lines/0/quantity Only 2 of the line is left to return; /lines/1/quantity Only 1 of the line is left to return", "errors.1.args.left", "1.000")
		back := s.post("/v1/returns", of(`{"position":1,"quantity":"2"}`)).is(http.StatusCreated).words("id")
		s.post("/v1/returns", `{"number":"3","original":"`+back+`"}`).problem(http.StatusUnprocessableEntity, "not_a_sale", "/original")
	})
}

// Bodies that are none, too large, of another kind, or never end.
func TestBodiesThatAreNone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		for _, body := range []string{`{`, `{"lines":[}`, `nonsense`, `{} {}`, `{"customer":"1",}`, "{\"reason\":\"\xff\"}", `{"reason":"\ud800"}`, strings.Repeat(`[`, 20_000)} {
			s.post("/v1/quotes", body).problem(http.StatusUnprocessableEntity, "not_json")
		}
		s.do(call{method: http.MethodPost, path: "/v1/quotes"}).problem(http.StatusUnprocessableEntity, "body_missing")
		large := `{"reason":"` + strings.Repeat("r", 256<<10) + `"}`
		s.post("/v1/quotes", large).problem(http.StatusRequestEntityTooLarge, "body_too_large")
		s.do(call{method: http.MethodPost, path: "/v1/quotes", body: "a=b", headers: []string{"Content-Type", "application/x-www-form-urlencoded"}}).
			problem(http.StatusUnprocessableEntity, "media_type")
		s.do(call{method: http.MethodPost, path: "/v1/quotes", body: "{}", headers: []string{"Content-Type", "Application/JSON; charset=utf-8"}}).is(http.StatusOK)

		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/quotes", io.MultiReader(strings.NewReader(`{"lines":`), broken{}))
		r.Header.Set("Authorization", "Bearer "+s.keys[0])
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		answer{t, w.Code, w.Header(), w.Body.String()}.problem(http.StatusUnprocessableEntity, "body_cut")

		for asked, allowed := range map[string]string{"GET /v1/quotes": "POST", "DELETE /v1/till": "GET", "PUT /v1/receipts": "GET, POST"} {
			method, path, _ := strings.Cut(asked, " ")
			a := s.do(call{method: method, path: path, key: "-"})
			a.problem(http.StatusMethodNotAllowed, "method_not_allowed").has("type", "/docs#method_not_allowed")
			if got := a.header.Get("Allow"); got != allowed {
				t.Errorf("%s: Allow is %q, want %q", asked, got, allowed)
			}
		}
		for _, path := range []string{"/v1", "/v1/", "/v1/nothing", "/v1/receipts/1/2"} {
			s.do(call{method: http.MethodGet, path: path, headers: []string{"Accept", "text/html", "Accept-Language", "ru"}}).
				problem(http.StatusNotFound, "page_not_found").has("type", "/docs#page_not_found", "detail", "По этому адресу вызова нет. Какие есть, сказано в /docs.")
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A key that asks too often is told how long to wait; others are not held up.
func TestRateIsLimitedByKey(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{api: func(c *api.Config) { c.Rate, c.Burst = 1, 3 }})
	for range 3 {
		s.get("/v1/till").is(http.StatusOK)
	}
	a := s.get("/v1/till").problem(http.StatusTooManyRequests, "too_many_requests")
	if wait := a.header.Get("Retry-After"); wait != "1" {
		t.Errorf("Retry-After is %q, want 1", wait)
	}
	s.do(call{method: http.MethodGet, path: "/v1/till", till: 1}).is(http.StatusOK)
	s.Clock.Advance(time.Second)
	s.get("/v1/till").is(http.StatusOK)
}

// Keys that are made up count by the address that tries them, which is told how
// long to wait before anybody looks them up; tills beside it, behind the same
// address, are not held up, until a key of theirs is good no more.
func TestMadeUpKeysCountByAddress(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.get("/v1/till").is(http.StatusOK)
		held := 0
		for i := range 300 {
			bad := s.do(call{method: http.MethodGet, path: "/v1/till", key: fmt.Sprintf("rg_%026d", i)})
			if bad.status == http.StatusTooManyRequests {
				if held++; bad.header.Get("Retry-After") == "" {
					t.Fatal("nothing says how long to wait")
				}
			} else {
				bad.problem(http.StatusUnauthorized, "till_key_invalid")
			}
		}
		if held < 90 {
			t.Errorf("of 300 made-up keys %d were held back", held)
		}
		s.get("/v1/till").is(http.StatusOK)
		check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE till_keys SET revoked_at = 1 WHERE till_id = $1`, int64(s.tills[0].ID))
			return err
		}))
		s.Clock.Advance(10 * time.Second) // the address has its allowance back, and the key is looked up again
		for range 300 {
			if s.get("/v1/till").status == http.StatusTooManyRequests {
				return
			}
		}
		t.Error("a key that was revoked may be tried for ever")
	})
}

// Words come in the language that is asked for: texts and errors.
func TestWordsComeInTheLanguageAsked(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		who := s.register("+998901234567")
		ask := func(lang, more string) answer {
			return s.do(call{method: http.MethodPost, path: "/v1/quotes", headers: []string{"Accept-Language", lang},
				body: `{"customer":"` + who + `",` + basket + more + `}`})
		}
		for lang, want := range map[string][]string{
			"ru-RU,ru;q=0.9,en;q=0.8": {
				"Уровень Start; до уровня Silver осталось 1\u202f000\u202f000\u00a0сум", "Можно списать: 10\u202f000 баллов, это все доступные.",
				"Баллами: 500 баллов (500\u00a0сум)", "За этот чек: 635 баллов, доступны с 06.12.2026, действуют до 05.12.2027",
			},
			"uz": {
				"Daraja: Start; Silver darajasigacha 1\u202f000\u202f000\u00a0soʻm qoldi", "Sarflash mumkin: 10\u202f000 ball, bu hamma mavjudi.",
				"Ball bilan: 500 ball (500\u00a0soʻm)", "Bu chek uchun: 635 ball, 06.12.2026\u00a0dan mavjud, 05.12.2027\u00a0gacha amal qiladi",
			},
			"en": {
				"Level Start; 1,000,000\u00a0soum more to Silver", "Can be paid with points: up to 10,000 points, all there are.",
				"With points: 500 points, worth 500\u00a0soum", "For this receipt: 635 points, available from 6 Dec 2026, good until 5 Dec 2027",
			},
		} {
			a := ask(lang, `,"redeem":"500"`).is(http.StatusOK)
			for i, text := range want {
				a.has(fmt.Sprintf("texts.cashier.%d", i), text)
			}
			if a.header.Get("Content-Language") != lang[:2] {
				t.Errorf("Content-Language is %q", a.header.Get("Content-Language"))
			}
		}
		ask("ru", `,"redeem":"90000"`).problem(http.StatusConflict, "redeem_too_much", "/redeem").
			has("detail", "На этом чеке можно списать не больше: 10\u202f000 баллов.", "title", "Сейчас это невозможно", "errors.0.args.max", "10000.00")
		ask("en", `,"redeem":"90000"`).problem(http.StatusConflict, "redeem_too_much", "/redeem").
			has("detail", "At most 10,000 points can be redeemed on this receipt.", "title", "Not possible as things stand")
		for lang, detail := range map[string]string{
			"ru": "/lines: Здесь нужно другое: список. Это первая ошибка; что за ней — не читалось.",
			"uz": "/lines: Bu yerda boshqasi kerak: roʻyxat. Bu birinchi xato; undan keyingisi oʻqilmagan.",
			"en": "/lines must be a list. This is the first mistake; what follows it was not read.",
		} {
			s.do(call{method: http.MethodPost, path: "/v1/quotes", headers: []string{"Accept-Language", lang}, body: `{"lines":7,"redeem":true}`}).
				problem(http.StatusUnprocessableEntity, "invalid_request", "/lines").has("detail", detail, "errors.0.args.expected", "list")
		}
		large := `{"reason":"` + strings.Repeat("r", 256<<10) + `"}`
		s.do(call{method: http.MethodPost, path: "/v1/quotes", headers: []string{"Accept-Language", "ru"}, body: large}).
			has("title", "Тело слишком большое", "detail", "Тело больше 256 КБ, а больше здесь не принимается.")
		// What is allowed is said in every language, and to programs.
		for lang, want := range map[string][]string{
			"ru": {"Нужно больше 0.", "Нужно от 0 до 10\u202f000\u202f000\u202f000\u202f000.", "Слишком много знаков после запятой: хранится не больше 2.", "Слишком длинно. Наибольшая длина в знаках: 200."},
			"uz": {"Bundan katta boʻlishi kerak: 0.", "Kamida 0, koʻpi bilan 10\u202f000\u202f000\u202f000\u202f000 boʻlishi kerak.", "Verguldan keyingi raqamlar koʻp: koʻpi bilan 2 ta saqlanadi.", "Juda uzun. Eng koʻp belgi: 200."},
			"en": {"must be more than 0", "must be 0 to 10000000000000", "has more decimals than the 2 that are kept here", "is longer than 200 characters"},
		} {
			a := s.do(call{method: http.MethodPost, path: "/v1/quotes", headers: []string{"Accept-Language", lang},
				body: `{"lines":[{"quantity":"0","price":"1","discount":"-1"}],"redeem":"0.001","reason":"` + strings.Repeat("r", 201) + `"}`}).
				problem(http.StatusUnprocessableEntity, "invalid_request", "/redeem", "/reason", "/lines/0/quantity", "/lines/0/discount")
			a.has("errors.2.detail", want[0], "errors.3.detail", want[1], "errors.0.detail", want[2], "errors.1.detail", want[3],
				"errors.2.args.above", "0", "errors.3.args.min", "0", "errors.3.args.max", "10000000000000", "errors.0.args.n", "2", "errors.1.args.max", "200")
		}
		s.do(call{method: http.MethodGet, path: "/v1/products?limit=201", headers: []string{"Accept-Language", "ru"}}).has("detail", "limit: Нужно от 1 до 200", "errors.0.detail", "Нужно от 1 до 200.", "errors.0.args.min", "1", "errors.0.args.max", "200")
		ask("ru", `,"rdeem":"1"`).problem(http.StatusUnprocessableEntity, "invalid_request", "/rdeem").has("errors.0.detail", "Такого поля нет.")
	})
}

// A bad day is told as what it is: what was not recorded, and what may have
// been.
func TestBadDaysAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		sale := `{"number":"1","total":"64000",` + basket + `}`
		s.Clock.Advance(3 * time.Second)
		s.get("/v1/till").is(http.StatusOK) // the key is known now

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { // no sale is answered before its caller has gone
			if d.Postgres() {
				if _, err := tx.Exec(ctx, `LOCK TABLE receipts`); err != nil {
					return err
				}
			}
			for range 8 { // it may be seen before or after the call is in the queue
				s.do(call{method: http.MethodPost, path: "/v1/receipts", body: sale, ctx: gone}).problem(http.StatusServiceUnavailable, "outcome_unknown")
			}
			return nil
		}))
		for range 8 {
			a := s.do(call{method: http.MethodPost, path: "/v1/quotes", body: `{` + basket + `}`, ctx: gone})
			if a.status != http.StatusOK { // it was priced before anybody saw that the caller has gone
				a.problem(http.StatusServiceUnavailable, "timeout")
			}
		}
		s.Clock.Advance(time.Minute) // the key is looked up anew, and there is no time for it
		s.do(call{method: http.MethodGet, path: "/v1/till", ctx: gone}).problem(http.StatusServiceUnavailable, "timeout")

		s.Receipts.Close() // the program is ending
		a := s.post("/v1/receipts", sale).problem(http.StatusServiceUnavailable, "database_unavailable")
		if a.header.Get("Retry-After") != "1" {
			t.Error("nothing says when to try again")
		}
		if !strings.Contains(s.Log.String(), "call failed") || strings.Contains(s.Log.String(), "12000") {
			t.Errorf("the log says %s", s.Log)
		}
	})
}

// A file that another program has locked: the till is told that nothing was
// changed, well before its call's time is over, and the call sent again is done.
func TestLockedFileIsToldInTime(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite)
	s := newSite(t, dbtest.OpenConfig(t, cfg), options{})
	sale := `{"number":"1","total":"12000","lines":[{"sku":"milk-1","quantity":"1","price":"12000"}]}`
	check(t, dbtest.OpenConfig(t, cfg).Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE settings SET value = value`); err != nil {
			return err
		}
		a := s.post("/v1/receipts", sale).problem(http.StatusServiceUnavailable, "database_busy")
		if a.header.Get("Retry-After") == "" {
			t.Error("nothing says when to try again")
		}
		s.post("/v1/quotes", `{"lines":[{"sku":"milk-1","quantity":"1","price":"12000"}]}`).is(http.StatusOK)
		return nil
	}))
	s.post("/v1/receipts", sale).is(http.StatusCreated)
}
