package programme

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/loyalty/customer"
)

const tierColumns = `customer_id, programme_id, level, since, review_at, floor, floor_until, lost_at`

// QueueTiers adds to b the reading of the tiers of some customers, in every
// programme, into a map.
func (s *Service) QueueTiers(b *db.Batch, customers []customer.ID, into map[customer.ID][]Tier) {
	b.Query(func(r *db.Rows) error {
		d, err := scanDue(r)
		into[d.Customer] = append(into[d.Customer], d.Tier)
		return err
	}, `SELECT `+tierColumns+` FROM tiers WHERE customer_id IN ($1...) ORDER BY programme_id`, db.IDs(customers))
}

// Tiers gives the tiers of one customer, in every programme.
func (s *Service) Tiers(ctx context.Context, who customer.ID) (list []Tier, err error) {
	defer errs.Wrap(&err, "read tiers of customer %s", who)
	var b db.Batch
	found := map[customer.ID][]Tier{}
	s.QueueTiers(&b, []customer.ID{who}, found)
	err = s.db.Run(ctx, &b)
	return found[who], err
}

// SetTier adds to b the writing of a customer's tier in a programme, over the
// one there is. Whoever changes a tier holds the customer's account.
func SetTier(b *db.Batch, who customer.ID, t Tier) {
	b.Exec(`
		INSERT INTO tiers (`+tierColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (customer_id, programme_id) DO UPDATE
		   SET level = excluded.level, since = excluded.since, review_at = excluded.review_at,
		       floor = excluded.floor, floor_until = excluded.floor_until, lost_at = excluded.lost_at`,
		int64(who), int64(t.Programme), t.Level, t.Since.UnixMicro(), db.Micros(t.ReviewAt), t.Floor, db.Micros(t.FloorUntil), db.Micros(t.LostAt))
}

// The events of tiers.
const (
	EventTierReached = "tier.reached" // by a sale, whose receipt is the ref; body: {"level"}
	EventTierChanged = "tier.changed" // up or down, by a review or by hand; ref: the programme; body: {"was", "is"}
	// EventTierGranted tells of a level given by hand; the ref is the programme's;
	// body: {"level", "until"}, the level empty where it was taken back.
	EventTierGranted = "tier.granted"
)

// TierReached tells of a level that a receipt reached.
func TierReached(at time.Time, who customer.ID, receipt int64, level string) event.Event {
	return event.Event{At: at, Kind: EventTierReached, CustomerID: int64(who), Ref: receipt, Body: event.Body(map[string]string{"level": level})}
}

// TierChanged tells of a level, by its code, in the place of another.
func TierChanged(at time.Time, who customer.ID, of ID, was, is string) event.Event {
	return event.Event{At: at, Kind: EventTierChanged, CustomerID: int64(who), Ref: int64(of), Body: event.Body(map[string]string{"was": was, "is": is})}
}

// TierGranted tells of the floor of a tier.
func TierGranted(at time.Time, who customer.ID, t *Tier) event.Event {
	body := map[string]string{"level": t.Floor}
	if !t.FloorUntil.IsZero() {
		body["until"] = t.FloorUntil.UTC().Format(time.RFC3339Nano)
	}
	return event.Event{At: at, Kind: EventTierGranted, CustomerID: int64(who), Ref: int64(t.Programme), Body: event.Body(body)}
}

// Due is a customer's tier that is to be looked at.
type Due struct {
	Customer customer.ID
	Tier     Tier
}

// ReviewsTx gives up to limit tiers whose review has come, the longest due
// first. It locks nothing: lock the accounts, then read the tiers again.
func (s *Service) ReviewsTx(ctx context.Context, tx *db.Tx, now time.Time, limit int) (due []Due, err error) {
	defer errs.Wrap(&err, "find tiers to review")
	rows, err := tx.Query(ctx, `SELECT `+tierColumns+` FROM tiers WHERE review_at <= $1 ORDER BY review_at, customer_id LIMIT $2`,
		now.UnixMicro(), limit)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		d, err := scanDue(r)
		due = append(due, d)
		return err
	})
	return due, err
}

func scanDue(r *db.Rows) (d Due, err error) {
	t := &d.Tier
	err = r.Scan(&d.Customer, &t.Programme, &t.Level, db.Time{Dst: &t.Since}, db.Time{Dst: &t.ReviewAt}, &t.Floor, db.Time{Dst: &t.FloorUntil}, db.Time{Dst: &t.LostAt})
	return d, err
}
