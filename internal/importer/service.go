package importer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/stock"
)

// Service imports files.
type Service struct {
	db         *db.DB
	mint       *id.Minter
	now        func() time.Time
	currency   money.Currency
	zone       func() *time.Location
	region     string
	secret     []byte
	folder     string
	jobs       *jobs.Queue
	started    Also
	catalog    *catalog.Service
	customers  *customer.Service
	attributes *attribute.Service
	enrol      *enrol.Service
	ledger     *ledger.Service
	programmes *programme.Service
	receipts   *receipt.Service
	stock      *stock.Service
	giftcards  *giftcard.Service
	merges     *merge.Service

	batchRows int // of one transaction
	matchRows int // lines of returns that are matched in one
}

// Config is what New needs.
type Config struct {
	*loyalty.Services
	DB       *db.DB
	Mint     *id.Minter
	Now      func() time.Time
	Currency money.Currency
	Zone     func() *time.Location // of the installation
	Secret   []byte                // of the installation: numbers of gift cards are hashed under it
	Region   string                // of phones without a country: "UZ"; empty: nowhere
	Folder   string                // for uploads and refused rows; it is made
	Jobs     *jobs.Queue           // its handler is registered here
	Started  Also                  // for the command line: what RunNow starts
}

// jobKind names the job that checks or runs an import.
const jobKind = "import"

// New makes the service and registers its job.
func New(c Config) *Service {
	s := &Service{
		db: c.DB, mint: c.Mint, now: c.Now, currency: c.Currency, zone: c.Zone, region: c.Region, secret: c.Secret, folder: c.Folder, jobs: c.Jobs, started: c.Started,
		catalog: c.Catalog, customers: c.Customers, attributes: c.Attributes, enrol: c.Enrol, ledger: c.Ledger, programmes: c.Programmes, receipts: c.Receipts, stock: c.Stock, giftcards: c.Giftcards, merges: c.Merges, batchRows: batchRows, matchRows: matchRows,
	}
	if c.DB.Postgres() {
		s.batchRows, s.matchRows = batchRowsPostgres, matchRowsPostgres
	}
	// One at a time: two would only fight for the writer.
	c.Jobs.Handle(jobKind, 1, s.work)
	return s
}

// File is a file to be imported.
type File struct {
	Name   string // as the user knows it
	Source string // empty: DefaultSource
	Kind   Kind   // empty: guessed
	Sheet  string // of a workbook; empty: the one that has the data
	By     int64  // staff; 0: the command line
	Anew   bool   // for Add: not one that was added before
}

// DefaultSource is where files come from if nobody says. Two systems that
// number their receipts alike need sources of their own.
const DefaultSource = "import"

// maxSource is how long the name of a source may be, in characters.
const maxSource = 100

// Also is something more to be done in the transaction of what is done to an
// import, such as a line of the audit log; nil: nothing.
type Also func(ctx context.Context, tx *db.Tx, i Import) error

func (also Also) tx(ctx context.Context, tx *db.Tx, i Import) error {
	if also == nil {
		return nil
	}
	return also(ctx, tx, i)
}

// Upload keeps what r holds in the data folder and looks at it.
func (s *Service) Upload(ctx context.Context, f File, r io.Reader, also Also) (_ Import, err error) {
	defer errs.Wrap(&err, "take in the file to import")
	id := ID(s.mint.Next())
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return Import{}, err
	}
	path := s.upload(id)
	if err := save(ctx, path, r); err != nil {
		return Import{}, errors.Join(err, remove(path))
	}
	i, err := s.add(ctx, id, f, path, also)
	if err != nil {
		return Import{}, errors.Join(err, remove(path))
	}
	return i, nil
}

// upload is where a file that was uploaded lies.
func (s *Service) upload(id ID) string { return filepath.Join(s.folder, id.String()) }

// save writes a file that is whole on the disk when it returns.
func save(ctx context.Context, path string, r io.Reader) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the path is the program's own
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.Copy(file, readerFunc(func(b []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(b)
	})); err != nil {
		return err
	}
	return file.Sync()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Add looks at a file that lies on this machine's disk and stays there until it
// is imported. A file that was added before and is not done is found again, so
// that the same command goes on where it was stopped.
func (s *Service) Add(ctx context.Context, f File, path string) (_ Import, err error) {
	defer errs.Wrap(&err, "add the file to import")
	if path, err = filepath.Abs(path); err != nil {
		return Import{}, err
	}
	if f.Name == "" {
		f.Name = filepath.Base(path)
	}
	return s.add(ctx, ID(s.mint.Next()), f, path, nil)
}

