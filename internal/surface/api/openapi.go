package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/limit"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
)

// examples are calls and their answers, written by the test that makes them.
//
//go:embed examples
var examples embed.FS

// description is the API in one language: huma's document of it and what the
// page needs besides.
type description struct {
	api     *API
	huma    huma.API
	types   huma.Registry
	problem *huma.Schema
	loc     *i18n.Localizer
	listed  []operation
	missing []error // words
}

// describe makes the documents of all languages and the routes of the calls.
func (a *API) describe(b *i18n.Bundle, version string) (*docs, error) {
	out := &docs{byLang: map[string]*description{}}
	for _, lang := range b.Languages() {
		to := routes{}
		if lang.Code == i18n.Fallback {
			to = a.routes
		}
		d := a.description(b.For(lang.Code), version, to)
		if err := errors.Join(d.missing...); err != nil {
			return nil, fmt.Errorf("%s: %w", lang.Code, err)
		}
		out.byLang[lang.Code] = d
	}
	return out, out.prepare(a.shell)
}

func (a *API) description(loc *i18n.Localizer, version string, to routes) *description {
	d := &description{api: a, loc: loc, types: huma.NewMapRegistry("#/components/schemas/", schemaName)}
	d.huma = humago.New(to, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: d.word("api.docs.title"), Version: version, Description: d.guide()},
			Components: &huma.Components{
				Schemas: d.types,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"till":        {Type: "http", Scheme: "bearer", Description: d.word("api.guide.keys.text")},
					"integration": {Type: "http", Scheme: "bearer", Description: d.word("api.guide.integrations.text")},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	})
	d.problem = d.types.Schema(reflect.TypeFor[problem](), true, "")
	a.operations(d)
	d.fillIn()
	return d
}

