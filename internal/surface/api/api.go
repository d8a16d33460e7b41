package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/limit"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/loyalty/stock"
	"regulars/internal/surface/web"
)

// Limits of a call.
const (
	maxBody = 256 << 10 // bytes
	// largeTime is how long a call may take that brings a batch.
	largeTime = 2 * time.Minute
	budget    = 10 * time.Second
	// How many customers a till may look for, or register, a second, and at once: far more than
	// come to it, and far fewer than there are numbers behind a masked one.
	looksRate, looksBurst = 2, 240
)

// Config is what the API is made of. What stands after Secret need not be
// given.
type Config struct {
	*loyalty.Services
	Shell  *web.Shell
	Now    func() time.Time
	Bundle *i18n.Bundle
	Secret []byte // of the installation: seals the ids that tills get

	Version string  // of the program, for the OpenAPI document
	Rate    float64 // calls a second that a key may make; 200
	Burst   int     // and at once; 400
}

// API is the till API.
type API struct {
	shell        *web.Shell
	receipts     *receipt.Service
	ledger       *ledger.Service
	programmes   *programme.Service
	catalog      *catalog.Service
	customers    *customer.Service
	attributes   *attribute.Service
	enrol        *enrol.Service
	staff        *staff.Service
	stock        *stock.Service
	integrations *integration.Service
	now          func() time.Time
	currency     currency
	ids          seals
	limiter      *limit.Limiter
	looks        *limit.Limiter // searches for customers and registrations, of each till
	routes       routes
	docs         *docs
}

// New makes the API; it fails where its documentation is not complete.
func New(c Config) (a *API, err error) {
	defer errs.Wrap(&err, "make the till API")
	if c.Rate == 0 {
		c.Rate = 200
	}
	if c.Burst == 0 {
		c.Burst = 400
	}
	a = &API{
		shell: c.Shell, receipts: c.Receipts, ledger: c.Ledger, programmes: c.Programmes, catalog: c.Catalog,
		customers: c.Customers, attributes: c.Attributes, enrol: c.Enrol, staff: c.Staff, stock: c.Stock, integrations: c.Integrations, now: c.Now, currency: currency{c.Receipts.Currency()},
		limiter: limit.New(c.Rate, c.Burst, 10_000, c.Now), looks: limit.New(looksRate, looksBurst, 10_000, c.Now), routes: routes{},
	}
	if a.ids, err = newSeals(c.Secret); err != nil {
		return nil, err
	}
	hookHuma()
	a.docs, err = a.describe(c.Bundle, c.Version)
	return a, err
}

// Routes adds the calls, the OpenAPI document and its page.
func (a *API) Routes(mux *http.ServeMux) {
	a.shell.KeyedBy(func(r *http.Request) bool {
		key, ok := keyOf(r)
		return ok && a.limiter.Knows(key)
	})
	own := http.NewServeMux()
	large := map[string]int64{}
	for _, o := range a.docs.byLang[i18n.Fallback].listed {
		if o.large {
			large[o.method+" "+o.path] = o.most()
		}
	}
	for pattern, h := range a.routes {
		var answer http.Handler = a.admit(h)
		if most := large[pattern]; most > 0 {
			answer = a.shell.Allow(most, largeTime, func(w http.ResponseWriter, r *http.Request) error {
				a.admit(h)(w, r)
				return nil
			})
		}
		mux.Handle(pattern, answer)
		own.HandleFunc(pattern, h)
	}
	for _, rest := range []string{"/v1", "/v1/"} {
		mux.HandleFunc(rest, func(w http.ResponseWriter, r *http.Request) { a.stray(own, w, r) })
	}
	a.Docs(mux)
}

// Docs adds only the OpenAPI document and its page, where another process answers the calls.
func (a *API) Docs(mux *http.ServeMux) { a.docs.routes(mux, a.shell) }

// stray answers what is no call.
func (a *API) stray(own *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	answering(w, r)
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := own.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		a.refuse(w, r, web.ErrNoPage)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	a.refuse(w, r, web.ErrMethod)
}

// routes are handlers by pattern. It is what huma takes for a mux, so that the
// real one sees a handler only with everything around it.
type routes map[string]http.HandlerFunc

// HandleFunc implements humago.Mux.
func (r routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r[pattern] = h
}

// ServeHTTP implements humago.Mux; nobody serves from here.
func (routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// caller is the till or the integration that calls, and how it is answered.
type caller struct {
	receipt.Caller
	key      *integration.Key // of an integration; nil: a till calls
	currency currency
	ids      *seals
	loc      *i18n.Localizer
	now      time.Time
	query    url.Values // what the address asks
}

type callerKey struct{}

// admit lets a till in by its key, at its rate, for so long.
func (a *API) admit(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answering(w, r)
		by, err := a.identify(r)
		if err == nil {
			err = web.CheckAddress(r)
		}
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), callerKey{}, by), budget)
		defer cancel()
		next(w, r.WithContext(ctx))
	}
}

// answering sets what every answer has.
func answering(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Language", web.Loc(r.Context()).Lang())
}

// keyOf is the key that a call brings.
func keyOf(r *http.Request) (key string, ok bool) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}

func (a *API) identify(r *http.Request) (*caller, error) {
	key, ok := keyOf(r)
	if !ok {
		return nil, errKeyMissing
	}
	by, err := a.callerOf(r, key)
	if err != nil {
		if kind := errs.KindOf(err); kind != errs.Internal && kind != errs.Unavailable {
			a.limiter.Forget(key) // it is its address's again to answer for
		}
		return nil, err
	}
	if err := a.limiter.Check(key); err != nil {
		return nil, err
	}
	if kind := r.Header.Get("Content-Type"); kind != jsonType && r.Method != http.MethodGet {
		if kind != "" && !isJSON(kind) {
			return nil, errMediaType
		}
		r.Header.Set("Content-Type", jsonType) // as huma knows it
	}
	var query url.Values
	if r.URL.RawQuery != "" {
		query = r.URL.Query()
	}
	by.query, by.currency, by.ids, by.loc, by.now = query, a.currency, &a.ids, web.Loc(r.Context()), a.now()
	return by, nil
}

// callerOf finds whose a key is.
func (a *API) callerOf(r *http.Request, key string) (*caller, error) {
	if strings.HasPrefix(key, integration.Prefix) {
		k, err := a.integrations.ByKey(r.Context(), key)
		if err != nil {
			return nil, err
		}
		return &caller{key: k}, a.catalog.Refresh(r.Context())
	}
	till, store, err := a.catalog.TillByKey(r.Context(), key)
	return &caller{Caller: receipt.Caller{Till: till, Store: store}}, err
}

const jsonType = "application/json"

func isJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), jsonType)
}
