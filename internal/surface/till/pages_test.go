package till

import (
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
	"regulars/internal/surface/web/webtest"
)

// Every page speaks every language, with everything on it that it can show.
func TestPages(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	cur := money.Currency{Code: "UZS", Exponent: 2}
	settings := func() web.Settings {
		return web.Settings{Name: "Bahor", Currency: cur, Zone: time.UTC, Language: "en"}
	}
	shell, err := web.New(web.Options{Bundle: bundle, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	till, err := New(Config{Shell: shell, Now: func() time.Time { return now }, Settings: settings, Services: &loyalty.Services{Catalog: catalog.New(nil, nil, nil)}})
	if err != nil {
		t.Fatal(err)
	}

	at := &place{catalog.Till{ID: 3, Name: "Till 1", Active: true}, catalog.Store{ID: 2, Name: "Chilonzor", City: "Tashkent", Zone: time.UTC, Active: true}}
	sale := &receipt.Receipt{
		ID: 7, Kind: receipt.KindSale, Number: "2611221430001234", Store: 2, Till: 3, Customer: 9, SoldAt: now,
		Gross: 90_000_00, Discount: 2_000_00, PaidPoints: 3_000_00, Total: 85_000_00, Redeemed: 3_000_00, Earned: 850_00, Balance: 12_50,
		Lines: []receipt.Line{
			{Position: 1, SKU: "tea", Name: "Tea <b>", Quantity: 2000, Price: 45_000_0000, Gross: 90_000_00, Discount: 2_000_00, PaidPoints: 3_000_00, Total: 85_000_00, Returned: 1000},
		},
	}
	refund := *sale
	refund.ID, refund.Kind, refund.Withheld, refund.Original = 8, receipt.KindReturn, 100_00, 7
	printed := slip{
		Receipt: sale, Shop: "Bahor", Store: at.Store, Till: "Till 1", Cashier: "Malika", Who: "Aziza K.", Held: programme.Level{Code: "s", Name: "Silver"},
		Reached: programme.Level{Code: "g", Name: "Gold"}, Available: now, Until: now, Bars: barsOf(sale.Number), NumberAs: grouped(sale.Number), Left: true,
	}
	returned := printed
	returned.Receipt, returned.OriginalAs = &refund, grouped(sale.Number)

	gold := programme.Level{Code: "g", Name: "Gold", Threshold: 100}
	full := &saleView{
		frame: till.frame("sale", at), Zone: time.UTC, Touch: 0, Say: "Tea", Later: true, Can: true,
		basket: basket{Number: "1", Customer: 9, Redeem: "3000", NoPoints: true, Lines: []line{{SKU: "tea"}, {SKU: "bag"}, {SKU: "gone", Void: true}}},
		Errors: map[string]string{"quantity-0": "wrong", "discount-0": "wrong", "priced-1": "wrong", "redeem": "wrong", "reason": "wrong"},
		Who: &person{
			Customer: customer.Customer{ID: 9, FirstName: "Aziza"}, Phone: "••••4567", Account: &ledger.Account{Active: 5_000_00, Pending: 850_00, Debt: 10_00},
			Level: programme.Level{Code: "s", Name: "Silver", Discount: 200, Cashback: 300}, Next: &gold, ToNext: 50_000_00,
		},
		Q: &receipt.Quote{Result: pricing.Result{
			Gross: 90_000_00, Discount: 2_000_00, PaidPoints: 3_000_00, Total: 85_000_00, Earned: 850_00, AvailableAt: now, Reaches: &gold, Occasion: programme.Birthday,
		}},
		Points: &pointsView{Max: 5_000_00, Worth: 5_000_00, Limit: "rule", Whole: 1_000_00, Left: 84_000_00},
		Off:    []pricing.Discount{{Cause: pricing.CauseTill, Amount: 1_000_00}, {Cause: pricing.CauseTier, Amount: 1_000_00, Guarded: true}},
		Found: &found{
			Query: "q", Products: []catalog.Product{{SKU: "tea", Name: "Tea", Price: 45_000_0000}}, Receipts: []slipFound{{Receipt: sale}, {&refund, "2611 2214"}, {Receipt: &refund}}, Nothing: true, New: "3*q1",
			People: []customer.Tail{{ID: 9, State: customer.StateBlocked, Name: "Aziza K.", Masked: "••••4567"}, {ID: 10}},
		},
		Notes: []note{{"good", "note"}, {"bad", "note"}},
	}
	full.Rows = []row{
		{line: line{SKU: "tea", Name: "Tea", Price: 45_000_0000, Quantity: "2", Off: "1000"}, Guarded: true, Bad: true, Result: pricing.PricedLine{Gross: 90_000_00, Discount: 2_000_00, Total: 85_000_00}},
		{line: line{SKU: "bag", Name: "Bag", Quantity: "1"}, At: 1, Unpriced: true},
		{line: line{SKU: "4600", Quantity: "1", New: true}, At: 3, Unpriced: true, Bad: true},
		{line: line{SKU: "gone", Name: "Gone", Quantity: "1", Void: true}, At: 2},
	}
	uncarded := &saleView{frame: full.frame, basket: basket{Number: "1", Customer: 9, Card: "1234"}, Zone: time.UTC, Touch: -1, Who: full.Who, Points: full.Points, Q: &receipt.Quote{Result: pricing.Result{Limit: pricing.LimitCard}}}
	joining := &saleView{frame: till.frame("sale", at), Zone: time.UTC, Touch: -1}
	joining.Joining = true
	joining.JoinCode = "always"
	joining.Join = join{Card: "1", Errors: map[string]string{"join-phone": "wrong", "join-name": "wrong", "join-card": "wrong"}}
	asked := *joining
	asked.JoinCode = "asked"
	asked.Join = join{Asked: 1, Said: "12", Errors: map[string]string{"join-said": "wrong"}}
	choosing := &returnView{
		frame: till.frame("return", at), Sale: printed, Number: "2", Preview: &refund, Errors: map[string]string{"quantity-1": "wrong"},
		Notes: []note{{"warn", "note"}}, Rows: []back{{Line: sale.Lines[0], Left: 1000, Typed: "1", Chosen: 1000}},
	}
	everything := *choosing
	everything.Sale.Left, everything.Preview = false, nil

	pages := map[string][]any{
		"choose":  {chooseView{frame: till.frame("choose", nil)}, chooseView{frame: till.frame("choose", at), Groups: []choice{{at.Store, []catalog.Till{at.Till}}}}},
		"sale":    {full, uncarded, joining, &asked, &saleView{frame: till.frame("sale", at), Zone: time.UTC, Touch: -1}},
		"receipt": {receiptView{till.frame("sale", at), printed}, receiptView{till.frame("return", at), returned}},
		"returns": {
			returnsView{frame: till.frame("return", at)}, returnsView{frame: till.frame("return", at), Searched: true, Number: "7"},
			returnsView{frame: till.frame("return", at), Searched: true, Who: &person{}},
			returnsView{frame: till.frame("return", at), Who: &person{Name: "Aziza"}, List: []slipFound{{Receipt: sale}}, Stores: map[catalog.StoreID]catalog.Store{2: at.Store}},
		},
		"return":  {choosing, &everything},
		"offline": {offlineView{frame: till.frame("sale", at), Formats: formats{Money: "{}", Zone: "UTC"}}},
	}
	for name, all := range pages {
		for _, data := range all {
			show := func(w http.ResponseWriter, r *http.Request) error { return till.pages.Render(w, r, name, data) }
			if err := webtest.Check(i18n.Codes(), shell.Middleware, show); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	files, err := filepath.Glob("templates/[a-z]*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".html"); pages[name] == nil {
			t.Errorf("the page %s is not looked at", name)
		}
	}
}
