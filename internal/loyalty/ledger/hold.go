package ledger

import (
	"context"
	"errors"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// HoldID identifies a hold.
type HoldID = id.Of[Hold]

// HoldState is what became of a hold.
type HoldState string

// The states; only an open hold keeps points.
//
//	open --(a receipt redeems)--> redeemed
//	  ├----(the till cancels)---> cancelled
//	  └----(its time has come)--> lapsed
const (
	HoldOpen      HoldState = "open"
	HoldRedeemed  HoldState = "redeemed"
	HoldCancelled HoldState = "cancelled"
	HoldLapsed    HoldState = "lapsed"
)

// Failures of holding points.
var (
	ErrHoldNotFound = errs.New(errs.NotFound, "hold_not_found", "There is no such hold.")
	ErrHoldEnded    = errs.New(errs.Conflict, "hold_ended", "This hold has been redeemed by another receipt.")
)

// Hold is points that a till keeps for a customer who is paying: they are
// available to nobody else and do not expire until it ends. A return may take
// them all the same.
type Hold struct {
	ID          HoldID
	Customer    customer.ID
	Till        int64
	Staff       int64  // 0: unknown
	Number      string // the till's name of it
	Fingerprint string // of the call that made it
	Points      money.Points
	State       HoldState
	MadeAt      time.Time
	LapsesAt    time.Time
	EndedAt     time.Time // zero: it is open
	Receipt     int64     // that redeemed it; 0: none
	Card        bool      // the customer's card was shown

	lots  map[LotID]money.Points
	fresh bool // not in the database yet
	ended bool // since it was read
}

// Events of holds; a ref is the hold's.
const (
	EventHeld     = "points.held"     // body: {"points", "until"}, and {"card": "shown"} where it was
	EventReleased = "points.released" // body: {"state"}
)

// held is what open holds but one keep, of one lot or (nil) of all.
func (a *Account) held(but *Hold, of *Lot) (points money.Points) {
	for _, h := range a.holds {
		switch {
		case h == but || h.State != HoldOpen:
		case of == nil:
			points += h.Points
		default:
			points += h.lots[of.ID]
		}
	}
	return points
}

// Held is what open holds keep.
func (a *Account) Held() money.Points { return a.held(nil, nil) }

// Open finds an open hold of the account; nil: there is none of that id any more.
func (a *Account) Open(hold HoldID) *Hold {
	for _, h := range a.holds {
		if h.ID == hold && h.State == HoldOpen {
			return h
		}
	}
	return nil
}

// Hold keeps points for a till, of the lots that would be redeemed first. It fails
// with ErrTooFew and then changes nothing.
func (a *Account) Hold(h Hold) (*Hold, error) {
	if available := a.Available(); h.Points > available {
		return nil, ErrTooFew.With("available", available)
	}
	if a.broken {
		return nil, ErrBroken
	}
	h.ID, h.Customer, h.State, h.MadeAt = HoldID(a.ledger.mint.Next()), a.Customer, HoldOpen, a.now
	h.lots, h.fresh = map[LotID]money.Points{}, true
	left := h.Points
	for _, l := range a.Lots() {
		part := min(left, max(0, l.Remaining-a.held(nil, l)))
		if l.State != StateActive || part == 0 {
			continue
		}
		h.lots[l.ID] = part
		left -= part
	}
	if left > 0 {
		return nil, ErrBroken
	}
	a.holds, a.dirty = append(a.holds, &h), true
	return &h, nil
}

// End ends an open hold.
func (a *Account) End(h *Hold, state HoldState, receipt int64) {
	h.State, h.EndedAt, h.Receipt, h.ended, a.dirty = state, a.now, receipt, true, true
}

// lapse ends the holds whose time has come.
func (a *Account) lapse() {
	for _, h := range a.holds {
		if h.State == HoldOpen && !h.LapsesAt.After(a.now) {
			a.End(h, HoldLapsed, 0)
		}
	}
}

var (
	holdTable = db.NewTable("holds", "id", "customer_id", "till_id", "staff_id", "number", "fingerprint", "points", "state", "made_at", "lapses_at",
		"ended_at", "receipt_id", "card")
	holdLotTable = db.NewTable("hold_lots", "hold_id", "lot_id", "points")
)

// queueHolds adds to b the reading of the open holds of accounts.
func (as Accounts) queueHolds(b *db.Batch, customers db.Int64s) {
	const read = `
		SELECT h.id, h.customer_id, h.till_id, h.points, h.made_at, h.lapses_at, h.card, l.lot_id, l.points
		  FROM holds h JOIN hold_lots l ON l.hold_id = h.id
		 WHERE h.customer_id IN ($1...) AND h.state = 'open'
		 ORDER BY h.id`
	b.Query(func(r *db.Rows) error {
		var (
			h     = Hold{State: HoldOpen}
			lot   LotID
			place money.Points
		)
		if err := r.Scan(&h.ID, &h.Customer, &h.Till, &h.Points, db.Time{Dst: &h.MadeAt}, db.Time{Dst: &h.LapsesAt}, &h.Card, &lot, &place); err != nil {
			return err
		}
		a := as[h.Customer]
		if a == nil {
			return nil
		}
		if n := len(a.holds); n == 0 || a.holds[n-1].ID != h.ID {
			h.lots = map[LotID]money.Points{}
			a.holds = append(a.holds, &h)
		}
		a.holds[len(a.holds)-1].lots[lot] = place
		return nil
	}, read, customers)
}

// saveHolds adds to b the writing of the holds that changed.
func (a *Account) saveHolds(b *db.Batch) (events []event.Event) {
	for _, h := range a.holds {
		if h.fresh {
			b.Insert(holdTable, [][]any{{
				int64(h.ID), int64(h.Customer), h.Till, db.NullID(h.Staff), h.Number, h.Fingerprint, int64(h.Points), string(h.State),
				h.MadeAt.UnixMicro(), h.LapsesAt.UnixMicro(), db.Micros(h.EndedAt), db.NullID(h.Receipt), h.Card,
			}})
			var lots [][]any
			for lot, points := range h.lots {
				lots = append(lots, []any{int64(h.ID), int64(lot), int64(points)})
			}
			b.Insert(holdLotTable, lots)
			told := map[string]string{"points": h.Points.String(), "until": h.LapsesAt.UTC().Format(time.RFC3339Nano)}
			if h.Card {
				told["card"] = "shown"
			}
			events = append(events, event.Event{At: h.MadeAt, Kind: EventHeld, CustomerID: int64(h.Customer), Ref: int64(h.ID), Body: event.Body(told)})
			continue
		}
		if h.ended {
			b.Guard(`UPDATE holds SET state = $2, ended_at = $3, receipt_id = $4 WHERE id = $1 AND state = 'open'`,
				int64(h.ID), string(h.State), h.EndedAt.UnixMicro(), db.NullID(h.Receipt))
			events = append(events, event.Event{
				At: h.EndedAt, Kind: EventReleased, CustomerID: int64(h.Customer), Ref: int64(h.ID), Body: event.Body(map[string]string{"state": string(h.State)}),
			})
		}
	}
	return events
}

const holdColumns = `id, customer_id, till_id, COALESCE(staff_id, 0), number, fingerprint, points, state, made_at, lapses_at, ended_at, COALESCE(receipt_id, 0), card`

func scanHold(r db.Scanner) (h Hold, err error) {
	err = r.Scan(&h.ID, &h.Customer, &h.Till, &h.Staff, &h.Number, &h.Fingerprint, &h.Points, &h.State, db.Time{Dst: &h.MadeAt}, db.Time{Dst: &h.LapsesAt},
		db.Time{Dst: &h.EndedAt}, &h.Receipt, &h.Card)
	if errors.Is(err, db.ErrNoRows) {
		err = ErrHoldNotFound
	}
	return h, err
}

// HeldTx finds a hold by the name that its till gave it.
func (s *Service) HeldTx(ctx context.Context, tx *db.Tx, till int64, number string) (Hold, error) {
	return scanHold(tx.QueryRow(ctx, `SELECT `+holdColumns+` FROM holds WHERE till_id = $1 AND number = $2`, till, number))
}

// HoldTx finds a hold.
func (s *Service) HoldTx(ctx context.Context, tx *db.Tx, hold HoldID) (Hold, error) {
	return scanHold(tx.QueryRow(ctx, `SELECT `+holdColumns+` FROM holds WHERE id = $1`, int64(hold)))
}
