package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/importer"
)

// ImportOrder is what is to be imported, and how.
type ImportOrder struct {
	Files   []string // in this order
	Kind    string   // customers, products or receipts; empty: guessed for each
	Source  string   // the system they come from; empty: importer.DefaultSource
	Mapping string   // file with the mapping; empty: guessed for each
	Guess   bool     // only print the mapping that would be used
	Check   bool     // only read, and write nothing but the report
}

// importFolder is where uploads and refused rows lie in the data folder.
func (p *parts) importFolder() string { return filepath.Join(p.cfg.Data, "imports") }

func (p *parts) newImporter() *importer.Service {
	is, s := p.settings.Get(), p.services
	return importer.New(importer.Config{
		DB: p.db, Mint: p.ids.Minter, Now: p.env.Now, Currency: is.Currency, Region: regions[is.Currency.Code],
		Zone:   func() *time.Location { return p.settings.Get().Zone },
		Folder: p.importFolder(), Log: p.log, Jobs: p.jobs,
		Catalog: s.catalog, Customers: s.customers, Enrol: s.enrol, Ledger: s.ledger, Programmes: s.programmes, Receipts: s.receipts,
	})
}

// Import takes files in, one after the other, and prints what each came to.
// Stopped or killed, the same call goes on where it was; a file that is in
// already changes nothing. It may run beside a server.
func Import(ctx context.Context, cfg Config, env Env, order ImportOrder) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	p, err := open(ctx, cfg, env, besides)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.background(context.WithoutCancel(ctx), func(ctx context.Context) {
		p.ids.Keep(ctx, func(err error) { p.log.Warn("cannot renew the node number", "error", err) })
	})
	for _, file := range order.Files {
		if err := p.importFile(ctx, file, order); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
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
	if order.Guess {
		text, err := json.MarshalIndent(i.Mapping, "", "  ")
		fmt.Fprintf(p.env.Stdout, "%s\n", text)
		return err
	}

	fmt.Fprintf(p.env.Stdout, "%s: %s of %q\n  %s\n", i.File, i.Kind, i.Source, columnsOf(i.Mapping))
	line, started := p.line(), p.env.Now()
	watch := func(r importer.Report) {
		if r.Done >= 1 {
			return
		}
		text := fmt.Sprintf("  %d %%", int(100*r.Done))
		if r.Rate > 0 && r.Left > 0 {
			text += fmt.Sprintf(", %d rows a second, %s left", int(r.Rate), r.Left.Round(time.Second))
		}
		line(text, false)
	}
	run := p.importer.RunNow
	if order.Check {
		run = p.importer.CheckNow
	}
	i, err = run(ctx, i.ID, watch)
	if err != nil {
		return err
	}
	line(fmt.Sprintf("  done in %s", p.env.Now().Sub(started).Round(time.Millisecond)), true)
	english := p.bundle.For(i18n.Fallback)
	if err := p.printReport(i, english); err != nil {
		return err
	}
	return p.keepIssues(ctx, i, english)
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

// columnsOf says which columns of the file are taken for what.
func columnsOf(m importer.Mapping) string {
	fields := slices.SortedFunc(maps.Keys(m.Columns), func(a, b importer.Field) int { return m.Columns[a] - m.Columns[b] })
	texts := make([]string, len(fields))
	for i, f := range fields {
		column := m.Columns[f]
		name := fmt.Sprintf("column %d", column)
		if column <= len(m.Names) && m.Names[column-1] != "" {
			name = m.Names[column-1]
		}
		texts[i] = name + " → " + string(f)
	}
	return strings.Join(texts, ", ")
}

// printReport prints what an import came to, leaving out what did not happen.
func (p *parts) printReport(i importer.Import, l *i18n.Localizer) error {
	w := tabwriter.NewWriter(p.env.Stdout, 0, 0, 2, ' ', 0)
	count := func(n int64, text string) {
		if n != 0 {
			fmt.Fprintf(w, "  %s\t%s\n", text, l.Number(n))
		}
	}
	sum := func(a money.Amount, text string) {
		if a != 0 {
			fmt.Fprintf(w, "  %s\t%s\n", text, l.Money(a, p.settings.Get().Currency))
		}
	}
	r := i.Report
	count(r.Rows, "rows")
	count(r.Refused, "rows refused")
	count(r.Noted, "values left out")
	count(r.Created, "created")
	count(r.Updated, "updated")
	count(r.Unchanged, "unchanged")
	if r.Points != 0 {
		fmt.Fprintf(w, "  points to begin with\t%s\n", l.Points(r.Points))
	}
	count(r.Sales, "sales in the file")
	count(r.Returns, "returns in the file")
	count(r.Lines, "lines")
	sum(r.Total, "sales less returns")
	count(r.Rounded, "lines rounded to the smallest coin")
	if r.Lost != 0 {
		fmt.Fprintf(w, "  which left of their sum\t%s\n", r.Lost)
	}
	count(r.Anonymous, "receipts of nobody known")
	count(r.Adjustments, "returns that correct the stock only")
	count(r.Recorded, "receipts recorded")
	count(r.Known, "receipts imported before")
	sum(r.KnownTotal, "which come to")
	count(r.Differing, "receipts imported before with other lines")
	count(r.NewCustomers, "new customers")
	count(r.NewProducts, "new products")
	count(r.Matched, "returned lines whose sale was found")
	count(r.Named, "of them named by the return")
	sum(r.MatchedTotal, "which come to")
	count(r.Unmatched, "returned lines whose sale was not found")
	sum(r.UnmatchedTotal, "which come to")
	return w.Flush()
}

// keepIssues writes the rows that were refused, and those that were taken
// without something, where people can open them.
func (p *parts) keepIssues(ctx context.Context, i importer.Import, l *i18n.Localizer) error {
	for _, list := range []struct {
		n       int64
		refused bool
		name    string
		text    string
	}{
		{i.Report.Refused, true, "refused", "The refused rows, with their reasons, are in"},
		{i.Report.Noted, false, "noted", "The rows that were taken without something are in"},
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
		fmt.Fprintf(p.env.Stdout, "  %s %s\n", list.text, path)
	}
	return nil
}