// operations lists every call.
func (a *API) operations(d *description) {
	get, send := http.MethodGet, http.MethodPost
	register(d, operation{id: "till", group: "till", method: get, path: "/v1/till"}, a.getTill)
	register(d, operation{id: "products", group: "till", method: get, path: "/v1/products", needs: integration.ReadProducts, tills: true,
		errors: []*errs.Error{errCursor}}, a.findProducts)

	post(d, operation{id: "find", group: "customers", method: send, path: "/v1/customers/find",
		errors: []*errs.Error{errFindOne, errTail}}, a.findCustomers)
	record(d, operation{id: "register", group: "customers", method: send, path: "/v1/customers", status: http.StatusCreated, again: http.StatusOK, changes: true,
		errors: []*errs.Error{errIdentifier, enrol.ErrKeyReused, errKeyHeader, confirm.ErrPhoneNeeded, confirm.ErrWrong}}, a.postCustomer)
	register(d, operation{id: "customer", group: "customers", method: get, path: "/v1/customers/{id}",
		errors: []*errs.Error{customer.ErrNotFound}}, a.getCustomer)
	register(d, operation{id: "balance", group: "customers", method: get, path: "/v1/customers/{id}/balance",
		errors: []*errs.Error{customer.ErrNotFound}}, a.getBalance)
	register(d, operation{id: "wordings", group: "customers", method: get, path: "/v1/wordings"}, a.getWordings)
	post(d, operation{id: "consents", group: "customers", method: send, path: "/v1/consents", changes: true,
		errors: []*errs.Error{customer.ErrNotFound, enrol.ErrProof}}, a.postConsents)
	register(d, operation{id: "customer_receipts", group: "customers", method: get, path: "/v1/customers/{id}/receipts",
		errors: []*errs.Error{customer.ErrNotFound, errCursor}}, a.customerReceipts)
	register(d, operation{id: "entries", group: "customers", method: get, path: "/v1/customers/{id}/entries",
		errors: []*errs.Error{customer.ErrNotFound, errCursor}}, a.customerEntries)

	selling := []*errs.Error{
		customer.ErrNotFound, receipt.ErrBlocked, receipt.ErrReasonMissing,
		pricing.ErrRedeemTooMuch, pricing.ErrRedeemMin, pricing.ErrRedeemStep, receipt.ErrCardNeeded, receipt.ErrCardWrong,
	}
	post(d, operation{id: "quote", group: "receipts", method: send, path: "/v1/quotes", errors: selling}, a.postQuote)
	confirming := []*errs.Error{confirm.ErrNeeded, confirm.ErrWrong}
	register(d, operation{id: "cancel_hold", group: "receipts", method: send, path: "/v1/holds/{id}/cancel", changes: true,
		errors: []*errs.Error{ledger.ErrHoldNotFound, ledger.ErrHoldEnded}}, a.cancelHold)
	post(d, operation{id: "hold", group: "receipts", method: send, path: "/v1/holds", status: http.StatusCreated, changes: true,
		errors: slices.Concat([]*errs.Error{customer.ErrNotFound, receipt.ErrBlocked, receipt.ErrHoldReused, receipt.ErrHoldPoints, receipt.ErrNumber, ledger.ErrTooFew, ledger.ErrBroken, errCashier, receipt.ErrCardNeeded, receipt.ErrCardWrong}, confirming)}, a.postHold)
	post(d, operation{id: "confirm", group: "receipts", method: send, path: "/v1/confirmations", status: http.StatusCreated, changes: true,
		errors: []*errs.Error{errConfirmOne, customer.ErrNotFound, receipt.ErrBlocked, confirm.ErrNotNeeded, confirm.ErrPhoneNotNeeded, pricing.ErrRedeemTooMuch, ledger.ErrTooFew, confirm.ErrTooMany, confirm.ErrPhoneTooMany, confirm.ErrTillTooMany, confirm.ErrNoAddress}}, a.postConfirmation)
	recording := []*errs.Error{receipt.ErrKeyReused, receipt.ErrIdempotencyKeyReused, errKeyHeader, receipt.ErrNumber, receipt.ErrTooOld, receipt.ErrInTheFuture, errCashier}
	record(d, operation{id: "record", group: "receipts", method: send, path: "/v1/receipts", status: http.StatusCreated, changes: true,
		errors: slices.Concat([]*errs.Error{receipt.ErrChanged, receipt.ErrQuoteMissing, receipt.ErrQuoteInvalid, receipt.ErrEmpty, receipt.ErrBeforeQuote, ledger.ErrTooFew, ledger.ErrTooMuch, ledger.ErrBroken}, selling, confirming, recording),
	}, a.postReceipt)
	post(d, operation{id: "late", group: "receipts", method: send, path: "/v1/receipts/batch", changes: true, large: true}, a.postLate)
	register(d, operation{id: "receipt", group: "receipts", method: get, path: "/v1/receipts/{id}",
		errors: []*errs.Error{receipt.ErrNotFound}}, a.getReceipt)
	register(d, operation{id: "find_receipts", group: "receipts", method: get, path: "/v1/receipts"}, a.findReceipts)

	returning := []*errs.Error{receipt.ErrNotFound, receipt.ErrNotASale, receipt.ErrNothingLeft, receipt.ErrTooManyReturned}
	post(d, operation{id: "preview", group: "returns", method: send, path: "/v1/returns/preview", errors: returning}, a.previewReturn)
	record(d, operation{id: "return", group: "returns", method: send, path: "/v1/returns", status: http.StatusCreated, changes: true,
		errors: slices.Concat(returning, recording, []*errs.Error{receipt.ErrBeforeSale})}, a.postReturn)
	a.integrationRoutes(d)
}

// groups are the chapters of the calls, in order.
var groups = []string{"till", "customers", "receipts", "returns", "stock", "reports"}

// chapters are those of the guide, in order.
var chapters = []string{"start", "keys", "integrations", "numbers", "times", "repeating", "errors", "texts", "lists", "limits"}

