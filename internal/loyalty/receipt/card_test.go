package receipt_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

const annasCard, othersCard = "2900 0000 0001", "2900000000002"

// withCard is the simple rules, with which points are taken only with the card.
func withCard() *programme.Rules {
	r := simple()
	r.Redeem.WithCard = true
	return r
}

func (c *chain) give(who customer.ID, card string) {
	c.t.Helper()
	must(c.t, c.DB.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := c.Customers.AddIdentifierTx(ctx, tx, who, customer.Card, card)
		return err
	}))
}

func (c *chain) takeCard(ctx context.Context, tx *db.Tx, who customer.ID, card string) error {
	i, err := c.Customers.Normalize(customer.Card, card)
	if err != nil {
		return err
	}
	return c.Customers.RemoveIdentifierTx(ctx, tx, who, i)
}

// carded is a chain by these rules and two customers of 10 000 points with a card each.
func carded(t *testing.T, d *db.DB, rules *programme.Rules) (c *chain, anna, boris customer.ID) {
	t.Helper()
	c = open(t, d, rules)
	anna, boris = c.customer(), c.customer()
	for who, card := range map[customer.ID]string{anna: annasCard, boris: othersCard} {
		c.give(who, card)
		c.sell(draft(who, 0, 100_000_00))
	}
	return c, anna, boris
}

func showing(d receipt.Draft, card string) receipt.Draft {
	d.Card = card
	return d
}

