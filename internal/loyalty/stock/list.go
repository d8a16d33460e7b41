package stock

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
)

// ErrCursor is returned for a cursor that this program did not give.
var ErrCursor = errs.New(errs.Invalid, "bad_cursor", "This is not a cursor of this list: begin again without it.")

// MaxPage is the largest page of a list.
const MaxPage = 200

// Query says what to list.
type Query struct {
	Stores   []catalog.StoreID // nil: all
	Products []catalog.ProductID
	Since    time.Time // moved then or later
	After    string    // cursor of the page before
	Limit    int       // 1 to MaxPage; 0: MaxPage
}

// settles is how long after its time a move may still be committed.
const settles = 10 * time.Second

// List lists stock by when it was last moved, the earliest first. next is where it
// goes on; more says whether there is more at once. Whoever keeps next at the end
// comes back for what has moved since: what moved in the last seconds before comes
// again, so that nothing is skipped that is committed late.
func (s *Service) List(ctx context.Context, q Query) (list []Level, next string, more bool, err error) {
	defer errs.Wrap(&err, "list stock")
	f := q.filter()
	if !q.Since.IsZero() {
		f.add(`s.moved_at >= ?`, q.Since.UnixMicro())
	}
	list, next, more, err = s.page(ctx, f, `s.moved_at`, q, func(l Level) int64 { return l.MovedAt.UnixMicro() })
	if settled := s.now().Add(-settles); err == nil && !more && len(list) > 0 && list[len(list)-1].MovedAt.After(settled) {
		next = writeCursor(settled.UnixMicro(), 0, 0)
	}
	return list, next, more, err
}

// lasts is for how many days a quantity lasts, in SQL; of what is not sold very long.
const lasts = `CASE WHEN s.pace > 0 THEN CASE WHEN s.quantity > 0 THEN s.quantity * 30 / s.pace ELSE 0 END ELSE 999999999999 END`

// Low lists what is at its threshold or below, what lasts the fewest days first.
func (s *Service) Low(ctx context.Context, q Query) (list []Level, next string, err error) {
	defer errs.Wrap(&err, "list low stock")
	f := q.filter()
	f.add(`s.low`)
	list, next, more, err := s.page(ctx, f, lasts, q, func(l Level) int64 {
		if n, ok := l.Days(); ok {
			return int64(n)
		}
		return 999999999999
	})
	if !more {
		next = ""
	}
	return list, next, err
}

// CountLow is how much is at its threshold or below.
func (s *Service) CountLow(ctx context.Context, stores []catalog.StoreID) (n int, err error) {
	defer errs.Wrap(&err, "count low stock")
	f := Query{Stores: stores}.filter()
	f.add(`s.low`)
	err = s.db.QueryRow(ctx, `SELECT COUNT(*) FROM stock s WHERE TRUE`+f.where, f.args...).Scan(&n)
	return n, err
}

