package catalog

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
)

// Failures that callers tell apart.
var (
	ErrProductNotFound = errs.New(errs.NotFound, "product_not_found", "There is no such product.")
	ErrSKUTaken        = errs.New(errs.Conflict, "sku_taken", "Another product has this SKU.")
	ErrBarcodeTaken    = errs.New(errs.Conflict, "barcode_taken", "Another product has this barcode.")
)

// Kind is what a product is to the rules.
type Kind string

// The kinds.
const (
	KindGoods    Kind = "goods"
	KindService  Kind = "service"
	KindGiftCard Kind = "giftcard" // sold, it is not revenue
)

// Valid reports whether there is such a kind.
func (k Kind) Valid() bool { return k == KindGoods || k == KindService || k == KindGiftCard }

// Product is what is sold.
type Product struct {
	ID         ProductID
	SKU        string
	Name       string
	Category   CategoryID // 0: none
	Categories []string   // codes from the category up to the root
	Brand      string
	Kind       Kind
	Price      money.Price
	Cost       *money.Price // of one unit; nil: unknown
	Promo      bool         // promotional goods
	Active     bool
	Model      string   // what it is a variant of, the same in all of them; empty: of nothing
	Options    []Option // what tells it from the other variants
	Barcodes   []string // filled by Product, Products and UpdateProductTx
	CreatedAt  time.Time
}

// ProductInput is what a file or a form says of a product: it creates the SKU
// or changes it. What is empty or nil stays as it is.
type ProductInput struct {
	SKU string
	ProductChange
	// AddBarcodes are added to those that the product has.
	AddBarcodes []string
}

// ProductChange changes what is not nil.
type ProductChange struct {
	SKU      *string
	Name     *string
	Category *string // code; empty: none; unknown: it is created
	Brand    *string
	Kind     *Kind
	Price    *money.Price
	Cost     *money.Price
	NoCost   bool // the cost becomes unknown
	Promo    *bool
	Active   *bool
	Model    *string
	Options  *[]Option // replaces all
	Barcodes *[]string // replaces all
}

// Seen is what a till or a file says of a product in passing.
type Seen struct {
	SKU   string
	Name  string
	Price money.Price
}

// MaxSKU is how long a SKU may be, in characters.
const MaxSKU = 100

// Limits on what is written: brand and barcode in characters.
const (
	maxBrand    = 100
	maxBarcode  = 64
	maxBarcodes = 100
	maxOption   = 60 // name or value
	MaxOptions  = 3
	maxWords    = 16 // of a product that can be searched, and as many of its options
)

const productColumns = `p.id, p.sku, p.name, COALESCE(p.category_id, 0), COALESCE(c.path, ''), p.brand, p.kind,
	p.price, p.cost, p.promo, p.active, p.model, p.options, p.created_at`

const fromProducts = ` FROM products p LEFT JOIN categories c ON c.id = p.category_id `

// scanProduct reads a product and what stands behind its columns.
func scanProduct(r db.Scanner, more ...any) (p Product, err error) {
	var path, options string
	err = r.Scan(append([]any{&p.ID, &p.SKU, &p.Name, &p.Category, &path, &p.Brand, &p.Kind,
		&p.Price, &p.Cost, &p.Promo, &p.Active, &p.Model, &options, db.Time{Dst: &p.CreatedAt}}, more...)...)
	p.Categories = splitPath(path)
	if err == nil {
		p.Options, err = readOptions(options)
	}
	return p, err
}

// queueBySKU adds to b the reading of products; those that exist are in into
// when b has run.
func (s *Service) queueBySKU(b *db.Batch, skus []string, into map[string]Product) {
	b.Query(func(r *db.Rows) error {
		p, err := scanProduct(r)
		into[p.SKU] = p
		return err
	}, `SELECT `+productColumns+fromProducts+`WHERE p.sku IN ($1...)`, db.Texts(skus))
}

