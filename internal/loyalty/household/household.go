// Package household keeps who of the customers lives together.
//
// Somebody is in one household at most, which has one head: whoever joins or leaves
// locks the profile first and the household then. Points are not pooled: everybody
// keeps their own. Who is gone, merged into another or forgotten, is in none.
//
// Profiles are package customer's; package merge says when two people become one, and
// package privacy when somebody is forgotten.
package household

import (
	"context"
	"errors"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/customer"
)

// Failures of households.
var (
	ErrMember = errs.New(errs.Conflict, "in_household", "This customer is in a household already: they leave it first.")
	ErrNone   = errs.New(errs.NotFound, "household_not_found", "This customer is in no household.")
	ErrFull   = errs.New(errs.Conflict, "household_full", "The household is full.")
)

// Events of households; ref is the household's id, body: {"head"} of those who join.
const (
	EventJoined = "household.joined"
	EventLeft   = "household.left"
	EventHead   = "household.head" // becomes its head
)

// ID identifies a household.
type ID = id.Of[Household]

// Service keeps the households.
type Service struct {
	db        *db.DB
	mint      *id.Minter
	now       func() time.Time
	customers *customer.Service
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time, cu *customer.Service) *Service {
	return &Service{d, mint, now, cu}
}

// Household is people who live together. Everybody keeps their own points.
type Household struct {
	ID      ID       // 0: none
	Members []Member // the head first, then as they came
}

// Member is somebody in a household.
type Member struct {
	Customer customer.ID
	Head     bool
	Since    time.Time
}

// Of gives a member; the zero one is none.
func (h *Household) Of(who customer.ID) (m Member) {
	for _, m := range h.Members {
		if m.Customer == who {
			return m
		}
	}
	return m
}

// maxMembers of a household.
const maxMembers = 30

const (
	membershipText = `SELECT household_id FROM household_members WHERE customer_id = $1`
	membersText    = `SELECT customer_id, head, since FROM household_members WHERE household_id = $1 ORDER BY head DESC, since, customer_id`
)

func (h *Household) scan(rows *db.Rows, err error) error {
	return db.Scan(rows, err, func(r *db.Rows) error {
		var m Member
		err := r.Scan(&m.Customer, &m.Head, db.Time{Dst: &m.Since})
		h.Members = append(h.Members, m)
		return err
	})
}

// Of gives the household of a customer.
func (s *Service) Of(ctx context.Context, who customer.ID) (h Household, err error) {
	defer errs.Wrap(&err, "read the household of customer %s", who)
	if err = s.db.QueryRow(ctx, membershipText, int64(who)).Scan(&h.ID); err != nil {
		if errors.Is(err, db.ErrNoRows) {
			err = nil
		}
		return h, err
	}
	rows, err := s.db.Query(ctx, membersText, int64(h.ID))
	return h, h.scan(rows, err)
}

// ofTx locks the household of a customer, whose profile is locked, and reads
// it: nobody joins or leaves meanwhile.
func (s *Service) ofTx(ctx context.Context, tx *db.Tx, who customer.ID) (h Household, err error) {
	var of ID
	err = tx.QueryRow(ctx, membershipText, int64(who)).Scan(&of)
	if errors.Is(err, db.ErrNoRows) {
		return h, nil
	}
	if err == nil {
		h, err = s.lockTx(ctx, tx, of)
	}
	if err == nil && h.Of(who).Customer == 0 { // it was dissolved while we waited
		h = Household{}
	}
	return h, err
}

func (s *Service) lockTx(ctx context.Context, tx *db.Tx, of ID) (h Household, err error) {
	const lock = `
		SELECT id FROM households WHERE id = $1
		FOR UPDATE -- postgres`
	err = tx.QueryRow(ctx, lock, int64(of)).Scan(&h.ID)
	if errors.Is(err, db.ErrNoRows) {
		return h, nil
	}
	if err != nil {
		return h, err
	}
	rows, err := tx.Query(ctx, membersText, int64(of))
	return h, h.scan(rows, err)
}

// JoinTx has one customer join the household of another, who founds one as its head
// where they have none. It fails with ErrMember or
// ErrFull, or with customer.ErrSame, ErrNotFound or ErrGone.
func (s *Service) JoinTx(ctx context.Context, tx *db.Tx, who, with customer.ID) (err error) {
	defer errs.Wrap(&err, "have customer %s join the household of %s", who, with)
	if who == with {
		return customer.ErrSame
	}
	a, b, err := s.customers.LockBothTx(ctx, tx, who, with)
	if err != nil {
		return err
	}
	if a.State.Gone() || b.State.Gone() {
		return customer.ErrGone
	}
	h, err := s.ofTx(ctx, tx, with)
	if err != nil {
		return err
	}
	if h.ID == 0 {
		h.ID = ID(s.mint.Next())
		if err := s.enterTx(ctx, tx, h.ID, with, true); err != nil {
			return err
		}
	}
	if len(h.Members) >= maxMembers {
		return ErrFull
	}
	return s.enterTx(ctx, tx, h.ID, who, false)
}

