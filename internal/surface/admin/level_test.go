package admin_test

import (
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/receipt"
)

// A level is given by hand until a day, with a reason that the log keeps, and
// taken back.
func TestLevelByHand(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/customers/" + s.people[0].String()
		b.get(at).is(200).sees("Дать уровень вручную")
		b.get(at+"/level").is(200).sees("Уровень вручную", "не дан вручную")
		b.post(at+"/level", "level", "gold", "until", "2030-12-31").is(422).sees("Это нужно заполнить")
		b.post(at+"/level", "level", "gold", "until", "2020-12-31", "reason", "директор").is(422).sees("Этот день уже прошёл")
		b.post(at+"/level", "level", "platinum", "reason", "директор").is(422).sees("Такого уровня в программе нет")
		b.post(at+"/level", "level", "gold", "until", "2099-12-31", "reason", "постоянный гость").is(200).sees("Уровень сохранён", "5 %")
		b.get(at + "/level").has(`value="2099-12-31"`)
		b.get("/audit?about=customers").sees("Уровень дан вручную", "постоянный гость")
		b.post(at+"/level", "level", "", "reason", "ошибка").is(200).sees("Уровень сохранён")
		b.get(at + "/level").lacks(`value="2099-12-31"`)
	})
}

// Whoever publishes may have all levels counted anew, having seen who would move.
func TestLevelsAreCountedAnew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/programme/" + s.programme()
		b.get(at + "/edit")
		b.post(at+"/edit", b.form("editor").with("levels/1/threshold", "1", "do", "publish")...).is(200)
		publish := b.path
		b.post(at + "/preview").is(200)
		b.until(b.path, "Считаем чеки")
		b.get(publish).sees("Кто сменит уровень, если пересчитать", "1 % → 3 %:")
		b.post(publish, "draft", b.value("draft"), "when", "now", "recount", "1").is(200).sees("Опубликовано")
		var tiers int
		for end := time.Now().Add(time.Minute); time.Now().Before(end); { // the job runs when it is woken
			if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM tiers WHERE level = 'silver'`).Scan(&tiers); err != nil {
				t.Fatal(err)
			}
			if tiers > 0 {
				break
			}
			b.get(strings.TrimSuffix(publish, "/publish"))
		}
		if tiers == 0 {
			t.Error("nobody's level was counted anew")
		}
	})
}

// What came late says so on its page, and what the rules would have charged.
func TestLateReceiptIsExplained(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		total := money.Amount(9_000_00)
		results, err := s.Receipts.RecordLate(t.Context(), s.clock.now().Add(48*time.Hour), []receipt.LateCall{{
			By: receipt.Caller{Till: s.till, Store: s.store},
			Late: receipt.Late{Sale: &receipt.Sale{
				Number: "L-1", SoldAt: s.clock.now().Add(46 * time.Hour), Total: &total,
				Draft: receipt.Draft{Lines: []receipt.DraftLine{{SKU: "tea", Quantity: money.One, Price: 10_000_0000}}},
			}},
		}})
		if err != nil || results[0].Err != nil {
			t.Fatal(err, results)
		}
		s.owner().get("/receipts/"+results[0].Receipt.ID.String()).is(200).sees("касса работала без связи", "часы кассы ошибались", "По правилам было бы", "10 000 сум", "Взято кассой без связи")
	})
}
