package delimited

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"regulars/internal/base/errs"
)

// Encoding names how characters are spelled in bytes.
type Encoding string

// The encodings that are told apart. A row of a UTF8 file that is not UTF-8
// is read as Windows1251: files are glued together from several.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1251 Encoding = "windows-1251"
)

// Format is how a file spells its rows. It is found once and kept with the
// import, so that a run that is taken up again reads the same rows.
type Format struct {
	Encoding  Encoding `json:"encoding"`
	Delimiter string   `json:"delimiter"`       // " " is any number of blanks
	Newline   string   `json:"newline"`         // "\n", which covers "\r\n", or "\r"
	Start     int64    `json:"start,omitempty"` // of the first row: behind a byte order mark or "sep=;"
}

// delimiters that are tried, the likelier first where they fit equally.
var delimiters = []byte{'\t', ';', '|', ','}

// ErrNotText is returned for pictures, old workbooks, archives and the like.
var ErrNotText = errs.New(errs.Invalid, "importer_not_text",
	"This is neither a text nor an XLSX workbook. Save the table as XLSX or CSV and import that.")

// ErrFormat is returned for a Format that cannot be read with.
var ErrFormat = errs.New(errs.Invalid, "importer_bad_format",
	"The encoding or the delimiter is not one of those that can be read.")

// Validate fails with ErrFormat.
func (f Format) Validate() error {
	known := []Encoding{UTF8, UTF16LE, UTF16BE, Windows1251}
	if !slices.Contains(known, f.Encoding) || f.Start < 0 ||
		len(f.Delimiter) != 1 || f.Delimiter != " " && !slices.Contains(delimiters, f.Delimiter[0]) ||
		f.Newline != "\n" && f.Newline != "\r" {
		return ErrFormat
	}
	return nil
}

// sampleRows are looked at to find the delimiter.
const sampleRows = 300

// Detect says how a text is spelled, given its first bytes; a megabyte is
// plenty. whole says that there are no others. It fails with ErrNotText.
func Detect(sample []byte, whole bool) (Format, error) {
	f := Format{Newline: "\n", Delimiter: ","}
	var mark int
	f.Encoding, mark = detectEncoding(sample)
	if signed(sample) || (f.Encoding == UTF8 || f.Encoding == Windows1251) && noise(sample) {
		return Format{}, ErrNotText
	}
	text := sample[mark:]
	if f.Encoding == UTF16LE || f.Encoding == UTF16BE {
		var err error
		if text, err = utf16Encoding(f.Encoding).NewDecoder().Bytes(text[:len(text)&^1]); err != nil {
			return Format{}, ErrNotText.Because(err)
		}
		if bytes.HasPrefix(text, []byte("\uFEFF")) {
			mark = len("\uFEFF") // positions count what was decoded
			text = text[mark:]
		}
	}
	f.Start = int64(mark)
	if !bytes.ContainsRune(text, '\n') && bytes.ContainsRune(text, '\r') {
		f.Newline = "\r"
	}
	if d, size := excelHint(text, f.Newline[0]); size > 0 {
		f.Delimiter = string(d)
		f.Start += int64(size)
		return f, nil
	}
	f.Delimiter = string(detectDelimiter(text, f, whole))
	return f, nil
}

// detectEncoding gives the encoding and the length of the byte order mark.
func detectEncoding(b []byte) (e Encoding, mark int) {
	switch {
	case bytes.HasPrefix(b, []byte{0xEF, 0xBB, 0xBF}):
		return UTF8, 3
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		return UTF16LE, 0 // the mark is dropped after decoding
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		return UTF16BE, 0
	}
	if e, ok := unmarkedUTF16(b); ok {
		return e, 0
	}
	valid, broken := countUTF8(b)
	if broken > 0 && broken*10 > valid {
		return Windows1251, 0
	}
	return UTF8, 0
}

// unmarkedUTF16 tells UTF-16 by its statistics: the high bytes of Latin and
// Cyrillic letters, digits and delimiters are nothing but 0 to 5, which texts
// in other encodings hardly use.
func unmarkedUTF16(b []byte) (Encoding, bool) {
	var even, odd int
	for i, c := range b {
		switch {
		case c > 5:
		case i%2 == 0:
			even++
		default:
			odd++
		}
	}
	most := len(b) / 3
	switch {
	case odd > most && odd > 20*even:
		return UTF16LE, true
	case even > most && even > 20*odd:
		return UTF16BE, true
	}
	return "", false
}

// countUTF8 counts characters of several bytes, and bytes that belong to none.
// A character that the end of the sample cuts is not counted.
func countUTF8(b []byte) (valid, broken int) {
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || size > 1:
			valid++
		case !utf8.FullRune(b[i:]):
			return valid, broken
		default:
			broken++
		}
		i += size
	}
	return valid, broken
}

