// Package enrol makes somebody a customer: the profile, the points account and
// the welcome bonus in one transaction.
//
// A person who is known by any identifier is found, not made twice, and gets
// no second bonus, where registering gives one; nor does anybody whose registration could have been made
// up: it brings a contact that is new here and nothing that is somebody's
// already. What is added to a profile that was there is written into the audit
// log.
//
// Where the installation has tills ask for a code (code.go), a phone that none
// confirmed is noted as such, or not registered at all, and brings no bonus.
//
// Profiles are package customer's, points ledger's; tills and pages register
// people here only. Imports open accounts without a bonus.
package enrol

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
)

// Service registers customers.
type Service struct {
	db         *db.DB
	now        func() time.Time
	customers  *customer.Service
	ledger     *ledger.Service
	programmes *programme.Service
	staff      *staff.Service
	confirm    *confirm.Service
}

// New makes the service.
func New(d *db.DB, now func() time.Time, c *customer.Service, l *ledger.Service, p *programme.Service, st *staff.Service, co *confirm.Service) *Service {
	return &Service{d, now, c, l, p, st, co}
}

// NoBonus says why somebody new got no welcome bonus though the programme gives
// one.
type NoBonus string

// The reasons; none where the bonus was given or there is none to give.
const (
	NoBonusTaken   NoBonus = "identifier_taken" // something belongs to somebody else: a shared phone
	NoBonusContact NoBonus = "no_contact"       // no phone, e-mail or Telegram: a card alone can be made up
	NoBonusCode    NoBonus = "unconfirmed"      // tills are to ask for a code, and none confirmed a phone
)

// Result is what became of a registration.
type Result struct {
	customer.Result
	NoBonus NoBonus
}

// Register registers a person in a store, or finds the one who has one of the
// identifiers; the result says which. Only who is new gets the welcome bonus. Nobody is
// asked for a code: that is for tills, see RegisterOnce.
func (s *Service) Register(ctx context.Context, store catalog.Store, by int64, in customer.New) (res Result, err error) {
	return s.RegisterAnd(ctx, store, by, in, nil)
}

// RegisterAnd is Register with something more to be done in its transaction,
// such as a line of the audit log; nil: nothing.
func (s *Service) RegisterAnd(ctx context.Context, store catalog.Store, by int64, in customer.New,
	also func(context.Context, *db.Tx, Result) error,
) (res Result, err error) {
	defer errs.Wrap(&err, "register customer")
	here, checked, err := s.prepare(ctx, store, by, in)
	if err != nil {
		return Result{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if res, err = s.registerTx(ctx, tx, here, checked); err != nil || also == nil {
			return err
		}
		return also(ctx, tx, res)
	})
	return res, err
}

// at is where and by whom somebody is registered, and what holds there.
type at struct {
	version  *programme.Version
	store    catalog.Store
	by       int64 // who of the staff; 0: nobody
	till, ip string
	call     *Call // of a till; nil: nobody is asked for a code
	said     confirm.Confirmation
}

// prepare is what of a registration needs no transaction.
func (s *Service) prepare(ctx context.Context, store catalog.Store, by int64, in customer.New) (here at, c customer.Checked, err error) {
	version, err := s.programmes.At(ctx, store.Code, s.now())
	if err != nil {
		return here, c, err
	}
	in.By = by
	c, err = s.customers.Check(in)
	return at{version: version, store: store, by: by, till: in.Till, ip: in.IP}, c, err
}

