package workbook

import (
	"archive/zip"
	"compress/flate"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"regulars/internal/base/errs"
)

// Failures that are told to whoever sent the file.
var (
	ErrNotWorkbook = errs.New(errs.Invalid, "importer_not_workbook", "This archive is no XLSX workbook. Save the table as XLSX or CSV and import that.")
	ErrDamaged     = errs.New(errs.Invalid, "importer_workbook_damaged", "The workbook is damaged or cut off. Open it in a spreadsheet program, save it anew as XLSX or CSV and import that.")
	ErrTooLarge    = errs.New(errs.Invalid, "importer_workbook_large", "Unpacked, the workbook is larger than what can be read. Save the table as CSV and import that.")
	ErrNoSheet     = errs.New(errs.Invalid, "importer_no_sheet", "There is no sheet of that name in the workbook.")
)

// What a workbook may unpack to. A sheet has at most 1,048,576 rows.
const (
	maxSheet  = 8 << 30  // bytes of XML
	maxShared = 64 << 20 // likewise, of the texts that cells share
	maxPart   = 64 << 20 // likewise, of the other parts
	maxToken  = 1 << 20  // from one < to the next
	maxDepth  = 100      // of elements in each other
	maxParts  = 10_000
	maxRows   = 1 << 20
	maxWidth  = 1 << 14
	maxRow    = 16 << 20 // bytes of text
)

// signature begins every ZIP archive that has a file in it.
const signature = "PK\x03\x04"

// Is reports whether a file is an archive, as workbooks are.
func Is(file string) (is bool, err error) {
	f, err := os.Open(file) //nolint:gosec // the path is the caller's choice
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := make([]byte, len(signature))
	if _, err := io.ReadFull(f, b); err != nil {
		return false, nil //nolint:nilerr // it is shorter
	}
	return string(b) == signature, nil
}

// Book is an open workbook. Close it.
type Book struct {
	zip      *zip.ReadCloser
	parts    map[string]*zip.File // by their names in small letters
	sheets   []sheet
	days1904 bool
	targets  map[string]string // of relations, by their type

	loaded  bool // what follows
	shared  texts
	formats []format // by the number of the style
}

// sheet is a part with rows.
type sheet struct {
	name, part string
	hidden     bool
}

// Open opens a workbook. It fails with ErrNotWorkbook, ErrDamaged or ErrTooLarge.
func Open(file string) (_ *Book, err error) {
	defer errs.Wrap(&err, "open the workbook")
	z, err := zip.OpenReader(file)
	if err != nil {
		return nil, damaged(err)
	}
	b := &Book{zip: z, parts: map[string]*zip.File{}, targets: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, z.Close())
		}
	}()
	if len(z.File) > maxParts {
		return nil, ErrTooLarge
	}
	for _, f := range z.File {
		name := partName(f.Name)
		if b.parts[name] == nil {
			b.parts[name] = f
		}
	}
	return b, b.readContents()
}

// Close closes the workbook.
func (b *Book) Close() error { return b.zip.Close() }

// partName is how a part is found: programs differ in capitals and slashes.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// Sheets are the names of the sheets that are shown, in their order; of all, where
// none is.
func (b *Book) Sheets() (names []string) {
	all := !slices.ContainsFunc(b.sheets, func(s sheet) bool { return !s.hidden })
	for _, s := range b.sheets {
		if all || !s.hidden {
			names = append(names, s.name)
		}
	}
	return names
}

// The types of relations end so, in both dialects of the format.
const (
	ofBook    = "/officeDocument"
	ofSheets  = "/worksheet"
	ofShared  = "/sharedStrings"
	ofFormats = "/styles"
)

// readContents finds the parts.
func (b *Book) readContents() error {
	main := ""
	if err := b.relations("_rels/.rels", "", func(_, kind, target string) {
		if strings.HasSuffix(kind, ofBook) {
			main = target
		}
	}); err != nil {
		return err
	}
	if main == "" || b.parts[partName(main)] == nil {
		return ErrNotWorkbook
	}
	folder, name := path.Split(main)
	parts := map[string]string{}
	if err := b.relations(folder+"_rels/"+name+".rels", folder, func(id, kind, target string) {
		if strings.HasSuffix(kind, ofSheets) {
			parts[id] = target
		}
		b.targets[kind[strings.LastIndexByte(kind, '/')+1:]] = target
	}); err != nil {
		return err
	}
	err := b.read(main, maxPart, func(el xml.StartElement) {
		switch el.Name.Local {
		case "workbookPr":
			b.days1904 = attr(el, "date1904") == "1" || attr(el, "date1904") == "true"
		case "sheet":
			if part := parts[attr(el, "id")]; part != "" && b.parts[partName(part)] != nil {
				b.sheets = append(b.sheets, sheet{attr(el, "name"), part, attr(el, "state") == "hidden" || attr(el, "state") == "veryHidden"})
			}
		}
	})
	if err == nil && len(b.sheets) == 0 {
		err = ErrNotWorkbook
	}
	return err
}

// relations reads which part stands for what.
func (b *Book) relations(part, folder string, take func(id, kind, target string)) error {
	if b.parts[partName(part)] == nil {
		return ErrNotWorkbook
	}
	return b.read(part, maxPart, func(el xml.StartElement) {
		if el.Name.Local != "Relationship" {
			return
		}
		target := strings.ReplaceAll(attr(el, "Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(folder, target)
		}
		take(attr(el, "Id"), attr(el, "Type"), strings.TrimPrefix(target, "/"))
	})
}

func attr(el xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// read goes through the elements of a part.
func (b *Book) read(part string, limit int64, take func(xml.StartElement)) error {
	return b.tokens(part, limit, func(t xml.Token) error {
		if el, ok := t.(xml.StartElement); ok {
			take(el)
		}
		return nil
	})
}

// tokens goes through all of a part, until take fails.
func (b *Book) tokens(part string, limit int64, take func(xml.Token) error) (err error) {
	f := b.parts[partName(part)]
	if f == nil {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return damaged(err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	d := xml.NewDecoder(&guard{src: r, left: limit})
	for depth := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return ErrDamaged
			}
		case xml.EndElement:
			depth--
		}
		if err := take(t); err != nil {
			return err
		}
	}
}

// damaged turns what is said of bytes into ErrDamaged; failures of the disk stay what
// they are.
func damaged(err error) error {
	corrupt, syntax := flate.CorruptInputError(0), (*xml.SyntaxError)(nil)
	for _, known := range []error{zip.ErrFormat, zip.ErrAlgorithm, zip.ErrChecksum, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return ErrDamaged.Because(err)
		}
	}
	if errors.As(err, &corrupt) || errors.As(err, &syntax) {
		return ErrDamaged.Because(err)
	}
	return err
}

// guard is a part as far as it may be unpacked. A token is held in memory as a whole,
// so that none may be long, nor be a comment or a declaration, which may have any
// signs in them and which no spreadsheet program writes.
type guard struct {
	src   io.Reader
	left  int64
	run   int // since the last <
	began bool
}

func (g *guard) Read(b []byte) (int, error) {
	n, err := g.src.Read(b[:min(int64(len(b)), g.left+1)])
	if g.left -= int64(n); g.left < 0 {
		return 0, ErrTooLarge
	}
	for _, c := range b[:n] {
		switch {
		case c == '<':
			g.run, g.began = 0, true
			continue
		case g.began && c == '!':
			return 0, ErrDamaged
		}
		g.began = false
		if g.run++; g.run > maxToken {
			return 0, ErrTooLarge
		}
	}
	return n, err
}
