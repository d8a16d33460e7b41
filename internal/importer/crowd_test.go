package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
)

// Two processes that bring the same content under two names at once both end:
// what one of them has just brought is known to the other.
func TestTwoImportsOfTheSameAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		text := chainFile(120)
		var group errgroup.Group
		var reports [2]Report
		for n := range reports {
			h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
			h.batchRows = 10
			i, err := h.Add(t.Context(), File{}, write(t, text))
			must(t, err)
			_, err = h.begin(t.Context(), i.ID)
			must(t, err)
			group.Go(func() error {
				err := h.run(t.Context(), i.ID, func(context.Context, *db.Tx, *Report) error { return nil })
				if err != nil {
					return err
				}
				i, err = h.Get(t.Context(), i.ID)
				reports[n] = i.Report
				return err
			})
		}
		must(t, group.Wait())
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		for _, r := range reports {
			if r.Recorded+r.Known != r.Sales+r.Returns || r.Differing != 0 || r.Done != 1 {
				t.Errorf("%+v", r)
			}
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts`); n != reports[0].Recorded+reports[1].Recorded || n != reports[0].Sales+reports[0].Returns {
			t.Errorf("%d receipts of %+v", n, reports)
		}
		h.verify()
	})
}

// A batch that meets the rows of another process is written again, and is
// given up in words, not in those of a database.
func TestBatchThatMeetsOthersIsWrittenAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Open(t, dbtest.SQLite), "GBP", "Europe/London", t.TempDir())
	runs := 0
	err := h.crowded(t.Context(), func(context.Context, *db.Tx) error {
		if runs++; runs < 3 {
			return db.ErrUnique
		}
		return nil
	})
	if err != nil || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
	err = h.crowded(t.Context(), func(context.Context, *db.Tx) error { return db.ErrUnique })
	if !errors.Is(err, ErrCrowded) {
		t.Errorf("again and again: %v", err)
	}
}

// One who has a card in the customers' file is the same where receipts call the
// card the customer.
func TestCustomerUnderAnotherNameIsNoSecondOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.load(write(t, "card,name\n1001,Ann Lee\n1002,Bob Lee\n"), File{})
		text := "receipt,date,customer,sku,quantity,price\n1,2024-02-01,1001,A,1,1\n2,2024-02-01,1002,A,1,1\n3,2024-02-01,1003,A,1,1\n"
		i := h.load(write(t, text), File{})
		if i.Mapping.Columns[FieldCard] != 3 || i.Mapping.has(FieldExternal) || i.Report.NewCustomers != 1 {
			t.Errorf("%v %+v", i.Mapping.Columns, i.Report)
		}
		if again := h.load(write(t, text), File{}); again.Report.Known != 3 {
			t.Errorf("the second time: %+v", again.Report)
		}
	})
}

// An import that is started twice keeps where it is, and is noted once.
func TestStartTwice(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		i, err := h.Add(t.Context(), File{}, write(t, chainFile(10)))
		must(t, err)
		notes := 0
		note := func(context.Context, *db.Tx, Import) error {
			notes++
			return nil
		}
		must(t, h.Start(t.Context(), i.ID, note))
		_, err = d.Exec(t.Context(), `UPDATE imports SET checkpoint = '{"issues":7}'`)
		must(t, err)
		must(t, h.Start(t.Context(), i.ID, note))
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := beginTx(ctx, tx, i); !errors.Is(err, ErrTaken) {
				t.Errorf("begun while it runs: %v", err)
			}
			return nil
		}))
		if i, err = h.Get(t.Context(), i.ID); err != nil || i.progress.Issues != 7 || notes != 1 {
			t.Errorf("%+v after %d notes, %v", i.progress, notes, err)
		}
		must(t, h.Cancel(t.Context(), i.ID, note))
		if err := h.Cancel(t.Context(), i.ID, note); !errors.Is(err, ErrNotGoing) || notes != 2 {
			t.Errorf("cancelled twice: %v, %d notes", err, notes)
		}
		must(t, h.Start(t.Context(), i.ID, note))
		if i, err = h.Get(t.Context(), i.ID); err != nil || i.progress.Issues != 7 || notes != 3 {
			t.Errorf("resumed: %+v, %d notes, %v", i.progress, notes, err)
		}
	})
}

// Of imports of one file under several sources that are started at one moment, one
// begins.
func TestOneSourceTakesAFile(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		for round := range 5 {
			file := write(t, chainFile(2+round))
			drafts := make([]Import, 4)
			for k := range drafts {
				i, err := h.Add(t.Context(), File{Source: fmt.Sprint("source ", k)}, file)
				must(t, err)
				drafts[k] = i
			}
			var ready, wg sync.WaitGroup
			ready.Add(len(drafts))
			failed := make([]error, len(drafts))
			for k := range drafts {
				wg.Go(func() {
					ready.Done()
					ready.Wait()
					failed[k] = h.Start(t.Context(), drafts[k].ID, nil)
				})
			}
			wg.Wait()
			begun := 0
			for _, err := range failed {
				switch {
				case err == nil:
					begun++
				case !errors.Is(err, ErrOtherSource):
					t.Error(err)
				}
			}
			if begun != 1 {
				t.Fatalf("%d begin", begun)
			}
		}
	})
}

// An import that brings new products waits for the customers whom a till holds
// before it makes them: the till may be about to make one of them too.
func TestImportTakesCustomersBeforeProductsAsTillsDo(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
	h.load(write(t, "card,name\n1001,Ann Lee\n"), File{})
	var ann []customer.ID
	rows, err := d.Query(t.Context(), `SELECT id FROM customers`)
	must(t, db.Scan(rows, err, func(r *db.Rows) error {
		ann = append(ann, 0)
		return r.Scan(&ann[0])
	}))
	i, err := h.Add(t.Context(), File{}, write(t, "number,date,card,sku,qty,price\n1,2026-03-01,1001,NEW,1,5\n"))
	must(t, err)
	before := d.Stats().Repeated
	var group errgroup.Group
	must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch
		h.ledger.Lock(&b, ann)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		group.Go(func() error {
			_, err := h.RunNow(t.Context(), i.ID, func(Report) {})
			return err
		})
		h.waits()
		_, err := h.catalog.EnsureTx(ctx, tx, []catalog.Seen{{SKU: "NEW", Name: "New"}})
		return err
	}))
	must(t, group.Wait())
	if n := d.Stats().Repeated - before; n != 0 {
		t.Errorf("%d transactions ran into each other", n)
	}
	h.verify()
}

// What a goroutine of an import panics with is the import's failure, and not the
// program's end.
func TestPanicIsAFailure(t *testing.T) {
	t.Parallel()
	bad := errors.New("what nobody thought of")
	if err := guarded(func() error { panic(bad) })(); err == nil {
		t.Errorf("%v, want %v", err, bad)
	}
	if err := guarded(func() error { return bad })(); !errors.Is(err, bad) {
		t.Errorf("%v, want %v", err, bad)
	}
}

// Nothing goes on behind a commit that PostgreSQL has lost, whatever it was of: a store
// that was made, or the last returns that were matched.
func TestImportMissesWhatWasLost(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		i, err := h.Add(t.Context(), File{}, write(t, chainFile(3)))
		must(t, err)
		i, err = h.begin(t.Context(), i.ID)
		must(t, err)
		r, err := h.runner(t.Context(), &i, i.progress.Issues)
		must(t, err)
		t.Cleanup(func() { must(t, r.close()) })
		r.save = func(context.Context, *db.Tx, *Report) error { return nil }
		var before string
		for _, code := range []string{"North", "South"} {
			must(t, d.QueryRow(t.Context(), `SELECT checkpoint FROM imports`).Scan(&before))
			_, err = r.makeStore(t.Context(), catalog.NewStore{Code: code, Name: code, Zone: "Europe/London"})
			must(t, err)
		}
		_, err = d.Exec(t.Context(), `UPDATE imports SET checkpoint = $1`, before) // South's
		must(t, err)
		if _, err := r.makeStore(t.Context(), catalog.NewStore{Code: "West", Name: "West", Zone: "Europe/London"}); !errors.Is(err, ErrTaken) {
			t.Errorf("another store is made: %v", err)
		}
		if err := r.finish(t.Context()); !errors.Is(err, ErrTaken) {
			t.Errorf("the import ends: %v", err)
		}
	})
}

// Whoever starts an import that runs leaves the file of what was refused to the run that
// has it.
func TestSecondRunLeavesTheFileOfTheFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Open(t, dbtest.SQLite), "GBP", "Europe/London", t.TempDir())
	i, err := h.Add(t.Context(), File{}, write(t, "card,name\n501,Anna\n502,Bob\n"))
	must(t, err)
	_, err = h.begin(t.Context(), i.ID)
	must(t, err)
	first, err := openIssues(h.issues(i.ID), 0)
	must(t, err)
	must(t, first.add(Issue{Row: 7, Refused: true, Reason: ReasonMissing}))
	size, err := first.flush()
	must(t, err)
	if _, err := h.RunNow(t.Context(), i.ID, func(Report) {}); !errors.Is(err, ErrTaken) {
		t.Errorf("a second run: %v", err)
	}
	if info, err := os.Stat(h.issues(i.ID)); err != nil || info.Size() != size {
		t.Errorf("the first one's file is %v long, %v, want %d", info, err, size)
	}
	must(t, first.close())
	i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
	must(t, err)
	if i.Report.Created != 2 {
		t.Errorf("once it is let go: %+v", i.Report)
	}
}

// Counting what an import brings locks accounts in the order of their ids, however they
// lie in the table: who holds one and wants another of a higher id gets it.
func TestCountingLocksAsAllDo(t *testing.T) {
	t.Parallel()
	for _, people := range []int{300, 3000} {
		t.Run(strconv.Itoa(people), func(t *testing.T) {
			t.Parallel()
			d, ctx := dbtest.Open(t, dbtest.Postgres), t.Context()
			h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
			var file strings.Builder
			file.WriteString("card\n")
			for i := range people {
				fmt.Fprintln(&file, 10_000+i)
			}
			h.load(write(t, file.String()), File{Kind: KindCustomers})
			low, high := customer.ID(h.count(`SELECT MIN(customer_id) FROM accounts`)), customer.ID(h.count(`SELECT MAX(customer_id) FROM accounts`))
			for _, text := range []string{`CREATE INDEX falling ON accounts (customer_id DESC)`, `CLUSTER accounts USING falling`, `DROP INDEX falling`, `ANALYZE accounts`} {
				_, err := d.Exec(ctx, text)
				must(t, err)
			}
			totals := map[customer.ID]*ledger.Totals{low: {Customer: low, Receipts: 1}, high: {Customer: high, Receipts: 1}}
			var counting errgroup.Group
			counted := make(chan struct{})
			before := d.Stats().Repeated
			lock := func(tx *db.Tx, who customer.ID) error {
				var b db.Batch
				h.ledger.Lock(&b, []customer.ID{who})
				return tx.Run(ctx, &b)
			}
			must(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := lock(tx, low); err != nil {
					return err
				}
				select {
				case <-counted:
					return nil // the second time
				default:
				}
				close(counted)
				counting.Go(func() error {
					return d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return h.ledger.CountTx(ctx, tx, totals)() })
				})
				h.waits()
				return lock(tx, high)
			}))
			must(t, counting.Wait())
			if n := d.Stats().Repeated - before; n > 0 {
				t.Errorf("%d transactions ran into each other", n)
			}
		})
	}
}
