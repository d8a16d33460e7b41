package admin

import (
	"encoding/json"
	"net/http"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// subjectPage is where one looks at what a line of the log is about.
func subjectPage(who staff.Account, subject string) string {
	kind, id, _ := strings.Cut(subject, ":")
	page, ok := map[string]struct {
		folder string
		needs  staff.Permission
	}{
		"store": {"stores", staff.ViewStores}, "till": {"tills", staff.ViewStores}, "product": {"products", staff.ManageProducts}, "programme": {"programme", staff.ViewProgramme},
		"customer": {"customers", staff.FindCustomers}, "staff": {"staff", staff.ManageCashiers}, "import": {"imports", staff.Import},
	}[kind]
	if !ok || id == "" || !who.Can(page.needs) {
		return ""
	}
	return "/" + page.folder + "/" + id
}

// subjectsOf are the ids of what lines of the log are about, of one kind.
func subjectsOf[T any](entries []staff.Entry, kind string) (ids []id.Of[T]) {
	for _, e := range entries {
		var one id.Of[T]
		if text, ok := strings.CutPrefix(e.Subject, kind+":"); ok && one.UnmarshalText([]byte(text)) == nil {
			ids = append(ids, one)
		}
	}
	return ids
}

// subjects name what lines of the log are about, as whoever asks may see it. What
// is gone has no name. members are the names of the staff.
func (a *Admin) subjects(r *http.Request, entries []staff.Entry, members map[staff.ID]string) (map[string]string, error) {
	ctx, names := r.Context(), map[string]string{}
	for id, name := range members {
		names["staff:"+id.String()] = name
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range stores {
		names["store:"+s.ID.String()] = s.Name
	}
	entities, err := a.Catalog.Entities(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range entities {
		names["entity:"+e.ID.String()] = entityName(web.Loc(ctx), e)
	}
	tills, err := a.Catalog.Tills(ctx, 0)
	if err != nil {
		return nil, err
	}
	for _, t := range tills {
		names["till:"+t.ID.String()] = t.Name + ", " + names["store:"+t.Store.String()]
	}
	categories, err := a.Catalog.Categories(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range categories {
		names["category:"+c.Code] = c.Name
	}
	programmes, err := a.Programmes.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range programmes {
		names["programme:"+p.ID.String()] = p.Name
	}
	var b db.Batch
	products := map[catalog.ProductID]catalog.Product{}
	a.Catalog.QueueProducts(&b, subjectsOf[catalog.Product](entries, "product"), products)
	if err := a.DB.Run(ctx, &b); err != nil {
		return nil, err
	}
	for id, p := range products {
		names["product:"+id.String()] = p.Name
	}
	people, err := a.Customers.GetAll(ctx, once(subjectsOf[customer.Customer](entries, "customer")))
	if err != nil {
		return nil, err
	}
	if people, err = a.within(ctx, web.Me(r), people); err != nil {
		return nil, err
	}
	for _, c := range people {
		names[subjectOf(c.ID)] = nameOf(web.Loc(ctx), web.Me(r), c)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Subject, "import:") {
			var of struct{ File string }
			_ = json.Unmarshal(e.After, &of) // what cannot be read has no name
			names[e.Subject] = of.File
		}
	}
	return names, nil
}
