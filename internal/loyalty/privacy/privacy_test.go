package privacy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/verify"
)

// What is personal of the person of the test, and nowhere else.
var personal = []string{"Sevinch", "Qodirova", "+998901112233", "7777000011112222", "1988-08-18", "Namangan-city", "allergic to nuts", "form 4711", "paper of Sevinch Q.", "wrote that she moves"}

// A reason that cannot be read is not left out of a person's file in silence.
func TestExportFailsOverAnUnreadableReason(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := loyaltytest.New(t, d, loyaltytest.Options{}), t.Context()
		store, _ := s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1")
		res, err := s.Enrol.Register(ctx, store, 0, customer.New{HomeStore: store.ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "1"}}})
		loyaltytest.Check(t, err)
		loyaltytest.Check(t, s.Privacy.Export(ctx, res.ID, &bytes.Buffer{}))
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.Staff.AuditTx(ctx, tx, staff.Entry{Action: "look.card", Subject: "customer:" + res.ID.String(), After: []byte(`{"reason": 7}`)})
		}))
		if err := s.Privacy.Export(ctx, res.ID, &bytes.Buffer{}); err == nil {
			t.Error("the file is made without it")
		}
	})
}

// What is taken from whom a process erases that has not met their store yet is in the
// books of the store's owner.
func TestErasedInTheBooksOfTheStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := loyaltytest.New(t, d, loyaltytest.Options{}), t.Context()
		var owner catalog.Entity
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			owner, err = s.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "Franchise"})
			return err
		}))
		store, _ := s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent", Entity: owner.ID})
		_, err := s.Programmes.Install(ctx, "Main", loyaltytest.Rules(s.Currency, 50_00), s.Now().Add(-time.Hour), 0)
		loyaltytest.Check(t, err)
		res, err := s.Enrol.Register(ctx, store, 0, customer.New{HomeStore: store.ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901112233"}}})
		loyaltytest.Check(t, err)
		_, err = loyaltytest.New(t, d, loyaltytest.Options{Join: s}).Privacy.Erase(ctx, res.ID, staff.By{}, "asked")
		loyaltytest.Check(t, err)
		var taken, theirs int
		const find = `
			SELECT count(*), COALESCE(SUM(CASE WHEN entity_id = $1 AND COALESCE(at_entity_id, entity_id) = $1 AND store_id = $2 THEN 1 ELSE 0 END), 0)
			  FROM entries WHERE reason = 'erased'`
		loyaltytest.Check(t, d.QueryRow(ctx, find, int64(owner.ID), int64(store.ID)).Scan(&taken, &theirs))
		if taken != 1 || theirs != taken {
			t.Errorf("%d of %d entries are the franchise's", theirs, taken)
		}
	})
}

