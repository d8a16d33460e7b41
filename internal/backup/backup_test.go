package backup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/backup"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/event"
	"regulars/internal/verify"
)

const oldest = "../loyalty/testdata/0001" // a database with rows in every table

// nasty is what a row of text must not be broken by.
const nasty = "a\tb\nc\\N\\\r\b\f\v\\tИмя 'x' \"y\" \\."

var now = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever engine it came from and goes to, and whether its tables were up to
// date: every row is there as it was, all agrees, and the log of events goes on.
func TestRestoredIsWhatWasBackedUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, from dbtest.Engine) {
		for _, migrated := range []bool{false, true} {
			source := dbtest.OpenConfig(t, dbtest.Stored(t, from, oldest))
			if migrated {
				_, err := source.Migrate(t.Context())
				must(t, err)
			}
			_, err := source.Exec(t.Context(), `UPDATE jobs SET failure = $1`, nasty)
			must(t, err)
			folder := t.TempDir()
			write(t, filepath.Join(folder, "imports", "17"), "uploaded")
			for _, name := range []string{"regulars.db-wal", "serve.lock", "18.part"} {
				write(t, filepath.Join(folder, name), "not to be kept")
			}
			file := save(t, source, folder)
			for _, to := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
				t.Run(fmt.Sprintf("migrated=%t/to=%s", migrated, to), func(t *testing.T) {
					d, there := restored(t, to, file)
					if _, err := source.Migrate(t.Context()); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(contents(t, source), contents(t, d)); diff != "" {
						t.Errorf("restored differs (-was +is):\n%s", diff)
					}
					want := []string{"imports", "imports/17"}
					if to == dbtest.SQLite {
						want = append(want, "regulars.db")
					}
					if diff := cmp.Diff(want, names(t, there)); diff != "" {
						t.Errorf("the data folder differs (-want +is):\n%s", diff)
					}
					agrees(t, d)
					goesOn(t, d)
				})
			}
		}
	})
}

// goesOn appends to the log, as a server does that starts there.
func goesOn(t *testing.T, d *db.DB) {
	t.Helper()
	must(t, event.New(d).Rebase(t.Context()))
	before, _, err := event.New(d).Read(t.Context(), 0, 100_000)
	must(t, err)
	must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch
		event.Append(&b, event.Event{At: now, Kind: "test.appended"})
		return tx.Run(ctx, &b)
	}))
	var after []event.Event // once nothing older runs on the server of the tests
	for end := time.Now().Add(time.Minute); len(after) == 0 && time.Now().Before(end); {
		after, _, err = event.New(d).Read(t.Context(), event.Cursor(before[len(before)-1].ID), 100_000)
		must(t, err)
	}
	if len(after) != 1 || after[0].Kind != "test.appended" {
		t.Errorf("after the last event come %v", after)
	}
}

