package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

var errCashier = errs.New(errs.Invalid, "cashier_unknown", "Nobody of this login or id works in the store of this till. Send that of a cashier of the store, or leave it out.")

// receiptRequest is a sale.
type receiptRequest struct {
	Number string `json:"number" maxLength:"100"`
	Basket
	SoldAt *time.Time `json:"sold_at,omitzero" nullable:"false"`
	Quote  string     `json:"quote,omitzero"`
	Total  number     `json:"total,omitzero"`
	Said   *Said      `json:"confirmation,omitzero" nullable:"false"`
	AtTill
}

// AtTill says who stood at the till.
type AtTill struct {
	Cashier string `json:"cashier,omitzero" maxLength:"64"`
}

// recorded is a receipt as it was recorded.
type recorded struct {
	ID         string    `json:"id,omitzero"`
	Kind       kind      `json:"kind"`
	Number     string    `json:"number,omitzero"`
	Store      storeRef  `json:"store"`
	Till       string    `json:"till,omitzero"`
	Cashier    string    `json:"cashier,omitzero"`
	Customer   string    `json:"customer,omitzero"`
	Original   string    `json:"original,omitzero"`
	SoldAt     time.Time `json:"sold_at"`
	RecordedAt time.Time `json:"recorded_at"`

	Gross      decimal `json:"gross"`
	Discount   decimal `json:"discount"`
	PaidPoints decimal `json:"paid_points"`
	Total      decimal `json:"total"`
	Withheld   decimal `json:"withheld,omitzero"`
	Redeemed   decimal `json:"redeemed"`
	Earned     decimal `json:"earned"`
	Welcome    decimal `json:"welcome,omitzero"`
	Balance    decimal `json:"balance,omitzero"`

	AvailableAt time.Time `json:"available_at,omitzero"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	Level       *level    `json:"level,omitzero"`
	Reached     *level    `json:"reached,omitzero"`

	NoDiscount bool   `json:"no_discount,omitzero"`
	NoPoints   bool   `json:"no_points,omitzero"`
	Reason     string `json:"reason,omitzero"`

	Lines []recordedLine `json:"lines,omitzero" nullable:"false"`
	Slip  []string       `json:"slip" nullable:"false"`
}

type recordedLine struct {
	Position   int        `json:"position"`
	SKU        string     `json:"sku,omitzero"`
	Name       string     `json:"name,omitzero"`
	Quantity   decimal    `json:"quantity"`
	Price      decimal    `json:"price"`
	Gross      decimal    `json:"gross"`
	Discount   decimal    `json:"discount"`
	PaidPoints decimal    `json:"paid_points"`
	Total      decimal    `json:"total"`
	Redeemed   decimal    `json:"redeemed"`
	Earned     decimal    `json:"earned"`
	Returned   decimal    `json:"returned,omitzero"`
	Original   int        `json:"original,omitzero"`
	Discounts  []discount `json:"discounts,omitzero" nullable:"false"`
}

// storeRef names a store.
type storeRef struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
}

// postReceipt records a sale.
func (a *API) postReceipt(ctx context.Context, by *caller, in *receiptRequest, key string) (*created[recorded], error) {
	r := by.reader()
	sale := receipt.Sale{
		Number: r.number(in.Number), Draft: r.draft(&in.Basket), SoldAt: r.soldAt(in.SoldAt), Quote: in.Quote, Key: key,
		Confirmation: r.said(in.Said),
	}
	if in.Total != "" {
		total := r.amount(at("total"), in.Total)
		sale.Total = &total
	}
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	at, err := a.cashier(ctx, by, in.Cashier, receipt.KindSale, sale.Number)
	if err != nil {
		return nil, err
	}
	rec, replayed, err := a.receipts.Commit(ctx, at, sale)
	if err != nil {
		return nil, err
	}
	return a.answer(ctx, by, &rec, replayed)
}

// cashier is the till with whoever the call says stood at it. The name proves
// nothing: it is written down as the fact that the till says it is, also where
// the cashier has left since and the receipt comes late.
func (a *API) cashier(ctx context.Context, by *caller, named string, of receipt.Kind, number string) (receipt.Caller, error) {
	at := by.Caller
	if named == "" {
		return at, nil
	}
	who, err := a.staff.Named(ctx, named)
	if err == nil && who.Role.Can(staff.Sell) && who.BelongsTo(by.Store.ID) {
		at.Staff = int64(who.ID)
		return at, nil
	}
	if err != nil && !errors.Is(err, staff.ErrNotFound) {
		return at, err
	}
	// What was recorded before the cashier moved to another store is answered
	// again all the same.
	_, err = a.receipts.Find(ctx, int64(by.Till.ID), of, number)
	if errors.Is(err, receipt.ErrNotFound) {
		err = errCashier.At("/cashier")
	}
	return at, err
}

func (r *reader) number(s string) string {
	if s == "" {
		r.missing(at("number"))
	}
	return r.text(at("number"), s, receipt.MaxNumber)
}

// answer is what the till gets for what it recorded: the same whenever it asks, but
// for what its store is called by then.
func (a *API) answer(ctx context.Context, by *caller, rec *receipt.Receipt, replayed bool) (*created[recorded], error) {
	body, err := a.recorded(ctx, by, rec)
	if err != nil {
		return nil, err
	}
	for i := range body.Lines {
		body.Lines[i].Returned = "" // what came back since is not part of it
	}
	out := &created[recorded]{Status: http.StatusCreated, Location: "/v1/receipts/" + body.ID, Body: body}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// recorded describes a receipt.
func (a *API) recorded(ctx context.Context, by *caller, r *receipt.Receipt) (recorded, error) {
	c := by.currency
	out := recorded{
		ID: by.ids.receipt(r.ID), Kind: kind(r.Kind), Number: r.Number, Store: a.storeRef(r), Till: optionalID(r.Till), Cashier: optionalID(r.Staff),
		Customer: by.ids.customer(r.Customer), Original: by.ids.receipt(r.Original), SoldAt: timeOf(r.SoldAt), RecordedAt: timeOf(r.RecordedAt),
		Gross: c.amount(r.Gross), Discount: c.amount(r.Discount), PaidPoints: c.amount(r.PaidPoints), Total: c.amount(r.Total),
		Redeemed: points(r.Redeemed), Earned: points(r.Earned),
		NoDiscount: r.Details.NoDiscount, NoPoints: r.Details.NoPoints, Reason: r.Details.Reason,
		Lines: make([]recordedLine, len(r.Lines)),
	}
	if r.Customer != 0 {
		out.Balance = points(r.Balance)
	}
	if r.Details.Welcome > 0 {
		out.Welcome = points(r.Details.Welcome)
	}
	if r.Kind == receipt.KindReturn {
		out.Withheld = c.amount(r.Withheld)
	}
	if at := r.Details.AvailableAt; at != nil {
		out.AvailableAt = timeOf(*at)
	}
	if at := r.Details.ExpiresAt; at != nil {
		out.ExpiresAt = timeOf(*at)
	}
	held, reached, err := a.receipts.Levels(ctx, r)
	if err != nil {
		return recorded{}, err
	}
	out.Level, out.Reached = levelOf(&held), levelOf(&reached)
	for i := range r.Lines {
		out.Lines[i] = by.recordedLine(&r.Lines[i], r.Kind, &held)
	}
	out.Slip = by.slip(r, held, reached)
	return out, nil
}

func (by *caller) recordedLine(l *receipt.Line, of receipt.Kind, held *programme.Level) recordedLine {
	c := by.currency
	out := recordedLine{
		Position: l.Position, SKU: l.SKU, Name: l.Name, Quantity: quantity(l.Quantity), Price: price(l.Price),
		Gross: c.amount(l.Gross), Discount: c.amount(l.Discount), PaidPoints: c.amount(l.PaidPoints), Total: c.amount(l.Total),
		Redeemed: points(l.Redeemed), Earned: points(l.Earned), Original: l.Original,
		Discounts: by.discounts(l.Discounts, held),
	}
	if of == receipt.KindSale {
		out.Returned = quantity(l.Returned)
	}
	return out
}

func (a *API) storeRef(r *receipt.Receipt) storeRef {
	ref := storeRef{ID: optionalID(r.Store)}
	if s, ok := a.catalog.Store(r.Store); ok {
		ref.Code, ref.Name = s.Code, s.Name
	}
	return ref
}

// byID is a call about one thing.
type byID struct {
	ID string `path:"id"`
}

// getReceipt looks a receipt of the store up by its id. What was bought in
// another store can come back here all the same (postReturn), with the id that
// the till there was given.
func (a *API) getReceipt(ctx context.Context, by *caller, in *byID) (*reply[recorded], error) {
	id, err := by.ids.receiptOf(in.ID)
	if err != nil {
		return nil, err
	}
	rec, err := a.receipts.Get(ctx, id)
	if err == nil && rec.Store != by.Store.ID {
		err = receipt.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	body, err := a.recorded(ctx, by, rec)
	return &reply[recorded]{Body: body}, err
}

type receiptQuery struct {
	Number string `query:"number"`
	Kind   string `query:"kind" enum:"sale,return" default:"sale"`
}

type receiptList struct {
	Receipts []recorded `json:"receipts" nullable:"false"`
}

// findReceipts looks receipts of the store up by the number on the slip: this
// till's first, then the latest.
func (a *API) findReceipts(ctx context.Context, by *caller, in *receiptQuery) (*reply[receiptList], error) {
	var r reader
	number, of := field{list: "?", name: "number"}, receipt.Kind(in.Kind)
	if in.Number == "" {
		r.missing(number)
	}
	r.text(number, in.Number, receipt.MaxNumber)
	if of != receipt.KindSale && of != receipt.KindReturn {
		r.wrong.Add("kind", "unknown_kind", "must be sale or return")
	}
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	list, err := a.receipts.List(ctx, receipt.Filter{Number: in.Number, Kind: of, Store: by.Store.ID}, receipt.Cursor{}, maxSameNumber)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(x, y *receipt.Receipt) int {
		own := func(r *receipt.Receipt) int {
			if r.Till == by.Till.ID {
				return 0
			}
			return 1
		}
		return own(x) - own(y)
	})
	out := &reply[receiptList]{Body: receiptList{Receipts: []recorded{}}}
	for _, found := range list {
		rec, err := a.receipts.Get(ctx, found.ID)
		if err != nil {
			return nil, err
		}
		body, err := a.recorded(ctx, by, rec)
		if err != nil {
			return nil, err
		}
		out.Body.Receipts = append(out.Body.Receipts, body)
	}
	return out, nil
}

// maxSameNumber is how many receipts of one number are shown.
const maxSameNumber = 20

// returnRequest is what a till gives back.
type returnRequest struct {
	Number string `json:"number" maxLength:"100"`
	ReturnDraft
	AtTill
}

// ReturnDraft is a return before it has a number.
type ReturnDraft struct {
	Original string       `json:"original"`
	Lines    []returnLine `json:"lines,omitzero" nullable:"false" maxItems:"1000"`
	SoldAt   *time.Time   `json:"sold_at,omitzero" nullable:"false"`
	Reason   string       `json:"reason,omitzero" maxLength:"200"`
}

type returnLine struct {
	Position int    `json:"position"`
	Quantity number `json:"quantity"`
}

func (r *reader) giveBack(in *ReturnDraft) receipt.Return {
	out := receipt.Return{
		Original: r.receipt(at("original"), in.Original), SoldAt: r.soldAt(in.SoldAt),
		Reason: r.text(at("reason"), in.Reason, receipt.MaxReason),
	}
	if in.Original == "" {
		r.missing(at("original"))
	}
	if len(in.Lines) > pricing.MaxLines {
		r.wrong.Add("/lines", "too_many", "has more than %d lines", pricing.MaxLines).With("max", pricing.MaxLines)
		return out
	}
	for i, l := range in.Lines {
		out.Lines = append(out.Lines, receipt.ReturnLine{Position: l.Position, Quantity: r.quantity(lineAt(i, "quantity"), l.Quantity)})
	}
	return out
}

// postReturn gives goods back.
func (a *API) postReturn(ctx context.Context, by *caller, in *returnRequest, key string) (*created[recorded], error) {
	r := by.reader()
	back := r.giveBack(&in.ReturnDraft)
	back.Number, back.Key = r.number(in.Number), key
	if err := r.wrong.Err(); err != nil {
		return nil, a.wrongReturn(ctx, by, err, back)
	}
	at, err := a.cashier(ctx, by, in.Cashier, receipt.KindReturn, back.Number)
	if err != nil {
		return nil, err
	}
	rec, replayed, err := a.receipts.Return(ctx, at, back)
	if err != nil {
		return nil, originalError(err)
	}
	return a.answer(ctx, by, &rec, replayed)
}

// previewReturn says what a return would come to.
func (a *API) previewReturn(ctx context.Context, by *caller, in *ReturnDraft) (*reply[recorded], error) {
	r := by.reader()
	back := r.giveBack(in)
	if err := r.wrong.Err(); err != nil {
		return nil, a.wrongReturn(ctx, by, err, back)
	}
	rec, err := a.receipts.PreviewReturn(ctx, by.Caller, back)
	if err != nil {
		return nil, originalError(err)
	}
	rec.ID = 0 // it is not recorded
	body, err := a.recorded(ctx, by, &rec)
	return &reply[recorded]{Body: body}, err
}

// wrongReturn adds to what is wrong with the words of a return what its sale
// has against it.
func (a *API) wrongReturn(ctx context.Context, by *caller, err error, back receipt.Return) error {
	_, other := a.receipts.PreviewReturn(ctx, by.Caller, back)
	return allWrong(err, originalError(other))
}

// originalError points a receipt that is not there at the field that named it.
func originalError(err error) error {
	if errors.Is(err, receipt.ErrNotFound) {
		return receipt.ErrNotFound.At("/original").Because(err)
	}
	return err
}
