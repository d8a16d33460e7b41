package till_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web/webtest"
)

// badLine gets what a page sends wrong in all the ways that a line can: lost on its
// way there or back, twice, refused by what stands before a server that restarts.
type badLine struct {
	mu    sync.Mutex
	dice  *rand.Rand
	wrong map[string]int
}

func (l *badLine) broken(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	if r.Method != http.MethodPost || r.URL.Path == "/sign-in" || r.URL.Path == "/till/choose" {
		return false
	}
	l.mu.Lock()
	how := []string{"", "", "lost there", "lost back", "twice", "unavailable"}[l.dice.IntN(6)]
	l.wrong[how]++
	l.mu.Unlock()
	switch how {
	case "lost there":
		panic(http.ErrAbortHandler)
	case "lost back":
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case "twice":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		first := r.Clone(r.Context())
		first.Body, r.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(httptest.NewRecorder(), first)
	case "unavailable":
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	return false
}

// What the conformance kit asks of a till's API, our own page does through a line
// that goes wrong half of the time: every sale and return is there once, for what was
// shown, and the books add up.
func TestBrowserThroughABadLine(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		line := &badLine{dice: rand.New(rand.NewPCG(7, 7)), wrong: map[string]int{}}
		b := webtest.Open(t)
		b.Allow("Failed to load resource", "net::ERR", "Failed to fetch", "Response Status Error Code 503")
		s.browser(b, tablet, "cashier", 0)
		s.broken = line.broken
		const sales, returns = 6, 3
		for range sales {
			impatient(b)
			scan(b, card, "4780000000024")
			b.See("Азиза К.", "45 000 сум")
			settled(b)
			b.Press(kb.F9)
			b.See("Следующий клиент", "45 000 сум")
			goOn(b)
			b.See("Корзина пуста")
		}
		for i := range returns {
			b.Go(s.server.URL + "/till/returns")
			scan(b, s.sales()[2*i].Number) // the returns before it are the latest
			b.See("Отметьте, что возвращают")
			impatient(b)
			b.Click("#plus-1")
			b.See("45 000 сум", "Вернём")
			settled(b)
			b.Press(kb.F9)
			b.See("Возврат сделан", "45 000 сум")
		}
		sold, back := 0, 0
		for _, r := range s.sales() {
			switch {
			case r.Total != 45_000_00 || r.Customer != s.aziza:
				t.Errorf("recorded %+v", r)
			case r.Kind == receipt.KindReturn:
				back++
			default:
				sold++
			}
		}
		if sold != sales || back != returns {
			t.Errorf("%d sales of %d, %d returns of %d", sold, sales, back, returns)
		}
		for _, how := range []string{"lost there", "lost back", "twice", "unavailable"} {
			if line.wrong[how] == 0 {
				t.Errorf("nothing was %s: %v", how, line.wrong)
			}
		}
		s.proved()
	})
}

// impatient presses the button as soon as the page says that the line is bad.
func impatient(b *webtest.Browser) {
	b.Value(`setInterval(() => { const b = document.querySelector("[data-retry]"); if (b?.checkVisibility()) b.click() }, 20), ""`)
}
