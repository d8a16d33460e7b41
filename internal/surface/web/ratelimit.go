package web

import (
	"container/list"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

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

// NewLimiter makes a Limiter of perSecond requests, burst at once, for at most
// `most` callers at a time.
func NewLimiter(perSecond float64, burst, most int, now func() time.Time) *Limiter {
	return &Limiter{
		rate: rate.Limit(perSecond), burst: burst, most: most, now: now,
		byKey: map[string]*list.Element{}, callers: list.New(),
	}
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

// Callers is how many are remembered.
func (l *Limiter) Callers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.callers.Len()
}

// Check is Take, with the error to answer with.
func (l *Limiter) Check(key string) error {
	wait, ok := l.Take(key)
	if ok {
		return nil
	}
	return ErrSlowDown.With("seconds", int64(math.Ceil(max(wait.Seconds(), 1))))
}

// limitRate holds back addresses that send too much without a key. Requests
// with a key are the API's to count, by key: a whole chain may stand behind one
// address.
func (s *Shell) limitRate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			if err := s.limiter.Check(stateOf(r.Context()).ip.String()); err != nil {
				s.metrics.refused.WithLabelValues("address").Inc()
				s.Fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
