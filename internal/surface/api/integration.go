package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// Failures of integrations' calls.
var (
	errTillsOnly     = errs.New(errs.Forbidden, "tills_only", "This call is for the keys of tills, rg_…; this key is an integration's.")
	errKeysOnly      = errs.New(errs.Forbidden, "integrations_only", "This call is for the keys of integrations, ri_…; this key is a till's.")
	errKeyNeeded     = errs.New(errs.Invalid, "idempotency_key_needed", "Quantities are added only under an Idempotency-Key, so that sending the call again does not add them twice.")
	errStoreNotYours = errs.New(errs.Forbidden, "store_not_yours", "This key is not for this store.")
	errAllStores     = errs.New(errs.Forbidden, "all_stores_only", "This is only for keys that are for all stores.")
)

// maxItems is how many rows a call brings at most.
const maxItems = 1000

// may fails where the caller may not make a call.
func (by *caller) may(o operation) error {
	switch {
	case by.key == nil && o.needs != "" && !o.tills:
		return errKeysOnly
	case by.key == nil:
		return nil
	case o.needs == "":
		return errTillsOnly
	case !by.key.Can(o.needs):
		return integration.ErrForbidden
	}
	return nil
}

// scope is the stores that the caller sees; nil: all.
func (by *caller) scope() []catalog.StoreID {
	if by.key == nil {
		return []catalog.StoreID{by.Store.ID}
	}
	return by.key.Stores
}

func (by *caller) sees(store catalog.StoreID) bool {
	return by.key == nil && store == by.Store.ID || by.key != nil && by.key.Sees(store)
}

// name is how logs call the caller.
func (by *caller) name() string {
	if by.key != nil {
		return "integration " + by.key.ID.String()
	}
	return by.Till.ID.String()
}

// once is an answer that is given again to the same call.
type once[T any] struct {
	Replayed string `header:"Idempotent-Replayed"`
	Body     T
}

// answerOnce does what an integration's call asks for, once, and keeps the answer.
func answerOnce[I, O any](ctx context.Context, a *API, by *caller, in *I, key string, do func(context.Context, *db.Tx) (*O, error)) (*once[O], error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	text, replayed, err := a.integrations.Once(ctx, by.key, key, secret.Hash(string(body)), func(ctx context.Context, tx *db.Tx) (string, error) {
		out, err := do(ctx, tx)
		if err != nil {
			return "", err
		}
		kept, err := json.Marshal(out)
		return string(kept), err
	})
	if err != nil {
		return nil, err
	}
	out := &once[O]{}
	if replayed {
		out.Replayed = "true"
	}
	return out, json.Unmarshal([]byte(text), &out.Body)
}

