package webtest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
)

// Check shows a page in each of the languages to somebody who is not signed in,
// and fails where its template does and where Markup would.
func Check(langs []string, middleware func(*http.ServeMux) http.Handler, show func(http.ResponseWriter, *http.Request) error) error {
	for _, lang := range langs {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", lang)
		rec := httptest.NewRecorder()
		var err error
		mux := http.NewServeMux()
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { err = show(w, r) })
		middleware(mux).ServeHTTP(rec, r)
		if err == nil {
			err = Markup(lang, rec.Body.String())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", lang, err)
		}
	}
	return nil
}

var (
	missingWord = regexp.MustCompile(`‹[^›]*›|&lt;no value&gt;|<no value>|ZgotmplZ|\{[a-z_]+\}`)
	inputTag    = regexp.MustCompile(`(?:<label\b[^>]*>\s*)?<(?:input|select|textarea)\b[^>]*>`)
	idOfInput   = regexp.MustCompile(`\sid="([^"]+)"`)
)

// Markup finds in a page what a reviewer would: another language than lang, words
// that are missing, arguments that were left out, fields without a label.
func Markup(lang, html string) error {
	var found []error
	if !strings.Contains(html, `<html lang="`+lang+`"`) {
		found = append(found, errors.New("it is in another language"))
	}
	if m := missingWord.FindString(html); m != "" {
		found = append(found, fmt.Errorf("%s is shown to people", m))
	}
	for _, tag := range inputTag.FindAllString(html, -1) {
		if strings.Contains(tag, `type="hidden"`) || strings.Contains(tag, "aria-label") || strings.HasPrefix(tag, "<label") {
			continue
		}
		id := idOfInput.FindStringSubmatch(tag)
		if id == nil || !strings.Contains(html, `for="`+id[1]+`"`) {
			found = append(found, fmt.Errorf("%s has no label", tag))
		}
	}
	return errors.Join(found...)
}
