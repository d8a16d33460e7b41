package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// Clock is the time of the simulated chain; the services that Fill works with
// must go by it. It is safe for concurrent use.
type Clock struct {
	mu sync.RWMutex
	t  time.Time
}

// Now is the simulated time.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.t
}

// Set sets it.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

// Services are what a chain is put into.
type Services struct {
	*loyalty.Services
	DB *db.DB
	// Products takes the file of products in, as an owner would who has one.
	Products func(ctx context.Context, file io.Reader) error
}

// Span is the part of a chain's time that Fill lets happen. Of a chain whose files
// up to From were imported, only what comes after is put in; zero: all is.
type Span struct {
	From  time.Time // midnight UTC, of the first date
	Until time.Time // nothing happens after
}

// Filled says what Fill made.
type Filled struct {
	Stores, Customers, Sales, Returns, Redeemed int
	Late                                        int // of the sales and returns, sent when the line was back
	Merged, Undone                              int // profiles of who had registered twice
	Tills                                       []receipt.Caller
}

// hands is how many customers are served at once, so that their receipts
// share transactions.
const hands = 16

// filling is a chain on its way into an installation.
type filling struct {
	Services
	chain *Chain
	clock *Clock
	from  time.Time

	tills     [][]receipt.Caller // by store and till
	cashiers  []staff.ID
	waiting   [][][]Receipt  // by store and till: what was sold without the line
	waitingAt map[string]int // sales among them: the till, by number
	doubles   []double
	lived     int // the last day on which anything was sold

	mu     sync.Mutex
	people map[int]customer.ID
	twice  map[int]bool          // who has registered again
	sales  map[string]receipt.ID // by number, for returns
	filled Filled
}

// Fill puts a chain into an empty installation, or one that its files were imported
// into, as tills, cashiers and owners would: through the services, at the simulated
// times, with the nights between the days. Stores lose their line for days and send
// late what they sold; people register twice, and are merged. The clock is left at
// the last receipt. progress is told the days that are done, before each day.
func Fill(ctx context.Context, s Services, clock *Clock, run *Run, span Span, progress func(days, of int) error) (_ Filled, err error) {
	defer errs.Wrap(&err, "fill the demo chain")
	f := &filling{
		Services: s, chain: run.chain, clock: clock, from: span.From,
		waitingAt: map[string]int{}, people: map[int]customer.ID{}, twice: map[int]bool{}, sales: map[string]receipt.ID{},
	}
	clock.Set(f.chain.Start.AddDate(0, 0, f.chain.dayOf(span.From)))
	for _, prepare := range []func(context.Context) error{f.build, f.stock, f.install} {
		if err := prepare(ctx); err != nil {
			return Filled{}, err
		}
	}
	days := int(f.chain.Size.End.Sub(f.chain.Start).Hours() / 24)
	first := f.chain.dayOf(span.From)
	var today []Receipt
	day := first
	for r := range run.Receipts() {
		if r.Day < first {
			continue
		}
		if r.At.After(span.Until) {
			break
		}
		if r.Day != day {
			if err := f.live(ctx, today); err != nil {
				return Filled{}, err
			}
			if today, day = today[:0], r.Day; ctx.Err() != nil {
				return Filled{}, ctx.Err()
			}
			if err := progress(day, days); err != nil {
				return Filled{}, err
			}
		}
		today = append(today, r)
	}
	if err := f.live(ctx, today); err != nil {
		return Filled{}, err
	}
	if err := f.connect(ctx, allLines); err != nil {
		return Filled{}, err
	}
	f.filled.Customers = len(f.people)
	return f.filled, progress(days, days)
}

// build opens the stores with their tills and hires the cashiers.
func (f *filling) build(ctx context.Context) error {
	there, err := f.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	known := map[string]catalog.Store{}
	for _, s := range there {
		known[s.Code] = s
	}
	var stores []catalog.StoreID
	err = f.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		stores, f.tills, f.filled.Tills = nil, nil, nil
		f.waiting = nil
		for _, s := range f.chain.Stores {
			store, ok := known[s.Code]
			if !ok {
				var err error
				if store, err = f.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: s.Code, Name: s.Name, City: s.City, Zone: s.Zone}); err != nil {
					return err
				}
			}
			stores = append(stores, store.ID)
			f.waiting = append(f.waiting, make([][]Receipt, s.Tills))
			tills := make([]receipt.Caller, s.Tills)
			for n := range tills {
				till, err := f.Catalog.CreateTillTx(ctx, tx, store.ID, s.TillCode(n))
				if err != nil {
					return err
				}
				tills[n] = receipt.Caller{Till: till, Store: store}
			}
			f.tills = append(f.tills, tills)
			f.filled.Tills = append(f.filled.Tills, tills...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.filled.Stores = len(stores)
	for _, c := range f.chain.Cashiers {
		a, err := f.Staff.Add(ctx, staff.By{}, staff.NewAccount{
			Name: c.Name, Login: c.Code, Role: staff.Cashier, Stores: []catalog.StoreID{stores[c.Store]},
		})
		if err != nil {
			return err
		}
		f.cashiers = append(f.cashiers, a.ID)
	}
	return nil
}

