package i18n

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// Localizer writes for the readers of one language. It may be shared.
type Localizer struct {
	code   string
	texts  map[string]*forms // with the fallback's, where the language has none
	format format
}

// forms are a message's plural forms, parsed, and the language they are of.
type forms struct {
	tag    language.Tag
	other  message // also of what does not count
	byForm map[plural.Form]message
}

func newLocalizer(b *Bundle, code string) (*Localizer, error) {
	l := &Localizer{code: code, texts: make(map[string]*forms, len(b.keys[Fallback]))}
	for _, lang := range []string{Fallback, code} {
		tag := language.Make(lang)
		for key, m := range b.keys[lang] {
			if len(formsOf(m)) == 0 {
				continue
			}
			f, err := parseForms(tag, m)
			if err != nil {
				return nil, fmt.Errorf("key %s: %w", key, err)
			}
			l.texts[key] = f
		}
	}
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
	return l.message(key, "", l.arguments(args))
}

// N gives the plural form of a key that n asks for; {n} in the message is n.
func (l *Localizer) N(key string, n int64, args ...any) string {
	a := l.arguments(args)
	a.n, a.counts = n, true
	return l.message(key, strconv.FormatInt(n, 10), a)
}

// Lookup is T for keys that need not exist, such as "error." + a code.
func (l *Localizer) Lookup(key string, args map[string]any) (text string, ok bool) {
	text = l.fill(key, "", arguments{loc: l, values: args})
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

// Error is what an error says to people: in the language where it is translated,
// else in the API's English, which is also that of a nil Localizer.
func (l *Localizer) Error(e *errs.Error) string { return l.failure(e.Code, e.Text, e.Args) }

// Field is what is wrong with a field of an error.
func (l *Localizer) Field(e *errs.Error, f errs.Field) string {
	return l.failure(f.Code, f.Text, e.ArgsOf(f))
}

func (l *Localizer) failure(code, text string, args errs.Args) string {
	if l != nil {
		if own, ok := l.Failure(code, args); ok {
			return own
		}
	}
	return text
}

// fill writes a message in the plural form that count asks for, a number as it
// is written in plain decimals; "" is of what does not count.
func (l *Localizer) fill(key, count string, args arguments) string {
	f := l.texts[key]
	if f == nil {
		return ""
	}
	return f.of(count).text(args)
}

func (l *Localizer) message(key, count string, args arguments) string {
	if text := l.fill(key, count, args); text != "" {
		return text
	}
	return "‹" + key + "›"
}

func parseForms(tag language.Tag, m *i18n.Message) (*forms, error) {
	f := &forms{tag: tag}
	for name, src := range formsOf(m) {
		parsed, err := parseMessage(src)
		if err != nil {
			return nil, err
		}
		if name == "other" {
			f.other = parsed
			continue
		}
		if f.byForm == nil {
			f.byForm = map[plural.Form]message{}
		}
		f.byForm[formNames[name]] = parsed
	}
	return f, nil
}

var formNames = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many,
}

// of chooses the form; where the language needs one that is not there, it is
// that of everything else.
func (f *forms) of(count string) message {
	if count == "" || f.byForm == nil {
		return f.other
	}
	whole, frac, _ := strings.Cut(strings.TrimPrefix(count, "-"), ".")
	significant := strings.TrimRight(frac, "0")
	// Rules look at the last digits only.
	m, ok := f.byForm[plural.Cardinal.MatchPlural(f.tag, tail(whole), len(frac), len(significant), tail(frac), tail(significant))]
	if !ok {
		return f.other
	}
	return m
}

// tail is what the last digits of a number come to, and 0 only where it is 0.
func tail(digits string) int {
	n := 0
	for i := range len(digits) {
		if n = n*10 + int(digits[i]-'0'); n >= 1e7 {
			n = n%1e7 + 1e7 // it is still more than the small numbers that have forms of their own
		}
	}
	return n
}

// arguments is what a message is filled with: pairs of a name and a value, or
// values by name.
type arguments struct {
	loc    *Localizer
	pairs  []any
	values map[string]any
	n      int64 // what is counted, where counts
	counts bool
}

func (l *Localizer) arguments(args []any) arguments {
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			return arguments{loc: l, values: m}
		}
	}
	return arguments{loc: l, pairs: args}
}

func (a *arguments) value(name string) (v any, ok bool) {
	if a.counts && name == "n" {
		return a.n, true
	}
	for i := len(a.pairs)&^1 - 2; i >= 0; i -= 2 { // the last of a name holds
		if a.pairs[i] == name {
			return a.pairs[i+1], true
		}
	}
	v, ok = a.values[name]
	return v, ok
}

// text writes one argument the way the language does.
func (a *arguments) text(name string) (string, bool) {
	v, ok := a.value(name)
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

// message alternates literal text and {argument} names, text first. Locale files
// come from translators: there is nothing in them that could be executed.
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

// text fills the message in; an argument that was not given stays visible.
func (m message) text(args arguments) string {
	switch len(m) {
	case 0:
		return ""
	case 1:
		return m[0]
	}
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
	return b.String()
}
