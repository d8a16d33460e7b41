package till

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// returnsView is the search for a sale to be taken back.
type returnsView struct {
	frame
	Number   string
	Who      *person
	List     []slipFound
	Stores   map[catalog.StoreID]catalog.Store
	Searched bool
}

// returnsPage finds a sale: by the number on its slip or on that of a return of
// it, or among the latest of a customer.
func (t *Till) returnsPage(w http.ResponseWriter, r *http.Request) error {
	at, err := t.standing(w, r)
	if at == nil {
		return err
	}
	ctx := r.Context()
	v := returnsView{frame: t.frame("return", at), Number: fold.Line(r.URL.Query().Get("number")), Stores: map[catalog.StoreID]catalog.Store{}}
	switch who := t.unseal(r.URL.Query().Get("customer")); {
	case v.Number != "":
		v.Searched = true
		if v.List, err = t.receipts(ctx, web.Me(r), at, v.Number); err != nil {
			return err
		}
		if len(v.List) == 1 && v.List[0].Kind == receipt.KindSale {
			web.Redirect(w, r, v.List[0].Href())
			return nil
		}
	case who != 0:
		v.Searched = true
		c, err := t.Customers.Get(ctx, who)
		if err != nil {
			return err
		}
		v.Who = &person{Customer: c, Name: customer.MaskName(c.FirstName, c.LastName)}
		if v.List, err = t.latest(ctx, web.Me(r), who); err != nil {
			return err
		}
	}
	stores, err := t.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	for _, s := range stores {
		v.Stores[s.ID] = s
	}
	return t.pages.Render(w, r, "returns", v)
}

// latestSales is how many sales of a customer are offered to be taken back.
const latestSales = 50

// latest are the last sales of a customer in the stores where somebody works.
func (t *Till) latest(ctx context.Context, by staff.Account, who customer.ID) (list []slipFound, err error) {
	f := receipt.Filter{Customer: who, Kind: receipt.KindSale, Stores: by.Scope()}
	found, err := t.Receipts.List(ctx, f, receipt.Cursor{}, latestSales)
	for _, r := range found {
		list = append(list, slipFound{Receipt: r})
	}
	return list, err
}

// returnView is a sale of which something comes back.
type returnView struct {
	frame
	Sale    slip
	Number  string // of the return to be
	Rows    []back
	Reason  string
	Errors  map[string]string
	Preview *receipt.Receipt // nil: nothing is chosen, or it cannot come back
	Shown   string           // what the page says that it comes to
	Notes   []note
	Say     string
}

// back is a line of the sale and how much of it comes back, as typed.
type back struct {
	receipt.Line
	Left   money.Quantity
	Typed  string
	Chosen money.Quantity
	Goods  money.Amount // what the line cost, before points
	Refund money.Amount // what is handed out for what was chosen, before what is withheld
}

// returnPage shows a sale with nothing chosen yet.
func (t *Till) returnPage(w http.ResponseWriter, r *http.Request) error {
	at, err := t.standing(w, r)
	if at == nil {
		return err
	}
	v, err := t.returning(r, at)
	if err != nil {
		return err
	}
	v.Number = newNumber(t.Now(), at.Store.Zone)
	return t.pages.Render(w, r, "return", v)
}

// returning reads the sale of the address.
func (t *Till) returning(r *http.Request, at *place) (*returnView, error) {
	rec, err := t.receipt(r)
	if err != nil {
		return nil, err
	}
	if rec.Kind != receipt.KindSale {
		return nil, receipt.ErrNotASale
	}
	v := &returnView{frame: t.frame("return", at), Errors: map[string]string{}}
	if v.Sale, err = t.slip(r.Context(), rec); err != nil {
		return nil, err
	}
	for _, l := range rec.Lines {
		v.Rows = append(v.Rows, back{Line: l, Left: l.Quantity - l.Returned, Goods: l.Gross - l.Discount})
	}
	return v, nil
}

// readReturn reads the form.
func (t *Till) readReturn(r *http.Request) (*returnView, error) {
	form, err := web.ReadForm(r)
	if err != nil {
		return nil, err
	}
	at, err := t.at(r, catalog.TillID(number(form.Get("till"))))
	if err != nil {
		return nil, err
	}
	v, err := t.returning(r, at)
	if err != nil {
		return nil, err
	}
	if v.Number = form.Get("number"); v.Number == "" {
		v.Number = newNumber(t.Now(), at.Store.Zone)
	}
	v.Reason, v.Shown = fold.Line(form.Get("reason")), form.Get("shown")
	for i := range v.Rows {
		v.Rows[i].Typed = form.Get("quantity-" + strconv.Itoa(v.Rows[i].Position))
	}
	return v, nil
}

// returnStep applies what was chosen and shows what it comes to.
func (t *Till) returnStep(w http.ResponseWriter, r *http.Request) error {
	v, err := t.readReturn(r)
	if err != nil {
		return err
	}
	for _, do := range r.PostForm["do"] {
		v.do(web.Loc(r.Context()), do)
	}
	if err := t.preview(r, v); err != nil {
		return err
	}
	return t.pages.Fragment(w, r, http.StatusOK, "return", "work", v)
}