func (s *Service) registerTx(ctx context.Context, tx *db.Tx, here at, c customer.Checked) (res Result, err error) {
	asks, phone, err := s.askTx(ctx, tx, here, c)
	if err != nil {
		return res, err
	}
	results, err := s.OpenAllTx(ctx, tx, []customer.Checked{c})
	if err != nil {
		return res, err
	}
	res.Result = results[0]
	if err := s.noteTx(ctx, tx, here, &res, asks, phone); err != nil {
		return res, err
	}
	if !res.Created {
		return res, s.auditTx(ctx, tx, here, &res)
	}
	if here.version == nil || here.version.Rules.Stopped || here.version.Rules.Welcome.Points == 0 || here.version.Rules.Welcome.On != programme.OnRegistration {
		return res, nil
	}
	contact := slices.ContainsFunc(res.Added, func(i customer.Identifier) bool {
		return i.Kind == customer.Phone || i.Kind == customer.Email || i.Kind == customer.Telegram
	})
	switch {
	case len(res.Taken) > 0:
		res.NoBonus = NoBonusTaken
	case !contact:
		res.NoBonus = NoBonusContact
	case asks != settings.NoCode && phone.Value == "":
		res.NoBonus = NoBonusCode
	default:
		err = s.welcomeTx(ctx, tx, here, res.ID, c.RegisteredAt())
	}
	return res, err
}

// auditTx writes down what a profile got that was there before.
func (s *Service) auditTx(ctx context.Context, tx *db.Tx, here at, res *Result) error {
	if len(res.Filled) == 0 && len(res.Consents) == 0 {
		return nil
	}
	after := struct {
		Store       string             `json:"store"`
		Till        string             `json:"till,omitempty"`
		Fields      []string           `json:"fields,omitempty"`
		Identifiers []string           `json:"identifiers,omitempty"` // masked: the log is kept longer than they are
		Consents    []customer.Purpose `json:"consents,omitempty"`
		Withdrawn   []customer.Purpose `json:"withdrawn,omitempty"`
	}{Store: here.store.ID.String(), Till: here.till}
	for _, f := range res.Filled {
		if f != "identifiers" {
			after.Fields = append(after.Fields, f)
		}
	}
	for _, i := range res.Added {
		after.Identifiers = append(after.Identifiers, customer.Mask(i))
	}
	for _, c := range res.Consents {
		if c.Given {
			after.Consents = append(after.Consents, c.Purpose)
		} else {
			after.Withdrawn = append(after.Withdrawn, c.Purpose)
		}
	}
	body, err := json.Marshal(after)
	if err != nil {
		return err
	}
	return s.staff.AuditTx(ctx, tx, staff.Entry{
		Actor: staff.ID(here.by), IP: here.ip, Action: "customer.completed", Subject: "customer:" + res.ID.String(), Store: here.store.ID, After: body,
	})
}

// OpenAllTx registers people, thousands at a time, with an account and no
// bonus: the way for imports.
func (s *Service) OpenAllTx(ctx context.Context, tx *db.Tx, list []customer.Checked) (results []customer.Result, err error) {
	defer errs.Wrap(&err, "register %d customers", len(list))
	if results, err = s.customers.RegisterAllTx(ctx, tx, list); err != nil {
		return nil, err
	}
	var created []customer.ID
	for _, r := range results {
		if r.Created {
			created = append(created, r.ID)
		}
	}
	return results, s.ledger.OpenTx(ctx, tx, created)
}

// welcomeTx gives the welcome bonus of the programme that holds in the store.
func (s *Service) welcomeTx(ctx context.Context, tx *db.Tx, here at, who customer.ID, now time.Time) error {
	var b db.Batch
	accounts := s.ledger.Queue(&b, []customer.ID{who}, true)
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	accounts[who].Earn(ledger.Grant{
		Move: ledger.Move{
			Cause: ledger.CauseWelcome, Entity: int64(here.store.Entity), Store: int64(here.store.ID), Staff: here.by, At: now,
		},
		Source: ledger.Issued, Programme: here.version.ProgrammeID, Points: here.version.Rules.Welcome.Points,
		AvailableAt: now, ExpiresAt: here.version.Rules.WelcomeExpires(now, here.store.Zone),
	})
	accounts[who].KeepUntil(here.version.Rules.IdleAt(now, here.store.Zone))
	return s.ledger.SaveTx(ctx, tx, accounts)
}
