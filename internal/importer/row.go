package importer

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/importer/delimited"
	"regulars/internal/loyalty/customer"
)

// Reason says what is wrong with a row or one of its values. Pages and files
// translate it by the key importer.reason.<reason>.
type Reason string

// The reasons.
const (
	ReasonTooLong       Reason = "row_too_long"     // see delimited.TooLong
	ReasonQuote         Reason = "open_quote"       // see delimited.OpenQuote
	ReasonColumns       Reason = "too_many_columns" // values have slipped
	ReasonMissing       Reason = "missing"          // a value that must be there
	ReasonTextTooLong   Reason = "text_too_long"    //
	ReasonNumber        Reason = "not_a_number"     //
	ReasonRange         Reason = "out_of_range"     // too large, or below zero where that means nothing
	ReasonDate          Reason = "not_a_date"       //
	ReasonYear          Reason = "bad_year"         // of a date
	ReasonFuture        Reason = "in_future"        //
	ReasonWord          Reason = "unknown_word"     // a sex, a yes or no, a kind that is none
	ReasonPhone         Reason = "bad_phone"        //
	ReasonPhoneRounded  Reason = "phone_rounded"    // by a spreadsheet
	ReasonPhoneShort    Reason = "phone_short"      // digits are missing
	ReasonPhoneLong     Reason = "phone_long"       // digits too many
	ReasonEmail         Reason = "bad_email"        //
	ReasonNoNumber      Reason = "no_number"        // of a receipt: "б/н"
	ReasonNobody        Reason = "nobody"           // nothing tells who the customer is
	ReasonNothing       Reason = "no_quantity"      // of a line
	ReasonSibling       Reason = "sibling"          // another row of the receipt is refused
	ReasonTwoCustomers  Reason = "two_customers"    // on one receipt
	ReasonCurrency      Reason = "other_currency"   // than the installation's
	ReasonNumberRounded Reason = "number_rounded"   // by a spreadsheet
	ReasonTwoDays       Reason = "two_days"         // on one receipt: the number was used again
	ReasonManyLines     Reason = "too_many_lines"   // on one receipt
	ReasonRounded       Reason = "rounded"          // the amount is no whole number of minor units
	ReasonPointsRounded Reason = "points_rounded"   // to two decimals
	ReasonOther         Reason = "other_contents"   // the receipt was imported before, with other lines
	ReasonTaken         Reason = "taken_by_other"   // an identifier belongs to another customer
	ReasonKept          Reason = "kept"             // the profile says something else, and goes on to
	ReasonCard          Reason = "bad_card"
	ReasonKnown         Reason = "known_customer"       // who has the opening balance of the source
	ReasonBelow         Reason = "points_below"         // zero, which are not taken
	ReasonNoProgramme   Reason = "no_programme"         // holds in the store, that points or a level could be of
	ReasonLevel         Reason = "unknown_level"        // of the programme
	ReasonLevelOver     Reason = "level_over"           // before the import
	ReasonExpired       Reason = "expired"              // points
	ReasonRefused       Reason = "refused"              // by what keeps customers or products
	ReasonUnmatched     Reason = "return_without_sale"  // no earlier sale fits the return
	ReasonRepeated      Reason = "repeated"             // another row further down is of the same product, and holds
	ReasonTwice         Reason = "customer_twice"       // another row further down is of the same customer
	ReasonCopied        Reason = "rows_copied"          // all rows of the receipt stand further up already
	ReasonMadeSKU       Reason = "made_sku"             // a product without a code is known by its name
	ReasonSum           Reason = "sum_differs"          // price, quantity and discount do not come to the amount
	ReasonVoid          Reason = "void"                 // the receipt was undone
	ReasonAbove         Reason = "return_above_zero"    // it undoes a return, and counts as a sale
	ReasonState         Reason = "unknown_state"        // of a receipt, which is taken for sold
	ReasonPartly        Reason = "partly_returned"      // and the whole is counted
	ReasonTotals        Reason = "totals"               // of the rows before
	ReasonHeader        Reason = "header_again"         //
	ReasonCoin          Reason = "below_coin"           // a part of the smallest
	ReasonStore         Reason = "unknown_store"        // of stock, as the one that follows
	ReasonProduct       Reason = "unknown_product"      //
	ReasonHolder        Reason = "unknown_holder"       // of a gift card
	ReasonCardOther     Reason = "giftcard_other"       // it is in with another balance
	ReasonCardTwice     Reason = "giftcard_twice"       // another row further up is of the same card, and holds
	ReasonNoBirthday    Reason = "no_birthday"          // but the day that stands for none
	ReasonMoreImages    Reason = "more_images"          // another of the product is taken
	ReasonNoImage       Reason = "no_image"             // a file that should be one
	ReasonImageLarge    Reason = "image_large"          // larger than is taken
	ReasonUnheard       Reason = "consent_of_forgotten" // it is not taken
	ReasonForgotten     Reason = "forgotten"            // the customer asked to be, and the row is of them
	ReasonLost          Reason = "of_forgotten"         // an identifier was of somebody who asked to be
	ReasonBuyerGone     Reason = "buyer_forgotten"      // likewise; the receipt is recorded as nobody's
	ReasonMixed         Reason = "mixed_letters"        // of two alphabets in one code
)

