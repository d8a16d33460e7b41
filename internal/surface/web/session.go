package web

import (
	"net/http"
	"net/url"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/staff"
)

const (
	sessionCookie = "regulars_session"
	secondCookie  = "regulars_second"
	enrolPath     = "/account/second"
)

// SignIn signs an account in, whose password has just been checked, or asks for
// its second factor: then it is not in yet.
func (s *Shell) SignIn(w http.ResponseWriter, r *http.Request, id staff.ID) (in bool, err error) {
	token, expires, err := s.opts.Staff.Challenge(r.Context(), id)
	if err != nil {
		return false, err
	}
	if token == "" {
		return true, s.StartSession(w, r, id)
	}
	s.SetCookie(w, r, secondCookie, token, expires.Sub(s.opts.Now()))
	return false, nil
}

// SignInSecond signs in whoever SignIn has asked for a second factor.
func (s *Shell) SignInSecond(w http.ResponseWriter, r *http.Request, code string) error {
	c, err := r.Cookie(secondCookie)
	if err != nil {
		return staff.ErrChallenge
	}
	who, err := s.opts.Staff.PassChallenge(r.Context(), c.Value, code, Client(r))
	if err != nil {
		return err
	}
	s.SetCookie(w, r, secondCookie, "", -time.Second)
	return s.StartSession(w, r, who.ID)
}

// Asked tells what whoever SignIn has asked for more can show: codes of an app, a
// passkey; of nobody, both.
func (s *Shell) Asked(r *http.Request) (app, key bool, err error) {
	c, err := r.Cookie(secondCookie)
	if err != nil {
		return true, true, nil
	}
	return s.opts.Staff.Asked(r.Context(), c.Value)
}

// StartSession signs an account in that has shown all it has to. The
// token is always a new one: a cookie that was there before is worth nothing.
func (s *Shell) StartSession(w http.ResponseWriter, r *http.Request, id staff.ID) error {
	token, expires, err := s.opts.Staff.StartSession(r.Context(), id, Client(r))
	if err != nil {
		return err
	}
	s.SetCookie(w, r, sessionCookie, token, expires.Sub(s.opts.Now()))
	return nil
}

// EndSession signs out: here, and in the store.
func (s *Shell) EndSession(w http.ResponseWriter, r *http.Request) error {
	s.SetCookie(w, r, sessionCookie, "", -time.Second)
	if q := stateOf(r.Context()); q.token != "" {
		return s.opts.Staff.EndSession(r.Context(), q.token)
	}
	return nil
}

// SessionKey names the session in which r asks, as staff.Sessions does; "": none.
func SessionKey(r *http.Request) string {
	if token := stateOf(r.Context()).token; token != "" {
		return staff.SessionKey(token)
	}
	return ""
}

// Fresh tells whether whoever asks has signed in just now, see staff.Fresh.
func (s *Shell) Fresh(r *http.Request) (bool, error) {
	return s.opts.Staff.Fresh(r.Context(), stateOf(r.Context()).token)
}

// StillIn fails where the session in which r asks has ended meanwhile: what is sent for
// long asks now and then.
func (s *Shell) StillIn(r *http.Request) (err error) {
	if token := stateOf(r.Context()).token; token != "" {
		_, err = s.opts.Staff.SessionAccount(r.Context(), token)
	}
	return err
}

// identify finds out who is signed in. A cookie that is no longer good is not
// an error: the page decides whether it needs anybody.
func (s *Shell) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(sessionCookie)
		if err != nil || c.Value == "" || s.opts.Staff == nil {
			next.ServeHTTP(w, r)
			return
		}
		q := stateOf(r.Context())
		switch account, err := s.opts.Staff.SessionAccount(r.Context(), c.Value); {
		case err == nil:
			w.Header().Set("Cache-Control", "no-store") // unless whoever answers knows better
			q.account, q.token = &account, c.Value
			q.loc = s.language(r, account.Language)
			if s.opts.Refresh == nil {
				break
			}
			if err := s.opts.Refresh(r.Context()); err != nil {
				s.Fail(w, r, err)
				return
			}
		case errs.KindOf(err) == errs.Unauthorized:
			s.SetCookie(w, r, sessionCookie, "", -time.Second)
		default:
			s.Fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Require lets only those through who hold a permission. Somebody who is not
// signed in is sent to the sign-in page and comes back afterwards.
func (s *Shell) Require(p staff.Permission, h Handler) http.Handler {
	return s.Handle(Permitted(p, h))
}

// Permitted is Require as a Handler, to be put inside Allow and the like.
func Permitted(p staff.Permission, h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		a, ok := Account(r.Context())
		switch {
		case !ok:
			return staff.ErrNoSession
		case a.MustEnrol:
			return staff.ErrEnrol
		case !a.Can(p):
			return staff.ErrMayNot
		}
		return h(w, r)
	}
}

// SignedIn lets anybody through who is signed in.
func (s *Shell) SignedIn(h Handler) http.Handler {
	return s.Enrolling(func(w http.ResponseWriter, r *http.Request) error {
		if Me(r).MustEnrol {
			return staff.ErrEnrol
		}
		return h(w, r)
	})
}

// Enrolling lets those through too who have yet to set up the second factor that
// their role needs.
func (s *Shell) Enrolling(h Handler) http.Handler {
	return s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if _, ok := Account(r.Context()); !ok {
			return staff.ErrNoSession
		}
		return h(w, r)
	})
}

// toSignIn sends a browser to the sign-in page; what it wanted to see follows.
func (s *Shell) toSignIn(w http.ResponseWriter, r *http.Request) {
	back := "/"
	switch {
	case isPartial(r):
		if u, err := url.Parse(r.Header.Get("HX-Current-URL")); err == nil {
			back = SafePath(u.RequestURI())
		}
	case r.Method == http.MethodGet:
		back = SafePath(r.URL.RequestURI())
	}
	Redirect(w, r, signInPath+"?next="+url.QueryEscape(back))
}
