package importer

import (
	"context"
	"maps"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/stock"
)

// rehearsal is what a dry run remembers of the batches that it took back, so
// that those behind come to what they would come to in an import.
//
// Rows of customers and products that share something with other rows of the
// file are kept, and written again before those others, and so are customers on
// receipts. Of products on receipts it is enough to know by what they are known.
type rehearsal struct {
	claimed map[uint64]bool // hashes of codes, and of customers on receipts, that would be in
	persons kept[*person]
	goods   kept[*goods]
	cards   map[string]giftcard.Balance   // by the hash of the number
	stock   map[stock.Key]money.Quantity  // what rows said last
	opened  map[customer.ID]ledger.Opened // of those who were there before, whatever row calls them
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

// maxMet bounds how many customers on receipts are kept. Beyond them a person whom
// receipts call by a card here and by a phone there is counted twice.
const maxMet = 100_000

// rehearsed keeps what the batch would have brought.
func (w *writer) rehearsed() {
	for _, key := range w.fresh.claimed {
		w.dry.claimed[key] = true
	}
	maps.Copy(w.counted, w.fresh.counted)
	maps.Copy(w.dry.opened, w.fresh.opened)
	maps.Copy(w.dry.cards, w.fresh.cards)
	maps.Copy(w.dry.stock, w.fresh.stock)
	for _, p := range w.fresh.persons {
		w.dry.persons.add(p, p.again())
	}
	for _, g := range w.fresh.goods {
		w.dry.goods.add(g, g.again)
	}
}

// again are the keys by which a person may come again.
func (p *person) again() (keys []uint64) {
	if p.row != nil {
		return p.row.again
	}
	for _, i := range p.checked.Identifiers() {
		keys = append(keys, hash(string(i.Kind)+"\x00"+i.Value))
	}
	return keys
}

// peopleBefore are those of the batches before that a dry run needs again.
func (w *writer) peopleBefore(people []person) []*person {
	if w.dry == nil {
		return nil
	}
	var keys []uint64
	for i := range people {
		p := people[i] // its own copy: the batch need not stay
		again := p.again()
		keys = append(keys, again...)
		if p.row == nil {
			w.fresh.claimed = append(w.fresh.claimed, p.key[0])
		}
		if len(again) == 0 || p.row == nil && (w.dry.met(p.key) || len(w.dry.persons.rows) >= maxMet) {
			continue
		}
		w.fresh.persons = append(w.fresh.persons, &p)
	}
	return w.dry.persons.before(keys)
}

// met reports whether a customer on a receipt was there in the batches before; nil: it
// is no dry run, which has them.
func (d *rehearsal) met(key whoKey) bool { return d != nil && d.claimed[key[0]] }

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
