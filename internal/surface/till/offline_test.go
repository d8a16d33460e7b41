package till_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web/webtest"
)

// cut is a line that can be down: then the server hangs up before it has heard
// anything.
type cut struct{ down atomic.Bool }

func (c *cut) broken(http.ResponseWriter, *http.Request, http.Handler) bool {
	if c.down.Load() {
		panic(http.ErrAbortHandler)
	}
	return false
}

// apart is a browser at a till that has everything it needs to go on without its
// line.
func (s *site) apart(t *testing.T) (*webtest.Browser, *cut) {
	t.Helper()
	line := &cut{}
	s.broken = line.broken
	b := webtest.Open(t)
	b.Allow("Failed to load resource", "net::ERR", "Failed to fetch", "The FetchEvent")
	s.catchUp()
	s.browser(b, tablet, "cashier", 0)
	b.Wait(`document.documentElement.dataset.ready === ""`)
	b.Wait(`navigator.serviceWorker.controller`)
	return b, line
}

// catchUp has the server go by the clock that browsers go by.
func (s *site) catchUp() { s.Clock.Advance(time.Since(s.Now())) }

// audit are the actions in the audit log.
func (s *site) audit() (actions []string) {
	s.t.Helper()
	lines, _, err := s.Staff.Audit(s.t.Context(), staff.Filter{}, "", 50)
	check(s.t, err)
	for _, l := range lines {
		actions = append(actions, l.Action)
	}
	return actions
}

// waiting waits until so many receipts are in the browser's queue.
func waiting(b *webtest.Browser, n string) {
	b.Wait(`document.getElementById("count").textContent === "` + n + `"`)
}

// started waits until the page without the line listens.
func started(b *webtest.Browser) { b.Wait(`document.documentElement.dataset.started === ""`) }

// Without the line the till sells on and takes back; when the line is there again
// everything is recorded once, in order and at its time.
func TestBrowserGoesOnWithoutTheLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.apart(t)
	line.down.Store(true)
	began := time.Now()
	b.Go(s.server.URL + "/till")
	started(b)
	b.See("Связи нет", "Корзина пуста")
	scan(b, card, "4780000000024")
	b.See("Азиза К.", "45 000 сум")
	b.Usable("offline")
	b.Touchable("offline")
	b.Shot("till-offline")
	b.Press(kb.F9)
	b.See("Оплачено, ждёт связи", "45 000 сум", "Green tea")
	b.Usable("offline-slip")
	no := b.Value(`document.querySelector("[data-slot=no]").textContent.replaceAll(" ", "")`)
	b.Press(kb.Enter)
	scan(b, "2*4780000000017")
	b.See("24 000 сум")
	b.Go(s.server.URL + "/till") // a reload loses nothing
	started(b)
	b.See("24 000 сум")
	waiting(b, "1")
	b.Press(kb.F9)
	b.See("Оплачено, ждёт связи")
	b.Press(kb.Enter)
	scan(b, "4600000000011")
	b.See("ничего нет")
	b.Click("[data-do=sell]")
	b.Fill("#name-0", "Хлеб")
	b.Fill("#price-0", "7500")
	b.See("7 500 сум")
	b.Press(kb.F9)
	b.See("Оплачено, ждёт связи")
	waiting(b, "3")
	b.Click(`[data-mode=return]`)
	scan(b, no)
	b.See("Green tea")
	b.Click("#more-1")
	b.See("45 000 сум")
	b.Press(kb.F9)
	b.See("Возврат сделан")
	waiting(b, "4")
	if n := len(s.sales()); n != 0 {
		t.Fatalf("%d receipts without a line", n)
	}

	line.down.Store(false)
	b.Click(`[data-mode=waiting]`)
	b.Click(`[data-do=send]`)
	b.See("всё отправлено")
	waiting(b, "0")
	sales := s.sales()
	if len(sales) != 4 {
		t.Fatalf("%d receipts of 4", len(sales))
	}
	bySeq := map[string]*receipt.Receipt{}
	for _, r := range sales {
		bySeq[string(r.Kind)+r.Number] = r
		if r.SoldAt.Before(began) || r.SoldAt.After(time.Now()) || !r.Details.Late || r.Details.ByRules != nil {
			t.Errorf("recorded %+v", r)
		}
	}
	first := bySeq["sale"+no]
	if first == nil || first.Customer != s.aziza || first.Total != 45_000_00 || first.Earned != 450_00 {
		t.Fatalf("the first sale: %+v", first)
	}
	if back := sales[0]; back.Kind != receipt.KindReturn || back.Original != first.ID || back.Refund() != 45_000_00 {
		t.Errorf("the return: %+v", back)
	}
	b.Go(s.server.URL + "/till")
	b.Wait(`document.getElementById("waiting").hidden && document.activeElement.id === "scan"`)
	if text := strings.Join(s.audit(), " "); !strings.Contains(text, "look.snapshot") {
		t.Errorf("the audit log says %s", text)
	}
}
