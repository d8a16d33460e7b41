package receipt_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/webhook"
)

// posted is what the address for codes takes.
type posted struct {
	t      *testing.T
	url    string
	answer int

	mu    sync.Mutex
	codes map[string]string // by id of the message
	texts []string
}

func (p *posted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	must(p.t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	var m struct {
		Type string
		Data struct{ Customer, Phone, Code, Points, Text, Language string }
	}
	must(p.t, json.Unmarshal(body, &m))
	if m.Type != confirm.TypeCode || len(m.Data.Code) != 6 || !strings.Contains(m.Data.Text, m.Data.Code) || m.Data.Phone == "" {
		p.t.Errorf("posted: %s", body)
	}
	p.texts = append(p.texts, m.Data.Text)
	p.codes[r.Header.Get("Webhook-Id")] = m.Data.Code
	w.WriteHeader(p.answer)
}

// codes has the chain's codes posted to a server, when they are sent.
func (c *chain) codes(t *testing.T) *posted {
	t.Helper()
	p := &posted{t: t, codes: map[string]string{}, answer: http.StatusNoContent}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	c.outlet(t, secret.NewKey())
	must(t, c.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return c.Confirm.SetAddressTx(ctx, tx, p.url, false) }))
	return p
}

func (c *chain) outlet(t *testing.T, key string) {
	t.Helper()
	keys, err := secret.NewBox(key)
	must(t, err)
	must(t, c.Confirm.Use(t.Context(), confirm.Outlet{
		Keys: keys, Post: webhook.New().Post, Wake: func() {}, Queue: func(context.Context, *db.Tx, confirm.ID) error { return nil },
		Text: func(language, code string, points money.Points) (string, string) {
			return code + " for " + points.String(), "en"
		},
	}))
}

// confirmed asks for a code and gives it as the customer does.
func (c *chain) confirmed(p *posted, at receipt.Caller, who customer.ID, points money.Points) confirm.Given {
	c.t.Helper()
	made, err := c.Receipts.Confirm(c.t.Context(), at, who, points)
	must(c.t, err)
	must(c.t, c.Confirm.Send(c.t.Context(), made.ID))
	p.mu.Lock()
	defer p.mu.Unlock()
	return confirm.Given{ID: made.ID, Code: p.codes["confirmation_"+made.ID.String()]}
}

// withCodes is a chain where 1000 points need a code, and a customer of 10 000.
func withCodes(t *testing.T, d *db.DB) (*chain, *posted, customer.ID) {
	t.Helper()
	c := open(t, d, nil)
	p := c.codes(t)
	rules := simple()
	rules.Redeem.ConfirmFrom = 1_000_00
	_, err := c.Programmes.Install(t.Context(), "Main", rules, c.Now(), 0)
	must(t, err)
	anna := c.customer()
	c.sell(draft(anna, 0, 100_000_00))
	return c, p, anna
}

