package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/stock"
)

// How many rows of a file go into one transaction, as bench/fill.go has it too. On SQLite all tills wait for it, so
// it lasts a fraction of a second; on PostgreSQL those that serve the same customers.
const (
	batchRows         = 6000
	batchRowsPostgres = 12000
)

// About how many lines of returns are matched in one transaction, likewise.
const (
	matchRows         = 500
	matchRowsPostgres = 4000
)

// check does an import without it: every batch is written in a transaction that
// is taken back. What is kept is the report.
func (s *Service) check(ctx context.Context, id ID, watch func(context.Context, *Report) error) (err error) {
	i, err := s.row(ctx, id)
	if err != nil {
		return err
	}
	if i.State != Draft && i.State != Checked {
		return ErrStarted
	}
	i.Report = Report{}
	r, err := s.runner(ctx, &i, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	r.write.dry = &rehearsal{claimed: map[uint64]bool{}, opened: map[customer.ID]ledger.Opened{}, cards: map[string]giftcard.Balance{}, stock: map[stock.Key]money.Quantity{}}
	err = r.read(ctx, Checkpoint{}, func(b *batch) error {
		if err := r.rehearse(ctx, b.steps); err != nil {
			return err
		}
		r.pace(&i.Report, r.scan.Done())
		return watch(ctx, &i.Report)
	})
	if err != nil {
		return err
	}
	if _, err := r.log.flush(); err != nil {
		return err
	}
	r.pace(&i.Report, 1)
	if err := watch(ctx, &i.Report); err != nil {
		return err
	}
	const keep = `UPDATE imports SET state = 'checked', report = $2 WHERE id = $1 AND state IN ('draft', 'checked') AND mapping = $3`
	n, err := s.db.Exec(ctx, keep, int64(id), text(i.Report), i.mapping)
	if err == nil && n == 0 {
		return ErrStarted
	}
	return err
}

// errRehearsed ends the transaction of a dry run.
var errRehearsed = errors.New("importer: a dry run takes back what it did")

// rehearse prepares and writes steps as an import does, and takes it back.
func (r *runner) rehearse(ctx context.Context, steps []Step) error {
	var b *batch
	var rep Report
	var issues []Issue
	err := r.crowded(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		b, rep = &batch{steps: steps}, r.imp.Report.clone()
		r.prepare.rehearseTx(tx)
		if err := r.prepare.batch(ctx, b); err != nil {
			return err
		}
		rep.prepared(b)
		if issues, err = r.write.batchTx(ctx, tx, b, &rep); err != nil {
			return err
		}
		return errRehearsed
	})
	if !errors.Is(err, errRehearsed) {
		return err
	}
	r.prepare.rehearsed(&rep)
	r.write.rehearsed()
	r.imp.Report = rep
	return r.note(b.inOrder(issues), &r.imp.Report)
}

// note writes issues down and counts them.
func (r *runner) note(issues []Issue, rep *Report) error {
	for i := range issues {
		rep.count(&issues[i])
		if err := r.log.add(issues[i]); err != nil {
			return err
		}
	}
	return nil
}

// inOrder are the issues of a batch, more among them, in the order of its steps, so
// that all that is told of a row stands together.
func (b *batch) inOrder(more []Issue) (list []Issue) {
	steps := map[int64]int{} // by row
	for k := range b.steps {
		step := &b.steps[k]
		list = append(list, step.Issues...)
		if len(b.issues)+len(more) == 0 {
			continue
		}
		for i := range step.Issues {
			steps[step.Issues[i].Row] = k
		}
		for _, in := range step.Receipts {
			for i := range in.Lines {
				steps[in.Lines[i].Row] = k
			}
		}
		if step.Customer != nil {
			steps[step.Customer.Row] = k
		}
		if step.Product != nil {
			steps[step.Product.Row] = k
		}
		if step.Giftcard != nil {
			steps[step.Giftcard.Row] = k
		}
		if step.Stock != nil {
			steps[step.Stock.Row] = k
		}
		if step.Picture != nil {
			steps[step.Picture.Row] = k
		}
	}
	if len(steps) == 0 {
		return list
	}
	list = append(append(list, b.issues...), more...)
	slices.SortStableFunc(list, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(steps[a.Row], steps[b.Row]), cmp.Compare(a.Row, b.Row))
	})
	return list
}

