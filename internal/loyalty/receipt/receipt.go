// Package receipt is the spine: it quotes, commits and returns receipts.
//
// A commit writes the receipt, its lines, the points, the customer's totals
// and the event in one transaction, or nothing; the till's own name of the
// receipt is the idempotency key and is kept for ever. What a return undoes is
// what the sale recorded, never today's rules. Prices come from package
// pricing, points move in package ledger; package importer records history
// through RecordTx and MatchReturnsTx, surfaces call the rest.
package receipt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// ID identifies a receipt; in JSON it is a string.
type ID = id.Of[Receipt]

// Kind is what a receipt does.
type Kind string

// The kinds.
const (
	KindSale   Kind = "sale"
	KindReturn Kind = "return"
)

// Events of this package. A ref is the receipt's, or, of many at once, the
// source's; checksums are what package verify holds the rows against.
const (
	// EventImported tells of a batch; body: {"first", "last", "checksum"}. Between
	// the two ids may lie those of another batch of the source, and of other
	// sources: what two events tell of, a reader knows by its id.
	EventImported = "receipts.imported"
	// EventMatched tells of imported returns whose lines were given their sales;
	// body: {"returns"}, their ids.
	EventMatched  = "returns.matched"
	EventRecorded = "receipt.recorded" // body: {"kind", "total", "checksum"}, the total in units of the currency: "12.50"
)

// Failures a till can show to the cashier.
var (
	ErrNotFound             = errs.New(errs.NotFound, "receipt_not_found", "There is no such receipt.")
	ErrKeyReused            = errs.New(errs.Reused, "receipt_number_reused", "A receipt of this number is recorded already with other contents. Send the new receipt under a number of its own.")
	ErrIdempotencyKeyReused = errs.New(errs.Reused, "idempotency_key_reused", "This Idempotency-Key came with another receipt before. Send each receipt under a key of its own.")
	ErrQuoteMissing         = errs.New(errs.Invalid, "quote_missing", "Send the id of the quote, or the total that was charged, so that it can be compared.")
	ErrQuoteInvalid         = errs.New(errs.Invalid, "quote_invalid", "This is not the id of a quote of this till. Ask for a new quote.")
	ErrChanged              = errs.New(errs.Conflict, "quote_changed", "The price is not what was quoted any more. Show the new quote and commit that.")
	ErrBlocked              = errs.New(errs.Conflict, "customer_blocked", "This customer is blocked. Sell without them: no discount and no points.")
	ErrNotASale             = errs.New(errs.Invalid, "not_a_sale", "Only a sale can be returned.")
	ErrNothingLeft          = errs.New(errs.Conflict, "nothing_left", "Everything on this receipt has been returned already.")
	ErrEmpty                = errs.New(errs.Invalid, "receipt_empty", "A receipt needs at least one line that is not void.")
	ErrCardNeeded           = errs.New(errs.Conflict, "card_needed", "Points are taken here only with the customer's card. Read it and send its number along, or take no points.")
	ErrCardWrong            = errs.New(errs.Conflict, "card_wrong", "This is not the customer's card. Read theirs, or take no points.")
	ErrReasonMissing        = errs.New(errs.Invalid, "reason_missing", "Say why the discount or the points are taken off this receipt.")
	ErrTooOld               = errs.New(errs.Invalid, "sold_at_too_old", "The receipt's time is more than 72 hours ago.")
	ErrBeforeQuote          = errs.New(errs.Invalid, "sold_at_before_quote", "The time of sale lies before the quote. Leave it out, or send the total that was charged instead of the quote.")
	ErrBeforeSale           = errs.New(errs.Invalid, "sold_at_before_sale", "The return is dated before its sale.")
	ErrInTheFuture          = errs.New(errs.Invalid, "sold_at_in_future", "The receipt's time lies in the future: check the clock of the till.")
	ErrTooManyReturned      = errs.New(errs.Conflict, "too_many_returned", "More is to be returned than is left of the line.")
)

