package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type receiptsView struct {
	frame
	URL      web.Link
	From, To string
	Days     string // zone of these days, where some store's clock is another; empty: there is none
	Number   string
	Stores   []web.Option
	Tills    []web.Option // of the store that is chosen
	Kinds    []web.Option
	Customer *customer.Customer
	Name     string
	Columns  columnsView
	Rows     []receiptRow
	Next     string
	Filtered bool
	Sums     receipt.Sums // of all that the filter chooses
	All      bool         // or of the latest of them
}

type receiptRow struct {
	*receipt.Receipt
	Shop    string
	Place   string // the till
	Cashier string
	Zone    *time.Location
	Mark    string // of the zone, where the stores' times differ: "UTC+5"
	Name    string // of the customer
}

// Sum is what was paid, or given back: then it is negative.
func (r receiptRow) Sum() money.Amount {
	if r.Kind == receipt.KindReturn {
		return -r.Refund()
	}
	return r.Total
}

// Got is how many points the customer has more, or fewer, for what was bought.
func (r receiptRow) Got() money.Points {
	if r.Kind == receipt.KindReturn {
		return -r.Earned
	}
	return r.Earned
}

// Paid is how many points the customer has fewer, or got back, for what was
// paid with them.
func (r receiptRow) Paid() money.Points {
	if r.Kind == receipt.KindReturn {
		return r.Redeemed
	}
	return -r.Redeemed
}

var receiptList = list[receiptRow]{"receipts", []column[receiptRow]{
	{"when", "admin.receipts.when", "keep", everywhere, func(r receiptRow) any { return local{r.SoldAt, r.Zone, r.Mark != ""} }},
	{"number", "admin.receipts.number", "number", always, func(r receiptRow) any { return r.Number }},
	{"store", "admin.receipts.store", "", wide, func(r receiptRow) any { return r.Shop }},
	{"till", "admin.receipts.till", "", hidden, func(r receiptRow) any { return r.Place }},
	{"cashier", "admin.receipts.cashier", "", hidden, func(r receiptRow) any { return r.Cashier }},
	{"customer", "admin.receipts.customer", "", wide, func(r receiptRow) any { return r.Name }},
	{"gross", "admin.receipts.gross", "num", hidden, func(r receiptRow) any { return r.Gross }},
	{"discount", "admin.receipts.discount", "num", hidden, func(r receiptRow) any { return r.Discount }},
	{"total", "admin.receipts.total", "num", everywhere, func(r receiptRow) any { return r.Sum() }},
	{"earned", "admin.receipts.earned", "num", roomy, func(r receiptRow) any { return r.Got() }},
	{"redeemed", "admin.receipts.redeemed", "num", roomy, func(r receiptRow) any { return r.Paid() }},
}}

