package receipt

import (
	"cmp"
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// Failures of receipts that come late.
var (
	ErrLateRedeem  = errs.New(errs.Invalid, "redeem_needs_line", "Points pay only while the till has its line.").At("/redeem")
	ErrLateTooOld  = errs.New(errs.Invalid, "late_too_old", "The receipt is older than the installation takes. Enter it in the back office, or have the setting changed.").At("/sold_at")
	ErrLateNoTime  = errs.New(errs.Invalid, "sold_at_missing", "A receipt that comes late says when it was sold.").At("/sold_at")
	ErrLateNoTotal = errs.New(errs.Invalid, "total_missing", "A receipt that comes late says what was charged.").At("/total")
)

// MaxLate is the most receipts of one batch.
const MaxLate = 1000

// Late is a sale or a return that a till recorded while it had no line. What was
// charged is a fact: nothing of it is refused for its price.
type Late struct {
	Sale *Sale // with SoldAt and Total; its lines may say what was charged for each
	// Shown is what the customer showed, where the till did not find them in its
	// snapshot, as each kind that it may be; the first that leads to somebody is
	// taken. None: nothing, or Sale.Customer says who it was.
	Shown  []customer.Identifier
	Return *Return // its Original may be 0: OriginalNumber is the sale's number at this till
	// OriginalNumber is how the till that sold called the sale.
	OriginalNumber string
	Refund         *money.Amount // of a return: what was given back; nil: what the sale says
}

// fingerprint tells it from another of its number: also by who was shown, and by what the
// till called the sale.
func (in *Late) fingerprint() string {
	if in.Return != nil {
		m := in.Return.meaning()
		if in.Return.Original == 0 {
			m.Named = in.OriginalNumber
		}
		return fingerprint(m)
	}
	m := in.Sale.meaning()
	if in.Sale.Customer == 0 {
		m.Shown = shownBits(in.Shown)
	}
	return fingerprint(m)
}

// Difference is something in which a late receipt is not what the rules say, for a
// person to look at.
type Difference string

// The differences.
const (
	DiffPrice    Difference = "price"  // charged otherwise than by the rules of its time
	DiffRefund   Difference = "refund" // given back otherwise than the sale says
	DiffUnknown  Difference = "customer_unknown"
	DiffBlocked  Difference = "customer_blocked"
	DiffClock    Difference = "clock"    // the till's clock was wrong: the time was corrected
	DiffRecorded Difference = "recorded" // by another till of the store
)

// LateResult is what became of one receipt of a batch.
type LateResult struct {
	Receipt     Receipt
	Replayed    bool
	Differences []Difference
	Err         error // it was not recorded; a person looks at it
}

// Lateness is the limits of what comes late.
type Lateness struct {
	Age  time.Duration // how long ago the oldest may have been sold
	Skew time.Duration // by how much a clock may be wrong before it is corrected
}

// DefaultLateness is taken where nothing else is set.
var DefaultLateness = Lateness{Age: 14 * 24 * time.Hour, Skew: 10 * time.Minute}

// AllowLate has what comes late taken within limits that are asked for each time.
// It is called before the service is used.
func (s *Service) AllowLate(limits func() Lateness) { s.lateness = limits }

// late is what is special about a call that comes late.
type late struct {
	at    time.Time // of sale, corrected
	ahead time.Duration
	tills []catalog.Till // of the store: a till stays in it
}

func (l *late) clock() int {
	if l == nil {
		return 0
	}
	return int(l.ahead / time.Second)
}

// twin is the same receipt sent by another till of the store, to which a queue was
// copied. The fingerprint has the time that the queue tells; what it is corrected to
// depends on who sends it, and when.
type twin struct {
	number, print string
	kind          Kind
	store         catalog.StoreID
}

func (p *posting) twin() twin { return twin{p.key.number, p.fingerprint, p.key.kind, p.by.Store.ID} }

// spend is how tier spend is counted; of what comes late, until its time.
func (p *posting) spend() programme.Spend {
	s := p.version.Rules.Spend
	if p.late != nil && s.Window == programme.Lifetime {
		s.Window, s.Days = programme.Rolling, wholeLife
	}
	return s
}

// wholeLife is more days than any receipt is old.
const wholeLife = 200 * 366

// tierThen is what is kept of the customer's level; of what comes late, if it was kept
// then.
func (c *saleCall) tierThen(w *world, who customer.ID) *programme.Tier {
	t := programme.TierOf(w.tiers[who], c.version.ProgrammeID)
	if t == nil || c.late == nil || !t.Since.After(c.sale.SoldAt) {
		return t
	}
	before := *t
	before.Level = ""
	return &before
}

// rises reports whether a level that the sale reaches is above what is kept: what
// comes late takes nothing of what was reached since.
func (c *saleCall) rises(w *world, who customer.ID, reached *programme.Level) bool {
	t := programme.TierOf(w.tiers[who], c.version.ProgrammeID)
	return c.late == nil || t == nil || c.version.Rules.Index(reached.Code) > c.version.Rules.Index(t.Level)
}

// LateCall is a late receipt with whoever stood at the till.
type LateCall struct {
	By Caller
	Late
}

// Number is what the till calls it.
func (c *LateCall) Number() string {
	if c.Return != nil {
		return c.Return.Number
	}
	return c.Sale.Number
}

// RecordLate records what a till sold and took back while it had no line, in
// order, each once. sent is what its clock showed when it sent them; zero: it is
// right. The answer has a result for each; an error is of the whole batch, which
// is to be sent again.
func (s *Service) RecordLate(ctx context.Context, sent time.Time, list []LateCall) (results []LateResult, err error) {
	defer errs.Wrap(&err, "record late receipts")
	q, err := s.lateBatch(ctx, sent, list)
	if err != nil {
		return nil, err
	}
	results = make([]LateResult, len(list))
	var batch []*waiting
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		s.commits.serve(batch)
		for _, w := range batch {
			q.recorded(w)
		}
		batch = batch[:0]
		return ctx.Err()
	}
	after := make([]func() error, len(list))
	for i := range list {
		if list[i].Return != nil { // of a sale that may be among those before it
			if err := flush(); err != nil {
				return nil, err
			}
		}
		c, diffs, err := s.lateCall(ctx, list[i].By, &list[i].Late, &q)
		results[i].Differences = diffs
		if err != nil {
			if errs.KindOf(err) == errs.Unavailable || ctx.Err() != nil {
				return nil, err
			}
			results[i].Err = err
			continue
		}
		w := &waiting{ctx: ctx, call: c, answer: make(chan struct{})}
		after[i] = func() error { return s.lateDone(&results[i], &list[i].Late, w) }
		if batch = append(batch, w); len(batch) == maxGroup {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	for _, done := range after {
		if done != nil {
			if err := done(); err != nil {
				return nil, err
			}
		}
	}
	return results, s.whole(ctx, results)
}

// whole reads the receipts that were there already, whose lines nobody has read.
func (s *Service) whole(ctx context.Context, results []LateResult) error {
	var ids db.Int64s
	for i := range results {
		if r := &results[i]; r.Replayed && len(r.Receipt.Lines) == 0 {
			ids = append(ids, int64(r.Receipt.ID))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	list, err := s.list(ctx, `WHERE id IN ($1...)`, ids)
	if err != nil {
		return err
	}
	read := map[ID]*Receipt{}
	for _, r := range list {
		read[r.ID] = r
	}
	for i := range results {
		if r := read[results[i].Receipt.ID]; r != nil {
			results[i].Receipt = *r
		}
	}
	return nil
}

// lateBatch is what the receipts of a batch have in common.
type lateBatch struct {
	now    time.Time
	ahead  time.Duration // of the till's clock, where it is to be corrected
	limits Lateness
	tills  map[catalog.StoreID][]catalog.Till
	merged map[customer.ID]customer.ID // whom customers of the batch were merged into
	twins  map[key]ID                  // sales of the batch that another till had sent
}

// recorded keeps what a return behind the sale in the queue will ask for.
func (q *lateBatch) recorded(w *waiting) {
	<-w.answer
	if c, ok := w.call.(*lateSale); ok && w.err == nil && c.receipt.Source != c.key.source {
		q.twins[c.key] = c.receipt.ID
	}
}

func (s *Service) lateBatch(ctx context.Context, sent time.Time, list []LateCall) (q lateBatch, err error) {
	q = lateBatch{now: s.now(), limits: s.lateness(), tills: map[catalog.StoreID][]catalog.Till{}, twins: map[key]ID{}}
	if !sent.IsZero() {
		if q.ahead = sent.Sub(q.now).Round(time.Second); q.ahead.Abs() <= q.limits.Skew {
			q.ahead = 0
		}
	}
	var shown []customer.ID
	for i := range list {
		if store := list[i].By.Store.ID; q.tills[store] == nil {
			if q.tills[store], err = s.catalog.Tills(ctx, store); err != nil {
				return q, err
			}
		}
		if sale := list[i].Sale; sale != nil && sale.Customer != 0 {
			shown = append(shown, sale.Customer)
		}
	}
	q.merged, err = s.customers.Resolve(ctx, shown)
	return q, err
}

// lateCall makes the call of a late receipt of a batch.
func (s *Service) lateCall(ctx context.Context, by Caller, in *Late, q *lateBatch) (c call, diffs []Difference, err error) {
	at := func(soldAt time.Time) (*late, error) {
		if soldAt.IsZero() {
			return nil, ErrLateNoTime
		}
		l := &late{soldAt.Add(-q.ahead).UTC().Truncate(time.Microsecond), q.ahead, q.tills[by.Store.ID]}
		switch {
		case l.at.After(q.now.Add(maxSkew)):
			return nil, ErrInTheFuture.At("/sold_at")
		case l.at.Before(q.now.Add(-q.limits.Age)):
			return nil, ErrLateTooOld
		}
		return l, nil
	}
	if q.ahead != 0 {
		diffs = append(diffs, DiffClock)
	}
	if in.Return != nil {
		c, err := s.lateReturn(ctx, by, in, q, at)
		return c, diffs, err
	}
	sale := *in.Sale
	sale.Quote = ""
	switch {
	case sale.Redeem > 0:
		return nil, diffs, ErrLateRedeem
	case sale.Total == nil:
		return nil, diffs, ErrLateNoTotal
	}
	var left Difference
	if sale.Customer == 0 && len(in.Shown) > 0 {
		found, err := s.customers.FindAll(ctx, in.Shown)
		if err != nil {
			return nil, diffs, err
		}
		for _, i := range in.Shown {
			sale.Customer = cmp.Or(sale.Customer, found[i].ID)
		}
		if sale.Customer == 0 {
			left = DiffUnknown
		}
	}
	sale.Customer = cmp.Or(q.merged[sale.Customer], sale.Customer)
	print := in.fingerprint()
	sc := &saleCall{sale: sale, posting: posting{
		by: by, key: key{int64(by.Till.ID), KindSale, sale.Number}, fingerprint: print,
		repeats: func(recorded *Receipt) bool { return recorded.fingerprint == print && recorded.Total == *sale.Total },
	}}
	if err := checkNumber(sale.Number); err != nil {
		return nil, diffs, err
	}
	if err := sale.check(); err != nil {
		return nil, diffs, err
	}
	if sc.late, err = at(sale.SoldAt); err != nil {
		return nil, diffs, err
	}
	sc.sale.SoldAt = sc.late.at
	return &lateSale{saleCall: sc, left: left}, diffs, s.rules(ctx, sc, q.now)
}

// lateSale is a sale that is recorded whoever the customer turns out to be.
type lateSale struct {
	*saleCall
	left Difference // why the customer was left out; told of what was recorded only: a refusal leaves no trace of who asked
}

func (c *lateSale) apply(s *Service, w *world) error {
	who := c.sale.Customer
	if who != 0 {
		switch profile := w.customers[who]; {
		case w.accounts[who] == nil || profile.ID == 0:
			c.sale.Customer, c.left = 0, DiffUnknown
		case profile.State == customer.StateMerged:
			return errMoved // since the batch came
		case profile.State != customer.StateActive:
			c.sale.Customer, c.left = 0, DiffBlocked
		}
	}
	return c.saleCall.apply(s, w)
}

// lateReturn makes the call of a return that comes late.
func (s *Service) lateReturn(ctx context.Context, by Caller, in *Late, q *lateBatch, at func(time.Time) (*late, error)) (call, error) {
	back := *in.Return
	if err := checkNumber(back.Number); err != nil {
		return nil, err
	}
	l, err := at(back.SoldAt)
	if err != nil {
		return nil, err
	}
	back.Original = cmp.Or(back.Original, q.twins[key{int64(by.Till.ID), KindSale, in.OriginalNumber}])
	if back.Original == 0 {
		sale, err := s.Find(ctx, int64(by.Till.ID), KindSale, in.OriginalNumber)
		if err != nil {
			return nil, err
		}
		back.Original = sale.ID
	}
	print := in.fingerprint()
	repeats := func(recorded *Receipt) bool { return recorded.fingerprint == print }
	back.SoldAt = l.at
	c := &returnCall{in: back, posting: posting{
		by: by, key: key{int64(by.Till.ID), KindReturn, back.Number}, fingerprint: print, repeats: repeats, late: l,
	}}
	return c, s.ofSale(ctx, c)
}

// lateDone says what became of a late receipt once its transaction is over.
func (s *Service) lateDone(to *LateResult, in *Late, w *waiting) error {
	<-w.answer
	if w.err != nil {
		if errs.KindOf(w.err) == errs.Unavailable {
			return w.err
		}
		to.Err = w.err
		return nil
	}
	var p *posting
	switch c := w.call.(type) {
	case *lateSale:
		if p = &c.posting; c.left != "" {
			to.Differences = append(to.Differences, c.left)
		}
	case *returnCall:
		p = &c.posting
	}
	rec := p.receipt
	to.Receipt, to.Replayed = rec, p.replayed
	if rec.Source != p.key.source {
		to.Differences = append(to.Differences, DiffRecorded)
	}
	switch {
	case rec.Details.ByRules != nil:
		to.Differences = append(to.Differences, DiffPrice)
	case in.Refund != nil && *in.Refund != rec.Refund():
		to.Differences = append(to.Differences, DiffRefund)
	}
	return nil
}
