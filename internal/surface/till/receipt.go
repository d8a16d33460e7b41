package till

import (
	"context"
	"image/color"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode/code128"

	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// receiptView is a recorded receipt and its slip.
type receiptView struct {
	frame
	Slip slip
}

// slip is what is printed.
type slip struct {
	*receipt.Receipt
	Shop      string
	Store     catalog.Store
	Till      string
	Cashier   string
	Who       string // the customer's name, masked
	Held      programme.Level
	Reached   programme.Level
	Available time.Time // of what was earned; zero: at once
	Until     time.Time // when it is gone; zero: never
	Bars      bars
	NumberAs  string // in groups of four
	// OriginalAs is the number of the sale that a return is of, likewise.
	OriginalAs string
	Left       bool // something of a sale can still come back
}

// receiptPage shows a receipt after it was paid, or when it is looked up.
func (t *Till) receiptPage(w http.ResponseWriter, r *http.Request) error {
	at, err := t.standing(w, r)
	if at == nil {
		return err
	}
	rec, err := t.receipt(r)
	if err != nil {
		return err
	}
	s, err := t.slip(r.Context(), rec)
	if err != nil {
		return err
	}
	mode := "sale"
	if rec.Kind == receipt.KindReturn {
		mode = "return"
	}
	return t.pages.Render(w, r, "receipt", receiptView{t.frame(mode, at), s})
}

// receipt reads the receipt of the address, if it is of a store where the
// cashier works.
func (t *Till) receipt(r *http.Request) (*receipt.Receipt, error) {
	rec, err := t.Receipts.Get(r.Context(), receipt.ID(number(r.PathValue("id"))))
	if err != nil {
		return nil, err
	}
	if !web.Me(r).WorksIn(rec.Store) {
		return nil, errSoldThere
	}
	return rec, nil
}

func (t *Till) slip(ctx context.Context, rec *receipt.Receipt) (s slip, err error) {
	s = slip{Receipt: rec, Shop: t.Settings().Name, NumberAs: grouped(rec.Number), Bars: barsOf(rec.Number)}
	if s.Store, err = t.Catalog.StoreByID(ctx, rec.Store); err != nil {
		return s, err
	}
	if rec.Till != 0 {
		till, err := t.Catalog.Till(ctx, rec.Till)
		if err != nil {
			return s, err
		}
		s.Till = till.Name
	}
	if rec.Staff != 0 {
		names, err := t.Staff.Names(ctx, []staff.ID{staff.ID(rec.Staff)})
		if err != nil {
			return s, err
		}
		s.Cashier = names[staff.ID(rec.Staff)]
	}
	if rec.Customer != 0 {
		c, err := t.Customers.Get(ctx, rec.Customer)
		if err != nil {
			return s, err
		}
		s.Who = customer.MaskName(c.FirstName, c.LastName)
	}
	if s.Held, s.Reached, err = t.Receipts.Levels(ctx, rec); err != nil {
		return s, err
	}
	if rec.Original != 0 {
		original, err := t.Receipts.Get(ctx, rec.Original)
		if err != nil {
			return s, err
		}
		s.OriginalAs = grouped(original.Number)
	}
	if at := rec.Details.AvailableAt; at != nil && at.After(rec.SoldAt.Add(time.Second)) {
		s.Available = *at
	}
	if at := rec.Details.ExpiresAt; at != nil {
		s.Until = *at
	}
	s.Left = rec.Kind == receipt.KindSale && slices.ContainsFunc(rec.Lines, func(l receipt.Line) bool { return l.Returned < l.Quantity })
	return s, nil
}

// grouped parts a long number of digits for the eye.
func grouped(no string) string {
	if len(no) < 12 || strings.Trim(no, "0123456789") != "" {
		return no
	}
	var b strings.Builder
	for i, c := range no {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// bars is a barcode as the path of an SVG, a unit wide for each module.
type bars struct {
	Width int
	Path  string
}

// quiet is the empty space that scanners need on both sides, in modules.
const quiet = 10

// barsOf draws a number in Code 128; what it cannot hold is not drawn.
func barsOf(no string) bars {
	code, err := code128.Encode(no)
	if err != nil {
		return bars{}
	}
	var path strings.Builder
	width := code.Bounds().Dx()
	for x := 0; x < width; x++ {
		if code.At(x, 0) == color.Black {
			path.WriteString("M" + strconv.Itoa(x+quiet) + " 0h1v1h-1z")
		}
	}
	return bars{width + 2*quiet, path.String()}
}
