package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"regulars/internal/base/errs"
)

// Failures that the middleware itself answers with.
var (
	ErrTimeout     = errs.New(errs.Unavailable, "timeout", "This took too long and was given up; nothing was changed. Try again.")
	ErrNoPage      = errs.New(errs.NotFound, "page_not_found", "There is nothing at this address.")
	ErrMethod      = errs.New(errs.Invalid, "method_not_allowed", "This address does not take this method; see the Allow header.")
	ErrBodySize    = errs.New(errs.TooLarge, "body_too_large", "The request is larger than what is taken here.")
	ErrCrossOrigin = errs.New(errs.Forbidden, "cross_origin", "The request came from another site's page and was refused. Open the page here and try again.")
	// ErrIllegible is of what no database takes for text.
	ErrIllegible = errs.New(errs.Invalid, "illegible", "The request has characters that no text has: zero bytes, or what is not UTF-8.")
	ErrForm      = errs.New(errs.Invalid, "bad_form", "The form could not be read. Go back, reload the page and try again.")
)

// secured is what browsers enforce for us. Pages need no exception from the
// policy: there are no inline scripts or styles, and htmx never evaluates text.
var secured = http.Header{
	"Content-Security-Policy": {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Referrer-Policy":              {"same-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy":           {"camera=(self), geolocation=(), microphone=()"},
}

func (s *Shell) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		maps.Copy(h, secured)
		if stateOf(r.Context()).tls {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// limitTime cancels the request's context when its time is over.
func (s *Shell) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		clock := time.AfterFunc(requestTime, func() { cancel(ErrTimeout) })
		defer clock.Stop()
		stateOf(ctx).clock = clock
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// limitBody keeps bodies small, except where Allow says otherwise.
func (s *Shell) limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// Allow lets a route take a larger body and more time: uploads, exports.
func (s *Shell) Allow(body int64, d time.Duration, h Handler) http.Handler {
	return s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		q := stateOf(r.Context())
		if q.body != nil {
			r.Body = http.MaxBytesReader(w, q.body, body)
		}
		if q.clock != nil {
			q.clock.Reset(d)
		}
		c := http.NewResponseController(w)
		until := s.opts.Now().Add(d + 30*time.Second)
		// Writers without deadlines, such as those of tests, have no need of them.
		if err := errors.Join(c.SetReadDeadline(until), c.SetWriteDeadline(until)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		return h(w, r)
	})
}

// BodyError gives the error to answer with when reading a body failed.
func BodyError(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return ErrBodySize.Textf("The request is larger than the %d bytes that are taken here.", tooLarge.Limit)
	}
	return ErrForm.Because(err)
}

func (s *Shell) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // net/http's own way of hanging up
			}
			s.opts.Log.LogAttrs(r.Context(), slog.LevelError, "panic",
				slog.String("request_id", RequestID(r.Context())),
				slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: the caller must notice
			}
			s.Fail(w, r, errs.Of(fmt.Errorf("panic: %v", p)))
		}()
		next.ServeHTTP(w, r)
	})
}

// refuseCrossOrigin turns away changes that another site's page sent.
func (s *Shell) refuseCrossOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.csrf.Check(r); err != nil {
			s.Fail(w, r, ErrCrossOrigin.Because(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// route finds the handler; where the mux has none, the answer is an error like
// all others and not net/http's line of text.
func (s *Shell) route(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	h, pattern := mux.Handler(r)
	if pattern != "" {
		mux.ServeHTTP(w, r)
		return
	}
	var probe probe
	h.ServeHTTP(&probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.Header().Get("Allow"))
		s.Fail(w, r, ErrMethod)
		return
	}
	s.Fail(w, r, ErrNoPage)
}

// Legible reports whether texts can be kept: they are UTF-8, and without zero bytes.
func Legible(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) })
}

// CheckAddress fails where the address of a request is not text.
func CheckAddress(r *http.Request) error {
	if !Legible(r.URL.Path) {
		return ErrIllegible
	}
	if r.URL.RawQuery == "" {
		return nil
	}
	return checkValues(r.URL.Query())
}

// checkValues names the values that are not text.
func checkValues(values url.Values) error {
	var wrong errs.List
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !Legible(name) {
			return ErrIllegible
		}
		if !Legible(values[name]...) {
			wrong.Add(name, "bad_characters", "has characters that cannot be printed")
		}
	}
	return wrong.Err()
}

// refuseIllegible turns away addresses that are not text. The API does so itself, in
// its own words.
func (s *Shell) refuseIllegible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := CheckAddress(r); err != nil && !ofAPI(r) {
			s.Fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// ReadFrom keeps the quick way of sending files.
func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

// probe takes an answer that nobody will see.
type probe struct {
	header http.Header
	status int
	bytes.Buffer
}

func (p *probe) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

func (p *probe) WriteHeader(status int) { p.status = status }

// observe writes the access log and the metrics. Neither holds addresses,
// queries or names: the route is the pattern, not what was asked for.
func (s *Shell) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			route := r.Pattern
			if route == "" {
				route = "other"
			}
			status := rec.status
			if status == 0 {
				status = http.StatusOK
			}
			took := s.opts.Now().Sub(stateOf(r.Context()).started)
			s.metrics.observe(route, method(r), status, took)
			level := slog.LevelInfo
			if strings.HasPrefix(r.URL.Path, s.assets.prefix) || r.URL.Path == "/livez" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics" {
				level = slog.LevelDebug
			}
			s.opts.Log.LogAttrs(r.Context(), level, "request",
				slog.String("request_id", RequestID(r.Context())),
				slog.String("method", method(r)),
				slog.String("route", route),
				slog.Int("status", status),
				slog.Int64("bytes", rec.bytes),
				slog.Int64("took_us", took.Microseconds()))
		}()
		next.ServeHTTP(rec, r)
	})
}

// method bounds what a caller can put into metrics.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
