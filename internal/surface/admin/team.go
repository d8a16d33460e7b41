package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type staffView struct {
	frame
	Rows    []memberRow
	Pending []pendingRow
	Link    string // a new invitation, shown this once
	Expires time.Time
	For     string       // whose password it sets anew
	Needs   *web.Form    // the roles that need a second factor
	Roles   []web.Option // to choose them from
}

type memberRow struct {
	staff.Account
	Where string
}

type pendingRow struct {
	staff.Pending
	Where, By, For string
}

// showStaff lists the staff; with a link, which is shown this once.
func (a *Admin) showStaff(w http.ResponseWriter, r *http.Request, v staffView) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v.frame = a.frame(ctx)
	all, err := a.Staff.List(ctx)
	if err != nil {
		return err
	}
	names := map[staff.ID]string{}
	for _, m := range all {
		names[m.ID] = m.Name
		if !v.Me.Manages(m) {
			continue
		}
		v.Rows = append(v.Rows, memberRow{m, a.where(loc, m.Role, m.Stores)})
	}
	pending, err := a.Staff.Pending(ctx)
	if err != nil {
		return err
	}
	for _, p := range pending {
		if !v.Me.Manages(p.Becomes()) {
			continue
		}
		v.Pending = append(v.Pending, pendingRow{p, a.where(loc, p.Role, p.Stores), names[p.By], names[p.For]})
	}
	if v.May(staff.ManageStaff) {
		needed, err := a.Staff.FactorNeeded(ctx)
		if err != nil {
			return err
		}
		v.Needs = web.NewForm(nil)
		for _, role := range needed {
			v.Needs.Values.Add("roles", string(role))
		}
		for _, role := range staff.Roles {
			v.Roles = append(v.Roles, web.Option{Value: string(role), Text: loc.T("web.role." + string(role))})
		}
	}
	return a.pages.Render(w, r, "staff", v)
}

