package admin

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/jobs"
	"regulars/internal/importer"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// Files as large as this may be uploaded, and take as long as this.
const (
	uploadBytes = 4 << 30
	uploadTime  = time.Hour
)

type importsView struct {
	frame
	Rows []importRow
	Next string
	URL  web.Link
}

type importRow struct {
	importer.Import
	Who string
}

const importsPage = 30

func (a *Admin) imports(w http.ResponseWriter, r *http.Request) error {
	v := importsView{frame: a.frame(r.Context()), URL: web.LinkOf(r)}
	var before importer.ID
	_ = before.UnmarshalText([]byte(v.URL.Get("cursor"))) // what is no id is the start
	list, err := a.Importer.List(r.Context(), before, importsPage+1)
	if err != nil {
		return err
	}
	if len(list) > importsPage {
		list = list[:importsPage]
		v.Next = list[importsPage-1].ID.String()
	}
	var ids []staff.ID
	for _, i := range list {
		ids = append(ids, staff.ID(i.CreatedBy))
	}
	names, err := a.Staff.Names(r.Context(), ids)
	if err != nil {
		return err
	}
	for _, i := range list {
		v.Rows = append(v.Rows, importRow{i, names[staff.ID(i.CreatedBy)]})
	}
	return a.pages.Render(w, r, "imports", v)
}

type uploadView struct {
	frame
	Form  *web.Form
	Kinds []web.Option
}

func (a *Admin) showUpload(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	loc := web.Loc(r.Context())
	v := uploadView{frame: a.frame(r.Context()), Form: form, Kinds: []web.Option{{Text: loc.T("admin.import.guess")}}}
	v.Kinds = append(v.Kinds, fileKinds(loc)...)
	return a.pages.RenderStatus(w, r, status, "import_new", v)
}

func fileKinds(loc *i18n.Localizer) (list []web.Option) {
	for _, k := range importer.Kinds {
		list = append(list, web.Option{Value: string(k), Text: loc.T(k.Key())})
	}
	return list
}

func (a *Admin) newImport(w http.ResponseWriter, r *http.Request) error {
	return a.showUpload(w, r, http.StatusOK, web.NewForm(map[string]string{"source": importer.DefaultSource}))
}

// upload hands the file over as it comes: it may be larger than memory. The
// fields stand before it in the form.
func (a *Admin) upload(w http.ResponseWriter, r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return web.ErrForm.Because(err)
	}
	form := web.NewForm(nil)
	refuse := func(text string) error {
		form.Fail("file", text)
		return a.showUpload(w, r, unprocessable, form)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return refuse(web.Loc(r.Context()).T("admin.import.no_file"))
		}
		if err != nil {
			return web.BodyError(err)
		}
		if part.FormName() != "file" {
			text, err := io.ReadAll(io.LimitReader(part, 1<<10))
			if err != nil {
				return web.BodyError(err)
			}
			if !web.Legible(part.FormName(), string(text)) {
				return web.ErrIllegible
			}
			form.Values.Set(part.FormName(), string(text))
			continue
		}
		if part.FileName() == "" {
			return refuse(web.Loc(r.Context()).T("admin.import.no_file"))
		}
		if !web.Legible(part.FileName()) {
			return web.ErrIllegible
		}
		// One file a request: whatever follows is not read.
		taken, err := a.Importer.Upload(r.Context(), importer.File{
			Name: part.FileName(), Source: form.Get("source"), Kind: importer.Kind(form.Get("kind")), By: int64(web.Me(r).ID),
		}, part, a.noteImport(r, "import.uploaded"))
		switch {
		case err == nil:
			web.Redirect(w, r, importPath(taken.ID))
			return nil
		case errs.KindOf(err) == errs.Invalid:
			return refuse(web.Say(web.Loc(r.Context()), err))
		}
		return err
	}
}

// noteImport writes what is done to an import into the audit log, in the same
// transaction.
func (a *Admin) noteImport(r *http.Request, action string) importer.Also {
	who := by(r)
	return func(ctx context.Context, tx *db.Tx, i importer.Import) error {
		return a.auditTx(ctx, tx, who, line{
			action: action, subject: "import:" + i.ID.String(), after: map[string]any{"file": i.File, "kind": i.Kind, "source": i.Source},
		})
	}
}

