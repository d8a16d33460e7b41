package importer

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/importer/delimited"
	"regulars/internal/importer/workbook"
	"regulars/internal/loyalty/catalog"
)

// Hints are what a person or the installation knows of a file beforehand.
type Hints struct {
	Kind   Kind              // empty: guess
	Format *delimited.Format // nil: guess
	Zone   string            // of the installation
	Region string
	Sheet  string // of a workbook; empty: the one that has the data

	Currency money.Currency  // of the sums; zero: one of two decimals
	Stores   []catalog.Store // for files of stock with a column for each
	Mapping  *Mapping        // by which it will be read, for Doubts and Said; nil: the guess
}

// Sniffed is what a look at a file's first rows tells.
type Sniffed struct {
	Mapping Mapping
	Rows    [][]string // the first rows with data
	Doubts  []Doubt
	Said    []Said

	sure  struct{ decimal, dates bool } // what cells have told, and is not only likely
	whose map[Field][]string            // of receipts: the first customers, by the column that names them
}

// How much of a file is looked at: all rows of the first part, at most half of what
// may be looked at, then some of what follows, because files are often sorted by
// date, and the first days of a year do not tell days from months.
const (
	sniffAll    = 512 << 10
	sniffSome   = 64 << 20
	sniffStep   = 50
	sniffRows   = 10_000
	previewRows = 20
)

// ErrEmpty is returned for a file without rows.
var ErrEmpty = errs.New(errs.Invalid, "importer_empty", "There are no rows in this file.")

// ErrLongRows is returned for a file of which no row can be taken apart.
var ErrLongRows = errs.New(errs.Invalid, "importer_long_rows", "All rows of this file are longer than a megabyte. Save it with fewer columns, and every row in a line of its own.")

// Sniff looks at the beginning of a file and guesses how to read it. The guess
// may lack what nobody can guess: Mapping.Validate says what.
func Sniff(ctx context.Context, path string, h Hints) (s Sniffed, err error) {
	defer errs.Wrap(&err, "look at the file to import")
	book, err := workbook.Is(path)
	if err != nil {
		return s, err
	}
	if book {
		return sniffBook(ctx, path, h)
	}
	return sniffText(ctx, path, h)
}

// sniffText is Sniff of what is no workbook.
func sniffText(ctx context.Context, path string, h Hints) (s Sniffed, err error) {
	var file *delimited.File
	if h.Format != nil {
		file, err = delimited.OpenAt(path, *h.Format, delimited.Position{})
	} else {
		file, err = delimited.Open(path)
	}
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows, err := sampleRows(ctx, file.Reader)
	if err != nil {
		return s, err
	}
	if len(rows) == 0 {
		return s, ErrEmpty
	}
	s = guess(rows, file.Format, h)
	if h.Kind == "" && s.namesOnly() {
		return s, ErrKind.At("/kind")
	}
	return s, nil
}

// ErrKind is returned for a file of which nobody can say whether it has people
// or goods in it.
var ErrKind = errs.New(errs.Invalid, "importer_kind_needed", "There is nothing but names in this file. Say whether they are of customers or of products.")

// namesOnly reports whether nothing but names was found, which people and goods
// have alike.
func (s Sniffed) namesOnly() bool {
	m := s.Mapping
	return len(m.Columns) == 1 && (m.has(FieldProduct) || m.has(FieldName))
}

// sampleRow is a row that the guess looks at.
type sampleRow struct {
	number int64
	fields []string
}

// cell is the row's cell of a field, empty where it has none.
func (r sampleRow) cell(columns map[Field]int, f Field) string {
	return r.at(columns[f])
}

// at is the cell of a column, counted from 1.
func (r sampleRow) at(c int) string { return cellOf(r.fields, c) }

func sampleRows(ctx context.Context, r *delimited.Reader) (rows []sampleRow, err error) {
	long := false
	for n := 0; len(rows) < sniffRows && r.Next(); n++ {
		row := r.Row()
		long = long || row.Problem == delimited.TooLong
		if row.End.Offset > sniffSome {
			break
		}
		if row.End.Offset > sniffAll || len(rows) >= sniffRows/2 {
			if n%1000 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if n%sniffStep != 0 {
				continue
			}
		}
		if !row.Blank() && row.Problem == "" {
			cells := slices.Clone(row.Fields)
			unguard(cells)
			rows = append(rows, sampleRow{row.Number, cells})
		}
	}
	if r.Err() == nil && long && len(rows) == 0 {
		return nil, ErrLongRows
	}
	return rows, r.Err()
}

