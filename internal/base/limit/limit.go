// Package limit says how often somebody may do something.
//
// A Limiter is of one process and in memory: it holds back what presses on, it
// does not count exactly over several processes. Its table is bounded, so that
// nobody fills it up by coming under many names.
package limit

import (
	"container/list"
	"math"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"regulars/internal/base/errs"
)

// ErrSlowDown is what Check fails with; its argument "seconds" says for how
// long.
var ErrSlowDown = errs.New(errs.TooMany, "too_many_requests", "Too many requests. Wait a moment and try again; the Retry-After header says how long.")

// Limiter lets each caller make so many requests a second. It remembers a
// bounded number of callers: the one not heard of for longest is forgotten
// first, and starts afresh.
type Limiter struct {
	mu      sync.Mutex
	rate    rate.Limit
	burst   int
	most    int
	now     func() time.Time
	byKey   map[string]*list.Element
	callers *list.List // of *caller, the most recent in front
}

type caller struct {
	key   string
	limit *rate.Limiter
}

// New makes a Limiter of perSecond requests, burst at once, for at most
// `most` callers at a time.
func New(perSecond float64, burst, most int, now func() time.Time) *Limiter {
	return &Limiter{
		rate: rate.Limit(perSecond), burst: burst, most: most, now: now,
		byKey: map[string]*list.Element{}, callers: list.New(),
	}
}

// Network names whom an address stands for where addresses are limited: of IPv6 its /64,
// for each of its holders has as many as they like.
func Network(ip netip.Addr) string {
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}

// Take takes one request off a caller's allowance. Where there is none left it
// says after how long there will be; a refused request costs nothing.
func (l *Limiter) Take(key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()

	now := l.now()
	e := l.byKey[key]
	if e == nil {
		if l.callers.Len() >= l.most {
			last := l.callers.Back()
			delete(l.byKey, l.callers.Remove(last).(*caller).key)
		}
		e = l.callers.PushFront(&caller{key, rate.NewLimiter(l.rate, l.burst)})
		l.byKey[key] = e
	}
	l.callers.MoveToFront(e)
	limit := e.Value.(*caller).limit
	if limit.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - limit.TokensAt(now)
	return time.Duration(missing / float64(l.rate) * float64(time.Second)), false
}

// Knows reports whether a caller is remembered, and takes nothing.
func (l *Limiter) Knows(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.byKey[key] != nil
}

// Forget gives a caller the whole allowance back.
func (l *Limiter) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byKey[key]; e != nil {
		l.callers.Remove(e)
		delete(l.byKey, key)
	}
}

// Check is Take, with the error to answer with.
func (l *Limiter) Check(key string) error {
	wait, ok := l.Take(key)
	if ok {
		return nil
	}
	return ErrSlowDown.With("seconds", int64(math.Ceil(max(wait.Seconds(), 1))))
}
