package importer

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// Levels come from a file as floors in the programme of the customer's store, by code
// or name, and only ever raise what was given.
func TestImportLevels(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.batchRows = 4
		h.open("North")
		h.open("South")
		metals, stars := plainRules("North"), plainRules("South")
		metals.Levels = []programme.Level{{Code: "base", Name: "Базовый"}, {Code: "silver", Name: "Серебро", Threshold: 1_000_00}, {Code: "gold", Name: "Золото", Threshold: 9_000_00}}
		stars.Levels = []programme.Level{{Code: "one", Name: "Bir"}, {Code: "gold", Name: "Oltin", Threshold: 500_00}}
		north, south := h.install("North", metals), h.install("South", stars)
		text := "Код;ФИО;Магазин;Уровень;Уровень до\n" +
			"1;Иванов Иван;North;ЗОЛОТО;31.12.2099\n" +
			"2;Петров Пётр;North;silver;\n" +
			"3;Каримова Нилуфар;South;oltin;\n" +
			"4;Юсупов Юсуф;North;Базовый;\n" +
			"5;Алиев Тимур;South;Серебро;\n" +
			"6;Умаров Умар;North;Платина;\n" +
			"7;Усманов Усман;North;Золото;31.12.2020\n" +
			"2;Петров Пётр;North;золото;01.02.2099\n" +
			"8;Рахимов Рахим;North;;\n"
		i, err := h.Add(t.Context(), File{}, write(t, text))
		must(t, err)
		if i.Mapping.Columns[FieldLevel] != 4 || i.Mapping.Columns[FieldLevelUntil] != 5 {
			t.Fatalf("the columns are taken for %v", i.Mapping.Columns)
		}
		dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if i.Report.Levels != 4 {
			t.Errorf("%d levels were given", i.Report.Levels)
		}
		if diff := cmp.Diff(i.Report, dry.Report, clockless); diff != "" {
			t.Errorf("the dry run (-import +dry):\n%s", diff)
		}
		notes := h.issuesOf(i.ID, false)
		for _, note := range []string{"Уровень “Серебро”: No level of the programme", "Уровень “Платина”: No level", "Уровень до “31.12.2020”: The level had ended"} {
			if !strings.Contains(notes, note) {
				t.Errorf("the notes lack %q:\n%s", note, notes)
			}
		}
		tier := func(external string) (tier programme.Tier) {
			t.Helper()
			who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: external})
			must(t, err)
			list, err := h.programmes.Tiers(t.Context(), who.ID)
			must(t, err)
			if len(list) == 1 {
				return list[0]
			}
			return tier
		}
		for external, want := range map[string]struct {
			of           programme.ID
			floor, until string
		}{
			"1": {north, "gold", "2100-01-01"}, "2": {north, "gold", "2099-02-02"}, "3": {south, "gold", ""}, "4": {}, "5": {}, "6": {}, "7": {}, "8": {},
		} {
			got, until := tier(external), ""
			if !got.FloorUntil.IsZero() {
				until = got.FloorUntil.In(h.zone()).Format(time.DateOnly)
			}
			if got.Programme != want.of || got.Floor != want.floor || got.Level != want.floor || until != want.until {
				t.Errorf("customer %s has %+v until %s", external, got, until)
			}
		}
		events := h.count(`SELECT COUNT(*) FROM events WHERE kind LIKE 'tier.%'`)
		if again := h.load(write(t, strings.Replace(text, "1;Иванов Иван;North;ЗОЛОТО", "1;Иванов Иван;North;Серебро", 1)), File{}); again.Report.Levels != 0 {
			t.Errorf("%d levels were given again", again.Report.Levels)
		}
		if n := h.count(`SELECT COUNT(*) FROM events WHERE kind LIKE 'tier.%'`); n != events {
			t.Errorf("%d events tell of levels that were there, want %d", n, events)
		}
		h.verify()
	})
}

// Levels that are given together are what they are given one by one.
func TestGrantTogether(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		rules := plainRules()
		rules.Spend = programme.Spend{Window: programme.Rolling, Days: 365}
		rules.Levels = []programme.Level{{Code: "base", Name: "Base"}, {Code: "silver", Name: "Silver", Threshold: 100_00}, {Code: "gold", Name: "Gold", Threshold: 900_00}}
		h.install("Main", rules)
		h.load(write(t, "Код;ФИО\n1;Иванов Иван\n2;Петров Пётр\n3;Юсупов Юсуф\n4;Алиев Тимур\n"), File{})
		v, err := h.programmes.At(t.Context(), "Main", h.now())
		must(t, err)
		var ids []customer.ID
		for _, external := range []string{"1", "2", "3", "4"} {
			who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: external})
			must(t, err)
			ids = append(ids, who.ID)
		}
		until := programme.Midnight(h.now(), 30, h.zone())
		must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for i, g := range []receipt.Grant{{Level: "gold"}, {Level: "silver", Until: until}} {
				g.Customer = ids[i]
				if _, _, err := h.receipts.GrantTierTx(ctx, tx, v, g); err != nil {
					return err
				}
				g.Customer = ids[i+2]
				if given, err := h.receipts.GrantTiersTx(ctx, tx, []receipt.GrantIn{{Version: v, Grant: g}, {Version: v, Grant: g}}); err != nil || !given[0] || given[1] {
					t.Errorf("%v, %v", given, err)
				}
			}
			return nil
		}))
		for i := range 2 {
			one, err := h.programmes.Tiers(t.Context(), ids[i])
			must(t, err)
			other, err := h.programmes.Tiers(t.Context(), ids[i+2])
			must(t, err)
			other[0].Since = one[0].Since
			if diff := cmp.Diff(one, other); diff != "" {
				t.Errorf("alone and together differ:\n%s", diff)
			}
		}
		h.verify()
	})
}
