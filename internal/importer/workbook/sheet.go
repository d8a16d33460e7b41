package workbook

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/errs"
)

// texts are those that cells share, one behind the other.
type texts struct {
	all  []byte
	ends []uint32
}

func (t *texts) at(n int) (string, bool) {
	if n < 0 || n >= len(t.ends) {
		return "", false
	}
	from := uint32(0)
	if n > 0 {
		from = t.ends[n-1]
	}
	return string(t.all[from:t.ends[n]]), true
}

// load reads what all sheets refer to.
func (b *Book) load() error {
	if b.loaded {
		return nil
	}
	if err := b.loadShared(); err != nil {
		return err
	}
	b.loaded = true
	return b.loadFormats()
}

func (b *Book) loadShared() error {
	part := b.targets[strings.TrimPrefix(ofShared, "/")]
	text, reading := false, 0 // how a text is to be pronounced is no part of it
	return b.tokens(part, maxShared, func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "t":
				text = reading == 0
			case "rPh":
				reading++
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				text = false
			case "rPh":
				reading--
			case "si":
				b.shared.ends = append(b.shared.ends, uint32(len(b.shared.all)))
			}
		case xml.CharData:
			if text {
				b.shared.all = append(b.shared.all, t...)
			}
		}
		return nil
	})
}

func (b *Book) loadFormats() error {
	own, cells := map[int]string{}, false
	return b.read(b.targets[strings.TrimPrefix(ofFormats, "/")], maxPart, func(el xml.StartElement) {
		switch el.Name.Local {
		case "numFmt":
			if n, err := strconv.Atoi(attr(el, "numFmtId")); err == nil {
				own[n] = attr(el, "formatCode")
			}
		case "cellXfs":
			cells = true
		case "cellStyles", "dxfs":
			cells = false
		case "xf":
			if cells {
				n, _ := strconv.Atoi(attr(el, "numFmtId")) // none is General
				code, ok := own[n]
				if !ok {
					code = builtIn[n]
				}
				b.formats = append(b.formats, formatOf(code))
			}
		}
	})
}

// likelyRows is how many rows of each sheet Likely looks at.
const likelyRows = 1000

var errEnough = errors.New("workbook: enough rows")

// Likely is the sheet that has the data: of those that are shown the one with most
// cells among its first rows, the first of them.
func (b *Book) Likely(ctx context.Context) (name string, err error) {
	defer errs.Wrap(&err, "look at the sheets")
	names, most := b.Sheets(), 0
	if len(names) == 1 {
		return names[0], nil
	}
	name = names[0]
	for _, n := range names {
		rows, filled := 0, 0
		err := b.rows(ctx, n, func(_ int64, cells []string) error {
			for _, cell := range cells {
				if cell != "" {
					filled++
				}
			}
			if rows++; rows == likelyRows {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return "", err
		}
		if filled > most {
			name, most = n, filled
		}
	}
	return name, nil
}

// Rows hands over the rows of a sheet that the file has, with their numbers and
// without empty cells at their end; cells is the Book's until the next row. It fails
// with ErrNoSheet, ErrDamaged or ErrTooLarge, and with what take fails with.
func (b *Book) Rows(ctx context.Context, name string, take func(number int64, cells []string) error) (err error) {
	defer errs.Wrap(&err, "read the sheet")
	return b.rows(ctx, name, take)
}

func (b *Book) rows(ctx context.Context, name string, take func(number int64, cells []string) error) error {
	i := slices.IndexFunc(b.sheets, func(s sheet) bool { return s.name == name })
	if i < 0 {
		return ErrNoSheet.With("sheets", strings.Join(b.Sheets(), ", "))
	}
	if err := b.load(); err != nil {
		return err
	}
	r := &rowsReader{book: b, take: take, ctx: ctx}
	if err := b.tokens(b.sheets[i].part, maxSheet, r.token); err != nil {
		return err
	}
	if !r.whole {
		return ErrDamaged
	}
	return nil
}

// rowsReader makes rows of the tokens of a sheet.
type rowsReader struct {
	book *Book
	take func(number int64, cells []string) error
	ctx  context.Context //nolint:containedctx // of one call

	number  int64
	open    bool // the row has not been handed over
	cells   []string
	size    int // of their text
	column  int // of the cell, from 1
	kind    string
	style   int
	text    []byte
	reading bool // a text that is of the cell
	spoken  int  // how it is pronounced, which is none
	whole   bool
}

func (r *rowsReader) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.CharData:
		if r.reading {
			r.text = append(r.text, t...)
		}
	case xml.EndElement:
		return r.end(t.Name.Local)
	}
	return nil
}

