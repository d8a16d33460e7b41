package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"regulars/internal/backup"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/secret"
	"regulars/internal/base/settings"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// parts are what the program consists of.
type parts struct {
	cfg      Config
	env      Env
	log      *slog.Logger
	registry *prometheus.Registry
	db       *db.DB
	ids      *id.Lease
	settings *settings.Settings
	bundle   *i18n.Bundle
	jobs     *jobs.Queue
	services *loyalty.Services
	importer *importer.Service

	closers []func() error // in the order of opening
}

// mode is what a command needs of the database.
type mode int

const (
	alone    mode = iota // serve, demo, migrate: the only server of a SQLite file
	besides              // import: may run beside a server
	founded              // password: likewise, where there is an installation
	readOnly             // verify: changes nothing, not even the tables
)

// open builds the parts; close ends them.
func open(ctx context.Context, cfg Config, env Env, m mode) (*parts, error) {
	p := &parts{cfg: cfg, env: env}
	if err := p.build(ctx, m); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// build is the list: each part stands on those before it.
func (p *parts) build(ctx context.Context, m mode) (err error) {
	if p.log, err = newLog(p.cfg, p.env.Stderr); err != nil {
		return err
	}
	if err := p.openDatabase(ctx, m); err != nil || m == readOnly {
		return err
	}
	if err := event.New(p.db).Rebase(ctx); err != nil {
		return err
	}
	if p.ids, err = id.Take(ctx, p.db, p.env.Now); err != nil {
		return err
	}
	p.closers = append(p.closers, func() error { return p.ids.Release(context.WithoutCancel(ctx)) })
	if p.settings, err = p.openSettings(ctx); err != nil {
		return err
	}
	if p.bundle, err = i18n.Load(); err != nil {
		return err
	}
	p.registry = p.newRegistry()
	p.services = loyalty.New(p.db, p.ids.Minter, p.env.Now, p.settings.Get())
	p.services.Receipts.AllowLate(func() receipt.Lateness {
		is := p.settings.Get()
		return receipt.Lateness{Age: time.Duration(is.LateDays) * 24 * time.Hour, Skew: time.Duration(is.ClockMinutes) * time.Minute}
	})
	p.services.Staff.LetSessionsLast(func() staff.Lasting {
		is := p.settings.Get()
		return staff.Lasting{Idle: time.Duration(is.IdleHours) * time.Hour, Whole: time.Duration(is.SessionDays) * 24 * time.Hour}
	})
	p.closers = append(p.closers, func() error { p.services.Close(); return nil })
	p.jobs = jobs.New(p.db, p.ids.Minter, p.env.Now, jobs.Config{Log: p.log, Observe: jobMetrics(p.registry)})
	if m == alone {
		keys, err := p.cfg.keys()
		if err != nil {
			return err
		}
		// Whose key is lost sells on. A process among several that share a database is
		// likelier to look in a folder of its own: it says so, and stops.
		own := p.cfg.Database == "" || p.cfg.SecretKey != ""
		for _, err := range []error{p.services.Staff.UseKeys(ctx, keys), p.codes(ctx, keys)} {
			switch {
			case own && (errors.Is(err, staff.ErrKeys) || errors.Is(err, confirm.ErrKeys)):
				p.log.Error("Something is sealed under another secret key.", "error", err)
			case err != nil:
				return err
			}
		}
	}
	nightly(p.services, p.jobs, p.env.Now, p.settings.Get)
	p.importer = p.newImporter(p.services, p.env.Now, p.jobs)
	return nil
}

// file is where SQLite keeps everything.
func (c Config) file() string { return filepath.Join(c.Data, backup.Database) }

func (c Config) database(log *slog.Logger) db.Config {
	return db.Config{URL: c.Database, Path: c.file(), Conns: c.Conns, Log: log}
}

// openDatabase opens the database and brings its tables up to date.
func (p *parts) openDatabase(ctx context.Context, m mode) (err error) {
	if p.cfg.Data, err = filepath.Abs(p.cfg.Data); err != nil {
		return err
	}
	if m >= founded {
		if _, err := os.Stat(p.cfg.file()); p.cfg.Database == "" && err != nil {
			return noDatabase(p.cfg.Data)
		}
	} else if p.cfg.Database == "" {
		if err := p.makeFolder(); err != nil {
			return err
		}
	}
	var unlock func() error
	if m == alone && p.cfg.Database == "" {
		if unlock, err = lockFolder(p.cfg.Data); err != nil {
			return err
		}
		p.closers = append(p.closers, unlock)
	}
	if p.db, err = db.Open(ctx, p.cfg.database(p.log)); err != nil {
		return err
	}
	p.closers = append(p.closers, p.db.Close)
	if m < founded && p.cfg.Database != "" { // a server that does not answer leaves no folder
		if err := p.makeFolder(); err != nil {
			return err
		}
	}

	pending, err := p.db.Pending(ctx)
	if err != nil {
		return err
	}
	if !pending {
		return p.known(ctx)
	}
	if m >= founded {
		return errs.New(errs.Conflict, "not_migrated", "The tables are of another version of the program. Run `regulars migrate` first.")
	}
	if m == besides && p.cfg.Database == "" {
		if unlock, err = lockFolder(p.cfg.Data); err != nil { // an older server is running
			return err
		}
		defer unlock() //nolint:errcheck // only a lock
	}
	applied, err := p.db.Migrate(ctx)
	if len(applied) > 0 {
		p.log.Info("tables brought up to date", "migrations", applied)
	}
	return err
}

// known fails where the tables are of a later version of the program: what that one
// keeps in them, this one would not heed.
func (p *parts) known(ctx context.Context) error {
	latest, err := db.Latest()
	if err != nil {
		return err
	}
	return p.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		version, err := tx.Version(ctx)
		if err == nil && version > latest {
			err = errs.New(errs.Conflict, "newer_tables", "").Textf("The tables are of a newer regulars (%d, this one knows them up to %d). "+
				"Run that one, or restore the backup that was made before.", version, latest)
		}
		return err
	})
}

