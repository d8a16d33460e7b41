package ledger

import (
	"slices"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// Reversal is what a return undoes of its sale: by how many points, under which
// policy, and what is recorded of the sale and its earlier returns.
type Reversal struct {
	Move
	Restore    money.Points // redeemed on the returned lines: goes back
	TakeBack   money.Points // earned on the returned lines: is taken back
	Welcome    money.Points // given for the sale: likewise
	Policy     programme.Clawback
	Bearable   money.Points // the most that this refund and those before can bear together
	GraceUntil time.Time    // new date for points that go back to an expired lot
	Histories  Histories    // of the sale, and of those that earned what it redeemed
}

// History is what the ledger recorded of a sale and its returns so far.
type History struct {
	Sale    int64
	entries []Entry // of the sale and its returns, in order
}

// Histories are histories by sale.
type Histories map[int64]*History

// of gives the history of a sale, which nothing may have been recorded of.
func (hs Histories) of(sale int64) *History {
	if hs[sale] == nil {
		hs[sale] = &History{Sale: sale}
	}
	return hs[sale]
}

// add adds the entries that an account has from one on to their sales.
func (hs Histories) add(a *Account, from int) {
	for _, e := range a.entries[from:] {
		if h := hs[e.Sale]; h != nil {
			h.entries = append(h.entries, e)
		}
	}
}

// Withheld is by how many points the refunds so far were reduced.
func (h *History) Withheld() money.Points { return h.borne(Refund) }

// taken is what the sale redeemed, lot by lot in the order it took them, less
// what earlier returns gave back.
func (h *History) taken() (lots []LotID, left map[LotID]money.Points) {
	left = map[LotID]money.Points{}
	for _, e := range h.entries {
		switch {
		case e.Cause == CauseRedeem && e.Target == Redeemed:
			lots = append(lots, e.Lot)
			left[e.Lot] += e.Points
		case e.Cause == CauseReturn && e.Source == Redeemed:
			left[e.Lot] -= e.Points
		}
	}
	return lots, left
}

// borne is what earlier returns could not take back and somebody else bears:
// the refund or the programme.
func (h *History) borne(by Name) (points money.Points) {
	for _, e := range h.entries {
		if e.Source == by {
			points += e.Points
		}
		if e.Target == by {
			points -= e.Points
		}
	}
	return points
}

// Reverse gives redeemed points back to the very lots they came from, the last
// taken first, and takes earned points back: from the sale's own lot; what has
// expired of it is gone already; what it repaid of a debt is owed again; what
// has been spent becomes a debt, or, where the policy says so, a debt only as
// far as the balance stays at zero, and for the rest the refund's or the
// programme's loss. What comes back to a lot whose own sale left the programme
// such a loss makes up for that first.
//
// It returns by how many points the refund is to be reduced. That is negative
// where an earlier return reduced it by more than all returns together should:
// so parts in any order end where the whole would.
func (a *Account) Reverse(r Reversal) (withheld money.Points) {
	r.Cause = CauseReturn
	// Another return of the sale may follow in the same transaction.
	defer r.Histories.add(a, len(a.entries))
	a.restore(r)
	short := a.takeBack(r, CauseEarn, r.TakeBack) + a.takeBack(r, CauseWelcome, r.Welcome)
	short -= a.takeRest(r, short)
	h := r.Histories.of(r.Sale)
	refund, loss := h.borne(Refund), h.borne(WrittenOff)
	most := refund
	switch r.Policy {
	case programme.ClawbackWriteOff:
	case programme.ClawbackRefund:
		most = r.Bearable
	default:
		a.post(r.Move, Debt, Issued, short, nil)
		return 0
	}
	// As if all of it were returned now: the balance gives what it can, then
	// the refund, and what neither can is lost.
	all := refund + loss + short
	debt := min(all, max(0, a.Balance()))
	withheld = min(all-debt, most) - refund
	loss = all - debt - refund - withheld - loss
	a.move(r.Move, []share{{Debt, debt}, {Refund, withheld}, {WrittenOff, loss}, {Issued, -short}})
	return withheld
}

// share is what an account gives, or gets where it is negative.
type share struct {
	of     Name
	points money.Points
}

// move posts what some accounts give to those that get it; together they come
// to nothing.
func (a *Account) move(m Move, shares []share) {
	for i := range shares {
		for j := len(shares) - 1; j >= 0; j-- {
			from, to := &shares[i], &shares[j]
			part := min(from.points, -to.points)
			if part <= 0 {
				continue
			}
			a.post(m, from.of, to.of, part, nil)
			from.points -= part
			to.points += part
		}
	}
}

func (a *Account) restore(r Reversal) {
	lots, left := r.Histories.of(r.Sale).taken()
	slices.Reverse(lots)
	todo := r.Restore
	for _, id := range lots {
		part := min(todo, left[id])
		if part <= 0 {
			continue
		}
		l := a.lot(id)
		if l == nil {
			l = a.another(r, id, part)
		} else {
			l.Remaining += part
			l.dirty = true
		}
		a.post(r.Move, Redeemed, l.account(), part, l)
		a.makeUp(r, l, part)
		if at, due := a.expires(l); due {
			if r.GraceUntil.After(a.now) {
				l.ExpiresAt = r.GraceUntil
			} else {
				// They do not repay a debt on their way: it would matter
				// whether another part of the return made the debt before.
				a.expire(l, at)
			}
		}
		left[id] -= part
		todo -= part
	}
}

// makeUp has points that came back to a lot make up for what the programme lost
// where the lot's own sale was returned while they were spent: or whoever
// returns the one sale and then the other keeps points of neither.
func (a *Account) makeUp(r Reversal, l *Lot, back money.Points) {
	h := r.Histories[l.Receipt]
	if h == nil {
		return
	}
	r.Sale = l.Receipt // whose loss it is
	a.take(r.Move, l, WrittenOff, min(back, h.borne(WrittenOff)))
}

// takeBack takes points from the sale's own lots of a cause and returns what had been
// spent of them.
func (a *Account) takeBack(r Reversal, cause Cause, points money.Points) (short money.Points) {
	short = points
	h := r.Histories.of(r.Sale)
	for _, l := range a.lots {
		if l.Receipt != r.Sale || l.Cause != cause {
			continue
		}
		part := min(short, l.Remaining)
		a.take(r.Move, l, Issued, part)
		short -= part
		// Expired points count as taken back, once. What earlier returns
		// counted so is all they took back less what they found or charged.
		gone := min(short, l.Expired-h.undone(Expired, l))
		if gone > 0 {
			a.excuse(r, l, gone)
			short -= gone
		}
		// A debt that the lot repaid would be forgiven otherwise: it stands
		// again, once.
		owed := min(short, a.repaid(h, l)-h.undone(Debt, l))
		if owed > 0 {
			a.post(r.Move, Debt, Issued, owed, l)
			short -= owed
		}
	}
	return short
}

// takeRest takes what is short from whatever is left in the sale's own lots: or a later
// return, of what they were for, would find it there and take more than the policy lets.
func (a *Account) takeRest(r Reversal, short money.Points) (taken money.Points) {
	for _, l := range a.lots {
		if l.Receipt == r.Sale && (l.Cause == CauseEarn || l.Cause == CauseWelcome) {
			part := min(short-taken, l.Remaining)
			a.take(r.Move, l, Issued, part)
			taken += part
		}
	}
	return taken
}

// excuse records that expired points of the lot stand for points to be taken
// back: from the expired to the liability, no balance moves.
func (a *Account) excuse(r Reversal, l *Lot, points money.Points) {
	a.post(r.Move, Expired, Issued, points, l)
}

// undone is what earlier returns counted of a lot's points that had expired or
// repaid a debt.
func (h *History) undone(by Name, l *Lot) (points money.Points) {
	for _, e := range h.entries {
		if e.Cause == CauseReturn && e.Source == by && e.Lot == l.ID {
			points += e.Points
		}
	}
	return points
}

// repaid is what a lot of the sale repaid of a debt, until now.
func (a *Account) repaid(h *History, l *Lot) (points money.Points) {
	for _, list := range [][]Entry{h.entries, a.entries} {
		for _, e := range list {
			if e.Cause == CauseRepay && e.Lot == l.ID {
				points += e.Points
			}
		}
	}
	return points
}

// lot is one of the account's; nil: it is another customer's since a merge was undone.
func (a *Account) lot(id LotID) *Lot {
	for _, l := range a.lots {
		if l.ID == id {
			return l
		}
	}
	return nil
}

// another is a lot for points that cannot go back to the one they came from: it
// expires when that does, and is of the sale that earned that.
func (a *Account) another(r Reversal, id LotID, points money.Points) *Lot {
	was, ok := a.elsewhere[id]
	if !ok {
		panic("ledger: a lot of the sale was not read")
	}
	l := &Lot{
		ID: LotID(a.ledger.mint.Next()), Programme: was.Programme, Entity: was.Entity, Cause: r.Cause, Receipt: was.Receipt,
		Amount: points, Remaining: points, State: StateActive, EarnedAt: r.At, AvailableAt: r.At, ExpiresAt: was.ExpiresAt, fresh: true,
	}
	if !l.ExpiresAt.IsZero() && l.ExpiresAt.Before(l.EarnedAt) {
		l.ExpiresAt = l.EarnedAt
	}
	a.lots = append(a.lots, l)
	return l
}
