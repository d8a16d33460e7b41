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
)

// Rows that are read ahead are those that are read one by one, and stay as they were.
func TestAheadReadsTheSame(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d,\"a \"\"quoted\"\" one\",%s\n", i, strings.Repeat("x", i%50))
	}
	format := Format{Encoding: UTF8, Delimiter: ",", Newline: "\n"}
	var want []Row
	r := NewReader(strings.NewReader(text.String()), format, Position{})
	for r.Next() {
		row := r.Row()
		row.Fields = slices.Clone(row.Fields)
		want = append(want, row)
	}
	r = NewReader(strings.NewReader(text.String()), format, Position{})
	got := slices.Collect(r.Ahead())
	if r.Err() != nil || len(got) != 20_000 {
		t.Fatalf("%d rows: %v", len(got), r.Err())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read ahead they differ:\n%s", diff)
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
	r = NewReader(io.MultiReader(strings.NewReader("a,b\n"), panics{}), format, Position{})
	for range r.Ahead() { // what there is of them
	}
	if r.Err() == nil || !strings.Contains(r.Err().Error(), "no such thing") {
		t.Errorf("of a source that panics: %v", r.Err())
	}
}

type panics struct{}

func (panics) Read([]byte) (int, error) { panic("no such thing") }
