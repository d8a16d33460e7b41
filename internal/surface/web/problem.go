package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/staff"
)

// Problem is an error as callers see it (RFC 9457). Code is stable and meant
// for programs, Detail for people; it says what to do.
type Problem struct {
	Type      string         `json:"type,omitempty"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      string         `json:"code"`
	Detail    string         `json:"detail"`
	Errors    []ProblemField `json:"errors,omitempty"`
	RequestID string         `json:"request_id,omitempty"`
}

// ProblemField is what is wrong with one part of the request.
type ProblemField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	// Args are the figures that Detail names, as they are sent in requests.
	Args map[string]string `json:"args,omitempty"`
}

// statuses is the one place where kinds of errors become HTTP.
var statuses = map[errs.Kind]int{
	errs.Invalid:      http.StatusUnprocessableEntity,
	errs.Unauthorized: http.StatusUnauthorized,
	errs.Forbidden:    http.StatusForbidden,
	errs.NotFound:     http.StatusNotFound,
	errs.Conflict:     http.StatusConflict,
	errs.Reused:       http.StatusUnprocessableEntity,
	errs.TooLarge:     http.StatusRequestEntityTooLarge,
	errs.TooMany:      http.StatusTooManyRequests,
	errs.Unavailable:  http.StatusServiceUnavailable,
	errs.Internal:     http.StatusInternalServerError,
}

// StatusOf is the HTTP status of an error.
func StatusOf(err error) int {
	if errors.Is(err, ErrMethod) {
		return http.StatusMethodNotAllowed // the one that only HTTP knows
	}
	return cmp.Or(statuses[errs.KindOf(err)], http.StatusInternalServerError)
}

// ProblemOf describes an error. With a Localizer its words are that language's
// where they are translated; without one they are the API's English.
func ProblemOf(err error, loc *i18n.Localizer) *Problem {
	title := http.StatusText(StatusOf(err))
	if loc != nil {
		title = loc.T("web.status." + string(errs.KindOf(err)))
	}
	e := errs.Of(err)
	return Describe(err, title, loc.Error(e), func(f errs.Field) string {
		// Where the text of a field names figures and gives none, its English
		// says more than the words that all fields of the code share.
		if loc != nil && loc.Lang() == i18n.Fallback && len(f.Args) == 0 && strings.ContainsAny(f.Text, "0123456789") {
			return f.Text
		}
		return loc.Field(e, f)
	})
}

// Describe describes an error in the words given: say is asked for those of
// each field.
func Describe(err error, title, detail string, say func(errs.Field) string) *Problem {
	e := errs.Of(err)
	p := &Problem{Title: title, Status: StatusOf(err), Code: e.Code, Detail: detail}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, ProblemField{Pointer: f.Pointer, Code: f.Code, Detail: say(f), Args: plain(e.ArgsOf(f))})
	}
	return p
}

func plain(args map[string]any) map[string]string {
	if len(args) == 0 {
		return nil
	}
	out := make(map[string]string, len(args))
	for name, v := range args {
		out[name] = fmt.Sprint(v)
	}
	return out
}

// Say is what an error says to people, in the language of loc where it is
// translated, else in the API's English.
func Say(loc *i18n.Localizer, err error) string { return loc.Error(errs.Of(err)) }

// Refused reports whether an error is a refusal that a page says in place: of
// what was entered, or of what does not hold any more.
func Refused(err error) bool {
	kind := errs.KindOf(err)
	return err != nil && (kind == errs.Invalid || kind == errs.Conflict)
}

// GetStatus and ContentType let huma send a Problem as it is.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// Refused logs why somebody was not let in, who is told less than that.
func (s *Shell) Refused(r *http.Request, err error) {
	s.opts.Log.LogAttrs(r.Context(), slog.LevelWarn, "refused", slog.String("request_id", stateOf(r.Context()).id), slog.String("route", r.Pattern), slog.String("error", err.Error()))
}

// RetryAfter is how many seconds an error has somebody wait; empty: it does not say.
func RetryAfter(err error) string {
	if wait, ok := errs.Of(err).Args["seconds"].(int64); ok {
		return strconv.FormatInt(wait, 10)
	}
	return ""
}

// Fail answers a request with an error: a page for people, JSON for programs.
// Errors of ours are logged.
func (s *Shell) Fail(w http.ResponseWriter, r *http.Request, err error) {
	q := stateOf(r.Context())
	left := errors.Is(r.Context().Err(), context.Canceled)
	if r.Context().Err() != nil && errs.KindOf(err) == errs.Internal {
		// Our own clock or the caller's leaving cut the work short.
		err = ErrTimeout.Because(err)
	}
	status := StatusOf(err)
	if status >= 500 && !left { // whoever has left waits for no answer
		s.opts.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request_id", q.id), slog.String("route", r.Pattern), slog.String("error", err.Error()))
	}
	if rec, ok := w.(*recorder); ok && rec.status != 0 {
		panic(http.ErrAbortHandler) // half an answer is out: the caller must notice
	}
	h := w.Header()
	h.Del("Content-Length")
	h.Del("Content-Encoding")
	h.Del("ETag")
	h.Set("Cache-Control", "no-store")
	if wait := RetryAfter(err); wait != "" && status == http.StatusTooManyRequests {
		h.Set("Retry-After", wait)
	}
	if status == http.StatusUnauthorized && wantsHTML(r) {
		s.toSignIn(w, r)
		return
	}

	if errors.Is(err, staff.ErrEnrol) && wantsHTML(r) {
		Redirect(w, r, enrolPath)
		return
	}

	p := ProblemOf(err, nil)
	if wantsHTML(r) {
		p = ProblemOf(err, q.loc)
	}
	p.RequestID = q.id
	if !wantsHTML(r) {
		s.writeProblem(w, p)
		return
	}
	if isPartial(r) {
		// The part of the page that asked stays as it is; the message goes
		// where messages go, and the address does not change.
		h.Set("HX-Retarget", "#flash")
		h.Set("HX-Reswap", "innerHTML")
		h.Set("HX-Reselect", ".alert")
		h.Set("HX-Push-Url", "false")
		h.Set("HX-Replace-Url", "false")
	}
	s.own.fail(w, r, p, isPartial(r))
}

func (s *Shell) writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller has gone: there is nobody to tell
}

// ofAPI tells calls of the API from those of browsers.
func ofAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }

// wantsHTML tells browsers from programs: a program asks for JSON, or for
// anything, and the API answers nothing else.
func wantsHTML(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && !ofAPI(r)
}

// isPartial reports whether htmx asked, which puts the answer into the page.
func isPartial(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true"
}
