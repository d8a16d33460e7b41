package admin

import (
	"context"
	"net/http"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/stock"
	"regulars/internal/surface/web"
)

type stockView struct {
	frame
	URL      web.Link
	Columns  columnsView
	Rows     []stockRow
	Next     string
	Stores   []web.Option // to choose from, where there are several
	Store    string
	Notices  []noticeRow
	Unseen   int
	First    stock.NoticeID // of those shown
	Latest   stock.NoticeID
	Filtered bool
}

// stockRow is what there is of a product in a store.
type stockRow struct {
	stock.Level
	Product catalog.Product
	Shop    string
	Limit   money.Quantity
	Limited bool
	Days    int
	Paced   bool // Days is known
}

// noticeRow is that something came to its threshold.
type noticeRow struct {
	stock.Notice
	Product catalog.Product
	Shop    string
}

var stockList = list[stockRow]{"stock", []column[stockRow]{
	{"name", "admin.product.name", "", always, func(r stockRow) any { return r.Product.Name }},
	{"variant", "admin.product.option.variant", "", wide, func(r stockRow) any { return r.Product.Variant() }},
	{"sku", "admin.product.sku", "keep", wide, func(r stockRow) any { return r.Product.SKU }},
	{"store", "admin.receipts.store", "", everywhere, func(r stockRow) any { return r.Shop }},
	{"quantity", "admin.stock.quantity", "num", everywhere, func(r stockRow) any { return r.Quantity }},
	{"threshold", "admin.stock.threshold", "num", wide, func(r stockRow) any {
		if !r.Limited {
			return ""
		}
		return r.Limit
	}},
	{"days", "admin.stock.days", "num", everywhere, func(r stockRow) any {
		if !r.Paced {
			return ""
		}
		return r.Days
	}},
	{"counted", "admin.stock.counted", "keep", roomy, func(r stockRow) any { return r.CountedAt }},
}}

// stockQuery are the stores that a request for stock is of: those it names, of those
// that whoever asks sees.
func (a *Admin) stockQuery(r *http.Request) (q stock.Query) {
	q.Stores = web.Me(r).Scope()
	var store catalog.StoreID
	if text := web.LinkOf(r).Get("store"); text != "" && store.UnmarshalText([]byte(text)) == nil && web.Me(r).WorksIn(store) {
		q.Stores = []catalog.StoreID{store}
	}
	q.After = web.LinkOf(r).Get("cursor")
	return q
}

// lowRows reads a page of what runs low.
func (a *Admin) lowRows(r *http.Request, q stock.Query) (rows []stockRow, next string, err error) {
	list, next, err := a.Stock.Low(r.Context(), q)
	if err != nil {
		return nil, "", err
	}
	rows, err = a.stockRows(r.Context(), list)
	return rows, next, err
}

func (a *Admin) stockRows(ctx context.Context, list []stock.Level) (rows []stockRow, err error) {
	var ids []catalog.ProductID
	for _, l := range list {
		ids = append(ids, l.Product)
	}
	goods, err := a.Catalog.ByID(ctx, once(ids))
	if err != nil {
		return nil, err
	}
	for _, l := range list {
		row := stockRow{Level: l, Product: goods[l.Product]}
		if store, ok := a.Catalog.Store(l.Store); ok {
			row.Shop = store.Name
		}
		row.Limit, row.Limited = l.Limit()
		row.Days, row.Paced = l.Days()
		rows = append(rows, row)
	}
	return rows, nil
}

// stockPage shows what runs low and what has come to its threshold lately.
func (a *Admin) stockPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := a.stockQuery(r)
	q.Limit = 50
	v := stockView{frame: a.frame(ctx), URL: web.LinkOf(r), Columns: stockList.view(r)}
	var err error
	if v.Rows, v.Next, err = a.lowRows(r, q); err != nil {
		return err
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	for _, s := range stores {
		if v.Me.WorksIn(s.ID) {
			v.Stores = append(v.Stores, web.Option{Value: s.ID.String(), Text: s.Name})
		}
	}
	if len(q.Stores) == 1 {
		v.Store = q.Stores[0].String()
	}
	v.Filtered = v.URL.Get("store") != ""
	notices, unseen, err := a.Stock.Notices(ctx, q.Stores, 10)
	if err != nil {
		return err
	}
	v.Unseen = unseen
	var ids []catalog.ProductID
	for _, n := range notices {
		ids = append(ids, n.Product)
	}
	goods, err := a.Catalog.ByID(ctx, once(ids))
	if err != nil {
		return err
	}
	for _, n := range notices {
		if v.Latest = max(v.Latest, n.ID); v.First == 0 || n.ID < v.First {
			v.First = n.ID
		}
		store, _ := a.Catalog.Store(n.Store)
		v.Notices = append(v.Notices, noticeRow{n, goods[n.Product], store.Name})
	}
	return a.pages.Render(w, r, "stock", v)
}

func (a *Admin) exportStock(w http.ResponseWriter, r *http.Request) error {
	q := a.stockQuery(r)
	return sendList(a, w, r, stockList, func(cursor string) ([]stockRow, string, error) {
		q.After = cursor
		return a.lowRows(r, q)
	})
}

