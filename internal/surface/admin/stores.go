package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type storesView struct {
	frame
	Rows []storeRow
}

type storeRow struct {
	catalog.Store
	Tills, Off int
}

func (a *Admin) stores(w http.ResponseWriter, r *http.Request) error {
	list, err := a.Catalog.Stores(r.Context())
	if err != nil {
		return err
	}
	tills, err := a.Catalog.Tills(r.Context(), 0)
	if err != nil {
		return err
	}
	v := storesView{frame: a.frame(r.Context())}
	list = slices.DeleteFunc(slices.Clone(list), func(s catalog.Store) bool { return !v.Me.WorksIn(s.ID) })
	at := map[catalog.StoreID]int{}
	for i, s := range list {
		at[s.ID] = i
		v.Rows = append(v.Rows, storeRow{Store: s})
	}
	for _, t := range tills {
		i, theirs := at[t.Store]
		if !theirs {
			continue
		}
		row := &v.Rows[i]
		if row.Tills++; !t.Active {
			row.Off++
		}
	}
	return a.pages.Render(w, r, "stores", v)
}

type storeView struct {
	frame
	Form  *web.Form
	Store catalog.Store // zero: a new one
	Zones []string      // to choose from; any other may be typed
	Tills []tillRow
	Till  *web.Form
	// Entities are the legal entities to choose an owner from, where there are several.
	Entities []web.Option
	Owners   []formerOwner
}

type tillRow struct {
	catalog.Till
	Keys int
}

// zones are those of the places where the program is sold first; a store may
// stand anywhere.
var zones = []string{
	"Asia/Tashkent", "Asia/Samarkand", "Asia/Almaty", "Asia/Bishkek", "Asia/Dushanbe", "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara",
	"Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk", "Asia/Krasnoyarsk", "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
	"Europe/Minsk", "Asia/Tbilisi", "Asia/Yerevan", "Asia/Baku", "Europe/Istanbul", "Europe/Berlin", "Europe/London", "UTC",
}

func (a *Admin) newStore(w http.ResponseWriter, r *http.Request) error {
	form := web.NewForm(map[string]string{"zone": a.Settings.Get().Zone.String(), "entity": catalog.DefaultEntity.String()})
	return a.showNewStore(w, r, http.StatusOK, form)
}

func (a *Admin) showNewStore(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	v := storeView{frame: a.frame(r.Context()), Form: form, Zones: zones}
	var err error
	if _, v.Entities, err = a.entityNames(r.Context()); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "store", v)
}

func (a *Admin) addStore(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	var store catalog.Store
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var err error
		in := catalog.NewStore{Code: form.Get("code"), Name: form.Get("name"), City: form.Get("city"), Zone: form.Get("zone")}
		if of := owner(form); of != nil {
			in.Entity = *of
		}
		store, err = a.Catalog.CreateStoreTx(ctx, tx, in)
		return line{action: "store.created", subject: "store:" + store.ID.String(), store: store.ID, after: storeFacts(store)}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showNewStore(w, r, unprocessable, form)
	}
	a.good(w, r, "admin.store.added", "name", store.Name)
	web.Redirect(w, r, "/stores/"+store.ID.String())
	return nil
}

// storeFacts is what the audit log keeps of a store.
func storeFacts(s catalog.Store) any {
	return map[string]any{"code": s.Code, "name": s.Name, "city": s.City, "zone": s.Zone.String(), "active": s.Active, "entity": s.Entity}
}

func (a *Admin) store(r *http.Request) (s catalog.Store, err error) {
	id, err := web.PathID[catalog.StoreID](r, "id")
	if err != nil {
		return s, err
	}
	if !web.Me(r).WorksIn(id) { // or not told that it is there
		return s, catalog.ErrStoreNotFound
	}
	return a.Catalog.StoreByID(r.Context(), id)
}

