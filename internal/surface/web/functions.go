package web

import (
	"fmt"
	"html/template"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

// functions are what templates may call, in one language. doc.go lists them.
func (s *Shell) functions(loc *i18n.Localizer) template.FuncMap {
	currency := func() money.Currency { return s.opts.Settings().Currency }
	zone := func() *time.Location { return s.opts.Settings().Zone }
	return template.FuncMap{
		"t": loc.T,
		"n": func(key string, n any, args ...any) (string, error) {
			v, err := integer(n)
			return loc.N(key, v, args...), err
		},
		"number": func(n any) (string, error) {
			v, err := integer(n)
			return loc.Number(v), err
		},
		"money":      func(a money.Amount) string { return loc.Money(a, currency()) },
		"amount":     func(a money.Amount) string { return loc.Amount(a, currency()) },
		"price":      func(p money.Price) string { return loc.Price(p, currency()) },
		"currency":   func() string { return loc.Symbol(currency()) },
		"points":     loc.Points,
		"pointstext": loc.PointsText,
		"quantity":   loc.Quantity,
		"percent":    loc.Percent,
		"date":       func(t time.Time) string { return loc.Date(t, zone()) },
		"datetime":   func(t time.Time) string { return loc.DateTime(t, zone()) },
		// lastday is for what ends at a time: the last day that it is still there.
		"lastday":    func(t time.Time, z *time.Location) string { return loc.Date(LastDay(t), z) },
		"plain":      func(name string, r money.Rate) bool { return unspaced(name) == unspaced(loc.Percent(r)) },
		"datein":     func(t time.Time, z *time.Location) string { return loc.Date(t, z) },
		"datetimein": func(t time.Time, z *time.Location) string { return loc.DateTime(t, z) },
		"duration":   loc.Duration,
		"icon":       s.icon,
		"asset":      s.assets.URL,
		"dict":       dict,
	}
}

// LastDay is a moment of the last day of what ends at a time, which as a rule is
// the midnight after it. What never ends has none.
func LastDay(end time.Time) time.Time {
	if end.IsZero() {
		return end
	}
	return end.Add(-time.Second)
}

// unspaced leaves out spaces, of which people type one kind and formats have
// another.
func unspaced(text string) string {
	return strings.Join(strings.FieldsFunc(text, unicode.IsSpace), "")
}

func integer(n any) (int64, error) {
	v := reflect.ValueOf(n)
	switch {
	case v.CanInt():
		return v.Int(), nil
	case v.CanUint():
		return int64(min(v.Uint(), 1<<62)), nil
	}
	return 0, fmt.Errorf("%v is not a whole number", n)
}

// icon draws one of assets/icons. It says nothing to screen readers: the text
// beside it does, or the label of its button.
func (s *Shell) icon(name string, class ...string) (template.HTML, error) {
	if !s.assets.icons[name] {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	url, err := s.assets.URL("icons.svg")
	if err != nil {
		return "", err
	}
	classes := template.HTMLEscapeString(strings.Join(append([]string{"icon"}, class...), " "))
	//nolint:gosec // made of names that are known and a class that is escaped
	return template.HTML(`<svg class="` + classes + `" aria-hidden="true"><use href="` + url + `#` + name + `"/></svg>`), nil
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: %d values are not pairs", len(pairs))
	}
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		out[k] = pairs[i+1]
	}
	return out, nil
}

// component is a part of a page that templates call like a function, with
// named arguments: {{field "name" "login" "label" (t "web.login") "form" .Form}}.
type component struct {
	required []string
	optional []string
}

// components lists every part and its arguments; a name that is not listed is
// an error, so that a slip shows in the first test that renders the page.
var components = map[string]component{
	"field": {
		required: []string{"name", "label"},
		optional: []string{
			"form", "type", "value", "help", "options", "required", "autofocus", "autocomplete", "inputmode",
			"placeholder", "suffix", "list", "rows", "readonly", "class", "maxlength", "accept",
		},
	},
	"alert":    {required: []string{"text"}, optional: []string{"kind", "title", "href", "action"}},
	"badge":    {required: []string{"text"}, optional: []string{"kind"}},
	"stat":     {required: []string{"label", "value"}, optional: []string{"note", "href"}},
	"empty":    {required: []string{"title"}, optional: []string{"icon", "text", "href", "action", "kind"}},
	"chips":    {required: []string{"url", "name", "options", "label"}},
	"search":   {required: []string{"url", "label"}, optional: []string{"autofocus"}},
	"pager":    {required: []string{"url"}, optional: []string{"next", "first", "target"}},
	"progress": {required: []string{"text", "figure", "max", "value"}, optional: []string{"note", "cancel", "cancel_text"}},
	"button":   {required: []string{"text"}, optional: []string{"icon", "kind", "name", "value", "class"}},
}

// components adds the parts to a set's functions, and parses them.
func (s *Shell) components(common *template.Template, loc *i18n.Localizer) error {
	parts := template.New("").Option("missingkey=error").Funcs(s.functions(loc))
	if _, err := parts.Parse(s.base["_components.html"]); err != nil {
		return err
	}
	calls := template.FuncMap{}
	for name, c := range components {
		if parts.Lookup("c-"+name) == nil {
			return fmt.Errorf("component %s has no template", name)
		}
		calls[name] = func(pairs ...any) (template.HTML, error) {
			args, err := dict(pairs...)
			if err != nil {
				return "", err
			}
			if err := c.check(args); err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			var b strings.Builder
			if err := parts.ExecuteTemplate(&b, "c-"+name, args); err != nil {
				return "", err
			}
			return template.HTML(b.String()), nil //nolint:gosec // html/template made it
		}
	}
	common.Funcs(calls)
	return nil
}

func (c component) check(args map[string]any) error {
	for _, name := range c.required {
		if _, ok := args[name]; !ok {
			return fmt.Errorf("%q is needed", name)
		}
	}
	for name := range args {
		if !slices.Contains(c.required, name) && !slices.Contains(c.optional, name) {
			return fmt.Errorf("there is no %q", name)
		}
	}
	// Templates compare without having to ask whether it is there.
	for _, name := range c.optional {
		if _, ok := args[name]; !ok {
			args[name] = ""
		}
	}
	return nil
}

// ValueText says in words what is kept under a name that nobody has defined.
func ValueText(loc *i18n.Localizer, v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return loc.T("web.yes")
		}
		return loc.T("web.no")
	case string:
		return v
	case interface{ String() string }:
		return v.String()
	}
	return ""
}
