package till

import (
	"context"
	"embed"
	"io/fs"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/base/limit"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

//go:embed all:templates assets
var embedded embed.FS

// Path is where the page is.
const Path = "/till"

// Failures of the page itself.
var (
	errOtherStore = errs.New(errs.Forbidden, "till_other_store", "You do not work in the store of this till. Choose a till of yours.")
	errNoSuchTill = errs.New(errs.NotFound, "till_not_chosen", "Choose the till you stand at.")
	errSoldThere  = errs.New(errs.Forbidden, "receipt_other_store", "This receipt is of a store where you do not work. It can be taken back there.")
)

// Config is what the page needs.
type Config struct {
	*loyalty.Services
	Shell         *web.Shell
	Now           func() time.Time
	Settings      func() web.Settings
	OfflinePeople func() settings.OfflinePeople // whom a till takes along
	Secret        []byte                        // of the installation: seals the ids of customers
}

// Till is the surface.
type Till struct {
	Config
	pages   *web.Pages
	assets  *web.Assets
	css, js string
	icon    string
	// The scripts of the page that goes on without the line, in their order.
	queueJS, priceJS, offlineJS string
	people                      id.Sealer
	looks                       *limit.Limiter // searches for customers, of each cashier
}

// New makes the surface; it fails where a template is wrong.
func New(c Config) (t *Till, err error) {
	defer errs.Wrap(&err, "make the till page")
	t = &Till{Config: c, people: id.NewSealer(c.Secret, customer.Sealed), looks: limit.New(0.5, 60, 10_000, c.Now)}
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		return nil, err
	}
	if t.assets, err = web.NewAssets("/till-assets/", assets); err != nil {
		return nil, err
	}
	for name, to := range map[string]*string{
		"till.css": &t.css, "till.js": &t.js, "till.svg": &t.icon, "queue.js": &t.queueJS, "price.js": &t.priceJS, "offline.js": &t.offlineJS,
	} {
		if *to, err = t.assets.URL(name); err != nil {
			return nil, err
		}
	}
	templates, err := fs.Sub(embedded, "templates")
	if err != nil {
		return nil, err
	}
	t.pages, err = c.Shell.Pages(templates, web.Nav{
		Home: Path, SignOut: "/sign-out",
		Menu: []web.NavItem{
			{Key: "choose", Text: "counter.nav.choose", Icon: "building-store", Href: Path + "/choose"},
			{Key: "office", Text: "counter.nav.office", Icon: "home", Href: "/"},
		},
	})
	return t, err
}

// table is every page by its route. All of them are for those who sell.
func (t *Till) table() map[string]web.Handler {
	return map[string]web.Handler{
		"GET /till":                 t.salePage,
		"POST /till/basket":         t.basket,
		"POST /till/pay":            t.pay,
		"GET /till/find":            t.suggest,
		"GET /till/choose":          t.choosePage,
		"POST /till/choose":         t.choose,
		"GET /till/receipts/{id}":   t.receiptPage,
		"GET /till/returns":         t.returnsPage,
		"GET /till/returns/{id}":    t.returnPage,
		"POST /till/returns/{id}":   t.returnStep,
		"POST /till/take-back/{id}": t.takeBack,
		"GET /till/offline":         t.offlinePage,
		"GET /till/key":             t.snapshotKey,
		"GET /till/snapshot":        t.snapshot,
		"POST /till/late":           t.late,
	}
}

// Routes adds the page to mux.
func (t *Till) Routes(mux *http.ServeMux) {
	mux.Handle("GET /till-assets/", t.assets)
	// The browser asks for these by itself, whoever is signed in.
	mux.HandleFunc("GET /till/worker.js", t.worker)
	mux.Handle("GET /till/manifest", t.Shell.Handle(t.manifest))
	for pattern, h := range t.table() {
		mux.Handle(pattern, t.Shell.Require(staff.Sell, h))
	}
}

// frame is what every page knows.
type frame struct {
	CSS, JS string
	Queue   string // the script of what waits for the line
	Mode    string // sale or return: which tab is lit
	Place   *place // nil: no till is chosen yet
	Code    string // what was scanned on another page
	Seal    func(customer.ID) string
	Shop    func(catalog.StoreID) string // its name; "" where it is not known
	ZoneOf  func(catalog.StoreID) *time.Location
}

// Size is how a sum is written so that it is whole in its panel.
func (frame) Size(sum string) string {
	switch n := utf8.RuneCountInString(sum); {
	case n > 17: // up to 99,999,999,999.99
		return "longer"
	case n > 13:
		return "long"
	}
	return ""
}