// reasonReturn is told of every line of a return, to the file of issues only:
// which row to remark on, should there be no sale for it.
const reasonReturn Reason = "return"

// Key is the i18n key of the reason.
func (r Reason) Key() string { return "importer.reason." + string(r) }

// Issue is something to tell about a row of a file.
type Issue struct {
	Row     int64
	Field   Field // what it is about; empty: the row
	Reason  Reason
	Value   string      // as the file has it
	Why     *errs.Error // of ReasonRefused: what was broken, where it is known
	Refused bool        // the row was not taken; otherwise it was, without the value
	Cells   []string
}

// Who is what a file says about whose a receipt is.
type Who struct {
	External, Card, Phone, Email, Name string
}

// nobody reports whether nothing tells the customer apart; a name does not.
func (w Who) nobody() bool {
	return w.External == "" && w.Card == "" && w.Phone == "" && w.Email == ""
}

// rowReader makes values of the cells of one row at a time.
type rowReader struct {
	m        Mapping
	currency money.Currency
	zoneOf   func(store string) *time.Location // nil: zone is that of all rows
	zone     *time.Location                    // of the row
	decimal  byte
	latest   time.Time // no date is later

	// Columns that every row is asked for, resolved.
	keyed [len(keyFields)]int
	noted []noted

	fields  []string
	number  int64
	refused bool
	torn    bool // its cells may be wrong: there is nothing more to be said of them
	issues  []Issue

	// What comes again and again is worked out once, by the cell.
	texts  map[string]string // cleaned
	alike  map[string]string // how stores are spelled
	totals map[string]bool   // do they name a sum
	words  meanings
	deeds  map[Field]map[string]deed

	last struct { // the moment that the row before had
		date, clock string
		at          time.Time
		zoned       bool // it told its offset from UTC
	}
	place  place  // of the row before
	key    rowKey // of the receipt of the row before,
	called string // in one text,
	keyAt  time.Time
	keyOf  keyCells // by which it was told
	day    struct { // of the moment that was asked for last
		at time.Time
		is string
	}
}

// place is which store a receipt is of, whose other rows may leave it out. It is kept
// where zones are the stores'.
type place struct {
	Number string `json:"number"`
	Store  string `json:"store"`
}

// reader reads the rows of the scan.
func (s *Scan) reader() (*rowReader, error) {
	zone, err := s.Mapping.Options.location()
	if err != nil {
		return nil, err
	}
	r := &rowReader{
		m: s.Mapping, currency: s.Currency, zone: zone, decimal: s.Mapping.Options.Decimal[0], latest: s.Now.AddDate(0, 0, 1),
		texts: map[string]string{}, alike: map[string]string{}, totals: map[string]bool{}, words: s.Mapping.Options.meanings(), deeds: map[Field]map[string]deed{FieldType: {}, FieldReturned: {}, FieldStatus: {}},
	}
	if zone == nil {
		r.zone, r.zoneOf = time.UTC, s.Zone
	}
	for i, f := range keyFields {
		r.keyed[i] = s.Mapping.Columns[f]
	}
	for _, f := range notedFields {
		if c := s.Mapping.Columns[f]; c > 0 {
			r.noted = append(r.noted, noted{f, c, s.Mapping.heading(f)})
		}
	}
	return r, nil
}

