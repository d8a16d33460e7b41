package limit_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/limit"
)

// However many callers come, the table stays small, and whoever is pressing on
// is not forgotten for it.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	at := time.Unix(1e9, 0)
	l := limit.New(1, 1, 10, func() time.Time { return at })
	l.Take("busy")
	for i := range 1000 {
		l.Take(fmt.Sprint(i))
		if i%5 == 0 {
			if _, ok := l.Take("busy"); ok {
				t.Fatalf("after %d others the busy caller starts afresh", i)
			}
		}
	}
	remembered := 1 // the busy one
	for i := range 1000 {
		if l.Knows(fmt.Sprint(i)) {
			remembered++
		}
	}
	if remembered > 10 {
		t.Errorf("%d callers are remembered", remembered)
	}
	if wait, ok := l.Take("busy"); ok || wait != time.Second {
		t.Errorf("wait %v, %v", wait, ok)
	}
	if !l.Knows("busy") || l.Knows("unheard of") {
		t.Error("the limiter does not know who is busy")
	}
	l.Forget("busy")
	if _, ok := l.Take("busy"); !ok {
		t.Error("a caller that was forgotten has to wait")
	}
	at = at.Add(time.Hour)
	if err := l.Check("busy"); err != nil {
		t.Errorf("an hour later: %v", err)
	}
	if err := l.Check("busy"); !errors.Is(err, limit.ErrSlowDown) || errs.Of(err).Args["seconds"] != int64(1) {
		t.Errorf("at once again: %v", err)
	}
}

// One network has one name, however its address is written.
func TestNetwork(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"10.0.0.1": "10.0.0.1", "::ffff:10.0.0.1": "10.0.0.1",
		"2001:db8:1:2::7": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::1": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := limit.Network(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s is of %s, want %s", ip, got, want)
		}
	}
}