// How far the time of sale may lie from the server's: a till may be without
// its line for a weekend. It dates the lots and chooses the rules, so what is
// accepted here is by how much a till can bring points and programmes forward.
const (
	maxAge  = 72 * time.Hour
	maxSkew = 10 * time.Minute
)

// Caller is the till that calls and who stands at it.
type Caller struct {
	Till  catalog.Till
	Store catalog.Store
	Staff int64 // 0: unknown
}

// Draft is a basket as a till sends it. Its JSON, and that of DraftLine and
// ReturnLine, is what repeated calls are known by: a field may be added at the end
// if it is left out when empty, none may be renamed or moved.
type Draft struct {
	Customer customer.ID  `json:"customer,omitempty"` // 0: nobody
	Lines    []DraftLine  `json:"lines"`
	Redeem   money.Points `json:"redeem,omitempty"`
	// NoDiscount and NoPoints take the customer's discount, or points, off
	// this receipt; Reason says why.
	NoDiscount bool   `json:"no_discount,omitempty"`
	NoPoints   bool   `json:"no_points,omitempty"`
	Reason     string `json:"reason,omitempty"`
	// Hold is what the points were held by; 0: they were not. One that has ended
	// is as none.
	Hold ledger.HoldID `json:"hold,omitempty"`
	// Card is the number of the customer's card as the till read it, where it did. The
	// sale is the same with another, and it is not kept.
	Card string `json:"-"`
}

// DraftLine is one position of the basket.
type DraftLine struct {
	SKU      string         `json:"sku"`
	Name     string         `json:"name,omitempty"` // for products that are not known yet
	Quantity money.Quantity `json:"quantity"`
	Price    money.Price    `json:"price"`
	Discount money.Amount   `json:"discount,omitempty"` // the till's own
	Void     bool           `json:"void,omitempty"`
	// Charged is what a till without its line charged for it; nil: see Late.
	Charged *money.Amount `json:"charged,omitempty"`
	// NoLoyalty takes the line out: no discount but the till's own, no points, and it
	// counts towards no level.
	NoLoyalty bool `json:"no_loyalty,omitempty"`
}

// Sale is what a till commits.
type Sale struct {
	Number string `json:"number"` // the till's name of the receipt
	Draft
	SoldAt time.Time     `json:"sold_at"`         // zero: now
	Quote  string        `json:"quote,omitempty"` // id of the quote that is committed
	Total  *money.Amount `json:"total,omitempty"` // or what the till charges
	// Key is the Idempotency-Key that came with the call, if one did.
	Key string `json:"-"`
	// Confirmation is what the customer said to the redeeming; the sale is the same
	// with another.
	Confirmation confirm.Given `json:"-"`
}

// Quote is a priced draft.
type Quote struct {
	ID         string
	ValidUntil time.Time // until then the rules are those of the quote
	Version    programme.VersionID
	Programme  *programme.Version // that of Version; nil: none
	Label      string             // of the customer, for which the programme holds; "": it is for everybody
	Draft      Draft
	Products   []catalog.Product // one for each line; zero where unknown
	Confirm    bool              // the points are taken only with a code
	pricing.Result
}

// Receipt is what was recorded.
type Receipt struct {
	ID         ID
	Kind       Kind
	Number     string
	Imported   bool
	Source     int64 // till, or import source
	Store      catalog.StoreID
	Till       catalog.TillID // 0: imported
	Staff      int64
	Customer   customer.ID         // 0: nobody
	Original   ID                  // of a return: the sale, where all of it is of one
	Version    programme.VersionID // 0: no programme
	Level      string              // code of the customer's level then
	SoldAt     time.Time
	RecordedAt time.Time

	// All of a return's are what goes back, not negative.
	Gross, Discount, PaidPoints, Total money.Amount
	Withheld                           money.Amount // of a return's Total, for points that were spent
	Redeemed, Earned                   money.Points
	TierSpend                          money.Amount
	Balance                            money.Points // usable after it
	Details                            Details
	Lines                              []Line

	fingerprint string
	formerly    []string // of an import: what it would be under profiles that were merged since
	key         string
}

