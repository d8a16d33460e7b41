package verify

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Rows come back in order and in full, whether or not they fit memory, and
// nothing is left on the disk.
func TestSpoolSorts(t *testing.T) {
	t.Parallel()
	type pair struct {
		Key, Value int64
		Odd        bool
	}
	for _, n := range []int{0, 1, 99, 100, 101, 5_000} {
		dir := t.TempDir()
		a := &audit{opts: Options{TempDir: dir}}
		s := newSpool(a, func(x, y *pair) int { return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.Value, y.Value)) })
		s.max = 100
		var want []pair
		r := rand.New(rand.NewPCG(1, uint64(n)))
		for i := range n {
			p := pair{r.Int64N(50) - 25, int64(i), i%2 == 1}
			want = append(want, p)
			s.add(p)
		}
		slices.SortFunc(want, func(x, y pair) int { return s.cmp(&x, &y) })
		var got []pair
		each(s.sorted(), func(p *pair) { got = append(got, *p) })
		if a.err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d rows: %v, first %v", n, a.err, got[:min(len(got), 3)])
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("%d rows left %v", n, left)
		}
	}
}

// A disk that cannot be written ends the run with its error.
func TestSpoolTellsOfTheDisk(t *testing.T) {
	t.Parallel()
	a := &audit{opts: Options{TempDir: filepath.Join(t.TempDir(), "nowhere")}}
	s := newSpool(a, func(x, y *int64) int { return cmp.Compare(*x, *y) })
	s.max = 2
	for i := range int64(5) {
		s.add(i)
	}
	if s.sorted().peek() != nil || !errors.Is(a.err, os.ErrNotExist) {
		t.Errorf("the error is %v", a.err)
	}
}

func TestBatchesAreJoined(t *testing.T) {
	t.Parallel()
	bs := batches{{30, 40, 3, 10}, {1, 9, 1, 20}, {35, 50, 4, 30}, {60, 60, 5, 40}, {5, 7, 2, 50}}.joined()
	if want := (batches{{1, 9, 2, 70}, {30, 50, 4, 40}, {60, 60, 5, 40}}); !slices.Equal(bs, want) {
		t.Fatalf("joined to %v", bs)
	}
	for id, want := range map[int64]int64{0: 0, 1: 2, 9: 2, 10: 0, 29: 0, 45: 4, 51: 0, 60: 5, 61: 0} {
		got := int64(0)
		if b := bs.of(id); b != nil {
			got = b.event
		}
		if got != want {
			t.Errorf("%d is told of by %d, want %d", id, got, want)
		}
	}
}