func importPath(id importer.ID) string { return "/imports/" + id.String() }

type importView struct {
	frame
	Import  importer.Import
	Form    *web.Form
	Columns []columnRow
	Kinds   []web.Option
	Fields  []web.Option
	Orders  []web.Option
	Signs   []web.Option
	Names   []web.Option
	Sheets  []web.Option // of a workbook that has several
	Stores  []web.Option // of rows that name none
	Missing []string     // what the columns still lack
	Doubts  []string     // what could be read otherwise
	Words   []wordRow
	State   *importState
	Compare *comparison // with the old system; nil: there is nothing to compare yet

	Discardable bool
}

// See is the page of what came in; empty: it has none.
func (v importView) See() string {
	switch v.Import.Kind {
	case importer.KindGiftcards:
		return ""
	case importer.KindImages:
		return string(importer.KindProducts)
	}
	return string(v.Import.Kind)
}

// columnRow is a column of the file with its first values.
type columnRow struct {
	Number  int
	Field   string // name of its field in the form
	Name    string
	Samples []string
	Wrong   string
}

// wordRow is a word of the file that says what a receipt is.
type wordRow struct {
	Word, Column string
	Field        string // name of its field in the form
	Options      []web.Option
}

// importState is what changes while an import, or its check, goes on.
type importState struct {
	Path     string
	Checking bool
	Running  bool
	Checked  bool // the report is of a check that is done
	State    importer.State
	Report   importer.Report
	Percent  int
	Rate     int64
	Failure  string
	Facts    []importer.Fact
	Refusals []importer.Cause
	Remarks  []importer.Cause
}

// comparison is of what an import came to, or would, with the totals of the old
// system, which are asked for.
type comparison struct {
	Form   *web.Form
	Fields []web.Option
	Totals []importer.Compared
}

func (a *Admin) comparison(r *http.Request, i *importer.Import) *comparison {
	names := i.Totals()
	if len(names) == 0 || i.State != importer.Done && i.State != importer.Checked {
		return nil
	}
	loc, currency, url := web.Loc(r.Context()), a.Settings.Get().Currency, web.LinkOf(r)
	c, given := &comparison{Form: web.NewForm(nil)}, map[string]string{}
	for _, t := range names {
		name, value := string(t), url.Get(string(t))
		c.Fields = append(c.Fields, web.Option{Value: name, Text: loc.T(t.Key())})
		c.Form.Values.Set(name, value)
		if value == "" {
			continue
		}
		if _, err := importer.Reconcile(map[string]string{name: value}, loc, currency); err != nil {
			c.Form.Fail(name, loc.T("error.not_a_number"))
			continue
		}
		given[name] = value
	}
	if all, err := importer.Reconcile(given, loc, currency); err == nil {
		all.Add(i)
		c.Totals = all.Compare()
	}
	return c
}

func (a *Admin) importOf(r *http.Request) (i importer.Import, err error) {
	id, err := web.PathID[importer.ID](r, "id")
	if err != nil {
		return i, err
	}
	return a.Importer.Get(r.Context(), id)
}

// importState is how far an import is. One whose check has ended since it was
// read is read again.
func (a *Admin) importState(ctx context.Context, loc *i18n.Localizer, i *importer.Import) (*importState, error) {
	var (
		check    jobs.State
		progress importer.Report
		why      *errs.Error
		err      error
	)
	if i.State == importer.Draft {
		if check, progress, why, err = a.Importer.CheckState(ctx, i.ID); err != nil {
			return nil, err
		}
		if check == jobs.Done {
			if *i, err = a.Importer.Get(ctx, i.ID); err != nil {
				return nil, err
			}
		}
	}
	s := &importState{Path: importPath(i.ID), State: i.State, Running: i.State == importer.Running, Checked: i.State == importer.Checked, Report: i.Report}
	failure := i.Failure
	if i.State == importer.Draft {
		s.Checking = check == jobs.Queued || check == jobs.Running
		failure = why
		if s.Checking {
			s.Report = progress
		}
	}
	if failure != nil && !s.Running && !s.Checking { // it is tried again
		s.Failure = web.Say(loc, failure)
	}
	s.Percent, s.Rate = int(s.Report.Done*100), int64(s.Report.Rate)
	s.Facts = s.Report.Facts(loc, a.Settings.Get().Currency)
	s.Refusals, s.Remarks = s.Report.Causes(loc, &i.Mapping, true), s.Report.Causes(loc, &i.Mapping, false)
	return s, nil
}