// Wherever the log goes, its order stays, and a reader goes on where it was: nothing
// is read twice or passed over, though transactions ran at once.
func TestReadersGoOn(t *testing.T) {
	t.Parallel()
	refs := func(t *testing.T, d *db.DB, after event.Cursor, n int) (list []int64, at []event.Cursor) {
		t.Helper()
		for end := time.Now().Add(time.Minute); len(list) < n && time.Now().Before(end); {
			events, next, err := event.New(d).Read(t.Context(), after, 2)
			must(t, err)
			for _, e := range events {
				list, at = append(list, e.Ref), append(at, event.Cursor(e.ID))
			}
			after = next
		}
		return list, at
	}
	for _, path := range [][]dbtest.Engine{
		{dbtest.Postgres, dbtest.SQLite, dbtest.Postgres, dbtest.SQLite, dbtest.SQLite},
		{dbtest.SQLite, dbtest.Postgres, dbtest.Postgres, dbtest.SQLite},
	} {
		t.Run(fmt.Sprint(path), func(t *testing.T) {
			t.Parallel()
			d := dbtest.Open(t, path[0])
			var want []int64
			happen := func() {
				t.Helper()
				n := int64(len(want))
				record := func(ctx context.Context, tx *db.Tx, ref int64) error {
					var b db.Batch
					event.Append(&b, event.Event{At: now, Kind: "test.happened", Ref: ref})
					return tx.Run(ctx, &b)
				}
				must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if err := record(ctx, tx, n+1); err != nil || !d.Postgres() {
						return errors.Join(err, record(ctx, tx, n+2), record(ctx, tx, n+3))
					}
					if err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return record(ctx, tx, n+3) }); err != nil {
						return err
					}
					return record(ctx, tx, n+2) // a larger id than 3, and read before it
				}))
				want = append(want, n+1, n+2, n+3)
			}
			happen()
			for _, to := range path[1:] {
				folder := t.TempDir()
				write(t, filepath.Join(folder, "imports", "17"), "uploaded")
				file, was := save(t, d, folder), d
				d, _ = restored(t, to, file)
				must(t, event.New(d).Rebase(t.Context()))
				_, cursors := refs(t, was, 0, len(want))
				happen()
				all, _ := refs(t, d, 0, len(want))
				if diff := cmp.Diff(want, all); diff != "" {
					t.Fatalf("to %s the log differs (-want +is):\n%s", to, diff)
				}
				for i, cursor := range cursors {
					if rest, _ := refs(t, d, cursor, len(want)-i-1); !slices.Equal(rest, want[i+1:]) {
						t.Errorf("to %s, after %d comes %v, want %v", to, want[i], rest, want[i+1:])
					}
				}
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

func source(d *db.DB, folder string) backup.Source {
	return backup.Source{DB: d, Folder: folder, Program: "test", Now: func() time.Time { return now }, Progress: func(string, int64) {}}
}

func save(t *testing.T, d *db.DB, folder string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "backup.zip")
	_, err := backup.File(t.Context(), source(d, folder), file)
	must(t, err)
	return file
}

func restore(t *testing.T, cfg db.Config, folder, file string, replace bool) error {
	t.Helper()
	a, err := backup.Open(file)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck // only read
	return a.Restore(t.Context(), cfg, now, folder, replace, func(int64, int64) {}, func(context.Context, *db.Tx) error { return nil })
}

func restored(t *testing.T, to dbtest.Engine, file string) (d *db.DB, folder string) {
	t.Helper()
	folder = t.TempDir()
	cfg := dbtest.Empty(t, to)
	must(t, restore(t, cfg, folder, file, false))
	there := names(t, folder) // before SQLite's own come
	if to == dbtest.SQLite {
		cfg.Path = filepath.Join(folder, backup.Database)
	}
	d = dbtest.OpenConfig(t, cfg)
	if len(there) == 0 {
		t.Error("nothing was restored")
	}
	return d, folder
}

// names lists what a folder holds, but for the files that SQLite has while it is open.
func names(t *testing.T, folder string) (list []string) {
	t.Helper()
	must(t, filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		if name != "." && !strings.HasSuffix(name, "-wal") && !strings.HasSuffix(name, "-shm") {
			list = append(list, filepath.ToSlash(name))
		}
		return err
	}))
	return list
}

// contents are the rows of every table, sorted; the numbers of PostgreSQL's
// transactions are its own.
func contents(t *testing.T, d *db.DB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	must(t, d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		list, err := tx.Tables(ctx)
		for _, c := range list {
			c.Columns = slices.DeleteFunc(c.Columns, func(name string) bool { return name == "xid" })
			slices.Sort(c.Columns)
			rows, err := tx.Query(ctx, "SELECT "+strings.Join(c.Columns, ", ")+" FROM "+c.Table)
			values, fields := make([]any, len(c.Columns)), make([]any, len(c.Columns))
			for i := range values {
				fields[i] = &values[i]
			}
			err = db.Scan(rows, err, func(r *db.Rows) error {
				if err := r.Scan(fields...); err != nil {
					return err
				}
				line := ""
				for _, v := range values {
					switch v {
					case true:
						v = int64(1)
					case false:
						v = int64(0)
					}
					line += fmt.Sprintf("%#v ", v)
				}
				all[c.Table] = append(all[c.Table], line)
				return nil
			})
			if err != nil {
				return err
			}
			slices.Sort(all[c.Table])
		}
		return err
	}))
	if len(all["receipts"]) == 0 {
		t.Error("there are no rows")
	}
	return all
}

