package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/base/settings"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/loyalty/stock"
)

// chain is an installation whose every table has rows, made by the services
// that make them in the program.
type chain struct {
	*loyalty.Services
	t        testing.TB
	db       *db.DB
	clock    *clock
	settings *settings.Settings
	mint     *id.Lease
	till     receipt.Caller
	numbers  int
	life     *life
}

type clock struct {
	mu   sync.Mutex
	t    time.Time
	tick time.Duration // that it is later by whenever it is looked at
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(c.tick)
	return c.t
}

func (c *clock) pass(days int) { c.advance(time.Duration(days) * 24 * time.Hour) }

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(by)
}

// pass lets days pass, in which the process keeps its number.
func (c *chain) pass(days int) {
	c.t.Helper()
	c.clock.pass(days)
	must(c.t, c.mint.Renew(c.t.Context()))
}

var uzs = money.Currency{Code: "UZS", Exponent: 2}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ahead is a clock that is so far ahead.
func ahead(by time.Duration) *clock {
	return &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Add(by), tick: time.Millisecond}
}

// process opens the services over a database, as a process of the program does.
func process(t testing.TB, d *db.DB, by *clock) *chain {
	t.Helper()
	c := &chain{t: t, db: d, life: &life{}, clock: by}
	ctx := t.Context()
	zone, err := settings.Zone("Asia/Tashkent")
	must(t, err)
	is, _, err := settings.Open(ctx, d, c.clock.now, settings.Installation{Name: "Oltin", Currency: uzs, Zone: zone, Language: "ru"})
	must(t, err)
	c.mint, err = id.Take(ctx, d, c.clock.now)
	must(t, err)
	c.settings = is
	c.Services = loyalty.New(d, c.mint.Minter, c.clock.now, is.Get())
	t.Cleanup(c.Close)
	return c
}

// newChain founds a chain with a store, a till, a cashier and a programme.
func newChain(t testing.TB, d *db.DB, rules *programme.Rules) *chain {
	t.Helper()
	c := process(t, d, ahead(0))
	ctx := t.Context()
	c.write(func(ctx context.Context, tx *db.Tx) error {
		store, err := c.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S1", Name: "Chorsu", City: "Tashkent", Zone: "Asia/Tashkent"})
		if err != nil {
			return err
		}
		till, err := c.Catalog.CreateTillTx(ctx, tx, store.ID, "1")
		if err != nil {
			return err
		}
		c.till = receipt.Caller{Till: till, Store: store}
		if _, _, err = c.Catalog.IssueKeyTx(ctx, tx, till.ID); err != nil {
			return err
		}
		_, old, err := c.Catalog.IssueKeyTx(ctx, tx, till.ID)
		if err != nil {
			return err
		}
		_, err = c.Catalog.RevokeKeyTx(ctx, tx, till.ID, old.ID)
		return err
	})
	c.till.Staff = c.cashier("dilnoza")
	_, err := c.Programmes.Install(ctx, "Main", rules, c.clock.now().Add(-time.Hour), 0)
	must(t, err)
	return c
}

// cashier is somebody at the till.
func (c *chain) cashier(login string) int64 {
	c.t.Helper()
	who, err := c.Staff.Add(c.t.Context(), staff.By{}, staff.NewAccount{
		Name: "Dilnoza", Login: login, Password: "a long password", Role: staff.Cashier, Stores: []catalog.StoreID{c.till.Store.ID},
	})
	must(c.t, err)
	return int64(who.ID)
}

func (c *chain) write(fn func(ctx context.Context, tx *db.Tx) error) {
	c.t.Helper()
	must(c.t, c.db.Write(c.t.Context(), fn))
}

func (c *chain) customer(name string, identifiers ...customer.Identifier) customer.ID {
	c.t.Helper()
	who, err := c.register(name, identifiers...)
	must(c.t, err)
	return who
}