// common are failures that every call can have; posted and changing those of
// calls that send something and that have an effect.
var (
	common   = []*errs.Error{errKeyMissing, catalog.ErrKey, catalog.ErrTillOff, limit.ErrSlowDown, web.ErrTimeout, internal, invalid}
	posted   = []*errs.Error{errJSON, errBody, errMediaType, errBodySize}
	stray    = []*errs.Error{web.ErrNoPage, web.ErrMethod} // of no call
	changing = []*errs.Error{db.ErrUnsure}

	internal = errs.Of(errors.New("any other"))
	invalid  = errs.New(errs.Invalid, "invalid_request", "Something in the request is wrong; errors names every field, what is wrong with it and what would be right.")
)

// failures are all failures of a call that its documentation lists.
// most is the largest body that the call takes, in bytes.
func (o operation) most() int64 {
	if o.large {
		return maxLateBody
	}
	return maxBody
}

func (o operation) failures() []*errs.Error {
	list := slices.Clone(o.errors)
	if o.method != http.MethodGet {
		list = append(list, posted...)
	}
	if o.changes {
		list = append(list, changing...)
	}
	return slices.Concat(list, o.ofKeys(), common)
}

// operation is o as huma knows it.
func (d *description) operation(o operation) huma.Operation {
	op := huma.Operation{
		OperationID: o.id, Method: o.method, Path: o.path, DefaultStatus: o.status, Tags: []string{o.group},
		Summary: d.word("api.op." + o.id + ".title"), Description: d.word("api.op." + o.id + ".text"),
		MaxBodyBytes: o.most(), BodyReadTimeout: budget, SkipValidateParams: true, SkipValidateBody: true,
		Responses: map[string]*huma.Response{}, Security: o.security(),
	}
	for _, e := range o.failures() {
		status := fmt.Sprint(web.StatusOf(e))
		r := op.Responses[status]
		if r == nil {
			r = &huma.Response{Content: map[string]*huma.MediaType{"application/problem+json": {Schema: d.problem}}}
			op.Responses[status] = r
		}
		r.Description = strings.TrimPrefix(r.Description+"\n- `"+e.Code+"`: "+d.errorText(e), "\n")
	}
	return op
}

// security names the keys that a call takes.
func (o operation) security() (list []map[string][]string) {
	if o.needs == "" || o.tills {
		list = append(list, map[string][]string{"till": {}})
	}
	if o.needs != "" {
		list = append(list, map[string][]string{"integration": {}})
	}
	return list
}

// figure is one of a text that differs from call to call.
var figure = regexp.MustCompile(`\{[a-z_]+\}`)

// errorText says what to do about a failure.
func (d *description) errorText(e *errs.Error) string {
	return figure.ReplaceAllString(words(d.loc, e.Code, e.Text, e.Args), "N")
}

// word is a text of the documentation.
func (d *description) word(keys ...string) string {
	for _, key := range keys {
		if text, ok := d.loc.Lookup(key, nil); ok {
			return text
		}
	}
	d.missing = append(d.missing, fmt.Errorf("there is no text %s", strings.Join(keys, " or ")))
	return ""
}

// guide is the text before the calls.
func (d *description) guide() string {
	var b strings.Builder
	for _, c := range chapters {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", d.word("api.guide."+c+".title"), d.word("api.guide."+c+".text"))
	}
	return b.String()
}

// names of types that the program calls otherwise.
var names = map[string]string{
	"Recorded": "Receipt", "RecordedLine": "ReceiptLine", "ReceiptRequest": "Sale", "ReceiptList": "Receipts",
	"Person": "Customer", "People": "Customers", "RegisterRequest": "NewCustomer", "Registration": "Registered", "FindRequest": "Find", "Held": "Hold", "HoldRequest": "HoldDraft", "ConfirmationRequest": "ConfirmationDraft", "LateRequest": "LateReceipt",
	"IdentifierRef": "Identifier", "ConsentRequest": "Consent", "ReturnRequest": "Return", "ReturnLine": "ReturnedLine",
	"CurrencyRef": "Currency", "ProgrammeInfo": "Programme", "LevelDetails": "ProgrammeLevel", "TillRef": "TillName", "StoreRef": "StoreName",
	"StockRequest": "StockChanges", "ProductsRequest": "NewProducts", "EntityList": "Entities",
}

