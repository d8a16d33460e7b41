package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type cardView struct {
	frame
	Customer    customer.Customer
	Name        string
	Store       catalog.Store
	Born        string
	Identifiers []identifierRow
	Attributes  []fieldChange
	Consents    []consentRow // what holds now
	NoData      bool         // they do not agree that their data are kept
	Account     *ledger.Account
	Lots        []*ledger.Lot
	Level       *levelView
	Entries     []entryRow
	More        string // cursor of earlier entries
	Later       bool   // these are not the latest
	Receipts    []receiptRow
	All         bool // Receipts are all of them
	Form        *web.Form
	Kinds       []web.Option
	Qualities   []web.Option
	URL         web.Link
	Masked      bool
	Looks       []lookRow // for who may see the log
	Merges      []mergeRow
	Household   []kinRow
}

type identifierRow struct {
	customer.Identifier
	Shown string
	Known customer.Contact
}

func identifierRows(who staff.Account, c customer.Customer) (rows []identifierRow) {
	for _, i := range c.Identifiers {
		rows = append(rows, identifierRow{Identifier: i, Shown: shown(who, i.Kind, i.Value)})
	}
	return rows
}

// levelView is where a customer stands and what is missing to the next level.
type levelView struct {
	programme.Level
	Next   *programme.Level
	ToNext money.Amount
	Share  int // of the way from one to the other, in per cent
}

type entryRow struct {
	ledger.Entry
	Text   string
	Zone   *time.Location // of the store where it happened
	Change money.Points
	Earned time.Time // the points that were spent or expired; zero: nothing was
	Who    string
	Where  string
	Number string // of the receipt; empty: it has none
}

const entriesPage = 30

func (a *Admin) customerPage(w http.ResponseWriter, r *http.Request) error {
	c, err := a.customer(r)
	if err != nil {
		return err
	}
	return a.showCustomer(w, r, http.StatusOK, c, nil)
}

// showCustomer is the card; form is that of a new identifier, if it was wrong.
func (a *Admin) showCustomer(w http.ResponseWriter, r *http.Request, status int, c customer.Customer, form *web.Form) error {
	ctx, loc, who := r.Context(), web.Loc(r.Context()), web.Me(r)
	v := cardView{frame: a.frame(ctx), Customer: c, Born: born(loc, c.Born), Name: nameOf(loc, who, c), Form: form, URL: web.LinkOf(r), Masked: masked(who)}
	if form == nil {
		v.Form = web.NewForm(nil)
	}
	v.Identifiers = identifierRows(who, c)
	known, err := a.Customers.Contacts(ctx, c.Identifiers)
	if err != nil {
		return err
	}
	for i := range v.Identifiers {
		v.Identifiers[i].Known = known[v.Identifiers[i].Identifier]
	}
	for _, q := range customer.Qualities {
		v.Qualities = append(v.Qualities, web.Option{Value: string(q), Text: loc.T("admin.contacts.quality." + string(q))})
	}
	for _, k := range customer.Kinds {
		v.Kinds = append(v.Kinds, web.Option{Value: string(k), Text: loc.T("admin.identifier." + string(k))})
	}
	if store, ok := a.Catalog.Store(c.HomeStore); ok { // its days are the customer's
		v.Store, v.Zone = store, store.Zone
	}
	defined, err := a.attributesOf(ctx, c)
	if err != nil {
		return err
	}
	v.Attributes = attributeRows(loc, defined, c.Attributes, v.Masked)
	if v.Account, err = a.Ledger.Get(ctx, c.ID); err != nil {
		return err
	}
	v.Lots = v.Account.Lots()
	if v.Level, err = a.level(ctx, v.Store, c.ID); err != nil {
		return err
	}
	if !v.Masked {
		history, err := a.Customers.Consents(ctx, c.ID)
		if err != nil {
			return err
		}
		v.NoData = customer.NoData(history)
		if v.Consents, err = a.consentRows(ctx, c, customer.Current(history)); err != nil {
			return err
		}
	}
	if v.May(staff.ViewAudit) {
		if v.Looks, err = a.looksAt(ctx, who, c.ID); err != nil {
			return err
		}
	}
	if v.Household, err = a.kinRows(ctx, who, c.ID); err != nil {
		return err
	}
	if v.Merges, err = a.mergeRows(ctx, who, c); err != nil {
		return err
	}
	if err := a.story(r, &v); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "customer", v)
}

