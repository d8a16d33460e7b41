package importer

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
)

// sample is what columns are guessed from.
type sample struct {
	headings []heading // one for each column, empty where it has no name
	profiles []profile
	rows     []sampleRow
	currency string // code of the sums'; empty: not known
}

// sure is what fits to the letter come to at least.
const sure = 900

// guessColumns gives each column its field, for the kind of file that fits
// best, or for the one that is known.
func (s *sample) guessColumns(known Kind) (Kind, map[Field]int) {
	kinds := []Kind{KindReceipts, KindCustomers, KindProducts}
	if slices.ContainsFunc(s.headings, func(h heading) bool { return h.has(ofGift...) }) {
		kinds = append(kinds, KindGiftcards)
	}
	if known != "" {
		kinds = []Kind{known}
	}
	var best Kind
	var columns map[Field]int
	most := -1
	for _, kind := range kinds {
		found, fits := s.byHeader(kind)
		score := 0
		for _, fit := range fits {
			score += fit
		}
		s.byContent(kind, found)
		m := Mapping{Kind: kind, Columns: found}
		var l errs.List
		// Something is missing that this kind cannot do without.
		if m.validateColumns(&l); l.Err() != nil && !s.ofReceipts(kind, found, fits) {
			score /= 10
		}
		score = score*100 + len(found)
		if score > most {
			best, columns, most = kind, found, score
		}
	}
	return best, columns
}

// ofReceipts reports whether headers are of receipts alone, so that what is missing
// is only called by a name that nobody knows.
func (s *sample) ofReceipts(kind Kind, columns, fits map[Field]int) bool {
	if kind != KindReceipts {
		return false
	}
	called := func(stems ...string) bool {
		return fits[FieldNumber] > sure && s.headings[columns[FieldNumber]-1].has(stems...)
	}
	return called("чек", "накладн", "транзакц", "chek", "receipt", "invoice", "transaction", "bill ") ||
		fits[FieldAt] > sure && (fits[FieldQuantity] > sure || called("заказ", "продаж", "order ", "sale ", "name "))
}

// maxAmounts is how many columns are looked at that may be the amount.
const maxAmounts = 6

// byHeader goes by the names of the columns, the surest first.
func (s *sample) byHeader(kind Kind) (columns, fits map[Field]int) {
	type candidate struct {
		column, fit int
		field       Field
	}
	var all []candidate
	for c, h := range s.headings {
		if s.numbersRows(c) {
			continue
		}
		for _, spelled := range spellings[kind] {
			if fit := spelled.fit(h); fit > 0 && s.may(c, spelled) {
				all = append(all, candidate{c + 1, fit, spelled.field})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(s.lacks(a.column, a.field), s.lacks(b.column, b.field)), cmp.Compare(b.fit, a.fit))
	})
	columns, fits = map[Field]int{}, map[Field]int{}
	taken := map[int]bool{}
	for _, c := range all {
		if columns[c.field] == 0 && !taken[c.column] {
			columns[c.field], fits[c.field], taken[c.column] = c.column, c.fit, true
		}
	}
	if kind == KindReceipts {
		var amounts []int
		for _, c := range all {
			if len(amounts) < maxAmounts && c.field == FieldAmount && (!taken[c.column] || columns[FieldAmount] == c.column) && !slices.Contains(amounts, c.column) {
				amounts = append(amounts, c.column)
			}
		}
		s.chooseAmount(columns, amounts)
		s.chooseNumber(columns)
	}
	return columns, fits
}

// lacks is how much a column lacks to be a field: 2 where it is empty, 1 where too many
// rows have none.
func (s *sample) lacks(column int, f Field) int {
	switch filled := s.profiles[column-1].filled; {
	case filled == 0:
		return 2
	case f == FieldNumber && filled*2 < len(s.rows), f == FieldAt && filled*10 < len(s.rows)*9:
		return 1
	}
	return 0
}

