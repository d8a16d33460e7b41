package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"regulars/internal/backup"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/importer"
)

// Backup writes everything into one file, also while a server runs and also with
// tables of an earlier version.
func Backup(ctx context.Context, cfg Config, env Env, to string) (err error) {
	p, err := plain(cfg, env)
	if err != nil {
		return err
	}
	if to, err = filepath.Abs(to); err != nil {
		return err
	}
	if strings.HasPrefix(to, p.cfg.Data+string(filepath.Separator)) {
		return errs.InvalidField("to", "within_data", "lies in the data folder, where it would be lost with what it is a copy of, and be in the next one. Name a file elsewhere.")
	}
	if _, err := os.Stat(p.cfg.file()); cfg.Database == "" && err != nil {
		return noDatabase(p.cfg.Data)
	}
	if p.db, err = db.Open(ctx, p.cfg.database(p.log)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.db.Close()) }()
	line, began := p.line(), env.Now()
	m, err := backup.File(ctx, backup.Source{
		DB: p.db, Folder: p.cfg.Data, Program: env.Version, Now: env.Now,
		Progress: func(part string, rows int64) { line(fmt.Sprintf("Backing up %s: %d rows", part, rows), false) },
	}, to)
	if err != nil {
		return err
	}
	line(fmt.Sprintf("%s from %s are in %s (%.1f s).", m.Size(), m.Made.Local().Format("2006-01-02 15:04:05"), to, env.Now().Sub(began).Seconds()), true)
	return nil
}

// Restore brings back what Backup wrote: into an empty data folder, or with
// replace into one whose content is moved aside; with PostgreSQL into an empty
// database. No server may run there.
func Restore(ctx context.Context, cfg Config, env Env, from string, replace bool) (err error) {
	p, err := plain(cfg, env)
	if err != nil {
		return err
	}
	a, err := backup.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := p.makeFolder(); err != nil {
		return err
	}
	unlock, err := lockFolder(p.cfg.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	tell := p.progress("Restoring what was backed up on %s", a.Made.Local().Format("2006-01-02 15:04:05"))
	err = a.Restore(ctx, p.cfg.database(p.log), env.Now(), p.cfg.Data, replace, func(done, of int64) { tell(int(done), int(of)) },
		func(ctx context.Context, tx *db.Tx) error { return importer.MovedTx(ctx, tx, a.Folder, p.cfg.Data) })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%s are back. `regulars verify` recomputes whether everything agrees.\n", a.Size())
	return err
}

// plain are the parts of a command that opens the database in its own way.
func plain(cfg Config, env Env) (p *parts, err error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.Data, err = filepath.Abs(cfg.Data); err != nil {
		return nil, err
	}
	p = &parts{cfg: cfg, env: env}
	p.log, err = newLog(cfg, env.Stderr)
	return p, err
}

func noDatabase(folder string) error {
	return errs.New(errs.NotFound, "no_database", "").Textf("There is no database in the data folder %s.", folder)
}
