// Package dbtest gives every test a database of its own, on both engines.
//
// Nothing is faked and nothing is skipped: SQLite is a file, PostgreSQL is a
// real server that package pgserver starts or REGULARS_TEST_POSTGRES names; on
// a machine without it the test fails and says how to get it. A new database
// is a copy of one that was migrated once, so that it costs milliseconds.
package dbtest

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"regulars/internal/base/db"
	"regulars/internal/base/db/pgserver"
)

// Engine is one of the two kinds of database.
type Engine string

// The engines, named as the subtests are.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Run runs a test on each engine, as parallel subtests "sqlite" and
// "postgres", each with a new migrated database that is closed and removed
// afterwards. The test must not call t.Parallel itself.
func Run(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	Each(t, func(t *testing.T, e Engine) { test(t, Open(t, e)) })
}

// Each runs a test on each engine, as Run does, and lets it make its
// databases itself.
func Each(t *testing.T, test func(t *testing.T, e Engine)) {
	t.Helper()
	for _, e := range []Engine{SQLite, Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			test(t, e)
		})
	}
}

// Open opens a new migrated database until the test or benchmark ends.
func Open(t testing.TB, e Engine) *db.DB {
	t.Helper()
	return OpenConfig(t, Migrated(t, e))
}

// OpenConfig opens a database until the test or benchmark ends.
func OpenConfig(t testing.TB, cfg db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return d
}

// Migrated makes a new database with all tables, for tests that open it
// several times or from several processes.
func Migrated(t testing.TB, e Engine) db.Config {
	t.Helper()
	if e == Postgres {
		template, err := postgresTemplate(t.Context(), Server(t))
		if err != nil {
			t.Fatal(err)
		}
		return postgres(t, template)
	}
	file, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Empty(t, e)
	if err := os.WriteFile(cfg.Path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Empty makes a new database with nothing in it.
func Empty(t testing.TB, e Engine) db.Config {
	t.Helper()
	if e == Postgres {
		return postgres(t, "template0")
	}
	return config("", filepath.Join(t.TempDir(), "regulars.db"))
}

// Stored makes a database as it was stored in a folder: sqlite.db.gz is the file of
// one engine, postgres.sql.gz the statements that make the other's.
func Stored(t testing.TB, e Engine, folder string) db.Config {
	t.Helper()
	cfg := Empty(t, e)
	var err error
	if e == SQLite {
		var file []byte
		if file, err = unpack(filepath.Join(folder, "sqlite.db.gz")); err == nil {
			err = os.WriteFile(cfg.Path, file, 0o600)
		}
	} else {
		var text []byte
		if text, err = unpack(filepath.Join(folder, "postgres.sql.gz")); err == nil {
			err = run(t.Context(), cfg.URL, string(text))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func unpack(path string) (_ []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Server returns the address of the PostgreSQL server that all tests share.
// Tests make databases of their own there, with Migrated or Empty.
func Server(t testing.TB) string {
	t.Helper()
	address, err := pgserver.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// config allows few connections: many tests run at once, and one that needs
// a second connection while it holds the first is found sooner.
func config(address, path string) db.Config {
	return db.Config{URL: address, Path: path, Conns: 4, Log: slog.New(slog.DiscardHandler)}
}

// postgres makes a database on the shared server for the length of a test.
func postgres(t testing.TB, template string) db.Config {
	t.Helper()
	server, name := Server(t), "test_"+strings.ToLower(rand.Text())
	if err := run(t.Context(), server, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's context has ended by now.
		if err := run(context.Background(), server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return config(database(server, name), "")
}

// sqliteTemplate is the content of a migrated file.
var sqliteTemplate = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "regulars-template-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := config("", filepath.Join(dir, "regulars.db"))
	if err := migrate(context.Background(), cfg); err != nil {
		return nil, err
	}
	return os.ReadFile(cfg.Path)
})

var template struct {
	sync.Mutex
	name string
}

// postgresTemplate returns the name of a migrated database that nobody is
// connected to. The processes of one run of the tests share it: its name says
// which code of package db made it.
func postgresTemplate(ctx context.Context, server string) (_ string, err error) {
	template.Lock()
	defer template.Unlock()
	if template.name != "" {
		return template.name, nil
	}
	sum, err := sources()
	if err != nil {
		return "", err
	}
	name := "template_" + sum

	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	// One process makes it, the others wait; closing gives the lock back.
	var there bool
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(7023465281)`); err != nil {
		return "", err
	}
	if err := conn.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_database WHERE datname = $1`, name).Scan(&there); err != nil {
		return "", err
	}
	if !there {
		if err := build(ctx, conn, server, name); err != nil {
			return "", fmt.Errorf("make the template of the test databases: %w", err)
		}
	}
	template.name = name
	return name, nil
}

// build makes the template under another name first: a process that dies half
// way leaves none that looks whole.
func build(ctx context.Context, conn *pgx.Conn, server, name string) error {
	draft := name + "_draft"
	for _, text := range []string{"DROP DATABASE IF EXISTS " + draft + " WITH (FORCE)", "CREATE DATABASE " + draft + " TEMPLATE template0"} {
		if _, err := conn.Exec(ctx, text); err != nil {
			return err
		}
	}
	if err := migrate(ctx, config(database(server, draft), "")); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "ALTER DATABASE "+draft+" RENAME TO "+name)
	return err
}

func migrate(ctx context.Context, cfg db.Config) error {
	d, err := db.Open(ctx, cfg)
	if err != nil {
		return err
	}
	_, err = d.Migrate(ctx)
	return errors.Join(err, d.Close())
}

// run executes statements outside of any test's database.
func run(ctx context.Context, server, text string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("the server for tests does not answer: %w", err)
	}
	_, err = conn.PgConn().Exec(ctx, text).ReadAll()
	return errors.Join(err, conn.Close(ctx))
}

// database returns the address of another database on the same server.
func database(server, name string) string {
	u, err := url.Parse(server)
	if err != nil { // pgx has read it before
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

// sources is a digest of the code and the migrations of package db.
func sources() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for !exists(filepath.Join(dir, "go.mod")) {
		if dir == filepath.Dir(dir) {
			return "", errors.New("dbtest: tests run inside the module, but there is no go.mod above")
		}
		dir = filepath.Dir(dir)
	}
	sum := sha256.New()
	code := os.DirFS(filepath.Join(dir, "internal", "base", "db"))
	for _, pattern := range []string{"*.go", "migrations/*.sql"} {
		names, err := fs.Glob(code, pattern)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			text, err := fs.ReadFile(code, name)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
