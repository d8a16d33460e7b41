package i18n

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"

	"regulars/internal/base/money"
)

// Localizer writes for the readers of one language. It may be shared.
type Localizer struct {
	code   string
	loc    *i18n.Localizer
	format format
}

func newLocalizer(b *Bundle, code string) (*Localizer, error) {
	l := &Localizer{code: code, loc: i18n.NewLocalizer(b.messages, code)}
	if err := l.loadFormat(b); err != nil {
		return nil, fmt.Errorf("format.%s.toml: %w", code, err)
	}
	return l, nil
}

// Lang is the language's code, for <html lang>.
func (l *Localizer) Lang() string { return l.code }

// T gives the message of a key. Arguments are pairs of a name and a value, or
// one map[string]any. A key that exists nowhere is shown in angle quotes, so
// that it is noticed; tests keep that from happening.
func (l *Localizer) T(key string, args ...any) string {
	return l.message(key, nil, named(args))
}

// N gives the plural form of a key that n asks for; {n} in the message is n.
func (l *Localizer) N(key string, n int64, args ...any) string {
	a := named(args)
	a["n"] = n
	return l.message(key, n, a)
}

// Lookup is T for keys that need not exist, such as "error." + a code.
func (l *Localizer) Lookup(key string, args map[string]any) (text string, ok bool) {
	text, _ = l.loc.Localize(&i18n.LocalizeConfig{
		MessageID:      key,
		TemplateData:   arguments{l, args},
		TemplateParser: parser{},
	})
	return text, text != ""
}

// Failure gives the text of an error's code. Where there are arguments, the text
// that names them all is preferred: of "out_of_range" with max and min it is
// error.out_of_range_max_min, the names in the order of the alphabet.
func (l *Localizer) Failure(code string, args map[string]any) (text string, ok bool) {
	return l.FailureIn("error.", code, args)
}

// FailureIn is Failure among the texts of one area, such as "api.error.".
func (l *Localizer) FailureIn(area, code string, args map[string]any) (text string, ok bool) {
	if len(args) > 0 {
		names := slices.Sorted(maps.Keys(args))
		if text, ok = l.Lookup(area+code+"_"+strings.Join(names, "_"), args); ok {
			return text, true
		}
	}
	return l.Lookup(area+code, args)
}

func (l *Localizer) message(key string, count any, args map[string]any) string {
	// A message that only the fallback has comes with an error and its text.
	text, _ := l.loc.Localize(&i18n.LocalizeConfig{
		MessageID:      key,
		PluralCount:    count,
		TemplateData:   arguments{l, args},
		TemplateParser: parser{},
	})
	if text == "" {
		return "‹" + key + "›"
	}
	return text
}

func named(args []any) map[string]any {
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			out := make(map[string]any, len(m)+1)
			for k, v := range m {
				out[k] = v
			}
			return out
		}
	}
	out := make(map[string]any, len(args)/2+1)
	for i := 0; i+1 < len(args); i += 2 {
		out[fmt.Sprint(args[i])] = args[i+1]
	}
	return out
}

// arguments is what a message is filled with.
type arguments struct {
	loc    *Localizer
	values map[string]any
}

// text writes one argument the way the language does.
func (a arguments) text(name string) (string, bool) {
	v, ok := a.values[name]
	if !ok {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case money.Points:
		return a.loc.Points(v), true
	case money.Rate:
		return a.loc.Percent(v), true
	case money.Price:
		return a.loc.digits(int64(v), 4, 0), true
	case money.Quantity:
		return a.loc.Quantity(v), true
	case int:
		return a.loc.Number(int64(v)), true
	case int32:
		return a.loc.Number(int64(v)), true
	case int64:
		return a.loc.Number(v), true
	case uint64:
		return a.loc.Number(int64(min(v, 1<<62))), true
	default:
		return fmt.Sprint(v), true
	}
}

// parser reads messages with {named} arguments. Locale files come from
// translators: there is nothing in them that could be executed.
type parser struct{}

func (parser) Cacheable() bool { return true }

func (parser) Parse(src, _, _ string) (template.ParsedTemplate, error) {
	return parseMessage(src)
}

// message alternates literal text and argument names, text first.
type message []string

func parseMessage(src string) (message, error) {
	var m message
	rest := src
	for {
		text, after, found := strings.Cut(rest, "{")
		m = append(m, text)
		if !found {
			return m, nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			return nil, fmt.Errorf("i18n: bad argument in message %s", strconv.Quote(src))
		}
		m, rest = append(m, name), tail
	}
}

// Execute fills the message in; an argument that was not given stays visible.
func (m message) Execute(data any) (string, error) {
	if len(m) == 1 {
		return m[0], nil
	}
	args, _ := data.(arguments)
	var b strings.Builder
	for i, part := range m {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		if text, ok := args.text(part); ok {
			b.WriteString(text)
		} else {
			b.WriteString("{" + part + "}")
		}
	}
	return b.String(), nil
}