// place is where the cashier stands.
type place struct {
	Till  catalog.Till
	Store catalog.Store
}

func (t *Till) frame(mode string, at *place) frame {
	return frame{CSS: t.css, JS: t.js, Queue: t.queueJS, Mode: mode, Place: at, Seal: t.seal, Shop: t.shop, ZoneOf: t.zone}
}

func (t *Till) shop(which catalog.StoreID) string {
	s, _ := t.Catalog.Store(which)
	return s.Name
}

// zone is where a store's days begin: times of its receipts are shown in it.
func (t *Till) zone(of catalog.StoreID) *time.Location {
	return t.Catalog.Zone(of, t.Settings().Zone)
}

// seal is how pages name a customer, so that nobody is looked at by counting
// up (as in package api); nobody is "0".
func (t *Till) seal(who customer.ID) string {
	if who == 0 {
		return "0"
	}
	return t.people.Seal(int64(who))
}

// unseal reads what seal gave; anything else is nobody.
func (t *Till) unseal(text string) customer.ID {
	who, _ := t.people.Open(text)
	return customer.ID(who)
}

// caller is the till and the person behind a call.
func (p *place) caller(r *http.Request) receipt.Caller {
	return receipt.Caller{Till: p.Till, Store: p.Store, Staff: int64(web.Me(r).ID)}
}

// at finds a till and whether whoever asks may stand at it.
func (t *Till) at(r *http.Request, which catalog.TillID) (*place, error) {
	till, err := t.Catalog.Till(r.Context(), which)
	if err != nil {
		return nil, err
	}
	store, err := t.Catalog.StoreByID(r.Context(), till.Store)
	if err != nil {
		return nil, err
	}
	switch {
	case !web.Me(r).WorksIn(store.ID):
		return nil, errOtherStore
	case !till.Active || !store.Active:
		return nil, catalog.ErrTillOff
	}
	return &place{till, store}, nil
}

const tillCookie = "till"

// chosen is the till that this browser stands at.
func (t *Till) chosen(r *http.Request) (*place, error) {
	c, err := r.Cookie(tillCookie)
	if err != nil {
		return nil, errNoSuchTill
	}
	which, err := strconv.ParseInt(c.Value, 10, 64)
	if err != nil {
		return nil, errNoSuchTill
	}
	return t.at(r, catalog.TillID(which))
}

// standing is chosen for pages: who stands nowhere yet, or may not stand there
// any more, is sent to choose and gets nil.
func (t *Till) standing(w http.ResponseWriter, r *http.Request) (*place, error) {
	at, err := t.chosen(r)
	if err == nil {
		return at, nil
	}
	if kind := errs.KindOf(err); kind == errs.Unavailable || kind == errs.Internal {
		return nil, err
	}
	web.Redirect(w, r, Path+"/choose")
	return nil, nil
}

type chooseView struct {
	frame
	Groups []choice
	Stores bool // may add one
}

type choice struct {
	Store catalog.Store
	Tills []catalog.Till
}

// choosePage lists the tills that the cashier may stand at.
func (t *Till) choosePage(w http.ResponseWriter, r *http.Request) error {
	groups, err := t.choices(r.Context(), web.Me(r))
	if err != nil {
		return err
	}
	at, err := t.chosen(r)
	if err != nil {
		at = nil
	}
	v := chooseView{frame: t.frame("choose", at), Groups: groups, Stores: web.Me(r).Can(staff.ManageStores)}
	return t.pages.Render(w, r, "choose", v)
}

func (t *Till) choices(ctx context.Context, who staff.Account) (groups []choice, err error) {
	stores, err := t.Catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	tills, err := t.Catalog.Tills(ctx, 0)
	if err != nil {
		return nil, err
	}
	for _, s := range stores {
		if !s.Active || !who.WorksIn(s.ID) {
			continue
		}
		g := choice{Store: s}
		for _, till := range tills {
			if till.Store == s.ID && till.Active {
				g.Tills = append(g.Tills, till)
			}
		}
		if len(g.Tills) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

func (t *Till) choose(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	at, err := t.at(r, catalog.TillID(number(form.Get("till"))))
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // names a till, which is checked whenever it is used
		Name: tillCookie, Value: at.Till.ID.String(), Path: Path, MaxAge: 365 * 24 * 3600,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	web.Redirect(w, r, Path)
	return nil
}

// number reads an id; what is none is 0, which is nothing's.
func number(text string) int64 {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return v
}
