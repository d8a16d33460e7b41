package web

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/limit"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/staff"
)

//go:embed assets all:templates
var embedded embed.FS

// Settings is what the installation says about itself and every page shows.
type Settings struct {
	Name     string         // of the chain
	Currency money.Currency // the installation's only one
	Zone     *time.Location // of dates that belong to no store
	Language string         // for those who have not chosen and whose browser asks for none of ours
}

// Options is what a Shell is made of. Bundle, Log, Now and Settings are needed.
type Options struct {
	Bundle   *i18n.Bundle
	Log      *slog.Logger
	Now      func() time.Time
	Settings func() Settings // asked for every page: it must be quick
	Staff    *staff.Service  // nil: nobody can sign in
	// Refresh brings up to date what pages find in memory, before whoever is signed in is answered; nil: there is none.
	Refresh  func(context.Context) error
	Registry prometheus.Registerer // nil: no metrics
	// TrustedProxies may say who the caller is (X-Forwarded-For, -Proto).
	TrustedProxies []netip.Prefix
	IPRate         float64 // requests a second that one address may make without a good key; 50
	IPBurst        int     // and at once; 200
}

const (
	signInPath  = "/sign-in"
	maxBody     = 1 << 20          // bytes of a request, except where Allow says otherwise
	requestTime = 30 * time.Second // that a request may take, with the same exception
)

// Shell is what every surface stands in: the middleware, the layouts and the
// way in which errors are answered.
type Shell struct {
	opts    Options
	assets  *Assets
	base    templateSource
	own     *Pages
	limiter *limit.Limiter
	keyed   func(*http.Request) bool // nil: no call brings a key
	metrics *metrics
	csrf    *http.CrossOriginProtection
}

// New makes a Shell; it fails where a template or an asset is wrong.
func New(o Options) (s *Shell, err error) {
	defer errs.Wrap(&err, "make the web shell")
	if o.IPRate == 0 {
		o.IPRate = 50
	}
	if o.IPBurst == 0 {
		o.IPBurst = 200
	}
	files, err := fs.Sub(embedded, "assets")
	if err != nil {
		return nil, err
	}
	s = &Shell{
		opts:    o,
		limiter: limit.New(o.IPRate, o.IPBurst, 10_000, o.Now),
		metrics: newMetrics(o.Registry),
		csrf:    http.NewCrossOriginProtection(),
	}
	if s.assets, err = NewAssets("/assets/", files); err != nil {
		return nil, err
	}
	templates, err := fs.Sub(embedded, "templates")
	if err != nil {
		return nil, err
	}
	if s.base, err = readTemplates(templates, "_*.html"); err != nil {
		return nil, err
	}
	if s.own, err = s.Pages(templates, Nav{}); err != nil {
		return nil, err
	}
	return s, nil
}

// shown are the settings as pages show them: until somebody has named the
// chain, the program's own name stands there.
func (s *Shell) shown() Settings {
	is := s.opts.Settings()
	if is.Name == "" {
		is.Name = "Regulars"
	}
	return is
}

// Handler is a page or a call: it returns its error, and the Shell answers.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Handle makes an http.Handler of h.
func (s *Shell) Handle(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.Fail(w, r, err)
		}
	})
}

// Routes adds what belongs to no surface: assets, and the switches of language
// and theme.
func (s *Shell) Routes(mux *http.ServeMux) {
	mux.Handle("GET "+s.assets.prefix, s.assets)
	mux.Handle("POST /preferences", s.Handle(s.setPreferences))
}

// Middleware puts everything that holds for all requests around a mux.
func (s *Shell) Middleware(mux *http.ServeMux) http.Handler {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.route(mux, w, r) })
	h = s.identify(h)
	h = s.refuseIllegible(h)
	h = s.limitRate(h)
	h = s.refuseCrossOrigin(h)
	h = s.limitBody(h)
	h = s.recoverPanics(h)
	h = s.observe(h)
	h = s.limitTime(h)
	h = s.secure(h)
	return s.begin(h)
}

// NewServer is an http.Server with the time limits that belong to a Shell.
func (s *Shell) NewServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       requestTime + 30*time.Second,
		WriteTimeout:      requestTime + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return context.Background() },
	}
}