// ErrCrowded is returned where others bring the same rows, or merge and erase their
// customers, again and again.
var ErrCrowded = errs.New(errs.Conflict, "import_crowded", "Others bring or change the same rows or customers at the same time, again and again. Go on when they are done; what is in is not doubled.")

// crowded writes in a transaction. Where another process has just brought some
// of the same rows, or found the sales of the same returns, they are known the
// next time; where tills hold the rows, they let go of them soon.
func (s *Service) crowded(ctx context.Context, fn func(context.Context, *db.Tx) error) error {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		err := s.db.Write(ctx, fn)
		met := errors.Is(err, db.ErrUnique) || errors.Is(err, db.ErrGuard) || errors.Is(err, db.ErrBusy)
		if !met || errors.Is(err, ledger.ErrTooMuch) {
			return err
		}
		if attempt < attempts {
			continue
		}
		if errors.Is(err, db.ErrBusy) {
			return err
		}
		return ErrCrowded.Because(err)
	}
}

// pace measures from now on how quickly a report gets on.
func (s *Service) pace(from Report) func(r *Report, done float64) {
	began := s.now()
	var first float64 // how far it was when the first batch was done: the file is surveyed sooner than it is taken in
	var since time.Time
	return func(r *Report, done float64) {
		r.Done, r.At, r.Left = done, s.now(), 0
		if since.IsZero() {
			first, since = done, r.At
		}
		if took := r.At.Sub(began); took > 0 {
			r.Rate = float64(r.Rows-from.Rows) / took.Seconds()
		}
		if gone := done - first; gone > 0 {
			r.Left = time.Duration(float64(r.At.Sub(since)) * (1 - done) / gone).Round(time.Second)
		}
	}
}

func reportOf(progress []byte) (r Report) {
	_ = json.Unmarshal(progress, &r) // nothing was saved yet
	return r
}

// run does an import from where it is. save keeps the report with each batch,
// in its transaction.
func (s *Service) run(ctx context.Context, id ID, save func(context.Context, *db.Tx, *Report) error) (err error) {
	i, err := s.row(ctx, id)
	if err != nil {
		return err
	}
	if i.State != Running {
		return ErrTaken
	}
	path, err := s.text(ctx, &i)
	if err != nil {
		return err
	}
	digest, err := digestOf(ctx, path)
	if err != nil {
		return err
	}
	if digest != i.digest {
		return ErrOtherFile
	}
	const attempts = 100 // merges undone and people erased while one import runs
	for range attempts {
		if err = s.goOn(ctx, &i, save); !errors.Is(err, errAskAnew) {
			return err
		}
	}
	return ErrCrowded.Because(err)
}

// goOn does what is left of an import.
func (s *Service) goOn(ctx context.Context, i *Import, save func(context.Context, *db.Tx, *Report) error) (err error) {
	r, err := s.runner(ctx, i, i.progress.Issues)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	r.save = save
	r.prepare.ensure = r.makeStore
	if !i.progress.Matching {
		if err := r.rows(ctx); err != nil {
			return err
		}
	}
	if i.Kind == KindReceipts {
		if err := r.match(ctx); err != nil {
			return err
		}
	}
	return r.finish(ctx)
}

// runner is an import that runs: one goroutine reads rows ahead, one makes steps of
// them and prepares those, one writes.
type runner struct {
	*Service
	imp  *Import
	scan *Scan
	log  *issueLog
	save func(context.Context, *db.Tx, *Report) error
	pace func(*Report, float64)

	prepare *preparer
	write   *writer

	mu sync.Mutex // over what is kept with each transaction
}

// batch is what goes into one transaction.
type batch struct {
	steps []Step
	rows  int64

	people   []person // customers of a file, or those whom receipts name for the first time
	receipts []bought
	products []goods
	cards    []card
	stock    []shelf
	pictures []*Picture
	issues   []Issue // of what was prepared
	refused  int64   // rows, by what was prepared
	forget   bool    // who was on receipts before is not known any more
}

