package verify

import (
	"maps"
	"slices"
	"strconv"

	"regulars/internal/base/db"
)

// codeEvent is "confirmation.made".
type codeEvent struct{ event, at, customer, points int64 }

// said is what a receipt's customer said yes to.
type said struct {
	points int64 // at most
	itself bool  // to the receipt; else to a hold that it redeemed
}

// codeMinutes is for how long a code holds.
const codeMinutes = 5

// confirmations compares the codes with what was told of them, and with the receipts
// and holds that used them up; of phones with who registered.
func (a *audit) confirmations() {
	a.said = map[int64]said{}
	a.scan("confirmations", func(r *db.Rows) error {
		var id, customer, till, points, made, expires, used, by, sent, taken, takenAt, receipt, soldAt, registered int64
		var phone string
		if err := r.Scan(&id, &customer, &till, &points, &made, &expires, &used, &by, &sent, &taken, &takenAt, &receipt, &soldAt, &registered, &phone); err != nil {
			return err
		}
		switch {
		case receipt == 0 || soldAt != till:
		case receipt == by:
			a.said[receipt] = said{points, true}
		case !a.said[receipt].itself: // by the hold, which is not held to more than its own
			a.said[receipt] = said{min(points, taken), false}
		}
		where := at("confirmations", id)
		a.minted(Confirmation, where, id, made)
		told, ok := a.codesTold[id]
		delete(a.codesTold, id)
		if !ok {
			a.off(Confirmation, where, "", "an event that it was made", "none", "")
		} else {
			a.equal(Confirmation, where, "customer_id", told.customer, customer, "what the log says")
			a.equal(Confirmation, where, "points", told.points, points, "what the log says")
			a.equal(Confirmation, where, "made_at", told.at, made, "what the log says")
		}
		a.equal(Confirmation, where, "expires_at", made+codeMinutes*60*1_000_000, expires, "five minutes after it was made")
		if sent != 0 && (sent < made || sent > expires) {
			a.off(Confirmation, where, "sent_at", "while it held", a.show("at", sent), "")
		}
		switch {
		case used == 0 && by == 0:
		case used < made || used > expires:
			a.off(Confirmation, where, "used_at", "while it held", a.show("at", used), "")
		case customer == 0: // of a phone
			a.equal(Confirmation, where, "used_by", registered, by, "a customer")
		case taken == 0 || taken > points:
			a.off(Confirmation, where, "used_by", "a receipt or hold of at most its points", a.show("", by), "")
		default:
			a.equal(Confirmation, where, "till_id", takenAt, till, "of what used it")
		}
		if customer != 0 && phone != "" {
			a.off(Confirmation, where, "phone", "none: it is for a customer", "one", "")
		}
		return nil
	}, `SELECT c.id, COALESCE(c.customer_id, 0), c.till_id, c.points, c.made_at, c.expires_at, COALESCE(c.used_at, 0), COALESCE(c.used_by, 0), COALESCE(c.sent_at, 0),
	           COALESCE(r.redeemed, h.points, 0), COALESCE(r.till_id, h.till_id, 0), COALESCE(r.id, h.receipt_id, 0), COALESCE(r.till_id, s.till_id, 0),
	           COALESCE(p.id, 0), c.phone
	      FROM confirmations c LEFT JOIN receipts r ON r.id = c.used_by LEFT JOIN holds h ON h.id = c.used_by
	      LEFT JOIN receipts s ON s.id = h.receipt_id LEFT JOIN customers p ON p.id = c.used_by`)
	for _, id := range slices.Sorted(maps.Keys(a.codesTold)) {
		a.off(Confirmation, at("events", a.codesTold[id].event), "ref", "what it tells of", a.show("", id), "there is none such")
	}
}

// unsaid checks that a sale took no more points than its customer said yes to, where the
// rules that it was sold by ask, and that it says whether they did.
func (a *audit) unsaid(r *receipt, rules *rules, d *receiptDetails, where row) {
	said, ok := a.said[r.ID]
	if d.Confirmed != (ok && said.itself) {
		a.off(Confirmation, where, "details", "confirmed where a code was used up by it", strconv.FormatBool(d.Confirmed), "")
	}
	from := int64(0)
	if rules != nil {
		from = rules.Redeem.ConfirmFrom
	}
	if points := r.Amounts[redeemed]; from > 0 && points >= from && points > said.points {
		a.off(Confirmation, where, "redeemed", "under "+a.show("points", from)+", or a code of this till for as many", a.show("points", points), "of it, or of a hold that it redeemed")
	}
}