// forget has the next row go on with none before it.
func (r *rowReader) forget() {
	r.place, r.key, r.keyOf = place{}, rowKey{}, keyCells{}
}

// begin takes a row up. It says no to a row that has no values to read.
func (r *rowReader) begin(row delimited.Row) bool {
	r.fields, r.number, r.refused, r.torn, r.issues = row.Fields, row.Number, false, false, nil
	if r.zoneOf != nil {
		number, store := r.raw(FieldNumber), r.line(r.raw(FieldStore))
		if store == "" && number != "" && number == r.place.Number { // of the receipt of the row before
			store = r.place.Store
		}
		r.place = place{number, store}
		if zone := r.zoneOf(store); zone != r.zone {
			r.zone, r.last.date = zone, ""
		}
	}
	switch row.Problem {
	case delimited.TooLong:
		r.refuse("", ReasonTooLong, "")
		return false
	case delimited.OpenQuote: // what it is a part of is refused with it
		r.refuse("", ReasonQuote, "")
		r.torn = true
		return true
	}
	if why := r.noData(row.Fields); why != "" {
		r.refuse("", why, "")
		return false
	}
	if w := r.m.Width; w > 0 && len(row.Fields) > w {
		for _, extra := range row.Fields[w:] {
			if extra != "" {
				r.refuse("", ReasonColumns, extra)
				return false
			}
		}
	}
	return true
}

// noData says what a row is that is none of data: the names of the columns once
// more, or totals of rows before; empty: it is.
func (r *rowReader) noData(fields []string) Reason {
	if c := r.m.Columns[FieldProduct]; r.m.Kind == KindReceipts && r.isTotal(cellOf(fields, c)) && r.isNoLine(fields) {
		return ReasonTotals
	}
	first := slices.IndexFunc(fields, func(cell string) bool { return cell != "" })
	if first < 0 || !isWord(fields[first]) {
		return ""
	}
	if r.isTotal(fields[first]) && (r.m.Kind == KindReceipts && r.m.Columns[FieldNumber] == first+1 || r.lacks(fields, first)) {
		return ReasonTotals
	}
	if len(r.m.Names) <= first || fold.Line(fields[first]) != r.m.Names[first] {
		return ""
	}
	for c, cell := range fields {
		if cell != "" && (c >= len(r.m.Names) || fold.Line(cell) != r.m.Names[c]) {
			return ""
		}
	}
	return ReasonHeader
}

// totals are how rows begin that sum others up, as headerWords leaves them.
var totals = []string{
	"итого", "итог", "всего", "общий итог", "промежуточный итог", "total", "totals", "subtotal", "sub total", "grand total",
	"jami", "жами", "umumiy", "умумий", "hammasi", "ҳаммаси", "барлығы", "барлыгы",
}

// totalLetters are what totals begin with.
var totalLetters = func() (letters string) {
	for _, total := range totals {
		first, _ := utf8.DecodeRuneInString(total)
		letters += string(first) + string(unicode.ToUpper(first))
	}
	return letters
}()

// isTotal reports whether a cell names a sum: "Итого", "Jami mijozlar:", "Total 2026".
func (r *rowReader) isTotal(cell string) bool {
	letter, size := utf8.DecodeRuneInString(cell)
	next, _ := utf8.DecodeRuneInString(cell[size:])
	if len(cell) > 2*maxValue || !unicode.IsLetter(next) || !strings.ContainsRune(totalLetters, letter) { // as of "S01-17", quickly
		return false
	}
	return once(r.totals, cell, func() bool {
		words := headerWords(cell)
		return slices.ContainsFunc(totals, func(total string) bool { return words == total || strings.HasPrefix(words, total+" ") })
	})
}

