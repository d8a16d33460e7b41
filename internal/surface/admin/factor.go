package admin

import (
	"bytes"
	"encoding/base64"
	"errors"
	"html/template"
	"image/png"
	"net/http"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type secondView struct {
	frame
	Form *web.Form
	Next string
	App  bool // they have codes of an app
	Key  bool // they have a passkey
}

// showSecond asks whoever has given a password for what else they have.
func (a *Admin) showSecond(w http.ResponseWriter, r *http.Request, status int, form *web.Form, next string) (err error) {
	v := secondView{frame: a.frame(r.Context()), Form: form, Next: next}
	if v.App, v.Key, err = a.Shell.Asked(r); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "second", v)
}

// secondPage asks for the code after the password.
func (a *Admin) secondPage(w http.ResponseWriter, r *http.Request) error {
	return a.showSecond(w, r, http.StatusOK, web.NewForm(nil), web.SafePath(r.URL.Query().Get("next")))
}

func (a *Admin) signInSecond(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	next := web.SafePath(form.Get("next"))
	err = a.Shell.SignInSecond(w, r, form.Get("code"))
	if errors.Is(err, staff.ErrChallenge) { // from the beginning
		a.Shell.SetFlash(w, r, "warn", web.Say(web.Loc(r.Context()), err))
		web.Redirect(w, r, "/sign-in")
		return nil
	}
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showSecond(w, r, unprocessable, form, next)
	}
	web.Redirect(w, r, next)
	return nil
}

type factorView struct {
	frame
	Form     *web.Form
	Has      bool
	Left     int          // recovery codes
	Needed   bool         // by the role
	Fresh    bool         // whoever asks has signed in just now
	Picture  template.URL // of the secret, to be scanned; empty: it is not set up now
	Secret   string       // to be typed
	Recovery []string     // shown this once
}

func (a *Admin) showFactor(w http.ResponseWriter, r *http.Request, status int, v factorView) error {
	who := web.Me(r)
	v.frame = a.frame(r.Context())
	if v.Form == nil {
		v.Form = web.NewForm(nil)
	}
	var err error
	if v.Has, v.Left, err = a.Staff.HasFactor(r.Context(), who.ID); err != nil {
		return err
	}
	if v.Fresh, err = a.Shell.Fresh(r); err != nil {
		return err
	}
	v.Needed = who.MustEnrol && !v.Has
	return a.pages.RenderStatus(w, r, status, "factor", v)
}

func (a *Admin) factorPage(w http.ResponseWriter, r *http.Request) error {
	return a.showFactor(w, r, http.StatusOK, factorView{})
}

// fresh fails with staff.ErrNotFresh where whoever asks has not signed in just now.
func (a *Admin) fresh(r *http.Request) error {
	is, err := a.Shell.Fresh(r)
	if err == nil && !is {
		err = staff.ErrNotFresh
	}
	return err
}

// startFactor shows the secret, as a picture and as letters.
func (a *Admin) startFactor(w http.ResponseWriter, r *http.Request) error {
	err := a.fresh(r)
	if errors.Is(err, staff.ErrNotFresh) { // the page leads on
		form := web.NewForm(nil)
		form.Alert = web.Say(web.Loc(r.Context()), err)
		return a.showFactor(w, r, http.StatusForbidden, factorView{Form: form})
	}
	if err != nil {
		return err
	}
	name := a.Settings.Get().Name
	if name == "" {
		name = "Regulars"
	}
	f, err := a.Staff.StartFactor(r.Context(), web.Me(r).ID, name)
	if err != nil {
		return err
	}
	v := factorView{Secret: f.Secret}
	if v.Picture, err = picture(f.URL); err != nil {
		return err
	}
	return a.showFactor(w, r, http.StatusOK, v)
}

// picture is a text as a QR code in a PNG.
func picture(text string) (template.URL, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	const dots = 5 // a module
	size := code.Bounds().Dx() * dots
	if code, err = barcode.Scale(code, size, size); err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil //nolint:gosec // made here
}

// confirmFactor shows the recovery codes in its own answer, and nowhere again. A
// wrong code leads back to the start: a secret is shown once.
func (a *Admin) confirmFactor(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	codes, err := a.Staff.ConfirmFactor(r.Context(), by(r), web.Me(r).ID, form.Get("code"))
	if errors.Is(err, staff.ErrCode) {
		f := factorView{Form: form, Secret: form.Get("secret")}
		form.Check("code", errs.Of(err))
		return a.showFactor(w, r, unprocessable, f)
	}
	if err != nil {
		return err
	}
	return a.showFactor(w, r, http.StatusOK, factorView{Recovery: codes})
}

func (a *Admin) removeFactor(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	err = a.Staff.RemoveFactor(r.Context(), by(r), web.Me(r).ID, form.Get("code"))
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showFactor(w, r, unprocessable, factorView{Form: form})
	}
	a.good(w, r, "admin.factor.removed")
	web.Redirect(w, r, "/account")
	return nil
}

func (a *Admin) needFactor(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	var roles []staff.Role
	for _, role := range form.All("roles") {
		roles = append(roles, staff.Role(role))
	}
	if err := a.Staff.NeedFactor(r.Context(), by(r), roles); err != nil {
		return err
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/staff")
	return nil
}
