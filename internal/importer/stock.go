package importer

import (
	"cmp"
	"context"
	"slices"
	"strings"

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
	Code      string // SKU
	Barcodes  []string
	Threshold *money.Quantity // nil: it stays as it is
	// In is what there is: in one store, or in each that has a column of its own and a
	// number in it.
	In []StockIn

	cells []string
}

// StockIn is the quantity in a store.
type StockIn struct {
	Store    string // as the file calls it, or somebody who set the column right
	Quantity money.Quantity
}

// stock reads the row that was begun.
func (r *rowReader) stock() *Stock {
	s := &Stock{Row: r.number, Code: r.code(FieldSKU, catalog.MaxSKU), Barcodes: splitCell(r.code(FieldBarcode, maxText))}
	if s.Code == "" && len(s.Barcodes) == 0 && !r.refused {
		r.refuse(FieldSKU, ReasonMissing, "")
	}
	const least = -int64(money.MaxQuantity)
	if perStore := r.m.perStore(); len(perStore) > 0 {
		for _, f := range perStore {
			store, _ := f.storeOf()
			if q := r.stockQuantity(f, least); q != nil {
				s.In = append(s.In, StockIn{store, *q})
			}
		}
	} else if q := r.stockQuantity(FieldQuantity, least); q != nil {
		s.In = []StockIn{{r.text(FieldStore, catalog.MaxName), *q}}
	}
	if len(s.In) == 0 && !r.refused {
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
	StockIn
	store catalog.StoreID
}

func (s *shelf) refused(f Field, why Reason, value string) Issue {
	return Issue{Row: s.Row, Field: f, Reason: why, Value: value, Refused: true, Cells: s.cells}
}

// stock prepares a row of a stock file.
func (p *preparer) stock(b *batch, in *Stock) {
	for _, of := range in.In {
		s := shelf{Stock: in, StockIn: of}
		if store, ok := p.stores.find(cmp.Or(of.Store, p.home)); ok {
			s.store = store.ID
		}
		b.stock = append(b.stock, s)
	}
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
	moved, refused := map[*Stock]bool{}, map[*Stock]bool{} // a row is one, whatever its columns are of
	for i := range list {
		s := &list[i]
		product := s.product(bySKU, byBarcode)
		moved[s.Stock] = false
		switch {
		case product == 0 && refused[s.Stock]: // that is said once
		case product == 0:
			issues = append(issues, s.refused(FieldSKU, ReasonProduct, cmp.Or(s.Code, first(s.Barcodes))))
		case s.store == 0:
			issues = append(issues, s.refused(FieldStore, ReasonStore, s.Store))
		default:
			changes = append(changes, stock.Change{
				Key: stock.Key{Store: s.store, Product: product}, Set: &s.Quantity, Cause: stock.Import, Ref: w.imp.ID.String(), Threshold: s.Threshold,
			})
			rows = append(rows, s)
			continue
		}
		refused[s.Stock] = true
	}
	done, err := w.stock.ApplyTx(ctx, tx, changes)
	if err != nil {
		return nil, err
	}
	for i, d := range done {
		s := rows[i]
		if d.Err != nil {
			is := s.refused(FieldQuantity, ReasonRefused, s.Quantity.String())
			is.Why = errs.Of(d.Err)
			issues, refused[s.Stock] = append(issues, is), true
			continue
		}
		other := d.Moved
		if w.dry != nil {
			before, again := w.dry.stock[d.Key]
			other = other && !again || again && before != d.Quantity
			w.fresh.stock[d.Key] = d.Quantity
		}
		moved[s.Stock] = moved[s.Stock] || other
	}
	for s, other := range moved {
		switch {
		case refused[s]:
			rep.Refused++
		case other:
			rep.Updated++
		default:
			rep.Unchanged++
		}
	}
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

// ofQuantity are words beside the name of a store that say no more than that its
// column is of quantities, as fold.Key leaves them.
var ofQuantity = strings.Fields("остаток остатки количество кол во доступно в наличии на складе шт quantity stock qty on hand pcs qoldiq qoldiqlar qoldig i miqdor miqdori soni dona")

// storeColumns are the columns, from 1, that are called as a store, by its code; of
// two of one store the first.
func storeColumns(names []string, stores []catalog.Store) map[string]int {
	bare := func(text string) string {
		words := strings.Fields(storeKey(text))
		return strings.Join(slices.DeleteFunc(words, func(w string) bool { return slices.Contains(ofQuantity, w) }), " ")
	}
	codes := map[string]string{} // by what headings may say
	for _, store := range slices.Backward(stores) {
		codes[bare(store.Name)] = store.Code
	}
	for _, store := range slices.Backward(stores) { // a code goes before another's name
		codes[storeKey(store.Code)] = store.Code
		codes[bare(store.Code)] = store.Code
	}
	delete(codes, "")
	columns := map[string]int{}
	for c, name := range names {
		code, ok := codes[storeKey(name)]
		if !ok {
			code, ok = codes[bare(name)]
		}
		if _, twice := columns[code]; ok && !twice {
			columns[code] = c + 1
		}
	}
	return columns
}

// takeStores takes columns that are called as stores for what there is in each, where
// none says of which store a row is; another column of quantities is their sum then.
func takeStores(columns map[Field]int, names []string, stores []catalog.Store) {
	found := storeColumns(names, stores)
	if columns[FieldStore] > 0 || len(found) == 0 {
		return
	}
	delete(columns, FieldQuantity)
	for code, c := range found {
		for _, f := range []Field{FieldSKU, FieldBarcode, FieldThreshold} {
			if columns[f] == c {
				c = 0
			}
		}
		if c > 0 {
			columns[QuantityIn(code)] = c
		}
	}
}