func agrees(t *testing.T, d *db.DB) {
	t.Helper()
	report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
	must(t, err)
	for _, f := range report.Findings {
		t.Errorf("%s: %s", f.Check, f)
	}
}

// An archive that was cut off, changed or made by a later program is refused, and
// nothing is left of it.
func TestRefusedArchives(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenConfig(t, dbtest.Stored(t, dbtest.SQLite, oldest))
	whole, err := os.ReadFile(save(t, d, t.TempDir()))
	must(t, err)
	later := func(name string, text []byte) []byte {
		if name == "manifest.json" {
			return bytes.Replace(text, []byte(`"version": 1,`), []byte(`"version": 9999,`), 1)
		}
		return text
	}
	one := func(name string, text []byte) []byte { // a point more, and a sum that is right by the zip
		if name == "tables/accounts" {
			return bytes.Replace(text, []byte("\t0\t"), []byte("\t1\t"), 1)
		}
		return text
	}
	less := func(name string, text []byte) []byte {
		if name == "tables/lots" {
			return nil
		}
		return text
	}
	outside := func(name string, text []byte) []byte {
		if name == "manifest.json" {
			return bytes.Replace(text, []byte(`"name": "tables/tills",`), []byte(`"name": "files/../../tills",`), 1)
		}
		return text
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	tests := map[string]struct {
		file []byte
		want error
	}{
		"cut off":        {whole[:len(whole)*3/4], backup.ErrUnreadable},
		"empty":          {nil, backup.ErrUnreadable},
		"a bit flipped":  {flipped, backup.ErrDamaged},
		"a table less":   {again(t, whole, less), backup.ErrDamaged},
		"a row changed":  {again(t, whole, one), backup.ErrDamaged},
		"later":          {again(t, whole, later), backup.ErrNewer},
		"a file outside": {again(t, whole, outside), backup.ErrDamaged},
	}
	for name, tt := range tests {
		for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
			t.Run(name+"/"+string(e), func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "backup.zip")
				must(t, os.WriteFile(file, tt.file, 0o600))
				folder, cfg := t.TempDir(), dbtest.Empty(t, e)
				if err := restore(t, cfg, folder, file, false); !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
				if left := names(t, folder); len(left) > 0 {
					t.Errorf("it left %v", left)
				}
				if e == dbtest.Postgres { // what is whole can be restored there still
					must(t, os.WriteFile(file, whole, 0o600))
					must(t, restore(t, cfg, folder, file, false))
				}
			})
		}
	}
}

// again writes an archive anew with other contents; a part without any is left out.
func again(t *testing.T, file []byte, change func(name string, text []byte) []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	changed := false
	for _, f := range r.File {
		in, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(in)
		must(t, err)
		other := change(f.Name, text)
		changed = changed || !bytes.Equal(text, other)
		if len(text) > 0 && other == nil {
			continue
		}
		to, err := w.Create(f.Name)
		must(t, err)
		_, err = to.Write(other)
		must(t, err)
	}
	if !changed {
		t.Fatal("nothing was changed")
	}
	must(t, w.Close())
	return out.Bytes()
}

// A restore takes the place of nothing unless it is told to, and then what was
// there is kept.
func TestRestoreOverSomething(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenConfig(t, dbtest.Stored(t, dbtest.SQLite, oldest))
	folder := t.TempDir()
	write(t, filepath.Join(folder, "imports", "17"), "uploaded")
	file := save(t, d, folder)

	place := t.TempDir()
	write(t, filepath.Join(place, "regulars.db"), "the database before")
	write(t, filepath.Join(place, "imports", "1"), "uploaded before")
	before := names(t, place)
	if err := restore(t, db.Config{}, place, file, false); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("%v, want %v", err, backup.ErrNotEmpty)
	}
	if diff := cmp.Diff(before, names(t, place)); diff != "" {
		t.Errorf("a restore that was refused changed (-was +is):\n%s", diff)
	}
	must(t, restore(t, db.Config{}, place, file, true))
	kept := "before-restore-20261201T100000"
	want := []string{kept, kept + "/imports", kept + "/imports/1", kept + "/regulars.db", "imports", "imports/17", "regulars.db"}
	if diff := cmp.Diff(want, names(t, place)); diff != "" {
		t.Errorf("replaced (-want +is):\n%s", diff)
	}

	full := dbtest.Stored(t, dbtest.Postgres, oldest)
	folder = t.TempDir()
	if err := restore(t, full, folder, file, true); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("into a database with rows: %v, want %v", err, backup.ErrNotEmpty)
	}
	if left := names(t, folder); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

