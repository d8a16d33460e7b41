package web

import (
	"net/http"

	"regulars/internal/base/limit"
)

// KeyedBy says how calls of the API are told that bring a key which was good
// when it was last looked at; it must be quick and read nothing.
func (s *Shell) KeyedBy(good func(*http.Request) bool) { s.keyed = good }

// limitRate holds back addresses that send too much. Calls of the API with a
// key that is known to be good are its own to count, by key: a whole chain may
// stand behind one address. A key that has yet to show itself good is its
// address's to answer for, before anybody looks it up.
func (s *Shell) limitRate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ofAPI(r) || s.keyed == nil || !s.keyed(r) {
			if err := s.limiter.Check(limit.Network(stateOf(r.Context()).ip)); err != nil {
				s.metrics.refused.WithLabelValues("address").Inc()
				s.Fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
