package importer

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
)

// Doubt is what somebody who knows the file should be sure of: a cell that can be
// read in two ways, in a column whose first cells do not tell which is right, or
// that there is no column for what matters.
type Doubt struct {
	Kind  string // decimal, date_order: what of the Options decides; or number, customer, returns, undone, discount, points, balance, stock, export
	Field Field
	Cell  string

	heading string    // of the column
	number  number    // what is read of the cell, or
	day     time.Time // in UTC
	export  *preset   // that the file looks like
}

// Text says how it is read: "“1,250” is read as 1250. …". Thousands are not
// parted, so that it is no riddle again.
func (d Doubt) Text(loc *i18n.Localizer) string {
	plain := strconv.FormatFloat(float64(d.number.coef)/float64(powers[d.number.scale]), 'f', -1, 64)
	read := strings.Replace(plain, ".", loc.Decimal(), 1)
	if !d.day.IsZero() {
		read = loc.LongDate(d.day, time.UTC)
	}
	if d.export != nil {
		return loc.T("importer.doubt."+d.Kind, "system", d.export.name(loc))
	}
	return loc.T("importer.doubt."+d.Kind, "column", cmp.Or(d.heading, loc.T(d.Field.Key())), "cell", d.Cell, "read", read)
}

// doubtsOf are those of a file that will be read by m; none where its options are
// wrong.
func doubtsOf(rows []sampleRow, m *Mapping) (list []Doubt) {
	var wrong errs.List
	if m.Options.validate(&wrong); wrong.Err() != nil {
		return nil
	}
	if p := presetOf(m.Names, m.Kind); p != nil {
		list = append(list, Doubt{Kind: "export", export: p})
	}
	if m.Kind == KindReceipts {
		if !m.has(FieldNumber) {
			list = append(list, Doubt{Kind: "number", Field: FieldNumber})
		}
		if !slices.ContainsFunc([]Field{FieldExternal, FieldCard, FieldPhone, FieldEmail}, m.has) {
			list = append(list, Doubt{Kind: "customer", Field: FieldExternal})
		}
		list = append(list, returnDoubts(rows, m)...)
		if d, ok := discountDoubt(rows, m); ok {
			list = append(list, d)
		}
	}
	if m.Kind == KindCustomers {
		if d, ok := pointsDoubt(rows, m); ok {
			list = append(list, d)
		}
	}
	if m.Kind == KindProducts {
		if d, ok := leftDoubt(rows, m, "stock", ofStock); ok {
			list = append(list, d)
		}
	}
	list = append(list, numberDoubts(rows, m)...)
	if d, ok := dateDoubt(rows, m); ok {
		list = append(list, d)
	}
	return list
}

// returnDoubts are of columns that speak of returns, or of what was not sold, in rows
// that count as sales: those that are left out, and that of a return's sale.
func returnDoubts(rows []sampleRow, m *Mapping) (list []Doubt) {
	of := map[int]Field{}
	for f, c := range m.Columns {
		of[c-1] = f
	}
	told, states := map[int]bool{}, map[string]deed{}
	for _, r := range rows {
		if r.takesBack(m.Columns) || m.Options.ReturnPrefix != "" && strings.HasPrefix(r.cell(m.Columns, FieldNumber), m.Options.ReturnPrefix) {
			continue
		}
		for c, cell := range r.fields {
			f, taken := of[c]
			kind := ""
			switch {
			case told[c], cell == "", len(cell) > maxValue:
			case taken:
				if f == FieldSale && !m.Options.SaleMarks {
					kind = "returns"
				}
			case clausesOf(cell).says(backWords):
				kind = "returns"
			case once(states, cell, func() deed { return parseState(cell, "") }) == undone:
				kind = "undone"
			}
			if kind == "" {
				continue
			}
			told[c] = true
			name := strconv.Itoa(c + 1)
			if c < len(m.Names) {
				name = cmp.Or(m.Names[c], name)
			}
			list = append(list, Doubt{Kind: kind, Cell: cell, heading: name})
		}
	}
	return list
}

