package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
)

// Failures of finding and registering.
var (
	errFindOne    = errs.New(errs.Invalid, "find_by_one", "Say what to find by: one of identifier, phone, card, email, external_id and last_digits.")
	errIdentifier = errs.New(errs.Invalid, "identifier_missing", "A customer needs a phone, a card, an e-mail or an external id to be found by.")
)

// tailDigits are how many last digits find somebody. More would let a till read
// a masked number digit by digit.
const tailDigits = 4

var errTail = errs.InvalidField("/last_digits", "last_digits", "Send exactly four digits: the last of a phone or card.")

// maxIdentifier is longer than anything that leads to a customer.
const maxIdentifier = 254

// Identified are the ways that lead to a customer.
type Identified struct {
	Phone      string `json:"phone,omitzero" maxLength:"254"`
	Card       string `json:"card,omitzero" maxLength:"254"`
	Email      string `json:"email,omitzero" maxLength:"254"`
	ExternalID string `json:"external_id,omitzero" maxLength:"254"`
}

// each calls do for every way that was sent.
func (in *Identified) each(do func(name string, kind customer.Kind, value string)) {
	for _, f := range []struct {
		name, value string
		kind        customer.Kind
	}{
		{"phone", in.Phone, customer.Phone}, {"card", in.Card, customer.Card},
		{"email", in.Email, customer.Email}, {"external_id", in.ExternalID, customer.External},
	} {
		if f.value != "" {
			do(f.name, f.kind, f.value)
		}
	}
}

// normal reads identifiers in their normal form.
func (r *reader) normal(s *customer.Service, in *Identified) (list []customer.Identifier) {
	in.each(func(name string, kind customer.Kind, value string) {
		i, err := s.Normalize(kind, value)
		if err != nil {
			e := errs.Of(err)
			r.wrong.Add(at(name).String(), e.Code, "%s", e.Text)
			return
		}
		list = append(list, i)
	})
	return list
}

// findRequest says whom to find.
type findRequest struct {
	Identifier string `json:"identifier,omitzero" maxLength:"254"`
	Identified
	LastDigits string `json:"last_digits,omitzero" pattern:"^[0-9]{4}$"`
}

// person is a customer as a till sees one: enough to greet them and to ask
// whether it is they, never the surname or a whole identifier.
type person struct {
	ID           string          `json:"id"`
	State        state           `json:"state"`
	Name         string          `json:"name"`
	Unsure       bool            `json:"unsure,omitzero"`
	Identifiers  []identifierRef `json:"identifiers" nullable:"false"`
	Level        *level          `json:"level,omitzero"`
	Available    decimal         `json:"available,omitzero"`
	RegisteredAt time.Time       `json:"registered_at,omitzero"`
	Attributes   map[string]any  `json:"attributes,omitzero"`
}

// identifierRef shows enough of an identifier to ask for the rest.
type identifierRef struct {
	Kind   identifierKind `json:"kind"`
	Masked string         `json:"masked"`
}

func refOf(i customer.Identifier) identifierRef {
	return identifierRef{identifierKind(i.Kind), customer.Mask(i)}
}

// state says whether a customer's card may be used.
type state string

// Schema implements huma.SchemaProvider.
func (state) Schema(huma.Registry) *huma.Schema {
	return enum(customer.StateActive, customer.StateBlocked)
}

type identifierKind string

// Schema implements huma.SchemaProvider.
func (identifierKind) Schema(huma.Registry) *huma.Schema { return enum(customer.Kinds...) }

type people struct {
	Customers []person `json:"customers" nullable:"false"`
}

