package till_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// lateAnswer is what the page is told of its queue.
type lateAnswer struct {
	Results []struct {
		Number, State, Receipt string
		Says                   []string
	}
	Clock string
}

// late sends a queue as the page does.
func (v *visitor) late(till int, sent time.Time, slips ...map[string]any) (out lateAnswer) {
	v.t.Helper()
	body, err := json.Marshal(map[string]any{"till": v.tills[till].ID.String(), "sent_at": sent.UnixMilli(), "slips": slips})
	check(v.t, err)
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.server.URL+"/till/late", bytes.NewReader(body))
	check(v.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	res, err := v.client.Do(r)
	check(v.t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	if res.StatusCode != http.StatusOK {
		v.t.Fatalf("status %d", res.StatusCode)
	}
	check(v.t, json.NewDecoder(res.Body).Decode(&out))
	return out
}

func (a lateAnswer) states() (list []string) {
	for _, r := range a.Results {
		list = append(list, r.State)
	}
	return list
}

func tea(number string, at time.Time, more map[string]any) map[string]any {
	slip := map[string]any{
		"kind": "sale", "number": number, "sold_at": at.UnixMilli(), "total": 45_000_00,
		"lines": []map[string]any{{"sku": "tea-100", "name": "Tea", "quantity": 1000, "price": 45_000_0000, "charged": 45_000_00}},
	}
	for k, v := range more {
		slip[k] = v
	}
	return slip
}

// A week of a till comes in order, each receipt once: also when it is sent again,
// and from a second till to which the queue was copied.
func TestLateIsRecordedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		began := s.Now()
		s.Clock.Advance(7 * 24 * time.Hour)
		v := s.enter("cashier", 0)
		owner, err := s.Staff.Named(t.Context(), "owner")
		check(t, err)
		slips := []map[string]any{
			tea("1", began.Add(time.Hour), map[string]any{"customer": sealed(s.aziza), "staff": owner.ID.String()}),
			tea("2", began.Add(2*time.Hour), map[string]any{"shown": "+998 90 123-45-67"}),
			tea("3", began.Add(3*time.Hour), map[string]any{"shown": "99 999 99 99", "staff": "7"}),
			tea("4", began.Add(4*time.Hour), map[string]any{"total": 40_000_00, "lines": []map[string]any{{"sku": "tea-100", "quantity": 1000, "price": 45_000_0000, "charged": 40_000_00}}}),
			{"kind": "return", "number": "5", "sold_at": began.Add(5 * time.Hour).UnixMilli(), "total": 45_000_00, "original_number": "1", "parts": []receipt.ReturnLine{{Position: 1, Quantity: money.One}}},
			{"kind": "return", "number": "6", "sold_at": began.Add(6 * time.Hour).UnixMilli(), "original_number": "nothing"},
			tea("7", began.Add(-20*24*time.Hour), nil),
		}
		first := v.late(0, s.Now(), slips...)
		if want := []string{"recorded", "recorded", "differs", "differs", "recorded", "refused", "refused"}; !slices.Equal(first.states(), want) {
			t.Fatalf("%+v", first)
		}
		if r := first.Results[3]; len(r.Says) != 1 || !containsAll(r.Says[0], "40", "45") {
			t.Errorf("what differs: %q", r.Says)
		}
		sales := s.sales()
		slices.SortFunc(sales, func(a, b *receipt.Receipt) int { return a.SoldAt.Compare(b.SoldAt) })
		if len(sales) != 5 || sales[0].Customer != s.aziza || sales[1].Customer != s.aziza || sales[2].Customer != 0 || !sales[0].SoldAt.Equal(began.Add(time.Hour)) {
			t.Fatalf("recorded %+v", sales)
		}
		if sales[0].Staff != int64(owner.ID) || sales[2].Staff == 7 {
			t.Errorf("sold by %d and %d", sales[0].Staff, sales[2].Staff)
		}
		if again := v.late(0, s.Now(), slips[:5]...); slices.Contains(again.states(), "recorded") {
			t.Errorf("sent again: %+v", again)
		}
		if other := v.late(1, s.Now(), slips[:4]...); slices.Contains(other.states(), "recorded") {
			t.Errorf("from another till: %+v", other)
		}
		if n := len(s.sales()); n != 5 {
			t.Errorf("%d receipts of 5", n)
		}
		s.proved()
	})
}