// discountDoubt is of a column that is left out and is price times quantity in rows
// that have a discount: it is taken off, and may have been by the price.
func discountDoubt(rows []sampleRow, m *Mapping) (d Doubt, found bool) {
	if m.has(FieldAmount) || !m.has(FieldPrice) || !m.has(FieldQuantity) || !m.has(FieldDiscount) && !m.has(FieldDiscountPercent) {
		return d, false
	}
	left := maps.Clone(m.Columns)
	taken := slices.Collect(maps.Values(m.Columns))
	for c := 1; c <= len(m.Names); c++ {
		if slices.Contains(taken, c) {
			continue
		}
		left[FieldAmount] = c
		discounted, full := 0, 0
		for _, r := range rows {
			off := r.cell(m.Columns, FieldDiscount) + r.cell(m.Columns, FieldDiscountPercent)
			if strings.Trim(off, "0,.% ") == "" {
				continue
			}
			discounted++
			if r.comesTo(m.Columns[FieldPrice], left) {
				full++
				d.Cell = r.at(c)
			}
		}
		if full > 0 && full*10 >= discounted*9 {
			d.Kind, d.Field, d.heading = "discount", FieldDiscount, m.Names[c-1]
			return d, true
		}
	}
	return Doubt{}, false
}

// pointsDoubt is of a column that is called a balance, but not of what: it is taken for
// points, or left out. Where nothing is taken for points, one of bonuses may be them.
func pointsDoubt(rows []sampleRow, m *Mapping) (d Doubt, found bool) {
	if m.has(FieldPoints) {
		h := newHeading(m.heading(FieldPoints))
		if !h.has(ofBalance...) || h.has(ofBonus...) {
			return Doubt{}, false
		}
		return numbersDoubt(rows, m, m.Columns[FieldPoints], "points")
	}
	if d, found = leftDoubt(rows, m, "balance", ofBalance); found {
		return d, true
	}
	return leftDoubt(rows, m, "balance", ofBonus)
}

// leftDoubt is of the first column of numbers that is called by one of the stems and is
// left out.
func leftDoubt(rows []sampleRow, m *Mapping, kind string, stems []string) (d Doubt, found bool) {
	taken := slices.Collect(maps.Values(m.Columns))
	for c, name := range m.Names {
		if h := newHeading(name); slices.Contains(taken, c+1) || !h.has(stems...) || h.has(ofPercent...) {
			continue
		}
		if d, found = numbersDoubt(rows, m, c+1, kind); found {
			return d, true
		}
	}
	return Doubt{}, false
}

// numbersDoubt is of a column, from 1, of numbers, with the first that is not zero.
func numbersDoubt(rows []sampleRow, m *Mapping, c int, kind string) (d Doubt, found bool) {
	i := slices.IndexFunc(rows, func(r sampleRow) bool { return size(r.at(c)) > 0 })
	if p := newProfile(rows, c-1); i < 0 || !p.mostly(p.numbers, 9) {
		return Doubt{}, false
	}
	return Doubt{Kind: kind, Cell: rows[i].at(c), heading: m.Names[c-1]}, true
}

// numberDoubts are of columns that do not tell themselves what parts their
// decimals, the first such cell of each. Goods that are weighed are taken on the
// word of other columns.
func numberDoubts(rows []sampleRow, m *Mapping) (list []Doubt) {
	told := false // by another column
	for _, f := range numberFields {
		var d Doubt
		open, agreed, all := 0, false, 0
		for cell := range cellsOf(rows, m.Columns, f) {
			n, ok := parseNumber(cell, m.Options.Decimal[0])
			if !ok {
				continue
			}
			all++
			switch decimal, sure := decimalIn(cell); {
			case decimal == 0:
			case sure:
				agreed = agreed || decimal == m.Options.Decimal[0]
			case open == 0:
				d = Doubt{Kind: "decimal", Field: f, Cell: cell, heading: m.heading(f), number: n}
				fallthrough
			default:
				open++
			}
		}
		told = told || agreed
		weighed := f == FieldQuantity && open*10 >= all*9 && told
		if open > 0 && !agreed && !weighed {
			list = append(list, d)
		}
	}
	return list
}

// dateDoubt is the first cell that could be of two days, where none of them all can
// be of one only.
func dateDoubt(rows []sampleRow, m *Mapping) (d Doubt, found bool) {
	for _, f := range dateFields {
		for cell := range cellsOf(rows, m.Columns, f) {
			days, noDay, ok := parseTime(cell, DayFirst, time.UTC)
			months, noMonth, ok2 := parseTime(cell, MonthFirst, time.UTC)
			switch {
			case noDay || noMonth || !ok && !ok2:
			case ok != ok2: // 31/12/2026
				return Doubt{}, false
			case !days.Equal(months) && !found:
				d, found = Doubt{Kind: "date_order", Field: f, Cell: cell, heading: m.heading(f), day: days}, true
				if m.Options.DateOrder == MonthFirst {
					d.day = months
				}
			}
		}
	}
	return d, found
}
