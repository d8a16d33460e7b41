package importer

import (
	"cmp"
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/stock"
)

// Stock is a row of a file that says what there is of products in stores. It makes
// neither: both are there, or the row is refused.
type Stock struct {
	Row       int64
	Store     string // as the file calls it
	Code      string // SKU
	Barcodes  []string
	Quantity  money.Quantity
	Threshold *money.Quantity // nil: it stays as it is

	cells []string
}

// stock reads the row that was begun.
func (r *rowReader) stock() *Stock {
	s := &Stock{Row: r.number, Store: r.text(FieldStore, catalog.MaxName), Code: r.code(FieldSKU, catalog.MaxSKU), Barcodes: splitCell(r.code(FieldBarcode, maxText))}
	if s.Code == "" && len(s.Barcodes) == 0 && !r.refused {
		r.refuse(FieldSKU, ReasonMissing, "")
	}
	if q := r.stockQuantity(FieldQuantity, -int64(money.MaxQuantity)); q != nil {
		s.Quantity = *q
	} else if !r.refused {
		r.refuse(FieldQuantity, ReasonMissing, "")
	}
	s.Threshold = r.stockQuantity(FieldThreshold, 0)
	return s
}

// stockQuantity reads a quantity; nil: there is none, or it was refused.
func (r *rowReader) stockQuantity(f Field, least int64) *money.Quantity {
	n, ok := r.decimalOf(f)
	if !ok {
		return nil
	}
	v, exact, fits := n.scaled(3)
	if !fits || !exact || v < least || v > int64(money.MaxQuantity) {
		r.refuse(f, ReasonRange, r.raw(f))
		return nil
	}
	q := money.Quantity(v)
	return &q
}

// shelf is a row of stock and the store it is of.
type shelf struct {
	*Stock
	store catalog.StoreID
}

func (s *shelf) refused(f Field, why Reason, value string) Issue {
	return Issue{Row: s.Row, Field: f, Reason: why, Value: value, Refused: true, Cells: s.cells}
}

// stock prepares a row of a stock file.
func (p *preparer) stock(b *batch, in *Stock) {
	s := shelf{Stock: in}
	if store, ok := p.stores.find(cmp.Or(in.Store, p.home)); ok {
		s.store = store.ID
	}
	b.stock = append(b.stock, s)
}

// stockTx sets what there is. Of rows of one product in one store the last holds.
func (w *writer) stockTx(ctx context.Context, tx *db.Tx, list []shelf, rep *Report) (issues []Issue, err error) {
	var codes, barcodes []string
	for i := range list {
		if list[i].Code != "" {
			codes = append(codes, list[i].Code)
		}
		barcodes = append(barcodes, list[i].Barcodes...)
	}
	bySKU, err := w.catalog.BySKUTx(ctx, tx, codes)
	if err != nil {
		return nil, err
	}
	byBarcode, err := w.catalog.ByBarcodeTx(ctx, tx, append(barcodes, codes...))
	if err != nil {
		return nil, err
	}
	var changes []stock.Change
	var rows []*shelf
	for i := range list {
		s := &list[i]
		product := s.product(bySKU, byBarcode)
		switch {
		case s.store == 0:
			issues = append(issues, s.refused(FieldStore, ReasonStore, s.Store))
		case product == 0:
			issues = append(issues, s.refused(FieldSKU, ReasonProduct, cmp.Or(s.Code, first(s.Barcodes))))
		default:
			changes = append(changes, stock.Change{
				Key: stock.Key{Store: s.store, Product: product}, Set: &s.Quantity, Cause: stock.Import, Ref: w.imp.ID.String(), Threshold: s.Threshold,
			})
			rows = append(rows, s)
		}
	}
	done, err := w.stock.ApplyTx(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	for i, d := range done {
		if d.Err != nil {
			is := rows[i].refused(FieldQuantity, ReasonRefused, rows[i].Quantity.String())
			is.Why = errs.Of(d.Err)
			issues = append(issues, is)
			continue
		}
		moved := d.Moved
		if w.dry != nil {
			before, again := w.dry.stock[d.Key]
			moved = moved && !again || again && before != d.Quantity
			w.fresh.stock[d.Key] = d.Quantity
		}
		if moved {
			rep.Updated++
		} else {
			rep.Unchanged++
		}
	}
	rep.Refused += int64(len(issues))
	return issues, nil
}

// product finds the product of a row by its code, or else by a barcode.
func (s *Stock) product(bySKU, byBarcode map[string]catalog.Product) catalog.ProductID {
	if p, ok := bySKU[s.Code]; ok {
		return p.ID
	}
	for _, code := range append([]string{s.Code}, s.Barcodes...) {
		if p, ok := byBarcode[code]; ok {
			return p.ID
		}
	}
	return 0
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