// OfProduct is what there is of a product, by store.
func (s *Service) OfProduct(ctx context.Context, product catalog.ProductID, stores []catalog.StoreID) (list []Level, limit *money.Quantity, err error) {
	defer errs.Wrap(&err, "list stock of product %d", product)
	f := Query{Stores: stores, Products: []catalog.ProductID{product}}.filter()
	rows, err := s.db.Query(ctx, `SELECT `+levelColumns+fromStock+`WHERE TRUE`+f.where+` ORDER BY s.store_id`, f.args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		l, err := scanLevel(r)
		list = append(list, l)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	rows, err = s.db.Query(ctx, `SELECT threshold FROM stock_thresholds WHERE product_id = $1`, int64(product))
	return list, limit, db.Scan(rows, err, func(r *db.Rows) error { return r.Scan(&limit) })
}

type filter struct {
	where string
	args  db.Args
}

func (f *filter) add(condition string, values ...any) {
	f.where += " AND " + f.args.Put(condition, values...)
}

func (q Query) filter() (f filter) {
	if q.Stores != nil {
		f.add(`s.store_id IN (?...)`, db.IDs(q.Stores))
	}
	if q.Products != nil {
		f.add(`s.product_id IN (?...)`, db.IDs(q.Products))
	}
	return f
}

// page reads a page in the order of a number, and where the next begins.
func (s *Service) page(ctx context.Context, f filter, order string, q Query, number func(Level) int64) (list []Level, next string, more bool, err error) {
	if q.Limit <= 0 || q.Limit > MaxPage {
		q.Limit = MaxPage
	}
	if q.After != "" {
		after, err := readCursor(q.After)
		if err != nil {
			return nil, "", false, err
		}
		f.add(`(`+order+`, s.store_id, s.product_id) > (?, ?, ?)`, after[0], after[1], after[2])
	}
	tail := f.args.Put(` ORDER BY `+order+`, s.store_id, s.product_id LIMIT ?`, q.Limit+1)
	rows, err := s.db.Query(ctx, `SELECT `+levelColumns+fromStock+`WHERE TRUE`+f.where+tail, f.args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		l, err := scanLevel(r)
		list = append(list, l)
		return err
	})
	if len(list) > q.Limit {
		list, more = list[:q.Limit], true
	}
	if next = q.After; len(list) > 0 {
		last := list[len(list)-1]
		next = writeCursor(number(last), int64(last.Store), int64(last.Product))
	}
	return list, next, more, err
}

func writeCursor(numbers ...int64) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.FormatInt(n, 36)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, " ")))
}

func readCursor(cursor string) (numbers [3]int64, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.Fields(string(text))
	if err != nil || len(parts) != len(numbers) {
		return numbers, ErrCursor
	}
	for i, p := range parts {
		if numbers[i], err = strconv.ParseInt(p, 36, 64); err != nil {
			return numbers, ErrCursor
		}
	}
	return numbers, nil
}

// Notice is that a product came to its threshold in a store.
type Notice struct {
	ID NoticeID
	Key
	Quantity money.Quantity // there was then
	At       time.Time
	OverAt   time.Time // zero: it is still low
	SeenAt   time.Time // zero: nobody has seen it
	SeenBy   staff.ID
}

// NoticeID identifies a notice.
type NoticeID = id.Of[Notice]

// Notices lists the latest notices of the stores, nil: of all, and how many of
// them nobody has seen.
func (s *Service) Notices(ctx context.Context, stores []catalog.StoreID, limit int) (list []Notice, unseen int, err error) {
	defer errs.Wrap(&err, "list notices of stock")
	f := Query{Stores: stores}.filter()
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM stock_notices s WHERE seen_at IS NULL`+f.where, f.args...).Scan(&unseen); err != nil {
		return nil, 0, err
	}
	tail := f.args.Put(` ORDER BY id DESC LIMIT ?`, limit)
	rows, err := s.db.Query(ctx, `SELECT id, store_id, product_id, quantity, at, over_at, seen_at, COALESCE(seen_by, 0) FROM stock_notices s WHERE TRUE`+f.where+tail, f.args...)
	return list, unseen, db.Scan(rows, err, func(r *db.Rows) error {
		var n Notice
		err := r.Scan(&n.ID, &n.Store, &n.Product, &n.Quantity, db.Time{Dst: &n.At}, db.Time{Dst: &n.OverAt}, db.Time{Dst: &n.SeenAt}, &n.SeenBy)
		list = append(list, n)
		return err
	})
}

// SeenTx notes that somebody has seen the notices of the stores, nil: of all, from one
// of them to another.
func (s *Service) SeenTx(ctx context.Context, tx *db.Tx, stores []catalog.StoreID, from, to NoticeID, by staff.ID) (n int64, err error) {
	defer errs.Wrap(&err, "note that notices of stock were seen")
	var args db.Args
	text := args.Put(`UPDATE stock_notices SET seen_at = ?, seen_by = ? WHERE seen_at IS NULL AND id BETWEEN ? AND ?`, s.now().UnixMicro(), int64(by), int64(from), int64(to))
	if stores != nil {
		text += args.Put(` AND store_id IN (?...)`, db.IDs(stores))
	}
	return tx.Exec(ctx, text, args...)
}
