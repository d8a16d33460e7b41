package admin

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type signInView struct {
	frame
	Form  *web.Form
	Next  string
	First bool   // nobody can sign in yet
	By    string // name of the provider, if there is one
}

// signInForm is the page; while there is nobody, it says how the owner begins.
func (a *Admin) signInForm(w http.ResponseWriter, r *http.Request, status int, form *web.Form, next string) error {
	anyone, err := a.Staff.Any(r.Context())
	if err != nil {
		return err
	}
	v := signInView{frame: a.frame(r.Context()), Form: form, Next: next, First: !anyone}
	if a.Provider.Issuer != "" {
		v.By = a.Provider.Name
	}
	return a.pages.RenderStatus(w, r, status, "signin", v)
}

func (a *Admin) signInPage(w http.ResponseWriter, r *http.Request) error {
	next := web.SafePath(r.URL.Query().Get("next"))
	if _, ok := web.Account(r.Context()); ok {
		web.Redirect(w, r, next)
		return nil
	}
	return a.signInForm(w, r, http.StatusOK, web.NewForm(nil), next)
}

func (a *Admin) signIn(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	next := web.SafePath(form.Get("next"))
	who, err := a.Staff.SignIn(r.Context(), form.Get("login"), form.Raw("password"), web.Client(r))
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.signInForm(w, r, unprocessable, form, next)
	}
	return a.enter(w, r, who.ID, next)
}

// enter signs somebody in whose password was right, or leads to where the second
// factor is asked for.
func (a *Admin) enter(w http.ResponseWriter, r *http.Request, who staff.ID, next string) error {
	in, err := a.Shell.SignIn(w, r, who)
	if err != nil {
		return err
	}
	if !in {
		next = "/sign-in/second?next=" + url.QueryEscape(next)
	}
	web.Redirect(w, r, next)
	return nil
}

func (a *Admin) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.Shell.EndSession(w, r); err != nil { // whatever the form says
		return err
	}
	to := "/sign-in"
	if next := r.PostFormValue("next"); next != "" { // to sign in again, and go on there
		to += "?next=" + url.QueryEscape(web.SafePath(next))
	}
	web.Redirect(w, r, to)
	return nil
}

type invitationView struct {
	frame
	Form       *web.Form
	Invitation staff.Invitation
	First      bool   // nobody is here yet
	Currency   string // of all sums
	Zones      []string
	Login      string // of who sets a new password
}

func (a *Admin) invitation(r *http.Request) (v invitationView, err error) {
	v.frame, v.Currency, v.Zones = a.frame(r.Context()), a.Settings.Get().Currency.Code, zones
	if v.Invitation, err = a.Staff.Invitation(r.Context(), r.PathValue("token")); err != nil {
		return v, err
	}
	if v.Invitation.For != 0 {
		who, err := a.Staff.Get(r.Context(), v.Invitation.For)
		if err != nil {
			return v, err
		}
		v.Login = who.Login
		return v, nil
	}
	anyone, err := a.Staff.Any(r.Context())
	v.First = !anyone
	return v, err
}

func (a *Admin) invitationPage(w http.ResponseWriter, r *http.Request) error {
	v, err := a.invitation(r)
	if err != nil {
		return err
	}
	is := a.Settings.Get()
	v.Form = web.NewForm(map[string]string{"chain": is.Name, "zone": is.Zone.String()})
	return a.pages.Render(w, r, "invitation", v)
}

func (a *Admin) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	v, err := a.invitation(r)
	if err != nil {
		return err
	}
	in := staff.NewAccount{
		Name: form.Get("name"), Login: form.Get("login"), Password: form.Raw("password"), Language: web.Loc(r.Context()).Lang(),
	}
	chain := a.Settings.Get()
	if v.First {
		chain = founded(form, chain)
	}
	if !form.OK() {
		in.Role = staff.Owner
		if err := form.Take(in.Check()); err != nil {
			return err
		}
		v.Form = form
		return a.pages.RenderStatus(w, r, unprocessable, "invitation", v)
	}
	who, err := a.Staff.Accept(r.Context(), r.PathValue("token"), in, web.Client(r))
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		v.Form = form
		return a.pages.RenderStatus(w, r, unprocessable, "invitation", v)
	}
	if v.Invitation.For != 0 { // a new password is no second factor
		return a.enter(w, r, who.ID, "/")
	}
	if err := a.Shell.StartSession(w, r, who.ID); err != nil {
		return err
	}
	if v.First {
		if err := a.found(r, who, chain); err != nil {
			return err
		}
	}
	a.good(w, r, "admin.invitation.welcome", "name", who.Name)
	web.Redirect(w, r, "/")
	return nil
}

// founded is the chain as its first owner says; what is wrong is marked in the
// form, and what it does not ask for stays.
func founded(form *web.Form, chain settings.Installation) settings.Installation {
	if form.Values.Has("chain") {
		if chain.Name = form.Get("chain"); chain.Name == "" {
			form.Check("chain", errs.New(errs.Invalid, "required", ""))
		}
	}
	if form.Values.Has("zone") {
		zone, err := settings.Zone(form.Get("zone"))
		if form.Check("zone", err); err == nil {
			chain.Zone = zone
		}
	}
	return chain
}