func (a *Admin) importPage(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	return a.showImport(w, r, http.StatusOK, i, nil)
}

// showImport shows the columns until an import is started, and how it goes
// from then on. form is that of the columns, if it was wrong: then there is
// nothing that could be started.
func (a *Admin) showImport(w http.ResponseWriter, r *http.Request, status int, i importer.Import, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := importView{frame: a.frame(ctx), Form: form}
	var err error
	if v.State, err = a.importState(ctx, loc, &i); err != nil {
		return err
	}
	v.Import, v.Discardable = i, i.Discardable()
	v.Compare = a.comparison(r, &i)
	if i.State != importer.Draft && i.State != importer.Checked {
		return a.pages.RenderStatus(w, r, status, "import", v)
	}
	sniffed, err := a.Importer.Preview(ctx, i.ID, importer.Hints{Kind: i.Kind, Format: &i.Mapping.Format, Mapping: &i.Mapping})
	if err != nil {
		return err
	}
	if form == nil {
		v.Form = mappingForm(i.Mapping)
	} else {
		v.State = &importState{Path: v.State.Path}
	}
	if v.Sheets, err = a.importSheets(ctx, i); err != nil {
		return err
	}
	if v.Stores, err = a.importStores(ctx, loc, i); err != nil {
		return err
	}
	if wrong := i.Mapping.Validate(); wrong != nil && form == nil {
		v.Missing = missing(loc, wrong)
	}
	for _, d := range sniffed.Doubts {
		v.Doubts = append(v.Doubts, d.Text(loc))
	}
	v.Words = wordRows(loc, sniffed.Said, i)
	v.Columns = columns(i.Mapping, sniffed.Rows, v.Form)
	v.Kinds = fileKinds(loc)
	v.Fields = []web.Option{{Text: loc.T("admin.import.skip")}}
	for _, f := range importer.Fields(i.Kind) {
		v.Fields = append(v.Fields, web.Option{Value: string(f), Text: loc.T(f.Key())})
	}
	if i.Kind == importer.KindStock {
		stores, err := a.Catalog.Stores(ctx)
		if err != nil {
			return err
		}
		for _, store := range stores {
			f := importer.QuantityIn(store.Code)
			v.Fields = append(v.Fields, web.Option{Value: string(f), Text: loc.T(f.Key()) + ": " + store.Name})
		}
	}
	if i.Kind == importer.KindCustomers {
		v.Fields = append(v.Fields, web.Option{Value: "attribute", Text: loc.T("admin.import.attribute")})
		defined, err := a.Attributes.Definitions(r.Context())
		if err != nil {
			return err
		}
		for _, d := range defined {
			if !d.Archived {
				v.Fields = append(v.Fields, web.Option{Value: string(importer.Attribute(d.Code)), Text: d.Names.In(loc.Lang(), d.Code)})
			}
		}
		for name := range v.Form.Values { // a column that is headed as one is called
			if value, ok := strings.CutPrefix(v.Form.Get(name), "attribute:"); ok {
				if d := defined.Named(value); d == nil {
					v.Form.Values.Set(name, "attribute")
				} else {
					v.Form.Values.Set(name, string(importer.Attribute(d.Code)))
				}
			}
		}
	}
	v.Signs = []web.Option{{Value: ".", Text: loc.T("admin.import.point")}, {Value: ",", Text: loc.T("admin.import.comma")}}
	v.Orders = []web.Option{{Value: string(importer.DayFirst), Text: loc.T("admin.import.day_first")}, {Value: string(importer.MonthFirst), Text: loc.T("admin.import.month_first")}}
	v.Names = []web.Option{{Value: string(importer.LastFirst), Text: loc.T("admin.import.last_first")}, {Value: string(importer.FirstLast), Text: loc.T("admin.import.first_last")}}
	return a.pages.RenderStatus(w, r, status, "import", v)
}

