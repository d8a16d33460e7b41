package delimited_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/importer/delimited"
)

func format(delimiter string) delimited.Format {
	return delimited.Format{Encoding: delimited.UTF8, Delimiter: delimiter, Newline: "\n"}
}

// read reads all rows, each row's fields copied.
func read(t *testing.T, r *delimited.Reader) [][]string {
	t.Helper()
	var rows [][]string
	for r.Next() {
		rows = append(rows, slices.Clone(r.Row().Fields))
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return rows
}

func TestReader(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text      string
		delimiter string
		want      [][]string
	}{
		"plain":                {"a,b\n1,2\n", ",", [][]string{{"a", "b"}, {"1", "2"}}},
		"no end of last line":  {"a,b\n1,2", ",", [][]string{{"a", "b"}, {"1", "2"}}},
		"windows lines":        {"a;b\r\n1;2\r\n", ";", [][]string{{"a", "b"}, {"1", "2"}}},
		"windows lines quoted": {"\"a\";\"b\"\r\n\"1\";\"2\"\r\n", ";", [][]string{{"a", "b"}, {"1", "2"}}},
		"blank rows stay":      {"a\n\n\nb\n", ",", [][]string{{"a"}, {""}, {""}, {"b"}}},
		"ragged":               {"a,b,c\n1\n1,2,3,4\n", ",", [][]string{{"a", "b", "c"}, {"1"}, {"1", "2", "3", "4"}}},
		"empty last field":     {"a,\n,b\n", ",", [][]string{{"a", ""}, {"", "b"}}},
		"delimiter in quotes":  {`a,"b,c",d`, ",", [][]string{{"a", "b,c", "d"}}},
		"doubled quotes":       {`"6"" nails","""x"""`, ",", [][]string{{`6" nails`, `"x"`}}},
		"lines in quotes":      {"1,\"Lenina st\nflat 5\",x\n2,y,z\n", ",", [][]string{{"1", "Lenina st\nflat 5", "x"}, {"2", "y", "z"}}},
		"blanks at delimiters": {"Ivanov; \"Ivan; jr\" ;\u00a0 5 \n", ";", [][]string{{"Ivanov", "Ivan; jr", "5"}}},
		"no-break blanks":      {"\u00a0a\u202f,\u2009b\ufeff\n", ",", [][]string{{"a", "b"}}},
		"quote inside a word":  {"12,Bag 10\" red,5\n", ",", [][]string{{"12", `Bag 10" red`, "5"}}},
		"quotes inside quotes": {"12,\"Bag \"Lotus\", red\",5\n", ",", [][]string{{"12", `Bag "Lotus`, `red"`, "5"}}},
		"quote never closed":   {"1,\"a\n2,b\n3,c\n", ",", [][]string{{"1", `"a`}, {"2", "b"}, {"3", "c"}}},
		"quote closed by another row's": {
			"1,\"a,x\n2,\"b,y\n3,c,z\n", ",",
			[][]string{{"1", `"a`, "x"}, {"2", `"b`, "y"}, {"3", "c", "z"}},
		},
		"tabs":            {"a\t\"b\tc\"\t\td\n", "\t", [][]string{{"a", "b\tc", "", "d"}}},
		"zeros":           {"a\x00b,\x00\n", ",", [][]string{{"ab", ""}}},
		"end of DOS":      {"a,b\r\n\x1a", ",", [][]string{{"a", "b"}, {""}}},
		"nothing":         {"", ",", nil},
		"one blank line":  {"\n", ",", [][]string{{""}}},
		"row in 1251":     {"имя,x\n\xc8\xe2\xe0\xed,y\n", ",", [][]string{{"имя", "x"}, {"Иван", "y"}}},
		"blanks":          {" 00001 19970101  1   11.77\r\n00002\t19970112  5   77.00 \n\n", " ", [][]string{{"00001", "19970101", "1", "11.77"}, {"00002", "19970112", "5", "77.00"}, {""}}},
		"old mac in text": {"a\rb,c\n", ",", [][]string{{"a\rb", "c"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := format(tt.delimiter)
			got := read(t, delimited.NewReader(strings.NewReader(tt.text), f, delimited.Position{}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			bytewise := iotest.OneByteReader(strings.NewReader(tt.text))
			got = read(t, delimited.NewReader(bytewise, f, delimited.Position{}))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rows read byte by byte (-want +got):\n%s", diff)
			}
		})
	}
}

// A row with a quote that nothing closes says so, and takes no others in; fields
// of several lines are whole.
func TestReaderOpenQuotes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text    string
		columns int
		want    []string // rows, "!" before those with a problem
	}{
		"never closed":     {"1,\"Milk,2\n2,Tea,3\n", 3, []string{`!1|"Milk|2`, "2|Tea|3"}},
		"closed by others": {"1,\"Milk,2\n2,\"Tea\",3\n3,Jam 24\"\n", 3, []string{`!1|"Milk|2`, "2|Tea|3", `3|Jam 24"`}},
		"closed by a row":  {"1,\"Milk,2\n2,Tea,3\n3,Jam 24\",4\n4,Oil,5", 3, []string{`!1|"Milk|2`, "2|Tea|3", `3|Jam 24"|4`, "4|Oil|5"}},
		"by the last row":  {"1,\"Milk,2\n3,Jam,4\"", 3, []string{`!1|"Milk|2`, `3|Jam|4"`}},
		"not expected":     {"1,\"Milk,2\n3,Jam 24\",4\n", 0, []string{"1|Milk,2\n3,Jam 24|4"}},
		"several lines":    {"1,\"Lenina st, 4\nflat 5, left\",x\n2,y,z\n", 3, []string{"1|Lenina st, 4\nflat 5, left|x", "2|y|z"}},
		"inner quotes":     {"1,\"Lotus\" bag,2\n2,Tea,3\n", 3, []string{`1|"Lotus" bag|2`, "2|Tea|3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, src := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
				r := delimited.NewReader(src, format(","), delimited.Position{})
				r.Expect(tt.columns)
				var got []string
				for r.Next() {
					row := strings.Join(r.Row().Fields, "|")
					if r.Row().Problem == delimited.OpenQuote {
						row = "!" + row
					}
					got = append(got, row)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// One row that nobody can read must not cost the rows behind it, nor memory.
func TestReaderLongRow(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*delimited.MaxRow)
	tests := map[string]struct {
		text string
		want []string // first fields; "!" marks a problem
	}{
		"in the middle":    {"a\n" + long + "\nb\n", []string{"a", "!", "b"}},
		"at the end":       {"a\n" + long, []string{"a", "!"}},
		"just fits":        {"a\n" + long[:delimited.MaxRow-1] + "\nb\n", []string{"a", long[:delimited.MaxRow-1], "b"}},
		"quote not closed": {"a\n\"b\n" + strings.Repeat("c\n", delimited.MaxRow), append([]string{"a", `"b`}, slices.Repeat([]string{"c"}, delimited.MaxRow)...)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := delimited.NewReader(strings.NewReader(tt.text), format(","), delimited.Position{})
			var got []string
			for r.Next() {
				row := r.Row()
				if row.Number != int64(len(got)+1) {
					t.Fatalf("row %d says that it is %d", len(got)+1, row.Number)
				}
				if row.Problem == delimited.TooLong {
					got = append(got, "!")
					continue
				}
				got = append(got, row.Fields[0])
			}
			if r.Err() != nil {
				t.Fatal(r.Err())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %d rows, want %d, or other ones", len(got), len(tt.want))
			}
		})
	}
}

// Quotes that each run to the limit must not make reading quadratic.
func TestReaderManyStrayQuotes(t *testing.T) {
	t.Parallel()
	src := &counting{r: io.LimitReader(&repeating{text: []byte("\"\"x\n")}, 8*delimited.MaxRow)}
	r := delimited.NewReader(src, format(","), delimited.Position{})
	rows := 0
	for r.Next() {
		rows++
	}
	if r.Err() != nil || rows != 8*delimited.MaxRow/4 {
		t.Errorf("%d rows and error %v, want %d rows", rows, r.Err(), 8*delimited.MaxRow/4)
	}
}

type repeating struct {
	text []byte
	at   int
}

func (r *repeating) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = r.text[r.at%len(r.text)]
		r.at++
	}
	return len(b), nil
}

type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

func TestReaderSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	src := io.MultiReader(strings.NewReader("a,b\n1,2\n3,"), iotest.ErrReader(broken))
	r := delimited.NewReader(src, format(","), delimited.Position{})
	var rows int
	for r.Next() {
		rows++
	}
	if rows != 2 || !errors.Is(r.Err(), broken) {
		t.Errorf("%d rows and error %v, want the 2 whole rows and the source's error", rows, r.Err())
	}
}