// do is one thing that the cashier did.
func (v *returnView) do(loc *i18n.Localizer, do string) {
	step := func(row *back, by money.Quantity) {
		q, err := readQuantity(loc, row.Typed)
		if err != nil {
			q = 0
		}
		row.Typed = loc.Quantity(min(max(q+by, 0), row.Left))
	}
	for i := range v.Rows {
		row := &v.Rows[i]
		switch do {
		case "all":
			row.Typed = loc.Quantity(row.Left)
		case "none":
			row.Typed = ""
		case "plus:" + strconv.Itoa(row.Position):
			step(row, money.One)
		case "minus:" + strconv.Itoa(row.Position):
			step(row, -money.One)
		case "line:" + strconv.Itoa(row.Position):
			row.Typed = loc.Quantity(row.Left)
		}
	}
}

// draft reads what comes back; what cannot be read is noted at its field.
func (v *returnView) draft(loc *i18n.Localizer) receipt.Return {
	in := receipt.Return{Number: v.Number, Original: v.Sale.ID, Reason: v.Reason}
	for i := range v.Rows {
		row := &v.Rows[i]
		row.Chosen = 0
		if row.Typed == "" {
			continue
		}
		q, err := readQuantity(loc, row.Typed)
		if err == nil && q > row.Left {
			err = errTooMuch.With("left", row.Left)
		}
		if err != nil {
			v.Errors["quantity-"+strconv.Itoa(row.Position)] = web.Say(loc, err)
			continue
		}
		if row.Chosen = q; q > 0 {
			in.Lines = append(in.Lines, receipt.ReturnLine{Position: row.Position, Quantity: q})
		}
	}
	return in
}

// preview asks what the return would come to.
func (t *Till) preview(r *http.Request, v *returnView) error {
	loc := web.Loc(r.Context())
	in := v.draft(loc)
	v.Shown = ""
	if len(in.Lines) == 0 || len(v.Errors) > 0 {
		return nil
	}
	rec, err := t.Receipts.PreviewReturn(r.Context(), v.Place.caller(r), in)
	if err != nil {
		if !web.Refused(err) {
			return err
		}
		v.Notes = append(v.Notes, note{"bad", web.Say(loc, err)})
		return nil
	}
	v.Preview = &rec
	for _, l := range rec.Lines {
		if i := slices.IndexFunc(v.Rows, func(row back) bool { return row.Position == l.Original }); i >= 0 {
			v.Rows[i].Refund = l.Total
		}
	}
	v.Shown = shownOf(&rec)
	v.Say = loc.T("counter.back.say", "money", loc.Money(rec.Refund(), t.Settings().Currency))
	return nil
}

// shownOf is everything that a preview said in figures.
func shownOf(rec *receipt.Receipt) string {
	return fmt.Sprintf("%d-%d-%d-%d-%d", rec.Total, rec.Withheld, rec.Redeemed, rec.Earned, rec.Details.Welcome)
}

// takeBack records the return as it was previewed. Sent again it answers the
// same receipt; where it would come to something else, it answers 409 with
// the new preview.
func (t *Till) takeBack(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := t.readReturn(r)
	if err != nil {
		return err
	}
	loc := web.Loc(ctx)
	done, err := t.Receipts.Find(ctx, int64(v.Place.Till.ID), receipt.KindReturn, v.Number)
	if err != nil && !errors.Is(err, receipt.ErrNotFound) {
		return err
	}
	if done != nil {
		// What came back already has left the sale: what the form says is
		// compared with the return itself, not with what is left.
		return t.alreadyBack(w, r, v, done)
	}
	shown := v.Shown
	if err := t.preview(r, v); err != nil {
		return err
	}
	if v.Preview == nil || v.Shown != shown {
		if v.Preview != nil {
			v.Notes = append(v.Notes, note{"warn", loc.T("counter.back.changed")})
		}
		return t.pages.Fragment(w, r, http.StatusConflict, "return", "work", v)
	}
	rec, _, err := t.Receipts.Return(ctx, v.Place.caller(r), v.draft(loc))
	if web.Refused(err) {
		v.Notes = append(v.Notes, note{"warn", web.Say(loc, err)})
		return t.pages.Fragment(w, r, http.StatusConflict, "return", "work", v)
	}
	if err != nil {
		return err
	}
	web.Redirect(w, r, Path+"/receipts/"+rec.ID.String())
	return nil
}

// alreadyBack leads to the return that a number has, and says so where the
// page asks for something else by now.
func (t *Till) alreadyBack(w http.ResponseWriter, r *http.Request, v *returnView, done *receipt.Receipt) error {
	loc := web.Loc(r.Context())
	asked := map[int]money.Quantity{}
	for _, row := range v.Rows {
		if q, err := readQuantity(loc, row.Typed); err == nil && q > 0 {
			asked[row.Position] = q
		}
	}
	same := done.Original == v.Sale.ID && len(asked) == len(done.Lines)
	for _, l := range done.Lines {
		same = same && asked[l.Original] == l.Quantity
	}
	if !same {
		t.Shell.SetFlash(w, r, "warn", loc.T("counter.note.back_already"))
	}
	web.Redirect(w, r, Path+"/receipts/"+done.ID.String())
	return nil
}