// seenStock notes that whoever asks has seen the notices that were shown.
func (a *Admin) seenStock(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	q := a.stockQuery(r)
	var from, to stock.NoticeID
	for name, id := range map[string]*stock.NoticeID{"from": &from, "up_to": &to} {
		if err := id.UnmarshalText([]byte(form.Get(name))); err != nil {
			return errs.InvalidField(name, "not_an_id", "is not the id of a notice")
		}
	}
	err = a.DB.Write(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := a.Stock.SeenTx(ctx, tx, q.Stores, from, to, web.Me(r).ID)
		return err
	})
	if err != nil {
		return err
	}
	web.Redirect(w, r, "/stock")
	return nil
}

type productStockView struct {
	frame
	Product catalog.Product
	Form    *web.Form // its fields are quantity/<store> and threshold/<store>, and threshold of all
	Rows    []productStockRow
}

// productStockRow is a product in one of the stores, whether anything is known of it.
type productStockRow struct {
	Store catalog.Store
	Known bool
	Level stockRow
}

func (a *Admin) showProductStock(w http.ResponseWriter, r *http.Request, status int, p catalog.Product, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := productStockView{frame: a.frame(ctx), Product: p, Form: form}
	levels, limit, err := a.Stock.OfProduct(ctx, p.ID, v.Me.Scope())
	if err != nil {
		return err
	}
	rows, err := a.stockRows(ctx, levels)
	if err != nil {
		return err
	}
	stands := func(name string, q *money.Quantity) {
		if q != nil && !form.Values.Has(name) {
			form.Values.Set(name, loc.Quantity(*q))
		}
	}
	stands("threshold", limit)
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	for _, s := range stores {
		i := slices.IndexFunc(rows, func(l stockRow) bool { return l.Store == s.ID })
		if !v.Me.WorksIn(s.ID) || i < 0 && !s.Active {
			continue
		}
		row := productStockRow{Store: s, Known: i >= 0}
		if row.Known {
			row.Level = rows[i]
			stands("threshold/"+s.ID.String(), row.Level.Threshold)
		}
		v.Rows = append(v.Rows, row)
	}
	return a.pages.RenderStatus(w, r, status, "product_stock", v)
}

func (a *Admin) productStock(w http.ResponseWriter, r *http.Request) error {
	p, err := a.product(r)
	if err != nil {
		return err
	}
	return a.showProductStock(w, r, http.StatusOK, p, web.NewForm(nil))
}

// saveProductStock takes a count and a threshold of a product in one store.
func (a *Admin) saveProductStock(w http.ResponseWriter, r *http.Request) error {
	return a.changeStock(w, r, func(form *web.Form, p catalog.Product) error {
		store := form.Get("store")
		return a.saveCount(form, r, p, store, readQuantity(form, r, "quantity/"+store), readQuantity(form, r, "threshold/"+store))
	})
}

// saveThreshold sets the threshold of a product in the stores that have none of their
// own.
func (a *Admin) saveThreshold(w http.ResponseWriter, r *http.Request) error {
	return a.changeStock(w, r, func(form *web.Form, p catalog.Product) error {
		threshold := readQuantity(form, r, "threshold")
		return a.changeBy(form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
			err := a.Stock.SetDefaultTx(ctx, tx, p.ID, threshold)
			return line{action: "product.threshold", subject: "product:" + p.ID.String(), after: map[string]string{"threshold": quantityFact(threshold)}}, err
		})
	})
}

// readQuantity reads a quantity that may be left out.
func readQuantity(form *web.Form, r *http.Request, name string) *money.Quantity {
	text := form.Get(name)
	if text == "" {
		return nil
	}
	q, err := web.Loc(r.Context()).ParseQuantity(text)
	form.Check(name, err)
	return &q
}

func (a *Admin) changeStock(w http.ResponseWriter, r *http.Request, do func(*web.Form, catalog.Product) error) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	p, err := a.product(r)
	if err != nil {
		return err
	}
	if err := do(form, p); err != nil {
		return err
	}
	if !form.OK() {
		return a.showProductStock(w, r, unprocessable, p, form)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/products/"+p.ID.String()+"/stock")
	return nil
}

func (a *Admin) saveCount(form *web.Form, r *http.Request, p catalog.Product, where string, quantity, threshold *money.Quantity) error {
	var store catalog.StoreID
	if err := store.UnmarshalText([]byte(where)); err != nil || !web.Me(r).WorksIn(store) {
		return catalog.ErrStoreNotFound
	}
	change := stock.Change{
		Key: stock.Key{Store: store, Product: p.ID}, Set: quantity, Cause: stock.Count, Ref: fold.Cut(fold.Line(form.Get("ref")), stock.MaxRef),
		Threshold: threshold, NoThreshold: threshold == nil,
	}
	form.As("quantity", "quantity/"+where)
	form.As("threshold", "threshold/"+where)
	return a.changeBy(form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
		done, err := a.Stock.ApplyTx(ctx, tx, []stock.Change{change})
		if err == nil {
			err = done[0].Err
		}
		if err != nil {
			return line{}, err
		}
		facts := map[string]string{"threshold": quantityFact(threshold)}
		if quantity != nil {
			facts["quantity"] = quantityFact(quantity)
		}
		return line{action: "product.counted", subject: "product:" + p.ID.String(), store: store, after: facts}, nil
	})
}

func quantityFact(q *money.Quantity) string {
	if q == nil {
		return ""
	}
	return q.String()
}
