package verify

import (
	"regulars/internal/base/db"
)

// reference says that a column holds ids of another table. Those of receipts,
// lines, lots, entries and tiers are checked while they are gone through.
type reference struct {
	table, column, target string
	key                   string // names the row, in SQL; empty: its id
}

var references = []reference{
	{table: "staff_stores", column: "staff_id", target: "staff", key: `'staff_id=' || CAST(t.staff_id AS TEXT) || ' store_id=' || CAST(t.store_id AS TEXT)`},
	{table: "staff_stores", column: "store_id", target: "stores", key: `'staff_id=' || CAST(t.staff_id AS TEXT) || ' store_id=' || CAST(t.store_id AS TEXT)`},
	{table: "staff_sessions", column: "staff_id", target: "staff", key: `'created_at=' || CAST(t.created_at AS TEXT)`},
	{table: "staff_factors", column: "staff_id", target: "staff", key: `'staff_id=' || CAST(t.staff_id AS TEXT)`},
	{table: "staff_identities", column: "staff_id", target: "staff", key: `'issuer=' || t.issuer || ' subject=' || t.subject`},
	{table: "staff_passkeys", column: "staff_id", target: "staff"},
	{table: "staff_recovery", column: "staff_id", target: "staff", key: `'staff_id=' || CAST(t.staff_id AS TEXT)`},
	{table: "invitations", column: "created_by", target: "staff", key: `'created_at=' || CAST(t.created_at AS TEXT)`},
	{table: "invitations", column: "staff_id", target: "staff", key: `'created_at=' || CAST(t.created_at AS TEXT)`},
	{table: "audit", column: "actor", target: "staff"},
	{table: "audit", column: "store_id", target: "stores"},
	{table: "stores", column: "entity_id", target: "entities"},
	{table: "store_owners", column: "store_id", target: "stores", key: `'store_id=' || CAST(t.store_id AS TEXT) || ' until=' || CAST(t.until AS TEXT)`},
	{table: "store_owners", column: "entity_id", target: "entities", key: `'store_id=' || CAST(t.store_id AS TEXT) || ' until=' || CAST(t.until AS TEXT)`},
	{table: "tills", column: "store_id", target: "stores"},
	{table: "till_keys", column: "till_id", target: "tills"},
	{table: "categories", column: "parent_id", target: "categories"},
	{table: "products", column: "category_id", target: "categories"},
	{table: "product_words", column: "product_id", target: "products", key: `'word=' || t.word || ' product_id=' || CAST(t.product_id AS TEXT)`},
	{table: "barcodes", column: "product_id", target: "products", key: `'code=' || t.code`},
	{table: "customers", column: "home_store_id", target: "stores"},
	{table: "customers", column: "origin_id", target: "imports"},
	{table: "registrations", column: "till_id", target: "tills", key: `'till_id=' || CAST(t.till_id AS TEXT) || ' idempotency_key=' || t.idempotency_key`},
	{table: "registrations", column: "customer_id", target: "customers", key: `'till_id=' || CAST(t.till_id AS TEXT) || ' idempotency_key=' || t.idempotency_key`},
	{table: "consents", column: "customer_id", target: "customers"},
	{table: "consents", column: "store_id", target: "stores"},
	{table: "consents", column: "staff_id", target: "staff"},
	{table: "consents", column: "wording_id", target: "wordings"},
	{table: "consents", column: "till_id", target: "tills"},
	{table: "wordings", column: "entity_id", target: "entities"},
	{table: "wordings", column: "created_by", target: "staff"},
	{table: "programme_versions", column: "programme_id", target: "programmes"},
	{table: "programme_versions", column: "created_by", target: "staff"},
	{table: "holds", column: "customer_id", target: "customers"},
	{table: "holds", column: "till_id", target: "tills"},
	{table: "holds", column: "staff_id", target: "staff"},
	{table: "confirmations", column: "customer_id", target: "customers"},
	{table: "confirmations", column: "till_id", target: "tills"},
	{table: "hold_lots", column: "hold_id", target: "holds", key: `'hold_id=' || CAST(t.hold_id AS TEXT) || ' lot_id=' || CAST(t.lot_id AS TEXT)`},
	{table: "hold_lots", column: "lot_id", target: "lots", key: `'hold_id=' || CAST(t.hold_id AS TEXT) || ' lot_id=' || CAST(t.lot_id AS TEXT)`},
	{table: "occasions", column: "customer_id", target: "customers", key: `'customer_id=' || CAST(t.customer_id AS TEXT) || ' programme_id=' || CAST(t.programme_id AS TEXT)`},
	{table: "occasions", column: "programme_id", target: "programmes", key: `'customer_id=' || CAST(t.customer_id AS TEXT) || ' programme_id=' || CAST(t.programme_id AS TEXT)`},
	{table: "household_members", column: "customer_id", target: "customers", key: `'customer_id=' || CAST(t.customer_id AS TEXT)`},
	{table: "household_members", column: "household_id", target: "households", key: `'customer_id=' || CAST(t.customer_id AS TEXT)`},
	{table: "contacts", column: "store_id", target: "stores", key: `'kind=' || t.kind || ' since=' || CAST(t.since AS TEXT)`},
	{table: "contacts", column: "staff_id", target: "staff", key: `'kind=' || t.kind || ' since=' || CAST(t.since AS TEXT)`},
	{table: "contacts", column: "judged_by", target: "staff", key: `'kind=' || t.kind || ' since=' || CAST(t.since AS TEXT)`},
	{table: "merges", column: "customer_id", target: "customers"},
	{table: "merges", column: "into_id", target: "customers"},
	{table: "merges", column: "staff_id", target: "staff"},
	{table: "imports", column: "source_id", target: "sources"},
	{table: "imported_giftcards", column: "source_id", target: "sources", key: `'hash=' || t.hash`},
	{table: "imported_giftcards", column: "import_id", target: "imports", key: `'hash=' || t.hash`},
	{table: "imported_giftcards", column: "customer_id", target: "customers", key: `'hash=' || t.hash`},
	{table: "imports", column: "created_by", target: "staff"},
	{table: "integrations", column: "created_by", target: "staff"},
	{table: "integration_calls", column: "integration_id", target: "integrations", key: `'integration_id=' || CAST(t.integration_id AS TEXT)`},
	{table: "product_images", column: "product_id", target: "products", key: `'product_id=' || CAST(t.product_id AS TEXT)`},
	{table: "stock", column: "store_id", target: "stores", key: stockKey},
	{table: "stock", column: "product_id", target: "products", key: stockKey},
	{table: "stock_thresholds", column: "product_id", target: "products", key: `'product_id=' || CAST(t.product_id AS TEXT)`},
	{table: "stock_notices", column: "seen_by", target: "staff"},
}

const stockKey = `'store_id=' || CAST(t.store_id AS TEXT) || ' product_id=' || CAST(t.product_id AS TEXT)`

// references looks for rows that point at nothing.
func (a *audit) references() {
	for _, ref := range references {
		key := ref.key
		if key == "" {
			key = `'id=' || CAST(t.id AS TEXT)`
		}
		a.progress(ref.table, 0)
		a.look(func(r *db.Rows) error {
			var (
				where string
				id    int64
			)
			err := r.Scan(&where, &id)
			a.found(Finding{Reference, ref.table, where, ref.column, "a row of " + ref.target, a.show("", id), "there is none of that id"})
			return err
		}, `SELECT `+key+`, t.`+ref.column+` FROM `+ref.table+` t
		     WHERE t.`+ref.column+` <> 0 AND NOT EXISTS (SELECT 1 FROM `+ref.target+` o WHERE o.id = t.`+ref.column+`)
		     ORDER BY 1`)
	}
}