// findCustomers finds who an identifier leads to; an empty list where nobody.
func (a *API) findCustomers(ctx context.Context, by *caller, in *findRequest) (*reply[people], error) {
	ways := 0
	in.each(func(string, customer.Kind, string) { ways++ })
	for _, s := range []string{in.Identifier, in.LastDigits} {
		if s != "" {
			ways++
		}
	}
	if ways != 1 {
		return nil, errFindOne
	}
	if err := a.looks.Check(by.Till.ID.String()); err != nil {
		return nil, err
	}
	out := &reply[people]{Body: people{Customers: []person{}}}
	if in.LastDigits != "" {
		if len(in.LastDigits) != tailDigits {
			return nil, errTail
		}
		tails, err := a.customers.ByTailInStore(ctx, by.Store.ID, in.LastDigits, func(ctx context.Context, others []customer.ID) (map[customer.ID]bool, error) {
			return a.receipts.BoughtIn(ctx, []catalog.StoreID{by.Store.ID}, others)
		})
		if errors.Is(err, customer.ErrTail) {
			err = errTail
		}
		for _, t := range tails {
			out.Body.Customers = append(out.Body.Customers, person{
				ID: by.ids.customer(t.ID), State: state(t.State), Name: t.Name, Unsure: true,
				Identifiers: []identifierRef{{identifierKind(t.Kind), t.Masked}},
			})
		}
		return out, err
	}
	r := reader{}
	list := r.normal(a.customers, &in.Identified)
	if whatever := r.text(at("identifier"), in.Identifier, maxIdentifier); whatever != "" {
		list = a.customers.Candidates(whatever)
	}
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	found, err := a.customers.FindAll(ctx, list)
	if err != nil {
		return nil, err
	}
	seen := map[customer.ID]bool{}
	for _, i := range list { // in the order of kinds
		k, ok := found[i]
		if !ok || seen[k.ID] {
			continue
		}
		seen[k.ID] = true
		p, err := a.person(ctx, by, k.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Customers = append(out.Body.Customers, *p)
	}
	return out, nil
}

// person describes a customer.
func (a *API) person(ctx context.Context, by *caller, id customer.ID) (*person, error) {
	c, err := a.profile(ctx, id)
	if err != nil {
		return nil, err
	}
	account, q, err := a.standing(ctx, by, c.ID)
	if err != nil {
		return nil, err
	}
	p := &person{
		ID: by.ids.customer(c.ID), State: state(c.State), Name: customer.MaskName(c.FirstName, c.LastName), Identifiers: []identifierRef{},
		Level: levelOf(&q.Level), Available: points(account.Available()), RegisteredAt: timeOf(c.RegisteredAt),
	}
	for _, i := range c.Identifiers {
		p.Identifiers = append(p.Identifiers, refOf(i))
	}
	p.Attributes, err = a.seen(ctx, c.Attributes)
	return p, err
}

// seen are what tills see of those of a customer; most have none, and nobody
// is asked.
func (a *API) seen(ctx context.Context, values customer.Attributes) (seen map[string]any, err error) {
	if len(values) == 0 {
		return nil, nil
	}
	all, err := a.attributes.Definitions(ctx)
	for _, d := range all.SeenAtTills() {
		value, ok := values[d.Code]
		if !ok {
			continue
		}
		if seen == nil {
			seen = map[string]any{}
		}
		if seen[d.Code] = value; d.Format == attribute.SeveralFormat {
			seen[d.Code] = attribute.Chosen(value)
		}
	}
	return seen, err
}

// setting reads what a till says of a customer besides.
func (a *API) setting(ctx context.Context, r *reader, given map[string]any) (customer.Attributes, error) {
	if len(given) == 0 {
		return nil, nil
	}
	all, err := a.attributes.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	values, wrong := all.SetAtTills().Fit(given)
	if wrong != nil {
		for _, f := range errs.Of(wrong).Fields {
			own := r.wrong.Add(f.Pointer, f.Code, "%s", f.Text)
			for name, value := range errs.Of(wrong).ArgsOf(f) {
				own.With(name, value)
			}
		}
	}
	maps.DeleteFunc(values, func(_ string, v any) bool { return v == nil })
	return values, nil
}

// profile reads a customer that is still there, by the id of a profile that was
// merged into theirs, too.
func (a *API) profile(ctx context.Context, id customer.ID) (customer.Customer, error) {
	c, err := a.customers.Now(ctx, id)
	if err == nil && c.State.Gone() {
		err = customer.ErrNotFound
	}
	return c, err
}

// standing is what a customer has, and the level here: an empty basket is
// priced to learn it.
func (a *API) standing(ctx context.Context, by *caller, id customer.ID) (*ledger.Account, *receipt.Quote, error) {
	account, err := a.ledger.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	q, err := a.receipts.Quote(ctx, by.Caller, receipt.Draft{Customer: id})
	if errors.Is(err, receipt.ErrBlocked) {
		err = nil
	}
	return account, &q, err
}

// getCustomer looks a customer up by id.
func (a *API) getCustomer(ctx context.Context, by *caller, in *byID) (*reply[person], error) {
	id, err := by.ids.customerOf(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.person(ctx, by, id)
	if err != nil {
		return nil, err
	}
	return &reply[person]{Body: *p}, nil
}

// registerRequest is who wants to be a customer.
type registerRequest struct {
	Identified
	FirstName  string           `json:"first_name,omitzero" maxLength:"100"`
	LastName   string           `json:"last_name,omitzero" maxLength:"100"`
	MiddleName string           `json:"middle_name,omitzero" maxLength:"100"`
	Sex        string           `json:"sex,omitzero" enum:"female,male"`
	Born       string           `json:"born,omitzero" example:"1990-12-31"`
	City       string           `json:"city,omitzero" maxLength:"100"`
	Language   string           `json:"language,omitzero" example:"ru"`
	Consents   []consentRequest `json:"consents,omitzero" nullable:"false" maxItems:"64"`
	Attributes map[string]any   `json:"attributes,omitzero" nullable:"false"`
	Said       *Said            `json:"confirmation,omitzero" nullable:"false"`
}

type consentRequest struct {
	Channel  channel `json:"channel"`
	Purpose  purpose `json:"purpose"`
	Given    *bool   `json:"given" nullable:"false"`
	Wording  string  `json:"wording,omitzero" maxLength:"200"`
	Version  int64   `json:"version,omitzero" minimum:"1"`
	Language string  `json:"language,omitzero" maxLength:"2"`
	Proof    string  `json:"proof,omitzero" maxLength:"200"`
	Reason   string  `json:"reason,omitzero" maxLength:"500"`
}

type channel string

// Schema implements huma.SchemaProvider.
func (channel) Schema(huma.Registry) *huma.Schema { return enum(customer.Channels...) }

type purpose string

// Schema implements huma.SchemaProvider.
func (purpose) Schema(huma.Registry) *huma.Schema { return enum(customer.Purposes...) }

// registration is what became of it.
type registration struct {
	Customer person          `json:"customer"`
	Created  bool            `json:"created"`
	Kept     []string        `json:"kept,omitzero" nullable:"false"`
	Taken    []identifierRef `json:"taken,omitzero" nullable:"false"`
	NotTaken []string        `json:"not_taken,omitzero" nullable:"false"`
	NoBonus  noBonus         `json:"no_bonus,omitzero"`
}

type noBonus string

// Schema implements huma.SchemaProvider.
func (noBonus) Schema(huma.Registry) *huma.Schema {
	return enum(enrol.NoBonusTaken, enrol.NoBonusContact, enrol.NoBonusCode)
}

// postCustomer registers somebody, or finds who is known already.
func (a *API) postCustomer(ctx context.Context, by *caller, in *registerRequest, key string) (*created[registration], error) {
	r := by.reader()
	n := customer.New{
		FirstName: in.FirstName, LastName: in.LastName, MiddleName: in.MiddleName, Sex: customer.Sex(in.Sex), Born: in.Born,
		City: in.City, Language: in.Language, HomeStore: by.Store.ID, Source: "till", Till: by.Till.Name,
		Identifiers: r.normal(a.customers, &in.Identified),
	}
	var err error
	if n.Consents, err = a.consents(ctx, by, &r, in.Consents); err != nil {
		return nil, err
	}
	if n.Attributes, err = a.setting(ctx, &r, in.Attributes); err != nil {
		return nil, err
	}
	if err := r.wrong.Err(); err != nil {
		if len(n.Identifiers) == 0 { // said already
			n.Identifiers, n.Normal = []customer.Identifier{{}}, true
		}
		_, other := a.customers.Check(n)
		return nil, allWrong(err, other)
	}
	if len(n.Identifiers) == 0 {
		return nil, errIdentifier.At("/phone")
	}
	// Its answer tells whether somebody has a phone, as finding does.
	if err := a.looks.Check(by.Till.ID.String()); err != nil {
		return nil, err
	}
	print, err := a.ids.print(in)
	if err != nil {
		return nil, err
	}
	res, replayed, err := a.enrol.RegisterOnce(ctx, by.Store, by.Staff, n, enrol.Call{Till: by.Till.ID, Key: key, Print: print, Confirmation: r.said(in.Said)})
	if err != nil {
		return nil, err
	}
	p, err := a.person(ctx, by, res.ID)
	if err != nil {
		return nil, err
	}
	out := &created[registration]{Status: http.StatusOK, Body: registration{Customer: *p, Created: res.Created, Kept: res.Kept, NoBonus: noBonus(res.NoBonus)}}
	if res.Created {
		out.Status, out.Location = http.StatusCreated, "/v1/customers/"+p.ID
	}
	if replayed {
		out.Replayed = "true"
	}
	for _, what := range res.Left {
		if what == string(customer.External) {
			what = "external_id"
		}
		out.Body.NotTaken = append(out.Body.NotTaken, what)
	}
	for _, i := range res.Taken {
		out.Body.Taken = append(out.Body.Taken, refOf(i))
	}
	return out, nil
}

// balance is what a customer has.
type balance struct {
	Customer  string  `json:"customer"`
	Available decimal `json:"available"`
	Pending   decimal `json:"pending"`
	Debt      decimal `json:"debt"`
	Lots      []lot   `json:"lots" nullable:"false"`
	Level     *level  `json:"level,omitzero"`
	Next      *level  `json:"next_level,omitzero"`
	ToNext    decimal `json:"to_next,omitzero"`
	Texts     texts   `json:"texts"`
}

// lot is points that expire together.
type lot struct {
	Points      decimal   `json:"points"`
	State       lotState  `json:"state"`
	Cause       lotCause  `json:"cause"`
	EarnedAt    time.Time `json:"earned_at"`
	AvailableAt time.Time `json:"available_at"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
}

type lotState string

// Schema implements huma.SchemaProvider.
func (lotState) Schema(huma.Registry) *huma.Schema {
	return enum(ledger.StatePending, ledger.StateActive)
}

type lotCause string

// Schema implements huma.SchemaProvider.
func (lotCause) Schema(huma.Registry) *huma.Schema {
	return enum(ledger.CauseEarn, ledger.CauseWelcome, ledger.CauseOccasion, ledger.CauseOpening, ledger.CauseManual)
}

// getBalance tells what a customer has and when it changes.
func (a *API) getBalance(ctx context.Context, by *caller, in *byID) (*reply[balance], error) {
	id, err := by.ids.customerOf(in.ID)
	if err != nil {
		return nil, err
	}
	c, err := a.profile(ctx, id)
	if err != nil {
		return nil, err
	}
	account, q, err := a.standing(ctx, by, c.ID)
	if err != nil {
		return nil, err
	}
	out := balance{
		Customer: by.ids.customer(c.ID), Available: points(account.Available()), Pending: points(account.Pending), Debt: points(account.Debt),
		Lots: []lot{}, Level: levelOf(&q.Level), Next: levelOf(q.Next), Texts: by.balanceTexts(account, q),
	}
	if q.Next != nil {
		out.ToNext = by.currency.amount(q.ToNext)
	}
	for _, l := range account.Lots() {
		out.Lots = append(out.Lots, lot{
			Points: points(l.Remaining), State: lotState(l.State), Cause: lotCause(l.Cause),
			EarnedAt: timeOf(l.EarnedAt), AvailableAt: timeOf(l.AvailableAt), ExpiresAt: optionalTime(l.ExpiresAt),
		})
	}
	return &reply[balance]{Body: out}, nil
}
