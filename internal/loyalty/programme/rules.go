// Package programme keeps the rules of a loyalty programme as versioned data.
//
// A version that was published never changes, so that an old receipt is always
// explained by the rules it was sold under. Rules only say; pricing computes
// by them and ledger moves points by them.
package programme

import (
	"slices"

	"regulars/internal/base/id"
	"regulars/internal/base/money"
)

// ID identifies a programme, VersionID one version of its rules.
type (
	ID        = id.Of[Programme]
	VersionID = id.Of[Version]
)

// Rules are what an installation sets, with no code. The JSON form is what
// the editor, the API and the database keep.
type Rules struct {
	// Stopped keeps everything and stops enrolment, earning, redeeming,
	// discounts, tiers and expiry.
	Stopped bool `json:"stopped,omitzero"`
	// Stores are the codes of the stores it covers; none: all.
	Stores []string `json:"stores,omitempty"`
	// Labels are those of the customers that it covers, who have one of them; none:
	// everybody.
	Labels []string `json:"labels,omitempty"`
	// PointValue is what one point is worth, > 0.
	PointValue money.Price `json:"point_value"`

	// Levels go up by threshold; the first one's is 0. A programme of one
	// level is a simple one.
	Levels  []Level `json:"levels"`
	Combine Combine `json:"combine"`
	Spend   Spend   `json:"spend"`
	// Downgrade says when a level is lost that spend no longer reaches.
	Downgrade Downgrade `json:"downgrade,omitzero"`

	Discount Discount `json:"discount"`
	Earn     Earn     `json:"earn"`
	Redeem   Redeem   `json:"redeem"`
	Welcome  Welcome  `json:"welcome"`
	// Occasions are days of the customer's own; one of each kind at most.
	Occasions []Occasion `json:"occasions,omitempty"`
	Return    Return     `json:"return"`
	// IdleDays is after how many days without a purchase all points expire, the
	// day of the last one being the first; 0: only by their own dates.
	IdleDays int    `json:"idle_days,omitzero"`
	Guard    *Guard `json:"guard,omitzero"` // nil: off

	// QuoteMinutes is how long a quote keeps the version it was made under.
	QuoteMinutes int `json:"quote_minutes"`
}

// Level is a tier: what it takes and what it gives.
type Level struct {
	Code      string       `json:"code"` // stable; receipts and tiers name it
	Name      string       `json:"name"`
	Threshold money.Amount `json:"threshold"` // tier spend, reached at "equal or more"
	Cashback  money.Rate   `json:"cashback"`
	Discount  money.Rate   `json:"discount"`
	// Per earns a whole point for every so much money, what is left over
	// nothing; 0: Cashback holds.
	Per money.Amount `json:"per,omitzero"`
	// Promo are the rates on promotional goods and on lines that the till
	// itself discounted; nil: they are discounted like others, and earn like
	// others where Earn.Promo says so.
	Promo *PromoRates `json:"promo,omitzero"`
	// Cap is the share payable with points at this level; nil: Redeem's.
	Cap *money.Rate `json:"cap,omitzero"`
}

// PromoRates are what a level gives on promotional goods.
type PromoRates struct {
	Cashback money.Rate `json:"cashback"` // 0 where the level earns by Per
	Discount money.Rate `json:"discount"`
}

// Combine says what holds where a level gives both cashback and a discount.
type Combine string

// The ways to combine.
const (
	CombineAdd      Combine = "add"      // the discount, and cashback on what is left to pay
	CombineBetter   Combine = "better"   // whichever is worth more on this receipt; the discount where equal
	CombineDiscount Combine = "discount" // the discount; cashback only at levels without one
	CombineCashback Combine = "cashback" // cashback; the discount only at levels without it
)

// Window is over what tier spend is counted.
type Window string

// The windows.
const (
	Lifetime Window = "lifetime"
	Rolling  Window = "rolling" // the last Days days before the sale
	Year     Window = "year"    // of the calendar, by the clock of the customer's home store
	Quarter  Window = "quarter"
	Month    Window = "month"
)

// Spend says how tier spend is counted.
type Spend struct {
	Window Window `json:"window"`
	Days   int    `json:"days,omitzero"` // of a rolling window, 1..3660; otherwise 0
	// Exclude are goods that count towards no level, such as delivery.
	Exclude Goods `json:"exclude,omitzero"`
}

// Goods name products by category (with all below it) and SKU.
type Goods struct {
	Categories []string `json:"categories,omitempty"` // codes
	Products   []string `json:"products,omitempty"`   // SKUs
}

// None reports whether no goods are named.
func (g Goods) None() bool { return len(g.Categories) == 0 && len(g.Products) == 0 }

// Has reports whether a product is among them, by its SKU or by its category
// or one above it. The lists are short (MaxGoods), so they are simply walked.
func (g Goods) Has(sku string, categories []string) bool {
	for _, c := range categories {
		if slices.Contains(g.Categories, c) {
			return true
		}
	}
	return sku != "" && slices.Contains(g.Products, sku)
}

// Rounding is applied once, on the receipt's total.
type Rounding struct {
	Mode money.Mode `json:"mode"` // down or half_up
	Unit int64      `json:"unit"` // minor units, or hundredths of a point; >= 1
}

// Discount is how a level's discount is given. Rounding applies to what is
// left to pay: Unit 10 000 leaves hundreds of sums.
type Discount struct {
	Exclude  Goods    `json:"exclude"`
	Rounding Rounding `json:"rounding"`
}

