package admin

import (
	"context"
	"encoding/csv"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/surface/web"
)

// list is what can be shown of the rows of a list, on its page and in a file.
type list[R any] struct {
	name    string // of its path
	columns []column[R]
}

// column is one thing that is known of a row.
type column[R any] struct {
	Name  string
	Text  string // key of its heading
	Class string // of its cells: num, keep
	At    at
	value func(R) any // as sheet.cell takes it
}

// at is where a column is shown while nobody has chosen.
type at int

const (
	always     at = iota // and cannot be chosen away: it leads to the row's page
	everywhere           // and on a phone
	wide                 // not on a phone
	roomy                // nor on a tablet
	filed                // in files only
	hidden               // only where somebody chose it
)

// columnsView is the columns that a page shows, and those to choose from.
type columnsView struct {
	List  string
	Shown []shownColumn
	All   []shownColumn // without those that are always there
}

type shownColumn struct {
	Name, Text, Class string
	On                bool
}

// columnsCookie keeps what was chosen for a list in this browser, so that a
// phone keeps its own.
func columnsCookie(list string) string { return "columns_" + list }

// chosen are the names of the columns that whoever asks has chosen; none: they
// have not.
func (l list[R]) chosen(r *http.Request) (names []string) {
	c, err := r.Cookie(columnsCookie(l.name))
	if err != nil {
		return nil
	}
	for name := range strings.SplitSeq(c.Value, ".") {
		if slices.ContainsFunc(l.columns, func(c column[R]) bool { return c.Name == name && c.At != always }) {
			names = append(names, name)
		}
	}
	return names
}

// on reports whether a column is shown, given what was chosen.
func (c column[R]) on(chosen []string) bool {
	if c.At == always {
		return true
	}
	if chosen == nil {
		return c.At < filed
	}
	return slices.Contains(chosen, c.Name)
}

// view is for the page that r asks for.
func (l list[R]) view(r *http.Request) columnsView {
	chosen := l.chosen(r)
	v := columnsView{List: l.name}
	for _, c := range l.columns {
		s := shownColumn{c.Name, c.Text, c.Class, c.on(chosen)}
		if narrower := map[at]string{wide: " wide-only", roomy: " roomy-only"}[c.At]; chosen == nil {
			s.Class = strings.TrimSpace(s.Class + narrower)
		}
		if s.On {
			v.Shown = append(v.Shown, s)
		}
		if c.At != always {
			v.All = append(v.All, s)
		}
	}
	return v
}

// chooseColumns keeps which columns of a list this browser shows.
func (a *Admin) chooseColumns(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	name := r.PathValue("list")
	if !slices.Contains([]string{"customers", "receipts", "products", "audit", "identified", "settlement", "stock"}, name) {
		return web.ErrNoPage
	}
	names := ""
	if !form.Has("reset", "1") {
		names = strings.Join(form.All("column"), ".")
	}
	a.Shell.Remember(w, r, columnsCookie(name), names)
	web.Redirect(w, r, web.SafePath(form.Get("back")))
	return nil
}

// batch reads the rows of a list after a cursor, and gives that of the rows
// which follow; "" is where it begins and ends.
type batch[R any] func(cursor string) (rows []R, next string, err error)

// sendList answers with the rows of a list as a file, in the columns that are
// shown, as it reads them: what is held is one batch. A file that could not be
// finished is cut off rather than ended, so that nobody takes it for the whole.
func sendList[R any](a *Admin, w http.ResponseWriter, r *http.Request, l list[R], read batch[R]) error {
	loc, is := web.Loc(r.Context()), a.Settings.Get()
	rows, next, err := read("")
	if err != nil {
		return err
	}
	chosen := l.chosen(r)
	columns := slices.DeleteFunc(slices.Clone(l.columns), func(c column[R]) bool {
		return !c.on(chosen) && (chosen != nil || c.At != filed)
	})
	name := l.name + a.Now().In(is.Zone).Format("-2006-01-02") + ".csv"
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // or spreadsheets take it for an older encoding
		return err
	}
	s := sheet{loc, is.Currency, is.Zone}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if loc.Decimal() == "," { // such spreadsheets expect it
		out.Comma = ';'
	}
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = loc.T(c.Text)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for {
		for _, row := range rows {
			for i, c := range columns {
				line[i] = s.cell(c.value(row))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
		if out.Flush(); next == "" || out.Error() != nil {
			return out.Error()
		}
		if err := a.Shell.StillIn(r); err != nil {
			return err
		}
		if rows, next, err = read(next); err != nil {
			return err
		}
	}
}

// noteExport writes into the audit log that personal data are about to leave,
// before they do. Words that were searched for are not kept: they may be a name
// or a number, the log is for ever, and a customer may be erased.
func (a *Admin) noteExport(r *http.Request, action string, filters ...string) error {
	used := map[string]string{}
	for _, name := range filters {
		if v := r.URL.Query().Get(name); v != "" {
			used[name] = v
		}
	}
	if r.URL.Query().Get("q") != "" {
		used["search"] = "true"
	}
	return a.change(r, func(context.Context, *db.Tx) (line, error) {
		return line{action: action, after: used}, nil
	})
}

// sheet writes values as spreadsheets read them in a language.
type sheet struct {
	loc      *i18n.Localizer
	currency money.Currency
	zone     *time.Location // of times that have none of their own
}

// local is a time with the time zone that it is to be written in.
type local struct {
	at   time.Time
	zone *time.Location
	mark bool // of how far it is from UTC, as imports read it
}

func (s sheet) cell(v any) string {
	switch v := v.(type) {
	case string:
		return fold.Guard(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		if v {
			return s.loc.T("web.yes")
		}
		return s.loc.T("web.no")
	case money.Amount:
		return s.decimal(s.currency.Format(v))
	case money.Points:
		return s.decimal(v.String())
	case money.Rate: // of which a hundredth is one of a percent, as of points
		return s.decimal(money.Points(v).String())
	case money.Quantity:
		return s.decimal(v.String())
	case money.Price:
		return s.decimal(v.String())
	case *money.Price:
		if v == nil {
			return ""
		}
		return s.decimal(v.String())
	case time.Time:
		return s.cell(local{v, s.zone, false})
	case local:
		if v.at.IsZero() {
			return ""
		}
		layout := "2006-01-02 15:04"
		if v.mark {
			layout += " -07:00"
		}
		return v.at.In(v.zone).Format(layout)
	}
	return ""
}

func (s sheet) decimal(text string) string { return strings.Replace(text, ".", s.loc.Decimal(), 1) }
