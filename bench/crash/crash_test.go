package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"regulars/bench/site"
	"regulars/bench/till"
	"regulars/internal/app"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
	"regulars/internal/verify"
)

// Set in the environment, these make the binary of the tests a server.
const (
	dataEnv     = "REGULARS_CRASH_DATA"
	databaseEnv = "REGULARS_CRASH_DATABASE"
	restoreEnv  = "REGULARS_CRASH_RESTORE" // or what restores this backup
)

func TestMain(m *testing.M) {
	if data := os.Getenv(dataEnv); data != "" {
		cfg := app.Config{Data: data, Database: os.Getenv(databaseEnv), Listen: "127.0.0.1:0", LogLevel: "warn", LogFormat: "text"}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		env := app.Env{Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Version: "test"}
		do := func() error { return app.Serve(ctx, cfg, env) }
		if file := os.Getenv(restoreEnv); file != "" {
			do = func() error { return app.Restore(ctx, cfg, env, file, false) }
		}
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve starts a server on a database.
func serve(t *testing.T, cfg db.Config) *site.Server {
	t.Helper()
	data := filepath.Dir(cfg.Path)
	if cfg.Path == "" {
		data = t.TempDir()
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), dataEnv+"="+data, databaseEnv+"="+cfg.URL)
	s, err := site.Serve(t.Context(), cmd)
	must(t, err)
	t.Cleanup(s.Kill)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rules have points that can be spent at once, on up to half of a receipt, for
// ten days.
func rules() *programme.Rules {
	return &programme.Rules{
		PointValue: money.PriceScale, Levels: []programme.Level{{Code: "base", Name: "Base", Cashback: 1000}}, Combine: programme.CombineAdd,
		Spend:    programme.Spend{Window: programme.Lifetime},
		Discount: programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Earn:     programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}, ExpiryDays: 10},
		Redeem:   programme.Redeem{Cap: 5000}, Return: programme.Return{Clawback: programme.ClawbackRefund, GraceDays: 3}, QuoteMinutes: 10,
	}
}

// found sets up an installation, as of some days ago, and gives its customers
// as tills know them.
func found(t *testing.T, cfg db.Config, days, tills, people int, fill func(ctx context.Context, s *site.Services, ids []customer.ID)) (list []site.Till, known []string) {
	t.Helper()
	ctx := t.Context()
	s, err := site.Open(ctx, cfg, func() time.Time { return time.Now().AddDate(0, 0, -days) })
	must(t, err)
	list, err = s.Tills(ctx, tills, rules())
	must(t, err)
	must(t, s.Products(ctx, 20))
	ids, err := s.People(ctx, 0, people)
	must(t, err)
	fill(ctx, s, ids)
	for _, who := range ids {
		known = append(known, s.Seal.Seal(int64(who)))
	}
	must(t, s.Close(ctx))
	return list, known
}

// grant gives points to many; they can be spent and expire after so many days.
func grant(ctx context.Context, t *testing.T, s *site.Services, ids []customer.ID, points money.Points, spent, expire int) {
	t.Helper()
	version, err := s.Programmes.At(ctx, "1", s.Now())
	must(t, err)
	const batch = 500
	for ; len(ids) > 0; ids = ids[min(batch, len(ids)):] {
		some := ids[:min(batch, len(ids))]
		must(t, s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			accounts := s.Ledger.Queue(&b, some, true)
			if err := tx.Run(ctx, &b); err != nil {
				return err
			}
			now := s.Now()
			for _, who := range some {
				accounts[who].Earn(ledger.Grant{
					Move:   ledger.Move{Cause: ledger.CauseManual, Entity: 1, Reason: "to be fought for", At: now},
					Source: ledger.Adjusted, Programme: version.ProgrammeID,
					Points: points, AvailableAt: now.AddDate(0, 0, spent), ExpiresAt: now.AddDate(0, 0, expire),
				})
				if err := s.Staff.AuditTx(ctx, tx, staff.Entry{
					Action: "customer.points_adjusted", Subject: "customer:" + who.String(), After: []byte(`{"points":"` + points.String() + `"}`),
				}); err != nil {
					return err
				}
			}
			return s.Ledger.SaveTx(ctx, tx, accounts)
		}))
	}
}

