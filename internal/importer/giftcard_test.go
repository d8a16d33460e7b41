package importer

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/base/secret"
)

// Gift cards wait in a table of their own, each of a source once, and their numbers are
// kept nowhere.
func TestImportGiftcards(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.batchRows = 4
		h.load(write(t, "Код;ФИО;Телефон\n1;Иванов Иван;901234501\n"), File{})
		text := "Номер сертификата;Остаток;Действует до;Телефон владельца\n" +
			"GC-1000 2001;50 000,00;31.12.2099;901234501\n" +
			"gc10002002;7500,50;;\n" +
			"GC10002003;1000;01.01.2020;901234509\n" +
			"GC10002004;-5;;\n" +
			"GC10002005;;;\n" +
			";900;;\n" +
			"GC10002006;0,005;;\n" +
			"GC10002002;9 000,00;;\n" +
			"1,00E+09;100;;\n" +
			"Итого;68400,505;;\n"
		i, err := h.Add(t.Context(), File{Name: "cards.csv"}, write(t, text))
		must(t, err)
		if want := map[Field]int{FieldGiftcard: 1, FieldBalance: 2, FieldValidUntil: 3, FieldPhone: 4}; i.Kind != KindGiftcards || cmp.Diff(want, i.Mapping.Columns) != "" {
			t.Fatalf("%s: %v", i.Kind, i.Mapping.Columns)
		}
		dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if diff := cmp.Diff(i.Report, dry.Report, clockless); diff != "" {
			t.Errorf("the dry run (-import +dry):\n%s", diff)
		}
		want := Report{
			Rows: 10, Refused: 6, Noted: 2, Cards: 3, CardsTotal: 58_500_50, CardsOver: 1, CardsOverTotal: 1_000_00, Done: 1,
		}
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		key := h.secret
		for number, want := range map[string]string{"GC10002001": "2001 5000000 held", "GC10002002": "2002 750050 ", "GC10002003": "2003 100000 "} {
			var got string
			must(t, h.db.QueryRow(t.Context(), `
				SELECT hint || ' ' || CAST(balance AS TEXT) || ' ' || CASE WHEN customer_id IS NULL THEN '' ELSE 'held' END
				  FROM imported_giftcards WHERE hash = $1`, secret.Keyed(key, number)).Scan(&got))
			if got != want {
				t.Errorf("card %s is kept as %q, want %q", number, got, want)
			}
		}
		notes := h.issuesOf(i.ID, false)
		if !strings.Contains(notes, "…2003;1000") || !strings.Contains(notes, "“9 000,00”: The card stands further up in this file already") {
			t.Errorf("notes:\n%s", notes)
		}
		kept, err := filepath.Glob(filepath.Join(h.folder, "*"))
		must(t, err)
		for _, path := range kept {
			b, err := os.ReadFile(path)
			must(t, err)
			for _, number := range []string{"GC-1000 2001", "gc10002002", "GC10002003"} {
				if bytes.Contains(b, []byte(number)) {
					t.Errorf("%s has the number %s of a card that was taken", path, number)
				}
			}
		}
		bundle, err := i18n.Load()
		must(t, err)
		r, err := Reconcile(map[string]string{"cards": "58500.50"}, bundle.For("en"), h.currency)
		must(t, err)
		if other := h.load(write(t, "Номер сертификата;Остаток\nGC10002002;9 000,00\n"), File{}); other.Report.CardsKnown != 1 || !strings.Contains(h.issuesOf(other.ID, false), "“9 000,00”: The card is in with another balance") {
			t.Errorf("with another balance: %+v", other.Report)
		}
		again := h.load(write(t, "Номер сертификата;Остаток\nGC10002001;50000\nGC10002002;7500,50\nGC10002003;1000\n"), File{})
		if again.Report.Cards != 0 || again.Report.CardsKnown != 3 || again.Report.Noted != 0 {
			t.Errorf("loaded again: %+v", again.Report)
		}
		r.Add(&again)
		if list := r.Compare(); len(list) != 1 || !list[0].Agrees {
			t.Errorf("compared: %+v", list)
		}
		if other := h.load(write(t, "gift card;balance\nGC10002001;5\n"), File{Source: "other"}); other.Report.Cards != 1 {
			t.Errorf("of another system: %+v", other.Report)
		}
		h.verify()
	})
}