// keys are those of the setting, or of the file, which is made when there is none.
func (c Config) keys() (*secret.Box, error) {
	if c.SecretKey != "" {
		return secret.NewBox(c.SecretKey)
	}
	path := filepath.Join(c.Data, "secret.key")
	// Whole or not at all, also where two servers start at once: the first wins.
	made := filepath.Join(c.Data, "secret.key."+rand.Text())
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		defer os.Remove(made) //nolint:errcheck // a name more of what is kept, or of nothing
		if err := os.WriteFile(made, []byte(secret.NewKey()+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("make the secret key: %w", err)
		}
		if err := os.Link(made, path); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("make the secret key: %w", err)
		}
	}
	text, err := os.ReadFile(path) //nolint:gosec // in the data folder
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	keys, err := secret.NewBox(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

func (p *parts) makeFolder() error {
	if err := os.MkdirAll(p.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	return nil
}

// openSettings reads what the installation is, or chooses it on first start.
func (p *parts) openSettings(ctx context.Context) (*settings.Settings, error) {
	first, err := p.cfg.installation()
	if err != nil {
		return nil, err
	}
	s, created, err := settings.Open(ctx, p.db, p.env.Now, first)
	if err != nil {
		return nil, err
	}
	is := s.Get()
	if created {
		p.log.Info("new installation", "currency", is.Currency.Code, "zone", is.Zone.String(), "language", is.Language)
	} else if p.cfg.Currency != "" && p.cfg.Currency != is.Currency.Code {
		return nil, errs.InvalidField("currency", "currency_differs",
			"is %s, but this database keeps everything in %s and cannot change. Amounts in another currency live in a data folder of their own.",
			p.cfg.Currency, is.Currency.Code)
	}
	return s, nil
}

// background runs something until ctx ends or the parts are closed.
func (p *parts) background(ctx context.Context, run func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	p.closers = append(p.closers, func() error {
		cancel()
		<-ended
		return nil
	})
}

// keepNode renews the node number in the background.
func (p *parts) keepNode(ctx context.Context) {
	p.background(ctx, func(ctx context.Context) {
		p.ids.Keep(ctx, func(err error) { p.log.Warn("cannot renew the node number", "error", err) })
	})
}

// every calls do again and again until ctx ends.
func every(ctx context.Context, pause time.Duration, do func(context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// close ends the parts, the last opened first.
func (p *parts) close() (err error) {
	for i := len(p.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, p.closers[i]())
	}
	p.closers = nil
	return err
}
