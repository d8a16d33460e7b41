// Package stock knows how much of what is in which store, and says when it runs
// low.
//
// A quantity is never only written: every change is a move, numbered within its
// row without a gap, that says what it added and what there was then. So what is
// there is the last count and the moves since, and verify adds them up. A row
// begins with a count or a delivery; of what nobody has counted nothing is known
// and nothing is told.
//
// Sales move stock, where the installation wants it, from the log of events and
// not in the receipt's transaction (package receipt): tills never wait for the
// rows of popular goods, and pay nothing where an ERP keeps the stock. What a
// product is, catalog knows.
package stock

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/receipt"
)

// Failures that callers tell apart.
var (
	ErrNotCounted = errs.New(errs.Conflict, "stock_not_counted", "Nothing is known yet of this product in this store: send its quantity first.")
	ErrRange      = errs.New(errs.Invalid, "stock_range", "The quantity is larger than can be counted.")
)

// Events of this package; body: {"items": [{"store", "product", "quantity"}]}.
const (
	EventLow  = "stock.low"  // has come to its threshold
	EventOver = "stock.over" // is over it again
	// EventAside is that sales were not taken: there would be more than can be counted,
	// or less.
	EventAside = "stock.aside"
)

// Cause is why a quantity changed.
type Cause string

// The causes.
const (
	Count      Cause = "count"
	Delivery   Cause = "delivery"
	Sale       Cause = "sale"
	Return     Cause = "return"
	Transfer   Cause = "transfer"
	Correction Cause = "correction"
	Import     Cause = "import"
)

// Causes lists those that people and programs give; sales and returns come from
// receipts.
var Causes = []Cause{Count, Delivery, Transfer, Correction}

// MaxRef is how long a move's reference may be, in characters.
const MaxRef = 100

// Key is a product in a store.
type Key struct {
	Store   catalog.StoreID
	Product catalog.ProductID
}

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Store, o.Store), cmp.Compare(k.Product, o.Product))
}

// Level is what there is of a product in a store.
type Level struct {
	Key
	Quantity  money.Quantity
	Threshold *money.Quantity // of this store; nil: the product's
	Default   *money.Quantity // the product's; nil: none
	Low       bool            // at the threshold or below
	CountedAt time.Time       // zero: never, it was only moved so far
	MovedAt   time.Time
	Version   int64          // how often it was moved
	Pace      money.Quantity // sold in thirty days, by last night
}

// limit is the threshold that holds; nil: none.
func (l *Level) limit() *money.Quantity {
	if l.Threshold != nil {
		return l.Threshold
	}
	return l.Default
}

// Limit is the threshold that holds, and whether there is one.
func (l Level) Limit() (money.Quantity, bool) {
	if t := l.limit(); t != nil {
		return *t, true
	}
	return 0, false
}

// Days is for how many days the quantity lasts at the pace of the last thirty;
// ok: sales are known.
func (l Level) Days() (n int, ok bool) {
	if l.Pace <= 0 {
		return 0, false
	}
	return int(max(l.Quantity, 0) * paceDays / l.Pace), true
}

// paceDays are those that a pace is of.
const paceDays = 30

// Change is what is to become of a product in a store.
type Change struct {
	Key
	Set   *money.Quantity // what was counted; nil: Add is added
	Add   money.Quantity
	Cause Cause
	Ref   string
	// Threshold of the store becomes this; NoThreshold: the product's holds.
	Threshold   *money.Quantity
	NoThreshold bool
	// known says that rows which do not exist are passed over, not begun.
	known bool
}

// Service keeps stock.
type Service struct {
	db       *db.DB
	mint     *id.Minter
	now      func() time.Time
	catalog  *catalog.Service
	receipts *receipt.Service
	log      *event.Log
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time, goods *catalog.Service, receipts *receipt.Service) *Service {
	return &Service{d, mint, now, goods, receipts, event.New(d)}
}

const (
	levelColumns = `s.store_id, s.product_id, s.quantity, s.threshold, t.threshold, s.low, s.counted_at, s.moved_at, s.version, s.pace`
	fromStock    = ` FROM stock s LEFT JOIN stock_thresholds t ON t.product_id = s.product_id `
)

func scanLevel(r db.Scanner, more ...any) (l Level, err error) {
	err = r.Scan(append([]any{&l.Store, &l.Product, &l.Quantity, &l.Threshold, &l.Default, &l.Low,
		db.Time{Dst: &l.CountedAt}, db.Time{Dst: &l.MovedAt}, &l.Version, &l.Pace}, more...)...)
	return l, err
}

// Applied is what became of a change.
type Applied struct {
	Level       // after it
	Moved bool  // something is otherwise than before
	Err   error // why it was refused; nil: it was not
}

