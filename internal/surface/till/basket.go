package till

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
)

// basket is what the page's form carries.
type basket struct {
	Number     string // of the receipt to be
	Quote      string // id of the quote that the page shows; "": none
	Total      string // that the page shows
	Customer   customer.ID
	Lines      []line
	Redeem     string
	NoDiscount bool
	NoPoints   bool
	Reason     string
	Asked      confirm.ID // the customer was sent a code; 0: was not
	Said       string     // what they say it is
	Card       string     // the number of the card that was read, where the rules ask for it
	Joining    bool       // the registration is open
	Join       join
}

// line is one position. Quantity and Off are as they were typed.
type line struct {
	SKU      string
	Name     string // the full one, as people read it
	sent     string // the catalog's, by which a receipt goes: what is new now and known when it is sent again says the same
	Price    money.Price
	Priced   string // as typed, where the catalog knows no price
	New      bool   // the catalog does not know it: its name is typed too
	Quantity string
	Off      string // what the till takes off
	Void     bool
	Out      bool // takes no part in the programme
}

// join is somebody who registers.
type join struct {
	Phone, Card, Name string
	Asked             confirm.ID // the phone was sent a code; 0: was not
	Said              string     // what the customer says it is
	Proof             string     // number of the form
	Agreed            []string   // values of the boxes that are ticked
	More              *web.Form  // attributes
	Errors            map[string]string
}

// newNumber names a receipt: the time and four digits of chance, all digits so
// that a scanner types them in any keyboard layout. Another receipt of the
// same till would have to begin in the same second.
func newNumber(now time.Time, zone *time.Location) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return now.In(zone).Format("060102150405") + fmt.Sprintf("%04d", binary.BigEndian.Uint64(b[:])%10_000)
}

func (t *Till) newBasket(at *place) basket {
	return basket{Number: newNumber(t.Now(), at.Store.Zone)}
}

// readBasket reads the form. A line has all of its fields or is none.
func readBasket(f *web.Form, unseal func(string) customer.ID) basket {
	b := basket{
		Number: f.Get("number"), Quote: f.Get("quote"), Total: f.Get("total"),
		Customer: unseal(f.Get("customer")), Redeem: f.Get("redeem"),
		NoDiscount: f.Has("off", "discount"), NoPoints: f.Has("off", "points"), Reason: fold.Line(f.Get("reason")),
		Asked: confirm.ID(number(f.Get("asked"))), Said: f.Get("said"), Card: f.Get("card"),
		Joining: f.Has("joining", "1"),
		Join: join{
			Phone: fold.Line(f.Get("join-phone")), Card: fold.Line(f.Get("join-card")), Name: fold.Line(f.Get("join-name")),
			Asked: confirm.ID(number(f.Get("join-asked"))), Said: f.Get("join-said"),
			Proof: fold.Line(f.Get("join-proof")), Agreed: f.All("consent"), More: f,
		},
	}
	if !b.NoDiscount && !b.NoPoints {
		b.Reason = ""
	}
	skus := f.All("sku")
	for i := range min(len(skus), pricing.MaxLines) {
		b.Lines = append(b.Lines, line{
			SKU: skus[i], Name: nth(f.Values, "name", i), Price: money.Price(number(nth(f.Values, "price", i))), Priced: nth(f.Values, "priced", i),
			Quantity: nth(f.Values, "quantity", i), Off: nth(f.Values, "discount", i), Void: nth(f.Values, "void", i) == "1", Out: nth(f.Values, "out", i) == "1",
		})
	}
	return b
}

// given is what the customer said to the redeeming.
func (b *basket) given() confirm.Given { return confirm.Given{ID: b.Asked, Code: b.Said} }

// given is what who registers said of the phone.
func (j *join) given() confirm.Given { return confirm.Given{ID: j.Asked, Code: j.Said} }

func nth(v url.Values, name string, i int) string {
	if list := v[name]; i < len(list) {
		return strings.TrimSpace(list[i])
	}
	return ""
}

// add puts a product in: onto the line that it has already, where that counts
// pieces and nothing was taken off, or as a line of its own. It gives the
// line's place.
func (b *basket) add(loc *i18n.Localizer, p catalog.Product, q money.Quantity) int {
	if q%money.One == 0 {
		for i := range b.Lines {
			l := &b.Lines[i]
			have, err := readQuantity(loc, l.Quantity)
			if l.SKU == p.SKU && !l.Void && !l.Out && l.Off == "" && err == nil && have%money.One == 0 && have+q <= money.MaxQuantity {
				l.Quantity = loc.Quantity(have + q)
				return i
			}
		}
	}
	b.Lines = append(b.Lines, line{SKU: p.SKU, Name: p.FullName(), Price: p.Price, Quantity: loc.Quantity(q)})
	return len(b.Lines) - 1
}

// addNew puts in what the catalog does not know, under the code that was scanned,
// or by the name that was typed, which is then its code too, as in a file without
// codes. The rest of it, name and price, is typed, and the sale adds it to the
// catalog. It gives the line's place.
func (b *basket) addNew(loc *i18n.Localizer, code string, q money.Quantity) int {
	if i := b.open(code); i >= 0 {
		if have, err := readQuantity(loc, b.Lines[i].Quantity); err == nil && have+q <= money.MaxQuantity {
			b.Lines[i].Quantity = loc.Quantity(have + q)
			return i
		}
	}
	l := line{SKU: code, New: true, Quantity: loc.Quantity(q)}
	if !isCode(code) {
		l.Name = code
	}
	b.Lines = append(b.Lines, l)
	return len(b.Lines) - 1
}

