// Package admin is the pages of the owner: the first steps, staff, stores and
// tills, products, the programme, customers, receipts, imports, settings and
// the audit log.
//
// It decodes forms, calls services and renders; what may be done and what
// follows from it is theirs. Every change is written to the audit log in its
// own transaction (change.go), every route has its permission in one table
// (routes.go). Its neighbours are surface/web, which it stands in, and
// surface/till, which is the cashier's page.
package admin

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/jobs"
	"regulars/internal/base/limit"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

//go:embed all:templates assets
var embedded embed.FS

// Config is what the pages need; only Provider and PublicURL may be empty.
type Config struct {
	*loyalty.Services
	Shell     *web.Shell
	DB        *db.DB
	Now       func() time.Time
	Bundle    *i18n.Bundle
	Settings  *settings.Settings
	Jobs      *jobs.Queue // its handlers are registered by New
	Importer  *importer.Service
	TillPath  string   // of the cashier's page
	Provider  Provider // that signs people in, besides their passwords
	PublicURL string   // under which people reach the program; empty: as they came
}

// Admin is the surface.
type Admin struct {
	Config
	pages  *web.Pages
	assets *web.Assets
	css    string
	js     string
	looks  *limit.Limiter // searches of each who sees customers masked

	provider *provider

	owed struct { // what all customers hold, as read lately
		sync.Mutex
		points money.Points
		at     time.Time
		holds  time.Duration
	}
}

// New makes the surface; it fails where a template is wrong.
func New(c Config) (a *Admin, err error) {
	defer errs.Wrap(&err, "make the admin pages")
	// Quicker than anybody looks people up; slow enough that four digits after
	// four digits take days.
	a = &Admin{Config: c, looks: limit.New(0.5, 60, 10_000, c.Now)}
	if a.provider, err = newProvider(c); err != nil {
		return nil, err
	}
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		return nil, err
	}
	if a.assets, err = web.NewAssets("/admin-assets/", assets); err != nil {
		return nil, err
	}
	if a.css, err = a.assets.URL("admin.css"); err != nil {
		return nil, err
	}
	if a.js, err = a.assets.URL("admin.js"); err != nil {
		return nil, err
	}
	templates, err := fs.Sub(embedded, "templates")
	if err != nil {
		return nil, err
	}
	if a.pages, err = c.Shell.Pages(templates, nav(c)); err != nil {
		return nil, err
	}
	c.Jobs.Handle(previewJob, 1, a.runPreview)
	c.Jobs.Handle(recountJob, 1, a.runRecount)
	return a, nil
}

func nav(c Config) web.Nav {
	return web.Nav{
		Home: "/", SignOut: "/sign-out",
		Search: &web.Search{Href: "/customers", Text: "admin.nav.search", Permission: staff.FindCustomers},
		Menu:   []web.NavItem{{Key: "account", Text: "admin.nav.account", Icon: "user", Href: "/account"}},
		Items: []web.NavItem{
			{Key: "home", Text: "admin.nav.home", Icon: "home", Href: "/", Go: "h"},
			{Key: "customers", Text: "admin.nav.customers", Icon: "users", Href: "/customers", Go: "c", Permission: staff.FindCustomers},
			{Key: "receipts", Text: "admin.nav.receipts", Icon: "receipt", Href: "/receipts", Go: "r", Permission: staff.ViewReceipts},
			{Key: "till", Text: "admin.nav.till", Icon: "basket", Href: c.TillPath, Go: "k", Permission: staff.Sell},
			{Key: "programme", Text: "admin.nav.programme", Icon: "gift", Href: "/programme", Go: "p", Permission: staff.ViewProgramme},
			{Key: "identified", Text: "admin.nav.identified", Icon: "trending-up", Href: "/reports/identified", Go: "d", Group: "admin.nav.reports", Permission: staff.ViewReports},
			{Key: "stores", Text: "admin.nav.stores", Icon: "building-store", Href: "/stores", Go: "s", Group: "admin.nav.chain", Permission: staff.ViewStores},
			{Key: "products", Text: "admin.nav.products", Icon: "package", Href: "/products", Go: "g", Group: "admin.nav.chain", Permission: staff.ViewProducts},
			{Key: "stock", Text: "admin.nav.stock", Icon: "chart-bar", Href: "/stock", Go: "o", Group: "admin.nav.chain", Permission: staff.ManageStock},
			{Key: "imports", Text: "admin.nav.imports", Icon: "file-import", Href: "/imports", Go: "m", Group: "admin.nav.chain", Permission: staff.Import},
			{Key: "staff", Text: "admin.nav.staff", Icon: "id-badge-2", Href: "/staff", Go: "t", Group: "admin.nav.chain", Permission: staff.ManageCashiers},
			{Key: "audit", Text: "admin.nav.audit", Icon: "history", Href: "/audit", Go: "a", Group: "admin.nav.chain", Permission: staff.ViewAudit},
			{Key: "integrations", Text: "admin.nav.integrations", Icon: "key", Href: "/integrations", Go: "n", Group: "admin.nav.chain", Permission: staff.ManageStores},
			{Key: "settings", Text: "admin.nav.settings", Icon: "settings", Href: "/settings", Go: "i", Group: "admin.nav.chain", Permission: staff.ManageStores},
		},
	}
}

// frame is what every page knows.
type frame struct {
	CSS  string
	JS   string
	Me   staff.Account // zero: nobody is signed in
	Till string        // path of the till page
	Zone *time.Location
}

// May reports whether whoever looks may do something.
func (f frame) May(p staff.Permission) bool { return f.Me.Can(p) }

func (a *Admin) frame(ctx context.Context) frame {
	me, _ := web.Account(ctx)
	return frame{CSS: a.css, JS: a.js, Me: me, Till: a.TillPath, Zone: a.Settings.Get().Zone}
}

func by(r *http.Request) staff.By { return staff.By{ID: web.Me(r).ID, IP: web.Client(r).IP} }

// base is the address that links begin with which are sent to people.
func (a *Admin) base(r *http.Request) string {
	if a.PublicURL != "" {
		return a.PublicURL
	}
	return web.Origin(r)
}

// InvitationPath is the page on which an invitation's token is used.
func InvitationPath(token string) string { return "/invitation/" + token }

// good shows a message on the next page.
func (a *Admin) good(w http.ResponseWriter, r *http.Request, key string, args ...any) {
	a.Shell.SetFlash(w, r, "good", web.Loc(r.Context()).T(key, args...))
}

// sendBack sends somebody who was refused to a page that says why.
func (a *Admin) sendBack(w http.ResponseWriter, r *http.Request, why error, page string) error {
	a.Shell.Refused(r, why)
	a.Shell.SetFlash(w, r, "warn", web.Say(web.Loc(r.Context()), why))
	web.Redirect(w, r, page)
	return nil
}

const unprocessable = http.StatusUnprocessableEntity
