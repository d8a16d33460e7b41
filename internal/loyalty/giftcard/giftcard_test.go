package giftcard_test

import (
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/loyaltytest"
)

// Cards that stayed with profiles which were merged go to whoever is there, however
// many merges on; those of whoever was erased are nobody's.
func TestCardsOfBeforeFindTheirHolders(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		d, ctx := dbtest.OpenConfig(t, dbtest.Empty(t, e)), t.Context()
		loyaltytest.Check(t, d.MigrateTo(ctx, 9))
		for _, text := range []string{
			`INSERT INTO customers (id, state, merged_into, registered_at, checksum) VALUES (1, 'merged', 2, 1, 1), (2, 'merged', 3, 1, 1), (3, 'active', NULL, 1, 1), (4, 'erased', NULL, 1, 1), (5, 'active', NULL, 1, 1)`,
			`INSERT INTO sources (id, name, created_at) VALUES (1, 'old', 1)`,
			`INSERT INTO imports (id, source_id, kind, file, path, mapping, state, created_at) VALUES (1, 1, 'products', 'c.csv', 'c.csv', '{}', 'done', 1)`,
			`INSERT INTO imported_giftcards (hash, source_id, import_id, hint, balance, customer_id) VALUES ('a', 1, 1, '', 1, 1), ('b', 1, 1, '', 1, 2), ('c', 1, 1, '', 1, 4), ('d', 1, 1, '', 1, 5), ('e', 1, 1, '', 1, NULL)`,
		} {
			_, err := d.Exec(ctx, text)
			loyaltytest.Check(t, err)
		}
		_, err := d.Migrate(ctx)
		loyaltytest.Check(t, err)
		for holder, want := range map[customer.ID]string{1: "", 2: "", 3: "ab", 4: "", 5: "d"} {
			list, err := giftcard.New(d).Of(ctx, []customer.ID{holder})
			loyaltytest.Check(t, err)
			got := ""
			for _, c := range list {
				got += c.Hash
			}
			if got != want {
				t.Errorf("customer %s holds %q, want %q", holder, got, want)
			}
		}
		var cards int
		loyaltytest.Check(t, d.QueryRow(ctx, `SELECT COUNT(*) FROM imported_giftcards`).Scan(&cards))
		if cards != 5 {
			t.Errorf("%d cards", cards)
		}
	})
}
