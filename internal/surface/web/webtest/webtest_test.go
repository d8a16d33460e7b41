package webtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The checks find what they are for, and nothing in a page that is well.
func TestChecksFind(t *testing.T) {
	t.Parallel()
	const page = `<!doctype html><html lang="en"><body style="background:#fff;color:#222"><h1>Title</h1>`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page + r.URL.Query().Get("body")))
	}))
	t.Cleanup(srv.Close)
	b := Open(t)
	b.Allow("favicon")
	for name, tt := range map[string]struct{ script, body, want string }{
		"grey on white":          {usable, `<p style="color:#999">pale</p>`, "contrast 2.8"},
		"half transparent":       {usable, `<p style="color:rgb(0 0 0 / .4)">pale</p>`, "contrast"},
		"on its own ground":      {usable, `<p style="background:oklch(50% 0 0);color:#fff"><span>well</span></p>`, ""},
		"dark on dark":           {usable, `<div style="background:#222"><p>dark</p></div>`, "contrast 1.0"},
		"large may be paler":     {usable, `<p style="color:#888;font-size:24px">well</p>`, ""},
		"hidden":                 {usable, `<p hidden style="color:#fff">well</p>`, ""},
		"a field without a name": {usable, `<input placeholder="x">`, "has no name"},
		"a field with a name":    {usable, `<label>Name <input></label>`, ""},
		"a button of a sign":     {usable, `<button><svg></svg></button>`, "has no name"},
		"a button that says":     {usable, `<button aria-label="Close"><svg></svg></button>`, ""},
		"a text that is missing": {usable, `<p>‹web.nowhere›</p>`, "has no text"},
		"an id twice":            {usable, `<i id="a"></i><i id="a"></i>`, "twice"},
		"two titles":             {usable, `<h1>x</h1>`, "h1"},
		"a small button":         {touchable, `<button style="height:30px;width:200px">x</button>`, "200×30"},
		"a large button":         {touchable, `<button style="height:44px;width:44px">x</button>`, ""},
		"a link in a text":       {touchable, `<p>A <a href="/">link</a> in a text</p>`, ""},
		"a box and its label":    {touchable, `<label class="check" style="display:block;height:44px"><input type="checkbox"> yes</label>`, ""},
	} {
		b.Go(srv.URL + "/?body=" + url.QueryEscape(tt.body))
		found := strings.Join(b.list(tt.script), "\n")
		if (tt.want == "") != (found == "") || !strings.Contains(found, tt.want) {
			t.Errorf("%s: found %q, want %q", name, found, tt.want)
		}
	}
}

// What gives way to another while it is clicked is found again.
func TestClickFindsWhatWasReplaced(t *testing.T) {
	t.Parallel()
	const page = `<!doctype html><html lang="en"><title>x</title><body><div><button onmousedown="globalThis.hit = true">Press</button></div>
<script>let left = 0; setInterval(() => { const d = document.querySelector("div"); if (left-- > 0) d.innerHTML = d.innerHTML }, 1)</script>`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(srv.Close)
	b := Open(t)
	b.Allow("favicon")
	b.Go(srv.URL)
	for range 5 {
		b.Value(`globalThis.hit = false, left = 200, ""`)
		b.Click("button")
		b.Wait(`globalThis.hit`)
	}
}
