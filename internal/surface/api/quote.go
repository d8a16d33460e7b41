package api

import (
	"context"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// Basket is what a customer is about to buy.
type Basket struct {
	Customer   string       `json:"customer,omitzero"`
	Lines      []BasketLine `json:"lines,omitzero" nullable:"false" maxItems:"1000"`
	Redeem     number       `json:"redeem,omitzero"`
	NoDiscount bool         `json:"no_discount,omitzero"`
	NoPoints   bool         `json:"no_points,omitzero"`
	Reason     string       `json:"reason,omitzero" maxLength:"200"`
	Hold       string       `json:"hold,omitzero"`
	Card       string       `json:"card,omitzero" maxLength:"254"`
}

// BasketLine is one position of a basket.
type BasketLine struct {
	SKU      string `json:"sku,omitzero" maxLength:"100"`
	Name     string `json:"name,omitzero" maxLength:"200"`
	Quantity number `json:"quantity"`
	Price    number `json:"price"`
	Discount number `json:"discount,omitzero"`
	Void     bool   `json:"void,omitzero"`
	// NoLoyalty takes the line out of the programme.
	NoLoyalty bool `json:"no_loyalty,omitzero"`
}

// draft reads a basket.
func (r *reader) draft(in *Basket) receipt.Draft {
	d := receipt.Draft{
		Customer: r.customer(at("customer"), in.Customer),
		Redeem:   r.points(at("redeem"), in.Redeem), NoDiscount: in.NoDiscount, NoPoints: in.NoPoints,
		Reason: r.text(at("reason"), in.Reason, receipt.MaxReason), Card: r.text(at("card"), in.Card, maxIdentifier),
	}
	if in.Hold != "" {
		var err error
		if d.Hold, err = r.ids.holdOf(in.Hold); err != nil {
			r.wrong.Add("/hold", ledger.ErrHoldNotFound.Code, "%s", ledger.ErrHoldNotFound.Text)
		}
	}
	if len(in.Lines) > pricing.MaxLines {
		r.wrong.Add("/lines", "too_many", "has more than %d lines", pricing.MaxLines).With("max", pricing.MaxLines)
		return d
	}
	d.Lines = make([]receipt.DraftLine, len(in.Lines))
	for i := range in.Lines {
		r.line(i, &in.Lines[i], &d.Lines[i])
	}
	return d
}

func (r *reader) line(i int, in *BasketLine, to *receipt.DraftLine) {
	before := r.wrong.Len()
	to.SKU = r.text(lineAt(i, "sku"), in.SKU, catalog.MaxSKU)
	if to.SKU != fold.Line(to.SKU) {
		r.wrong.Add(lineAt(i, "sku").String(), "bad_characters", "has several spaces in a row or letters that are written in parts")
	}
	to.Name = r.text(lineAt(i, "name"), fold.Line(in.Name), catalog.MaxName)
	to.Quantity = r.quantity(lineAt(i, "quantity"), in.Quantity)
	if in.Price == "" {
		r.missing(lineAt(i, "price"))
	}
	to.Price = r.price(lineAt(i, "price"), in.Price)
	to.Discount = r.amount(lineAt(i, "discount"), in.Discount)
	to.Void, to.NoLoyalty = in.Void, in.NoLoyalty
	if r.wrong.Len() == before {
		pricing.CheckLine(&r.wrong, r.currency, i, &pricing.Line{Quantity: to.Quantity, Price: to.Price, Discount: to.Discount})
	}
}

// quote is a priced basket.
type quote struct {
	ID         string      `json:"id"`
	ValidUntil time.Time   `json:"valid_until"`
	Customer   string      `json:"customer,omitzero"`
	Lines      []quoteLine `json:"lines" nullable:"false"`
	Gross      decimal     `json:"gross"`
	Discount   decimal     `json:"discount"`
	PaidPoints decimal     `json:"paid_points"`
	Total      decimal     `json:"total"`

	Redeemed  decimal   `json:"redeemed"`
	MaxRedeem decimal   `json:"max_redeem"`
	Limit     limitRule `json:"limit"`
	Confirm   bool      `json:"confirmation_needed,omitzero"`

	Earned      decimal   `json:"earned"`
	AvailableAt time.Time `json:"available_at,omitzero"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	Welcome     decimal   `json:"welcome,omitzero"`

	Programme *quoteProgramme `json:"programme,omitzero"`

	Level   *level  `json:"level,omitzero"`
	Next    *level  `json:"next_level,omitzero"`
	ToNext  decimal `json:"to_next,omitzero"`
	Reaches *level  `json:"reaches,omitzero"`

	Texts texts `json:"texts"`
}

// quoteProgramme is the programme whose rules priced a basket, and why it did.
type quoteProgramme struct {
	ID      string       `json:"id"`
	Version int          `json:"version"`
	Why     programmeWhy `json:"why"`
	Label   string       `json:"label,omitzero"`
}

// programmeWhy is why a programme holds.
type programmeWhy string

const (
	whyLabel   programmeWhy = "label" // it is for customers of a label
	whyStore   programmeWhy = "store" // it is for some stores, this among them
	whyGeneral programmeWhy = "general"
)

// Schema implements huma.SchemaProvider.
func (programmeWhy) Schema(huma.Registry) *huma.Schema { return enum(whyLabel, whyStore, whyGeneral) }

func programmeOf(q *receipt.Quote) *quoteProgramme {
	v := q.Programme
	if v == nil {
		return nil
	}
	out := &quoteProgramme{ID: v.ProgrammeID.String(), Version: v.Number, Why: whyGeneral, Label: q.Label}
	switch {
	case q.Label != "":
		out.Why = whyLabel
	case len(v.Rules.Stores) > 0:
		out.Why = whyStore
	}
	return out
}

type quoteLine struct {
	SKU        string     `json:"sku,omitzero"`
	Name       string     `json:"name,omitzero"`
	Quantity   decimal    `json:"quantity"`
	Price      decimal    `json:"price"`
	Gross      decimal    `json:"gross"`
	Discount   decimal    `json:"discount"`
	PaidPoints decimal    `json:"paid_points"`
	Total      decimal    `json:"total"`
	Redeemable decimal    `json:"redeemable"`
	Redeemed   decimal    `json:"redeemed"`
	Earned     decimal    `json:"earned"`
	Discounts  []discount `json:"discounts,omitzero" nullable:"false"`
	Void       bool       `json:"void,omitzero"`
	NoLoyalty  bool       `json:"no_loyalty,omitzero"`
}

// discount is money off a line and why.
type discount struct {
	Cause   cause   `json:"cause"`
	Amount  decimal `json:"amount"`
	Guarded bool    `json:"guarded,omitzero"`
	Text    string  `json:"text"`
}

// level is a tier of the programme.
type level struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

func levelOf(l *programme.Level) *level {
	if l == nil || l.Code == "" {
		return nil
	}
	return &level{l.Code, l.Name}
}

// texts are lines to be shown and printed as they are.
type texts struct {
	Cashier []string `json:"cashier" nullable:"false"`
	Slip    []string `json:"slip" nullable:"false"`
}

// postQuote prices a basket.
func (a *API) postQuote(ctx context.Context, by *caller, in *Basket) (*reply[quote], error) {
	r := by.reader()
	draft := r.draft(in)
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	q, err := a.receipts.Quote(ctx, by.Caller, draft)
	if err != nil {
		return nil, err
	}
	return &reply[quote]{Body: by.quote(&q)}, nil
}

func (by *caller) quote(q *receipt.Quote) quote {
	c := by.currency
	out := quote{
		ID: q.ID, ValidUntil: timeOf(q.ValidUntil), Customer: by.ids.customer(q.Draft.Customer),
		Gross: c.amount(q.Gross), Discount: c.amount(q.Discount), PaidPoints: c.amount(q.PaidPoints), Total: c.amount(q.Total),
		Redeemed: points(q.Redeemed), Confirm: q.Confirm, MaxRedeem: points(q.MaxRedeem), Limit: limitOf(q.Limit),
		Earned: points(q.Earned), AvailableAt: optionalTime(q.AvailableAt), ExpiresAt: optionalTime(q.ExpiresAt),
		Programme: programmeOf(q), Level: levelOf(&q.Level), Next: levelOf(q.Next), Reaches: levelOf(q.Reaches),
		Lines: make([]quoteLine, len(q.Lines)),
	}
	if q.Next != nil {
		out.ToNext = c.amount(q.ToNext)
	}
	if q.Welcome > 0 {
		out.Welcome = points(q.Welcome)
	}
	for i := range q.Lines {
		out.Lines[i] = by.quoteLine(&q.Draft.Lines[i], &q.Lines[i], q.Products[i], &q.Level)
	}
	out.Texts = by.quoteTexts(q)
	return out
}

func (by *caller) quoteLine(d *receipt.DraftLine, l *pricing.PricedLine, p catalog.Product, held *programme.Level) quoteLine {
	c := by.currency
	name := d.Name
	if name == "" {
		name = p.Name
	}
	return quoteLine{
		SKU: d.SKU, Name: name, Quantity: quantity(d.Quantity), Price: price(d.Price),
		Gross: c.amount(l.Gross), Discount: c.amount(l.Discount), PaidPoints: c.amount(l.PaidPoints), Total: c.amount(l.Total),
		Redeemable: c.amount(l.Redeemable), Redeemed: points(l.Redeemed), Earned: points(l.Earned),
		Discounts: by.discounts(l.Discounts, held), Void: d.Void, NoLoyalty: d.NoLoyalty,
	}
}

func (by *caller) discounts(list []pricing.Discount, held *programme.Level) []discount {
	if len(list) == 0 {
		return nil
	}
	out := make([]discount, len(list))
	for i, d := range list {
		out[i] = discount{cause(d.Cause), by.currency.amount(d.Amount), d.Guarded, by.discountText(d, held)}
	}
	return out
}

// changed adds the quote that holds now to the problem of a commit.
func (by *caller) changed(p *problem, err *receipt.ChangedError) {
	q := by.quote(&err.Quote)
	p.Quote = &q
}

func optionalID[ID ~int64](id ID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

func optionalTime(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return timeOf(t)
}
