package receipt

import (
	"context"
	"errors"
	"strconv"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// Return is what a till gives back. No lines: everything that is left.
type Return struct {
	Number   string       `json:"number"`   // the till's name of the return
	Original ID           `json:"original"` // the sale
	Lines    []ReturnLine `json:"lines,omitempty"`
	SoldAt   time.Time    `json:"sold_at"` // of the return; zero: now
	Reason   string       `json:"reason,omitempty"`
	Key      string       `json:"-"` // the Idempotency-Key, if one came
}

// ReturnLine is a position of the sale and how much of it comes back.
type ReturnLine struct {
	Position int            `json:"position"`
	Quantity money.Quantity `json:"quantity"`
}

// returnCall is a return on its way into a transaction, or a preview.
type returnCall struct {
	posting // its version is the sale's
	in      Return
	asked   time.Time // when it was, as the till says; zero: not said
	sale    *Receipt  // as it was before the transaction: who and where
}

// Return gives goods back: money, the points redeemed on them to the lots they
// came from, and the points earned on them back to the programme. The same
// return sent again answers the same and sets replayed.
func (s *Service) Return(ctx context.Context, by Caller, in Return) (_ Receipt, replayed bool, err error) {
	defer errs.Wrap(&err, "return receipt")
	if err := checkNumber(in.Number); err != nil {
		return Receipt{}, false, err
	}
	c, err := s.returnCall(ctx, by, in)
	if err != nil {
		return s.refused(ctx, key{int64(by.Till.ID), KindReturn, in.Number}, in.repeats, err)
	}
	err = s.commits.do(ctx, c)
	if errors.Is(err, errMoved) {
		if err = s.ofSale(ctx, c); err == nil {
			err = s.commits.do(ctx, c)
		}
	}
	if err != nil {
		return Receipt{}, false, err
	}
	return s.answer(ctx, c.receipt, c.replayed)
}

// PreviewReturn says what Return would record, and changes nothing.
func (s *Service) PreviewReturn(ctx context.Context, by Caller, in Return) (_ Receipt, err error) {
	defer errs.Wrap(&err, "preview return")
	c, err := s.returnCall(ctx, by, in)
	if err != nil {
		return Receipt{}, err
	}
	var w *world
	// In one snapshot: a lot that is emptied or filled between two readings
	// would be missing.
	if err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		w, err = s.look(ctx, []call{c}, tx.Run)
		return err
	}); err != nil {
		return Receipt{}, err
	}
	if err := c.apply(s, w); err != nil {
		return Receipt{}, err
	}
	return c.receipt, nil
}

func (s *Service) returnCall(ctx context.Context, by Caller, in Return) (*returnCall, error) {
	c := &returnCall{in: in, asked: in.SoldAt, posting: posting{
		by: by, key: key{int64(by.Till.ID), KindReturn, in.Number}, idem: idem{int64(by.Till.ID), in.Key},
		fingerprint: in.fingerprint(), repeats: in.repeats,
	}}
	var err error
	if c.in.SoldAt, err = soldAt(in.SoldAt, s.now()); err != nil {
		return nil, err
	}
	if err := (Draft{Reason: in.Reason}).check(); err != nil {
		return nil, err
	}
	return c, s.ofSale(ctx, c)
}

// ofSale finds the sale of a return, and its rules.
func (s *Service) ofSale(ctx context.Context, c *returnCall) (err error) {
	if c.sale, err = s.Get(ctx, c.in.Original); err != nil {
		return err
	}
	if c.sale.Kind != KindSale {
		return ErrNotASale.At("/original")
	}
	// A return counts with its sale, in windows too, and so never before it.
	switch early := c.in.SoldAt.Before(c.sale.SoldAt); {
	case early && !c.asked.IsZero():
		return ErrBeforeSale.At("/sold_at")
	case early: // the clock of the till that sold is ahead of ours
		c.in.SoldAt = c.sale.SoldAt
	}
	if c.sale.Version != 0 {
		if c.version, err = s.programmes.ByID(ctx, c.sale.Version); err != nil {
			return err
		}
	}
	// The ledger asks what is stopped without reading it.
	_, err = s.programmes.Holding(ctx, s.now())
	return err
}

