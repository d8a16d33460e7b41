package conform

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options say what is tried, and how.
type Options struct {
	URL       string // of the API, without /v1
	Key       string // of a till
	SecondKey string // of another till, of the same store; empty: what needs two is skipped
	Only      []string
	Skip      []string // checks by id, or by what stands before the dot of their ids
	Slow      bool     // also what waits for minutes
	Now       func() time.Time
	Told      func(Result) // is told of each check that is over; may be nil
}

// State is what became of a check.
type State string

// The states.
const (
	Passed  State = "passed"
	Failed  State = "failed"
	Skipped State = "skipped"
)

// Result is what became of a check.
type Result struct {
	ID      string        `json:"id"`
	Proves  string        `json:"proves"`
	State   State         `json:"state"`
	Reason  string        `json:"reason,omitempty"`  // why it failed or was skipped
	Request string        `json:"request,omitempty"` // that it failed at
	Answer  string        `json:"answer,omitempty"`
	Took    time.Duration `json:"took_ns"`
}

// Report is what became of all.
type Report struct {
	URL     string    `json:"url"`
	At      time.Time `json:"at"`
	Results []Result  `json:"results"`
}

// Count is how many checks ended so.
func (r *Report) Count(s State) (n int) {
	for i := range r.Results {
		if r.Results[i].State == s {
			n++
		}
	}
	return n
}

// check is one thing that is proved.
type check struct {
	id     string
	proves string
	try    func(*trial)
}

// checks are all of them, in the order in which they are played.
func checks() []check {
	return slices.Concat(contractChecks, saleChecks, retryChecks, crashChecks, returnChecks, pointChecks, confirmChecks, cardChecks, customerChecks, lateChecks, limitChecks, sumChecks)
}

// IDs lists the checks.
func IDs() (list []string) {
	for _, c := range checks() {
		list = append(list, c.id)
	}
	return list
}

// named reports whether a list has a check's id or its group.
func named(list []string, id string) bool {
	group, _, _ := strings.Cut(id, ".")
	return slices.Contains(list, id) || slices.Contains(list, group)
}

// Unknown lists names that are neither a check nor a group of them.
func Unknown(list []string) (wrong []string) {
	for _, name := range list {
		if !slices.ContainsFunc(IDs(), func(id string) bool { return named([]string{name}, id) }) {
			wrong = append(wrong, name)
		}
	}
	return wrong
}

// Run plays the checks. It fails only where it cannot begin, or is stopped: what
// an API does wrong is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	k := newKit(o)
	defer k.client.CloseIdleConnections()
	report := &Report{URL: k.url, At: o.Now()}
	if err := k.begin(ctx); err != nil {
		return nil, err
	}
	for _, c := range checks() {
		if len(o.Only) > 0 && !named(o.Only, c.id) || named(o.Skip, c.id) {
			continue
		}
		result := k.play(ctx, c)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		report.Results = append(report.Results, result)
		if o.Told != nil {
			o.Told(result)
		}
	}
	return report, nil
}

// kit is what the checks share.
type kit struct {
	url       string
	key       string
	secondKey string
	slow      bool
	now       func() time.Time
	client    *http.Client
	run       string // tells this run's names from those of others

	first, second tillInfo

	mu       sync.Mutex
	count    int                 // names and numbers given
	recorded map[string]movement // receipts by id
	people   []string            // who take part in the sums
	odd      map[string]oddity   // what answers had that they should not, by what is wrong
}

// tillInfo is who a key belongs to.
type tillInfo struct {
	Store struct {
		ID string `json:"id"`
	} `json:"store"`
	Currency struct {
		Code     string `json:"code"`
		Decimals int    `json:"decimals"`
	} `json:"currency"`
}

func (k *kit) begin(ctx context.Context) error {
	for key, to := range map[string]*tillInfo{k.key: &k.first, k.secondKey: &k.second} {
		if key == "" {
			continue
		}
		a := k.send(ctx, call{method: http.MethodGet, path: "/v1/till", key: key})
		if a.err != nil {
			return fmt.Errorf("%s does not answer: %w", k.url, a.err)
		}
		if a.status != http.StatusOK || !a.decode(to) {
			return fmt.Errorf("GET %s/v1/till is answered with %d instead of who the key %s belongs to: %s", k.url, a.status, shown(key), clip(a.text))
		}
	}
	return nil
}

// play plays one check.
func (k *kit) play(ctx context.Context, c check) (r Result) {
	t := &trial{kit: k, ctx: ctx, result: &r}
	start := k.now()
	r = Result{ID: c.id, Proves: c.proves, State: Passed}
	func() {
		defer func() {
			if p := recover(); p != nil && p != (ended{}) {
				panic(p)
			}
		}()
		c.try(t)
	}()
	r.Took = k.now().Sub(start)
	return r
}

// trial is a check while it is played. It ends at the first thing that is not as
// it should be.
type trial struct {
	*kit
	ctx    context.Context
	result *Result
}

type ended struct{}

// fail ends the check; what it shows is the exchange that a is of.
func (t *trial) fail(a answer, format string, args ...any) {
	*t.result = Result{
		ID: t.result.ID, Proves: t.result.Proves, State: Failed, Reason: fmt.Sprintf(format, args...), Request: a.request(), Answer: a.response(),
	}
	panic(ended{})
}

// skip ends the check: here it cannot be played.
func (t *trial) skip(format string, args ...any) {
	t.result.State, t.result.Reason = Skipped, fmt.Sprintf(format, args...)
	panic(ended{})
}

// needSecond skips a check that takes two tills of one store.
func (t *trial) needSecond() {
	switch {
	case t.secondKey == "":
		t.skip("needs two tills: give the key of another till of the store by --second-key")
	case t.first.Store.ID != t.second.Store.ID:
		t.skip("needs two tills of one store: the keys belong to stores %s and %s", t.first.Store.ID, t.second.Store.ID)
	}
}

// name is one that nobody has had: a number of a receipt, a key, a card.
func (k *kit) name(kind string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.count++
	return fmt.Sprintf("%s-%s-%d", kind, k.run, k.count)
}
