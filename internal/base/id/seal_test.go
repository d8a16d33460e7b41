package id

import (
	"strings"
	"testing"
)

// A sealed id opens where it was made and nowhere else, whatever is changed
// about it.
func TestSealedIDsCannotBeMadeUp(t *testing.T) {
	t.Parallel()
	people := NewSealer([]byte("secret"), "customer")
	sealed := people.Seal(1234567890)
	if id, ok := people.Open(sealed); !ok || id != 1234567890 {
		t.Errorf("%s opens to %d, %v", sealed, id, ok)
	}
	number, sign, _ := strings.Cut(sealed, ".")
	for _, other := range []Sealer{NewSealer([]byte("secret"), "receipt"), NewSealer([]byte("another"), "customer"), {}} {
		if _, ok := other.Open(sealed); ok {
			t.Errorf("%s opens elsewhere", sealed)
		}
	}
	for _, text := range []string{
		"", ".", number, number + ".", "1234567891." + sign, "+" + sealed, "0" + sealed, sealed + "A", sealed + ".", sealed[:len(sealed)-1],
		number + "." + strings.Repeat("A", len(sign)), " " + sealed, "." + sign, strings.Repeat("9", 40) + "." + sign,
	} {
		if id, ok := people.Open(text); ok {
			t.Errorf("%q opens to %d", text, id)
		}
	}
}

func FuzzSealedID(f *testing.F) {
	s := NewSealer([]byte("secret"), "customer")
	f.Add("1.AAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if id, ok := s.Open(text); ok && s.Seal(id) != text {
			t.Errorf("%q opens to %d, which is %q", text, id, s.Seal(id))
		}
	})
}
