package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// shop answers quotes and receipts; the one of that number takes its time.
func shop(t *testing.T, slow int64, pause time.Duration) Job {
	t.Helper()
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) == slow {
			time.Sleep(pause)
		}
		switch r.URL.Path {
		case "/v1/quotes":
			_, _ = w.Write([]byte(`{"id":"q"}`))
		case "/v1/receipts":
			w.WriteHeader(http.StatusCreated)
		}
	}))
	t.Cleanup(server.Close)
	people := filepath.Join(t.TempDir(), "people")
	if err := os.WriteFile(people, []byte("1\n2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Job{
		Addr: strings.TrimPrefix(server.URL, "http://"), Keys: []string{"k"}, Customers: people, SKUs: []string{"a", "b"}, Lines: 3, Series: "s",
		Measure: time.Second,
	}
}

// A server that stalls once is charged for every call that was due meanwhile,
// not only for the one that it kept waiting.
func TestStallIsNotHidden(t *testing.T) {
	t.Parallel()
	job := shop(t, 20, 500*time.Millisecond)
	job.Rate = 50
	res, err := run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	if res.Quotes.Count < 45 || res.Quotes.Count > 50 {
		t.Errorf("%d quotes of 50", res.Quotes.Count)
	}
	// The calls of half a second waited a quarter of a second on average.
	if late := 200 * time.Millisecond.Microseconds(); res.Quotes.P90 < late || res.Commit.P90 < late {
		t.Errorf("nine of ten quotes took %d µs at most, commits %d µs", res.Quotes.P90, res.Commit.P90)
	}
}

// As fast as it goes, only what is answered in time counts, and what was sent
// to warm up does not.
func TestClosedLoopCounts(t *testing.T) {
	t.Parallel()
	job := shop(t, -1, 0)
	job.Warm, job.Measure = 100*time.Millisecond, 200*time.Millisecond
	res, err := run(t.Context(), job)
	if err != nil || res.Receipts == 0 || res.Receipts != res.Commit.Count || res.Commit.Max < res.Commit.P50 {
		t.Errorf("%+v %v", res, err)
	}
}

// An answer that was not expected ends the run with what it said.
func TestProblemEndsTheRun(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such till", http.StatusUnauthorized)
	}))
	defer server.Close()
	job := shop(t, -1, 0)
	job.Addr = strings.TrimPrefix(server.URL, "http://")
	if _, err := run(t.Context(), job); err == nil || !strings.Contains(err.Error(), "401: no such till") {
		t.Errorf("the error is %v", err)
	}
}
