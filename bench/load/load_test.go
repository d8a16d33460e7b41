package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes are connections to a server in memory, whose waiting a bubble sees.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.made <- theirs
	return ours, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

// shop is what to do with a server that answers so; in a bubble.
func shop(t *testing.T, answer http.HandlerFunc) Job {
	t.Helper()
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: answer}
	go func() { _ = server.Serve(p) }()
	t.Cleanup(func() { _ = server.Close() })
	people := filepath.Join(t.TempDir(), "people")
	if err := os.WriteFile(people, []byte("1\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Job{
		Addr: "shop:80", Keys: []string{"k"}, Customers: people, SKUs: []string{"a", "b"}, Lines: 3, Series: "s",
		Measure: time.Second, dial: p.dial,
	}
}

// sells answers quotes and receipts after what each takes.
func sells(takes func() time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		<-time.After(takes())
		if r.URL.Path == "/v1/quotes" {
			_, _ = w.Write([]byte(`{"id":"q"}`))
		} else {
			w.WriteHeader(http.StatusCreated)
		}
	}
}

// A server that stalls once is charged for every call that was due meanwhile,
// not only for the one that it kept waiting.
func TestStallIsNotHidden(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		job := shop(t, sells(func() time.Duration {
			if n.Add(1) == 20 { // the commit of the tenth purchase
				return 500 * time.Millisecond
			}
			return 0
		}))
		job.Rate = 50
		res, err := run(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		// A call is due every 10 ms; the one of 190 ms is answered after 690, and
		// with those that were due since.
		quotes := Latency{Count: 50, P50: 10_000, P90: 410_000, P99: 490_000, P999: 490_000, Max: 490_000}
		commits := Latency{Count: 50, P50: 20_000, P90: 420_000, P99: 500_000, P999: 500_000, Max: 500_000}
		if res.Quotes != quotes || res.Commit != commits || res.Receipts != 50 {
			t.Errorf("%d receipts, quotes %+v, commits %+v, want %+v and %+v", res.Receipts, res.Quotes, res.Commit, quotes, commits)
		}
	})
}

// As fast as it goes, only what is answered in time counts, and what was sent
// to warm up does not.
func TestClosedLoopCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		job := shop(t, sells(func() time.Duration { return 8 * time.Millisecond }))
		job.Warm, job.Measure = 100*time.Millisecond, 200*time.Millisecond
		res, err := run(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		// Answered at 104 to 296 ms.
		if want := (Latency{25, 8000, 8000, 8000, 8000, 8000}); res.Receipts != 25 || res.Commit != want {
			t.Errorf("%d receipts, commits %+v, want 25 and %+v", res.Receipts, res.Commit, want)
		}
	})
}

// An answer that was not expected ends the run with what it said.
func TestProblemEndsTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		job := shop(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no such till", http.StatusUnauthorized) })
		if _, err := run(t.Context(), job); err == nil || !strings.Contains(err.Error(), "401: no such till") {
			t.Errorf("the error is %v", err)
		}
	})
}
