package stock_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/stock"
	"regulars/internal/verify"
)

var must = loyaltytest.Check

// shop is a store with a till and products P0, P1 …
type shop struct {
	*loyaltytest.Installation
	t        testing.TB
	store    catalog.Store
	by       receipt.Caller
	products []catalog.ProductID
	sales    int
}

func newShop(t testing.TB, d *db.DB, products int) *shop {
	s := &shop{Installation: loyaltytest.New(t, d, loyaltytest.Options{}), t: t}
	var tills []catalog.Till
	s.store, tills = s.OpenStore(t, catalog.NewStore{Code: "1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1")
	s.by = receipt.Caller{Till: tills[0], Store: s.store}
	s.write(func(ctx context.Context, tx *db.Tx) error {
		s.products = nil
		var seen []catalog.Seen
		for i := range products {
			seen = append(seen, catalog.Seen{SKU: fmt.Sprint("P", i), Price: 10_0000})
		}
		found, err := s.Catalog.EnsureTx(ctx, tx, seen)
		for _, p := range seen {
			s.products = append(s.products, found[p.SKU].ID)
		}
		return err
	})
	return s
}

func (s *shop) write(do func(context.Context, *db.Tx) error) {
	s.t.Helper()
	must(s.t, s.DB.Write(s.t.Context(), do))
}

func (s *shop) key(product int) stock.Key {
	return stock.Key{Store: s.store.ID, Product: s.products[product]}
}

func (s *shop) apply(list ...stock.Change) (after []stock.Applied, err error) {
	err = s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		after, err = s.Stock.ApplyTx(ctx, tx, list)
		for _, a := range after {
			err = cmp.Or(err, a.Err)
		}
		return err
	})
	return after, err
}

func (s *shop) count(product int, q money.Quantity) {
	s.t.Helper()
	_, err := s.apply(stock.Change{Key: s.key(product), Set: &q, Cause: stock.Count})
	must(s.t, err)
}

func (s *shop) sell(at time.Time, quantities ...money.Quantity) receipt.Receipt {
	s.t.Helper()
	s.sales++
	var lines []receipt.DraftLine
	for i, q := range quantities {
		if q > 0 {
			lines = append(lines, receipt.DraftLine{SKU: fmt.Sprint("P", i), Quantity: q, Price: 10_0000})
		}
	}
	total := money.Amount(0)
	for _, l := range lines {
		total += money.Amount(l.Quantity)
	}
	r, _, err := s.Receipts.Commit(s.t.Context(), s.by, receipt.Sale{Number: fmt.Sprint("N", s.sales), Draft: receipt.Draft{Lines: lines}, Total: &total, SoldAt: at})
	must(s.t, err)
	return r
}

// follows switches the following of sales on or off.
func (s *shop) follows(on bool) {
	s.t.Helper()
	s.write(func(ctx context.Context, tx *db.Tx) error { return s.Stock.SwitchTx(ctx, tx, on) })
}

// follow follows until nothing is new, and gives what was set aside: on PostgreSQL
// transactions of other tests hold the log up for a moment.
func (s *shop) follow() (aside []stock.Aside) {
	s.t.Helper()
	for late := time.Now().Add(time.Minute); ; {
		list, err := s.Stock.Follow(s.t.Context())
		must(s.t, err)
		aside = append(aside, list...)
		var behind bool
		must(s.t, s.DB.QueryRow(s.t.Context(), `SELECT cursor <> (SELECT id FROM events ORDER BY xid DESC, id DESC LIMIT 1) FROM stock_reader`).Scan(&behind))
		if !behind {
			return aside
		}
		if time.Now().After(late) {
			s.t.Fatal("the log is not read to its end")
		}
	}
}

func (s *shop) level(product int) stock.Level {
	s.t.Helper()
	list, _, err := s.Stock.OfProduct(s.t.Context(), s.products[product], nil)
	must(s.t, err)
	if len(list) == 0 {
		return stock.Level{}
	}
	return list[0]
}

func (s *shop) verify() {
	s.t.Helper()
	report, err := verify.Run(s.t.Context(), s.DB, verify.Options{TempDir: s.t.TempDir()})
	must(s.t, err)
	for _, f := range report.Findings {
		if f.Check == verify.Stock {
			s.t.Errorf("verify: %s", f)
		}
	}
}

