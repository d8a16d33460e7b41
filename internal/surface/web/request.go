package web

import (
	"context"
	"crypto/rand"
	"encoding"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/staff"
)

// state is what the middleware learned about a request. It is written by one
// goroutine, that of the request.
type state struct {
	id      string
	ip      netip.Addr
	tls     bool
	loc     *i18n.Localizer
	theme   string
	account *staff.Account
	token   string // of the session
	body    io.ReadCloser
	clock   *time.Timer
	started time.Time
}

type stateKey struct{}

func stateOf(ctx context.Context) *state {
	if q, ok := ctx.Value(stateKey{}).(*state); ok {
		return q
	}
	return &state{}
}

// RequestID is the id under which the log knows the request.
func RequestID(ctx context.Context) string { return stateOf(ctx).id }

// Loc speaks the language of whoever asks.
func Loc(ctx context.Context) *i18n.Localizer { return stateOf(ctx).loc }

// Account is who is signed in.
func Account(ctx context.Context) (a staff.Account, ok bool) {
	if q := stateOf(ctx); q.account != nil {
		return *q.account, true
	}
	return staff.Account{}, false
}

// Me is who is signed in, for routes that let nobody else in.
func Me(r *http.Request) staff.Account {
	who, _ := Account(r.Context())
	return who
}

// Origin is where whoever asks reaches the program, such as
// "https://loyalty.example": what links begin with that are sent to people.
func Origin(r *http.Request) string {
	scheme := "http://"
	if stateOf(r.Context()).tls {
		scheme = "https://"
	}
	return scheme + r.Host
}

// PathID reads the id that stands in the address under a name; where there is
// no such id, there is no such page.
func PathID[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](r *http.Request, name string) (id T, err error) {
	if P(&id).UnmarshalText([]byte(r.PathValue(name))) != nil {
		return id, ErrNoPage
	}
	return id, nil
}

// Client is where the request came from, for sessions and the audit log.
func Client(r *http.Request) staff.Client {
	c := staff.Client{Agent: r.UserAgent()}
	if ip := stateOf(r.Context()).ip; ip.IsValid() {
		c.IP = ip.String()
	}
	c.Agent = strings.ToValidUTF8(c.Agent[:min(len(c.Agent), 200)], "")
	return c
}

// Log is the program's log with the request's id on every line.
func (s *Shell) Log(ctx context.Context) *slog.Logger {
	return s.opts.Log.With(slog.String("request_id", RequestID(ctx)))
}

// begin gives the request its state: id, address, and for now the language of
// the browser; identify may know better.
func (s *Shell) begin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &state{id: requestID(r), theme: "auto", body: r.Body, started: s.opts.Now()}
		q.ip, q.tls = s.caller(r)
		q.loc = s.language(r, "")
		if c, err := r.Cookie(themeCookie); err == nil && validTheme(c.Value) {
			q.theme = c.Value
		}
		w.Header().Set("X-Request-Id", q.id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), stateKey{}, q)))
	})
}

// requestID takes the caller's id where it is harmless, or makes one.
func requestID(r *http.Request) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if id := r.Header.Get("X-Request-Id"); id != "" && len(id) <= 64 && strings.Trim(id, harmless) == "" {
		return id
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return hex.EncodeToString(b[:])
}

// caller finds out who called and whether the line was encrypted: from the
// connection, or from the proxies that the installation trusts.
func (s *Shell) caller(r *http.Request) (ip netip.Addr, tls bool) {
	tls = r.TLS != nil
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if ip, err = netip.ParseAddr(host); err != nil {
		return netip.Addr{}, tls
	}
	ip = ip.Unmap()
	if !s.trusted(ip) {
		return ip, tls
	}
	tls = tls || r.Header.Get("X-Forwarded-Proto") == "https"
	// Each proxy appends whom it saw: the last one that we do not trust is the
	// caller, whatever a caller has put in front of it.
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = hop.Unmap()
		if !s.trusted(ip) {
			break
		}
	}
	return ip, tls
}

func (s *Shell) trusted(ip netip.Addr) bool {
	for _, p := range s.opts.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

const (
	languageCookie = "lang"
	themeCookie    = "theme"
)

// language chooses: the account's own setting, the cookie of the switch, the
// browser's wish, the installation's.
func (s *Shell) language(r *http.Request, own string) *i18n.Localizer {
	b := s.opts.Bundle
	if own != "" && b.Has(own) {
		return b.For(own)
	}
	if c, err := r.Cookie(languageCookie); err == nil && b.Has(c.Value) {
		return b.For(c.Value)
	}
	if loc, ok := b.Match(r.Header.Get("Accept-Language")); ok {
		return loc
	}
	return b.For(s.opts.Settings().Language)
}

func validTheme(theme string) bool { return theme == "light" || theme == "dark" || theme == "auto" }

// setPreferences is the switch of language and theme in every page's menu.
func (s *Shell) setPreferences(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return ErrForm.Because(err)
	}
	if lang := r.PostForm.Get("language"); lang != "" {
		if !s.opts.Bundle.Has(lang) {
			return errs.New(errs.Invalid, "unknown_language", "There is no such language here.")
		}
		s.Remember(w, r, languageCookie, lang)
		if a, ok := Account(r.Context()); ok {
			if err := s.opts.Staff.SetLanguage(r.Context(), a.ID, lang); err != nil {
				return err
			}
		}
	}
	if theme := r.PostForm.Get("theme"); theme != "" {
		if !validTheme(theme) {
			return errs.New(errs.Invalid, "unknown_theme", "There is no such theme.")
		}
		s.Remember(w, r, themeCookie, theme)
	}
	Redirect(w, r, SafePath(r.PostForm.Get("back")))
	return nil
}

// Remember keeps a choice of how pages look in this browser, for a year.
func (s *Shell) Remember(w http.ResponseWriter, r *http.Request, name, value string) {
	s.SetCookie(w, r, name, value, 365*24*time.Hour)
}

// SetCookie keeps something in the browser that no script reads; for less than
// no time, it takes it away.
func (s *Shell) SetCookie(w http.ResponseWriter, r *http.Request, name, value string, keep time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure where the connection is
		Name: name, Value: value, Path: "/", MaxAge: int(keep / time.Second),
		HttpOnly: true, Secure: stateOf(r.Context()).tls, SameSite: http.SameSiteLaxMode,
	})
}

// Redirect sends the browser on after a change. htmx would follow a redirect
// behind the page's back, so it is told to go there itself.
func Redirect(w http.ResponseWriter, r *http.Request, url string) {
	if isPartial(r) {
		w.Header().Set("HX-Redirect", url)
		w.WriteHeader(http.StatusOK)
		return
	}
	http.Redirect(w, r, url, http.StatusSeeOther) //nolint:gosec // ours, or through SafePath
}

// SafePath is a path on this host that a form asked to go to, or "/": a link
// must not be able to send people elsewhere.
func SafePath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsFunc(path, unicode.IsControl) {
		return "/"
	}
	return path
}
