package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/surface/web/webtest"
)

// The page shows every call, every field and every error, in every language,
// and needs nothing from anywhere else.
func TestDocsPageShowsEverything(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	words := map[string][]string{
		"en": {"Till API", "Price a basket", "When it came back; left out: now.", "The receipt&#39;s time is more than 72 hours ago."},
		"ru": {"API кассы", "Рассчитать корзину", "Когда возвращено; нет — сейчас.", "Время чека — больше 72 часов назад."},
		"uz": {"Kassa API", "Savatni hisoblash", "Qachon qaytarilgan; boʻlmasa — hozir.", "Chek vaqtidan 72 soatdan koʻp oʻtgan."},
	}
	for _, lang := range i18n.Codes() {
		a := s.do(call{method: http.MethodGet, path: "/docs", key: "-", headers: []string{"Accept", "text/html", "Accept-Language", lang}}).is(http.StatusOK)
		if err := webtest.Markup(lang, a.text); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
		if !strings.Contains(a.text, "http://example.com/v1/till</code>") || strings.Contains(a.text, "localhost") {
			t.Errorf("%s: the sample call is not of this server", lang)
		}
		if len(words[lang]) == 0 {
			t.Errorf("%s: add words that the page says", lang)
		}
		for _, w := range words[lang] {
			if !strings.Contains(a.text, w) {
				t.Errorf("%s: the page does not say %q", lang, w)
			}
		}
		for path, item := range s.contract.paths {
			for _, op := range item {
				id := op.(map[string]any)["operationId"].(string)
				if !strings.Contains(a.text, `<section id="`+id+`"`) {
					t.Errorf("%s: %s is not on the page", lang, path)
				}
			}
		}
		for _, code := range []string{"quote_changed", "redeem_too_much", "key_missing", "too_many_requests", "outcome_unknown", "page_not_found", "method_not_allowed"} {
			if !strings.Contains(a.text, `<tr id="`+code+`"`) {
				t.Errorf("%s: %s is not among the errors", lang, code)
			}
		}
		for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(a.text, -1) {
			if !strings.Contains(a.text, ` id="`+m[1]+`"`) {
				t.Errorf("%s: #%s leads nowhere", lang, m[1])
			}
		}
		if strings.Contains(a.text, "//cdn") || strings.Contains(a.text, "unpkg") {
			t.Errorf("%s: something comes from another host", lang)
		}
	}
}

// The API has words of its own only for errors that it documents.
func TestOwnWordsAreOfErrorsThatAreDocumented(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	page := s.do(call{method: http.MethodGet, path: "/docs", key: "-", headers: []string{"Accept", "text/html"}}).is(http.StatusOK).text
	documented := regexp.MustCompile(`<tr id="([a-z_]+)"`).FindAllStringSubmatch(page, -1)
	ofFields := []string{"wrong_type", "bad_birthday", "unknown_language_code"}
	for key := range documentation(t) {
		code, own := strings.CutPrefix(key, "api.error.")
		if own && !slices.Contains(ofFields, code) && !slices.ContainsFunc(documented, func(id []string) bool {
			return code == id[1] || strings.HasPrefix(code, id[1]+"_") // and the names of its figures
		}) {
			t.Errorf("%s is of no error that is documented", key)
		}
	}
}

// A real browser shows the page under the content security policy, on every
// screen.
func TestBrowserShowsTheDocs(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	srv := httptest.NewServer(s.handler)
	t.Cleanup(srv.Close)
	b := webtest.Open(t)
	for name, look := range map[string]webtest.Look{"phone": webtest.Phone, "tablet": webtest.Tablet, "wide": webtest.Wide} {
		for _, lang := range i18n.Codes() {
			for _, dark := range []bool{false, true} {
				look.Language, look.Dark = lang, dark
				b.Look(look)
				for _, part := range []string{"", "quote", "type-Receipt", "problems"} {
					b.Go(srv.URL + "/docs?" + fmt.Sprint(name, lang, dark) + "#" + part)
					b.Wait(`document.readyState === "complete"`)
					b.Shot(fmt.Sprintf("docs-%s-%s-%s-%v", part, name, lang, dark))
				}
				b.Usable(fmt.Sprintf("docs, %s, %s, dark %v", name, lang, dark))
			}
		}
	}
	b.Look(webtest.Phone)
	b.Go(srv.URL + "/docs?menu")
	b.Wait(`document.querySelector(".docs-nav").offsetHeight < 100`) // it leaves the screen to the text
	b.Click(".docs-toggle label")
	b.Click(`a[href="#record"]`)
	b.Wait(`location.hash === "#record" && Math.abs(document.querySelector("#record").getBoundingClientRect().top) < 100`)
	b.Look(webtest.Look{Width: 1440, Height: 900, Language: "en"})
	b.Go(srv.URL + "/docs")
	b.Click(`a[href="#record"]`)
	b.Wait(`location.hash === "#record" && document.querySelector("#record").getBoundingClientRect().top < 100`)
	b.See("Record a sale", "1-000123")
	b.Wait(`document.querySelector(".docs-nav").getBoundingClientRect().top === 0`) // it stays
}