// may reports whether a column can be what a spelling means, by all that is known.
func (s *sample) may(column int, spelled spelling) bool {
	p, f := s.profiles[column], spelled.field
	if !p.may(f) || !s.headings[column].mayMean(f, s.currency) {
		return false
	}
	switch {
	case f == FieldCard && spelled.whole && p.filled > 0: // and not what was paid by card, or by which
		return !s.namesPayment(p) && !p.mostly(p.plain, 5) && !p.mostly(p.zeros, 5) && !p.mostly(p.decimals, 1)
	case f == FieldNumber && spelled.words == "name": // as shops of Shopify's call it
		return p.filled > 0 && p.mostly(p.hashed, 10)
	case f == FieldPoints && (spelled.words == "баланс" || spelled.words == "balance"): // and not what is owed
		return p.negative == 0
	}
	return true
}

// namesPayment reports whether columns beside that of a card are called by ways to pay,
// and have sums: no yes or no, nor numbers of devices.
func (s *sample) namesPayment(card profile) bool {
	for c, h := range s.headings {
		p := s.profiles[c]
		if !p.mostly(p.numbers, 9) || p.filled > 0 && p.mostly(p.small, 1) && !card.mostly(card.small, 5) {
			continue
		}
		same := p.filled > 0 && p.filled == len(s.rows) && p.zeros == 0 && len(p.distinct)*2 <= p.filled
		if h.has("наличн", "нал ", "безнал", "naqd", "cash ", "payme ", "click ", "uzcard", "humo ") && !h.has("register", "desk") || h.has("терминал") && !same {
			return true
		}
	}
	return false
}

// rowNumbers are what files call the column that counts their rows.
var rowNumbers = []string{"№", "№ п/п", "№п/п", "№ пп", "п/п", "no", "#", "n", "n п/п", "т/р", "t/r"}

// numbersRows reports whether a column counts the rows of the file, or of each receipt.
func (s *sample) numbersRows(column int) bool {
	if !slices.Contains(rowNumbers, strings.ToLower(strings.TrimRight(s.headings[column].name, " ."))) {
		return false
	}
	counted, most, row := 0, 0, int64(0)
	repeated, again := false, false
	for _, r := range s.rows {
		if r.at(column+1) == "" { // a total has none
			continue
		}
		n, err := strconv.Atoi(r.at(column + 1))
		switch passed := r.number - row; {
		case err != nil || counted == 0 && n != 1:
			return false
		case counted == 0 || n == counted+1 || int64(n-counted) == passed: // blank rows may be counted
		case n == 1:
			repeated, again = repeated || counted == 1, again || counted > 1
		case !again || passed == 1:
			return false
		}
		counted, most, row = n, max(most, n), r.number
	}
	return most > 1 && (again || !repeated) // 1, 1, 2, 3 are of receipts
}

// chooseAmount puts the column of what was paid for the line into its place, of
// those that by their headers may be it, and sees to the discount.
func (s *sample) chooseAmount(columns map[Field]int, amounts []int) {
	amounts = slices.DeleteFunc(amounts, func(c int) bool { return s.ofReceipt(c, columns) })
	discounted := func(c int) bool { return s.headings[c-1].has(ofDiscounted...) }
	if i := slices.IndexFunc(amounts, discounted); i > 0 {
		amounts[0], amounts[i] = amounts[i], amounts[0]
	}
	delete(columns, FieldAmount)
	if len(amounts) > 0 {
		columns[FieldAmount] = amounts[0]
	}
	paid := s.takePaid(amounts, amounts, columns)
	others := s.otherSums(columns)
	if price := columns[FieldPrice]; price > 0 {
		full := s.fullPrice(others, columns)
		if full > 0 && s.isUndiscounted(full, columns) {
			delete(columns, FieldAmount)
		}
		if full > 0 || discounted(price) { // the price is without it
			delete(columns, FieldDiscount)
			delete(columns, FieldDiscountPercent)
		}
	}
	if amount := columns[FieldAmount]; !paid && s.isUndiscounted(columns[FieldPrice], columns) && !s.takePaid([]int{amount}, others, columns) {
		delete(columns, FieldAmount)
	}
	s.addTax(columns, others)
}

// otherSums are the columns of numbers that no field has.
func (s *sample) otherSums(columns map[Field]int) (others []int) {
	taken := slices.Collect(maps.Values(columns))
	for i, p := range s.profiles {
		if c := i + 1; !slices.Contains(taken, c) && p.filled > 0 && p.mostly(p.numbers, 9) && !s.ofReceipt(c, columns) {
			others = append(others, c)
		}
	}
	return others
}

