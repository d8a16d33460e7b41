package i18n

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// Whatever people read stands in the files of the languages. This looks for
// words where they would be shown past them: in templates, in what the browser
// runs, and in Go. What a program says to another, to a log or to the console
// is not looked for, and neither are the texts of errors, which are the API's
// English and have their translation by their code.

func TestNoTextForPeopleIsInCode(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	seen := map[string]int{}
	for _, dir := range []string{"internal", "cmd", "scripts"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if err == nil && slices.Contains([]string{"testdata", "webtest", "node_modules"}, d.Name()) {
					return filepath.SkipDir
				}
				return ignoreMissing(err)
			}
			ext := filepath.Ext(path)
			if !slices.Contains([]string{".html", ".js", ".css", ".svg", ".go"}, ext) || strings.HasSuffix(path, "_test.go") || strings.Contains(path, ".min.") {
				return nil
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return ignoreMissing(err)
			}
			seen[ext]++
			for _, complaint := range spoken(filepath.ToSlash(path), string(src)) {
				t.Errorf("%s: text for people: %s", path, complaint)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, ext := range []string{".html", ".js", ".go"} {
		if seen[ext] < 3 {
			t.Errorf("only %d %s files were looked at", seen[ext], ext)
		}
	}
}

// spoken tells what of a file people would read as it stands there.
func spoken(path, src string) []string {
	switch filepath.Ext(path) {
	case ".html":
		return spokenHTML(src)
	case ".svg":
		return matches(regexp.MustCompile(`(?s)<(?:title|desc|text)\b[^>]*>[^<]*\pL[^<]*<`), src)
	case ".js":
		return spokenJS(src)
	case ".css":
		return matches(regexp.MustCompile(`\bcontent\s*:\s*(?:"[^"\\\n]*\pL[^"\n]*"|'[^'\\\n]*\pL[^'\n]*')`), src)
	case ".go":
		return spokenGo(path, src)
	}
	return nil
}

var (
	// The name of a layout or of a section of the menu is not shown.
	named    = regexp.MustCompile(`\{\{define "(?:layout|nav)"\}\}[a-z]*\{\{end\}\}`)
	action   = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	hidden   = regexp.MustCompile(`(?s)<!--.*?-->|<(?:script|style|code|kbd)\b.*?</(?:script|style|code|kbd)>`)
	tag      = regexp.MustCompile(`(?s)<[^<>]*>`)
	fileName = regexp.MustCompile(`\b[a-z]+\.(?:json|yaml|csv)\b`)
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|` + "`[^`]*`")
	letter   = regexp.MustCompile(`\pL`)
	// A label is a word with a capital, several words, or not Latin.
	label     = regexp.MustCompile(`^\p{Lu}\p{Ll}|\pL{2,}[,.:;]? \pL|[^\x00-\x7f…—·×−№]`)
	attribute = regexp.MustCompile(`(?s)([a-z][a-z-]*)\s*=\s*("[^"]*"|'[^']*')`)
	// Attributes that are read or spoken to people.
	readOut = regexp.MustCompile(`^(?:placeholder|title|alt|label|summary|hx-confirm|hx-prompt|aria-(?:label|description|roledescription|valuetext|placeholder|braille.*))$`)
)

func spokenHTML(src string) (found []string) {
	src = named.ReplaceAllString(src, "")
	for _, a := range action.FindAllString(src, -1) {
		if strings.HasPrefix(strings.TrimLeft(a, "{- "), "/*") {
			continue
		}
		for _, lit := range quoted.FindAllString(a, -1) {
			if label.MatchString(lit[1 : len(lit)-1]) {
				found = append(found, a)
			}
		}
	}
	src = hidden.ReplaceAllString(action.ReplaceAllString(src, ""), "")
	for _, t := range tag.FindAllString(src, -1) {
		button := regexp.MustCompile(`^<input\b[^>]*type="(?:submit|button|reset)"`).MatchString(t)
		for _, m := range attribute.FindAllStringSubmatch(t, -1) {
			name, value := m[1], m[2][1:len(m[2])-1]
			switch {
			case readOut.MatchString(name), button && name == "value":
				if letter.MatchString(value) {
					found = append(found, m[0])
				}
			case strings.HasPrefix(name, "data-"):
				if label.MatchString(value) {
					found = append(found, m[0])
				}
			}
		}
	}
	for _, text := range strings.Split(tag.ReplaceAllString(src, "\x00"), "\x00") {
		// One letter is a key, such as F9 or g.
		if text = strings.TrimSpace(fileName.ReplaceAllString(text, "")); letter.MatchString(text) {
			found = append(found, text)
		}
	}
	return found
}

var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)(?:^|[\s;{}])//.*$`)
	// What a browser shows of what it is given.
	shown  = regexp.MustCompile(`(?:\.(?:textContent|innerText|innerHTML|outerHTML|placeholder|title|ariaLabel|ariaDescription|label|alt)\s*\+?=[^=]|\b(?:alert|confirm|prompt|setCustomValidity|insertAdjacentText|insertAdjacentHTML|createTextNode)\(|setAttribute\(\s*["'](?:title|placeholder|aria-label|alt)["']\s*,).*`)
	lookup = regexp.MustCompile(`\b(?:querySelector|querySelectorAll|getElementById|closest|matches|getAttribute|split|join)\(\s*["'` + "`" + `][^)]*\)`)
	words  = regexp.MustCompile(`^\p{Lu}\p{Ll}+(?:[ ,.!?…]|$)|[^\x00-\x7f…—·×−№]`)
	keys   = []string{"Enter", "Escape", "Tab", "Backspace", "Delete", "Home", "End", "Space", "Shift", "Control"}
)

