package web

import (
	"net/http"
	"strings"
)

// limitRate holds back addresses that send too much. Calls of the API with a
// key are its own to count, by key: a whole chain may stand behind one
// address.
func (s *Shell) limitRate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") || r.Header.Get("Authorization") == "" {
			if err := s.limiter.Check(stateOf(r.Context()).ip.String()); err != nil {
				s.metrics.refused.WithLabelValues("address").Inc()
				s.Fail(w, r, err)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
