package main

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
)

// Servers that share the roles of one installation each do their part, and no other.
func TestRoles(t *testing.T) {
	t.Parallel()
	address := dbtest.Empty(t, dbtest.Postgres).URL
	servers := map[string]*instance{}
	for _, roles := range []string{"api", "pages", "worker", "api,pages"} {
		servers[roles] = serve(t, "--data", t.TempDir(), "--database", address, "--connections", "4", "--roles", roles)
	}
	d := dbtest.OpenConfig(t, db.Config{URL: address, Conns: 2})
	queue := jobs.New(d, id.NewMinter(time.Now, 1000, 0), time.Now, jobs.Config{})
	const nights = 12 // each is anybody's who looks first
	for i := range nights {
		if _, _, err := queue.Add(t.Context(), jobs.Job{Kind: "night", Dedupe: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(time.Minute); ; {
		var left int
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM jobs WHERE state <> 'done'`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d jobs are left", left)
		}
		time.Sleep(10 * time.Millisecond)
	}
	attempts := regexp.MustCompile(`regulars_job_attempts_total\{became="done",kind="night"\} (\d+)`)
	for roles, want := range map[string]struct{ call, docs, page, jobs int }{
		"api":       {http.StatusUnauthorized, http.StatusOK, http.StatusNotFound, 0},
		"pages":     {http.StatusNotFound, http.StatusOK, http.StatusOK, 0},
		"worker":    {http.StatusNotFound, http.StatusNotFound, http.StatusNotFound, nights},
		"api,pages": {http.StatusUnauthorized, http.StatusOK, http.StatusOK, 0},
	} {
		s := servers[roles]
		for path, want := range map[string]int{"/v1/customers/1": want.call, "/sign-in": want.page, "/docs": want.docs, "/openapi.json": want.docs, "/livez": http.StatusOK, "/readyz": http.StatusOK} {
			if status, _ := get(t, s.url+path); status != want {
				t.Errorf("%s: %s answers %d, want %d", roles, path, status, want)
			}
		}
		_, metrics := get(t, s.url+"/metrics")
		done := 0
		if m := attempts.FindStringSubmatch(metrics); m != nil {
			_, _ = fmt.Sscan(m[1], &done) // it is a number
		}
		if done != want.jobs {
			t.Errorf("%s: ran %d jobs, want %d", roles, done, want.jobs)
		}
	}
}
