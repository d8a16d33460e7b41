package admin

import (
	"context"
	"net/http"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
)

// givenView is a level that is given by hand.
type givenView struct {
	frame
	Form     *web.Form
	Customer customer.Customer
	Name     string
	Levels   []web.Option
	Given    programme.Tier // what was given before
	Zone     *time.Location
	Missing  bool // no programme holds where the customer is at home
}

// given starts a view and finds the programme in which the level is given.
func (a *Admin) given(r *http.Request) (v givenView, version *programme.Version, err error) {
	ctx := r.Context()
	if v.Customer, err = a.present(r); err != nil {
		return v, nil, err
	}
	v.frame, v.Name = a.frame(ctx), nameOf(web.Loc(ctx), web.Me(r), v.Customer)
	v.Zone = a.Settings.Get().Zone
	var store catalog.Store
	if v.Customer.HomeStore != 0 {
		if store, err = a.Catalog.StoreByID(ctx, v.Customer.HomeStore); err != nil {
			return v, nil, err
		}
		v.Zone = store.Zone
		if version, err = a.Programmes.At(ctx, store.Code, a.Now(), v.Customer.Labels...); err != nil {
			return v, nil, err
		}
	}
	if v.Missing = version == nil; v.Missing {
		return v, nil, nil
	}
	v.Levels = []web.Option{{Text: web.Loc(ctx).T("admin.given.none")}}
	for _, l := range version.Rules.Levels[1:] {
		v.Levels = append(v.Levels, web.Option{Value: l.Code, Text: l.Name})
	}
	tiers, err := a.Programmes.Tiers(ctx, v.Customer.ID)
	if t := programme.TierOf(tiers, version.ProgrammeID); t.Given(a.Now()) != "" {
		v.Given = *t
	}
	return v, version, err
}

func (a *Admin) givenPage(w http.ResponseWriter, r *http.Request) error {
	v, _, err := a.given(r)
	if err != nil {
		return err
	}
	v.Form = web.NewForm(map[string]string{"level": v.Given.Floor})
	if until := v.Given.FloorUntil; !until.IsZero() {
		v.Form.Values.Set("until", until.In(v.Zone).AddDate(0, 0, -1).Format(time.DateOnly))
	}
	return a.pages.Render(w, r, "given", v)
}

// giveLevel gives a level by hand, or takes it back.
func (a *Admin) giveLevel(w http.ResponseWriter, r *http.Request) error {
	v, version, err := a.given(r)
	if err != nil {
		return err
	}
	if v.Form, err = web.ReadForm(r); err != nil {
		return err
	}
	if v.Missing {
		return a.pages.RenderStatus(w, r, unprocessable, "given", v)
	}
	g := receipt.Grant{Customer: v.Customer.ID, Level: v.Form.Get("level")}
	reason := v.Form.Get("reason")
	if reason == "" {
		v.Form.Check("reason", errs.New(errs.Invalid, "required", ""))
	}
	if text := v.Form.Get("until"); text != "" && g.Level != "" {
		// The day that is named is the last one.
		if g.Until = untilDay(text, v.Zone); g.Until.IsZero() || !g.Until.After(a.Now()) {
			v.Form.Fail("until", web.Loc(r.Context()).T("admin.given.until_past"))
		}
	}
	err = a.changeBy(v.Form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
		was, is, err := a.Receipts.GrantTierTx(ctx, tx, version, g)
		after := map[string]string{"level": is.Name, "reason": reason}
		if g.Level != "" && !g.Until.IsZero() {
			after["until"] = v.Form.Get("until")
		}
		return line{
			action: "customer.level_given", subject: subjectOf(v.Customer.ID), store: v.Customer.HomeStore,
			before: map[string]string{"level": was.Name}, after: after,
		}, err
	})
	if err != nil {
		return err
	}
	if !v.Form.OK() {
		return a.pages.RenderStatus(w, r, unprocessable, "given", v)
	}
	a.good(w, r, "admin.given.done")
	web.Redirect(w, r, "/customers/"+v.Customer.ID.String())
	return nil
}
