package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/stock"
)

// writer writes batches. It remembers who and what is in the database, from
// committed batches only.
type writer struct {
	*Service
	imp        *Import
	programmes func(store string, labels ...string) *programme.Version
	stores     map[catalog.StoreID]catalog.Store
	people     map[whoKey]customer.ID
	products   map[code]soldAs
	categories map[string]bool
	paths      map[string]string    // codes of categories by their path, as files name them
	undone     int64                // merges, when nobody was remembered yet
	counted    map[customer.ID]bool // whose points of earlier files the report has

	fresh struct { // of the batch that is being written
		people     map[whoKey]customer.ID
		products   map[code]soldAs
		categories map[string]bool
		counted    map[customer.ID]bool
		claimed    []uint64                      // see rehearsal
		persons    []*person                     // likewise
		goods      []*goods                      // likewise
		opened     map[customer.ID]ledger.Opened // likewise
		cards      map[string]giftcard.Balance   // likewise
		stock      map[stock.Key]money.Quantity  // likewise
	}
	album *album // that images are of
	dry   *rehearsal
}

// soldAs is what lines need of a product.
type soldAs struct {
	id   catalog.ProductID
	name string
	gift bool
}

// maxProducts bounds how many products are remembered.
const maxProducts = 500_000

func newWriter(ctx context.Context, s *Service, i *Import) (w *writer, err error) {
	w = &writer{
		Service: s, imp: i, people: map[whoKey]customer.ID{}, products: map[code]soldAs{}, categories: map[string]bool{}, stores: map[catalog.StoreID]catalog.Store{},
		counted: map[customer.ID]bool{},
	}
	if w.programmes, err = s.programmes.Everywhere(ctx, s.now()); err != nil {
		return nil, err
	}
	stores, err := s.catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	for _, store := range stores {
		w.stores[store.ID] = store
	}
	w.paths, err = s.paths(ctx)
	return w, err
}

// paths are the codes of the categories there are, by their path as files name
// them: a person may have given them other codes, or called them anew.
func (s *Service) paths(ctx context.Context) (map[string]string, error) {
	list, err := s.catalog.Categories(ctx)
	codes, paths := map[string]string{}, catalog.Paths(list)
	for _, c := range list {
		path := paths[c.ID]
		if codes[path] == "" || c.Code == short(path, catalog.MaxCode) {
			codes[path] = c.Code
		}
	}
	return codes, err
}

// batchTx writes what was prepared, counts it, and tells of what only the
// database knows. It may be called again for the same batch.
func (w *writer) batchTx(ctx context.Context, tx *db.Tx, b *batch, rep *Report) (issues []Issue, err error) {
	if b.forget {
		clear(w.people)
	}
	if w.imp.Kind == KindReceipts && len(w.people) == 0 {
		if w.undone, err = w.merges.UndoneTx(ctx, tx); err != nil {
			return nil, err
		}
	}
	w.fresh.people, w.fresh.products, w.fresh.categories = map[whoKey]customer.ID{}, map[code]soldAs{}, map[string]bool{}
	w.fresh.counted = map[customer.ID]bool{}
	w.fresh.claimed, w.fresh.persons, w.fresh.goods, w.fresh.opened = nil, nil, nil, map[customer.ID]ledger.Opened{}
	w.fresh.cards, w.fresh.stock = map[string]giftcard.Balance{}, map[stock.Key]money.Quantity{}
	if len(b.people) > 0 {
		if issues, err = w.peopleTx(ctx, tx, b.people, rep); err != nil {
			return nil, err
		}
	}
	if len(b.products) > 0 {
		more, err := w.goodsTx(ctx, tx, b.products, rep)
		if err != nil {
			return nil, err
		}
		issues = append(issues, more...)
	}
	if len(b.cards) > 0 {
		more, err := w.cardsTx(ctx, tx, b.cards, rep)
		if err != nil {
			return nil, err
		}
		issues = append(issues, more...)
	}
	if len(b.stock) > 0 {
		more, err := w.stockTx(ctx, tx, b.stock, rep)
		if err != nil {
			return nil, err
		}
		issues = append(issues, more...)
	}
	if len(b.pictures) > 0 {
		more, err := w.picturesTx(ctx, tx, b.pictures, rep)
		if err != nil {
			return nil, err
		}
		issues = append(issues, more...)
	}
	if len(b.receipts) > 0 {
		more, err := w.receiptsTx(ctx, tx, b.receipts, rep)
		if err != nil {
			return nil, err
		}
		issues = append(issues, more...)
	}
	return issues, nil
}

