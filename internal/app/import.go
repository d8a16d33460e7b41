package app

import (
	"cmp"
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
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// ImportOrder is what is to be imported, and how.
type ImportOrder struct {
	Files   []string          // in this order
	Kind    string            // one of importer.Kinds; empty: guessed for each
	Sheet   string            // of workbooks; empty: the one that has the data
	Source  string            // the system they come from; empty: importer.DefaultSource
	Mapping string            // file with the mapping, or what of it is not as guessed; empty: guessed for each
	Store   string            // of rows that name none; empty: the only one
	Refused string            // folder for the rows that are refused or remarked on; empty: in the data folder, and nowhere with Check
	Guess   bool              // only print the mapping that would be used
	Check   bool              // only tell what would come of it
	Expect  map[string]string // totals of the old system to compare with, by importer.Total

	alone bool // there is no installation: nothing is kept
}

// importFolder is where uploads and refused rows lie in the data folder.
func (p *parts) importFolder() string { return filepath.Join(p.cfg.Data, "imports") }

func (p *parts) newImporter(s *loyalty.Services, now func() time.Time, queue *jobs.Queue) *importer.Service {
	is := p.settings.Get()
	return importer.New(importer.Config{
		DB: p.db, Mint: p.ids.Minter, Now: now, Currency: is.Currency, Secret: is.Secret, Region: loyalty.Region(is),
		Zone:   func() *time.Location { return p.settings.Get().Zone },
		Folder: p.importFolder(), Jobs: queue, Started: func(ctx context.Context, tx *db.Tx, i importer.Import) error {
			after, err := json.Marshal(map[string]any{"file": i.File, "kind": i.Kind, "source": i.Source})
			return errors.Join(err, s.Staff.AuditTx(ctx, tx, staff.Entry{Action: "import.started", Subject: "import:" + i.ID.String(), After: after}))
		},
		Services: s,
	})
}

// Import takes files in, one after the other, and prints what each came to.
// Stopped or killed, the same call goes on where it was; a file that is in
// already changes nothing. It may run beside a server. A guess touches no
// database; a check of files for an installation that is not there yet leaves
// none behind. What it reports and what it fails with is in one language: that of
// cfg, or else that of the installation.
func Import(ctx context.Context, cfg Config, env Env, order ImportOrder) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	collectRarely(384 << 20)
	bundle, err := i18n.Load()
	if err != nil {
		return err
	}
	language, founded := defaultLanguage, false
	if !order.Guess {
		if language, founded, err = cfg.founded(ctx, env); err != nil {
			return err
		}
	}
	loc := bundle.For(cmp.Or(cfg.Language, language))
	if err := order.check(loc); err != nil {
		return err
	}
	switch {
	case order.Guess:
		return order.each(ctx, loc, func(file string) error { return order.guess(ctx, cfg, env, file) })
	case order.Check && !founded:
		return order.checkAlone(ctx, cfg, env)
	case !founded: // the currency is chosen for ever: not for files that cannot be read
		is, err := cfg.installation()
		if err == nil {
			_, err = importer.Reconcile(order.Expect, loc, is.Currency)
		}
		if err != nil {
			return err
		}
		if err := order.each(ctx, loc, func(file string) error { return order.readable(ctx, cfg, file) }); err != nil {
			return err
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
	compare, err := importer.Reconcile(o.Expect, p.loc(), p.settings.Get().Currency)
	if err != nil {
		return err
	}
	p.keepNode(context.WithoutCancel(ctx))
	err = o.each(ctx, p.loc(), func(file string) error {
		i, err := p.importFile(ctx, file, o)
		if err == nil {
			compare.Add(&i)
		}
		return err
	})
	if err == nil {
		p.printComparison(compare)
	}
	return err
}

// printComparison prints how what came in compares with the old system.
func (p *parts) printComparison(r *importer.Reconciliation) {
	for n, c := range r.Compare() {
		if n == 0 {
			fmt.Fprintf(p.env.Stdout, "%s:\n", p.loc().T("importer.report.compared"))
		}
		fmt.Fprintf(p.env.Stdout, "  %s: %s\n", c.Label, c.Text)
		for _, why := range c.Why {
			fmt.Fprintf(p.env.Stdout, "    %s\n", why)
		}
	}
}

// loc writes in the language that was asked for, or else that of the installation.
func (p *parts) loc() *i18n.Localizer {
	return p.bundle.For(cmp.Or(p.cfg.Language, p.settings.Get().Language))
}

// check finds what is wrong with an order.
func (o ImportOrder) check(loc *i18n.Localizer) error {
	var wrong errs.List
	if len(o.Files) == 0 {
		return errs.New(errs.Invalid, "no_file", loc.T("importer.console.no_files"))
	}
	if o.Kind != "" && !slices.Contains(importer.Kinds, importer.Kind(o.Kind)) {
		wrong.Add("kind", "unknown", "%s", loc.T("importer.console.no_kind", "value", o.Kind))
	}
	files := o.Files
	if o.Mapping != "" {
		files = append(slices.Clone(files), o.Mapping)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		switch {
		case err != nil:
			return errs.New(errs.Invalid, "no_file", loc.T("importer.console.no_file", "path", file))
		case info.IsDir():
			return errs.New(errs.Invalid, "no_file", loc.T("importer.console.folder", "path", file))
		}
	}
	return wrong.Err()
}

// mappingError is what is wrong with the file that says how to read the others.
type mappingError struct{ error }

func (e mappingError) Unwrap() error { return e.error }

// each does something with every file and says with which it went wrong.
func (o ImportOrder) each(ctx context.Context, loc *i18n.Localizer, do func(file string) error) error {
	for _, file := range o.Files {
		err := do(file)
		own := (*errs.Error)(nil)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil && errors.Is(err, context.Canceled):
			return errs.New(errs.Conflict, "stopped", loc.T("importer.console.stopped"))
		case errors.As(err, &own):
			said := own.Textf("%s", o.explain(loc, file, err, own))
			said.Fields = nil // they are of the file, not of the command line
			return said
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// explain says what is wrong with a file, or with the mapping, and what can be
// done about it here.
func (o ImportOrder) explain(loc *i18n.Localizer, file string, err error, own *errs.Error) string {
	text := web.Say(loc, own)
	if len(own.Fields) > 0 {
		var parts []string
		for _, f := range own.Fields {
			part := loc.Field(own, f)
			if errors.As(err, new(mappingError)) { // which has fields
				part = strings.TrimPrefix(f.Pointer, "/") + ": " + part
			}
			parts = append(parts, part)
		}
		text = strings.Join(parts, " ")
	}
	advice := ""
	switch {
	case errors.As(err, new(mappingError)):
		file = o.Mapping
	case errors.Is(err, importer.ErrKind):
		advice = " " + loc.T("importer.console.kind")
	case errors.Is(err, importer.ErrWhichStore):
		advice = " " + loc.T("importer.console.store")
	case errors.Is(err, importer.ErrNoProgramme):
		advice = " " + loc.T("importer.console.points", "mapping", `{"columns": {"points": 0}}`)
	case slices.ContainsFunc(own.Fields, func(f errs.Field) bool { return strings.HasPrefix(f.Pointer, "/columns/") }):
		advice = " " + loc.T("importer.console.mapping")
	}
	if len(o.Files) > 1 {
		advice += " " + loc.T("importer.console.others")
	}
	return file + ": " + text + advice
}

// sniff guesses how a file is to be read, without an installation.
func (o ImportOrder) sniff(ctx context.Context, cfg Config, kind importer.Kind, sheet, file string) (importer.Mapping, error) {
	is, err := cfg.installation()
	if err != nil {
		return importer.Mapping{}, err
	}
	s, err := importer.Sniff(ctx, file, importer.Hints{Kind: kind, Sheet: sheet, Zone: is.Zone.String(), Region: loyalty.Region(is), Currency: is.Currency})
	return s.Mapping, err
}

// guess prints how a file would be read, by any installation.
func (o ImportOrder) guess(ctx context.Context, cfg Config, env Env, file string) error {
	m, err := o.sniff(ctx, cfg, importer.Kind(o.Kind), o.Sheet, file)
	if err != nil {
		return err
	}
	if cfg.Zone == "" {
		m.Options.Zone = ""
	}
	if cfg.Currency == "" {
		m.Options.Region = ""
	}
	text, err := json.MarshalIndent(m, "", "  ")
	fmt.Fprintf(env.Stdout, "%s\n", text)
	return err
}

// readable says what keeps a file from being read.
func (o ImportOrder) readable(ctx context.Context, cfg Config, file string) error {
	mapping, kind, err := o.mapping()
	if err != nil {
		return err
	}
	m, err := o.sniff(ctx, cfg, kind, cmp.Or(o.Sheet, importer.SheetIn(mapping)), file)
	if err == nil && mapping != nil {
		if m, err = importer.ParseMapping(mapping, m); err != nil {
			return mappingError{err}
		}
	}
	if err != nil {
		return err
	}
	if err := m.Validate(); err != nil || m.Columns[importer.FieldPoints] == 0 {
		return err
	}
	return importer.ErrNoProgramme // nor is there anything else yet
}

// mapping reads the file that says how to read the others; nil: none was named.
func (o ImportOrder) mapping() (text []byte, kind importer.Kind, err error) {
	if o.Mapping != "" {
		if text, err = os.ReadFile(o.Mapping); err != nil {
			return nil, "", mappingError{err}
		}
	}
	return text, cmp.Or(importer.KindIn(text), importer.Kind(o.Kind)), nil
}

// founded reports whether there is an installation, and in which language it
// speaks, or will.
func (c Config) founded(ctx context.Context, env Env) (language string, yes bool, err error) {
	if _, err := os.Stat(c.file()); c.Database == "" && errors.Is(err, os.ErrNotExist) {
		return defaultLanguage, false, nil
	}
	log, err := newLog(c, env.Stderr)
	if err != nil {
		return "", false, err
	}
	d, err := db.Open(ctx, c.database(log))
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if yes, err = settings.Founded(ctx, d); err != nil || !yes {
		return defaultLanguage, false, err
	}
	first, err := c.installation()
	if err != nil {
		return "", false, err
	}
	is, _, err := settings.Open(ctx, d, env.Now, first)
	if err != nil {
		return "", false, err
	}
	return is.Get().Language, true, nil
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

func (p *parts) importFile(ctx context.Context, file string, order ImportOrder) (i importer.Import, err error) {
	mapping, kind, err := order.mapping()
	if err != nil {
		return i, err
	}
	i, err = p.importer.Add(ctx, importer.File{Source: order.Source, Kind: kind, Sheet: cmp.Or(order.Sheet, importer.SheetIn(mapping)), Anew: order.Check}, file)
	if err != nil {
		return i, err
	}
	run := p.importer.RunNow
	if order.Check && !order.alone {
		run = p.importer.CheckNow
		defer func(id importer.ID) {
			err = errors.Join(err, p.importer.Discard(context.WithoutCancel(ctx), id, nil))
		}(i.ID)
	}
	if mapping != nil || order.Store != "" {
		if i, err = p.remap(ctx, i, mapping, order.Store); err != nil {
			return i, err
		}
	}
	loc := p.loc()
	fmt.Fprintf(p.env.Stdout, "%s: %s (%s)\n", i.File, loc.T(i.Kind.Key()), i.Source)
	if i.Kind != importer.KindImages { // an archive has neither sheets nor columns
		if i.Mapping.Sheet != "" {
			fmt.Fprintf(p.env.Stdout, "  %s\n", loc.T("importer.report.sheet", "name", i.Mapping.Sheet))
		}
		fmt.Fprintf(p.env.Stdout, "  %s\n", i.Mapping.ColumnsText(loc))
	}
	seen, err := p.importer.Preview(ctx, i.ID, importer.Hints{Kind: i.Kind, Format: &i.Mapping.Format, Mapping: &i.Mapping})
	if err != nil {
		return i, err
	}
	for _, d := range seen.Doubts {
		fmt.Fprintf(p.env.Stdout, "  %s: %s\n", loc.T("importer.report.doubts"), d.Text(loc))
	}
	line, started := p.line(), p.env.Now()
	watch := func(r importer.Report) {
		if r.Done >= 1 {
			return
		}
		text := fmt.Sprintf("  %d %%", int(100*r.Done))
		if r.Rate > 0 && r.Left > 0 {
			text += ", " + loc.T("importer.report.rate", "n", int64(r.Rate), "left", loc.Duration(r.Left))
		}
		line(text, false)
	}
	i, err = run(ctx, i.ID, watch)
	if err != nil {
		return i, err
	}
	if order.Check {
		line("  "+loc.T("importer.console.checked"), true)
	}
	line("  "+loc.T("importer.report.took", "time", loc.Duration(p.env.Now().Sub(started))), true)
	if err := p.printReport(i, loc); err != nil {
		return i, err
	}
	folder := order.Refused
	if folder == "" {
		if order.Check {
			return i, nil
		}
		folder = p.importFolder()
	}
	return i, p.keepIssues(ctx, i, folder, loc)
}

// remap has a file read by a mapping that somebody wrote, if any, and rows that
// name no store be of one.
func (p *parts) remap(ctx context.Context, i importer.Import, mapping []byte, store string) (importer.Import, error) {
	m := i.Mapping
	if mapping != nil {
		var err error
		if m, err = importer.ParseMapping(mapping, i.Mapping); err != nil {
			return i, mappingError{err}
		}
	}
	m.Options.Store = cmp.Or(store, m.Options.Store)
	if err := p.importer.SetMapping(ctx, i.ID, m); err != nil {
		return i, err
	}
	return p.importer.Get(ctx, i.ID)
}

// printReport prints what an import came to, and why rows were refused or
// remarked on.
func (p *parts) printReport(i importer.Import, l *i18n.Localizer) error {
	w := tabwriter.NewWriter(p.env.Stdout, 0, 0, 2, ' ', 0)
	for _, f := range i.Report.Facts(l, p.settings.Get().Currency) {
		fmt.Fprintf(w, "  %s\t%s\n", f.Label, f.Text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, list := range []struct {
		refused bool
		title   string
	}{{true, l.T("importer.report.why_refused")}, {false, l.T("importer.report.why_noted")}} {
		for n, told := range i.Report.Causes(l, &i.Mapping, list.refused) {
			if n == 0 {
				fmt.Fprintf(p.env.Stdout, "  %s:\n", list.title)
			}
			fmt.Fprintf(p.env.Stdout, "    %s × %s (%s)\n", l.Number(told.Count), told.Text, told.First)
		}
	}
	return nil
}

// keepIssues writes the rows that were refused, and those that were taken
// without something, where people can open them.
func (p *parts) keepIssues(ctx context.Context, i importer.Import, folder string, l *i18n.Localizer) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, list := range []struct {
		any     bool
		refused bool
		name    string
		key     string
	}{
		{i.Report.Refused > 0, true, "refused", "importer.report.refused_in"},
		{i.Report.Remarked(), false, "noted", "importer.report.noted_in"},
	} {
		if !list.any {
			continue
		}
		path := filepath.Join(folder, i.ID.String()+"-"+list.name+".csv")
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // in our own folder, or the user's choice
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