// Details are facts of a receipt that no sum of its own is computed from. Those of an
// import tell which receipt is the same, and which sale a return is of.
type Details struct {
	Reason      string     `json:"reason,omitempty"`
	NoDiscount  bool       `json:"no_discount,omitempty"`
	NoPoints    bool       `json:"no_points,omitempty"`
	AvailableAt *time.Time `json:"available_at,omitempty"` // of what was earned
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	Reached     string     `json:"reached,omitempty"`    // level that counts from the next purchase
	NoLoyalty   string     `json:"no_loyalty,omitempty"` // positions of the lines that the till took out: "2 5"
	Over        bool       `json:"over,omitempty"`       // earlier sales of the day had earned as often as they may
	// Welcome is the bonus that was given for the first purchase; of a return, what is
	// taken back of it.
	Welcome   money.Points `json:"welcome,omitempty"`
	Days      string       `json:"days,omitempty"`      // the customer's occasions that it was: "birthday anniversary"
	Confirmed bool         `json:"confirmed,omitempty"` // with a code
	Card      bool         `json:"card,omitempty"`      // the rules asked for the customer's card, and it was shown
	// Late: sent after the till had been without its line. ByRules is what a sale
	// would have come to by the rules of its time, where it was charged otherwise;
	// of a return, what the refund should have been. Clock is by how many seconds
	// the till's clock was corrected.
	Late      bool          `json:"late,omitempty"`
	ByRules   *money.Amount `json:"by_rules,omitempty"`
	Clock     int           `json:"clock,omitempty"`
	Note      string        `json:"note,omitempty"`      // of an import
	Till      string        `json:"till,omitempty"`      // of an import, as its system calls it
	Offset    int           `json:"offset,omitempty"`    // of an import: seconds that its clock was ahead of UTC
	Adrift    bool          `json:"adrift,omitempty"`    // of an import: see Imported
	Forgotten bool          `json:"forgotten,omitempty"` // of an import: it named somebody, who was forgotten
	Sale      Sold          `json:"sale,omitzero"`       // of an imported return
}

// Line is a recorded line. Gross - Discount - PaidPoints = Total.
type Line struct {
	Position   int
	Product    catalog.ProductID // 0: unknown
	SKU        string            // of the product
	Name       string            // the till's, or the product's
	Full       string            // likewise, the product's with what tells it from others of its name
	Quantity   money.Quantity
	Price      money.Price
	Gross      money.Amount
	Discount   money.Amount
	PaidPoints money.Amount
	Total      money.Amount
	Redeemed   money.Points
	Earned     money.Points
	TierSpend  money.Amount
	Cost       *money.Price
	Returned   money.Quantity // of a sale: what came back
	Sale       ID             // of a return: the sale, where it is known
	Original   int            // and the position in it
	Discounts  []pricing.Discount

	ownName string // what is stored: the till's where it differs
}

// ChangedError says that a commit would not come to what was quoted; it
// carries the quote that holds now. It is ErrChanged.
type ChangedError struct{ Quote Quote }

// Error implements error.
func (*ChangedError) Error() string { return ErrChanged.Error() }

// Unwrap makes it ErrChanged.
func (*ChangedError) Unwrap() error { return ErrChanged }

// Service is the spine.
type Service struct {
	db         *db.DB
	mint       *id.Minter
	now        func() time.Time
	currency   money.Currency
	secret     []byte // signs quotes
	ledger     *ledger.Service
	programmes *programme.Service
	catalog    *catalog.Service
	customers  *customer.Service
	confirm    *confirm.Service
	lateness   func() Lateness
	log        *event.Log
	commits    *group
	quotes     *group
}