func (c *chain) register(name string, identifiers ...customer.Identifier) (customer.ID, error) {
	res, err := c.Enrol.Register(c.t.Context(), c.till.Store, c.till.Staff, customer.New{
		FirstName: name, LastName: "Ўрмонова", Born: "1990-04-20", HomeStore: c.till.Store.ID, Source: "till", Identifiers: identifiers,
		Attributes: customer.Attributes{"size": "42"},
		Consents:   []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true, Wording: "v1", Store: c.till.Store.ID, Staff: c.till.Staff}},
	})
	return res.ID, err
}

// draft is lines of so many thousandths each at so many minor units.
func draft(who customer.ID, redeem money.Points, quantity money.Quantity, prices ...int64) receipt.Draft {
	d := receipt.Draft{Customer: who, Redeem: redeem}
	for i, p := range prices {
		d.Lines = append(d.Lines, receipt.DraftLine{SKU: fmt.Sprintf("P%d", i), Quantity: quantity, Price: money.Price(p * 100)})
	}
	return d
}

func (c *chain) number() string {
	c.numbers++
	return fmt.Sprint(c.numbers)
}

func (c *chain) sell(d receipt.Draft) receipt.Receipt {
	c.t.Helper()
	q, err := c.Receipts.Quote(c.t.Context(), c.till, d)
	must(c.t, err)
	number := c.number()
	rec, _, err := c.Receipts.Commit(c.t.Context(), c.till, receipt.Sale{Number: number, Key: "key " + number, Draft: d, Quote: q.ID})
	must(c.t, err)
	return rec
}

func (c *chain) giveBack(sale receipt.ID, lines ...receipt.ReturnLine) receipt.Receipt {
	c.t.Helper()
	rec, _, err := c.Receipts.Return(c.t.Context(), c.till, receipt.Return{Number: c.number(), Original: sale, Lines: lines})
	must(c.t, err)
	return rec
}

func (c *chain) night() {
	c.t.Helper()
	must(c.t, c.Receipts.Night(c.t.Context(), func(int) {}))
}

// rules have three levels, a discount, a delay, an expiry, a welcome bonus and
// refunds that are reduced.
func rules(window programme.Window, clawback programme.Clawback, delay int) *programme.Rules {
	r := &programme.Rules{
		PointValue: 10_000,
		Levels: []programme.Level{
			{Code: "base", Name: "Base", Cashback: 500},
			{Code: "silver", Name: "Silver", Threshold: 100_000_00, Cashback: 700, Discount: 300},
			{Code: "gold", Name: "Gold", Threshold: 1_000_000_00, Cashback: 1000, Discount: 500},
		},
		Combine: programme.CombineAdd, Spend: programme.Spend{Window: window},
		Discount: programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 100}},
		Earn:     programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}, DelayDays: delay, ExpiryDays: 30, Promo: true},
		Redeem:   programme.Redeem{Cap: 5000}, Welcome: programme.Welcome{Points: 5_000_00, ExpiryDays: 60},
		Return: programme.Return{Clawback: clawback, GraceDays: 7}, QuoteMinutes: 10,
	}
	if window == programme.Rolling {
		r.Spend.Days = 90
	}
	return r
}

