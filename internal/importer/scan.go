package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/importer/delimited"
)

// Scan reads a whole file by its mapping.
//
// Receipts are read in two passes: the first, the survey, finds the numbers
// that come again after other ones. Receipts that stand together are handed
// over as they come; the others after them: few are held in memory meanwhile,
// for many the file is read again, for some of them at a time, so that memory stays
// bounded whatever the order of rows.
type Scan struct {
	Path     string
	Mapping  Mapping
	Currency money.Currency
	Now      time.Time // nothing happened later than a day after it
	Secret   []byte    // of the installation; keys the numbers of receipts that have none
	// Zone is where a store of that name is, "" that of rows that name none, for
	// mappings that leave it to the stores; nil: UTC.
	Zone func(store string) *time.Location

	album *album              // that rows of images are of
	again map[uint64]struct{} // hashes of numbers, or of what rows without one are told apart by
	last  map[uint64]int64    // of customers and products: the last row with what is in again
	parts int                 // how often the file is read for those in again
	held  *scattered          // rows in again that were met on the way; nil: the file is read for them
	yield func(Step) error

	partSize int // of rows in again that are held in memory at a time, in bytes; 0: maxPart

	file   atomic.Pointer[delimited.File]
	passes atomic.Int64 // done
	total  atomic.Int64
}

// Checkpoint is a place from which a Scan can go on.
type Checkpoint struct {
	At    delimited.Position `json:"at"`
	After place              `json:"after,omitzero"`
	Apart bool               `json:"apart,omitempty"` // reading the receipts that do not stand together
	Parts int                `json:"parts,omitempty"` // that they are read in
	Part  int                `json:"part,omitempty"`
	Done  int                `json:"done,omitempty"` // receipts of the part
}

// Step is what a few rows came to.
type Step struct {
	Receipts []*Receipt
	Customer *Customer
	Product  *Product
	Giftcard *Giftcard
	Stock    *Stock
	Picture  *Picture
	Issues   []Issue
	Rows     int64 // that it is made of
	Refused  int64 // of them
	End      Checkpoint
}

// maxPart is about how many bytes of rows of receipts that do not stand together
// are held in memory.
const maxPart = 64 << 20

// Run reads what follows the checkpoint from and hands it over, step by step
// and in the same order every time. The first failure of yield ends it.
func (s *Scan) Run(ctx context.Context, from Checkpoint, yield func(Step) error) (err error) {
	defer errs.Wrap(&err, "read the file to import")
	if err := s.Mapping.Validate(); err != nil {
		return err
	}
	s.yield, s.held = yield, nil
	s.passes.Store(0)
	s.total.Store(2)
	if err := s.survey(ctx); err != nil {
		return err
	}
	if s.Mapping.Kind != KindReceipts {
		return s.eachRow(ctx, from, s.single)
	}
	if !s.Mapping.has(FieldNumber) {
		return s.unnumbered(ctx, from)
	}
	s.total.Store(int64(2 + s.parts))
	if s.parts == 1 && from == (Checkpoint{}) {
		s.held = newScattered()
		s.total.Store(2)
	}
	if !from.Apart {
		if err := s.together(ctx, from); err != nil {
			return err
		}
		from = Checkpoint{}
	}
	if from.Parts != s.parts { // another version of the program made other parts; what is in is known
		from = Checkpoint{Parts: s.parts}
	}
	s.passes.Store(int64(2 + from.Part))
	for ; from.Part < s.parts; from.Part, from.Done = from.Part+1, 0 {
		if err := s.apart(ctx, from); err != nil {
			return err
		}
	}
	return nil
}

// Done is the share of the work that is done, between 0 and 1. It may be asked
// for while Run runs.
func (s *Scan) Done() float64 {
	passes, total := float64(s.passes.Load()), float64(max(s.total.Load(), 1))
	if f := s.file.Load(); f != nil && f.Size() > 0 {
		passes += float64(f.Consumed()) / float64(f.Size())
	}
	return min(passes/total, 1)
}

