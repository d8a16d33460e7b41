// Package pricing prices a receipt.
//
// Price is one pure function of the draft, the customer's state, the rules and
// the time: the quote, the commit and the what-if of the editor all call it,
// so they cannot disagree. Its lines always sum to its totals, no line falls
// under the margin guard, and every amount names its cause. The order of the
// steps is fixed and published in DESIGN.md. It reads no database and no
// clock; package receipt feeds it and records what it says.
package pricing

import (
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// Input is everything that a price depends on.
type Input struct {
	Currency money.Currency
	Rules    *programme.Rules // nil: no programme covers the store
	Customer *Customer        // nil: nobody was identified
	At       time.Time        // of the sale
	Zone     *time.Location   // days end by it: the customer's home store's
	Draft    Draft
}

// Draft is the basket and what the cashier chose.
type Draft struct {
	Lines []Line
	// Redeem is how many points the customer wants to pay with. More than
	// can be redeemed is refused, never cut (failures.md row 6).
	Redeem money.Points
	// NoDiscount and NoPoints take the customer's discount, or earning and
	// redeeming, off this receipt.
	NoDiscount, NoPoints bool
}

// Line is one position of the basket.
type Line struct {
	SKU        string
	Categories []string // the product's category and all above it, codes
	GiftCard   bool     // sold gift cards neither earn nor take points or discounts
	Promo      bool     // promotional goods
	Quantity   money.Quantity
	Price      money.Price
	// Discount is what the till itself has taken off the line.
	Discount money.Amount
	Cost     *money.Price // of one unit; nil: unknown
	Void     bool         // struck out at the till: counts for nothing
}

// Customer is what pricing needs to know of one.
type Customer struct {
	Level     string       // code of the level held before this sale
	Spend     money.Amount // tier spend in the programme's window before this sale
	Available money.Points // that can be redeemed now
}

// Cause names why money was taken off or a limit holds; the i18n key is
// "pricing.cause.<cause>".
type Cause string

// Causes of discounts.
const (
	CauseTill     Cause = "till"     // the till's own discount
	CauseTier     Cause = "tier"     // the level's discount
	CauseRounding Cause = "rounding" // of what is left to pay
	CausePoints   Cause = "points"   // paid with points
)

// Limits of redeeming; the i18n key is "pricing.limit.<limit>".
const (
	LimitNone      Cause = ""          // everything eligible can be paid
	LimitBalance   Cause = "balance"   // available points
	LimitCap       Cause = "cap"       // the share payable with points
	LimitGuard     Cause = "guard"     // the margin guard
	LimitGoods     Cause = "goods"     // no line takes points
	LimitMin       Cause = "min"       // fewer than the programme's least
	LimitOff       Cause = "off"       // taken off this receipt by the cashier
	LimitNobody    Cause = "nobody"    // no customer
	LimitProgramme Cause = "programme" // no programme here, or it is stopped
)

// Discount is money off a line, with its cause.
type Discount struct {
	Cause   Cause        `json:"cause"`
	Amount  money.Amount `json:"amount"`
	Guarded bool         `json:"guarded,omitempty"` // the margin guard made it smaller
}

// PricedLine is a line with everything that happened to it. Gross - Discount -
// PaidPoints = Total.
type PricedLine struct {
	Gross      money.Amount
	Discounts  []Discount // without points
	Discount   money.Amount
	PaidPoints money.Amount // money's worth
	Total      money.Amount
	Redeemed   money.Points
	Earned     money.Points
	TierSpend  money.Amount
	Redeemable money.Amount // the most that points may pay of it
}

// Result is a priced receipt.
type Result struct {
	Lines []PricedLine // one for each line of the draft, in order

	Gross, Discount, PaidPoints, Total money.Amount
	Redeemed, Earned                   money.Points
	TierSpend                          money.Amount

	MaxRedeem money.Points // the most that can be redeemed on this receipt
	Limit     Cause        // the rule that holds it there

	AvailableAt time.Time // of what is earned; zero where nothing is
	ExpiresAt   time.Time // zero: never

	Level    programme.Level  // held now; empty without a customer or programme
	Next     *programme.Level // above it; nil at the top
	ToNext   money.Amount     // tier spend that is missing to Next before this sale
	Reaches  *programme.Level // level that this sale reaches, counting from the next one
	Combined programme.Combine
}