func (s *Service) add(ctx context.Context, id ID, f File, path string, also Also) (i Import, err error) {
	source := fold.Line(f.Source)
	if source == "" {
		source = DefaultSource
	}
	if utf8.RuneCountInString(source) > maxSource {
		return Import{}, ErrSource.At("/source")
	}
	hints, err := s.hints(ctx, f.Kind)
	if err != nil {
		return Import{}, err
	}
	sheet, text, err := s.unfold(ctx, id, path, f.Sheet)
	if err != nil {
		return Import{}, err
	}
	if hints.Kind == KindImages && sheet != albumSheet {
		return Import{}, errors.Join(ErrNoAlbum, s.dropRows(id))
	}
	hints.ofSheet(sheet)
	defer func() {
		if i.ID != id || err != nil {
			err = errors.Join(err, s.dropRows(id))
		}
	}()
	sniffed, err := s.look(ctx, text, hints)
	if err != nil {
		return Import{}, err
	}
	if err := s.readAsBefore(ctx, source, &sniffed); err != nil {
		return Import{}, err
	}
	digest, err := digestOf(ctx, text)
	if err != nil {
		return Import{}, err
	}
	i = Import{
		ID: id, Source: source, Kind: sniffed.Mapping.Kind, File: fold.Cut(fold.Line(filepath.Base(f.Name)), maxText), Mapping: sniffed.Mapping,
		State: Draft, CreatedBy: f.By, path: path, digest: digest, kept: unbegun,
	}
	if err := i.notOtherSource(ctx, s.db.QueryRow); err != nil {
		return Import{}, err
	}
	const known = `
		SELECT ` + importColumns + fromImports + `
		 WHERE s.name = $1 AND i.path = $2 AND i.digest = $3 AND i.kind = $4 AND i.state <> 'done'
		 ORDER BY i.id DESC LIMIT 1`
	if !f.Anew {
		old, err := scanImport(s.db.QueryRow(ctx, known, source, path, digest, i.Kind.stored()))
		if err == nil && old.Kind != i.Kind {
			err = db.ErrNoRows
		}
		// More may be known by now than when it was guessed; what somebody set stays.
		if err == nil && old.progress.Edit == 0 && (old.State == Draft || old.State == Checked) && !old.Mapping.Equal(i.Mapping) {
			old.Mapping = i.Mapping
			err = s.setMapping(ctx, &old)
		}
		if !errors.Is(err, db.ErrNoRows) {
			return old, err
		}
	}
	return i, s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.insertTx(ctx, tx, &i); err != nil {
			return err
		}
		return also.tx(ctx, tx, i)
	})
}

// readAsBefore reads a file like the last one of its source with the same columns,
// as that was set right by hand: what one file leaves open, such as the order of
// day and month, must not be another in the next, or what both have would come in
// twice. What was refused comes back with two columns more.
func (s *Service) readAsBefore(ctx context.Context, source string, sniffed *Sniffed) error {
	m := &sniffed.Mapping
	if len(m.Names) == 0 {
		return nil
	}
	const started = `
		SELECT i.mapping FROM imports i JOIN sources s ON s.id = i.source_id
		 WHERE s.name = $1 AND i.kind = $2 AND i.state NOT IN ('draft', 'checked')
		 ORDER BY i.id DESC LIMIT 100`
	rows, err := s.db.Query(ctx, started, source, m.Kind.stored())
	var list []Mapping
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var text string
		var before Mapping
		if err := r.Scan(&text); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(text), &before)
		list = append(list, before)
		return err
	})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(before Mapping) bool {
		return before.Kind == m.Kind && len(before.Names) > 0 && sameNames(before.Names, m.Names)
	})
	if i < 0 {
		return nil
	}
	was, is := list[i].Options, &m.Options
	m.Columns = list[i].Columns
	is.NameOrder, is.Region, is.Words = was.NameOrder, cmp.Or(was.Region, is.Region), was.Words
	is.ReturnPrefix, is.SignedReturns, is.SaleMarks = was.ReturnPrefix, was.SignedReturns, was.SaleMarks
	if !sniffed.sure.decimal {
		is.Decimal = was.Decimal
	}
	if !sniffed.sure.dates {
		is.DateOrder = was.DateOrder
	}
	return nil
}