// guess makes the mapping of the sample.
func guess(rows []sampleRow, f delimited.Format, h Hints) Sniffed {
	header, data := splitHeader(rows, h)
	width := columnsOf(rows)
	var names []string
	var headerRow int64
	if header != nil {
		headerRow = header.number
		for _, name := range header.fields {
			names = append(names, fold.Cut(fold.Line(name), maxText))
		}
		width = min(max(width, len(names)), maxColumns)
		names = names[:min(len(names), width)]
	}
	profiles := make([]profile, width)
	for c := range profiles {
		profiles[c] = newProfile(data, c)
	}
	sample := sample{headings: make([]heading, width), profiles: profiles, rows: data, currency: h.Currency.Code}
	for c, name := range names {
		sample.headings[c] = newHeading(name)
	}
	var kind Kind
	var columns map[Field]int
	if p := presetOf(names, h.Kind); p != nil {
		kind, columns = p.kind, p.in(names)
	} else {
		kind, columns = sample.guessColumns(h.Kind)
	}
	sample.takeStatus(columns)
	if kind == KindStock {
		takeStores(columns, names, h.Stores)
	}
	s := Sniffed{}
	o := s.guessOptions(data, columns, f, h)
	sample.guessReturns(columns, &o)
	o.Header, o.Zone, o.Region = int(headerRow), h.Zone, h.Region
	if c := columns[FieldName]; c > 0 && c <= len(names) && strings.Contains(headerWords(names[c-1]), "name") {
		o.NameOrder = FirstLast
	}
	s.Mapping = Mapping{Kind: kind, Format: f, Columns: columns, Width: width, Names: names, Options: o}
	by := cmp.Or(h.Mapping, &s.Mapping)
	s.Doubts, s.Said = doubtsOf(data, by), saidIn(data, by)
	for _, r := range data[:min(len(data), previewRows)] {
		s.Rows = append(s.Rows, r.fields)
	}
	if kind == KindReceipts {
		s.whose = map[Field][]string{}
		for _, f := range append(calledCustomer, sample.takeContact(columns, h.Region)) {
			s.whose[f] = whose(data, columns[f])
		}
	}
	return s
}

// calledCustomer are the fields for which a column of the customer's may be taken.
var calledCustomer = []Field{FieldExternal, FieldCard, FieldName}

// whoseRows is how many customers are looked up to tell what names them.
const whoseRows = 200

