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

	"regulars/internal/base/errs"
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
	Store    string           // code of the store: a cap may hold there alone
	Draft    Draft
}

// Limits of a receipt: how many lines it may have, and what they may come to.
// A million of the greatest are still counted to the unit (ledger.MostCounted).
const (
	MaxLines              = 1000
	MaxGross money.Amount = 1e12
)

// Failures of redeeming. ErrRedeemTooMuch carries "max" (money.Points) and
// "limit" (Cause).
var (
	ErrRedeemTooMuch = errs.New(errs.Conflict, "redeem_too_much", "More points than can be redeemed on this receipt.")
	ErrRedeemMin     = errs.New(errs.Invalid, "redeem_min", "Fewer points than can be redeemed at a time.")
	ErrRedeemStep    = errs.New(errs.Invalid, "redeem_step", "Points can be redeemed in whole steps only.")

	errRules = errs.New(errs.Internal, "programme_broken", "The rules of the programme are broken; nothing was changed. Tell the administrator.")
)

// Draft is the basket and what the cashier chose. One without lines can be
// priced, for what it says of the customer.
type Draft struct {
	Lines []Line
	// Redeem is how many points the customer wants to pay with. More than
	// can be redeemed is refused, never cut.
	Redeem money.Points
	// NoDiscount and NoPoints take the customer's discount, or earning and
	// redeeming, off this receipt.
	NoDiscount, NoPoints bool
	// Charged is what was charged for all of it by a till that had no line; nil: what
	// the lines say, or the rules. What is charged is a fact: no guard and no rule
	// changes it, and of lines that say something else it is the total that counts.
	Charged *money.Amount
}

// Line is one position of the basket.
type Line struct {
	SKU        string
	Categories []string // the product's category and all above it, codes
	GiftCard   bool     // sold gift cards neither earn nor take points or discounts
	NoLoyalty  bool     // taken out by the till: likewise
	Promo      bool     // promotional goods
	Quantity   money.Quantity
	Price      money.Price
	// Discount is what the till itself has taken off the line.
	Discount money.Amount
	Cost     *money.Price // of one unit; nil: unknown
	Void     bool         // struck out at the till: counts for nothing
	// Charged is what was charged for the line; nil: see Draft.Charged.
	Charged *money.Amount
}

// Customer is what pricing needs to know of one.
type Customer struct {
	Level     string       // code of the level held before this sale
	Spend     money.Amount // tier spend in the programme's window before this sale
	Available money.Points // that can be redeemed now
	// Occasions are whose days it is now: the programme's rates for them hold.
	Occasions []programme.Day
	// Today is how many sales of the day came before this one.
	Today int
	// First: this may be the first purchase, as far as earlier ones go.
	First bool
	// Card: they have shown their card.
	Card bool
}

// Cause names why money was taken off or a limit holds. It is for machines;
// people read the text of its Key or LimitKey.
type Cause string

// Key is the i18n key of a discount's cause.
func (c Cause) Key() string { return "pricing.cause." + string(c) }

// Key is the i18n key of why the discount was given.
func (d Discount) Key() string {
	if d.Day != "" {
		return d.Cause.Key() + "_" + string(d.Day)
	}
	return d.Cause.Key()
}

// LimitKey is the i18n key of a limit other than LimitNone.
func (c Cause) LimitKey() string { return "pricing.limit." + string(c) }

// Causes of discounts.
const (
	CauseTill Cause = "till" // the till's own discount
	CauseTier Cause = "tier" // the level's discount, with the rounding of what is left to pay
	// CauseCharged is what a till without its line charged less than its price
	// and its own discount come to, where that is not what the rules say.
	CauseCharged Cause = "charged"
)

// Limits of redeeming.
const (
	LimitNone      Cause = ""          // everything eligible can be paid
	LimitBalance   Cause = "balance"   // available points
	LimitCap       Cause = "cap"       // the share payable with points
	LimitGoodsCap  Cause = "goods_cap" // the share of some goods, or of this store, payable with points
	LimitMax       Cause = "max"       // the most on one receipt
	LimitGuard     Cause = "guard"     // the margin guard
	LimitGoods     Cause = "goods"     // no line takes points
	LimitStep      Cause = "step"      // points pay in steps only
	LimitMin       Cause = "min"       // fewer than the programme's least
	LimitOff       Cause = "off"       // taken off this receipt by the cashier
	LimitNobody    Cause = "nobody"    // no customer
	LimitCard      Cause = "card"      // the customer's card was not shown
	LimitProgramme Cause = "programme" // no programme here
	LimitStopped   Cause = "stopped"   // it is stopped; what customers have stays
)

