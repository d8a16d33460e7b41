package receipt

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

var (
	receiptTable = db.NewTable("receipts", "id", "source_id", "kind", "number", "fingerprint", "idempotency_key", "imported", "store_id",
		"till_id", "staff_id", "customer_id", "original_id", "version_id", "level", "sold_at", "recorded_at", "gross", "discount",
		"paid_points", "total", "withheld", "redeemed", "earned", "tier_spend", "balance", "details")
	lineTable = db.NewTable("receipt_lines", "receipt_id", "position", "product_id", "name", "quantity", "price", "gross", "discount",
		"paid_points", "total", "redeemed", "earned", "tier_spend", "cost", "original_id", "original", "details")
)

const (
	receiptColumns = `id, source_id, kind, number, fingerprint, COALESCE(idempotency_key, ''), imported, store_id, COALESCE(till_id, 0),
		COALESCE(staff_id, 0), COALESCE(customer_id, 0), COALESCE(original_id, 0), COALESCE(version_id, 0), level, sold_at, recorded_at,
		gross, discount, paid_points, total, withheld, redeemed, earned, tier_spend, balance, details`
	lineColumns = `receipt_id, position, COALESCE(product_id, 0), name, quantity, price, gross, discount, paid_points, total, redeemed,
		earned, tier_spend, cost, returned, COALESCE(original_id, 0), COALESCE(original, 0), details`
)

// add takes up a new receipt; save writes it, when its products are known.
func (w *world) add(r *Receipt) {
	w.recorded[key{r.Source, r.Kind, r.Number}] = r
	if r.key != "" {
		w.keys[idem{r.Source, r.key}] = true
	}
	w.receipts = append(w.receipts, addition{r, r.written()})
}

func (r *Receipt) row(w *written) []any {
	var idem *string
	if r.key != "" {
		idem = &r.key
	}
	return []any{
		int64(r.ID), r.Source, string(r.Kind), r.Number, r.fingerprint, idem, r.Imported, int64(r.Store),
		db.NullID(r.Till), db.NullID(r.Staff), db.NullID(r.Customer), db.NullID(r.Original), db.NullID(r.Version), r.Level,
		r.SoldAt.UnixMicro(), r.RecordedAt.UnixMicro(), int64(r.Gross), int64(r.Discount),
		int64(r.PaidPoints), int64(r.Total), int64(r.Withheld), int64(r.Redeemed), int64(r.Earned), int64(r.TierSpend), int64(r.Balance), w.details,
	}
}

func (r *Receipt) details() string {
	if r.Details == (Details{}) {
		return ""
	}
	return jsonOf(r.Details)
}

// rows are receipts and their lines as they are inserted.
type rows struct{ receipts, lines [][]any }

func (rs *rows) add(r *Receipt, w *written) {
	rs.receipts = append(rs.receipts, r.row(w))
	for i := range r.Lines {
		rs.lines = append(rs.lines, r.Lines[i].row(r.ID, w.lines[i]))
	}
}

// addition is a receipt that is new.
type addition struct {
	*Receipt
	texts written
}

// written are a receipt's details as they are stored, made once for its rows and
// their checksum.
type written struct {
	details string
	lines   []string
}

func (r *Receipt) written() written {
	w := written{details: r.details(), lines: make([]string, len(r.Lines))}
	for i := range r.Lines {
		w.lines[i] = r.Lines[i].details()
	}
	return w
}

// checksum is of what never changes of a receipt and its lines: who the customer
// is and what comes back may.
func (r *Receipt) checksum(w *written) int64 {
	numbers := append(make([]int64, 0, 20+14*len(r.Lines)),
		int64(r.ID), r.Source, int64(r.Store), int64(r.Till), r.Staff, int64(r.Original), int64(r.Version), r.SoldAt.UnixMicro(), r.RecordedAt.UnixMicro(),
		int64(r.Gross), int64(r.Discount), int64(r.PaidPoints), int64(r.Total), int64(r.Withheld), int64(r.Redeemed), int64(r.Earned),
		int64(r.TierSpend), int64(r.Balance))
	texts := append(make([]string, 0, 6+2*len(r.Lines)), string(r.Kind), r.Number, r.fingerprint, r.key, r.Level, w.details)
	for i := range r.Lines {
		l := &r.Lines[i]
		cost := int64(-1)
		if l.Cost != nil {
			cost = int64(*l.Cost)
		}
		numbers = append(numbers, int64(l.Position), int64(l.Product), int64(l.Quantity), int64(l.Price), cost, int64(l.Sale), int64(l.Original),
			int64(l.Gross), int64(l.Discount), int64(l.PaidPoints), int64(l.Total), int64(l.Redeemed), int64(l.Earned), int64(l.TierSpend))
		texts = append(texts, l.ownName, w.lines[i])
	}
	return checksum.Of(numbers, texts...)
}

