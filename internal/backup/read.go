package backup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Failures of a restore.
var (
	ErrUnreadable = errs.New(errs.Invalid, "backup_unreadable", "")
	ErrDamaged    = errs.New(errs.Conflict, "backup_damaged", "")
	ErrNotEmpty   = errs.New(errs.Conflict, "not_empty", "")
)

// Archive is one that this program can restore.
type Archive struct {
	Manifest
	zip   *zip.ReadCloser
	parts map[string]*zip.File
}

// Open reads what an archive says of itself.
func Open(name string) (a *Archive, err error) {
	r, err := zip.OpenReader(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrUnreadable.Textf("There is no file %s.", name)
	}
	if err != nil {
		return nil, ErrUnreadable.Because(err).Textf("%s is no backup, or was cut off.", name)
	}
	a = &Archive{zip: r, parts: map[string]*zip.File{}}
	defer func() {
		if err != nil {
			_ = r.Close() // only read
		}
	}()
	for _, f := range r.File {
		a.parts[f.Name] = f
	}
	if a.parts[manifestName] == nil {
		return nil, ErrUnreadable.Textf("%s is no backup: it has no manifest.", name)
	}
	text, err := a.read(manifestName)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &a.Manifest); err != nil {
		return nil, ErrUnreadable.Because(err).Textf("The manifest of %s cannot be read.", name)
	}
	known, err := db.Latest()
	if err != nil {
		return nil, err
	}
	if a.Format != format || a.Version > known {
		return nil, ErrNewer.Textf("%s is of another regulars (%s; its tables are of version %d, this one knows them up to %d). Restore it with that one or a later one.",
			name, a.Program, a.Version, known)
	}
	for _, p := range a.Parts {
		if a.parts[p.Name] == nil {
			return nil, ErrDamaged.Textf("The backup lacks %s.", p.Name)
		}
		if p.Table == "" && !(strings.HasPrefix(p.Name, files) && filepath.IsLocal(strings.TrimPrefix(p.Name, files)) && !ours(strings.TrimPrefix(p.Name, files))) {
			return nil, ErrUnreadable.Textf("The backup names a file %q.", p.Name)
		}
	}
	return a, nil
}

// Close closes the archive.
func (a *Archive) Close() error { return a.zip.Close() }

func (a *Archive) read(name string) ([]byte, error) {
	r, err := a.parts[name].Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	return text, errors.Join(err, r.Close())
}

// copy gives a part to somebody who reads it to the end, and then says whether it
// is what was written.
func (a *Archive) copy(ctx context.Context, p Part, to func(io.Reader) error) error {
	r, err := a.parts[p.Name].Open()
	if err != nil {
		return ErrDamaged.Because(err).Textf("%s of the backup cannot be read.", p.Name)
	}
	defer r.Close() //nolint:errcheck // only read
	t := &tally{ctx: ctx, to: io.Discard, sum: sha256.New()}
	in := &source{Reader: io.TeeReader(r, t)}
	err = to(in)
	if ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if err != nil { // is it that of who takes it, or of what is given?
		_, _ = io.Copy(io.Discard, in) // how it failed is remembered
	}
	if in.failed != nil || t.bytes != p.Bytes || t.digest() != p.SHA256 {
		return ErrDamaged.Because(errors.Join(err, in.failed)).Textf("%s of the backup is not what was written.", p.Name)
	}
	return err
}

// source remembers that reading failed.
type source struct {
	io.Reader
	failed error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

// Check reads all of it.
func (a *Archive) Check(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "check the backup")
	for _, p := range a.Parts {
		if err := a.copy(ctx, p, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }); err != nil {
			return err
		}
	}
	return nil
}

// Load fills an empty database and brings its tables up to date. All rows come in
// one transaction; last is what else belongs to it, right before it is committed.
func (a *Archive) Load(ctx context.Context, d *db.DB, progress func(done, of int64), last func(ctx context.Context, tx *db.Tx) error) (err error) {
	defer errs.Wrap(&err, "load the backup")
	if err := empty(ctx, d, a.Version); err != nil {
		return err
	}
	if err := d.MigrateTo(ctx, a.Version); err != nil {
		return err
	}
	var all int64
	for _, p := range a.Parts {
		all += p.Rows
	}
	err = d.Write(ctx, func(_ context.Context, tx *db.Tx) error { // SQLite's would not end when ctx does
		list, err := tx.Tables(ctx)
		if err != nil {
			return err
		}
		var done int64
		for _, c := range list {
			at := slices.IndexFunc(a.Parts, func(p Part) bool { return p.Table == c.Table })
			if at < 0 {
				return ErrDamaged.Textf("The backup lacks the table %s.", c.Table)
			}
			p := a.Parts[at]
			for _, column := range p.Columns {
				if !slices.Contains(c.Columns, column) {
					return ErrDamaged.Textf("The backup has a column %s.%s, which there is not.", c.Table, column)
				}
			}
			c.Columns = p.Columns
			if err := a.copy(ctx, p, func(r io.Reader) error { return tx.CopyIn(ctx, c, r) }); err != nil {
				return err
			}
			if done += p.Rows; p.Rows > 0 {
				progress(done, all)
			}
		}
		for _, p := range a.Parts {
			if p.Table != "" && !slices.ContainsFunc(list, func(c db.Copied) bool { return c.Table == p.Table }) {
				return ErrDamaged.Textf("The backup has a table %s, which there is not.", p.Table)
			}
		}
		return last(ctx, tx)
	})
	if err != nil {
		return err
	}
	_, err = d.Migrate(ctx)
	return err
}

// empty fails where a database holds anything, or tables of a later version than
// those to be filled.
func empty(ctx context.Context, d *db.DB, version int64) error {
	return d.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := tx.Tables(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, c := range list {
			var any bool
			if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+c.Table+")").Scan(&any); err != nil {
				return err
			}
			if any {
				return ErrNotEmpty.Textf("The database is not empty: the table %s has rows. Restore into a new one.", c.Table)
			}
		}
		is, err := tx.Version(ctx)
		if err == nil && is > version {
			err = ErrNotEmpty.Textf("The database has tables of a later version than the backup (%d and %d). Restore into a new one.", is, version)
		}
		return err
	})
}

// Restore brings an installation back: into an empty PostgreSQL, or, where url
// is empty, a file in the folder. With replace, what is in the folder is moved
// aside within it; otherwise the folder must be empty. also may change rows before they are
// committed.
func (a *Archive) Restore(ctx context.Context, cfg db.Config, now time.Time, folder string, replace bool, progress func(done, of int64),
	also func(ctx context.Context, tx *db.Tx) error,
) (err error) {
	defer errs.Wrap(&err, "restore")
	p, err := newPlace(folder, now.UTC().Format("20060102T150405"), replace)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.giveUp())
		}
	}()
	for _, part := range a.Parts {
		if part.Table == "" {
			if err := a.copy(ctx, part, func(r io.Reader) error { return p.put(strings.TrimPrefix(part.Name, files), r) }); err != nil {
				return err
			}
		}
	}
	lite := cfg.URL == ""
	if lite {
		cfg.Path = p.database()
	}
	d, err := db.Open(ctx, cfg)
	if err != nil {
		return err
	}
	err = a.Load(ctx, d, progress, func(ctx context.Context, tx *db.Tx) error {
		if err := also(ctx, tx); err != nil || lite {
			return err
		}
		return p.settle() // the rows come last
	})
	if err = errors.Join(err, d.Close()); err != nil {
		return err
	}
	if lite {
		if err := p.settle(); err != nil {
			return err
		}
	}
	return p.done()
}
