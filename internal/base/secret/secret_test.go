package secret_test

import (
	"testing"

	"regulars/internal/base/secret"
)

// What is kept in databases does not change with the program.
func TestHashIsStable(t *testing.T) {
	t.Parallel()
	if got := secret.Hash("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("got %s", got)
	}
}
