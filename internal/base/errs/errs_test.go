package errs_test

import (
	"testing"

	"regulars/internal/base/errs"
)

// Every wrong field keeps its own figures.
func TestFieldsKeepTheirFigures(t *testing.T) {
	t.Parallel()
	var wrong errs.List
	wrong.Add("/a", "out_of_range", "must be %d to %d", 1, 9).With("min", 1).With("max", 9)
	wrong.Add("/b", "too_long", "is longer than %d characters", 20).With("max", 20)
	wrong.Add("/c", "missing", "is missing")
	e := errs.Of(wrong.Err())
	if got := e.Fields; len(got) != 3 || got[0].Args["min"] != 1 || got[0].Args["max"] != 9 || got[1].Args["max"] != 20 || got[2].Args != nil {
		t.Errorf("fields are %+v", got)
	}
	if want := "/a must be 1 to 9; /b is longer than 20 characters; /c is missing"; e.Text != want {
		t.Errorf("text %q, want %q", e.Text, want)
	}
}