// showStore is a store's page; a form that is nil shows what is kept.
func (a *Admin) showStore(w http.ResponseWriter, r *http.Request, status int, store catalog.Store, form, till *web.Form) error {
	v := storeView{frame: a.frame(r.Context()), Form: form, Store: store, Zones: zones, Till: till}
	if form == nil {
		v.Form = web.NewForm(map[string]string{"code": store.Code, "name": store.Name, "city": store.City, "zone": store.Zone.String(), "entity": store.Entity.String()})
		if store.Active {
			v.Form.Values.Set("active", "1")
		}
	}
	if till == nil {
		v.Till = web.NewForm(nil)
	}
	tills, err := a.Catalog.Tills(r.Context(), store.ID)
	if err != nil {
		return err
	}
	for _, t := range tills {
		keys, err := a.Catalog.Keys(r.Context(), t.ID)
		if err != nil {
			return err
		}
		v.Tills = append(v.Tills, tillRow{t, good(keys, a.Now())})
	}
	if v.May(staff.ManageStores) {
		var names map[catalog.EntityID]string
		if names, v.Entities, err = a.entityNames(r.Context()); err != nil {
			return err
		}
		if v.Owners, err = a.formerOwners(r.Context(), store.ID, names); err != nil {
			return err
		}
	}
	return a.pages.RenderStatus(w, r, status, "store", v)
}

// good counts the keys that let a till in.
func good(keys []catalog.Key, at time.Time) (n int) {
	for _, k := range keys {
		if k.Good(at) {
			n++
		}
	}
	return n
}

func (a *Admin) storePage(w http.ResponseWriter, r *http.Request) error {
	store, err := a.store(r)
	if err != nil {
		return err
	}
	return a.showStore(w, r, http.StatusOK, store, nil, nil)
}

func (a *Admin) saveStore(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	store, err := a.store(r)
	if err != nil {
		return err
	}
	code, name, city, zone, active := form.Get("code"), form.Get("name"), form.Get("city"), form.Get("zone"), form.Has("active", "1")
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		before, after, err := a.Catalog.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Code: &code, Name: &name, City: &city, Zone: &zone, Active: &active, Entity: owner(form)})
		if err != nil {
			return line{}, err
		}
		return line{action: "store.changed", subject: "store:" + store.ID.String(), store: store.ID, before: storeFacts(before), after: storeFacts(after)}, nil
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showStore(w, r, unprocessable, store, form, nil)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/stores/"+store.ID.String())
	return nil
}

func (a *Admin) addTill(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	store, err := a.store(r)
	if err != nil {
		return err
	}
	// The page has a field "name" already, the store's.
	form.Values.Set("name", form.Get("till"))
	var till catalog.Till
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var err error
		till, err = a.Catalog.CreateTillTx(ctx, tx, store.ID, form.Get("name"))
		return line{action: "till.created", subject: "till:" + till.ID.String(), store: till.Store, after: tillFacts(till)}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		form.Fail("till", form.Errors["name"])
		return a.showStore(w, r, unprocessable, store, nil, form)
	}
	a.good(w, r, "admin.till.added", "name", till.Name)
	web.Redirect(w, r, "/tills/"+till.ID.String())
	return nil
}

func tillFacts(t catalog.Till) any {
	return map[string]any{"store": t.Store, "name": t.Name, "active": t.Active}
}

type tillView struct {
	frame
	Form   *web.Form
	Record catalog.Till
	Store  catalog.Store
	Keys   []catalog.Key
	Issued string // a new key, shown this once
	Now    time.Time
	Works  bool         // some key does
	Ends   []web.Option // when those of before may end
}

// overlaps are how many hours the keys of before may go on beside a new one.
var overlaps = []string{"24", "168", "1"}

func (a *Admin) till(r *http.Request) (t catalog.Till, s catalog.Store, err error) {
	id, err := web.PathID[catalog.TillID](r, "id")
	if err != nil {
		return t, s, err
	}
	if t, err = a.Catalog.Till(r.Context(), id); err == nil && !web.Me(r).WorksIn(t.Store) {
		err = catalog.ErrTillNotFound
	}
	if err != nil {
		return t, s, err
	}
	s, err = a.Catalog.StoreByID(r.Context(), t.Store)
	return t, s, err
}

