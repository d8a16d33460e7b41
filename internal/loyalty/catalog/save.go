package catalog

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// SaveProductsTx creates and changes products by SKU, thousands at a time. An
// input that is wrong is refused and counted, the others are saved; where one
// SKU comes several times, each is applied in turn.
func (s *Service) SaveProductsTx(ctx context.Context, tx *db.Tx, in []ProductInput) (saved Saved, err error) {
	defer errs.Wrap(&err, "save products")
	own := make([]ProductInput, len(in))
	at := make([]int, len(in))
	for i, p := range in {
		p.ProductChange.SKU = nil // it says which product is meant
		own[i], at[i] = p, i
	}
	for len(own) > 0 {
		w := &saving{in: own, at: at, saved: &saved}
		if err := s.readTx(ctx, tx, w); err != nil {
			return saved, err
		}
		w.apply(s)
		// What another transaction has created in between is changed in the
		// next round.
		if own, at, err = s.writeTx(ctx, tx, w); err != nil {
			return saved, err
		}
	}
	return saved, nil
}

// CreateProductTx creates a product. It fails with ErrSKUTaken, and the transaction
// must be taken back then: who has the SKU may have been changed.
func (s *Service) CreateProductTx(ctx context.Context, tx *db.Tx, in ProductInput) (p Product, err error) {
	defer errs.Wrap(&err, "create product")
	sku := fold.Line(in.SKU)
	saved, err := s.SaveProductsTx(ctx, tx, []ProductInput{in})
	switch {
	case err != nil:
		return p, err
	case saved.Refused[0] != nil:
		return p, saved.Refused[0]
	case saved.Created == 0:
		return p, ErrSKUTaken.At("/sku")
	}
	found, err := s.BySKUTx(ctx, tx, []string{sku})
	if err != nil {
		return p, err
	}
	return oneProduct(ctx, tx.Run, found[sku].ID)
}

// UpdateProductTx changes a product and returns it as it was and as it is. It
// fails with ErrProductNotFound, ErrSKUTaken or ErrBarcodeTaken.
func (s *Service) UpdateProductTx(ctx context.Context, tx *db.Tx, id ProductID, c ProductChange) (before, after Product, err error) {
	defer errs.Wrap(&err, "change product %d", id)
	const lock = `
		SELECT id FROM products WHERE id = $1
		   FOR NO KEY UPDATE -- postgres` // it is saved by its SKU, which nobody may change meanwhile
	if err := tx.QueryRow(ctx, lock, int64(id)).Scan(&id); errors.Is(err, db.ErrNoRows) {
		return before, after, ErrProductNotFound
	} else if err != nil {
		return before, after, err
	}
	if before, err = oneProduct(ctx, tx.Run, id); err != nil {
		return before, after, err
	}
	if c.SKU != nil {
		sku := fold.Line(*c.SKU)
		c.SKU = &sku
	}
	var saved Saved
	w := &saving{in: []ProductInput{{SKU: before.SKU, ProductChange: c}}, at: []int{0}, saved: &saved}
	if err := s.readTx(ctx, tx, w); err != nil {
		return before, before, err
	}
	w.apply(s)
	if err := saved.Refused[0]; err != nil {
		return before, before, err
	}
	if _, _, err := s.writeTx(ctx, tx, w); err != nil {
		if errors.Is(err, db.ErrUnique) && !errors.Is(err, ErrBarcodeTaken) {
			err = ErrSKUTaken.At("/sku")
		}
		return before, before, err
	}
	after, err = oneProduct(ctx, tx.Run, id)
	return before, after, err
}

// saving is a set of inputs on its way into the database.
type saving struct {
	in    []ProductInput
	at    []int // where each came in the call
	saved *Saved

	products   map[string]Product // as they were
	categories tree
	owners     map[string]ProductID   // of barcodes, as far as the inputs before have changed them
	ownersWere map[string]ProductID   // as they were
	codes      map[ProductID][]string // barcodes by product, as owners has them
	moved      map[ProductID]bool     // whose barcodes have changed

	states   map[string]*Product // by the SKU that the inputs name
	isNew    map[string]bool
	outcomes []outcome
}

type outcome int

const (
	refused outcome = iota
	created
	updated
	unchanged
)

func (w *saving) refuse(i int, err error) { w.saved.refuse(w.at[i], err) }

func (w *saving) refused(i int) bool { return w.saved.Refused[w.at[i]] != nil }