// Config is what New needs.
type Config struct {
	DB         *db.DB
	Mint       *id.Minter
	Now        func() time.Time
	Currency   money.Currency
	Secret     []byte // shared by all processes of the installation
	Ledger     *ledger.Service
	Programmes *programme.Service
	Catalog    *catalog.Service
	Customers  *customer.Service
	Confirm    *confirm.Service
}

// New makes the spine. Close ends it.
func New(c Config) *Service {
	s := &Service{
		db: c.DB, mint: c.Mint, currency: c.Currency, secret: c.Secret,
		now:    func() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }, // as it is stored
		ledger: c.Ledger, programmes: c.Programmes, catalog: c.Catalog, customers: c.Customers, confirm: c.Confirm,
		log: event.New(c.DB),
	}
	s.lateness = func() Lateness { return DefaultLateness }
	// One waits for the disk while the other works.
	s.commits = newGroup(2, breath, true, s.commitAll)
	// One that reads many together does it for less of a processor than two.
	s.quotes = newGroup(1, quoteBreath, false, s.quoteAll)
	return s
}

// Close waits for the calls that are under way.
func (s *Service) Close() {
	s.quotes.close()
	s.commits.close()
}

// Currency is the installation's.
func (s *Service) Currency() money.Currency { return s.currency }

// Quote prices a draft without changing anything.
func (s *Service) Quote(ctx context.Context, by Caller, d Draft) (_ Quote, err error) {
	defer errs.Wrap(&err, "quote")
	if err := d.check(); err != nil {
		return Quote{}, err
	}
	now := s.now()
	version, labels, err := s.holds(ctx, by, d.Customer, now)
	if err != nil {
		return Quote{}, err
	}
	c := &quoteCall{saleCall: saleCall{posting: posting{by: by, version: version}, labels: labels, card: s.card(d.Card), sale: Sale{Draft: d, SoldAt: now}}}
	if err := s.confirming(ctx, &c.saleCall); err != nil {
		return Quote{}, err
	}
	err = s.following(ctx, &c.sale.Customer, func() error { return s.quotes.do(ctx, c) })
	return c.answer, err
}

// Commit records a sale. The same sale sent again answers the same and sets
// replayed. It fails with a *ChangedError where the price is not what the till
// was told, and then changes nothing.
func (s *Service) Commit(ctx context.Context, by Caller, sale Sale) (_ Receipt, replayed bool, err error) {
	defer errs.Wrap(&err, "commit receipt")
	c, err := s.saleCall(ctx, by, sale)
	if err != nil {
		return s.refused(ctx, key{int64(by.Till.ID), KindSale, sale.Number}, sale.repeats, err)
	}
	if err := s.confirming(ctx, c); err != nil {
		return Receipt{}, false, err
	}
	if c.confirmed, err = s.confirm.Try(ctx, by.Till.ID, sale.Confirmation); err != nil {
		return Receipt{}, false, err
	}
	if err := s.following(ctx, &c.sale.Customer, func() error { return s.commits.do(ctx, c) }); err != nil {
		return Receipt{}, false, usedUp(err, c.confirmed)
	}
	return s.answer(ctx, c.receipt, c.replayed)
}

// answer is the receipt as it was first answered: a repeated call is answered
// from what was recorded.
func (s *Service) answer(ctx context.Context, r Receipt, replayed bool) (Receipt, bool, error) {
	if !replayed || len(r.Lines) > 0 {
		return r, replayed, nil
	}
	rec, err := s.Get(ctx, r.ID)
	if err != nil {
		return Receipt{}, false, err
	}
	return *rec, true, nil
}

// refused is the answer to a call that cannot be done: what was recorded when
// it came first is answered for ever, though its time may be too long ago now.
func (s *Service) refused(ctx context.Context, k key, repeats func(*Receipt) bool, refusal error) (Receipt, bool, error) {
	if errs.KindOf(refusal) != errs.Invalid || checkNumber(k.number) != nil {
		return Receipt{}, false, refusal
	}
	rec, err := s.Find(ctx, k.source, k.kind, k.number)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !repeats(rec):
		return Receipt{}, false, refusal
	case err != nil:
		return Receipt{}, false, err
	}
	return *rec, true, nil
}

