package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/surface/web"
)

type entitiesView struct {
	frame
	Form    *web.Form
	Editing string // id; empty: a new one
	Rows    []entityRow
}

type entityRow struct {
	catalog.Entity
	Stores []catalog.Store
}

// showEntities shows all legal entities and a form: of the one that the address
// names, or of a new one.
func (a *Admin) showEntities(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	ctx := r.Context()
	list, err := a.Catalog.Entities(ctx)
	if err != nil {
		return err
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	v := entitiesView{frame: a.frame(ctx), Form: form}
	for _, e := range list {
		row := entityRow{Entity: e}
		for _, s := range stores {
			if s.Entity == e.ID {
				row.Stores = append(row.Stores, s)
			}
		}
		row.Name = entityName(web.Loc(ctx), e)
		v.Rows = append(v.Rows, row)
		if id := e.ID.String(); id == r.URL.Query().Get("edit") {
			v.Editing = id
			if form == nil {
				v.Form = web.NewForm(entityFacts(e))
			}
		}
	}
	if v.Form == nil {
		v.Form = web.NewForm(nil)
	}
	return a.pages.RenderStatus(w, r, status, "entities", v)
}

// entityName is what people call a legal entity.
func entityName(loc *i18n.Localizer, e catalog.Entity) string {
	if e.Unnamed() {
		return loc.T("admin.entities.unnamed")
	}
	return e.Name
}

func entityFacts(e catalog.Entity) map[string]string {
	return map[string]string{"name": e.Name, "tin": e.TIN}
}

func (a *Admin) entities(w http.ResponseWriter, r *http.Request) error {
	return a.showEntities(w, r, http.StatusOK, nil)
}

func (a *Admin) saveEntity(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	in := catalog.Entity{Name: form.Get("name"), TIN: form.Get("tin")}
	edit := r.URL.Query().Get("edit")
	if edit != "" && in.ID.UnmarshalText([]byte(edit)) != nil {
		return catalog.ErrEntityNotFound
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		if edit == "" {
			e, err := a.Catalog.CreateEntityTx(ctx, tx, in)
			return line{action: "entity.created", subject: "entity:" + e.ID.String(), after: entityFacts(e)}, err
		}
		before, after, err := a.Catalog.UpdateEntityTx(ctx, tx, in)
		return line{action: "entity.changed", subject: "entity:" + edit, before: entityFacts(before), after: entityFacts(after)}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showEntities(w, r, unprocessable, form)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/entities")
	return nil
}

// entityNames are the names of legal entities by id.
func (a *Admin) entityNames(ctx context.Context) (names map[catalog.EntityID]string, options []web.Option, err error) {
	list, err := a.Catalog.Entities(ctx)
	names = map[catalog.EntityID]string{}
	for _, e := range list {
		names[e.ID] = entityName(web.Loc(ctx), e)
		options = append(options, web.Option{Value: e.ID.String(), Text: names[e.ID]})
	}
	return names, options, err
}

// owner reads which legal entity a form of a store names; nil: none, as where there
// is but one and nothing to choose.
func owner(form *web.Form) *catalog.EntityID {
	var id catalog.EntityID
	if id.UnmarshalText([]byte(form.Get("entity"))) != nil {
		return nil
	}
	return &id
}

// formerOwner is who owned a store, and until when.
type formerOwner struct {
	Name  string
	Until time.Time
}

func (a *Admin) formerOwners(ctx context.Context, store catalog.StoreID, names map[catalog.EntityID]string) (list []formerOwner, err error) {
	owners, err := a.Catalog.Owners(ctx, store)
	for _, o := range owners {
		list = append(list, formerOwner{names[o.Entity], o.Until})
	}
	return list, err
}

type settlementView struct {
	frame
	URL      web.Link
	From, To string
	Columns  columnsView
	Rows     []settlementRow
	Places   []string         // columns of the matrix
	Matrix   []settlementLine // redeemed points: by whom they are owed, and where
}

// settlementRow is what moved of one legal entity's points in the stores of another.
type settlementRow struct {
	ledger.Flow
	Owes, At string // names
}

type settlementLine struct {
	Name   string
	Points []settlementCell
	Sum    money.Points
}

type settlementCell struct {
	Points money.Points
	Own    bool
}

var settlementList = list[settlementRow]{"settlement", []column[settlementRow]{
	{"owner", "admin.settlement.owner", "", always, func(r settlementRow) any { return r.Owes }},
	{"place", "admin.settlement.place", "", everywhere, func(r settlementRow) any { return r.At }},
	{"issued", "admin.settlement.issued", "num", everywhere, func(r settlementRow) any { return r.Issued }},
	{"redeemed", "admin.settlement.redeemed", "num", everywhere, func(r settlementRow) any { return r.Redeemed }},
	{"expired", "admin.settlement.expired", "num", wide, func(r settlementRow) any { return r.Expired }},
	{"other", "admin.settlement.rest", "num", wide, func(r settlementRow) any { return r.Other }},
}}

func (a *Admin) settlementRows(r *http.Request) (rows []settlementRow, err error) {
	from, to := a.period(r)
	flows, err := a.Ledger.Flows(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	names, _, err := a.entityNames(r.Context())
	for _, f := range flows {
		rows = append(rows, settlementRow{f, names[catalog.EntityID(f.Owner)], names[catalog.EntityID(f.Place)]})
	}
	slices.SortStableFunc(rows, func(a, b settlementRow) int { return strings.Compare(a.Owes, b.Owes) })
	return rows, err
}

// matrix lays out what was redeemed: who owes it by where it was.
func matrix(rows []settlementRow) (places []string, lines []settlementLine) {
	var at []int64
	for _, r := range rows {
		if r.Redeemed != 0 && !slices.Contains(at, r.Place) {
			at, places = append(at, r.Place), append(places, r.At)
		}
	}
	byOwner := map[int64]int{}
	for _, r := range rows {
		if r.Redeemed == 0 {
			continue
		}
		i, ok := byOwner[r.Owner]
		if !ok {
			i, byOwner[r.Owner] = len(lines), len(lines)
			l := settlementLine{Name: r.Owes, Points: make([]settlementCell, len(at))}
			for j, place := range at {
				l.Points[j].Own = place == r.Owner
			}
			lines = append(lines, l)
		}
		lines[i].Points[slices.Index(at, r.Place)].Points += r.Redeemed
		lines[i].Sum += r.Redeemed
	}
	return places, lines
}

func (a *Admin) settlement(w http.ResponseWriter, r *http.Request) error {
	from, to := a.period(r)
	v := settlementView{frame: a.frame(r.Context()), URL: web.LinkOf(r), Columns: settlementList.view(r)}
	v.From, v.To = from.In(v.Zone).Format(time.DateOnly), to.In(v.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
	var err error
	if v.Rows, err = a.settlementRows(r); err != nil {
		return err
	}
	v.Places, v.Matrix = matrix(v.Rows)
	return a.pages.Render(w, r, "settlement", v)
}

func (a *Admin) exportSettlement(w http.ResponseWriter, r *http.Request) error {
	return sendList(a, w, r, settlementList, func(string) ([]settlementRow, string, error) {
		rows, err := a.settlementRows(r)
		return rows, "", err
	})
}