func wrong(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

// Points above the sum are taken with a code, once, and a repeated sale is answered
// all the same.
func TestRedeemingNeedsACode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, p, anna := withCodes(t, d)
		ctx, till := t.Context(), c.tills[0]
		if few := c.quoted(draft(anna, 999_99, 50_000_00)); c.mustCommit(few).Details.Confirmed {
			t.Error("few points are said to be confirmed")
		}
		q, err := c.Receipts.Quote(ctx, till, draft(anna, 1_000_00, 50_000_00))
		if err != nil || !q.Confirm {
			t.Errorf("the quote does not say that a code is needed: %v", err)
		}
		sale := c.quoted(draft(anna, 1_000_00, 50_000_00))
		if _, _, err := c.Receipts.Commit(ctx, till, sale); !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("without a code: %v", err)
		}
		given := c.confirmed(p, till, anna, 1_000_00)
		for name, bad := range map[string]confirm.Given{"another": {ID: given.ID, Code: wrong(given.Code)}, "none": {ID: 1, Code: given.Code}} {
			sale.Confirmation = bad
			if _, _, err := c.Receipts.Commit(ctx, till, sale); !errors.Is(err, confirm.ErrWrong) {
				t.Errorf("%s code: %v", name, err)
			}
		}
		more := c.quoted(draft(anna, 1_000_01, 50_000_00))
		more.Confirmation = given
		if _, _, err := c.Receipts.Commit(ctx, till, more); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("for more points: %v", err)
		}
		elsewhere := sale
		elsewhere.Confirmation, elsewhere.Quote, elsewhere.Total = given, "", &q.Total
		if _, _, err := c.Receipts.Commit(ctx, c.tills[1], elsewhere); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("at another till: %v", err)
		}
		sale.Confirmation = given
		rec := c.mustCommit(sale)
		if !rec.Details.Confirmed || rec.Redeemed != 1_000_00 {
			t.Errorf("recorded: %+v", rec)
		}
		again, replayed, err := c.process().Receipts.Commit(ctx, till, sale)
		if err != nil || !replayed || again.ID != rec.ID || !again.Details.Confirmed {
			t.Errorf("again: %v, %v", replayed, err)
		}
		twice := c.quoted(draft(anna, 1_000_00, 50_000_00))
		twice.Confirmation = given
		if _, _, err := c.Receipts.Commit(ctx, till, twice); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("used twice: %v", err)
		}
	})
}

func (c *chain) mustCommit(sale receipt.Sale) receipt.Receipt {
	c.t.Helper()
	rec, _, err := c.Receipts.Commit(c.t.Context(), c.tills[0], sale)
	must(c.t, err)
	return rec
}

// A code is void after five tries and five minutes, and three are sent in ten
// minutes.
func TestCodesAreFew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, p, anna := withCodes(t, d)
		ctx, till := t.Context(), c.tills[0]
		sale := c.quoted(draft(anna, 1_000_00, 50_000_00))
		tried := c.confirmed(p, till, anna, 1_000_00)
		var together sync.WaitGroup
		for range confirm.MaxTries { // at once
			together.Go(func() {
				other := c.quoted(draft(anna, 1_000_00, 50_000_00))
				other.Confirmation = confirm.Given{ID: tried.ID, Code: wrong(tried.Code)}
				if _, _, err := c.Receipts.Commit(ctx, till, other); !errors.Is(err, confirm.ErrWrong) {
					t.Errorf("a wrong code: %v", err)
				}
			})
		}
		together.Wait()
		sale.Confirmation = tried
		if _, _, err := c.Receipts.Commit(ctx, till, sale); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("the sixth try: %v", err)
		}
		old := c.confirmed(p, till, anna, 1_000_00)
		c.confirmed(p, till, anna, 5_000_00)
		if _, err := c.Receipts.Confirm(ctx, till, anna, 1_000_00); !errors.Is(err, confirm.ErrTooMany) {
			t.Errorf("a fourth code: %v", err)
		}
		if _, err := c.Receipts.Confirm(ctx, till, anna, 999_99); !errors.Is(err, confirm.ErrNotNeeded) {
			t.Errorf("a code for few: %v", err)
		}
		c.Clock.Advance(confirm.ValidFor)
		sale = c.quoted(draft(anna, 1_000_00, 50_000_00))
		sale.Confirmation = old
		if _, _, err := c.Receipts.Commit(ctx, till, sale); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("after five minutes: %v", err)
		}
		c.Clock.Advance(confirm.MadeWithin)
		sale = c.quoted(draft(anna, 1_000_00, 50_000_00))
		sale.Confirmation = c.confirmed(p, till, anna, 2_000_00)
		c.mustCommit(sale)
	})
}