// refusedRow is a row of a call that was left out.
type refusedRow struct {
	Index  int    `json:"index"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func refuseRow(by *caller, i int, err error) refusedRow {
	e := errs.Of(err)
	row := refusedRow{i, e.Code, words(by.loc, e.Code, e.Text, e.Args)}
	if len(e.Fields) > 0 {
		parts := make([]string, len(e.Fields))
		for i, f := range e.Fields {
			parts[i] = by.loc.T("api.wrong.field", "pointer", f.Pointer, "detail", strings.TrimSuffix(words(by.loc, f.Code, f.Text, e.ArgsOf(f)), "."))
		}
		row.Detail = strings.Join(parts, "; ")
	}
	return row
}

// tooMany refuses calls with more rows than are taken.
func tooMany(pointer string, n int) error {
	if n <= maxItems {
		return nil
	}
	return errs.InvalidField(pointer, "too_many", "are more than %d", maxItems).With("max", maxItems)
}

// storesByCode are all stores, by code and by id.
func (a *API) storesByCode(ctx context.Context) (map[string]catalog.Store, map[catalog.StoreID]catalog.Store, error) {
	list, err := a.catalog.Stores(ctx)
	byCode, byID := map[string]catalog.Store{}, map[catalog.StoreID]catalog.Store{}
	for _, s := range list {
		byCode[s.Code], byID[s.ID] = s, s
	}
	return byCode, byID, err
}

type productsRequest struct {
	Products []newProduct `json:"products" nullable:"false" maxItems:"1000"`
}

// newProduct is a product to be added or changed; what is not sent stays as it is.
type newProduct struct {
	SKU      string       `json:"sku" maxLength:"100"`
	Name     *string      `json:"name,omitzero" nullable:"false" maxLength:"200"`
	Category *string      `json:"category,omitzero" nullable:"false" maxLength:"64"`
	Brand    *string      `json:"brand,omitzero" nullable:"false" maxLength:"100"`
	Kind     *productKind `json:"kind,omitzero" nullable:"false"`
	Price    number       `json:"price,omitzero"`
	Cost     number       `json:"cost,omitzero"`
	Promo    *bool        `json:"promo,omitzero" nullable:"false"`
	Active   *bool        `json:"active,omitzero" nullable:"false"`
	Model    *string      `json:"model,omitzero" nullable:"false" maxLength:"200"`
	Options  *[]option    `json:"options,omitzero" nullable:"false" maxItems:"3"`
	Barcodes *[]string    `json:"barcodes,omitzero" nullable:"false" maxItems:"100"`
	Image    *string      `json:"image,omitzero" nullable:"false"`
}

// maxImages is how many images a call brings at most: each is made anew.
const maxImages = 20

type productsSaved struct {
	Created   int          `json:"created"`
	Updated   int          `json:"updated"`
	Unchanged int          `json:"unchanged"`
	Refused   []refusedRow `json:"refused" nullable:"false"`
}

// putProducts adds and changes products.
func (a *API) putProducts(ctx context.Context, by *caller, in *productsRequest, key string) (*once[productsSaved], error) {
	if err := tooMany("/products", len(in.Products)); err != nil {
		return nil, err
	}
	if by.key.Stores != nil { // products are the whole chain's
		return nil, errAllStores
	}
	images, err := in.images()
	if err != nil {
		return nil, err
	}
	return answerOnce(ctx, a, by, in, key, func(ctx context.Context, tx *db.Tx) (*productsSaved, error) {
		out := &productsSaved{Refused: []refusedRow{}}
		var list []catalog.ProductInput
		var places []int
		for i := range in.Products {
			p, err := in.Products[i].input(by)
			if err == nil {
				err = images[i].err
			}
			if err != nil {
				out.Refused = append(out.Refused, refuseRow(by, i, err))
				continue
			}
			list, places = append(list, p), append(places, i)
		}
		saved, err := a.catalog.SaveProductsTx(ctx, tx, list)
		if err != nil {
			return nil, err
		}
		out.Created, out.Updated, out.Unchanged = saved.Created, saved.Updated, saved.Unchanged
		for i, err := range saved.Refused {
			out.Refused = append(out.Refused, refuseRow(by, places[i], err))
		}
		slices.SortFunc(out.Refused, func(x, y refusedRow) int { return x.Index - y.Index })
		changed, err := a.saveImages(ctx, tx, list, places, &saved, images)
		if err != nil {
			return nil, err
		}
		out.Updated, out.Unchanged = out.Updated+changed, out.Unchanged-changed
		if out.Created+out.Updated == 0 {
			return out, nil
		}
		return out, a.staff.AuditTx(ctx, tx, staff.Entry{
			Action: "product.sent", Subject: "integration:" + by.key.ID.String(),
			After: []byte(`{"name":` + strconv.Quote(by.key.Name) + `,"count":` + strconv.Itoa(out.Created+out.Updated) + `}`),
		})
	})
}

// sentImage is the image that a row of a call brings.
type sentImage struct {
	made *catalog.Image // nil: it takes the image away
	err  error
}

// images makes those that the rows of a call bring, by their places.
func (in *productsRequest) images() (map[int]sentImage, error) {
	images := map[int]sentImage{}
	for i, p := range in.Products {
		if p.Image == nil {
			continue
		}
		if len(images) == maxImages {
			return nil, errs.InvalidField("/products", "too_many", "have more than %d images", maxImages).With("max", maxImages)
		}
		var one sentImage
		if *p.Image != "" {
			data, err := base64.StdEncoding.DecodeString(*p.Image)
			if err != nil {
				err = catalog.ErrNoImage
			}
			var made catalog.Image
			if err == nil {
				made, err = catalog.ReadImage(data)
			}
			if one = (sentImage{&made, nil}); err != nil {
				one.err = errs.Of(err).At("/image")
			}
		}
		images[i] = one
	}
	return images, nil
}

// saveImages gives products that were saved the images of their rows. changed are
// the rows that changed nothing else.
func (a *API) saveImages(ctx context.Context, tx *db.Tx, list []catalog.ProductInput, places []int, saved *catalog.Saved, images map[int]sentImage) (changed int, err error) {
	if len(images) == 0 {
		return 0, nil
	}
	var skus []string
	for _, p := range list {
		skus = append(skus, p.SKU)
	}
	found, err := a.catalog.BySKUTx(ctx, tx, skus)
	if err != nil {
		return 0, err
	}
	for i, place := range places {
		one, ok := images[place]
		if !ok || saved.Refused[i] != nil {
			continue
		}
		other, err := a.catalog.SetImageTx(ctx, tx, found[skus[i]].ID, one.made)
		if err != nil {
			return 0, err
		}
		if other && saved.Same[i] {
			changed++
		}
	}
	return changed, nil
}

func (p *newProduct) input(by *caller) (catalog.ProductInput, error) {
	r := by.reader()
	in := catalog.ProductInput{SKU: fold.Line(p.SKU), ProductChange: catalog.ProductChange{
		Name: p.Name, Category: p.Category, Brand: p.Brand, Kind: (*catalog.Kind)(p.Kind), Promo: p.Promo, Active: p.Active, Model: p.Model, Barcodes: p.Barcodes,
	}}
	if p.Price != "" {
		v := r.price(at("price"), p.Price)
		in.Price = &v
	}
	if p.Cost != "" {
		v := r.price(at("cost"), p.Cost)
		in.Cost = &v
	}
	if p.Options != nil {
		options := make([]catalog.Option, len(*p.Options))
		for i, o := range *p.Options {
			options[i] = catalog.Option(o)
		}
		in.Options = &options
	}
	return in, r.wrong.Err()
}

type entityList struct {
	Entities []entity `json:"entities" nullable:"false"`
}

type entity struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	TIN    string   `json:"tin,omitzero"`
	Stores []string `json:"stores" nullable:"false"`
}

// getEntities lists the legal entities and their stores.
func (a *API) getEntities(ctx context.Context, by *caller, _ *nothing) (*reply[entityList], error) {
	if by.key.Stores != nil {
		return nil, errAllStores
	}
	list, err := a.catalog.Entities(ctx)
	if err != nil {
		return nil, err
	}
	stores, err := a.catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	out := entityList{Entities: []entity{}}
	for _, e := range list {
		row := entity{ID: e.ID.String(), Name: e.Name, TIN: e.TIN, Stores: []string{}}
		if e.Unnamed() {
			row.Name = by.loc.T("admin.entities.unnamed")
		}
		for _, s := range stores {
			if s.Entity == e.ID {
				row.Stores = append(row.Stores, s.Code)
			}
		}
		out.Entities = append(out.Entities, row)
	}
	return &reply[entityList]{Body: out}, nil
}

// Period is the parameters of a report.
type Period struct {
	From string `query:"from"`
	To   string `query:"to"`
}

// longest is how long a period of a report may be.
const longest = 366 * 24 * time.Hour

// read gives the moments of a period.
func (p *Period) read() (from, to time.Time, err error) {
	var wrong errs.List
	moment := func(name, text string) time.Time {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			wrong.Add(name, "wrong_type", "must be a time with its zone").With("expected", shape("time"))
		}
		return t
	}
	from, to = moment("from", p.From), moment("to", p.To)
	if wrong.Len() == 0 && (!from.Before(to) || to.Sub(from) > longest) {
		wrong.Add("to", "bad_period", "must be after from, by a year at most")
	}
	return from, to, wrong.Err()
}

type identifiedQuery struct {
	Period
	By string `query:"by"`
}

type identifiedReport struct {
	Rows []identifiedRow `json:"rows" nullable:"false"`
}

type identifiedRow struct {
	Of     string  `json:"of"`
	Sales  int64   `json:"sales"`
	Known  int64   `json:"known"`
	Rate   decimal `json:"rate"`
	Before counted `json:"before"`
}

type counted struct {
	Sales int64   `json:"sales"`
	Known int64   `json:"known"`
	Rate  decimal `json:"rate"`
}

// getIdentified counts sales with a known customer.
func (a *API) getIdentified(ctx context.Context, by *caller, in *identifiedQuery) (*reply[identifiedReport], error) {
	from, to, err := in.read()
	if err != nil {
		return nil, err
	}
	grouping := receipt.ByStore
	if in.By != "" {
		grouping = receipt.Grouping(in.By)
	}
	if !slices.Contains([]receipt.Grouping{receipt.ByStore, receipt.ByTill, receipt.ByCashier}, grouping) {
		return nil, errs.InvalidField("by", "unknown_value", "must be store, till or cashier")
	}
	list, err := a.receipts.Identified(ctx, grouping, from, to, by.scope()...)
	if err != nil {
		return nil, err
	}
	out := identifiedReport{Rows: []identifiedRow{}}
	_, byID, err := a.storesByCode(ctx)
	for _, i := range list {
		of := strconv.FormatInt(i.Of, 10)
		if grouping == receipt.ByStore {
			of = byID[catalog.StoreID(i.Of)].Code
		} else if i.Of == 0 {
			of = ""
		}
		out.Rows = append(out.Rows, identifiedRow{of, i.Now.Sales, i.Now.Known, percent(i.Now.Rate()), counted{i.Before.Sales, i.Before.Known, percent(i.Before.Rate())}})
	}
	slices.SortFunc(out.Rows, func(x, y identifiedRow) int { return strings.Compare(x.Of, y.Of) })
	return &reply[identifiedReport]{Body: out}, err
}

type settlementQuery struct{ Period }

type settlementReport struct {
	Rows []settlementRow `json:"rows" nullable:"false"`
}

type settlementRow struct {
	Owner    string  `json:"owner"`
	Place    string  `json:"place"`
	Issued   decimal `json:"issued"`
	Redeemed decimal `json:"redeemed"`
	Expired  decimal `json:"expired"`
	Other    decimal `json:"rest"`
}

// getSettlement sums up what legal entities settle by.
func (a *API) getSettlement(ctx context.Context, by *caller, in *settlementQuery) (*reply[settlementReport], error) {
	if by.key.Stores != nil {
		return nil, errAllStores
	}
	from, to, err := in.read()
	if err != nil {
		return nil, err
	}
	flows, err := a.ledger.Flows(ctx, from, to)
	out := settlementReport{Rows: []settlementRow{}}
	for _, f := range flows {
		out.Rows = append(out.Rows, settlementRow{
			strconv.FormatInt(f.Owner, 10), strconv.FormatInt(f.Place, 10), points(f.Issued), points(f.Redeemed), points(f.Expired), points(f.Other),
		})
	}
	return &reply[settlementReport]{Body: out}, err
}

// integrationRoutes lists the calls of integrations.
func (a *API) integrationRoutes(d *description) {
	get, put := http.MethodGet, http.MethodPut
	record(d, operation{id: "put_products", group: "stock", method: put, path: "/v1/products", changes: true, large: true, needs: integration.WriteProducts,
		errors: []*errs.Error{integration.ErrReused, errKeyHeader}}, a.putProducts)
	record(d, operation{id: "put_stock", group: "stock", method: put, path: "/v1/stock", changes: true, large: true, needs: integration.WriteStock,
		errors: []*errs.Error{integration.ErrReused, errKeyHeader, errKeyNeeded}}, a.putStock)
	register(d, operation{id: "stock", group: "stock", method: get, path: "/v1/stock", needs: integration.ReadStock, tills: true,
		errors: []*errs.Error{errCursor, catalog.ErrStoreNotFound, errStoreNotYours}}, a.getStock)
	register(d, operation{id: "entities", group: "reports", method: get, path: "/v1/entities", needs: integration.ReadReports,
		errors: []*errs.Error{errAllStores}}, a.getEntities)
	register(d, operation{id: "identified", group: "reports", method: get, path: "/v1/reports/identified", needs: integration.ReadReports}, a.getIdentified)
	register(d, operation{id: "settlement", group: "reports", method: get, path: "/v1/reports/settlement", needs: integration.ReadReports,
		errors: []*errs.Error{errAllStores}}, a.getSettlement)
}

// ofKeys are failures that calls of integrations can have.
func (o operation) ofKeys() (list []*errs.Error) {
	if o.needs != "" {
		list = append(list, integration.ErrKey, integration.ErrForbidden)
	}
	switch {
	case o.needs == "":
		list = append(list, errTillsOnly)
	case !o.tills:
		list = append(list, errKeysOnly)
	}
	return list
}
