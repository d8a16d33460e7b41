package importer

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/programme"
)

// Giftcard is a row of a file of gift cards. Whoever knows its number has the money:
// nothing that is kept of a card that was taken says it.
type Giftcard struct {
	Row     int64
	Number  string // letters and digits
	Balance money.Amount
	End     time.Time // the midnight that ends it; zero: never
	Who     Who       // that holds it

	cells []string // without the number
}

// giftcard reads the row that was begun.
func (r *rowReader) giftcard() *Giftcard {
	g := &Giftcard{
		Row: r.number, Number: cardNumber(r.code(FieldGiftcard, maxText)),
		Who: Who{External: r.identifier(FieldExternal, customer.MaxExternal), Phone: r.identifier(FieldPhone, maxText), Email: r.identifier(FieldEmail, maxText)},
	}
	if g.Number == "" && !r.refused {
		r.refuse(FieldGiftcard, ReasonMissing, "")
	}
	n, ok := r.decimalOf(FieldBalance)
	v, exact, fits := n.scaled(r.currency.Exponent)
	switch {
	case r.raw(FieldBalance) == "":
		r.refuse(FieldBalance, ReasonMissing, "")
	case !ok: // refused
	case !fits || v < 0 || v > int64(money.MaxAmount):
		r.refuse(FieldBalance, ReasonRange, r.raw(FieldBalance))
	case !exact:
		r.refuse(FieldBalance, ReasonCoin, r.raw(FieldBalance))
	}
	g.Balance = money.Amount(v)
	if cell := r.raw(FieldValidUntil); cell != "" {
		last, _, none, ok := r.parseMoment(cell, "")
		switch {
		case !ok:
			r.refuse(FieldValidUntil, r.whyNoDate(cell), cell)
		case !none:
			g.End = programme.Midnight(last, 1, r.zone)
		}
	}
	return g
}

// cardNumber is a number as it is compared: blanks, dashes and capitals tell no two
// cards apart.
func cardNumber(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, fold.OneScript(text))
}

// hint is the end of a card's number, as much as says which it is to its holder and to
// nobody the rest.
func (g *Giftcard) hint() string {
	n := utf8.RuneCountInString(g.Number)
	return string([]rune(g.Number)[n-min(4, n/2):])
}

// hide takes the number out of the cells of rows that are taken.
func (m *Mapping) hide(cells []string) []string {
	if c := m.Columns[FieldGiftcard]; c > 0 && c <= len(cells) {
		cells[c-1] = "…" + (&Giftcard{Number: cardNumber(cells[c-1])}).hint()
	}
	return cells
}

func (g *Giftcard) issue(f Field, why Reason, value string) Issue {
	return Issue{Row: g.Row, Field: f, Reason: why, Value: value, Cells: g.cells}
}

// cardsTx keeps gift cards, each of a source once: one that is in stays as it is.
func (w *writer) cardsTx(ctx context.Context, tx *db.Tx, list []card, rep *Report) (issues []Issue, err error) {
	ids, hashes := make([][]customer.Identifier, len(list)), make([]string, len(list))
	for i := range list {
		ids[i], hashes[i] = list[i].ids, secret.Keyed(w.secret, list[i].Number)
	}
	holders, err := w.customers.WhoseTx(ctx, tx, int64(w.imp.ID), ids)
	if err != nil {
		return nil, err
	}
	had, err := w.giftcards.BalancesTx(ctx, tx, w.imp.sourceID, hashes)
	if err != nil {
		return nil, err
	}
	var fresh []giftcard.Card
	now := w.now()
	for i := range list {
		c, hash := &list[i], hashes[i]
		before, in := had[hash]
		if w.dry != nil && !in {
			before, in = w.dry.cards[hash]
		}
		if said := cellOf(c.cells, w.imp.Mapping.Columns[FieldBalance]); in && before.Import == int64(w.imp.ID) {
			issues = append(issues, c.issue(FieldBalance, ReasonCardTwice, said))
			continue
		} else if in {
			rep.CardsKnown++
			rep.CardsKnownSum += before.Amount
			if before.Amount != c.Balance {
				issues = append(issues, c.issue(FieldBalance, ReasonCardOther, said))
			}
			continue
		}
		if holders[i] == 0 && !c.Who.nobody() {
			issues = append(issues, c.issue("", ReasonHolder, ""))
		}
		kept := giftcard.Balance{Amount: c.Balance, Import: int64(w.imp.ID)}
		had[hash], w.fresh.cards[hash] = kept, kept
		rep.Cards++
		rep.CardsTotal += c.Balance
		if !c.End.IsZero() && !c.End.After(now) {
			rep.CardsOver++
			rep.CardsOverTotal += c.Balance
		}
		fresh = append(fresh, giftcard.Card{
			Name: giftcard.Name{Hash: hash, Source: w.imp.sourceID}, Import: int64(w.imp.ID), Hint: c.hint(), Balance: c.Balance, ExpiresAt: c.End, Holder: holders[i],
		})
	}
	rep.Noted += int64(len(issues))
	return issues, w.giftcards.KeepTx(ctx, tx, fresh)
}

// card is a gift card and what its holder is known by.
type card struct {
	*Giftcard
	ids []customer.Identifier
}

// giftcard prepares a row of a file of gift cards.
func (p *preparer) giftcard(b *batch, g *Giftcard) {
	ids, bad := p.identifiers(g.Who.External, "", splitPhones(g.Who.Phone), g.Who.Email)
	for _, is := range bad {
		is.Row, is.Cells = g.Row, g.cells
		b.issues = append(b.issues, is)
	}
	b.cards = append(b.cards, card{g, ids})
}