func TestReaderRefusesBadFormat(t *testing.T) {
	t.Parallel()
	for _, f := range []delimited.Format{
		{},
		{Encoding: "koi8-r", Delimiter: ",", Newline: "\n"},
		{Encoding: delimited.UTF8, Delimiter: "::", Newline: "\n"},
		{Encoding: delimited.UTF8, Delimiter: "\n", Newline: "\n"},
		{Encoding: delimited.UTF8, Delimiter: ",", Newline: ","},
		{Encoding: delimited.UTF8, Delimiter: ",", Newline: "\n", Start: -1},
	} {
		r := delimited.NewReader(strings.NewReader("a"), f, delimited.Position{})
		if r.Next() || !errors.Is(r.Err(), delimited.ErrFormat) {
			t.Errorf("format %+v: error %v, want ErrFormat", f, r.Err())
		}
	}
}

// Wherever a reader is stopped, another one goes on with exactly the rows that
// follow.
func TestReaderGoesOnAnywhere(t *testing.T) {
	t.Parallel()
	text := "id;имя\n1;\"a\nb\"\n\n2;\"x\r\n3;y\n" + strings.Repeat("4;"+strings.Repeat("я", 100)+"\n", 2000)
	for _, e := range []delimited.Encoding{delimited.UTF8, delimited.Windows1251, delimited.UTF16LE, delimited.UTF16BE} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			data := encode(t, text, e)
			f, err := delimited.Detect(data, true)
			if err != nil || f.Encoding != e {
				t.Fatalf("Detect = %+v, %v", f, err)
			}
			checkGoesOn(t, data, f, delimited.MaxRow, 97)
		})
	}
}

