package receipt

import (
	"cmp"
	"context"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

// MatchCursor is how far MatchReturnsTx has come. It goes through a source's
// returns twice: what is left of a sale belongs first to those that name it.
type MatchCursor struct {
	Guess    bool  `json:"guess,omitempty"` // the second time
	SoldAt   int64 `json:"sold_at"`
	Receipt  ID    `json:"receipt"`
	Position int   `json:"position"`
}

// Match is an imported return's line and the sale that was found for it.
type Match struct {
	Return   ID
	Number   string
	Position int
	Total    money.Amount
	Sale     ID   // 0: none fits
	Named    bool // the return names the sale
}

// open is a line of a return that has no sale yet.
type open struct {
	Match
	sold
	store    catalog.StoreID
	soldAt   int64
	quantity money.Quantity
	sale     Sold
}

// sold is what a line of a return and that of its sale have in common; zero
// where it is not known.
type sold struct {
	customer customer.ID
	product  catalog.ProductID
	price    money.Price
}

// part is a line of a sale of which something is left.
type part struct {
	sold
	store    catalog.StoreID
	soldAt   int64
	receipt  ID
	position int
	left     money.Quantity
}

// latestFirst orders the lines of sales as they are tried.
func latestFirst(a, b *part) int {
	return cmp.Or(cmp.Compare(b.soldAt, a.soldAt), cmp.Compare(b.receipt, a.receipt), cmp.Compare(a.position, b.position))
}

// MatchReturnsTx goes through the lines of a source's returns that have no
// sale yet, up to limit after a cursor, in order of time. A return that names
// its sale is given that one: for each line an earlier line of the same
// customer, product and price that has the quantity left. Every other line
// whose customer and product are known gets the latest earlier one that fits,
// of whatever sale. Those of the same store go before the others. The answer
// leaves out those for which another one comes later; at the end next is nil.
func (s *Service) MatchReturnsTx(ctx context.Context, tx *db.Tx, source int64, after MatchCursor, limit int) (matches []Match, next *MatchCursor, err error) {
	defer errs.Wrap(&err, "match returns")
	todo, err := openTx(ctx, tx, source, after, limit)
	if err != nil {
		return nil, nil, err
	}
	var found map[*open]*part
	if after.Guess {
		found, err = guessTx(ctx, tx, todo)
	} else {
		found, err = namedTx(ctx, tx, source, todo)
	}
	if err != nil {
		return nil, nil, err
	}
	var (
		b       db.Batch
		matched []ID
	)
	for i := range todo {
		o := &todo[i]
		if p := found[o]; p != nil {
			o.Sale, o.Named = p.receipt, !after.Guess
			matched = append(matched, o.Return)
			b.Guard(`UPDATE receipt_lines SET returned = returned + $3 WHERE receipt_id = $1 AND position = $2 AND returned + $3 <= quantity`,
				int64(p.receipt), p.position, int64(o.quantity))
			b.Guard(`UPDATE receipt_lines SET original_id = $3, original = $4 WHERE receipt_id = $1 AND position = $2 AND original_id IS NULL`,
				int64(o.Return), o.Position, int64(p.receipt), p.position)
		}
		if o.Sale != 0 || after.Guess {
			matches = append(matches, o.Match)
		}
	}
	if len(matched) > 0 { // the lines of a return stand together
		event.Append(&b, event.Event{At: s.now(), Kind: EventMatched, Ref: source, Body: event.Body(map[string][]ID{"returns": slices.Compact(matched)})})
	}
	if err := tx.Run(ctx, &b); err != nil {
		return nil, nil, err
	}
	switch {
	case len(todo) == limit:
		end := todo[len(todo)-1]
		next = &MatchCursor{after.Guess, end.soldAt, end.Return, end.Position}
	case !after.Guess:
		next = &MatchCursor{Guess: true}
	}
	return matches, next, nil
}

// openTx reads a page of lines that have no sale: those of returns that name
// one, or, when the rest is guessed, all for which one can be found or is
// missed.
func openTx(ctx context.Context, tx *db.Tx, source int64, after MatchCursor, limit int) (todo []open, err error) {
	const names = `r.details LIKE '%"sale":{%'` // in JSON nothing else reads so: the quotes of a note are escaped
	const read = `
		SELECT r.id, r.number, l.position, l.total, COALESCE(r.customer_id, 0), COALESCE(l.product_id, 0), l.price, l.quantity, r.store_id, r.sold_at, r.details
		  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.source_id = $1 AND r.kind = 'return' AND l.original_id IS NULL
		   AND (r.sold_at, r.id) >= ($2, $3) AND (r.sold_at, r.id, l.position) > ($2, $3, $4)
		   AND (` + names + ` OR $6 AND r.customer_id IS NOT NULL AND l.product_id IS NOT NULL)
		 ORDER BY r.sold_at, r.id, l.position
		 LIMIT $5`
	rows, err := tx.Query(ctx, read, source, after.SoldAt, int64(after.Receipt), after.Position, limit, after.Guess)
	return todo, db.Scan(rows, err, func(r *db.Rows) error {
		var o open
		var details string
		if err := r.Scan(&o.Return, &o.Number, &o.Position, &o.Total, &o.customer, &o.product, &o.price, &o.quantity, &o.store, &o.soldAt, &details); err != nil {
			return err
		}
		d, err := readDetails(details)
		o.sale = d.Sale
		todo = append(todo, o)
		return err
	})
}

const partColumns = `r.id, l.position, COALESCE(r.customer_id, 0), COALESCE(l.product_id, 0), l.price, l.quantity - l.returned, r.store_id, r.sold_at`

func (p *part) scan(r *db.Rows) error {
	return r.Scan(&p.receipt, &p.position, &p.customer, &p.product, &p.price, &p.left, &p.store, &p.soldAt)
}

// namedTx finds lines in the sales that the returns name: those of the number,
// by whichever Name. Names go on behind the number, and so stand behind it, with
// little between, in the index.
func namedTx(ctx context.Context, tx *db.Tx, source int64, todo []open) (map[*open]*part, error) {
	const find = `
		SELECT ` + partColumns + `
		  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.number >= $1 AND r.number <= $4 AND (r.number = $1 OR r.number >= $3)
		   AND r.source_id = $2 AND r.kind = 'sale' AND l.quantity > l.returned`
	return findTx(ctx, tx, todo, func(o *open) (Sold, bool) { return o.sale, true }, func(o *open) (string, []any) {
		return find, []any{o.sale.Number, source, o.sale.Begin, max(o.sale.Number, o.sale.Begin+"\U0010FFFF")} // one that was cut may stand before
	})
}

// guessTx finds lines in all that the customers have bought by other imported
// receipts: what a till has sold it takes back itself, with the points.
func guessTx(ctx context.Context, tx *db.Tx, todo []open) (map[*open]*part, error) {
	const find = `
		SELECT ` + partColumns + `
		  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.customer_id = $1 AND r.kind = 'sale' AND r.sold_at <= $2 AND r.imported
		   AND l.product_id = $3 AND l.price = $4 AND l.quantity > l.returned`
	last := int64(0)
	for i := range todo {
		last = max(last, todo[i].soldAt)
	}
	known := func(o *open) (sold, bool) { return o.sold, o.customer != 0 && o.product != 0 }
	return findTx(ctx, tx, todo, known, func(o *open) (string, []any) {
		return find, []any{int64(o.customer), last, int64(o.product), int64(o.price)}
	})
}

// findTx reads for each key the lines of sales that may fit, all in one round
// trip, and gives them to the returns in order, which use them up.
func findTx[K comparable](ctx context.Context, tx *db.Tx, todo []open, key func(*open) (k K, ok bool), query func(*open) (text string, args []any)) (map[*open]*part, error) {
	parts := map[K][]*part{}
	var b db.Batch
	for i := range todo {
		k, ok := key(&todo[i])
		if _, asked := parts[k]; !ok || asked {
			continue
		}
		parts[k] = nil
		text, args := query(&todo[i])
		b.Query(func(r *db.Rows) error {
			p := &part{}
			err := p.scan(r)
			parts[k] = append(parts[k], p)
			return err
		}, text, args...)
	}
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	for _, list := range parts {
		slices.SortFunc(list, latestFirst)
	}
	found := map[*open]*part{}
	for i := range todo {
		o := &todo[i]
		k, _ := key(o)
		fits := func(p *part) bool { return p.sold == o.sold && p.soldAt <= o.soldAt && p.left >= o.quantity }
		at := slices.IndexFunc(parts[k], func(p *part) bool { return p.store == o.store && fits(p) })
		if at < 0 {
			at = slices.IndexFunc(parts[k], fits)
		}
		if at >= 0 {
			found[o] = parts[k][at]
			parts[k][at].left -= o.quantity
		}
	}
	return found, nil
}