// found makes the chain what its first owner says.
func (a *Admin) found(r *http.Request, who staff.Account, after settings.Installation) error {
	before := a.Settings.Get()
	err := a.DB.Write(r.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := a.Settings.ChangeTx(ctx, tx, after); err != nil {
			return err
		}
		return a.auditTx(ctx, tx, staff.By{ID: who.ID, IP: web.Client(r).IP}, line{action: "settings.changed", subject: "settings", before: before.Values(), after: after.Values()})
	})
	if err != nil {
		return err
	}
	return a.Settings.Reload(r.Context())
}

type accountView struct {
	frame
	Form      *web.Form
	Password  *web.Form
	Languages []web.Option
	Sessions  []sessionRow
	Factor    bool // there is a second one
	Passkeys  []staff.Passkey
	Fresh     bool // whoever asks has signed in just now
}

func (a *Admin) account(w http.ResponseWriter, r *http.Request, status int, form, password *web.Form) error {
	who := web.Me(r)
	v := accountView{frame: a.frame(r.Context()), Form: form, Password: password}
	if form == nil {
		v.Form = web.NewForm(map[string]string{"name": who.Name, "language": who.Language})
	}
	if password == nil {
		v.Password = web.NewForm(nil)
	}
	v.Languages = a.languages(web.Loc(r.Context()).T("admin.account.browser"))
	var err error
	if v.Factor, _, err = a.Staff.HasFactor(r.Context(), who.ID); err != nil {
		return err
	}
	if v.Passkeys, err = a.Staff.Passkeys(r.Context(), who.ID); err != nil {
		return err
	}
	if v.Sessions, err = a.sessions(r, who.ID, "/account/sessions/end"); err != nil {
		return err
	}
	if v.Fresh, err = a.Shell.Fresh(r); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "account", v)
}

// sessionRow is a session with its browser in a word or two.
type sessionRow struct {
	staff.Session
	Device string
	Here   bool   // it is the one that asks
	End    string // where it is ended
}

func (a *Admin) sessions(r *http.Request, id staff.ID, end string) (rows []sessionRow, err error) {
	list, err := a.Staff.Sessions(r.Context(), id)
	for _, s := range list {
		rows = append(rows, sessionRow{s, device(s.From.Agent), s.Key == web.SessionKey(r), end})
	}
	return rows, err
}

// device makes "Chrome, Android" of what a browser says of itself; what is not
// known stays as it is. Names that others also claim come last.
func device(agent string) string {
	find := func(names ...string) string {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	browser := find("YaBrowser/", "Yandex", "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := find("Windows", "Windows", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Macintosh", "macOS", "Linux", "Linux")
	if browser == "" || system == "" {
		return agent
	}
	return browser + ", " + system
}

// languages are the choices of a language, with one for none if it has a text.
func (a *Admin) languages(none string) (list []web.Option) {
	if none != "" {
		list = append(list, web.Option{Text: none})
	}
	for _, l := range a.Bundle.Languages() {
		list = append(list, web.Option{Value: l.Code, Text: l.Name})
	}
	return list
}

func (a *Admin) accountPage(w http.ResponseWriter, r *http.Request) error {
	return a.account(w, r, http.StatusOK, nil, nil)
}

func (a *Admin) saveAccount(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	name, language := form.Get("name"), form.Get("language")
	_, err = a.Staff.Change(r.Context(), by(r), web.Me(r).ID, staff.Change{Name: &name, Language: &language})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.account(w, r, unprocessable, form, nil)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/account")
	return nil
}

// changePassword ends every session and starts a new one here: a cookie from
// before the change is worth nothing.
func (a *Admin) changePassword(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	who := web.Me(r)
	err = a.Staff.ChangePassword(r.Context(), by(r), who.ID, form.Raw("old"), form.Raw("password"))
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.account(w, r, unprocessable, nil, form)
	}
	if err := a.Shell.StartSession(w, r, who.ID); err != nil {
		return err
	}
	a.good(w, r, "admin.account.password_changed")
	web.Redirect(w, r, "/account")
	return nil
}

// endSession signs out of one browser; out of this one, it leads to signing in.
func (a *Admin) endSession(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	if err := a.Staff.EndSessionOf(r.Context(), by(r), web.Me(r).ID, form.Get("key")); err != nil {
		return err
	}
	a.good(w, r, "admin.sessions.ended")
	web.Redirect(w, r, "/account")
	return nil
}

func (a *Admin) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	if err := a.Staff.EndOtherSessions(r.Context(), by(r), web.SessionKey(r)); err != nil {
		return err
	}
	a.good(w, r, "admin.account.ended")
	web.Redirect(w, r, "/account")
	return nil
}
