package importer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/receipt"
)

// Report is what an import came to so far. That of a dry run is the same, but
// for the sales of returns: those are looked for when all rows are in.
type Report struct {
	Rows    int64 `json:"rows"`    // of data that were read
	Refused int64 `json:"refused"` // of them
	Noted   int64 `json:"noted"`   // values that rows were taken without

	// Of customers and products.
	Created   int64        `json:"created,omitempty"`
	Updated   int64        `json:"updated,omitempty"`
	Unchanged int64        `json:"unchanged,omitempty"`
	Points    money.Points `json:"points,omitempty"` // opening balances

	// Of rows of those who have an opening balance of the source by an earlier
	// import, and what that gave; and what rows say is below zero.
	Opened       int64        `json:"opened,omitempty"`
	OpenedPoints money.Points `json:"opened_points,omitempty"`
	Below        int64        `json:"below,omitempty"`
	BelowPoints  money.Points `json:"below_points,omitempty"`
	Levels       int64        `json:"levels,omitempty"` // that were given

	// Gift cards: those that were taken, of them those that are over, and those that
	// were in already.
	Cards          int64        `json:"cards,omitempty"`
	CardsTotal     money.Amount `json:"cards_total,omitempty"`
	CardsOver      int64        `json:"cards_over,omitempty"`
	CardsOverTotal money.Amount `json:"cards_over_total,omitempty"`
	CardsKnown     int64        `json:"cards_known,omitempty"`
	CardsKnownSum  money.Amount `json:"cards_known_sum,omitempty"` // that is in

	// Of receipts: everything in the file that was not refused. Total is sales
	// less returns, and exactly what the file says is Total + Lost.
	Sales       int64        `json:"sales,omitempty"`
	Returns     int64        `json:"returns,omitempty"`
	Lines       int64        `json:"lines,omitempty"`
	Anonymous   int64        `json:"anonymous,omitempty"`   // receipts of nobody known
	Adjustments int64        `json:"adjustments,omitempty"` // returns that only correct the stock
	Total       money.Amount `json:"total,omitempty"`
	Rounded     int64        `json:"rounded,omitempty"` // lines that are no whole number of minor units
	Lost        Lost         `json:"lost,omitempty"`

	// What became of them.
	Recorded     int64        `json:"recorded,omitempty"`
	Known        int64        `json:"known,omitempty"`       // imported before
	KnownTotal   money.Amount `json:"known_total,omitempty"` //
	Differing    int64        `json:"differing,omitempty"`   // imported before, with other contents: refused
	NewCustomers int64        `json:"new_customers,omitempty"`
	NewProducts  int64        `json:"new_products,omitempty"`
	NewStores    int64        `json:"new_stores,omitempty"`
	StoreNames   []string     `json:"store_names,omitempty"` // of the first of them

	// Lines of returns and the sales that were found for them, those of the
	// source's earlier imports included.
	Matched        int64        `json:"matched,omitempty"`
	Named          int64        `json:"named,omitempty"` // of them, by the number of the sale
	MatchedTotal   money.Amount `json:"matched_total,omitempty"`
	Unmatched      int64        `json:"unmatched,omitempty"`
	UnmatchedTotal money.Amount `json:"unmatched_total,omitempty"`

	// Tallies are why rows were refused, and what was remarked on.
	Tallies []Tally `json:"tallies,omitempty"`

	At   time.Time     `json:"at"`             // when this was so
	Done float64       `json:"done"`           // of the work, 0 to 1
	Rate float64       `json:"rate,omitempty"` // rows a second
	Left time.Duration `json:"left,omitempty"` // until it is done, as it goes
}

// Tally is how often the same was told of rows, and of which first.
type Tally struct {
	Field   Field     `json:"field,omitempty"`
	Reason  Reason    `json:"reason"`
	Refused bool      `json:"refused,omitempty"`
	Count   int64     `json:"count"`
	First   []Example `json:"first"`
}

// Example is a row that something was told of; 0: not known which.
type Example struct {
	Row   int64       `json:"row,omitempty"`
	Value string      `json:"value,omitempty"`
	Why   *errs.Error `json:"why,omitempty"` // see Issue
}

