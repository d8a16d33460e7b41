package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/verify"
)

// What the services write agrees, whatever the rules.
func TestWhatTheServicesWriteIsClean(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*programme.Rules{
		"refund, delayed":  rules(programme.Lifetime, programme.ClawbackRefund, 14),
		"refund, at once":  rules(programme.Lifetime, programme.ClawbackRefund, 0),
		"debt, delayed":    rules(programme.Lifetime, programme.ClawbackDebt, 14),
		"debt, at once":    rules(programme.Rolling, programme.ClawbackDebt, 0),
		"write off":        rules(programme.Lifetime, programme.ClawbackWriteOff, 0),
		"rolling, delayed": rules(programme.Rolling, programme.ClawbackWriteOff, 14),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				newChain(t, d, r).fill()
				expectClean(t, d)
			})
		})
	}
}

// Sales that are paid with what others earned come back in either order, after
// losses, debts that were repaid and refunds that could not bear it all.
func TestReturnsOfLinkedSalesAreClean(t *testing.T) {
	t.Parallel()
	for _, clawback := range []programme.Clawback{programme.ClawbackDebt, programme.ClawbackRefund, programme.ClawbackWriteOff} {
		t.Run(string(clawback), func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				r := rules(programme.Lifetime, clawback, 0)
				r.Welcome, r.Redeem.Cap, r.Earn.PointsPart = programme.Welcome{}, money.Whole, true
				c := newChain(t, d, r)
				anna := c.customer("Анна", customer.Identifier{Kind: customer.Card, Value: "1"})
				first := c.sell(draft(anna, 0, money.One, 20_000_00, 10_000_00))
				second := c.sell(draft(anna, first.Earned, money.One, 1_000_00, int64(first.Earned)-1_000_00))
				third := c.sell(draft(anna, second.Earned, money.One, 100_00))
				c.giveBack(first.ID, receipt.ReturnLine{Position: 1, Quantity: money.One})
				c.giveBack(second.ID, receipt.ReturnLine{Position: 1, Quantity: money.One})
				c.giveBack(first.ID)
				c.sell(draft(anna, 0, money.One, 5_000_00))
				c.pass(40)
				c.night()
				c.giveBack(third.ID)
				c.giveBack(second.ID)
				expectClean(t, d)
			})
		})
	}
}

// Two processes whose clocks differ sell to the same people at once: ids are
// not always in the order of writing, and that is not taken for a fault.
func TestTwoProcessesAreClean(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		d := dbtest.OpenConfig(t, cfg)
		one := newChain(t, d, rules(programme.Lifetime, programme.ClawbackRefund, 0))
		other := process(t, dbtest.OpenConfig(t, cfg), ahead(3*time.Second))
		other.till = one.till
		other.numbers = 1_000_000
		_, err := other.Catalog.Stores(t.Context())
		must(t, err)
		var people []customer.ID
		for i := range 3 {
			people = append(people, one.customer("Анна", customer.Identifier{Kind: customer.Card, Value: fmt.Sprint(i)}))
		}
		var wg sync.WaitGroup
		for i, c := range []*chain{one, other, one, other} {
			wg.Go(func() { c.busy(rand.New(rand.NewPCG(uint64(i), 7)), people, i) })
		}
		wg.Wait()
		if !t.Failed() {
			expectClean(t, d)
		}
	})
}

// busy sells and takes back as it comes.
func (c *chain) busy(r *rand.Rand, people []customer.ID, series int) {
	ctx := c.t.Context()
	var sold []receipt.Receipt
	for i := range 40 {
		number := fmt.Sprintf("%d-%d", series, i)
		if len(sold) > 0 && r.IntN(3) == 0 {
			sale := sold[r.IntN(len(sold))]
			in := receipt.Return{Number: number, Original: sale.ID, Lines: []receipt.ReturnLine{{Position: 1, Quantity: money.Quantity(1 + r.IntN(700))}}}
			if _, _, err := c.Receipts.Return(ctx, c.till, in); err != nil && !errors.Is(err, receipt.ErrTooManyReturned) {
				c.t.Error(err)
			}
			continue
		}
		d := draft(people[r.IntN(len(people))], 0, money.Quantity(1000+r.IntN(2000)), 1_000_00+r.Int64N(50_000_00), 777_77)
		quote, err := c.Receipts.Quote(ctx, c.till, d)
		if err == nil && quote.MaxRedeem > 0 && r.IntN(2) == 0 {
			d.Redeem = quote.MaxRedeem/2 + 1
			quote, err = c.Receipts.Quote(ctx, c.till, d)
		}
		sale := receipt.Sale{Number: number, Draft: d, Quote: quote.ID}
		if err == nil {
			var rec receipt.Receipt
			if rec, _, err = c.Receipts.Commit(ctx, c.till, sale); err == nil {
				sold = append(sold, rec)
			}
		}
		if err != nil && errs.KindOf(err) != errs.Conflict {
			c.t.Error(err)
		}
	}
}

func expectClean(t *testing.T, d *db.DB) verify.Report {
	t.Helper()
	report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
	must(t, err)
	if !report.Clean() {
		var text bytes.Buffer
		must(t, report.Write(&text))
		t.Error(text.String())
	}
	return report
}