// refusedColumns are those that the file of refused rows has more, in each
// language.
var refusedColumns = sync.OnceValue(func() (list [][]string) {
	bundle, err := i18n.Load()
	if err != nil {
		panic(err) // the texts are in the program
	}
	for _, code := range i18n.Codes() {
		loc := bundle.For(code)
		list = append(list, []string{loc.T("importer.report.row"), loc.T("importer.report.reason")})
	}
	return list
})

func isRefused(names []string) bool {
	return slices.ContainsFunc(refusedColumns(), func(columns []string) bool { return slices.Equal(names, columns) })
}

// hints are what is known before a file is looked at. Where stores are in other
// zones than the installation, times are each store's own.
func (s *Service) hints(ctx context.Context, k Kind) (Hints, error) {
	h := Hints{Kind: k, Zone: s.zone().String(), Region: s.region, Currency: s.currency}
	stores, err := s.catalog.Stores(ctx)
	h.Stores = stores
	if slices.ContainsFunc(stores, func(store catalog.Store) bool { return store.Zone.String() != h.Zone }) {
		h.Zone = ""
	}
	return h, err
}

// digestOf is the SHA-256 of a file.
func digestOf(ctx context.Context, path string) (_ string, err error) {
	file, err := os.Open(path) //nolint:gosec // the path is the caller's choice
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for {
		n, err := file.Read(buf)
		h.Write(buf[:n])
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		}
	}
}

// Preview looks at the file again: its first rows, and what would be guessed
// of it if it were of another kind or format; without hints all is guessed anew.
func (s *Service) Preview(ctx context.Context, id ID, h Hints) (_ Sniffed, err error) {
	defer errs.Wrap(&err, "preview import %d", id)
	i, err := s.row(ctx, id)
	if err != nil {
		return Sniffed{}, err
	}
	own, err := s.hints(ctx, h.Kind)
	if err != nil {
		return Sniffed{}, err
	}
	own.Format, own.Mapping, own.Sheet = h.Format, h.Mapping, i.Mapping.Sheet
	text, err := s.text(ctx, &i)
	if err != nil {
		return Sniffed{}, err
	}
	return s.look(ctx, text, own)
}

// look is Sniff by one who knows customers, of text: a column that headers call the
// customer, or the card, is what most of its first values are known as. Taken
// for something else, it would make every customer a second time.
func (s *Service) look(ctx context.Context, path string, h Hints) (Sniffed, error) {
	if h.Sheet != "" {
		h.Format = &sheetFormat
	}
	sniffed, err := sniffText(ctx, path, h)
	if err != nil {
		return sniffed, err
	}
	sniffed.Mapping.Sheet = h.Sheet
	columns := sniffed.Mapping.Columns
	for _, from := range append(calledCustomer, FieldPhone, FieldEmail) {
		values := sniffed.whose[from]
		if len(values) == 0 {
			continue
		}
		best, most := from, 0
		for _, k := range []struct {
			field Field
			kind  customer.Kind
		}{{from, kindOf[from]}, {FieldExternal, customer.External}, {FieldCard, customer.Card}, {FieldPhone, customer.Phone}} {
			if k.kind == "" || k.field != from && columns[k.field] > 0 {
				continue
			}
			n, err := s.countKnown(ctx, k.kind, values, h.Region)
			if err != nil {
				return sniffed, err
			}
			if n > most && (k.field == from || 2*n > len(values)) {
				best, most = k.field, n
			}
		}
		if best != from {
			columns[best] = columns[from]
			delete(columns, from)
			return sniffed, nil
		}
	}
	return sniffed, nil
}

// countKnown counts the values that are identifiers of a kind.
func (s *Service) countKnown(ctx context.Context, kind customer.Kind, values []string, region string) (int, error) {
	var ids []customer.Identifier
	for _, value := range values {
		if id, err := customer.Normalize(kind, value, region); err == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return 0, nil
	}
	found, err := s.customers.FindAll(ctx, ids)
	return len(found), err
}

// SetMapping changes how the file is read, until something of it is in. It fails
// with ErrStarted if the import runs by another, and with what is wrong with the
// mapping.
func (s *Service) SetMapping(ctx context.Context, id ID, m Mapping) (err error) {
	defer errs.Wrap(&err, "change the columns of import %d", id)
	i, err := s.row(ctx, id)
	if err != nil {
		return err
	}
	m.ofSheet(i.Mapping.Sheet)
	if err := m.Validate(); err != nil {
		return err
	}
	if i.State == Running {
		if _, err := s.jobs.Find(ctx, jobKind, i.job()); !errors.Is(err, jobs.ErrNotFound) {
			return cmp.Or(err, error(ErrStarted))
		}
	}
	i.Mapping, i.progress = m, progress{Edit: i.progress.Edit + 1}
	return s.setMapping(ctx, &i)
}