// importSheets are the sheets of a workbook, where there is something to choose.
func (a *Admin) importSheets(ctx context.Context, i importer.Import) (list []web.Option, err error) {
	names, err := a.Importer.Sheets(ctx, i.ID)
	if err != nil || len(names) < 2 {
		return nil, err
	}
	for _, name := range names {
		list = append(list, web.Option{Value: name, Text: name})
	}
	return list, nil
}

// importStores are the stores that rows may be of which name none.
func (a *Admin) importStores(ctx context.Context, loc *i18n.Localizer, i importer.Import) (list []web.Option, err error) {
	if i.Kind == importer.KindProducts || i.Kind == importer.KindGiftcards || i.Kind == importer.KindImages { // which are of no store
		return nil, nil
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	chosen := i.Mapping.Options.Store
	switch len(stores) {
	case 0:
		list = []web.Option{{Text: loc.T("admin.import.store_new", "name", i.Source)}}
	case 1:
		list = []web.Option{{Text: stores[0].Name}}
	default:
		list = []web.Option{{Text: loc.T("admin.import.store_none")}}
		for _, s := range stores {
			list = append(list, web.Option{Value: s.Code, Text: s.Name})
		}
	}
	if !slices.ContainsFunc(list, func(o web.Option) bool { return o.Value == chosen }) { // on the command line
		list = append(list, web.Option{Value: chosen, Text: chosen})
	}
	return list, nil
}

// missing says which parts of a mapping are wrong.
func missing(loc *i18n.Localizer, err error) (list []string) {
	e := errs.Of(err)
	for _, f := range e.Fields {
		name := f.Pointer[strings.LastIndexByte(f.Pointer, '/')+1:]
		if text, ok := loc.Lookup(importer.Field(name).Key(), nil); ok {
			name = text
		}
		list = append(list, name+": "+loc.Field(e, f))
	}
	return list
}

func mappingForm(m importer.Mapping) *web.Form {
	o := m.Options
	f := web.NewForm(map[string]string{
		"kind": string(m.Kind), "header": strconv.Itoa(o.Header), "decimal": o.Decimal, "date_order": string(o.DateOrder), "name_order": string(o.NameOrder),
		"sheet": m.Sheet, "zone": o.Zone, "region": o.Region, "return_prefix": o.ReturnPrefix, "store": o.Store,
	})
	for name, on := range map[string]bool{"signed_returns": o.SignedReturns, "sale_marks": o.SaleMarks} {
		if on {
			f.Values.Set(name, "1")
		}
	}
	for field, words := range o.Words {
		for word, meaning := range words {
			f.Values.Set(wordField(field, word), string(meaning))
		}
	}
	for field, n := range m.Columns {
		value := string(field)
		f.Values.Set("column-"+strconv.Itoa(n), value)
	}
	return f
}

// wordFields is how the fields of words are called, before column and word.
const wordFields = "word-"

func wordField(f importer.Field, word string) string { return wordFields + string(f) + "-" + word }

// wordRows are the words of a file with what they may mean; what they do by
// themselves is chosen until something else is.
func wordRows(loc *i18n.Localizer, said []importer.Said, i importer.Import) (list []wordRow) {
	for _, s := range append(said, i.Report.Unclear(said)...) {
		column := loc.T(s.Field.Key())
		if n := i.Mapping.Columns[s.Field]; n > 0 {
			column = columnName(i.Mapping, n)
		}
		row := wordRow{Word: s.Word, Column: column, Field: wordField(s.Field, s.Word), Options: []web.Option{{Text: loc.T("admin.import.as_read", "meaning", loc.T(s.Means.Key()))}}}
		if _, chosen := i.Mapping.Options.Words[s.Field][s.Word]; chosen {
			row.Options[0].Text = loc.T("admin.import.as_guessed")
		}
		for _, m := range importer.Meanings {
			row.Options = append(row.Options, web.Option{Value: string(m), Text: loc.T(m.Key())})
		}
		list = append(list, row)
	}
	return list
}

func columns(m importer.Mapping, rows [][]string, form *web.Form) (list []columnRow) {
	width := max(m.Width, len(m.Names))
	for _, row := range rows {
		width = max(width, len(row))
	}
	for n := 1; n <= width; n++ {
		c := columnRow{Number: n, Field: "column-" + strconv.Itoa(n)}
		c.Wrong = form.Errors[c.Field]
		if n <= len(m.Names) {
			c.Name = m.Names[n-1]
		}
		for _, row := range rows[:min(len(rows), 3)] {
			if n <= len(row) {
				c.Samples = append(c.Samples, row[n-1])
			}
		}
		list = append(list, c)
	}
	return list
}

// saveMapping keeps the columns and checks the file by them.
func (a *Admin) saveMapping(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	return a.remap(w, r, i, false)
}

// remap has a file read by the columns that were sent; another kind of file is
// guessed anew. It is started if that is asked for and these are the columns that
// it was checked by, otherwise it is checked.
func (a *Admin) remap(w http.ResponseWriter, r *http.Request, i importer.Import, start bool) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	ctx, loc := r.Context(), web.Loc(r.Context())
	if sheet := form.Get("sheet"); sheet != "" && sheet != i.Mapping.Sheet {
		switch err := a.Importer.SetSheet(ctx, i.ID, sheet); {
		case err == nil:
			web.Redirect(w, r, importPath(i.ID))
			return nil
		case errs.KindOf(err) != errs.Invalid:
			return err
		default:
			form.Fail("sheet", web.Say(loc, err))
			return a.showImport(w, r, unprocessable, i, form)
		}
	}
	if kind := importer.Kind(form.Get("kind")); kind != i.Kind && slices.Contains(importer.Kinds, kind) {
		sniffed, err := a.Importer.Preview(ctx, i.ID, importer.Hints{Kind: kind, Format: &i.Mapping.Format})
		if err != nil {
			return err
		}
		i.Kind, i.Mapping = kind, sniffed.Mapping
		if err := a.Importer.SetMapping(ctx, i.ID, i.Mapping); err != nil && errs.KindOf(err) != errs.Invalid {
			return err
		}
		return a.showImport(w, r, http.StatusOK, i, nil)
	}
	m := readMapping(loc, i.Mapping, form)
	if form.OK() && start && i.State == importer.Checked && m.Equal(i.Mapping) {
		return a.start(w, r, i)
	}
	if form.OK() {
		err := a.Importer.SetMapping(ctx, i.ID, m)
		if err == nil {
			err = a.Importer.Check(ctx, i.ID)
		}
		switch {
		case errors.Is(err, importer.ErrWhichStore):
			form.Fail("store", web.Say(loc, err))
		case err != nil && errs.KindOf(err) == errs.Invalid && len(errs.Of(err).Fields) == 0:
			form.Alert = web.Say(loc, err)
		case err != nil && errs.KindOf(err) == errs.Invalid:
			form.Alert = strings.Join(append([]string{loc.T("admin.import.lacks")}, missing(loc, err)...), " ")
		case err != nil:
			return err
		}
	}
	if !form.OK() {
		i.Mapping = m
		return a.showImport(w, r, unprocessable, i, form)
	}
	if start {
		a.Shell.SetFlash(w, r, "warn", loc.T("admin.import.changed"))
	}
	web.Redirect(w, r, importPath(i.ID)+"#state")
	return nil
}

