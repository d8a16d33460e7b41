package admin_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/importer"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// The log of a store names nobody of another, whatever its address asks for.
func TestLogTellsNoStrangers(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	owner := s.owner()
	far, _ := s.branch()
	manager := s.signed(s.as(staff.Manager, "far", far.ID).ID)
	manager.get("/audit?subject=customer:" + s.people[0].String()).is(200).lacks("Каримова")
	res, err := s.Enrol.Register(t.Context(), s.store, 0, customer.New{HomeStore: s.store.ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "5550001112223"}}})
	must(t, err)
	manager.get("/audit?subject=customer:" + res.ID.String()).is(200).lacks("5550001112223")
	cashier := s.as(staff.Cashier, "zafar-there", s.stores()...)
	manager.get("/audit?subject=staff:" + cashier.ID.String()).is(200).lacks("zafar-there")
	owner.get("/audit?subject=customer:" + s.people[0].String()).sees("Каримова")
}

// Whoever sees names in a list of receipts, or on one, is noted as on a card.
func TestReceiptsAreLooks(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	operator := s.as(staff.Operator, "operator")
	b := s.signed(operator.ID)
	noted := func(n int) {
		t.Helper()
		lines, _, err := s.Staff.Audit(t.Context(), staff.Filter{Actor: operator.ID, Action: "look."}, "", 100)
		must(t, err)
		if len(lines) != n {
			t.Errorf("%d looks are noted, not %d", len(lines), n)
		}
	}
	b.get("/receipts").is(200).sees("Дилноза Каримова")
	noted(1)
	b.get("/receipts/" + s.sales[0].ID.String()).is(200).sees("Дилноза Каримова")
	noted(2)
	s.wait(15 * time.Minute) // a look at the same is a look anew
	b = s.signed(operator.ID)
	b.get("/receipts?customer=x").is(200).sees("Дилноза Каримова")
	noted(3)
	b.get("/receipts?q=" + s.sales[0].Number).is(200).sees("Дилноза Каримова")
	noted(4)
	only, _, err := s.Staff.Audit(t.Context(), staff.Filter{Actor: operator.ID, Action: "look.search", Subject: "customer:" + s.sales[0].Customer.String()}, "", 100)
	must(t, err)
	if len(only) != 1 {
		t.Errorf("the only buyer of a list is named %d times", len(only))
	}
}

// Receipts of a file without numbers are called by something that tells nobody who bought.
func TestMadeNumbersTellNobody(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		const file = "Дата;Магазин;Телефон;Сумма\n03.03.2035 10:00;Чорсу;+998935550011;12500\n04.03.2035 11:00;Чорсу;+998935550011;7000\n"
		if i := s.imported(file); i.Report.Recorded != 2 {
			t.Fatalf("%+v", i.Report)
		}
		var n int
		must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM receipts WHERE imported AND number LIKE '%2035-03-0%'`).Scan(&n))
		if n != 2 {
			t.Errorf("%d receipts have a number that was made", n)
		}
		must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM receipts WHERE number LIKE '%935550011%'`).Scan(&n))
		if n > 0 {
			t.Errorf("%d receipts are called by a phone", n)
		}
	})
}

// What a file says of people in notes is for those who see people.
func TestNotesAreMasked(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	s.imported("Номер чека;Дата;Магазин;ФИО клиента;Комментарий;Сумма\n77001;03.03.2035 10:00;Чорсу;Саидова Нигора;позвонить +998935550077;12500\n")
	var id receipt.ID
	must(t, s.DB.QueryRow(t.Context(), `SELECT id FROM receipts WHERE imported`).Scan(&id))
	b := s.owner()
	b.get("/receipts/" + id.String()).is(200).sees("Саидова").sees("998935550077")
	analyst := s.signed(s.as(staff.Analyst, "analyst").ID)
	analyst.get("/receipts/" + id.String()).is(200).lacks("Саидова").lacks("998935550077")

	// So are the reasons of what was done to them.
	card := "/customers/" + s.people[0].String()
	b.post(card+"/points", "way", "give", "points", "100", "reason", "просила +998935550077").is(200)
	b.post(card+"/points", "way", "give", "points", "100", "reason", "просила +998935550077", "seen", b.value("seen"), "confirm", "1").is(200)
	b.get("/audit?about=customer").sees("просила +998935550077")
	analyst.get("/audit?about=customer").is(200).sees("100").lacks("просила")
	if analyst.get("/audit/export?about=customer").is(200); strings.Contains(analyst.body, "998935550077") {
		t.Error("the export of the log has a phone in a reason")
	}
	for _, path := range []string{card + "/data", "/customers/export"} {
		if got := b.get(path).is(200).header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s may be cached: %q", path, got)
		}
	}
}

// imported imports a file of receipts.
func (s *shop) imported(text string) importer.Import {
	s.t.Helper()
	i, err := s.Importer.Upload(s.t.Context(), importer.File{Name: "receipts.csv", Kind: importer.KindReceipts}, strings.NewReader(text), func(context.Context, *db.Tx, importer.Import) error { return nil })
	must(s.t, err)
	i, err = s.Importer.RunNow(s.t.Context(), i.ID, func(importer.Report) {})
	must(s.t, err)
	return i
}

// A file that is being sent ends where the session of whoever asked for it does.
func TestExportsEndWithTheSession(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := open(t, d).shop()
	who := s.as(staff.Owner, "leaves")
	s.as(staff.Owner, "stays")
	_, err := d.Exec(t.Context(), `
		INSERT INTO customers (id, first_name, last_name, registered_at, checksum)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		SELECT i, 'F' || i || ' ' || hex(zeroblob(700)), 'L' || i, 1, 1 FROM n`)
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/customers/export", nil)
	must(t, err)
	r.AddCookie(&http.Cookie{Name: "regulars_session", Value: s.session(who.ID)})
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close() //nolint:errcheck // it is read
	in := bufio.NewReader(res.Body)
	_, err = in.ReadString('\n')
	must(t, err)
	no := false
	_, err = s.Staff.Change(t.Context(), staff.By{}, who.ID, staff.Change{Active: &no})
	must(t, err)
	rest, _ := io.ReadAll(in) // it is cut off
	if strings.Count(string(rest), "\n") >= 20000 {
		t.Errorf("the whole list of customers is sent to somebody who was switched off after its first line")
	}
}
