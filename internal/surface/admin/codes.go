package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/surface/web"
)

type codesView struct {
	frame
	Form   *web.Form
	Set    bool
	Secret string // that was made just now, shown once
}

func (a *Admin) codesPage(w http.ResponseWriter, r *http.Request) error {
	address, _, err := a.Confirm.Address(r.Context())
	if err != nil && !errors.Is(err, confirm.ErrNoAddress) {
		return err
	}
	return a.showCodes(w, r, http.StatusOK, codesView{Form: web.NewForm(map[string]string{"url": address}), Set: address != ""})
}

func (a *Admin) showCodes(w http.ResponseWriter, r *http.Request, status int, v codesView) error {
	v.frame = a.frame(r.Context())
	return a.pages.RenderStatus(w, r, status, "codes", v)
}

// saveCodes changes where codes are posted, and shows a secret that was made.
func (a *Admin) saveCodes(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	before, was, err := a.Confirm.Address(r.Context())
	if err != nil && !errors.Is(err, confirm.ErrNoAddress) {
		return err
	}
	address, anew := form.Get("url"), form.Has("anew", "1")
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		err := a.Confirm.SetAddressTx(ctx, tx, address, anew)
		return line{action: "settings.codes", subject: "settings", before: map[string]string{"url": hostOf(before)}, after: map[string]any{"url": hostOf(address), "secret_made": anew || was == ""}}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showCodes(w, r, unprocessable, codesView{Form: form, Set: before != ""})
	}
	address, secret, err := a.Confirm.Address(r.Context())
	if err != nil {
		return err
	}
	if secret != was {
		return a.showCodes(w, r, http.StatusOK, codesView{Form: web.NewForm(map[string]string{"url": address}), Set: true, Secret: secret})
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/settings/codes")
	return nil
}

// testCodes posts a message that nobody is to be sent.
func (a *Admin) testCodes(w http.ResponseWriter, r *http.Request) error {
	err := a.Confirm.Test(r.Context())
	switch errs.KindOf(err) {
	case errs.Unavailable, errs.Conflict:
		return a.sendBack(w, r, err, "/settings/codes")
	}
	if err != nil {
		return err
	}
	a.good(w, r, "admin.codes.tested")
	web.Redirect(w, r, "/settings/codes")
	return nil
}

// hostOf is what the log says of an address: the rest of it may hold a token.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