// rounds is how often a server is killed: a few times in tests, and as often
// as REGULARS_SOAK says.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("REGULARS_SOAK")); err == nil && n > 0 {
		return n
	}
	return 4
}

// overdue is how many customers a round has whose points wait for the night.
const overdue = 1500

// Whatever moment a server is killed at, in batches, returns or the night: a
// receipt that was acknowledged is there, once; one that was not and is sent
// again is there once; the points agree.
func TestKilledServerLosesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		const shoppers = 40
		tills, people := found(t, cfg, 40, 8, shoppers+overdue*rounds(), func(ctx context.Context, s *site.Services, ids []customer.ID) {
			asleep := ids[shoppers:]
			grant(ctx, t, s, asleep[:len(asleep)/2], 50_00, 1, 20) // to be activated and to expire
			grant(ctx, t, s, asleep[len(asleep)/2:], 70_00, 1, 400)
		})
		var workers []*worker
		for i, one := range tills {
			workers = append(workers, &worker{t: t, till: one, people: people[:shoppers], random: rand.New(rand.NewPCG(uint64(i), 1)), acks: map[name]ack{}})
		}
		random := rand.New(rand.NewPCG(2, 2))
		cut, waiting := 0, waitingForNight(t, cfg)
		for i := range rounds() {
			night(t, cfg, fmt.Sprint("round ", i))
			s := serve(t, cfg)
			over := time.After(time.Duration(20+random.IntN(400)) * time.Millisecond)
			var wg sync.WaitGroup
			for _, w := range workers {
				wg.Go(func() { w.work(s.Addr, false) })
			}
			<-over
			s.Kill()
			wg.Wait()
			if t.Failed() {
				return
			}
			if left := waitingForNight(t, cfg); 0 < left && left < waiting {
				cut++
				waiting = left
			}
		}

		// What was under way is sent again, and the night ends.
		s := serve(t, cfg)
		for _, w := range workers {
			w.work(s.Addr, true)
		}
		endOfNight(t, cfg)
		must(t, s.Stop())

		d := dbtest.OpenConfig(t, cfg)
		acked, again, refused := compare(t, d, workers)
		t.Logf("killed %d times, %d of them in the night: %d receipts acknowledged, %d of them sent again, %d refused", rounds(), cut, acked, again, refused)
		if acked == 0 || again == 0 || rounds() >= 20 && cut == 0 {
			t.Error("nothing was in danger")
		}
		clean(t, d)
	})
}

// clean expects that everything agrees.
func clean(t *testing.T, d *db.DB) {
	t.Helper()
	report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
	must(t, err)
	for _, f := range report.Findings {
		t.Errorf("%s: %s", f.Check, f)
	}
}

// night has the next server do what is due.
func night(t *testing.T, cfg db.Config, turn string) {
	t.Helper()
	s, err := site.Open(t.Context(), cfg, time.Now)
	must(t, err)
	_, _, err = jobs.New(s.DB, s.IDs.Minter, time.Now, jobs.Config{}).Add(t.Context(), jobs.Job{Kind: "night", Dedupe: turn})
	must(t, err)
	must(t, s.Close(t.Context()))
}

// waitingForNight is how many lots are to be activated or to expire.
func waitingForNight(t *testing.T, cfg db.Config) (lots int) {
	t.Helper()
	d, err := db.Open(t.Context(), cfg)
	must(t, err)
	const due = `SELECT COUNT(*) FROM lots WHERE remaining > 0 AND (state = 'pending' AND available_at <= $1 OR expires_at <= $1)`
	must(t, d.QueryRow(t.Context(), due, time.Now().UnixMicro()).Scan(&lots))
	must(t, d.Close())
	return lots
}

func endOfNight(t *testing.T, cfg db.Config) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		left := waitingForNight(t, cfg)
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d lots still wait for the night", left)
		}
	}
}

// name is a till's own name of a receipt.
type name struct {
	till   int64
	kind   string
	number string
}

// ack is what the till was told.
type ack struct{ id, total string }

// worker is a till that never gives up.
type worker struct {
	t       *testing.T
	till    site.Till
	people  []string
	random  *rand.Rand
	client  *till.Client
	numbers int

	pending *call
	acks    map[name]ack
	told    func(name, ack) // of each at once; may be nil
	refuses func()          // told of each 503; may be nil
	over    <-chan struct{} // closed: end what is under way; may be nil
	sold    []string        // ids of sales
	again   int             // calls that were sent again and acknowledged
	refused []name
}

