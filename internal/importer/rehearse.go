package importer

import (
	"context"
	"maps"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

// rehearsal is what a dry run remembers of the batches that it took back, so
// that those behind come to what they would come to in an import.
//
// Rows of customers and products that share something with other rows of the
// file are kept, and written again before those others. Of customers and
// products on receipts it is enough to know by what they are known: a person is
// not counted as new twice.
type rehearsal struct {
	claimed map[uint64]bool // hashes of identifiers and codes that would be in
	persons kept[*person]
	goods   kept[*goods]
}

// kept are rows of a file by what they share with others.
type kept[T any] struct {
	rows []T
	keys [][]uint64
	by   map[uint64][]int
}

func (k *kept[T]) add(row T, keys []uint64) {
	if k.by == nil {
		k.by = map[uint64][]int{}
	}
	for _, key := range keys {
		k.by[key] = append(k.by[key], len(k.rows))
	}
	k.rows, k.keys = append(k.rows, row), append(k.keys, keys)
}

// before gives the rows that share any of the keys, and those that share
// something with them, in the order of the file.
func (k *kept[T]) before(keys []uint64) (rows []T) {
	found, asked := map[int]bool{}, map[uint64]bool{}
	for len(keys) > 0 {
		key := keys[len(keys)-1]
		keys = keys[:len(keys)-1]
		if asked[key] {
			continue
		}
		asked[key] = true
		for _, i := range k.by[key] {
			if !found[i] {
				found[i] = true
				keys = append(keys, k.keys[i]...)
			}
		}
	}
	for _, i := range slices.Sorted(maps.Keys(found)) {
		rows = append(rows, k.rows[i])
	}
	return rows
}

// rehearsed keeps what the batch would have brought.
func (w *writer) rehearsed() {
	for _, key := range w.fresh.claimed {
		w.dry.claimed[key] = true
	}
	for _, p := range w.fresh.persons {
		w.dry.persons.add(p, p.row.again)
	}
	for _, g := range w.fresh.goods {
		w.dry.goods.add(g, g.again)
	}
}

// peopleBefore are those of the batches before that a dry run needs again.
func (w *writer) peopleBefore(people []person) []*person {
	if w.dry == nil {
		return nil
	}
	var keys []uint64
	for i := range people {
		if p := people[i]; p.row != nil && len(p.row.again) > 0 { // its own copy: the batch need not stay
			keys = append(keys, p.row.again...)
			w.fresh.persons = append(w.fresh.persons, &p)
		}
	}
	return w.dry.persons.before(keys)
}

// goodsBeforeTx saves what a dry run needs again of the batches before.
func (w *writer) goodsBeforeTx(ctx context.Context, tx *db.Tx, list []goods) error {
	if w.dry == nil {
		return nil
	}
	var keys []uint64
	for i := range list {
		if g := list[i]; len(g.again) > 0 {
			keys = append(keys, g.again...)
			w.fresh.goods = append(w.fresh.goods, &g)
		}
	}
	before := w.dry.goods.before(keys)
	if len(before) == 0 {
		return nil
	}
	var paths [][]catalog.CategoryInput
	inputs := make([]catalog.ProductInput, len(before))
	for i, g := range before {
		inputs[i] = g.input
		paths = append(paths, g.categories)
	}
	_, err := w.productsTx(ctx, tx, inputs, paths)
	return err
}

// isNew reports whether a person on receipts counts as new: nobody of the batches
// before is who is meant. Before an import that is a guess where several have a phone
// or a card, and some of them no id or no name.
func (w *writer) isNew(p *person, res customer.Result) bool {
	if w.dry == nil {
		return res.Created
	}
	claimed, id := false, false
	claim := func(key uint64) (before bool) {
		w.fresh.claimed = append(w.fresh.claimed, key)
		return w.dry.claimed[key]
	}
	list, name := p.checked.Identifiers(), p.checked.FullName()
	for _, i := range list { // the id comes first
		before := claim(hash(string(i.Kind) + "\x00" + i.Value))
		switch {
		case i.Kind == customer.Email:
			before = before && len(list) == 1 // it is a hint where there is nothing else
		case i.Kind != customer.External && id:
			// Somebody with another id may have the card, or the phone.
			key := "id\x00" + string(i.Kind) + i.Value
			other, named, same := claim(hash(key)), w.dry.claimed[hash(key+"\x00")], w.dry.claimed[hash(key+"\x00"+name)]
			switch {
			case !other && !slices.Contains(res.Taken, i):
				if name != "" {
					claim(hash(key + "\x00"))
					claim(hash(key + "\x00" + name))
				}
			case i.Kind == customer.Phone:
				before = before && name != "" && same
			default:
				before = before && (name == "" || !named || same)
			}
		}
		id = id || i.Kind == customer.External
		claimed = claimed || before
	}
	return res.Created && !claimed
}

// made counts the products of lines that the batches before would have made.
func (w *writer) made(inputs []catalog.ProductInput, barcodes bool) (n int64) {
	if w.dry == nil {
		return 0
	}
	for i := range inputs {
		sku := hash("sku\x00" + inputs[i].SKU)
		if w.dry.claimed[sku] || barcodes && w.dry.claimed[hash("barcode\x00"+inputs[i].SKU)] {
			n++
		}
		w.fresh.claimed = append(w.fresh.claimed, sku)
		for _, barcode := range inputs[i].AddBarcodes {
			w.fresh.claimed = append(w.fresh.claimed, hash("barcode\x00"+barcode))
		}
	}
	return n
}
