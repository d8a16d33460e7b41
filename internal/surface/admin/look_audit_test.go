package admin_test

import (
	"context"
	"html"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
)

// Whoever opens a card, searches, or takes a list away is in the log, once for a
// while, with whom they saw and without the words that they typed.
func TestLooksAreInTheLog(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		owner, manager := s.owner(), s.as(staff.Manager, "manager", s.stores()...)
		b := s.signed(manager.ID)
		card := "/customers/" + s.people[0].String()
		looks := func() (list []staff.Entry) {
			t.Helper()
			list, _, err := s.Staff.Audit(t.Context(), staff.Filter{Actor: manager.ID, Action: "look."}, "", 100)
			must(t, err)
			return list
		}
		b.get(card).is(200)
		b.get(card).is(200)
		b.get(card + "/edit").is(200)
		b.get(card + "/consents").is(200)
		if l := looks(); len(l) != 1 || l[0].Action != "look.card" || l[0].Subject != "customer:"+s.people[0].String() || l[0].Store != s.store.ID || l[0].IP == "" {
			t.Fatalf("opening one card several times is %+v", l)
		}
		s.clock.mu.Lock()
		s.clock.t = s.clock.t.Add(11 * time.Minute)
		s.clock.mu.Unlock()
		b.get(card).is(200)
		b.get("/customers/" + s.people[1].String()).is(200)
		if l := looks(); len(l) != 3 {
			t.Fatalf("two more looks are %+v", l)
		}
		b.get("/customers?q=%2B998901234567").is(200).sees("Дилноза")
		b.get("/customers?q=90123").is(200).sees("Дилноза", "Алишер")
		b.get("/customers?q=Никого").is(200)
		b.get("/customers").is(200)
		l := looks()
		if len(l) != 6 || l[2].Subject != "customer:"+s.people[0].String() || string(l[2].After) != `{"by":"number","found":1,"more":false}` ||
			l[1].Subject != "" || string(l[1].After) != `{"by":"number","found":3,"more":false}` || string(l[0].After) != `{"by":"list","found":3,"more":false}` {
			t.Fatalf("three searches that found people are %+v", l)
		}
		b.get("/receipts?customer=" + s.people[2].String()).is(200)
		if l := looks(); len(l) != 7 || l[0].Action != "look.card" {
			t.Errorf("the receipts of one customer are no look: %+v", l)
		}
		must(t, d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			rows, err := tx.Query(ctx, `SELECT subject || was || became FROM audit WHERE action LIKE 'look.%'`)
			return db.Scan(rows, err, func(r *db.Rows) error {
				var text string
				err := r.Scan(&text)
				if strings.Contains(text, "90123") || strings.Contains(text, "Никого") {
					t.Errorf("the log keeps what was searched for: %s", text)
				}
				return err
			})
		}))

		// Who looked is on the card, for those who may see the log.
		owner.get(card).is(200).sees("Кто смотрел", "manager", "нашёл поиском")
		owner.get(html.UnescapeString(owner.link(`/audit[^"]*subject=customer:[0-9]+`))).is(200).sees("Только о том, что выбрано: Дилноза Каримова", "Открыта карточка клиента", "Поиск клиентов").lacks("Алишер")
		owner.get("/audit?about=look").is(200).sees("Поиск: по номеру", "Показано: 3")
		s.signed(s.as(staff.Operator, "operator").ID).get(card).is(200).lacks("Кто смотрел")
	})
}
