package i18n

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// What the program asks for and what the files hold are the same: this walks
// every Go file and every template of the tree.
//
// A key is found where it is written out: T("till.pay"), {{t "till.pay"}}, or
// any literal of a surface that begins with an area's name. A key that is put
// together needs its beginning written out, up to a point: T("till.state." +
// state). Codes of errors are found where the error is made, and are the keys
// error.<code>.

// tree is what the program's source asks for.
type tree struct {
	literals map[string]string // every string literal, with one place where it stands
	keys     map[string]string // what is surely asked for as a key
	codes    map[string]string // codes of errors
}

var (
	templateKey = regexp.MustCompile(`\b[tn] "([^"]+)"`)
	templateAny = regexp.MustCompile(`"([^"\s]+)"`)
	keyShape    = regexp.MustCompile(`^[a-z]+(\.[a-z0-9_]+)+$`)
	codeShape   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func readTree(t *testing.T, areas []string) tree {
	t.Helper()
	const root = "../../.."
	out := tree{map[string]string{}, map[string]string{}, map[string]string{}}
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return ignoreMissing(err)
			}
			if d.IsDir() {
				if d.Name() == "testdata" || path == filepath.Join(root, "internal/base/i18n") {
					// This package's own codes stand in parse.go.
					return filepath.SkipDir
				}
				return nil
			}
			switch filepath.Ext(path) {
			case ".html":
				return out.template(path)
			case ".go":
				if !strings.HasSuffix(path, "_test.go") {
					return out.source(path, areas)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.source("parse.go", areas); err != nil {
		t.Fatal(err)
	}
	return out
}

func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func (s tree) template(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, m := range templateAny.FindAllStringSubmatch(string(text), -1) {
		s.literals[m[1]] = path
	}
	for _, m := range templateKey.FindAllStringSubmatch(string(text), -1) {
		s.keys[m[1]] = path
	}
	return nil
}

func (s tree) source(path string, areas []string) error {
	fset := token.NewFileSet()
	file, err := goparser.ParseFile(fset, path, nil, goparser.SkipObjectResolution)
	if err != nil {
		return err
	}
	surface := strings.Contains(filepath.ToSlash(path), "internal/surface/")
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if text, ok := literal(n); ok {
				where := fset.Position(n.Pos()).String()
				s.literals[text] = where
				area, _, _ := strings.Cut(text, ".")
				if surface && keyShape.MatchString(text) && slices.Contains(areas, area) && !strings.Contains(".html.css.js.svg.csv", filepath.Ext(text)) {
					s.keys[text] = where
				}
			}
		case *ast.CallExpr:
			s.call(n, fset)
		}
		return true
	})
	return nil
}

// call notes keys and codes that are arguments.
func (s tree) call(n *ast.CallExpr, fset *token.FileSet) {
	sel, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || len(n.Args) == 0 {
		return
	}
	where := fset.Position(n.Pos()).String()
	switch sel.Sel.Name {
	case "T", "N":
		if text, ok := literal(n.Args[0]); ok && strings.Contains(text, ".") {
			s.keys[text] = where
		}
	case "New":
		if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "errs" {
			return
		}
		s.code(n.Args, where)
	case "InvalidField":
		s.code(n.Args, where)
	case "Add": // of an errs.List: pointer, code, format, arguments
		if len(n.Args) >= 3 {
			s.code(n.Args, where)
		}
	}
}

// notForPages are packages whose errors are read by administrators at the
// console, in English.
var notForPages = regexp.MustCompile(`internal/(app|backup|demo|verify)/|^(\.\./)*cmd/`)

func (s tree) code(args []ast.Expr, where string) {
	if notForPages.MatchString(filepath.ToSlash(where)) {
		return
	}
	if len(args) >= 2 {
		if text, ok := literal(args[1]); ok && codeShape.MatchString(text) {
			s.codes[text] = where
		}
	}
}

