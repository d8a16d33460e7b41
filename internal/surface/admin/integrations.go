package admin

import (
	"context"
	"net/http"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
	"regulars/internal/surface/web"
)

type integrationsView struct {
	frame
	Form        *web.Form
	Rows        []integrationRow
	Permissions []web.Option
	Stores      []web.Option
	Issued      string // the key that was just made
}

type integrationRow struct {
	integration.Key
	Shops string // names; empty: all
}

// showIntegrations shows the keys of programs, and that of the one that was just let
// in, which is shown this once.
func (a *Admin) showIntegrations(w http.ResponseWriter, r *http.Request, status int, form *web.Form, issued string) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := integrationsView{frame: a.frame(ctx), Form: form, Issued: issued}
	list, err := a.Integrations.List(ctx)
	if err != nil {
		return err
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	for _, s := range stores {
		v.Stores = append(v.Stores, web.Option{Value: s.ID.String(), Text: s.Name})
	}
	for _, k := range list {
		v.Rows = append(v.Rows, integrationRow{k, a.shops(k.Stores)})
	}
	for _, p := range integration.Permissions {
		v.Permissions = append(v.Permissions, web.Option{Value: string(p), Text: loc.T(permissionKey(p))})
	}
	return a.pages.RenderStatus(w, r, status, "integrations", v)
}

// permissionKey is the text of what a key may do.
func permissionKey(p integration.Permission) string {
	return "admin.integrations.may." + strings.ReplaceAll(string(p), ".", "_")
}

// shops are the names of stores.
func (a *Admin) shops(ids []catalog.StoreID) string {
	var names []string
	for _, id := range ids {
		if store, ok := a.Catalog.Store(id); ok {
			names = append(names, store.Name)
		}
	}
	return strings.Join(names, ", ")
}

// May lists what the key may do, as keys of texts.
func (k integrationRow) May() (keys []string) {
	for _, p := range k.Permissions {
		keys = append(keys, permissionKey(p))
	}
	return keys
}

func (a *Admin) integrations(w http.ResponseWriter, r *http.Request) error {
	return a.showIntegrations(w, r, http.StatusOK, web.NewForm(nil), "")
}

// addIntegration issues a key and shows it in its own answer, nowhere else.
func (a *Admin) addIntegration(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	in := integration.Key{Name: form.Get("name"), CreatedBy: web.Me(r).ID}
	for _, p := range form.Boxes("permissions") {
		in.Permissions = append(in.Permissions, integration.Permission(p))
	}
	for _, text := range form.All("stores") {
		var store catalog.StoreID
		if err := store.UnmarshalText([]byte(text)); err != nil {
			return catalog.ErrStoreNotFound
		}
		in.Stores = append(in.Stores, store)
	}
	var plain string
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var k integration.Key
		var err error
		plain, k, err = a.Integrations.IssueTx(ctx, tx, in)
		return line{action: "integration.issued", subject: "integration:" + k.ID.String(), after: a.integrationFacts(k)}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showIntegrations(w, r, unprocessable, form, "")
	}
	return a.showIntegrations(w, r, http.StatusOK, web.NewForm(nil), plain)
}

func (a *Admin) integrationFacts(k integration.Key) map[string]any {
	return map[string]any{"name": k.Name, "hint": k.Hint, "permissions": k.Permissions, "shops": a.shops(k.Stores)}
}

func (a *Admin) revokeIntegration(w http.ResponseWriter, r *http.Request) error {
	id, err := web.PathID[integration.ID](r, "id")
	if err != nil {
		return err
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		k, err := a.Integrations.RevokeTx(ctx, tx, id)
		return line{action: "integration.revoked", subject: "integration:" + id.String(), after: map[string]string{"name": k.Name, "hint": k.Hint}}, err
	})
	if err != nil {
		return err
	}
	a.good(w, r, "admin.integrations.revoked")
	web.Redirect(w, r, "/integrations")
	return nil
}
