package admin

import (
	"context"
	"net/http"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// contactsView is who registers contacts that look made up.
type contactsView struct {
	frame
	URL      web.Link
	From, To string
	Rows     []contactsRow
}

type contactsRow struct {
	Store, Who string // empty: not known
	Count      int64
}

func (a *Admin) contacts(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := contactsView{frame: a.frame(ctx), URL: web.LinkOf(r)}
	v.From, v.To = v.URL.Get("from"), v.URL.Get("to")
	zone := a.Settings.Get().Zone
	from, to := day(v.From, zone), untilDay(v.To, zone)
	if from.IsZero() {
		from = a.Now().AddDate(0, 0, -30)
	}
	if to.IsZero() {
		to = a.Now().AddDate(0, 0, 1)
	}
	list, err := a.Customers.Suspects(ctx, web.Me(r).Scope(), from, to)
	if err != nil {
		return err
	}
	var ids []staff.ID
	for _, c := range list {
		ids = append(ids, staff.ID(c.Staff))
	}
	names, err := a.Staff.Names(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range list {
		store, _ := a.Catalog.Store(c.Store)
		v.Rows = append(v.Rows, contactsRow{store.Name, names[staff.ID(c.Staff)], c.Count})
	}
	return a.pages.Render(w, r, "contacts", v)
}

// judgeContact notes whether somebody is reached by a phone or an address.
func (a *Admin) judgeContact(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	i := customer.Identifier{Kind: customer.Kind(form.Get("kind")), Value: form.Get("value")}
	q := customer.Quality(form.Get("quality"))
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		return line{action: "customer.contact_judged", subject: subjectOf(c.ID), store: c.HomeStore, after: map[string]any{"kind": i.Kind, "value": customer.Mask(i), "quality": q}},
			a.Customers.JudgeTx(ctx, tx, c.ID, i, q, form.Get("reason"), int64(web.Me(r).ID))
	})
	form.As("reason", "value") // the card has one place for what is wrong
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showCustomer(w, r, unprocessable, c, form)
	}
	return a.backToCard(w, r, c, "admin.saved")
}