// Sales and returns move what was counted before them, once, and nothing else.
func TestSalesMoveStock(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 3)
		s.count(0, 10*money.One)
		s.count(1, 5*money.One)
		s.sell(time.Time{}, money.One) // before sales are followed: it is in what was counted
		s.Clock.Advance(time.Second)
		s.follows(true)
		s.Clock.Advance(time.Minute)
		sale := s.sell(time.Time{}, 2*money.One, 7*money.One, money.One)
		s.sell(time.Time{}, 500)
		late := s.Now().Add(-2 * time.Minute) // before the count
		s.sell(late, money.One)
		s.follow()
		_, _, err := s.Receipts.Return(t.Context(), s.by, receipt.Return{Number: "R1", Original: sale.ID, Lines: []receipt.ReturnLine{{Position: 1, Quantity: money.One}}})
		must(t, err)
		s.follow()
		s.follow() // and nothing again
		for product, want := range map[int]money.Quantity{0: 8500, 1: -2000, 2: 0} {
			if got := s.level(product); got.Quantity != want || product == 2 && got.Version != 0 {
				t.Errorf("product %d: %+v, want %s", product, got, want)
			}
		}
		must(t, s.Stock.Pace(t.Context(), []catalog.StoreID{s.store.ID}))
		if l := s.level(0); l.Pace != 3500 {
			t.Errorf("a pace of %s", l.Pace)
		} else if n, ok := l.Days(); n != 72 || !ok {
			t.Errorf("lasts %d days", n)
		}
		s.verify()
	})
}

// What is sold while sales are not followed moves nothing, however soon they are again
// and whatever a worker was about to take.
func TestNotFollowedMeanwhile(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 1)
		s.count(0, 10*money.One)
		s.follows(true)
		s.Clock.Advance(time.Minute)
		s.sell(time.Time{}, money.One)
		s.follow()
		s.follows(false)
		s.sell(time.Time{}, 2*money.One)
		_, err := s.Stock.Follow(t.Context())
		must(t, err)
		s.Clock.Advance(time.Minute)
		s.follows(true)
		s.follows(true) // it is already
		s.sell(time.Time{}, 3*money.One)
		s.follow()
		if l := s.level(0); l.Quantity != 6*money.One {
			t.Errorf("%s is left, want 6", l.Quantity)
		}

		// Workers, and somebody who cannot decide.
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				for range 20 {
					if _, err := s.Stock.Follow(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for i := range 20 {
			s.follows(false)
			s.sell(time.Time{}, money.One)
			s.Clock.Advance(time.Second)
			s.follows(true)
			if i%2 == 0 {
				s.Clock.Advance(time.Second)
			}
		}
		group.Wait()
		s.sell(time.Time{}, money.One)
		s.follow()
		if l := s.level(0); l.Quantity != 5*money.One {
			t.Errorf("%s is left, want 5", l.Quantity)
		}
		s.verify()
	})
}