// takePaid takes a column for the amount that is a full one less the discount.
func (s *sample) takePaid(full, paid []int, columns map[Field]int) bool {
	for _, f := range full {
		for _, p := range paid {
			if f == p {
				continue
			}
			written, share := s.lessDiscount(sizeAt(f), sizeAt(p), columns)
			if !written && !share {
				continue
			}
			columns[FieldAmount] = p
			if !written {
				columns[FieldDiscountPercent] = columns[FieldDiscount]
				delete(columns, FieldDiscount)
			}
			return true
		}
	}
	return false
}

// fullPrice is the column that the price is less the discount, of one or of all that
// were bought; 0: none.
func (s *sample) fullPrice(others []int, columns map[Field]int) int {
	all := func(c int) func(sampleRow) float64 {
		return func(r sampleRow) float64 { return size(r.at(c)) * r.pieces(columns) }
	}
	price := columns[FieldPrice]
	for _, c := range others {
		if one, share := s.lessDiscount(sizeAt(c), sizeAt(price), columns); one || share {
			return c
		}
		if many, _ := s.lessDiscount(all(c), all(price), columns); many {
			return c
		}
	}
	return 0
}

// isUndiscounted reports whether the amount is price times quantity on nearly all rows
// that have a discount. One that is hardly any is more likely a percentage.
func (s *sample) isUndiscounted(price int, columns map[Field]int) bool {
	rows, full := 0, 0
	for _, r := range s.rows {
		off, percent := r.discount(columns)
		if off == 0 || !percent && off*100 < size(r.cell(columns, FieldAmount)) || r.cell(columns, FieldAmount) == "" {
			continue
		}
		rows++
		if r.comesTo(price, columns) {
			full++
		}
	}
	return rows > 0 && full*10 >= rows*9
}

// addTax takes a column for the amount that is the one chosen and a tax that comes on
// top of it, and leaves a price without the tax out.
func (s *sample) addTax(columns map[Field]int, others []int) {
	taxes := slices.DeleteFunc(slices.Clone(others), func(c int) bool { return !s.headings[c-1].has("ндс", "налог", "vat ", "tax", "qqs") })
	for _, tax := range taxes[:min(len(taxes), maxAmounts)] {
		for _, taxed := range others {
			if more, unpriced := s.isTaxed(taxed, tax, columns); more {
				columns[FieldAmount] = taxed
				if unpriced {
					delete(columns, FieldPrice)
				}
				return
			}
		}
	}
}

// isTaxed reports whether a column is the amount and a tax on nearly all rows that have
// one; unpriced: the price is without it.
func (s *sample) isTaxed(taxed, tax int, columns map[Field]int) (is, unpriced bool) {
	rows, more, untaxed := 0, 0, 0
	for _, r := range s.rows {
		sum, on := size(r.cell(columns, FieldAmount)), size(r.at(tax))
		if sum == 0 || on == 0 {
			continue
		}
		rows++
		if math.Abs(sum+on-size(r.at(taxed))) <= max(on/100, 0.02) { // it may be rounded
			more++
		}
		if r.comesTo(columns[FieldPrice], columns) {
			untaxed++
		}
	}
	return rows > 0 && more*10 >= rows*9, untaxed*10 >= rows*9
}

// lessDiscount reports whether paid is full less the discount, on nearly all rows that
// have one: as it is written, or as a share.
func (s *sample) lessDiscount(full, paid func(sampleRow) float64, columns map[Field]int) (written, share bool) {
	rows, asWritten, asShare := 0, 0, 0
	for _, r := range s.rows {
		off, percent := r.discount(columns)
		if off == 0 {
			continue
		}
		sum, rest := full(r), paid(r)
		if sum == 0 {
			continue
		}
		rows++
		comes := func(off float64) bool { return math.Abs(sum-off-rest) <= off/10 } // it may be rounded
		if comes(sum * off / 100) {
			asShare++
		}
		if percent {
			off = sum * off / 100
		}
		if comes(off) {
			asWritten++
		}
	}
	return rows > 0 && asWritten*10 >= rows*9, rows > 0 && asShare*10 >= rows*9
}