func (a *Admin) showTill(w http.ResponseWriter, r *http.Request, status int, form *web.Form, issued string) error {
	till, store, err := a.till(r)
	if err != nil {
		return err
	}
	v := tillView{frame: a.frame(r.Context()), Form: form, Record: till, Store: store, Issued: issued}
	if form == nil {
		v.Form = web.NewForm(map[string]string{"name": till.Name})
		if till.Active {
			v.Form.Values.Set("active", "1")
		}
	}
	if v.Keys, err = a.Catalog.Keys(r.Context(), till.ID); err != nil {
		return err
	}
	v.Now = a.Now()
	v.Works = good(v.Keys, v.Now) > 0
	loc := web.Loc(r.Context())
	v.Ends = []web.Option{{Text: loc.T("admin.till.stay")}}
	for _, hours := range overlaps {
		v.Ends = append(v.Ends, web.Option{Value: hours, Text: loc.T("admin.till.ends_in." + hours)})
	}
	return a.pages.RenderStatus(w, r, status, "till", v)
}

func (a *Admin) tillPage(w http.ResponseWriter, r *http.Request) error {
	return a.showTill(w, r, http.StatusOK, nil, "")
}

func (a *Admin) saveTill(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	till, _, err := a.till(r)
	if err != nil {
		return err
	}
	name, active := form.Get("name"), form.Has("active", "1")
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		before, after, err := a.Catalog.UpdateTillTx(ctx, tx, till.ID, catalog.TillChange{Name: &name, Active: &active})
		return line{action: "till.changed", subject: "till:" + till.ID.String(), store: till.Store, before: tillFacts(before), after: tillFacts(after)}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showTill(w, r, unprocessable, form, "")
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/tills/"+till.ID.String())
	return nil
}

// issueKey shows the new key in its own answer and keeps it nowhere: coming
// back to the page does not show it again.
func (a *Admin) issueKey(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	till, _, err := a.till(r)
	if err != nil {
		return err
	}
	var ends time.Time // of the keys of before; zero: not
	if slices.Contains(overlaps, form.Get("ends")) {
		hours, err := strconv.Atoi(form.Get("ends"))
		if err != nil {
			return err
		}
		ends = a.Now().Add(time.Duration(hours) * time.Hour).Truncate(time.Second)
	}
	var plain string
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var key catalog.Key
		var err error
		if plain, key, err = a.Catalog.IssueKeyTx(ctx, tx, till.ID); err != nil {
			return line{}, err
		}
		facts := map[string]any{"key": key.ID, "hint": key.Hint}
		if !ends.IsZero() {
			facts["ends"] = ends.UTC().Format(time.RFC3339)
			err = a.Catalog.EndKeysTx(ctx, tx, till.ID, key.ID, ends)
		}
		return line{action: "till.key_issued", subject: "till:" + till.ID.String(), store: till.Store, after: facts}, err
	})
	if err != nil {
		return err
	}
	return a.showTill(w, r, http.StatusOK, nil, plain)
}

func (a *Admin) revokeKey(w http.ResponseWriter, r *http.Request) error {
	till, _, err := a.till(r)
	if err != nil {
		return err
	}
	id, err := web.PathID[catalog.KeyID](r, "key")
	if err != nil {
		return err
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		key, err := a.Catalog.RevokeKeyTx(ctx, tx, till.ID, id)
		return line{action: "till.key_revoked", subject: "till:" + till.ID.String(), store: till.Store, after: map[string]any{"key": key.ID, "hint": key.Hint}}, err
	})
	if err != nil {
		return err
	}
	a.good(w, r, "admin.till.revoked")
	web.Redirect(w, r, "/tills/"+till.ID.String())
	return nil
}