func (c *returnCall) prepare(n *needs) {
	c.needs(n, c.sale.Customer, c.in.SoldAt)
	n.sales = append(n.sales, int64(c.sale.ID))
}

func (c *returnCall) apply(s *Service, w *world) error {
	if done, err := c.replay(w); done || err != nil {
		return err
	}
	sale := w.sales[c.sale.ID]
	if sale.Customer != c.sale.Customer {
		return errMoved
	}
	rec, err := c.record(s, w, sale)
	if err != nil {
		return err
	}
	for _, l := range rec.Lines {
		of := sale.line(l.Original)
		w.returned = append(w.returned, returnedLine{sale.ID, of.Position, of.Returned, of.Returned + l.Quantity})
		of.Returned += l.Quantity
	}
	if sale.Customer != 0 {
		c.movePoints(s, w, sale, rec)
	}
	c.end(w, rec)
	return nil
}

// record makes the receipt of the return from what the sale recorded.
func (c *returnCall) record(s *Service, w *world, sale *Receipt) (*Receipt, error) {
	rec := c.begin(s, w, sale.Customer, c.in.SoldAt)
	rec.Original, rec.Version, rec.Level, rec.Details.Reason = sale.ID, sale.Version, sale.Level, c.in.Reason
	rec.Details.Late, rec.Details.Clock = c.late != nil, c.late.clock()
	lines, err := c.lines(sale)
	if err != nil {
		return nil, err
	}
	for i, back := range lines {
		of, known := sale.line(back.Position), c.sale.line(back.Position)
		part := pricing.ReturnPart(pricing.Recorded{
			Quantity: of.Quantity, Gross: of.Gross, Discount: of.Discount, PaidPoints: of.PaidPoints,
			Redeemed: of.Redeemed, Earned: of.Earned, TierSpend: of.TierSpend,
		}, of.Returned, back.Quantity)
		rec.Lines = append(rec.Lines, Line{
			Position: i + 1, Sale: sale.ID, Original: of.Position, Product: of.Product, SKU: known.SKU, Name: known.Name, Full: known.Full, ownName: of.ownName, Quantity: back.Quantity, Price: of.Price,
			Gross: part.Gross, Discount: part.Discount, PaidPoints: part.PaidPoints, Total: part.Total,
			Redeemed: part.Redeemed, Earned: part.Earned, TierSpend: part.TierSpend, Cost: of.Cost,
		})
		rec.Gross += part.Gross
		rec.Discount += part.Discount
		rec.PaidPoints += part.PaidPoints
		rec.Total += part.Total
		rec.Redeemed += part.Redeemed
		rec.Earned += part.Earned
		rec.TierSpend += part.TierSpend
	}
	return rec, nil
}

// lines are the lines that come back, checked against what is left.
func (c *returnCall) lines(sale *Receipt) ([]ReturnLine, error) {
	if len(c.in.Lines) == 0 {
		var all []ReturnLine
		for _, l := range sale.Lines {
			if left := l.Quantity - l.Returned; left > 0 {
				all = append(all, ReturnLine{l.Position, left})
			}
		}
		if len(all) == 0 {
			return nil, ErrNothingLeft
		}
		return all, nil
	}
	var wrong errs.List
	tooMany, seen := 0, map[int]bool{}
	for i, l := range c.in.Lines {
		at := pointer("/lines/%d", i)
		of := sale.line(l.Position)
		switch {
		case of == nil:
			wrong.Add(at+"/position", "unknown_line", "is not a line of receipt %s", sale.Number)
		case seen[l.Position]:
			wrong.Add(at+"/position", "twice", "is named twice")
		case l.Quantity <= 0:
			wrong.Add(at+"/quantity", "out_of_range", "must be above 0")
		case l.Quantity > of.Quantity-of.Returned:
			tooMany++
			wrong.Add(at+"/quantity", ErrTooManyReturned.Code, "%s", ErrTooManyReturned.Text).With("left", of.Quantity-of.Returned)
		}
		seen[l.Position] = true
	}
	err := wrong.Err()
	if tooMany > 0 && tooMany == wrong.Len() { // the request is in order, and something came back before it
		fields := errs.Of(err).Fields
		e := ErrTooManyReturned.With("left", fields[0].Args["left"])
		e.Fields = fields
		return nil, e
	}
	return c.in.Lines, err
}

