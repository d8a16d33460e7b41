package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type identifiedView struct {
	frame
	URL      web.Link
	From, To string
	Days     string // zone of these days, where some store's clock is another; empty: there is none
	By       receipt.Grouping
	Groups   []web.Option
	Columns  columnsView
	Rows     []identifiedRow
	Sort     string
	All      identifiedRow
}

// identifiedRow is a store, a till or a cashier.
type identifiedRow struct {
	receipt.Identified
	Name string
	Shop string       // of a till
	Link receiptsLink // to the receipts; zero: they cannot be chosen
}

type receiptsLink struct{ Store, Till string }

// Compared reports whether there were sales in both periods.
func (r identifiedRow) Compared() bool { return r.Now.Sales > 0 && r.Before.Sales > 0 }

// Change is by how much the rate moved against the period before.
func (r identifiedRow) Change() money.Rate {
	if !r.Compared() {
		return 0
	}
	return r.Now.Rate() - r.Before.Rate()
}

// Unknown is how many sales there were without a customer.
func (r identifiedRow) Unknown() int64 { return r.Now.Sales - r.Now.Known }

var identifiedList = list[identifiedRow]{"identified", []column[identifiedRow]{
	{"of", "admin.identified.of", "", always, func(r identifiedRow) any { return r.Name }},
	{"store", "admin.receipts.store", "", wide, func(r identifiedRow) any { return r.Shop }},
	{"sales", "admin.identified.sales", "num", wide, func(r identifiedRow) any { return r.Now.Sales }},
	{"known", "admin.identified.known", "num", roomy, func(r identifiedRow) any { return r.Now.Known }},
	{"unknown", "admin.identified.unknown", "num", roomy, func(r identifiedRow) any { return r.Unknown() }},
	{"rate", "admin.identified.rate", "num", everywhere, func(r identifiedRow) any { return shareOf(r.Now) }},
	{"before", "admin.identified.before", "num", roomy, func(r identifiedRow) any { return shareOf(r.Before) }},
	{"change", "admin.identified.change", "num", everywhere, func(r identifiedRow) any {
		if !r.Compared() {
			return ""
		}
		return r.Change()
	}},
}}

// shareOf is a rate as a file has it; without sales there is none.
func shareOf(c receipt.Counted) any {
	if c.Sales == 0 {
		return ""
	}
	return c.Rate()
}

// identifiedOrder compares rows by a column.
var identifiedOrder = map[string]func(a, b identifiedRow) int{
	"of":      func(a, b identifiedRow) int { return cmp.Compare(a.Name, b.Name) },
	"store":   func(a, b identifiedRow) int { return cmp.Compare(a.Shop, b.Shop) },
	"sales":   func(a, b identifiedRow) int { return cmp.Compare(a.Now.Sales, b.Now.Sales) },
	"known":   func(a, b identifiedRow) int { return cmp.Compare(a.Now.Known, b.Now.Known) },
	"unknown": func(a, b identifiedRow) int { return cmp.Compare(a.Unknown(), b.Unknown()) },
	"rate":    func(a, b identifiedRow) int { return cmp.Compare(a.Now.Rate(), b.Now.Rate()) },
	"before":  func(a, b identifiedRow) int { return cmp.Compare(a.Before.Rate(), b.Before.Rate()) },
	"change":  func(a, b identifiedRow) int { return cmp.Compare(a.Change(), b.Change()) },
}

// reportDays is how many days a report is of while nobody has chosen, and most.
const (
	reportDays = 30
	mostDays   = 366
)

// period reads the days of a report.
func (a *Admin) period(r *http.Request) (from, to time.Time) {
	url, zone := web.LinkOf(r), a.Settings.Get().Zone
	if to = untilDay(url.Get("to"), zone); to.IsZero() {
		to = untilDay(a.Now().In(zone).Format(time.DateOnly), zone)
	}
	if from = day(url.Get("from"), zone); from.IsZero() || !from.Before(to) {
		from = to.AddDate(0, 0, -reportDays)
	}
	if first := to.AddDate(0, 0, -mostDays); from.Before(first) {
		from = first
	}
	return from, to
}

// groupingOf is by what is asked.
func groupingOf(r *http.Request) receipt.Grouping {
	switch by := receipt.Grouping(web.LinkOf(r).Get("by")); by {
	case receipt.ByTill, receipt.ByCashier:
		return by
	}
	return receipt.ByStore
}

