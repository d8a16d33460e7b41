package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// errMergeChanged sends somebody back to look again.
var errMergeChanged = errs.New(errs.Conflict, "merge_changed", "Something of the two profiles has changed since they were shown. Look at them again.")

// mergeView is two profiles and what would become of them; without the other, a
// search for it.
type mergeView struct {
	frame
	Customer customer.Customer // who stays
	Name     string
	Other    *customer.Customer // who goes; nil: still to be chosen
	Called   string             // who goes
	OwnIDs   []identifierRow
	TheirIDs []identifierRow
	URL      web.Link
	Found    []customerRow
	Fields   []mergeField
	Levels   *[3]string // of who stays, of who goes, and after; nil: there are none
	Own      *ledger.Account
	Theirs   *ledger.Account
	Out      merge.Outcome
	Seen     string
	Form     *web.Form
}

// mergeField is what the profiles say in one field, and which of them is kept.
type mergeField struct {
	Name          string
	Own, Other    string
	Comes, Differ bool // from who goes; both say something, and not the same
}

// mergePage shows what a merge would do, or looks for whom to merge with.
func (a *Admin) mergePage(w http.ResponseWriter, r *http.Request) error {
	c, err := a.present(r)
	if err != nil {
		return err
	}
	return a.showMerge(w, r, http.StatusOK, c, web.NewForm(nil))
}

func (a *Admin) showMerge(w http.ResponseWriter, r *http.Request, status int, c customer.Customer, form *web.Form) (err error) {
	ctx, loc, me := r.Context(), web.Loc(r.Context()), web.Me(r)
	v := mergeView{frame: a.frame(ctx), Customer: c, Name: nameOf(loc, me, c), URL: web.LinkOf(r), Form: form}
	other, err := a.other(r, v.URL.Get("with"))
	if err != nil {
		return err
	}
	if other == nil {
		if v.Found, err = a.anotherFound(r); err != nil {
			return err
		}
		return a.pages.RenderStatus(w, r, status, "merge", v)
	}
	v.Other, v.Called, v.OwnIDs, v.TheirIDs = other, nameOf(loc, me, *other), identifierRows(me, c), identifierRows(me, *other)
	v.Out, err = a.Merges.Preview(ctx, other.ID, c.ID)
	if said := mergeRefusal(err); said != nil {
		v.Form.Alert = web.Say(loc, said)
		return a.pages.RenderStatus(w, r, unprocessable, "merge", v)
	} else if err != nil {
		return err
	}
	accounts, err := a.Ledger.GetAll(ctx, []customer.ID{c.ID, other.ID})
	if err != nil {
		return err
	}
	v.Own, v.Theirs, v.Seen = accounts[c.ID], accounts[other.ID], seenOf(v.Out)
	v.Fields = a.mergeFields(loc, c, *other, v.Out.Customer)
	if v.Levels, err = a.mergeLevels(ctx, c, *other, v.Out); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "merge", v)
}

// anotherFound are those whom a search on somebody's page finds; none: nobody is looked for.
func (a *Admin) anotherFound(r *http.Request) (rows []customerRow, err error) {
	ctx, me := r.Context(), web.Me(r)
	words := strings.TrimSpace(web.LinkOf(r).Get("q"))
	if words == "" {
		return nil, nil
	}
	list, err := a.searchWithin(ctx, me, words, 20)
	if err != nil {
		return nil, err
	}
	if rows, err = a.customerRows(ctx, web.Loc(ctx), me, list); err != nil {
		return nil, err
	}
	return rows, a.searched(r, words, rows, false)
}

// mergeLevels are the levels of two customers where the one who stays is at home; nil
// where a programme that is stopped gives none.
func (a *Admin) mergeLevels(ctx context.Context, own, other customer.Customer, out merge.Outcome) (*[3]string, error) {
	store, ok := a.Catalog.Store(own.HomeStore)
	if !ok {
		return nil, nil
	}
	version, err := a.Programmes.At(ctx, store.Code, a.Now(), own.Labels...)
	if err != nil || version == nil || version.Rules.Stopped || len(version.Rules.Levels) < 2 {
		return nil, err
	}
	names := [3]string{2: version.Rules.Levels[0].Name}
	for i, c := range []customer.Customer{own, other} {
		l, err := a.level(ctx, store, c.ID)
		if err != nil {
			return nil, err
		}
		if l != nil {
			names[i] = l.Name
		}
	}
	if t := programme.TierOf(out.Tiers, version.ProgrammeID); t != nil {
		if l, ok := version.Rules.Level(t.Level); ok {
			names[2] = l.Name
		}
	}
	return &names, nil
}

