package receipt

import (
	"cmp"
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
)

// Imported is a receipt as another system recorded it. Its discounts and
// points are notes: it moves no points, prices nothing and starts nothing, but
// counts as tier spend.
type Imported struct {
	Kind Kind
	Name
	Store     catalog.StoreID
	Placed    bool        // the source says that it is that store
	Adrift    bool        // nothing says which store it was, and there was none that it must have been
	Till      string      // as the source calls it; empty: not said
	Customer  customer.ID // 0: nobody
	Forgotten bool        // the source names somebody, who was forgotten
	SoldAt    time.Time   // on the clock that the source went by
	// Lines with Gross, Discount, PaidPoints, Total and TierSpend as they were
	// charged, and a Name where it differs from the product's. Returns are
	// matched to their sales by MatchReturnsTx.
	Lines []Line
	Note  string
	Sale  Sold // of a return: the sale in the same source
}

// Name is what a source calls a receipt. Where its numbers begin anew, by store,
// by till or every day, a receipt gets the first of the three that is not
// another's. What one export has and another lacks, such as the till, stands in
// Full only, or the two would not agree on a name. The longer names go on behind
// the number with " / ".
type Name struct {
	Number string
	Day    string // the number with the store and the day; empty: numbers are never used twice
	Full   string // and with the till
}

// Sold is what a return says of its sale: the number, and what begins the longer
// names that it can have. Empty: nothing.
type Sold struct {
	Number string `json:"number"`
	Begin  string `json:"begin"`
}

func (n Name) all() []string {
	return slices.DeleteFunc([]string{n.Number, n.Day, n.Full}, func(s string) bool { return s == "" })
}

// RecordOutcome says what RecordTx did with one receipt.
type RecordOutcome int

// The outcomes.
const (
	RecordedNew   RecordOutcome = iota
	RecordedSame                // it was there already
	RecordedOther               // its number was there already with other contents; what was there stays
)

// RecordTx records receipts of an import source; its numbers are the source's
// own, so that a file can be loaded twice. lines makes the lines of one of them: they
// are worked out while the database looks for what it knows. The answer has an outcome for each
// receipt, whose Number becomes that under which it is recorded. Sums of a line
// that do not agree are refused.
func (s *Service) RecordTx(ctx context.Context, tx *db.Tx, source int64, list []Imported, lines func(i int) []Line) (outcomes []RecordOutcome, err error) {
	defer errs.Wrap(&err, "record imported receipts")
	known := map[key]recorded{}
	numbers := make(db.Texts, len(list))
	for i := range list {
		numbers[i] = list[i].Number
	}
	var b db.Batch
	queueKnown(&b, source, numbers, known)
	finish := tx.Start(ctx, &b)
	now := s.now()
	fresh := make([]*Receipt, len(list))
	for i := range list {
		list[i].Lines = lines(i)
		if fresh[i], err = list[i].receipt(source, now); err != nil {
			break
		}
	}
	twice := repeats(list)
	if err := cmp.Or(finish(), err); err != nil {
		return nil, err
	}
	outcomes = make([]RecordOutcome, len(list))
	if twice || len(known) > 0 {
		if fresh, err = s.unknownTx(ctx, tx, source, list, fresh, known, outcomes); err != nil || len(fresh) == 0 {
			return outcomes, err
		}
	}
	return outcomes, s.importTx(ctx, tx, source, now, fresh)
}

// repeats reports whether two receipts have one number.
func repeats(list []Imported) bool {
	type named struct {
		kind   Kind
		number string
	}
	seen := make(map[named]struct{}, len(list))
	for i := range list {
		seen[named{list[i].Kind, list[i].Number}] = struct{}{}
	}
	return len(seen) < len(list)
}

// unknownTx are those of the receipts that are new, under their names, where others may
// have their numbers: those of known, or of the list itself. It writes down what becomes
// of the rest.
//
// Who was merged into whom stays so while the accounts are locked. Where no number is
// known that does not matter, and counting locks them soon enough: of a large import into
// PostgreSQL a tenth went into locking them before.
func (s *Service) unknownTx(ctx context.Context, tx *db.Tx, source int64, list []Imported, made []*Receipt, known map[key]recorded, outcomes []RecordOutcome) (fresh []*Receipt, err error) {
	var names db.Texts // the longer ones are given only where the number is another's
	for i := range list {
		if _, is := known[key{source, list[i].Kind, list[i].Number}]; is {
			names = append(names, list[i].all()...)
		}
	}
	who := Buyers(list)
	var b db.Batch
	s.ledger.Lock(&b, who)
	queueKnown(&b, source, names, known)
	former := s.customers.Former(&b, who)
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	if err := s.buyersTx(ctx, tx, known); err != nil {
		return nil, err
	}
	for i, rec := range made {
		in := &list[i]
		rec.fingerprint = fingerprint(rec.said(in.Customer))
		for _, id := range former[in.Customer] {
			rec.formerly = append(rec.formerly, fingerprint(rec.said(id)))
		}
		number, old := in.among(known, source, rec)
		in.Number, rec.Number = number, number
		if old != nil {
			outcomes[i] = RecordedSame
			if !old.says(in, rec) {
				outcomes[i] = RecordedOther
			}
			continue
		}
		known[key{source, in.Kind, number}] = recorded{print: rec.fingerprint, soldAt: rec.SoldAt, store: rec.Store, Details: rec.Details}
		fresh = append(fresh, rec)
	}
	return fresh, nil
}

