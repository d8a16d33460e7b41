package verify

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
)

// catalog checks what is derived from categories and products.
func (a *audit) catalog() {
	a.categories()
	a.goods()
	a.images()
}

// images compares what is kept of images with its hash, and its kind.
func (a *audit) images() {
	type picture struct {
		product          int64
		hash, kind, data string
	}
	each(&pages[picture]{
		a: a, table: "product_images", after: []any{first}, key: func(p *picture) []any { return []any{p.product} }, size: 64,
		text: `SELECT product_id, hash, type, data FROM product_images WHERE product_id > $1 ORDER BY product_id LIMIT $2`,
		scan: func(r *db.Rows, p *picture) error { return r.Scan(&p.product, &p.hash, &p.kind, &p.data) },
	}, func(p *picture) {
		data, err := base64.StdEncoding.DecodeString(p.data)
		sum := sha256.Sum256(data)
		row := "product_id=" + a.show("", p.product)
		if err != nil || hex.EncodeToString(sum[:]) != p.hash {
			a.found(Finding{Product, "product_images", row, "data", "what its hash is of", "something else", ""})
		}
		kind := "image/jpeg"
		if strings.HasPrefix(string(data), "\x89PNG") {
			kind = "image/png"
		}
		if kind != p.kind {
			a.found(Finding{Product, "product_images", row, "type", kind, p.kind, ""})
		}
	})
}

// categories walks up from every category.
func (a *audit) categories() {
	type category struct {
		id, parent int64
		code, path string
	}
	all := map[int64]category{}
	a.scan("categories", func(r *db.Rows) error {
		var c category
		err := r.Scan(&c.id, &c.parent, &c.code, &c.path)
		all[c.id] = c
		return err
	}, `SELECT id, COALESCE(parent_id, 0), code, path FROM categories`)
	list := slices.Sorted(maps.Keys(all))
	a.goodsTold = map[string]*roll{"categories": newRoll(list)}
	for _, id := range list {
		c := all[id]
		var path []string
		for up, ok := c, true; ok && len(path) <= len(all); up, ok = all[up.parent] {
			path = append(path, up.code)
		}
		if want := strings.Join(path, "\n"); len(path) > len(all) {
			a.off(Category, at("categories", c.id), "parent_id", "a category that does not lie in this one", a.show("", c.parent), "")
		} else if want != c.path {
			a.off(Category, at("categories", c.id), "path", strings.Join(path, " < "), strings.ReplaceAll(c.path, "\n", " < "), "")
		}
	}
}

// goods compares products, their barcodes and the keys that they are found by.
func (a *audit) goods() {
	type product struct {
		id, category, price, cost, created, noted int64
		promo, active                             bool
		sku, name, key, brand, kind               string
		model, modelKey, options                  string
	}
	type barcode struct {
		product int64
		code    string
	}
	type word struct {
		product int64
		word    string
	}
	products := &pages[product]{
		a: a, table: "products", after: []any{first}, key: func(p *product) []any { return []any{p.id} },
		text: `SELECT id, COALESCE(category_id, 0), price, COALESCE(cost, -1), created_at, checksum, promo, active, sku, name, name_key, brand, kind, model, model_key, options
		         FROM products WHERE id > $1 ORDER BY id LIMIT $2`,
		scan: func(r *db.Rows, p *product) error {
			return r.Scan(&p.id, &p.category, &p.price, &p.cost, &p.created, &p.noted, &p.promo, &p.active, &p.sku, &p.name, &p.key, &p.brand, &p.kind, &p.model, &p.modelKey, &p.options)
		},
	}
	barcodes := &pages[barcode]{
		a: a, table: "barcodes", after: []any{first, ""}, key: func(b *barcode) []any { return []any{b.product, b.code} },
		text: `SELECT product_id, code FROM barcodes WHERE (product_id, code) > ($1, $2) ORDER BY product_id, code LIMIT $3`,
		scan: func(r *db.Rows, b *barcode) error { return r.Scan(&b.product, &b.code) },
	}
	words := &pages[word]{
		a: a, table: "product_words", after: []any{first, ""}, key: func(w *word) []any { return []any{w.product, w.word} },
		text: `SELECT product_id, word FROM product_words WHERE (product_id, word) > ($1, $2) ORDER BY product_id, word LIMIT $3`,
		scan: func(r *db.Rows, w *word) error { return r.Scan(&w.product, &w.word) },
	}
	var (
		own   []word
		codes []barcode
	)
	each(products, func(p *product) {
		a.products = append(a.products, p.id)
		a.folded(at("products", p.id), "name_key", p.name, p.key)
		a.folded(at("products", p.id), "model_key", p.model, p.modelKey)
		collect(words, nil, func(w *word) bool { return w.product < p.id }) // references names these
		own = collect(words, own, func(w *word) bool { return w.product == p.id })
		collect(barcodes, nil, func(b *barcode) bool { return b.product < p.id })
		codes = collect(barcodes, codes, func(b *barcode) bool { return b.product == p.id })
		a.sum.numbers(p.id, p.category, p.price, p.cost, bit(p.promo), bit(p.active), p.created)
		a.sum.texts(p.sku, p.name, p.brand, p.kind)
		slices.SortFunc(codes, func(x, y barcode) int { return strings.Compare(x.code, y.code) }) // by bytes, as it was noted
		for i := range codes {
			a.sum.texts(codes[i].code)
		}
		if p.model != "" || p.options != "" {
			a.sum.texts(p.model, p.options)
		}
		if a.sum.sum() != p.noted {
			a.off(Product, at("products", p.id), "checksum", "the one of what was saved", "another", "the product or one of its barcodes was changed by something else")
		}
		named, chosen := fold.Words(p.sku+" "+p.name+" "+p.brand), fold.Words(variant(p.options))
		want := slices.Concat(named[:min(len(named), searched)], chosen[:min(len(chosen), searched)])
		want = slices.Compact(slices.Sorted(slices.Values(want)))
		has := make([]string, len(own))
		for i := range own {
			has[i] = own[i].word
		}
		if !slices.Equal(want, has) {
			a.found(Finding{SearchKey, "product_words", "product_id=" + a.show("", p.id), "word", strings.Join(want, " "), strings.Join(has, " "), "the words of SKU, options, name and brand"})
		}
	})
}

// variant are the values of a product's options; those that cannot be read the checksum
// has told of.
func variant(options string) string {
	var list []struct{ Value string }
	if json.Unmarshal([]byte(options), &list) != nil {
		return ""
	}
	var values []string
	for _, o := range list {
		values = append(values, o.Value)
	}
	return strings.Join(values, " ")
}

// searched is how many words of a product can be searched, and of its options.
const searched = 16

// folded checks a key that is compared byte by byte.
func (a *audit) folded(where row, column, text, key string) {
	if want := fold.Key(text); want != key {
		a.off(SearchKey, where, column, want, key, "folded from "+text)
	}
}
