package api

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
	"regulars/internal/loyalty/stock"
)

type stockRequest struct {
	Items []stockItem `json:"items" nullable:"false" maxItems:"1000"`
}

// stockItem sets what there is of a product in a store, or adds to it.
type stockItem struct {
	Store       string     `json:"store"`
	SKU         string     `json:"sku" maxLength:"100"`
	Quantity    number     `json:"quantity,omitzero"`
	Add         number     `json:"add,omitzero"`
	Cause       stockCause `json:"cause,omitzero"`
	Ref         string     `json:"ref,omitzero" maxLength:"100"`
	Threshold   number     `json:"threshold,omitzero"`
	NoThreshold bool       `json:"no_threshold,omitzero"`
}

// stockCause is why stock moved.
type stockCause string

// Schema implements huma.SchemaProvider.
func (stockCause) Schema(huma.Registry) *huma.Schema { return enum(stock.Causes...) }

type stockChanged struct {
	Changed   int          `json:"changed"`
	Unchanged int          `json:"unchanged"`
	Refused   []refusedRow `json:"refused" nullable:"false"`
}

// putStock sets and moves stock.
func (a *API) putStock(ctx context.Context, by *caller, in *stockRequest, key string) (*once[stockChanged], error) {
	if err := tooMany("/items", len(in.Items)); err != nil {
		return nil, err
	}
	if key == "" && slices.ContainsFunc(in.Items, func(i stockItem) bool { return i.Add != "" }) {
		return nil, errKeyNeeded.At("Idempotency-Key")
	}
	stores, _, err := a.storesByCode(ctx)
	if err != nil {
		return nil, err
	}
	var skus []string
	for i := range in.Items {
		in.Items[i].SKU = fold.Line(in.Items[i].SKU)
		skus = append(skus, in.Items[i].SKU)
	}
	goods, err := a.catalog.ByCode(ctx, skus)
	if err != nil {
		return nil, err
	}
	return answerOnce(ctx, a, by, in, key, func(ctx context.Context, tx *db.Tx) (*stockChanged, error) {
		out := &stockChanged{Refused: []refusedRow{}}
		var list []stock.Change
		var places []int
		for i := range in.Items {
			c, err := in.Items[i].change(by, stores, goods)
			if err != nil {
				out.Refused = append(out.Refused, refuseRow(by, i, err))
				continue
			}
			list, places = append(list, c), append(places, i)
		}
		done, err := a.stock.ApplyTx(ctx, tx, list)
		if err != nil {
			return nil, err
		}
		for i, d := range done {
			switch {
			case d.Err != nil:
				out.Refused = append(out.Refused, refuseRow(by, places[i], d.Err))
			case d.Moved:
				out.Changed++
			default:
				out.Unchanged++
			}
		}
		slices.SortFunc(out.Refused, func(x, y refusedRow) int { return x.Index - y.Index })
		return out, a.staff.AuditTx(ctx, tx, staff.Entry{
			Action: "stock.sent", Subject: "integration:" + by.key.ID.String(),
			After: []byte(`{"name":` + strconv.Quote(by.key.Name) + `,"count":` + strconv.Itoa(out.Changed) + `}`),
		})
	})
}

func (i *stockItem) change(by *caller, stores map[string]catalog.Store, goods map[string]catalog.Product) (c stock.Change, err error) {
	r := by.reader()
	store, ok := stores[fold.Line(i.Store)]
	switch {
	case !ok:
		return c, catalog.ErrStoreNotFound.At("/store")
	case !by.sees(store.ID):
		return c, errStoreNotYours.At("/store")
	}
	product, ok := goods[i.SKU]
	if !ok {
		return c, catalog.ErrProductNotFound.At("/sku")
	}
	c = stock.Change{Key: stock.Key{Store: store.ID, Product: product.ID}, Ref: r.text(at("ref"), i.Ref, stock.MaxRef), NoThreshold: i.NoThreshold}
	switch {
	case i.Quantity != "" && i.Add != "":
		r.wrong.Add("/add", "both", "does not go with quantity: one sets, the other adds")
	case i.Quantity != "":
		q := r.signed(at("quantity"), i.Quantity)
		c.Set, c.Cause = &q, stock.Count
	case i.Add != "":
		c.Add, c.Cause = r.signed(at("add"), i.Add), stock.Correction
		if c.Add == 0 {
			r.wrong.Add("/add", "out_of_range", "must not be 0")
		}
	case i.Threshold == "" && !i.NoThreshold:
		r.missing(at("quantity"))
	}
	if i.Cause != "" {
		if c.Cause = stock.Cause(i.Cause); !slices.Contains(stock.Causes, c.Cause) || (c.Cause == stock.Count) != (c.Set != nil) {
			r.wrong.Add("/cause", "unknown_value", "must be count with quantity, and delivery, transfer or correction with add")
		}
	}
	if i.Threshold != "" {
		q := money.Quantity(r.decimal(at("threshold"), i.Threshold, 3, int64(money.MaxQuantity)))
		c.Threshold = &q
	}
	return c, r.wrong.Err()
}