func (l *Line) row(of ID, details string) []any {
	var cost *int64
	if l.Cost != nil {
		c := int64(*l.Cost)
		cost = &c
	}
	return []any{
		int64(of), l.Position, db.NullID(l.Product), l.ownName, int64(l.Quantity), int64(l.Price), int64(l.Gross), int64(l.Discount),
		int64(l.PaidPoints), int64(l.Total), int64(l.Redeemed), int64(l.Earned), int64(l.TierSpend), cost, db.NullID(l.Sale), db.NullID(int64(l.Original)), details,
	}
}

func (l *Line) details() string {
	if len(l.Discounts) == 0 {
		return ""
	}
	return jsonOf(l.Discounts)
}

// readDetails reads what a row keeps of Details.
func readDetails(text string) (d Details, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &d)
	}
	return d, err
}

func scanReceipt(r *db.Rows) (*Receipt, error) {
	var (
		rec     Receipt
		details string
	)
	err := r.Scan(&rec.ID, &rec.Source, &rec.Kind, &rec.Number, &rec.fingerprint, &rec.key, &rec.Imported, &rec.Store, &rec.Till,
		&rec.Staff, &rec.Customer, &rec.Original, &rec.Version, &rec.Level, db.Time{Dst: &rec.SoldAt}, db.Time{Dst: &rec.RecordedAt},
		&rec.Gross, &rec.Discount, &rec.PaidPoints, &rec.Total, &rec.Withheld, &rec.Redeemed, &rec.Earned, &rec.TierSpend, &rec.Balance, &details)
	if err == nil {
		rec.Details, err = readDetails(details)
	}
	return &rec, err
}

// scanLine adds a line to its receipt.
func scanLine(r *db.Rows, receipt func(ID) *Receipt) error {
	var (
		of      ID
		l       Line
		details string
		cost    *int64
	)
	if err := r.Scan(&of, &l.Position, &l.Product, &l.ownName, &l.Quantity, &l.Price, &l.Gross, &l.Discount, &l.PaidPoints, &l.Total,
		&l.Redeemed, &l.Earned, &l.TierSpend, &cost, &l.Returned, &l.Sale, &l.Original, &details); err != nil {
		return err
	}
	if cost != nil {
		p := money.Price(*cost)
		l.Cost = &p
	}
	if details != "" {
		if err := json.Unmarshal([]byte(details), &l.Discounts); err != nil {
			return err
		}
	}
	rec := receipt(of)
	rec.Lines = append(rec.Lines, l)
	return nil
}

// Get reads a receipt with its lines.
func (s *Service) Get(ctx context.Context, id ID) (_ *Receipt, err error) {
	defer errs.Wrap(&err, "read receipt")
	return s.one(ctx, `id = $1`, int64(id))
}

// Find reads a receipt by the name that its till or import source gave it.
func (s *Service) Find(ctx context.Context, source int64, kind Kind, number string) (_ *Receipt, err error) {
	defer errs.Wrap(&err, "find receipt")
	if checkNumber(number) != nil { // nothing is called so
		return nil, ErrNotFound
	}
	return s.one(ctx, `source_id = $1 AND number = $2 AND kind = $3`, source, number, string(kind))
}

