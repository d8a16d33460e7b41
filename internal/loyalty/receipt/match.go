package receipt

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

// MatchCursor is how far MatchReturnsTx has come. It goes through a source's
// returns twice, where any are left: what is left of a sale belongs first to those
// that name it.
type MatchCursor struct {
	Guess   bool  `json:"guess,omitempty"` // the second time
	Whole   bool  `json:"whole,omitempty"` // the first time: so far the sales of all lines were found; a cursor of an earlier version does not say
	SoldAt  int64 `json:"sold_at"`
	Receipt ID    `json:"receipt"`
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
// sale yet, about limit of them after a cursor, in order of time. A return that names
// its sale is given that one: for each line an earlier line of the same
// customer, product and price that has the quantity left. Every other line
// whose customer and product are known gets the latest earlier one that fits,
// of whatever sale. Those of the same store go before the others. The answer
// leaves out those for which another one comes later; at the end next is nil.
func (s *Service) MatchReturnsTx(ctx context.Context, tx *db.Tx, source int64, after MatchCursor, limit int) (matches []Match, next *MatchCursor, err error) {
	defer errs.Wrap(&err, "match returns")
	if after == (MatchCursor{}) {
		// PostgreSQL does not know yet how much was imported, and would read all of it
		// rather than look anything up.
		if _, err := tx.Exec(ctx, `ANALYZE receipts, receipt_lines -- postgres`); err != nil {
			return nil, nil, err
		}
	}
	todo, next, err := openTx(ctx, tx, source, after, limit)
	if err != nil {
		return nil, nil, err
	}
	left := !after.Whole && after != (MatchCursor{})
	var found map[*open]*part
	if after.Guess {
		found, err = guessTx(ctx, tx, todo)
	} else {
		found, err = namedTx(ctx, tx, source, todo)
	}
	if err != nil {
		return nil, nil, err
	}
	for i := range todo {
		o := &todo[i]
		if p := found[o]; p != nil {
			o.Sale, o.Named = p.receipt, !after.Guess
		} else {
			left = true
		}
		if o.Sale != 0 || after.Guess {
			matches = append(matches, o.Match)
		}
	}
	if err := s.pairTx(ctx, tx, source, todo, found); err != nil {
		return nil, nil, err
	}
	switch {
	case after.Guess:
	case next != nil:
		next.Whole = !left
	default:
		if !left {
			if err := tx.QueryRow(ctx, unnamed, source).Scan(&left); err != nil {
				return nil, nil, err
			}
		}
		if left {
			next = &MatchCursor{Guess: true}
		}
	}
	return matches, next, nil
}

// naming is which receipts name a sale. In JSON nothing else reads so: the quotes of a
// note are escaped.
const naming = `details LIKE '%"sale":{%'`

// unnamed is whether a source has returns that name none. It counts one: of an EXISTS
// PostgreSQL leaves out the order, and then does not take the index.
const unnamed = `SELECT COUNT(*) > 0 FROM (SELECT 1 FROM receipts WHERE source_id = $1 AND kind = 'return' AND customer_id IS NOT NULL AND NOT ` + naming + ` ORDER BY sold_at, id LIMIT 1) r`

// pairTx writes down of which lines of sales the lines of returns are: all at once, for
// one by one PostgreSQL takes a fifth longer to match returns.
func (s *Service) pairTx(ctx context.Context, tx *db.Tx, source int64, todo []open, found map[*open]*part) error {
	type taken struct { // of a line of a sale, by all that come back in one page
		Sale     ID             `json:"s"`
		Position int            `json:"p"`
		Quantity money.Quantity `json:"q"`
	}
	type paired struct {
		Return       ID  `json:"r"`
		Position     int `json:"p"`
		Sale         ID  `json:"s"`
		SalePosition int `json:"o"`
	}
	var (
		pairs   []paired
		returns []ID // the lines of one stand together
		takes   []taken
	)
	quantities := map[*part]money.Quantity{}
	for i := range todo {
		o := &todo[i]
		if p := found[o]; p != nil {
			pairs = append(pairs, paired{o.Return, o.Position, p.receipt, p.position})
			returns = append(returns, o.Return)
			quantities[p] += o.quantity
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	for p, quantity := range quantities {
		takes = append(takes, taken{p.receipt, p.position, quantity})
	}
	// In order, so that two who change the same lines seldom wait for each other.
	slices.SortFunc(takes, func(a, b taken) int { return cmp.Or(cmp.Compare(a.Sale, b.Sale), cmp.Compare(a.Position, b.Position)) })
	const take = `
		UPDATE receipt_lines
		   SET returned = returned + t.q
		  FROM json_to_recordset($1) AS t (s BIGINT, p BIGINT, q BIGINT) -- postgres
		  FROM (SELECT value ->> 's' AS s, value ->> 'p' AS p, value ->> 'q' AS q FROM json_each($1)) AS t -- sqlite
		 WHERE receipt_id = t.s AND position = t.p AND returned + t.q <= quantity`
	const pair = `
		UPDATE receipt_lines
		   SET original_id = t.s, original = t.o
		  FROM json_to_recordset($1) AS t (r BIGINT, p BIGINT, s BIGINT, o BIGINT) -- postgres
		  FROM (SELECT value ->> 'r' AS r, value ->> 'p' AS p, value ->> 's' AS s, value ->> 'o' AS o FROM json_each($1)) AS t -- sqlite
		 WHERE receipt_id = t.r AND position = t.p AND original_id IS NULL`
	taking, err := json.Marshal(takes)
	if err != nil {
		return err
	}
	pairing, err := json.Marshal(pairs)
	if err != nil {
		return err
	}
	var b db.Batch
	b.GuardMany(len(takes), take, string(taking))
	b.GuardMany(len(pairs), pair, string(pairing))
	event.Append(&b, event.Event{At: s.now(), Kind: EventMatched, Ref: source, Body: event.Body(map[string][]ID{"returns": slices.Compact(returns)})})
	return tx.Run(ctx, &b)
}

// openTx reads a page of lines that have no sale: those of returns that name
// one, or, when the rest is guessed, all for which one can be found or is
// missed. It is a page of at most limit returns, or as many lines and the rest of
// the return, and next is where it ends; nil: nothing is left.
func openTx(ctx context.Context, tx *db.Tx, source int64, after MatchCursor, limit int) (todo []open, next *MatchCursor, err error) {
	// The page is of returns alone: PostgreSQL, which does not know how many of the
	// lines are left, would go through all receipts for each.
	const read = `
		SELECT r.id, r.number, r.sold_at, r.store_id, COALESCE(r.customer_id, 0), r.details,
		       COALESCE(l.position, 0), COALESCE(l.total, 0), COALESCE(l.product_id, 0), COALESCE(l.price, 0), COALESCE(l.quantity, 0)
		  FROM (SELECT id, number, sold_at, store_id, customer_id, details
		          FROM receipts
		         WHERE source_id = $1 AND kind = 'return' AND (sold_at, id) > ($2, $3) AND (` + naming + ` OR $5 AND customer_id IS NOT NULL)
		         ORDER BY sold_at, id
		         LIMIT $4) r
		  LEFT JOIN receipt_lines l ON l.receipt_id = r.id AND l.original_id IS NULL AND (NOT $5 OR l.product_id IS NOT NULL OR r.` + naming + `)
		 ORDER BY r.sold_at, r.id, l.position`
	returns, full := 0, false
	end := after
	rows, err := tx.Query(ctx, read, source, after.SoldAt, int64(after.Receipt), limit, after.Guess)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var o open
		var details string
		if err := r.Scan(&o.Return, &o.Number, &o.soldAt, &o.store, &o.customer, &details, &o.Position, &o.Total, &o.product, &o.price, &o.quantity); err != nil {
			return err
		}
		if o.Return != end.Receipt {
			if full = full || len(todo) >= limit; full {
				return nil
			}
			returns++
			end.SoldAt, end.Receipt = o.soldAt, o.Return
		}
		if o.Position == 0 { // all its lines have their sales
			return nil
		}
		d, err := readDetails(details)
		o.sale = d.Sale
		todo = append(todo, o)
		return err
	})
	if full || returns == limit {
		next = &end
	}
	return todo, next, err
}

// namedTx finds lines in the sales that the returns name: those of the number,
// by whichever Name. Names go on behind the number, and so stand behind it, with
// little between, in the index.
func namedTx(ctx context.Context, tx *db.Tx, source int64, todo []open) (map[*open]*part, error) {
	type name struct {
		Sold
		Last string `json:"last"`
	}
	asked := map[Sold]bool{}
	var names []name
	for i := range todo {
		if s := todo[i].sale; !asked[s] {
			asked[s] = true
			names = append(names, name{s, max(s.Number, s.Begin+"\U0010FFFF")}) // one that was cut may stand before
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	// All at once, and the lines by themselves: to plan either for each of them
	// takes PostgreSQL ten times as long as to find it.
	const find = `
		SELECT n.number, n.begin, r.id, COALESCE(r.customer_id, 0), r.store_id, r.sold_at
		  FROM json_to_recordset($1) AS n (number TEXT COLLATE "C", begin TEXT COLLATE "C", last TEXT COLLATE "C") -- postgres
		  FROM (SELECT value ->> 'number' AS number, value ->> 'begin' AS begin, value ->> 'last' AS last FROM json_each($1)) AS n -- sqlite
		 CROSS JOIN receipts r
		 WHERE r.number >= n.number AND r.number <= n.last AND (r.number = n.number OR r.number >= n.begin) AND r.source_id = $2 AND r.kind = 'sale'`
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	type sale struct {
		part
		of []Sold
	}
	sales := map[ID]*sale{}
	rows, err := tx.Query(ctx, find, string(list), source)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var s sale
		var by Sold
		err := r.Scan(&by.Number, &by.Begin, &s.receipt, &s.customer, &s.store, &s.soldAt)
		if known := sales[s.receipt]; known != nil {
			known.of = append(known.of, by)
		} else {
			s.of = []Sold{by}
			sales[s.receipt] = &s
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	const lines = `SELECT receipt_id, position, COALESCE(product_id, 0), price, quantity - returned FROM receipt_lines WHERE receipt_id IN ($1...) AND quantity > returned`
	parts := map[Sold][]*part{}
	rows, err = tx.Query(ctx, lines, db.IDs(slices.Sorted(maps.Keys(sales))))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var of ID
		var p part
		if err := r.Scan(&of, &p.position, &p.product, &p.price, &p.left); err != nil {
			return err
		}
		s := sales[of]
		p.receipt, p.customer, p.store, p.soldAt = s.receipt, s.customer, s.store, s.soldAt
		for _, by := range s.of {
			parts[by] = append(parts[by], &p)
		}
		return nil
	})
	return give(todo, parts, func(o *open) Sold { return o.sale }), err
}

// guessTx finds lines in all that the customers have bought by other imported
// receipts: what a till has sold it takes back itself, with the points.
func guessTx(ctx context.Context, tx *db.Tx, todo []open) (map[*open]*part, error) {
	const find = `
		SELECT r.id, l.position, l.quantity - l.returned, r.store_id, r.sold_at
		  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id
		 WHERE r.customer_id = $1 AND r.kind = 'sale' AND r.sold_at <= $2 AND r.imported
		   AND l.product_id = $3 AND l.price = $4 AND l.quantity > l.returned`
	last := int64(0)
	for i := range todo {
		last = max(last, todo[i].soldAt)
	}
	parts := map[sold][]*part{}
	var b db.Batch
	for i := range todo {
		k := todo[i].sold
		if _, asked := parts[k]; asked || k.customer == 0 || k.product == 0 {
			continue
		}
		parts[k] = nil
		b.Query(func(r *db.Rows) error {
			p := &part{sold: k}
			err := r.Scan(&p.receipt, &p.position, &p.left, &p.store, &p.soldAt)
			parts[k] = append(parts[k], p)
			return err
		}, find, int64(k.customer), last, int64(k.product), int64(k.price))
	}
	err := tx.Run(ctx, &b)
	return give(todo, parts, func(o *open) sold { return o.sold }), err
}

// give gives the lines of sales, which were found by a key, to returns in order,
// which use them up.
func give[K comparable](todo []open, parts map[K][]*part, key func(*open) K) map[*open]*part {
	for _, list := range parts {
		slices.SortFunc(list, latestFirst)
	}
	found := map[*open]*part{}
	for i := range todo {
		o := &todo[i]
		list := parts[key(o)]
		fits := func(p *part) bool { return p.sold == o.sold && p.soldAt <= o.soldAt && p.left >= o.quantity }
		at := slices.IndexFunc(list, func(p *part) bool { return p.store == o.store && fits(p) })
		if at < 0 {
			at = slices.IndexFunc(list, fits)
		}
		if at >= 0 {
			found[o] = list[at]
			list[at].left -= o.quantity
		}
	}
	return found
}
