package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/jobs"
	"regulars/internal/base/settings"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
)

// ImportOrder is what is to be imported, and how.
type ImportOrder struct {
	Files   []string // in this order
	Kind    string   // customers, products or receipts; empty: guessed for each
	Source  string   // the system they come from; empty: importer.DefaultSource
	Mapping string   // file with the mapping; empty: guessed for each
	Guess   bool     // only print the mapping that would be used
	Check   bool     // only tell what would come of it

	alone bool // there is no installation: nothing is kept
}

// importFolder is where uploads and refused rows lie in the data folder.
func (p *parts) importFolder() string { return filepath.Join(p.cfg.Data, "imports") }

func (p *parts) newImporter(s *loyalty.Services, now func() time.Time, queue *jobs.Queue) *importer.Service {
	is := p.settings.Get()
	return importer.New(importer.Config{
		DB: p.db, Mint: p.ids.Minter, Now: now, Currency: is.Currency, Region: loyalty.Region(is),
		Zone:   func() *time.Location { return p.settings.Get().Zone },
		Folder: p.importFolder(), Log: p.log, Jobs: queue,
		Services: s,
	})
}

// Import takes files in, one after the other, and prints what each came to.
// Stopped or killed, the same call goes on where it was; a file that is in
// already changes nothing. It may run beside a server. A guess touches no
// database; a check of files for an installation that is not there yet leaves
// none behind.
func Import(ctx context.Context, cfg Config, env Env, order ImportOrder) (err error) {
	if err := errors.Join(cfg.Check(), order.check()); err != nil {
		return err
	}
	if order.Guess {
		return order.each(func(file string) error { return order.guess(ctx, cfg, env, file) })
	}
	if order.Check {
		founded, err := cfg.founded(ctx, env)
		if err != nil {
			return err
		}
		if !founded {
			return order.checkAlone(ctx, cfg, env)
		}
	}
	return order.run(ctx, cfg, env)
}

func (o ImportOrder) run(ctx context.Context, cfg Config, env Env) (err error) {
	p, err := open(ctx, cfg, env, besides)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.background(context.WithoutCancel(ctx), func(ctx context.Context) {
		p.ids.Keep(ctx, func(err error) { p.log.Warn("cannot renew the node number", "error", err) })
	})
	return o.each(func(file string) error { return p.importFile(ctx, file, o) })
}

// check finds what is wrong with an order.
func (o ImportOrder) check() error {
	var wrong errs.List
	if len(o.Files) == 0 {
		return errs.New(errs.Invalid, "no_file", "Name the files to import.")
	}
	kinds := []string{string(importer.KindCustomers), string(importer.KindProducts), string(importer.KindReceipts)}
	if o.Kind != "" && !slices.Contains(kinds, o.Kind) {
		wrong.Add("kind", "unknown", "is %q, not one of %s", o.Kind, strings.Join(kinds, ", "))
	}
	for _, file := range o.Files {
		if info, err := os.Stat(file); err != nil || info.IsDir() {
			return errs.New(errs.Invalid, "no_file", "").Textf("There is no file %s.", file)
		}
	}
	if o.Mapping != "" {
		if info, err := os.Stat(o.Mapping); err != nil || info.IsDir() {
			wrong.Add("mapping", "no_file", "names %q, and there is no such file", o.Mapping)
		}
	}
	return wrong.Err()
}

