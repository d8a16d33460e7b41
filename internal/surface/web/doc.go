// Package web is what every surface stands in: the middleware around all
// requests, errors as answers, sessions, the templates' engine and the layouts,
// parts and styles of the pages.
//
// It holds no rules of the shop and no SQL. Kinds of errors become HTTP statuses
// here and nowhere else (problem.go). Its neighbours are the surfaces (admin,
// till, api), which bring handlers and templates, and base/i18n, which brings
// every word.
//
// # A surface
//
// A surface embeds a folder of templates, makes its Pages once, and lists its
// routes in one function:
//
//	//go:embed all:templates   (all: or files that begin with _ are left out)
//	var files embed.FS
//
//	func (a *Admin) Routes(mux *http.ServeMux) {
//		mux.Handle("GET /stores", a.shell.Require(staff.ManageStores, a.stores))
//		mux.Handle("POST /stores", a.shell.Require(staff.ManageStores, a.addStore))
//	}
//
//	sub, err := fs.Sub(files, "templates")
//	a.pages, err = shell.Pages(sub, web.Nav{Home: "/", SignOut: "/sign-out", Items: []web.NavItem{
//		{Key: "stores", Text: "admin.nav.stores", Icon: "building-store", Href: "/stores", Go: "s", Permission: staff.ManageStores},
//	}})
//
// app puts one mux together and serves shell.Middleware(mux) with
// shell.NewServer. Uploads and exports are wrapped in shell.Allow(bytes, time,
// web.Permitted(permission, handler)).
//
// # A handler
//
// A handler returns its error; errors of kind Unauthorized lead to the sign-in
// page, others become a page, or problem+json for programs, or a message at the
// top of the page for htmx (4.x swaps answers with an error status as well; Fail
// retargets them to #flash).
//
//	func (a *Admin) addStore(w http.ResponseWriter, r *http.Request) error {
//		form, err := web.ReadForm(r)
//		if err != nil {
//			return err
//		}
//		var store catalog.Store
//		err = a.DB.Write(r.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
//			store, err = a.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Name: form.Get("name")})
//			return err
//		})
//		if err := form.Take(err); err != nil {
//			return err // not the form's fault
//		}
//		if !form.OK() {
//			return a.pages.RenderStatus(w, r, 422, "store", storePage{Form: form})
//		}
//		a.shell.SetFlash(w, r, "good", web.Loc(r.Context()).T("admin.stores.saved", "name", store.Name))
//		web.Redirect(w, r, "/stores")
//		return nil
//	}
//
// web.Me(r) or web.Account(ctx), web.Loc(ctx), web.RequestID(ctx) and
// web.Client(r) say who asks, in which language, under which id and from where;
// web.PathID reads an id of the address, web.Origin what links to people begin
// with, web.Say what an error says to them.
//
// # A page
//
// templates/stores.html is the page "stores"; its blocks see the data given to
// Render. Files that begin with _ hold blocks for all pages of the surface.
//
//	{{define "nav"}}stores{{end}}                  which entry of the sidebar is lit
//	{{define "title"}}{{t "admin.stores.title"}}{{end}}
//	{{define "subtitle"}}<p>…</p>{{end}}           optional, like crumbs, action and head
//	{{define "crumbs"}}<div class="crumbs"><a href="/stores">…</a></div>{{end}}
//	{{define "action"}}<a class="btn btn-primary" href="/stores/new">{{icon "plus"}}…</a>{{end}}
//	{{define "main"}}…{{end}}
//	{{define "layout"}}bare{{end}}                 app (the default), bare, or a surface's own "layout-x"
//
// Functions: t key args…; n key count args… (plural); number, money, amount
// (without the currency's sign), currency (the sign), price, points, pointstext,
// quantity, percent; date, datetime, datein, datetimein (with a time zone),
// lastday (of what ends at a time), duration; plain (whether a name says nothing
// but a rate); icon name; asset file; dict.
//
// Parts are functions with named arguments (functions.go lists them all):
//
//	{{field "name" "login" "label" (t "…") "form" .Form "help" (t "…") "required" true}}
//	    type: text, password, email, tel, number, date, file, select, textarea, checkbox, checks, radio
//	{{search "url" .URL "label" (t "…")}} {{chips "url" .URL "name" "state" "options" .States "label" (t "…")}}
//	{{pager "url" .URL "next" .Next "first" true}}
//	{{stat "label" (t "…") "value" (money .Sum) "note" (t "…") "href" "/receipts"}}
//	{{badge "text" (t "…") "kind" "good"}}         plain, good, warn, bad, info
//	{{alert "text" (t "…") "kind" "warn"}}         good, warn, bad, info
//	{{empty "icon" "users" "title" (t "…") "text" (t "…") "href" "/import" "action" (t "…")}}
//	{{progress "text" (t "…") "figure" (number .Done) "max" .All "value" .Done "note" (t "…") "cancel" "/imports/1/cancel"}}
//	{{button "text" (t "…") "icon" "check"}}
//
// Classes: <div class="table-box"><table class="table">, td.num for figures, td.keep for what must not
// break (phones, dates);
// dl.facts; div.stats around stat; div.card; div.split (facts left, story right)
// and div.split-wide (editor left, its effect in div.beside); div.list-tools;
// form.form, div.fields (side by side), p.actions; body class touch for tills.
//
// # A list
//
// A list lives in one element, <div id="list">…</div>, with its chips, table and
// pager. Links of the parts carry the whole address (web.LinkOf(r)), ask for the
// whole page with htmx and swap only #list, so that the address can be sent to a
// colleague and everything works without JavaScript.
//
// # What the policy forbids
//
// The content security policy has no exceptions: no style attributes, no inline
// scripts or handlers, no hx-on, no filters in hx-trigger, no js: values, nothing
// from other hosts. Pages refuses such templates at start. A width that depends
// on a number is a <progress>, a <meter> or an SVG attribute; a menu is a popover
// (popovertarget); scripts are assets of their own, in block "head".
//
// htmx 4 differs from 2: attributes are not inherited unless written
// hx-target:inherited; events are called htmx:after:swap; error answers are
// swapped; GET and DELETE do not carry the enclosing form unless it is the form
// itself that asks. Here the default swap is outerHTML, and going back reloads.
//
// # Tests
//
// Each surface gives the text of every page, in every language, to
// webtest.Markup, which looks for words that are missing and fields without a
// label; webtest.Check shows a page that no address leads to.
//
// webtest drives a real browser: Open, Look (phone, tablet, wide; dark, print,
// language), Go, Fill, Click, Press, See, Wait; Usable looks for contrast and
// names, Touchable for targets of 44 pixels; Shot writes a picture into the
// folder that REGULARS_SHOTS names and fails where a page is wider than its
// screen. Whatever the console says fails the test.
package web
