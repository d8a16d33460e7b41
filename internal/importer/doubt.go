package importer

import (
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
)

// Doubt is a cell that can be read in two ways, of a file in whose first rows
// nothing tells which is right. Who knows the file can.
type Doubt struct {
	Option string // of the mapping that decides: decimal or date_order
	Cell   string

	number number    // what is read, or
	day    time.Time // in UTC
}

// Text says how the cell is read: "“1,250” is read as 1250. …". Thousands are not
// parted, so that it is no riddle again.
func (d Doubt) Text(loc *i18n.Localizer) string {
	plain := strconv.FormatFloat(float64(d.number.coef)/float64(powers[d.number.scale]), 'f', -1, 64)
	read := strings.Replace(plain, ".", loc.Decimal(), 1)
	if !d.day.IsZero() {
		read = loc.LongDate(d.day, time.UTC)
	}
	return loc.T("importer.doubt."+d.Option, "cell", d.Cell, "read", read)
}

// doubtsOf are the first such cells, one for each option that matters; none of
// options that are wrong.
func doubtsOf(rows []sampleRow, m *Mapping) (list []Doubt) {
	var wrong errs.List
	if m.Options.validate(&wrong); wrong.Err() != nil {
		return nil
	}
	for _, of := range []func([]sampleRow, *Mapping) (Doubt, bool){numberDoubt, dateDoubt} {
		if d, ok := of(rows, m); ok {
			list = append(list, d)
		}
	}
	return list
}

func numberDoubt(rows []sampleRow, m *Mapping) (d Doubt, found bool) {
	for cell := range cellsOf(rows, m.Columns, numberFields...) {
		n, ok := parseNumber(cell, m.Options.Decimal[0])
		text, _ := trimNumber(cell)
		switch {
		case !ok || !strings.ContainsAny(text, ".,"):
		case pointOf(text, '.') == pointOf(text, ','): // 12.50, 1,250,000
			return Doubt{}, false
		case !found:
			d, found = Doubt{Option: "decimal", Cell: cell, number: n}, true
		}
	}
	return d, found
}

func dateDoubt(rows []sampleRow, m *Mapping) (d Doubt, found bool) {
	for cell := range cellsOf(rows, m.Columns, dateFields...) {
		days, noDay, ok := parseTime(cell, DayFirst, time.UTC)
		months, noMonth, ok2 := parseTime(cell, MonthFirst, time.UTC)
		switch {
		case noDay || noMonth || !ok && !ok2:
		case ok != ok2: // 31/12/2026
			return Doubt{}, false
		case !days.Equal(months) && !found:
			d, found = Doubt{Option: "date_order", Cell: cell, day: days}, true
			if m.Options.DateOrder == MonthFirst {
				d.day = months
			}
		}
	}
	return d, found
}
