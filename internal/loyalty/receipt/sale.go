package receipt

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// saleCall is a sale on its way into a transaction.
type saleCall struct {
	posting
	sale   Sale
	quoted *quoted  // what the till was told; nil: it sends a total
	labels []string // of the customer, where they matter
	// confirmed is what the customer said; zero: nothing that holds.
	confirmed confirm.Confirmation
	current   *programme.Version  // that holds now, where points are redeemed
	holdSaid  bool                // the customer said yes to the hold
	card      customer.Identifier // that was shown; zero: none
}

// saleCall checks what can be checked before the transaction and finds the
// rules: the quote's while it is valid, otherwise those of the time of sale.
func (s *Service) saleCall(ctx context.Context, by Caller, sale Sale) (*saleCall, error) {
	now := s.now()
	c := &saleCall{sale: sale, card: s.card(sale.Card), posting: posting{
		by: by, key: key{int64(by.Till.ID), KindSale, sale.Number}, idem: idem{int64(by.Till.ID), sale.Key},
		fingerprint: sale.fingerprint(), repeats: sale.repeats,
	}}
	if err := checkNumber(sale.Number); err != nil {
		return nil, err
	}
	if err := sale.check(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(sale.Lines, func(l DraftLine) bool { return !l.Void }) {
		return nil, ErrEmpty.At("/lines")
	}
	var err error
	if c.sale.SoldAt, err = soldAt(sale.SoldAt, now); err != nil {
		return nil, err
	}
	return c, s.rules(ctx, c, now)
}

// holds is the version that holds for a customer (0: nobody) in the caller's store at
// a time, and the customer's labels where they matter: what a label is read as here
// holds for the call, though it may be changed before the call is over.
func (s *Service) holds(ctx context.Context, by Caller, who customer.ID, at time.Time) (v *programme.Version, labels []string, err error) {
	byLabel, err := s.programmes.ByLabel(ctx)
	if err == nil && byLabel {
		labels, err = s.customers.Labels(ctx, who)
	}
	if err != nil {
		return nil, nil, err
	}
	v, err = s.programmes.At(ctx, by.Store.Code, at, labels...)
	return v, labels, err
}

// rules finds the rules of a sale.
func (s *Service) rules(ctx context.Context, c *saleCall, now time.Time) (err error) {
	by, sale := c.by, &c.sale
	// Also where a quote says by which version: the ledger asks what is stopped
	// without reading it.
	if c.version, c.labels, err = s.holds(ctx, by, sale.Customer, sale.SoldAt); err != nil {
		return err
	}
	switch {
	case sale.Quote == "" && sale.Total == nil:
		return ErrQuoteMissing
	case sale.Quote == "":
		return nil
	}
	if c.quoted, err = s.readQuote(by, sale.Quote); err != nil {
		return err
	}
	if sale.SoldAt.Before(c.quoted.at.Add(-maxSkew)) {
		return ErrBeforeQuote.At("/sold_at")
	}
	if c.quoted.version != 0 {
		v, err := s.programmes.ByID(ctx, c.quoted.version)
		if err != nil {
			return err
		}
		if !now.After(c.quoted.at.Add(validity(v))) {
			c.version = v
		}
	}
	return nil
}

func checkNumber(number string) error {
	if number == "" || utf8.RuneCountInString(number) > MaxNumber || strings.TrimSpace(number) != number || !printable(number) {
		return ErrNumber.At("/number")
	}
	return nil
}

func soldAt(at, now time.Time) (time.Time, error) {
	switch {
	case at.IsZero():
		return now, nil
	case at.After(now.Add(maxSkew)):
		return at, ErrInTheFuture.At("/sold_at")
	case at.Before(now.Add(-maxAge)):
		return at, ErrTooOld.At("/sold_at")
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

func validity(v *programme.Version) time.Duration {
	return time.Duration(v.Rules.QuoteMinutes) * time.Minute
}

func (c *saleCall) prepare(n *needs) {
	c.needs(n, c.sale.Customer, c.sale.SoldAt)
	if c.sale.Customer != 0 && c.version != nil && c.version.Rules.Earn.Daily > 0 {
		n.days = append(n.days, dayOf(c.sale.Customer, c.sale.SoldAt, c.by.Store.Zone))
	}
	if f, ok := c.first(); ok {
		n.firsts = append(n.firsts, f)
	}
	if c.card.Value != "" && c.wantsCard() {
		n.cards = append(n.cards, c.card)
	}
	for _, l := range c.sale.Lines {
		n.skus = append(n.skus, l.SKU)
	}
}

// price prices the draft in the world as it is.
func (c *saleCall) price(s *Service, w *world) (pricing.Result, error) {
	in := pricing.Input{Currency: s.currency, At: c.sale.SoldAt, Zone: c.by.Store.Zone, Store: c.by.Store.Code}
	if c.version != nil {
		in.Rules = &c.version.Rules
	}
	in.Draft = pricing.Draft{
		Lines:  make([]pricing.Line, len(c.sale.Lines)),
		Redeem: c.sale.Redeem, NoDiscount: c.sale.NoDiscount, NoPoints: c.sale.NoPoints,
	}
	for i, l := range c.sale.Lines {
		p := w.products[l.SKU]
		in.Draft.Lines[i] = pricing.Line{
			SKU: cmp.Or(p.SKU, l.SKU), Categories: p.Categories, GiftCard: p.Kind == catalog.KindGiftCard, Promo: p.Promo, Cost: p.Cost,
			Quantity: l.Quantity, Price: l.Price, Discount: l.Discount, Void: l.Void, Charged: l.Charged, NoLoyalty: l.NoLoyalty,
		}
	}
	if c.late != nil {
		in.Draft.Charged = c.sale.Total
	}
	if who := c.sale.Customer; who != 0 {
		account, profile := w.accounts[who], w.customers[who]
		if err := w.usable(who); err != nil {
			return pricing.Result{}, err
		}
		in.Zone = s.catalog.Zone(profile.HomeStore, c.by.Store.Zone)
		hold := account.Open(c.sale.Hold)
		in.Customer = &pricing.Customer{Available: account.AvailableTo(hold), Card: c.carded(w)}
		if c.sale.Redeem > 0 && !in.Customer.Card && c.wantsCard() {
			return pricing.Result{}, uncarded(c.sale.Card)
		}
		if c.ownPoints() != 0 {
			in.Customer.Available = account.AvailableOf(c.ownPoints(), hold)
		}
		if c.version != nil {
			if c.version.Rules.Earn.Daily > 0 {
				in.Customer.Today = w.today(dayOf(who, c.sale.SoldAt, c.by.Store.Zone))
			}
			if f, ok := c.first(); ok {
				in.Customer.First = w.isFirst(f)
			}
			in.Customer.Spend = w.tierSpend(account, c.spend(), c.sale.SoldAt, in.Zone)
			in.Customer.Level = programme.LevelOf(&c.version.Rules, c.tierThen(w, who), in.Customer.Spend, c.sale.SoldAt).Code
			in.Customer.Occasions = c.version.Rules.Days(programme.Dates{Born: profile.Born, Registered: profile.Registered}, c.sale.SoldAt, in.Zone)
		}
	}
	return pricing.Price(in)
}

// ownPoints is the programme whose points alone may pay; 0: all may.
func (c *saleCall) ownPoints() programme.ID {
	if c.version == nil || !c.version.Rules.Redeem.Own {
		return 0
	}
	return c.version.ProgrammeID
}

// quote is the priced draft with its id.
func (c *saleCall) quote(s *Service, w *world, now time.Time) (Quote, error) {
	res, err := c.price(s, w)
	if err != nil {
		return Quote{}, err
	}
	q := Quote{Draft: c.sale.Draft, Result: res, ValidUntil: now, Confirm: c.confirms(w, res.Redeemed)}
	if c.version != nil {
		q.Version, q.Programme, q.Label = c.version.ID, c.version, c.version.Rules.For(c.labels)
		q.ValidUntil = now.Add(validity(c.version))
	}
	for _, l := range c.sale.Lines {
		q.Products = append(q.Products, w.products[l.SKU])
	}
	q.ID = s.writeQuote(c.by, quoted{version: q.Version, at: now, digest: digest(&c.sale, res)})
	return q, nil
}

// quoteCall is a draft to be priced.
type quoteCall struct {
	saleCall
	answer Quote
}

func (c *quoteCall) apply(s *Service, w *world) (err error) {
	c.answer, err = c.quote(s, w, c.sale.SoldAt)
	return err
}

func (c *saleCall) apply(s *Service, w *world) error {
	if done, err := c.replay(w); done || err != nil {
		return err
	}
	res, err := c.price(s, w)
	spent := c.quoted != nil && errors.Is(err, pricing.ErrRedeemTooMuch)
	if spent { // meanwhile, by another till: what holds now redeems what is left
		asked := c.sale.Redeem
		defer func() { c.sale.Redeem = asked }()
		c.sale.Redeem, _ = errs.Of(err).Args["max"].(money.Points)
		res, err = c.price(s, w)
	}
	if err != nil {
		return err
	}
	if spent || !c.agrees(res) {
		q, err := c.quote(s, w, w.now)
		if err != nil {
			return err
		}
		return &ChangedError{q}
	}
	confirmed := c.confirms(w, res.Redeemed)
	if confirmed && !c.confirmed.Covers(c.sale.Customer, c.by.Till.ID, res.Redeemed) {
		return unconfirmed(c.sale.Confirmation)
	}
	rec := c.record(s, w, res)
	rec.Details.Confirmed = confirmed
	rec.Details.Card = res.Redeemed > 0 && c.wantsCard() && w.shows(c.sale.Customer, c.card)
	if who := c.sale.Customer; who != 0 {
		if err := c.movePoints(s, w, rec, res); err != nil {
			return err
		}
	}
	if confirmed {
		s.confirm.Spend(&w.writes, c.confirmed, int64(rec.ID), w.now)
	}
	c.end(w, rec)
	return nil
}

// agrees reports whether the price is what the till was told.
func (c *saleCall) agrees(res pricing.Result) bool {
	if c.quoted != nil {
		return c.quoted.digest == digest(&c.sale, res)
	}
	return *c.sale.Total == res.Total
}

// record makes the receipt of a priced sale.
func (c *saleCall) record(s *Service, w *world, res pricing.Result) *Receipt {
	rec := c.begin(s, w, c.sale.Customer, c.sale.SoldAt)
	rec.Level = res.Level.Code
	rec.Gross, rec.Discount, rec.PaidPoints, rec.Total = res.Gross, res.Discount, res.PaidPoints, res.Total
	rec.Redeemed, rec.Earned, rec.TierSpend = res.Redeemed, res.Earned, res.TierSpend
	rec.Details = Details{ByRules: res.ByRules, Late: c.late != nil, Clock: c.late.clock(), Reason: c.sale.Reason, NoDiscount: c.sale.NoDiscount, NoPoints: c.sale.NoPoints}
	rec.Details.Over, rec.Details.Welcome = res.Over, res.Welcome
	for _, day := range res.Days {
		rec.Details.Days = strings.TrimPrefix(rec.Details.Days+" "+string(day), " ")
	}
	if c.version != nil {
		rec.Version = c.version.ID
	}
	if res.Reaches != nil && c.rises(w, rec.Customer, res.Reaches) {
		rec.Details.Reached = res.Reaches.Code
	}
	if res.Earned > 0 {
		rec.Details.AvailableAt = &res.AvailableAt
		if !res.ExpiresAt.IsZero() {
			rec.Details.ExpiresAt = &res.ExpiresAt
		}
	}
	for i, l := range c.sale.Lines {
		if l.Void {
			continue
		}
		if l.NoLoyalty {
			rec.Details.NoLoyalty = strings.TrimPrefix(rec.Details.NoLoyalty+" "+strconv.Itoa(i+1), " ")
		}
		p, priced := w.products[l.SKU], res.Lines[i]
		line := Line{
			Position: i + 1, SKU: cmp.Or(p.SKU, l.SKU), ownName: fold.Line(l.Name), Quantity: l.Quantity, Price: l.Price,
			Gross: priced.Gross, Discount: priced.Discount, PaidPoints: priced.PaidPoints, Total: priced.Total,
			Redeemed: priced.Redeemed, Earned: priced.Earned, TierSpend: priced.TierSpend, Cost: p.Cost,
			Discounts: priced.Discounts,
		}
		line.of(p)
		rec.Lines = append(rec.Lines, line)
	}
	return rec
}

// of says which product the line is of; zero: none that is known yet.
func (l *Line) of(p catalog.Product) {
	if l.ownName == p.Name {
		l.ownName = ""
	}
	l.Product, l.Name, l.Full = p.ID, cmp.Or(l.ownName, p.Name), cmp.Or(l.ownName, p.FullName())
}

// movePoints redeems, earns and counts the sale; it fails before anything has
// moved.
func (c *saleCall) movePoints(s *Service, w *world, rec *Receipt, res pricing.Result) error {
	account := w.accounts[rec.Customer]
	if err := account.Fits(rec.TierSpend, res.Earned+res.Welcome); err != nil {
		return err
	}
	m := rec.move(ledger.CauseRedeem, c.by.Store, rec.ID)
	hold := account.Open(c.sale.Hold)
	if err := account.Redeem(m, res.Redeemed, ledger.With{Hold: hold, Only: c.ownPoints()}); err != nil {
		return err
	}
	if hold != nil {
		account.End(hold, ledger.HoldRedeemed, int64(rec.ID))
	}
	account.Sold(rec.SoldAt, rec.TierSpend, false)
	w.spent(rec.Customer, rec.SoldAt, rec.TierSpend)
	if v := c.version; v != nil {
		zone := s.catalog.Zone(w.customers[rec.Customer].HomeStore, c.by.Store.Zone)
		account.KeepUntil(v.Rules.IdleAt(rec.SoldAt, zone))
		m.Cause = ledger.CauseEarn
		account.Earn(ledger.Grant{
			Move: m, Source: ledger.Issued, Programme: v.ProgrammeID, Points: res.Earned,
			AvailableAt: res.AvailableAt, ExpiresAt: res.ExpiresAt,
		})
		m.Cause = ledger.CauseWelcome
		account.Earn(ledger.Grant{
			Move: m, Source: ledger.Issued, Programme: v.ProgrammeID, Points: res.Welcome,
			AvailableAt: res.WelcomeAt, ExpiresAt: res.WelcomeUntil,
		})
		if rec.Details.Reached != "" {
			old := programme.KeptOf(w.tiers[rec.Customer], v.ProgrammeID)
			w.putTier(rec.Customer, programme.Reach(&v.Rules, old, res.Reaches.Code, rec.SoldAt, w.now, zone))
			w.events = append(w.events, programme.TierReached(rec.SoldAt, rec.Customer, int64(rec.ID), res.Reaches.Code))
		}
	}
	rec.Balance = account.Usable()
	return nil
}

// putTier changes a tier in memory and queues its writing.
func (w *world) putTier(who customer.ID, t programme.Tier) {
	if old := programme.TierOf(w.tiers[who], t.Programme); old != nil {
		*old = t
	} else {
		w.tiers[who] = append(w.tiers[who], t)
	}
	programme.SetTier(&w.writes, who, t)
}

// move is what the entries of a receipt share.
func (r *Receipt) move(cause ledger.Cause, store catalog.Store, sale ID) ledger.Move {
	return ledger.Move{
		Cause: cause, Receipt: int64(r.ID), Sale: int64(sale), Entity: int64(store.Entity), Store: int64(store.ID), Staff: r.Staff, At: r.SoldAt,
	}
}

// quoted is what the id of a quote says.
type quoted struct {
	version programme.VersionID
	at      time.Time
	digest  [8]byte
}

const quotePrefix = "q1_"

// writeQuote packs a quote into its id, signed, so that quoting writes nothing
// and any process can commit it. It is bound to the till.
func (s *Service) writeQuote(by Caller, q quoted) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(q.version))
	b = binary.BigEndian.AppendUint64(b, uint64(q.at.UnixMicro()))
	b = append(b, q.digest[:]...)
	return quotePrefix + base64.RawURLEncoding.EncodeToString(append(b, s.sign(by, b)...))
}

func (s *Service) sign(by Caller, b []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(by.Till.ID)))
	mac.Write(b)
	return mac.Sum(nil)[:12]
}

