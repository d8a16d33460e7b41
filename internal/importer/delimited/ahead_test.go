package delimited

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Rows that are read ahead are those that are read one by one, and stay as they were.
func TestAheadReadsTheSame(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d,\"a \"\"quoted\"\" one\",%s\n", i, strings.Repeat("x", i%50))
		if i%1000 == 7 {
			text.WriteString("\"stray,x\n\n")
		}
	}
	format := Format{Encoding: UTF8, Delimiter: ",", Newline: "\n"}
	var want []Row
	r := NewReader(strings.NewReader(text.String()), format, Position{})
	for r.Next() {
		row := r.Row()
		row.Fields = slices.Clone(row.Fields)
		want = append(want, row)
	}
	if !slices.ContainsFunc(want, func(row Row) bool { return row.Problem == OpenQuote }) {
		t.Fatal("no row has a problem")
	}
	for _, from := range []int{0, 5, len(want)} { // rows before
		var at Position
		if from > 0 {
			at = want[from-1].End
		}
		r = NewReader(strings.NewReader(text.String()), format, at)
		got := slices.Collect(r.Ahead())
		if diff := cmp.Diff(want[from:], got, cmpopts.EquateEmpty()); diff != "" || r.Err() != nil {
			t.Errorf("read ahead from row %d they differ: %v\n%s", from, r.Err(), diff)
		}
	}
}

// What ends the reading ends it: whoever has enough, a source that fails, one that panics.
func TestAheadEnds(t *testing.T) {
	t.Parallel()
	format := Format{Encoding: UTF8, Delimiter: ",", Newline: "\n"}
	long := strings.Repeat("a,b\n", 1_000_000)
	r := NewReader(strings.NewReader(long), format, Position{})
	n := 0
	for range r.Ahead() {
		if n++; n == 3 {
			break
		}
	}
	if r.Err() != nil || n != 3 {
		t.Errorf("after 3 rows: %d, %v", n, r.Err())
	}
	lost := errors.New("the disk is gone")
	r = NewReader(io.MultiReader(strings.NewReader("a,b\nc,d\n"), iotest.ErrReader(lost)), format, Position{})
	if rows := slices.Collect(r.Ahead()); len(rows) != 2 || !errors.Is(r.Err(), lost) {
		t.Errorf("of a source that fails: %d rows, %v", len(rows), r.Err())
	}
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "no such thing") {
			t.Errorf("a source that panics: %v", p)
		}
	}()
	for range NewReader(io.MultiReader(strings.NewReader("a,b\n"), panics{}), format, Position{}).Ahead() { // what there is of them
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("no such thing") }