// No code is sent for points that cannot be taken.
func TestCodesAreForPointsThatAreThere(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, _, anna := withCodes(t, d)
		ask := func(points money.Points) error {
			_, err := c.Receipts.Confirm(t.Context(), c.tills[0], anna, points)
			return err
		}
		c.hold(anna, 900_00, 5) // the till's own, which the sale may give back
		if err := ask(10_000_01); !errors.Is(err, ledger.ErrTooFew) || errs.Of(err).Args["available"] != money.Points(10_000_00) {
			t.Errorf("more than there are: %v", err)
		}
		if err := ask(10_000_00); err != nil {
			t.Errorf("all that there are: %v", err)
		}
		rules := simple()
		rules.Redeem.ConfirmFrom, rules.Redeem.Max = 1_000_00, 2_000_00
		c.publish(rules)
		if err := ask(2_000_01); !errors.Is(err, pricing.ErrRedeemTooMuch) || errs.Of(err).Args["max"] != money.Points(2_000_00) {
			t.Errorf("more than a receipt takes: %v", err)
		}
		c.stop(rules)
		if err := ask(2_000_00); !errors.Is(err, pricing.ErrRedeemTooMuch) {
			t.Errorf("in a programme that is stopped: %v", err)
		}
		if sent := c.count(`SELECT COUNT(*) FROM confirmations`); sent != 1 {
			t.Errorf("%d codes were made", sent)
		}
	})
}

// A till has no more than so many codes sent, to whomever, however many it asks for at
// once; another till has its own.
func TestATillSendsFewCodes(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, _, _ := withCodes(t, d)
		var people []customer.ID
		for range confirm.MaxOfTill + 5 {
			who := c.customer()
			c.sell(draft(who, 0, 10_000_00))
			people = append(people, who)
		}
		var (
			together sync.WaitGroup
			failures = make([]error, len(people))
		)
		for i, who := range people {
			together.Go(func() { _, failures[i] = c.Receipts.Confirm(t.Context(), c.tills[0], who, 1_000_00) })
		}
		together.Wait()
		refused := 0
		for _, err := range failures {
			if err != nil {
				refused++
				if !errors.Is(err, confirm.ErrTillTooMany) {
					t.Error(err)
				}
			}
		}
		if refused != 5 {
			t.Errorf("%d of %d codes were refused", refused, len(people))
		}
		if _, err := c.Receipts.Confirm(t.Context(), c.tills[1], people[0], 1_000_00); err != nil {
			t.Errorf("another till: %v", err)
		}
		c.Clock.Advance(confirm.MadeWithin)
		if _, err := c.Receipts.Confirm(t.Context(), c.tills[0], people[0], 1_000_00); err != nil {
			t.Errorf("ten minutes later: %v", err)
		}
	})
}

// A right code is neither used nor tried by what is refused for another reason.
func TestARefusalUsesNoCode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, p, anna := withCodes(t, d)
		ctx, till := t.Context(), c.tills[0]
		block := func(state customer.State) {
			must(t, c.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, _, err := c.Customers.SetStateTx(ctx, tx, anna, state)
				return err
			}))
		}
		given := c.confirmed(p, till, anna, 2_000_00)
		for range 10 { // of 10 000: what is asked for is not there any more
			c.hold(anna, 900_00, 1)
		}
		total := money.Amount(1)
		sale := receipt.Sale{Draft: draft(anna, 2_000_00, 50_000_00), Total: &total, Confirmation: given}
		for range confirm.MaxTries {
			sale.Number = c.number()
			if _, _, err := c.Receipts.Commit(ctx, till, sale); !errors.Is(err, pricing.ErrRedeemTooMuch) {
				t.Errorf("points that are not there: %v", err)
			}
		}
		few := receipt.Hold{Customer: anna, Points: 2_000_00, Confirmation: given}
		for range confirm.MaxTries {
			few.Number = c.number()
			if _, _, err := c.Receipts.Hold(ctx, till, few); !errors.Is(err, ledger.ErrTooFew) {
				t.Errorf("a hold of points that are not there: %v", err)
			}
		}
		c.Clock.Advance(time.Minute)
		block(customer.StateBlocked)
		for range confirm.MaxTries {
			few.Number = c.number()
			if _, _, err := c.Receipts.Hold(ctx, till, few); !errors.Is(err, receipt.ErrBlocked) {
				t.Errorf("a hold of somebody blocked: %v", err)
			}
		}
		block(customer.StateActive)
		good := c.quoted(draft(anna, 2_000_00, 50_000_00))
		good.Confirmation = given
		c.mustCommit(good)
	})
}