// An empty database is clean, before anybody has chosen a currency.
func TestEmptyDatabaseIsClean(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		report := expectClean(t, d)
		for _, p := range report.Points {
			if p.Points != 0 {
				t.Errorf("%s holds %s", p.Account, p.Points)
			}
		}
	})
}

// The report says how much was read, that all accounts sum to zero, and names
// what is off in a line each; what is beyond the kept ones is counted.
func TestReport(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	newChain(t, d, rules(programme.Lifetime, programme.ClawbackRefund, 14)).fill()
	report := expectClean(t, d)
	var sum money.Points
	for _, p := range report.Points {
		sum += p.Points
	}
	if sum != 0 {
		t.Errorf("all accounts come to %s: %v", sum, report.Points)
	}
	var receipts int64
	must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM receipts`).Scan(&receipts))
	if !slices.Contains(report.Rows, verify.Count{Table: "receipts", Rows: receipts}) {
		t.Errorf("read %v, there are %d receipts", report.Rows, receipts)
	}

	_, err := d.Exec(t.Context(), `UPDATE receipts SET total = total + 1 WHERE customer_id IS NULL AND NOT imported`)
	must(t, err)
	_, err = d.Exec(t.Context(), `UPDATE receipts SET balance = balance + 1 WHERE customer_id IS NOT NULL AND NOT imported`)
	must(t, err)
	var told []string
	report, err = verify.Run(t.Context(), d, verify.Options{Keep: 2, Progress: func(step string, rows int64) { told = append(told, step) }})
	must(t, err)
	if report.Clean() || report.Broken[verify.ReceiptBalance] < 3 || len(told) == 0 {
		t.Fatalf("%v, progress %v", report.Broken, told)
	}
	var text bytes.Buffer
	must(t, report.Write(&text))
	for _, want := range []string{
		"receipt_total: A receipt comes to its gross less discounts and points. Broken: 1\n",
		" total: should be 1000.00, is 1000.01 (gross less discount and points)\n",
		fmt.Sprintf("  and %d more\n", report.Broken[verify.ReceiptBalance]-2),
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, &text)
		}
	}
}

// Whoever does not want to wait is obeyed.
func TestRunCanBeCancelled(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := verify.Run(ctx, d, verify.Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v", err)
		}
	})
}

// Who brought back more than they bought here, as old tills tell, is merged with
// somebody whom history alone has at a level: it stays, though both spent less.
func TestLevelOfHistoryThatAMergeKeepsIsClean(t *testing.T) {
	t.Parallel()
	for _, window := range []programme.Window{programme.Lifetime, programme.Rolling} {
		t.Run(string(window), func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				c := newChain(t, d, rules(window, programme.ClawbackDebt, 0))
				anna := c.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234567"})
				olim := c.customer("Oʻlim", customer.Identifier{Kind: customer.Phone, Value: "+998901234568"})
				must(t, c.history("A1,2026-02-20 10:00,S1,+998901234567,P0,Нон,1,110000", "A2,2026-02-20 11:00,S1,+998901234568,P0,Нон,-1,20000"))
				_, err := c.Merges.Merge(t.Context(), anna, olim, staff.ID(c.till.Staff), nil)
				must(t, err)
				expectClean(t, d)
			})
		})
	}
}

// A server that starts again with its clock set back sells and takes back, and
// two that differ by seconds change the same things: none of it is damage.
func TestClocksThatAreWrongAreNoDamage(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newChain(t, d, rules(programme.Lifetime, programme.ClawbackRefund, 0))
		anna := c.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234567"})
		first := c.sell(draft(anna, 0, money.One, 60_000_00))
		second := c.sell(draft(anna, 3_000_00, money.One, 30_000_00))
		must(t, c.mint.Release(t.Context()))
		later := process(t, d, ahead(-time.Hour))
		later.till, later.numbers = c.till, c.numbers
		later.sell(draft(anna, 0, money.One, 20_000_00))
		later.giveBack(first.ID)
		later.giveBack(second.ID)

		other := process(t, d, ahead(-time.Hour+3*time.Second))
		for _, p := range []*chain{other, later} {
			st := staff.New(d, p.mint.Minter, p.clock.now)
			_, err := st.Change(t.Context(), staff.By{}, staff.ID(c.till.Staff), staff.Change{Name: new(fmt.Sprint(p.clock.now()))})
			must(t, err)
		}
		expectClean(t, d)
	})
}

// History has somebody at a level when another is taken out of them, and takes it
// again: no return after that has it kept.
func TestLevelThatHistoryTookIsClean(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newChain(t, d, rules(programme.Lifetime, programme.ClawbackDebt, 0))
		anna := c.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234567"})
		olim := c.customer("Олим", customer.Identifier{Kind: customer.Phone, Value: "+998901234568"})
		sale := c.sell(draft(olim, 0, money.One, 1_000_00))
		m, err := c.Merges.Merge(t.Context(), anna, olim, staff.ID(c.till.Staff), nil)
		must(t, err)
		must(t, c.history("A1,2026-02-20 10:00,S1,+998901234568,P0,Нон,1,110000"))
		must(t, c.Merges.Undo(t.Context(), m.ID, staff.ID(c.till.Staff), nil))
		must(t, c.history("A2,2026-02-20 11:00,S1,+998901234568,P0,Нон,-1,20000"))
		c.giveBack(sale.ID)
		expectClean(t, d)
	})
}

// Points that were redeemed come back through a process whose clock is behind the one
// that gave them, to whom their lot is no more: they are there at once.
func TestPointsGivenBackByASlowClockAreClean(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		r := rules(programme.Lifetime, programme.ClawbackDebt, 0)
		r.Welcome, r.Redeem.Cap = programme.Welcome{}, money.Whole
		slow := newChain(t, d, r)
		c := process(t, d, ahead(3*time.Second))
		c.till, c.numbers = slow.till, 1000
		_, err := c.Catalog.Stores(t.Context())
		must(t, err)
		anna, olim := c.customer("Анна"), c.customer("Олим")
		slow.giveBack(c.spentAsOne(anna, olim, 20_000_00).ID)
		expectClean(t, d)
	})
}

// A level given by hand stands on what is spent in the period, though more was in the
// one before, by which the night goes.
func TestLevelGivenAfterAGoodPeriodIsClean(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newChain(t, d, rules(programme.Quarter, programme.ClawbackDebt, 0))
		anna := c.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234567"})
		must(t, c.history("A1,2025-12-20 10:00,S1,+998901234567,P0,Нон,1,2000000"))
		c.grant(anna, "silver")
		expectClean(t, d)
	})
}

// Rules were published the moment before a level was given by hand, so that by either
// it may have stood: what came of it by the ones that held is no damage.
func TestLevelGivenAsRulesChangeIsClean(t *testing.T) {
	t.Parallel()
	lower := rules(programme.Lifetime, programme.ClawbackDebt, 0)
	lower.Levels[1].Threshold = 10_000_00
	for name, then := range map[string]func(c *chain, anna, olim customer.ID){
		"return": func(c *chain, anna, _ customer.ID) {
			sale := c.sell(draft(anna, 0, money.One, 60_000_00))
			c.giveBack(sale.ID)
		},
		"merge": func(c *chain, anna, olim customer.ID) {
			c.grant(anna, "base")
			c.pass(1)
			_, err := c.Merges.Merge(c.t.Context(), anna, olim, staff.ID(c.till.Staff), nil)
			must(c.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				c := newChain(t, d, lower)
				anna := c.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234567"})
				olim := c.customer("Олим", customer.Identifier{Kind: customer.Phone, Value: "+998901234568"})
				must(t, c.history("A1,2026-02-20 10:00,S1,+998901234567,P0,Нон,1,50000"))
				now := rules(programme.Lifetime, programme.ClawbackDebt, 0)
				now.Stopped = name == "return" // so that the sale before it tells of no level
				c.publish(now)
				c.grant(anna, "")
				then(c, anna, olim)
				expectClean(t, d)
			})
		})
	}
}

// What is not looked at closely because of merges and clocks is looked at all the same
// where the books say enough.
func TestDamageAfterAMergeIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		r := rules(programme.Lifetime, programme.ClawbackDebt, 0)
		r.Welcome, r.Redeem.Cap = programme.Welcome{}, money.Whole
		c := newChain(t, d, r)
		anna, olim, aziza := c.customer("Анна"), c.customer("Олим"), c.customer("Азиза")
		c.giveBack(c.spentAsOne(anna, olim, 120_000_00).ID) // into a lot of its own
		_, err := c.Merges.Merge(t.Context(), anna, aziza, staff.ID(c.till.Staff), nil)
		must(t, err)
		expectClean(t, d)
		for _, damage := range []struct {
			check verify.Check
			text  string
			args  []any
		}{
			{verify.TierLevel, `DELETE FROM tiers WHERE customer_id = $1`, []any{int64(aziza)}},
			{verify.LotDates, `UPDATE lots SET available_at = available_at + 86400000000 WHERE cause = 'return'`, nil},
		} {
			n, err := d.Exec(t.Context(), damage.text, damage.args...)
			must(t, err)
			report, err := verify.Run(t.Context(), d, verify.Options{})
			must(t, err)
			if n != 1 || !slices.ContainsFunc(report.Findings, func(f verify.Finding) bool { return f.Check == damage.check }) {
				t.Errorf("%d rows, and of %s nothing is found: %v", n, damage.check, report.Findings)
			}
		}
	})
}

// spentAsOne has one of two buy for a price, and the other spend the points of it while
// both are one: the sale where they were spent.
func (c *chain) spentAsOne(who, other customer.ID, price int64) receipt.Receipt {
	first := c.sell(draft(who, 0, money.One, price))
	m, err := c.Merges.Merge(c.t.Context(), who, other, staff.ID(c.till.Staff), nil)
	must(c.t, err)
	sale := c.sell(draft(other, first.Earned, money.One, 30_000_00))
	must(c.t, c.Merges.Undo(c.t.Context(), m.ID, staff.ID(c.till.Staff), nil))
	return sale
}
