package till

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// lateBatch is what a till sold and took back while it had no line.
type lateBatch struct {
	Till   string     `json:"till"`
	SentAt int64      `json:"sent_at"` // milliseconds since 1970, by its clock
	Slips  []lateSlip `json:"slips"`
}

// lateSlip is a receipt of the queue.
type lateSlip struct {
	Kind           receipt.Kind         `json:"kind"`
	Number         string               `json:"number"`
	SoldAt         int64                `json:"sold_at"`
	Staff          string               `json:"staff"`
	Customer       string               `json:"customer"` // sealed
	Shown          string               `json:"shown"`    // what the customer showed, whom the till did not find
	Lines          []lateLine           `json:"lines"`
	Total          money.Amount         `json:"total"`
	Original       string               `json:"original"`
	OriginalNumber string               `json:"original_number"`
	Parts          []receipt.ReturnLine `json:"parts"`
	Reason         string               `json:"reason"`
	// Form is a payment of the page whose answer was lost, as it was sent.
	Form string `json:"form"`
}

type lateLine struct {
	SKU      string         `json:"sku"`
	Name     string         `json:"name"`
	Quantity money.Quantity `json:"quantity"`
	Price    money.Price    `json:"price"`
	Charged  money.Amount   `json:"charged"`
	Out      bool           `json:"no_loyalty,omitempty"`
}

// What became of a receipt of the queue.
type lateState string

const (
	lateRecorded lateState = "recorded"
	lateKnown    lateState = "known" // it had been recorded before
	lateDiffers  lateState = "differs"
	lateRefused  lateState = "refused"
)

type lateAnswer struct {
	Results []lateResult `json:"results"`
	Clock   string       `json:"clock,omitempty"` // says that the till's clock is wrong
}

type lateResult struct {
	Number  string    `json:"number"`
	State   lateState `json:"state"`
	Says    []string  `json:"says"`
	Receipt string    `json:"receipt,omitempty"`
}

// maxLate is how many receipts are taken at once.
const maxLate = 100

// late records what the queue of a browser brings. It can be sent again: what was
// recorded is answered once more.
func (t *Till) late(w http.ResponseWriter, r *http.Request) error {
	var in lateBatch
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return web.BodyError(err)
	}
	at, err := t.at(r, catalog.TillID(number(in.Till)))
	if err != nil {
		return err
	}
	if len(in.Slips) > maxLate {
		return errRange.With("max", maxLate)
	}
	b := &lateCall{t: t, r: r, at: at, sent: time.UnixMilli(in.SentAt), loc: web.Loc(r.Context())}
	out := lateAnswer{Results: make([]lateResult, len(in.Slips))}
	for i := range in.Slips {
		if err := b.take(i, &in.Slips[i], &out.Results[i]); err != nil {
			return err
		}
	}
	if err := b.sentFor(b.calls...); err != nil {
		return err
	}
	results, err := t.Receipts.RecordLate(r.Context(), b.sent, b.calls)
	if err != nil {
		return err
	}
	for i, res := range results {
		which := b.places[i]
		if err := b.say(&in.Slips[which], &res, &out.Results[which]); err != nil {
			return err
		}
		if slices.Contains(res.Differences, receipt.DiffClock) {
			out.Clock = b.loc.T("counter.offline.clock")
		}
	}
	return answerJSON(w, "application/json", out)
}

// lateCall is a batch while it is read.
type lateCall struct {
	t      *Till
	r      *http.Request
	at     *place
	sent   time.Time
	loc    *i18n.Localizer
	calls  []receipt.LateCall
	places []int // in the batch
}