func spokenJS(src string) (complaints []string) {
	src = comments.ReplaceAllString(src, "")
	for line := range strings.Lines(src) {
		if m := shown.FindString(line); m != "" {
			for _, lit := range quoted.FindAllString(lookup.ReplaceAllString(m, ""), -1) {
				if letter.MatchString(tag.ReplaceAllString(lit, "")) && !strings.HasPrefix(lit, `"aria-`) {
					complaints = append(complaints, strings.TrimSpace(line))
				}
			}
		}
		for _, lit := range quoted.FindAllString(line, -1) {
			if text := lit[1 : len(lit)-1]; words.MatchString(text) && !slices.Contains(keys, text) {
				complaints = append(complaints, strings.TrimSpace(line))
			}
		}
	}
	return complaints
}

var (
	// Beginning of a sentence, or one with its end.
	sentence = regexp.MustCompile(`^\p{Lu}\p{Ll}+,? \pL|^\p{Lu}\p{Ll}+[.!?…]$|\p{Ll}{2},? \p{Ll}{2,}[.!?…]$`)
	// Files are read in any language, passwords too easy are thought of in any,
	// and the simulated chain has names of its own.
	foreign = regexp.MustCompile(`internal/(importer/|demo/|base/fold/script\.go$|loyalty/staff/password\.go$)`)
)

func spokenGo(path, src string) (complaints []string) {
	fset := token.NewFileSet()
	file, err := goparser.ParseFile(fset, path, src, goparser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	apart := map[ast.Node]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Tag != nil {
				apart[n.Tag] = true
			}
		case *ast.KeyValueExpr: // of metrics
			if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Help" {
				apart[n.Value] = true
			}
		case *ast.CallExpr:
			if isFailure(n.Fun) {
				for _, a := range n.Args {
					apart[a] = true
				}
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING && n.Kind != token.CHAR {
				return true
			}
			text, err := strconv.Unquote(n.Value)
			switch {
			case err != nil:
			case cyrillic(text) && (!foreign.MatchString(path) || strings.Contains(path, "importer/") && said(text)),
				strings.Contains(path, "internal/surface/") && !apart[n] && sentence.MatchString(text):
				complaints = append(complaints, fmt.Sprintf("line %d: %s", fset.Position(n.Pos()).Line, n.Value))
			}
		}
		return true
	})
	return complaints
}

// isFailure reports whether a call makes an error, whose text is the API's.
func isFailure(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if pkg, ok := sel.X.(*ast.Ident); ok && (pkg.Name == "errs" || pkg.Name == "errors") {
		return true
	}
	return slices.Contains([]string{"Errorf", "Textf", "Add"}, sel.Sel.Name)
}

// cyrillic reports whether there is a word in the text; a letter alone, small
// and capital, is one that is looked for.
func cyrillic(text string) bool {
	last := rune(0)
	for _, r := range text {
		r = unicode.ToLower(r)
		if !unicode.Is(unicode.Cyrillic, r) {
			r = 0
		} else if last != 0 && r != last {
			return true
		}
		last = r
	}
	return false
}

// said tells a sentence from the words of files, which are folded.
func said(text string) bool {
	return strings.ContainsFunc(text, unicode.IsUpper) || regexp.MustCompile(`\pL{3,}[.!?…]$`).MatchString(text)
}

func matches(re *regexp.Regexp, src string) []string { return re.FindAllString(src, -1) }

