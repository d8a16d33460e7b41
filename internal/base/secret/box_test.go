package secret_test

import (
	"errors"
	"strings"
	"testing"

	"regulars/internal/base/secret"
)

// What is sealed opens by its key and as what it is of, also after another key
// was put before that, and by no other.
func TestBox(t *testing.T) {
	t.Parallel()
	old, key := secret.NewKey(), secret.NewKey()
	first, err := secret.NewBox(old)
	if err != nil {
		t.Fatal(err)
	}
	sealed := first.Seal("JBSWY3DP", "staff:1")
	if strings.Contains(sealed, "JBSWY3DP") || sealed == first.Seal("JBSWY3DP", "staff:1") {
		t.Errorf("sealed: %s", sealed)
	}
	both, err := secret.NewBox(key + "\n" + old + "\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*secret.Box{first, both} {
		if got, err := b.Open(sealed, "staff:1"); err != nil || got != "JBSWY3DP" {
			t.Errorf("opened: %q, %v", got, err)
		}
		for _, bad := range []string{"", "x", sealed[:len(sealed)-2], strings.Replace(sealed, ".", ".A", 1)} {
			if _, err := b.Open(bad, "staff:1"); !errors.Is(err, secret.ErrSealed) {
				t.Errorf("opened %q: %v", bad, err)
			}
		}
		if _, err := b.Open(sealed, "staff:2"); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("opened as somebody else's: %v", err)
		}
	}
	if first.Stale(sealed) || !both.Stale(sealed) || both.Stale(both.Seal("x", "")) {
		t.Error("which key sealed is not told")
	}
	other, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(sealed, "staff:1"); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("opened by another key: %v", err)
	}
	for _, bad := range []string{"", "  \n", "short", old[:20], old + " nonsense"} {
		if _, err := secret.NewBox(bad); !errors.Is(err, secret.ErrKeys) {
			t.Errorf("keys %q: %v", bad, err)
		}
	}
}