// fill lives through some months of the chain.
func (c *chain) fill() {
	ctx := c.t.Context()
	anna := c.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234567"}, customer.Identifier{Kind: customer.Card, Value: "7777 0001"})
	olim := c.customer("Oʻlim", customer.Identifier{Kind: customer.Email, Value: "Olim@Example.com"}, customer.Identifier{Kind: customer.External, Value: "k-17"})
	c.goods()

	// A purchase that reaches the next level, one that redeems the welcome
	// bonus, one with the till's own discount, and one without a customer.
	c.sell(draft(anna, 0, money.One, 60_000_00, 70_000_00))
	second := c.sell(draft(anna, 3_000_00, 3*money.One, 33_333_33, 9_999_99))
	d := draft(olim, 0, 1_250, 45_678_90)
	d.Lines[0].Discount = 5_000_01
	third := c.sell(d)
	c.sell(draft(0, 0, money.One, 1_000_00))

	// Goods that nobody has heard of, by the till's name for them.
	unknown := draft(olim, 0, money.One, 2_000_00, 3_000_00)
	unknown.Lines[0].SKU, unknown.Lines[0].Name = "N1", "Чой новый"
	unknown.Lines[1].Name = "Нон иссиқ"
	c.sell(unknown)

	// Parts of one line come back on two days, the other line whole.
	c.giveBack(second.ID, receipt.ReturnLine{Position: 1, Quantity: money.One})
	c.pass(1)
	c.giveBack(second.ID, receipt.ReturnLine{Position: 1, Quantity: money.One}, receipt.ReturnLine{Position: 2, Quantity: 3 * money.One})

	// Points become available, are spent, and then what earned them comes back.
	c.pass(20)
	c.night()
	account, err := c.Ledger.Get(ctx, olim)
	must(c.t, err)
	c.sell(draft(olim, account.Available(), money.One, 30_000_00))
	c.giveBack(third.ID)

	// The rest expires; a sale whose points have expired comes back into the
	// days of grace.
	fifth := c.sell(draft(anna, 500_00, money.One, 12_345_67))
	c.pass(70)
	c.night()
	c.giveBack(fifth.ID)
	c.sell(draft(anna, 0, money.One, 80_000_00))

	// A level is reached, and lost by a return at the next midnight.
	vera := c.customer("Вера", customer.Identifier{Kind: customer.Phone, Value: "+998901234999"})
	c.giveBack(c.sell(draft(vera, 0, money.One, 110_000_00)).ID)
	c.pass(2)
	c.night()
	c.byHand(anna)
	c.sold(anna)
	c.confirmed(anna)
	c.carded(anna)
	c.held(anna)
	c.imported()
	c.changed(olim)
	c.joined()
	c.stocked()
	c.connected()
	c.rest()
}

// joined merges somebody and takes them apart, and merges two others.
func (c *chain) joined() {
	ctx := c.t.Context()
	pair := func(n int) (from, into customer.ID) {
		from = c.customer("Лола", customer.Identifier{Kind: customer.Card, Value: fmt.Sprint("9999 000", n)})
		into = c.customer("Лола", customer.Identifier{Kind: customer.Phone, Value: fmt.Sprint("+99890777000", n)})
		c.sell(draft(from, 0, money.One, 30_000_00))
		return from, into
	}
	from, into := pair(1)
	sale := c.sell(draft(from, 0, money.One, 20_000_00))
	m, err := c.Merges.Merge(ctx, from, into, staff.ID(c.till.Staff), nil)
	must(c.t, err)
	c.giveBack(sale.ID)
	must(c.t, c.Merges.Undo(ctx, m.ID, staff.ID(c.till.Staff), nil))
	from, into = pair(2)
	_, err = c.Merges.Merge(ctx, from, into, staff.ID(c.till.Staff), nil)
	must(c.t, err)
}

// stocked counts and moves what is in stock, over a threshold and under it.
func (c *chain) stocked() {
	five, three, one := 5*money.One, 3*money.One, money.One
	c.write(func(ctx context.Context, tx *db.Tx) error {
		found, err := c.Catalog.BySKUTx(ctx, tx, []string{"P0"})
		must(c.t, err)
		key := stock.Key{Store: c.till.Store.ID, Product: found["P0"].ID}
		var sent bytes.Buffer
		must(c.t, png.Encode(&sent, image.NewGray(image.Rect(0, 0, 2, 2))))
		picture, err := catalog.ReadImage(sent.Bytes())
		must(c.t, err)
		_, err = c.Catalog.SetImageTx(ctx, tx, key.Product, &picture)
		must(c.t, err)
		must(c.t, c.Stock.SetDefaultTx(ctx, tx, key.Product, &three))
		for _, change := range []stock.Change{
			{Key: key, Set: &five, Cause: stock.Count}, {Key: key, Add: -three, Cause: stock.Transfer},
			{Key: key, Add: five, Cause: stock.Delivery}, {Key: key, Set: &one, Cause: stock.Count},
		} {
			_, err := c.Stock.ApplyTx(ctx, tx, []stock.Change{change})
			must(c.t, err)
		}
		return nil
	})
}