// level prices an empty basket: the answer says where the customer stands.
// Where nobody can be quoted, such as somebody who is blocked, there is none.
func (a *Admin) level(ctx context.Context, store catalog.Store, who customer.ID) (*levelView, error) {
	if store.ID == 0 {
		return nil, nil
	}
	q, err := a.Receipts.Quote(ctx, receipt.Caller{Store: store}, receipt.Draft{Customer: who})
	if errors.Is(err, receipt.ErrBlocked) {
		return nil, nil
	}
	if err != nil || q.Level.Code == "" {
		return nil, err
	}
	l := &levelView{Level: q.Level, Next: q.Next, ToNext: q.ToNext}
	if q.Next != nil {
		if way := q.Next.Threshold - q.Level.Threshold; way > 0 {
			l.Share = int(max(0, min(100, (way-q.ToNext)*100/way)))
		}
	}
	return l, nil
}

// story adds the receipts and the entries, each explained.
func (a *Admin) story(r *http.Request, v *cardView) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	me := web.Me(r)
	list, err := a.Receipts.List(ctx, receipt.Filter{Customer: v.Customer.ID, Stores: me.Scope()}, receipt.Cursor{}, 100)
	if err != nil {
		return err
	}
	numbers := map[int64]string{}
	for _, rec := range list {
		numbers[int64(rec.ID)] = rec.Number
	}
	v.All = len(list) <= 10
	if v.Receipts, err = a.receiptRows(r, list[:min(len(list), 10)]); err != nil {
		return err
	}
	var before ledger.EntryID
	if cursor, err := strconv.ParseInt(v.URL.Get("cursor"), 10, 64); err == nil {
		before, v.Later = ledger.EntryID(cursor), true
	}
	entries, err := a.Ledger.Entries(ctx, v.Customer.ID, before, entriesPage+1)
	if err != nil {
		return err
	}
	if len(entries) > entriesPage {
		entries = entries[:entriesPage]
		v.More = entries[entriesPage-1].ID.String()
	}
	var (
		ids  []staff.ID
		lots []ledger.LotID
	)
	for _, e := range entries {
		ids = append(ids, staff.ID(e.Staff))
		if spends(e) {
			lots = append(lots, e.Lot)
		}
	}
	names, err := a.Staff.Names(ctx, ids)
	if err != nil {
		return err
	}
	earned, err := a.Ledger.EarnedAt(ctx, lots)
	if err != nil {
		return err
	}
	for _, e := range entries {
		row := entryRow{Entry: e, Text: explain(loc, e), Zone: v.Zone, Change: e.Effect()}
		if spends(e) {
			row.Earned = earned[e.Lot]
		}
		theirs := me.WorksIn(catalog.StoreID(e.Store)) // where people buy besides is not the business of a store
		if s, ok := a.Catalog.Store(catalog.StoreID(e.Store)); ok && theirs {
			row.Where, row.Zone, row.Who = s.Name, s.Zone, names[staff.ID(e.Staff)]
		}
		if e.Receipt != 0 && theirs {
			if row.Number = numbers[e.Receipt]; row.Number == "" {
				row.Number = loc.T("admin.entry.receipt")
			}
		}
		v.Entries = append(v.Entries, row)
	}
	return nil
}

// spends reports whether an entry takes points of a lot for good.
func spends(e ledger.Entry) bool {
	return e.Cause == ledger.CauseRedeem || e.Cause == ledger.CauseExpire || e.Cause == ledger.CauseForfeit
}

// explain says in words what an entry did, from its cause and the accounts it
// moved points between.
func explain(loc *i18n.Localizer, e ledger.Entry) string {
	key := "admin.entry." + string(e.Cause)
	switch e.Cause {
	case ledger.CauseReturn:
		switch {
		case e.Source == ledger.Redeemed && e.Target == ledger.Expired:
			key = "admin.entry.return_expired"
		case e.Source == ledger.WrittenOff:
			key = "admin.entry.return_lost"
		case e.Source == ledger.Refund:
			key = "admin.entry.return_withheld"
		case e.Source == ledger.Debt:
			key = "admin.entry.return_debt"
		case e.Effect() > 0:
			key = "admin.entry.return_back"
		}
	case ledger.CauseMerge:
		switch {
		case e.Source == ledger.Debt || e.Target == ledger.Debt:
			key = "admin.entry.merge_debt"
		case e.Effect() > 0:
			key = "admin.entry.merge_came"
		}
	case ledger.CauseManual:
		if e.Effect() < 0 {
			key = "admin.entry.manual_taken"
		}
	case ledger.CauseOccasion:
		return loc.T("admin.entry.occasion", "day", loc.T("admin.rules.day_is."+e.Reason))
	case ledger.CauseEarn:
		if e.Target == ledger.Pending {
			key = "admin.entry.earn_pending"
		}
	}
	return loc.T(key)
}