// readTx cleans the inputs and reads, locked, what they touch.
func (s *Service) readTx(ctx context.Context, tx *db.Tx, w *saving) error {
	var skus, categories, barcodes []string
	for i := range w.in {
		if err := w.in[i].clean(); err != nil {
			w.refuse(i, err)
			continue
		}
		skus = append(skus, w.in[i].SKU)
		barcodes = append(barcodes, w.in[i].barcodes()...)
		if c := w.in[i].Category; c != nil && *c != "" {
			categories = append(categories, *c)
		}
	}
	var b db.Batch
	if len(categories) > 0 {
		var (
			made map[string]bool
			err  error
		)
		if w.categories, made, err = s.categoriesTx(ctx, tx, categories); err != nil {
			return err
		}
		tell(s, &b, EventCategories, w.categories.ids(made))
	}
	w.products = make(map[string]Product, len(skus))
	w.owners, w.codes, w.moved = map[string]ProductID{}, map[ProductID][]string{}, map[ProductID]bool{}
	b.Query(func(r *db.Rows) error {
		p, err := scanProduct(r)
		w.products[p.SKU] = p
		return err
	}, `SELECT `+productColumns+fromProducts+`WHERE p.sku IN ($1...) ORDER BY p.id
		FOR NO KEY UPDATE OF p -- postgres`, db.Texts(skus))
	b.Query(func(r *db.Rows) error {
		var (
			code  string
			owner ProductID
		)
		err := r.Scan(&code, &owner)
		w.owners[code] = owner
		w.codes[owner] = append(w.codes[owner], code)
		return err
	}, `SELECT code, product_id FROM barcodes WHERE code IN ($1...)
	     UNION
	    SELECT code, product_id FROM barcodes WHERE product_id IN (SELECT id FROM products WHERE sku IN ($2...))`,
		db.Texts(barcodes), db.Texts(skus))
	err := tx.Run(ctx, &b)
	w.ownersWere = maps.Clone(w.owners)
	return err
}

// clean checks what is wrong without looking at the product.
func (in *ProductInput) clean() error {
	var wrong errs.List
	in.SKU = fold.Line(in.SKU)
	required(&wrong, "/sku", in.SKU, MaxSKU)
	if in.Category != nil {
		code := fold.Line(*in.Category)
		in.Category = &code
		wrong.Bound("/category", code, MaxCode)
	}
	in.AddBarcodes = cleanBarcodes(&wrong, in.AddBarcodes)
	if in.Barcodes != nil {
		codes := cleanBarcodes(&wrong, *in.Barcodes)
		in.Barcodes = &codes
	}
	return wrong.Err()
}

func cleanBarcodes(wrong *errs.List, codes []string) []string {
	if len(codes) > maxBarcodes {
		wrong.Add("/barcodes", "too_many", "are more than %d", maxBarcodes).With("max", maxBarcodes)
	}
	cleaned := make([]string, len(codes))
	for i, code := range codes {
		cleaned[i] = fold.Line(code)
		required(wrong, "/barcodes/"+strconv.Itoa(i), cleaned[i], maxBarcode)
	}
	return cleaned
}

// barcodes are all that the product shall have for certain.
func (in *ProductInput) barcodes() []string {
	if in.Barcodes == nil {
		return in.AddBarcodes
	}
	return append(slices.Clone(*in.Barcodes), in.AddBarcodes...)
}

// apply changes the products in memory, input by input.
func (w *saving) apply(s *Service) {
	w.states = make(map[string]*Product, len(w.in))
	w.isNew = map[string]bool{}
	w.outcomes = make([]outcome, len(w.in))
	for i := range w.in {
		if w.refused(i) {
			continue
		}
		in := &w.in[i]
		p, first := w.states[in.SKU], false
		if p == nil {
			was, ok := w.products[in.SKU]
			if first = !ok; first {
				was = s.newProduct(in.SKU)
			}
			p = &was
		}
		next := *p
		if in.Category != nil {
			next.categorise(w.categories[*in.Category])
		}
		if err := next.change(in.ProductChange); err != nil {
			w.refuse(i, err)
			continue
		}
		moved, err := w.takeBarcodes(next.ID, in)
		switch {
		case err != nil:
			w.refuse(i, err)
			continue
		case first:
			w.isNew[in.SKU] = true
			w.outcomes[i] = created
		case moved || !next.equal(*p):
			w.outcomes[i] = updated
		default:
			w.outcomes[i] = unchanged
		}
		w.moved[next.ID] = w.moved[next.ID] || moved
		w.states[in.SKU] = &next
	}
}

// categorise puts the product into a category; nil: none.
func (p *Product) categorise(c *Category) {
	p.Category = 0
	if c != nil {
		p.Category = c.ID
	}
}

