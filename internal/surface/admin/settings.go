package admin

import (
	"context"
	"net/http"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/settings"
	"regulars/internal/surface/web"
)

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
	if form.OK() {
		err := a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
			return line{"settings.changed", "settings", settingsFacts(before), settingsFacts(after)}, a.Settings.ChangeTx(ctx, tx, after)
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

func settingsFacts(i settings.Installation) any {
	return map[string]string{"name": i.Name, "zone": i.Zone.String(), "language": i.Language}
}