// QueueByCode adds to b the reading of products by what a till calls them: SKU,
// or else a barcode; those that exist are in into when b has run.
func (s *Service) QueueByCode(b *db.Batch, codes []string, into map[string]Product) {
	b.Query(func(r *db.Rows) error {
		var code string
		p, err := scanProduct(r, &code)
		into[code] = p
		return err
	}, `SELECT `+productColumns+`, b.code `+fromProducts+`JOIN barcodes b ON b.product_id = p.id WHERE b.code IN ($1...)`, db.Texts(codes))
	s.queueBySKU(b, codes, into)
}

// ByCode finds products by what a till calls them, as QueueByCode; those that do
// not exist are not in the map.
func (s *Service) ByCode(ctx context.Context, codes []string) (found map[string]Product, err error) {
	defer errs.Wrap(&err, "find products by code")
	found = make(map[string]Product, len(codes))
	var b db.Batch
	s.QueueByCode(&b, codes, found)
	return found, s.db.Run(ctx, &b)
}

// BySKU finds products; those that do not exist are not in the map.
func (s *Service) BySKU(ctx context.Context, skus []string) (found map[string]Product, err error) {
	defer errs.Wrap(&err, "find products")
	found = make(map[string]Product, len(skus))
	var b db.Batch
	s.queueBySKU(&b, skus, found)
	return found, s.db.Run(ctx, &b)
}

// QueueProducts adds to b the reading of products by id; those that exist are
// in into when b has run.
func (s *Service) QueueProducts(b *db.Batch, ids []ProductID, into map[ProductID]Product) {
	b.Query(func(r *db.Rows) error {
		p, err := scanProduct(r)
		into[p.ID] = p
		return err
	}, `SELECT `+productColumns+fromProducts+`WHERE p.id IN ($1...)`, db.IDs(ids))
}

// ByID finds products; those that do not exist are not in the map.
func (s *Service) ByID(ctx context.Context, ids []ProductID) (found map[ProductID]Product, err error) {
	defer errs.Wrap(&err, "find products by id")
	found = make(map[ProductID]Product, len(ids))
	var b db.Batch
	s.QueueProducts(&b, ids, found)
	return found, s.db.Run(ctx, &b)
}

// BySKUTx is BySKU in a transaction of the caller.
func (s *Service) BySKUTx(ctx context.Context, tx *db.Tx, skus []string) (found map[string]Product, err error) {
	defer errs.Wrap(&err, "find products")
	found = make(map[string]Product, len(skus))
	var b db.Batch
	s.queueBySKU(&b, skus, found)
	return found, tx.Run(ctx, &b)
}

// ByBarcodeTx finds the products that have barcodes; those that nobody has are
// not in the map.
func (s *Service) ByBarcodeTx(ctx context.Context, tx *db.Tx, barcodes []string) (found map[string]Product, err error) {
	defer errs.Wrap(&err, "find products by barcode")
	found = make(map[string]Product, len(barcodes))
	owners := map[string]ProductID{}
	rows, err := tx.Query(ctx, `SELECT code, product_id FROM barcodes WHERE code IN ($1...)`, db.Texts(barcodes))
	if err := db.Scan(rows, err, func(r *db.Rows) error {
		var code string
		var owner ProductID
		err := r.Scan(&code, &owner)
		owners[code] = owner
		return err
	}); err != nil || len(owners) == 0 {
		return found, err
	}
	products := map[ProductID]Product{}
	var b db.Batch
	s.QueueProducts(&b, slices.Collect(maps.Values(owners)), products)
	err = tx.Run(ctx, &b)
	for code, owner := range owners {
		found[code] = products[owner]
	}
	return found, err
}

// Product finds a product with its barcodes.
func (s *Service) Product(ctx context.Context, id ProductID) (p Product, err error) {
	defer errs.Wrap(&err, "find product %d", id)
	return oneProduct(ctx, s.db.Run, id)
}

func oneProduct(ctx context.Context, run func(context.Context, *db.Batch) error, id ProductID) (p Product, err error) {
	var b db.Batch
	queueProduct(&b, id, &p)
	if err = run(ctx, &b); err == nil && p.ID == 0 {
		err = ErrProductNotFound
	}
	return p, err
}