// takeBarcodes gives a product its barcodes, and takes the others from it if
// the input names all.
func (w *saving) takeBarcodes(id ProductID, in *ProductInput) (moved bool, err error) {
	codes := in.barcodes()
	for i, code := range codes {
		if owner, ok := w.owners[code]; ok && owner != id {
			return false, ErrBarcodeTaken.At("/barcodes/" + strconv.Itoa(i))
		}
	}
	if in.Barcodes != nil {
		w.codes[id] = slices.DeleteFunc(w.codes[id], func(code string) bool {
			gone := !slices.Contains(codes, code)
			if gone {
				delete(w.owners, code)
				moved = true
			}
			return gone
		})
	}
	for _, code := range codes {
		if _, ok := w.owners[code]; !ok {
			w.owners[code], moved = id, true
			w.codes[id] = append(w.codes[id], code)
		}
	}
	return moved, nil
}

// writeTx writes what apply has changed, and returns the inputs of products
// that another transaction was faster to create.
func (s *Service) writeTx(ctx context.Context, tx *db.Tx, w *saving) (again []ProductInput, at []int, err error) {
	var fresh []Product
	skus := slices.Sorted(maps.Keys(w.states)) // in one order for everybody
	for _, sku := range skus {
		if w.isNew[sku] {
			fresh = append(fresh, *w.states[sku])
		}
	}
	inserted := map[string]bool{}
	if len(fresh) > 0 {
		if inserted, err = s.insertTx(ctx, tx, fresh, w.codes); err != nil {
			return nil, nil, err
		}
	}
	var (
		b     db.Batch
		words [][]any
		told  []ProductID
		lost  = map[ProductID]bool{}
	)
	for _, sku := range skus {
		p := w.states[sku]
		if w.isNew[sku] {
			if lost[p.ID] = !inserted[sku]; inserted[sku] {
				told = append(told, p.ID)
			}
			continue
		}
		was := w.products[sku]
		if !p.equal(was) || w.moved[p.ID] {
			p.queueUpdate(&b, w.codes[p.ID])
			told = append(told, p.ID)
		}
		if p.SKU != was.SKU || p.Variant() != was.Variant() || p.Name != was.Name || p.Brand != was.Brand {
			b.Exec(`DELETE FROM product_words WHERE product_id = $1`, int64(p.ID))
			words = append(words, p.words()...)
		}
	}
	b.Insert(wordTable, words)
	tell(s, &b, EventProducts, told)
	if err := tx.Run(ctx, &b); err != nil {
		return nil, nil, err
	}
	if err := w.moveBarcodesTx(ctx, tx, lost); err != nil {
		return nil, nil, err
	}
	for i, in := range w.in {
		if p := w.states[in.SKU]; p != nil && lost[p.ID] && w.outcomes[i] != refused {
			again, at = append(again, in), append(at, w.at[i])
			continue
		}
		switch w.outcomes[i] {
		case created:
			w.saved.Created++
		case updated:
			w.saved.Updated++
		case unchanged:
			w.saved.same(w.at[i])
		case refused:
		}
	}
	return again, at, nil
}

func (p *Product) queueUpdate(b *db.Batch, barcodes []string) {
	const update = `
		UPDATE products
		   SET sku = $2, name = $3, name_key = $4, category_id = $5, brand = $6, kind = $7,
		       price = $8, cost = $9, promo = $10, active = $11, checksum = $12, model = $13, model_key = $14, options = $15
		 WHERE id = $1`
	b.Guard(update, int64(p.ID), p.SKU, p.Name, fold.Key(p.Name), db.NullID(p.Category), p.Brand, string(p.Kind),
		int64(p.Price), (*int64)(p.Cost), p.Promo, p.Active, p.checksum(barcodes), p.Model, fold.Key(p.Model), writeOptions(p.Options))
}

// moveBarcodesTx writes which barcodes are whose now.
func (w *saving) moveBarcodesTx(ctx context.Context, tx *db.Tx, lost map[ProductID]bool) error {
	var (
		b    db.Batch
		gone []string
		rows [][]any
	)
	for code, was := range w.ownersWere {
		if w.owners[code] != was {
			gone = append(gone, code)
		}
	}
	for code, owner := range w.owners {
		if w.ownersWere[code] != owner && !lost[owner] {
			rows = append(rows, []any{code, int64(owner)})
		}
	}
	if len(gone) > 0 {
		b.Exec(`DELETE FROM barcodes WHERE code IN ($1...)`, db.Texts(gone))
	}
	b.Insert(barcodeTable, rows)
	err := tx.Run(ctx, &b)
	if errors.Is(err, db.ErrUnique) { // somebody else has just given it to another product
		return ErrBarcodeTaken.At("/barcodes").Because(err)
	}
	return err
}