// sorting is the column that rows go by, and whether the last comes first.
func sorting(r *http.Request) (name string, down bool) {
	name, down = strings.CutPrefix(web.LinkOf(r).Get("sort"), "-")
	if identifiedOrder[name] == nil {
		return "rate", false
	}
	return name, down
}

// identifiedRows reads the report.
func (a *Admin) identifiedRows(r *http.Request) (rows []identifiedRow, err error) {
	ctx, by := r.Context(), groupingOf(r)
	from, to := a.period(r)
	list, err := a.Receipts.Identified(ctx, by, from, to, web.Me(r).Scope()...)
	if err != nil {
		return nil, err
	}
	name, err := a.namer(ctx, web.Loc(ctx), by, list)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		row := identifiedRow{Identified: i}
		name(&row)
		rows = append(rows, row)
	}
	column, down := sorting(r)
	slices.SortFunc(rows, func(a, b identifiedRow) int {
		c := identifiedOrder[column](a, b)
		if down {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(b.Now.Sales, a.Now.Sales), cmp.Compare(a.Of, b.Of))
	})
	return rows, nil
}

// namer gives what says whom a row is of.
func (a *Admin) namer(ctx context.Context, loc *i18n.Localizer, by receipt.Grouping, list []receipt.Identified) (func(*identifiedRow), error) {
	switch by {
	case receipt.ByTill:
		tills, err := a.Catalog.Tills(ctx, 0)
		at := map[int64]catalog.Till{}
		for _, t := range tills {
			at[int64(t.ID)] = t
		}
		return func(row *identifiedRow) {
			till := at[row.Of]
			store, _ := a.Catalog.Store(till.Store)
			row.Name, row.Shop, row.Link = till.Name, store.Name, receiptsLink{store.ID.String(), till.ID.String()}
		}, err
	case receipt.ByCashier:
		var ids []staff.ID
		for _, i := range list {
			ids = append(ids, staff.ID(i.Of))
		}
		names, err := a.Staff.Names(ctx, ids)
		return func(row *identifiedRow) {
			row.Name = cmp.Or(names[staff.ID(row.Of)], loc.T("admin.identified.no_cashier"))
		}, err
	}
	return func(row *identifiedRow) {
		store, _ := a.Catalog.Store(catalog.StoreID(row.Of))
		row.Name, row.Link = store.Name, receiptsLink{Store: store.ID.String()}
	}, nil
}

func (a *Admin) exportIdentified(w http.ResponseWriter, r *http.Request) error {
	return sendList(a, w, r, identifiedFor(r), func(string) ([]identifiedRow, string, error) {
		rows, err := a.identifiedRows(r)
		return rows, "", err
	})
}

// identifiedFor is the list without what rows of the kind do not have.
func identifiedFor(r *http.Request) list[identifiedRow] {
	l := identifiedList
	if groupingOf(r) != receipt.ByTill {
		l.columns = slices.DeleteFunc(slices.Clone(l.columns), func(c column[identifiedRow]) bool { return c.Name == "store" })
	}
	return l
}

func (a *Admin) identified(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	from, to := a.period(r)
	v := identifiedView{frame: a.frame(ctx), URL: web.LinkOf(r), By: groupingOf(r), Columns: identifiedFor(r).view(r)}
	v.From, v.To = from.In(v.Zone).Format(time.DateOnly), to.In(v.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
	name, down := sorting(r)
	if v.Sort = name; down {
		v.Sort = "-" + name
	}
	for _, by := range []receipt.Grouping{receipt.ByStore, receipt.ByTill, receipt.ByCashier} {
		value := string(by)
		if by == receipt.ByStore {
			value = "" // what is shown while nobody has chosen
		}
		v.Groups = append(v.Groups, web.Option{Value: value, Text: loc.T("admin.identified.by_is." + string(by))})
	}
	var err error
	if v.Rows, err = a.identifiedRows(r); err != nil {
		return err
	}
	for _, row := range v.Rows {
		v.All.Now.Sales += row.Now.Sales
		v.All.Now.Known += row.Now.Known
		v.All.Before.Sales += row.Before.Sales
		v.All.Before.Known += row.Before.Known
	}
	if v.Days, err = a.otherDays(ctx); err != nil {
		return err
	}
	return a.pages.Render(w, r, "identified", v)
}