// What would be more than can be counted, or less, is set aside and told, and holds
// nothing up.
func TestSalesThatDoNotFit(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 2)
		s.count(0, -money.MaxQuantity)
		s.count(1, 5*money.One)
		s.follows(true)
		s.Clock.Advance(time.Minute)
		s.sell(time.Time{}, 2*money.One, money.One)
		if d := diff.Diff([]stock.Aside{{Key: s.key(0), Quantity: -2 * money.One}}, s.follow()); d != "" {
			t.Errorf("set aside: %s", d)
		}
		s.sell(time.Time{}, 0, money.One)
		s.follow()
		if a, b := s.level(0).Quantity, s.level(1).Quantity; a != -money.MaxQuantity || b != 3*money.One {
			t.Errorf("%s and %s are left", a, b)
		}
		var told int
		must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM events WHERE kind = 'stock.aside' AND body LIKE '%"-2.000"%'`).Scan(&told))
		if told != 1 {
			t.Errorf("it is told %d times", told)
		}
		s.count(0, money.One)
		s.Clock.Advance(time.Second)
		s.sell(time.Time{}, money.One)
		s.follow()
		if l := s.level(0); l.Quantity != 0 {
			t.Errorf("%s is left after a count", l.Quantity)
		}
		s.verify()
	})
}

// A clock that is ahead does not bring a sale behind the count that found its goods
// gone; what comes late counts by its own time.
func TestClockOfTillAndCount(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 1)
		s.count(0, 10*money.One)
		s.follows(true)
		s.Clock.Advance(time.Minute)
		s.sell(s.Now().Add(5*time.Minute), 2*money.One)
		s.Clock.Advance(time.Second)
		s.count(0, 8*money.One)
		s.follow()
		if l := s.level(0); l.Quantity != 8*money.One {
			t.Errorf("%s is left after a sale from a clock ahead, want 8", l.Quantity)
		}
		s.Clock.Advance(time.Hour)
		s.sell(s.Now().Add(-30*time.Minute), money.One) // without its line, after the count
		s.sell(s.Now().Add(-2*time.Hour), money.One)    // before it
		s.follow()
		if l := s.level(0); l.Quantity != 7*money.One {
			t.Errorf("%s is left, want 7", l.Quantity)
		}
		s.verify()
	})
}

// What comes to its threshold is told once, until it has been over it.
func TestThresholds(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 2)
		five := 5 * money.One
		s.write(func(ctx context.Context, tx *db.Tx) error { return s.Stock.SetDefaultTx(ctx, tx, s.products[0], &five) })
		told := func(want int, stage string) {
			t.Helper()
			list, unseen, err := s.Stock.Notices(t.Context(), []catalog.StoreID{s.store.ID}, 10)
			must(t, err)
			if len(list) != want || unseen != want {
				t.Errorf("%s: %d notices, %d of them not seen, want %d", stage, len(list), unseen, want)
			}
		}
		move := func(q money.Quantity) {
			t.Helper()
			_, err := s.apply(stock.Change{Key: s.key(0), Add: q, Cause: stock.Correction})
			must(t, err)
		}
		s.count(0, 6*money.One)
		told(0, "over it")
		move(-money.One)
		told(1, "at it")
		move(-money.One)
		told(1, "below")
		move(3 * money.One)
		move(-2 * money.One)
		told(2, "below again")
		one := money.One
		_, err := s.apply(stock.Change{Key: s.key(0), Threshold: &one})
		must(t, err)
		if l := s.level(0); l.Low || l.Version != 5 {
			t.Errorf("%+v with a threshold of its own", l)
		}
		_, err = s.apply(stock.Change{Key: s.key(0), NoThreshold: true})
		must(t, err)
		told(3, "by the product's threshold")
		if n, err := s.Stock.CountLow(t.Context(), nil); n != 1 || err != nil {
			t.Errorf("%d are low, %v", n, err)
		}
		list, _, err := s.Stock.Notices(t.Context(), nil, 1)
		must(t, err)
		for _, seen := range []struct {
			from stock.NoticeID
			left int
		}{{list[0].ID, 2}, {0, 0}} { // the last one, and all
			s.write(func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Stock.SeenTx(ctx, tx, []catalog.StoreID{s.store.ID}, seen.from, list[0].ID, 1)
				return err
			})
			if _, unseen, err := s.Stock.Notices(t.Context(), nil, 10); unseen != seen.left || err != nil {
				t.Errorf("%d are not seen, want %d, %v", unseen, seen.left, err)
			}
		}
		s.write(func(ctx context.Context, tx *db.Tx) error { return s.Stock.SetDefaultTx(ctx, tx, s.products[0], nil) })
		if s.level(0).Low {
			t.Error("low without a threshold")
		}
		if _, err := s.apply(stock.Change{Key: s.key(1), Threshold: &one}); !errors.Is(err, stock.ErrNotCounted) {
			t.Errorf("a threshold of what nobody counted: %v", err)
		}
		s.write(func(ctx context.Context, tx *db.Tx) error {
			huge := 2 * money.MaxQuantity
			after, err := s.Stock.ApplyTx(ctx, tx, []stock.Change{
				{Key: s.key(1), Set: &huge, Cause: stock.Count}, {Key: s.key(1), Threshold: &one}, {Key: s.key(0), Add: one, Cause: stock.Delivery},
			})
			if !errors.Is(after[0].Err, stock.ErrRange) || !errors.Is(after[1].Err, stock.ErrNotCounted) || after[2].Err != nil || !after[2].Moved {
				t.Errorf("%+v", after)
			}
			return err
		})
		s.verify()
	})
}

// Many who move the same rows at once, in other orders, lose nothing.
func TestMovesAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 5)
		const writers, each = 6, 10
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := range each {
					var list []stock.Change
					for p := range s.products {
						p = (p*(w%2*2-1) + i + 5) % 5 // up or down
						list = append(list, stock.Change{Key: s.key(p), Add: money.One, Cause: stock.Delivery})
					}
					if _, err := s.apply(list...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		for p := range s.products {
			if l := s.level(p); l.Quantity != writers*each*money.One || l.Version != writers*each {
				t.Errorf("product %d: %+v", p, l)
			}
		}
		s.verify()
	})
}

// A threshold that changes while a row moves or begins holds for it, whichever of the
// two is there first and whichever ends first.
func TestThresholdsAtOnce(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	s := newShop(t, d, 3)
	five, one := 5*money.One, money.One
	s.count(0, 10*money.One)
	threshold := func(ctx context.Context, tx *db.Tx, product int) error {
		return s.Stock.SetDefaultTx(ctx, tx, s.products[product], &five)
	}
	count := func(ctx context.Context, tx *db.Tx, product int) error {
		_, err := s.Stock.ApplyTx(ctx, tx, []stock.Change{{Key: s.key(product), Set: &one, Cause: stock.Count}})
		return err
	}
	for product, first := range []func(context.Context, *db.Tx, int) error{threshold, threshold, count} {
		then := count
		if product == 2 {
			then = threshold
		}
		ended := make(chan error, 1)
		s.write(func(ctx context.Context, tx *db.Tx) error {
			if err := first(ctx, tx, product); err != nil {
				return err
			}
			go func() {
				ended <- d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return then(ctx, tx, product) })
			}()
			for waits := false; !waits; { // for us
				const wait = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
				if err := d.QueryRow(ctx, wait).Scan(&waits); err != nil {
					return err
				}
				select {
				case err := <-ended: // it did not wait
					ended <- err
					return nil
				default:
				}
			}
			return nil
		})
		must(t, <-ended)
		if !s.level(product).Low {
			t.Errorf("product %d is not low", product)
		}
	}
	s.verify()
}

// Whoever keeps the cursor is given what has moved since, a page at a time.
func TestListSince(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d, 5)
		for p := range s.products {
			s.count(p, money.One)
		}
		read := func(cursor string) (n int, next string) {
			for more := true; more; {
				var list []stock.Level
				var err error
				list, next, more, err = s.Stock.List(t.Context(), stock.Query{After: cursor, Limit: 2})
				must(t, err)
				n, cursor = n+len(list), next
			}
			return n, next
		}
		s.Clock.Advance(time.Minute)
		n, cursor := read("")
		if n != 5 {
			t.Errorf("%d rows, want 5", n)
		}
		s.Clock.Advance(time.Second)
		s.count(3, 2*money.One)
		for range 2 { // it is too fresh to be left behind
			if n, cursor = read(cursor); n != 1 {
				t.Errorf("%d rows have moved, want 1", n)
			}
		}
		s.Clock.Advance(time.Minute)
		_, cursor = read(cursor)
		if n, _ := read(cursor); n != 0 {
			t.Errorf("%d rows come again", n)
		}
		if _, _, _, err := s.Stock.List(t.Context(), stock.Query{After: "x"}); !errors.Is(err, stock.ErrCursor) {
			t.Error(err)
		}
	})
}

// BenchmarkApply sets a thousand quantities in a call.
func BenchmarkApply(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			s := newShop(b, dbtest.Open(b, e), 1000)
			round := money.Quantity(0)
			for b.Loop() {
				round++
				list := make([]stock.Change, len(s.products))
				for p := range s.products {
					list[p] = stock.Change{Key: s.key(p), Set: &round, Cause: stock.Count}
				}
				_, err := s.apply(list...)
				must(b, err)
			}
		})
	}
}

// BenchmarkFollow takes receipts of three lines from stock. On PostgreSQL it waits
// until they can be read, which other databases of the server hold up.
func BenchmarkFollow(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			s := newShop(b, dbtest.Open(b, e), 20)
			for p := range s.products {
				s.count(p, 1000*money.One)
			}
			s.follows(true)
			s.Clock.Advance(time.Minute)
			const receipts = 300
			for b.Loop() {
				b.StopTimer()
				for i := range receipts {
					quantities := make([]money.Quantity, len(s.products))
					for k := range 3 {
						quantities[(i*3+k*7)%len(quantities)] = money.One
					}
					s.sell(time.Time{}, quantities...)
				}
				b.StartTimer()
				s.follow()
			}
			b.ReportMetric(float64(receipts*b.N)/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}