func (d Draft) check() error {
	if (d.NoDiscount || d.NoPoints) && d.Reason == "" {
		return ErrReasonMissing.At("/reason")
	}
	var wrong errs.List
	wrong.Bound("/reason", d.Reason, MaxReason)
	for i, l := range d.Lines {
		if len(l.SKU) > catalog.MaxSKU { // in bytes: only then it may be too long
			wrong.Bound(pointer("/lines/%d/sku", i), l.SKU, catalog.MaxSKU)
		}
		if len(l.Name) > catalog.MaxName {
			wrong.Bound(pointer("/lines/%d/name", i), l.Name, catalog.MaxName)
		}
		if fold.Line(l.SKU) != l.SKU { // as the catalog keeps them
			wrong.Add(pointer("/lines/%d/sku", i), "bad_characters", "has spaces around it, several in a row, or characters that cannot be printed")
		}
		if !printable(l.Name) {
			wrong.Add(pointer("/lines/%d/name", i), "bad_characters", "has characters that cannot be printed")
		}
	}
	return wrong.Err()
}

// Limits of texts, in characters.
const (
	MaxNumber = 100
	MaxReason = 200
)

// printable reports whether a text can be kept by every database and printed.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// meaning is what a call says, however it says it: the same sale that is sent
// again under a new quote, or with its time in another zone, means the same.
type meaning struct {
	Draft
	Number   string
	Original ID           `json:",omitempty"`
	Parts    []ReturnLine `json:",omitempty"`
	SoldAt   *int64       `json:",omitempty"` // microseconds; nil: not sent
	// Of what comes late.
	Shown uint16 `json:",omitempty"`
	Named string `json:",omitempty"` // the sale of a return
}

func (m meaning) at(soldAt time.Time) meaning {
	if !soldAt.IsZero() {
		us := soldAt.UnixMicro()
		m.SoldAt = &us
	}
	return m
}

// shownBits is what a fingerprint has of what a customer showed: a sale that comes
// again with somebody else is told, and so many phones share it that nobody finds one
// out who tries them all.
func shownBits(list []customer.Identifier) uint16 {
	if len(list) == 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(jsonOf(list)))
	return binary.BigEndian.Uint16(sum[:2]) >> 4
}

func (s *Sale) meaning() meaning { return meaning{Draft: s.Draft, Number: s.Number}.at(s.SoldAt) }

func (s *Sale) fingerprint() string { return fingerprint(s.meaning()) }

func (r *Return) meaning() meaning {
	return meaning{Draft: Draft{Reason: r.Reason}, Number: r.Number, Original: r.Original, Parts: r.Lines}.at(r.SoldAt)
}

func (r *Return) fingerprint() string { return fingerprint(r.meaning()) }

// repeats reports whether the sale is the one that was recorded under its
// number, sent again.
func (s *Sale) repeats(recorded *Receipt) bool {
	return recorded.fingerprint == s.fingerprint() && (s.Total == nil || *s.Total == recorded.Total)
}

func (r *Return) repeats(recorded *Receipt) bool { return recorded.fingerprint == r.fingerprint() }

// reused refuses a number that was recorded with other contents.
func reused(recorded *Receipt) error {
	return ErrKeyReused.Textf("A receipt of this number is recorded already with other contents: receipt %s. Send the new receipt under a number of its own.", recorded.ID).
		With("receipt", recorded.ID).At("/number")
}

// fingerprint tells a repeated body from another one.
func fingerprint(body any) string {
	sum := sha256.Sum256([]byte(jsonOf(body)))
	return base64.RawStdEncoding.EncodeToString(sum[:16])
}
