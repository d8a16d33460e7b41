package errs_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
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

// What was kept of an error is the error again, but for its cause; figures have
// the types that say how they are written. It is kept for years: what was
// written stays readable, and what a later version has written is read as text.
func TestErrorIsKept(t *testing.T) {
	t.Parallel()
	var wrong errs.List
	wrong.Add("/price", "out_of_range", "must be at most 5").With("max", money.Price(50_000)).With("min", int64(0))
	e := errs.Of(wrong.Err()).With("points", money.Points(150)).With("rate", money.Rate(250)).With("left", money.Quantity(500)).
		With("seconds", int64(1<<60)).With("stores", "S1").With("odd", errs.Conflict)
	b, err := json.Marshal(e.Because(errors.New("secret")))
	if err != nil {
		t.Fatal(err)
	}
	var got errs.Error
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if want := e.With("odd", "conflict"); !reflect.DeepEqual(&got, want) {
		t.Errorf("%s is %+v, want %+v", b, got, *want)
	}
	const kept = `{"left":{"kind":"quantity","value":500},"odd":{"kind":"text","value":"conflict"},"points":{"kind":"points","value":150},` +
		`"rate":{"kind":"rate","value":250},"seconds":{"kind":"number","value":1152921504606846976},"stores":{"kind":"text","value":"S1"}}`
	if !strings.Contains(string(b), kept) {
		t.Errorf("%s, want in it %s", b, kept)
	}
	if err := json.Unmarshal([]byte(`{"args":{"stamps":{"kind":"stamps","value":5}}}`), &got); err != nil || got.Args["stamps"] != "5" {
		t.Errorf("a kind of tomorrow: %v, %v", got.Args, err)
	}
}
