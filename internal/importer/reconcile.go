package importer

import (
	"slices"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

// Total is a figure that the old system shows too.
type Total string

// The totals.
const (
	TotalCustomers Total = "customers"
	TotalReceipts  Total = "receipts" // sales and returns
	TotalSum       Total = "sum"      // sales less returns
	TotalPoints    Total = "points"   // outstanding
	TotalCards     Total = "cards"    // money on gift cards
)

// allTotals are all of them, in the order to tell them in.
var allTotals = []Total{TotalCustomers, TotalReceipts, TotalSum, TotalPoints, TotalCards}

// Key is the i18n key of what people call the total.
func (t Total) Key() string { return "importer.total." + string(t) }

// Totals are those that an import can be compared by.
func (i *Import) Totals() []Total {
	switch {
	case i.Kind == KindReceipts:
		return []Total{TotalReceipts, TotalSum}
	case i.Kind == KindCustomers && i.Mapping.has(FieldPoints):
		return []Total{TotalCustomers, TotalPoints}
	case i.Kind == KindCustomers:
		return []Total{TotalCustomers}
	case i.Kind == KindGiftcards:
		return []Total{TotalCards}
	}
	return nil
}

// Reconciliation compares what came in with the totals of the old system.
type Reconciliation struct {
	loc      *i18n.Localizer
	currency money.Currency
	theirs   map[Total]int64
	ours     map[Total]int64
	why      map[Total][]string
}

// Reconcile begins a comparison with totals as a person writes them, by their names.
// It says which cannot be read.
func Reconcile(totals map[string]string, loc *i18n.Localizer, c money.Currency) (*Reconciliation, error) {
	r := &Reconciliation{loc: loc, currency: c, theirs: map[Total]int64{}, ours: map[Total]int64{}, why: map[Total][]string{}}
	var wrong errs.List
	for name, value := range totals {
		t, n, err := Total(name), int64(0), error(nil)
		switch t {
		case TotalCustomers, TotalReceipts:
			n, err = loc.ParseNumber(value)
		case TotalSum, TotalCards:
			var a money.Amount
			a, err = loc.ParseMoney(value, c)
			n = int64(a)
		case TotalPoints:
			var p money.Points
			p, err = loc.ParsePoints(value)
			n = int64(p)
		default:
			wrong.Add("expect", "unknown", "%s", loc.T("importer.console.no_total", "value", name))
			continue
		}
		if err != nil {
			wrong.Add("expect", "not_a_number", "%s", loc.T("importer.console.bad_total", "total", name, "value", value))
		}
		r.theirs[t] = n
	}
	return r, wrong.Err()
}

// explains are what was told of rows that keeps a total from what it was, beside that
// they were refused.
var explains = map[Total][]Reason{
	TotalCustomers: {ReasonTwice},
	TotalReceipts:  {ReasonCopied},
	TotalSum:       {ReasonCopied, ReasonRounded, ReasonAbove},
	TotalPoints:    {ReasonKnown, ReasonExpired, ReasonBelow, ReasonNoProgramme, ReasonPointsRounded},
	TotalCards:     {ReasonCardOther, ReasonCardTwice},
}

// Add adds what a file came to.
func (r *Reconciliation) Add(i *Import) {
	rep := &i.Report
	switch i.Kind {
	case KindCustomers:
		again := int64(0)
		for _, t := range rep.Tallies {
			if t.Reason == ReasonTwice {
				again += t.Count
			}
		}
		// Those who share something may be two.
		r.ours[TotalCustomers] += max(rep.Created, rep.Created+rep.Updated+rep.Unchanged-again)
		r.add(i, TotalCustomers)
		if i.Mapping.has(FieldPoints) {
			r.ours[TotalPoints] += int64(rep.Points + rep.OpenedPoints)
			r.add(i, TotalPoints)
		}
	case KindGiftcards:
		r.ours[TotalCards] += int64(rep.CardsTotal + rep.CardsKnownSum)
		r.add(i, TotalCards)
	case KindReceipts:
		r.ours[TotalReceipts] += rep.Sales + rep.Returns
		r.ours[TotalSum] += int64(rep.Total)
		r.add(i, TotalReceipts)
		r.add(i, TotalSum)
	}
}

// add keeps which rows of a file explain a difference.
func (r *Reconciliation) add(i *Import, t Total) {
	part := i.Report.clone()
	part.Tallies = slices.DeleteFunc(part.Tallies, func(tally Tally) bool {
		return !tally.Refused && !slices.Contains(explains[t], tally.Reason)
	})
	for _, refused := range []bool{true, false} {
		for _, c := range part.Causes(r.loc, &i.Mapping, refused) {
			r.why[t] = append(r.why[t], i.File+": "+r.loc.Number(c.Count)+" × "+c.Text+" ("+c.First+")")
		}
	}
}

// Compared is a total of the old system beside ours.
type Compared struct {
	Fact
	Agrees bool
	Why    []string // rows that may explain the difference
}

// Compare says how the totals compare that were given.
func (r *Reconciliation) Compare() (list []Compared) {
	for _, t := range allTotals {
		theirs, ok := r.theirs[t]
		if !ok {
			continue
		}
		ours := r.ours[t]
		c := Compared{Fact: Fact{Label: r.loc.T(t.Key())}, Agrees: ours == theirs}
		if c.Agrees {
			c.Text = r.loc.T("importer.report.agrees", "figure", r.figure(t, ours))
		} else {
			sign := "+"
			if ours < theirs {
				sign = ""
			}
			c.Text = r.loc.T("importer.report.differs", "ours", r.figure(t, ours), "theirs", r.figure(t, theirs), "difference", sign+strings.TrimSpace(r.figure(t, ours-theirs)))
			c.Why = r.why[t]
		}
		list = append(list, c)
	}
	return list
}

// figure writes a total.
func (r *Reconciliation) figure(t Total, n int64) string {
	switch t {
	case TotalSum, TotalCards:
		return r.loc.Money(money.Amount(n), r.currency)
	case TotalPoints:
		return r.loc.Points(money.Points(n))
	}
	return r.loc.Number(n)
}