// readMapping is m with the columns and options of a form, which says what is
// wrong with them.
func readMapping(loc *i18n.Localizer, m importer.Mapping, form *web.Form) importer.Mapping {
	m.Columns = map[importer.Field]int{}
	for n := 1; n <= max(m.Width, len(m.Names), 1000); n++ {
		name := "column-" + strconv.Itoa(n)
		value := importer.Field(form.Get(name))
		if value == "" {
			continue
		}
		if value == "attribute" {
			value = importer.Attribute(columnName(m, n))
		}
		if _, twice := m.Columns[value]; twice {
			form.Fail(name, loc.T("admin.import.twice"))
		}
		m.Columns[value] = n
	}
	header, err := loc.ParseNumber(orZero(form.Get("header")))
	form.Check("header", err)
	m.Options.Header, m.Options.Decimal = int(header), form.Get("decimal")
	m.Options.DateOrder, m.Options.NameOrder = importer.DateOrder(form.Get("date_order")), importer.NameOrder(form.Get("name_order"))
	m.Options.Zone, m.Options.Region, m.Options.Store = form.Get("zone"), form.Get("region"), form.Get("store")
	m.Options.ReturnPrefix, m.Options.SignedReturns, m.Options.SaleMarks = form.Get("return_prefix"), form.Has("signed_returns", "1"), form.Has("sale_marks", "1")
	m.Options.Words = nil
	for name := range form.Values {
		field, word, ok := strings.Cut(strings.TrimPrefix(name, wordFields), "-")
		if !strings.HasPrefix(name, wordFields) || !ok || form.Get(name) == "" {
			continue
		}
		f := importer.Field(field)
		if m.Options.Words == nil {
			m.Options.Words = map[importer.Field]map[string]importer.Meaning{}
		}
		if m.Options.Words[f] == nil {
			m.Options.Words[f] = map[string]importer.Meaning{}
		}
		m.Options.Words[f][word] = importer.Meaning(form.Get(name))
	}
	return m
}

