package web_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/limit"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
	"regulars/internal/surface/web/webtest"
)

func TestPagesRender(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	for path, who := range map[string]staff.ID{"/customers?q=1": d.owner, "/card": d.owner, "/sign-in": 0, "/nowhere": 0} {
		for _, lang := range i18n.Codes() {
			if err := webtest.Markup(lang, d.do(t, who, get(path, "Accept-Language", lang)).Body.String()); err != nil {
				t.Errorf("%s, %s: %v", path, lang, err)
			}
		}
	}
}

func TestKindsBecomeStatuses(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	for kind, want := range map[errs.Kind]int{
		errs.Invalid: 422, errs.Unauthorized: 401, errs.Forbidden: 403, errs.NotFound: 404, errs.Conflict: 409,
		errs.Reused: 422, errs.TooLarge: 413, errs.TooMany: 429, errs.Unavailable: 503, errs.Internal: 500, "new": 500,
	} {
		rec := d.do(t, 0, get("/wrong/"+string(kind), "Accept", "application/json", "Accept-Language", "ru"))
		var p web.Problem
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Fatalf("%s: %v in %s", kind, err, rec.Body)
		}
		if rec.Code != want || p.Status != want || p.Code != "demo_code" || p.Detail != "Demo." || p.RequestID == "" {
			t.Errorf("%s: status %d, problem %+v", kind, rec.Code, p)
		}
		if got := rec.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: content type %s", kind, got)
		}
	}
}

func TestProblemHidesCausesAndNamesFields(t *testing.T) {
	t.Parallel()
	p := web.ProblemOf(fmt.Errorf("outer: %w", errors.New("password=hunter2")), nil)
	if p.Status != 500 || strings.Contains(p.Detail, "hunter2") {
		t.Errorf("problem of our own mistake: %+v", p)
	}
	var l errs.List
	l.Add("/lines/0/quantity", "out_of_range", "must be at least %d", 1).With("min", 1)
	p = web.ProblemOf(l.Err(), nil)
	if p.Status != 422 || len(p.Errors) != 1 || p.Errors[0].Pointer != "/lines/0/quantity" || p.Errors[0].Code != "out_of_range" || p.Errors[0].Detail != "must be at least 1" || p.Errors[0].Args["min"] != "1" {
		t.Errorf("problem of a wrong field: %+v", p)
	}
	en, ru := words(t).For("en"), words(t).For("ru")
	if p := web.ProblemOf(l.Err(), ru); p.Errors[0].Detail != "Нужно не меньше 1." {
		t.Errorf("a limit in Russian: %+v", p.Errors)
	}
	l = errs.List{}
	l.Add("/name", "too_long", "has more than 64 characters")
	l.Add("/login", "required", "is needed")
	if p := web.ProblemOf(l.Err(), en); p.Errors[0].Detail != "has more than 64 characters" || p.Errors[1].Detail != "This is needed." {
		t.Errorf("fields in English: %+v", p.Errors)
	}
	if p := web.ProblemOf(l.Err(), ru); p.Errors[0].Detail != "Слишком длинно." {
		t.Errorf("fields in Russian: %+v", p.Errors)
	}
	if p := web.ProblemOf(limit.ErrSlowDown.With("seconds", int64(3)), ru); p.Title != "Слишком много запросов" || !strings.Contains(p.Detail, "3 с") {
		t.Errorf("in Russian: %+v", p)
	}
}

