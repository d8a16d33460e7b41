package receipt

import (
	"time"

	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// posting is what a sale and a return have in common on their way into a
// transaction. One without a number is only looked at.
type posting struct {
	by          Caller
	key         key
	idem        idem
	version     *programme.Version // whose rules hold; nil: no programme
	fingerprint string
	late        *late // nil: it is not
	repeats     func(recorded *Receipt) bool

	receipt  Receipt
	replayed bool
	err      error
}

func (p *posting) outcome() error       { return p.err }
func (p *posting) setOutcome(err error) { p.err = err }

// needs names what a receipt of a customer (0: nobody) at a time needs.
func (p *posting) needs(n *needs, who customer.ID, at time.Time) {
	if who != 0 {
		n.customers = append(n.customers, who)
		if p.version != nil {
			n.spend(who, p.spend(), at)
		}
	}
	if p.key.number != "" {
		n.receipts = append(n.receipts, p.key)
	}
	if p.idem.key != "" {
		n.keys = append(n.keys, p.idem)
	}
	if p.late != nil {
		n.twins = append(n.twins, p)
	}
}

// replay answers from what was recorded where the call is a repeated one, and
// refuses a number or key that was used for something else.
func (p *posting) replay(w *world) (done bool, err error) {
	if old := w.recorded[p.key]; old != nil {
		if !p.repeats(old) {
			return false, reused(old)
		}
		p.receipt, p.replayed = *old, true
		return true, nil
	}
	if p.late != nil {
		for _, old := range w.twins[p.twin()] {
			if old.Source != p.key.source && p.repeats(old) {
				p.receipt, p.replayed = *old, true
				return true, nil
			}
		}
	}
	if w.keys[p.idem] {
		return false, ErrIdempotencyKeyReused.At("Idempotency-Key")
	}
	return false, nil
}

// begin makes the receipt, without what was sold.
func (p *posting) begin(s *Service, w *world, who customer.ID, at time.Time) *Receipt {
	return &Receipt{
		ID: ID(s.mint.Next()), Kind: p.key.kind, Number: p.key.number, Source: p.key.source,
		Store: p.by.Store.ID, Till: p.by.Till.ID, Staff: p.by.Staff, Customer: who, SoldAt: at, RecordedAt: w.now,
		fingerprint: p.fingerprint, key: p.idem.key,
	}
}

func (p *posting) end(w *world, rec *Receipt) {
	w.add(rec)
	p.receipt = *rec
}