// What another store sold is not taken back by who does not work there, and who sends
// in another's name is written down.
func TestLateIsOfTheirStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		total := money.Amount(45_000_00)
		far, _, err := s.Receipts.Commit(t.Context(), receipt.Caller{Till: s.tills[2], Store: s.stores[1]}, receipt.Sale{
			Number: "far", Total: &total, Draft: receipt.Draft{Lines: []receipt.DraftLine{{SKU: "tea-100", Name: "Tea", Quantity: money.One, Price: 45_000_0000}}},
		})
		check(t, err)
		owner, err := s.Staff.Named(t.Context(), "owner")
		check(t, err)
		v := s.enter("cashier", 0)
		out := v.late(0, s.Now(),
			map[string]any{"kind": "return", "number": "b1", "sold_at": s.Now().UnixMilli(), "original": far.ID.String(), "total": 0},
			tea("s1", s.Now(), map[string]any{"staff": owner.ID.String()}))
		if !slices.Equal(out.states(), []string{"refused", "recorded"}) || strings.Contains(strings.Join(out.Results[0].Says, " "), "45") {
			t.Errorf("%+v", out)
		}
		if !slices.Contains(s.audit(), "till.sent_for") {
			t.Error("nothing tells who sent it")
		}
	})
}

// A payment of the page that redeemed points and whose answer was lost is recorded
// at the price that was shown, or refused; a clock that is wrong is said once.
func TestLatePaymentOfThePage(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		form := func() (url.Values, map[string]any) {
			f := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:5000").form()
			return f, map[string]any{"kind": "sale", "number": f.Get("number"), "sold_at": s.Now().UnixMilli(), "total": number(t, f.Get("due")), "form": f.Encode()}
		}
		paid, slip := form()
		v.send("/till/pay", paid).is(http.StatusOK)
		if got := v.late(0, s.Now(), slip).states(); !slices.Equal(got, []string{"known"}) {
			t.Errorf("recorded before: %v", got)
		}
		_, slip = form()
		if got := v.late(0, s.Now().Add(24*time.Hour), slip, tea("9", s.Now().Add(24*time.Hour), nil)); !slices.Equal(got.states(), []string{"recorded", "recorded"}) || got.Clock == "" {
			t.Errorf("not recorded before: %+v", got)
		}
		if sales := s.sales(); len(sales) != 3 || sales[1].Redeemed+sales[0].Redeemed+sales[2].Redeemed != 2*5_000_00 {
			t.Errorf("recorded %+v", sales)
		}
		// Of a return likewise.
		sale := s.sales()[2]
		at := "/till/returns/" + sale.ID.String()
		back := v.send(at, v.get(at).form(), "all").form()
		shown := strings.Split(back.Get("shown"), "-")
		slip = map[string]any{
			"kind": "return", "number": back.Get("number"), "sold_at": s.Now().UnixMilli(), "original": sale.ID.String(),
			"total": number(t, shown[0]) - number(t, shown[1]), "form": back.Encode(),
		}
		if got := v.late(0, s.Now(), slip).states(); !slices.Equal(got, []string{"recorded"}) {
			t.Errorf("a return: %v", got)
		}
		if got := v.late(0, s.Now(), slip).states(); !slices.Equal(got, []string{"known"}) {
			t.Errorf("a return again: %v", got)
		}
		if n := len(s.sales()); n != 4 {
			t.Errorf("%d receipts of 4", n)
		}
		_, slip = form()
		check(t, s.block(s.aziza))
		if got := v.late(0, s.Now(), slip).states(); !slices.Equal(got, []string{"refused"}) {
			t.Errorf("of somebody who was blocked: %v", got)
		}
		s.proved()
	})
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	check(t, err)
	return n
}