func literal(n ast.Expr) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func loaded(t *testing.T) *Bundle {
	t.Helper()
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryKeyThatIsUsedExists(t *testing.T) {
	t.Parallel()
	have := loaded(t).keys[Fallback]
	var areas []string
	for key := range have {
		area, _, _ := strings.Cut(key, ".")
		areas = append(areas, area)
	}
	src := readTree(t, areas)
	for _, key := range slices.Sorted(maps.Keys(src.keys)) {
		if have[key] == nil && !strings.HasSuffix(key, ".") {
			t.Errorf("%s: there is no key %q", src.keys[key], key)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(src.codes)) {
		if have["error."+code] == nil {
			t.Errorf("%s: there is no key error.%s", src.codes[code], code)
		}
	}
}

func TestEveryKeyIsUsed(t *testing.T) {
	t.Parallel()
	src, have := readTree(t, nil), loaded(t).keys[Fallback]
	for _, key := range slices.Sorted(maps.Keys(have)) {
		area, code, _ := strings.Cut(key, ".")
		if area == "format" {
			continue // this package's own, checked when it loads
		}
		if area == "error" {
			named := strings.TrimSuffix(code, "_"+strings.ReplaceAll(argumentNames(formsOf(have[key])), " ", "_"))
			if src.literals[code] == "" && src.literals[named] == "" { // named is what Failure looks for first
				t.Errorf("nothing makes the error of %s", key)
			}
			continue
		}
		if !src.asksFor(key) {
			t.Errorf("%s is not used", key)
		}
	}
}

// asksFor reports whether a key is written out, or a beginning of it that ends
// in a point.
func (s tree) asksFor(key string) bool {
	if _, ok := s.literals[key]; ok {
		return true
	}
	for i := len(key) - 1; i > 0; i-- {
		if key[i] == '.' && strings.Contains(key[:i], ".") {
			if _, ok := s.literals[key[:i+1]]; ok {
				return true
			}
		}
	}
	return false
}

func TestLanguagesAgree(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	every := map[string]bool{}
	for _, keys := range b.keys {
		for key := range keys {
			every[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(every)) {
		if strings.HasPrefix(key, "format.") {
			continue // what a date is made of differs
		}
		names := map[string]string{}
		for lang, keys := range b.keys {
			m := keys[key]
			if m == nil {
				t.Errorf("%s is missing in %s", key, lang)
				continue
			}
			names[lang] = argumentNames(formsOf(m))
		}
		for lang, n := range names {
			if other := names[Fallback]; n != other {
				t.Errorf("%s has the arguments [%s] in %s and [%s] in %s", key, n, lang, other, Fallback)
			}
		}
	}
}

// argumentNames lists the names that a message's forms are filled with.
func argumentNames(forms map[string]string) string {
	found := map[string]bool{}
	for _, form := range forms {
		m, err := parseMessage(form)
		if err != nil {
			return err.Error()
		}
		for i := 1; i < len(m); i += 2 {
			found[m[i]] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}

// A message that counts has every form that its language needs, so that no
// number is left without words.
func TestPluralFormsAreComplete(t *testing.T) {
	t.Parallel()
	names := map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}
	b := loaded(t)
	for lang, keys := range b.keys {
		need := map[string]bool{"other": true}
		for n := range 1000 {
			need[names[plural.Cardinal.MatchPlural(language.Make(lang), n, 0, 0, 0, 0)]] = true
		}
		for key, m := range keys {
			has := formsOf(m)
			if len(has) == 1 && len(formsOf(b.keys[Fallback][key])) <= 1 {
				continue // does not count
			}
			for form := range need {
				if has[form] == "" {
					t.Errorf("%s lacks the form %q in %s", key, form, lang)
				}
			}
		}
	}
}

func TestNoMessageIsEmpty(t *testing.T) {
	t.Parallel()
	for lang, keys := range loaded(t).keys {
		for key, m := range keys {
			if text := formsOf(m); len(text) == 0 || strings.TrimSpace(fmt.Sprint(slices.Collect(maps.Values(text)))) == "[]" {
				t.Errorf("%s is empty in %s", key, lang)
			}
		}
	}
}

// Numbers get the forms that go-i18n, which reads the files, would give them.
func TestPluralFormsAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	counts := []string{"1000000", "9999999", "10000000", "10000001", "21000001", "123456789012345", "9223372036854775807", "-1", "-22"}
	for n := range 1200 {
		counts = append(counts, strconv.Itoa(n))
	}
	for n := range 300 {
		counts = append(counts, fmt.Sprintf("%d.%02d", n/100*10+1, n%100), fmt.Sprintf("%d.%d", n, n%10))
	}
	m := &i18n.Message{ID: "n", Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"}
	for _, lang := range []string{"en", "ru", "uz", "kk", "pl", "ar"} {
		tag := language.Make(lang)
		theirs := i18n.NewBundle(tag)
		if err := theirs.AddMessages(tag, m); err != nil {
			t.Fatal(err)
		}
		loc := i18n.NewLocalizer(theirs, lang)
		ours, err := parseForms(tag, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, count := range counts {
			want, err := loc.Localize(&i18n.LocalizeConfig{MessageID: "n", PluralCount: count})
			if err != nil {
				t.Fatal(err)
			}
			if got := ours.of(count).text(arguments{}); got != want {
				t.Errorf("%s: %s is %q, want %q", lang, count, got, want)
			}
		}
	}
}