// buyersTx finds whose receipts of the forgotten may have been when they were recorded.
func (s *Service) buyersTx(ctx context.Context, tx *db.Tx, known map[key]recorded) error {
	var erased []customer.ID
	for _, old := range known {
		erased = append(erased, old.erased...)
	}
	if len(erased) == 0 {
		return nil
	}
	var b db.Batch
	former := s.customers.Former(&b, erased)
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	for k, old := range known {
		for _, id := range old.erased {
			old.erased = append(old.erased, former[id]...)
		}
		known[k] = old
	}
	return nil
}

// Buyers are those whose receipts they are, each once.
func Buyers(list []Imported) (ids []customer.ID) {
	for i := range list {
		if list[i].Customer != 0 {
			ids = append(ids, list[i].Customer)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// importTx writes new receipts of a source, in the order of the ids that they get.
func (s *Service) importTx(ctx context.Context, tx *db.Tx, source int64, now time.Time, list []*Receipt) error {
	totals := map[customer.ID]*ledger.Totals{}
	lines := 0
	for _, r := range list {
		lines += len(r.Lines)
		if r.Customer != 0 {
			t := totals[r.Customer]
			if t == nil {
				t = &ledger.Totals{Customer: r.Customer}
				totals[r.Customer] = t
			}
			t.Add(r.SoldAt, r.TierSpend, r.Kind == KindReturn)
		}
	}
	counted := s.ledger.CountTx(ctx, tx, totals)
	texts, heads := make([]written, len(list)), make([][]any, len(list))
	sum := int64(0) // of 32 bits of each: it cannot overflow
	for i, r := range list {
		r.ID = ID(s.mint.Next())
		if r.fingerprint == "" {
			r.fingerprint = fingerprint(r.said(r.Customer))
		}
		texts[i] = r.written()
		sum += r.checksum(&texts[i]) & (1<<32 - 1)
		heads[i] = r.row(&texts[i])
	}
	if err := counted(); err != nil {
		return err
	}
	if err := tx.Insert(ctx, receiptTable, heads); err != nil {
		return err
	}
	if err := tx.InsertEach(ctx, lineTable, lines, func(yield func([]any) bool) {
		for i, r := range list {
			for j := range r.Lines {
				if !yield(r.Lines[j].row(r.ID, texts[i].lines[j])) {
					return
				}
			}
		}
	}); err != nil {
		return err
	}
	// One event for all of them: a reader of the log takes the receipts of the
	// source between the two ids.
	var b db.Batch
	event.Append(&b, event.Event{At: now, Kind: EventImported, Ref: source, Body: event.Body(struct {
		First ID    `json:"first"`
		Last  ID    `json:"last"`
		Sum   int64 `json:"checksum,string"`
	}{list[0].ID, list[len(list)-1].ID, sum})})
	return tx.Run(ctx, &b)
}

// recorded is what tells an imported receipt from others of its number.
type recorded struct {
	print  string
	soldAt time.Time
	store  catalog.StoreID
	erased []customer.ID // where its buyer was forgotten: them, and who was merged into them
	Details
}

// among finds the receipt among those that are known, and its number; nil: it is
// new, and the number is free. One of the same contents goes before one that may
// only be the same, for an export without tills does not tell.
func (in *Imported) among(known map[key]recorded, source int64, rec *Receipt) (number string, same *recorded) {
	numbers := in.all()
	free := ""
	for i, n := range numbers {
		old, ok := known[key{source, in.Kind, n}]
		switch {
		case !ok:
			free = cmp.Or(free, n)
		case old.says(in, rec) && (old.sameTill(in) || old.Adrift && in.Placed && in.distinct(&old)):
			return n, &old
		case same == nil && (i == len(numbers)-1 || old.sameTill(in) && old.clock().Format(time.DateOnly) == in.SoldAt.Format(time.DateOnly)):
			number, same = n, &old
		}
	}
	if same == nil {
		number = free
	}
	return number, same
}

// distinct reports whether hardly another store will have sold the very same as old. Of an
// anonymous loaf of bread at no time of day, each sells one, and as its number 1. Who was
// forgotten is anybody who was.
func (in *Imported) distinct(old *recorded) bool {
	const counter = 5 // digits of numbers that each store may begin anew
	buyer := in.Customer != 0
	if len(old.lost()) > 0 {
		buyer = in.Forgotten
	}
	return buyer || in.SoldAt.Format(time.TimeOnly) != "00:00:00" || in.Day != "" && len(in.Number) > counter
}

// sameTill reports whether two receipts of a number can be of one till, by what
// the source says of them.
func (old *recorded) sameTill(in *Imported) bool {
	return (old.store == in.Store || !in.Placed) && (old.Till == in.Till || old.Till == "" || in.Till == "")
}

// says reports whether what is recorded says the same. The time is the same
// where the clock is, whatever zone its store was believed to lie in. Where
// the buyer was forgotten it is not asked whose: no file can say it any more.
func (old *recorded) says(in *Imported, rec *Receipt) bool {
	by := func(id customer.ID) bool { return old.print == fingerprint(rec.said(id)) }
	same := old.print == rec.fingerprint || slices.Contains(rec.formerly, old.print) || slices.ContainsFunc(old.lost(), by)
	return same && (old.soldAt.Equal(in.SoldAt) || old.clock().Format(time.DateTime) == in.SoldAt.Format(time.DateTime))
}

// lost are those whose it may have been, where its buyer was forgotten: before, and then it
// was recorded as nobody's, or since.
func (old *recorded) lost() []customer.ID {
	if old.Forgotten {
		return []customer.ID{0}
	}
	return old.erased
}

// clock is the time that the source's clock showed.
func (old *recorded) clock() time.Time {
	return old.soldAt.Add(time.Duration(old.Offset) * time.Second)
}

// queueKnown has b read what a source has recorded under some names into known.
func queueKnown(b *db.Batch, source int64, names db.Texts, known map[key]recorded) {
	b.Query(func(r *db.Rows) error {
		k, old, details, erased := key{source: source}, recorded{}, "", customer.ID(0)
		if err := r.Scan(&k.number, &k.kind, &old.print, db.Time{Dst: &old.soldAt}, &old.store, &details, &erased); err != nil {
			return err
		}
		if erased != 0 {
			old.erased = []customer.ID{erased}
		}
		var err error
		old.Details, err = readDetails(details)
		known[k] = old
		return err
	}, `SELECT number, kind, fingerprint, sold_at, store_id, details,
			COALESCE((SELECT c.id FROM customers c WHERE c.id = receipts.customer_id AND c.state = 'erased'), 0)
		FROM receipts WHERE source_id = $1 AND number IN ($2...)`, source, names)
}

// receipt makes the row, all but its id and fingerprint, and proves its sums.
func (in *Imported) receipt(source int64, now time.Time) (*Receipt, error) {
	for _, number := range in.all() {
		if err := checkNumber(number); err != nil {
			return nil, err
		}
	}
	_, offset := in.SoldAt.Zone()
	rec := &Receipt{
		Kind: in.Kind, Number: in.Number, Imported: true, Source: source, Store: in.Store, Customer: in.Customer,
		SoldAt: in.SoldAt.UTC(), RecordedAt: now, Lines: in.Lines,
		Details: Details{Note: in.Note, Till: in.Till, Offset: offset, Adrift: in.Adrift, Forgotten: in.Forgotten, Sale: in.Sale},
	}
	for i := range rec.Lines {
		l := &rec.Lines[i]
		l.Position, l.ownName = i+1, l.Name
		if l.Gross-l.Discount-l.PaidPoints != l.Total || l.Quantity <= 0 {
			return nil, errs.InvalidField(pointer("/lines/%d", i), "sums", "the line's amounts do not add up to its total")
		}
		if rec.Gross += l.Gross; rec.Gross > money.MaxAmount {
			return nil, errs.InvalidField("/lines", "sums", "the receipt comes to more than can be counted")
		}
		rec.Discount += l.Discount
		rec.PaidPoints += l.PaidPoints
		rec.Total += l.Total
		rec.TierSpend += l.TierSpend
	}
	return rec, nil
}

// said is what an imported receipt says were it the customer's.
func (r *Receipt) said(by customer.ID) importedMeaning {
	m := importedMeaning{Customer: by, Lines: make([][4]int64, len(r.Lines))}
	for i := range r.Lines {
		l := &r.Lines[i]
		m.Lines[i] = [4]int64{int64(l.Product), int64(l.Quantity), int64(l.Price), int64(l.Total)}
	}
	return m
}

// importedMeaning is what an imported receipt says, but for its time.
type importedMeaning struct {
	Customer customer.ID
	Lines    [][4]int64
}
