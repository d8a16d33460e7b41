package web

import "net/http"

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
