package crash

import (
	"context"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"regulars/bench/site"
	"regulars/internal/app"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/db/pgserver"
	"regulars/internal/loyalty/customer"
)

// back is within which writers must be, once the standby is promoted.
const back = 10 * time.Second

// PostgreSQL's primary dies under load and its standby is promoted: no receipt that was
// acknowledged is lost, none that was sent again is there twice, and the same
// processes go on selling.
func TestKilledPrimaryLosesNothing(t *testing.T) {
	t.Parallel()
	for i := range max(1, rounds()/4) { // it takes its time
		t.Run(strconv.Itoa(i), failover)
	}
}

func failover(t *testing.T) {
	ctx := t.Context()
	primary, standby := pair(t)
	cfg := db.Config{URL: hosts(t, primary.URL, standby.URL)}
	tills, people := found(t, cfg, 0, 8, 200, func(ctx context.Context, s *site.Services, ids []customer.ID) {
		grant(ctx, t, s, ids, 50_00, 0, 30)
	})
	// The standby spares the primary the work of a backup.
	must(t, app.Backup(ctx, where(t.TempDir(), db.Config{URL: standby.URL + "&target_session_attrs=any"}), env(), filepath.Join(t.TempDir(), "backup.zip")))
	servers := []*site.Server{serve(t, cfg), serve(t, cfg)}
	var (
		mu      sync.Mutex
		counts  = make([]int, len(servers))
		latest  = make([]time.Time, len(servers))
		out     = make([]int, len(servers)) // answers that the database is out of reach
		over    = make(chan struct{})
		workers []*worker
		wg      sync.WaitGroup
	)
	for i, one := range tills {
		at := i % len(servers)
		w := &worker{t: t, till: one, people: people, random: rand.New(rand.NewPCG(uint64(i), 4)), acks: map[name]ack{}, over: over}
		w.told = func(name, ack) {
			mu.Lock()
			defer mu.Unlock()
			counts[at]++
			latest[at] = time.Now()
		}
		w.refuses = func() {
			mu.Lock()
			defer mu.Unlock()
			out[at]++
		}
		workers = append(workers, w)
		wg.Go(func() { w.work(servers[at].Addr, false) })
	}
	// each waits until every server has acknowledged so many more, and says how long the
	// slower took for the first.
	each := func(more int, patience time.Duration) (first time.Duration) {
		t.Helper()
		mu.Lock()
		begin := append([]int(nil), counts...)
		mu.Unlock()
		began, seen := time.Now(), make([]bool, len(servers))
		for done := 0; done < len(servers); time.Sleep(time.Millisecond) {
			done = 0
			mu.Lock()
			for i := range servers {
				if counts[i] > begin[i] && !seen[i] {
					seen[i], first = true, max(first, latest[i].Sub(began))
				}
				if counts[i] >= begin[i]+more {
					done++
				}
			}
			mu.Unlock()
			if waited := time.Since(began); waited > patience {
				for _, s := range servers {
					t.Log(s.Log())
				}
				t.Fatalf("after %s not every server has acknowledged %d receipts", waited, more)
			}
		}
		return first
	}
	each(40, time.Minute)
	must(t, primary.Kill())
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // nobody sells before
		mu.Lock()
		all := !slices.Contains(out, 0)
		mu.Unlock()
		if all {
			break
		}
		if time.Now().After(end) {
			t.Fatal("a server does not say that its database is gone")
		}
	}
	must(t, standby.Promote(ctx))
	first := each(1, back)
	each(40, time.Minute)
	night(t, cfg, "after")
	done := dbtest.OpenConfig(t, cfg)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) { // whoever works has come back too
		var state string
		must(t, done.QueryRow(ctx, `SELECT state FROM jobs WHERE kind = 'night' AND dedupe = 'after'`).Scan(&state))
		if state == "done" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the night is %s", state)
		}
	}
	close(over)
	wg.Wait()
	for _, s := range servers {
		must(t, s.Stop())
	}

	acked, again, refused := compare(t, done, workers)
	t.Logf("%d receipts acknowledged, %d of them sent again, %d refused; the first %s after the promotion", acked, again, refused, first.Round(time.Millisecond))
	if again == 0 {
		t.Error("nothing was in danger")
	}
	clean(t, done)
}

// pair starts a primary that acknowledges what its standby has on its disk.
func pair(t *testing.T) (primary, standby *pgserver.Server) {
	t.Helper()
	ctx := t.Context()
	primary, err := pgserver.Start(ctx, "max_connections=100")
	must(t, err)
	t.Cleanup(func() { _ = primary.Close() }) // it may be dead
	standby, err = primary.Standby(ctx)
	must(t, err)
	t.Cleanup(func() { _ = standby.Close() })
	conn, err := pgx.Connect(ctx, primary.URL)
	must(t, err)
	defer conn.Close(context.Background()) //nolint:errcheck // of the test
	for _, text := range []string{`ALTER SYSTEM SET synchronous_standby_names = '*'`, `SELECT pg_reload_conf()`} {
		_, err := conn.Exec(ctx, text)
		must(t, err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var state string
		err := conn.QueryRow(ctx, `SELECT COALESCE(MAX(sync_state), '') FROM pg_stat_replication`).Scan(&state)
		must(t, err)
		if state == "sync" {
			return primary, standby
		}
		if time.Now().After(end) {
			t.Fatalf("the standby is %q", state)
		}
	}
}

// hosts is the address of whichever of two servers takes writes.
func hosts(t *testing.T, one, other string) string {
	t.Helper()
	a, err := url.Parse(one)
	must(t, err)
	b, err := url.Parse(other)
	must(t, err)
	a.Host += "," + b.Host
	return a.String()
}