// discount is the row's, without its sign; percent: it is a share.
func (r sampleRow) discount(columns map[Field]int) (off float64, percent bool) {
	cell, percent := strings.CutSuffix(r.cell(columns, FieldDiscount), "%")
	if cell == "" {
		cell, percent = strings.TrimSuffix(r.cell(columns, FieldDiscountPercent), "%"), true
	}
	return size(cell), percent
}

// pieces is how many were bought.
func (r sampleRow) pieces(columns map[Field]int) float64 {
	cell := r.cell(columns, FieldQuantity)
	if cell == "" {
		return 1
	}
	return size(cell)
}

// comesTo reports whether the row's amount is a price times the quantity.
func (r sampleRow) comesTo(price int, columns map[Field]int) bool {
	amount, full := size(r.cell(columns, FieldAmount)), size(r.at(price))*r.pieces(columns)
	is := func(full float64) bool { return full > 0 && math.Abs(full-amount) <= full/1000 }
	return is(full) || is(full/1000) // of "1,000"
}

// sizeAt is the size of a column's numbers.
func sizeAt(column int) func(sampleRow) float64 {
	return func(r sampleRow) float64 { return size(r.at(column)) }
}

// size is a number without its sign, 0 if there is none.
func size(cell string) float64 {
	n, _ := parseNumber(strings.TrimSpace(cell), '.')
	return math.Abs(float64(n.coef)) / float64(powers[n.scale])
}

// ofReceipt reports whether a column is the amount of the whole receipt, on each of
// its rows: it is called so beside the price and quantity of the line, or the rows
// of a number all have the same.
func (s *sample) ofReceipt(column int, columns map[Field]int) bool {
	h := s.headings[column-1]
	called := h.has("чека ", "чеку ", "заказа ", "заказу ", "документа ", "документу ", "накладной ", "receipt ", "order ", "invoice ", "chek ")
	if h.words == "total" || h.words == "subtotal" {
		called = called || s.hasColumn("subtotal") && s.hasColumn("shipping")
	}
	if called && columns[FieldPrice] > 0 && columns[FieldQuantity] > 0 {
		return true
	}
	if columns[FieldNumber] == 0 || !called && !h.has("итог", "всего", "total ", "jami ") {
		return false
	}
	amounts, shared := map[[4]string]string{}, map[string]bool{}
	for _, r := range s.rows {
		amount, day := r.at(column), r.cell(columns, FieldAt)
		key := [4]string{r.cell(columns, FieldNumber), r.cell(columns, FieldStore), r.cell(columns, FieldTill), day[:min(len(day), len(time.DateOnly))]}
		if key[0] == "" {
			continue
		}
		before, again := amounts[key]
		if again && amount != before {
			return false
		}
		amounts[key] = amount
		if again {
			shared[amount] = true
		}
	}
	return len(shared) > 2 || called && len(shared) > 0
}

// hasColumn reports whether a column is called so.
func (s *sample) hasColumn(words string) bool {
	return slices.ContainsFunc(s.headings, func(h heading) bool { return h.words == words })
}

// chooseNumber tells the number of the sale that a return takes back from that of the
// receipt: most receipts are no returns.
func (s *sample) chooseNumber(columns map[Field]int) {
	c := columns[FieldSale]
	if c == 0 {
		return
	}
	if columns[FieldNumber] == 0 {
		columns[FieldNumber] = c
		delete(columns, FieldSale)
		return
	}
	sold := 0
	for _, r := range s.rows {
		if r.at(c) != "" && !r.takesBack(columns) {
			sold++
		}
	}
	if sold > 0 && sold*10 >= len(s.rows)*9 {
		delete(columns, FieldSale)
	}
}

// takesBack reports whether the row says that it is of a return.
func (r sampleRow) takesBack(columns map[Field]int) bool {
	for _, f := range []Field{FieldQuantity, FieldAmount} {
		if n, _ := parseNumber(r.cell(columns, f), '.'); n.coef < 0 {
			return true
		}
	}
	return parseDeed(r.cell(columns, FieldType)) == takesBack || parseReturned(r.cell(columns, FieldReturned)) == takesBack
}

// callCustomer are headers that say whose a receipt is, but not by what.
var callCustomer = []string{"", "клиент", "покупатель", "контрагент", "гость", "customer", "client", "mijoz", "xaridor"}

