package receipt_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// processes are c and, on PostgreSQL, another process over its database.
func (c *chain) processes() []*chain {
	if !c.DB.Postgres() {
		return []*chain{c, c}
	}
	return []*chain{c, c.process()}
}

// atOnce runs do in n goroutines and waits.
func atOnce(n int, do func(i int)) {
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
	)
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

// A till that sends one sale again while the first is under way, perhaps to
// another process, gets the receipt each time.
func TestOneSaleSentAtOnceIsRecordedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		on := c.processes()
		for round := range 10 {
			who := customer.ID(0)
			if round%2 == 1 {
				who = c.customer()
			}
			sale := c.quoted(draft(who, 0, 10_00))
			sale.Key = fmt.Sprint("key", round)
			const n = 6
			var (
				recs  [n]receipt.Receipt
				again [n]bool
				fails [n]error
			)
			atOnce(n, func(i int) { recs[i], again[i], fails[i] = on[i%2].Receipts.Commit(t.Context(), c.tills[0], sale) })
			must(t, errors.Join(fails[:]...))
			first := 0
			for i := range n {
				if !again[i] {
					first++
				}
				if recs[i].ID != recs[0].ID || len(recs[i].Lines) != 1 {
					t.Errorf("answered %d with %d lines, and %d", recs[i].ID, len(recs[i].Lines), recs[0].ID)
				}
			}
			if first != 1 {
				t.Errorf("%d of the calls say that they were the first", first)
			}
		}
		c.check(t)
	})
}

// The last piece comes back once, whoever gives it back; the others are told
// that nothing is left.
func TestOnePieceReturnedAtOnceComesBackOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		on := c.processes()
		for round := range 10 {
			who := customer.ID(0)
			if round%2 == 1 {
				who = c.customer()
			}
			sale := c.sell(draft(who, 0, 10_00))
			const n = 6
			var fails [n]error
			atOnce(n, func(i int) {
				in := receipt.Return{Number: fmt.Sprintf("%d-%d", round, i), Original: sale.ID}
				if i%3 == 0 {
					in.Lines = []receipt.ReturnLine{line(1, money.One)}
				}
				_, _, fails[i] = on[i%2].Receipts.Return(t.Context(), c.tills[0], in)
			})
			won := 0
			for _, err := range fails {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, receipt.ErrNothingLeft) && !errors.Is(err, receipt.ErrTooManyReturned):
					t.Errorf("the loser got %v", err)
				}
			}
			if won != 1 {
				t.Errorf("%d returns of one piece", won)
			}
		}
		c.check(t)
	})
}

// Pieces of one sale that come back at once, through several processes, all do: also
// where no customer's account makes them wait for each other.
func TestPiecesReturnedAtOnceAllComeBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		on := c.processes()
		for round := range 10 {
			const n = 6
			sold := draft(0, 0, 10_00)
			sold.Lines[0].Quantity = n * money.One
			sale := c.sell(sold)
			var fails [n]error
			atOnce(n, func(i int) {
				in := receipt.Return{Number: fmt.Sprintf("%d-%d", round, i), Original: sale.ID, Lines: []receipt.ReturnLine{line(1, money.One)}}
				_, _, fails[i] = on[i%2].Receipts.Return(t.Context(), c.tills[0], in)
			})
			if err := errors.Join(fails[:]...); err != nil {
				t.Error(err)
			}
		}
		c.check(t)
	})
}

// A key that came with another receipt is refused, and nobody else is.
func TestKeyOfAnotherReceiptIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		sales := make([]receipt.Sale, 3)
		for i := range sales {
			sales[i] = c.quoted(draft(0, 0, 10_00))
			sales[i].Key = "the same"
		}
		sales[2].Key = "another"
		for range 2 {
			_, failures, err := c.Receipts.Together(t.Context(), c.tills[0], sales, nil)
			must(t, err)
			if failures[0] != nil || failures[2] != nil {
				t.Errorf("the first and another key got %v", failures)
			}
			if e := errs.Of(failures[1]); e.Kind != errs.Reused || !errors.Is(e, receipt.ErrIdempotencyKeyReused) {
				t.Errorf("the key that was used got %v", failures[1])
			}
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 2 {
			t.Errorf("%d receipts", n)
		}
	})
}

