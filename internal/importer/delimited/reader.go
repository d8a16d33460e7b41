package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// MaxRow is how many bytes a row may have.
const MaxRow = 1 << 20

// Position is a place between two rows.
type Position struct {
	Offset int64 `json:"offset"` // bytes of text, unpacked and, of UTF-16, decoded
	Row    int64 `json:"row"`    // rows before it
	// Quotes before this offset were searched in vain for their partner in
	// another line: they close in their own or are characters.
	OneLine int64 `json:"one_line,omitempty"`
}

// Problem says why a row could not be taken apart.
type Problem string

const (
	// TooLong is the problem of a row of more than MaxRow bytes; the rest of its
	// line is skipped, and Fields holds its beginning.
	TooLong Problem = "row_too_long"
	// OpenQuote is the problem of a row with a quote that nothing closes: where
	// its fields end is a guess.
	OpenQuote Problem = "open_quote"
)

// keptOfTooLong is how much of such a row is handed over.
const keptOfTooLong = 200

// Row is one record. Number counts every record of the file from 1, empty
// ones too, as a spreadsheet does.
type Row struct {
	Number  int64
	Fields  []string // trimmed; of Next, the slice is the Reader's until its next row
	Problem Problem
	End     Position // just behind the row
}

// Blank reports whether the row says nothing.
func (r Row) Blank() bool {
	for _, f := range r.Fields {
		if f != "" {
			return false
		}
	}
	return true
}

// Reader streams the rows of a text. It is not safe for concurrent use.
//
// A field is quoted if it begins with a double quote; inside, two stand for
// one, and delimiters and ends of lines are text. A quote that cannot be meant
// so (nothing closes it, or after some lines text goes on behind it, or the lines
// that it would take in are rows themselves, see Expect) is taken for a character,
// so that one stray quote costs its own row at most.
type Reader struct {
	src       io.Reader
	srcErr    error // why src gives no more; the rows read before come first
	decode    bool  // from Windows-1251
	delimiter byte
	newline   byte
	limit     int // of a row

	buf  []byte // what was read and not yet handed over
	base int64  // position of buf[0] in the text
	at   int    // in buf, where the next row begins

	columns int    // see Expect
	oneLine int64  // see Position
	text    []byte // of the row that is being taken apart, decoded
	spans   []span // its fields in text
	fields  []string
	row     Row
	err     error
}

// span is a field in a Reader's text.
type span struct{ from, to int }

// NewReader reads the rows of src that follow the position from. src begins
// with the file's first byte, unpacked; what comes before from is passed over,
// by seeking where src can and is not UTF-16.
func NewReader(src io.Reader, f Format, from Position) *Reader {
	return newReader(src, f, from, MaxRow)
}

func newReader(src io.Reader, f Format, from Position, limit int) *Reader {
	if err := f.Validate(); err != nil {
		return &Reader{err: err}
	}
	r := &Reader{
		src:       src,
		decode:    f.Encoding == Windows1251,
		delimiter: f.Delimiter[0],
		newline:   f.Newline[0],
		limit:     limit,
		buf:       make([]byte, 0, min(64<<10, limit)),
		base:      max(from.Offset, f.Start),
		oneLine:   from.OneLine,
	}
	if f.Encoding == UTF16LE || f.Encoding == UTF16BE {
		r.src = transform.NewReader(src, utf16Encoding(f.Encoding).NewDecoder())
	}
	r.row.End.Row = from.Row
	r.err = pass(r.src, r.base)
	return r
}

// Expect says how many columns rows have, before the first is read. A quote that
// takes lines of as many columns in is then not meant so.
func (r *Reader) Expect(columns int) { r.columns = columns }

// pass passes over the first n bytes of src.
func pass(src io.Reader, n int64) error {
	if n == 0 {
		return nil
	}
	if s, ok := src.(io.Seeker); ok {
		_, err := s.Seek(n, io.SeekStart)
		return err
	}
	if _, err := io.CopyN(io.Discard, src, n); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("pass over %d bytes: %w", n, err)
	}
	return nil
}

// Next moves to the next row; false at the end or on an error, see Err.
func (r *Reader) Next() bool {
	if r.err != nil {
		return false
	}
	if r.at == len(r.buf) && !r.fill() {
		return r.stop()
	}
	next, status := r.scanMore(true)
	strayed := status == stray
	if strayed {
		next, status = r.scanMore(false)
	}
	var problem Problem
	if strayed && status == found && bytes.Count(r.buf[r.at:next], []byte{'"'})%2 == 1 {
		problem = OpenQuote
	}
	if status == tooLong {
		next, status = r.skipLine()
		problem = TooLong
	}
	if status == needMore {
		return r.stop()
	}
	r.hand(next, problem)
	return true
}

