package backup

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// format of the archives that are written. Others cannot be read.
const format = 1

// Manifest is what an archive says of itself.
type Manifest struct {
	Format   int       `json:"format"`
	Program  string    `json:"program"`  // version that wrote it
	Made     time.Time `json:"made"`     // the moment that it is of
	Database string    `json:"database"` // engine that it came from
	Version  int64     `json:"version"`  // last migration of the tables
	Folder   string    `json:"folder"`   // data folder, as it was called
	Parts    []Part    `json:"parts"`
}

// Part is a table or a file.
type Part struct {
	Name    string   `json:"name"` // in the archive
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Rows    int64    `json:"rows,omitempty"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"`
}

const (
	manifestName = "manifest.json"
	tables       = "tables/"
	files        = "files/"
)

// Source is what is backed up.
type Source struct {
	DB      *db.DB
	Folder  string // the data folder
	Program string
	Now     func() time.Time
	// Progress is told what is written and how many rows so far.
	Progress func(part string, rows int64)
}

// ErrNothing is returned where there is no installation.
var ErrNothing = errs.New(errs.NotFound, "nothing_to_back_up", "The database has no tables: there is nothing to back up.")

// ErrNewer is returned where tables are of a later version of the program.
var ErrNewer = errs.New(errs.Conflict, "newer_tables", "")

// Write writes an archive. Stopped half way it leaves the writer with one that
// cannot be read.
func Write(ctx context.Context, s Source, w io.Writer) (m Manifest, err error) {
	defer errs.Wrap(&err, "back up")
	known, err := db.Latest()
	if err != nil {
		return m, err
	}
	a := &archiver{zip: zip.NewWriter(w), progress: s.Progress}
	// What compresses well is the rows, and tills want the processor meanwhile.
	a.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	m = Manifest{Format: format, Program: s.Program, Database: s.DB.String(), Folder: s.Folder}
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := tx.Tables(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNothing
		}
		if m.Version, err = tx.Version(ctx); err != nil {
			return err
		}
		if m.Version > known {
			return ErrNewer.Textf("The tables are of a newer regulars (%d, this one knows them up to %d). Back up with that one.", m.Version, known)
		}
		m.Made = s.Now().UTC() // the first statement has fixed what is seen
		for _, c := range list {
			part := Part{Name: tables + c.Table, Table: c.Table, Columns: c.Columns}
			if err := a.add(ctx, part, func(w io.Writer) error { return tx.CopyOut(ctx, c, w) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	// Later than the rows: what they speak of was there before them.
	if err := a.folder(ctx, s.Folder); err != nil {
		return m, err
	}
	m.Parts = a.parts
	text, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		return m, err
	}
	out, err := a.zip.Create(manifestName)
	if err != nil {
		return m, err
	}
	if _, err := out.Write(text); err != nil {
		return m, err
	}
	return m, a.zip.Close()
}

type archiver struct {
	zip      *zip.Writer
	parts    []Part
	progress func(part string, rows int64)
}

// add adds a part and describes what was written.
func (a *archiver) add(ctx context.Context, p Part, write func(io.Writer) error) error {
	out, err := a.zip.CreateHeader(&zip.FileHeader{Name: p.Name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	t := &tally{ctx: ctx, to: out, sum: sha256.New(), lines: p.Table != ""}
	if t.lines {
		t.tell = func(rows int64) { a.progress(p.Table, rows) }
	}
	if err := write(t); err != nil {
		return err
	}
	p.Rows, p.Bytes, p.SHA256 = t.rows, t.bytes, t.digest()
	a.parts = append(a.parts, p)
	return nil
}

// tally counts and signs what passes.
type tally struct {
	ctx   context.Context //nolint:containedctx // lives as long as one copy
	to    io.Writer
	sum   hash.Hash
	bytes int64
	rows  int64
	lines bool
	tell  func(rows int64)
}

// Write implements io.Writer.
func (t *tally) Write(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.to.Write(p)
	t.sum.Write(p[:n])
	t.bytes += int64(n)
	if t.lines {
		t.rows += int64(bytes.Count(p[:n], []byte("\n")))
		t.tell(t.rows)
	}
	return n, err
}

func (t *tally) digest() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// folder adds what lies in the data folder beside the database.
func (a *archiver) folder(ctx context.Context, folder string) error {
	return filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // no folder, or removed meanwhile
		}
		if err != nil {
			return err
		}
		within, err := filepath.Rel(folder, name)
		if err != nil {
			return err
		}
		if ours(within) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		in, err := os.Open(name) //nolint:gosec // of the data folder
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer in.Close() //nolint:errcheck // read only
		return a.add(ctx, Part{Name: files + filepath.ToSlash(within)}, func(w io.Writer) error {
			_, err := io.Copy(w, in)
			return err
		})
	})
}

// Names in the data folder.
const (
	Database = "regulars.db"
	Lock     = "serve.lock"
	draft    = "restore.part"   // a restore that is under way, or was cut off
	aside    = "before-restore" // and what was there before, each with its time
)

// ours reports whether a name in the data folder is not to be kept as a file.
func ours(name string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
	return strings.HasPrefix(first, Database) || first == Lock || first == draft || strings.HasPrefix(first, aside) || path.Ext(name) == partial
}

// partial is what files are called while they are written.
const partial = ".part"

// File writes an archive to a file that is either whole and on the disk, or not
// there; it replaces none.
func File(ctx context.Context, s Source, to string) (m Manifest, err error) {
	if _, err := os.Lstat(to); err == nil {
		return m, errs.New(errs.Invalid, "file_exists", "").Textf("There is a file %s already. Name another, or remove it.", to)
	}
	draft := to + partial
	f, err := os.OpenFile(draft, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // the user's choice
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(draft))
		}
	}()
	m, err = Write(ctx, s, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return m, err
	}
	// It is read once: what was written is what there is.
	a, err := Open(draft)
	if err != nil {
		return m, err
	}
	if err := errors.Join(a.Check(ctx), a.Close()); err != nil {
		return m, err
	}
	if err := os.Rename(draft, to); err != nil {
		return m, err
	}
	return m, syncFolder(filepath.Dir(to))
}

func syncFolder(folder string) error {
	d, err := os.Open(folder) //nolint:gosec // of a path that was opened before
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Size is how much was written, for people.
func (m Manifest) Size() string {
	var rows int64
	files := 0
	for _, p := range m.Parts {
		if rows += p.Rows; p.Table == "" {
			files++
		}
	}
	return fmt.Sprintf("%d rows and %d files", rows, files)
}
