package api

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/programme"
)

// till says who calls and by what rules.
type till struct {
	Till      tillRef        `json:"till"`
	Store     store          `json:"store"`
	Currency  currencyRef    `json:"currency"`
	Time      time.Time      `json:"time"`
	Programme *programmeInfo `json:"programme,omitzero"`
	Code      registerCode   `json:"registration_code,omitzero"`
}

// registerCode says whether registering needs a code; left out where it does not.
type registerCode string

// Schema implements huma.SchemaProvider.
func (registerCode) Schema(huma.Registry) *huma.Schema {
	return enum(settings.AskCode, settings.AlwaysCode)
}

type tillRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type store struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
	Zone string `json:"zone"`
}

type currencyRef struct {
	Code     string `json:"code"`
	Decimals int    `json:"decimals"`
}

// programmeInfo is the programme that holds in the store.
type programmeInfo struct {
	Name       string         `json:"name"`
	Version    int            `json:"version"`
	Stopped    bool           `json:"stopped"`
	PointValue decimal        `json:"point_value"`
	Cap        decimal        `json:"redeem_cap"`
	Min        decimal        `json:"redeem_min"`
	Step       decimal        `json:"redeem_step"`
	Confirm    decimal        `json:"redeem_confirm_from,omitzero"`
	WithCard   bool           `json:"redeem_with_card,omitzero"`
	Levels     []levelDetails `json:"levels" nullable:"false"`
}

type levelDetails struct {
	Code      string  `json:"code"`
	Name      string  `json:"name"`
	Threshold decimal `json:"threshold"`
	Cashback  decimal `json:"cashback"`
	Discount  decimal `json:"discount"`
}

// getTill answers who the key belongs to.
func (a *API) getTill(ctx context.Context, by *caller, _ *nothing) (*reply[till], error) {
	out := till{
		Till:     tillRef{by.Till.ID.String(), by.Till.Name},
		Store:    store{by.Store.ID.String(), by.Store.Code, by.Store.Name, by.Store.Zone.String()},
		Currency: currencyRef{by.currency.Code, by.currency.Exponent},
		Time:     timeOf(by.now),
	}
	switch asks, err := a.enrol.Code(ctx); {
	case err != nil:
		return nil, err
	case asks != settings.NoCode:
		out.Code = registerCode(asks)
	}
	version, err := a.programmes.At(ctx, by.Store.Code, by.now)
	if err != nil {
		return nil, err
	}
	if version != nil {
		p, err := a.programmes.Get(ctx, version.ProgrammeID)
		if err != nil {
			return nil, err
		}
		out.Programme = by.programme(p.Name, version)
	}
	return &reply[till]{Body: out}, nil
}

func (by *caller) programme(name string, v *programme.Version) *programmeInfo {
	rules := &v.Rules
	out := &programmeInfo{
		Name: name, Version: v.Number, Stopped: rules.Stopped, PointValue: price(rules.PointValue),
		Cap: percent(rules.Redeem.Cap), Min: points(rules.Redeem.Min), Step: points(rules.Redeem.Step), WithCard: rules.Redeem.WithCard,
		Levels: make([]levelDetails, len(rules.Levels)),
	}
	if from := rules.Redeem.ConfirmFrom; from > 0 {
		out.Confirm = points(from)
	}
	for i, l := range rules.Levels {
		out.Levels[i] = levelDetails{l.Code, l.Name, by.currency.amount(l.Threshold), percent(l.Cashback), percent(l.Discount)}
	}
	return out
}

type productQuery struct {
	Query  string `query:"query"`
	Cursor string `query:"cursor"`
	Limit  string `query:"limit"`
}

type productPage struct {
	Products []product `json:"products" nullable:"false"`
	Next     string    `json:"next,omitzero"`
}

// product is what is sold.
type product struct {
	ID         string      `json:"id"`
	SKU        string      `json:"sku"`
	Name       string      `json:"name"`
	Brand      string      `json:"brand,omitzero"`
	Categories []string    `json:"categories" nullable:"false"`
	Kind       productKind `json:"kind"`
	Price      decimal     `json:"price"`
	Promo      bool        `json:"promo,omitzero"`
	Model      string      `json:"model,omitzero"`
	Options    []option    `json:"options,omitzero" nullable:"false"`
}

// option is one thing that tells a variant from the others of its model.
type option struct {
	Name  string `json:"name" maxLength:"60"`
	Value string `json:"value" maxLength:"60"`
}

type productKind string

// Schema implements huma.SchemaProvider.
func (productKind) Schema(huma.Registry) *huma.Schema {
	return enum(catalog.KindGoods, catalog.KindService, catalog.KindGiftCard)
}

// findProducts lists products that are sold.
func (a *API) findProducts(ctx context.Context, _ *caller, in *productQuery) (*reply[productPage], error) {
	most, err := pageSize(in.Limit)
	if err != nil {
		return nil, err
	}
	sold := true
	list, next, err := a.catalog.Products(ctx, catalog.ProductQuery{Search: in.Query, Active: &sold, After: in.Cursor, Limit: most})
	if errors.Is(err, errCursor) {
		err = errCursor.At("cursor")
	}
	if err != nil {
		return nil, err
	}
	out := productPage{Products: make([]product, len(list)), Next: next}
	for i, p := range list {
		out.Products[i] = productOf(p)
	}
	return &reply[productPage]{Body: out}, nil
}

func productOf(p catalog.Product) product {
	out := product{
		ID: p.ID.String(), SKU: p.SKU, Name: p.Name, Brand: p.Brand, Categories: p.Categories,
		Kind: productKind(p.Kind), Price: price(p.Price), Promo: p.Promo, Model: p.Model,
	}
	for _, o := range p.Options {
		out.Options = append(out.Options, option(o))
	}
	return out
}
