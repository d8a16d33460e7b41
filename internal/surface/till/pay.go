package till

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// pay records the sale as the page shows it. Sent again it answers the same
// receipt; where another price holds, it answers 409 with the new one.
func (t *Till) pay(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v, err := t.read(r)
	if err != nil {
		return err
	}
	shown := v.Total
	// What the page carries is what somebody may have changed on the way: the
	// catalog says what things cost.
	_, changed, err := t.renew(ctx, loc, &v.basket)
	switch {
	case err != nil:
		return err
	case len(changed) > 0:
		return t.undecided(w, r, v, loc.T("counter.note.price", "names", strings.Join(changed, ", ")))
	}
	wrong := 0
	d := v.draft(loc, t.Settings().Currency, func(string, error) { wrong++ })
	if wrong > 0 || v.Quote == "" || ((v.NoDiscount || v.NoPoints) && v.Reason == "") {
		return t.undecided(w, r, v, "")
	}
	rec, _, err := t.Receipts.Commit(ctx, v.Place.caller(r), receipt.Sale{Number: v.Number, Draft: d, Quote: v.Quote, Confirmation: v.given()})
	if err == nil {
		web.Redirect(w, r, Path+"/receipts/"+rec.ID.String())
		return nil
	}
	switch {
	case errors.Is(err, receipt.ErrKeyReused):
		return t.paidAlready(w, r, v)
	case errors.Is(err, receipt.ErrChanged):
		return t.undecided(w, r, v, loc.T("counter.note.changed", "was", shown))
	case errors.Is(err, confirm.ErrNeeded), errors.Is(err, confirm.ErrWrong):
		v.Said, v.Wrong = "", web.Say(loc, err)
		return t.undecided(w, r, v, "")
	case errors.Is(err, receipt.ErrBlocked): // which the page says of whoever is on it
		return t.undecided(w, r, v, "")
	case errors.Is(err, customer.ErrNotFound), uncarded(err):
		return t.undecided(w, r, v, web.Say(loc, err))
	case web.Refused(err):
		return t.undecided(w, r, v, loc.T("counter.note.look_again"))
	}
	return err
}

// undecided shows the basket as it stands now, for the cashier to decide.
// Nothing was recorded.
func (t *Till) undecided(w http.ResponseWriter, r *http.Request, v *saleView, why string) error {
	if why != "" {
		v.note("warn", why)
	}
	if err := t.fill(r, v); err != nil {
		return err
	}
	return t.pages.Fragment(w, r, http.StatusConflict, "sale", "work", v)
}

// paidAlready leads to the receipt that the number has, where the page has been
// changed since.
func (t *Till) paidAlready(w http.ResponseWriter, r *http.Request, v *saleView) error {
	rec, err := t.Receipts.Find(r.Context(), int64(v.Place.Till.ID), receipt.KindSale, v.Number)
	if err != nil {
		return err
	}
	t.Shell.SetFlash(w, r, "warn", web.Loc(r.Context()).T("counter.note.paid_already"))
	web.Redirect(w, r, Path+"/receipts/"+rec.ID.String())
	return nil
}

// joined writes somebody new into the log.
func (t *Till) joined(r *http.Request, at *place) func(context.Context, *db.Tx, enrol.Result) error {
	type after struct {
		Store    string             `json:"store"`
		Till     string             `json:"till"`
		Consents []customer.Purpose `json:"consents,omitempty"`
	}
	return func(ctx context.Context, tx *db.Tx, res enrol.Result) error {
		if !res.Created { // what a known profile got is in the log already
			return nil
		}
		a := after{Store: at.Store.ID.String(), Till: at.Till.Name}
		for _, c := range res.Consents {
			a.Consents = append(a.Consents, c.Purpose)
		}
		body, err := json.Marshal(a)
		if err != nil {
			return err
		}
		return t.Staff.AuditTx(ctx, tx, staff.Entry{
			Actor: web.Me(r).ID, IP: web.Client(r).IP, Action: "customer.registered", Subject: "customer:" + res.ID.String(), Store: at.Store.ID, After: body,
		})
	}
}