// isNoLine reports whether a row that names a product lacks what would tell it apart,
// or its quantity or price.
func (r *rowReader) isNoLine(fields []string) bool {
	return slices.ContainsFunc([]Field{FieldSKU, FieldBarcode, FieldQuantity, FieldPrice}, func(f Field) bool {
		return r.m.has(f) && cellOf(fields, r.m.Columns[f]) == ""
	})
}

// tells are fields that rows of data have: receipts all of them, and of customers and
// products at least one.
var tells = map[Kind][]Field{
	KindReceipts:  {FieldNumber, FieldAt},
	KindCustomers: {FieldExternal, FieldCard, FieldPhone, FieldEmail},
	KindProducts:  {FieldSKU, FieldBarcode},
	KindGiftcards: {FieldGiftcard},
	KindStock:     {FieldSKU, FieldBarcode},
	KindImages:    {FieldFile},
}

// lacks reports whether a row has nothing in these fields, but for one of its cells.
func (r *rowReader) lacks(fields []string, but int) bool {
	empty, filled := 0, 0
	for _, f := range tells[r.m.Kind] {
		switch c := r.m.Columns[f] - 1; {
		case c < 0 || c == but:
		case c >= len(fields) || fields[c] == "":
			empty++
		default:
			filled++
		}
	}
	if r.m.Kind == KindReceipts {
		return empty > 0
	}
	return filled == 0
}

// refuse says why the row is not taken.
func (r *rowReader) refuse(f Field, why Reason, value string) {
	if r.torn {
		return
	}
	r.refused = true
	r.issues = append(r.issues, Issue{Row: r.number, Field: f, Reason: why, Value: value, Refused: true})
}

// remark says what the row is taken without.
func (r *rowReader) remark(f Field, why Reason, value string) {
	if r.torn {
		return
	}
	r.issues = append(r.issues, Issue{Row: r.number, Field: f, Reason: why, Value: value})
}

// raw is the cell of a field as the file has it.
func (r *rowReader) raw(f Field) string { return cellOf(r.fields, r.m.Columns[f]) }

// cellOf is the cell of a column, counted from 1; empty: the row has none. Rows may
// be shorter than the header.
func cellOf(cells []string, column int) string {
	if column == 0 || column > len(cells) {
		return ""
	}
	return cells[column-1]
}

// maxTexts bounds what is remembered of cells.
const maxTexts = 1 << 16

// once is what f makes of a cell, as known has it where the cell came before.
func once[T any](known map[string]T, cell string, f func() T) T {
	is, ok := known[cell]
	if !ok {
		is = f()
		if len(known) < maxTexts {
			known[strings.Clone(cell)] = is
		}
	}
	return is
}

// line cleans a cell to one line of text.
func (r *rowReader) line(cell string) string {
	if fold.IsLine(cell) {
		return cell
	}
	return once(r.texts, cell, func() string { return fold.Line(cell) })
}

// storeKey is what the row's store has in common with all spellings of it.
func (r *rowReader) storeKey() string {
	cell := r.raw(FieldStore)
	return once(r.alike, cell, func() string {
		line := fold.Line(cell)
		return cmp.Or(storeKey(line), line)
	})
}

// text is a field's line of at most limit characters. A longer one is refused.
func (r *rowReader) text(f Field, limit int) string {
	t := r.line(r.raw(f))
	if utf8.RuneCountInString(t) > limit {
		r.refuse(f, ReasonTextTooLong, t)
		return ""
	}
	return t
}

// fact is text that nothing depends on: a longer one is left out and remarked on.
func (r *rowReader) fact(f Field) string {
	t := r.line(r.raw(f))
	if utf8.RuneCountInString(t) > maxText {
		r.remark(f, ReasonTextTooLong, fold.Cut(t, maxText))
		return ""
	}
	return t
}

// atMost is the beginning of a text that may be cut, which is remarked on.
func (r *rowReader) atMost(f Field, t string, limit int) string {
	if utf8.RuneCountInString(t) > limit {
		r.remark(f, ReasonTextTooLong, fold.Cut(t, maxText))
	}
	return fold.Cut(t, limit)
}

