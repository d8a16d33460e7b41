package delimited_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"regulars/internal/base/errs"
	"regulars/internal/importer/delimited"
)

func encode(t *testing.T, text string, e delimited.Encoding) []byte {
	t.Helper()
	var enc encoding.Encoding
	switch e {
	case delimited.Windows1251:
		enc = charmap.Windows1251
	case delimited.UTF16LE:
		enc = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case delimited.UTF16BE:
		enc = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	default:
		return []byte(text)
	}
	data, err := enc.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDetect(t *testing.T) {
	t.Parallel()
	clients := "Фамилия;Имя;Телефон\nКузьмина;Дэнна;7(9940)977-45-73\nМамонтова;Марфа;7(38)095-64-18\n"
	utf8, cp1251 := delimited.UTF8, delimited.Windows1251
	tests := map[string]struct {
		text      string
		encoding  delimited.Encoding
		mark      bool
		delimiter string
		newline   string
		start     int64
	}{
		"utf-8":                    {text: clients, encoding: utf8, delimiter: ";"},
		"utf-8 with mark":          {text: clients, encoding: utf8, mark: true, delimiter: ";", start: 3},
		"windows-1251":             {text: clients, encoding: cp1251, delimiter: ";"},
		"utf-16le with mark":       {text: clients, encoding: delimited.UTF16LE, mark: true, delimiter: ";", start: 3},
		"utf-16be with mark":       {text: clients, encoding: delimited.UTF16BE, mark: true, delimiter: ";", start: 3},
		"utf-16le without":         {text: clients, encoding: delimited.UTF16LE, delimiter: ";"},
		"utf-16be without":         {text: clients, encoding: delimited.UTF16BE, delimiter: ";"},
		"ascii":                    {text: "a,b\n1,2\n", encoding: utf8, delimiter: ","},
		"nothing":                  {text: "", encoding: utf8, delimiter: ","},
		"one column":               {text: "phone\n998901234567\n", encoding: utf8, delimiter: ","},
		"tab":                      {text: "a\tb, c\td\n1\t2,5\t3\n", encoding: utf8, delimiter: "\t"},
		"pipe":                     {text: "a|b\n1|2\n", encoding: utf8, delimiter: "|"},
		"blanks":                   {text: " 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n", encoding: utf8, delimiter: " "},
		"names":                    {text: "Кузьмина Дэнна Витальевна\nПетров Пётр Петрович\n", encoding: utf8, delimiter: ","},
		"decimal commas":           {text: "1,5;2,5;3,5\n4,0;1,2;2,2\n", encoding: utf8, delimiter: ";"},
		"names with commas":        {text: "Ivanov, Ivan; 5; Moscow, Lenina st\nPetrov, Petr; 6; Perm, Mira st\n", encoding: utf8, delimiter: ";"},
		"category paths":           {text: "id,name,path,price\n1,bag,Women|Bags,12.50\n2,belt,Women|Belts,2.50\n", encoding: utf8, delimiter: ","},
		"semicolon in text":        {text: "id,name,price\n1,\"bag; red\",12\n2,\"belt; blue\",2\n", encoding: utf8, delimiter: ","},
		"excel's hint":             {text: "sep=;\na;b\n", encoding: utf8, delimiter: ";", start: 6},
		"excel's hint with mark":   {text: "sep=\t\r\na,b\tc\r\n", encoding: utf8, mark: true, delimiter: "\t", start: 10},
		"old mac":                  {text: "a;b\r1;2\r", encoding: utf8, delimiter: ";", newline: "\r"},
		"one broken byte":          {text: strings.Repeat("Имя;Фамилия\n", 20) + "\xff;x\n", encoding: utf8, delimiter: ";"},
		"some zeros":               {text: "a;b\x00c\nd;e\nf;ggggggggggggggggggggggg\n", encoding: utf8, delimiter: ";"},
		"lines in a quoted column": {text: "id;note\n1;\"a\nb\nc\"\n2;\"d\n\ne\"\n", encoding: utf8, delimiter: ";"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := tt.text
			if tt.mark {
				text = "\uFEFF" + text
			}
			want := delimited.Format{Encoding: tt.encoding, Delimiter: tt.delimiter, Newline: "\n", Start: tt.start}
			if tt.newline != "" {
				want.Newline = tt.newline
			}
			got, err := delimited.Detect(encode(t, text, tt.encoding), true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("format (-want +got):\n%s", diff)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDetectRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"workbook": "PK\x03\x04\x14\x00\x06\x00",
		"old xls":  "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
		"pdf":      "%PDF-1.7\n",
		"noise":    strings.Repeat("\x01\x02\x7f\x03ab", 100),
	} {
		if f, err := delimited.Detect([]byte(data), true); !errors.Is(err, delimited.ErrNotText) {
			t.Errorf("%s: Detect = %+v, %v, want ErrNotText", name, f, err)
		}
	}
}

// A sample that ends inside a character, a row or a quote is read like the
// whole.
func TestDetectCutSample(t *testing.T) {
	t.Parallel()
	text := "Имя;Заметка\n" + strings.Repeat("Кузьмина;\"одно, другое\nтретье\"\n", 30)
	for cut := 60; cut < len(text); cut++ {
		f, err := delimited.Detect([]byte(text[:cut]), false)
		if err != nil || f.Encoding != delimited.UTF8 || f.Delimiter != ";" {
			t.Fatalf("first %d bytes: %+v, %v", cut, f, err)
		}
	}
}

// Whatever the bytes are, what is detected can be read with.
func FuzzDetect(f *testing.F) {
	f.Add([]byte("a;b\n1;2\n"), true)
	f.Add([]byte("\xff\xfea\x00;\x00"), false)
	f.Add([]byte("sep=|\r\nx|y"), true)
	f.Fuzz(func(t *testing.T, data []byte, whole bool) {
		format, err := delimited.Detect(data, whole)
		if err != nil {
			if errs.KindOf(err) != errs.Invalid {
				t.Fatal(err)
			}
			return
		}
		if err := format.Validate(); err != nil {
			t.Fatalf("%+v: %v", format, err)
		}
		r := delimited.NewReader(strings.NewReader(string(data)), format, delimited.Position{})
		for r.Next() {
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
	})
}

// A zipped file ends, however much it unpacks to.
func TestUnpackedIsLimited(t *testing.T) {
	t.Parallel()
	for most, want := range map[int64]error{5: nil, 4: delimited.ErrUnpacked, 0: delimited.ErrUnpacked} {
		if _, err := io.ReadAll(delimited.Unpacked(strings.NewReader("a;b\n1"), most)); !errors.Is(err, want) {
			t.Errorf("5 bytes of at most %d: %v", most, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	const text = "a;b\n1;2\n3;4\n"
	dir := t.TempDir()
	plain, zipped, joined := filepath.Join(dir, "plain.csv"), filepath.Join(dir, "zipped.csv"), filepath.Join(dir, "joined.csv.gz")
	for path, data := range map[string]string{plain: text, zipped: pack(t, text), joined: pack(t, text[:7]) + pack(t, text[7:])} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	for _, path := range []string{plain, zipped, joined} {
		file, err := delimited.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if rows := read(t, file.Reader); len(rows) != 3 || file.Consumed() != file.Size() {
			t.Errorf("%s: %d rows, %d of %d bytes", filepath.Base(path), len(rows), file.Consumed(), file.Size())
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		file, err = delimited.OpenAt(path, file.Format, delimited.Position{Offset: 8, Row: 2})
		if err != nil {
			t.Fatal(err)
		}
		if !file.Next() || file.Row().Number != 3 || !slices.Equal(file.Row().Fields, []string{"3", "4"}) {
			t.Errorf("%s from byte 8: %+v", filepath.Base(path), file.Row())
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := delimited.Open(filepath.Join(dir, "absent.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: error %v", err)
	}
}

func pack(t *testing.T, text string) string {
	t.Helper()
	var packed strings.Builder
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// A broken archive is the fault of the file, wherever it is noticed.
func TestOpenDamaged(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	for i := range 300_000 { // more than the sample
		fmt.Fprintf(&rows, "%d;%x\n", i, i*i)
	}
	good, short := pack(t, rows.String()), pack(t, "a;b\n1;2\n")
	middle := len(good) * 3 / 4
	for name, data := range map[string]string{
		"magic alone":   good[:2],
		"cut header":    good[:7],
		"bad header":    good[:2] + "\x07" + good[3:],
		"cut at once":   good[:40],
		"cut":           good[:middle],
		"cut checksum":  short[:len(short)-6],
		"bad":           good[:middle] + strings.Repeat("\xff", 4000) + good[middle+4000:],
		"bad at once":   good[:40] + strings.Repeat("\xff", 400) + good[440:],
		"bad checksum":  short[:len(short)-8] + "\x00\x00\x00\x00" + short[len(short)-4:],
		"joined to cut": good + short[:len(short)-6],
		"joined to bad": good + "\x1f\x8b\x07" + short[3:],
		"and something": good + "something",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file.csv.gz")
			if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			file, err := delimited.Open(path)
			if err == nil {
				for file.Next() {
				}
				err = file.Err()
				if err := file.Close(); err != nil {
					t.Error(err)
				}
			}
			if !errors.Is(err, delimited.ErrDamaged) {
				t.Errorf("error %v, want ErrDamaged", err)
			}
		})
	}
}