// take reads a receipt; what cannot be one is refused at once.
func (b *lateCall) take(i int, in *lateSlip, to *lateResult) error {
	*to = lateResult{Number: in.Number, Says: []string{}}
	by, err := b.seller(in.Staff)
	if err != nil {
		return err
	}
	if theirs, err := b.theirs(in); !theirs || err != nil {
		if err == nil {
			to.refuse(b.loc, errSoldThere)
		}
		return err
	}
	late := receipt.Late{}
	switch {
	case in.Form != "":
		done, err := b.form(by, in, &late, to)
		if done || err != nil {
			return err
		}
	case in.Kind == receipt.KindReturn:
		refund := in.Total
		late.Return = &receipt.Return{Number: in.Number, Original: receipt.ID(number(in.Original)), SoldAt: time.UnixMilli(in.SoldAt).UTC(), Reason: fold.Line(in.Reason), Lines: in.Parts}
		late.OriginalNumber, late.Refund = in.OriginalNumber, &refund
	default:
		late.Sale = b.sale(in)
		if in.Shown != "" && late.Sale.Customer == 0 {
			late.Shown = b.t.Customers.Candidates(in.Shown)
		}
	}
	b.calls, b.places = append(b.calls, receipt.LateCall{By: by, Late: late}), append(b.places, i)
	return nil
}

// theirs tells whether whoever sends works where the sale was made that comes back;
// of one that there is not, the service says so.
func (b *lateCall) theirs(in *lateSlip) (bool, error) {
	original := receipt.ID(number(in.Original))
	if original == 0 {
		return true, nil
	}
	rec, err := b.t.Receipts.Get(b.r.Context(), original)
	if errs.KindOf(err) == errs.NotFound {
		return true, nil
	}
	return err != nil || web.Me(b.r).WorksIn(rec.Store), err
}

func (b *lateCall) sale(in *lateSlip) *receipt.Sale {
	total := in.Total
	s := &receipt.Sale{Number: in.Number, SoldAt: time.UnixMilli(in.SoldAt).UTC(), Total: &total}
	s.Customer = b.t.unseal(in.Customer)
	for _, l := range in.Lines {
		charged := l.Charged
		s.Lines = append(s.Lines, receipt.DraftLine{SKU: fold.Line(l.SKU), Name: fold.Line(l.Name), Quantity: l.Quantity, Price: l.Price, Charged: &charged, NoLoyalty: l.Out})
	}
	return s
}

// seller is the till and whoever sold: somebody of the store, or else whoever
// sends.
func (b *lateCall) seller(id string) (receipt.Caller, error) {
	by := b.at.caller(b.r)
	if id == "" || id == web.Me(b.r).ID.String() {
		return by, nil
	}
	who, err := b.t.Staff.Named(b.r.Context(), id)
	switch {
	case err == nil && who.ID.String() == id && who.Role.Can(staff.Sell) && who.BelongsTo(b.at.Store.ID):
		by.Staff = int64(who.ID)
	case err != nil && errs.KindOf(err) != errs.NotFound:
		return by, err
	}
	return by, nil
}

// sentFor writes down that somebody sends what, as the browser says, others sold:
// before it is recorded in their names. That the same is sent again is the same line.
func (b *lateCall) sentFor(calls ...receipt.LateCall) error {
	me, others, numbers := web.Me(b.r), map[string]int{}, []string{}
	for _, c := range calls {
		if c.By.Staff != int64(me.ID) {
			others[staff.ID(c.By.Staff).String()]++
			numbers = append(numbers, c.Number())
		}
	}
	if len(others) == 0 {
		return nil
	}
	facts, err := json.Marshal(map[string]any{"staff": others, "receipts": numbers})
	if err != nil {
		return err
	}
	return b.t.Staff.Look(b.r.Context(), staff.Entry{
		Actor: me.ID, IP: web.Client(b.r).IP, Action: "till.sent_for", Store: b.at.Store.ID, Subject: "till:" + b.at.Till.ID.String(), After: facts,
	})
}

// say tells the cashier what became of a receipt.
func (b *lateCall) say(in *lateSlip, res *receipt.LateResult, to *lateResult) error {
	if res.Err != nil && in.Form != "" && errors.Is(res.Err, receipt.ErrKeyReused) { // the lost payment has arrived meanwhile
		done, err := b.known(in, to)
		if done || err != nil {
			return err
		}
	}
	if res.Err != nil {
		to.refuse(b.loc, res.Err)
		return nil
	}
	to.State, to.Receipt = lateRecorded, res.Receipt.ID.String()
	if res.Replayed {
		to.State = lateKnown
	}
	for _, d := range res.Differences {
		switch d {
		case receipt.DiffClock: // said once for all of them
		case receipt.DiffRecorded:
			to.State = lateKnown
		default:
			to.State = lateDiffers
			to.Says = append(to.Says, b.difference(d, &res.Receipt))
		}
	}
	return nil
}