// connected lets a program in, which calls once, and turns it away.
func (c *chain) connected() {
	in := integration.Key{Name: "ERP", Permissions: []integration.Permission{integration.WriteStock}, Stores: []catalog.StoreID{c.till.Store.ID}, CreatedBy: staff.ID(c.till.Staff)}
	var key integration.Key
	c.write(func(ctx context.Context, tx *db.Tx) (err error) {
		_, key, err = c.Integrations.IssueTx(ctx, tx, in)
		return err
	})
	_, _, err := c.Integrations.Once(c.t.Context(), &key, "1", "print", func(context.Context, *db.Tx) (string, error) { return "{}", nil })
	must(c.t, err)
	c.pass(1)
	c.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := c.Integrations.RevokeTx(ctx, tx, key.ID)
		return err
	})
}

// goods are products in categories in categories.
func (c *chain) goods() {
	c.write(func(ctx context.Context, tx *db.Tx) error {
		root := "food"
		if _, err := c.Catalog.SaveCategoriesTx(ctx, tx, []catalog.CategoryInput{{Code: "food", Name: "Еда"}, {Code: "bread", Name: "Хлеб", Parent: &root}}); err != nil {
			return err
		}
		bread, brand, name := "bread", "Нон", "Лепёшка Oʻzbek noni"
		cost := money.Price(20_0000)
		_, err := c.Catalog.SaveProductsTx(ctx, tx, []catalog.ProductInput{
			{SKU: "P0", ProductChange: catalog.ProductChange{Name: &name, Category: &bread, Brand: &brand, Cost: &cost}, AddBarcodes: []string{"4780000000017"}},
		})
		return err
	})
}