// committed keeps what the batch brought.
func (w *writer) committed() {
	maps.Copy(w.people, w.fresh.people)
	maps.Copy(w.categories, w.fresh.categories)
	maps.Copy(w.counted, w.fresh.counted)
	if len(w.products)+len(w.fresh.products) > maxProducts {
		clear(w.products)
	}
	maps.Copy(w.products, w.fresh.products)
}

// peopleTx registers customers, with their accounts and opening balances.
func (w *writer) peopleTx(ctx context.Context, tx *db.Tx, people []person, rep *Report) (issues []Issue, err error) {
	before := w.peopleBefore(people)
	list := make([]customer.Checked, 0, len(before)+len(people))
	for _, p := range before {
		list = append(list, p.checked)
	}
	for i := range people {
		list = append(list, people[i].checked)
	}
	results, err := w.enrol.OpenAllTx(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	var claims []claim
	var refused []Issue
	for i, p := range before {
		if !results[i].Forgotten {
			claims = append(claims, claim{p, results[i], true})
		}
	}
	for i, res := range results[len(before):] {
		p := &people[i]
		if p.row == nil {
			w.fresh.people[p.key] = res.ID
			if res.Created && !w.dry.met(p.key) {
				rep.NewCustomers++
			}
			continue
		}
		switch {
		case res.Forgotten:
			rep.Refused++
			is := p.issue("", ReasonForgotten, "")
			if len(res.Lost) > 0 {
				is.Field = fieldOf[res.Lost[0].Kind]
			}
			is.Refused = true
			refused = append(refused, is)
			continue
		case res.Created:
			rep.Created++
		case len(res.Filled) > 0:
			rep.Updated++
		default:
			rep.Unchanged++
		}
		for _, taken := range res.Taken {
			issues = append(issues, p.issue(fieldOf[taken.Kind], ReasonTaken, taken.Value))
		}
		for _, lost := range res.Lost {
			issues = append(issues, p.issue(fieldOf[lost.Kind], ReasonLost, ""))
		}
		if len(res.Left) > 0 {
			issues = append(issues, p.issue("", ReasonUnheard, ""))
		}
		for _, f := range w.columnsOf(p, res.Kept) {
			issues = append(issues, p.issue(f, ReasonKept, cellOf(p.row.cells, w.imp.Mapping.Columns[f])))
		}
		claims = append(claims, claim{p, res, false})
	}
	more, err := w.openingTx(ctx, tx, claims, rep)
	if err != nil {
		return nil, err
	}
	levels, err := w.levelsTx(ctx, tx, claims, rep)
	issues = slices.Concat(issues, more, levels)
	rep.Noted += int64(len(issues))
	return append(issues, refused...), err
}

// kindOf is the kind of identifier that a column has, fieldOf the column that one comes from.
var (
	kindOf  = map[Field]customer.Kind{FieldExternal: customer.External, FieldCard: customer.Card, FieldPhone: customer.Phone, FieldEmail: customer.Email}
	fieldOf = func() map[customer.Kind]Field {
		of := map[customer.Kind]Field{}
		for field, kind := range kindOf {
			of[kind] = field
		}
		return of
	}()
)

// columnsOf are the columns of a person's row that fields of a profile come from.
func (w *writer) columnsOf(p *person, fields []string) (list []Field) {
	for _, field := range fields {
		from := []Field{Field(field)}
		if name, ok := strings.CutPrefix(field, "attributes/"); ok {
			from[0] = Attribute(name)
		}
		if strings.HasSuffix(field, "_name") { // one column may have the whole
			from = append(from, FieldName, FieldLastName, FieldFirstName)
		}
		for _, f := range from {
			if cellOf(p.row.cells, w.imp.Mapping.Columns[f]) != "" {
				list = append(list, f)
				break
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (p *person) issue(f Field, why Reason, value string) Issue {
	return Issue{Row: p.row.Row, Field: f, Reason: why, Value: value, Cells: p.row.cells}
}

// goodsTx saves the products of a products file.
func (w *writer) goodsTx(ctx context.Context, tx *db.Tx, list []goods, rep *Report) (issues []Issue, err error) {
	var paths [][]catalog.CategoryInput
	inputs := make([]catalog.ProductInput, len(list))
	for i := range list {
		inputs[i] = list[i].input
		paths = append(paths, list[i].categories)
	}
	if err := w.goodsBeforeTx(ctx, tx, list); err != nil {
		return nil, err
	}
	saved, err := w.productsTx(ctx, tx, inputs, paths)
	if err != nil {
		return nil, err
	}
	rep.Created += int64(saved.Created)
	rep.Updated += int64(saved.Updated)
	rep.Unchanged += int64(saved.Unchanged)
	rep.Refused += int64(len(saved.Refused))
	for _, i := range slices.Sorted(maps.Keys(saved.Refused)) {
		issues = append(issues, Issue{
			Row: list[i].Row, Field: FieldSKU, Reason: ReasonRefused, Value: list[i].SKU, Why: errs.Of(saved.Refused[i]),
			Refused: true, Cells: list[i].cells,
		})
	}
	return issues, nil
}

// productsTx saves products and, before them, the categories on their paths.
func (w *writer) productsTx(ctx context.Context, tx *db.Tx, inputs []catalog.ProductInput, paths [][]catalog.CategoryInput) (saved catalog.Saved, err error) {
	if err := w.categoriesTx(ctx, tx, paths); err != nil {
		return saved, err
	}
	return w.catalog.SaveProductsTx(ctx, tx, inputs)
}

// categoriesTx makes sure of categories, once for each import.
func (w *writer) categoriesTx(ctx context.Context, tx *db.Tx, paths [][]catalog.CategoryInput) error {
	var list []catalog.CategoryInput
	for _, path := range paths {
		at := ""
		for i := range path {
			at = within(at, path[i].Name)
			if code, ok := w.paths[at]; ok {
				path[i].Code = code
			}
			if i > 0 {
				path[i].Parent = &path[i-1].Code
			}
		}
		for _, c := range path {
			if !w.categories[c.Code] && !w.fresh.categories[c.Code] {
				w.fresh.categories[c.Code] = true
				list = append(list, c)
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	_, err := w.catalog.SaveCategoriesTx(ctx, tx, list)
	return err
}

// receiptsTx records receipts.
func (w *writer) receiptsTx(ctx context.Context, tx *db.Tx, list []bought, rep *Report) (issues []Issue, err error) {
	if err := w.soldTx(ctx, tx, list, rep); err != nil {
		return nil, err
	}
	out, orders := make([]receipt.Imported, len(list)), make([][]int, len(list))
	for i := range list {
		if out[i], err = w.imported(&list[i]); err != nil {
			return nil, err
		}
	}
	outcomes, err := w.receipts.RecordTx(ctx, tx, w.imp.sourceID, out, func(i int) (lines []receipt.Line) {
		lines, orders[i] = w.lines(&list[i])
		return lines
	})
	if err != nil {
		return nil, err
	}
	if err := w.mergedTx(ctx, tx, out); err != nil {
		return nil, err
	}
	for i, outcome := range outcomes {
		in := &list[i]
		if out[i].Forgotten {
			rep.Anonymous++
			if outcome == receipt.RecordedNew {
				rep.Noted++
				issues = append(issues, in.issue(0, "", ReasonBuyerGone, ""))
			}
		}
		if in.Return && w.dry == nil {
			for position, line := range orders[i] {
				issues = append(issues, in.issue(line, FieldNumber, reasonReturn, returnLine(out[i].Number, position+1)))
			}
		}
		total, _ := in.Total()
		if in.Return {
			total = -total
		}
		switch outcome {
		case receipt.RecordedNew:
			rep.Recorded++
		case receipt.RecordedSame:
			rep.Known++
			rep.KnownTotal += total
		case receipt.RecordedOther:
			rep.Differing++
			rep.Refused += int64(len(in.Lines))
			issues = append(issues, in.issues(FieldNumber, ReasonOther, in.Number, true)...)
		}
	}
	return issues, nil
}

// errAskAnew ends a run that remembers people who are not who they were: another one
// goes on and looks for them anew.
var errAskAnew = errors.New("importer: customers were erased, or merges undone, meanwhile")

// mergedTx fails where somebody whose receipts were recorded was merged since they were
// found: the next attempt has them in whom they are now. Where they were erased, or taken
// out of whom they were in, it fails with errAskAnew. Their accounts are locked by now.
func (w *writer) mergedTx(ctx context.Context, tx *db.Tx, list []receipt.Imported) error {
	buyers := receipt.Buyers(list)
	if len(buyers) == 0 {
		return nil
	}
	into, err := w.customers.MergedTx(ctx, tx, buyers)
	if err != nil {
		return err
	}
	undone, err := w.merges.UndoneTx(ctx, tx)
	if err != nil {
		return err
	}
	// A dry run looks for everybody in each batch.
	if w.dry == nil && (undone != w.undone || slices.Contains(slices.Collect(maps.Values(into)), 0)) {
		return errAskAnew
	}
	if len(into) == 0 {
		return nil
	}
	for key, id := range w.people {
		w.people[key] = cmp.Or(into[id], id)
	}
	return fmt.Errorf("importer: customers of receipts were merged meanwhile: %w", db.ErrGuard)
}

// imported is the receipt as it is recorded, but for its lines.
func (w *writer) imported(in *bought) (out receipt.Imported, err error) {
	placed := in.Store != "" || w.imp.Mapping.Options.Store != ""
	out = receipt.Imported{
		Kind: receipt.KindSale, Name: in.name(placed), Store: in.store.ID, Placed: placed, Adrift: in.adrift, SoldAt: in.At.Truncate(time.Microsecond), Note: in.Note,
	}
	if in.Day != "" { // of a number
		out.Till = in.Till
	}
	if in.Return {
		out.Kind = receipt.KindReturn
		out.Sale = in.named(placed)
	}
	if in.key == (whoKey{}) {
		return out, nil
	}
	var registered bool
	if out.Customer, registered = w.customer(in); !registered {
		return out, errNobody
	}
	out.Forgotten = out.Customer == 0
	return out, nil
}

// lines are those of a receipt as they are recorded, and which of its own stands where.
func (w *writer) lines(in *bought) (sorted []receipt.Line, order []int) {
	lines := make([]receipt.Line, len(in.Lines))
	for i := range in.Lines {
		l := &in.Lines[i]
		p := w.product(l.code())
		own := receipt.Line{
			Product: p.id, Quantity: l.Quantity, Price: l.Price, Gross: l.Gross, Discount: l.Discount, Total: l.Total, TierSpend: l.Total, Cost: l.Cost,
		}
		if l.Product != p.name {
			own.Name = l.Product
		}
		if p.gift { // sold, it is not yet goods
			own.TierSpend = 0
		}
		lines[i], order = own, append(order, i)
	}
	// Two files that both have the receipt may have its rows in different
	// order; contents are compared line by line.
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &lines[i], &lines[j]
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Price, b.Price), cmp.Compare(a.Total, b.Total))
	})
	sorted = make([]receipt.Line, len(lines))
	for position, i := range order {
		sorted[position] = lines[i]
	}
	return sorted, order
}

// customer is whose receipt it is; 0: nobody's, or of somebody who was forgotten. Whoever
// a receipt names was registered before.
func (w *writer) customer(in *bought) (who customer.ID, registered bool) {
	if who, registered = w.fresh.people[in.key]; !registered {
		who, registered = w.people[in.key]
	}
	return who, registered
}

// name is what the receipt is called. Tills do not tell receipts without a number
// apart: that one of them was sold at another till says nothing of the others.
func (in *bought) name(placed bool) receipt.Name {
	number, store := in.Number, ""
	if placed {
		store = in.store.Code
	}
	n := receipt.Name{Number: number}
	if in.Day != "" {
		n.Day, n.Full = fullName(number, store, in.Day), fullName(number, store, in.Till, in.Day)
	} else if placed {
		n.Full = fullName(number, store)
	}
	return n
}

// named is the sale that a return names: one of its own store, on whatever day.
func (in *bought) named(placed bool) receipt.Sold {
	s := receipt.Sold{Number: in.Sale}
	switch {
	case in.Sale == "":
	case placed:
		s.Begin = fullName(in.Sale, in.store.Code) + " / "
	default:
		s.Begin = in.Sale + " / "
	}
	return s
}

// code is what the product of a line is known by; empty: the line names none.
type code struct {
	text    string // SKU, or the name of what has none
	barcode bool   // a barcode, where there is no SKU
}

func (l *Line) code() code {
	switch {
	case l.SKU != "":
		return code{text: l.SKU}
	case l.Barcode != "":
		return code{l.Barcode, true}
	}
	return code{text: skuFor(nil, l.Product)}
}

func (w *writer) product(c code) soldAs {
	if p, ok := w.fresh.products[c]; ok {
		return p
	}
	return w.products[c]
}

// soldTx finds the products of lines, and creates those that are new. Before it
// does, it locks the accounts that the receipts will change: a till locks them
// before products too.
func (w *writer) soldTx(ctx context.Context, tx *db.Tx, list []bought, rep *Report) error {
	bySKU, byBarcode := map[string]*Line{}, map[string]*Line{}
	for i := range list {
		for j := range list[i].Lines {
			l := &list[i].Lines[j]
			c, wanted := l.code(), bySKU
			if c.barcode {
				wanted = byBarcode
			}
			if _, ok := w.products[c]; c.text != "" && !ok && wanted[c.text] == nil {
				wanted[c.text] = l
			}
		}
	}
	if len(bySKU)+len(byBarcode) == 0 {
		return nil
	}
	var who []customer.ID
	for i := range list {
		if id, _ := w.customer(&list[i]); id != 0 {
			who = append(who, id)
		}
	}
	var b db.Batch
	w.ledger.Lock(&b, who)
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	if err := w.bySKUTx(ctx, tx, bySKU, rep); err != nil {
		return err
	}
	return w.byBarcodeTx(ctx, tx, byBarcode, rep) // those above may have brought them
}

func (w *writer) bySKUTx(ctx context.Context, tx *db.Tx, wanted map[string]*Line, rep *Report) error {
	if len(wanted) == 0 {
		return nil
	}
	skus := slices.Sorted(maps.Keys(wanted))
	found, err := w.catalog.BySKUTx(ctx, tx, skus)
	if err != nil {
		return err
	}
	if len(found) < len(wanted) {
		if err := w.byTwinTx(ctx, tx, skus, found); err != nil {
			return err
		}
	}
	if len(found) < len(wanted) {
		if err := w.createTx(ctx, tx, wanted, found, false, rep); err != nil {
			return err
		}
		created, err := w.catalog.BySKUTx(ctx, tx, skus)
		if err != nil {
			return err
		}
		maps.Copy(found, created)
	}
	for sku, p := range found {
		w.fresh.products[code{text: sku}] = soldAsOf(p)
	}
	return nil
}

// byTwinTx adds the products whose codes look the same as those that are not found:
// one file has them in Latin letters and another in Russian ones.
func (w *writer) byTwinTx(ctx context.Context, tx *db.Tx, skus []string, found map[string]catalog.Product) error {
	of := map[string]string{} // by the twin
	for _, sku := range skus {
		if _, ok := found[sku]; ok || countDigits(sku) == 0 { // words are names
			continue
		}
		for _, twin := range fold.Twins(sku) {
			of[twin] = sku
		}
	}
	if len(of) == 0 {
		return nil
	}
	twins, err := w.catalog.BySKUTx(ctx, tx, slices.Sorted(maps.Keys(of)))
	for twin, p := range twins {
		found[of[twin]] = p
	}
	return err
}

// byBarcodeTx finds the products of lines that have a barcode only. A product
// that an earlier line made, when nobody had the barcode, stays theirs: the
// same file read again would differ otherwise.
func (w *writer) byBarcodeTx(ctx context.Context, tx *db.Tx, wanted map[string]*Line, rep *Report) error {
	if len(wanted) == 0 {
		return nil
	}
	barcodes := slices.Sorted(maps.Keys(wanted))
	owners, err := w.catalog.ByBarcodeTx(ctx, tx, barcodes)
	if err != nil {
		return err
	}
	found, err := w.catalog.BySKUTx(ctx, tx, barcodes)
	if err != nil {
		return err
	}
	for barcode, p := range owners {
		if _, made := found[barcode]; !made {
			found[barcode] = p
		}
	}
	if len(found) < len(wanted) {
		if err := w.createTx(ctx, tx, wanted, found, true, rep); err != nil {
			return err
		}
		created, err := w.catalog.BySKUTx(ctx, tx, barcodes)
		if err != nil {
			return err
		}
		maps.Copy(found, created)
	}
	for barcode, p := range found {
		w.fresh.products[code{barcode, true}] = soldAsOf(p)
	}
	return nil
}

func soldAsOf(p catalog.Product) soldAs { return soldAs{p.ID, p.Name, p.Kind == catalog.KindGiftCard} }

// createTx creates the products of lines that are not among those found; they
// are known by barcodes alone, or by their own codes.
func (w *writer) createTx(ctx context.Context, tx *db.Tx, wanted map[string]*Line, found map[string]catalog.Product, barcodes bool, rep *Report) error {
	var inputs []catalog.ProductInput
	var paths [][]catalog.CategoryInput
	for _, sku := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := found[sku]; ok {
			continue
		}
		input, path := wanted[sku].asProduct(sku)
		inputs, paths = append(inputs, input), append(paths, path)
	}
	saved, err := w.productsTx(ctx, tx, inputs, paths)
	if err != nil {
		return err
	}
	rep.NewProducts += int64(saved.Created) - w.made(inputs, barcodes)
	// A barcode that another product has costs the line the barcode, not its
	// product.
	var again []catalog.ProductInput
	for _, i := range slices.Sorted(maps.Keys(saved.Refused)) {
		if len(inputs[i].AddBarcodes) > 0 {
			inputs[i].AddBarcodes = nil
			again = append(again, inputs[i])
		}
	}
	if len(again) == 0 {
		return nil
	}
	saved, err = w.catalog.SaveProductsTx(ctx, tx, again)
	rep.NewProducts += int64(saved.Created)
	return err
}

// asProduct is what a line tells of its product.
func (l *Line) asProduct(sku string) (catalog.ProductInput, []catalog.CategoryInput) {
	in := catalog.ProductInput{SKU: sku}
	if l.Product != "" {
		name := fold.Cut(l.Product, catalog.MaxName)
		in.Name = &name
	}
	price := min(l.Price, money.MaxPrice)
	in.Price = &price
	if l.Barcode != "" && l.Barcode != sku {
		in.AddBarcodes = []string{l.Barcode}
	}
	path := categories(l.Category)
	if len(path) > 0 {
		in.Category = &path[len(path)-1].Code
	}
	return in, path
}