// where says in which stores somebody works.
func (a *Admin) where(loc *i18n.Localizer, role staff.Role, stores []catalog.StoreID) string {
	if role.Everywhere() {
		return loc.T("admin.staff.everywhere")
	}
	var names []string
	for _, id := range stores {
		if s, ok := a.Catalog.Store(id); ok {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

func (a *Admin) staffPage(w http.ResponseWriter, r *http.Request) error {
	return a.showStaff(w, r, staffView{})
}

type inviteView struct {
	frame
	Form   *web.Form
	Roles  []web.Option
	Stores []web.Option
}

func (a *Admin) inviteForm(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	stores, err := a.storeOptions(r, "")
	if err != nil {
		return err
	}
	v := inviteView{frame: a.frame(r.Context()), Form: form, Roles: roles(web.Loc(r.Context()), web.Me(r)), Stores: stores}
	return a.pages.RenderStatus(w, r, status, "invite", v)
}

// roles are those that somebody may give, the one that most have first.
func roles(loc *i18n.Localizer, who staff.Account) (list []web.Option) {
	for _, role := range slices.Backward(staff.Roles) {
		if !who.Manages(staff.Account{Role: role, Stores: who.Stores}) {
			continue
		}
		list = append(list, web.Option{Value: string(role), Text: loc.T("web.role."+string(role)) + ": " + loc.T("admin.staff.role_is."+string(role))})
	}
	return list
}

// storeOptions are the open stores where whoever asks works, to choose from, with one for all or none if
// it has a text.
func (a *Admin) storeOptions(r *http.Request, none string) (list []web.Option, err error) {
	if none != "" {
		list = append(list, web.Option{Text: none})
	}
	stores, err := a.Catalog.Stores(r.Context())
	for _, s := range stores {
		if s.Active && web.Me(r).WorksIn(s.ID) {
			list = append(list, web.Option{Value: s.ID.String(), Text: s.Name})
		}
	}
	return list, err
}

func (a *Admin) invitePage(w http.ResponseWriter, r *http.Request) error {
	return a.inviteForm(w, r, http.StatusOK, web.NewForm(map[string]string{"role": string(staff.Cashier)}))
}

// storesOf reads the boxes that were ticked.
func storesOf(form *web.Form) (list []catalog.StoreID) {
	for _, text := range form.Boxes("stores") {
		var id catalog.StoreID
		if id.UnmarshalText([]byte(text)) == nil {
			list = append(list, id)
		}
	}
	return list
}

func (a *Admin) invite(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	role, stores := staff.Role(form.Get("role")), storesOf(form)
	token, expires, err := a.Staff.Invite(r.Context(), by(r), role, stores)
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.inviteForm(w, r, unprocessable, form)
	}
	return a.showStaff(w, r, staffView{Link: a.base(r) + InvitationPath(token), Expires: expires})
}

func (a *Admin) withdraw(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	if err := a.Staff.Withdraw(r.Context(), by(r), form.Get("key")); err != nil {
		return err
	}
	a.good(w, r, "admin.staff.withdrawn")
	web.Redirect(w, r, "/staff")
	return nil
}

type memberView struct {
	frame
	Form     *web.Form
	Member   staff.Account
	Roles    []web.Option
	Stores   []web.Option
	Sessions []sessionRow
	Factor   bool
	Linked   bool // with somebody at the provider
}

func (a *Admin) member(r *http.Request) (m staff.Account, err error) {
	id, err := web.PathID[staff.ID](r, "id")
	if err != nil {
		return m, err
	}
	if m, err = a.Staff.Get(r.Context(), id); err == nil && !web.Me(r).Manages(m) {
		err = staff.ErrNotFound
	}
	return m, err
}

func (a *Admin) showMember(w http.ResponseWriter, r *http.Request, status int, m staff.Account, form *web.Form) error {
	if form == nil {
		form = web.NewForm(map[string]string{"name": m.Name, "login": m.Login, "role": string(m.Role)})
		for _, s := range m.Stores {
			form.Values.Add("stores", s.String())
		}
	}
	v := memberView{frame: a.frame(r.Context()), Form: form, Member: m, Roles: roles(web.Loc(r.Context()), web.Me(r))}
	var err error
	if v.Stores, err = a.storeOptions(r, ""); err != nil {
		return err
	}
	if v.Factor, err = a.Staff.AskedMore(r.Context(), m.ID); err != nil {
		return err
	}
	if v.Linked, err = a.Staff.Linked(r.Context(), m.ID); err != nil {
		return err
	}
	if v.Sessions, err = a.sessions(r, m.ID, "/staff/"+m.ID.String()+"/sessions/end"); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "member", v)
}

func (a *Admin) memberPage(w http.ResponseWriter, r *http.Request) error {
	m, err := a.member(r)
	if err != nil {
		return err
	}
	return a.showMember(w, r, http.StatusOK, m, nil)
}

func (a *Admin) saveMember(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	m, err := a.member(r)
	if err != nil {
		return err
	}
	name, login, role, stores := form.Get("name"), form.Get("login"), staff.Role(form.Get("role")), storesOf(form)
	_, err = a.Staff.Change(r.Context(), by(r), m.ID, staff.Change{Name: &name, Login: &login, Role: &role, Stores: &stores})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showMember(w, r, unprocessable, m, form)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/staff")
	return nil
}

func (a *Admin) passwordLink(w http.ResponseWriter, r *http.Request) error {
	m, err := a.member(r)
	if err != nil {
		return err
	}
	token, expires, err := a.Staff.InviteAgain(r.Context(), by(r), m.ID)
	if err != nil {
		return err
	}
	return a.showStaff(w, r, staffView{Link: a.base(r) + InvitationPath(token), Expires: expires, For: m.Name})
}

func (a *Admin) setActive(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	m, err := a.member(r)
	if err != nil {
		return err
	}
	active := form.Get("active") == "1"
	_, err = a.Staff.Change(r.Context(), by(r), m.ID, staff.Change{Active: &active})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		shown := web.NewForm(map[string]string{"name": m.Name, "login": m.Login, "role": string(m.Role)})
		shown.Alert = form.Alert
		return a.showMember(w, r, unprocessable, m, shown)
	}
	key := "admin.staff.deactivated"
	if active {
		key = "admin.staff.activated"
	}
	a.good(w, r, key, "name", m.Name)
	web.Redirect(w, r, "/staff")
	return nil
}

func (a *Admin) endMemberSession(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	m, err := a.member(r)
	if err != nil {
		return err
	}
	if err := a.Staff.EndSessionOf(r.Context(), by(r), m.ID, form.Get("key")); err != nil {
		return err
	}
	a.good(w, r, "admin.sessions.ended")
	web.Redirect(w, r, "/staff/"+m.ID.String())
	return nil
}

// forMember does something for the member of the staff whom the path names, and says so
// on their page.
func (a *Admin) forMember(said string, do func(context.Context, staff.By, staff.ID) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, err := a.member(r)
		if err != nil {
			return err
		}
		if err := do(r.Context(), by(r), m.ID); err != nil {
			return err
		}
		a.good(w, r, said, "name", m.Name)
		web.Redirect(w, r, "/staff/"+m.ID.String())
		return nil
	}
}
