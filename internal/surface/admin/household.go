package admin

import (
	"context"
	"errors"
	"net/http"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// householdView is a household and a search for whom to add.
type householdView struct {
	frame
	Customer customer.Customer
	Name     string
	Form     *web.Form
	Members  []kinRow
	URL      web.Link
	Found    []customerRow
}

// kinRow is somebody in a household; without a name they are no business of
// whoever looks.
type kinRow struct {
	household.Member
	Name string
}

func (a *Admin) kinRows(ctx context.Context, who staff.Account, of customer.ID) (rows []kinRow, err error) {
	h, err := a.Households.Of(ctx, of)
	for _, m := range h.Members {
		c, err := a.customerOf(ctx, who, m.Customer)
		if err != nil && !errors.Is(err, customer.ErrNotFound) {
			return nil, err
		}
		row := kinRow{Member: m}
		if err == nil {
			row.Name = nameOf(web.Loc(ctx), who, c)
		}
		rows = append(rows, row)
	}
	return rows, err
}

func (a *Admin) householdPage(w http.ResponseWriter, r *http.Request) error {
	c, err := a.present(r)
	if err != nil {
		return err
	}
	return a.showHousehold(w, r, http.StatusOK, c, web.NewForm(nil))
}

func (a *Admin) showHousehold(w http.ResponseWriter, r *http.Request, status int, c customer.Customer, form *web.Form) (err error) {
	ctx, loc, me := r.Context(), web.Loc(r.Context()), web.Me(r)
	v := householdView{frame: a.frame(ctx), Customer: c, Name: nameOf(loc, me, c), Form: form, URL: web.LinkOf(r)}
	if v.Members, err = a.kinRows(ctx, me, c.ID); err != nil {
		return err
	}
	if v.Found, err = a.anotherFound(r); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "household", v)
}

// changeHousehold adds somebody, takes them out, makes them the head, or dissolves it.
func (a *Admin) changeHousehold(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	other, err := a.other(r, form.Get("with"))
	if err != nil {
		return err
	}
	do := form.Get("do")
	if other == nil && do != "dissolve" {
		return customer.ErrNotFound
	}
	if do == "dissolve" { // who is in it is everybody's business, so all must be theirs who does it
		h, err := a.Households.Of(r.Context(), c.ID)
		if err != nil {
			return err
		}
		for _, m := range h.Members {
			if _, err := a.customerOf(r.Context(), web.Me(r), m.Customer); err != nil {
				return err
			}
		}
	}
	subject := c
	if other != nil {
		subject = *other
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		l := line{subject: subjectOf(subject.ID), store: subject.HomeStore}
		switch do {
		case "add":
			l.action = "customer.household_joined"
			return l, a.Households.JoinTx(ctx, tx, other.ID, c.ID)
		case "leave":
			l.action = "customer.household_left"
			return l, a.Households.LeaveTx(ctx, tx, other.ID)
		case "head":
			l.action = "customer.household_head"
			return l, a.Households.HeadTx(ctx, tx, other.ID)
		case "dissolve":
			l.action = "customer.household_dissolved"
			return l, a.Households.DissolveTx(ctx, tx, c.ID)
		}
		return l, errs.InvalidField("/do", "unknown", "must be add, leave, head or dissolve")
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showHousehold(w, r, unprocessable, c, form)
	}
	return a.backToCard(w, r, c, "admin.saved")
}
