// Command load has tills talk to a server as fast as they can, or at a fixed
// rate, and says how long it took.
//
// It is a process of its own, so that what it uses of the processors can be
// told from what the server does. At a fixed rate every call has a time at
// which it is to be sent, whether or not those before it were answered, and
// its latency counts from then: a server that stalls is not spared the calls
// that wait meanwhile. It reads one Job from its input and writes one Result;
// package bench starts it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"regulars/bench/till"
)

// Job is what is to be done.
type Job struct {
	Addr      string
	Keys      []string // of the tills
	Customers string   // file with an id a line
	SKUs      []string
	Lines     int    // of a receipt
	Series    string // begins the numbers of the receipts
	// Rate is how many purchases begin in a second, each a quote and then the
	// commit of it; 0: every till commits one receipt after the other, with the
	// total that it charges.
	Rate float64
	// Lanes are how many connections a till has, so that at a rate no purchase
	// waits for the one before it.
	Lanes   int
	Warm    time.Duration // before it counts
	Measure time.Duration

	dial func(ctx context.Context, network, addr string) (net.Conn, error) // nil: that of the system
}

// Result is what came of it, of the calls sent while it counted.
type Result struct {
	Seconds        float64
	Receipts       int
	Refused        int // with a new quote, because the customer had bought meanwhile
	Quotes, Commit Latency
	CPU            time.Duration // of this process, over the whole run
}

// Latency is in microseconds.
type Latency struct {
	Count                    int
	P50, P90, P99, P999, Max int64
}

func main() {
	var job Job
	err := json.NewDecoder(os.Stdin).Decode(&job)
	if err == nil {
		var res Result
		if res, err = run(context.Background(), job); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(res)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// worker is one till.
type worker struct {
	job    *Job
	client *till.Client
	people []string
	random *rand.Rand
	series string
	number int
	body   []byte

	begin, end      time.Time // of what counts
	quotes, commits []int64
	receipts        int
	refused         int
}

func run(ctx context.Context, job Job) (Result, error) {
	people, err := readLines(job.Customers)
	if err != nil {
		return Result{}, err
	}
	if len(people) == 0 || len(job.Keys) == 0 || len(job.SKUs) == 0 {
		return Result{}, errors.New("there are no customers, tills or products")
	}
	start := time.Now()
	workers := make([]*worker, len(job.Keys))
	if job.Rate > 0 {
		workers = make([]*worker, len(job.Keys)*max(1, job.Lanes))
	}
	failed := make([]error, len(workers))
	var wg sync.WaitGroup
	for i := range workers {
		w := &worker{
			job: &job, client: till.New(job.Addr, job.Keys[i%len(job.Keys)]), people: people,
			random: rand.New(rand.NewPCG(uint64(start.UnixNano()), uint64(i))), //nolint:gosec // who buys what need not be hard to guess
			series: job.Series + "-" + strconv.Itoa(i) + "-", begin: start.Add(job.Warm), end: start.Add(job.Warm + job.Measure),
		}
		w.client.Dial = job.dial
		workers[i] = w
		defer w.client.Close()
		wg.Go(func() {
			if job.Rate > 0 {
				period := time.Duration(float64(len(workers)) / job.Rate * float64(time.Second))
				failed[i] = w.open(ctx, start.Add(period*time.Duration(i)/time.Duration(len(workers))), period)
			} else {
				failed[i] = w.closed(ctx)
			}
		})
	}
	wg.Wait()
	for _, err := range failed { // the others say the same
		if err != nil {
			return Result{}, err
		}
	}
	return result(job, workers), nil
}

// closed commits one receipt after the other.
func (w *worker) closed(ctx context.Context) error {
	for at := time.Now(); at.Before(w.end); {
		sale := w.basket()
		status, answer, err := w.commit(ctx, &sale)
		if err != nil {
			return err
		}
		if status != 201 {
			return till.Problem(status, answer)
		}
		now := time.Now()
		if w.counts(now) { // those that were answered in time, whenever they were sent
			w.receipts++
			w.commits = append(w.commits, now.Sub(at).Microseconds())
		}
		at = now
	}
	return nil
}

// open begins a purchase every period: a quote, and half a period later, when
// the customer has found the money, its commit.
func (w *worker) open(ctx context.Context, first time.Time, period time.Duration) error {
	for at := first; at.Before(w.end); at = at.Add(period) {
		time.Sleep(time.Until(at))
		sale := w.basket()
		w.body = sale.Append(w.body[:0])
		status, answer, err := w.client.Do(ctx, "POST", "/v1/quotes", w.body)
		if err != nil {
			return err
		}
		if status != 200 {
			return till.Problem(status, answer)
		}
		if w.counts(at) {
			w.quotes = append(w.quotes, time.Since(at).Microseconds())
		}
		sale.Quote = till.Text(answer, "id")

		paid := at.Add(period / 2)
		time.Sleep(time.Until(paid))
		status, answer, err = w.commit(ctx, &sale)
		switch {
		case err != nil:
			return err
		case status == 409 && w.counts(paid):
			w.refused++
		case status != 201 && status != 409:
			return till.Problem(status, answer)
		case status == 201 && w.counts(paid):
			w.receipts++
			w.commits = append(w.commits, time.Since(paid).Microseconds())
		}
	}
	return nil
}

func (w *worker) counts(at time.Time) bool { return !at.Before(w.begin) && at.Before(w.end) }

// basket is what somebody buys, at prices of 1 to 1000 units.
func (w *worker) basket() till.Sale {
	sale := till.Sale{Customer: w.people[w.random.IntN(len(w.people))], Lines: make([]till.Line, w.job.Lines)}
	for i := range sale.Lines {
		l := till.Line{SKU: w.job.SKUs[w.random.IntN(len(w.job.SKUs))], Quantity: 1000, Price: 1_00 + w.random.Int64N(999_00)}
		sale.Lines[i] = l
		sale.Total += l.Price
	}
	return sale
}

func (w *worker) commit(ctx context.Context, sale *till.Sale) (int, []byte, error) {
	w.number++
	sale.Number = w.series + strconv.Itoa(w.number)
	w.body = sale.Append(w.body[:0])
	return w.client.Do(ctx, "POST", "/v1/receipts", w.body)
}

func result(job Job, workers []*worker) Result {
	res := Result{Seconds: job.Measure.Seconds()}
	var quotes, commits []int64
	for _, w := range workers {
		res.Receipts += w.receipts
		res.Refused += w.refused
		quotes, commits = append(quotes, w.quotes...), append(commits, w.commits...)
	}
	res.Quotes, res.Commit = latency(quotes), latency(commits)
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		res.CPU = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return res
}

func latency(all []int64) (l Latency) {
	l.Count = len(all)
	if l.Count == 0 {
		return l
	}
	slices.Sort(all)
	at := func(share float64) int64 { return all[min(int(share*float64(len(all))), len(all)-1)] }
	l.P50, l.P90, l.P99, l.P999, l.Max = at(0.5), at(0.9), at(0.99), at(0.999), all[len(all)-1]
	return l
}

func readLines(path string) (lines []string, err error) {
	f, err := os.Open(path) //nolint:gosec // whoever starts us says which
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	in := bufio.NewScanner(f)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	return lines, in.Err()
}