func (s *Service) readQuote(by Caller, id string) (*quoted, error) {
	text, ok := strings.CutPrefix(id, quotePrefix)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != 36 || !hmac.Equal(b[24:], s.sign(by, b[:24])) {
		return nil, ErrQuoteInvalid.At("/quote")
	}
	return &quoted{
		version: programme.VersionID(binary.BigEndian.Uint64(b)),
		at:      time.UnixMicro(int64(binary.BigEndian.Uint64(b[8:]))).UTC(),
		digest:  [8]byte(b[16:24]),
	}, nil
}

// digest tells two quotes apart by what is sold and by everything that the
// cashier or customer was told of it in figures.
func digest(sale *Sale, res pricing.Result) [8]byte {
	b := make([]byte, 0, 512)
	put := func(vs ...int64) {
		for _, v := range vs {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
	}
	put(int64(sale.Customer), int64(res.Gross), int64(res.Discount), int64(res.PaidPoints), int64(res.Total), int64(res.Redeemed), int64(res.Earned))
	// Points that are available at once are so whenever the sale is committed.
	var available int64
	if res.AvailableAt.After(sale.SoldAt) {
		available = res.AvailableAt.UnixMicro()
	}
	put(available, res.ExpiresAt.UnixMicro())
	if res.Welcome > 0 {
		put(-3, int64(res.Welcome), res.WelcomeUntil.UnixMicro())
	}
	for i, l := range res.Lines {
		put(int64(l.Gross), int64(l.Discount), int64(l.PaidPoints), int64(l.Total))
		d := &sale.Lines[i]
		if d.Void { // counts for nothing
			put(-1)
			continue
		}
		put(int64(len(d.SKU)))
		b = append(b, d.SKU...)
		put(int64(d.Quantity), int64(d.Price), int64(d.Discount))
		if d.NoLoyalty {
			put(-2)
		}
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:])
}