// Points are taken with the customer's card alone; the quote says why they are not
// without, a repeated sale needs none, and the number is kept nowhere.
func TestRedeemingNeedsTheCard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, anna, _ := carded(t, d, withCard())
		ctx, till := t.Context(), c.tills[0]
		total, none, many := money.Amount(49_000_00), draft(anna, 0, 50_000_00), draft(anna, 1_000_00, 50_000_00)
		for card, want := range map[string]*errs.Error{
			"": receipt.ErrCardNeeded, othersCard: receipt.ErrCardWrong, "1": receipt.ErrCardWrong, "no card, but a text": receipt.ErrCardWrong, "+998901000001": receipt.ErrCardWrong,
		} {
			q, err := c.Receipts.Quote(ctx, till, showing(none, card))
			if err != nil || q.MaxRedeem != 0 || q.Limit != pricing.LimitCard {
				t.Errorf("with %q the quote lets %s be redeemed, for %q: %v", card, q.MaxRedeem, q.Limit, err)
			}
			if _, err := c.Receipts.Quote(ctx, till, showing(many, card)); !errors.Is(err, want) {
				t.Errorf("a quote with %q: %v", card, err)
			}
			if _, _, err := c.Receipts.Commit(ctx, till, receipt.Sale{Number: c.number(), Draft: showing(many, card), Total: &total}); !errors.Is(err, want) {
				t.Errorf("a sale with %q: %v", card, err)
			}
		}
		for _, card := range []string{"", annasCard} {
			if rec := c.sell(showing(none, card)); rec.Details.Card || rec.Earned == 0 {
				t.Errorf("without points, with %q: %+v", card, rec)
			}
		}
		q, err := c.Receipts.Quote(ctx, till, showing(none, annasCard))
		if err != nil || q.MaxRedeem != 20_000_00 || q.Limit != pricing.LimitBalance {
			t.Errorf("with the card %s can be redeemed, for %q: %v", q.MaxRedeem, q.Limit, err)
		}
		sale := c.quoted(showing(many, "2900-00000001"))
		sale.Card = ""
		if _, _, err := c.Receipts.Commit(ctx, till, sale); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("quoted with the card and sold without: %v", err)
		}
		sale.Card = annasCard
		rec := c.mustCommit(sale)
		if !rec.Details.Card || rec.Redeemed != 1_000_00 {
			t.Errorf("recorded: %+v", rec)
		}
		must(t, c.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return c.takeCard(ctx, tx, anna, annasCard) }))
		for _, card := range []string{annasCard, ""} {
			sale.Card = card
			again, replayed, err := c.process().Receipts.Commit(ctx, till, sale)
			if err != nil || !replayed || again.ID != rec.ID || !again.Details.Card {
				t.Errorf("again with %q: %v, %v", card, replayed, err)
			}
		}
		if _, err := c.Receipts.Quote(ctx, till, showing(many, annasCard)); !errors.Is(err, receipt.ErrCardWrong) {
			t.Errorf("a card that was taken off: %v", err)
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts WHERE details LIKE '%290000000001%'`) + c.count(`SELECT COUNT(*) FROM events WHERE body LIKE '%290000000001%'`); n != 0 {
			t.Errorf("the number of the card is kept in %d places", n)
		}
	})
}

// Who was merged pays with a card of either, and who was taken apart again with their own.
func TestCardsFollowMerges(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, anna, boris := carded(t, d, withCard())
		ctx := t.Context()
		m, err := c.Merges.Merge(ctx, boris, anna, 0, nil)
		must(t, err)
		for _, who := range []customer.ID{anna, boris} {
			for _, card := range []string{annasCard, othersCard} {
				if rec := c.sell(showing(draft(who, 100_00, 1_000_00), card)); rec.Customer != anna || !rec.Details.Card {
					t.Errorf("%s with %s: %+v", who, card, rec)
				}
			}
		}
		must(t, c.Merges.Undo(ctx, m.ID, 0, nil))
		if _, err := c.Receipts.Quote(ctx, c.tills[0], showing(draft(anna, 100_00, 1_000_00), othersCard)); !errors.Is(err, receipt.ErrCardWrong) {
			t.Errorf("taken apart, with the other's card: %v", err)
		}
		if rec := c.sell(showing(draft(boris, 100_00, 1_000_00), othersCard)); rec.Customer != boris {
			t.Errorf("taken apart: %+v", rec)
		}
	})
}

// Points are held with the card, and the till that holds them sells without it; no other
// does, nor for more.
func TestHoldNeedsTheCard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, anna, _ := carded(t, d, withCard())
		ctx, till := t.Context(), c.tills[0]
		ask := receipt.Hold{Number: "H", Customer: anna, Points: 2_000_00}
		if _, _, err := c.Receipts.Hold(ctx, till, ask); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("without a card: %v", err)
		}
		ask.Card = othersCard
		if _, _, err := c.Receipts.Hold(ctx, till, ask); !errors.Is(err, receipt.ErrCardWrong) {
			t.Errorf("with another's: %v", err)
		}
		ask.Card = annasCard
		h, _, err := c.Receipts.Hold(ctx, till, ask)
		if must(t, err); !h.Card {
			t.Error("the hold does not say that the card was shown")
		}
		ask.Card = ""
		if again, replayed, err := c.Receipts.Hold(ctx, till, ask); err != nil || !replayed || again.ID != h.ID || !again.Card {
			t.Errorf("again: %v, %v", replayed, err)
		}
		with := draft(anna, 2_000_01, 50_000_00)
		with.Hold = h.ID
		if _, err := c.Receipts.Quote(ctx, till, with); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("more than is held: %v", err)
		}
		with.Redeem = 2_000_00
		if _, err := c.Receipts.Quote(ctx, c.tills[1], with); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("at another till: %v", err)
		}
		if rec := c.sell(with); rec.Redeemed != 2_000_00 || rec.Details.Card {
			t.Errorf("sold: %+v", rec)
		}
		if _, err := c.Receipts.Quote(ctx, till, with); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("what is redeemed already: %v", err)
		}
	})
}

// Neither a hold from before the rule nor a sale that is said to be goes around the card;
// one that was shown before the rule is shown.
func TestNothingFromBeforeGoesAroundTheCard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, anna, _ := carded(t, d, simple())
		ctx, till := t.Context(), c.tills[0]
		held := func(number, card string) receipt.Draft {
			h, _, err := c.Receipts.Hold(ctx, till, receipt.Hold{Number: number, Customer: anna, Points: 2_000_00, For: time.Hour, Card: card})
			must(t, err)
			with := draft(anna, 2_000_00, 50_000_00)
			with.Hold = h.ID
			return with
		}
		without, with := held("1", ""), held("2", annasCard)
		quoted := c.quoted(draft(anna, 1_000_00, 50_000_00))
		c.Clock.Advance(time.Minute)
		c.publish(withCard())
		if _, _, err := c.Receipts.Commit(ctx, till, quoted); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("quoted before: %v", err)
		}
		total := money.Amount(49_000_00)
		back := receipt.Sale{Number: "BACK", Draft: draft(anna, 1_000_00, 50_000_00), SoldAt: c.Now().Add(-30 * time.Second), Total: &total}
		if _, _, err := c.Receipts.Commit(ctx, till, back); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("said to be sold before: %v", err)
		}
		if _, err := c.Receipts.Quote(ctx, till, without); !errors.Is(err, receipt.ErrCardNeeded) {
			t.Errorf("held before: %v", err)
		}
		if rec := c.sell(with); rec.Redeemed != 2_000_00 {
			t.Errorf("held before with the card: %+v", rec)
		}
		back.Card = annasCard
		if rec := c.mustCommit(back); !rec.Details.Card {
			t.Errorf("said to be sold before, with the card: %+v", rec)
		}
	})
}

// What a till sends late takes no points, and needs no card.
func TestLateNeedsNoCard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, anna, _ := carded(t, d, withCard())
		c.Clock.Advance(time.Hour)
		for _, r := range c.late(0, time.Time{}, lateSale("L", anna, c.Now().Add(-time.Minute), 10_000_00, 10_000_00)) {
			if r.Err != nil || len(r.Differences) != 0 || r.Receipt.Earned == 0 {
				t.Errorf("recorded late: %+v", r)
			}
		}
	})
}

// A card that is being taken off while a sale shows it: the sale waits, and is refused
// once it is gone.
func TestCardTakenOffMeanwhile(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c, anna, _ := carded(t, d, withCard())
		ctx := t.Context()
		sale := c.quoted(showing(draft(anna, 1_000_00, 50_000_00), annasCard))
		sold := make(chan error, 1)
		must(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if err := c.takeCard(ctx, tx, anna, annasCard); err != nil {
				return err
			}
			go func() {
				_, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
				sold <- err
			}()
			for waits := !d.Postgres(); !waits; { // elsewhere there is one writer at a time
				const blocked = `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
				if err := d.QueryRow(ctx, blocked).Scan(&waits); err != nil {
					return err
				}
				select {
				case err := <-sold: // it did not wait
					sold <- err
					return nil
				default:
				}
			}
			return nil
		}))
		if err := <-sold; !errors.Is(err, receipt.ErrCardWrong) {
			t.Errorf("with a card that is gone: %v", err)
		}
	})
}

// Whose group has a programme of its own shows the card where that one asks for it.
func TestCardsGoByTheGroupsProgramme(t *testing.T) {
	t.Parallel()
	for name, rules := range map[string][2]*programme.Rules{"asks in general": {withCard(), simple()}, "asks of the group": {simple(), withCard()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				c := open(t, d, rules[0])
				own := *rules[1]
				own.Labels = []string{"staff"}
				_, err := c.Programmes.Install(t.Context(), "Staff", &own, c.Now(), 0)
				must(t, err)
				must(t, c.Programmes.Refresh(t.Context()))
				anna := c.customer()
				c.label(anna, "staff")
				c.sell(draft(anna, 0, 100_000_00))
				var want error
				if own.Redeem.WithCard {
					want = receipt.ErrCardNeeded
				}
				if _, _, err := c.Receipts.Hold(t.Context(), c.tills[0], receipt.Hold{Number: "H", Customer: anna, Points: 1_000_00}); !errors.Is(err, want) {
					t.Errorf("held: %v", err)
				}
				if _, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(anna, 1_000_00, 50_000_00)); !errors.Is(err, want) {
					t.Errorf("quoted: %v", err)
				}
			})
		})
	}
}