// signed reads a quantity that may be below zero.
func (r *reader) signed(f field, n number) money.Quantity {
	v, code := n.fixed(3)
	most := int64(money.MaxQuantity)
	switch {
	case code == "" && (v < -most || v > most), code == "out_of_range":
		r.wrong.Add(f.String(), "out_of_range", "must be %d to %d", -most/1000, most/1000).With("min", -most/1000).With("max", most/1000)
	case code != "":
		r.wrong.Add(f.String(), code, "has more decimals than the %d that are kept here", 3).With("n", 3)
	default:
		return money.Quantity(v)
	}
	return 0
}

type stockQuery struct {
	Store  string `query:"store"`
	SKU    string `query:"sku"`
	Since  string `query:"since"`
	Cursor string `query:"cursor"`
	Limit  string `query:"limit"`
}

type stockPage struct {
	Items []stockLevel `json:"items" nullable:"false"`
	Next  string       `json:"next,omitzero"`
	More  bool         `json:"more"`
}

type stockLevel struct {
	Store     string     `json:"store"`
	SKU       string     `json:"sku"`
	Name      string     `json:"name"`
	Quantity  decimal    `json:"quantity"`
	Threshold decimal    `json:"threshold,omitzero"`
	Low       bool       `json:"low"`
	DaysLeft  *int       `json:"days_left,omitzero" nullable:"false"`
	CountedAt *time.Time `json:"counted_at,omitzero" nullable:"false"`
	MovedAt   time.Time  `json:"moved_at"`
}

// getStock lists what is in stock, by when it was moved.
func (a *API) getStock(ctx context.Context, by *caller, in *stockQuery) (*reply[stockPage], error) {
	q := stock.Query{Stores: by.scope(), After: in.Cursor}
	var err error
	if q.Limit, err = pageSize(in.Limit); err != nil {
		return nil, err
	}
	byCode, byID, err := a.storesByCode(ctx)
	if err != nil {
		return nil, err
	}
	if in.Store != "" {
		store, ok := byCode[in.Store]
		switch {
		case !ok:
			return nil, catalog.ErrStoreNotFound.At("store")
		case !by.sees(store.ID):
			return nil, errStoreNotYours.At("store")
		}
		q.Stores = []catalog.StoreID{store.ID}
	}
	if in.Since != "" {
		if q.Since, err = time.Parse(time.RFC3339, in.Since); err != nil {
			return nil, errs.InvalidField("since", "wrong_type", "must be a time with its zone").With("expected", shape("time"))
		}
	}
	if sku := fold.Line(in.SKU); sku != "" {
		found, err := a.catalog.ByCode(ctx, []string{sku})
		if err != nil {
			return nil, err
		}
		q.Products = []catalog.ProductID{found[sku].ID}
	}
	list, next, more, err := a.stock.List(ctx, q)
	if errors.Is(err, stock.ErrCursor) {
		err = errCursor.At("cursor")
	}
	if err != nil {
		return nil, err
	}
	ids := make([]catalog.ProductID, len(list))
	for i, l := range list {
		ids[i] = l.Product
	}
	goods, err := a.catalog.ByID(ctx, ids)
	out := stockPage{Items: []stockLevel{}, Next: next, More: more}
	for _, l := range list {
		p := goods[l.Product]
		row := stockLevel{Store: byID[l.Store].Code, SKU: p.SKU, Name: p.Name, Quantity: quantity(l.Quantity), Low: l.Low, MovedAt: timeOf(l.MovedAt)}
		if limit, ok := l.Limit(); ok {
			row.Threshold = quantity(limit)
		}
		if n, ok := l.Days(); ok {
			row.DaysLeft = &n
		}
		if !l.CountedAt.IsZero() {
			at := timeOf(l.CountedAt)
			row.CountedAt = &at
		}
		out.Items = append(out.Items, row)
	}
	return &reply[stockPage]{Body: out}, err
}