func (s *Service) setMapping(ctx context.Context, i *Import) error {
	const set = `
		UPDATE imports SET mapping = $2, kind = $3, state = 'draft', report = '{}', checkpoint = $4, digest = $6
		 WHERE id = $1 AND (state IN ('draft', 'checked') OR checkpoint = $5 AND state <> 'done')`
	n, err := s.db.Exec(ctx, set, int64(i.ID), text(i.Mapping), i.Mapping.Kind.stored(), text(i.progress), unbegun, i.digest)
	if err != nil || n == 1 {
		i.State, i.Kind = Draft, i.Mapping.Kind
		return err
	}
	now, err := s.row(ctx, i.ID)
	if err != nil || now.State != Done && now.Mapping.Equal(i.Mapping) {
		return err
	}
	return ErrStarted
}

// Get reads an import as it stands.
func (s *Service) Get(ctx context.Context, id ID) (i Import, err error) {
	defer errs.Wrap(&err, "read import %d", id)
	if i, err = s.row(ctx, id); err != nil {
		return i, err
	}
	return i, s.merge(ctx, &i)
}

// merge adds what the job knows: one that waits in the queue or has failed is
// not running.
func (s *Service) merge(ctx context.Context, i *Import) error {
	if i.State != Running {
		return nil
	}
	job, err := s.jobs.Find(ctx, jobKind, i.job())
	if errors.Is(err, jobs.ErrNotFound) {
		return nil // the command line runs it
	}
	switch job.State {
	case jobs.Failed:
		i.State = Failed
	case jobs.Cancelled:
		i.State = Cancelled
	}
	i.Failure = job.Failure
	return err
}

// job names the job that runs the import.
func (i *Import) job() string { return i.ID.String() }

// checkJob names the job that checks it by its present mapping: one for each time
// that somebody sent one, for the installation may be another by then.
func (i *Import) checkJob() string {
	return i.ID.String() + " check " + strconv.Itoa(i.progress.Edit) + " " + strconv.FormatUint(hash(text(i.Mapping)), 16)
}

// order is the payload of a job.
type order struct {
	Import ID   `json:"import"`
	Check  bool `json:"check,omitempty"`
}

// Check reads the whole file in the background and writes nothing but the
// report of what it would come to. CheckState tells how far it is.
func (s *Service) Check(ctx context.Context, id ID) (err error) {
	defer errs.Wrap(&err, "check import %d", id)
	i, err := s.row(ctx, id)
	if err != nil {
		return err
	}
	if i.State != Draft && i.State != Checked {
		return ErrStarted
	}
	if err := s.readable(ctx, &i); err != nil {
		return err
	}
	_, added, err := s.jobs.Add(ctx, jobs.Job{Kind: jobKind, Dedupe: i.checkJob(), Payload: order{id, true}})
	if err != nil || added {
		return err
	}
	job, err := s.jobs.Find(ctx, jobKind, i.checkJob())
	if err == nil && (job.State == jobs.Failed || job.State == jobs.Cancelled) {
		err = s.jobs.Retry(ctx, job.ID)
	}
	return err
}

// CheckState is how the check of an import stands; empty: none was asked for.
func (s *Service) CheckState(ctx context.Context, id ID) (state jobs.State, r Report, failure *errs.Error, err error) {
	defer errs.Wrap(&err, "look at the check of import %d", id)
	i, err := s.row(ctx, id)
	if err != nil {
		return "", r, nil, err
	}
	job, err := s.jobs.Find(ctx, jobKind, i.checkJob())
	if errors.Is(err, jobs.ErrNotFound) {
		return "", i.Report, nil, nil
	}
	if err != nil {
		return "", r, nil, err
	}
	return job.State, reportOf(job.Progress), job.Failure, nil
}