// Tills, returns and midnights of several processes at the same customers
// leave books that agree.
func TestEverythingAtOnceLeavesTheBooksInOrder(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.DelayDays, rules.Earn.ExpiryDays = 1, 2
		rules.Return = programme.Return{Clawback: programme.ClawbackRefund, GraceDays: 1}
		rules.Spend = programme.Spend{Window: programme.Rolling, Days: 3}
		rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 100_00, Cashback: 2000})
		c := open(t, d, rules)
		on := c.processes()
		people := []customer.ID{0, c.customer(), c.customer()}
		var (
			mu    sync.Mutex
			sales []receipt.ID
		)
		const n = 8
		atOnce(n, func(i int) {
			p, dice := on[i%2], rand.New(rand.NewPCG(7, uint64(i)))
			for step := range 25 {
				number := fmt.Sprintf("%d-%d", i, step)
				var err error
				switch dice.IntN(8) {
				case 0:
					err = p.Receipts.Night(t.Context(), func(int) {})
				case 1:
					c.Clock.Advance(time.Duration(dice.IntN(6*60)) * time.Minute)
				case 2, 3:
					mu.Lock()
					if len(sales) == 0 {
						mu.Unlock()
						continue
					}
					in := receipt.Return{Number: number, Original: sales[dice.IntN(len(sales))]}
					mu.Unlock()
					if _, err = p.Receipts.PreviewReturn(t.Context(), c.tills[1], in); err == nil || errs.KindOf(err) == errs.Conflict {
						in.Lines = []receipt.ReturnLine{line(1+dice.IntN(2), money.Quantity(1+dice.IntN(700)))}
						_, _, err = p.Receipts.Return(t.Context(), c.tills[1], in)
					}
				default:
					dr := draft(people[dice.IntN(3)], 0, dice.Int64N(50_00), dice.Int64N(50_00))
					q, e := p.Receipts.Quote(t.Context(), c.tills[0], dr)
					must(t, e)
					if dr.Redeem = q.MaxRedeem; dr.Redeem > 0 {
						if q, err = p.Receipts.Quote(t.Context(), c.tills[0], dr); err != nil {
							break
						}
					}
					var rec receipt.Receipt
					rec, _, err = p.Receipts.Commit(t.Context(), c.tills[0], receipt.Sale{Number: number, Draft: dr, Quote: q.ID})
					if err == nil {
						mu.Lock()
						sales = append(sales, rec.ID)
						mu.Unlock()
					}
				}
				if err != nil && errs.KindOf(err) != errs.Conflict {
					t.Errorf("%v", err)
				}
			}
		})
		c.check(t)
	})
}

// A caller that goes away does not know; whoever asks again does, and nothing
// was done twice.
func TestCallerThatGoesAwayFindsOutByAskingAgain(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		const n = 30
		sales := make([]receipt.Sale, n)
		for i := range sales {
			sales[i] = c.quoted(draft(anna, 0, 10_00))
		}
		atOnce(n, func(i int) {
			ctx, cancel := context.WithCancel(t.Context())
			if i%3 != 0 {
				go cancel()
			}
			_, _, err := c.Receipts.Commit(ctx, c.tills[0], sales[i])
			cancel()
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("sale %d: %v", i, err)
			}
		})
		for i := range sales {
			_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sales[i])
			must(t, err)
		}
		if a := c.account(anna); a.Available() != n*1_00 || a.Receipts != n {
			t.Errorf("%d points and %d receipts of %d sales", a.Available(), a.Receipts, n)
		}
		c.check(t)
	})
}

// Closing under load answers everybody: with a receipt that is there, or with
// a refusal of one that is not.
func TestClosingUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		const n = 40
		sales := make([]receipt.Sale, n)
		for i := range sales {
			sales[i] = c.quoted(draft(0, 0, 10_00))
		}
		var (
			mu   sync.Mutex
			said int
		)
		atOnce(n+1, func(i int) {
			if i == n {
				c.Receipts.Close()
				return
			}
			_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sales[i])
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				said++
			case !errors.Is(err, db.ErrDown):
				t.Errorf("sale %d: %v", i, err)
			}
		})
		if stored := c.count(`SELECT COUNT(*) FROM receipts`); stored != said {
			t.Errorf("%d receipts were answered and %d are there", said, stored)
		}
	})
}

// Somebody who is registered at several tills at once is one customer with one
// bonus.
func TestOnePersonRegisteredAtOnceGetsOneBonus(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Welcome = programme.Welcome{Points: 5_00}
		c := open(t, d, rules)
		on := c.processes()
		for round := range 5 {
			const n = 6
			var (
				found [n]enrol.Result
				fails [n]error
			)
			atOnce(n, func(i int) {
				found[i], fails[i] = on[i%2].Enrol.Register(t.Context(), c.tills[0].Store, 0, customer.New{
					FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{
						{Kind: customer.Phone, Value: fmt.Sprintf("+99890%07d", round)}, {Kind: customer.Card, Value: fmt.Sprintf("77%d", round)},
					},
				})
			})
			must(t, errors.Join(fails[:]...))
			created := 0
			for _, f := range found {
				if f.ID != found[0].ID {
					t.Errorf("customers %d and %d", f.ID, found[0].ID)
				}
				if f.Created {
					created++
				}
			}
			if a := c.account(found[0].ID); created != 1 || a.Available() != 5_00 {
				t.Errorf("created %d times, %d points", created, a.Available())
			}
		}
		c.check(t)
	})
}

// Whoever sits on a lock holds up nobody for good: the tills are told that
// they do not know, and go on when it is gone.
func TestLockThatIsNotGivenBackHoldsNobodyUpForGood(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		c.Receipts.SetPatience(300 * time.Millisecond)
		anna := c.customer()
		var sales []receipt.Sale
		for range 4 {
			sales = append(sales, c.quoted(draft(anna, 0, 10_00)))
		}
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE accounts SET version = version WHERE customer_id = $1`, int64(anna)); err != nil {
				return err
			}
			atOnce(len(sales), func(i int) {
				if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sales[i]); errs.KindOf(err) != errs.Unavailable {
					t.Errorf("got %v", err)
				}
			})
			return nil
		}))
		c.Receipts.SetPatience(30 * time.Second)
		for _, sale := range sales {
			_, replayed, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
			if err != nil || replayed {
				t.Errorf("afterwards: %v %v", replayed, err)
			}
		}
		c.check(t)
	})
}
