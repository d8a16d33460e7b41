// Package privacy is what a person may ask of whoever keeps their data: all of it in
// one file, and to be forgotten.
//
// Erasing takes everything personal and keeps what the books need: receipts and
// entries under a number that leads to nobody. Points that are left are taken, as
// nobody can spend them. It cannot be undone, and copies made before hold what was
// there.
//
// Which tables hold personal data is each package's to know; this one asks them.
package privacy

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// Service exports and erases.
type Service struct {
	db        *db.DB
	now       func() time.Time
	staff     *staff.Service
	catalog   *catalog.Service
	customers *customer.Service
	ledger    *ledger.Service
	receipts  *receipt.Service
	merges    *merge.Service
	giftcards *giftcard.Service
}

// New makes the service.
func New(d *db.DB, now func() time.Time, st *staff.Service, ca *catalog.Service, cu *customer.Service, le *ledger.Service, re *receipt.Service, me *merge.Service, gc *giftcard.Service) *Service {
	return &Service{d, now, st, ca, cu, le, re, me, gc}
}

// The file of one person's data. Sums are decimals in the installation's currency,
// ids strings, times UTC.
type (
	file struct {
		Exported  time.Time     `json:"exported_at"`
		Currency  string        `json:"currency"`
		Profile   profile       `json:"profile"`
		Former    []profile     `json:"merged_profiles,omitempty"`
		Household *household    `json:"household,omitempty"`
		Consents  []consent     `json:"consents"`
		Points    points        `json:"points"`
		Receipts  []receiptRow  `json:"receipts"`
		Cards     []giftcardRow `json:"gift_cards,omitempty"`
	}
	profile struct {
		ID           string              `json:"id"`
		State        customer.State      `json:"state"`
		FirstName    string              `json:"first_name,omitempty"`
		LastName     string              `json:"last_name,omitempty"`
		MiddleName   string              `json:"middle_name,omitempty"`
		Sex          customer.Sex        `json:"sex,omitempty"`
		Born         string              `json:"born,omitempty"`
		City         string              `json:"city,omitempty"`
		Language     string              `json:"language,omitempty"`
		Source       string              `json:"source,omitempty"`
		Note         string              `json:"note,omitempty"`
		Attributes   customer.Attributes `json:"attributes,omitempty"`
		Labels       []string            `json:"labels,omitempty"`
		HomeStore    string              `json:"home_store,omitempty"`
		RegisteredAt time.Time           `json:"registered_at"`
		Identifiers  []identifier        `json:"identifiers"`
	}
	// The others in it are other people: only how many they are is told.
	household struct {
		Since   time.Time `json:"since"`
		Head    bool      `json:"head"`
		Members int       `json:"members"`
	}
	identifier struct {
		Kind    customer.Kind    `json:"kind"`
		Value   string           `json:"value"`
		Quality customer.Quality `json:"quality,omitempty"`
		Reason  string           `json:"reason,omitempty"`
	}
	consent struct {
		Channel  customer.Channel `json:"channel"`
		Purpose  customer.Purpose `json:"purpose"`
		Given    bool             `json:"given"`
		At       time.Time        `json:"at"`
		Source   string           `json:"source"`
		Store    string           `json:"store,omitempty"`
		Wording  string           `json:"wording,omitempty"`
		Text     string           `json:"text,omitempty"` // as it was shown
		Language string           `json:"language,omitempty"`
		Proof    string           `json:"proof,omitempty"`
		Reason   string           `json:"reason,omitempty"`
	}
	points struct {
		Available string  `json:"available"`
		Pending   string  `json:"pending"`
		Debt      string  `json:"debt"`
		Entries   []entry `json:"entries"`
	}
	entry struct {
		At      time.Time    `json:"at"`
		Cause   ledger.Cause `json:"cause"`
		From    ledger.Name  `json:"from"`
		To      ledger.Name  `json:"to"`
		Points  string       `json:"points"`
		Receipt string       `json:"receipt,omitempty"`
		Reason  string       `json:"reason,omitempty"`
	}
	receiptRow struct {
		ID       string       `json:"id"`
		Kind     receipt.Kind `json:"kind"`
		Number   string       `json:"number"`
		Store    string       `json:"store"`
		SoldAt   time.Time    `json:"sold_at"`
		Total    string       `json:"total"`
		Redeemed string       `json:"redeemed"`
		Earned   string       `json:"earned"`
		Lines    []line       `json:"lines"`
	}
	giftcardRow struct {
		EndsWith  string     `json:"ends_with"` // of the number, which is not kept
		Balance   string     `json:"balance"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	}
	line struct {
		SKU      string `json:"sku,omitempty"`
		Name     string `json:"name,omitempty"`
		Quantity string `json:"quantity"`
		Total    string `json:"total"`
	}
)

// page is how many rows are read at a time.
const page = 500

// Export writes everything that is kept of a customer, and of the profiles that were
// merged into theirs, as JSON. It fails with customer.ErrNotFound.
func (s *Service) Export(ctx context.Context, who customer.ID, w io.Writer) (err error) {
	defer errs.Wrap(&err, "export customer %s", who)
	currency := s.receipts.Currency()
	f := file{Exported: s.now().UTC(), Currency: currency.Code, Consents: []consent{}, Receipts: []receiptRow{}}
	people, err := s.people(ctx, who)
	if err != nil {
		return err
	}
	texts, err := s.customers.Wordings(ctx)
	if err != nil {
		return err
	}
	for i, c := range people {
		known, err := s.customers.Contacts(ctx, c.Identifiers)
		if err != nil {
			return err
		}
		p := s.profile(&c)
		for n, i := range c.Identifiers {
			p.Identifiers[n].Quality, p.Identifiers[n].Reason = known[i].Quality, known[i].Reason
		}
		if i == 0 {
			f.Profile = p
		} else {
			f.Former = append(f.Former, p)
		}
		said, err := s.customers.Consents(ctx, c.ID)
		if err != nil {
			return err
		}
		for _, c := range said {
			row := consent{Channel: c.Channel, Purpose: c.Purpose, Given: c.Given, At: c.At, Source: c.Source, Wording: c.Wording, Language: c.Language, Proof: c.Proof, Reason: c.Reason}
			if w := texts.Of(c.Text); w != nil {
				row.Text, _ = w.Shown(c.Language)
			}
			if store, ok := s.catalog.Store(c.Store); ok {
				row.Store = store.Name
			}
			f.Consents = append(f.Consents, row)
		}
		if err := s.entries(ctx, c.ID, &f.Points); err != nil {
			return err
		}
	}
	home, err := s.customers.Household(ctx, who)
	if err != nil {
		return err
	}
	if m := home.Of(who); home.ID != 0 {
		f.Household = &household{m.Since, m.Head, len(home.Members)}
	}
	account, err := s.ledger.Get(ctx, who)
	if err != nil {
		return err
	}
	f.Points.Available, f.Points.Pending, f.Points.Debt = account.Available().String(), account.Pending.String(), account.Debt.String()
	for after := receipt.ID(0); ; {
		list, err := s.receipts.Whole(ctx, who, after, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			f.Receipts = append(f.Receipts, s.receipt(currency, r))
			after = r.ID
		}
		if len(list) < page {
			break
		}
	}
	ids := make([]customer.ID, len(people))
	for i, c := range people {
		ids[i] = c.ID
	}
	cards, err := s.giftcards.Of(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range cards {
		row := giftcardRow{EndsWith: c.Hint, Balance: currency.Format(c.Balance)}
		if !c.ExpiresAt.IsZero() {
			row.ExpiresAt = &c.ExpiresAt
		}
		f.Cards = append(f.Cards, row)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	e.SetEscapeHTML(false)
	return e.Encode(f)
}

// people are a customer and who was merged into them, the customer first.
func (s *Service) people(ctx context.Context, who customer.ID) (list []customer.Customer, err error) {
	ids := []customer.ID{who}
	for i := 0; i < len(ids); i++ {
		merges, err := s.merges.Of(ctx, ids[i])
		if err != nil {
			return nil, err
		}
		for _, m := range merges {
			if m.Into == ids[i] && m.UndoneAt.IsZero() {
				ids = append(ids, m.From)
			}
		}
	}
	list, err = s.customers.GetAll(ctx, ids)
	if err == nil && (len(list) == 0 || list[0].ID != who) {
		err = customer.ErrNotFound
	}
	return list, err
}

func (s *Service) profile(c *customer.Customer) profile {
	p := profile{
		ID: c.ID.String(), State: c.State, FirstName: c.FirstName, LastName: c.LastName, MiddleName: c.MiddleName, Sex: c.Sex, Born: c.Born, City: c.City,
		Language: c.Language, Source: c.Source, Note: c.Note, Attributes: c.Attributes, Labels: c.Labels, RegisteredAt: c.RegisteredAt, Identifiers: []identifier{},
	}
	if store, ok := s.catalog.Store(c.HomeStore); ok {
		p.HomeStore = store.Name
	}
	for _, i := range c.Identifiers {
		p.Identifiers = append(p.Identifiers, identifier{Kind: i.Kind, Value: i.Value})
	}
	return p
}

func (s *Service) entries(ctx context.Context, who customer.ID, p *points) error {
	for before := ledger.EntryID(0); ; {
		list, err := s.ledger.Entries(ctx, who, before, page)
		if err != nil {
			return err
		}
		for _, e := range list {
			row := entry{At: e.At, Cause: e.Cause, From: e.Source, To: e.Target, Points: e.Points.String(), Reason: e.Reason}
			if e.Receipt != 0 {
				row.Receipt = receipt.ID(e.Receipt).String()
			}
			p.Entries = append(p.Entries, row)
			before = e.ID
		}
		if len(list) < page {
			return nil
		}
	}
}

func (s *Service) receipt(c money.Currency, r *receipt.Receipt) receiptRow {
	row := receiptRow{
		ID: r.ID.String(), Kind: r.Kind, Number: r.Number, SoldAt: r.SoldAt, Total: c.Format(r.Total), Redeemed: r.Redeemed.String(), Earned: r.Earned.String(), Lines: []line{},
	}
	if store, ok := s.catalog.Store(r.Store); ok {
		row.Store = store.Name
	}
	for _, l := range r.Lines {
		row.Lines = append(row.Lines, line{l.SKU, l.Name, l.Quantity.String(), c.Format(l.Total)})
	}
	return row
}

// Erased is what Erase did.
type Erased struct {
	Profiles []customer.ID // the customer, and those merged into them
	Points   money.Points  // that were left, and taken
}

// Erase has a customer forgotten; also is done in its transaction, and writes the line
// of the audit log. by is who of the staff does it. It fails with customer.ErrNotFound,
// customer.ErrGone or ledger.ErrHeld.
func (s *Service) Erase(ctx context.Context, who customer.ID, by staff.By, reason string) (out Erased, err error) {
	defer errs.Wrap(&err, "erase customer %s", who)
	c, err := s.customers.Get(ctx, who)
	if err != nil {
		return out, err
	}
	m := ledger.Move{Cause: ledger.CauseManual, Entity: int64(catalog.DefaultEntity), Staff: int64(by.ID), Reason: "erased", At: s.now().UTC().Truncate(time.Microsecond)}
	if store, ok := s.catalog.Store(c.HomeStore); ok {
		m.Entity, m.Store = int64(store.Entity), int64(store.ID)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if out.Profiles, err = s.customers.EraseTx(ctx, tx, who); err != nil {
			return err
		}
		if out.Points, err = s.ledger.ForfeitTx(ctx, tx, who, m); err != nil {
			return err
		}
		if err := s.merges.ForgetTx(ctx, tx, out.Profiles); err != nil {
			return err
		}
		if err := s.giftcards.ForgetTx(ctx, tx, out.Profiles); err != nil {
			return err
		}
		if out.Points > 0 {
			body, err := json.Marshal(map[string]string{"points": "-" + out.Points.String()})
			if err != nil {
				return err
			}
			if err := s.staff.AuditTx(ctx, tx, staff.Entry{Actor: by.ID, IP: by.IP, Action: "customer.points_adjusted", Subject: "customer:" + who.String(), Store: c.HomeStore, After: body}); err != nil {
				return err
			}
		}
		body, err := json.Marshal(map[string]string{"reason": reason})
		if err != nil {
			return err
		}
		return s.staff.AuditTx(ctx, tx, staff.Entry{Actor: by.ID, IP: by.IP, Action: "customer.erased", Subject: "customer:" + who.String(), Store: c.HomeStore, After: body})
	})
	return out, err
}