// eachRow opens the file behind a checkpoint and takes its rows of data. ok says
// that r can read the values of the row; it was refused as a whole otherwise.
func (s *Scan) eachRow(ctx context.Context, from Checkpoint, take func(row delimited.Row, r *rowReader, ok bool) error) (err error) {
	r, err := s.reader()
	if err != nil {
		return err
	}
	r.place = from.After
	file, err := delimited.OpenAt(s.Path, s.Mapping.Format, from.At)
	if err != nil {
		return err
	}
	file.Expect(s.Mapping.Width)
	s.file.Store(file)
	defer func() {
		s.file.Store(nil)
		s.passes.Add(1)
		err = errors.Join(err, file.Close())
	}()
	n := 0
	for row := range file.Ahead() {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n++
		unguard(row.Fields)
		if row.Number <= int64(s.Mapping.Options.Header) || row.Blank() {
			continue
		}
		if err := take(row, r, r.begin(row)); err != nil {
			return err
		}
	}
	if file.Err() != nil {
		return fmt.Errorf("after row %d: %w", file.Row().Number, file.Err())
	}
	return nil
}

// unguard reads cells as they were before they were kept from being run.
func unguard(cells []string) {
	for i, cell := range cells {
		cells[i] = fold.Unguard(cell)
	}
}

// single makes the step of a row that is not of a receipt.
func (s *Scan) single(row delimited.Row, r *rowReader, ok bool) error {
	step := Step{Rows: 1, End: Checkpoint{At: row.End}}
	if ok && s.Mapping.Kind == KindCustomers {
		if c := r.customer(); !r.refused {
			c.cells = row.Fields
			keys := c.keys()
			if len(keys) > 0 && s.last[keys[0]] > row.Number {
				field, value := c.surest()
				r.remark(field, ReasonTwice, value)
			}
			c.again = s.comeAgain(keys) // which keeps no others
			step.Customer = c
		}
	} else if ok && s.Mapping.Kind == KindGiftcards {
		if g := r.giftcard(); !r.refused {
			g.cells = s.Mapping.hide(slices.Clone(row.Fields))
			step.Giftcard = g
		}
	} else if ok && s.Mapping.Kind == KindStock {
		if in := r.stock(); !r.refused {
			in.cells = row.Fields
			step.Stock = in
		}
	} else if ok && s.Mapping.Kind == KindImages {
		if p := s.picture(r); !r.refused {
			p.cells = row.Fields
			step.Picture = p
		}
	} else if ok {
		if p := r.product(); !r.refused {
			p.cells = row.Fields
			p.again = s.comeAgain(p.keys())
			if s.last[p.keys()[0]] > row.Number { // the last of a file holds
				r.remark(FieldSKU, ReasonRepeated, p.SKU)
			} else {
				step.Product = p
			}
		}
	}
	step.Issues = withCells(r.issues, row)
	if step.Giftcard != nil {
		for i := range step.Issues {
			step.Issues[i].Cells = step.Giftcard.cells
		}
	}
	if r.refused {
		step.Refused = 1
	}
	return s.yield(step)
}

// comeAgain keeps those keys that other rows of the file may have too.
func (s *Scan) comeAgain(keys []uint64) []uint64 {
	return slices.DeleteFunc(keys, func(key uint64) bool {
		_, again := s.again[key]
		return !again
	})
}

// withCells gives issues the cells of their row.
func withCells(issues []Issue, row delimited.Row) []Issue {
	for i := range issues {
		issues[i].Cells = row.Fields
	}
	return issues
}

// survey learns, once, what comes again further down.
func (s *Scan) survey(ctx context.Context) error {
	if s.again != nil || slices.Contains([]Kind{KindGiftcards, KindStock, KindImages}, s.Mapping.Kind) { // which are told apart where they are kept
		s.passes.Add(1)
		return nil
	}
	size, err := textSize(s.Path)
	if err != nil {
		return err
	}
	if s.Mapping.Kind == KindReceipts {
		return s.surveyReceipts(ctx, newAgain(size))
	}
	return s.surveyKeys(ctx, newAgain(size))
}