func TestErrorsForPeopleAndPrograms(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	tests := map[string]struct {
		req    *http.Request
		status int
		body   string
		header map[string]string
	}{
		"a page for people":                          {get("/nowhere", "Accept-Language", "ru"), 404, "По этому адресу ничего нет", nil},
		"json for programs":                          {get("/nowhere", "Accept", "*/*"), 404, `"code":"page_not_found"`, nil},
		"the API is for programs, whatever they say": {get("/v1/nowhere"), 404, `"code":"page_not_found"`, nil},
		"a method that is not taken": {
			httptest.NewRequest(http.MethodDelete, "/customers", nil), 405, "cannot be used in this way", map[string]string{"Allow": "GET, HEAD"},
		},
		"a part of a page goes to the messages": {
			get("/wrong/not_found", "HX-Request", "true"), 404, `class="alert`,
			map[string]string{"HX-Retarget": "#flash", "HX-Push-Url": "false", "HX-Reselect": ".alert"},
		},
		"a panic": {get("/panic"), 500, "Something went wrong", nil},
		"sign in first": {
			get("/customers?q=a%20b"), 303, "", map[string]string{"Location": "/sign-in?next=%2Fcustomers%3Fq%3Da%2520b"},
		},
		"sign in first, in a part of a page": {
			get("/customers", "HX-Request", "true", "HX-Current-URL", "http://example.com/customers?q=1"), 200, "",
			map[string]string{"HX-Redirect": "/sign-in?next=%2Fcustomers%3Fq%3D1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := d.do(t, 0, tt.req)
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.body) {
				t.Errorf("%d %s, want %d with %q", rec.Code, rec.Body, tt.status, tt.body)
			}
			for k, v := range tt.header {
				if got := rec.Header().Get(k); got != v {
					t.Errorf("%s: %q, want %q", k, got, v)
				}
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	if rec := d.do(t, d.owner, get("/customers")); rec.Code != 200 || !strings.Contains(rec.Body.String(), `href="/stores"`) {
		t.Errorf("the owner: %d", rec.Code)
	}
	rec := d.do(t, d.cashier, get("/customers"))
	if rec.Code != 403 || !strings.Contains(rec.Body.String(), "Ask the owner") {
		t.Errorf("a cashier: %d %s", rec.Code, rec.Body)
	}
	if strings.Contains(rec.Body.String(), `href="/stores"`) {
		t.Error("a cashier sees what he may not open")
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	h := d.do(t, 0, get("/sign-in")).Header()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		"Referrer-Policy": "same-origin", "Strict-Transport-Security": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy: %s", csp)
	}
	req := get("/sign-in")
	req.TLS = &tls.ConnectionState{}
	if got := d.do(t, 0, req).Header().Get("Strict-Transport-Security"); got == "" {
		t.Error("no Strict-Transport-Security over TLS")
	}
}

func TestCrossOriginChangesAreRefused(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "": 200} {
		req := httptest.NewRequest(http.MethodPost, "/echo", strings.NewReader("x"))
		if site != "" {
			req.Header.Set("Sec-Fetch-Site", site)
		}
		if rec := d.do(t, 0, req); rec.Code != want {
			t.Errorf("%q: %d, want %d", site, rec.Code, want)
		}
	}
	req := httptest.NewRequest(http.MethodPost, "/echo", strings.NewReader("x"))
	req.Header.Set("Origin", "https://evil.example")
	if rec := d.do(t, 0, req); rec.Code != 403 {
		t.Errorf("an old browser on another site: %d", rec.Code)
	}
}

func TestBodySize(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	post := func(path string, size int) int {
		return d.do(t, 0, httptest.NewRequest(http.MethodPost, path, bytes.NewReader(make([]byte, size)))).Code
	}
	for _, tt := range []struct {
		path       string
		size, want int
	}{
		{"/echo", 1 << 20, 200}, {"/echo", 1<<20 + 1, 413}, {"/large", 2 << 20, 200}, {"/large", 2<<20 + 1, 413},
	} {
		if got := post(tt.path, tt.size); got != tt.want {
			t.Errorf("%d bytes to %s: %d, want %d", tt.size, tt.path, got, tt.want)
		}
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDemo(t, nil)
		began := time.Now()
		rec := d.do(t, 0, get("/slow", "Accept", "application/json"))
		if rec.Code != 503 || !strings.Contains(rec.Body.String(), `"code":"timeout"`) {
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("given up after %s", took)
		}
	})
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	if got := d.do(t, 0, get("/sign-in", "X-Request-Id", "till-7.42")).Header().Get("X-Request-Id"); got != "till-7.42" {
		t.Errorf("the caller's id became %q", got)
	}
	for _, bad := range []string{"a b", strings.Repeat("x", 65), "ы", "\"}"} {
		if got := d.do(t, 0, get("/sign-in", "X-Request-Id", bad)).Header().Get("X-Request-Id"); got == bad || len(got) != 16 {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

// The log says what happened without saying to whom.
func TestAccessLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	req := get("/customers?q=%2B998901234567", "X-Request-Id", "abc")
	req.RemoteAddr = "203.0.113.9:1234"
	d.do(t, d.owner, req)
	line := d.log.String()
	for _, secret := range []string{"998901234567", "203.0.113.9", "Азиза", "regulars_session"} {
		if strings.Contains(line, secret) {
			t.Errorf("the log holds %q: %s", secret, line)
		}
	}
	for _, want := range []string{`"request_id":"abc"`, `"route":"GET /customers"`, `"status":200`} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %s: %s", want, line)
		}
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	d.do(t, 0, get("/wrong/conflict", "Accept", "application/json"))
	d.do(t, 0, get("/wrong/not_found", "Accept", "application/json"))
	d.do(t, 0, get("/a/b/c"))
	d.do(t, 0, httptest.NewRequest("BREW", "/sign-in", nil))
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "regulars_http_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetValue())
			}
			got[strings.Join(labels, "|")] = m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{
		"GET|GET /wrong/{kind}|404": 1,
		"GET|GET /wrong/{kind}|409": 1,
		"GET|other|404":             1,
		"other|other|405":           1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil, func(o *web.Options) { o.IPRate, o.IPBurst = 2, 3 })
	from := func(ip, key string) *httptest.ResponseRecorder {
		req := get("/sign-in", "Accept", "application/json")
		req.RemoteAddr = ip + ":999"
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		return d.do(t, 0, req)
	}
	for range 3 {
		if rec := from("10.0.0.1", ""); rec.Code != 200 {
			t.Fatalf("within the burst: %d", rec.Code)
		}
	}
	rec := from("10.0.0.1", "")
	if rec.Code != 429 || rec.Header().Get("Retry-After") != "1" {
		t.Errorf("over the burst: %d, Retry-After %q", rec.Code, rec.Header().Get("Retry-After"))
	}
	if rec := from("10.0.0.2", ""); rec.Code != 200 {
		t.Errorf("another address: %d", rec.Code)
	}
	if rec := from("10.0.0.1", "key"); rec.Code != 429 {
		t.Errorf("a page asked for with a key: %d", rec.Code)
	}
	d.KeyedBy(func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer good" })
	for key, held := range map[string]bool{"Bearer good": false, "Bearer made up": true, "Basic eDp5": true, "": true} {
		call := get("/v1/till", "Authorization", key)
		call.RemoteAddr = "10.0.0.1:999"
		if rec := d.do(t, 0, call); (rec.Code == 429) != held {
			t.Errorf("a call with %q is answered %d", key, rec.Code)
		}
	}
	d.clock.Advance(time.Second)
	if rec := from("10.0.0.1", ""); rec.Code != 200 {
		t.Errorf("a second later: %d", rec.Code)
	}
}

func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil, func(o *web.Options) {
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	mux := http.NewServeMux()
	mux.Handle("GET /ip", d.Handle(func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, web.Client(r).IP)
		return err
	}))
	mux.Handle("GET /origin", d.Handle(func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, web.Origin(r))
		return err
	}))
	h := d.Middleware(mux)
	for _, tt := range []struct{ remote, proto, want string }{
		{"203.0.113.9:1", "https", "http://example.com"}, // not trusted: whatever it says
		{"10.0.0.1:1", "https", "https://example.com"},
		{"10.0.0.1:1", "http", "http://example.com"},
		{"10.0.0.1:1", "", "http://example.com"},
	} {
		req := get("/origin", "X-Forwarded-Proto", tt.proto)
		req.RemoteAddr = tt.remote
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if got := rec.Body.String(); got != tt.want {
			t.Errorf("%s over %q: links begin with %s, want %s", tt.remote, tt.proto, got, tt.want)
		}
	}
	for _, tt := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"}, // not trusted: whatever it says
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "1.1.1.1, 198.51.100.1, 10.2.3.4", "198.51.100.1"},
		{"10.0.0.1:1", "garbage", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:1", "2001:db8::1", "2001:db8::1"},
	} {
		req := get("/ip", "X-Forwarded-For", tt.forwarded)
		req.RemoteAddr = tt.remote
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if got := rec.Body.String(); got != tt.want {
			t.Errorf("%s for %q: %s, want %s", tt.remote, tt.forwarded, got, tt.want)
		}
	}
}

