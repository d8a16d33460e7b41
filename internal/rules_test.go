// Package internal_test holds the packages to ARCHITECTURE.md: its tables say
// which there are and which of each other they may import.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pkg is a package as go list tells of it, under its name in the table.
type pkg struct {
	name      string
	doc       string
	imports   []string // names of packages of this module, tests left out
	foreign   []string // what it and its tests import from anywhere
	testsOnly bool
}

// row is one package of the tables.
type row struct {
	name string
	may  []string
}

func TestPackagesImportOnlyWhatTheirRowAllows(t *testing.T) {
	t.Parallel()
	pkgs, rows := packages(t), table(t)
	for _, complaint := range check(pkgs, rows) {
		t.Error(complaint)
	}
}

func TestPackagesOpenWithTheirDoc(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.doc == "" && !p.testsOnly {
			t.Errorf("%s has no doc comment: open one of its files with its job, its invariant and its neighbour", p.name)
		}
	}
}

func TestDependenciesHaveTheirReason(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s+(\S+) v`).FindAllStringSubmatch(string(mod), -1) {
		modules = append(modules, m[1])
	}
	used := map[string]bool{}
	for _, p := range packages(t) {
		for _, path := range p.foreign {
			var module string // the longest that fits
			for _, m := range modules {
				if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(module) {
					module = m
				}
			}
			if module != "" {
				used[module] = true
			}
		}
	}
	reasons, last := map[string]bool{}, ""
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\S+)` \\| \\S").FindAllStringSubmatch(string(list), -1) {
		if reasons[m[1]] {
			t.Errorf("docs/dependencies.md has %s twice: leave one", m[1])
		}
		if name := strings.ToLower(m[1]); name < last {
			t.Errorf("docs/dependencies.md has %s after %s: keep the order of names", name, last)
		} else {
			last = name
		}
		reasons[m[1]] = true
	}
	for module := range used {
		if !reasons[module] {
			t.Errorf("%s is imported without a reason: add its line to docs/dependencies.md", module)
		}
	}
	for module := range reasons {
		if !slices.Contains(modules, module) {
			t.Errorf("docs/dependencies.md has a line for %s, which is not in go.mod: remove it", module)
		}
	}
}

// The check itself finds what it is there for.
func TestCheck(t *testing.T) {
	t.Parallel()
	rows := parse("| `base/a` | | |\n| `base/a/deep` | | `base/a` |\n| `base/b` | | `base/a` |\n| `top/c` | its job | `base` |\n| `gone` | | |\n| `base/a` | again | |\n")
	complaints := strings.Join(check([]pkg{
		{name: "base/a"},
		{name: "base/a/deep", imports: []string{"base/a"}},
		{name: "base/b", imports: []string{"top/c"}},
		{name: "top/c", imports: []string{"base/a", "base/b", "base/a/deep"}},
		{name: "stray"},
	}, rows), "\n")
	for _, want := range []string{"base/b imports top/c", "top/c imports base/a/deep", "stray has no row", "gone has a row", "base/a has two rows"} {
		if !strings.Contains(complaints, want) {
			t.Errorf("nothing said that %s", want)
		}
	}
	if n := strings.Count(complaints, "ARCHITECTURE.md"); n != 5 {
		t.Errorf("%d complaints, want 5:\n%s", n, complaints)
	}
}

// check says what is wrong and what to do about it.
func check(pkgs []pkg, rows []row) (complaints []string) {
	say := func(parts ...string) { complaints = append(complaints, strings.Join(parts, "")) }
	found := map[string]bool{}
	for _, p := range pkgs {
		if p.testsOnly {
			continue
		}
		found[p.name] = true
		i := slices.IndexFunc(rows, func(r row) bool { return r.name == p.name })
		if i < 0 {
			say(p.name, " has no row in ARCHITECTURE.md: add one with its job and what it may import")
			continue
		}
		for _, imported := range p.imports {
			if !slices.Contains(rows[i].may, imported) && !slices.Contains(rows[i].may, parent(imported)) {
				say(p.name, " imports ", imported, ", which its row in ARCHITECTURE.md does not allow: ",
					"turn the dependency round, go through the event log, or put a better cut into the table")
			}
		}
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if !found[r.name] {
			say(r.name, " has a row in ARCHITECTURE.md but is not in the module: remove the row")
		}
		if seen[r.name] {
			say(r.name, " has two rows in ARCHITECTURE.md: leave one")
		}
		seen[r.name] = true
	}
	return complaints
}

// parent is the floor of a package that is directly in it: "base" of "base/db".
func parent(name string) string {
	floor, rest, nested := strings.Cut(name, "/")
	if !nested || strings.Contains(rest, "/") {
		return name
	}
	return floor
}

var quoted = regexp.MustCompile("`([^`]+)`")

// parse finds the rows of the form | `package` | job | `import` … |.
func parse(text string) (rows []row) {
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		r := row{name: strings.Trim(strings.TrimSpace(cells[1]), "`")}
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			r.may = append(r.may, m[1])
		}
		rows = append(rows, r)
	}
	return rows
}

func table(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := parse(string(text))
	if len(rows) == 0 {
		t.Fatal("ARCHITECTURE.md has no table of packages")
	}
	return rows
}

// packages asks go list about every package of the module.
func packages(t *testing.T) (pkgs []pkg) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Doc,GoFiles,Imports,TestImports,XTestImports,Module", "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Doc                             string
			GoFiles, Imports, TestImports, XTestImports []string
			Module                                      struct{ Path string }
		}
		err := in.Decode(&p)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		name := func(path string) string {
			return strings.TrimPrefix(strings.TrimPrefix(path, p.Module.Path+"/"), "internal/")
		}
		own := pkg{name: name(p.ImportPath), doc: p.Doc, testsOnly: len(p.GoFiles) == 0}
		for _, path := range p.Imports {
			if strings.HasPrefix(path, p.Module.Path+"/") {
				own.imports = append(own.imports, name(path))
			}
		}
		own.foreign = slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		pkgs = append(pkgs, own)
	}
}
