package programme_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/programme"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	full := programme.Default(currency(t, "UZS"))
	full.Stopped, full.Stores, full.Guard = true, []string{"s1"}, &programme.Guard{Margin: 500}
	full.Spend = programme.Spend{Window: programme.Rolling, Days: 365}
	full.Earn.Exclude = programme.Goods{Categories: []string{"tobacco"}, Products: []string{"stamp"}}
	got, err := programme.Decode(programme.Encode(full))
	if diff := cmp.Diff(full, got); diff != "" || err != nil {
		t.Errorf("what was encoded comes back otherwise: %v\n%s", err, diff)
	}

	tests := map[string]struct{ text, want string }{
		"a field nobody knows":   {`{"point_value": 1, "points_value": 2}`, "/points_value unknown_field"},
		"one of a level":         {`{"levels": [{"code": "a", "color": "red"}]}`, "/levels/0/color unknown_field"},
		"one of a rounding":      {`{"earn": {"rounding": {"units": 1}}}`, "/earn/rounding/units unknown_field"},
		"a name spelt otherwise": {`{"Point_Value": 1}`, "/Point_Value unknown_field"},
		"the same twice":         {`{"redeem": {"cap": 1, "cap": 2}}`, "/redeem/cap duplicate_field"},
		"text for a number":      {`{"redeem": {"cap": "50%"}}`, "/redeem/cap wrong_type"},
		"a fraction":             {`{"point_value": 0.5}`, "/point_value wrong_type"},
		"beyond int64":           {`{"redeem": {"min": 9223372036854775808}}`, "/redeem/min wrong_type"},
		"another kind of thing":  {`[]`, " wrong_type"},
		"nothing":                {``, " not_json"},
		"cut off":                {`{"levels": [`, " not_json"},
		"something more":         {`{} {}`, " not_json"},
		"rubbish after it":       {`{}x`, " not_json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := programme.Decode([]byte(tt.text))
			if got := fields(t, err); got != tt.want {
				t.Errorf("Decode(%s) names %q, want %q", tt.text, got, tt.want)
			}
		})
	}
	if _, err := programme.Decode([]byte(strings.Repeat(" ", programme.MaxJSON+1))); errs.KindOf(err) != errs.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
}

// What is read comes back as it was written, and checking it does not panic.
func FuzzDecode(f *testing.F) {
	f.Add(programme.Encode(programme.Default(currency(f, "RUB"))))
	f.Add([]byte(`{"levels":[{"code":"a","threshold":-1}],"guard":{"margin":1},"stores":[""]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := programme.Decode(text)
		if err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.TooLarge {
				t.Fatalf("Decode(%q): %v", text, err)
			}
			return
		}
		again, err := programme.Decode(programme.Encode(r))
		if err != nil || !bytes.Equal(programme.Encode(again), programme.Encode(r)) {
			t.Fatalf("%+v comes back as %+v: %v", r, again, err)
		}
		c := currency(t, "RUB")
		if programme.Validate(r, c) == nil && programme.ValidateNumbers(r, c) != nil {
			t.Fatal("the numbers of valid rules are not valid")
		}
	})
}
