package main

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regulars/internal/base/db/dbtest"
)

// A maker of tills tries the kit on a demo: people read what passed, programs too,
// and the exit code says whether anything failed.
func TestConform(t *testing.T) {
	t.Parallel()
	where := database(t, dbtest.SQLite)
	s := start(t, "demo", append(where, "--stores", "1", "--customers", "5", "--years", "1")...)
	key, err := os.ReadFile(filepath.Join(where[1], "till.key"))
	if err != nil {
		t.Fatal(err)
	}
	with := []string{"conform", "--url", s.url, "--key", strings.TrimSpace(string(key))}
	junit := filepath.Join(t.TempDir(), "junit.xml")
	code, out, errors := call(t, append(with, "--only", "sale,retry.same,hold.race", "--junit", junit)...)
	if code != 0 || !strings.Contains(out, "passed   retry.same") || !strings.Contains(out, "skipped  hold.race") || !strings.Contains(out, " 0 failed, 1 skipped") {
		t.Errorf("%d\n%s\n%s", code, out, errors)
	}
	text, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Tests int        `xml:"tests,attr"`
		Cases []struct{} `xml:"testcase"`
	}
	if err := xml.Unmarshal(text, &suite); err != nil || suite.Tests < 3 || len(suite.Cases) != suite.Tests {
		t.Errorf("%v in %s", err, text)
	}
	code, out, _ = call(t, append(with, "--only", "auth", "--json")...)
	var report struct {
		Results []struct{ ID, State string }
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || len(report.Results) != 2 || report.Results[0].State != "passed" {
		t.Errorf("%d %v %s", code, err, out)
	}
	for want, args := range map[string][]string{
		"There is no check or group spin": append(with, "--only", "spin"),
		"regulars: --key is empty":        {"conform", "--url", s.url, "--key", ""},
		"regulars: --url \"loyalty\" is":  {"conform", "--url", "loyalty", "--key", "rg_x"},
	} {
		if code, _, errors := call(t, args...); code != misled || !strings.Contains(errors, want) {
			t.Errorf("%v: %d %s", args[1:], code, errors)
		}
	}
	if code, out, errors := call(t, "conform", "--url", s.url, "--key", "rg_nobody"); code != failed || out != "" || !strings.Contains(errors, "401") || strings.Contains(errors, "rg_nobody") {
		t.Errorf("a wrong key: %d %s %s", code, out, errors)
	}
	lax := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"store":{"id":"1"},"currency":{"code":"UZS","decimals":2}}`)) // to whoever asks
	}))
	defer lax.Close()
	code, out, errors = call(t, "conform", "--url", lax.URL, "--key", "rg_secret", "--only", "auth")
	if code != failed || !strings.Contains(out, "failed   auth.missing") || !strings.Contains(out, "GET /v1/till") || !strings.Contains(errors, "2 of 2 checks failed") || strings.Contains(out+errors, "rg_secret") {
		t.Errorf("an API that lets everybody in: %d\n%s\n%s", code, out, errors)
	}
}