// checkGoesOn compares the rows behind every step-th position with those that
// one reader gives.
func checkGoesOn(t *testing.T, data []byte, f delimited.Format, limit, step int) {
	t.Helper()
	var all []delimited.Row
	r := delimited.NewReaderLimit(bytes.NewReader(data), f, delimited.Position{}, limit)
	r.Expect(3)
	for r.Next() {
		row := r.Row()
		row.Fields = slices.Clone(row.Fields)
		all = append(all, row)
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	if len(all) > 0 && f.Encoding != delimited.UTF16LE && f.Encoding != delimited.UTF16BE && all[len(all)-1].End.Offset != int64(len(data)) {
		t.Fatalf("rows end at %d of %d bytes", all[len(all)-1].End.Offset, len(data))
	}
	for i := 0; i < len(all); i += step {
		r := delimited.NewReaderLimit(iotest.HalfReader(bytes.NewReader(data)), f, all[i].End, limit)
		r.Expect(3)
		for j := i + 1; r.Next(); j++ {
			if j >= len(all) || !cmp.Equal(all[j], r.Row()) {
				t.Fatalf("behind row %d: row %d differs: %s", i+1, j+1, fmt.Sprintf("%+v", r.Row()))
			}
			if j > i+3 && j < len(all)-3 && step > 1 {
				break
			}
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
	}
}

// Whatever the bytes are: reading ends, no row is longer than the limit, and
// every row can be started from.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\n3\"\n"), byte(0))
	f.Add([]byte("\"\"\"\n\";;\"x\"y\n"), byte(1))
	f.Add([]byte("\xff\xfea\x00;\x00b\x00\n\x00"), byte(2))
	f.Add([]byte("a\x00\r\r\n\x1a"), byte(3))
	f.Add([]byte("1,\"a,2\n3,b\",4\n"), byte(12))
	f.Add([]byte("a;\"b\n\"\"c\n\"\"d\n\"\"e;\"f\n"), byte(4))
	f.Fuzz(func(t *testing.T, data []byte, choice byte) {
		if len(data) > 1<<10 {
			t.Skip("every row is started from: too many")
		}
		encodings := []delimited.Encoding{delimited.UTF8, delimited.Windows1251, delimited.UTF16LE, delimited.UTF16BE}
		format := delimited.Format{
			Encoding:  encodings[choice%4],
			Delimiter: string("\t;|, "[choice/4%5]),
			Newline:   string("\n\r"[choice/20%2]),
		}
		checkGoesOn(t, data, format, 16, 1)
	})
}

func BenchmarkReader(b *testing.B) {
	line := "536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
	data := []byte(strings.Repeat(line, 10_000))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := delimited.NewReader(bytes.NewReader(data), format(","), delimited.Position{})
		for r.Next() {
		}
	}
}