// receiptRows adds what a list of receipts shows beside them.
func (a *Admin) receiptRows(r *http.Request, list []*receipt.Receipt) (rows []receiptRow, err error) {
	ctx, loc, who := r.Context(), web.Loc(r.Context()), web.Me(r)
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	var ids []customer.ID
	var sellers []staff.ID
	for _, rec := range list {
		if rec.Staff != 0 {
			sellers = append(sellers, staff.ID(rec.Staff))
		}
		if rec.Customer != 0 {
			ids = append(ids, rec.Customer)
		}
	}
	people, err := a.Customers.GetAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	names := map[customer.ID]string{}
	for _, c := range people {
		names[c.ID] = nameOf(loc, who, c)
	}
	cashiers, err := a.Staff.Names(ctx, sellers)
	if err != nil {
		return nil, err
	}
	tills, err := a.Catalog.Tills(ctx, 0)
	if err != nil {
		return nil, err
	}
	places := map[catalog.TillID]string{}
	for _, t := range tills {
		places[t.ID] = t.Name
	}
	var zones []*time.Location // of the stores, each once
	for _, s := range stores {
		if !slices.Contains(zones, s.Zone) {
			zones = append(zones, s.Zone)
		}
	}
	for _, rec := range list {
		row := receiptRow{Receipt: rec, Place: places[rec.Till], Cashier: cashiers[staff.ID(rec.Staff)], Name: names[rec.Customer], Zone: a.Settings.Get().Zone}
		if s, ok := a.Catalog.Store(rec.Store); ok {
			row.Shop, row.Zone = s.Name, s.Zone
		}
		if slices.ContainsFunc(zones, func(z *time.Location) bool { return offset(rec.SoldAt, z) != offset(rec.SoldAt, row.Zone) }) {
			row.Mark = mark(rec.SoldAt, row.Zone)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// offset is how far a zone's clock is from UTC at a time, in seconds.
func offset(at time.Time, zone *time.Location) int {
	_, seconds := at.In(zone).Zone()
	return seconds
}

// mark says offset: "UTC+5".
func mark(at time.Time, zone *time.Location) string {
	text := strings.TrimSuffix(at.In(zone).Format("-07:00"), ":00")
	return "UTC" + text[:1] + strings.TrimPrefix(text[1:], "0")
}

// Most is how many receipts are counted.
func (receiptsView) Most() int { return receiptsSum }

// Found is how many receipts there are at least.
func (v receiptsView) Found() int {
	return max(len(v.Rows), min(int(v.Sums.Sales+v.Sums.Returns), receiptsSum))
}

const (
	receiptsPage  = 50
	receiptsBatch = 500    // of a file
	receiptsSum   = 10_000 // a page waits for the sum of so many and no more
)

// receiptsAsked are the filters of a request for the list.
func (a *Admin) receiptsAsked(r *http.Request) (f receipt.Filter) {
	url, zone := web.LinkOf(r), a.Settings.Get().Zone
	f.Stores = web.Me(r).Scope()
	f.From, f.To = day(url.Get("from"), zone), untilDay(url.Get("to"), zone)
	_ = f.Store.UnmarshalText([]byte(url.Get("store"))) // what is no id does not filter
	_ = f.Till.UnmarshalText([]byte(url.Get("till")))
	_ = f.Customer.UnmarshalText([]byte(url.Get("customer")))
	if kind := receipt.Kind(url.Get("kind")); kind == receipt.KindSale || kind == receipt.KindReturn {
		f.Kind = kind
	}
	f.Typed = fold.Line(url.Get("q"))
	return f
}

// someReceipts reads a page of the list.
func (a *Admin) someReceipts(r *http.Request, f receipt.Filter, cursor string, limit int) (rows []receiptRow, next string, err error) {
	found, err := a.Receipts.List(r.Context(), f, receiptCursor(cursor), limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1]
		next = strconv.FormatInt(last.SoldAt.UnixMicro(), 10) + "-" + last.ID.String()
	}
	rows, err = a.receiptRows(r, found)
	return rows, next, err
}

func (a *Admin) exportReceipts(w http.ResponseWriter, r *http.Request) error {
	if err := a.noteExport(r, "receipt.exported", "from", "to", "store", "till", "kind", "customer"); err != nil {
		return err
	}
	f := a.receiptsAsked(r)
	return sendList(a, w, r, receiptList, func(cursor string) ([]receiptRow, string, error) {
		return a.someReceipts(r, f, cursor, receiptsBatch)
	})
}

func (a *Admin) receipts(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := receiptsView{frame: a.frame(ctx), URL: web.LinkOf(r), Columns: receiptList.view(r)}
	f := a.receiptsAsked(r)
	v.From, v.To, v.Number = v.URL.Get("from"), v.URL.Get("to"), v.URL.Get("q")
	chosen := f
	chosen.Stores = nil
	v.Filtered = !chosen.All()
	if f.Customer != 0 {
		c, err := a.customerOf(ctx, web.Me(r), f.Customer)
		if err != nil {
			return err
		}
		if err := a.looked(r, c); err != nil {
			return err
		}
		v.Customer, v.Name = &c, nameOf(loc, web.Me(r), c)
	}
	var err error
	if v.Rows, v.Next, err = a.someReceipts(r, f, v.URL.Get("cursor"), receiptsPage); err != nil {
		return err
	}
	if f.Customer == 0 { // else it is one person's own, and noted
		seen := map[customer.ID]catalog.StoreID{}
		for _, row := range v.Rows {
			if row.Name != "" && row.Customer != 0 {
				seen[row.Customer] = row.Store
			}
		}
		if err := a.saw(r, "receipts", seen, v.Next != ""); err != nil {
			return err
		}
	}
	if v.Sums, v.All, err = a.Receipts.SumUpTo(ctx, f, receiptsSum); err != nil {
		return err
	}
	if v.Stores, err = a.storeOptions(r, loc.T("admin.receipts.every_store")); err != nil {
		return err
	}
	if v.Days, err = a.otherDays(ctx); err != nil {
		return err
	}
	if f.Store != 0 {
		tills, err := a.Catalog.Tills(ctx, f.Store)
		if err != nil {
			return err
		}
		v.Tills = []web.Option{{Text: loc.T("admin.receipts.every_till")}}
		for _, t := range tills {
			v.Tills = append(v.Tills, web.Option{Value: t.ID.String(), Text: t.Name})
		}
	}
	v.Kinds = []web.Option{
		{Text: loc.T("admin.receipts.all")}, {Value: string(receipt.KindSale), Text: loc.T("admin.receipts.sales")},
		{Value: string(receipt.KindReturn), Text: loc.T("admin.receipts.returns")},
	}
	return a.pages.Render(w, r, "receipts", v)
}

// otherDays is the zone of the days that a page shows, where some store's clock is
// another; "": there is none.
func (a *Admin) otherDays(ctx context.Context) (string, error) {
	stores, err := a.Catalog.Stores(ctx)
	zone := a.Settings.Get().Zone.String()
	if slices.ContainsFunc(stores, func(s catalog.Store) bool { return s.Zone.String() != zone }) {
		return zone, err
	}
	return "", err
}

// receiptCursor reads where a page begins; what cannot be read is the start.
func receiptCursor(text string) (c receipt.Cursor) {
	at, id, _ := strings.Cut(text, "-")
	micros, err := strconv.ParseInt(at, 10, 64)
	if err != nil || c.ID.UnmarshalText([]byte(id)) != nil {
		return receipt.Cursor{}
	}
	c.SoldAt = time.UnixMicro(micros).UTC()
	return c
}

type receiptView struct {
	frame
	Masked   bool
	Receipt  *receipt.Receipt
	Store    catalog.Store
	Till     string // its name
	Cashier  string
	Customer *customer.Customer
	Name     string
	Version  *programme.Version
	Held     programme.Level    // by which it was priced
	Causes   []pricing.Discount // of all lines together
	Sale     *receipt.Receipt   // of a return
	Returns  []*receipt.Receipt
}

// Days are the customer's occasions that it was.
func (v receiptView) Days() []string { return strings.Fields(v.Receipt.Details.Days) }

// Late reports whether the receipt came to the books long after it was made.
func (v receiptView) Late() bool {
	return !v.Receipt.Imported && v.Receipt.RecordedAt.Sub(v.Receipt.SoldAt) > time.Hour
}

func (a *Admin) receiptPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, err := web.PathID[receipt.ID](r, "id")
	if err != nil {
		return err
	}
	rec, err := a.Receipts.Get(ctx, id)
	if err == nil && !web.Me(r).WorksIn(rec.Store) {
		err = receipt.ErrNotFound
	}
	if err != nil {
		return err
	}
	v := receiptView{frame: a.frame(ctx), Masked: masked(web.Me(r)), Receipt: rec}
	var all []pricing.Discount
	for _, l := range rec.Lines {
		all = append(all, l.Discounts...)
	}
	v.Causes = pricing.ByCause(all)
	if v.Store, err = a.Catalog.StoreByID(ctx, rec.Store); err != nil {
		return err
	}
	if rec.Till != 0 {
		till, err := a.Catalog.Till(ctx, rec.Till)
		if err != nil {
			return err
		}
		v.Till = till.Name
	}
	if rec.Staff != 0 {
		names, err := a.Staff.Names(ctx, []staff.ID{staff.ID(rec.Staff)})
		if err != nil {
			return err
		}
		v.Cashier = names[staff.ID(rec.Staff)]
	}
	if rec.Customer != 0 {
		c, err := a.Customers.Get(ctx, rec.Customer)
		if err == nil {
			err = a.looked(r, c)
		}
		if err != nil {
			return err
		}
		v.Customer, v.Name = &c, nameOf(web.Loc(ctx), web.Me(r), c)
	}
	if rec.Version != 0 {
		if v.Version, err = a.Programmes.ByID(ctx, rec.Version); err != nil {
			return err
		}
		if v.Held, _, err = a.Receipts.Levels(ctx, rec); err != nil {
			return err
		}
	}
	switch {
	case rec.Kind == receipt.KindSale:
		v.Returns, err = a.Receipts.Returns(ctx, rec.ID)
	case rec.Original != 0:
		v.Sale, err = a.Receipts.Get(ctx, rec.Original)
	}
	if err != nil {
		return err
	}
	far := func(rec *receipt.Receipt) bool { return !web.Me(r).WorksIn(rec.Store) }
	v.Returns = slices.DeleteFunc(v.Returns, far)
	if v.Sale != nil && far(v.Sale) {
		v.Sale = nil
	}
	return a.pages.Render(w, r, "receipt", v)
}