// open is the line of a code that is not struck out; -1: none is.
func (b *basket) open(code string) int {
	return slices.IndexFunc(b.Lines, func(l line) bool { return l.SKU == code && !l.Void })
}

// step counts a line up or down; the last piece gone, the line is struck out.
func (b *basket) step(loc *i18n.Localizer, i int, by money.Quantity) {
	if i < 0 || i >= len(b.Lines) {
		return
	}
	l := &b.Lines[i]
	q, err := readQuantity(loc, l.Quantity)
	if err != nil {
		q = 0
	}
	switch q += by; {
	case q <= 0:
		l.Void = true
	case q <= money.MaxQuantity:
		l.Quantity = loc.Quantity(q)
	}
}

// readQuantity reads a typed quantity, which is not negative. 0,350 is a weight in
// every language: no number whose thousands are parted begins with nothing.
func readQuantity(loc *i18n.Localizer, text string) (money.Quantity, error) {
	if rest, ok := strings.CutPrefix(strings.TrimSpace(text), "0,"); ok {
		text = "0." + rest
	}
	q, err := loc.ParseQuantity(text)
	if errors.Is(err, i18n.ErrNumber) || q < 0 {
		return 0, errQuantity
	}
	return q, err
}

func (b *basket) strike(i int, void bool) {
	if i >= 0 && i < len(b.Lines) {
		b.Lines[i].Void = void
	}
}

// takeOut takes a line out of the programme or lets it take part again.
func (b *basket) takeOut(i int, out bool) {
	if i >= 0 && i < len(b.Lines) {
		b.Lines[i].Out = out
	}
}

// renew takes the prices of today's catalog; what the catalog has no price
// for keeps the one that was typed. It gives the products by SKU and the names
// of those whose price is another one now.
func (t *Till) renew(ctx context.Context, loc *i18n.Localizer, b *basket) (known map[string]catalog.Product, changed []string, err error) {
	if len(b.Lines) == 0 {
		return nil, nil, nil
	}
	skus := make([]string, len(b.Lines))
	for i, l := range b.Lines {
		skus[i] = l.SKU
	}
	if known, err = t.Catalog.ByCode(ctx, skus); err != nil {
		return nil, nil, err
	}
	for i := range b.Lines {
		l := &b.Lines[i]
		p, ok := known[l.SKU]
		if l.New = !ok; l.New {
			l.Name, l.Price = fold.Line(l.Name), 0
			if typed, err := loc.ParsePrice(l.Priced); err == nil {
				l.Price = typed
			}
			continue
		}
		l.SKU, l.Name, l.sent, known[p.SKU] = p.SKU, p.FullName(), p.Name, p
		switch {
		case p.Price == 0:
			if typed, err := loc.ParsePrice(l.Priced); err == nil {
				l.Price = typed
			}
		case l.Price != p.Price:
			if l.Price != 0 {
				changed = append(changed, l.Name)
			}
			l.Price = p.Price
		}
	}
	return known, changed, nil
}

// draft reads the basket for pricing. What cannot be read is noted by the id
// of its field, and the line does not count.
func (b *basket) draft(loc *i18n.Localizer, c money.Currency, wrong func(field string, err error)) receipt.Draft {
	d := receipt.Draft{Customer: b.Customer, NoDiscount: b.NoDiscount, NoPoints: b.NoPoints, Reason: b.Reason, Card: b.Card}
	d.Lines = make([]receipt.DraftLine, len(b.Lines))
	for i, l := range b.Lines {
		to := &d.Lines[i]
		*to = receipt.DraftLine{SKU: l.SKU, Name: l.sent, Quantity: money.One, Price: l.Price, Void: l.Void, NoLoyalty: l.Out}
		if l.New {
			to.Name = l.Name
		}
		if l.Void {
			continue
		}
		check := func(field string, err error) {
			if err != nil {
				to.Void = true
				wrong(field+"-"+strconv.Itoa(i), err)
			}
		}
		q, err := readQuantity(loc, l.Quantity)
		switch {
		case err == nil && q == 0:
			err = errQuantity
		case q > money.MaxQuantity:
			err = errRange.With("max", money.MaxQuantity)
		}
		check("quantity", err)
		if err == nil {
			to.Quantity = q
		}
		switch {
		case l.Priced != "":
			p, err := loc.ParsePrice(l.Priced)
			if err == nil && (p < 0 || p > money.MaxPrice) {
				err = errRange.With("min", 0).With("max", money.MaxPrice)
			}
			check("priced", err)
		case l.Price == 0:
			check("priced", errPrice)
		}
		if l.New && l.Name == "" {
			check("named", errName)
		}
		if l.Off != "" {
			off, err := loc.ParseMoney(l.Off, c)
			// What the line costs is known where the rest of it can be read.
			if gross, e := c.LineTotal(to.Price, to.Quantity); err == nil && e == nil && !to.Void && (off < 0 || off > gross) {
				err = errRange.With("min", 0).With("max", loc.Money(gross, c))
			}
			if check("discount", err); err == nil {
				to.Discount = off
			}
		}
	}
	if b.Redeem != "" && !b.NoPoints && b.Customer != 0 {
		p, err := loc.ParsePoints(b.Redeem)
		if err == nil && p < 0 {
			err = errRange.With("min", 0)
		}
		if err != nil {
			wrong("redeem", err)
		} else {
			d.Redeem = p
		}
	}
	return d
}

// Open counts the lines that are not struck out.
func (b *basket) Open() (n int) {
	for _, l := range b.Lines {
		if !l.Void {
			n++
		}
	}
	return n
}