func containsAll(text string, words ...string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// carried is what a till takes along.
type carried struct {
	Generation int64
	Goods      []struct {
		SKU, Name, Plain string
		Barcodes         []string
	}
	Slips []struct {
		Number string
		Lines  []struct{ Name string }
	}
	Private struct {
		Costs  map[string]money.Price
		People []struct {
			ID, Name, Phone, Level string
			Marks                  []string
		}
	}
}

// A till takes along its own store's customers, masked, and only for who works
// there; that it did is in the audit log.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		s.register(1, "Дальний", "Человек", "+998907654321", "")
		v := s.enter("cashier", 0)
		v.send("/till/pay", v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100").form()).is(http.StatusOK)
		body := v.get("/till/snapshot").is(http.StatusOK).text
		var got carried
		check(t, json.Unmarshal([]byte(body), &got))
		if len(got.Goods) != 6 || len(got.Slips) != 1 || got.Private.Costs["tea-100"] != 30_000_0000 {
			t.Errorf("goods %+v, slips %+v, costs %v", got.Goods, got.Slips, got.Private.Costs)
		}
		if p := got.Private.People; len(p) != 1 || p[0].ID != sealed(s.aziza) || p[0].Name != "Азиза К." || p[0].Level != "start" || len(p[0].Marks) != 4 {
			t.Errorf("people %+v", got.Private.People)
		}
		for _, secret := range []string{"Каримова", phone, card, "901234567"} {
			if strings.Contains(body, secret) {
				t.Errorf("%q is told", secret)
			}
		}
		// Where the chain would rather not, no phone goes along, or nobody.
		for people, marks := range map[settings.OfflinePeople]int{settings.OfflineCards: 2, settings.OfflineNobody: 0} {
			s.offline = people
			s.Clock.Advance(time.Hour) // or the look is the one before
			var got carried
			check(t, json.Unmarshal([]byte(v.get("/till/snapshot").is(http.StatusOK).text), &got))
			var all []string
			for _, p := range got.Private.People {
				all = append(all, p.Marks...)
				if p.Phone != "" {
					t.Errorf("%s: the phone %q goes along", people, p.Phone)
				}
			}
			if len(all) != marks {
				t.Errorf("%s: marks %q", people, all)
			}
			looks, _, err := s.Staff.Audit(t.Context(), staff.Filter{Action: "look.snapshot"}, "", 1)
			check(t, err)
			var look struct{ Found int }
			check(t, json.Unmarshal(looks[0].After, &look))
			if look.Found != len(got.Private.People) {
				t.Errorf("%s: the audit log says that %d were found", people, look.Found)
			}
		}
		s.offline = ""
		if !slices.Contains(s.audit(), "look.snapshot") {
			t.Errorf("the audit log says %v", s.audit())
		}
		var first, other struct{ Key, Marks string }
		check(t, json.Unmarshal([]byte(v.get("/till/key").is(http.StatusOK).text), &first))
		check(t, json.Unmarshal([]byte(s.enter("cashier", 1).get("/till/key").text), &other))
		if first.Key == "" || first.Key == first.Marks || first.Key == other.Key {
			t.Error("tills share their keys")
		}
		for _, path := range []string{"/till/key", "/till/snapshot"} {
			if kept := v.get(path).header.Get("Cache-Control"); kept != "no-store" {
				t.Errorf("%s may be kept: %q", path, kept)
			}
		}
		// Nobody gets another store's.
		v.client.Jar.SetCookies(must(url.Parse(v.server.URL+"/till")), []*http.Cookie{{Name: "till", Value: s.tills[2].ID.String(), Path: "/till"}})
		v.get("/till/key").is(http.StatusForbidden)
		v.get("/till/snapshot").is(http.StatusForbidden)
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkSnapshot gathers all that a till takes along at most.
func BenchmarkSnapshot(b *testing.B) {
	s := newSite(b, dbtest.Open(b, dbtest.SQLite))
	check(b, s.DB.Write(b.Context(), func(ctx context.Context, tx *db.Tx) error {
		var goods []catalog.ProductInput
		for i := range 30_000 {
			name, price := fmt.Sprintf("Молоко пастеризованное %d, 1 л", i), money.Price(12_000_0000)
			goods = append(goods, catalog.ProductInput{SKU: fmt.Sprint("G", i), ProductChange: catalog.ProductChange{Name: &name, Price: &price, Cost: &price, Barcodes: &[]string{fmt.Sprint(4_790_000_000_000 + i)}}})
		}
		if _, err := s.Catalog.SaveProductsTx(ctx, tx, goods); err != nil {
			return err
		}
		var people []customer.Checked
		for i := range 5_000 {
			c, err := s.Customers.Check(customer.New{
				FirstName: "Азиза", LastName: "Каримова", HomeStore: s.stores[0].ID, Source: "import", Origin: 1,
				Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: fmt.Sprintf("+99891%07d", i)}, {Kind: customer.Card, Value: fmt.Sprint(2_910_000_000_000 + i)}},
			})
			if err != nil {
				return err
			}
			people = append(people, c)
		}
		_, err := s.Enrol.OpenAllTx(ctx, tx, people)
		return err
	}))
	v := s.enter("cashier", 0)
	size := 0
	for b.Loop() {
		size = len(v.get("/till/snapshot").is(http.StatusOK).text)
	}
	b.ReportMetric(float64(size), "bytes")
}