// takeContact takes the customer's column for the phone or the e-mail, if that is
// what its cells are and there is no other; empty: for neither.
func (s *sample) takeContact(columns map[Field]int, region string) Field {
	for _, from := range []Field{FieldExternal, FieldName} {
		c := columns[from]
		if c == 0 || !slices.Contains(callCustomer, s.headings[c-1].words) {
			continue
		}
		values := whose(s.rows, c)
		for _, to := range []Field{FieldPhone, FieldEmail} {
			n := 0
			for _, value := range values {
				_, err := customer.Normalize(kindOf[to], value, region)
				if err == nil && (to == FieldEmail || countDigits(value) >= 9) { // ids are short
					n++
				}
			}
			if n > 0 && n*10 >= len(values)*8 && columns[to] == 0 {
				columns[to] = c
				delete(columns, from)
				return to
			}
		}
	}
	return ""
}

// byContent adds what the cells themselves tell where the header does not.
func (s *sample) byContent(kind Kind, columns map[Field]int) {
	taken := map[int]bool{}
	for _, c := range columns {
		taken[c] = true
	}
	find := func(f Field, fits func(profile) bool) {
		if columns[f] > 0 {
			return
		}
		var found []int
		for c, p := range s.profiles {
			h := s.headings[c]
			// A day may be of anything: the last purchase, the end of points.
			if !taken[c+1] && p.filled > 0 && !(f == FieldBorn && h.name != "") && h.mayMean(f, s.currency) && fits(p) {
				found = append(found, c)
			}
		}
		named := func(c int) bool { return s.headings[c].name != "" }
		if len(found) == 0 || f == FieldAt && len(found) > 1 && named(found[0]) && slices.ContainsFunc(found[1:], named) {
			return
		}
		columns[f], taken[found[0]+1] = found[0]+1, true
	}
	email := func(p profile) bool { return p.mostly(p.emails, 8) }
	phone := func(p profile) bool {
		return p.mostly(p.phones, 8) && !p.mostly(p.dates, 5) && !p.mostly(p.decimals, 1)
	}
	switch kind {
	case KindCustomers:
		if c := columns[FieldFirstName]; c > 0 && columns[FieldName]+columns[FieldLastName] == 0 && s.profiles[c-1].mostly(s.profiles[c-1].several, 7) {
			columns[FieldName] = c
			delete(columns, FieldFirstName)
		}
		find(FieldEmail, email)
		find(FieldPhone, phone)
		find(FieldSex, func(p profile) bool { return p.mostly(p.sexes, 10) && p.words > 0 && len(p.distinct) <= 5 })
		find(FieldBorn, func(p profile) bool { return p.mostly(p.dates, 8) })
		if columns[FieldName] == 0 && columns[FieldLastName] == 0 && columns[FieldFirstName] == 0 {
			find(FieldName, func(p profile) bool { return p.mostly(p.several, 7) && p.mostly(p.filled-p.emails, 10) })
		}
	case KindReceipts:
		find(FieldAt, func(p profile) bool { return p.may(FieldAt) && p.mostly(p.dates, 9) })
		find(FieldEmail, email)
		s.bareReceipts(columns, taken)
	}
}

// bareReceipts reads columns without names: who, when, how many, how much, as
// most logs of purchases have them.
func (s *sample) bareReceipts(columns map[Field]int, taken map[int]bool) {
	at := columns[FieldAt]
	if at == 0 || columns[FieldAmount] > 0 || columns[FieldPrice] > 0 {
		return
	}
	for c := len(s.profiles); c > 0 && columns[FieldAmount] == 0; c-- {
		if p := s.profiles[c-1]; !taken[c] && s.headings[c-1].name == "" && p.filled > 0 && p.mostly(p.numbers, 10) && p.mostly(p.decimals, 5) {
			columns[FieldAmount], taken[c] = c, true
		}
	}
	for c, p := range s.profiles {
		if taken[c+1] || s.headings[c].name != "" || p.filled == 0 || !p.mostly(p.integers, 10) {
			continue
		}
		if f := FieldExternal; columns[f] == 0 && c+1 < at {
			columns[f], taken[c+1] = c+1, true
		} else if f := FieldQuantity; columns[f] == 0 && c+1 > at && p.largest < 10_000 {
			columns[f], taken[c+1] = c+1, true
		}
	}
}
