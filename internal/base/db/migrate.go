package db

import (
	"context"
	"database/sql"
	"embed"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"regulars/internal/base/errs"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the tables up to this program's version and returns the
// names of the migrations it applied. Several processes may call it at once on
// PostgreSQL, on SQLite one at a time.
func (d *DB) Migrate(ctx context.Context) (applied []string, err error) {
	defer errs.Wrap(&err, "migrate")
	err = d.migrations(ctx, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		for _, r := range results {
			applied = append(applied, r.Source.Path)
		}
		return err
	})
	return applied, err
}

// MigrateTo is Migrate up to one version, for what was kept at it.
func (d *DB) MigrateTo(ctx context.Context, version int64) (err error) {
	defer errs.Wrap(&err, "migrate to %d", version)
	return d.migrations(ctx, func(p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Latest is the version that Migrate brings the tables to.
func Latest() (version int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		v, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		version = max(version, v)
	}
	return version, err
}

// Pending reports whether Migrate has something to do.
func (d *DB) Pending(ctx context.Context) (pending bool, err error) {
	defer errs.Wrap(&err, "look for migrations")
	err = d.migrations(ctx, func(p *goose.Provider) error {
		pending, err = p.HasPending(ctx)
		return err
	})
	return pending, err
}

func (d *DB) migrations(ctx context.Context, do func(*goose.Provider) error) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{}
	var handle *sql.DB
	if d.engine == postgresEngine {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
		handle = stdlib.OpenDBFromPool(d.pool)
		defer handle.Close() //nolint:errcheck // the pool stays open
	} else {
		// While the writer is held here, no other part of this process writes.
		w, err := d.lite.take(ctx, d.lite.writer)
		if err != nil {
			return err
		}
		defer func() { d.lite.writer <- w }()
		handle = d.lite.pool
	}
	p, err := goose.NewProvider(dialect, handle, engineFS{files, d.engine}, opts...)
	if err != nil {
		return err
	}
	return classify(do(p))
}

// engineFS shows the migrations with the other engine's lines dropped.
type engineFS struct {
	fs.FS
	engine engine
}

// Open implements fs.FS.
func (f engineFS) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return file, err
	}
	defer file.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	own := rewrite(f.engine, string(text))
	if f.engine == sqliteEngine {
		own = strict(own)
	}
	return &memFile{Reader: strings.NewReader(own), name: name, size: int64(len(own))}, nil
}

var (
	boolean    = regexp.MustCompile(`(\w+)( +)BOOLEAN\b`)
	endOfTable = regexp.MustCompile(`(?m)^\)( WITHOUT ROWID)?; *$`)
)

// strict has SQLite refuse values of the wrong type, as PostgreSQL does, where it
// would keep them in any column. Its tables then know INTEGER alone, which a key
// has to be called anyway to be the row's own place without an index beside it.
func strict(text string) string {
	text = strings.ReplaceAll(text, "BIGINT", "INTEGER")
	text = boolean.ReplaceAllString(text, "$1${2}INTEGER CHECK ($1 IN (0, 1))")
	return endOfTable.ReplaceAllStringFunc(text, func(end string) string {
		if strings.Contains(end, "ROWID") {
			return ") WITHOUT ROWID, STRICT;"
		}
		return ") STRICT;"
	})
}

type memFile struct {
	*strings.Reader
	name string
	size int64
}

func (m *memFile) Stat() (fs.FileInfo, error) { return m, nil }
func (m *memFile) Close() error               { return nil }
func (m *memFile) Name() string               { return m.name }
func (m *memFile) Size() int64                { return m.size }
func (m *memFile) Mode() fs.FileMode          { return 0o444 }
func (m *memFile) ModTime() time.Time         { return time.Time{} }
func (m *memFile) IsDir() bool                { return false }
func (m *memFile) Sys() any                   { return nil }
