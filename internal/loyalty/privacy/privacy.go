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
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// Service exports and erases.
type Service struct {
	db         *db.DB
	now        func() time.Time
	staff      *staff.Service
	catalog    *catalog.Service
	customers  *customer.Service
	households *household.Service
	programmes *programme.Service
	ledger     *ledger.Service
	confirm    *confirm.Service
	receipts   *receipt.Service
	merges     *merge.Service
	giftcards  *giftcard.Service
}

// New makes the service.
func New(d *db.DB, now func() time.Time, st *staff.Service, ca *catalog.Service, cu *customer.Service, ho *household.Service, pr *programme.Service, le *ledger.Service, co *confirm.Service, re *receipt.Service, me *merge.Service, gc *giftcard.Service) *Service {
	return &Service{d, now, st, ca, cu, ho, pr, le, co, re, me, gc}
}

// The file of one person's data. Sums are decimals in the installation's currency,
// ids strings, times UTC.
type (
	file struct {
		Exported  time.Time     `json:"exported_at"`
		Currency  string        `json:"currency"`
		Profile   profile       `json:"profile"`
		Former    []profile     `json:"merged_profiles,omitempty"`
		Household *householdRow `json:"household,omitempty"`
		Consents  []consent     `json:"consents"`
		Levels    []level       `json:"levels,omitempty"`
		History   []levelChange `json:"level_history,omitempty"`
		Points    points        `json:"points"`
		Receipts  []receiptRow  `json:"receipts"`
		Cards     []giftcardRow `json:"gift_cards,omitempty"`
		Codes     []code        `json:"codes,omitempty"`
		Log       []deed        `json:"log,omitempty"`
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
	householdRow struct {
		Since   time.Time `json:"since"`
		Head    bool      `json:"head"`
		Members int       `json:"members"`
	}
	identifier struct {
		Kind    customer.Kind    `json:"kind"`
		Value   string           `json:"value"`
		Quality customer.Quality `json:"quality,omitempty"`
		Reason  string           `json:"reason,omitempty"`
		Since   *time.Time       `json:"since,omitempty"`
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
	// Of whom nothing is kept here they are at the first level.
	level struct {
		Programme  string     `json:"programme"`
		Level      string     `json:"level"` // code
		Name       string     `json:"name,omitempty"`
		Since      time.Time  `json:"since"`
		Given      string     `json:"given,omitempty"` // by hand or by a file: they do not fall under it
		GivenUntil *time.Time `json:"given_until,omitempty"`
	}
	levelChange struct {
		At        time.Time `json:"at"`
		Cause     string    `json:"cause"` // reached, changed or granted
		Programme string    `json:"programme,omitempty"`
		Was       string    `json:"was,omitempty"`
		Level     string    `json:"level"` // granted: empty where it was taken back
		Until     string    `json:"until,omitempty"`
		Receipt   string    `json:"receipt,omitempty"` // that reached it
	}
	points struct {
		Available string  `json:"available"`
		Pending   string  `json:"pending"`
		Held      string  `json:"held"` // for what is being paid
		Debt      string  `json:"debt"`
		Lots      []lot   `json:"lots"`
		Entries   []entry `json:"entries"`
	}
	// What is left of what was earned, and until when.
	lot struct {
		EarnedAt    time.Time  `json:"earned_at"`
		AvailableAt time.Time  `json:"available_at"`
		ExpiresAt   *time.Time `json:"expires_at,omitempty"`
		Points      string     `json:"points"`
	}
	// A code by which they said that points may be taken, or that a phone is theirs.
	code struct {
		At          time.Time  `json:"at"`
		Store       string     `json:"store,omitempty"`
		Points      string     `json:"points"` // 0.00: they registered with it
		SentAt      *time.Time `json:"sent_at,omitempty"`
		ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	}
	// A look at them, or a change, by somebody of the staff. When and what is the
	// person's to know, not who: that is the staff's own data.
	deed struct {
		At     time.Time `json:"at"`
		What   string    `json:"what"`
		Reason string    `json:"reason,omitempty"`
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
		Level    string       `json:"level,omitempty"` // code; theirs then
		Total    string       `json:"total"`
		Redeemed string       `json:"redeemed"`
		Earned   string       `json:"earned"`
		Reason   string       `json:"reason,omitempty"` // of what was taken off or given back
		Note     string       `json:"note,omitempty"`   // of an import
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
	f := file{Exported: s.now().UTC(), Currency: s.receipts.Currency().Code, Consents: []consent{}, Receipts: []receiptRow{}}
	people, err := s.people(ctx, who)
	if err != nil {
		return err
	}
	ids := make([]customer.ID, len(people))
	for i, c := range people {
		ids[i] = c.ID
	}
	for _, part := range []func(context.Context, []customer.ID, *file) error{
		s.household, s.points, s.bought, s.giftcardRows, s.levels, s.codes, s.deeds,
	} {
		if err := part(ctx, ids, &f); err != nil {
			return err
		}
	}
	if err := s.profiles(ctx, people, &f); err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	e.SetEscapeHTML(false)
	return e.Encode(f)
}

// profiles are those of a customer, the first, and of who was merged into them, with what
// they have agreed to.
func (s *Service) profiles(ctx context.Context, people []customer.Customer, f *file) error {
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
			if is, ok := known[i]; ok {
				p.Identifiers[n].Quality, p.Identifiers[n].Reason, p.Identifiers[n].Since = is.Quality, is.Reason, &is.Since
			}
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
	}
	return nil
}

func (s *Service) household(ctx context.Context, ids []customer.ID, f *file) error {
	home, err := s.households.Of(ctx, ids[0])
	if m := home.Of(ids[0]); err == nil && home.ID != 0 {
		f.Household = &householdRow{m.Since, m.Head, len(home.Members)}
	}
	return err
}

// points are what a customer has, and every movement of theirs and of those of who was
// merged into them.
func (s *Service) points(ctx context.Context, ids []customer.ID, f *file) error {
	account, err := s.ledger.Get(ctx, ids[0])
	if err != nil {
		return err
	}
	p := &f.Points
	p.Available, p.Pending, p.Debt, p.Held = account.Available().String(), account.Pending.String(), account.Debt.String(), account.Held().String()
	for _, l := range account.Lots() {
		p.Lots = append(p.Lots, lot{l.EarnedAt, l.AvailableAt, known(l.ExpiresAt), l.Remaining.String()})
	}
	for _, who := range ids {
		if err := s.entries(ctx, who, p); err != nil {
			return err
		}
	}
	return nil
}

// bought are the receipts, which are all the customer's who stayed.
func (s *Service) bought(ctx context.Context, ids []customer.ID, f *file) error {
	for after := receipt.ID(0); ; {
		list, err := s.receipts.Whole(ctx, ids[0], after, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			f.Receipts = append(f.Receipts, s.receipt(r))
			after = r.ID
		}
		if len(list) < page {
			return nil
		}
	}
}

func (s *Service) giftcardRows(ctx context.Context, ids []customer.ID, f *file) error {
	cards, err := s.giftcards.Of(ctx, ids)
	for _, c := range cards {
		f.Cards = append(f.Cards, giftcardRow{c.Hint, s.receipts.Currency().Format(c.Balance), known(c.ExpiresAt)})
	}
	return err
}

// known is a time that may not be: nil then.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// levels are those of a customer, the first of ids, and what became of theirs and of
// those of who was merged into them.
func (s *Service) levels(ctx context.Context, ids []customer.ID, f *file) error {
	tiers, err := s.programmes.Tiers(ctx, ids[0])
	if err != nil {
		return err
	}
	holding, err := s.programmes.Holding(ctx, s.now())
	if err != nil {
		return err
	}
	for _, t := range tiers {
		p, err := s.programmes.Get(ctx, t.Programme)
		if err != nil {
			return err
		}
		row := level{Programme: p.Name, Level: t.Level, Since: t.Since, Given: t.Floor}
		if t.Floor != "" {
			row.GivenUntil = known(t.FloorUntil)
		}
		if v := holding[t.Programme]; v != nil {
			l, _ := v.Rules.Level(t.Level)
			row.Name = l.Name
		}
		f.Levels = append(f.Levels, row)
	}
	causes := map[string]string{programme.EventTierReached: "reached", programme.EventTierChanged: "changed", programme.EventTierGranted: "granted"}
	changes, err := s.receipts.LevelHistory(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range changes {
		row := levelChange{At: c.At, Cause: causes[c.Kind], Was: c.Was, Level: c.Level, Until: c.Until}
		if c.Receipt != 0 {
			row.Receipt = c.Receipt.String()
		}
		if c.Programme != 0 {
			p, err := s.programmes.Get(ctx, c.Programme)
			if err != nil {
				return err
			}
			row.Programme = p.Name
		}
		f.History = append(f.History, row)
	}
	return nil
}

func (s *Service) codes(ctx context.Context, ids []customer.ID, f *file) error {
	sent, err := s.confirm.Of(ctx, ids)
	for _, c := range sent {
		row := code{At: c.MadeAt, Points: c.Points.String(), SentAt: known(c.SentAt), ConfirmedAt: known(c.ConfirmedAt)}
		till, err := s.catalog.Till(ctx, c.Till)
		if err != nil {
			return err
		}
		if store, ok := s.catalog.Store(till.Store); ok {
			row.Store = store.Name
		}
		f.Codes = append(f.Codes, row)
	}
	return err
}

// deeds are the lines of the audit log about some customers, the first first.
func (s *Service) deeds(ctx context.Context, ids []customer.ID, f *file) error {
	for _, who := range ids {
		for cursor := ""; ; {
			lines, next, err := s.staff.Audit(ctx, staff.Filter{Subject: "customer:" + who.String()}, cursor, page)
			if err != nil {
				return err
			}
			for _, l := range lines {
				var said struct{ Reason string }
				if len(l.After) > 0 {
					if err := json.Unmarshal(l.After, &said); err != nil {
						return err
					}
				}
				f.Log = append(f.Log, deed{l.At, l.Action, said.Reason})
			}
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	slices.SortStableFunc(f.Log, func(a, b deed) int { return a.At.Compare(b.At) })
	return nil
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

func (s *Service) receipt(r *receipt.Receipt) receiptRow {
	c := s.receipts.Currency()
	row := receiptRow{
		ID: r.ID.String(), Kind: r.Kind, Number: r.Number, SoldAt: r.SoldAt, Level: r.Level, Total: c.Format(r.Total), Redeemed: r.Redeemed.String(), Earned: r.Earned.String(), Reason: r.Details.Reason, Note: r.Details.Note, Lines: []line{},
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
	if err := s.catalog.Refresh(ctx); err != nil {
		return out, err
	}
	m := ledger.Move{
		Cause: ledger.CauseManual, Entity: int64(s.catalog.Entity(c.HomeStore)), Store: int64(c.HomeStore), Staff: int64(by.ID), Reason: "erased",
		At: s.now().UTC().Truncate(time.Microsecond),
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if out.Profiles, err = s.customers.EraseTx(ctx, tx, who); err != nil {
			return err
		}
		if err := s.households.ForgetTx(ctx, tx, out.Profiles); err != nil {
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
		if err := s.confirm.ForgetTx(ctx, tx, c.Identifiers); err != nil {
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
	if err == nil {
		s.db.Scrub(context.WithoutCancel(ctx))
	}
	return out, err
}