func (b *lateCall) difference(d receipt.Difference, rec *receipt.Receipt) string {
	c := b.t.Settings().Currency
	by := rec.Refund()
	if rec.Details.ByRules != nil {
		by = *rec.Details.ByRules
	}
	return b.loc.T("counter.offline.diff."+string(d), "rules", b.loc.Money(by, c), "charged", b.loc.Money(rec.Total, c))
}

func (to *lateResult) refuse(loc *i18n.Localizer, err error) {
	to.State = lateRefused
	p := web.ProblemOf(err, loc)
	to.Says = append(to.Says, p.Detail)
	for _, f := range p.Errors {
		if f.Detail != p.Detail {
			to.Says = append(to.Says, f.Detail)
		}
	}
}

// form reads a payment of the page whose answer was lost. Where it was recorded,
// that is told; points that it redeems are taken at the price that was shown.
func (b *lateCall) form(by receipt.Caller, in *lateSlip, late *receipt.Late, to *lateResult) (done bool, err error) {
	if done, err := b.known(in, to); done || err != nil {
		return done, err
	}
	values, err := url.ParseQuery(in.Form)
	for name, list := range values {
		if !web.Legible(append(list, name)...) {
			err = web.ErrForm
		}
	}
	if err != nil {
		to.refuse(b.loc, web.ErrForm)
		return true, nil
	}
	soldAt := time.UnixMilli(in.SoldAt).UTC()
	if in.Kind == receipt.KindReturn {
		back := &receipt.Return{Number: in.Number, Original: receipt.ID(number(in.Original)), SoldAt: soldAt, Reason: fold.Line(values.Get("reason"))}
		for name, typed := range values {
			position, ok := strings.CutPrefix(name, "quantity-")
			if q, err := readQuantity(b.loc, typed[0]); ok && err == nil && q > 0 {
				back.Lines = append(back.Lines, receipt.ReturnLine{Position: int(number(position)), Quantity: q})
			}
		}
		slices.SortFunc(back.Lines, func(a, b receipt.ReturnLine) int { return a.Position - b.Position })
		refund := in.Total
		late.Return, late.Refund = back, &refund
		return false, nil
	}
	basket := readBasket(&web.Form{Values: values}, b.t.unseal)
	// A price that is not the catalogue's is another total, and refused.
	if _, _, err := b.t.renew(b.r.Context(), b.loc, &basket); err != nil {
		return false, err
	}
	total := in.Total
	sale := receipt.Sale{Number: in.Number, SoldAt: soldAt, Total: &total, Confirmation: basket.given()}
	wrong := 0
	if sale.Draft = basket.draft(b.loc, b.t.Settings().Currency, func(string, error) { wrong++ }); wrong > 0 {
		to.refuse(b.loc, web.ErrForm)
		return true, nil
	}
	if sale.Redeem == 0 {
		late.Sale = &sale
		return false, nil
	}
	if err := b.sentFor(receipt.LateCall{By: by, Late: receipt.Late{Sale: &sale}}); err != nil {
		return false, err
	}
	rec, _, err := b.t.Receipts.Commit(b.r.Context(), by, sale)
	if err != nil {
		if !web.Refused(err) {
			return false, err
		}
		to.refuse(b.loc, err)
		return true, nil
	}
	to.State, to.Receipt = lateRecorded, rec.ID.String()
	return true, nil
}

// known tells of a payment that had been recorded before its answer was lost.
func (b *lateCall) known(in *lateSlip, to *lateResult) (done bool, err error) {
	kind := receipt.KindSale
	if in.Kind == receipt.KindReturn {
		kind = receipt.KindReturn
	}
	rec, err := b.t.Receipts.Find(b.r.Context(), int64(b.at.Till.ID), kind, in.Number)
	if err != nil && errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	to.State, to.Receipt = lateKnown, rec.ID.String()
	if rec.Refund() != in.Total {
		c := b.t.Settings().Currency
		to.State = lateDiffers
		to.Says = append(to.Says, b.loc.T("counter.offline.diff.known", "recorded", b.loc.Money(rec.Refund(), c), "charged", b.loc.Money(in.Total, c)))
	}
	return true, nil
}