// stock brings the categories and products in, where no import has.
func (f *filling) stock(ctx context.Context) error {
	if !f.from.IsZero() {
		return nil
	}
	var file bytes.Buffer
	if err := f.chain.writeProducts(&file, &Written{}); err != nil {
		return err
	}
	return f.Products(ctx, &file)
}

// step is how points are redeemed: whole ones.
const step = 100

// install sets the programme, where there is none: cashback that grows with spend,
// a welcome bonus, half of a receipt payable with points.
func (f *filling) install(ctx context.Context) error {
	if known, err := f.Programmes.List(ctx); err != nil || len(known) > 0 {
		return err
	}
	rules := programme.Default(f.chain.Currency)
	rules.Welcome = programme.Welcome{Points: money.Points(rules.Levels[1].Threshold/150).RoundTo(10_000, money.Up), ExpiryDays: 30}
	rules.Redeem.Step = step
	for i := range rules.Levels {
		rules.Levels[i].Name = []string{"Базовый", "Серебро", "Золото"}[min(i, 2)]
	}
	_, err := f.Programmes.Install(ctx, "Regulars", rules, f.chain.Start, 0)
	return err
}

// live lets a day happen: the night before it, what the office does in the
// morning and what tills have kept, then its receipts, each person's in order and
// many people's at once.
func (f *filling) live(ctx context.Context, today []Receipt) error {
	if len(today) == 0 {
		return nil
	}
	if err := f.idle(ctx, today[0].Day); err != nil {
		return err
	}
	f.clock.Set(today[0].At)
	if err := f.Receipts.Night(ctx, func(int) {}); err != nil {
		return err
	}
	day := today[0].Day
	if err := f.settle(ctx, day); err != nil {
		return err
	}
	f.clock.Set(today[len(today)-1].At)
	if err := f.connect(ctx, day); err != nil {
		return err
	}
	today = f.keep(today)
	queues := make([][]*Receipt, hands)
	for i := range today {
		hand := (today[i].Person + 1) % hands
		if today[i].Person < 0 { // strangers come to whoever is free
			hand = int(today[i].At.Unix()) % hands
		}
		queues[hand] = append(queues[hand], &today[i])
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, queue := range queues {
		group.Go(func() error {
			for _, r := range queue {
				if err := f.post(ctx, r); err != nil {
					return fmt.Errorf("receipt %s: %w", r.Number, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (f *filling) post(ctx context.Context, r *Receipt) error {
	by := f.tills[r.Store][r.Till]
	by.Staff = int64(f.cashiers[r.Cashier])
	if r.Kind == Return {
		return f.giveBack(ctx, by, r)
	}
	draft, err := f.draft(ctx, by, r)
	if err != nil {
		return err
	}
	quote, err := f.Receipts.Quote(ctx, by, draft)
	if err != nil {
		return err
	}
	if r.Redeem > 0 && quote.MaxRedeem > 0 {
		wish := money.Points(r.Redeem.Of(money.Amount(quote.MaxRedeem), money.Down))
		if draft.Redeem = wish.RoundTo(step, money.Down); draft.Redeem > 0 {
			if quote, err = f.Receipts.Quote(ctx, by, draft); err != nil {
				return err
			}
		}
	}
	// The clock is at the day's end: the sale is sent late, by its total.
	rec, _, err := f.Receipts.Commit(ctx, by, receipt.Sale{Number: r.Number, Draft: draft, SoldAt: r.At, Total: &quote.Total})
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sales[r.Number] = rec.ID
	f.filled.Sales++
	if rec.Redeemed > 0 {
		f.filled.Redeemed++
	}
	return nil
}

// draft is the basket; a customer who is new registers first.
func (f *filling) draft(ctx context.Context, by receipt.Caller, r *Receipt) (d receipt.Draft, err error) {
	if r.Customer != Nobody {
		if d.Customer, err = f.who(ctx, by, r); err != nil {
			return d, err
		}
	}
	if r.Withheld != "" && d.Customer != 0 {
		d.NoDiscount, d.NoPoints, d.Reason = true, true, r.Withheld
	}
	for _, l := range r.Lines {
		d.Lines = append(d.Lines, receipt.DraftLine{
			SKU: f.chain.Products[l.Product].SKU, Quantity: l.Quantity, Price: l.Price, Discount: l.Promo + l.ByHand,
		})
	}
	return d, nil
}

// who is the customer whose card was scanned, registered where he is new.
func (f *filling) who(ctx context.Context, by receipt.Caller, r *Receipt) (customer.ID, error) {
	f.mu.Lock()
	known, ok := f.people[r.Customer]
	f.mu.Unlock()
	if ok {
		return f.second(ctx, by, r, known)
	}
	res, err := f.Enrol.Register(ctx, by.Store, by.Staff, f.profile(by, r))
	if err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[r.Customer] = res.ID
	return res.ID, nil
}

// profile is what the customer of a receipt tells a cashier.
func (f *filling) profile(by receipt.Caller, r *Receipt) customer.New {
	p := f.chain.Customer(r.Customer)
	in := customer.New{
		FirstName: p.FirstName, LastName: p.LastName, Language: p.Language, Sex: customer.Male, Source: "till", HomeStore: by.Store.ID,
		City: f.chain.Stores[r.Store].City, RegisteredAt: r.At,
		Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: p.Phone}},
	}
	if p.Sex == "f" {
		in.Sex = customer.Female
	}
	if !p.BirthDate.IsZero() {
		in.Born = p.BirthDate.Format(time.DateOnly)
	}
	if p.Card != "" {
		in.Identifiers = append(in.Identifiers, customer.Identifier{Kind: customer.Card, Value: p.Card})
	}
	if p.Email != "" {
		in.Identifiers = append(in.Identifiers, customer.Identifier{Kind: customer.Email, Value: p.Email})
	}
	for channel, given := range map[customer.Channel]bool{customer.ChannelSMS: p.ConsentSMS, customer.ChannelEmail: p.ConsentEmail} {
		if given {
			in.Consents = append(in.Consents, customer.Consent{
				Channel: channel, Purpose: customer.Marketing, Given: true, At: r.At, Source: "till", Store: by.Store.ID, Staff: by.Staff, Wording: "v1",
			})
		}
	}
	return in
}

// back is what a customer gives back. Its Original is 0 where the sale has not been
// sent yet; it has no lines where nothing is left of them.
func (f *filling) back(ctx context.Context, r *Receipt) (receipt.Return, error) {
	f.mu.Lock()
	sale, sold := f.sales[r.Sale]
	f.mu.Unlock()
	in := receipt.Return{Number: r.Number, Original: sale, SoldAt: r.At}
	for _, l := range r.Lines {
		in.Lines = append(in.Lines, receipt.ReturnLine{Position: l.Of + 1, Quantity: l.Quantity})
	}
	if sold || f.from.IsZero() {
		return in, nil
	}
	imported, err := f.Receipts.List(ctx, receipt.Filter{Number: r.Sale, Kind: receipt.KindSale}, receipt.Cursor{}, 1)
	if err == nil && len(imported) > 0 {
		in.Original, in.Lines = imported[0].ID, f.left(imported[0], r.Lines)
	}
	return in, err
}

// left are the lines of an imported sale that are given back. Of several of one
// product the import may have taken returns off another than the one they were of.
func (f *filling) left(sale *receipt.Receipt, back []Line) (lines []receipt.ReturnLine) {
	taken := map[int]money.Quantity{}
	for _, l := range back {
		for _, of := range sale.Lines {
			if of.SKU == f.chain.Products[l.Product].SKU && of.Quantity-of.Returned-taken[of.Position] >= l.Quantity && taken[of.Position] == 0 {
				lines = append(lines, receipt.ReturnLine{Position: of.Position, Quantity: l.Quantity})
				taken[of.Position] = l.Quantity
				break
			}
		}
	}
	return lines
}

func (f *filling) giveBack(ctx context.Context, by receipt.Caller, r *Receipt) error {
	in, err := f.back(ctx, r)
	if err != nil || len(in.Lines) == 0 {
		return err
	}
	if _, _, err := f.Receipts.Return(ctx, by, in); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.filled.Returns++
	return nil
}