func columnName(m importer.Mapping, n int) string {
	if n <= len(m.Names) && m.Names[n-1] != "" {
		return m.Names[n-1]
	}
	return strconv.Itoa(n)
}

// startImport starts an import that was checked, or goes on with one that was
// stopped.
func (a *Admin) startImport(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	if i.State == importer.Draft || i.State == importer.Checked {
		return a.remap(w, r, i, true)
	}
	return a.start(w, r, i)
}

func (a *Admin) start(w http.ResponseWriter, r *http.Request, i importer.Import) error {
	if err := a.Importer.Start(r.Context(), i.ID, a.noteImport(r, "import.started")); err != nil {
		return err
	}
	web.Redirect(w, r, importPath(i.ID))
	return nil
}

func (a *Admin) cancelImport(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	// One that has just ended by itself is shown as it is.
	if err := a.Importer.Cancel(r.Context(), i.ID, a.noteImport(r, "import.cancelled")); err != nil && !errors.Is(err, importer.ErrNotGoing) {
		return err
	}
	web.Redirect(w, r, importPath(i.ID))
	return nil
}

func (a *Admin) discardImport(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	if err := a.Importer.Discard(r.Context(), i.ID, a.noteImport(r, "import.discarded")); err != nil {
		return err
	}
	a.good(w, r, "admin.import.discarded", "file", i.File)
	web.Redirect(w, r, "/imports")
	return nil
}

// importProgress answers with what changes; once it is over, the page is shown
// anew, for it says other things then.
func (a *Admin) importProgress(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	s, err := a.importState(r.Context(), web.Loc(r.Context()), &i)
	if err != nil {
		return err
	}
	if !s.Checking && !s.Running {
		web.Redirect(w, r, importPath(i.ID))
		return nil
	}
	return a.pages.Fragment(w, r, http.StatusOK, "import", "progress-state", s)
}

// refusedRows are the rows that were not taken, as a file to be mended.
func (a *Admin) refusedRows(w http.ResponseWriter, r *http.Request) error {
	i, err := a.importOf(r)
	if err != nil {
		return err
	}
	if err := a.change(r, func(context.Context, *db.Tx) (line, error) {
		return line{action: "import.exported", subject: "import:" + i.ID.String(), after: map[string]string{"file": i.File}}, nil
	}); err != nil {
		return err
	}
	noted := r.URL.Query().Get("which") == "noted"
	file := i.File
	if i.Mapping.Sheet != "" {
		file += ".csv"
	}
	name := "refused-" + file
	if noted {
		name = "noted-" + file
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return a.Importer.Issues(r.Context(), i.ID, w, !noted, web.Loc(r.Context()))
}