// Start runs an import in the background. One that failed or was cancelled
// goes on where it was. Where it is on its way already nothing is done.
func (s *Service) Start(ctx context.Context, id ID, also Also) (err error) {
	defer errs.Wrap(&err, "start import %d", id)
	i, err := s.ready(ctx, id)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		started := i.State != Running
		if started {
			if err := beginTx(ctx, tx, i); err != nil {
				return err
			}
		}
		job, added, err := s.jobs.AddTx(ctx, tx, jobs.Job{Kind: jobKind, Dedupe: i.job(), Payload: order{Import: id}})
		if err == nil && !added {
			err = s.jobs.RetryTx(ctx, tx, job)
		}
		switch {
		case errors.Is(err, jobs.ErrNotEnded):
			added = started
		case err != nil:
			return err
		default:
			added = true
		}
		if !added {
			return nil
		}
		return also.tx(ctx, tx, i)
	})
	s.jobs.Wake()
	return err
}

// ready reads an import that is not done and can be run.
func (s *Service) ready(ctx context.Context, id ID) (i Import, err error) {
	if i, err = s.row(ctx, id); err != nil {
		return i, err
	}
	if i.State == Done {
		return i, ErrNotGoing
	}
	return i, s.readable(ctx, &i)
}

// readable says what keeps a file from being read by its mapping, here.
func (s *Service) readable(ctx context.Context, i *Import) error {
	if err := i.Mapping.Validate(); err != nil || i.State != Draft && i.State != Checked {
		return err
	}
	if err := i.notOtherSource(ctx, s.db.QueryRow); err != nil {
		return err
	}
	stores, err := s.catalog.Stores(ctx)
	if err != nil {
		return err
	}
	if i.Mapping.has(FieldPoints) {
		if err := s.hasProgramme(ctx, i, stores); err != nil {
			return err
		}
	}
	if !i.Mapping.ofStores() || i.Mapping.has(FieldStore) || i.Mapping.Options.Store != "" || len(stores) < 2 ||
		slices.ContainsFunc(stores, func(store catalog.Store) bool { return store.Code == i.Source }) {
		return nil
	}
	var names []string
	for _, store := range stores[:min(len(stores), maxStoreNames)] {
		name := store.Name
		if store.Code != name {
			name += " (" + store.Code + ")"
		}
		names = append(names, name)
	}
	if len(names) < len(stores) {
		names = append(names, "…")
	}
	return ErrWhichStore.With("stores", strings.Join(names, ", "))
}

// hasProgramme fails with ErrNoProgramme where no row's points would belong to any.
func (s *Service) hasProgramme(ctx context.Context, i *Import, stores []catalog.Store) error {
	in, err := s.programmes.Everywhere(ctx, s.now())
	if err != nil || in(i.home(stores)) != nil {
		return err
	}
	some := func(store catalog.Store) bool { return in(store.Code) != nil }
	if i.Mapping.has(FieldStore) && slices.ContainsFunc(stores, some) {
		return nil
	}
	return ErrNoProgramme
}

// begin marks an import as running, unless it is done.
func (s *Service) begin(ctx context.Context, id ID) (i Import, err error) {
	if i, err = s.ready(ctx, id); err != nil || i.State == Running {
		return i, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := beginTx(ctx, tx, i); err != nil {
			return err
		}
		return s.started.tx(ctx, tx, i)
	})
	return i, err
}

// Cancel stops an import; what is in stays, and Start goes on with the rest. It
// fails with ErrNotGoing if it is not on its way.
func (s *Service) Cancel(ctx context.Context, id ID, also Also) (err error) {
	defer errs.Wrap(&err, "cancel import %d", id)
	i, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if i.State != Running {
		return ErrNotGoing
	}
	job, err := s.jobs.Find(ctx, jobKind, i.job())
	alone := errors.Is(err, jobs.ErrNotFound) // the command line runs it and finds itself stopped
	if err != nil && !alone {
		return err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if alone {
			err = endTx(ctx, tx, id, Cancelled, s.now())
		} else {
			err = s.jobs.CancelTx(ctx, tx, job.ID)
		}
		if err != nil {
			return err
		}
		return also.tx(ctx, tx, i)
	})
	if errors.Is(err, db.ErrGuard) || errors.Is(err, jobs.ErrEnded) {
		return ErrNotGoing
	}
	s.jobs.Wake()
	return err
}

// Discardable reports whether nothing of the import is in.
func (i *Import) Discardable() bool {
	switch i.State {
	case Draft, Checked:
		return true
	case Failed, Cancelled:
		return i.kept == unbegun
	}
	return false
}

