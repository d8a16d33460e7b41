package admin_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// The owner sets thresholds, managers count in their stores, and what runs low is
// told to whom it concerns.
func TestStock(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		other, _ := s.branch()
		b := s.owner()
		at, limit := "/products/"+s.product().String()+"/stock", "/products/"+s.product().String()+"/threshold"
		b.get("/stock").is(200).sees("Ничего не заканчивается")
		b.get(at).is(200).sees("Пока ничего не известно", "Регистан")
		b.post(limit, "threshold", "5").is(200).sees("Сохранено")
		count := func(store, q, threshold string) []string {
			return []string{"store", store, "quantity/" + store, q, "threshold/" + store, threshold}
		}
		b.post(at, count(s.store.ID.String(), "", "2")...).is(422).sees("сначала укажите количество")
		b.post(at, count(s.store.ID.String(), "много", "")...).is(422).sees("Это не число")
		for _, wrong := range []struct{ threshold, said string }{{"-5,5", "Нужно 0 или больше"}, {"9 000 000 000", "больше, чем можно учесть"}} {
			b.post(limit, "threshold", wrong.threshold).is(422).sees(wrong.said).lacks(`role="alert"`)
			b.post(at, count(s.store.ID.String(), "1", wrong.threshold)...).is(422).sees(wrong.said).lacks(`role="alert"`)
		}
		b.post(at, count(s.store.ID.String(), "9 000 000 000", "")...).is(422).sees("больше, чем можно учесть").lacks(`role="alert"`)
		b.post(at, count(s.store.ID.String(), "4,5", "")...).is(200).sees("Остаток: 4,5", "мало")
		b.post(at, count(other.ID.String(), "9", "")...).is(200)
		b.get("/stock").sees("Дошло до порога", "осталось 4,5", "новое")
		b.get("/").sees("Заканчивается")
		b.get("/stock/export").is(200).has("4,5")
		b.get("/audit?about=product").sees("Пересчитан остаток", "Изменён порог остатка", "Количество: 4.500")

		far := s.signed(s.as(staff.Manager, "far", other.ID).ID)
		far.get("/stock").is(200).sees("Ничего не заканчивается").lacks("Дошло до порога")
		far.get(at).is(200).sees("Регистан").lacks("Порог во всех магазинах")
		far.post(at, count(s.store.ID.String(), "100", "")...).is(404)
		far.post(limit, "threshold", "1").is(403)
		far.post(at, count(other.ID.String(), "3", "")...).is(200).sees("мало")
		far.get("/stock").sees("осталось 3").lacks("4,5")
		far.post("/stock/seen", "from", far.value("from"), "up_to", far.value("up_to")).is(200).lacks("Дошло до порога")
		b.get("/stock").sees("Дошло до порога") // of the other store nobody has seen it
		b.post(at, count(other.ID.String(), "", "1")...).is(200)
		b.get("/stock").sees("снова выше")
	})
}

// Sales move stock while the settings say so, and not what was sold in between.
func TestSalesMoveStock(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/products/" + s.product().String() + "/stock"
		b.post(at, "store", s.store.ID.String(), "quantity/"+s.store.ID.String(), "10").is(200)
		follow := func(on string) {
			t.Helper()
			b.post("/settings", "name", "Корзинка", "zone", "Asia/Tashkent", "language", "ru", "late_days", "14", "clock_minutes", "10",
				"idle_hours", "14", "session_days", "30", "look_days", "0", "stock_by_sales", on).is(200).sees("Сохранено")
		}
		left := func() money.Quantity {
			t.Helper()
			for late := time.Now().Add(time.Minute); ; {
				_, err := s.Stock.Follow(t.Context())
				must(t, err)
				var behind bool
				must(t, d.QueryRow(t.Context(), `SELECT COALESCE((SELECT cursor FROM stock_reader) <> (SELECT id FROM events ORDER BY xid DESC, id DESC LIMIT 1), FALSE)`).Scan(&behind))
				if behind && time.Now().Before(late) {
					continue
				}
				list, _, err := s.Stock.OfProduct(t.Context(), s.product(), nil)
				must(t, err)
				return list[0].Quantity
			}
		}
		n := 0
		step := func(on string) {
			t.Helper()
			s.wait(time.Minute)
			follow(on)
			n++
			s.sell(receipt.Caller{Till: s.till, Store: s.store}, fmt.Sprint("N", n), 0, 10_000) // of this product one
		}
		step("1")
		if q := left(); q != 9*money.One {
			t.Errorf("%s is left, want 9", q)
		}
		step("0")
		step("1") // before a worker looks
		if q := left(); q != 8*money.One {
			t.Errorf("%s is left, want 8", q)
		}
	})
}

// A key is shown once, and is the owner's to give and to take.
func TestIntegrations(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		s.branch()
		b := s.owner()
		b.get("/integrations").is(200).sees("Интеграций пока нет")
		b.post("/integrations", "name", "", "permissions", "stock.write").is(422).sees("Это нужно заполнить")
		b.post("/integrations", "name", "1С").is(422).has(`<span class="bad">`).sees("Отметьте, что этой программе можно").lacks(`role="alert"`)
		b.post("/integrations", "name", "1С", "permissions", "stock.write", "permissions", "stock.read", "stores", s.store.ID.String()).is(200).sees("Ключ интеграции", "показан один раз", "Присылать остатки")
		_, key, _ := strings.Cut(b.body, "ri_")
		k, err := s.Integrations.ByKey(t.Context(), "ri_"+key[:26])
		must(t, err)
		if !k.Sees(s.store.ID) || k.Stores == nil {
			t.Errorf("%+v", k)
		}
		b.get("/integrations").lacks(key[:26]).sees("1С")
		b.post("/integrations/" + k.ID.String() + "/revoke").is(200).sees("Ключ отозван")
		b.get("/audit?about=integration").sees("Выпущен ключ интеграции", "Присылать остатки", "Отозван ключ интеграции")
		if strings.Contains(b.body, key[:26]) {
			t.Error("the log shows the key")
		}
		manager := s.signed(s.as(staff.Manager, "manager", s.store.ID).ID)
		manager.get("/integrations").is(403)
	})
}

// An image is made anew, shown, kept by browsers until another is sent, and taken away.
func TestImages(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/products/" + s.product().String()
		b.get(at + "/image").is(404)
		b.send(at+"/image", "x.png", "<svg>").is(200).sees("Это не изображение")
		b.send(at+"/image", "x.gif", dot).is(200).sees("Сохранено").has(`class="product-image"`)
		src := regexp.MustCompile(at + "/image[?][0-9a-f]+").FindString(b.body)
		b.get("/products").has(src)
		b.get(src).is(200)
		if kind := http.DetectContentType([]byte(b.body)); kind != "image/jpeg" {
			t.Errorf("sent as %s", kind)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+src, nil)
		must(t, err)
		res, err := b.client.Do(req)
		must(t, err)
		must(t, res.Body.Close())
		if res.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%v", res.Header)
		}
		req.Header.Set("If-None-Match", res.Header.Get("ETag"))
		res, err = b.client.Do(req)
		must(t, err)
		must(t, res.Body.Close())
		if res.StatusCode != http.StatusNotModified {
			t.Errorf("again: %d", res.StatusCode)
		}
		b.get("/audit?about=product").sees("Изменено изображение товара")
		b.send(at+"/image", "", "").is(200).sees("Сохранено").lacks("product-image")
		b.get(src).is(404)
	})
}
