package app

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// What is left is told once there is something to go by, and of whatever size.
func TestProgressTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	p := &parts{env: Env{Stdout: &out, Now: func() time.Time { return now }}}
	tell := p.progress("Restoring")
	const of = 10_000_000_000
	for _, at := range []struct {
		after time.Duration
		done  int
		want  string
	}{
		{time.Second, 1_000_000, "Restoring: 0 %"},
		{99 * time.Second, of / 5, "Restoring: 20 %, 6m40s left"},
		{time.Second, of, "Restoring: 100 %"},
	} {
		out.Reset()
		now = now.Add(at.after)
		tell(at.done, of)
		if got := strings.TrimSpace(out.String()); got != at.want {
			t.Errorf("%q, want %q", got, at.want)
		}
	}
}
