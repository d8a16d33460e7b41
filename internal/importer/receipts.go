package importer

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
)

// Receipt is a receipt as a file has it: all its rows of one kind.
type Receipt struct {
	Number  string
	Day     string // on which it begins; empty: the number is made up, and has it
	Return  bool
	At      time.Time // in the zone of the row
	Store   string    // code or name; empty: the import's
	Till    string
	Who     Who
	Sale    string // of a return: the number of the sale, where the file says
	Note    string // till, cashier, points and whatever else is only told
	Adjusts bool   // no customer's return, but the shop's own correction of its stock
	Lines   []Line

	rows  []int64    // of its number, of both kinds
	cells [][]string // of those rows, as the file has them
}

// issues says the same of every row of the receipt.
func (r *Receipt) issues(f Field, why Reason, value string, refused bool) []Issue {
	list := make([]Issue, len(r.Lines))
	for i := range r.Lines {
		list[i] = r.issue(i, f, why, value)
		list[i].Refused = refused
	}
	return list
}

// issue says something of the row of a line.
func (r *Receipt) issue(line int, f Field, why Reason, value string) Issue {
	row := r.Lines[line].Row
	i, _ := slices.BinarySearch(r.rows, row)
	return Issue{Row: row, Field: f, Reason: why, Value: value, Cells: r.cells[i]}
}

// Line is one row of a receipt. Amounts and quantity are not below zero; it is
// the receipt that gives or takes. Gross - Discount = Total.
type Line struct {
	Row      int64
	SKU      string
	Barcode  string
	Product  string
	Category string
	Quantity money.Quantity
	Price    money.Price
	Gross    money.Amount
	Discount money.Amount
	Total    money.Amount
	Cost     *money.Price
	Lost     Lost // what the file says is Total + Lost
}

// rawLine is a row of a receipts file, read.
type rawLine struct {
	Line
	number string
	day    string // of the number
	below  bool   // takes back
	marked bool   // as a return, by its kind or number
	marks  bool   // the file marks returns
	at     time.Time
	date   string // at, as the file has it
	zoned  bool   // at is told with its offset from UTC
	store  string
	till   string
	who    Who
	sale   string
	note   string
}

// maxLines is how many rows a receipt may have.
const maxLines = 10_000

// receiptLine reads the row that was begun, of whose number receiptKey was asked if
// it has one.
func (r *rowReader) receiptLine(number string) (l rawLine) {
	l.Row, l.number = r.number, number
	if number != "" {
		l.day = r.key.day
	}
	l.date = r.raw(FieldAt)
	if l.at = r.moment(FieldAt, r.column(FieldTime)); !l.at.IsZero() {
		l.at, l.zoned = l.at.In(r.zone), r.last.zoned
	} else if !r.refused {
		r.refuse(FieldAt, ReasonMissing, l.date)
	}
	l.store, l.till = r.text(FieldStore, maxText), r.line(r.raw(FieldTill))
	l.who = r.who()
	l.sale = r.code(FieldSale, receipt.MaxNumber)
	l.note = r.note(l.who)
	l.SKU = r.code(FieldSKU, catalog.MaxSKU)
	l.Barcode = r.code(FieldBarcode, maxText)
	l.Product = r.text(FieldProduct, maxText)
	l.Category = r.text(FieldCategory, maxText)
	l.Cost = r.cost()
	if cell := r.raw(FieldCurrency); cell != "" && !r.isOurs(cell) {
		r.refuse(FieldCurrency, ReasonCurrency, cell)
	}
	cell := r.line(r.raw(FieldStatus))
	switch r.deed(FieldStatus, cell) {
	case undone, leftOut:
		r.refuse(FieldStatus, ReasonVoid, cell)
	case puzzles:
		r.refuse(FieldStatus, ReasonWord, cell)
	case takesBack: // as a mapping says
		l.marked = true
	case partly:
		r.remark(FieldStatus, ReasonPartly, cell)
	case silent:
		r.remark(FieldStatus, ReasonState, cell)
	}
	gone := r.mark(&l)
	if !r.refused {
		r.sums(&l)
	}
	switch {
	case gone == "":
	case l.below:
		l.marked = true
	case !r.refused:
		r.refuse(gone, ReasonVoid, r.raw(gone))
	}
	return l
}

// column is f if the file has it.
func (r *rowReader) column(f Field) Field {
	if r.m.has(f) {
		return f
	}
	return ""
}

