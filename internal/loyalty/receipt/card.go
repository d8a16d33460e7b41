package receipt

import (
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// card is what a till read, as cards are kept. What can be no card's number is nobody's
// card: a till that sends whatever was scanned sells all the same.
func (s *Service) card(read string) customer.Identifier {
	i, err := s.customers.Normalize(customer.Card, read)
	if err != nil {
		return customer.Identifier{}
	}
	return i
}

// queueCards adds to b the reading of whose the cards of n are.
func (s *Service) queueCards(b *db.Batch, n *needs, w *world, lock bool) {
	if len(n.cards) > 0 {
		w.cards = map[customer.Identifier]customer.ID{}
		s.customers.QueueCards(b, n.cards, lock, w.cards)
	}
}

// shows reports whether a card is the customer's.
func (w *world) shows(who customer.ID, card customer.Identifier) bool {
	return who != 0 && w.cards[card] == who
}

// wantsCard reports whether the rules of the sale, or those of now, have points taken
// only with the customer's card.
func (c *saleCall) wantsCard() bool {
	return slices.ContainsFunc([]*programme.Version{c.version, c.current}, func(v *programme.Version) bool {
		return v != nil && v.Rules.Redeem.WithCard
	})
}

// carded reports whether the customer has shown their card: now, or when this till held
// as many points.
func (c *saleCall) carded(w *world) bool {
	who := c.sale.Customer
	if w.shows(who, c.card) {
		return true
	}
	hold := w.accounts[who].Open(c.sale.Hold)
	return hold != nil && hold.Card && hold.Till == int64(c.by.Till.ID) && hold.Points >= c.sale.Redeem
}

// uncarded is why points are not taken from whose card was not shown.
func uncarded(read string) error {
	if read == "" {
		return ErrCardNeeded
	}
	return ErrCardWrong.At("/card")
}