// stop ends the reading for the reason that the source gave.
func (r *Reader) stop() bool {
	if !r.ended() {
		r.err = r.srcErr
	}
	return false
}

// Row is the row that Next moved to. Its strings may be kept, the slice of
// fields may not.
func (r *Reader) Row() Row { return r.row }

// Err is the failure of the source, if that is why Next returned false.
func (r *Reader) Err() error { return r.err }

// status is how the search for the end of a row ended.
type status int

const (
	found    status = iota
	needMore        // the end is not in the buffer
	stray           // a quote is not meant as one
	tooLong         // the end is not within the limit
)

// scanMore is scan over as much of the source as it takes. needMore is its
// status where the source failed in the middle of the row.
func (r *Reader) scanMore(quotes bool) (next int, s status) {
	for {
		next, s = r.scan(quotes)
		if s != needMore || !r.fill() && !r.ended() {
			return next, s
		}
	}
}

// ended reports whether the buffer holds all that was left of the text.
func (r *Reader) ended() bool { return errors.Is(r.srcErr, io.EOF) }

// scan takes the row at r.at apart into spans of r.text and says where the
// next one begins.
func (r *Reader) scan(quotes bool) (next int, s status) {
	r.text, r.spans = r.text[:0], r.spans[:0]
	buf, last := r.buf[r.at:], r.ended()
	if len(buf) > r.limit {
		buf, last = buf[:r.limit], false
	}
	if r.delimiter == ' ' {
		return r.scanBlanks(buf, last)
	}
	for i := 0; ; i++ {
		end, quoted := i, false
		if open := i + r.blanks(buf[i:]); quotes && open < len(buf) && buf[open] == '"' {
			quoted = true
			if end, s = r.scanQuoted(buf, last, open); s != found {
				return 0, s
			}
		} else {
			for end < len(buf) && buf[end] != r.delimiter && buf[end] != r.newline {
				end++
			}
		}
		if end == len(buf) && !last {
			return 0, r.unfinished(buf)
		}
		if !quoted {
			r.addField(buf[i:end])
		}
		if end == len(buf) {
			return r.at + end, found
		}
		if buf[end] == r.newline {
			return r.at + end + 1, found
		}
		i = end
	}
}

// scanBlanks is scan where any number of blanks parts the fields. There are no
// quotes.
func (r *Reader) scanBlanks(buf []byte, last bool) (next int, s status) {
	end := bytes.IndexByte(buf, r.newline)
	if end < 0 && !last {
		return 0, r.unfinished(buf)
	}
	line := buf
	if end >= 0 {
		line = buf[:end]
		next = 1
	}
	for _, field := range bytes.Fields(line) {
		r.addField(field)
	}
	if len(r.spans) == 0 {
		r.addField(nil)
	}
	return r.at + len(line) + next, found
}

// scanQuoted adds the field whose opening quote is buf[open] and says where
// its delimiter, its end of line or the end of the text stands.
func (r *Reader) scanQuoted(buf []byte, last bool, open int) (end int, s status) {
	start := r.base + int64(r.at) // of buf
	crossed, doubled := false, false
	for i := open + 1; ; {
		q := bytes.IndexByte(buf[i:], '"')
		part := buf[i:]
		if q >= 0 {
			part = part[:q]
		}
		if !crossed && bytes.IndexByte(part, r.newline) >= 0 {
			if start+int64(open) < r.oneLine {
				return 0, stray
			}
			crossed = true
		}
		if q < 0 {
			if !last && r.unfinished(buf) == needMore {
				return 0, needMore
			}
			r.oneLine = start + int64(len(buf))
			return 0, stray
		}
		i += q + 1
		if i < len(buf) && buf[i] == '"' {
			doubled = true
			i++
			continue
		}
		end := i + r.blanks(buf[i:])
		switch {
		case end == len(buf) && !last:
			return 0, r.unfinished(buf)
		case end == len(buf) || buf[end] == r.delimiter || buf[end] == r.newline:
			if crossed && r.columns >= minExpected {
				line := bytes.IndexByte(buf[end:], r.newline)
				if line < 0 {
					if line = len(buf) - end; !last {
						return 0, r.unfinished(buf)
					}
				}
				if r.takesRows(buf[open : end+line]) {
					r.oneLine = start + int64(i-1)
					return 0, stray
				}
			}
			content := buf[open+1 : i-1]
			if doubled {
				content = bytes.ReplaceAll(content, []byte(`""`), []byte(`"`))
			}
			r.addField(content)
			return end, found
		case crossed:
			r.oneLine = start + int64(i-1)
			return 0, stray
		}
		// Text goes on in the same line: "Bag "Lotus", red".
	}
}

// minExpected is how many columns must be expected before lines are told from
// rows by them: an address has two parts as well.
const minExpected = 3