// mergeRefusal is why two profiles cannot be merged, for whoever asked; nil: they
// can, or something broke.
func mergeRefusal(err error) error {
	for _, e := range []*errs.Error{customer.ErrSame, customer.ErrGone, customer.ErrTooMany, ledger.ErrHeld, ledger.ErrTooMuch} {
		if errors.Is(err, e) {
			return e
		}
	}
	return nil
}

// other is the profile that is named beside the one of the page; nil: none is.
func (a *Admin) other(r *http.Request, text string) (*customer.Customer, error) {
	if text == "" {
		return nil, nil
	}
	var which customer.ID
	if which.UnmarshalText([]byte(text)) != nil {
		return nil, customer.ErrNotFound
	}
	c, err := a.customerOf(r.Context(), web.Me(r), which)
	if err == nil && r.Method == http.MethodGet {
		err = a.looked(r, c)
	}
	return &c, err
}

// seenOf stands for what a preview showed.
func seenOf(out merge.Outcome) string {
	return fmt.Sprint(out.Account.Active, out.Account.Pending, out.Account.Debt, out.Account.Receipts, len(out.Receipts), len(out.Consents), out.Filled, len(out.Customer.Identifiers), out.Home)
}

// mergeFields lays two profiles side by side.
func (a *Admin) mergeFields(loc *i18n.Localizer, own, other, is customer.Customer) (list []mergeField) {
	store := func(c customer.Customer) string {
		s, _ := a.Catalog.Store(c.HomeStore)
		return s.Name
	}
	sex := func(c customer.Customer) string {
		if c.Sex == "" {
			return ""
		}
		return loc.T("admin.customer.sex." + string(c.Sex))
	}
	for _, f := range []struct {
		name string
		of   func(customer.Customer) string
	}{
		{"admin.customer.first_name", func(c customer.Customer) string { return c.FirstName }},
		{"admin.customer.last_name", func(c customer.Customer) string { return c.LastName }},
		{"admin.customer.middle_name", func(c customer.Customer) string { return c.MiddleName }},
		{"admin.customer.born", func(c customer.Customer) string { return born(loc, c.Born) }},
		{"admin.customer.sex_label", sex},
		{"admin.customer.city", func(c customer.Customer) string { return c.City }},
		{"admin.customer.home_store", store},
		{"admin.customer.note", func(c customer.Customer) string { return c.Note }},
	} {
		x, y := f.of(own), f.of(other)
		if x == "" && y == "" {
			continue
		}
		list = append(list, mergeField{Name: loc.T(f.name), Own: x, Other: y, Comes: x == "" && f.of(is) == y, Differ: x != "" && y != "" && x != y})
	}
	return list
}

// mergeCustomers has the other profile go into that of the page.
func (a *Admin) mergeCustomers(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	other, err := a.other(r, form.Get("with"))
	if err != nil {
		return err
	}
	if other == nil {
		return customer.ErrSame
	}
	_, err = a.Merges.Merge(r.Context(), other.ID, c.ID, web.Me(r).ID, func(ctx context.Context, tx *db.Tx, out merge.Outcome) error {
		if seenOf(out) != form.Get("seen") {
			return errMergeChanged
		}
		if err := a.auditTx(ctx, tx, by(r), line{
			action: "customer.merged", subject: subjectOf(other.ID), store: other.HomeStore, after: map[string]string{"into": subjectOf(c.ID)},
		}); err != nil {
			return err
		}
		return a.auditTx(ctx, tx, by(r), line{action: "customer.joined", subject: subjectOf(c.ID), store: c.HomeStore, after: map[string]string{"from": subjectOf(other.ID)}})
	})
	if errors.Is(err, errMergeChanged) || mergeRefusal(err) != nil {
		v := web.NewForm(nil)
		v.Alert = web.Say(web.Loc(r.Context()), err)
		r.URL.RawQuery = "with=" + other.ID.String()
		return a.showMerge(w, r, http.StatusConflict, c, v)
	}
	if err != nil {
		return err
	}
	return a.backToCard(w, r, c, "admin.merge.done")
}