// whose are the first different values of a column.
func whose(data []sampleRow, column int) (values []string) {
	for _, r := range data {
		if len(values) == whoseRows {
			break
		}
		value := strings.TrimSuffix(fold.Line(r.at(column)), ".0")
		if value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// columnsOf is how many columns most rows have.
func columnsOf(rows []sampleRow) int {
	counts := map[int]int{}
	for _, r := range rows {
		counts[len(r.fields)]++
	}
	best := 0
	for n, times := range counts {
		if times > counts[best] || times == counts[best] && n > best {
			best = n
		}
	}
	return min(best, maxColumns)
}

// headerWithin is how many rows may stand before the header: titles, the
// shop's name, the period.
const headerWithin = 15

// splitHeader finds the row that names the columns: the one with most names
// that are known, or else a first row of words above columns of numbers.
func splitHeader(rows []sampleRow, h Hints) (header *sampleRow, data []sampleRow) {
	best, hits := -1, 0
	for i, r := range rows[:min(len(rows), headerWithin)] {
		n := knownNames(r.fields)
		if h.Kind == KindStock {
			n += len(storeColumns(r.fields, h.Stores))
		}
		if n > hits {
			best, hits = i, n
		}
	}
	if hits >= 2 || hits == 1 && len(rows[best].fields) <= 2 {
		return &rows[best], rows[best+1:]
	}
	if namesUnlikeData(rows) {
		return &rows[0], rows[1:]
	}
	return nil, rows
}

// knownNames counts the cells that name a field to the letter, for the kind
// for which most do.
func knownNames(cells []string) int {
	var headings []heading
	for _, cell := range cells {
		headings = append(headings, newHeading(fold.Cut(cell, maxText)))
	}
	most := 0
	for _, list := range spellings {
		n := 0
		for _, name := range headings {
			if slices.ContainsFunc(list, func(s spelling) bool { return s.fit(name) > sure }) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// namesUnlikeData reports whether the first row is of distinct words where the
// rows below have numbers or dates.
func namesUnlikeData(rows []sampleRow) bool {
	if len(rows) < 2 {
		return false
	}
	seen := map[string]bool{}
	for _, cell := range rows[0].fields {
		if seen[cell] || !strings.ContainsFunc(cell, unicode.IsLetter) {
			return false
		}
		seen[cell] = true
	}
	for c := range rows[0].fields {
		p := newProfile(rows[1:], c)
		if p.filled > 0 && (p.numbers == p.filled || p.dates == p.filled) {
			return true
		}
	}
	return false
}

// profile is what the cells of a column are like. A cell may count as several
// things.
type profile struct {
	filled      int
	numbers     int
	integers    int
	decimals    int // written with decimals
	fractions   int // decimals, but for the 17.0 that spreadsheets make of 17
	percents    int
	negative    int
	zeros       int
	small       int // of one or two digits, above zero
	largest     int64
	dates       int
	serials     int // days as spreadsheets number them, if that is what they are
	births      int // dates that may lack the year
	clocks      int // times of day alone
	phones      int
	emails      int
	sexes       int
	yeses       int
	returns     int // kinds of receipts
	backs       int // of them, those of returns
	returnFlags int // yes or no, or a word for a return
	words       int // with letters
	plain       int // without digits
	several     int // of several words
	codes       int // letters and digits in one word
	middle      int // patronymics
	hashed      int // #1001
	distinct    map[string]struct{}
}

func newProfile(rows []sampleRow, column int) profile {
	p := profile{distinct: map[string]struct{}{}}
	for _, r := range rows {
		if column < len(r.fields) && r.fields[column] != "" {
			p.add(r.fields[column])
		}
	}
	return p
}

func (p *profile) add(cell string) {
	p.filled++
	if len(p.distinct) < 5000 {
		p.distinct[cell] = struct{}{}
	}
	if n, ok := parseNumber(cell, '.'); ok {
		p.numbers++
		if n.scale == 0 && !strings.ContainsAny(cell, ".,") || isRounded(cell) {
			p.integers++
			p.largest = max(p.largest, abs64(n.coef))
		} else {
			p.decimals++
			if !strings.HasSuffix(cell, ".0") {
				p.fractions++
			}
		}
		switch {
		case n.coef < 0:
			p.negative++
		case n.coef == 0:
			p.zeros++
		case n.scale == 0 && n.coef < 100:
			p.small++
		}
	}
	if share, ok := strings.CutSuffix(cell, "%"); ok {
		if _, ok = parseNumber(share, '.'); ok {
			p.percents++
		}
	}
	for _, order := range []DateOrder{DayFirst, MonthFirst} {
		if _, _, ok := parseTime(cell, order, time.UTC); ok {
			p.dates++
			break
		}
	}
	if _, _, ok := parseSerial(cell); ok {
		p.serials++
	}
	if _, ok := parseBorn(cell, DayFirst); ok {
		p.births++
	}
	if _, ok := parseClock(cell); ok {
		p.clocks++
	}
	if digits := countDigits(cell); digits >= 7 && digits <= 15 && strings.Trim(cell, "0123456789+-() .\u00a0") == "" {
		p.phones++
	}
	if at := strings.IndexByte(cell, '@'); at > 0 && strings.Contains(cell[at:], ".") {
		p.emails++
	}
	if _, ok := parseSex(cell); ok {
		p.sexes++
	}
	if _, _, ok := parseYes(cell); ok {
		p.yeses++
	}
	if parseReturned(cell) != puzzles {
		p.returnFlags++
	}
	if does := parseDeed(cell); does != puzzles {
		if does == takesBack {
			p.backs++
		}
		p.returns++
	}
	if cell[0] == '#' && countDigits(cell) > 0 {
		p.hashed++
	}
	if countDigits(cell) == 0 {
		p.plain++
	}
	if strings.ContainsFunc(cell, unicode.IsLetter) {
		p.words++
		if strings.ContainsFunc(cell, unicode.IsSpace) {
			if !standsForNobody(cell) {
				p.several++
			}
		} else if countDigits(cell) > 0 {
			p.codes++
		}
		if isPatronymic(cell) {
			p.middle++
		}
	}
}

func countDigits(s string) (n int) {
	for i := range len(s) {
		if digitAt(s, i) {
			n++
		}
	}
	return n
}

func digitAt(s string, i int) bool { return s[i] >= '0' && s[i] <= '9' }

// mostly reports whether n of the filled cells are at least the share of
// tenths.
func (p profile) mostly(n, tenths int) bool { return n*10 >= p.filled*tenths }

// may reports whether the cells can be of a field: a header alone is not
// believed. Empty columns can be anything.
func (p profile) may(f Field) bool {
	if p.filled == 0 {
		return true
	}
	switch f {
	case FieldAt:
		return p.mostly(max(p.dates, p.serials), 5) && !p.mostly(p.clocks, 5)
	case FieldTime:
		return p.mostly(p.clocks, 5)
	case FieldBorn:
		return p.mostly(max(p.dates, p.births), 3)
	case FieldRegistered, FieldPointsExpire, FieldLevelUntil, FieldValidUntil:
		return p.mostly(max(p.dates, p.serials), 3)
	case FieldQuantity, FieldPrice, FieldAmount, FieldCost, FieldPoints, FieldPointsEarned, FieldPointsUsed, FieldBalance, FieldThreshold:
		return p.mostly(p.numbers, 5)
	case FieldDiscount:
		return p.mostly(p.numbers+p.percents, 5)
	case FieldDiscountPercent: // and not the money
		return p.mostly(p.numbers+p.percents, 5) && p.largest <= 100
	case FieldPhone:
		return p.mostly(p.filled-p.words, 5)
	case FieldEmail:
		return p.mostly(p.emails, 3)
	case FieldSex:
		return p.mostly(p.sexes, 5)
	case FieldReturned: // and not how many came back, or for how much
		return p.mostly(p.returnFlags, 10)
	case FieldConsent, FieldConsentSMS, FieldConsentEmail, FieldOptOut, FieldActive:
		return p.mostly(p.yeses, 5)
	case FieldType:
		return p.backs > 0 || p.mostly(p.returns, 5)
	case FieldSale: // and not for how much
		return !p.mostly(p.decimals, 5)
	case FieldStore: // and not what is owed there
		return !p.mostly(p.fractions, 5)
	case FieldExternal:
		return !p.mostly(p.several, 5)
	case FieldBrand: // and not the number that it has
		return p.mostly(p.words, 5)
	case FieldName, FieldLastName, FieldFirstName, FieldMiddleName:
		return p.mostly(p.words, 5) && !p.mostly(p.codes, 8)
	}
	return true
}

// Fields of which some cells can be read in two ways.
var (
	numberFields = []Field{FieldPrice, FieldAmount, FieldDiscount, FieldCost, FieldPoints, FieldBalance, FieldQuantity}
	dateFields   = []Field{FieldAt, FieldBorn, FieldRegistered, FieldPointsExpire, FieldLevelUntil, FieldValidUntil}
)

// cellsOf are the filled cells of some fields, one field after the other.
func cellsOf(rows []sampleRow, columns map[Field]int, fields ...Field) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, field := range fields {
			for _, r := range rows {
				if cell := r.cell(columns, field); cell != "" && !yield(cell) {
					return
				}
			}
		}
	}
}

// guessOptions decides what single cells leave open by all of the sample.
func (s *Sniffed) guessOptions(rows []sampleRow, columns map[Field]int, f delimited.Format, h Hints) Options {
	o := Options{NameOrder: LastFirst}
	cells := func(fields ...Field) iter.Seq[string] { return cellsOf(rows, columns, fields...) }
	o.Decimal, s.sure.decimal = guessDecimal(cells(FieldPrice, FieldAmount, FieldDiscount, FieldCost, FieldBalance), cells(FieldPoints), cells(FieldQuantity), h.Currency.Exponent, f.Delimiter)
	o.DateOrder, s.sure.dates = guessDateOrder(cells(dateFields...))
	return o
}

// guessDecimal finds what parts the decimals. Where no cell tells for certain,
// three digits behind the sign are parts of quantities if nearly all of them have
// three, and so they are of sums if the currency has; otherwise they are
// thousands. Tables cut by semicolons are of people who write a comma.
func guessDecimal(sums, points, quantities iter.Seq[string], minor int, delimiter string) (sign string, sure bool) {
	type votes map[byte]int
	other := map[byte]byte{'.': ',', ',': '.'}
	certain, likely := votes{}, votes{}
	// look finds the sign before three digits, and whether nearly all cells have it.
	look := func(cells iter.Seq[string]) (unsure votes, nearly bool) {
		unsure, all := votes{}, 0
		for cell := range cells {
			all++
			switch decimal, sure := decimalIn(cell); {
			case sure:
				certain[decimal]++
			case decimal != 0:
				unsure[decimal]++
			}
		}
		return unsure, max(unsure['.'], unsure[','])*10 >= all*9
	}
	weighed, allWeighed := look(quantities)
	amounts, allSmall := look(sums)
	balances, _ := look(points)
	for sign := range other {
		likely[other[sign]] += balances[sign]
		if minor >= 3 && allSmall {
			likely[sign] += amounts[sign]
		} else {
			likely[other[sign]] += amounts[sign]
		}
	}
	if !allWeighed {
		weighed = nil
	}
	for i, v := range []votes{certain, weighed, likely} {
		switch {
		case v[','] > v['.']:
			return ",", i == 0
		case v['.'] > v[',']:
			return ".", i == 0
		}
	}
	if delimiter == ";" {
		return ",", false
	}
	return ".", false
}

// guessDateOrder finds whether days or months stand first. Where every cell
// could be both, files are in the order of time more often than not, and the
// wrong reading scatters a week over a year.
func guessDateOrder(cells iter.Seq[string]) (order DateOrder, sure bool) {
	votes := map[DateOrder]int{}
	var spans [2]struct{ first, last time.Time }
	for cell := range cells {
		var read [2]time.Time
		for i, order := range []DateOrder{DayFirst, MonthFirst} {
			t, none, ok := parseTime(cell, order, time.UTC)
			if !ok || none {
				continue
			}
			read[i] = t
			s := &spans[i]
			if s.first.IsZero() || t.Before(s.first) {
				s.first = t
			}
			if t.After(s.last) {
				s.last = t
			}
		}
		switch {
		case read[0].IsZero() && !read[1].IsZero():
			votes[MonthFirst]++
		case !read[0].IsZero() && read[1].IsZero():
			votes[DayFirst]++
		}
	}
	switch {
	case votes[MonthFirst] > votes[DayFirst]:
		return MonthFirst, true
	case votes[DayFirst] > 0:
		return DayFirst, true
	case spans[1].last.Sub(spans[1].first)*2 < spans[0].last.Sub(spans[0].first):
		return MonthFirst, false
	}
	return DayFirst, false
}

// guessReturns finds out how the file marks returns where no column of its own
// does: by letters before the number whose rows are below zero where others are
// not, or by naming their sale.
func (s *sample) guessReturns(columns map[Field]int, o *Options) {
	negative := func(r sampleRow) bool {
		for _, f := range []Field{FieldQuantity, FieldAmount} {
			if n, ok := parseNumber(r.cell(columns, f), o.Decimal[0]); ok && n.coef != 0 {
				return n.coef < 0
			}
		}
		return false
	}
	if columns[FieldType]+columns[FieldReturned] > 0 {
		return
	}
	type count struct{ rows, negative int }
	prefixes := map[string]*count{}
	numbers, naming, here := map[string]bool{}, 0, 0
	var all count
	for _, r := range s.rows {
		number := r.cell(columns, FieldNumber)
		numbers[number] = true
		prefix := letters(number)
		if prefixes[prefix] == nil {
			if len(prefixes) > 100 {
				continue
			}
			prefixes[prefix] = &count{}
		}
		for _, c := range []*count{prefixes[prefix], &all} {
			c.rows++
			if negative(r) {
				c.negative++
			}
		}
	}
	for _, r := range s.rows {
		if sale := r.cell(columns, FieldSale); sale != "" && sale != r.cell(columns, FieldNumber) {
			naming++
			if numbers[sale] {
				here++
			}
		}
	}
	// A sale may be of an order or another document, too.
	if naming*2 < len(s.rows) && all.negative == 0 && (here > 0 || naming > 0 && !s.headings[columns[FieldSale]-1].has("заказ", "документ", "основан", "order", "parent", "document")) {
		o.SaleMarks = true
		return
	}
	for _, prefix := range slices.Sorted(maps.Keys(prefixes)) {
		p, others := prefixes[prefix], count{}
		for other, q := range prefixes {
			if other != prefix {
				others.rows += q.rows
				others.negative += q.negative
			}
		}
		if prefix != "" && p.rows >= 3 && p.negative*10 >= p.rows*9 && others.rows > p.rows && others.negative*10 < others.rows {
			o.ReturnPrefix, o.SignedReturns = prefix, true
			return
		}
	}
}

// takeStatus takes a column of states for that of kinds where all that it says is what
// was sold and what came back.
func (s *sample) takeStatus(columns map[Field]int) {
	c := columns[FieldStatus]
	if c == 0 || columns[FieldType] > 0 {
		return
	}
	if p := s.profiles[c-1]; p.backs > 0 && p.backs < p.returns && p.mostly(p.returns, 10) {
		columns[FieldType] = c
		delete(columns, FieldStatus)
	}
}

// letters are those before the digits of a number.
func letters(number string) string {
	n := strings.IndexFunc(number, func(r rune) bool { return !unicode.IsLetter(r) })
	if n <= 0 || n > 10 {
		return ""
	}
	return number[:n]
}