// The test above is one that can fail.
func TestTextForPeopleIsFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, src string
		bad       bool
	}{
		{"a.html", `<p>Hello</p>`, true},
		{"a.html", `<p>{{t "web.menu"}}</p>`, false},
		{"a.html", `<p>{{t "web.menu"}} kg</p>`, true},
		{"a.html", `<b class="Hello there">{{.Name}}: <kbd>F9</kbd> <code>rg_</code></b>`, false},
		{"a.html", `{{define "nav"}}home{{end}}{{define "title"}}{{t "admin.home.title"}}{{end}}`, false},
		{"a.html", `{{define "title"}}Home{{end}}`, true},
		{"a.html", `<input placeholder="name">`, true},
		{"a.html", `<input placeholder='{{t "web.menu"}}' value="name">`, false},
		{"a.html", `<input type="submit" value="Go">`, true},
		{"a.html", `<a {{if .X}}title="More"{{end}}></a>`, true},
		{"a.html", `<a aria-label="menu"></a>`, true},
		{"a.html", `<a hx-confirm="sure"></a>`, true},
		{"a.html", `<a data-offline="No line"></a>`, true},
		{"a.html", `<a data-do="redeem:0"></a>`, false},
		{"a.html", `{{field "label" "Name"}}`, true},
		{"a.html", `{{field "label" "имя"}}`, true},
		{"a.html", `{{field "name" "name" "label" (t "admin.store.name")}}`, false},
		{"a.html", `{{/* "Hello there" */}}`, false},
		{"a.html", `<option value="x">Имя</option>`, true},
		{"a.html", `<a href="/openapi.json">openapi.json</a>`, false},
		{"a.svg", `<svg><title>Bag</title></svg>`, true},
		{"a.svg", `<svg><path d="M0 0h24"/></svg>`, false},
		{"a.css", `p::after { content: "soon"; }`, true},
		{"a.css", `p::after { content: "·"; color: red; }`, false},
		{"a.js", `box.textContent = "saved";`, true},
		{"a.js", `box.textContent = box.dataset.saved;`, false},
		{"a.js", `box.textContent = document.querySelector("b").title || "";`, false},
		{"a.js", `box.textContent = text || "gone";`, true},
		{"a.js", `if (box.title === "x") go();`, false},
		{"a.js", `box.innerHTML = "<b>" + name + "</b>";`, false},
		{"a.js", `confirm("sure?")`, true},
		{"a.js", `say("Not saved")`, true},
		{"a.js", `say("сохранено")`, true},
		{"a.js", `// "Not saved"` + "\n" + `if (e.key === "Enter") go("a b c");`, false},
		{"internal/surface/a/a.go", `package a; var x = "Not saved yet"`, true},
		{"internal/surface/a/a.go", `package a; var x = "this is gone."`, true},
		{"internal/surface/a/a.go", `package a; var x = errs.New(errs.Invalid, "x", "Not saved yet.")`, false},
		{"internal/surface/a/a.go", `package a; var x, y = "Content-Type", "text/html; charset=utf-8"`, false},
		{"internal/loyalty/a.go", `package a; var x = "чек"`, true},
		{"internal/loyalty/a.go", `package a; var x = '№' + 'Ё' // чек`, false},
		{"internal/importer/a.go", `package a; var x = "чек"`, false},
		{"internal/importer/a.go", `package a; var x = "Чек не найден"`, true},
		{"internal/importer/a.go", `package a; var x = "чек не найден."`, true},
		{"internal/demo/a.go", `package a; var x = "Чорсу"`, false},
	} {
		if got := spoken(tt.path, tt.src); (len(got) > 0) != tt.bad {
			t.Errorf("%s: %s: found %q", tt.path, tt.src, got)
		}
	}
}

// Each language is written in its own letters: English and Uzbek without
// Cyrillic ones that look the same, Uzbek with the signs of its orthography
// and not with whatever a keyboard has.
func TestLettersAreThoseOfTheLanguage(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	turned := regexp.MustCompile(`(^|[^oOgG])ʻ|[oOgG]ʼ`)
	for lang, keys := range b.keys {
		for key, m := range keys {
			for _, text := range formsOf(m) {
				if lang != "ru" && strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
					t.Errorf("%s in %s has Cyrillic letters: %s", key, lang, text)
				}
				if lang == "uz" && (strings.ContainsAny(text, "'‘’´`") && !strings.HasPrefix(key, "api.") || turned.MatchString(text)) {
					t.Errorf("%s in uz: oʻ and gʻ have ʻ (U+02BB), what parts a syllable is ʼ (U+02BC): %s", key, text)
				}
			}
		}
	}
}
