package web

import (
	"net/http"
	"net/url"
	"slices"
)

// Link is the address of a list with its filters: every chip, sort and page is
// the same address with something changed, so that it can be sent to a
// colleague.
type Link struct {
	path  string
	query url.Values
}

// LinkOf is the address of the page being asked for.
func LinkOf(r *http.Request) Link { return Link{r.URL.Path, r.URL.Query()} }

// String is the address itself.
func (l Link) String() string {
	if q := l.query.Encode(); q != "" {
		return l.path + "?" + q
	}
	return l.path
}

// Path is the address without its query.
func (l Link) Path() string { return l.path }

// At is the same query at another path.
func (l Link) At(path string) Link { return Link{path, l.query} }

// Get is one value of the query.
func (l Link) Get(name string) string { return l.query.Get(name) }

// Is reports whether the query has a name set to a value; "" is not set.
func (l Link) Is(name, value string) bool {
	if value == "" {
		return l.query.Get(name) == ""
	}
	return slices.Contains(l.query[name], value)
}

// With sets names to values, given in pairs; "" takes a name away. Any change
// but one of the cursor starts at the first page again.
func (l Link) With(pairs ...string) Link {
	q := url.Values{}
	for k, v := range l.query {
		q[k] = v
	}
	if len(pairs) > 0 && pairs[0] != "cursor" {
		q.Del("cursor")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return Link{l.path, q}
}

// Option is one choice of a select or of filter chips.
type Option struct {
	Value string
	Text  string
}