// code is text that tells things apart. Spreadsheets make 17850.0 of 17850 and
// NULL of nothing; exports for them write ="00017". What they have rounded would
// make one of many and is refused, but for phones, of which more can be said.
func (r *rowReader) code(f Field, limit int) string {
	t := r.text(f, limit)
	if len(t) > 3 && strings.HasPrefix(t, `="`) && strings.HasSuffix(t, `"`) {
		t = t[2 : len(t)-1]
	}
	t = strings.TrimPrefix(t, "'")
	if whole, ok := strings.CutSuffix(t, ".0"); ok && whole != "" && strings.Trim(whole, "0123456789") == "" {
		return whole
	}
	switch t {
	case "NULL", "null", "NaN", "nan", "None", "N/A", "n/a", "#N/A", "-":
		return ""
	}
	if one := fold.OneScript(t); one != t && slices.Contains(codeFields, f) {
		r.remark(f, ReasonMixed, t)
		t = one
	}
	if f != FieldPhone && isRounded(t) {
		if f == FieldBarcode { // there is the name, or the code
			r.remark(f, ReasonNumberRounded, t)
		} else {
			r.refuse(f, ReasonNumberRounded, t)
		}
		return ""
	}
	return t
}

// codeFields are those of codes that people type.
var codeFields = []Field{FieldExternal, FieldCard, FieldSKU}

// isRounded reports whether a spreadsheet wrote a long number as 4,78001E+12.
func isRounded(text string) bool {
	if !strings.Contains(text, "+") {
		return false
	}
	m, exponent, ok := strings.Cut(strings.ToUpper(text), "E+")
	return ok && m != "" && exponent != "" && strings.Trim(m, "0123456789.,") == "" && strings.Trim(exponent, "0123456789") == ""
}

// identifier is a code of a customer; empty: it is nobody's.
func (r *rowReader) identifier(f Field, limit int) string {
	t := r.code(f, limit)
	if standsForNobody(t) || f == FieldPhone && isOneDigit(t) {
		return ""
	}
	return t
}

// isOneDigit reports whether a phone is one digit over and over: +79999999999.
func isOneDigit(phone string) bool {
	digits := strings.Map(func(r rune) rune {
		if !isDigit(r) {
			return -1
		}
		return r
	}, phone)
	end := digits[max(0, len(digits)-9):]
	return len(end) >= 7 && strings.Trim(end, end[:1]) == ""
}

// decimalOf reads a number; false: there is none, or it was refused.
func (r *rowReader) decimalOf(f Field) (n number, ok bool) {
	cell := r.raw(f)
	if cell == "" {
		return n, false
	}
	if n, ok = parseNumber(cell, r.decimal); !ok {
		r.refuse(f, r.whyNoNumber(cell), cell)
	} else if ok = r.ours(cell); !ok {
		r.refuse(f, ReasonCurrency, cell)
	}
	return n, ok
}

// isOurs reports whether a cell of currencies names the installation's.
func (r *rowReader) isOurs(cell string) bool {
	code := strings.TrimSpace(cell)
	if of, ok := numericCodes[code]; ok {
		code = of
	}
	return strings.Contains(currenciesOf(code), r.currency.Code)
}

// numericCodes are ISO 4217's, of what tills hereabouts write.
var numericCodes = map[string]string{"643": "RUB", "810": "RUB", "840": "USD", "860": "UZS", "398": "KZT", "978": "EUR", "826": "GBP", "417": "KGS", "972": "TJS", "933": "BYN"}

// ours reports whether a cell names no other currency than the installation's.
func (r *rowReader) ours(cell string) bool {
	if last := cell[len(cell)-1]; last >= '0' && last <= '9' && cell[0] >= '0' && cell[0] <= '9' { // as nearly all do
		return true
	}
	codes := currenciesOf(cell)
	return codes == "" || strings.Contains(codes, r.currency.Code)
}