// Earn is how cashback is earned.
type Earn struct {
	Exclude Goods `json:"exclude"`
	// Promo: lines of promotional goods and lines that the till itself
	// discounted earn too.
	Promo bool `json:"promo"`
	// PointsPart: the part paid with points earns too.
	PointsPart bool `json:"points_part"`
	// NotRedeeming: a receipt on which points are redeemed earns nothing.
	NotRedeeming bool `json:"not_redeeming,omitzero"`
	// Daily is how many of a customer's sales of one day earn, the first of them, by
	// the days of the store; 0: all.
	Daily    int      `json:"daily,omitzero"`
	Rounding Rounding `json:"rounding"` // up is a mode too
	// DelayDays until earned points are available, usually the return
	// window; 0: at once.
	DelayDays int `json:"delay_days"`
	// ExpiryDays that points can be spent, counted from the day they become
	// available to the midnight that ends the last; 0: for ever.
	ExpiryDays int `json:"expiry_days"`
}

// Redeem is how points pay.
type Redeem struct {
	Exclude Goods `json:"exclude"`
	// Cap is the largest share of what the eligible lines come to.
	Cap money.Rate `json:"cap"`
	// Caps hold instead of Cap and of the level's for the goods and in the
	// stores that they name; of several that fit, the first.
	Caps []Cap `json:"caps,omitempty"`
	// Own: only points that this programme gave pay here.
	Own bool `json:"own,omitzero"`
	// Max is the most points redeemed on one receipt; 0: any.
	Max money.Points `json:"max,omitzero"`
	// Min is the fewest points redeemed at a time, Step what they are a
	// multiple of; 0: any.
	Min  money.Points `json:"min,omitzero"`
	Step money.Points `json:"step,omitzero"`
	// ConfirmFrom is from how many points on, on one receipt, the customer confirms
	// it with a code; 0: never.
	ConfirmFrom money.Points `json:"confirm_from,omitzero"`
	// WithCard: points are taken only from whose card is shown: a phone or a name that
	// somebody says is not enough.
	WithCard bool `json:"with_card,omitzero"`
}

// Confirms reports whether so many points are taken only with a code.
func (r *Redeem) Confirms(points money.Points) bool {
	return r.ConfirmFrom > 0 && points >= r.ConfirmFrom
}

// Cap is the share of some goods, or in some stores, that is payable with points.
type Cap struct {
	Stores []string   `json:"stores,omitempty"` // codes; none: all
	Goods  Goods      `json:"goods,omitzero"`   // none: all
	Cap    money.Rate `json:"cap"`
}

// fits reports whether the cap is for that product in that store.
func (c *Cap) fits(store, sku string, categories []string) bool {
	return (len(c.Stores) == 0 || slices.Contains(c.Stores, store)) && (c.Goods.None() || c.Goods.Has(sku, categories))
}

// CapOf is the share of a line that is payable with points at a level; own says
// that it is one of Redeem.Caps.
func (r *Rules) CapOf(l *Level, store, sku string, categories []string) (share money.Rate, own bool) {
	for i := range r.Redeem.Caps {
		if c := &r.Redeem.Caps[i]; c.fits(store, sku, categories) {
			return c.Cap, true
		}
	}
	if l.Cap != nil {
		return *l.Cap, false
	}
	return r.Redeem.Cap, false
}

// Welcome is the bonus for the first registration, or for the first purchase after it.
type Welcome struct {
	Points     money.Points `json:"points"` // 0: none
	ExpiryDays int          `json:"expiry_days"`
	// On is when it is given. From is what the first purchase comes to at least, of
	// what counts towards a level; a smaller one is not the first.
	On   WelcomeOn    `json:"on,omitzero"`
	From money.Amount `json:"from,omitzero"` // with OnRegistration 0
}

// WelcomeOn is when the welcome bonus is given.
type WelcomeOn string

// The occasions.
const (
	OnRegistration WelcomeOn = ""
	OnPurchase     WelcomeOn = "purchase"
)

// Least is what the first purchase comes to at least: never nothing.
func (w Welcome) Least() money.Amount { return max(1, w.From) }

// WelcomesPurchases reports whether the first purchase gives a bonus.
func (r *Rules) WelcomesPurchases() bool {
	return r.Welcome.On == OnPurchase && r.Welcome.Points > 0 && !r.Stopped
}

// Clawback says what holds when points to be taken back have been spent.
type Clawback string

// The policies.
const (
	ClawbackDebt     Clawback = "debt"      // the balance goes negative; the next earning repays
	ClawbackRefund   Clawback = "refund"    // the refund is reduced by what they are worth
	ClawbackWriteOff Clawback = "write_off" // the programme bears it
)

// Return is how a return treats points.
type Return struct {
	Clawback Clawback `json:"clawback"`
	// GraceDays is how long points live that go back to a lot that has
	// expired since; 0: they are gone.
	GraceDays int `json:"grace_days"`
}

// Guard keeps every line at its cost plus a margin: discounts and points stop
// there. Lines of unknown cost are not guarded.
type Guard struct {
	Margin money.Rate `json:"margin"` // on cost; 0: not below cost
}

// Covers reports whether the rules hold in that store.
func (r *Rules) Covers(storeCode string) bool {
	return len(r.Stores) == 0 || slices.Contains(r.Stores, storeCode)
}

// For is the first of a customer's labels that the rules are for; "": they are for
// none of them.
func (r *Rules) For(labels []string) string {
	for _, l := range labels {
		if slices.Contains(r.Labels, l) {
			return l
		}
	}
	return ""
}

// Suits reports whether the rules are for a customer of those labels.
func (r *Rules) Suits(labels []string) bool { return len(r.Labels) == 0 || r.For(labels) != "" }
