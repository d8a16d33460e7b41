package admin

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// customerData is everything that is kept of a person, in a file for them.
func (a *Admin) customerData(w http.ResponseWriter, r *http.Request) error {
	c, err := a.customer(r)
	if err != nil {
		return err
	}
	// Whole before it is sent: half a file would be none.
	var b bytes.Buffer
	if err := a.Privacy.Export(r.Context(), c.ID, &b); err != nil {
		return err
	}
	who := by(r)
	if err := a.Staff.Look(r.Context(), staff.Entry{Actor: who.ID, IP: who.IP, Action: lookData, Subject: subjectOf(c.ID), Store: c.HomeStore}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "customer-" + c.ID.String() + ".json"}))
	_, err = b.WriteTo(w)
	return err
}

type eraseView struct {
	frame
	Form     *web.Form
	Customer customer.Customer
	Name     string
	Word     string // to be typed
	Account  *ledger.Account
}

func (a *Admin) erasePage(w http.ResponseWriter, r *http.Request) error {
	c, err := a.present(r)
	if err != nil {
		return err
	}
	return a.showErase(w, r, http.StatusOK, c, web.NewForm(nil))
}

// erasing is the word that is typed to have somebody forgotten: the end of the
// profile's number, so that nobody types it without looking.
func erasing(c customer.Customer) string {
	n := c.ID.String()
	return n[max(0, len(n)-4):]
}

func (a *Admin) showErase(w http.ResponseWriter, r *http.Request, status int, c customer.Customer, form *web.Form) (err error) {
	ctx := r.Context()
	v := eraseView{frame: a.frame(ctx), Form: form, Customer: c, Name: nameOf(web.Loc(ctx), web.Me(r), c), Word: erasing(c)}
	if v.Account, err = a.Ledger.Get(ctx, c.ID); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "erase", v)
}

// eraseCustomer has a person forgotten.
func (a *Admin) eraseCustomer(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	loc := web.Loc(r.Context())
	reason := strings.TrimSpace(form.Get("reason"))
	if reason == "" {
		form.Check("reason", errs.New(errs.Invalid, "required", ""))
	}
	if strings.TrimSpace(form.Get("word")) != erasing(c) {
		form.Fail("word", loc.T("admin.erase.wrong"))
	}
	if !form.OK() {
		return a.showErase(w, r, unprocessable, c, form)
	}
	_, err = a.Privacy.Erase(r.Context(), c.ID, by(r), reason)
	if errors.Is(err, ledger.ErrHeld) || errors.Is(err, customer.ErrGone) {
		form.Alert = web.Say(loc, err)
		return a.showErase(w, r, http.StatusConflict, c, form)
	}
	if err != nil {
		return err
	}
	a.good(w, r, "admin.erase.done")
	web.Redirect(w, r, "/customers")
	return nil
}