// enterTx puts somebody into a household, which is made where there is none of the id.
func (s *Service) enterTx(ctx context.Context, tx *db.Tx, of ID, who customer.ID, head bool) error {
	now := s.now().UTC().Truncate(time.Microsecond)
	var b db.Batch
	b.Exec(`INSERT INTO households (id) VALUES ($1) ON CONFLICT DO NOTHING`, int64(of))
	if head {
		b.Exec(`UPDATE household_members SET head = FALSE WHERE household_id = $1 AND head`, int64(of))
	}
	// The guard: one is in one household.
	b.Guard(`INSERT INTO household_members (customer_id, household_id, head, since) VALUES ($1, $2, $3, $4) ON CONFLICT (customer_id) DO NOTHING`,
		int64(who), int64(of), head, now.UnixMicro())
	event.Append(&b, event.Event{At: now, Kind: EventJoined, CustomerID: int64(who), Ref: int64(of), Body: event.Body(map[string]bool{"head": head})})
	err := tx.Run(ctx, &b)
	if errors.Is(err, db.ErrGuard) {
		return ErrMember
	}
	return err
}

// exitTx takes somebody out of a household that is locked; where the head goes, who
// has been there longest is the head.
func (s *Service) exitTx(ctx context.Context, tx *db.Tx, h *Household, who customer.ID) error {
	now := s.now()
	m := h.Of(who)
	h.Members = slices.DeleteFunc(h.Members, func(m Member) bool { return m.Customer == who })
	var b db.Batch
	b.Guard(`DELETE FROM household_members WHERE customer_id = $1 AND household_id = $2`, int64(who), int64(h.ID))
	event.Append(&b, event.Event{At: now, Kind: EventLeft, CustomerID: int64(who), Ref: int64(h.ID), Body: event.Body(struct{}{})})
	switch {
	case len(h.Members) == 0:
		b.Exec(`DELETE FROM households WHERE id = $1`, int64(h.ID))
	case m.Head:
		h.Members[0].Head = true
		s.crown(&b, h.ID, h.Members[0].Customer)
	}
	return tx.Run(ctx, &b)
}

// leaveTx is exitTx for who leaves for good: who is left alone lives with nobody either.
func (s *Service) leaveTx(ctx context.Context, tx *db.Tx, h *Household, who customer.ID) error {
	err := s.exitTx(ctx, tx, h, who)
	if err == nil && len(h.Members) == 1 {
		err = s.exitTx(ctx, tx, h, h.Members[0].Customer)
	}
	return err
}

// crown adds to b that somebody becomes the head of a household.
func (s *Service) crown(b *db.Batch, of ID, who customer.ID) {
	b.Exec(`UPDATE household_members SET head = FALSE WHERE household_id = $1 AND head`, int64(of))
	b.Guard(`UPDATE household_members SET head = TRUE WHERE household_id = $1 AND customer_id = $2`, int64(of), int64(who))
	event.Append(b, event.Event{At: s.now(), Kind: EventHead, CustomerID: int64(who), Ref: int64(of), Body: event.Body(struct{}{})})
}

// HeadTx makes a member the head of their household. It fails with ErrNone.
func (s *Service) HeadTx(ctx context.Context, tx *db.Tx, who customer.ID) (err error) {
	defer errs.Wrap(&err, "make customer %s the head of their household", who)
	h, err := s.ownTx(ctx, tx, who)
	if err != nil || h.Of(who).Head {
		return err
	}
	var b db.Batch
	s.crown(&b, h.ID, who)
	return tx.Run(ctx, &b)
}

// LeaveTx takes a customer out of their household, which ends where one is left. It
// fails with ErrNone.
func (s *Service) LeaveTx(ctx context.Context, tx *db.Tx, who customer.ID) (err error) {
	defer errs.Wrap(&err, "take customer %s out of their household", who)
	h, err := s.ownTx(ctx, tx, who)
	if err != nil {
		return err
	}
	return s.leaveTx(ctx, tx, &h, who)
}