// signatures of what people upload instead of a text.
var signatures = []string{"PK\x03\x04", "\xD0\xCF\x11\xE0", "%PDF", "\x89PNG", "Rar!", "7z\xBC\xAF", "\xFF\xD8\xFF", "SQLite format 3"}

func signed(b []byte) bool {
	return slices.ContainsFunc(signatures, func(s string) bool { return bytes.HasPrefix(b, []byte(s)) })
}

// noise reports whether b is full of control characters. Single zeros happen
// in real texts.
func noise(b []byte) bool {
	var controls int
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			controls++
		}
	}
	return controls > 16 && controls > len(b)/10
}

// excelHint reads the line "sep=;" with which Excel is told the delimiter, and
// says how long it is; 0 where there is none.
func excelHint(text []byte, newline byte) (delimiter byte, size int) {
	const hint = "sep="
	if len(text) < len(hint)+2 || !bytes.EqualFold(text[:len(hint)], []byte(hint)) {
		return 0, 0
	}
	d := text[len(hint)]
	end := bytes.IndexByte(text, newline)
	if end < 0 || len(bytes.TrimRight(text[:end], "\r")) != len(hint)+1 || !slices.Contains(delimiters, d) {
		return 0, 0
	}
	return d, end + 1
}

// detectDelimiter takes the one that cuts the rows into the most even number
// of columns and leaves the fewest other delimiters inside them.
func detectDelimiter(text []byte, f Format, whole bool) byte {
	best, bestScore, bestCols := byte(','), 0.0, 1
	for _, d := range delimiters {
		score, cols := delimiterScore(text, f, d, whole)
		if score > bestScore+0.05 || score > bestScore-0.05 && cols > bestCols {
			best, bestScore, bestCols = d, score, cols
		}
	}
	if bestCols == 1 && blankTable(text, f, whole) {
		return ' '
	}
	return best
}

// blankTable reports whether the rows are columns parted by blanks: equally
// many in each, three at least, and most of them numbers, which words are not.
func blankTable(text []byte, f Format, whole bool) bool {
	rows, cols, numbers, cells := 0, 0, 0, 0
	for row := range sampled(text, f, ' ', whole) {
		if cols != 0 && len(row.Fields) != cols {
			return false
		}
		rows, cols = rows+1, len(row.Fields)
		for _, cell := range row.Fields {
			cells++
			if strings.Trim(cell, "0123456789.,-/:") == "" {
				numbers++
			}
		}
	}
	return rows > 0 && cols >= 3 && numbers*3 > cells*2
}

// sampled gives the rows that text comes to if it is cut by d: some, without
// blank ones and without the one that the end of the sample cuts.
func sampled(text []byte, f Format, d byte, whole bool) iter.Seq[Row] {
	f.Encoding, f.Delimiter, f.Start = UTF8, string(d), 0
	r := NewReader(bytes.NewReader(text), f, Position{})
	return func(yield func(Row) bool) {
		for rows := 0; rows < sampleRows && r.Next(); {
			row := r.Row()
			if row.Blank() {
				continue
			}
			if !whole && rows > 0 && row.End.Offset >= int64(len(text)) {
				return
			}
			if rows++; !yield(row) {
				return
			}
		}
	}
}

// delimiterScore is between 0 and 1; cols is the usual number of columns, 1
// where the delimiter cuts nothing.
func delimiterScore(text []byte, f Format, d byte, whole bool) (score float64, cols int) {
	var rows, cells, foreign int
	counts := map[int]int{}
	for row := range sampled(text, f, d, whole) {
		rows++
		counts[len(row.Fields)]++
		for _, cell := range row.Fields {
			cells++
			if holdsDelimiter(cell, d) {
				foreign++
			}
		}
	}
	most := 0
	for n, times := range counts {
		if times > most || times == most && n > cols {
			most, cols = times, n
		}
	}
	if cols < 2 {
		return 0, 1
	}
	even := float64(most) / float64(rows)
	return even * (1 - float64(foreign)/float64(cells)), cols
}

// holdsDelimiter reports whether a cell that was cut by d still holds another
// delimiter. The comma of a number or of a sentence is none.
func holdsDelimiter(cell string, d byte) bool {
	for i := range len(cell) {
		c := cell[i]
		if c == d || !slices.Contains(delimiters, c) {
			continue
		}
		if c != ',' {
			return true
		}
		if i+1 == len(cell) || cell[i+1] == ' ' {
			continue
		}
		if !digitAt(cell, i-1) || !digitAt(cell, i+1) {
			return true
		}
	}
	return false
}

func digitAt(s string, i int) bool {
	return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9'
}

// utf16Encoding keeps a byte order mark as the character that it is.
func utf16Encoding(e Encoding) encoding.Encoding {
	if e == UTF16BE {
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
}
