package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// What watches a server is told whether it can serve.
func TestReady(t *testing.T) {
	t.Parallel()
	s := serve(t, "--data", t.TempDir())
	host := strings.TrimPrefix(s.url, "http://")
	if code, out, errors := call(t, "ready", "--listen", host, "--public-url", "http://127.0.0.1:1"); code != 0 || out != "ok\n" {
		t.Errorf("%d %s%s", code, out, errors)
	}
	s.stop()
	if code, _, errors := call(t, "ready", "--listen", host); code != failed || !strings.Contains(errors, "does not answer") {
		t.Errorf("of a server that has stopped: %d %s", code, errors)
	}
}

// The image and the units call the program as it is called.
func TestDeployedAsItIs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../deploy/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	calls := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var all cli
		parser, err := kong.New(&all, kong.Vars{"demo_stores": "1", "demo_customers": "1", "demo_years": "1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`REGULARS_([A-Z_]+)=`).FindAllStringSubmatch(string(text), -1) {
			if name := strings.ReplaceAll(strings.ToLower(m[1]), "_", "-"); !slices.Contains(settingNames(parser.Model), name) {
				t.Errorf("%s sets %s, which is no setting", file, m[0])
			}
		}
		var lists [][]string
		for _, m := range regexp.MustCompile(`/usr/local/bin/regulars ([^\n']+)`).FindAllStringSubmatch(string(text), -1) {
			lists = append(lists, strings.Fields(m[1]))
		}
		for _, m := range regexp.MustCompile(`(?m)CMD (\[.*\])$`).FindAllStringSubmatch(string(text), -1) {
			var args []string
			if err := json.Unmarshal([]byte(m[1]), &args); err != nil {
				t.Error(err)
			}
			lists = append(lists, slices.DeleteFunc(args, func(a string) bool { return a == "/regulars" }))
		}
		for _, args := range lists {
			calls++
			args = slices.DeleteFunc(args, func(a string) bool { return strings.HasSuffix(a, ".zip\"") && a[0] == '+' }) // of date
			if _, err := parser.Parse(args); err != nil {
				t.Errorf("%s calls regulars %q: %v", file, args, err)
			}
		}
	}
	if calls < 4 {
		t.Errorf("%d calls were found", calls)
	}
}

// What the units name as their documentation is put there by the steps that install them.
func TestDocumentationIsInstalled(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../../deploy/regulars.service")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`file:(/\S+)/(\S+)`).FindAllStringSubmatch(string(unit), -1) {
		if step := "install -D -m 644 -t " + m[1] + " docs/" + m[2] + "\n"; !strings.Contains(string(steps), step) {
			t.Errorf("docs/running.md lacks %s", step)
		}
	}
}

// systemd takes the units.
func TestUnits(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not here")
	}
	program, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	units, err := filepath.Glob("../../deploy/*.[st][ei][rm]*") // services and timers
	if err != nil || len(units) != 3 {
		t.Fatal(units, err)
	}
	args := []string{"verify", "--man=no", "--recursive-errors=no"}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Base(unit))
		if err := os.WriteFile(to, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/regulars", program)), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, to)
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v %s", err, out)
	}
}
