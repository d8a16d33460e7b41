package admin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/base/settings"
	"regulars/internal/webhook"
)

// The owner sets the address for codes, is shown its secret once, and sees whether it
// takes a message that is signed by it; only then rules that need codes are published.
func TestCodesAddress(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		var secret atomic.Value
		taken := atomic.Int32{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			must(t, err)
			at, err := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
			must(t, err)
			want, err := webhook.Sign(secret.Load().(string), r.Header.Get("Webhook-Id"), time.Unix(at, 0), body)
			must(t, err)
			if r.Header.Get("Webhook-Signature") != want || !strings.Contains(string(body), `"confirmation.test"`) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			taken.Add(1)
		}))
		t.Cleanup(server.Close)

		at := "/programme/" + s.programme()
		b.get(at + "/edit")
		b.post(at+"/edit", b.form("editor").with("redeem/confirm_from", "500", "do", "publish")...).is(200)
		b.post(at+"/publish", "when", "now", "draft", b.value("draft")).is(422).sees("Коды некуда отправлять")

		for _, bad := range []string{"", "http://example.com/codes", "https://user:pass@example.com", "ftp://example.com"} {
			b.post("/settings/codes", "url", bad).is(422).sees("Адрес начинается с https://")
		}
		asks := []string{"name", "Korzinka", "zone", "Asia/Tashkent", "language", "ru", "late_days", "14", "clock_minutes", "10", "idle_hours", "14", "session_days", "30", "register_code"}
		b.post("/settings", append(asks, "always")...).is(422).sees("Коды некуда отправлять")
		b.post("/settings", append(asks, "sometimes")...).is(422)
		b.post("/settings/codes", "url", server.URL).is(200).sees("Секрет подписи")
		secret.Store(regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(strings.ReplaceAll(b.body, "&#43;", "+")))
		b.post("/settings/codes/test").is(200).sees("Адрес принял проверку")
		b.get("/settings/codes").lacks("whsec_")
		b.post("/settings/codes", "url", server.URL, "anew", "1").is(200).sees("Секрет подписи")
		b.post("/settings/codes/test").is(200).sees("Адрес для кодов не принял сообщение")
		if taken.Load() != 1 {
			t.Errorf("%d tests were taken", taken.Load())
		}
		b.get(at + "/publish")
		b.post(at+"/publish", "when", "now", "draft", b.value("draft")).is(200)
		b.get(at).sees("Код клиента со скольких баллов")

		b.post("/settings", append(asks, "always")...).is(200)
		b.get("/settings").has(`value="always" selected`)
		b.get("/audit").sees("Код при регистрации")
		b.post("/settings", asks[:14]...).is(200) // a page that does not know of it
		if way, err := s.Enrol.Code(t.Context()); way != settings.AlwaysCode || err != nil {
			t.Errorf("tills ask %s, %v", way, err)
		}
	})
}

// What leads to the page of the codes calls it by its name.
func TestCodesAreCalledByTheirName(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	must(t, err)
	for _, lang := range i18n.Codes() {
		loc := bundle.For(lang)
		for _, key := range []string{"admin.settings.register_code_help", "admin.editor.confirm_help", "error.confirmation_no_address"} {
			if text := loc.T(key); !strings.Contains(text, loc.T("admin.codes.title")) {
				t.Errorf("%s: %s says %q", lang, key, text)
			}
		}
	}
}