type adjustView struct {
	frame
	Form      *web.Form
	Customer  customer.Customer
	Name      string
	Available money.Points
	Debt      money.Points // which what is given pays off first
	After     money.Points
	Change    money.Points
	Confirm   bool
	Seen      string // stamp of the account that is shown
	Ways      []web.Option
	Expires   time.Time // of what is given; zero: never
	Days      *time.Location
	Missing   bool // there is no programme that could owe points
}

func (a *Admin) showAdjust(w http.ResponseWriter, r *http.Request, status int, v adjustView) error {
	loc := web.Loc(r.Context())
	v.frame, v.Name = a.frame(r.Context()), nameOf(loc, web.Me(r), v.Customer)
	v.Ways = []web.Option{{Value: "give", Text: loc.T("admin.adjust.give")}, {Value: "take", Text: loc.T("admin.adjust.take")}}
	return a.pages.RenderStatus(w, r, status, "adjust", v)
}

// adjustment starts a view and finds the programme that owes the points.
func (a *Admin) adjustment(r *http.Request) (v adjustView, store catalog.Store, version *programme.Version, err error) {
	ctx := r.Context()
	if v.Customer, err = a.present(r); err != nil {
		return v, store, nil, err
	}
	acc, err := a.Ledger.Get(ctx, v.Customer.ID)
	if err != nil {
		return v, store, nil, err
	}
	v.Available, v.Debt, v.Seen = acc.Available(), max(0, acc.Debt-acc.Active), acc.Stamp()
	if v.Customer.HomeStore != 0 {
		if store, err = a.Catalog.StoreByID(ctx, v.Customer.HomeStore); err != nil {
			return v, store, nil, err
		}
		if version, err = a.Programmes.At(ctx, store.Code, a.Now(), v.Customer.Labels...); err != nil {
			return v, store, nil, err
		}
	}
	if version == nil {
		v.Missing = true
		return v, store, nil, nil
	}
	v.Days = store.Zone
	if days := version.Rules.Earn.ExpiryDays; days > 0 {
		v.Expires = programme.Midnight(a.Now(), days, store.Zone)
	}
	return v, store, version, nil
}

func (a *Admin) adjustPage(w http.ResponseWriter, r *http.Request) error {
	v, _, _, err := a.adjustment(r)
	if err != nil {
		return err
	}
	v.Form = web.NewForm(map[string]string{"way": "give"})
	return a.showAdjust(w, r, http.StatusOK, v)
}

// adjustPoints first shows what will be, and does it when that is confirmed.
func (a *Admin) adjustPoints(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	v, store, version, err := a.adjustment(r)
	if err != nil {
		return err
	}
	loc := web.Loc(r.Context())
	v.Form = form
	points, err := loc.ParsePoints(form.Get("points"))
	if form.Check("points", err); err == nil && points <= 0 {
		form.Check("points", errs.Of(ledger.ErrPoints))
	}
	reason := form.Get("reason")
	if reason == "" {
		form.Check("reason", errs.Of(ledger.ErrReason))
	}
	v.Change = points
	if form.Get("way") == "take" {
		v.Change = -points
		if points > v.Available {
			form.Check("points", errs.Of(ledger.ErrTooFew.With("available", v.Available)))
		}
	}
	v.After = max(0, v.Available-v.Debt+v.Change)
	if v.Missing || !form.OK() {
		return a.showAdjust(w, r, unprocessable, v)
	}
	seen := form.Get("seen")
	if !form.Has("confirm", "1") || seen == "" {
		v.Confirm = true
		return a.showAdjust(w, r, http.StatusOK, v)
	}
	who := by(r)
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		available, err := a.Ledger.AdjustTx(ctx, tx, ledger.Adjustment{
			Customer: v.Customer.ID, Points: v.Change, Reason: reason, Programme: version.ProgrammeID, ExpiresAt: v.Expires,
			Entity: int64(store.Entity), Store: int64(store.ID), Staff: int64(who.ID), Seen: seen,
		})
		return line{
			action: "customer.points_adjusted", subject: subjectOf(v.Customer.ID), store: v.Customer.HomeStore,
			after: map[string]string{"points": v.Change.String(), "reason": reason, "available": available.String()},
		}, err
	})
	if errors.Is(err, ledger.ErrMoved) { // or it was sent twice
		form.Alert, err = web.Say(loc, err), nil
		v.Confirm = true
	}
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showAdjust(w, r, unprocessable, v)
	}
	return a.backToCard(w, r, v.Customer, "admin.adjust.done")
}