// changed changes a profile, what belongs to it, and a product, in every way
// there is.
func (c *chain) changed(who customer.ID) {
	others := []customer.ID{c.customer("Отабек"), c.customer("Олия")}
	c.write(func(ctx context.Context, tx *db.Tx) error {
		city := "Бухара"
		_, _, err := c.Customers.UpdateTx(ctx, tx, who, customer.Change{City: &city})
		must(c.t, err)
		card, err := c.Customers.AddIdentifierTx(ctx, tx, who, customer.Card, "8888 0001")
		must(c.t, err)
		_, err = c.Customers.AddIdentifierTx(ctx, tx, who, customer.Telegram, "123456")
		must(c.t, err)
		must(c.t, c.Customers.RemoveIdentifierTx(ctx, tx, who, card))
		no := customer.Consent{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Source: "admin", Staff: c.till.Staff, Reason: "too many"}
		must(c.t, c.Customers.AddConsentsTx(ctx, tx, who, []customer.Consent{no}))
		w, err := c.Customers.PublishTx(ctx, tx, customer.Wording{
			Code: "offers", Version: 1, Purpose: customer.Marketing, Channels: []customer.Channel{customer.ChannelSMS}, Name: "Offers", Offered: true,
			Entity: c.till.Store.Entity, By: c.till.Staff, Texts: map[string]string{"ru": "Согласие", "en": "Consent"},
		})
		must(c.t, err)
		must(c.t, c.Households.JoinTx(ctx, tx, others[0], who))
		must(c.t, c.Households.JoinTx(ctx, tx, others[1], who))
		must(c.t, c.Households.HeadTx(ctx, tx, others[0]))
		must(c.t, c.Households.LeaveTx(ctx, tx, others[0]))
		must(c.t, c.Households.JoinTx(ctx, tx, others[0], who))
		fake, err := c.Customers.AddIdentifierTx(ctx, tx, others[0], customer.Phone, "+998901111111")
		must(c.t, err)
		must(c.t, c.Customers.JudgeTx(ctx, tx, others[0], fake, customer.Retired, "nobody answers", c.till.Staff))
		_, d, err := c.Attributes.DefineTx(ctx, tx, attribute.Usual(func(_, key string) string { return key })[0])
		must(c.t, err)
		d.Required = true
		_, _, err = c.Attributes.DefineTx(ctx, tx, d)
		must(c.t, err)
		_, _, err = c.Customers.UpdateTx(ctx, tx, who, customer.Change{Set: customer.Attributes{"income": "low"}})
		must(c.t, err)
		yes := w.Agreed("ru", customer.Consent{Source: "till", Till: c.till.Till.ID, Store: c.till.Store.ID, Staff: c.till.Staff, Proof: "form 8"})
		must(c.t, c.Customers.AddConsentsTx(ctx, tx, who, yes))
		_, _, err = c.Customers.SetStateTx(ctx, tx, who, customer.StateBlocked)
		must(c.t, err)

		price, codes := money.Price(1500_0000), []string{"4780000000024", "4780000000031"}
		p, err := c.Catalog.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: "Q1", ProductChange: catalog.ProductChange{Price: &price, Barcodes: &codes}})
		must(c.t, err)
		_, _, err = c.Catalog.UpdateProductTx(ctx, tx, p.ID, catalog.ProductChange{Barcodes: new([]string)})
		must(c.t, err)
		_, err = c.Catalog.SaveProductsTx(ctx, tx, []catalog.ProductInput{
			{SKU: "P0", AddBarcodes: codes[:1]}, {SKU: "Q1", ProductChange: catalog.ProductChange{Barcodes: &codes}},
			{SKU: "Q2", AddBarcodes: codes[1:]}, {SKU: "Q2", ProductChange: catalog.ProductChange{Price: &price}},
		})
		return err
	})
	// Who is met again tells more.
	_, err := c.Enrol.Register(c.t.Context(), c.till.Store, c.till.Staff, customer.New{
		FirstName: "Нигора", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998935550001"}, {Kind: customer.Card, Value: "8888 0002"}},
		Consents: []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Data, Given: true, Source: "till", Wording: "v1"}},
	})
	must(c.t, err)
}

// sold sells the store to another legal entity, where points of the one before are
// redeemed.
func (c *chain) sold(who customer.ID) {
	c.pass(1)
	c.write(func(ctx context.Context, tx *db.Tx) error {
		e, err := c.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "Filial", TIN: "123 456 789"})
		if err != nil {
			return err
		}
		e.Name = "Filial MChJ"
		if _, _, err := c.Catalog.UpdateEntityTx(ctx, tx, e); err != nil {
			return err
		}
		_, c.till.Store, err = c.Catalog.UpdateStoreTx(ctx, tx, c.till.Store.ID, catalog.StoreChange{Entity: &e.ID})
		return err
	})
	c.pass(1)
	c.sell(draft(who, 2_00, money.One, 10_000_00))
}