// What the old system noted at a receipt is in the file of whose receipt it is.
func TestExportHasNotesOfImportedReceipts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := loyaltytest.New(t, d, loyaltytest.Options{}), t.Context()
		store, _ := s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"})
		res, err := s.Enrol.Register(ctx, store, 0, customer.New{HomeStore: store.ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "1"}}})
		loyaltytest.Check(t, err)
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO sources (id, name, created_at) VALUES (1, 'old', 1)`); err != nil {
				return err
			}
			old := receipt.Imported{Kind: receipt.KindSale, Name: receipt.Name{Number: "A1"}, Store: store.ID, Customer: res.ID, SoldAt: s.Now().Add(-time.Hour), Note: "left with the neighbour"}
			_, err := s.Receipts.RecordTx(ctx, tx, 1, []receipt.Imported{old}, func(int) []receipt.Line {
				return []receipt.Line{{Name: "Bread", Quantity: money.One, Price: 10_000_0000, Gross: 10_000_00, Total: 10_000_00}}
			})
			return err
		}))
		var b bytes.Buffer
		loyaltytest.Check(t, s.Privacy.Export(ctx, res.ID, &b))
		if !strings.Contains(b.String(), "left with the neighbour") {
			t.Errorf("the file is %s", b.String())
		}
	})
}

// All that is kept of a person is in the file; once erased nothing personal is left in
// any table, nobody is found, and the books agree.
func TestExportAndErase(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := loyaltytest.New(t, d, loyaltytest.Options{}), t.Context()
		store, tills := s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1")
		till := receipt.Caller{Till: tills[0], Store: store}
		_, err := s.Programmes.Install(ctx, "Main", loyaltytest.Rules(s.Currency, 50_00), s.Now().Add(-time.Hour), 0)
		loyaltytest.Check(t, err)
		owner, err := s.Staff.Add(ctx, staff.By{}, staff.NewAccount{Name: "Aziza", Login: "aziza", Password: "a long password", Role: staff.Owner})
		loyaltytest.Check(t, err)
		join := func(in customer.New) customer.ID {
			in.HomeStore, in.Source = store.ID, "till"
			res, err := s.Enrol.Register(ctx, store, 0, in)
			loyaltytest.Check(t, err)
			return res.ID
		}
		who := join(customer.New{
			FirstName: "Sevinch", LastName: "Qodirova", Born: "1988-08-18", City: "Namangan-city", Note: "allergic to nuts", Attributes: customer.Attributes{"shoes": "38"},
			Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901112233"}},
			Consents:    []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, Wording: "paper of Sevinch Q.", Proof: "form 4711"}},
		})
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.Customers.AddConsentsTx(ctx, tx, who, []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Source: "admin", Reason: "wrote that she moves"}})
		}))
		former := join(customer.New{FirstName: "Sevinch", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "7777000011112222"}}})
		other := join(customer.New{FirstName: "Rustam", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "1"}}})
		for i, c := range []customer.ID{who, former, other} {
			total := money.Amount(10_000_00)
			d := receipt.Draft{Customer: c, Lines: []receipt.DraftLine{{SKU: "bread", Name: "Bread", Quantity: money.One, Price: 10_000_0000}}}
			_, _, err := s.Receipts.Commit(ctx, till, receipt.Sale{Number: fmt.Sprint("n", i), Draft: d, Total: &total})
			loyaltytest.Check(t, err)
		}
		holds := func(hash, hint string, holder customer.ID) giftcard.Card {
			return giftcard.Card{Name: giftcard.Name{Hash: hash, Source: 1}, Import: 1, Hint: hint, Balance: 5_000_00, Holder: holder}
		}
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, text := range []string{`INSERT INTO sources (id, name, created_at) VALUES (1, 'old', 1)`,
				`INSERT INTO imports (id, source_id, kind, file, path, mapping, state, report, created_at) VALUES (1, 1, 'products', 'c.csv', 'c.csv', '{"kind":"giftcards"}', 'done', '{"cards":3,"cards_total":1500000}', 1)`} {
				if _, err := tx.Exec(ctx, text); err != nil {
					return err
				}
			}
			return s.Giftcards.KeepTx(ctx, tx, []giftcard.Card{holds("h1", "4242", who), holds("h2", "4343", former), holds("h3", "4444", other)})
		}))
		_, err = s.Merges.Merge(ctx, former, who, owner.ID, nil)
		loyaltytest.Check(t, err)

		version, err := s.Programmes.At(ctx, store.Code, s.Now())
		loyaltytest.Check(t, err)
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, _, err := s.Receipts.GrantTierTx(ctx, tx, version, receipt.Grant{Customer: who, Level: version.Rules.Levels[1].Code}); err != nil {
				return err
			}
			const sent = `INSERT INTO confirmations (id, customer_id, till_id, points, made_at, expires_at, sent_at) VALUES (9, $1, $2, 4300, 1, 2, 1)`
			if _, err := tx.Exec(ctx, sent, int64(who), int64(tills[0].ID)); err != nil {
				return err
			}
			return s.Staff.AuditTx(ctx, tx, staff.Entry{Actor: owner.ID, Action: "look.card", Subject: "customer:" + who.String()})
		}))

		var b bytes.Buffer
		loyaltytest.Check(t, s.Privacy.Export(ctx, who, &b))
		level := version.Rules.Levels[1]
		for _, want := range append(personal, "4242", "4343", "5000.00", "shoes", "Bread", "n0", "n1", "welcome", `"name": "`+level.Name+`"`, `"cause": "granted"`, `"was": "`+version.Rules.Levels[0].Code+`"`, `"43.00"`, "look.card", `"expires_at"`, `"held": "0.00"`) {
			if !strings.Contains(b.String(), want) {
				t.Errorf("the file lacks %q", want)
			}
		}
		if !json.Valid(b.Bytes()) || strings.Contains(b.String(), "Rustam") || strings.Contains(b.String(), `"n2"`) || strings.Contains(b.String(), "4444") || strings.Contains(b.String(), "Aziza") {
			t.Errorf("the file is %s", b.String())
		}

		_, err = d.Exec(ctx, `DELETE FROM confirmations`) // which nobody made
		loyaltytest.Check(t, err)
		for _, text := range personal {
			if len(leaks(ctx, t, d, text)) == 0 {
				t.Errorf("%q is in no table before", text)
			}
		}
		if _, err := s.Privacy.Erase(ctx, former, staff.By{ID: owner.ID}, "asked"); !errors.Is(err, customer.ErrGone) {
			t.Errorf("a merged profile is erased alone: %v", err)
		}
		d.Scrub(ctx) // what the log has is in the database, too
		owed, err := s.Ledger.Owed(ctx)
		loyaltytest.Check(t, err)
		out, err := s.Privacy.Erase(ctx, who, staff.By{ID: owner.ID}, "asked")
		loyaltytest.Check(t, err)
		left, err := s.Ledger.Owed(ctx)
		loyaltytest.Check(t, err)
		if len(out.Profiles) != 2 || out.Points <= 100_00 || owed-left != out.Points {
			t.Errorf("erased are %v and %s points of %s", out.Profiles, out.Points, owed)
		}
		if cards, err := s.Giftcards.Of(ctx, []customer.ID{who, former}); len(cards) != 0 || err != nil {
			t.Errorf("who is erased holds %v, %v", cards, err)
		}
		for _, text := range personal {
			for _, table := range leaks(ctx, t, d, text) {
				t.Errorf("%q is in table %s still", text, table)
			}
		}
		if !d.Postgres() {
			for _, file := range files(ctx, t, d) {
				bytesOf, err := os.ReadFile(file)
				loyaltytest.Check(t, err)
				for _, text := range personal {
					if bytes.Contains(bytes.ToLower(bytesOf), bytes.ToLower([]byte(text))) {
						t.Errorf("bytes of %q are in %s still", text, filepath.Base(file))
					}
				}
			}
		}
		for _, c := range out.Profiles {
			if got, err := s.Customers.Get(ctx, c); err != nil || got.State != customer.StateErased || got.Name() != "" {
				t.Errorf("after: %+v, %v", got, err)
			}
		}
		if _, err := s.Privacy.Erase(ctx, who, staff.By{ID: owner.ID}, "again"); !errors.Is(err, customer.ErrGone) {
			t.Errorf("erased twice: %v", err)
		}
		merges, err := s.Merges.Of(ctx, who)
		loyaltytest.Check(t, err)
		if err := s.Merges.Undo(ctx, merges[0].ID, owner.ID, nil); !errors.Is(err, customer.ErrNotMerged) && !errors.Is(err, customer.ErrGone) {
			t.Errorf("who is erased comes back: %v", err)
		}
		report, err := verify.Run(ctx, d, verify.Options{TempDir: t.TempDir()})
		loyaltytest.Check(t, err)
		for _, f := range report.Findings {
			if f.Check != verify.Setting && f.Check != verify.Node { // of which a test's installation has none
				t.Errorf("the books do not agree: %v", f)
			}
		}
	})
}

// files are those of an SQLite database.
func files(ctx context.Context, t *testing.T, d *db.DB) []string {
	t.Helper()
	var path string
	loyaltytest.Check(t, d.QueryRow(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path))
	return []string{path, path + "-wal"}
}

// leaks are the tables in whose rows a text stands.
func leaks(ctx context.Context, t *testing.T, d *db.DB, text string) (found []string) {
	t.Helper()
	list := `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	if d.Postgres() {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	var tables []string
	rows, err := d.Query(ctx, list)
	loyaltytest.Check(t, db.Scan(rows, err, func(r *db.Rows) error {
		var name string
		err := r.Scan(&name)
		tables = append(tables, name)
		return err
	}))
	for _, table := range tables {
		columns := `SELECT name FROM pragma_table_info('` + table + `')`
		if d.Postgres() {
			columns = `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '` + table + `'`
		}
		rows, err := d.Query(ctx, columns)
		loyaltytest.Check(t, db.Scan(rows, err, func(r *db.Rows) error {
			var column string
			if err := r.Scan(&column); err != nil {
				return err
			}
			var n int
			err := d.QueryRow(ctx, `SELECT COUNT(*) FROM "`+table+`" WHERE CAST("`+column+`" AS TEXT) LIKE $1`, "%"+text+"%").Scan(&n)
			if n > 0 {
				found = append(found, table+"."+column)
			}
			return err
		}))
	}
	return found
}
