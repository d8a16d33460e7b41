package importer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
)

// issueLog is the file that the issues of an import are written to, so that a
// file full of them costs no memory. Each is a record of CSV: row, R or N, the
// field, the reason, the value, what was broken as JSON, and the cells of the row.
type issueLog struct {
	file *os.File
	lock *flock.Flock
	out  *countingWriter
	csv  *csv.Writer
	rec  []string

	synced int64
}

type countingWriter struct {
	out *bufio.Writer
	n   int64
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.out.Write(b)
	w.n += int64(n)
	return n, err
}

// openIssues opens the log for more, cut to size: what a run wrote behind its
// last checkpoint is written again. It fails with ErrTaken while another run has it: that
// one's transactions would come through, and what it wrote here be lost.
func openIssues(path string, size int64) (l *issueLog, err error) {
	defer errs.Wrap(&err, "open the file of refused rows")
	lock := flock.New(path, flock.SetPermissions(0o600))
	ours, err := lock.TryLock()
	if err == nil && !ours {
		err = ErrTaken
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the program's own
	if err != nil {
		return nil, err
	}
	if err = file.Truncate(size); err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	w := &countingWriter{out: bufio.NewWriterSize(file, 64<<10), n: size}
	return &issueLog{file: file, lock: lock, out: w, csv: csv.NewWriter(w), synced: size}, nil
}

func (l *issueLog) add(is Issue) error {
	word := "N"
	if is.Refused {
		word = "R"
	}
	l.rec = append(l.rec[:0], strconv.FormatInt(is.Row, 10), word, string(is.Field), string(is.Reason), is.Value, "")
	if is.Why != nil {
		l.rec[5] = text(is.Why)
	}
	l.rec = append(l.rec, is.Cells...)
	return l.csv.Write(l.rec)
}

// flush has what was added on the disk and says how long the file is.
func (l *issueLog) flush() (size int64, err error) {
	defer errs.Wrap(&err, "write the file of refused rows")
	l.csv.Flush()
	if err := errors.Join(l.csv.Error(), l.out.out.Flush()); err != nil {
		return 0, err
	}
	if l.synced != l.out.n {
		if err := l.file.Sync(); err != nil {
			return 0, err
		}
		l.synced = l.out.n
	}
	return l.out.n, nil
}

// cut drops what was written behind size.
func (l *issueLog) cut(size int64) error {
	if l.out.n == size && l.csv.Error() == nil {
		return nil
	}
	l.csv.Flush()
	l.out.out.Reset(l.file)
	l.out.n, l.synced = size, size
	if err := l.file.Truncate(size); err != nil {
		return err
	}
	_, err := l.file.Seek(size, io.SeekStart)
	return err
}

func (l *issueLog) close() error { return errors.Join(l.file.Close(), l.lock.Close()) }

// readIssues goes through a log. A last record that is cut, by a crash, is
// left out.
func readIssues(path string, take func(Issue) error) (err error) {
	defer errs.Wrap(&err, "read the file of refused rows")
	file, err := os.Open(path) //nolint:gosec // the path is the program's own
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r := csv.NewReader(bufio.NewReaderSize(file, 64<<10))
	r.FieldsPerRecord = -1
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) || errors.As(err, new(*csv.ParseError)) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(rec) < 6 {
			continue
		}
		row, err := strconv.ParseInt(rec[0], 10, 64)
		if err != nil {
			return nil
		}
		is := Issue{
			Row: row, Refused: rec[1] == "R", Field: Field(rec[2]), Reason: Reason(rec[3]), Value: rec[4], Cells: slices.Clone(rec[6:]),
		}
		if rec[5] != "" {
			if err := json.Unmarshal([]byte(rec[5]), &is.Why); err != nil {
				return err
			}
		}
		if err := take(is); err != nil {
			return err
		}
	}
}