// confirmed has a redemption and a hold confirmed with codes, as rules that begin then
// ask for them.
func (c *chain) confirmed(who customer.ID) {
	ctx, code := c.t.Context(), ""
	keys, err := secret.NewBox(secret.NewKey())
	must(c.t, err)
	must(c.t, c.Confirm.Use(ctx, confirm.Outlet{
		Keys: keys, Wake: func() {}, Queue: func(context.Context, *db.Tx, confirm.ID) error { return nil },
		Text: func(_, sent string, _ money.Points) (text, spoken string) { code = sent; return sent, "ru" },
		Post: func(context.Context, string, string, string, time.Time, []byte) error { return nil },
	}))
	held, err := c.Programmes.At(ctx, c.till.Store.Code, c.clock.now())
	must(c.t, err)
	rules := held.Rules
	rules.Redeem.ConfirmFrom = 6_00
	rules.Welcome.On, rules.Welcome.From = programme.OnPurchase, 20_000_00 // for who comes then
	c.write(func(ctx context.Context, tx *db.Tx) error {
		if err := c.Confirm.SetAddressTx(ctx, tx, "https://codes.example/", false); err != nil {
			return err
		}
		draft, err := c.Programmes.SaveDraftTx(ctx, tx, held.ProgrammeID, &rules, 0)
		if err == nil {
			_, err = c.Programmes.PublishTx(ctx, tx, draft, c.clock.now().Add(time.Second))
		}
		return err
	})
	c.pass(1)
	must(c.t, c.Programmes.Refresh(ctx))
	said := func() confirm.Given {
		made, err := c.Receipts.Confirm(ctx, c.till, who, 8_00)
		must(c.t, err)
		must(c.t, c.Confirm.Send(ctx, made.ID))
		return confirm.Given{ID: made.ID, Code: code}
	}
	sell := func(redeem money.Points, hold ledger.HoldID, given confirm.Given) {
		d := draft(who, redeem, money.One, 10_000_00)
		d.Hold = hold
		q, err := c.Receipts.Quote(ctx, c.till, d)
		must(c.t, err)
		_, _, err = c.Receipts.Commit(ctx, c.till, receipt.Sale{Number: c.number(), Draft: d, Quote: q.ID, Confirmation: given})
		must(c.t, err)
	}
	sell(7_00, 0, said())
	h, _, err := c.Receipts.Hold(ctx, c.till, receipt.Hold{Number: c.number(), Customer: who, Points: 7_00, Confirmation: said()})
	must(c.t, err)
	sell(6_50, h.ID, confirm.Given{})
	c.pass(1) // no more codes are sent on one day
	h, _, err = c.Receipts.Hold(ctx, c.till, receipt.Hold{Number: c.number(), Customer: who, Points: 6_00, Confirmation: said()})
	must(c.t, err)
	sell(7_50, h.ID, said()) // more than was held

	// Tills ask for a code: one phone is confirmed, another is not.
	to := c.settings.Get()
	to.Code = settings.AskCode
	c.write(func(ctx context.Context, tx *db.Tx) error {
		asked := staff.Entry{Action: "settings.changed", Subject: "settings", After: []byte(`{"register_code":"asked"}`)}
		return errors.Join(c.settings.ChangeTx(ctx, tx, to), c.Staff.AuditTx(ctx, tx, asked))
	})
	must(c.t, c.settings.Reload(ctx))
	for _, phone := range []string{"+998901234881", "+998901234882"} {
		in := customer.New{FirstName: "Умид", HomeStore: c.till.Store.ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: phone}}}
		call := enrol.Call{Till: c.till.Till.ID}
		if phone == "+998901234881" {
			made, err := c.Enrol.SendCode(ctx, c.till.Till.ID, in.Identifiers[0])
			must(c.t, err)
			must(c.t, c.Confirm.Send(ctx, made.ID))
			call.Confirmation = confirm.Given{ID: made.ID, Code: code}
		}
		_, _, err := c.Enrol.RegisterOnce(ctx, c.till.Store, c.till.Staff, in, call)
		must(c.t, err)
	}

	// Somebody's first purchase comes back, and so the next is the first.
	zoya := c.customer("Зоя", customer.Identifier{Kind: customer.Phone, Value: "+998901234888"})
	c.giveBack(c.sell(draft(zoya, 0, money.One, 20_000_00)).ID)
	c.sell(draft(zoya, 0, money.One, 25_000_00))
}