// movePoints undoes what the sale did to points and totals.
func (c *returnCall) movePoints(s *Service, w *world, sale, rec *Receipt) {
	account := w.accounts[sale.Customer]
	zone := s.catalog.Zone(w.customers[sale.Customer].HomeStore, c.by.Store.Zone)
	var heldBefore programme.Level
	if v := c.version; v != nil {
		heldBefore = programme.LevelOf(&v.Rules, programme.TierOf(w.tiers[sale.Customer], v.ProgrammeID), w.tierSpend(account, c.spend(), rec.SoldAt, zone), rec.SoldAt)
	}
	rec.Details.Welcome = welcomeBack(c.version, sale, rec, w.refunds[sale.ID].spend)
	if sale.Redeemed > 0 || sale.Earned > 0 || sale.Details.Welcome > 0 { // though not on these lines: their refund may bear what another's could not
		r := ledger.Reversal{
			Move: rec.move(ledger.CauseReturn, c.by.Store, sale.ID), Restore: rec.Redeemed, TakeBack: rec.Earned, Welcome: rec.Details.Welcome,
			Histories: w.histories,
		}
		if v := c.version; v != nil {
			// What a till without its line gave back is given.
			if r.Policy = v.Rules.Return.Clawback; c.late != nil {
				r.Policy = programme.ClawbackDebt
			}
			r.Bearable = s.currency.PointsFor(w.refunds[sale.ID].withheld+rec.Total, v.Rules.PointValue, money.Down)
			r.GraceUntil = v.Rules.GraceUntil(rec.SoldAt, zone)
		}
		account.Reverse(r)
	}
	if v := c.version; v != nil {
		due := s.currency.Worth(w.histories[int64(sale.ID)].Withheld(), v.Rules.PointValue)
		rec.Withheld = w.refunds[sale.ID].withhold(rec.Total, due)
	}
	w.refunds[sale.ID] = w.refunds[sale.ID].plus(rec)
	account.Sold(rec.SoldAt, rec.TierSpend, true)
	w.spent(sale.Customer, sale.SoldAt, -rec.TierSpend)
	if v := c.version; v != nil {
		spend := w.tierSpend(account, c.spend(), rec.SoldAt, zone)
		old := programme.KeptOf(w.tiers[sale.Customer], v.ProgrammeID)
		if t := programme.TakeBack(&v.Rules, old, heldBefore, spend, rec.SoldAt, w.now, zone); t != old {
			w.putTier(sale.Customer, t)
		}
	}
	rec.Balance = account.Usable()
}

// withhold is by how much one more refund is reduced where all of them are to
// be reduced by due: by no more than there is to give back, of all and of this
// one, so that what could not be kept back is not paid out later.
func (r refunded) withhold(total, due money.Amount) money.Amount {
	return min(total, min(r.total+total, due)-r.withheld)
}

func (r refunded) plus(back *Receipt) refunded {
	return refunded{r.total + back.Total, r.withheld + back.Withheld, r.spend + back.TierSpend}
}

// Refund is the money that a return gave back; of a sale what was paid.
func (r *Receipt) Refund() money.Amount { return r.Total - r.Withheld }

// line is the line at a position; nil if there is none.
func (r *Receipt) line(position int) *Line {
	for i := range r.Lines {
		if r.Lines[i].Position == position {
			return &r.Lines[i]
		}
	}
	return nil
}

func (r *Receipt) told(c money.Currency, texts *written) event.Event {
	return event.Event{
		At: r.SoldAt, Kind: EventRecorded, CustomerID: int64(r.Customer), Ref: int64(r.ID),
		Body: event.Body(map[string]string{"kind": string(r.Kind), "total": c.Format(r.Total), "checksum": strconv.FormatInt(r.checksum(texts), 10)}),
	}
}