// runner prepares what does not depend on the rows; of the file of issues so many
// bytes are kept.
func (s *Service) runner(ctx context.Context, i *Import, issues int64) (r *runner, err error) {
	path, err := s.text(ctx, i)
	if err != nil {
		return nil, err
	}
	r = &runner{Service: s, imp: i, scan: &Scan{Path: path, Mapping: i.Mapping, Currency: s.currency, Now: s.now(), Secret: s.secret}, pace: s.pace(i.Report)}
	if r.prepare, err = newPreparer(ctx, s, i); err != nil {
		return nil, err
	}
	r.scan.Zone = r.prepare.zones()
	if r.write, err = newWriter(ctx, s, i); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, err
	}
	if r.log, err = openIssues(s.issues(i.ID), issues); err != nil || i.Kind != KindImages {
		return r, err
	}
	if r.scan.album, err = openAlbum(i.path); err != nil {
		return nil, errors.Join(err, r.log.close())
	}
	r.write.album = r.scan.album
	return r, nil
}

func (r *runner) close() error {
	err := r.log.close()
	if r.scan.album != nil {
		err = errors.Join(err, r.scan.album.zip.Close())
	}
	return err
}

// read gathers what the file has behind a checkpoint into batches.
func (r *runner) read(ctx context.Context, from Checkpoint, take func(*batch) error) error {
	b, most := &batch{}, r.batchRows
	if r.imp.Kind == KindImages {
		most = min(most, picturesAtOne)
	}
	send := func() error {
		if len(b.steps) == 0 {
			return nil
		}
		full := b
		b = &batch{}
		return take(full)
	}
	err := r.scan.Run(ctx, from, func(step Step) error {
		b.steps = append(b.steps, step)
		b.rows += step.Rows
		if b.rows >= int64(most) || 2*len(b.steps) >= r.batchRows {
			return send()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}

// rows reads the file and writes what is in it.
func (r *runner) rows(ctx context.Context) error {
	batches := make(chan *batch, 2)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(guarded(func() error {
		defer close(batches)
		return r.read(ctx, r.imp.progress.Scan, func(b *batch) error {
			if err := r.prepare.batch(ctx, b); err != nil {
				return err
			}
			select {
			case batches <- b:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
	}))
	g.Go(guarded(func() error {
		for b := range batches {
			if err := r.commit(ctx, b); err != nil {
				return err
			}
		}
		return nil
	}))
	return g.Wait()
}

// guarded is do, but a panic is its failure: in a goroutine of its own it would end
// the program, at each start anew.
func guarded(do func() error) func() error {
	return func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("importer: panic: %v\n%s", p, debug.Stack())
			}
		}()
		return do()
	}
}

// commit writes a batch and how far the import is with it.
func (r *runner) commit(ctx context.Context, b *batch) error {
	err := r.keep(ctx, r.scan.Done(), func(ctx context.Context, tx *db.Tx, rep *Report, to *progress) error {
		rep.prepared(b)
		issues, err := r.write.batchTx(ctx, tx, b, rep)
		if err != nil {
			return err
		}
		to.Scan = b.steps[len(b.steps)-1].End
		return r.note(b.inOrder(issues), rep)
	})
	if err == nil {
		r.write.committed()
	}
	return err
}

// makeStore makes sure of a store that the file names; a new one is in the report
// as soon as it is there.
func (r *runner) makeStore(ctx context.Context, n catalog.NewStore) (store catalog.Store, err error) {
	err = r.keep(ctx, r.scan.Done(), func(ctx context.Context, tx *db.Tx, rep *Report, _ *progress) (err error) {
		store, err = r.prepare.storeTx(ctx, tx, n)
		rep.newStore(store.Name)
		return err
	})
	return store, err
}

// keep does a part of the import and keeps how far it is, and what is told of
// rows, with it, in one transaction. The file of what is told must not grow with
// each attempt.
func (r *runner) keep(ctx context.Context, done float64, do func(ctx context.Context, tx *db.Tx, rep *Report, to *progress) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, err := r.log.flush()
	if err != nil {
		return err
	}
	var rep Report
	var to progress
	var kept string
	err = r.crowded(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if err := r.log.cut(before); err != nil {
			return err
		}
		// What the disk does not have yet when PostgreSQL falls is imported again: how far
		// the import is falls with it.
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off -- postgres`); err != nil {
			return err
		}
		rep, to = r.imp.Report.clone(), r.imp.progress
		if err := do(ctx, tx, &rep, &to); err != nil {
			return err
		}
		if to.Issues, err = r.log.flush(); err != nil {
			return err
		}
		to.Edit++
		r.pace(&rep, done)
		if kept, err = r.imp.saveTx(ctx, tx, to, &rep); err != nil {
			return err
		}
		return r.save(ctx, tx, &rep)
	})
	if err == nil {
		r.imp.Report, r.imp.progress, r.imp.kept = rep, to, kept
	}
	return err
}

// match finds the sales of returns.
func (r *runner) match(ctx context.Context) error {
	rows, err := r.returns()
	for more := true; err == nil && more; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err = r.keep(ctx, 1, func(ctx context.Context, tx *db.Tx, rep *Report, to *progress) (err error) {
			more, err = r.matchTx(ctx, tx, rows, rep, to)
			return err
		})
	}
	return err
}

// returns are the rows of the lines of returns.
func (r *runner) returns() (map[uint64]int64, error) {
	rows := map[uint64]int64{}
	if _, err := r.log.flush(); err != nil {
		return nil, err
	}
	return rows, readIssues(r.issues(r.imp.ID), func(is Issue) error {
		if is.Reason == reasonReturn {
			rows[hash(is.Value)] = is.Row
		}
		return nil
	})
}

// matchTx finds the sales of some of them, and says whether there are more. Those
// that an earlier import left are tried again.
func (r *runner) matchTx(ctx context.Context, tx *db.Tx, rows map[uint64]int64, rep *Report, to *progress) (more bool, err error) {
	matches, next, err := r.receipts.MatchReturnsTx(ctx, tx, r.imp.sourceID, to.Match, r.matchRows)
	if err != nil {
		return false, err
	}
	to.Matching = true
	if next != nil {
		to.Match = *next
	}
	for _, m := range matches {
		if m.Sale != 0 {
			rep.Matched++
			rep.MatchedTotal += m.Total
			if m.Named {
				rep.Named++
			}
			continue
		}
		row, here := rows[hash(returnLine(m.Number, m.Position))]
		if !here {
			continue // an earlier import has told of it
		}
		rep.Unmatched++
		rep.UnmatchedTotal += m.Total
		if err := r.note([]Issue{r.imp.unmatched(m, row)}, rep); err != nil {
			return false, err
		}
	}
	return next != nil, nil
}

// returnLine names a line of a return in the file of issues.
func returnLine(number string, position int) string { return number + " " + strconv.Itoa(position) }

// unmatched is what is told of a line of a return for which there is no sale.
func (i *Import) unmatched(m receipt.Match, row int64) Issue {
	is := Issue{Row: row, Field: FieldNumber, Reason: ReasonUnmatched, Value: m.Number}
	if c := i.Mapping.Columns[FieldNumber]; c > 0 {
		is.Cells = make([]string, c)
		is.Cells[c-1] = m.Number
	}
	return is
}

// finish marks the import as done. An upload is not kept longer than it takes:
// it is full of people.
func (r *runner) finish(ctx context.Context) error {
	err := r.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		rep := r.imp.Report
		r.pace(&rep, 1)
		if _, err := r.imp.saveTx(ctx, tx, r.imp.progress, &rep); err != nil {
			return err
		}
		if err := r.save(ctx, tx, &rep); err != nil {
			return err
		}
		return endTx(ctx, tx, r.imp.ID, Done, r.now())
	})
	if err != nil {
		return err
	}
	if r.imp.path == r.upload(r.imp.ID) {
		err = remove(r.imp.path)
	}
	return errors.Join(err, r.dropRows(r.imp.ID))
}
