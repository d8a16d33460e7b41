// Package loyaltytest is an installation for tests: every service of loyalty
// over a database of the test's own and by a clock that the test moves.
//
// It holds no store and no customer: what a test is about it puts in itself, so
// that nothing here can be changed for one test and break another.
package loyaltytest

import (
	"bytes"
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/programme"
)

// Morning is when a test begins: 14:30 in Tashkent.
var Morning = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// Secret is that of every installation here.
var Secret = []byte("a secret of the tests")

// Installation is one process's services.
type Installation struct {
	*loyalty.Services
	DB       *db.DB
	Clock    *Clock
	Now      func() time.Time // the clock's, or another
	Log      *Log             // what a surface logs, if it is given to it
	Currency money.Currency

	Sent Sent // codes, after SendCodes

	processes *atomic.Int32 // over the database
}

// Options change an installation; zero fields do not.
type Options struct {
	Currency string           // UZS
	Now      func() time.Time // the installation's clock
	Join     *Installation    // another process of this one's
}

// New makes the services; they end with the test.
func New(t testing.TB, d *db.DB, o Options) *Installation {
	t.Helper()
	i := &Installation{DB: d, Clock: &Clock{at: Morning}, Log: &Log{}, processes: new(atomic.Int32)}
	if o.Join != nil {
		i.Clock, i.processes = o.Join.Clock, o.Join.processes
	}
	if i.Now = o.Now; i.Now == nil {
		i.Now = i.Clock.Now
	}
	var err error
	i.Currency, err = money.CurrencyOf(cmp.Or(o.Currency, "UZS"))
	Check(t, err)
	mint := id.NewMinter(i.Now, int(i.processes.Add(1)), 0)
	i.Services = loyalty.New(d, mint, i.Now, settings.Installation{Currency: i.Currency, Secret: Secret})
	t.Cleanup(i.Close)
	return i
}

// OpenStore opens a store with tills.
func (i *Installation) OpenStore(t testing.TB, in catalog.NewStore, tills ...string) (store catalog.Store, list []catalog.Till) {
	t.Helper()
	Check(t, i.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if store, err = i.Catalog.CreateStoreTx(ctx, tx, in); err != nil {
			return err
		}
		list = nil
		for _, name := range tills {
			till, err := i.Catalog.CreateTillTx(ctx, tx, store.ID, name)
			if err != nil {
				return err
			}
			list = append(list, till)
		}
		return nil
	}))
	return store, list
}

// Rules have three levels of cashback, points available after a fortnight, and
// a welcome bonus.
func Rules(c money.Currency, welcome money.Points) *programme.Rules {
	r := programme.Default(c)
	r.Levels = []programme.Level{
		{Code: "start", Name: "Start", Cashback: 100},
		{Code: "silver", Name: "Silver", Threshold: 1_000_000_00, Cashback: 300, Discount: 200},
		{Code: "gold", Name: "Gold", Threshold: 5_000_000_00, Cashback: 500, Discount: 500},
	}
	r.Earn.DelayDays = 14
	r.Welcome.Points = welcome
	return r
}

// Simple is 10 % cashback at once and for ever, half a receipt payable.
func Simple() *programme.Rules {
	return &programme.Rules{
		PointValue: 10_000, Levels: []programme.Level{{Code: "base", Name: "Base", Cashback: 1000}}, Combine: programme.CombineAdd,
		Spend:    programme.Spend{Window: programme.Lifetime},
		Discount: programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Earn:     programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Redeem:   programme.Redeem{Cap: 5000}, Return: programme.Return{Clawback: programme.ClawbackDebt}, QuoteMinutes: 10,
	}
}

// Check fails the test where there is an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Clock is moved by tests.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Log keeps what is written to it.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