// takesRows reports whether a quoted field, from its quote to the end of the line
// that it ends in, takes rows in: every line of it has all columns.
func (r *Reader) takesRows(text []byte) bool {
	columns := len(r.spans) + 1
	for line := range bytes.SplitSeq(text, []byte{r.newline}) {
		for i, c := range line {
			// The comma of a sentence is none.
			if c == r.delimiter && (c != ',' || i+1 == len(line) || line[i+1] != ' ') {
				columns++
			}
		}
		if columns != r.columns {
			return false
		}
		columns = 1
	}
	return true
}

// unfinished is the status of a row that buf does not hold to its end.
func (r *Reader) unfinished(buf []byte) status {
	if len(buf) == r.limit {
		return tooLong
	}
	return needMore
}

// blanks counts the blanks that may stand around a quoted field.
func (r *Reader) blanks(b []byte) int {
	for n, c := range b {
		if c != ' ' && c != '\t' && c != '\r' || c == r.delimiter || c == r.newline {
			return n
		}
	}
	return len(b)
}

// skipLine keeps the beginning of the line at r.at as its only field and says
// where the next line begins.
func (r *Reader) skipLine() (next int, s status) {
	r.text, r.spans = r.text[:0], r.spans[:0]
	r.addField(r.buf[r.at : r.at+min(keptOfTooLong, r.limit)])
	for {
		if i := bytes.IndexByte(r.buf[r.at:], r.newline); i >= 0 {
			return r.at + i + 1, found
		}
		r.at = len(r.buf)
		if !r.fill() {
			if r.ended() {
				return r.at, found
			}
			return 0, needMore
		}
	}
}

// addField appends a field's text, decoded and trimmed.
func (r *Reader) addField(raw []byte) {
	from := len(r.text)
	if plain(raw) {
		r.text = append(r.text, raw...)
		r.spans = append(r.spans, span{from, len(r.text)})
		return
	}
	if r.decode || !utf8.Valid(raw) {
		for _, c := range raw {
			r.text = utf8.AppendRune(r.text, charmap.Windows1251.DecodeByte(c))
		}
	} else {
		r.text = append(r.text, raw...)
	}
	if field := r.text[from:]; bytes.IndexByte(field, 0) >= 0 || bytes.IndexByte(field, endOfDOS) >= 0 {
		kept := slices.DeleteFunc(field, func(c byte) bool { return c == 0 || c == endOfDOS })
		r.text = r.text[:from+len(kept)]
	}
	to := len(r.text)
	for to > from {
		c, size := utf8.DecodeLastRune(r.text[from:to])
		if !empty(c) {
			break
		}
		to -= size
	}
	for from < to {
		c, size := utf8.DecodeRune(r.text[from:to])
		if !empty(c) {
			break
		}
		from += size
	}
	r.spans = append(r.spans, span{from, to})
}

// endOfDOS closes texts of old programs.
const endOfDOS = 0x1A

// empty reports whether a character at the edge of a field says nothing: blanks
// of any width, and the marks that stay where files were glued together.
func empty(c rune) bool {
	if c < utf8.RuneSelf {
		return c == ' ' || c >= '\t' && c <= '\r'
	}
	return unicode.IsSpace(c) || c == '\uFEFF' || c >= '\u200B' && c <= '\u200D' || c == '\u2060'
}

// plain reports whether a field is ASCII that is kept as it is, as most are: it is read
// once for that.
func plain(raw []byte) bool {
	for _, c := range raw {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return len(raw) == 0 || raw[0] != ' ' && raw[len(raw)-1] != ' '
}

// hand makes the row of what scan found.
func (r *Reader) hand(next int, p Problem) {
	r.at = next
	text := string(r.text)
	r.fields = r.fields[:0]
	for _, s := range r.spans {
		r.fields = append(r.fields, text[s.from:s.to])
	}
	end := Position{Offset: r.base + int64(next), Row: r.row.End.Row + 1}
	if r.oneLine > end.Offset {
		end.OneLine = r.oneLine
	}
	r.row = Row{Number: end.Row, Fields: r.fields, Problem: p, End: end}
}

// fill reads more behind what is not yet handed over, and reports whether it
// did. The end and the failure of the source are kept in srcErr.
func (r *Reader) fill() bool {
	if r.srcErr != nil {
		return false
	}
	rest := copy(r.buf, r.buf[r.at:])
	r.base += int64(r.at)
	r.buf, r.at = r.buf[:rest], 0
	if rest == cap(r.buf) {
		r.buf = slices.Grow(r.buf, min(cap(r.buf), r.limit-rest))
	}
	for len(r.buf) < cap(r.buf) && r.srcErr == nil {
		var n int
		n, r.srcErr = r.src.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
	}
	return len(r.buf) > rest
}