// whyNoNumber is why a cell was not read as a number.
func (r *rowReader) whyNoNumber(cell string) Reason {
	if _, _, _, ok := spelledNumber(cell, r.decimal); ok {
		return ReasonRange
	}
	return ReasonNumber
}

// whyNoDate is why a cell was not read as a date.
func (r *rowReader) whyNoDate(cell string) Reason {
	if d, _, ok := parseMoment(cell, r.m.Options.DateOrder); ok && d.year != 0 && d.year < minYear {
		return ReasonYear
	}
	return ReasonDate
}

// price reads a product's price; nil: none.
func (r *rowReader) price() *money.Price {
	n, ok := r.decimalOf(FieldPrice)
	if !ok {
		return nil
	}
	p, ok := n.price()
	if !ok || p < 0 {
		r.refuse(FieldPrice, ReasonRange, r.raw(FieldPrice))
		return nil
	}
	return &p
}

// cost reads what one costs the shop; nil: unknown. Nothing depends on it, so
// that a wrong one is only remarked on.
func (r *rowReader) cost() *money.Price {
	cell := r.raw(FieldCost)
	if cell == "" {
		return nil
	}
	n, ok := parseNumber(cell, r.decimal)
	if !ok {
		r.remark(FieldCost, r.whyNoNumber(cell), cell)
		return nil
	}
	p, ok := n.price()
	if !ok || p < 0 {
		r.remark(FieldCost, ReasonRange, cell)
		return nil
	}
	return &p
}

// price is n with four decimals.
func (n number) price() (money.Price, bool) {
	v, _, ok := n.scaled(4)
	return money.Price(v), ok && v <= int64(money.MaxPrice) && v >= -int64(money.MaxPrice)
}

// moment reads the date of a field, and the time of day of another where there
// is one. Zero: there is none, or it was refused.
func (r *rowReader) moment(f, ofDay Field) time.Time {
	date, clock := r.raw(f), ""
	if ofDay != "" {
		clock = r.raw(ofDay)
	}
	t, none, ok := r.readMoment(f, ofDay)
	switch {
	case date == "" || none:
		return time.Time{}
	case !ok:
		r.refuse(f, r.whyNoDate(date), strings.TrimSpace(date+" "+clock))
		return time.Time{}
	case t.After(r.latest):
		r.refuse(f, ReasonFuture, date)
		return time.Time{}
	}
	return t
}

// readMoment is moment, but refuses nothing.
func (r *rowReader) readMoment(f, ofDay Field) (t time.Time, none, ok bool) {
	date, clock := r.raw(f), ""
	if ofDay != "" {
		clock = r.raw(ofDay)
	}
	if date != "" && date == r.last.date && clock == r.last.clock {
		return r.last.at, false, true
	}
	t, zoned, none, ok := r.parseMoment(date, clock)
	if ok && !none {
		r.last.date, r.last.clock, r.last.at, r.last.zoned = date, clock, t, zoned
	}
	return t, none, ok && !none
}

func (r *rowReader) parseMoment(date, clock string) (t time.Time, zoned, none, ok bool) {
	order := r.m.Options.DateOrder
	day, c, isDate := parseMoment(date, order)
	if !isDate {
		day, c, isDate = parseSerial(date)
	}
	if !isDate {
		none = noDate(date)
		return t, false, none, none && clock == ""
	}
	if clock != "" {
		if c, ok = parseClock(clock); !ok {
			// Databases write whole moments into columns for the time of day.
			if _, c, ok = parseMoment(clock, order); !ok {
				c, ok = parseShare(clock)
			}
		}
		isDate = ok
	}
	t, none, ok = moment(day, c, r.zone, isDate)
	return t, c.zoned, none, ok
}

// who reads whose a row is.
func (r *rowReader) who() Who {
	return Who{
		External: r.identifier(FieldExternal, customer.MaxExternal),
		Card:     r.identifier(FieldCard, maxText),
		Phone:    r.identifier(FieldPhone, maxText),
		Email:    r.identifier(FieldEmail, maxText),
		Name:     r.text(FieldName, maxText),
	}
}