// One code for two sales at once is good for one of them.
func TestOneCodeRaces(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, p, anna := withCodes(t, d)
		other := c.process()
		given := c.confirmed(p, c.tills[0], anna, 1_000_00)
		var (
			together sync.WaitGroup
			failures [3]error
		)
		for i, at := range []*chain{c, c, other} {
			sale := c.quoted(draft(anna, 1_000_00, 50_000_00))
			sale.Confirmation = given
			together.Go(func() { _, _, failures[i] = at.Receipts.Commit(t.Context(), c.tills[0], sale) })
		}
		together.Wait()
		good := 0
		for _, err := range failures {
			switch {
			case err == nil:
				good++
			case !errors.Is(err, confirm.ErrWrong) && !errors.Is(err, receipt.ErrChanged):
				t.Errorf("the other: %v", err)
			}
		}
		if n := c.count(`SELECT COUNT(*) FROM confirmations WHERE used_by IN (SELECT id FROM receipts WHERE redeemed = 100000)`); good > 1 || n != good {
			t.Errorf("%d sales were recorded by one code, %d used it: %v", good, n, failures)
		}
	})
}

// A hold of many points takes the code; the sale that redeems it at the till does not
// ask again.
func TestHoldNeedsACode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, p, anna := withCodes(t, d)
		ctx, till := t.Context(), c.tills[0]
		ask := receipt.Hold{Number: "H", Customer: anna, Points: 2_000_00}
		if _, _, err := c.Receipts.Hold(ctx, till, ask); !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("without a code: %v", err)
		}
		ask.Confirmation = c.confirmed(p, till, anna, 2_000_00)
		h, _, err := c.Receipts.Hold(ctx, till, ask)
		must(t, err)
		if again, replayed, err := c.Receipts.Hold(ctx, till, ask); err != nil || !replayed || again.ID != h.ID {
			t.Errorf("again: %v, %v", replayed, err)
		}
		with := draft(anna, 2_000_01, 50_000_00)
		with.Hold = h.ID
		if _, _, err := c.Receipts.Commit(ctx, till, c.quoted(with)); !errors.Is(err, confirm.ErrNeeded) {
			t.Errorf("more than is held: %v", err)
		}
		with.Redeem = 2_000_00
		if rec := c.sell(with); rec.Redeemed != 2_000_00 {
			t.Errorf("redeemed %s", rec.Redeemed)
		}
	})
}

// What the address does not take is sent again while the code holds, as the same
// message, and what it has taken is not.
func TestCodesAreSentAgain(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, p, anna := withCodes(t, d)
		ctx := t.Context()
		made, err := c.Receipts.Confirm(ctx, c.tills[0], anna, 1_000_00)
		must(t, err)
		p.answer = http.StatusBadGateway
		if err := c.Confirm.Send(ctx, made.ID); !errors.Is(err, confirm.ErrPost) || strings.Contains(err.Error(), p.texts[0]) {
			t.Errorf("refused: %v", err)
		}
		p.answer = http.StatusOK
		must(t, c.Confirm.Send(ctx, made.ID))
		must(t, c.Confirm.Send(ctx, made.ID)) // taken already
		if len(p.texts) != 2 || len(p.codes) != 1 {
			t.Errorf("posted %d times, %d messages", len(p.texts), len(p.codes))
		}
		late, err := c.Receipts.Confirm(ctx, c.tills[0], anna, 1_000_00)
		must(t, err)
		c.Clock.Advance(confirm.ValidFor)
		must(t, c.Confirm.Send(ctx, late.ID))
		if len(p.texts) != 2 {
			t.Error("a code that is over was sent")
		}
	})
}

// Rules that need codes are not published before there is an address for them.
func TestRulesNeedAnAddress(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, nil)
		rules := simple()
		rules.Redeem.ConfirmFrom = 1
		install := func() error {
			_, err := c.Programmes.Install(t.Context(), "Main", rules, c.Now().Add(time.Hour), 0)
			return err
		}
		if err := install(); !errors.Is(err, confirm.ErrNoAddress) {
			t.Errorf("published: %v", err)
		}
		c.codes(t)
		must(t, install())
	})
}
