package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
)

// Failures of the calls themselves.
var (
	errKeyMissing = errs.New(errs.Unauthorized, "key_missing", "Send the key in the header: Authorization: Bearer rg_… of a till, or ri_… of an integration. The back office issues one.")
	errMediaType  = errs.New(errs.Invalid, "media_type", "Send the body as JSON, with Content-Type: application/json.")
	errSlowBody   = errs.New(errs.Unavailable, "body_too_slow", "The body did not arrive in time; nothing was changed. Send it again.")
	errCutBody    = errs.New(errs.Invalid, "body_cut", "The body ended before its time; nothing was changed. Send it again.")
	errKeyHeader  = errs.New(errs.Invalid, "idempotency_key", "An Idempotency-Key is 1 to 100 printable ASCII characters, in quotes or without.")
	errCursor     = errs.New(errs.Invalid, "bad_cursor", "The parameter cursor is not a cursor of this list. Begin again without it.")
	errBodySize   = web.ErrBodySize.With("max", maxBody>>10)
)

// problem is an error as it is answered. Quote comes with code quote_changed,
// Receipt with receipt_number_reused.
type problem struct {
	*web.Problem
	Quote   *quote `json:"quote,omitzero"`
	Receipt string `json:"receipt,omitzero"`
}

// problemOf describes an error in the caller's language.
func problemOf(ctx context.Context, err error) *problem {
	var p *web.Problem
	if loc := web.Loc(ctx); loc == nil {
		p = web.ProblemOf(err, nil)
	} else {
		e := errs.Of(err)
		p = web.Describe(err, title(loc, e), words(loc, e.Code, e.Text, e.Args), func(f errs.Field) string {
			return words(loc, f.Code, f.Text, e.ArgsOf(f))
		})
		if len(p.Errors) > 1 || e.Code == invalid.Code && len(p.Errors) > 0 {
			p.Detail = allOf(loc, p.Errors)
		}
	}
	p.Type = docsPath + "#" + p.Code
	p.RequestID = web.RequestID(ctx)
	return &problem{Problem: p}
}

func title(loc *i18n.Localizer, e *errs.Error) string {
	if errors.Is(e, web.ErrMethod) {
		return loc.T("api.status.method")
	}
	return loc.T("api.status." + string(e.Kind))
}

// words says what an error of this code means to whoever writes a program
// against the API: in the API's own words where it has any, else in English as
// the error itself does, which tells more than what it shares with pages, and
// in other languages as pages do.
func words(loc *i18n.Localizer, code, text string, args map[string]any) string {
	spoken := make(map[string]any, len(args))
	for name, v := range args {
		switch v := v.(type) {
		case money.Points:
			spoken[name] = loc.PointsText(v)
		case shape:
			spoken[name] = loc.T("api.expected." + string(v))
		default:
			spoken[name] = v
		}
	}
	if own, ok := loc.FailureIn("api.error.", code, spoken); ok {
		return own
	}
	if loc.Lang() != i18n.Fallback {
		if t, ok := loc.Failure(code, args); ok {
			return t
		}
	}
	return text
}

// alone are codes of what ends the reading of a body.
var alone = []string{"wrong_type", "unknown_field", "duplicate_field"}

// allOf says everything that is wrong in one text.
func allOf(loc *i18n.Localizer, list []web.ProblemField) string {
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = loc.T("api.wrong.field", "pointer", f.Pointer, "detail", strings.TrimSuffix(f.Detail, "."))
	}
	text := strings.Join(parts, "; ")
	if slices.Contains(alone, list[0].Code) {
		text += ". " + loc.T("api.wrong.first_only")
	}
	return text
}

// allWrong adds the fields that another error names and err does not.
func allWrong(err, other error) error {
	e, more := errs.Of(err), errs.Of(other)
	if other == nil || len(more.Fields) == 0 {
		return err
	}
	var wrong errs.List
	for i, f := range slices.Concat(e.Fields, more.Fields) {
		if i >= len(e.Fields) && slices.ContainsFunc(e.Fields, func(said errs.Field) bool { return said.Pointer == f.Pointer }) {
			continue
		}
		added := wrong.Add(f.Pointer, f.Code, "%s", f.Text)
		added.Args = f.Args
	}
	return wrong.Err()
}

// inTime is err, or that there was no time: it was over, or the caller has gone.
func inTime(ctx context.Context, err error) error {
	if errs.KindOf(err) == errs.Internal && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil) {
		return web.ErrTimeout.Because(err)
	}
	return err
}

// failed turns what a call failed with into its answer, and logs what is our
// fault; changes says whether the call may have changed something.
func (a *API) failed(ctx context.Context, by *caller, route string, changes bool, err error) error {
	if err = inTime(ctx, err); changes && errors.Is(err, web.ErrTimeout) {
		err = db.ErrUnsure.Because(err)
	}
	p := problemOf(ctx, err)
	if p.Status >= http.StatusInternalServerError {
		level := slog.LevelError
		if errors.Is(ctx.Err(), context.Canceled) { // whoever has left waits for no answer
			level = slog.LevelInfo
		}
		a.shell.Log(ctx).LogAttrs(ctx, level, "call failed",
			slog.String("route", route), slog.String("caller", by.name()), slog.String("error", err.Error()))
	}
	if changed := (*receipt.ChangedError)(nil); errors.As(err, &changed) {
		by.changed(p, changed)
	}
	if of, ok := errs.Of(err).Args["receipt"].(receipt.ID); ok {
		p.Receipt = by.ids.receipt(of)
		for i := range p.Errors {
			p.Errors[i].Args = nil // it is not sealed there
		}
	}
	switch wait := web.RetryAfter(err); {
	case p.Status == http.StatusServiceUnavailable:
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	case p.Status == http.StatusTooManyRequests && wait != "":
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {wait}})
	}
	return p
}

// refuse answers a request that does not reach its operation.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	err = inTime(r.Context(), err)
	p := problemOf(r.Context(), err)
	h := w.Header()
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		if wait := web.RetryAfter(err); wait != "" {
			h.Set("Retry-After", wait)
		}
	}
	if p.Status >= http.StatusInternalServerError {
		a.shell.Log(r.Context()).LogAttrs(r.Context(), slog.LevelError, "call refused", slog.String("error", err.Error()))
	}
	h.Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.MarshalWrite(w, p) // the caller has gone: there is nobody to tell
}

// hookHuma has huma describe its own errors as ours. Its hooks are variables
// of its package, so they are set once for all.
var hookHuma = sync.OnceFunc(func() {
	huma.NewError = func(int, string, ...error) huma.StatusError { return &problem{Problem: &web.Problem{}} }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, list ...error) huma.StatusError {
		return problemOf(ctx.Context(), humaError(status, msg, list))
	}
})

// humaError gives our error for one that huma found before the operation.
func humaError(status int, msg string, list []error) error {
	cause := errors.Join(append(list, errors.New(msg))...)
	for _, err := range list {
		if own := (*errs.Error)(nil); errors.As(err, &own) {
			return err
		}
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return errBodySize.With("max", tooLarge.Limit>>10).Because(cause)
		}
	}
	switch status {
	case http.StatusRequestEntityTooLarge:
		return errBodySize.Because(cause)
	case http.StatusRequestTimeout:
		return errSlowBody.Because(cause)
	case http.StatusBadRequest:
		return errBody
	case http.StatusInternalServerError: // of reading the body: operations describe their own
		return errCutBody.Because(cause)
	}
	return cause
}