func queueProduct(b *db.Batch, id ProductID, p *Product) {
	b.Query(func(r *db.Rows) (err error) {
		*p, err = scanProduct(r)
		return err
	}, `SELECT `+productColumns+fromProducts+`WHERE p.id = $1`, int64(id))
	b.Query(func(r *db.Rows) error {
		var code string
		err := r.Scan(&code)
		p.Barcodes = append(p.Barcodes, code)
		return err
	}, `SELECT code FROM barcodes WHERE product_id = $1 ORDER BY code`, int64(id))
}

// LockProductTx keeps rows that refer to a product by a foreign key (stock, barcodes,
// images) from being added until the end of the transaction, and waits for those that
// are being added; sales go on. Who takes other locks too takes this one first.
func (s *Service) LockProductTx(ctx context.Context, tx *db.Tx, id ProductID) (err error) {
	defer errs.Wrap(&err, "lock product %d", id)
	var there int64
	err = tx.QueryRow(ctx, `SELECT id FROM products WHERE id = $1
		FOR UPDATE -- postgres`, int64(id)).Scan(&there)
	if errors.Is(err, db.ErrNoRows) {
		return ErrProductNotFound
	}
	return err
}

// EnsureTx finds products and creates, from what was seen of them, those that
// do not exist. Two tills that bring a new product at once create one.
func (s *Service) EnsureTx(ctx context.Context, tx *db.Tx, seen []Seen) (found map[string]Product, err error) {
	defer errs.Wrap(&err, "find or create products")
	bySKU := make(map[string]Seen, len(seen))
	for _, p := range seen {
		if _, ok := bySKU[p.SKU]; !ok {
			bySKU[p.SKU] = p
		}
	}
	// In one order, so that two transactions do not wait for each other.
	skus := slices.Sorted(maps.Keys(bySKU))
	// What is a barcode of one product is no SKU of another.
	find := func() error {
		found = make(map[string]Product, len(skus))
		var b db.Batch
		s.QueueByCode(&b, skus, found)
		return tx.Run(ctx, &b)
	}
	if err := find(); err != nil {
		return nil, err
	}
	var rows []Product
	for _, sku := range skus {
		if _, ok := found[sku]; ok {
			continue
		}
		// An odd name must not refuse a sale.
		p, name, price := s.newProduct(sku), fold.Cut(bySKU[sku].Name, MaxName), bySKU[sku].Price
		if price < 0 || price > money.MaxPrice {
			price = 0
		}
		if err := p.change(ProductChange{Name: &name, Price: &price}); err != nil {
			return nil, err
		}
		rows = append(rows, p)
	}
	if len(rows) == 0 {
		return found, nil
	}
	inserted, err := s.insertTx(ctx, tx, rows, nil)
	if err != nil {
		return nil, err
	}
	var (
		b    db.Batch
		told []ProductID
	)
	for _, p := range rows {
		if inserted[p.SKU] {
			told = append(told, p.ID)
		}
	}
	tell(s, &b, EventProducts, told)
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	return found, find()
}

func (s *Service) newProduct(sku string) Product {
	return Product{
		ID: ProductID(s.mint.Next()), SKU: sku, Name: sku, Kind: KindGoods, Active: true,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}
}

// insertTx inserts products with their words, and returns the SKUs that it
// inserted; the others exist already.
func (s *Service) insertTx(ctx context.Context, tx *db.Tx, products []Product, barcodes map[ProductID][]string) (inserted map[string]bool, err error) {
	inserted = make(map[string]bool, len(products))
	var b db.Batch
	for _, p := range products {
		const insert = `
			INSERT INTO products (id, sku, name, name_key, category_id, brand, kind, price, cost, promo, active, created_at, checksum, model, model_key, options)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
			ON CONFLICT (sku) DO NOTHING
			RETURNING sku`
		b.Query(func(r *db.Rows) error {
			var sku string
			err := r.Scan(&sku)
			inserted[sku] = true
			return err
		}, insert, int64(p.ID), p.SKU, p.Name, fold.Key(p.Name), db.NullID(p.Category), p.Brand, string(p.Kind),
			int64(p.Price), (*int64)(p.Cost), p.Promo, p.Active, p.CreatedAt.UnixMicro(), p.checksum(barcodes[p.ID]),
			p.Model, fold.Key(p.Model), writeOptions(p.Options))
	}
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	var words [][]any
	for _, p := range products {
		if inserted[p.SKU] {
			words = append(words, p.words()...)
		}
	}
	return inserted, tx.Insert(ctx, wordTable, words)
}