func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if other, ok := names[name]; ok {
		return other
	}
	return name
}

// fillIn adds to huma's document what it does not know: words, examples, and
// that answers may have more fields one day.
func (d *description) fillIn() {
	doc := d.huma.OpenAPI()
	asked := map[string]bool{}
	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				p.Description = d.word("api.param." + key(p.Name))
				if p.Name == "limit" {
					low, high := 1.0, float64(maxPage)
					p.Schema = &huma.Schema{Type: huma.TypeInteger, Minimum: &low, Maximum: &high, Default: defaultPage}
				}
			}
			if op.RequestBody != nil {
				media := op.RequestBody.Content["application/json"]
				d.reach(media.Schema, asked)
				media.Example = example(op.OperationID + ".request")
			}
			success := op.Responses[successOf(op)]
			if media := success.Content["application/json"]; media != nil {
				media.Example = example(op.OperationID + ".response")
			}
			if problem := op.Responses["409"]; problem != nil {
				problem.Content["application/problem+json"].Example = example(op.OperationID + ".problem")
			}
			for name, h := range success.Headers {
				h.Description = d.word("api.header." + key(name))
			}
		}
	}
	for _, o := range d.listed {
		if o.again != 0 {
			op := doc.Paths[o.path].Post
			op.Responses[fmt.Sprint(o.again)] = &huma.Response{
				Description: d.word("api.op." + o.id + ".again"), Content: op.Responses[successOf(op)].Content,
			}
		}
	}
	for name, s := range d.types.Map() {
		if !asked[name] {
			s.AdditionalProperties = nil
		}
		for prop, field := range s.Properties {
			field.Description = d.word("api.type."+strings.ToLower(name)+"."+key(prop), "api.field."+key(prop))
		}
	}
	for _, g := range groups {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: g, Description: d.word("api.group." + g)})
	}
}

// key is a name as files of texts have it; id means something else in them.
func key(name string) string {
	if name == "id" {
		return "ident"
	}
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// reach notes the types that a schema leads to.
func (d *description) reach(s *huma.Schema, seen map[string]bool) {
	if s == nil {
		return
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		if seen[name] {
			return
		}
		seen[name] = true
		s = d.types.Map()[name]
	}
	d.reach(s.Items, seen)
	for _, field := range s.Properties {
		d.reach(field, seen)
	}
}

func successOf(op *huma.Operation) string { return fmt.Sprint(op.DefaultStatus) }

// example reads one; nil where there is none.
func example(name string) any {
	text, err := fs.ReadFile(examples, "examples/"+name+".json")
	if err != nil {
		return nil
	}
	return json.RawMessage(text)
}

// plain is the OpenAPI document as JSON that can be read.
func (d *description) plain() ([]byte, error) {
	compact, err := json.Marshal(d.huma.OpenAPI())
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, compact, "", "  ")
	return b.Bytes(), err
}

// fields lists the properties of a type in the order in which Go has them.
func (d *description) fields(name string) (list []string) {
	s := d.types.Map()[name]
	if s == nil {
		return nil
	}
	for _, f := range reflect.VisibleFields(d.types.TypeFromRef("#/components/schemas/" + name)) {
		prop, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if s.Properties[prop] != nil && !slices.Contains(list, prop) {
			list = append(list, prop)
		}
	}
	return list
}

// typeNames lists the types by name.
func (d *description) typeNames() []string { return slices.Sorted(maps.Keys(d.types.Map())) }
