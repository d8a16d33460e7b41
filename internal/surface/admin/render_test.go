package admin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/surface/web/webtest"
)

// Every page is shown in every language with something to show, and says no
// word that does not exist; the list of pages is that of the templates.
func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	s.goods()
	b := s.owner()
	s.wording()
	at := "/programme/" + s.programme()
	b.get(at + "/edit")
	form := b.form("editor")
	b.post(at+"/edit", form.with("do", "publish")...).is(200)
	b.post(at + "/preview").is(200)
	preview := b.path
	b.until(preview, "Считаем чеки")
	b.send("/imports/new", "people.csv", people, "source", "old", "kind", "customers").is(200)
	imported := b.path
	customer, store := "/customers/"+s.people[0].String(), "/stores/"+s.store.ID.String()
	pages := map[string]string{
		"account": "/account", "adjust": customer + "/points", "audit": "/audit", "categories": "/categories?edit=food", "consents": customer + "/consents",
		"customer": customer, "customer_edit": customer + "/edit", "customers": "/customers", "entities": "/entities?edit=1", "settlement": "/reports/settlement", "home": "/", "identified": "/reports/identified?by=till", "import": imported, "import_new": "/imports/new",
		"given": "/customers/" + s.people[0].String() + "/level", "merge": customer + "/merge?with=" + s.people[1].String(), "duplicates": "/duplicates", "erase": customer + "/erase", "imports": "/imports", "invite": "/staff/invite", "member": "/staff/" + s.ownerID().String(), "preview": preview, "product": "/products/new",
		"products": "/products", "programme": at, "programme_edit": at + "/edit", "programmes": "/programme?new=1", "publish": at + "/publish",
		"receipt": "/receipts/" + s.sales[0].ID.String(), "receipts": "/receipts", "settings": "/settings", "staff": "/staff", "store": store, "stores": "/stores",
		"till":  "/tills/" + s.till.ID.String(),
		"stock": "/stock", "product_stock": "/products/" + s.product().String() + "/stock", "integrations": "/integrations",
		"wordings": "/wordings", "contacts": "/reports/contacts", "household": customer + "/household?q=Усманов", "attributes": "/attributes?code=income",
		"codes": "/settings/codes",
		// Shown to those who are not signed in: TestFirstSteps and the browser see them.
		"signin": "", "second": "/sign-in/second", "factor": "/account/second", "invitation": "",
	}
	files, err := filepath.Glob("templates/[a-z]*.html")
	must(t, err)
	for _, f := range files {
		if _, ok := pages[strings.TrimSuffix(filepath.Base(f), ".html")]; !ok {
			t.Errorf("%s is shown by no test: add its address", f)
		}
	}
	for _, lang := range i18n.Codes() {
		b.post("/preferences", "language", lang, "back", "/")
		for name, path := range pages {
			if _, err := os.Stat("templates/" + name + ".html"); err != nil {
				t.Errorf("there is no page %s", name)
			}
			if path == "" {
				continue
			}
			b.get(path).is(200)
			if err := webtest.Markup(lang, b.body); err != nil {
				t.Errorf("%s in %s: %v", name, lang, err)
			}
		}
	}
}