func TestLanguageAndTheme(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	lang := func(id staff.ID, req *http.Request) string {
		m := regexp.MustCompile(`<html lang="(\w+)" class="theme-(\w+)"`).FindStringSubmatch(d.do(t, id, req).Body.String())
		return m[1] + " " + m[2]
	}
	withCookie := func(req *http.Request, name, value string) *http.Request {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
		return req
	}
	if got := lang(0, get("/sign-in")); got != "en auto" {
		t.Errorf("nobody asked: %s", got)
	}
	if got := lang(0, get("/sign-in", "Accept-Language", "de,ru;q=0.5")); got != "ru auto" {
		t.Errorf("the browser's wish: %s", got)
	}
	if got := lang(0, get("/sign-in", "Accept-Language", "uz-UZ,uz;q=0.9,ru;q=0.8")); got != "uz auto" {
		t.Errorf("a browser in Uzbek: %s", got)
	}
	if got := lang(0, withCookie(get("/sign-in", "Accept-Language", "ru"), "lang", "en")); got != "en auto" {
		t.Errorf("the switch: %s", got)
	}
	if got := lang(0, withCookie(get("/sign-in"), "theme", "dark")); got != "en dark" {
		t.Errorf("the theme: %s", got)
	}
	if got := lang(0, withCookie(get("/sign-in"), "theme", "\"><script>")); got != "en auto" {
		t.Errorf("a theme that is none: %s", got)
	}

	form := func(id staff.ID, v url.Values) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, "/preferences", strings.NewReader(v.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return d.do(t, id, req)
	}
	rec := form(d.owner, url.Values{"language": {"ru"}, "back": {"/customers?q=1"}})
	if rec.Code != 303 || rec.Header().Get("Location") != "/customers?q=1" {
		t.Errorf("the switch answers %d to %s", rec.Code, rec.Header().Get("Location"))
	}
	if got := lang(d.owner, withCookie(get("/customers"), "lang", "en")); got != "ru auto" {
		t.Errorf("the account's own setting: %s", got)
	}
	for _, away := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		if got := form(0, url.Values{"theme": {"dark"}, "back": {away}}).Header().Get("Location"); got != "/" {
			t.Errorf("back to %q led to %q", away, got)
		}
	}
	if rec := form(0, url.Values{"language": {"xx"}}); rec.Code != 422 {
		t.Errorf("a language that is none: %d", rec.Code)
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	req := httptest.NewRequest(http.MethodPost, "/sign-in", strings.NewReader("login=a"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.TLS = &tls.ConnectionState{}
	old := &http.Cookie{Name: "regulars_session", Value: "planted-by-somebody-else"}
	req.AddCookie(old)
	rec := d.do(t, 0, req)
	var c *http.Cookie
	for _, x := range rec.Result().Cookies() {
		if x.Name == old.Name && x.MaxAge > 0 {
			c = x
		}
	}
	if c == nil || c.Value == old.Value || len(c.Value) != 43 {
		t.Fatalf("cookie: %v", c)
	}
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 30*24*3600 {
		t.Errorf("cookie: %+v", c)
	}
	in := get("/customers")
	in.AddCookie(c)
	if rec := d.do(t, 0, in); rec.Code != 200 {
		t.Errorf("signed in: %d", rec.Code)
	}
	out := httptest.NewRequest(http.MethodPost, "/sign-out", nil)
	out.AddCookie(c)
	d.do(t, 0, out)
	in = get("/customers")
	in.AddCookie(c)
	if rec := d.do(t, 0, in); rec.Code != 303 {
		t.Errorf("after signing out the old cookie still answers %d", rec.Code)
	}
}

func TestFlashIsShownOnceAndEscaped(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	req := httptest.NewRequest(http.MethodPost, "/card", strings.NewReader(url.Values{"name": {"<b>x</b>"}, "rate": {"1"}}.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := d.do(t, d.owner, req)
	if rec.Code != 303 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	next := get("/customers")
	for _, c := range rec.Result().Cookies() {
		next.AddCookie(c)
	}
	rec = d.do(t, d.owner, next)
	if !strings.Contains(rec.Body.String(), "Saved: &lt;b&gt;x&lt;/b&gt;") {
		t.Error("the message is not on the next page")
	}
	cleared := false
	for _, c := range rec.Result().Cookies() {
		cleared = cleared || (c.Name == "flash" && c.MaxAge < 0)
	}
	if !cleared {
		t.Error("the message stays for a second page")
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	page := d.do(t, 0, get("/sign-in")).Body.String()
	links := regexp.MustCompile(`(?:href|src)="(/assets/[^"#]+)`).FindAllStringSubmatch(page, -1)
	if len(links) < 5 {
		t.Fatalf("the page has %d assets", len(links))
	}
	for _, l := range links {
		rec := d.do(t, 0, get(l[1], "Accept-Encoding", "gzip"))
		if rec.Code != 200 || rec.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %s", l[1], rec.Code, rec.Header().Get("Cache-Control"))
		}
		if rec.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(rec.Body)
			if err != nil {
				t.Fatal(err)
			}
			plain, err := io.ReadAll(z)
			if want := d.do(t, 0, get(l[1])).Body.Bytes(); err != nil || !bytes.Equal(plain, want) {
				t.Errorf("%s: packed and plain differ (%v)", l[1], err)
			}
		}
		if rec := d.do(t, 0, get(l[1], "If-None-Match", rec.Header().Get("ETag"))); rec.Code != 304 || rec.Body.Len() > 0 {
			t.Errorf("%s again: %d", l[1], rec.Code)
		}
	}
	if rec := d.do(t, 0, get("/assets/app.css")); rec.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("a plain name may be kept: %s", rec.Header().Get("Cache-Control"))
	}
	if rec := d.do(t, 0, get("/assets/../web.go")); rec.Code == 200 {
		t.Error("a path leads out of the assets")
	}
	if rec := d.do(t, 0, get("/assets/README.md")); rec.Code != 404 {
		t.Errorf("README.md is served: %d", rec.Code)
	}
}

// What the browser would refuse in silence, and slips in parts of pages, are
// found at start or in the first test.
func TestBadTemplatesAreRefused(t *testing.T) {
	t.Parallel()
	d := newDemo(t, nil)
	for name, tt := range map[string]struct{ text, want string }{
		"a style":       {`{{define "main"}}<p style="color:red">{{end}}`, "policy"},
		"a handler":     {`{{define "main"}}<p onclick="x()">{{end}}`, "policy"},
		"a script":      {`{{define "main"}}<script>x()</script>{{end}}`, "policy"},
		"hx-on":         {`{{define "main"}}<p hx-on:click="x()">{{end}}`, "policy"},
		"a filter":      {`{{define "main"}}<p hx-trigger="click[ctrlKey]">{{end}}`, "policy"},
		"another host":  {`{{define "main"}}<img src="https://cdn.example/x.png">{{end}}`, "policy"},
		"a function":    {`{{define "main"}}{{nothing}}{{end}}`, "nothing"},
		"a layout":      {`{{define "layout"}}baroque{{end}}`, "baroque"},
		"an open block": {`{{define "main"}}`, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := d.Pages(fstest.MapFS{"x.html": {Data: []byte(tt.text)}}, web.Nav{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
	for name, tt := range map[string]struct{ text, want string }{
		"an icon that is none":       {`{{icon "unicorn"}}`, "unicorn"},
		"an asset that is none":      {`{{asset "x.css"}}`, "x.css"},
		"a word that is none":        {`{{t "demo.nowhere"}}`, "demo.nowhere"},
		"an argument left out":       {`{{t "demo.of_all"}}`, "{share}"},
		"a part's argument misspelt": {`{{stat "label" "x" "valeu" "y"}}`, "value"},
		"a part's unknown argument":  {`{{badge "text" "x" "colour" "y"}}`, "colour"},
		"a field without a label":    {`<input id="a">`, "label"},
		"a value that is none":       {`{{(dict).x}}`, "no entry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := d.Pages(fstest.MapFS{"x.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}` + tt.text + `{{end}}`)}}, web.Nav{})
			if err == nil {
				err = webtest.Check(i18n.Codes(), d.Middleware, func(w http.ResponseWriter, r *http.Request) error { return p.Render(w, r, "x", nil) })
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	l := web.LinkOf(get("/customers?q=a+b&state=lost&cursor=abc"))
	for got, want := range map[string]string{
		l.With("state", "").String():                  "/customers?q=a+b",
		l.With("cursor", "def").String():              "/customers?cursor=def&q=a+b&state=lost",
		l.With("sort", "-spent").String():             "/customers?q=a+b&sort=-spent&state=lost",
		web.LinkOf(get("/x")).With("a", "&").String(): "/x?a=%26",
		l.String(): "/customers?cursor=abc&q=a+b&state=lost",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if !l.Is("state", "lost") || l.Is("state", "") || !l.Is("store", "") {
		t.Error("Is does not tell what is chosen")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for kind, want := range map[errs.Kind]bool{errs.Invalid: true, errs.Conflict: true, errs.NotFound: false, errs.Internal: false} {
		if got := web.Refused(fmt.Errorf("sell: %w", errs.New(kind, "odd", "Odd."))); got != want {
			t.Errorf("Refused of %s is %v", kind, got)
		}
	}
	if web.Refused(nil) {
		t.Error("no error is a refusal")
	}
}

func TestFormTakesErrors(t *testing.T) {
	t.Parallel()
	f := web.NewForm(map[string]string{"name": "x", "login": ""})
	err := errs.New(errs.Conflict, "login_taken", "Somebody has this login.").At("/login")
	if back := f.Take(fmt.Errorf("add staff: %w", err)); back != nil || f.Errors["login"] != "Somebody has this login." || f.Alert != "" {
		t.Errorf("%v %+v", back, f)
	}
	if back := f.Take(errs.New(errs.Conflict, "closed", "The store is closed.")); back != nil || f.Alert != "The store is closed." {
		t.Errorf("%v %+v", back, f)
	}
	var l errs.List
	l.Add("/name", "required", "is needed")
	l.Add("/levels/2", "not_rising", "must be more")
	l.Add("/codes/1", "taken", "is another's")
	l.Add("/people/1/value", "unknown", "is not known")
	f = web.NewForm(map[string]string{"name": "", "codes": "", "who": ""})
	f.As("people", "who")
	if back := f.Take(l.Err()); back != nil || f.Errors["name"] != "is needed" || f.Errors["codes"] != "is another's" || f.Errors["who"] != "is not known" || f.Alert != "must be more" {
		t.Errorf("%v %+v", back, f)
	}
	ours := errors.New("disk on fire")
	if back := f.Take(ours); !errors.Is(back, ours) {
		t.Errorf("our own mistake was shown in the form: %v", back)
	}
	if f.OK() {
		t.Error("all is well")
	}
}

// The vendored files are what assets/README.md says they are.
func TestVendoredVersions(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{"assets/htmx.min.js": `version="4.0.1"`, "assets/tabler.min.css": "Tabler v1.6.1"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s does not say %s", file, want)
		}
	}
}

// Wherever a link says to go back to, it is on this host.
func FuzzSafePath(f *testing.F) {
	for _, seed := range []string{"/a?b=c#d", "//evil", `/\\evil`, "https://evil", "/%2f%2fevil", "/\tevil", "", "/a\r\nSet-Cookie: x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := web.SafePath(path)
		base := &url.URL{Scheme: "https", Host: "here.example"}
		u, err := base.Parse(got)
		if got == "/" {
			return
		}
		if err == nil && u.Host != base.Host || strings.ContainsAny(got, "\r\n\t\\") || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") {
			t.Errorf("%q leads to %q", path, got)
		}
	})
}

func BenchmarkRender(b *testing.B) {
	d := newDemo(b, nil, func(o *web.Options) { o.IPBurst = 1e9 })
	mux := http.NewServeMux()
	mux.Handle("GET /customers", d.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return d.pages.Render(w, r, "customers", d.list(r))
	}))
	d.handler = d.Middleware(mux)
	req := get("/customers", "Accept-Language", "ru")
	b.ReportAllocs()
	for b.Loop() {
		if rec := d.do(b, 0, req.Clone(b.Context())); rec.Code != 200 {
			b.Fatal(rec.Code)
		}
	}
}

// Every icon goes out with every page: those that no page shows do not stay.
func TestEveryIconIsUsed(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() && e.Name() == "testdata" {
			return cmp.Or(err, fs.SkipDir)
		}
		if ext := filepath.Ext(path); ext == ".html" || ext == ".go" && !strings.HasSuffix(path, "_test.go") {
			content, err := os.ReadFile(path)
			text.Write(content)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:icon|Icon:|"icon"|or \.icon) +"([a-z0-9-]+)"`).FindAllStringSubmatch(text.String(), -1) {
		used[m[1]] = true
	}
	icons, err := filepath.Glob("assets/icons/*.svg")
	if err != nil || len(icons) == 0 {
		t.Fatalf("there are no icons (%v)", err)
	}
	for _, file := range icons {
		if name := strings.TrimSuffix(filepath.Base(file), ".svg"); !used[name] {
			t.Errorf("no page shows %s: remove it", file)
		}
	}
}