// carded has points redeemed and held with a card, under rules that ask for it, which
// those of before follow.
func (c *chain) carded(who customer.ID) {
	ctx := c.t.Context()
	held, err := c.Programmes.At(ctx, c.till.Store.Code, c.clock.now())
	must(c.t, err)
	publish := func(withCard bool) {
		rules := held.Rules
		rules.Redeem.WithCard, rules.Redeem.ConfirmFrom = withCard, 0
		c.write(func(ctx context.Context, tx *db.Tx) error {
			draft, err := c.Programmes.SaveDraftTx(ctx, tx, held.ProgrammeID, &rules, 0)
			if err == nil {
				_, err = c.Programmes.PublishTx(ctx, tx, draft, c.clock.now().Add(time.Second))
			}
			return err
		})
		c.pass(1)
		must(c.t, c.Programmes.Refresh(ctx))
	}
	const card = "5005 0001"
	c.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := c.Customers.AddIdentifierTx(ctx, tx, who, customer.Card, card)
		return err
	})
	publish(true)
	d := draft(who, 4_00, money.One, 10_000_00)
	d.Card = card
	c.sell(d)
	h, _, err := c.Receipts.Hold(ctx, c.till, receipt.Hold{Number: c.number(), Customer: who, Points: 4_00, Card: card})
	must(c.t, err)
	d.Card, d.Hold = "", h.ID
	c.sell(d)
	publish(false)
}

// held has points held and released in every way there is; the last hold is open.
func (c *chain) held(who customer.ID) {
	ctx := c.t.Context()
	hold := func() ledger.Hold {
		h, _, err := c.Receipts.Hold(ctx, c.till, receipt.Hold{Number: c.number(), Customer: who, Points: 5_00})
		must(c.t, err)
		return h
	}
	d := draft(who, 4_00, money.One, 10_000_00)
	d.Hold = hold().ID
	c.sell(d)
	_, err := c.Receipts.Release(ctx, c.till, hold().ID)
	must(c.t, err)
	hold()
	c.pass(1)
	c.night()
	hold()
}

// byHand gives points and takes some of them.
func (c *chain) byHand(who customer.ID) {
	version, err := c.Programmes.At(c.t.Context(), c.till.Store.Code, c.clock.now())
	must(c.t, err)
	c.write(func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch
		accounts := c.Ledger.Queue(&b, []customer.ID{who}, true)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		accounts.Settle()
		now := c.clock.now()
		m := ledger.Move{Cause: ledger.CauseManual, Entity: int64(c.till.Store.Entity), Store: int64(c.till.Store.ID), Staff: c.till.Staff, Reason: "sorry", At: now}
		accounts[who].Earn(ledger.Grant{Move: m, Source: ledger.Adjusted, Programme: version.ProgrammeID, Points: 700_00, AvailableAt: now})
		if err := accounts[who].Deduct(m, 100_00); err != nil {
			return err
		}
		st := staff.New(c.db, c.mint.Minter, c.clock.now)
		for _, points := range []money.Points{700_00, -100_00} {
			if err := st.AuditTx(ctx, tx, staff.Entry{
				Actor: staff.ID(c.till.Staff), Action: "customer.points_adjusted", Subject: "customer:" + who.String(), After: []byte(`{"points":"` + points.String() + `"}`),
			}); err != nil {
				return err
			}
		}
		return c.Ledger.SaveTx(ctx, tx, accounts)
	})
}

// importer imports, with a folder for its files.
func (c *chain) importer(folder string) *importer.Service {
	return importer.New(importer.Config{
		DB: c.db, Mint: c.mint.Minter, Now: c.clock.now, Currency: uzs, Zone: func() *time.Location { return c.till.Store.Zone }, Region: "UZ", Folder: folder,
		Jobs:     jobs.New(c.db, c.mint.Minter, c.clock.now, jobs.Config{}),
		Services: c.Services,
	})
}

