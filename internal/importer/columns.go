package importer

import (
	"cmp"
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
	number := fits[FieldNumber] > sure && s.headings[columns[FieldNumber]-1].has("чек", "накладн", "транзакц", "chek", "receipt", "invoice", "transaction", "bill ")
	return number || fits[FieldAt] > sure && fits[FieldQuantity] > sure
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
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.fit, a.fit) })
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

// may reports whether a column can be what a spelling means, by all that is known.
func (s *sample) may(column int, spelled spelling) bool {
	p, f := s.profiles[column], spelled.field
	if !p.may(f) || !s.headings[column].mayMean(f, s.currency) {
		return false
	}
	switch {
	case f == FieldCard && spelled.whole && p.filled > 0: // and not what was paid by card, or by which
		return !s.namesPayment() && !p.mostly(p.plain, 5) && !p.mostly(p.zeros, 5) && !p.mostly(p.decimals, 1)
	case f == FieldPoints && (spelled.words == "баланс" || spelled.words == "balance"): // and not what is owed
		return p.negative == 0
	}
	return true
}

// namesPayment reports whether columns are called by ways to pay.
func (s *sample) namesPayment() bool {
	return slices.ContainsFunc(s.headings, func(h heading) bool {
		return h.has("наличн", "нал ", "безнал", "терминал", "naqd", "cash ", "payme ", "click ", "uzcard", "humo ") && !h.has("register", "desk")
	})
}

// rowNumbers are what files call the column that counts their rows.
var rowNumbers = []string{"№", "№ п/п", "№п/п", "№ пп", "п/п", "no", "#", "n", "n п/п", "т/р", "t/r"}

// numbersRows reports whether a column counts the rows of the file.
func (s *sample) numbersRows(column int) bool {
	if !slices.Contains(rowNumbers, strings.ToLower(strings.TrimRight(s.headings[column].name, " ."))) {
		return false
	}
	counted, row := 0, int64(0)
	for _, r := range s.rows {
		if column >= len(r.fields) || r.fields[column] == "" { // a total has none
			continue
		}
		n, err := strconv.Atoi(r.fields[column])
		if err != nil || counted == 0 && n != 1 || counted > 0 && int64(n-counted) != 1 && int64(n-counted) != r.number-row {
			return false
		}
		counted, row = n, r.number
	}
	return counted > 1
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
	if paid, percent := s.paidOf(amounts, columns); paid > 0 {
		columns[FieldAmount] = paid
		if percent {
			columns[FieldDiscountPercent] = columns[FieldDiscount]
			delete(columns, FieldDiscount)
		}
	}
	if c := columns[FieldPrice]; c > 0 && discounted(c) {
		delete(columns, FieldDiscount) // the price is without it
		delete(columns, FieldDiscountPercent)
	}
}

// paidOf finds the column that is another one less the discount; percent: which is a
// share, though its cells do not say so.
func (s *sample) paidOf(amounts []int, columns map[Field]int) (paid int, percent bool) {
	for _, full := range amounts {
		for _, paid := range amounts {
			if full == paid {
				continue
			}
			if written, share := s.lessDiscount(full, paid, columns); written || share {
				return paid, !written
			}
		}
	}
	return 0, false
}

// lessDiscount reports whether paid is full less the discount, on nearly all rows that
// have one: as it is written, or as a share.
func (s *sample) lessDiscount(full, paid int, columns map[Field]int) (written, share bool) {
	rows, asWritten, asShare := 0, 0, 0
	for _, r := range s.rows {
		cell, percent := strings.CutSuffix(r.cell(columns, FieldDiscount), "%")
		if cell == "" {
			cell, percent = strings.TrimSuffix(r.cell(columns, FieldDiscountPercent), "%"), true
		}
		sum, rest, off := size(r.at(full)), size(r.at(paid)), size(cell)
		if sum == 0 || off == 0 {
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
	does, _ := parseDeed(r.cell(columns, FieldType))
	yes, _, _ := parseYes(r.cell(columns, FieldReturned))
	return does == takesBack || yes
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
		for c, p := range s.profiles {
			h := s.headings[c]
			// A day may be of anything: the last purchase, the end of points.
			if !taken[c+1] && p.filled > 0 && !(f == FieldBorn && h.name != "") && h.mayMean(f, s.currency) && fits(p) {
				columns[f], taken[c+1] = c+1, true
				return
			}
		}
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
