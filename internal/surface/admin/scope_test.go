package admin_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

var hrefs = regexp.MustCompile(`href="(/[^"#]*)"`)

// crawl opens every page that links lead to from these, and gives what each says.
func (b *browser) crawl(from ...string) map[string]string {
	b.t.Helper()
	pages, next := map[string]string{}, from
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		if _, seen := pages[path]; seen || strings.Contains(path, "assets/") || len(pages) > 400 {
			continue
		}
		b.get(path)
		if b.status >= 500 || b.status == http.StatusTooManyRequests {
			b.t.Fatalf("%s answers %d", path, b.status)
		}
		pages[path] = b.body
		for _, m := range hrefs.FindAllStringSubmatch(b.body, -1) {
			next = append(next, html.UnescapeString(m[1]))
		}
	}
	return pages
}

// none fails where a page holds one of the texts.
func none(t *testing.T, who string, pages map[string]string, texts ...string) {
	t.Helper()
	for path, body := range pages {
		plain := spaces.ReplaceAllString(strings.NewReplacer("&#43;", "+", "\u00a0", "", " ", "").Replace(body), "")
		for _, text := range texts {
			if strings.Contains(plain, strings.ReplaceAll(text, " ", "")) {
				t.Errorf("%s is shown %q at %s", who, text, path)
			}
		}
	}
}

// What belongs to another store is nowhere on the pages of a manager, whatever
// they ask for; what belongs to theirs is, and who bought there.
func TestManagersKeepToTheirStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		far, till := s.branch()
		manager := s.signed(s.as(staff.Manager, "far", far.ID).ID)
		cashier, other := s.as(staff.Cashier, "bobur", far.ID), s.as(staff.Cashier, "zafar", s.stores()...)
		s.session(other.ID) // the log tells of it
		s.session(cashier.ID)
		theirs := s.register(far, "Нигора", "Саидова", "+998935550011")
		s.sell(receipt.Caller{Till: till, Store: far}, "far-1", theirs, 70_000)
		s.sell(receipt.Caller{Till: till, Store: far}, "far-2", s.people[1], 70_000) // bought there, at home here

		manager.get("/customers").is(200).sees("Нигора Саидова", "+998 93 555 00 11").lacks("Усманов")
		manager.get("/customers?q=Усманов").is(200).sees("Алишер Усманов")
		manager.get("/customers?q=Каримова").is(200).lacks("Дилноза Каримова<")
		manager.get("/customers/"+s.people[1].String()).is(200).sees("+998 90 123 45 68", "far-2").lacks("2-1")
		manager.get("/receipts").is(200).sees("far-1", "far-2")
		manager.get("/audit").is(200).sees("bobur")
		manager.get("/staff").is(200).sees("bobur").lacks("zafar")
		manager.get("/").is(200).sees("far-1", "350 000").lacks("Осталось баллов")

		at := s.store.ID.String()
		pages := manager.crawl("/", "/receipts?store="+at, "/receipts?till="+s.till.ID.String(), "/receipts?q=1-1", "/customers?store="+at, "/customers?q=1234567", "/customers?q=4567",
			"/receipts?customer="+s.people[0].String(), "/receipts/export?store="+at, "/customers/export", "/audit/export", "/audit?subject=customer:"+s.people[0].String(),
			"/audit?who="+other.ID.String(), "/stores/"+at, "/tills/"+s.till.ID.String(), "/staff/"+other.ID.String(), "/receipts/"+s.sales[0].ID.String())
		if len(pages) < 20 {
			t.Errorf("only %d pages were looked at", len(pages))
		}
		none(t, "a manager", pages, "Каримова<", "+998 90 123 45 67", "+998 90 123 45 69", ">1-1<", ">2-1<", "zafar", "Касса 1<")

		// Nor can they change what is there, or make more of themselves.
		manager.post("/staff/invite", "role", "cashier", "stores", at).is(http.StatusForbidden)
		manager.post("/staff/invite", "role", "owner").is(http.StatusForbidden)
		manager.post("/staff/"+cashier.ID.String(), "name", "B", "login", "bobur", "role", "manager", "stores", far.ID.String()).is(http.StatusForbidden)
		manager.post("/staff/"+cashier.ID.String(), "name", "B", "login", "bobur", "role", "cashier", "stores", far.ID.String(), "stores", at).is(http.StatusForbidden)
		edit := "/customers/" + theirs.String() + "/edit"
		manager.post(edit, "first_name", "Нигора", "last_name", "Саидова", "store", at).is(422).sees("Выберите магазин")
		manager.post("/customers/new", "first_name", "Х", "phone", "+998935550012", "store", at).is(422)
		// Who bought there stays at home where they are.
		manager.get("/customers/" + s.people[1].String() + "/edit").is(200).has(`value="` + at + `" selected`)
		manager.post("/customers/"+s.people[1].String()+"/edit", "first_name", "Алишер", "last_name", "Усманов", "city", "Бухара", "store", at).is(200)
		if c, err := s.Customers.Get(t.Context(), s.people[1]); err != nil || c.HomeStore != s.store.ID || c.City != "Бухара" {
			t.Errorf("after an edit they are at home in %v (%v)", c.HomeStore, err)
		}

		manager.post("/staff/invite", "role", "cashier", "stores", far.ID.String()).is(200)
		link := regexp.MustCompile(`/invitation/[\w-]+`).FindString(manager.body)
		if s.browser().get(link).is(200); link == "" {
			t.Error("a manager invites no cashier")
		}
		// A manager who has moved on has nobody's cashiers to invite.
		moved := s.stores()
		all, err := s.Staff.Named(t.Context(), "far")
		must(t, err)
		_, err = s.Staff.Change(t.Context(), staff.By{}, all.ID, staff.Change{Stores: &moved})
		must(t, err)
		s.browser().get(link).is(http.StatusNotFound)
	})
}