// each does something with every file and says with which it went wrong.
func (o ImportOrder) each(do func(file string) error) error {
	for _, file := range o.Files {
		err := do(file)
		own := (*errs.Error)(nil)
		switch {
		case err == nil:
			continue
		case errors.Is(err, importer.ErrKind):
			return importer.ErrKind.Textf("%s: There is nothing but names in this file. Say with --kind whether they are of customers or of products.", file)
		case errors.As(err, &own) && len(own.Fields) > 0: // the columns lack something
			texts := make([]string, len(own.Fields))
			for i, f := range own.Fields {
				texts[i] = f.Text
			}
			return errs.New(errs.Invalid, own.Code, "").Textf("%s: %s. Print the columns with --guess, mend them, and give them back with --mapping.", file, strings.Join(texts, "; "))
		case errors.As(err, &own):
			return own.Textf("%s: %s", file, own.Text)
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// guess prints how a file would be read.
func (o ImportOrder) guess(ctx context.Context, cfg Config, env Env, file string) error {
	is, err := cfg.installation()
	if err != nil {
		return err
	}
	s, err := importer.Sniff(ctx, file, importer.Hints{Kind: importer.Kind(o.Kind), Zone: is.Zone.String(), Region: loyalty.Region(is)})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(s.Mapping, "", "  ")
	fmt.Fprintf(env.Stdout, "%s\n", text)
	return err
}

// founded reports whether there is an installation.
func (c Config) founded(ctx context.Context, env Env) (yes bool, err error) {
	file := filepath.Join(c.Data, "regulars.db")
	if _, err := os.Stat(file); c.Database == "" && errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	log, err := newLog(c, env.Stderr)
	if err != nil {
		return false, err
	}
	d, err := db.Open(ctx, db.Config{URL: c.Database, Path: file, Conns: c.Conns, Log: log})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return settings.Founded(ctx, d)
}

// checkAlone takes files into an installation that is thrown away, so that
// those behind find what those before brought.
func (o ImportOrder) checkAlone(ctx context.Context, cfg Config, env Env) (err error) {
	folder, err := os.MkdirTemp("", "regulars-check-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	cfg.Data, cfg.Database, cfg.LogLevel = folder, "", "error"
	o.alone = true
	return o.run(ctx, cfg, env)
}

func (p *parts) importFile(ctx context.Context, file string, order ImportOrder) error {
	i, err := p.importer.Add(ctx, importer.File{Source: order.Source, Kind: importer.Kind(order.Kind)}, file)
	if err != nil {
		return err
	}
	if order.Mapping != "" {
		if i, err = p.remap(ctx, i, order.Mapping); err != nil {
			return err
		}
	}
	loc := p.bundle.For(p.settings.Get().Language)
	fmt.Fprintf(p.env.Stdout, "%s: %s (%s)\n  %s\n", i.File, loc.T(i.Kind.Key()), i.Source, i.Mapping.ColumnsText(loc))
	line, started := p.line(), p.env.Now()
	watch := func(r importer.Report) {
		if r.Done >= 1 {
			return
		}
		text := fmt.Sprintf("  %d %%", int(100*r.Done))
		if r.Rate > 0 && r.Left > 0 {
			text += ", " + loc.T("admin.preview.rate", "n", int64(r.Rate), "left", loc.Duration(r.Left))
		}
		line(text, false)
	}
	run := p.importer.RunNow
	if order.Check && !order.alone {
		run = p.importer.CheckNow
	}
	i, err = run(ctx, i.ID, watch)
	if err != nil {
		return err
	}
	line("  "+loc.T("importer.report.took", "time", loc.Duration(p.env.Now().Sub(started))), true)
	if err := p.printReport(i, loc); err != nil || order.alone {
		return err
	}
	return p.keepIssues(ctx, i, loc)
}

// remap has a file read by a mapping that somebody edited.
func (p *parts) remap(ctx context.Context, i importer.Import, path string) (importer.Import, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the user's own choice
	if err != nil {
		return i, err
	}
	m, err := importer.ParseMapping(text)
	if err != nil {
		return i, err
	}
	if err := p.importer.SetMapping(ctx, i.ID, m); err != nil {
		return i, err
	}
	return p.importer.Get(ctx, i.ID)
}

// printReport prints what an import came to.
func (p *parts) printReport(i importer.Import, l *i18n.Localizer) error {
	w := tabwriter.NewWriter(p.env.Stdout, 0, 0, 2, ' ', 0)
	for _, f := range i.Report.Facts(l, p.settings.Get().Currency) {
		fmt.Fprintf(w, "  %s\t%s\n", f.Label, f.Text)
	}
	return w.Flush()
}

// keepIssues writes the rows that were refused, and those that were taken
// without something, where people can open them.
func (p *parts) keepIssues(ctx context.Context, i importer.Import, l *i18n.Localizer) error {
	for _, list := range []struct {
		n       int64
		refused bool
		name    string
		key     string
	}{
		{i.Report.Refused, true, "refused", "importer.report.refused_in"},
		{i.Report.Noted, false, "noted", "importer.report.noted_in"},
	} {
		if list.n == 0 {
			continue
		}
		path := filepath.Join(p.importFolder(), i.ID.String()+"-"+list.name+".csv")
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // in our own folder
		if err != nil {
			return err
		}
		if err := errors.Join(p.importer.Issues(ctx, i.ID, f, list.refused, l), f.Close()); err != nil {
			return err
		}
		fmt.Fprintf(p.env.Stdout, "  %s\n", l.T(list.key, "path", path))
	}
	return nil
}
