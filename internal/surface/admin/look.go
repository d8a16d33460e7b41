package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// What people look at is written into the log as what they change is: whom they
// opened, and that they searched, with how many were shown. What was searched
// for is not kept: it may be a name or a number, and the log is for ever.
const (
	lookCard   = "look.card"
	lookSearch = "look.search"
	lookData   = "look.data"
)

// looked notes that somebody opened the card of a customer, or a page of it.
func (a *Admin) looked(r *http.Request, c customer.Customer) error {
	who := by(r)
	return a.Staff.Look(r.Context(), staff.Entry{Actor: who.ID, IP: who.IP, Action: lookCard, Subject: subjectOf(c.ID), Store: c.HomeStore})
}

// searched notes a search that showed people.
func (a *Admin) searched(r *http.Request, words string, found []customerRow, more bool) error {
	seen := map[customer.ID]catalog.StoreID{}
	for i := range found {
		seen[found[i].ID] = found[i].home
	}
	return a.saw(r, wordsKind(words), seen, more)
}

// saw notes that a list showed people, each with a store that they belong to; the only
// one who was found is named.
func (a *Admin) saw(r *http.Request, by string, seen map[customer.ID]catalog.StoreID, more bool) error {
	if len(seen) == 0 {
		return nil
	}
	me := web.Me(r)
	e := staff.Entry{Actor: me.ID, IP: web.Client(r).IP, Action: lookSearch}
	if stores := me.Scope(); len(stores) == 1 {
		e.Store = stores[0]
	}
	if len(seen) == 1 {
		for who, store := range seen {
			e.Subject, e.Store = subjectOf(who), store
		}
	}
	var err error
	if e.After, err = json.Marshal(map[string]any{"by": by, "found": len(seen), "more": more}); err != nil {
		return err
	}
	return a.Staff.Look(r.Context(), e)
}

// wordsKind says what was searched by without saying what it was.
func wordsKind(words string) string {
	words = fold.Line(words)
	switch {
	case words == "":
		return "list"
	case strings.Contains(words, "@"):
		return "email"
	case strings.Trim(words, "0123456789+-() ") == "":
		return "number"
	}
	return "name"
}

// lookRow is one time that somebody looked.
type lookRow struct {
	staff.Entry
	Who string
}

// latestLooks is how many a card shows.
const latestLooks = 5

// looksAt are the latest times that somebody opened a card or found only this
// customer.
func (a *Admin) looksAt(ctx context.Context, who staff.Account, id customer.ID) (rows []lookRow, err error) {
	list, _, err := a.Staff.Audit(ctx, staff.Filter{Action: "look.", Subject: subjectOf(id), Stores: who.Scope()}, "", latestLooks)
	if err != nil {
		return nil, err
	}
	var ids []staff.ID
	for _, e := range list {
		ids = append(ids, e.Actor)
	}
	names, err := a.Staff.Names(ctx, ids)
	for _, e := range list {
		rows = append(rows, lookRow{e, names[e.Actor]})
	}
	return rows, err
}