func (r *rowsReader) start(el xml.StartElement) error {
	switch el.Name.Local {
	case "row":
		if r.number%1024 == 0 && r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		next := r.number + 1
		if n, err := strconv.ParseInt(attr(el, "r"), 10, 64); err == nil && n > r.number {
			next = n
		}
		if next > maxRows {
			return ErrTooLarge
		}
		r.number, r.cells, r.column, r.size, r.open = next, r.cells[:0], 0, 0, true
	case "c":
		r.column++
		if c := columnOf(attr(el, "r")); c > 0 {
			r.column = c
		}
		if r.column > maxWidth {
			return ErrTooLarge
		}
		r.kind, r.text = attr(el, "t"), r.text[:0]
		r.style, _ = strconv.Atoi(attr(el, "s")) // none is the first
	case "rPh":
		r.spoken++
	case "v", "t":
		r.reading = r.spoken == 0
	}
	return nil
}

func (r *rowsReader) end(name string) error {
	switch name {
	case "v", "t":
		r.reading = false
	case "rPh":
		r.spoken--
	case "c":
		if value := r.value(); value != "" && r.open && r.column > 0 {
			for len(r.cells) < r.column {
				r.cells = append(r.cells, "")
			}
			r.cells[r.column-1] = value
			if r.size += len(value); r.size > maxRow {
				return ErrTooLarge
			}
		}
	case "row":
		if r.open {
			r.open = false
			return r.take(r.number, r.cells)
		}
	case "sheetData":
		r.whole = true
	}
	return nil
}

// value is what the cell says.
func (r *rowsReader) value() string {
	text := string(r.text)
	switch r.kind {
	case "s":
		n, err := strconv.Atoi(text)
		if err != nil {
			return ""
		}
		shared, _ := r.book.shared.at(n)
		return clean(shared)
	case "str", "inlineStr":
		return clean(text)
	case "b":
		if text == "1" || text == "true" {
			return "true"
		}
		return "false"
	case "e", "d":
		return text
	}
	f := format{}
	if r.style >= 0 && r.style < len(r.book.formats) {
		f = r.book.formats[r.style]
	}
	return f.text(text, r.book.days1904)
}

// columnOf is the column of a cell's name: 28 of AB12; 0: it has none.
func columnOf(name string) (n int) {
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxWidth {
			break
		}
	}
	return n
}

// clean takes out of a text what was written into it for XML's sake, and signs that
// say nothing.
func clean(text string) string {
	for at := 0; ; {
		i := strings.Index(text[at:], "_x")
		if i < 0 {
			break
		}
		at += i
		if len(text) < at+7 || text[at+6] != '_' {
			at++
			continue
		}
		n, err := strconv.ParseUint(text[at+2:at+6], 16, 16)
		if err != nil || !utf8.ValidRune(rune(n)) {
			at++
			continue
		}
		text = text[:at] + string(rune(n)) + text[at+7:]
		at++
	}
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '\n':
			return c
		case c == '\t':
			return ' '
		case unicode.IsControl(c):
			return -1
		}
		return c
	}, text)
	return strings.TrimSpace(text)
}