// Discount is money off a line, with its cause.
type Discount struct {
	Cause   Cause        `json:"cause"`
	Amount  money.Amount `json:"amount"`
	Guarded bool         `json:"guarded,omitempty"` // the margin guard made it smaller
	// Rate is another one than the level's: of promotional goods, or for the Day;
	// 0: the level's.
	Rate money.Rate    `json:"rate,omitempty"`
	Day  programme.Day `json:"day,omitempty"`
}

// ByCause sums discounts, one for each cause, in the order in which they are
// taken.
func ByCause(discounts []Discount) (sums []Discount) {
	for _, cause := range []Cause{CauseTill, CauseTier, CauseCharged} {
		i := len(sums)
		for _, d := range discounts {
			switch {
			case d.Cause != cause:
			case i == len(sums):
				sums = append(sums, Discount{Cause: cause, Amount: d.Amount, Guarded: d.Guarded})
			default:
				sums[i].Amount += d.Amount
				sums[i].Guarded = sums[i].Guarded || d.Guarded
			}
		}
	}
	return sums
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
	Redeemable money.Amount // the most that points may pay of it, were it alone
}

// Result is a priced receipt. Next and Reaches point into the rules.
type Result struct {
	Lines []PricedLine // one for each line of the draft, in order; a void one is all zero

	Gross, Discount, PaidPoints, Total money.Amount
	Redeemed, Earned                   money.Points
	TierSpend                          money.Amount

	MaxRedeem money.Points // the most that can be redeemed on this receipt
	Limit     Cause        // the rule that holds it there

	AvailableAt time.Time // of what is earned; zero where nothing is
	ExpiresAt   time.Time // zero: never

	Level   programme.Level  // held now; empty without a customer or programme
	Next    *programme.Level // above it; nil at the top
	ToNext  money.Amount     // tier spend that is missing to Next before this sale
	Reaches *programme.Level // level that this sale reaches, counting from the next one
	// Combined is what the level gave: CombineAdd both, CombineDiscount or
	// CombineCashback one of them; "": neither.
	Combined programme.Combine
	// ByRules is what the receipt would have come to by the rules, where something
	// else was charged; nil: it was not.
	ByRules *money.Amount

	// Days are the customer's occasions that it was, and Occasion the one whose
	// rate was higher than the level's; "": none.
	Days     []programme.Day
	Occasion programme.Day
	// Over: it earns nothing, as earlier sales of the day have used up Earn.Daily.
	Over bool
	// Welcome is the bonus for the first purchase, WelcomeAt from when it can be redeemed
	// and WelcomeUntil when it expires (zero: never). WelcomeFrom: this purchase is too
	// small to be the first; so much gives the bonus. 0: it is not.
	Welcome                 money.Points
	WelcomeAt, WelcomeUntil time.Time
	WelcomeFrom             money.Amount
}

// Price prices a receipt. The steps follow the published order of DESIGN.md;
// every one of them takes money off through sheet.take or within sheet.room,
// where the margin guard stands.
//
// It fails with one errs.Invalid error that names every wrong field of the
// draft, or with ErrRedeemTooMuch, ErrRedeemMin or ErrRedeemStep.
func Price(in Input) (Result, error) {
	s, err := open(&in)
	if err != nil {
		return Result{}, err
	}
	s.level()
	// Step 1, line promotions, comes here.
	s.tierDiscount() // 2
	s.charge()
	// Steps 3 and 4, codes and promotions on the whole receipt, come here.
	if err := s.points(); err != nil { // 5
		return Result{}, err
	}
	// Step 6, gift cards, takes nothing off: they pay the total.
	s.earn()
	s.sum()
	s.welcome()
	return s.res, nil
}