var (
	wordTable    = db.NewTable("product_words", "word", "product_id")
	barcodeTable = db.NewTable("barcodes", "code", "product_id")
)

// checksum is of the product with its barcodes.
func (p *Product) checksum(barcodes []string) int64 {
	cost := int64(-1)
	if p.Cost != nil {
		cost = int64(*p.Cost)
	}
	numbers := []int64{int64(p.ID), int64(p.Category), int64(p.Price), cost, checksum.Bit(p.Promo), checksum.Bit(p.Active), p.CreatedAt.UnixMicro()}
	texts := append([]string{p.SKU, p.Name, p.Brand, string(p.Kind)}, slices.Sorted(slices.Values(barcodes))...)
	if p.Model != "" || len(p.Options) > 0 { // what has neither has the checksum it had before there were variants
		texts = append(texts, p.Model, writeOptions(p.Options))
	}
	return checksum.Of(numbers, texts...)
}

// words are the rows that the product is searched by.
func (p *Product) words() [][]any {
	var words []string
	for _, text := range []string{p.SKU + " " + p.Name + " " + p.Brand, p.Variant()} { // neither is to push the other out
		few := fold.Words(text)
		words = append(words, few[:min(len(few), maxWords)]...)
	}
	words = slices.Compact(slices.Sorted(slices.Values(words)))
	rows := make([][]any, len(words))
	for i, w := range words {
		rows[i] = []any{w, int64(p.ID)}
	}
	return rows
}

// change applies c, but for category and barcodes, and checks the outcome.
func (p *Product) change(c ProductChange) error {
	var wrong errs.List
	if c.SKU != nil {
		p.SKU = *c.SKU
	}
	if c.Name != nil && fold.Line(*c.Name) != "" {
		p.Name = fold.Line(*c.Name)
	}
	if c.Brand != nil {
		p.Brand = fold.Line(*c.Brand)
	}
	if c.Kind != nil {
		p.Kind = *c.Kind
	}
	if c.Price != nil {
		p.Price = *c.Price
	}
	if c.Cost != nil {
		p.Cost = c.Cost
	}
	if c.NoCost {
		p.Cost = nil
	}
	if c.Promo != nil {
		p.Promo = *c.Promo
	}
	if c.Active != nil {
		p.Active = *c.Active
	}
	if c.Model != nil {
		p.Model = fold.Line(*c.Model)
	}
	if c.Options != nil {
		p.Options = cleanOptions(&wrong, *c.Options)
	}
	wrong.Bound("/model", p.Model, MaxName)
	required(&wrong, "/sku", p.SKU, MaxSKU)
	if fold.Line(p.SKU) != p.SKU {
		wrong.Add("/sku", "bad_characters", "has spaces around it, several in a row, or characters that cannot be printed")
	}
	wrong.Bound("/name", p.Name, MaxName)
	wrong.Bound("/brand", p.Brand, maxBrand)
	if !p.Kind.Valid() {
		wrong.Add("/kind", "unknown_kind", "must be goods, service or giftcard")
	}
	inRange(&wrong, "/price", p.Price)
	if p.Cost != nil {
		inRange(&wrong, "/cost", *p.Cost)
	}
	return wrong.Err()
}

func inRange(l *errs.List, pointer string, p money.Price) {
	if p < 0 || p > money.MaxPrice {
		l.Add(pointer, "out_of_range", "must be 0 to %s", money.MaxPrice).With("min", 0).With("max", money.MaxPrice)
	}
}

func (p Product) equal(q Product) bool {
	return p.SKU == q.SKU && p.Name == q.Name && p.Category == q.Category && p.Brand == q.Brand && p.Kind == q.Kind &&
		p.Price == q.Price && equal(p.Cost, q.Cost) && p.Promo == q.Promo && p.Active == q.Active &&
		p.Model == q.Model && slices.Equal(p.Options, q.Options)
}

func equal(a, b *money.Price) bool { return a == b || a != nil && b != nil && *a == *b }