// imported is history of another system: people, one of them with points,
// sales and their returns; a file that was started from the page and waits; and
// one that was stopped and discarded before anything of it was in.
func (c *chain) imported() {
	ctx, dir := c.t.Context(), c.t.TempDir()
	in := c.importer(dir)
	for _, file := range []struct {
		kind importer.Kind
		text string
	}{
		{importer.KindCustomers, "phone,first_name,last_name,points\n+998935550001,Нигора,Каримова,250.50\n+998935550002,Тимур,Алиев,\n"},
		{importer.KindReceipts, "number,date,phone,sku,product,quantity,price\n" +
			"A1,2024-05-01 10:00,+998901234567,P0,Нон,4,1500\nA1,2024-05-01 10:00,+998901234567,P7,Чой,1,9000.55\n" +
			"A2,2024-05-02 11:00,+998901234567,P0,Нон,-1,1500\nA3,2024-05-02 12:00,,P0,Нон,1,1500\nA4,2024-05-03 12:00,+998935550003,P0,Нон,2,1500\n"},
		{importer.KindGiftcards, "gift card,balance,valid until,phone\nG-0001,50000,2027-01-31,+998935550001\nG-0002,7500.50,,\n"},
	} {
		path := filepath.Join(dir, string(file.kind)+".csv")
		must(c.t, os.WriteFile(path, []byte(file.text), 0o600))
		i, err := in.Add(ctx, importer.File{Source: "old tills", Kind: file.kind}, path)
		must(c.t, err)
		i, err = in.RunNow(ctx, i.ID, func(importer.Report) {})
		must(c.t, err)
		for _, t := range i.Report.Tallies {
			if t.Refused && t.Reason != importer.ReasonForgotten { // whom the days before may have erased
				c.t.Fatalf("%+v", i.Report)
			}
		}
	}
	note := func(action string) importer.Also {
		return func(ctx context.Context, tx *db.Tx, i importer.Import) error {
			return staff.New(c.db, c.mint.Minter, c.clock.now).AuditTx(ctx, tx, staff.Entry{Actor: staff.ID(c.till.Staff), Action: action, Subject: "import:" + i.ID.String()})
		}
	}
	start := func(name string) importer.ID {
		file := importer.File{Name: name, Source: "new tills", Kind: importer.KindProducts}
		i, err := in.Upload(ctx, file, strings.NewReader("sku,name\nP9,Чой\n"), note("import.uploaded"))
		must(c.t, err)
		must(c.t, in.Start(ctx, i.ID, note("import.started")))
		return i.ID
	}
	start("later.csv")
	wrong := start("wrong.csv")
	must(c.t, in.Cancel(ctx, wrong, note("import.cancelled")))
	must(c.t, in.Discard(ctx, wrong, note("import.discarded")))
}

// rest is what the other tables hold.
func (c *chain) rest() {
	ctx := c.t.Context()
	st := staff.New(c.db, c.mint.Minter, c.clock.now)
	_, _, err := st.Invite(ctx, staff.By{}, staff.Owner, nil)
	must(c.t, err)
	_, _, err = st.StartSession(ctx, staff.ID(c.till.Staff), staff.Client{})
	must(c.t, err)
	q := jobs.New(c.db, c.mint.Minter, c.clock.now, jobs.Config{})
	_, _, err = q.Add(ctx, jobs.Job{Kind: "night", Dedupe: "2026-03-02"})
	must(c.t, err)
	in := customer.New{Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901112233"}}}
	_, _, err = c.Enrol.RegisterOnce(ctx, c.till.Store, c.till.Staff, in, enrol.Call{Till: c.till.Till.ID, Key: "r-1", Print: "p"})
	must(c.t, err)
	var programmeID programme.ID
	must(c.t, c.db.QueryRow(ctx, `SELECT id FROM programmes`).Scan(&programmeID))
	c.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := c.Programmes.SaveDraftTx(ctx, tx, programmeID, rules(programme.Lifetime, programme.ClawbackDebt, 0), c.till.Staff)
		return err
	})
}
