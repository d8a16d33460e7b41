package webtest

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Matrix asks every route as every kind of person and compares the answers with
// the table in a file, which is written to be read: a route that is new fails
// until somebody has looked at its row. answer says in a word what one is told;
// update writes the file anew.
func Matrix(t *testing.T, file string, update bool, routes, people []string, answer func(route, person string) string) {
	t.Helper()
	var b strings.Builder
	cell := func(text string) { fmt.Fprintf(&b, " %-9s", text) }
	line := func(route string, cells func(person string) string) {
		fmt.Fprintf(&b, "%-46s", route)
		for _, p := range people {
			cell(cells(p))
		}
		text := strings.TrimRight(b.String(), " ")
		b.Reset()
		b.WriteString(text + "\n")
	}
	line("", func(p string) string { return p })
	for _, r := range routes {
		line(r, func(p string) string { return answer(r, p) })
	}
	if update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("who may open what is not what %s says (-update writes it anew; read what changed):\n%s", file, diff)
	}
}

// Answer asks one request, with the session of somebody or without, and says in
// a word what comes of it: "yes"; "no", which is not theirs to do; "none", where
// they are not told that there is such a thing; "sign-in"; or the status of a
// failure.
func Answer(t *testing.T, method, url, session string, cookies ...*http.Cookie) string {
	t.Helper()
	status, location := ask(t, method, url, "", session, cookies)
	switch {
	case status == http.StatusForbidden:
		return "no"
	case status == http.StatusNotFound:
		return "none"
	case strings.HasPrefix(location, "/sign-in?next="):
		return "sign-in"
	case status >= http.StatusInternalServerError || status == http.StatusTooManyRequests:
		return fmt.Sprint(status)
	}
	return "yes"
}

// ask asks one request; the body of its answer is read by nobody.
func ask(t *testing.T, method, url, form, session string, cookies []*http.Cookie) (status int, location string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if session != "" {
		req.AddCookie(&http.Cookie{Name: "regulars_session", Value: session})
	}
	for _, c := range cookies {
		req.AddCookie(c)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Location")
}

var pathValue = regexp.MustCompile(`\{[^}]*\}`)

// Illegible asks every route for what is no text: it is refused, and never a fault of
// ours.
func Illegible(t *testing.T, routes []string, url, session string, cookies ...*http.Cookie) {
	t.Helper()
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route, " ")
		pattern = url + strings.TrimSuffix(pattern, "{$}")
		path := pathValue.ReplaceAllString(pattern, "1")
		for _, value := range []string{"%00", "%ff"} {
			for _, bad := range []string{path + "?q=" + value, pathValue.ReplaceAllString(pattern, value)} {
				if bad == pattern {
					continue // nothing stands in the path
				}
				if got, _ := ask(t, method, bad, "", session, cookies); got != http.StatusUnprocessableEntity {
					t.Errorf("%s %s: %d", method, bad, got)
				}
			}
			if method == http.MethodPost {
				if got, _ := ask(t, method, path, "name="+value, session, cookies); got >= http.StatusInternalServerError {
					t.Errorf("%s with name=%s: %d", route, value, got)
				}
			}
		}
	}
}