// receiptNumber is the number of the row's receipt; empty: there is none.
func (r *rowReader) receiptNumber() string {
	number := r.code(FieldNumber, receipt.MaxNumber)
	if strings.Trim(number, "0") == "" || slices.ContainsFunc(noNumbers, func(word string) bool { return strings.EqualFold(word, number) }) {
		return ""
	}
	return number
}

// noNumbers stand where a receipt has none.
var noNumbers = []string{"б/н", "бн", "без номера", "нет", "no number"}

// overMidnight is how far apart two rows of a receipt may be, one before and one
// after midnight.
const overMidnight = 30 * time.Minute

// receiptKey is what rows of one receipt have in common: the number with the
// store, the till and the day, as far as the file has them, for many tills begin
// their numbers anew, each its own and every day. A row that leaves some of it
// out goes on with the row before of the same number.
func (r *rowReader) receiptKey(number string) string {
	cells := keyCells{number: number, zone: r.zone}
	for i, column := range r.keyed {
		cells.cells[i] = cellOf(r.fields, column)
	}
	if cells == r.keyOf { // as most rows of a receipt
		return r.called
	}
	r.keyOf = cells
	k := rowKey{number: number, store: r.storeKey(), till: r.line(r.raw(FieldTill))}
	at, _, ok := r.readMoment(FieldAt, r.column(FieldTime))
	if ok {
		if at = at.In(r.zone); r.day.is == "" || at != r.day.at {
			r.day.at, r.day.is = at, at.Format(time.DateOnly)
		}
		k.day = r.day.is
	}
	last := &r.key
	goesOn := number == last.number && (k.store == "" || k.store == last.store) && (k.till == "" || k.till == last.till) &&
		(k.day == last.day || k.day == "" || last.day == "" || at.Sub(r.keyAt).Abs() <= overMidnight)
	if ok {
		r.keyAt = at
	}
	if !goesOn {
		r.key = k
		r.called = fullName(r.key.number, r.key.store, r.key.till, r.key.day)
	}
	return r.called
}

// keyFields are, beside the number, those that a rowKey is made of.
var keyFields = [...]Field{FieldStore, FieldTill, FieldAt, FieldTime}

// keyCells are the cells that a rowKey is made of.
type keyCells struct {
	number string
	zone   *time.Location
	cells  [len(keyFields)]string
}

// rowKey is what tells the receipt of a row from others.
type rowKey struct{ number, store, till, day string }

func fullName(number string, parts ...string) string {
	full := number
	for _, part := range parts {
		if part != "" {
			full += " / " + part
		}
	}
	return short(full, receipt.MaxNumber)
}

// notedFields are kept as a note.
var notedFields = []Field{FieldName, FieldTill, FieldCashier, FieldSale, FieldPointsEarned, FieldPointsUsed, FieldNote}

// noted is a column of one of them.
type noted struct {
	field   Field
	column  int
	heading string
}