// Wherever a restore that replaces is cut off, what was there before is kept, and the
// next one, without being told to replace, brings everything.
func TestReplacingIsCutOff(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenConfig(t, dbtest.Stored(t, dbtest.SQLite, oldest))
	folder := t.TempDir()
	write(t, filepath.Join(folder, "imports", "17"), "uploaded")
	file := save(t, d, folder)
	const old = "the database before"
	for state, files := range map[string]map[string]string{ // in the order of package place
		"aside is made": {
			"regulars.db": old, "imports/1": "before", "restore.part/regulars.db": "new", "restore.part/imports/17": "uploaded", "before-restore-1/": "",
		},
		"the database is aside": {
			"before-restore-1/regulars.db": old, "imports/1": "before", "restore.part/regulars.db": "new", "restore.part/imports/17": "uploaded",
		},
		"all is aside": {
			"before-restore-1/regulars.db": old, "before-restore-1/imports/1": "before", "restore.part/regulars.db": "new", "restore.part/imports/17": "uploaded",
		},
		"the files are in place": {
			"before-restore-1/regulars.db": old, "before-restore-1/imports/1": "before", "restore.part/regulars.db": "new", "imports/17": "uploaded",
		},
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			place := t.TempDir()
			for name, text := range files {
				if strings.HasSuffix(name, "/") {
					must(t, os.Mkdir(filepath.Join(place, name), 0o700))
					continue
				}
				write(t, filepath.Join(place, name), text)
			}
			err := restore(t, db.Config{}, place, file, false)
			if _, there := files["regulars.db"]; there { // and is whole: it takes more than a draft to replace it
				if !errors.Is(err, backup.ErrNotEmpty) {
					t.Errorf("%v, want %v", err, backup.ErrNotEmpty)
				}
				err = restore(t, db.Config{}, place, file, true)
			}
			must(t, err)
			kept := 0
			for _, name := range names(t, place) {
				text, _ := os.ReadFile(filepath.Join(place, name)) // or a folder
				if strings.HasPrefix(name, "before-restore") && (string(text) == old || string(text) == "before") {
					kept++
				}
			}
			if kept != 2 {
				t.Errorf("%d of two files of before are kept in %v", kept, names(t, place))
			}
			if _, err := os.Stat(filepath.Join(place, "restore.part")); err == nil {
				t.Error("the draft is left")
			}
			agrees(t, dbtest.OpenConfig(t, db.Config{Path: filepath.Join(place, backup.Database)}))
			if text, err := os.ReadFile(filepath.Join(place, "imports", "17")); string(text) != "uploaded" {
				t.Error(err)
			}
		})
	}
}

// A backup that is stopped, or that would replace a file, leaves nothing.
func TestBackupStopped(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		d := dbtest.OpenConfig(t, dbtest.Stored(t, e, oldest))
		folder := t.TempDir()
		file := filepath.Join(folder, "backup.zip")
		ctx, stop := context.WithCancel(t.Context())
		s := source(d, t.TempDir())
		s.Progress = func(part string, _ int64) {
			if part == "lots" {
				stop()
			}
		}
		if _, err := backup.File(ctx, s, file); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want it stopped", err)
		}
		if left := names(t, folder); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
		write(t, file, "of yesterday")
		if _, err := backup.File(t.Context(), source(d, t.TempDir()), file); err == nil {
			t.Error("it replaced a file")
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != "of yesterday" {
			t.Errorf("%s %v", text, err)
		}
		if _, err := backup.File(t.Context(), source(dbtest.OpenConfig(t, dbtest.Empty(t, e)), folder), file+"2"); !errors.Is(err, backup.ErrNothing) {
			t.Errorf("of nothing: %v, want %v", err, backup.ErrNothing)
		}
	})
}
