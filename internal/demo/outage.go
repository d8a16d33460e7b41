package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"regulars/internal/loyalty/receipt"
)

// Of the days on which a store has no line.
const (
	outageChance = 0.008 // that a day is the first of them
	outageLasts  = 0.45  // that the line is still gone on the next
	maxOutage    = 7     // days
)

// outage reports whether a store has no line on a day. Its tills sell on, and
// send what they sold when the line is back.
func (c *Chain) outage(store, day int) bool {
	d := newDice(c.Seed)
	for began := max(day-maxOutage+1, 0); began <= day; began++ {
		if !d.set(outageStream, store, began).chance(outageChance) {
			continue
		}
		days := 1
		for days < maxOutage && d.chance(outageLasts) {
			days++
		}
		if day < began+days {
			return true
		}
	}
	return false
}

// keep leaves those of a day's receipts that can be sent as they are made; the
// others wait in their tills.
func (f *filling) keep(today []Receipt) []Receipt {
	return slices.DeleteFunc(today, func(r Receipt) bool {
		if !f.chain.outage(r.Store, r.Day) {
			return false
		}
		if r.Kind == Return {
			// Of a sale that no other till has heard of yet.
			if at, waits := f.waitingAt[r.Sale]; waits {
				r.Till = at
			}
		} else {
			f.waitingAt[r.Number] = r.Till
		}
		queue := &f.waiting[r.Store][r.Till]
		*queue = append(*queue, r)
		return true
	})
}

// allLines is the day on which every line is back.
const allLines = -1

// connect has the tills of every store whose line is back on a day send what waits
// in them.
func (f *filling) connect(ctx context.Context, day int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(hands)
	for store, tills := range f.waiting {
		if day != allLines && f.chain.outage(store, day) {
			continue
		}
		for till, queue := range tills {
			if len(queue) == 0 {
				continue
			}
			tills[till] = nil
			for _, r := range queue {
				delete(f.waitingAt, r.Number)
			}
			group.Go(func() error { return f.send(ctx, f.tills[store][till], queue) })
		}
	}
	return group.Wait()
}

// waits reports whether a till has kept anything.
func (f *filling) waits() bool {
	return slices.ContainsFunc(f.waiting, func(tills [][]Receipt) bool {
		return slices.ContainsFunc(tills, func(queue []Receipt) bool { return len(queue) > 0 })
	})
}

// idle lets lines come back on the days on which nothing was sold, until a day.
func (f *filling) idle(ctx context.Context, until int) error {
	for day := f.lived + 1; day < until && f.waits(); day++ {
		f.clock.Set(f.chain.date(day).Add(closes * time.Hour))
		if err := f.connect(ctx, day); err != nil {
			return err
		}
	}
	f.lived = until
	return nil
}

// send has a till send its receipts in order. Every other batch is sent twice, as
// where the line broke again before the answer came.
func (f *filling) send(ctx context.Context, till receipt.Caller, queue []Receipt) error {
	for n := 0; len(queue) > 0; n++ {
		var (
			batch []*Receipt
			calls []receipt.LateCall
		)
		for i := range min(len(queue), receipt.MaxLate) {
			call, err := f.late(ctx, till, &queue[i])
			if err != nil {
				return err
			}
			if call.Return == nil || len(call.Return.Lines) > 0 {
				batch, calls = append(batch, &queue[i]), append(calls, call)
			}
		}
		queue = queue[min(len(queue), receipt.MaxLate):]
		for again := range 1 + n%2 {
			results, err := f.Receipts.RecordLate(ctx, time.Time{}, calls)
			if err != nil {
				return err
			}
			for i, res := range results {
				if res.Err != nil {
					return fmt.Errorf("late receipt %s: %w", batch[i].Number, res.Err)
				}
				if res.Replayed != (again == 1) {
					return fmt.Errorf("late receipt %s was sent for time %d: replayed is %t", batch[i].Number, again+1, res.Replayed)
				}
			}
			if again == 0 {
				f.sent(batch, results)
			}
		}
	}
	return nil
}

// late is a receipt as a till kept it. Who registered did so on paper, and is
// entered now.
func (f *filling) late(ctx context.Context, by receipt.Caller, r *Receipt) (call receipt.LateCall, err error) {
	by.Staff = int64(f.cashiers[r.Cashier])
	call.By = by
	if r.Kind == Return {
		back, err := f.back(ctx, r)
		if err != nil {
			return call, err
		}
		if back.Original == 0 {
			call.OriginalNumber = r.Sale
		}
		call.Return = &back
		return call, nil
	}
	draft, err := f.draft(ctx, by, r)
	if err != nil {
		return call, err
	}
	total := r.Total
	call.Sale = &receipt.Sale{Number: r.Number, Draft: draft, SoldAt: r.At, Total: &total}
	return call, nil
}

func (f *filling) sent(batch []*Receipt, results []receipt.LateResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range batch {
		f.filled.Late++
		if batch[i].Kind == Return {
			f.filled.Returns++
			continue
		}
		f.sales[batch[i].Number] = results[i].Receipt.ID
		f.filled.Sales++
	}
}