// writeRefused writes the rows of a log that were refused, or those that were
// taken without something, as CSV like the file they come from, with the
// reasons behind, in UTF-8. Refused rows can be mended in it and imported.
func writeRefused(w io.Writer, path string, m Mapping, refused bool, loc *i18n.Localizer) (err error) {
	late := map[int64]Issue{}
	if !refused {
		if late, err = returnsWithoutSale(path); err != nil {
			return err
		}
	}
	out := &refusedFile{Writer: csv.NewWriter(w), m: m, loc: loc}
	if err := out.begin(w); err != nil {
		return err
	}
	err = readIssues(path, func(is Issue) error {
		switch {
		case is.Reason == reasonReturn:
			unmatched, ok := late[is.Row]
			if !ok {
				return nil
			}
			unmatched.Cells = is.Cells
			return out.add(&unmatched)
		case is.Refused != refused, is.Reason == ReasonUnmatched && is.Row > 0:
			return nil
		}
		return out.add(&is)
	})
	if err == nil {
		err = out.end()
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

// returnsWithoutSale are, by row, the returns of which it was found out when all
// was read that they have no sale. It is told where their row stands.
func returnsWithoutSale(path string) (map[int64]Issue, error) {
	late := map[int64]Issue{}
	return late, readIssues(path, func(is Issue) error {
		if is.Reason == ReasonUnmatched && is.Row > 0 {
			late[is.Row] = is
		}
		return nil
	})
}

// refusedFile gathers the reasons of each row.
type refusedFile struct {
	*csv.Writer
	m     Mapping
	loc   *i18n.Localizer
	again bool // it is of rows that were refused before

	row     int64 // 0: not known
	cells   []string
	reasons string
}

func (f *refusedFile) begin(w io.Writer) error {
	f.Comma = ';'
	if d := f.m.Format.Delimiter; f.m.Sheet == "" && (d == "," || d == "\t" || d == "|") {
		f.Comma = rune(d[0])
	}
	if _, err := io.WriteString(w, "\uFEFF"); err != nil { // Excel takes it for Windows-1251 otherwise
		return err
	}
	head := make([]string, f.m.Width)
	for i := range head {
		head[i] = strconv.Itoa(i + 1)
	}
	copy(head, f.m.Names)
	n := len(head) - 2
	taken := slices.ContainsFunc(slices.Collect(maps.Values(f.m.Columns)), func(c int) bool { return c > n })
	if n > 0 && !taken && isRefused(head[n:]) {
		f.again, head = true, head[:n]
	}
	return f.write(append(head, f.loc.T("importer.report.row"), f.loc.T("importer.report.reason")))
}

// write writes what no spreadsheet runs.
func (f *refusedFile) write(rec []string) error {
	for i, cell := range rec {
		rec[i] = fold.Guard(cell)
	}
	return f.Write(rec)
}

func (f *refusedFile) add(is *Issue) error {
	if is.Row != f.row || f.row == 0 {
		if err := f.end(); err != nil {
			return err
		}
		f.row, f.cells = is.Row, is.Cells
	}
	if f.reasons != "" {
		f.reasons += " "
	}
	f.reasons += f.m.explain(*is, f.loc)
	return nil
}

// end writes the row that was gathered, if there is one.
func (f *refusedFile) end() error {
	if f.reasons == "" {
		return nil
	}
	rec := make([]string, max(f.m.Width, len(f.cells)), max(f.m.Width, len(f.cells))+2)
	copy(rec, f.cells)
	if f.again {
		rec = rec[:len(rec)-2]
	}
	number := ""
	if f.row > 0 {
		number = strconv.FormatInt(f.row, 10)
	}
	rec = append(rec, number, f.reasons)
	f.reasons = ""
	return f.write(rec)
}

// explain says what is wrong in words: "Цена «x»: Это не число."
func (m Mapping) explain(is Issue, loc *i18n.Localizer) string {
	text := loc.T(is.Reason.Key())
	if is.Why != nil {
		text = m.because(is.Why, loc)
	}
	switch {
	case is.Field == "":
		return text
	case is.Value == "":
		return m.label(is.Field, loc) + ": " + text
	}
	return loc.T("importer.report.about", "column", m.label(is.Field, loc), "value", said(is.Reason, is.Value, loc), "reason", text)
}

// said is a value as people read it: as the file spells it, but for a difference,
// which we have written.
func said(why Reason, value string, loc *i18n.Localizer) string {
	if why == ReasonRounded {
		if n, ok := parseNumber(value, '.'); ok {
			lost, _, _ := n.scaled(lostScale) // it was written so
			return Lost(lost).text(loc)
		}
	}
	return value
}

// because says what was broken in words, part by part where there are any.
func (m Mapping) because(e *errs.Error, loc *i18n.Localizer) string {
	if len(e.Fields) == 0 {
		return loc.Error(e)
	}
	var parts []string
	for _, f := range e.Fields {
		part := loc.Field(e, f)
		name, _, _ := strings.Cut(strings.TrimPrefix(f.Pointer, "/"), "/")
		if field, ok := columnOf[name]; ok {
			part = m.label(field, loc) + ": " + part
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

// columnOf are the fields that parts of a product or a customer come from.
var columnOf = map[string]Field{
	"sku": FieldSKU, "barcodes": FieldBarcode, "name": FieldProduct, "category": FieldCategory, "brand": FieldBrand, "kind": FieldGoods,
	"model": FieldModel, "options": FieldVariant, "price": FieldPrice, "cost": FieldCost, "sex": FieldSex, "registered_at": FieldRegistered, "identifiers": FieldPhone, "consents": FieldConsent,
}

// label is what the file calls a field, or what we call it.
func (m Mapping) label(f Field, loc *i18n.Localizer) string {
	if c := m.Columns[f]; c > 0 && c <= len(m.Names) && m.Names[c-1] != "" && m.Kind != KindImages { // of an archive they are ours
		return m.Names[c-1]
	}
	if f == FieldAmount && !m.has(f) && m.has(FieldPrice) { // that is what it was computed of
		if m.has(FieldQuantity) {
			return m.label(FieldQuantity, loc) + " × " + m.label(FieldPrice, loc)
		}
		return m.label(FieldPrice, loc)
	}
	return loc.T(f.Key())
}
