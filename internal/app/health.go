package app

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// askFor is how long those who watch may wait for the database.
const askFor = 2 * time.Second

// health answers those who watch: /livez says that the process runs, /readyz
// whether it can serve.
type health struct {
	*parts
	stopping atomic.Bool
}

func (h *health) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.registry, promhttp.HandlerOpts{Timeout: 5 * time.Second}))
}

func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	if err := h.check(r.Context()); err != nil {
		say(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	say(w, http.StatusOK, "ok")
}

// check says what keeps the process from serving. The tables are up to date
// since the start, which fails otherwise.
func (h *health) check(ctx context.Context) error {
	if h.stopping.Load() {
		return fmt.Errorf("the process is stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	if err := h.db.Ping(ctx); err != nil {
		h.log.Warn("not ready: the database does not answer", "error", err)
		return fmt.Errorf("the database does not answer") // why, is for the log
	}
	if !h.ids.Held() {
		return fmt.Errorf("the lease of the node number has ended")
	}
	return nil
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