// note gathers what is only told, in the words of the file: "Касса: 2". The
// name of a customer is, where nothing else tells who it is.
func (r *rowReader) note(who Who) string {
	var b strings.Builder
	for _, n := range r.noted {
		t := r.line(cellOf(r.fields, n.column))
		if t == "" || n.field == FieldName && !who.nobody() {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if n.heading != "" {
			b.WriteString(n.heading)
			b.WriteString(": ")
		}
		b.WriteString(t)
	}
	return r.line(r.atMost(FieldNote, b.String(), customer.MaxNote))
}

// mark finds out whether the row is marked as a return, and which column says that it
// was undone, if one does.
func (r *rowReader) mark(l *rawLine) (gone Field) {
	o := r.m.Options
	if o.ReturnPrefix != "" {
		l.marks = true
		l.marked = l.marked || strings.HasPrefix(l.number, o.ReturnPrefix)
	}
	for _, f := range []Field{FieldType, FieldReturned} {
		if !r.m.has(f) {
			continue
		}
		l.marks = true
		switch r.deed(f, r.line(r.raw(f))) {
		case puzzles:
			r.refuse(f, ReasonWord, r.raw(f))
		case leftOut:
			r.refuse(f, ReasonVoid, r.raw(f))
		case undone:
			gone = f
		case takesBack:
			l.marked = true
		}
	}
	if o.SaleMarks {
		l.marks = true
		l.marked = l.marked || l.sale != ""
	}
	return gone
}

// figures are what a row says of its sums.
type figures struct {
	quantity, price, amount, discount number
	hasPrice, hasAmount               bool
	discountIn                        Field // that says the discount
	percent                           bool  // the discount is a share of the line
	pieces                            int64 // of the quantity, thousandths
}

// figures reads them; false: they do not make a line, and the row is refused.
func (r *rowReader) figures() (f figures, ok bool) {
	var hasQuantity bool
	f.quantity, hasQuantity = r.decimalOf(FieldQuantity)
	f.price, f.hasPrice = r.decimalOf(FieldPrice)
	f.amount, f.hasAmount = r.decimalOf(FieldAmount)
	f.discountIn, f.discount, f.percent = r.discountOf()
	if !hasQuantity {
		f.quantity = number{coef: 1}
	}
	f.pieces, _, ok = f.quantity.scaled(3)
	switch {
	case r.refused:
	case !f.hasAmount && !f.hasPrice:
		missing := FieldAmount
		if !r.m.has(missing) {
			missing = FieldPrice
		}
		r.refuse(missing, ReasonMissing, "")
	case !hasQuantity && !f.hasAmount:
		r.refuse(FieldQuantity, ReasonMissing, "")
	case !ok || abs64(f.pieces) > int64(money.MaxQuantity):
		r.refuse(FieldQuantity, ReasonRange, r.raw(FieldQuantity))
	case f.pieces == 0:
		r.refuse(FieldQuantity, ReasonNothing, r.raw(FieldQuantity))
	}
	return f, !r.refused
}

// sums makes quantity, price and amounts of what the row has of them.
func (r *rowReader) sums(l *rawLine) {
	f, ok := r.figures()
	if !ok {
		return
	}
	var gross, off money.Amount
	var offLost Lost
	if f.hasPrice {
		gross, l.Lost, ok = f.quantity.times(f.price, r.currency)
		var fits bool
		if l.Price, fits = f.price.price(); !fits || !ok {
			r.refuse(FieldPrice, ReasonRange, r.raw(FieldPrice))
			return
		}
	}
	if f.percent {
		off, ok = f.discount.share(gross)
	} else {
		off, offLost, ok = f.discount.amount(r.currency)
	}
	if !ok || !f.hasAmount && abs64(int64(off)) > abs64(int64(gross)) {
		r.refuse(f.discountIn, ReasonRange, r.raw(f.discountIn))
		return
	}
	total := gross - withSign(off, gross)
	if f.hasAmount {
		if total, l.Lost, ok = f.amount.amount(r.currency); !ok {
			r.refuse(FieldAmount, ReasonRange, r.raw(FieldAmount))
			return
		}
		if !f.hasPrice {
			gross = total + withSign(off, total)
		} else if !explained(gross, off, total) {
			r.remark(FieldAmount, ReasonSum, r.raw(FieldAmount))
		}
	} else {
		l.Lost -= Lost(withSign(money.Amount(offLost), gross))
	}
	// Goods came back where a sum is below zero, wherever the file has the sign;
	// that of the quantity alone, where no price shares it.
	l.below = total < 0 || gross < 0 || f.pieces < 0 && (!f.hasPrice || gross == 0)
	if l.marked && (!r.m.Options.SignedReturns || f.pieces < 0) {
		l.below = true
	}
	if l.marked && !l.below {
		r.remark(FieldQuantity, ReasonAbove, r.raw(FieldQuantity))
	}
	l.settle(gross, total, f.pieces)
	if !f.hasPrice {
		l.Price = priceFor(l.Gross, l.Quantity, r.currency)
	}
}

// discountOf reads the discount of the field that says it; percent: it is a share.
func (r *rowReader) discountOf() (in Field, n number, percent bool) {
	in = FieldDiscount
	if r.raw(in) == "" && r.raw(FieldDiscountPercent) != "" {
		in = FieldDiscountPercent
	}
	share, percent := strings.CutSuffix(strings.TrimSpace(r.raw(in)), "%")
	if !percent && in == FieldDiscount {
		n, _ = r.decimalOf(in)
		return in, n, false
	}
	n, ok := parseNumber(share, r.decimal)
	if !ok {
		r.refuse(in, r.whyNoNumber(share), r.raw(in))
	}
	return in, n, true
}

// explained reports whether an amount is what price, quantity and discount come
// to, but for what tills round off.
func explained(gross, off, total money.Amount) bool {
	g, t := abs64(int64(gross)), abs64(int64(total))
	return abs64(g-abs64(int64(off))-t) <= 1+g/100
}

// settle takes the signs off, which below stands for. A total above the gross is what was charged, and
// no discount is below zero.
func (l *rawLine) settle(gross, total money.Amount, pieces int64) {
	l.Quantity = money.Quantity(abs64(pieces))
	l.Price = money.Price(abs64(int64(l.Price)))
	l.Total = money.Amount(abs64(int64(total)))
	l.Gross = max(money.Amount(abs64(int64(gross))), l.Total)
	l.Discount = l.Gross - l.Total
	if total < 0 != l.below && total != 0 {
		l.Lost = -l.Lost // it counts the other way round than it is written
	}
}

// withSign gives a the sign of b.
func withSign(a, b money.Amount) money.Amount {
	if b < 0 {
		return -money.Amount(abs64(int64(a)))
	}
	return money.Amount(abs64(int64(a)))
}

// priceFor is the unit price of a gross, rounded to its four decimals.
func priceFor(gross money.Amount, q money.Quantity, c money.Currency) money.Price {
	p, err := money.MulDiv(int64(gross), money.PriceScale*int64(money.One)/c.Minor(), int64(q), money.HalfUp)
	if err != nil || p > int64(money.MaxPrice) {
		return 0
	}
	return money.Price(p)
}

// group gathers the rows of one receipt.
type group struct {
	number string
	lines  []rawLine
	rows   []int64
	cells  [][]string // of those rows, for refusals
	bad    bool       // a row is refused
	over   int        // rows above maxLines, which are only counted
	issues []Issue
}

func (g *group) reset(number string) {
	*g = group{number: number, lines: g.lines[:0], rows: g.rows[:0], cells: g.cells[:0]}
}

func (g *group) count() int64 { return int64(len(g.rows) + g.over) }

func (g *group) empty() bool { return len(g.rows) == 0 }

// add takes a row, and what r says of it.
func (g *group) add(l rawLine, r *rowReader) {
	if len(g.rows) >= maxLines {
		g.over++
		return
	}
	g.rows = append(g.rows, r.number)
	g.cells = append(g.cells, r.fields)
	g.issues = append(g.issues, r.issues...)
	if r.refused {
		g.bad = true
		return
	}
	g.lines = append(g.lines, l)
}

// close makes the receipts of the rows: one, or a sale and a return where rows
// of one number give and take.
func (g *group) close() (receipts []*Receipt, issues []Issue) {
	refuse := func(i int, f Field, why Reason, value string) {
		g.bad = true
		g.issues = append(g.issues, Issue{Row: g.rows[i], Field: f, Reason: why, Value: value, Refused: true})
	}
	if g.over > 0 {
		refuse(0, FieldNumber, ReasonManyLines, g.number)
	}
	gross := money.Amount(0)
	for i, l := range g.lines { // of so many, none of which may be above it
		if gross += l.Gross; gross > money.MaxAmount {
			refuse(i, FieldAmount, ReasonRange, g.number)
			break
		}
	}
	var head rawLine
	if !g.bad {
		head = g.lines[0]
		for i, l := range g.lines[1:] {
			if why, value := head.merge(l); why != "" {
				refuse(i+1, FieldNumber, why, value)
				break
			}
		}
	}
	if g.bad {
		return nil, g.refused()
	}
	for i := range g.issues {
		g.issues[i].Cells = g.cells[slices.Index(g.rows, g.issues[i].Row)]
	}
	byHalf := [2]*Receipt{}
	rows, cells := slices.Clone(g.rows), slices.Clone(g.cells)
	for i := range g.lines {
		l := &g.lines[i]
		half := 0
		if l.below {
			half = 1
		}
		if byHalf[half] == nil {
			byHalf[half] = head.receipt(l.below)
			byHalf[half].rows, byHalf[half].cells = rows, cells
			byHalf[half].Lines = make([]Line, 0, len(g.lines)-i)
		}
		byHalf[half].Lines = append(byHalf[half].Lines, l.Line)
		if l.Lost != 0 {
			g.issues = append(g.issues, Issue{
				Row: l.Row, Field: FieldAmount, Reason: ReasonRounded, Value: l.Lost.String(), Cells: g.cells[i],
			})
		}
	}
	for _, r := range byHalf {
		if r != nil {
			if total, _ := r.Total(); total != 0 {
				r.Adjusts = false
			}
			receipts = append(receipts, r)
		}
	}
	return receipts, g.issues
}

// refused gives an issue for every row: one that is refused itself has its own
// reasons, the others say that one of them is.
func (g *group) refused() (issues []Issue) {
	for i, row := range g.rows {
		own := len(issues)
		for _, is := range g.issues {
			if is.Row == row && is.Refused {
				issues = append(issues, is)
			}
		}
		if len(issues) == own {
			issues = append(issues, Issue{Row: row, Field: FieldNumber, Reason: ReasonSibling, Value: g.number, Refused: true})
		}
		for j := range issues[own:] {
			issues[own+j].Cells = g.cells[i]
		}
	}
	return issues
}

// sameReceipt is how far apart the times of one receipt's rows may be.
const sameReceipt = 24 * time.Hour

// merge fills what the rows before leave out and says what does not agree.
func (l *rawLine) merge(other rawLine) (why Reason, value string) {
	if d := other.at.Sub(l.at); d > sameReceipt || d < -sameReceipt {
		return ReasonTwoDays, other.date
	}
	mine, theirs := l.who, other.who
	for _, both := range [][2]string{
		{mine.External, theirs.External}, {mine.Card, theirs.Card}, {mine.Phone, theirs.Phone}, {mine.Email, theirs.Email},
	} {
		if both[0] != "" && both[1] != "" && both[0] != both[1] {
			return ReasonTwoCustomers, both[1]
		}
	}
	if d := other.at.Sub(l.at).Abs(); mine.nobody() != theirs.nobody() && d > overMidnight {
		return ReasonTwoCustomers, cmp.Or(theirs.identity(""), mine.identity(""))
	}
	if other.at.Before(l.at) {
		l.at, l.zoned = other.at, other.zoned // whatever the order of rows
	}
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	fill(&l.who.External, theirs.External)
	fill(&l.who.Card, theirs.Card)
	fill(&l.who.Phone, theirs.Phone)
	fill(&l.who.Email, theirs.Email)
	fill(&l.who.Name, theirs.Name)
	fill(&l.store, other.store)
	fill(&l.till, other.till)
	fill(&l.sale, other.sale)
	fill(&l.note, other.note)
	return "", ""
}

// receipt begins the receipt of a first row.
func (l *rawLine) receipt(below bool) *Receipt {
	return &Receipt{
		Number: l.number, Day: l.day, Return: below, At: l.at, Store: l.store, Till: l.till, Who: l.who, Sale: l.sale, Note: l.note,
		Adjusts: below && l.marks && !l.marked && l.who.nobody(),
	}
}

// Total is what the lines come to.
func (r *Receipt) Total() (total money.Amount, lost Lost) {
	for i := range r.Lines {
		total += r.Lines[i].Total
		lost += r.Lines[i].Lost
	}
	return total, lost
}

// madeNumber is the number of a receipt that has none in its file: who, when,
// how much, and which of those that are equal. Who is told by a keyed hash: numbers are
// shown to everybody, and outlive a customer who is forgotten. The time is as the file
// has it, so that it stays the same when the zone of the store is put right.
func (s *Scan) madeNumber(l *rawLine, occurrence int) string {
	at, layout := l.at, time.DateTime
	if l.zoned {
		at, layout = at.UTC(), "2006-01-02 15:04:05Z"
	} else if at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 {
		layout = time.DateOnly
	}
	amount := l.Total
	if l.below {
		amount = -amount
	}
	who := l.who.identity(s.Mapping.Options.Region)
	if who != nobody {
		who = secret.Keyed(s.Secret, who)[:madeDigits]
	}
	return who + " " + at.Format(layout) + " " + s.Currency.Format(amount) + " " + strconv.Itoa(occurrence)
}

// madeDigits tell customers apart in the numbers that are made: two of 70 million are
// the same once in thousands of installations, and then differ by time and sum.
const madeDigits = 16

// equal stands for the receipts without a number that only their occurrence
// tells apart: those of another store are others.
func (s *Scan) equal(l *rawLine) uint64 {
	return hash(s.madeNumber(l, 0) + "\x00" + storeKey(l.store))
}

// nobody is the identity of who is not known.
const nobody = "-"

// identity is what somebody is known by, however it is spelled, or nobody.
func (w *Who) identity(region string) string {
	for _, by := range []struct {
		kind customer.Kind
		text string
	}{{customer.External, w.External}, {customer.Card, w.Card}, {customer.Phone, w.Phone}, {customer.Email, w.Email}} {
		if by.text == "" {
			continue
		}
		if i, err := customer.Normalize(by.kind, by.text, region); err == nil {
			return i.Value
		}
		return by.text
	}
	return nobody
}