// What a report keeps by name.
const (
	maxExamples   = 3  // of a reason
	maxStoreNames = 10 // of new stores
	maxValue      = 60 // characters of an example
)

// clone is a report that can be added to without r.
func (r *Report) clone() Report {
	c := *r
	c.StoreNames, c.Tallies = slices.Clip(c.StoreNames), slices.Clone(c.Tallies)
	for i := range c.Tallies {
		c.Tallies[i].First = slices.Clone(c.Tallies[i].First)
	}
	return c
}

// count counts what is told of a row by its reason.
func (r *Report) count(is *Issue) {
	if is.Reason == reasonReturn {
		return
	}
	i := slices.IndexFunc(r.Tallies, func(t Tally) bool { return t.Field == is.Field && t.Reason == is.Reason && t.Refused == is.Refused })
	if i < 0 {
		i = len(r.Tallies)
		r.Tallies = append(r.Tallies, Tally{Field: is.Field, Reason: is.Reason, Refused: is.Refused})
	}
	t := &r.Tallies[i]
	t.Count++
	// Rows of a receipt come together, wherever they stand.
	at := len(t.First)
	for at > 0 && is.Row > 0 && (t.First[at-1].Row > is.Row || t.First[at-1].Row == 0) {
		at--
	}
	if at == maxExamples {
		return
	}
	if is.Reason == ReasonLevel && slices.ContainsFunc(t.First, func(e Example) bool { return e.Value == is.Value }) {
		return // each by its name
	}
	e := Example{Row: is.Row, Why: is.Why}
	if is.Field != "" { // otherwise it is all of the row
		e.Value = fold.Cut(is.Value, maxValue)
	}
	t.First = slices.Insert(t.First, at, e)
	t.First = t.First[:min(len(t.First), maxExamples)]
}

// newStore counts a store that the import brings.
func (r *Report) newStore(name string) {
	if r.NewStores++; len(r.StoreNames) < maxStoreNames {
		r.StoreNames = append(r.StoreNames, name)
	}
}

// Cause is a reason in words, how often it was told and of which rows first.
type Cause struct {
	Text  string
	Count int64
	First string
}

// Causes says why rows were refused, or what was remarked on, the most frequent
// first; the columns are called as in m.
func (r *Report) Causes(loc *i18n.Localizer, m *Mapping, refused bool) (list []Cause) {
	for _, t := range r.Tallies {
		if t.Refused != refused {
			continue
		}
		cause := Cause{Text: loc.T(t.Reason.Key()), Count: t.Count}
		if t.Field != "" {
			cause.Text = m.label(t.Field, loc) + ": " + cause.Text
		}
		var rows []string
		for _, e := range t.First {
			row := ""
			if e.Row > 0 {
				row = loc.T("importer.report.row_n", "row", e.Row)
			}
			if e.Value != "" {
				row = strings.TrimSpace(row + " " + loc.T("importer.report.value", "value", said(t.Reason, e.Value, loc)))
			}
			if e.Why != nil {
				row += ": " + m.because(e.Why, loc)
			}
			rows = append(rows, row)
		}
		if cause.First = strings.Join(rows, ", "); t.Count > int64(len(t.First)) {
			cause.First += " …"
		}
		list = append(list, cause)
	}
	slices.SortStableFunc(list, func(a, b Cause) int { return cmp.Compare(b.Count, a.Count) })
	return list
}

// Remarked reports whether there are rows to be told of that were taken.
func (r *Report) Remarked() bool {
	return slices.ContainsFunc(r.Tallies, func(t Tally) bool { return !t.Refused })
}

// Fact is something to say of a report.
type Fact struct{ Label, Text string }

