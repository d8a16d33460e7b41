package admin

import (
	"context"
	"net/http"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/settings"
	"regulars/internal/surface/web"
)

type settingsView struct {
	frame
	Form      *web.Form
	Zones     []string
	Languages []web.Option
	Codes     []web.Option
	Offline   []web.Option
	Currency  string
}

func (a *Admin) showSettings(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	v := settingsView{frame: a.frame(r.Context()), Form: form, Zones: zones, Languages: a.languages(""), Currency: a.Settings.Get().Currency.Code}
	for _, c := range settings.Codes {
		v.Codes = append(v.Codes, web.Option{Value: string(c), Text: web.Loc(r.Context()).T("admin.settings.code." + string(c))})
	}
	for _, c := range settings.OfflineChoices {
		v.Offline = append(v.Offline, web.Option{Value: string(c), Text: web.Loc(r.Context()).T("admin.settings.offline_people." + string(c))})
	}
	return a.pages.RenderStatus(w, r, status, "settings", v)
}

func (a *Admin) settingsPage(w http.ResponseWriter, r *http.Request) error {
	is := a.Settings.Get()
	return a.showSettings(w, r, http.StatusOK, web.NewForm(is.Values()))
}

func (a *Admin) saveSettings(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	before := a.Settings.Get()
	after := before
	if after.Name = form.Get("name"); after.Name == "" {
		form.Check("name", errs.New(errs.Invalid, "required", ""))
	}
	if zone, err := settings.Zone(form.Get("zone")); err != nil {
		form.Check("zone", err)
	} else {
		after.Zone = zone
	}
	if after.Language = form.Get("language"); !a.Bundle.Has(after.Language) {
		form.Check("language", errs.New(errs.Invalid, "unknown", ""))
	}
	loc := web.Loc(r.Context())
	days := rulesReader{form: form, loc: loc}
	after.LateDays, after.ClockMinutes = days.days("late_days"), days.days("clock_minutes")
	after.StockBySales = form.Has("stock_by_sales", "1")
	after.IdleHours, after.SessionDays = days.days("idle_hours"), days.days("session_days")
	after.LookDays = days.days("look_days")
	if form.Values.Has("register_code") {
		after.Code = settings.Code(form.Get("register_code"))
	}
	if form.Values.Has("offline_people") {
		after.OfflinePeople = settings.OfflinePeople(form.Get("offline_people"))
	}
	if err := form.Take(after.Clean()); err != nil { // with what is wrong already, all at once
		return err
	}
	if form.OK() {
		err := a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
			if err := a.Stock.SwitchTx(ctx, tx, after.StockBySales); err != nil {
				return line{}, err
			}
			if after.Code != settings.NoCode {
				if err := a.Confirm.ReadyTx(ctx, tx); err != nil {
					return line{}, errs.Of(err).At("/register_code")
				}
			}
			return line{action: "settings.changed", subject: "settings", before: before.Values(), after: after.Values()}, a.Settings.ChangeTx(ctx, tx, after)
		})
		if err := form.Take(err); err != nil {
			return err
		}
	}
	if !form.OK() {
		return a.showSettings(w, r, unprocessable, form)
	}
	if err := a.Settings.Reload(r.Context()); err != nil {
		return err
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/settings")
	return nil
}