// DissolveTx ends the household of a customer for all of its members. It fails with
// ErrNone.
func (s *Service) DissolveTx(ctx context.Context, tx *db.Tx, who customer.ID) (err error) {
	defer errs.Wrap(&err, "dissolve the household of customer %s", who)
	h, err := s.ownTx(ctx, tx, who)
	if err != nil {
		return err
	}
	now := s.now()
	var b db.Batch
	b.Exec(`DELETE FROM household_members WHERE household_id = $1`, int64(h.ID))
	b.Guard(`DELETE FROM households WHERE id = $1`, int64(h.ID))
	for _, m := range h.Members {
		event.Append(&b, event.Event{At: now, Kind: EventLeft, CustomerID: int64(m.Customer), Ref: int64(h.ID), Body: event.Body(struct{}{})})
	}
	return tx.Run(ctx, &b)
}

// ownTx locks somebody and their household, and fails where they have none.
func (s *Service) ownTx(ctx context.Context, tx *db.Tx, who customer.ID) (h Household, err error) {
	if _, err := s.customers.LockTx(ctx, tx, who); err != nil {
		return h, err
	}
	h, err = s.ofTx(ctx, tx, who)
	if err == nil && h.ID == 0 {
		err = ErrNone
	}
	return h, err
}

// Moved is what a merge did to the household of who went, for PartTx to give back.
type Moved struct {
	Left ID   `json:"left,omitzero"`
	Head bool `json:"head,omitzero"` // who went was its head
	Took bool `json:"took,omitzero"` // who stays has their place in it
	Last bool `json:"last,omitzero"` // nobody was left in it
}

// What a merge does to a household.
const (
	HomeTaken = "taken" // who stays has the place in it
	HomeLeft  = "left"  // who stays keeps their own
)

// Home is what becomes of the household of who went: empty where they had none.
func (m *Moved) Home() string {
	switch {
	case m == nil:
		return ""
	case m.Took:
		return HomeTaken
	}
	return HomeLeft
}

// MergeTx takes who goes out of their household; who stays takes the place where they
// have none of their own. It gives nil where who goes has none. Both profiles are
// locked by who calls.
func (s *Service) MergeTx(ctx context.Context, tx *db.Tx, from, into customer.ID) (m *Moved, err error) {
	defer errs.Wrap(&err, "merge the household of customer %s into that of %s", from, into)
	lower, upper := min(from, into), max(from, into)
	one, err := s.ofTx(ctx, tx, lower)
	if err != nil {
		return nil, err
	}
	two, err := s.ofTx(ctx, tx, upper)
	if err != nil {
		return nil, err
	}
	theirs, own := one, two
	if from == upper {
		theirs, own = two, one
	}
	if theirs.ID == 0 {
		return nil, nil
	}
	m = &Moved{Left: theirs.ID, Head: theirs.Of(from).Head, Took: own.ID == 0, Last: len(theirs.Members) == 1}
	if m.Took { // before they leave, so that the household stays
		if err := s.enterTx(ctx, tx, theirs.ID, into, m.Head); err != nil {
			return nil, err
		}
		theirs.Members = append(theirs.Members, Member{Customer: into, Head: m.Head})
		for i := range theirs.Members {
			if theirs.Members[i].Customer == from {
				theirs.Members[i].Head = false
			}
		}
	}
	return m, s.exitTx(ctx, tx, &theirs, from)
}

// PartTx gives back what MergeTx took, unless the household was dissolved since, or who
// stayed has left it. Both profiles are locked by who calls.
func (s *Service) PartTx(ctx context.Context, tx *db.Tx, from, into customer.ID, m *Moved) (err error) {
	defer errs.Wrap(&err, "give customer %s the household back that %s got", from, into)
	if m == nil {
		return nil
	}
	h, err := s.lockTx(ctx, tx, m.Left)
	if err != nil {
		return err
	}
	there := h.Of(into).Customer != 0
	if h.ID == 0 && !(m.Last && !m.Took) || m.Took && !there {
		return nil
	}
	if err := s.enterTx(ctx, tx, m.Left, from, m.Head); err != nil {
		return err
	}
	if !m.Took {
		return nil
	}
	for i := range h.Members {
		if m.Head {
			h.Members[i].Head = false
		}
	}
	h.Members = append(h.Members, Member{Customer: from, Head: m.Head})
	return s.exitTx(ctx, tx, &h, into)
}

// ForgetTx takes people who are forgotten, and whose profiles are locked, out of their
// households, if any, as LeaveTx does.
func (s *Service) ForgetTx(ctx context.Context, tx *db.Tx, ids []customer.ID) (err error) {
	defer errs.Wrap(&err, "take who is forgotten out of their households")
	for _, who := range ids {
		h, err := s.ofTx(ctx, tx, who)
		if err == nil && h.ID != 0 {
			err = s.leaveTx(ctx, tx, &h, who)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