// No page, file or search shows who may not see personal data a phone, a card, a
// birthday or a surname.
func TestMaskedRolesSeeNoPersonalData(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		owner := s.owner()
		owner.post("/customers/"+s.people[0].String()+"/identifiers", "kind", "email", "value", "dilnoza.karimova@example.uz").is(200)
		owner.post("/customers/"+s.people[0].String()+"/identifiers/remove", "kind", "card", "value", "2000100000").is(200)
		owner.adjust("/customers/"+s.people[0].String(), "give", "10", "подарок")
		for _, role := range []staff.Role{staff.Marketer, staff.Analyst, staff.Cashier} {
			var stores []catalog.StoreID
			if !role.Everywhere() {
				stores = s.stores()
			}
			who := s.as(role, string(role), stores...)
			b := s.signed(who.ID)
			for _, l := range s.Table() { // every column, so that none is forgotten
				if list, ok := strings.CutSuffix(strings.TrimPrefix(l.Pattern, "GET /"), "/export"); ok {
					b.post("/columns/"+list, "column", "phone", "column", "card", "column", "email", "column", "external", "column", "born", "column", "city", "column", "customer", "column", "changes", "back", "/")
				}
			}
			pages := b.crawl("/", "/customers?q="+url.QueryEscape("Дилноза Каримова"), "/customers?q=4567", "/customers/export?q=4567", "/customers/export", "/receipts/export", "/audit/export",
				"/customers/"+s.people[0].String(), "/customers/"+s.people[0].String()+"/edit", "/customers/"+s.people[0].String()+"/consents", "/receipts?customer="+s.people[0].String(),
				"/receipts/"+s.sales[0].ID.String(), "/audit?subject=customer:"+s.people[0].String(), "/till")
			delete(pages, "/customers?q="+url.QueryEscape("Дилноза Каримова")) // says what was typed
			none(t, string(role), pages, "1234567", "123 45 67", "901234568", "2000100000", "2000100001", "Каримова", "Усманов", "Smirnova", "17.05.1990", "1990-05-17", "dilnoza.karimova")
			if role != staff.Cashier && !strings.Contains(pages["/customers/export"], "•••••••••4567") {
				t.Errorf("the file of a %s is not masked but empty: %s", role, pages["/customers/export"])
			}
		}
	})
}

// register makes a customer of a store.
func (s *shop) register(store catalog.Store, first, last, phone string) customer.ID {
	s.t.Helper()
	res, err := s.Enrol.Register(s.t.Context(), store, 0, customer.New{
		FirstName: first, LastName: last, HomeStore: store.ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: phone}},
	})
	must(s.t, err)
	return res.ID
}