// Facts says the report in words; what is nothing is left out.
func (r *Report) Facts(loc *i18n.Localizer, c money.Currency) (list []Fact) {
	count := func(key string, n int64) {
		if n != 0 {
			list = append(list, Fact{loc.T(key), loc.Number(n)})
		}
	}
	sum := func(key string, n int64, a money.Amount) {
		if n != 0 {
			list = append(list, Fact{loc.T(key), loc.Number(n) + " · " + loc.Money(a, c)})
		}
	}
	points := func(key string, n int64, p money.Points) {
		if n != 0 {
			list = append(list, Fact{loc.T(key), loc.Number(n) + " · " + loc.PointsText(p)})
		}
	}
	count("importer.report.rows", r.Rows)
	count("importer.report.refused", r.Refused)
	count("importer.report.noted", r.Noted)
	count("importer.report.created", r.Created)
	count("importer.report.updated", r.Updated)
	count("importer.report.unchanged", r.Unchanged)
	if r.Points != 0 {
		list = append(list, Fact{loc.T("importer.report.points"), loc.PointsText(r.Points)})
	}
	points("importer.report.opened", r.Opened, r.OpenedPoints)
	points("importer.report.below", r.Below, r.BelowPoints)
	count("importer.report.levels", r.Levels)
	sum("importer.report.cards", r.Cards, r.CardsTotal)
	sum("importer.report.cards_over", r.CardsOver, r.CardsOverTotal)
	sum("importer.report.cards_known", r.CardsKnown, r.CardsKnownSum)
	count("importer.report.sales", r.Sales)
	count("importer.report.returns", r.Returns)
	count("importer.report.lines", r.Lines)
	if r.Sales+r.Returns != 0 {
		list = append(list, Fact{loc.T("importer.report.total"), loc.Money(r.Total, c)})
	}
	count("importer.report.anonymous", r.Anonymous)
	count("importer.report.adjustments", r.Adjustments)
	count("importer.report.recorded", r.Recorded)
	sum("importer.report.known", r.Known, r.KnownTotal)
	count("importer.report.differing", r.Differing)
	count("importer.report.new_customers", r.NewCustomers)
	count("importer.report.new_products", r.NewProducts)
	if r.NewStores != 0 {
		names := strings.Join(r.StoreNames, ", ")
		if r.NewStores > int64(len(r.StoreNames)) {
			names += " …"
		}
		list = append(list, Fact{loc.T("importer.report.new_stores"), loc.Number(r.NewStores) + " (" + names + ")"})
	}
	sum("importer.report.matched", r.Matched, r.MatchedTotal)
	count("importer.report.named", r.Named)
	sum("importer.report.unmatched", r.Unmatched, r.UnmatchedTotal)
	if r.Rounded != 0 {
		list = append(list, Fact{loc.T("importer.report.rounded"), loc.T("importer.report.rounded_is", "n", r.Rounded, "sum", r.Lost.text(loc))})
	}
	return list
}

// read counts what a step read.
func (r *Report) read(s *Step) {
	r.Rows += s.Rows
	r.Refused += s.Refused
	for i := range s.Issues {
		switch {
		case s.Issues[i].Refused:
		case s.Issues[i].Reason == ReasonRounded:
			r.Rounded++
		default:
			r.Noted++
		}
	}
	for _, in := range s.Receipts {
		r.receipt(in)
	}
}

// prepared counts what a batch is made of and what was prepared of it.
func (r *Report) prepared(b *batch) {
	for k := range b.steps {
		r.read(&b.steps[k])
	}
	r.Refused += b.refused
	for k := range b.issues {
		if !b.issues[k].Refused {
			r.Noted++
		}
	}
	for k := range b.receipts {
		if b.receipts[k].key == (whoKey{}) {
			r.Anonymous++
		}
	}
}

func (r *Report) receipt(in *Receipt) {
	total, lost := in.Total()
	if in.Return {
		r.Returns++
		total = -total
	} else {
		r.Sales++
	}
	r.Lines += int64(len(in.Lines))
	r.Total += total
	r.Lost += lost
	if in.Adjusts {
		r.Adjustments++
	}
}

// progress is kept with every batch: where to go on.
type progress struct {
	Edit   int        `json:"edit,omitempty"` // how often it was set or kept: no two are the same, and a commit that was lost is missed
	Scan   Checkpoint `json:"scan"`
	Issues int64      `json:"issues"` // bytes of their file
	// Matching says that all rows are read and returns are being matched.
	Matching bool                `json:"matching,omitempty"`
	Match    receipt.MatchCursor `json:"match"`
}
