package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// A shop is backed up beside its server and comes back elsewhere, on the other
// engine too: it agrees, and is served as it was.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		file := filepath.Join(t.TempDir(), "shop.zip")
		save := func(to string) (int, string, string) {
			return call(t, slices.Concat([]string{"backup", "--to", to}, where)...)
		}
		restore := func(into []string, more ...string) (int, string, string) {
			return call(t, slices.Concat([]string{"restore", "--from", file}, into, more)...)
		}
		if code, _, errors := save(file); code != failed || !strings.Contains(errors, "There is no") && !strings.Contains(errors, "nothing to back up") {
			t.Errorf("of nothing: %d %s", code, errors)
		}
		start(t, "demo", append(where, "--stores", "1", "--customers", "5", "--years", "1")...)
		if code, out, errors := save(file); code != 0 || !strings.Contains(out, "rows and 5 files from ") {
			t.Fatalf("%d %s %s", code, out, errors)
		}
		if code, _, errors := save(file); code != misled || !strings.Contains(errors, "There is a file "+file+" already.") {
			t.Errorf("over a file: %d %s", code, errors)
		}
		if code, _, errors := save(filepath.Join(where[1], "shop.zip")); code != misled || !strings.Contains(errors, "lies in the data folder") {
			t.Errorf("into the data folder: %d %s", code, errors)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var said bytes.Buffer
		other := filepath.Join(filepath.Dir(file), "other.zip")
		if code := run(ctx, slices.Concat([]string{"backup", "--to", other}, where), nil, writing(cancel), &said); code != failed || !strings.Contains(said.String(), "interrupted") {
			t.Errorf("stopped: %d %s", code, said.String())
		}
		if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
			t.Errorf("beside the backup lie %v, %v", left, err)
		}

		if code, _, errors := restore(where); code != failed || !strings.Contains(errors, "Another regulars serves") && !strings.Contains(errors, "is not empty") {
			t.Errorf("over what is served: %d %s", code, errors)
		}
		for _, to := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
			there := database(t, to)
			if code, out, errors := restore(there); code != 0 || !strings.Contains(out, "are back.") {
				t.Fatalf("to %s: %d %s %s", to, code, out, errors)
			}
			if key, err := os.ReadFile(filepath.Join(there[1], "secret.key")); err != nil || len(key) == 0 {
				t.Errorf("to %s: the key of second factors is not there: %v", to, err)
			}
			if code, _, errors := restore(there); code != failed || !strings.Contains(errors, "is not empty") {
				t.Errorf("twice to %s: %d %s", to, code, errors)
			}
			if code, report, _ := call(t, append([]string{"verify"}, there...)...); code != 0 {
				t.Errorf("to %s: %s", to, report)
			}
			s := serve(t, there...)
			if status, _ := get(t, s.url+"/readyz"); status != http.StatusOK {
				t.Errorf("to %s: served with %d", to, status)
			}
			if code, _, errors := call(t, slices.Concat([]string{"password", "demo"}, there)...); code != 0 {
				t.Errorf("to %s: the owner is not there: %s", to, errors)
			}
			s.stop()
			if to == dbtest.SQLite {
				if code, out, errors := restore(there, "--replace"); code != 0 {
					t.Errorf("replaced: %d %s %s", code, out, errors)
				}
			}
		}
		if err := os.WriteFile(file, []byte("PK"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errors := restore(database(t, e)); code != misled || !strings.Contains(errors, "is no backup, or was cut off") || strings.Count(errors, "zip: ") != 1 {
			t.Errorf("of no backup: %d %s", code, errors)
		}
	})
}

// A program that is older than the tables touches nothing, and says what to do.
func TestOlderProgramIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		serve(t, where...).stop()
		cfg := db.Config{Path: filepath.Join(where[1], "regulars.db")}
		if e == dbtest.Postgres {
			cfg = db.Config{URL: where[3]}
		}
		if _, err := dbtest.OpenConfig(t, cfg).Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)`); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"verify"}, {"migrate"}, {"backup", "--to", filepath.Join(t.TempDir(), "shop.zip")}} {
			if code, _, errors := call(t, slices.Concat(args, where)...); code != failed || !strings.Contains(errors, "are of a newer regulars (99999, this one knows them up to ") {
				t.Errorf("%s: %d %s", args[0], code, errors)
			}
		}
	})
}