// ApplyTx makes the changes, each after those before it. The rows are locked by store
// and product. A change that is wrong is refused, the others are made.
func (s *Service) ApplyTx(ctx context.Context, tx *db.Tx, list []Change) (after []Applied, err error) {
	defer errs.Wrap(&err, "change stock")
	w, err := s.begin(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	after = make([]Applied, len(list))
	for i, c := range list {
		after[i] = w.apply(c)
	}
	return after, w.write(ctx, tx)
}

// work is what a transaction makes of some rows.
type work struct {
	s       *Service
	at      time.Time
	was, is map[Key]*Level
	moves   [][]any
	aside   []item
}

// begin makes the rows of the changes that are not there, and reads all, locked. The
// thresholds are read once the rows are locked: whoever changes one waits for the rows
// that there are, and holds up those that are made (SetDefaultTx).
func (s *Service) begin(ctx context.Context, tx *db.Tx, list []Change) (*work, error) {
	w := &work{s: s, was: map[Key]*Level{}, is: map[Key]*Level{}}
	var keys, begun []Key
	for _, c := range list {
		keys = append(keys, c.Key)
		if !c.known {
			begun = append(begun, c.Key)
		}
	}
	if err := w.make(ctx, tx, begun); err != nil {
		return nil, err
	}
	var lock, read db.Batch
	for store, products := range byStore(keys) {
		const these = `WHERE s.store_id = $1 AND s.product_id IN ($2...) ORDER BY s.product_id`
		lock.Query(nothing, `SELECT s.product_id FROM stock s `+these+` FOR UPDATE`, int64(store), products)
		read.Query(w.read, `SELECT `+levelColumns+fromStock+these, int64(store), products)
	}
	if s.db.Postgres() {
		if err := tx.Run(ctx, &lock); err != nil {
			return nil, err
		}
	}
	// Only now: whoever follows the list goes by it, and waiting for rows may take long.
	w.at = s.now().UTC().Truncate(time.Microsecond)
	return w, tx.Run(ctx, &read)
}

func nothing(*db.Rows) error { return nil }

// byStore goes over keys store by store, in the order in which rows are locked.
func byStore(keys []Key) iter.Seq2[catalog.StoreID, db.Int64s] {
	return func(yield func(catalog.StoreID, db.Int64s) bool) {
		keys := slices.Compact(slices.SortedFunc(slices.Values(keys), Key.compare))
		for len(keys) > 0 {
			store := keys[0].Store
			var products db.Int64s
			for ; len(keys) > 0 && keys[0].Store == store; keys = keys[1:] {
				products = append(products, int64(keys[0].Product))
			}
			if !yield(store, products) {
				return
			}
		}
	}
}

// make makes those rows that are not there, before any is locked. Where another
// transaction makes one at the same time, its is taken.
func (w *work) make(ctx context.Context, tx *db.Tx, keys []Key) error {
	there := map[Key]bool{}
	var look, b db.Batch
	for store, products := range byStore(keys) {
		look.Query(func(r *db.Rows) error {
			k := Key{Store: store}
			err := r.Scan(&k.Product)
			there[k] = true
			return err
		}, `SELECT product_id FROM stock WHERE store_id = $1 AND product_id IN ($2...)`, int64(store), products)
	}
	if err := tx.Run(ctx, &look); err != nil {
		return err
	}
	for store, products := range byStore(keys) {
		for _, p := range products {
			if there[Key{store, catalog.ProductID(p)}] {
				continue
			}
			b.Exec(`INSERT INTO stock (store_id, product_id, quantity, moved_at, version) VALUES ($1, $2, 0, $3, 0) ON CONFLICT (store_id, product_id) DO NOTHING`,
				int64(store), p, w.at.UnixMicro())
		}
	}
	return tx.Run(ctx, &b)
}

func (w *work) read(r *db.Rows) error {
	l, err := scanLevel(r)
	if was := l.MovedAt; was.After(w.at) { // by another, while we waited, or by another's clock
		w.at = was
	}
	was := l
	w.was[l.Key], w.is[l.Key] = &was, &l
	return err
}

// apply makes one change in memory.
func (w *work) apply(c Change) Applied {
	l := w.is[c.Key]
	if l == nil { // only what is known moves
		return Applied{Level: Level{Key: c.Key}}
	}
	was := *l
	add := c.Add
	if c.Set != nil {
		add = *c.Set - l.Quantity
	}
	to := l.Quantity + add
	switch {
	case to < -money.MaxQuantity || to > money.MaxQuantity || add < -2*money.MaxQuantity || add > 2*money.MaxQuantity:
		return Applied{was, false, ErrRange.At("/quantity")}
	case wrongThreshold(c.Threshold) != nil:
		return Applied{was, false, wrongThreshold(c.Threshold)}
	case l.Version == 0 && c.Set == nil && c.Add == 0:
		return Applied{was, false, ErrNotCounted}
	case c.Set != nil:
		l.CountedAt = w.at
	}
	if c.Threshold != nil {
		l.Threshold = c.Threshold
	} else if c.NoThreshold {
		l.Threshold = nil
	}
	// A count that finds what was expected is no move, unless it is the first.
	if add != 0 || l.Version == 0 {
		l.Version++
		l.Quantity, l.MovedAt = to, w.at
		w.moves = append(w.moves, []any{int64(l.Store), int64(l.Product), l.Version, string(c.Cause), int64(add), int64(to), c.Set != nil, c.Ref, w.at.UnixMicro()})
	}
	limit := l.limit()
	l.Low = limit != nil && l.Quantity <= *limit
	return Applied{*l, l.Version != was.Version || !same(l.Threshold, was.Threshold), nil}
}

var moveTable = db.NewTable("stock_moves", "store_id", "product_id", "version", "cause", "quantity", "resulting", "counted", "ref", "at")

// write writes the rows, the moves, and what crossed a threshold.
func (w *work) write(ctx context.Context, tx *db.Tx) error {
	var (
		b    db.Batch
		told = map[string][]item{EventAside: w.aside}
		keys = make([]Key, 0, len(w.is))
	)
	for k, l := range w.is {
		switch {
		case l.Version == 0: // made for a change that was refused
			b.Exec(`DELETE FROM stock WHERE store_id = $1 AND product_id = $2 AND version = 0`, int64(k.Store), int64(k.Product))
		case !l.equal(w.was[k]):
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, Key.compare)
	for _, k := range keys {
		is, was := w.is[k], w.was[k]
		b.Guard(`UPDATE stock SET quantity = $3, threshold = $4, low = $5, counted_at = $6, moved_at = $7, version = $8
		          WHERE store_id = $1 AND product_id = $2 AND version = $9`,
			int64(k.Store), int64(k.Product), int64(is.Quantity), (*int64)(is.Threshold), is.Low, db.Micros(is.CountedAt), is.MovedAt.UnixMicro(), is.Version, was.Version)
		switch {
		case is.Low && !was.Low:
			version := is.Version
			if is.Version == was.Version {
				version = 0
			}
			b.Exec(`INSERT INTO stock_notices (id, store_id, product_id, version, quantity, at) VALUES ($1, $2, $3, $4, $5, $6)`,
				w.s.mint.Next(), int64(k.Store), int64(k.Product), version, int64(is.Quantity), w.at.UnixMicro())
			told[EventLow] = append(told[EventLow], item{k.Store, k.Product, is.Quantity.String()})
		case was.Low && !is.Low:
			b.Guard(`UPDATE stock_notices SET over_at = $3 WHERE store_id = $1 AND product_id = $2 AND over_at IS NULL`, int64(k.Store), int64(k.Product), w.at.UnixMicro())
			told[EventOver] = append(told[EventOver], item{k.Store, k.Product, is.Quantity.String()})
		}
	}
	b.Insert(moveTable, w.moves)
	for _, kind := range []string{EventLow, EventOver, EventAside} {
		if items := told[kind]; len(items) > 0 {
			event.Append(&b, event.Event{At: w.at, Kind: kind, Body: event.Body(map[string][]item{"items": items})})
		}
	}
	return tx.Run(ctx, &b)
}

// item is one product of an event.
type item struct {
	Store    catalog.StoreID   `json:"store"`
	Product  catalog.ProductID `json:"product"`
	Quantity string            `json:"quantity"`
}

func (l *Level) equal(o *Level) bool {
	return same(l.Threshold, o.Threshold) && l.Version == o.Version && l.Low == o.Low && l.CountedAt.Equal(o.CountedAt)
}

func same(a, b *money.Quantity) bool { return a == b || a != nil && b != nil && *a == *b }

// wrongThreshold says what is wrong with a threshold.
func wrongThreshold(q *money.Quantity) error {
	switch {
	case q != nil && *q < 0:
		return ErrRange.Textf("The threshold must be 0 or more.").With("min", money.Quantity(0)).At("/threshold")
	case q != nil && *q > money.MaxQuantity:
		return ErrRange.At("/threshold")
	}
	return nil
}

// SetDefaultTx sets the threshold of a product in the stores that have none of
// their own; nil: none.
func (s *Service) SetDefaultTx(ctx context.Context, tx *db.Tx, product catalog.ProductID, threshold *money.Quantity) (err error) {
	defer errs.Wrap(&err, "set threshold of product %d", product)
	if err := wrongThreshold(threshold); err != nil {
		return err
	}
	// A row that is being made when we begin is there once the product is held, and none
	// is made until we end.
	if err := s.catalog.LockProductTx(ctx, tx, product); err != nil {
		return err
	}
	w := &work{s: s, was: map[Key]*Level{}, is: map[Key]*Level{}}
	var b db.Batch
	b.Query(w.read, `SELECT `+levelColumns+fromStock+`WHERE s.product_id = $1 ORDER BY s.store_id
		FOR UPDATE OF s -- postgres`, int64(product))
	if threshold == nil {
		b.Exec(`DELETE FROM stock_thresholds WHERE product_id = $1`, int64(product))
	} else {
		b.Exec(`INSERT INTO stock_thresholds (product_id, threshold) VALUES ($1, $2) ON CONFLICT (product_id) DO UPDATE SET threshold = excluded.threshold`, int64(product), int64(*threshold))
	}
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	for _, l := range w.is {
		l.Default = threshold
		limit := l.limit()
		l.Low = limit != nil && l.Quantity <= *limit
	}
	return w.write(ctx, tx)
}
