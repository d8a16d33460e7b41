package importer

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// plainRules hold in some stores, by code; none: in all.
func plainRules(stores ...string) *programme.Rules {
	return &programme.Rules{
		Stores: stores, PointValue: 10_000, Levels: []programme.Level{{Code: "base", Name: "Base"}}, Combine: programme.CombineAdd,
		Spend:    programme.Spend{Window: programme.Lifetime},
		Discount: programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Earn:     programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Redeem:   programme.Redeem{Cap: 5000}, Return: programme.Return{Clawback: programme.ClawbackDebt}, QuoteMinutes: 10,
	}
}

// install publishes a programme that holds from now on.
func (h house) install(name string, r *programme.Rules) programme.ID {
	h.t.Helper()
	v, err := h.programmes.Install(h.t.Context(), name, r, h.now(), 0)
	must(h.t, err)
	return v.ProgrammeID
}

// open opens a store.
func (h house) open(code string) (store catalog.Store) {
	h.t.Helper()
	must(h.t, h.db.Write(h.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		store, err = h.catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: code, Name: code, Zone: "Asia/Tashkent"})
		return err
	}))
	return store
}

// lots are those of the customer with an outside id.
func (h house) lots(external string) []*ledger.Lot {
	h.t.Helper()
	who, err := h.customers.Find(h.t.Context(), customer.Identifier{Kind: customer.External, Value: external})
	must(h.t, err)
	account, err := h.ledger.Get(h.t.Context(), who.ID)
	must(h.t, err)
	return account.Lots()
}

// An opening balance belongs to the programme of the customer's own store, and is owed
// by its company.
func TestOpeningIsOfTheHomeStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		north, south := h.open("North"), h.open("South")
		h.open("Closed")
		ofNorth, ofSouth := h.install("North", plainRules("North")), h.install("South", plainRules("South"))
		h.load(write(t, "Код;ФИО;Магазин\n9;Сидоров Сидор;South\n"), File{Name: "before.csv"})

		i, err := h.Add(t.Context(), File{}, write(t, "Код;ФИО;Магазин;Баллы\n1;Иванов Иван;North;10\n2;Петров Пётр;south;20\n3;Каримова Нилуфар;;30\n4;Юсупов Юсуф;Closed;40\n"))
		must(t, err)
		i.Mapping.Options.Store = "North"
		must(t, h.SetMapping(t.Context(), i.ID, i.Mapping))
		dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if i.Report.Points != 60_00 || dry.Report.Points != 60_00 {
			t.Errorf("%s points were given, and %s in the dry run", i.Report.Points, dry.Report.Points)
		}
		for external, want := range map[string]struct {
			programme programme.ID
			store     catalog.Store
		}{"1": {ofNorth, north}, "2": {ofSouth, south}, "3": {ofNorth, north}} {
			list := h.lots(external)
			if len(list) != 1 || list[0].Programme != want.programme || list[0].Entity != int64(want.store.Entity) {
				t.Errorf("customer %s has %+v, want points of programme %d", external, list, want.programme)
			}
		}
		if list := h.lots("4"); len(list) > 0 {
			t.Errorf("where no programme holds: %+v", list)
		}
		h.verify()
	})
}

// points is what the customer with an outside id has.
func (h house) points(external string) (sum money.Points) {
	h.t.Helper()
	for _, l := range h.lots(external) {
		sum += l.Remaining
	}
	return sum
}

// Whoever was here before gets the opening balance too, of each system once, whatever
// file it is in; a dry run says the same.
func TestOpeningIsOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.batchRows = 2 // so that rows of one customer meet in several batches
		h.install("Main", plainRules())
		h.load(write(t, "Код;ФИО;Карта;Телефон\n1;Иванов Иван;111;901234501\n2;Петров Пётр;222;901234502\n"), File{Name: "before.csv", Source: "old"})

		text := "Код;ФИО;Карта;Телефон;Баллы\n" +
			"1;Иванов Иван;;;10\n" +
			";Иванов Иван;111;;7\n" + // called otherwise
			"3;Каримова Нилуфар;333;;30,5\n" +
			"2;Петров Пётр;;;-4\n" +
			";Каримова Нилуфар;333;;5\n" +
			";Иванов Иван;;901234501;9\n" +
			"4;Юсупов Юсуф;;;0\n"
		check := func(text, source string, given, opened money.Points, below int64) {
			t.Helper()
			i, err := h.Add(t.Context(), File{Name: "points.csv", Source: source, Anew: true}, write(t, text))
			must(t, err)
			dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			if r := i.Report; r.Points != given || r.OpenedPoints != opened || r.Below != below || r.BelowPoints != -4_00*money.Points(below) {
				t.Errorf("of %s %s were given, %s before, %s below zero", source, r.Points, r.OpenedPoints, r.BelowPoints)
			}
			filled := cmpopts.IgnoreFields(Report{}, "Updated", "Unchanged") // of whom rows call otherwise, nothing is remembered
			if diff := cmp.Diff(i.Report, dry.Report, clockless, filled); diff != "" {
				t.Errorf("the dry run of %s (-import +dry):\n%s", source, diff)
			}
		}
		check(text, "old", 40_50, 0, 1)
		for external, want := range map[string]money.Points{"1": 10_00, "2": 0, "3": 30_50} {
			if got := h.points(external); got != want {
				t.Errorf("customer %s has %s points, want %s", external, got, want)
			}
		}
		check("Код;ФИО;Баллы\n1;Иванов Иван;10\n2;Петров Пётр;20\n3;Каримова Нилуфар;31\n3;Каримова Нилуфар;31\n1;Иванов Иван;10\n", "old", 20_00, 40_50, 0)
		check("Код;Карта;ФИО;Баллы\n1;;Иванов Иван;10\n;111;Иванов Иван;10\n", "old", 0, 10_00, 0) // which share nothing
		if _, err := h.Add(t.Context(), File{Name: "points.csv", Source: "other", Anew: true}, write(t, text)); !errors.Is(err, ErrOtherSource) {
			t.Errorf("the very same file under another name: %v", err)
		}
		check("Код;ФИО;Баллы\n1;Иванов Иван;100\n", "other", 100_00, 0, 0)
		for external, want := range map[string]money.Points{"1": 110_00, "2": 20_00, "3": 30_50} {
			if got := h.points(external); got != want {
				t.Errorf("customer %s has %s points in the end, want %s", external, got, want)
			}
		}
		h.verify()
	})
}

