package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type homeView struct {
	frame
	Steps []step // empty: they are all done
	Done  int
	Must  int // of the steps, those that are not optional
	Now   *overview
	Clock string // of all stores, where the chain's is another
}

// step is one of the first steps.
type step struct {
	Key  string // its texts are admin.home.<key>
	Icon string
	Href string
	Done bool
	Next bool // the first that is not done
	// Optional steps help and hold nothing up.
	Optional bool
}

// overview is the figures of today.
type overview struct {
	Today, Before receipt.Sums // Before: a week ago, until this time of day
	Net           money.Amount
	NetBefore     money.Amount
	Share         money.Rate   // of sales with a customer
	Whole         bool         // of the whole chain, not of some stores
	Owed          money.Points // by the whole chain
	Low           int          // products that run low, where whoever looks minds them
	Recent        []receiptRow
	Columns       columnsView
	From          string // today, as a filter
}

// home leads on until the first sale, and shows how the day goes once there are
// receipts.
// Somebody who only sells is led to the till.
func (a *Admin) home(w http.ResponseWriter, r *http.Request) error {
	v := homeView{frame: a.frame(r.Context())}
	if !v.May(staff.ViewReports) {
		return a.pages.Render(w, r, "home", v)
	}
	var err error
	if v.Clock, err = a.otherClock(r.Context()); err != nil {
		return err
	}
	var steps []step
	if v.May(staff.ManageStores) {
		if steps, err = a.steps(r.Context()); err != nil {
			return err
		}
	}
	next := false
	for i := range steps {
		s := &steps[i]
		switch {
		case s.Optional:
			continue
		case s.Done:
			v.Done++
		case !next:
			s.Next, next = true, true
		}
		v.Must++
	}
	if v.Done < v.Must {
		v.Steps = steps
	}
	latest, err := a.Receipts.List(r.Context(), receipt.Filter{Kind: receipt.KindSale, Stores: v.Me.Scope()}, receipt.Cursor{}, 1)
	if err != nil {
		return err
	}
	if len(latest) > 0 {
		if v.Now, err = a.overview(r); err != nil {
			return err
		}
	}
	return a.pages.Render(w, r, "home", v)
}

// otherClock names a store of each time zone if the clocks of all of them differ
// from the chain's: then what the chain takes for today is no store's.
func (a *Admin) otherClock(ctx context.Context) (string, error) {
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return "", err
	}
	now, zone := a.Now(), a.Settings.Get().Zone
	told, zones := []string{}, map[string]bool{}
	for _, s := range stores {
		switch {
		case !s.Active:
		case offset(now, s.Zone) == offset(now, zone):
			return "", nil
		case !zones[s.Zone.String()]:
			zones[s.Zone.String()] = true
			told = append(told, s.Name+" ("+s.Zone.String()+")")
		}
	}
	return strings.Join(told, ", "), nil
}

func (a *Admin) steps(ctx context.Context) ([]step, error) {
	tills, err := a.Catalog.Tills(ctx, 0)
	if err != nil {
		return nil, err
	}
	selling := step{Key: "stores", Icon: "building-store", Href: "/stores", Done: len(tills) > 0}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	if len(stores) > 0 && !selling.Done { // of an import, perhaps
		selling.Key = "tills"
		if len(stores) == 1 {
			selling.Href += "/" + stores[0].ID.String()
		}
	}
	sold, err := a.hasSold(ctx, tills)
	if err != nil {
		return nil, err
	}
	people, _, err := a.Customers.List(ctx, customer.ListQuery{Limit: 1})
	if err != nil {
		return nil, err
	}
	goods, _, err := a.Catalog.Products(ctx, catalog.ProductQuery{Limit: 1})
	if err != nil {
		return nil, err
	}
	holding, err := a.Programmes.Holding(ctx, a.Now())
	if err != nil {
		return nil, err
	}
	return []step{
		selling,
		{Key: "programme", Icon: "gift", Href: "/programme", Done: len(holding) > 0},
		{Key: "customers", Icon: "users", Href: "/customers", Done: len(people) > 0},
		{Key: "products", Icon: "package", Href: "/products", Done: len(goods) > 0, Optional: true},
		{Key: "sale", Icon: "basket", Href: a.TillPath, Done: sold},
	}, nil
}

// hasSold reports whether one of the tills has sold: what was imported is no sale
// of this program's. Receipts are not looked through that are older than the tills
// can know.
func (a *Admin) hasSold(ctx context.Context, tills []catalog.Till) (bool, error) {
	if len(tills) == 0 {
		return false, nil
	}
	first := slices.MinFunc(tills, func(x, y catalog.Till) int { return x.CreatedAt.Compare(y.CreatedAt) })
	own := receipt.Filter{Kind: receipt.KindSale, Own: true, From: first.CreatedAt.AddDate(0, 0, -7)}
	sold, err := a.Receipts.List(ctx, own, receipt.Cursor{}, 1)
	return len(sold) > 0, err
}

func (a *Admin) overview(r *http.Request) (*overview, error) {
	ctx := r.Context()
	now, zone, scope := a.Now(), a.Settings.Get().Zone, web.Me(r).Scope()
	midnight := programme.Midnight(now, 0, zone)
	v := &overview{From: midnight.In(zone).Format(time.DateOnly), Columns: receiptList.view(r)}
	var err error
	if v.Today, err = a.Receipts.Sum(ctx, midnight, now.Add(time.Microsecond), scope...); err != nil {
		return nil, err
	}
	if v.Before, err = a.Receipts.Sum(ctx, programme.Midnight(now, -7, zone), now.In(zone).AddDate(0, 0, -7), scope...); err != nil {
		return nil, err
	}
	v.Net, v.NetBefore = v.Today.Sold-v.Today.Refunded, v.Before.Sold-v.Before.Refunded
	if v.Today.Sales > 0 {
		v.Share = money.Rate((2*v.Today.Identified*int64(money.Whole) + v.Today.Sales) / (2 * v.Today.Sales))
	}
	if v.Whole = scope == nil; v.Whole {
		if v.Owed, err = a.liability(ctx); err != nil {
			return nil, err
		}
	}
	if web.Me(r).Can(staff.ManageStock) {
		if v.Low, err = a.Stock.CountLow(ctx, scope); err != nil {
			return nil, err
		}
	}
	recent, err := a.Receipts.List(ctx, receipt.Filter{Stores: scope}, receipt.Cursor{}, 8)
	if err != nil {
		return nil, err
	}
	v.Recent, err = a.receiptRows(r, recent)
	return v, err
}

// liability is what all customers hold in points. It is read anew when a hundred
// times as long has passed as reading it takes, or a minute: at once in a shop.
func (a *Admin) liability(ctx context.Context) (money.Points, error) {
	a.owed.Lock()
	defer a.owed.Unlock()
	now := a.Now()
	if !a.owed.at.IsZero() && now.Sub(a.owed.at) < a.owed.holds {
		return a.owed.points, nil
	}
	points, err := a.Ledger.Owed(ctx)
	if err == nil {
		a.owed.points, a.owed.at, a.owed.holds = points, now, min(100*a.Now().Sub(now), time.Minute)
	}
	return points, err
}