// unmergeCustomers takes a merge apart of which the page's profile is one side.
func (a *Admin) unmergeCustomers(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	c, err := a.customer(r) // who went, too
	if err != nil {
		return err
	}
	var which merge.ID
	if which.UnmarshalText([]byte(form.Get("merge"))) != nil {
		return customer.ErrSame
	}
	m, err := a.Merges.Get(r.Context(), which)
	if err != nil {
		return err
	}
	if m.From != c.ID && m.Into != c.ID {
		return merge.ErrNotFound
	}
	// Whoever sees one of them only does not part them.
	for _, who := range []customer.ID{m.From, m.Into} {
		if _, err := a.customerOf(r.Context(), web.Me(r), who); err != nil {
			return err
		}
	}
	err = a.Merges.Undo(r.Context(), which, web.Me(r).ID, func(ctx context.Context, tx *db.Tx, m merge.Merge) error {
		for _, who := range []customer.ID{m.From, m.Into} {
			if err := a.auditTx(ctx, tx, by(r), line{action: "customer.parted", subject: subjectOf(who), store: c.HomeStore}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.backToCard(w, r, c, "admin.merge.undone")
}

// mergeRow is a merge on a customer's card.
type mergeRow struct {
	merge.Merge
	Other customer.ID // the other side
	Name  string
	Who   string
	Came  bool // the other went into this one
	Can   bool // be undone from here
}

// mergeRows are the merges that hold of which a customer is a side.
func (a *Admin) mergeRows(ctx context.Context, who staff.Account, c customer.Customer) (rows []mergeRow, err error) {
	list, err := a.Merges.Of(ctx, c.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	names := map[staff.ID]string{}
	for _, m := range list {
		if !m.UndoneAt.IsZero() {
			continue
		}
		row := mergeRow{Merge: m, Other: m.From, Came: m.Into == c.ID}
		if !row.Came {
			row.Other = m.Into
		}
		other, err := a.customerOf(ctx, who, row.Other)
		switch {
		case err == nil:
			row.Name, row.Can = nameOf(web.Loc(ctx), who, other), who.Can(staff.EditCustomers)
		case !errors.Is(err, customer.ErrNotFound):
			return nil, err
		}
		if _, known := names[m.Staff]; !known {
			found, err := a.Staff.Names(ctx, []staff.ID{m.Staff})
			if err != nil {
				return nil, err
			}
			names[m.Staff] = found[m.Staff]
		}
		row.Who = names[m.Staff]
		rows = append(rows, row)
	}
	return rows, nil
}

type duplicatesView struct {
	frame
	Pairs []pairRow
}

// pairRow is two profiles that may be of one person.
type pairRow struct {
	Why  string
	A, B customerRow
}

// duplicates lists the pairs that are suggested.
func (a *Admin) duplicates(w http.ResponseWriter, r *http.Request) error {
	ctx, loc, me := r.Context(), web.Loc(r.Context()), web.Me(r)
	v := duplicatesView{frame: a.frame(ctx)}
	pairs, err := a.Customers.Pairs(ctx, me.Scope(), 50)
	if err != nil {
		return err
	}
	var ids []customer.ID
	for _, p := range pairs {
		ids = append(ids, p.A, p.B)
	}
	list, err := a.Customers.GetAll(ctx, ids)
	if err != nil {
		return err
	}
	rows, err := a.customerRows(ctx, loc, me, list)
	if err != nil {
		return err
	}
	byID := map[customer.ID]customerRow{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	for _, p := range pairs {
		v.Pairs = append(v.Pairs, pairRow{p.Why, byID[p.A], byID[p.B]})
	}
	if err := a.searched(r, "", rows, len(pairs) == 50); err != nil {
		return err
	}
	return a.pages.Render(w, r, "duplicates", v)
}

// settleDuplicate notes that two profiles are two people.
func (a *Admin) settleDuplicate(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	x, err := a.other(r, form.Get("a"))
	if err != nil {
		return err
	}
	y, err := a.other(r, form.Get("b"))
	if err != nil {
		return err
	}
	if x == nil || y == nil {
		return customer.ErrSame
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		return line{action: "customer.told_apart", subject: subjectOf(x.ID), store: x.HomeStore, after: map[string]string{"from": subjectOf(y.ID)}},
			a.Customers.SettleTx(ctx, tx, x.ID, y.ID, int64(web.Me(r).ID))
	})
	if err != nil {
		return err
	}
	a.good(w, r, "admin.duplicates.settled")
	web.Redirect(w, r, "/duplicates")
	return nil
}
