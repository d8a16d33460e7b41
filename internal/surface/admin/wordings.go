package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/surface/web"
)

type wordingsView struct {
	frame
	Form     *web.Form
	Next     int64 // version that the form writes; 1: of a code of its own
	Code     string
	Rows     []wordingRow
	Purposes []web.Option
	Entities []web.Option
	Channels []web.Option
	Texts    []wordingText
}

type wordingText struct{ Name, Label string }

type wordingRow struct {
	customer.Wording
	Means  string // the channels in words
	Entity string // empty: all
	Latest bool
	Holds  bool // people are asked to agree to it now
	Shown  string
}

func means(loc *i18n.Localizer, list []customer.Channel) string {
	words := make([]string, len(list))
	for i, c := range list {
		words[i] = loc.T("admin.channel." + string(c))
	}
	return strings.Join(words, ", ")
}

// showWordings shows the catalogue and a form: of the next version of the code that
// the address names, or of another wording.
func (a *Admin) showWordings(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	all, err := a.Customers.Wordings(ctx)
	if err != nil {
		return err
	}
	names, options, err := a.entityNames(ctx)
	if err != nil {
		return err
	}
	v := wordingsView{frame: a.frame(ctx), Form: form, Next: 1, Entities: append([]web.Option{{Text: loc.T("admin.wordings.every_entity")}}, options...)}
	for _, p := range customer.Purposes {
		v.Purposes = append(v.Purposes, web.Option{Value: string(p), Text: loc.T("admin.purpose." + string(p))})
	}
	for _, c := range customer.Channels {
		v.Channels = append(v.Channels, web.Option{Value: string(c), Text: loc.T("admin.channel." + string(c))})
	}
	for _, l := range a.Bundle.Languages() {
		v.Texts = append(v.Texts, wordingText{"text_" + l.Code, loc.T("admin.wordings.wording_in", "language", l.Name)})
	}
	last, edit := "", r.URL.Query().Get("code")
	holds := map[customer.WordingID]bool{}
	entities := []catalog.EntityID{0}
	for id := range names {
		entities = append(entities, id)
	}
	for _, e := range entities {
		for _, w := range all.Holding(e, a.Now()) {
			holds[w.ID] = true
		}
	}
	for _, is := range all {
		row := wordingRow{Wording: is, Means: means(loc, is.Channels), Entity: names[is.Entity], Latest: is.Code != last, Holds: holds[is.ID]}
		row.Shown, _ = is.Shown(loc.Lang())
		v.Rows = append(v.Rows, row)
		if last = is.Code; row.Latest && is.Code == edit {
			v.Next, v.Code = is.Version+1, is.Code
			if form == nil {
				v.Form = web.NewForm(map[string]string{"code": is.Code, "name": is.Name, "purpose": string(is.Purpose), "offered": "1"})
				if is.Entity != 0 {
					v.Form.Values.Set("entity", is.Entity.String())
				}
				for _, c := range is.Channels {
					v.Form.Values.Add("channels", string(c))
				}
				for in, text := range is.Texts {
					v.Form.Values.Set("text_"+in, text)
				}
			}
		}
	}
	if v.Form == nil {
		v.Form = web.NewForm(map[string]string{"offered": "1", "channels": string(customer.ChannelAny)})
	}
	return a.pages.RenderStatus(w, r, status, "wordings", v)
}

func (a *Admin) wordings(w http.ResponseWriter, r *http.Request) error {
	return a.showWordings(w, r, http.StatusOK, nil)
}

// publishWording writes a version, which then never changes.
func (a *Admin) publishWording(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	zone := a.Settings.Get().Zone
	in := customer.Wording{
		Code: form.Get("code"), Purpose: customer.Purpose(form.Get("purpose")), Name: form.Get("name"), Texts: map[string]string{},
		Anew: form.Has("anew", "1"), Offered: form.Has("offered", "1"), By: int64(web.Me(r).ID), From: day(form.Get("valid_from"), zone),
	}
	if in.Version, err = strconv.ParseInt(form.Get("version"), 10, 64); err != nil {
		in.Version = 1
	}
	if text := form.Get("entity"); text != "" && in.Entity.UnmarshalText([]byte(text)) != nil {
		return catalog.ErrEntityNotFound
	}
	switch text := form.Get("valid_from"); {
	case text != "" && in.From.IsZero():
		form.Fail("valid_from", web.Loc(r.Context()).T("admin.publish.date_needed"))
	case text != "" && in.From.AddDate(0, 0, 1).Before(a.Now()): // today is at once
		form.Fail("valid_from", web.Loc(r.Context()).T("admin.wordings.past"))
	}
	if !form.OK() {
		return a.showWordings(w, r, unprocessable, form)
	}
	if in.Entity != 0 {
		entities, err := a.Catalog.Entities(r.Context())
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(entities, func(e catalog.Entity) bool { return e.ID == in.Entity }) {
			return catalog.ErrEntityNotFound
		}
	}
	for _, c := range form.Boxes("channels") {
		in.Channels = append(in.Channels, customer.Channel(c))
	}
	for _, language := range customer.Languages {
		in.Texts[language] = form.Get("text_" + language)
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		is, err := a.Customers.PublishTx(ctx, tx, in)
		return line{action: "wording.published", subject: "wording:" + is.Title(), after: map[string]string{
			"name": is.Name, "purpose": string(is.Purpose), "starts": is.From.Format(time.RFC3339),
		}}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showWordings(w, r, unprocessable, form)
	}
	a.good(w, r, "admin.wordings.published")
	web.Redirect(w, r, "/wordings")
	return nil
}

// ask is a wording that a customer may be asked to agree to: its box is not ticked.
type ask struct {
	Value, Name, Text string
	Purpose           customer.Purpose
	Means             string
}

// asks are the wordings that hold in a store.
func (a *Admin) asks(ctx context.Context, loc *i18n.Localizer, all customer.Wordings, store catalog.StoreID) (list []ask) {
	home, _ := a.Catalog.Store(store)
	for _, w := range all.Holding(home.Entity, a.Now()) {
		text, in := w.Shown(loc.Lang())
		list = append(list, ask{w.ID.String() + " " + in, w.Name, text, w.Purpose, means(loc, w.Channels)})
	}
	return list
}

// agreedTo are the consents of the boxes that were ticked, of those that a store asks for.
func (a *Admin) agreedTo(all customer.Wordings, form *web.Form, store catalog.StoreID, like customer.Consent) (list []customer.Consent) {
	home, _ := a.Catalog.Store(store)
	for _, value := range form.All("agreed") {
		if w, in := all.Ticked(value, home.Entity, a.Now()); w != nil {
			list = append(list, w.Agreed(in, like)...)
		}
	}
	return list
}