// call is what is sent until it is answered.
type call struct {
	name
	path string
	body []byte
	sent int
}

// work talks to a server until it is gone, or over; with last set it only ends
// what is under way.
func (w *worker) work(addr string, last bool) {
	w.client = till.New(addr, w.till.Key)
	defer w.client.Close()
	for w.pending != nil || !last {
		select {
		case <-w.over:
			last = true
		default:
		}
		if w.pending == nil {
			if last {
				return
			}
			if w.pending = w.next(); w.pending == nil {
				return
			}
		}
		c := w.pending
		c.sent++
		status, answer, err := w.client.Do(w.t.Context(), "POST", c.path, c.body)
		if err != nil {
			if last {
				w.t.Error(err)
			}
			return
		}
		switch status {
		case 200, 201:
			sealed := till.Text(answer, "id")
			number, _, _ := strings.Cut(sealed, ".")
			w.acks[c.name] = ack{number, till.Text(answer, "total")}
			if w.told != nil {
				w.told(c.name, w.acks[c.name])
			}
			if c.kind == "sale" {
				w.sold = append(w.sold, sealed)
			}
			if c.sent > 1 {
				w.again++
			}
			w.pending = nil
		case 409:
			w.refused = append(w.refused, c.name)
			w.pending = nil
		case 503: // sent again, soon
			if w.refuses != nil {
				w.refuses()
			}
			time.Sleep(20 * time.Millisecond)
		default:
			w.t.Error(till.Problem(status, answer))
			return
		}
	}
}

// next makes a call; nil: the server is gone.
func (w *worker) next() *call {
	w.numbers++
	c := &call{name: name{int64(w.till.ID), "sale", strconv.Itoa(w.numbers)}, path: "/v1/receipts"}
	if len(w.sold) > 0 && w.random.IntN(4) == 0 {
		c.kind, c.path = "return", "/v1/returns"
		c.body = fmt.Appendf(nil, `{"number":"%s","original":"%s","lines":[{"position":%d,"quantity":"0.%03d"}]}`,
			c.number, w.sold[w.random.IntN(len(w.sold))], 1+w.random.IntN(3), 1+w.random.IntN(400))
		return c
	}
	sale := till.Sale{Customer: w.people[w.random.IntN(len(w.people))], Total: -1}
	var total int64
	for range 3 {
		l := till.Line{SKU: site.SKU(w.random.IntN(20)), Quantity: 1000, Price: 1_00 + w.random.Int64N(1000_00)}
		total += l.Price
		sale.Lines = append(sale.Lines, l)
	}
	if w.random.IntN(3) > 0 {
		sale.Number, sale.Total = c.number, total
		c.body = sale.Append(nil)
		return c
	}
	for range 2 { // what can be redeemed, and the quote of it
		status, answer, err := w.client.Do(w.t.Context(), "POST", "/v1/quotes", sale.Append(nil))
		if err != nil {
			return nil
		}
		if status != 200 {
			break // somebody else has spent the points meanwhile
		}
		sale.Quote = till.Text(answer, "id")
		if sale.Redeem == 0 {
			most, err := strconv.ParseFloat(till.Text(answer, "max_redeem"), 64)
			if err != nil {
				w.t.Error(err)
			}
			sale.Redeem = int64(most * 100)
		}
	}
	if sale.Quote == "" {
		sale.Redeem, sale.Total = 0, total
	}
	sale.Number = c.number
	c.body = sale.Append(nil)
	return c
}

// recorded are the receipts that are there.
func recorded(t *testing.T, d *db.DB) map[name]ack {
	t.Helper()
	list := map[name]ack{}
	rows, err := d.Query(t.Context(), `SELECT source_id, kind, number, id, total FROM receipts`)
	must(t, db.Scan(rows, err, func(r *db.Rows) error {
		var (
			n         name
			id, total int64
		)
		err := r.Scan(&n.till, &n.kind, &n.number, &id, &total)
		if _, twice := list[n]; twice {
			t.Errorf("%v is recorded twice", n)
		}
		list[n] = ack{strconv.FormatInt(id, 10), site.Currency.Format(money.Amount(total))}
		return err
	}))
	return list
}