// A remark shows a balance as the file has it, so that a search finds it there.
func TestOpeningIsToldAsItIsSpelled(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.open("Closed")
		h.install("Main", plainRules("Main"))
		text := "Код;Магазин;Баллы\n1;Main;1 250,75\n2;Main;-3 000,50\n3;Closed;2 000,00\n"
		h.load(write(t, text), File{Kind: KindCustomers})
		i := h.load(write(t, text+"4;Main;1\n"), File{Kind: KindCustomers})
		notes := h.issuesOf(i.ID, false)
		for _, cell := range []string{"1 250,75", "-3 000,50", "2 000,00"} {
			if !strings.Contains(notes, "“"+cell+"”") {
				t.Errorf("%s is not told:\n%s", cell, notes)
			}
		}
	})
}

// The day on which points expire is the file's where it says one, and what has expired
// is not given.
func TestOpeningExpires(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		rules := plainRules()
		rules.Earn.DelayDays, rules.Earn.ExpiryDays = 14, 30
		h.install("Main", rules)
		i := h.load(write(t, "Код;Баллы;Дата сгорания\n1;10;31.12.2099\n2;20;\n3;30;31.12.2020\n"), File{Kind: KindCustomers})
		if notes := h.issuesOf(i.ID, false); !strings.Contains(notes, "“31.12.2020”") {
			t.Errorf("notes:\n%s", notes)
		}
		one, two := h.lots("1"), h.lots("2")
		if i.Report.Points != 30_00 || len(one) != 1 || len(two) != 1 || len(h.lots("3")) != 0 {
			t.Fatalf("%s points were given: %v and %v", i.Report.Points, one, two)
		}
		if at := one[0].ExpiresAt.In(h.zone()).Format(time.DateOnly); at != "2099-12-31" {
			t.Errorf("what expires on a day of the file's does on %s", at)
		}
		want := programme.Midnight(two[0].EarnedAt, 30, h.zone()) // whatever points of purchases wait for
		if !two[0].ExpiresAt.Equal(want) {
			t.Errorf("what expires by the programme does at %s, want %s", two[0].ExpiresAt, want)
		}
		h.verify()
	})
}

// Groups come by the file, are added to those that a customer has, and choose the
// programme of the opening balance.
func TestGroupsComeByTheFile(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("All", plainRules())
		rules := plainRules()
		rules.Labels = []string{"опт-и-мелкий-опт"}
		wholesale := h.install("Wholesale", rules)
		h.load(write(t, "Код;Группа клиента\n1;VIP\n"), File{Kind: KindCustomers, Name: "before.csv"})
		h.load(write(t, "Код;Группа клиента;Баллы\n1;Опт и мелкий опт;10\n2;vip, сотрудник;20\n"), File{Kind: KindCustomers})
		for external, want := range map[string]string{"1": "vip опт-и-мелкий-опт", "2": "vip сотрудник"} {
			who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: external})
			must(t, err)
			if got := strings.Join(who.Labels, " "); got != want {
				t.Errorf("%s is in %q, want %q", external, got, want)
			}
		}
		if one, two := h.lots("1"), h.lots("2"); len(one) != 1 || one[0].Programme != wholesale || len(two) != 1 || two[0].Programme == wholesale {
			t.Errorf("points of %v and %v", one, two)
		}
		h.verify()
	})
}

// Where whole accounts expire that nothing is bought with, the time begins with the
// opening balance.
func TestOpeningExpiresWithTheAccount(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		rules := plainRules()
		rules.IdleDays = 90
		h.install("Main", rules)
		h.load(write(t, "Код;Баллы\n1;10\n"), File{Kind: KindCustomers})
		who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: "1"})
		must(t, err)
		account, err := h.ledger.Get(t.Context(), who.ID)
		must(t, err)
		if want := programme.Midnight(account.Lots()[0].EarnedAt, 90, h.zone()); !account.IdleAt.Equal(want) {
			t.Errorf("the account expires at %s, want %s", account.IdleAt, want)
		}
		h.verify()
	})
}

// What imports booked before openings were kept is kept by the migration.
func TestOpeningsOfBefore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.install("Main", plainRules())
		file := write(t, "Код;ФИО;Баллы\n1;Иванов Иван;10\n2;Петров Пётр;20\n")
		h.load(file, File{})
		text, err := os.ReadFile("../base/db/migrations/0008_openings.sql")
		must(t, err)
		backfill := string(text)[strings.Index(string(text), "INSERT INTO"):]
		must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM openings`); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, strings.TrimSuffix(strings.TrimSpace(backfill), ";"))
			return err
		}))
		if n := h.count(`SELECT COUNT(*) FROM openings`); n != 2 {
			t.Errorf("%d openings are kept", n)
		}
		h.verify()
		if i := h.load(copied(t, file), File{}); i.Report.Points != 0 || i.Report.Opened != 2 {
			t.Errorf("loaded again: %+v", i.Report)
		}
	})
}