// Discard removes an import of which nothing is in, and what was kept for it in
// the data folder. It fails with ErrKept if something is in, or may soon be.
func (s *Service) Discard(ctx context.Context, id ID, also Also) (err error) {
	defer errs.Wrap(&err, "discard import %d", id)
	i, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	if !i.Discardable() {
		return ErrKept
	}
	check, err := s.jobs.Find(ctx, jobKind, i.checkJob())
	if err != nil && !errors.Is(err, jobs.ErrNotFound) {
		return err
	}
	checking := err == nil && !check.State.Ended()
	// A run that begins meanwhile finds nothing to keep its progress in.
	const discard = `DELETE FROM imports WHERE id = $1 AND (state IN ('draft', 'checked') OR checkpoint = $2)`
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if checking {
			if err := s.jobs.CancelTx(ctx, tx, check.ID); err != nil && !errors.Is(err, jobs.ErrEnded) {
				return err
			}
		}
		if err := tx.Guard(ctx, discard, int64(id), unbegun); err != nil {
			return err
		}
		return also.tx(ctx, tx, i)
	})
	if errors.Is(err, db.ErrGuard) {
		return ErrKept
	}
	if err != nil {
		return err
	}
	return errors.Join(remove(s.upload(id)), s.dropRows(id), remove(s.issues(id)))
}

// Issues writes the rows that were refused as CSV like the file they come
// from, with the reasons in the language of loc; they can be mended there and
// imported. Or, with refused not set, the rows that were taken without
// something.
func (s *Service) Issues(ctx context.Context, id ID, w io.Writer, refused bool, loc *i18n.Localizer) (err error) {
	defer errs.Wrap(&err, "write refused rows of import %d", id)
	i, err := s.row(ctx, id)
	if err != nil {
		return err
	}
	return writeRefused(w, s.issues(id), i.Mapping, refused, loc)
}

// issues is the file of what is told about the rows of an import.
func (s *Service) issues(id ID) string { return filepath.Join(s.folder, id.String()+".issues") }

// work is the job.
func (s *Service) work(ctx context.Context, r *jobs.Run) (err error) {
	var o order
	if err := r.Payload(&o); err != nil {
		return err
	}
	defer errs.Wrap(&err, "import %d", o.Import)
	if o.Check {
		err = s.check(ctx, o.Import, func(ctx context.Context, rep *Report) error { return r.Save(ctx, rep) })
		if errors.Is(err, ErrNotFound) || errors.Is(err, ErrStarted) { // discarded or begun meanwhile
			return nil
		}
		return lost(err)
	}
	err = s.run(ctx, o.Import, func(ctx context.Context, tx *db.Tx, rep *Report) error { return r.SaveTx(ctx, tx, rep) })
	return lost(err)
}

// lost is err, or that another worker has the import.
func lost(err error) error {
	if errors.Is(err, ErrTaken) {
		return jobs.ErrLost
	}
	return err
}

// CheckNow is Check in this goroutine; watch is told how far it is.
func (s *Service) CheckNow(ctx context.Context, id ID, watch func(Report)) (i Import, err error) {
	defer errs.Wrap(&err, "check import %d", id)
	if i, err = s.row(ctx, id); err != nil {
		return i, err
	}
	if err := s.readable(ctx, &i); err != nil {
		return i, err
	}
	err = s.check(ctx, id, func(_ context.Context, r *Report) error {
		watch(*r)
		return nil
	})
	if err != nil {
		return i, err
	}
	return s.Get(ctx, id)
}

// RunNow is Start in this goroutine, for the command line; watch is told how
// far it is. Killed or stopped, it goes on with the next call.
func (s *Service) RunNow(ctx context.Context, id ID, watch func(Report)) (i Import, err error) {
	defer errs.Wrap(&err, "run import %d", id)
	if _, err := s.begin(ctx, id); err != nil {
		return i, err
	}
	err = s.run(ctx, id, func(_ context.Context, _ *db.Tx, r *Report) error {
		watch(*r)
		return nil
	})
	if err != nil {
		return i, errors.Join(err, s.failed(ctx, id, err))
	}
	return s.Get(ctx, id)
}

// failed marks an import that the command line ran as stopped.
func (s *Service) failed(ctx context.Context, id ID, why error) error {
	to := Failed
	if ctx.Err() != nil {
		to = Cancelled
	}
	if errors.Is(why, ErrTaken) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return endTx(ctx, tx, id, to, s.now())
	})
	if err != nil && !errors.Is(err, db.ErrGuard) {
		return fmt.Errorf("mark the import as stopped: %w", err)
	}
	return nil
}
