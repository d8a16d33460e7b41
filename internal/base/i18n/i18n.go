// Package i18n holds every word that people read: messages with their plural
// forms, and how numbers, money, points, dates and durations are written in
// each language.
//
// A language is a set of files and nothing else: locales/<area>.<lang>.toml,
// one for each area of the program, all merged when they are loaded. Dropping
// in files that end in .kk.toml adds Kazakh; what they leave out is shown in
// English. One key in two files is an error, and a test walks the whole tree so
// that no language lacks a key, no key is used that does not exist, and no text
// for people stands anywhere else.
//
// Messages name their arguments in braces: "Welcome, {name}". An integer or an
// amount given as an argument is written the way the language writes numbers.
// What is shown is chosen here and nowhere else; the surfaces ask for it by key.
package i18n

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"regulars/internal/base/errs"
)

//go:embed locales/*.toml
var locales embed.FS

// Fallback is the language of the messages that another language leaves out.
const Fallback = "en"

// Bundle is every language that the program speaks. It does not change after
// Load and may be shared.
type Bundle struct {
	messages   *i18n.Bundle
	matcher    language.Matcher
	localizers []*Localizer                        // in the order of languages; the fallback first
	keys       map[string]map[string]*i18n.Message // by language
	files      map[string]string                   // where a language's key stands: "ru till.pay"
}

// Language is one choice of the language switch.
type Language struct {
	Code string // "ru"
	Name string // in the language itself: "Русский"
}

// Codes are the languages built into the program: "en", "ru", "uz".
func Codes() (codes []string) {
	files, _ := fs.ReadDir(locales, "locales") // it is embedded
	for _, f := range files {
		parts := strings.Split(f.Name(), ".")
		if len(parts) == 3 && !slices.Contains(codes, parts[1]) {
			codes = append(codes, parts[1])
		}
	}
	slices.Sort(codes)
	return codes
}

// Load reads the languages built into the program.
func Load() (*Bundle, error) {
	sub, err := fs.Sub(locales, "locales")
	if err != nil {
		return nil, err
	}
	return LoadFS(sub)
}

// LoadFS reads <area>.<lang>.toml files from the root of fsys.
func LoadFS(fsys fs.FS) (b *Bundle, err error) {
	defer errs.Wrap(&err, "load languages")

	names, err := fs.Glob(fsys, "*.*.toml")
	if err != nil {
		return nil, err
	}
	b = &Bundle{
		messages: i18n.NewBundle(language.Make(Fallback)),
		keys:     map[string]map[string]*i18n.Message{},
		files:    map[string]string{},
	}
	b.messages.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	var wrong []error
	for _, name := range names {
		wrong = append(wrong, b.add(fsys, name))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	if b.keys[Fallback] == nil {
		return nil, errors.New("there is no " + Fallback + " file")
	}

	tags := []language.Tag{language.Make(Fallback)}
	codes := []string{Fallback}
	for code := range b.keys {
		if code != Fallback {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes[1:])
	for _, code := range codes {
		loc, err := newLocalizer(b, code)
		if err != nil {
			return nil, err
		}
		b.localizers = append(b.localizers, loc)
		if code != Fallback {
			tags = append(tags, language.Make(code))
		}
	}
	b.matcher = language.NewMatcher(tags)
	return b, nil
}

// add merges one file into the bundle; its error tells everything that is
// wrong in it.
func (b *Bundle) add(fsys fs.FS, name string) error {
	parts := strings.Split(path.Base(name), ".")
	if len(parts) != 3 {
		return fmt.Errorf("%s: a file is named <area>.<lang>.toml", name)
	}
	area, code := parts[0], parts[1]
	if tag, err := language.Parse(code); err != nil || tag.String() != code {
		return fmt.Errorf("%s: %q is not a language code such as kk", name, code)
	}
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	file, err := b.messages.ParseMessageFileBytes(text, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if b.keys[code] == nil {
		b.keys[code] = map[string]*i18n.Message{}
	}
	var wrong []error
	for _, m := range file.Messages {
		if first, _, _ := strings.Cut(m.ID, "."); first != area && first != "error" {
			wrong = append(wrong, fmt.Errorf("%s: key %q begins with another area's name; only error.* may stand in any file", name, m.ID))
		}
		if b.keys[code][m.ID] != nil {
			wrong = append(wrong, fmt.Errorf("%s: key %q is given twice in %s: it stands in %s too", name, m.ID, code, b.files[code+" "+m.ID]))
			continue
		}
		for _, form := range formsOf(m) {
			if _, err := parseMessage(form); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: key %q: %w", name, m.ID, err))
			}
		}
		b.keys[code][m.ID] = m
		b.files[code+" "+m.ID] = name
	}
	return errors.Join(wrong...)
}

// formsOf gives a message's texts by plural form, those it has.
func formsOf(m *i18n.Message) map[string]string {
	out := map[string]string{
		"zero": m.Zero, "one": m.One, "two": m.Two, "few": m.Few, "many": m.Many, "other": m.Other,
	}
	for form, text := range out {
		if text == "" {
			delete(out, form)
		}
	}
	return out
}

// Languages lists what the language switch offers, by code.
func (b *Bundle) Languages() []Language {
	out := make([]Language, len(b.localizers))
	for i, l := range b.localizers {
		out[i] = Language{Code: l.code, Name: l.T("format.language")}
	}
	slices.SortFunc(out, func(x, y Language) int { return strings.Compare(x.Code, y.Code) })
	return out
}

// Has reports whether the bundle speaks exactly this language.
func (b *Bundle) Has(lang string) bool { return b.keys[lang] != nil }

// For gives the Localizer that fits best: lang may be a code or a whole
// Accept-Language header. Where nothing fits it is the fallback's.
func (b *Bundle) For(lang string) *Localizer {
	if b.Has(lang) {
		for _, l := range b.localizers {
			if l.code == lang {
				return l
			}
		}
	}
	loc, _ := b.Match(lang)
	return loc
}

// Match is For, and says whether anything really fitted.
func (b *Bundle) Match(acceptLanguage string) (loc *Localizer, ok bool) {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return b.localizers[0], false
	}
	_, i, confidence := b.matcher.Match(tags...)
	return b.localizers[i], confidence > language.No
}