// compare holds what is recorded against what was acknowledged.
func compare(t *testing.T, d *db.DB, workers []*worker) (acked, again, refused int) {
	t.Helper()
	recorded := recorded(t, d)
	for _, w := range workers {
		again += w.again
		refused += len(w.refused)
		for n, told := range w.acks {
			acked++
			if is, ok := recorded[n]; !ok {
				t.Errorf("%v was acknowledged and is lost", n)
			} else if is != told {
				t.Errorf("%v was acknowledged as %v and is %v", n, told, is)
			}
			delete(recorded, n)
		}
		for _, n := range w.refused {
			if is, ok := recorded[n]; ok {
				t.Errorf("%v was refused and is there as %v", n, is)
			}
		}
	}
	for n := range recorded {
		t.Errorf("%v is there and was never acknowledged", n)
	}
	return acked, again, refused
}

// Two tills spend one balance, or take back one line, at once, at the same
// server and, on PostgreSQL, at two: one wins, always.
func TestTwoTillsRaceForOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		const races = 25
		tills, people := found(t, cfg, 0, 2, races, func(ctx context.Context, s *site.Services, ids []customer.ID) {
			grant(ctx, t, s, ids, 100_00, 0, 30)
		})
		one := serve(t, cfg)
		other := one
		if e == dbtest.Postgres {
			other = serve(t, cfg)
		}
		clients := [2]*till.Client{till.New(one.Addr, tills[0].Key), till.New(other.Addr, tills[1].Key)}
		defer clients[0].Close()
		defer clients[1].Close()
		for i, who := range people {
			sale := till.Sale{Customer: who, Redeem: 100_00, Total: -1, Lines: []till.Line{{SKU: site.SKU(0), Quantity: 1000, Price: 500_00}}}
			var bodies [2][]byte
			for j, c := range clients {
				_, answer := do(t, c, "/v1/quotes", sale.Append(nil), 200)
				priced := sale
				priced.Number, priced.Quote = strconv.Itoa(i), till.Text(answer, "id")
				bodies[j] = priced.Append(nil)
			}
			won := race(t, clients, "/v1/receipts", bodies)
			for j := range bodies {
				bodies[j] = fmt.Appendf(nil, `{"number":"%d","original":"%s","lines":[{"position":1,"quantity":"0.6"}]}`, i, till.Text(won, "id"))
			}
			race(t, clients, "/v1/returns", bodies)
		}
		d := dbtest.OpenConfig(t, cfg)
		var sold, returned int
		must(t, d.QueryRow(t.Context(), `SELECT COUNT(CASE kind WHEN 'sale' THEN 1 END), COUNT(CASE kind WHEN 'return' THEN 1 END) FROM receipts`).Scan(&sold, &returned))
		if sold != races || returned != races {
			t.Errorf("%d sales and %d returns of %d", sold, returned, races)
		}
		clean(t, d)
	})
}

func do(t *testing.T, c *till.Client, path string, body []byte, want ...int) (int, []byte) {
	t.Helper()
	status, answer, err := c.Do(t.Context(), "POST", path, body)
	must(t, err)
	for _, w := range want {
		if status == w {
			return status, answer
		}
	}
	t.Fatal(till.Problem(status, answer))
	return 0, nil
}

// race sends both at once and gives the winner's answer.
func race(t *testing.T, clients [2]*till.Client, path string, bodies [2][]byte) (won []byte) {
	t.Helper()
	var (
		statuses [2]int
		answers  [2][]byte
		errs     [2]error
		start    = make(chan struct{})
		wg       sync.WaitGroup
	)
	for i := range clients {
		wg.Go(func() {
			<-start
			statuses[i], answers[i], errs[i] = clients[i].Do(t.Context(), "POST", path, bodies[i])
		})
	}
	close(start)
	wg.Wait()
	for i := range clients {
		must(t, errs[i])
		if statuses[i] == 201 && statuses[1-i] == 409 {
			return answers[i]
		}
	}
	t.Fatalf("%s: %d %s and %d %s", path, statuses[0], answers[0], statuses[1], answers[1])
	return nil
}
