package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"regulars/internal/base/fold"
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

// searched notes a search that showed people; the only one who was found is
// named.
func (a *Admin) searched(r *http.Request, words string, found []customerRow, more bool) error {
	if len(found) == 0 {
		return nil
	}
	who := by(r)
	e := staff.Entry{Actor: who.ID, IP: who.IP, Action: lookSearch}
	if len(found) == 1 {
		e.Subject, e.Store = subjectOf(found[0].ID), found[0].home
	} else if stores := web.Me(r).Scope(); len(stores) == 1 {
		e.Store = stores[0]
	}
	var err error
	if e.After, err = json.Marshal(map[string]any{"by": wordsKind(words), "found": len(found), "more": more}); err != nil {
		return err
	}
	return a.Staff.Look(r.Context(), e)
}

// sawIn notes that a list of receipts showed who bought; one person's own list is noted
// by looked.
func (a *Admin) sawIn(r *http.Request, rows []receiptRow) error {
	seen := map[customer.ID]bool{}
	for _, row := range rows {
		if row.Name != "" && row.Customer != 0 {
			seen[row.Customer] = true
		}
	}
	if len(seen) == 0 || web.LinkOf(r).Get("customer") != "" {
		return nil
	}
	who := by(r)
	e := staff.Entry{Actor: who.ID, IP: who.IP, Action: lookSearch}
	if stores := web.Me(r).Scope(); len(stores) == 1 {
		e.Store = stores[0]
	}
	var err error
	if e.After, err = json.Marshal(map[string]any{"by": "receipts", "found": len(seen)}); err != nil {
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
