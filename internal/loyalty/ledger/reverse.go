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
	Policy     programme.Clawback
	GraceUntil time.Time // new date for points that go back to an expired lot
	History    *History
}

// History is what the ledger recorded of a sale and its returns so far.
type History struct {
	Sale    int64
	entries []Entry // of the sale and its returns, in order
}

// add adds the sale's entries that an account has from one on.
func (h *History) add(a *Account, from int) {
	for _, e := range a.entries[from:] {
		if e.Sale == h.Sale {
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

// borne is what earlier returns could not take back and somebody else bore:
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
// expired of that lot is gone already; what has been spent becomes a debt, or,
// where the policy says so, a debt only as far as the balance stays at zero and
// for the rest the refund's or the programme's loss.
//
// It returns by how many points the refund is to be reduced. That is negative
// where an earlier return reduced it by more than all returns together should:
// so parts in any order end where the whole would.
func (a *Account) Reverse(r Reversal) (withheld money.Points) {
	r.Cause = CauseReturn
	// Another return of the sale may follow in the same transaction.
	defer r.History.add(a, len(a.entries))
	a.restore(r)
	short := a.takeBack(r)

	bearer := Refund
	switch r.Policy {
	case programme.ClawbackWriteOff:
		bearer = WrittenOff
	case programme.ClawbackRefund:
	default:
		a.post(r.Move, Debt, Issued, short, nil)
		return 0
	}
	before := r.History.borne(bearer)
	debt := min(before+short, max(0, a.Balance()))
	fresh := min(debt, short) // taken from the balance at once
	a.post(r.Move, Debt, Issued, fresh, nil)
	a.post(r.Move, Debt, bearer, debt-fresh, nil) // the bearer gets back what the balance can now give
	a.post(r.Move, bearer, Issued, short-fresh, nil)
	if bearer == WrittenOff {
		return 0
	}
	return short - debt
}

func (a *Account) restore(r Reversal) {
	lots, left := r.History.taken()
	slices.Reverse(lots)
	todo := r.Restore
	for _, id := range lots {
		part := min(todo, left[id])
		if part <= 0 {
			continue
		}
		l := a.lot(id)
		a.post(r.Move, Redeemed, l.account(), part, l)
		l.Remaining += part
		l.dirty = true
		if a.expires(l) {
			if r.GraceUntil.After(a.now) {
				l.ExpiresAt = r.GraceUntil
			} else {
				// They do not repay a debt on their way: it would matter
				// whether another part of the return made the debt before.
				a.expire(l)
			}
		}
		left[id] -= part
		todo -= part
	}
}

// takeBack takes earned points from the sale's own lots and returns what had
// been spent of them.
func (a *Account) takeBack(r Reversal) (short money.Points) {
	short = r.TakeBack
	for _, l := range a.lots {
		if l.Receipt != r.History.Sale || l.Cause != CauseEarn {
			continue
		}
		part := min(short, l.Remaining)
		a.take(r.Move, l, Issued, part)
		short -= part
		// Expired points count as taken back, once. What earlier returns
		// counted so is all they took back less what they found or charged.
		gone := min(short, l.Expired-r.History.excused(l))
		if gone > 0 {
			a.excuse(r, l, gone)
			short -= gone
		}
	}
	return short
}

// excuse records that expired points of the lot stand for points to be taken
// back: from the expired to the liability, no balance moves.
func (a *Account) excuse(r Reversal, l *Lot, points money.Points) {
	a.post(r.Move, Expired, Issued, points, l)
}

// excused is what earlier returns counted of a lot's expired points.
func (h *History) excused(l *Lot) (points money.Points) {
	for _, e := range h.entries {
		if e.Cause == CauseReturn && e.Source == Expired && e.Lot == l.ID {
			points += e.Points
		}
	}
	return points
}

func (a *Account) lot(id LotID) *Lot {
	for _, l := range a.lots {
		if l.ID == id {
			return l
		}
	}
	panic("ledger: a lot of the sale was not read")
}
