package verify

// heldWith is the points of a hold that was made with the customer's card, and its till.
type heldWith struct{ till, points int64 }

// uncarded checks that a sale took points only from whose card was shown, at it or when
// its till held as many, where the rules that it was sold by ask for it.
func (a *audit) uncarded(r *receipt, rules *rules, d *receiptDetails, where row) {
	held, points := a.heldWith[r.ID], r.Amounts[redeemed]
	switch {
	case d.Card && points == 0:
		a.off(Card, where, "details", "no card where no points were redeemed", "card", "")
	case d.Card || points == 0 || rules == nil || !rules.Redeem.WithCard:
	case held.points < points || held.till != r.Till:
		a.off(Card, where, "redeemed", "0, or the card in details, or a hold of this till for as many with it", a.show("points", points), "")
	}
}