// surveyReceipts learns which receipts come again further down.
func (s *Scan) surveyReceipts(ctx context.Context, a *again) error {
	numbered := s.Mapping.has(FieldNumber)
	last, known, size := "", false, 0
	err := s.eachRow(ctx, Checkpoint{}, func(row delimited.Row, r *rowReader, ok bool) error {
		switch {
		case !ok:
		case numbered:
			if n := r.receiptNumber(); n != "" {
				if key := r.receiptKey(n); key != last {
					last, known = key, a.see(hash(key))
				}
			}
			if known {
				size += sizeOf(row)
			}
		default:
			if l := r.receiptLine(""); !r.refused {
				a.see(s.equal(&l))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.again = a.keys
	if numbered && len(a.keys) > 0 {
		// The rows before a number came again were not counted: as many again
		// are more than enough.
		s.parts = 1 + 2*size/cmp.Or(s.partSize, maxPart)
	}
	return nil
}

// sizeOf is about how many bytes of memory a row takes.
func sizeOf(row delimited.Row) int {
	const ofRow, ofCell = 128, 16
	size := ofRow
	for _, cell := range row.Fields {
		size += len(cell) + ofCell
	}
	return size
}

// surveyKeys learns which customers or products come again further down.
func (s *Scan) surveyKeys(ctx context.Context, a *again) error {
	last := map[uint64]int64{}
	err := s.eachRow(ctx, Checkpoint{}, func(row delimited.Row, r *rowReader, ok bool) error {
		if !ok {
			return nil
		}
		var keys []uint64
		if s.Mapping.Kind == KindCustomers {
			keys = r.customer().keys()
		} else {
			keys = r.product().keys()
		}
		if r.refused {
			return nil
		}
		for _, key := range keys {
			if a.see(key) {
				last[key] = row.Number
			}
		}
		return nil
	})
	s.again, s.last = a.keys, last
	return err
}

// textSize is about how much text a file holds.
func textSize(path string) (int64, error) {
	f, err := delimited.OpenAt(path, delimited.Format{Encoding: delimited.UTF8, Delimiter: ",", Newline: "\n"}, delimited.Position{})
	if err != nil {
		return 0, err
	}
	size := f.Size()
	if f.Zipped {
		size *= 8
	}
	return size, f.Close()
}

// unnumbered makes a receipt of every row. Those before the checkpoint are
// read too: they count the occurrences of equal ones.
func (s *Scan) unnumbered(ctx context.Context, from Checkpoint) error {
	counts := map[uint64]int{}
	var g group
	return s.eachRow(ctx, Checkpoint{}, func(row delimited.Row, r *rowReader, ok bool) error {
		step := Step{Rows: 1, End: Checkpoint{At: row.End}}
		if ok {
			l := r.receiptLine("")
			g.reset("")
			if !r.refused {
				key, n := s.equal(&l), 1
				if _, again := s.again[key]; again {
					counts[key]++
					n = counts[key]
				}
				l.number = s.madeNumber(&l, n)
			}
			g.add(l, r)
			step.Receipts, step.Issues = g.close()
		} else {
			step.Issues = withCells(r.issues, row)
		}
		if r.refused {
			step.Refused = 1
		}
		if row.Number <= from.At.Row {
			return nil
		}
		return s.yield(step)
	})
}

// together makes the receipts whose rows stand together.
func (s *Scan) together(ctx context.Context, from Checkpoint) error {
	var g group
	var step Step // of rows since the last receipt
	var end Checkpoint
	skipped := false // the number that is being read comes again
	flush := func() error {
		if !g.empty() {
			receipts, issues := g.close()
			step.Receipts, step.Issues = receipts, append(step.Issues, issues...)
			slices.SortStableFunc(step.Issues, func(a, b Issue) int { return cmp.Compare(a.Row, b.Row) })
			step.Rows += g.count()
			if g.bad {
				step.Refused += g.count()
			}
			g.reset("")
		}
		if step.Rows == 0 {
			return nil
		}
		out := step
		out.End, step = end, Step{}
		return s.yield(out)
	}
	last := ""
	err := s.eachRow(ctx, from, func(row delimited.Row, r *rowReader, ok bool) error {
		number := ""
		if ok {
			if number = r.receiptNumber(); number == "" && !r.refused {
				why := ReasonMissing
				if r.raw(FieldNumber) != "" {
					why = ReasonNoNumber
				}
				r.refuse(FieldNumber, why, r.raw(FieldNumber))
			}
			if number == "" {
				s.held.between()
			}
		}
		if number == "" {
			step.Rows++
			step.Refused++
			step.Issues = append(step.Issues, withCells(r.issues, row)...)
			end = Checkpoint{At: row.End, After: r.place}
			if !g.empty() || skipped {
				return nil // it may stand in the middle of a receipt
			}
			return flush()
		}
		key := r.receiptKey(number)
		if key != last {
			if err := flush(); err != nil {
				return err
			}
			last = key
			_, skipped = s.again[hash(key)]
			g.reset(number)
		}
		end = Checkpoint{At: row.End, After: r.place}
		if !skipped {
			g.add(r.receiptLine(number), r)
			s.held.between()
		} else {
			s.held.add(key, number, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// scattered are rows of receipts that do not stand together, in memory; nil takes none.
type scattered struct {
	groups map[string]*scatteredRows // by the receiptKey
	order  []string                  // keys of the groups, as they begin in the file
	last   string                    // key of the row before
}

// scatteredRows are those of one receipt.
type scatteredRows struct {
	number string
	kept   []delimited.Row
	runs   []int // where rows that stand together begin
	over   int
}

func newScattered() *scattered { return &scattered{groups: map[string]*scatteredRows{}} }

// add takes a row.
func (s *scattered) add(key, number string, row delimited.Row) {
	if s == nil {
		return
	}
	begins := key != s.last
	s.last = key
	g := s.groups[key]
	if g == nil {
		g = &scatteredRows{number: number}
		s.groups[key] = g
		s.order = append(s.order, key)
	}
	if len(g.kept) == maxLines {
		g.over++
		return
	}
	if begins {
		g.runs = append(g.runs, len(g.kept))
	}
	g.kept = append(g.kept, row)
}

// between tells of a row of another receipt.
func (s *scattered) between() {
	if s != nil {
		s.last = ""
	}
}

// readApart reads the rows of a part of the receipts that do not stand together.
func (s *Scan) readApart(ctx context.Context, part int) (*scattered, error) {
	found := newScattered()
	return found, s.eachRow(ctx, Checkpoint{}, func(row delimited.Row, r *rowReader, ok bool) error {
		if !ok {
			return nil
		}
		if number := r.receiptNumber(); number != "" {
			key := r.receiptKey(number)
			sum := hash(key)
			if _, again := s.again[sum]; again && sum%uint64(s.parts) == uint64(part) {
				found.add(key, number, row)
				return nil
			}
		}
		found.between()
		return nil
	})
}

// apart makes receipts whose rows do not stand together: those of a part.
func (s *Scan) apart(ctx context.Context, from Checkpoint) (err error) {
	found := s.held
	if s.held = nil; found == nil {
		if found, err = s.readApart(ctx, from.Part); err != nil {
			return err
		}
	}
	r, err := s.reader()
	if err != nil {
		return err
	}
	var g group
	for i, key := range found.order[min(from.Done, len(found.order)):] {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		all := found.groups[key]
		g.reset(all.number)
		r.forget()
		kept, copies := dropCopies(all.kept, all.runs)
		for _, row := range kept {
			r.begin(row)
			r.receiptKey(all.number)
			g.add(r.receiptLine(all.number), r)
		}
		g.over += all.over
		step := Step{Rows: g.count() + int64(len(copies)), End: Checkpoint{Apart: true, Parts: s.parts, Part: from.Part, Done: from.Done + i + 1}}
		step.Receipts, step.Issues = g.close()
		why := ReasonCopied
		if g.bad {
			why, step.Refused = ReasonSibling, step.Rows
		}
		for _, row := range copies {
			step.Issues = append(step.Issues, Issue{Row: row.Number, Field: FieldNumber, Reason: why, Value: all.number, Refused: g.bad, Cells: row.Fields})
		}
		if err := s.yield(step); err != nil {
			return err
		}
	}
	return nil
}

// dropCopies takes rows out where all runs of them say the same: exports that
// overlap were put together into one file.
func dropCopies(rows []delimited.Row, runs []int) (kept, copies []delimited.Row) {
	if len(runs) < 2 || len(rows) != len(runs)*runs[1] {
		return rows, nil
	}
	n := runs[1]
	for k, start := range runs {
		if start != k*n {
			return rows, nil
		}
	}
	for i, row := range rows {
		if !slices.Equal(row.Fields, rows[i%n].Fields) {
			return rows, nil
		}
	}
	return rows[:n], rows[n:]
}