func (s *Service) one(ctx context.Context, where string, args ...any) (*Receipt, error) {
	list, err := s.list(ctx, `WHERE `+where, args...)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Levels are the level that the customer held and the one that the sale reached,
// as the rules had them that it was sold under; none where there was none. The
// one that was held has only the rates by which something was given: one may have
// been taken off the receipt, or its goods be left out.
func (s *Service) Levels(ctx context.Context, r *Receipt) (held, reached programme.Level, err error) {
	defer errs.Wrap(&err, "read a receipt's levels")
	if r.Version == 0 || r.Level == "" {
		return held, reached, nil
	}
	version, err := s.programmes.ByID(ctx, r.Version)
	if err != nil {
		return held, reached, err
	}
	held, _ = version.Rules.Level(r.Level)
	off := func(d pricing.Discount) bool { return d.Cause == pricing.CauseTier }
	if !slices.ContainsFunc(r.Lines, func(l Line) bool { return slices.ContainsFunc(l.Discounts, off) }) {
		held.Discount = 0
	}
	if r.Earned == 0 {
		held.Cashback = 0
	}
	if r.Details.Reached != "" {
		reached, _ = version.Rules.Level(r.Details.Reached)
	}
	return held, reached, nil
}

// Filter chooses receipts for List; zero fields choose all.
type Filter struct {
	Customer customer.ID
	Store    catalog.StoreID
	Stores   []catalog.StoreID // any of them
	Till     catalog.TillID
	Kind     Kind
	Own      bool      // not imported
	Number   string    // exact
	Typed    string    // a number as people type it; see spellings
	From, To time.Time // of sale, To not included
}

// All reports whether the filter chooses all receipts.
func (f Filter) All() bool {
	indexed, rest, _ := f.conditions()
	return indexed == "" && rest == ""
}

// Cursor is where a page of List ends: the last receipt on it.
type Cursor struct {
	SoldAt time.Time
	ID     ID
}

// conditions are what a filter asks for: those that an index answers, and the
// rest, which every receipt that the first leave has to be looked at for.
func (f Filter) conditions() (indexed, rest string, args db.Args) {
	add := func(to *string, condition string, value any) { *to += args.Put(" AND "+condition, value) }
	also := ""
	if f.Number != "" || f.Typed != "" {
		also = "+" // few receipts have one number: no other index shall be chosen
	}
	if f.Number != "" {
		add(&indexed, "number = ?", f.Number)
	}
	if f.Typed != "" {
		add(&indexed, "number IN (?...)", spellings(f.Typed))
	}
	if f.Customer != 0 {
		add(&indexed, also+"customer_id = ?", int64(f.Customer))
	}
	if f.Store != 0 {
		add(&indexed, also+"store_id = ?", int64(f.Store))
	}
	if len(f.Stores) > 0 {
		add(&indexed, also+"store_id IN (?...)", db.IDs(f.Stores))
	}
	if !f.From.IsZero() {
		add(&indexed, also+"sold_at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		add(&indexed, also+"sold_at < ?", f.To.UnixMicro())
	}
	if f.Till != 0 {
		add(&rest, "till_id = ?", int64(f.Till))
	}
	if f.Kind != "" {
		add(&rest, "kind = ?", string(f.Kind))
	}
	if f.Own {
		add(&rest, "imported = ?", false)
	}
	return indexed, rest, args
}

// spellings are the numbers that somebody may mean: with the spaces that slips
// print or without, and in capital or small letters.
func spellings(typed string) (list db.Texts) {
	for _, text := range []string{typed, strings.ReplaceAll(typed, " ", "")} {
		list = append(list, text, strings.ToUpper(text), strings.ToLower(text))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// List reads receipts without lines, the latest sale first, a page after a
// cursor (zero: from the start).
func (s *Service) List(ctx context.Context, f Filter, after Cursor, limit int) (_ []*Receipt, err error) {
	defer errs.Wrap(&err, "list receipts")
	where, rest, args := f.conditions()
	where += rest
	if after.ID != 0 {
		where += args.Put(" AND (sold_at, id) < (?, ?)", after.SoldAt.UnixMicro(), int64(after.ID))
	}
	where += args.Put(" ORDER BY sold_at DESC, id DESC LIMIT ?", limit)
	rows, err := s.db.Query(ctx, `SELECT `+receiptColumns+` FROM receipts WHERE TRUE`+where, args...)
	var list []*Receipt
	err = db.Scan(rows, err, func(r *db.Rows) error {
		rec, err := scanReceipt(r)
		list = append(list, rec)
		return err
	})
	return list, err
}

// Whole reads a customer's receipts with their lines in the order of ids, up to limit
// after one of them.
func (s *Service) Whole(ctx context.Context, who customer.ID, after ID, limit int) (_ []*Receipt, err error) {
	defer errs.Wrap(&err, "read the receipts of customer %s", who)
	return s.list(ctx, `WHERE customer_id = $1 AND id > $2 ORDER BY id LIMIT $3`, int64(who), int64(after), limit)
}

// BoughtIn tells who of some customers has a receipt of one of the stores; one that comes
// to nothing makes nobody a buyer, for anybody's number can be put on it.
func (s *Service) BoughtIn(ctx context.Context, stores []catalog.StoreID, who []customer.ID) (bought map[customer.ID]bool, err error) {
	defer errs.Wrap(&err, "find a store's buyers")
	bought = map[customer.ID]bool{}
	rows, err := s.db.Query(ctx, `SELECT DISTINCT customer_id FROM receipts WHERE customer_id IN ($1...) AND store_id IN ($2...) AND gross > 0`, db.IDs(who), db.IDs(stores))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var c customer.ID
		err := r.Scan(&c)
		bought[c] = true
		return err
	})
	return bought, err
}

// Returns reads the returns of a sale, in order.
func (s *Service) Returns(ctx context.Context, sale ID) (_ []*Receipt, err error) {
	defer errs.Wrap(&err, "read returns")
	return s.list(ctx, `WHERE original_id = $1 ORDER BY id`, int64(sale))
}

// list reads receipts with their lines and the lines' products.
func (s *Service) list(ctx context.Context, where string, args ...any) (list []*Receipt, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list = nil
		byID := map[ID]*Receipt{}
		var ids db.Int64s
		rows, err := tx.Query(ctx, `SELECT `+receiptColumns+` FROM receipts `+where, args...)
		err = db.Scan(rows, err, func(r *db.Rows) error {
			rec, err := scanReceipt(r)
			list, ids = append(list, rec), append(ids, int64(rec.ID))
			byID[rec.ID] = rec
			return err
		})
		if err != nil || len(list) == 0 {
			return err
		}
		var b db.Batch
		queueLines(&b, ids, func(of ID) *Receipt { return byID[of] })
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return nil, err
	}
	return list, s.nameProducts(ctx, list)
}

// queueLines adds to b the reading of the lines of receipts into them.
func queueLines(b *db.Batch, ids db.Int64s, receipt func(ID) *Receipt) {
	const read = `SELECT ` + lineColumns + ` FROM receipt_lines WHERE receipt_id IN ($1...) ORDER BY receipt_id, position`
	b.Query(func(r *db.Rows) error { return scanLine(r, receipt) }, read, ids)
}

// productsOf reads the products of receipts' lines.
func (s *Service) productsOf(ctx context.Context, list []*Receipt) (map[catalog.ProductID]catalog.Product, error) {
	products := map[catalog.ProductID]catalog.Product{}
	for _, r := range list {
		for _, l := range r.Lines {
			if l.Product != 0 {
				products[l.Product] = catalog.Product{}
			}
		}
	}
	var b db.Batch
	s.catalog.QueueProducts(&b, slices.Collect(maps.Keys(products)), products)
	return products, s.db.Run(ctx, &b)
}

// nameProducts fills in what the catalog says of the lines' products.
func (s *Service) nameProducts(ctx context.Context, list []*Receipt) error {
	products, err := s.productsOf(ctx, list)
	if err != nil {
		return err
	}
	for _, r := range list {
		for i := range r.Lines {
			l := &r.Lines[i]
			p := products[l.Product]
			l.SKU, l.Name, l.Full = p.SKU, cmp.Or(l.ownName, p.Name), cmp.Or(l.ownName, p.FullName())
		}
	}
	return nil
}

// ErrNumber refuses a receipt's number.
var ErrNumber = errs.New(errs.Invalid, "receipt_number", "A receipt needs a number of 1 to 100 characters without spaces around it.")

// jsonOf is a plain struct as JSON.
func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("receipt: a plain struct does not marshal: %v", err)) // a mistake in the program
	}
	return string(b)
}

func pointer(format string, args ...any) string { return fmt.Sprintf(format, args...) }
