package verify_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/verify"
)

// damage is one thing done to the database behind the program's back.
type damage struct {
	column string // "table.column" that is damaged; "table": a row is removed or added
	pick   string // finds the row: its key, one or two numbers
	do     string // $1 and $2 are the key; several statements stand apart by ";\n"
	check  verify.Check
	table  string // that the finding names; empty: the damaged one
	row    string // form of the finding's row; empty: "id=%d"
	at     string // finds the finding's row, where it is another
	prefix bool   // the row only begins so
}

const (
	aSale         = `SELECT id FROM receipts WHERE kind = 'sale' AND NOT imported AND customer_id IS NOT NULL ORDER BY id LIMIT 1`
	aReturn       = `SELECT id FROM receipts WHERE kind = 'return' AND NOT imported ORDER BY id LIMIT 1`
	anImport      = `SELECT id FROM receipts WHERE kind = 'sale' AND imported ORDER BY id LIMIT 1`
	aRedemption   = `SELECT receipt_id FROM entries WHERE cause = 'redeem' ORDER BY id LIMIT 1`
	aLine         = `SELECT l.receipt_id, l.position FROM receipt_lines l JOIN receipts r ON r.id = l.receipt_id WHERE r.kind = 'sale' AND NOT r.imported ORDER BY 1, 2 LIMIT 1`
	aDiscount     = `SELECT l.receipt_id, l.position FROM receipt_lines l WHERE l.discount > 0 ORDER BY 1, 2 LIMIT 1`
	aPart         = `SELECT receipt_id, position FROM receipt_lines WHERE original_id IS NOT NULL ORDER BY 1, 2 LIMIT 1`
	whole         = `SELECT original_id, original FROM receipt_lines WHERE original_id IS NOT NULL ORDER BY receipt_id, position LIMIT 1`
	aCustomer     = `SELECT id FROM customers ORDER BY id LIMIT 1`
	aLot          = `SELECT id FROM lots WHERE remaining > 0 AND remaining < amount ORDER BY id LIMIT 1`
	earnedLot     = `SELECT id FROM lots WHERE cause = 'earn' ORDER BY id LIMIT 1`
	expiredLot    = `SELECT id FROM lots WHERE expired > 0 ORDER BY id LIMIT 1`
	anEarning     = `SELECT id FROM entries WHERE cause = 'earn' ORDER BY id LIMIT 1`
	aRedeeming    = `SELECT id FROM entries WHERE cause = 'redeem' ORDER BY id LIMIT 1`
	aCode         = `SELECT MIN(id) FROM confirmations`
	forfeited     = `SELECT MIN(id) FROM entries WHERE cause = 'forfeit'`
	losing        = `SELECT MIN(id) FROM events WHERE kind = 'tier.changed' AND at IN (SELECT at FROM entries WHERE cause = 'forfeit')`
	welcomedSale  = `SELECT MIN(id) FROM receipts WHERE kind = 'sale' AND details LIKE '%"welcome":%'`
	unwelcomed    = `SELECT MIN(id) FROM receipts WHERE kind = 'return' AND details LIKE '%"welcome":%'`
	welcomedLot   = `SELECT MIN(id) FROM lots WHERE cause = 'welcome' AND receipt_id IS NOT NULL`
	codeOfHold    = `SELECT MIN(id) FROM confirmations WHERE used_by IN (SELECT id FROM holds)`
	codeOfPhone   = `SELECT id FROM confirmations WHERE customer_id IS NULL`
	saidAlone     = `SELECT used_by FROM confirmations WHERE id IN (SELECT MIN(id) FROM confirmations)`
	saidHold      = `SELECT MIN(receipt_id) FROM holds WHERE id IN (SELECT used_by FROM confirmations)`
	aHold         = `SELECT id FROM holds WHERE state = 'open'`
	cardHold      = `SELECT id FROM holds WHERE card AND receipt_id IS NOT NULL`
	soldWithCard  = `SELECT id FROM receipts WHERE details LIKE '%"card":true%'`
	aDay          = `SELECT customer_id, programme_id FROM occasions ORDER BY 1 LIMIT 1`
	aTier         = `SELECT customer_id, programme_id FROM tiers ORDER BY 1 LIMIT 1`
	aVersion      = `SELECT id FROM programme_versions WHERE state = 'published' ORDER BY id LIMIT 1`
	aDraft        = `SELECT id FROM programme_versions WHERE state = 'draft' ORDER BY id LIMIT 1`
	aProduct      = `SELECT id FROM products WHERE category_id IS NOT NULL ORDER BY id LIMIT 1`
	recorded      = `SELECT id FROM events WHERE kind = 'receipt.recorded' AND customer_id IS NOT NULL ORDER BY id LIMIT 1`
	silver        = `SELECT customer_id, programme_id FROM tiers WHERE level = 'silver' ORDER BY 1 LIMIT 1`
	welcomeLot    = `SELECT id FROM lots WHERE cause = 'welcome' ORDER BY id LIMIT 1`
	revokedKey    = `SELECT id FROM till_keys WHERE revoked_at IS NOT NULL`
	reviewed      = `SELECT MIN(id) FROM events WHERE kind = 'tier.changed'`
	walkIn        = `SELECT id FROM receipts WHERE customer_id IS NULL AND NOT imported`
	lastEarned    = `SELECT MAX(receipt_id) FROM lots WHERE cause = 'earn' AND state = 'pending' AND remaining = amount`
	buyer         = `SELECT customer_id FROM receipts WHERE kind = 'sale' AND NOT imported AND customer_id IS NOT NULL GROUP BY customer_id HAVING COUNT(*) > 1 ORDER BY 1 LIMIT 1`
	otherCustomer = `SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM identifiers WHERE value = '+998901234567') ORDER BY id LIMIT 1`
	aTierDiscount = `SELECT MIN(receipt_id) FROM receipt_lines WHERE details LIKE '%"tier"%'`
	importedEvent = `SELECT MIN(id) FROM events WHERE kind = 'receipts.imported'`
	waiting       = `SELECT id FROM imports WHERE file = 'later.csv'`
	registered    = `SELECT customer_id FROM registrations`
	people        = `SELECT id FROM events WHERE kind = 'customers.imported' AND body LIKE '%"first"%' ORDER BY id LIMIT 1`
	importedOne   = `SELECT id FROM customers WHERE origin_id <> 0 ORDER BY id LIMIT 1`
	opened        = `SELECT id FROM events WHERE kind = 'points.opened'`
	anOpening     = `SELECT MIN(id) FROM entries WHERE cause = 'opening'`
	anOpened      = `SELECT customer_id, source_id FROM openings`
	aCardsImport  = `SELECT MIN(import_id) FROM imported_giftcards`
	byHandTaken   = `SELECT id FROM events WHERE kind = 'points.adjusted' AND body LIKE '%-%'`
	byHandGiven   = `SELECT id FROM events WHERE kind = 'points.adjusted' AND NOT body LIKE '%-%'`
	welcomed      = `SELECT MIN(id) FROM events WHERE kind = 'points.given'`
	matched       = `SELECT id FROM receipts WHERE kind = 'return' AND imported`
	matching      = `SELECT id FROM events WHERE kind = 'returns.matched'`
	goodsChanged  = `SELECT MIN(id) FROM events WHERE kind = 'products.changed'`
	anERP         = `SELECT id FROM integrations`
	aPicture      = `SELECT product_id FROM product_images`
	inStock       = `SELECT store_id, product_id FROM stock`
	aNotice       = `SELECT MAX(id) FROM stock_notices`
	aMerge        = `SELECT id FROM merges WHERE undone_at IS NULL`
	anUndone      = `SELECT id FROM merges WHERE undone_at IS NOT NULL`
	merged        = `SELECT customer_id FROM merges WHERE undone_at IS NULL`
	aMember       = `SELECT MIN(customer_id) FROM household_members`
	anAttribute   = `SELECT id FROM attributes`
	aWording      = `SELECT id FROM wordings`
	underText     = `SELECT id FROM consents WHERE wording_id IS NOT NULL`
	expiry        = `SELECT id FROM events WHERE kind = 'points.expired' ORDER BY id LIMIT 1`

	lineRow    = "receipt_id=%d position=%d"
	accountRow = "customer_id=%d"
	tierRow    = "customer_id=%d programme_id=%d"
	openedRow  = "customer_id=%d source_id=%d"
	stockRow   = "store_id=%d product_id=%d"
)

var damages = []damage{
	{column: "settings.name", do: `UPDATE settings SET name = 'money' WHERE name = 'currency'`, check: verify.Setting, row: "name=currency"},
	{column: "settings.value", do: `UPDATE settings SET value = 'sum' WHERE name = 'currency'`, check: verify.Setting, row: "name=currency"},
	{column: "settings", do: `DELETE FROM settings WHERE name = 'currency'`, check: verify.Setting, row: "name=currency"},

	{column: "settings.value", do: `UPDATE settings SET value = 'RUB' WHERE name = 'currency'`, check: verify.Setting, row: "name=currency"},
	{column: "settings.value", do: `UPDATE settings SET value = 'mine' WHERE name = 'secret'`, check: verify.Setting, row: "name=secret"},
	{column: "settings", do: `DELETE FROM settings WHERE name = 'secret'`, check: verify.Setting, row: "name=secret"},
	{column: "settings.value", do: `UPDATE settings SET value = 'Europe/Moscow' WHERE name = 'zone'`, check: verify.Setting, row: "name=zone"},
	{column: "settings.value", do: `UPDATE settings SET value = 'always' WHERE name = 'register_code'`, check: verify.Setting, row: "name=register_code"},
	{column: "settings.value", do: `UPDATE settings SET value = 'nobody' WHERE name = 'offline_people'`, check: verify.Setting, row: "name=offline_people"},
	{column: "settings", do: `DELETE FROM settings`, check: verify.Setting, row: "name=currency"},
	{column: "events", do: `DELETE FROM events WHERE kind = 'installation.founded'`, check: verify.Setting, table: "settings", row: "name=currency"},
	{column: "stock_reader", do: `INSERT INTO stock_reader (id, cursor) VALUES (1, 0)`, check: verify.Setting, table: "settings", row: "name=stock_by_sales"},
	{column: "audit", do: `INSERT INTO audit (id, at, action, became) SELECT MAX(id) + 1, 1, 'settings.changed', '{"name":"Makro"}' FROM audit`, check: verify.Setting, table: "settings", row: "name=name"},
	{column: "nodes", do: `DELETE FROM nodes`, check: verify.Node, row: "number=0"},
	{column: "nodes.number", do: `UPDATE nodes SET number = 9`, check: verify.Node, row: "number=0"},
	{column: "nodes.high", do: `UPDATE nodes SET high = 1, leased_until = 1`, check: verify.Node, row: "number=0"},
	{column: "nodes.leased_until", do: `UPDATE nodes SET high = 1, leased_until = 1`, check: verify.Node, row: "number=0"},
	{column: "jobs", pick: waiting, do: `DELETE FROM jobs WHERE kind = 'import'`, check: verify.Reference, row: "kind=import dedupe=%d"},
	{column: "jobs.kind", pick: waiting, do: `UPDATE jobs SET kind = 'export' WHERE kind = 'import'`, check: verify.Reference, row: "kind=import dedupe=%d"},
	{column: "jobs.dedupe", pick: waiting, do: `UPDATE jobs SET dedupe = NULL WHERE kind = 'import'`, check: verify.Reference, row: "kind=import dedupe=%d"},
	{column: "imports", pick: waiting, do: `DELETE FROM imports WHERE id = $1`, check: verify.Reference},

	{column: "events", pick: recorded, do: `DELETE FROM events WHERE id = $1`, check: verify.ReceiptEvent, table: "receipts", at: `SELECT ref FROM events WHERE id = $1`},
	{column: "events.id", pick: recorded, do: `INSERT INTO events (at, kind, customer_id, ref, body) SELECT at, kind, customer_id, ref, body FROM events WHERE id = $1`, check: verify.ReceiptEvent, table: "receipts", at: `SELECT ref FROM events WHERE id = $1`},
	{column: "events.at", pick: recorded, do: `UPDATE events SET at = at + 1 WHERE id = $1`, check: verify.ReceiptEvent},
	{column: "events.at", pick: expiry, do: `UPDATE events SET at = at + 1 WHERE id = $1`, check: verify.EntryEvent},
	{column: "events.kind", pick: recorded, do: `UPDATE events SET kind = 'receipt.lost' WHERE id = $1`, check: verify.ReceiptEvent, table: "receipts", at: `SELECT ref FROM events WHERE id = $1`},
	{column: "events.kind", pick: expiry, do: `UPDATE events SET kind = 'points.activated' WHERE id = $1`, check: verify.EntryEvent},
	{column: "events.customer_id", pick: recorded, do: `UPDATE events SET customer_id = customer_id + 1 WHERE id = $1`, check: verify.ReceiptEvent},
	{column: "events.customer_id", pick: expiry, do: `UPDATE events SET customer_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "events.ref", pick: recorded, do: `UPDATE events SET ref = ref + 1 WHERE id = $1`, check: verify.ReceiptEvent},
	{column: "events.ref", pick: expiry, do: `UPDATE events SET ref = ref + 1 WHERE id = $1`, check: verify.EntryEvent},
	{column: "events.ref", pick: `SELECT id FROM events WHERE kind = 'receipts.imported'`, do: `UPDATE events SET ref = 1 WHERE id = $1`, check: verify.Imported},
	{column: "events.body", pick: recorded, do: `UPDATE events SET body = '{"kind":"sale","total":"0.01"}' WHERE id = $1`, check: verify.ReceiptEvent},
	{column: "events.body", pick: recorded, do: `UPDATE events SET body = '{"kind"' WHERE id = $1`, check: verify.EventBody},
	{column: "events.body", pick: expiry, do: `UPDATE events SET body = '{"points":"0.01"}' WHERE id = $1`, check: verify.EntryEvent},
	{column: "events.body", pick: `SELECT id FROM events WHERE kind = 'tier.reached' LIMIT 1`, do: `UPDATE events SET body = '{"level":"gold?"}' WHERE id = $1`, check: verify.ReceiptEvent},
	{column: "events.body", pick: anImport, do: `UPDATE events SET body = '{"first":"1","last":"2"}' WHERE kind = 'receipts.imported' AND ref <> $1`, check: verify.Imported, table: "receipts"},
	{column: "events.kind", pick: recorded, do: `UPDATE events SET kind = 'receipt.lost' WHERE id = $1`, check: verify.EventKind},
	{column: "events", pick: importedOne, do: `DELETE FROM events WHERE kind = 'customers.imported'`, check: verify.Profile, table: "customers"},
	{column: "events.body", pick: people, do: `UPDATE events SET body = REPLACE(body, '"created":', '"created":1') WHERE id = $1`, check: verify.Profile},
	{column: "events.body", pick: people, do: `UPDATE events SET body = REPLACE(body, '"first":"', '"first":"9') WHERE id = $1`, check: verify.Imported},
	{column: "events.body", pick: people, do: `UPDATE events SET body = '{"changed":["1"]}' WHERE id = $1`, check: verify.Reference},
	{column: "events", pick: anOpening, do: `DELETE FROM events WHERE kind = 'points.opened'`, check: verify.EntryEvent, table: "entries"},
	{column: "events.body", pick: opened, do: `UPDATE events SET body = REPLACE(body, '"points":"', '"points":"1') WHERE id = $1`, check: verify.EntryEvent},
	{column: "events.body", pick: byHandTaken, do: `UPDATE events SET body = REPLACE(body, '-', '') WHERE id = $1`, check: verify.EntryEvent},
	{column: "events", pick: byHandGiven, do: `DELETE FROM events WHERE id = $1`, check: verify.EntryEvent, table: "entries", at: `SELECT ref FROM events WHERE id = $1`},
	{column: "events", pick: welcomed, do: `DELETE FROM events WHERE id = $1`, check: verify.EntryEvent, table: "entries", at: `SELECT ref FROM events WHERE id = $1`},
	{column: "events", pick: matched, do: `DELETE FROM events WHERE kind = 'returns.matched'`, check: verify.Imported, table: "receipts"},
	{column: "events.ref", pick: matching, do: `UPDATE events SET ref = 1 WHERE id = $1`, check: verify.Imported},
	{column: "events.body", pick: matching, do: `UPDATE events SET body = '{"returns":["1"]}' WHERE id = $1`, check: verify.ReceiptEvent},
	{column: "events", pick: `SELECT MIN(id) FROM stores`, do: `DELETE FROM events WHERE kind = 'store.changed'`, check: verify.CatalogEvent, table: "stores"},
	{column: "events", pick: `SELECT MIN(id) FROM tills`, do: `DELETE FROM events WHERE kind = 'till.changed'`, check: verify.CatalogEvent, table: "tills"},
	{column: "events", pick: `SELECT MIN(id) FROM categories`, do: `DELETE FROM events WHERE kind = 'categories.changed'`, check: verify.CatalogEvent, table: "categories"},
	{column: "events", pick: aProduct, do: `DELETE FROM events WHERE kind = 'products.changed'`, check: verify.CatalogEvent, table: "products"},
	{column: "events.body", pick: goodsChanged, do: `UPDATE events SET body = '{"ids":["1"]}' WHERE id = $1`, check: verify.CatalogEvent},
	{column: "events.body", pick: goodsChanged, do: `UPDATE events SET body = '{"ids":["one"]}' WHERE id = $1`, check: verify.EventBody},

	{column: "staff", do: `DELETE FROM staff`, check: verify.Reference, table: "staff_stores", row: "staff_id=", prefix: true},
	{column: "staff.id", pick: `SELECT staff_id, store_id FROM staff_stores`, do: `UPDATE staff SET id = 1 WHERE id = $1`, check: verify.Reference, table: "staff_stores", row: "staff_id=%d store_id=%d"},
	{column: "staff_stores.staff_id", do: `UPDATE staff_stores SET staff_id = 1`, check: verify.Reference, row: "staff_id=1", prefix: true},
	{column: "staff_stores.store_id", do: `UPDATE staff_stores SET store_id = 1`, check: verify.Reference, row: "staff_id=", prefix: true},
	{column: "staff_sessions.staff_id", do: `UPDATE staff_sessions SET staff_id = 1`, check: verify.Reference, row: "created_at=", prefix: true},
	{column: "invitations.created_by", do: `UPDATE invitations SET created_by = 1`, check: verify.Reference, row: "created_at=", prefix: true},
	{column: "invitations.staff_id", do: `UPDATE invitations SET staff_id = 1`, check: verify.Reference, row: "created_at=", prefix: true},
	{column: "audit.store_id", pick: `SELECT MIN(id) FROM audit`, do: `UPDATE audit SET store_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "audit.actor", pick: `SELECT MIN(id) FROM audit`, do: `UPDATE audit SET actor = 1 WHERE id = $1`, check: verify.Reference},

	{column: "entities", pick: `SELECT id FROM stores`, do: `DELETE FROM entities WHERE id <> $1`, check: verify.Reference, table: "stores"},
	{column: "entities.id", pick: `SELECT id FROM stores`, do: `UPDATE entities SET id = id + 77 WHERE id <> $1`, check: verify.Reference, table: "stores"},
	{column: "stores", pick: aSale, do: `DELETE FROM stores WHERE id <> $1`, check: verify.Reference, table: "receipts"},
	{column: "stores.id", pick: `SELECT id FROM tills`, do: `UPDATE stores SET id = 1 WHERE id <> $1`, check: verify.Reference, table: "tills"},
	{column: "stores.entity_id", pick: `SELECT id FROM stores`, do: `UPDATE stores SET entity_id = 77 WHERE id = $1`, check: verify.Reference},
	{column: "tills", pick: aSale, do: `DELETE FROM tills WHERE id <> $1`, check: verify.Reference, table: "receipts"},
	{column: "tills.id", pick: `SELECT MIN(id) FROM till_keys`, do: `UPDATE tills SET id = 1 WHERE id <> $1`, check: verify.Reference, table: "till_keys"},
	{column: "tills.store_id", pick: `SELECT id FROM tills`, do: `UPDATE tills SET store_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "till_keys.till_id", pick: `SELECT MIN(id) FROM till_keys`, do: `UPDATE till_keys SET till_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "categories", pick: `SELECT id FROM categories WHERE parent_id IS NOT NULL`, do: `DELETE FROM categories WHERE id <> $1`, check: verify.Reference},
	{column: "categories.id", pick: `SELECT id FROM categories WHERE parent_id IS NOT NULL`, do: `UPDATE categories SET id = 1 WHERE id <> $1`, check: verify.Reference},
	{column: "categories.parent_id", pick: `SELECT id FROM categories WHERE parent_id IS NOT NULL`, do: `UPDATE categories SET parent_id = NULL WHERE id = $1`, check: verify.Category},
	{column: "categories.parent_id", pick: `SELECT id FROM categories WHERE parent_id IS NULL`, do: `UPDATE categories SET parent_id = id WHERE id = $1`, check: verify.Category},
	{column: "categories.code", pick: `SELECT id FROM categories WHERE parent_id IS NOT NULL`, do: `UPDATE categories SET code = 'drink' WHERE id <> $1`, check: verify.Category},
	{column: "categories.path", pick: `SELECT id FROM categories WHERE parent_id IS NOT NULL`, do: `UPDATE categories SET path = code WHERE id = $1`, check: verify.Category},
	{column: "products", pick: aLine, do: `DELETE FROM products`, check: verify.Reference, table: "receipt_lines", row: lineRow},
	{column: "products.id", pick: aLine, do: `UPDATE products SET id = 1 WHERE sku = 'P0'`, check: verify.Reference, table: "receipt_lines", row: lineRow},
	{column: "products.sku", pick: aProduct, do: `UPDATE products SET sku = 'Q0' WHERE id = $1`, check: verify.SearchKey, table: "product_words", row: "product_id=%d"},
	{column: "products.name", pick: aProduct, do: `UPDATE products SET name = 'Нон' WHERE id = $1`, check: verify.SearchKey},
	{column: "products.name_key", pick: aProduct, do: `UPDATE products SET name_key = 'Лепешка' WHERE id = $1`, check: verify.SearchKey},
	{column: "products.brand", pick: aProduct, do: `UPDATE products SET brand = 'Лаваш' WHERE id = $1`, check: verify.SearchKey, table: "product_words", row: "product_id=%d"},
	{column: "products.category_id", pick: aProduct, do: `UPDATE products SET category_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "product_words", pick: aProduct, do: `DELETE FROM product_words WHERE product_id = $1 AND word = 'нон'`, check: verify.SearchKey, row: "product_id=%d"},
	{column: "product_words.word", pick: aProduct, do: `UPDATE product_words SET word = 'хлеб' WHERE product_id = $1 AND word = 'нон'`, check: verify.SearchKey, row: "product_id=%d"},
	{column: "product_words.product_id", pick: aProduct, do: `UPDATE product_words SET product_id = 1 WHERE product_id = $1`, check: verify.Reference, row: "word=", prefix: true},
	{column: "barcodes.product_id", do: `UPDATE barcodes SET product_id = 1`, check: verify.Reference, row: "code=4780000000017"},

	{column: "products.kind", pick: aProduct, do: `UPDATE products SET kind = 'service' WHERE id = $1`, check: verify.Product},
	{column: "products.price", pick: aProduct, do: `UPDATE products SET price = price + 1 WHERE id = $1`, check: verify.Product},
	{column: "products.cost", pick: aProduct, do: `UPDATE products SET cost = NULL WHERE id = $1`, check: verify.Product},
	{column: "products.promo", pick: aProduct, do: `UPDATE products SET promo = NOT promo WHERE id = $1`, check: verify.Product},
	{column: "products.active", pick: aProduct, do: `UPDATE products SET active = NOT active WHERE id = $1`, check: verify.Product},
	{column: "products.model", pick: aProduct, do: `UPDATE products SET model = 'Нон' WHERE id = $1`, check: verify.SearchKey},
	{column: "products.model_key", pick: aProduct, do: `UPDATE products SET model_key = 'нон' WHERE id = $1`, check: verify.SearchKey},
	{column: "products.options", pick: aProduct, do: `UPDATE products SET options = '[{"name":"size","value":"XL"}]' WHERE id = $1`, check: verify.Product},
	{column: "product_images", pick: aPicture, do: `INSERT INTO product_images (product_id, hash, type, data) SELECT MIN(id), 'x', 'image/png', '' FROM products WHERE id <> $1`, check: verify.Product, row: "product_id=", prefix: true},
	{column: "product_images.product_id", do: `UPDATE product_images SET product_id = 1`, check: verify.Reference, row: "product_id=1"},
	{column: "product_images.hash", pick: aPicture, do: `UPDATE product_images SET hash = 'x' WHERE product_id = $1`, check: verify.Product, row: "product_id=%d"},
	{column: "product_images.type", pick: aPicture, do: `UPDATE product_images SET type = 'image/png' WHERE product_id = $1`, check: verify.Product, row: "product_id=%d"},
	{column: "product_images.data", pick: aPicture, do: `UPDATE product_images SET data = 'AAAA' WHERE product_id = $1`, check: verify.Product, row: "product_id=%d"},
	{column: "stock", pick: inStock, do: `DELETE FROM stock WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, table: "stock_moves", row: stockRow},
	{column: "stock.store_id", pick: inStock, do: `UPDATE stock SET store_id = 1 WHERE store_id = $1 AND product_id = $2`, check: verify.Reference, row: "store_id=1", prefix: true},
	{column: "stock.product_id", pick: inStock, do: `UPDATE stock SET product_id = 1 WHERE store_id = $1 AND product_id = $2`, check: verify.Reference, row: "store_id=", prefix: true},
	{column: "stock.quantity", pick: inStock, do: `UPDATE stock SET quantity = quantity + 1 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock.threshold", pick: inStock, do: `UPDATE stock SET threshold = -1000 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock.low", pick: inStock, do: `UPDATE stock SET low = NOT low WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock.counted_at", pick: inStock, do: `UPDATE stock SET counted_at = NULL WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock.moved_at", pick: inStock, do: `UPDATE stock SET moved_at = 0 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock.version", pick: inStock, do: `UPDATE stock SET version = version + 1 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock.pace", pick: inStock, do: `UPDATE stock SET pace = -1 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: stockRow},
	{column: "stock_moves", pick: inStock, do: `DELETE FROM stock_moves WHERE store_id = $1 AND product_id = $2 AND version = 1`, check: verify.Stock, row: stockRow + " version=2"},
	{column: "stock_moves.store_id", pick: inStock, do: `UPDATE stock_moves SET store_id = 1 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: "store_id=1", prefix: true},
	{column: "stock_moves.product_id", pick: inStock, do: `UPDATE stock_moves SET product_id = 1 WHERE store_id = $1 AND product_id = $2`, check: verify.Stock, row: "store_id=", prefix: true},
	{column: "stock_moves.version", pick: inStock, do: `UPDATE stock_moves SET version = 5 WHERE store_id = $1 AND product_id = $2 AND version = 2`, check: verify.Stock, row: stockRow + " version=5"},
	{column: "stock_moves.cause", pick: inStock, do: `UPDATE stock_moves SET cause = 'sale' WHERE store_id = $1 AND product_id = $2 AND version = 1`, check: verify.Stock, row: stockRow + " version=1"},
	{column: "stock_moves.quantity", pick: inStock, do: `UPDATE stock_moves SET quantity = 1 WHERE store_id = $1 AND product_id = $2 AND version = 1`, check: verify.Stock, row: stockRow + " version=1"},
	{column: "stock_moves.resulting", pick: inStock, do: `UPDATE stock_moves SET resulting = 1 WHERE store_id = $1 AND product_id = $2 AND version = 1`, check: verify.Stock, row: stockRow + " version=1"},
	{column: "stock_moves.counted", pick: inStock, do: `UPDATE stock_moves SET counted = FALSE WHERE store_id = $1 AND product_id = $2 AND version = 1`, check: verify.Stock, row: stockRow + " version=1"},
	{column: "stock_moves.at", pick: inStock, do: `UPDATE stock_moves SET at = 0 WHERE store_id = $1 AND product_id = $2 AND version = 2`, check: verify.Stock, row: stockRow + " version=2"},
	{column: "stock_thresholds", pick: inStock, do: `DELETE FROM stock_thresholds`, check: verify.Stock, table: "stock", row: stockRow},
	{column: "stock_thresholds.threshold", pick: inStock, do: `UPDATE stock_thresholds SET threshold = 0`, check: verify.Stock, table: "stock", row: stockRow},
	{column: "stock_thresholds.product_id", do: `UPDATE stock_thresholds SET product_id = 1`, check: verify.Reference, row: "product_id=1"},
	{column: "stock_notices", pick: inStock, do: `DELETE FROM stock_notices`, check: verify.Stock, table: "stock", row: stockRow},
	{column: "stock_notices.store_id", pick: inStock, do: `UPDATE stock_notices SET store_id = 1`, check: verify.Stock, table: "stock", row: stockRow},
	{column: "stock_notices.product_id", pick: inStock, do: `UPDATE stock_notices SET product_id = 1`, check: verify.Stock, table: "stock", row: stockRow},
	{column: "stock_notices.version", pick: aNotice, do: `UPDATE stock_notices SET version = 1 WHERE id = $1`, check: verify.Stock},
	{column: "stock_notices.quantity", pick: aNotice, do: `UPDATE stock_notices SET quantity = 1 WHERE id = $1`, check: verify.Stock},
	{column: "stock_notices.at", pick: aNotice, do: `UPDATE stock_notices SET at = 1 WHERE id = $1`, check: verify.Stock},
	{column: "stock_notices.over_at", pick: inStock, do: `UPDATE stock_notices SET over_at = 1`, check: verify.Stock, table: "stock", row: stockRow},
	{column: "stock_notices.seen_by", pick: aNotice, do: `UPDATE stock_notices SET seen_by = 1 WHERE id = $1`, check: verify.Reference},
	{column: "events", do: `DELETE FROM events WHERE kind = 'stock.low'`, check: verify.Stock, table: "stock_notices", row: "all"},
	{column: "products.created_at", pick: aProduct, do: `UPDATE products SET created_at = created_at + 1 WHERE id = $1`, check: verify.Product},
	{column: "products.checksum", pick: aProduct, do: `UPDATE products SET checksum = 0 WHERE id = $1`, check: verify.Product},
	{column: "barcodes", pick: aProduct, do: `DELETE FROM barcodes`, check: verify.Product, table: "products"},
	{column: "barcodes", pick: aProduct, do: `INSERT INTO barcodes (code, product_id) SELECT '1', product_id FROM barcodes WHERE code = '4780000000017'`, check: verify.Product, table: "products"},
	{column: "barcodes.code", pick: aProduct, do: `UPDATE barcodes SET code = '1' WHERE code = '4780000000017'`, check: verify.Product, table: "products"},
	{column: "barcodes.product_id", pick: aProduct, do: `UPDATE barcodes SET product_id = (SELECT id FROM products WHERE sku = 'P1')`, check: verify.Product, table: "products"},

	{column: "customers.state", pick: aCustomer, do: `UPDATE customers SET state = 'blocked' WHERE id = $1`, check: verify.Profile},
	{column: "customers.middle_name", pick: aCustomer, do: `UPDATE customers SET middle_name = 'Ким' WHERE id = $1`, check: verify.Profile},
	{column: "customers.sex", pick: aCustomer, do: `UPDATE customers SET sex = 'male' WHERE id = $1`, check: verify.Profile},
	{column: "customers.city", pick: aCustomer, do: `UPDATE customers SET city = 'Бухара' WHERE id = $1`, check: verify.Profile},
	{column: "customers.language", pick: aCustomer, do: `UPDATE customers SET language = 'uz' WHERE id = $1`, check: verify.Profile},
	{column: "customers.source", pick: aCustomer, do: `UPDATE customers SET source = 'web' WHERE id = $1`, check: verify.Profile},
	{column: "customers.note", pick: aCustomer, do: `UPDATE customers SET note = 'VIP' WHERE id = $1`, check: verify.Profile},
	{column: "customers.labels", pick: aCustomer, do: `UPDATE customers SET labels = ' vip ' WHERE id = $1`, check: verify.Profile},
	{column: "customers.born", pick: aCustomer, do: `UPDATE customers SET born = '1970-01-01' WHERE id = $1`, check: verify.Profile},
	{column: "customers.checksum", pick: aCustomer, do: `UPDATE customers SET checksum = 0 WHERE id = $1`, check: verify.Profile},
	{column: "customers.attached", pick: aCustomer, do: `UPDATE customers SET attached = attached + 1 WHERE id = $1`, check: verify.Attached},
	{column: "identifiers", pick: aCustomer, do: `DELETE FROM identifiers WHERE kind = 'phone' AND customer_id = $1`, check: verify.Attached, table: "customers"},
	{column: "consents", pick: aCustomer, do: `DELETE FROM consents WHERE customer_id = $1`, check: verify.Attached, table: "customers"},
	{column: "consents.id", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET id = 5 WHERE id = $1`, check: verify.Consent, row: "id=5"},
	{column: "customers.merged_into", pick: merged, do: `UPDATE customers SET merged_into = NULL WHERE id = $1`, check: verify.Merge},
	{column: "customers.merged_into", pick: aCustomer, do: `UPDATE customers SET merged_into = id WHERE id = $1`, check: verify.Merge},
	{column: "customers.state", pick: merged, do: `UPDATE customers SET state = 'active' WHERE id = $1`, check: verify.Merge},
	{column: "merges", pick: merged, do: `DELETE FROM merged_lots;
DELETE FROM merged_receipts;
DELETE FROM merges`, check: verify.Merge, table: "customers"},
	{column: "merges.id", pick: aMerge, do: `UPDATE merges SET id = 5 WHERE id = $1`, check: verify.Merge, row: "id=5"},
	{column: "merges.customer_id", pick: aMerge, do: `UPDATE merges SET customer_id = (SELECT MIN(id) FROM customers) WHERE id = $1`, check: verify.Merge},
	{column: "merges.into_id", pick: merged, do: `UPDATE merges SET into_id = (SELECT MIN(id) FROM customers) WHERE customer_id = $1`, check: verify.Merge, table: "customers"},
	{column: "merges.at", pick: `SELECT id FROM events WHERE kind = 'customer.merged' ORDER BY id DESC LIMIT 1`, do: `UPDATE merges SET at = at + 1`, check: verify.Merge, table: "events"},
	{column: "merges.undone_at", pick: anUndone, do: `UPDATE merges SET undone_at = NULL WHERE id = $1`, check: verify.Merge},
	{column: "merged_receipts", pick: aMerge, do: `DELETE FROM merged_receipts WHERE merge_id = $1`, check: verify.ReceiptEvent, table: "events", at: `SELECT MIN(e.id) FROM events e WHERE e.kind = 'receipt.recorded' AND e.customer_id = (SELECT customer_id FROM merges WHERE id = $1)`},
	{column: "merged_receipts.merge_id", pick: aMerge, do: `UPDATE merged_receipts SET merge_id = 5 WHERE merge_id = $1`, check: verify.Merge, row: "merge_id=5"},
	{column: "merged_receipts.receipt_id", pick: aMerge, do: `UPDATE merged_receipts SET receipt_id = 5 WHERE merge_id = $1`, check: verify.Merge, table: "merges"},
	{column: "merged_receipts.later", pick: anUndone, do: `UPDATE merged_receipts SET later = NOT later WHERE merge_id = $1`, check: verify.ReceiptEvent, table: "events", row: "id=", prefix: true},
	{column: "merged_lots", pick: aMerge, do: `DELETE FROM merged_lots WHERE merge_id = $1`, check: verify.Merge, table: "lots", row: "id=", prefix: true},
	{column: "merged_lots.merge_id", pick: aMerge, do: `UPDATE merged_lots SET merge_id = 5 WHERE merge_id = $1`, check: verify.Merge, row: "merge_id=5"},
	{column: "merged_lots.lot_id", pick: aMerge, do: `UPDATE merged_lots SET lot_id = 5 WHERE merge_id = $1`, check: verify.Merge, table: "lots", row: "id=", prefix: true},
	{column: "receipts.customer_id", pick: `SELECT receipt_id FROM merged_receipts m JOIN merges g ON g.id = m.merge_id WHERE g.undone_at IS NULL`, do: `UPDATE receipts SET customer_id = (SELECT customer_id FROM merges WHERE undone_at IS NULL) WHERE id = $1`, check: verify.Merge},
	{column: "lots.customer_id", pick: `SELECT MIN(lot_id) FROM merged_lots m JOIN merges g ON g.id = m.merge_id WHERE g.undone_at IS NULL`, do: `UPDATE lots SET customer_id = (SELECT customer_id FROM merges WHERE undone_at IS NULL) WHERE id = $1`, check: verify.Merge},
	{column: "events", pick: aMerge, do: `DELETE FROM events WHERE kind = 'customer.merged'`, check: verify.Merge, table: "merges"},
	{column: "events", pick: anUndone, do: `DELETE FROM events WHERE kind = 'customer.unmerged'`, check: verify.Merge, table: "merges"},
	{column: "registrations", pick: registered, do: `DELETE FROM registrations`, check: verify.Attached, table: "customers"},
	{column: "registrations.idempotency_key", pick: registered, do: `UPDATE registrations SET idempotency_key = 'r-2'`, check: verify.Attached, table: "customers"},
	{column: "registrations.fingerprint", pick: registered, do: `UPDATE registrations SET fingerprint = ''`, check: verify.Attached, table: "customers"},
	{column: "registrations.created", pick: registered, do: `UPDATE registrations SET created = NOT created`, check: verify.Attached, table: "customers"},
	{column: "registrations.kept", pick: registered, do: `UPDATE registrations SET kept = 'born'`, check: verify.Attached, table: "customers"},
	{column: "registrations.not_taken", pick: registered, do: `UPDATE registrations SET not_taken = 'born'`, check: verify.Attached, table: "customers"},
	{column: "registrations.no_bonus", pick: registered, do: `UPDATE registrations SET no_bonus = 'blocked'`, check: verify.Attached, table: "customers"},
	{column: "registrations.till_id", do: `UPDATE registrations SET till_id = 1`, check: verify.Reference, row: "till_id=1 idempotency_key=r-1"},
	{column: "registrations.customer_id", pick: aCustomer, do: `UPDATE registrations SET customer_id = $1`, check: verify.Attached, table: "customers"},

	{column: "customers", pick: aCustomer, do: `DELETE FROM customers WHERE id = $1`, check: verify.AccountMissing, table: "accounts", row: accountRow},
	{column: "customers.id", pick: aCustomer, do: `UPDATE customers SET id = 1 WHERE id = $1`, check: verify.AccountMissing, table: "accounts", row: accountRow},
	{column: "customers.state", pick: aCustomer, do: `UPDATE customers SET state = 'erased' WHERE id = $1`, check: verify.Identifier, table: "identifiers", row: "customer_id=%d kind=", prefix: true},
	{column: "customers.first_name", pick: aCustomer, do: `UPDATE customers SET first_name = 'Ольга' WHERE id = $1`, check: verify.SearchKey},
	{column: "customers.last_name", pick: aCustomer, do: `UPDATE customers SET last_name = 'Ольгина' WHERE id = $1`, check: verify.SearchKey},
	{column: "customers.first_key", pick: aCustomer, do: `UPDATE customers SET first_key = 'ольга' WHERE id = $1`, check: verify.SearchKey},
	{column: "customers.last_key", pick: aCustomer, do: `UPDATE customers SET last_key = 'ольгина' WHERE id = $1`, check: verify.SearchKey},
	{column: "customers.born", pick: aCustomer, do: `UPDATE customers SET born = '31.12.1990' WHERE id = $1`, check: verify.Profile},
	{column: "customers.attributes", pick: aCustomer, do: `UPDATE customers SET attributes = '[]' WHERE id = $1`, check: verify.Profile},
	{column: "customers.home_store_id", pick: aCustomer, do: `UPDATE customers SET home_store_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "customers.origin_id", pick: aCustomer, do: `UPDATE customers SET origin_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "customers.origin_id", pick: aCustomer, do: `UPDATE customers SET origin_id = (SELECT MIN(id) FROM imports) WHERE id = $1`, check: verify.Profile},
	{column: "customers.registered_at", pick: aCustomer, do: `UPDATE customers SET registered_at = registered_at + 1 WHERE id = $1`, check: verify.Profile, table: "events", at: `SELECT id FROM events WHERE kind = 'customer.registered' AND ref = $1`},
	{column: "identifiers.kind", do: `UPDATE identifiers SET kind = 'telegram' WHERE value = '+998901234567'`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "identifiers.value", do: `UPDATE identifiers SET value = '8 901' WHERE value = '+998901234567'`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "identifiers.value", do: `UPDATE identifiers SET value = 'Olim@example.com' WHERE kind = 'email'`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "identifiers.customer_id", do: `UPDATE identifiers SET customer_id = 1 WHERE value = '+998901234567'`, check: verify.Reference, row: "customer_id=1 kind=phone"},
	{column: "identifiers.tail", do: `UPDATE identifiers SET tail = '4321' WHERE kind = 'card'`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "consents.customer_id", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET customer_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "consents.store_id", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET store_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "consents.staff_id", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET staff_id = 1 WHERE id = $1`, check: verify.Reference},

	{column: "programmes", pick: aVersion, do: `DELETE FROM programmes WHERE id <> $1`, check: verify.Reference, table: "programme_versions"},
	{column: "programmes.id", pick: aVersion, do: `UPDATE programmes SET id = 1 WHERE id <> $1`, check: verify.Reference, table: "programme_versions"},
	{column: "programme_versions", pick: aVersion, do: `DELETE FROM programme_versions WHERE id = $1`, check: verify.Reference, table: "receipts", at: aSale},
	{column: "programme_versions.id", pick: aVersion, do: `UPDATE programme_versions SET id = 1 WHERE id = $1`, check: verify.Reference, table: "receipts", at: aSale},
	{column: "programme_versions.programme_id", pick: aVersion, do: `UPDATE programme_versions SET programme_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "programme_versions.number", pick: aVersion, do: `UPDATE programme_versions SET number = 0 WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.state", pick: aVersion, do: `UPDATE programme_versions SET state = 'draft' WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.state", pick: aDraft, do: `UPDATE programme_versions SET state = 'published' WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.starts_at", pick: aVersion, do: `UPDATE programme_versions SET starts_at = NULL WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.published_at", pick: aVersion, do: `UPDATE programme_versions SET published_at = NULL WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.created_at", pick: aVersion, do: `UPDATE programme_versions SET created_at = published_at + 1 WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.created_by", pick: aVersion, do: `UPDATE programme_versions SET created_by = 1 WHERE id = $1`, check: verify.Reference},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = '{' WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = '{"levels":[]}' WHERE id = $1`, check: verify.Version},
	{column: "programme_versions.rules", pick: aRedemption, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"point_value":10000', '"point_value":9000') WHERE id <> $1`, check: verify.ReceiptPaid, table: "receipts"},
	{column: "store_owners", pick: anEarning, do: `DELETE FROM store_owners WHERE store_id <> $1`, check: verify.EntryLot, table: "entries"},
	{column: "store_owners.store_id", do: `UPDATE store_owners SET store_id = 1`, check: verify.Reference, row: "store_id=1 ", prefix: true},
	{column: "store_owners.entity_id", pick: anEarning, do: `UPDATE store_owners SET entity_id = (SELECT MAX(id) FROM entities) WHERE store_id <> $1`, check: verify.EntryLot, table: "entries"},
	{column: "store_owners.until", pick: anEarning, do: `UPDATE store_owners SET until = 1 WHERE store_id <> $1`, check: verify.EntryLot, table: "entries"},
	{column: "holds", pick: aHold, do: `DELETE FROM hold_lots WHERE hold_id = $1;
DELETE FROM holds WHERE id = $1`, check: verify.EntryEvent, table: "events", row: "id=", prefix: true},
	{column: "holds.id", pick: aHold, do: `UPDATE holds SET id = 1 WHERE id = $1`, check: verify.Hold, row: "id=1"},
	{column: "holds.customer_id", pick: aHold, do: `UPDATE holds SET customer_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "holds.till_id", pick: aHold, do: `UPDATE holds SET till_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "holds.staff_id", pick: aHold, do: `UPDATE holds SET staff_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "holds.points", pick: aHold, do: `UPDATE holds SET points = points + 1 WHERE id = $1`, check: verify.Hold},
	{column: "holds.state", pick: aHold, do: `UPDATE holds SET state = 'cancelled' WHERE id = $1`, check: verify.Hold},
	{column: "holds.made_at", pick: aHold, do: `UPDATE holds SET made_at = made_at - 1 WHERE id = $1`, check: verify.Hold},
	{column: "holds.lapses_at", pick: aHold, do: `UPDATE holds SET lapses_at = lapses_at + 1 WHERE id = $1`, check: verify.Hold},
	{column: "holds.ended_at", pick: `SELECT id FROM holds WHERE state = 'lapsed'`, do: `UPDATE holds SET ended_at = ended_at + 1 WHERE id = $1`, check: verify.Hold},
	{column: "holds.receipt_id", pick: `SELECT id FROM holds WHERE state = 'redeemed'`, do: `UPDATE holds SET receipt_id = 1 WHERE id = $1`, check: verify.Hold},
	{column: "holds.card", pick: cardHold, do: `UPDATE holds SET card = FALSE WHERE id = $1`, check: verify.Hold},
	{column: "holds.card", pick: cardHold, do: `UPDATE holds SET card = FALSE WHERE id = $1`, check: verify.Card, table: "receipts", at: `SELECT receipt_id FROM holds WHERE id = $1`},
	{column: "holds.points", pick: cardHold, do: `UPDATE holds SET points = 1 WHERE id = $1`, check: verify.Card, table: "receipts", at: `SELECT receipt_id FROM holds WHERE id = $1`},
	{column: "receipts.details", pick: soldWithCard, do: `UPDATE receipts SET details = REPLACE(details, '"card":true', '"card":false') WHERE id = $1`, check: verify.Card},
	{column: "receipts.details", pick: `SELECT MIN(id) FROM receipts WHERE redeemed = 0 AND kind = 'sale' AND NOT imported`, do: `UPDATE receipts SET details = '{"card":true}' WHERE id = $1`, check: verify.Card},
	{column: "hold_lots", pick: aHold, do: `DELETE FROM hold_lots WHERE hold_id = $1`, check: verify.Hold, table: "holds"},
	{column: "hold_lots.hold_id", pick: aHold, do: `UPDATE hold_lots SET hold_id = 1 WHERE hold_id = $1`, check: verify.Reference, row: "hold_id=1 ", prefix: true},
	{column: "hold_lots.lot_id", pick: aHold, do: `UPDATE hold_lots SET lot_id = 1 WHERE hold_id = $1`, check: verify.Reference, row: "hold_id=%d lot_id=1"},
	{column: "hold_lots.points", pick: aHold, do: `UPDATE hold_lots SET points = points + 1 WHERE hold_id = $1`, check: verify.Hold, table: "holds"},
	{column: "confirmations", pick: aCode, do: `DELETE FROM confirmations WHERE id = $1`, check: verify.Confirmation, table: "events", row: "id=", prefix: true},
	{column: "confirmations.id", pick: aCode, do: `UPDATE confirmations SET id = 1 WHERE id = $1`, check: verify.Confirmation, row: "id=1"},
	{column: "confirmations.customer_id", pick: aCode, do: `UPDATE confirmations SET customer_id = 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.till_id", pick: aCode, do: `UPDATE confirmations SET till_id = 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.points", pick: aCode, do: `UPDATE confirmations SET points = points + 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.made_at", pick: aCode, do: `UPDATE confirmations SET made_at = made_at - 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.expires_at", pick: aCode, do: `UPDATE confirmations SET expires_at = expires_at + 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.sent_at", pick: aCode, do: `UPDATE confirmations SET sent_at = made_at - 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.used_at", pick: aCode, do: `UPDATE confirmations SET used_at = NULL WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.used_by", pick: aCode, do: `UPDATE confirmations SET used_by = 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.used_by", pick: aCode, do: `UPDATE confirmations SET used_by = NULL, used_at = NULL WHERE id = $1`, check: verify.Confirmation, table: "receipts", at: saidAlone},
	{column: "confirmations.used_by", pick: codeOfHold, do: `UPDATE confirmations SET used_by = NULL, used_at = NULL WHERE id = $1`, check: verify.Confirmation, table: "receipts", at: saidHold},
	{column: "confirmations.phone", pick: aCode, do: `UPDATE confirmations SET phone = '+998901234881' WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.used_by", pick: codeOfPhone, do: `UPDATE confirmations SET used_by = 1 WHERE id = $1`, check: verify.Confirmation},
	{column: "confirmations.used_at", pick: codeOfPhone, do: `UPDATE confirmations SET used_by = NULL, used_at = NULL WHERE id = $1`, check: verify.Identifier, table: "contacts", row: "customer_id=", prefix: true},
	{column: "confirmations.points", pick: aCode, do: `UPDATE confirmations SET points = 1 WHERE id = $1`, check: verify.Confirmation, table: "receipts", at: saidAlone},
	{column: "holds.receipt_id", pick: saidHold, do: `UPDATE holds SET receipt_id = NULL, state = 'cancelled' WHERE receipt_id = $1`, check: verify.Confirmation, table: "receipts"},
	{column: "receipts.details", pick: saidAlone, do: `UPDATE receipts SET details = REPLACE(details, '"confirmed":true', '"confirmed":false') WHERE id = $1`, check: verify.Confirmation},
	{column: "receipts.details", pick: saidHold, do: `UPDATE receipts SET details = '{"confirmed":true}' WHERE id = $1`, check: verify.Confirmation},
	{column: "programme_versions.rules", pick: forfeited, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"forfeit":true', '"forfeit":false') WHERE id <> $1`, check: verify.LotRules, table: "entries"},
	{column: "entries.cause", pick: forfeited, do: `UPDATE entries SET cause = 'expire' WHERE id = $1`, check: verify.EntryEvent, table: "events", row: "id=", prefix: true},
	{column: "entries.at", pick: forfeited, do: `UPDATE entries SET at = at - 1 WHERE id = $1`, check: verify.LotRules},
	{column: "events.ref", pick: losing, do: `UPDATE events SET ref = 1 WHERE id = $1`, check: verify.LotRules, table: "entries", at: forfeited},
	{column: "events.body", pick: losing, do: `UPDATE events SET body = REPLACE(body, '"was"', '"wasn"') WHERE id = $1`, check: verify.LotRules, table: "entries", at: forfeited},
	{column: "receipts.details", pick: welcomedSale, do: `UPDATE receipts SET details = REPLACE(details, '"welcome":', '"welcomed":') WHERE id = $1`, check: verify.LotRules},
	{column: "receipts.details", pick: unwelcomed, do: `UPDATE receipts SET details = REPLACE(details, '"welcome":', '"welcomed":') WHERE id = $1`, check: verify.LotRules, at: `SELECT original_id FROM receipts WHERE id = $1`},
	{column: "programme_versions.rules", pick: welcomedLot, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"on":"purchase"', '"on":"payday"') WHERE id <> $1`, check: verify.LotRules, table: "lots"},
	{column: "programme_versions.rules", pick: welcomedLot, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"from":2000000', '"from":9999999999') WHERE id <> $1`, check: verify.LotRules, table: "lots"},
	{column: "occasions", pick: aDay, do: `DELETE FROM occasions WHERE customer_id = $1 AND programme_id = $2`, check: verify.LotRules, table: "lots", row: "id=", prefix: true},
	{column: "occasions.customer_id", pick: aDay, do: `UPDATE occasions SET customer_id = 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.Reference, row: "customer_id=1 ", prefix: true},
	{column: "occasions.programme_id", pick: aDay, do: `UPDATE occasions SET programme_id = 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.Reference, row: "customer_id=%d programme_id=1"},
	{column: "occasions.day", pick: aDay, do: `UPDATE occasions SET day = 'anniversary' WHERE customer_id = $1 AND programme_id = $2`, check: verify.LotRules, row: tierRow},
	{column: "occasions.year", pick: aDay, do: `UPDATE occasions SET year = 2000 WHERE customer_id = $1 AND programme_id = $2`, check: verify.LotRules, row: tierRow},
	{column: "occasions.at", pick: aDay, do: `UPDATE occasions SET at = at + 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.LotRules, row: tierRow},
	{column: "accounts.idle_at", pick: aCustomer, do: `UPDATE accounts SET idle_at = 1 WHERE customer_id = $1`, check: verify.AccountPoints, row: accountRow},
	{column: "entries.at_entity_id", pick: anEarning, do: `UPDATE entries SET at_entity_id = 9 WHERE id = $1`, check: verify.EntryLot},
	{column: "openings", pick: `SELECT lot_id FROM openings`, do: `DELETE FROM openings`, check: verify.LotRules, table: "lots"},
	{column: "openings.customer_id", pick: anOpened, do: `UPDATE openings SET customer_id = 1 WHERE customer_id = $1 AND source_id = $2`, check: verify.Reference, row: "customer_id=1 ", prefix: true},
	{column: "openings.source_id", pick: anOpened, do: `UPDATE openings SET source_id = 1 WHERE customer_id = $1 AND source_id = $2`, check: verify.Reference, row: "customer_id=%d source_id=1"},
	{column: "openings.import_id", pick: anOpened, do: `UPDATE openings SET import_id = 1 WHERE customer_id = $1 AND source_id = $2`, check: verify.Reference, row: openedRow},
	{column: "openings.lot_id", pick: anOpened, do: `UPDATE openings SET lot_id = 1 WHERE customer_id = $1 AND source_id = $2`, check: verify.LotRules, row: openedRow},
	{column: "openings.points", pick: anOpened, do: `UPDATE openings SET points = points + 1 WHERE customer_id = $1 AND source_id = $2`, check: verify.LotRules, row: openedRow},
	{column: "openings.points", pick: `SELECT import_id FROM openings`, do: `UPDATE openings SET points = points + 1`, check: verify.ImportReport, table: "imports"},
	{column: "imported_giftcards", pick: aCardsImport, do: `DELETE FROM imported_giftcards`, check: verify.ImportReport, table: "imports"},
	{column: "imported_giftcards.balance", pick: aCardsImport, do: `UPDATE imported_giftcards SET balance = balance + 1`, check: verify.ImportReport, table: "imports"},
	{column: "imported_giftcards.source_id", do: `UPDATE imported_giftcards SET source_id = 1`, check: verify.Reference, row: "hash=", prefix: true},
	{column: "imported_giftcards.import_id", do: `UPDATE imported_giftcards SET import_id = 1`, check: verify.Reference, row: "hash=", prefix: true},
	{column: "imported_giftcards.customer_id", pick: merged, do: `UPDATE imported_giftcards SET customer_id = $1`, check: verify.Merge, row: "hash=", prefix: true},
	{column: "imported_giftcards.customer_id", do: `UPDATE imported_giftcards SET customer_id = 1`, check: verify.Reference, row: "hash=", prefix: true},
	{column: "tiers.customer_id", pick: aTier, do: `UPDATE tiers SET customer_id = 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.Reference, row: "customer_id=1 ", prefix: true},
	{column: "tiers.programme_id", pick: aTier, do: `UPDATE tiers SET programme_id = 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.Reference, row: "customer_id=%d programme_id=1", prefix: true},
	{column: "tiers.level", pick: aTier, do: `UPDATE tiers SET level = 'lead' WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers.floor", pick: aTier, do: `UPDATE tiers SET floor = 'lead' WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers.lost_at", pick: aTier, do: `UPDATE tiers SET lost_at = 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers.floor_until", pick: aTier, do: `UPDATE tiers SET floor_until = 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},

	{column: "accounts", pick: aCustomer, do: `DELETE FROM accounts WHERE customer_id = $1`, check: verify.AccountMissing, row: accountRow},
	{column: "accounts.customer_id", pick: aCustomer, do: `UPDATE accounts SET customer_id = 1 WHERE customer_id = $1`, check: verify.AccountMissing, row: "customer_id=1"},
	{column: "accounts.active", pick: aCustomer, do: `UPDATE accounts SET active = active + 1 WHERE customer_id = $1`, check: verify.AccountPoints, row: accountRow},
	{column: "accounts.pending", pick: aCustomer, do: `UPDATE accounts SET pending = pending + 1 WHERE customer_id = $1`, check: verify.AccountPoints, row: accountRow},
	{column: "accounts.debt", pick: aCustomer, do: `UPDATE accounts SET debt = debt + 1 WHERE customer_id = $1`, check: verify.AccountPoints, row: accountRow},
	{column: "accounts.receipts", pick: aCustomer, do: `UPDATE accounts SET receipts = receipts + 1 WHERE customer_id = $1`, check: verify.AccountPurchases, row: accountRow},
	{column: "accounts.spend", pick: aCustomer, do: `UPDATE accounts SET spend = spend - 1 WHERE customer_id = $1`, check: verify.AccountPurchases, row: accountRow},
	{column: "accounts.first_sold_at", pick: aCustomer, do: `UPDATE accounts SET first_sold_at = first_sold_at + 1 WHERE customer_id = $1`, check: verify.AccountPurchases, row: accountRow},
	{column: "accounts.last_sold_at", pick: aCustomer, do: `UPDATE accounts SET last_sold_at = NULL WHERE customer_id = $1`, check: verify.AccountPurchases, row: accountRow},
	{column: "accounts.version", pick: aCustomer, do: `UPDATE accounts SET version = -1 WHERE customer_id = $1`, check: verify.AccountPoints, row: accountRow},

	{column: "lots", pick: earnedLot, do: `DELETE FROM lots WHERE id = $1`, check: verify.EntryLot, table: "entries", at: `SELECT MIN(id) FROM entries WHERE lot_id = $1`},
	{column: "lots", do: `INSERT INTO lots (id, customer_id, programme_id, entity_id, cause, amount, remaining, state, earned_at, available_at) SELECT 5, customer_id, programme_id, entity_id, cause, 1, 1, 'active', earned_at, available_at FROM lots ORDER BY id LIMIT 1`, check: verify.LotOrigin, row: "id=5"},
	{column: "lots.id", pick: earnedLot, do: `UPDATE lots SET id = 5 WHERE id = $1`, check: verify.EntryLot, table: "entries", at: `SELECT MIN(id) FROM entries WHERE lot_id = $1`},
	{column: "lots.customer_id", pick: earnedLot, do: `UPDATE lots SET customer_id = (SELECT MIN(a.customer_id) FROM accounts a WHERE a.customer_id <> lots.customer_id) WHERE id = $1`, check: verify.EntryLot, table: "entries", at: `SELECT MIN(id) FROM entries WHERE lot_id = $1`},
	{column: "lots.customer_id", pick: earnedLot, do: `UPDATE lots SET customer_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "lots.programme_id", pick: earnedLot, do: `UPDATE lots SET programme_id = 1 WHERE id = $1`, check: verify.LotOrigin},
	{column: "lots.entity_id", pick: earnedLot, do: `UPDATE lots SET entity_id = 77 WHERE id = $1`, check: verify.LotOrigin},
	{column: "lots.cause", pick: earnedLot, do: `UPDATE lots SET cause = 'welcome' WHERE id = $1`, check: verify.LotOrigin},
	{column: "lots.receipt_id", pick: earnedLot, do: `UPDATE lots SET receipt_id = NULL WHERE id = $1`, check: verify.LotOrigin},
	{column: "lots.amount", pick: earnedLot, do: `UPDATE lots SET amount = amount + 1 WHERE id = $1`, check: verify.LotOrigin},
	{column: "lots.remaining", pick: aLot, do: `UPDATE lots SET remaining = remaining - 1 WHERE id = $1`, check: verify.LotPoints},
	{column: "lots.expired", pick: expiredLot, do: `UPDATE lots SET expired = expired - 1 WHERE id = $1`, check: verify.LotPoints},
	{column: "lots.state", pick: aLot, do: `UPDATE lots SET state = 'pending' WHERE id = $1`, check: verify.LotPoints},
	{column: "lots.earned_at", pick: earnedLot, do: `UPDATE lots SET earned_at = earned_at - 1 WHERE id = $1`, check: verify.LotOrigin},
	{column: "lots.available_at", pick: earnedLot, do: `UPDATE lots SET available_at = earned_at - 1 WHERE id = $1`, check: verify.LotDates},
	{column: "lots.available_at", pick: earnedLot, do: `UPDATE lots SET available_at = available_at + 86400000000 WHERE id = $1`, check: verify.LotDates, table: "entries", at: `SELECT id FROM entries WHERE cause = 'activate' AND lot_id = $1`},
	{column: "lots.expires_at", pick: `SELECT id FROM lots WHERE expired > 0 AND id NOT IN (SELECT lot_id FROM entries WHERE source = 'redeemed') ORDER BY id LIMIT 1`, do: `UPDATE lots SET expires_at = expires_at + 86400000000 WHERE id = $1`, check: verify.LotDates},
	{column: "lots.expires_at", pick: expiredLot, do: `UPDATE lots SET expires_at = NULL WHERE id = $1`, check: verify.LotDates},
	{column: "lots.expires_at", pick: `SELECT id FROM lots WHERE cause = 'earn' AND id NOT IN (SELECT lot_id FROM entries WHERE source = 'redeemed') ORDER BY id LIMIT 1`, do: `UPDATE lots SET expires_at = expires_at + 86400000000 WHERE id = $1`, check: verify.ReceiptDates, table: "receipts", at: `SELECT receipt_id FROM lots WHERE id = $1`},

	{column: "entries", pick: anEarning, do: `DELETE FROM entries WHERE id = $1`, check: verify.LotPoints, table: "lots", at: `SELECT lot_id FROM entries WHERE id = $1`},
	{column: "entries", pick: anEarning, do: `DELETE FROM entries WHERE id = $1`, check: verify.LotOrigin, table: "lots", at: `SELECT lot_id FROM entries WHERE id = $1`},
	{column: "entries", pick: anEarning, do: `INSERT INTO entries (id, customer_id, source, target, points, cause, lot_id, entity_id, at, recorded_at) SELECT id + 1, customer_id, source, target, points, 'welcome', lot_id, entity_id, at, recorded_at FROM entries WHERE id = $1`, check: verify.EntryMovement, at: `SELECT id + 1 FROM entries WHERE id = $1`},
	{column: "entries.id", pick: anEarning, do: `UPDATE entries SET id = 5 WHERE id = $1`, check: verify.EntryTime, row: "id=5"},
	{column: "entries.id", pick: aRedeeming, do: `UPDATE entries SET id = 5 WHERE id = $1`, check: verify.Overdrawn, row: "id=5"},
	{column: "entries.customer_id", pick: anEarning, do: `UPDATE entries SET customer_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "entries.source", pick: anEarning, do: `UPDATE entries SET source = 'adjusted' WHERE id = $1`, check: verify.EntryMovement},
	{column: "entries.target", pick: aRedeeming, do: `UPDATE entries SET target = 'expired' WHERE id = $1`, check: verify.EntryMovement},
	{column: "entries.points", pick: anEarning, do: `UPDATE entries SET points = points + 1 WHERE id = $1`, check: verify.ReceiptPoints, table: "receipts", at: `SELECT receipt_id FROM entries WHERE id = $1`},
	{column: "entries.cause", pick: anEarning, do: `UPDATE entries SET cause = 'welcome' WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.lot_id", pick: aRedeeming, do: `UPDATE entries SET lot_id = NULL WHERE id = $1`, check: verify.EntryLot},
	{column: "entries.lot_id", pick: aRedeeming, do: `UPDATE entries SET lot_id = 1 WHERE id = $1`, check: verify.EntryLot},
	{column: "entries.receipt_id", pick: anEarning, do: `UPDATE entries SET receipt_id = 1 WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.receipt_id", pick: aRedeeming, do: `UPDATE entries SET receipt_id = NULL WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.sale_id", pick: anEarning, do: `UPDATE entries SET sale_id = NULL WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.entity_id", pick: anEarning, do: `UPDATE entries SET entity_id = 77 WHERE id = $1`, check: verify.EntryLot},
	{column: "entries.store_id", pick: anEarning, do: `UPDATE entries SET store_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "entries.store_id", pick: anEarning, do: `UPDATE entries SET store_id = NULL WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.staff_id", pick: anEarning, do: `UPDATE entries SET staff_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "entries.staff_id", pick: anEarning, do: `UPDATE entries SET staff_id = NULL WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.at", pick: aRedeeming, do: `UPDATE entries SET at = at - 1 WHERE id = $1`, check: verify.EntryReceipt},
	{column: "entries.at", pick: `SELECT id FROM entries WHERE cause = 'activate' ORDER BY id LIMIT 1`, do: `UPDATE entries SET at = at - 1 WHERE id = $1`, check: verify.LotDates},
	{column: "entries.recorded_at", pick: aRedeeming, do: `UPDATE entries SET recorded_at = recorded_at + 86400000000 WHERE id = $1`, check: verify.EntryTime},
	{column: "entries.recorded_at", pick: aRedeeming, do: `UPDATE entries SET recorded_at = recorded_at - 86400000000 WHERE id = $1`, check: verify.EntryReceipt},

	{column: "receipts", pick: aSale, do: `DELETE FROM receipts WHERE id = $1`, check: verify.Reference, table: "receipt_lines", row: "receipt_id=%d position=1"},
	{column: "receipts.id", pick: aSale, do: `UPDATE receipts SET id = 5 WHERE id = $1`, check: verify.EntryReceipt, table: "entries", at: `SELECT MIN(id) FROM entries WHERE receipt_id = $1`},
	{column: "receipts.source_id", pick: aSale, do: `UPDATE receipts SET source_id = 1 WHERE id = $1`, check: verify.ReceiptSource},
	{column: "receipts.source_id", pick: anImport, do: `UPDATE receipts SET source_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "receipts.kind", pick: aSale, do: `UPDATE receipts SET kind = 'return' WHERE id = $1`, check: verify.ReceiptSource},
	{column: "receipts.number", pick: aSale, do: `UPDATE receipts SET number = '' WHERE id = $1`, check: verify.ReceiptNumber},
	{column: "receipts.fingerprint", pick: aSale, do: `UPDATE receipts SET fingerprint = '' WHERE id = $1`, check: verify.ReceiptNumber},
	{column: "receipts.number", pick: importedEvent, do: `UPDATE receipts SET number = 'A9' WHERE number = 'A1'`, check: verify.Imported, table: "events"},
	{column: "receipt_lines.product_id", pick: walkIn, do: `UPDATE receipt_lines SET product_id = NULL WHERE receipt_id = $1`, check: verify.ReceiptChecksum, table: "receipts"},
	{column: "receipt_lines.name", pick: importedEvent, do: `UPDATE receipt_lines SET name = 'Сок' WHERE receipt_id IN (SELECT id FROM receipts WHERE number = 'A3')`, check: verify.Imported, table: "events"},
	{column: "receipts.imported", pick: aSale, do: `UPDATE receipts SET imported = TRUE WHERE id = $1`, check: verify.Imported},
	{column: "receipts.idempotency_key", pick: walkIn, do: `UPDATE receipts SET idempotency_key = NULL WHERE id = $1`, check: verify.ReceiptChecksum},
	{column: "receipt_lines.name", pick: walkIn, do: `UPDATE receipt_lines SET name = 'Чой' WHERE receipt_id = $1`, check: verify.ReceiptChecksum, table: "receipts"},
	{column: "receipts.store_id", pick: aSale, do: `UPDATE receipts SET store_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "receipts.till_id", pick: aSale, do: `UPDATE receipts SET till_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "receipts.till_id", pick: anImport, do: `UPDATE receipts SET till_id = 1 WHERE id = $1`, check: verify.ReceiptSource},
	{column: "receipts.staff_id", pick: aSale, do: `UPDATE receipts SET staff_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "receipts.customer_id", pick: aSale, do: `UPDATE receipts SET customer_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "receipts.customer_id", pick: aSale, do: `UPDATE receipts SET customer_id = NULL WHERE id = $1`, check: verify.ReceiptPoints},
	{column: "receipts.original_id", pick: aReturn, do: `UPDATE receipts SET original_id = NULL WHERE id = $1`, check: verify.ReceiptSource},
	{column: "receipts.original_id", pick: aReturn, do: `UPDATE receipts SET original_id = original_id + 1 WHERE id = $1`, check: verify.ReturnOf},
	{column: "receipts.version_id", pick: aSale, do: `UPDATE receipts SET version_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "receipts.version_id", pick: aSale, do: `UPDATE receipts SET version_id = NULL WHERE id = $1`, check: verify.ReceiptLevel},
	{column: "receipts.version_id", pick: aReturn, do: `UPDATE receipts SET version_id = (SELECT id FROM programme_versions WHERE state = 'draft') WHERE id = $1`, check: verify.ReturnOf},
	{column: "receipts.level", pick: aSale, do: `UPDATE receipts SET level = 'lead' WHERE id = $1`, check: verify.ReceiptLevel},
	{column: "receipts.level", pick: `SELECT id FROM receipts WHERE level = 'silver' AND kind = 'sale' ORDER BY id LIMIT 1`, do: `UPDATE receipts SET level = 'base' WHERE id = $1`, check: verify.ReceiptLevel},
	{column: "receipts.level", pick: aReturn, do: `UPDATE receipts SET level = 'gold' WHERE id = $1`, check: verify.ReturnOf},
	{column: "receipts.sold_at", pick: aSale, do: `UPDATE receipts SET sold_at = sold_at + 3600000000 WHERE id = $1`, check: verify.ReceiptTime},
	{column: "receipts.sold_at", pick: aSale, do: `UPDATE receipts SET sold_at = sold_at - 1 WHERE id = $1`, check: verify.ReceiptEvent, table: "events", at: `SELECT id FROM events WHERE kind = 'receipt.recorded' AND ref = $1`},
	{column: "receipts.recorded_at", pick: aSale, do: `UPDATE receipts SET recorded_at = recorded_at + 3600000000 WHERE id = $1`, check: verify.ReceiptTime},
	{column: "receipts.gross", pick: aSale, do: `UPDATE receipts SET gross = gross + 1 WHERE id = $1`, check: verify.ReceiptSum},
	{column: "receipts.discount", pick: aSale, do: `UPDATE receipts SET discount = discount + 1 WHERE id = $1`, check: verify.ReceiptSum},
	{column: "receipts.discount", pick: anImport, do: `UPDATE receipts SET discount = discount + 1 WHERE id = $1`, check: verify.ReceiptTotal},
	{column: "receipts.paid_points", pick: aSale, do: `UPDATE receipts SET paid_points = -1 WHERE id = $1`, check: verify.ReceiptAmount},
	{column: "receipts.paid_points", pick: aSale, do: `UPDATE receipts SET paid_points = paid_points + 1 WHERE id = $1`, check: verify.ReceiptSum},
	{column: "receipts.total", pick: aSale, do: `UPDATE receipts SET total = total + 1 WHERE id = $1`, check: verify.ReceiptTotal},
	{column: "receipts.withheld", pick: aReturn, do: `UPDATE receipts SET withheld = withheld + 1 WHERE id = $1`, check: verify.ReceiptHeld},
	{column: "receipts.withheld", pick: aSale, do: `UPDATE receipts SET withheld = 1 WHERE id = $1`, check: verify.ReceiptHeld},
	{column: "receipts.redeemed", pick: aRedemption, do: `UPDATE receipts SET redeemed = redeemed - 1 WHERE id = $1`, check: verify.ReceiptPoints},
	{column: "receipts.earned", pick: aSale, do: `UPDATE receipts SET earned = earned + 1 WHERE id = $1`, check: verify.ReceiptPoints},
	{column: "receipts.earned", pick: anImport, do: `UPDATE receipts SET earned = earned + 1 WHERE id = $1`, check: verify.Imported},
	{column: "receipts.tier_spend", pick: aSale, do: `UPDATE receipts SET tier_spend = tier_spend + 1 WHERE id = $1`, check: verify.ReceiptSum},
	{column: "receipts.balance", pick: aSale, do: `UPDATE receipts SET balance = balance + 1 WHERE id = $1`, check: verify.ReceiptBalance},
	{column: "receipts.details", pick: aSale, do: `UPDATE receipts SET details = '' WHERE id = $1`, check: verify.ReceiptDates},
	{column: "receipts.details", pick: aSale, do: `UPDATE receipts SET details = '[' WHERE id = $1`, check: verify.ReceiptDates},

	{column: "receipt_lines", pick: aLine, do: `DELETE FROM receipt_lines WHERE receipt_id = $1 AND position = $2`, check: verify.ReceiptSum, table: "receipts", at: aSale},
	{column: "receipt_lines", pick: aLine, do: `INSERT INTO receipt_lines (receipt_id, position, quantity, price, gross, total) SELECT receipt_id, 99, 1000, 10000, 100, 100 FROM receipt_lines WHERE receipt_id = $1 AND position = $2`, check: verify.ReceiptSum, table: "receipts", at: aSale},
	{column: "receipt_lines.receipt_id", pick: aLine, do: `UPDATE receipt_lines SET receipt_id = 1 WHERE receipt_id = $1 AND position = $2`, check: verify.Reference, row: "receipt_id=1 ", prefix: true},
	{column: "receipt_lines.position", pick: aLine, do: `UPDATE receipt_lines SET position = 0 WHERE receipt_id = $1 AND position = $2`, check: verify.LineTotal, row: "receipt_id=%d position=0", prefix: true},
	{column: "receipt_lines.product_id", pick: aLine, do: `UPDATE receipt_lines SET product_id = 1 WHERE receipt_id = $1 AND position = $2`, check: verify.Reference, row: lineRow},
	{column: "receipt_lines.product_id", pick: aPart, do: `UPDATE receipt_lines SET product_id = NULL WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnOf, row: lineRow},
	{column: "receipt_lines.quantity", pick: aLine, do: `UPDATE receipt_lines SET quantity = quantity + 1000 WHERE receipt_id = $1 AND position = $2`, check: verify.LinePrice, row: lineRow},
	{column: "receipt_lines.quantity", pick: aPart, do: `UPDATE receipt_lines SET quantity = quantity + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.LineReturned, row: lineRow, at: whole},
	{column: "receipt_lines.price", pick: aLine, do: `UPDATE receipt_lines SET price = price + 100 WHERE receipt_id = $1 AND position = $2`, check: verify.LinePrice, row: lineRow},
	{column: "receipt_lines.price", pick: aPart, do: `UPDATE receipt_lines SET price = price + 100 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnOf, row: lineRow},
	{column: "receipt_lines.gross", pick: aLine, do: `UPDATE receipt_lines SET gross = gross + 1, total = total + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.LinePrice, row: lineRow},
	{column: "receipt_lines.gross", pick: aPart, do: `UPDATE receipt_lines SET gross = gross + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnPart, row: lineRow},
	{column: "receipt_lines.discount", pick: aDiscount, do: `UPDATE receipt_lines SET discount = discount + 1, total = total - 1 WHERE receipt_id = $1 AND position = $2`, check: verify.LineDiscount, row: lineRow},
	{column: "receipt_lines.discount", pick: aPart, do: `UPDATE receipt_lines SET discount = discount + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnPart, row: lineRow},
	{column: "receipt_lines.paid_points", pick: aPart, do: `UPDATE receipt_lines SET paid_points = paid_points + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnPart, row: lineRow},
	{column: "receipt_lines.total", pick: aLine, do: `UPDATE receipt_lines SET total = total + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.LineTotal, row: lineRow},
	{column: "receipt_lines.redeemed", pick: aPart, do: `UPDATE receipt_lines SET redeemed = redeemed + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnPart, row: lineRow},
	{column: "receipt_lines.earned", pick: aPart, do: `UPDATE receipt_lines SET earned = earned + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnPart, row: lineRow},
	{column: "receipt_lines.earned", pick: aLine, do: `UPDATE receipt_lines SET earned = -1 WHERE receipt_id = $1 AND position = $2`, check: verify.LineTotal, row: lineRow},
	{column: "receipt_lines.tier_spend", pick: aLine, do: `UPDATE receipt_lines SET tier_spend = tier_spend + 1 WHERE receipt_id = $1 AND position = $2`, check: verify.LineSpend, row: lineRow},
	{column: "receipt_lines.cost", pick: aPart, do: `UPDATE receipt_lines SET cost = 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnOf, row: lineRow},
	{column: "receipt_lines.returned", pick: whole, do: `UPDATE receipt_lines SET returned = returned - 1 WHERE receipt_id = $1 AND position = $2`, check: verify.LineReturned, row: lineRow},
	{column: "receipt_lines.returned", pick: whole, do: `UPDATE receipt_lines SET returned = 0 WHERE receipt_id = $1 AND position = $2`, check: verify.LineReturned, row: lineRow},
	{column: "receipt_lines.original_id", pick: aPart, do: `UPDATE receipt_lines SET original_id = NULL WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnOf, row: lineRow},
	{column: "receipt_lines.original_id", pick: aPart, do: `UPDATE receipt_lines SET original_id = 1 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnOf, row: lineRow},
	{column: "receipt_lines.original", pick: aPart, do: `UPDATE receipt_lines SET original = 9 WHERE receipt_id = $1 AND position = $2`, check: verify.ReturnOf, row: lineRow},
	{column: "receipt_lines.details", pick: aDiscount, do: `UPDATE receipt_lines SET details = '' WHERE receipt_id = $1 AND position = $2`, check: verify.LineDiscount, row: lineRow},

	{column: "sources", pick: anImport, do: `DELETE FROM sources WHERE id <> $1`, check: verify.Reference, table: "receipts"},
	{column: "sources.id", pick: `SELECT MIN(id) FROM imports`, do: `UPDATE sources SET id = 1 WHERE name = 'old tills'`, check: verify.Reference, table: "imports"},
	{column: "imports.source_id", pick: `SELECT MIN(id) FROM imports`, do: `UPDATE imports SET source_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "imports.kind", pick: `SELECT id FROM imports WHERE kind = 'customers'`, do: `UPDATE imports SET kind = 'products' WHERE id = $1`, check: verify.ImportReport},
	{column: "imports.report", pick: `SELECT id FROM imports WHERE kind = 'customers'`, do: `UPDATE imports SET report = '{"created":7}' WHERE id = $1`, check: verify.ImportReport},
	{column: "imports.report", pick: `SELECT id FROM sources WHERE name = 'old tills'`, do: `UPDATE imports SET report = REPLACE(report, '"recorded"', '"recordet"') WHERE source_id = $1`, check: verify.ImportReport, table: "sources"},
	{column: "imports.report", pick: `SELECT id FROM imports WHERE kind = 'customers'`, do: `UPDATE imports SET report = '{' WHERE id = $1`, check: verify.ImportReport},
	{column: "imports.created_by", pick: `SELECT MIN(id) FROM imports`, do: `UPDATE imports SET created_by = 1 WHERE id = $1`, check: verify.Reference},
	{column: "imports", pick: aCustomer, do: `UPDATE customers SET origin_id = (SELECT MAX(id) + 1 FROM imports) WHERE id = $1`, check: verify.Reference, table: "customers"},

	{column: "receipts", do: `DROP INDEX receipts_number`, check: verify.Schema, row: "index receipts_number"},
	{column: "receipts", do: "DROP INDEX receipts_idempotency;\nCREATE INDEX receipts_idempotency ON receipts (source_id)", check: verify.Schema, row: "index receipts_idempotency"},

	{column: "receipts", do: "CREATE TRIGGER gift AFTER INSERT ON receipts BEGIN UPDATE accounts SET active = active + 1; END -- sqlite\nCREATE TRIGGER gift BEFORE UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger() -- postgres", check: verify.Schema, row: "trigger gift"},

	// What somebody gains by, one statement.
	{column: "tiers.level", pick: silver, do: `UPDATE tiers SET level = 'gold' WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers.floor", pick: aTier, do: `UPDATE tiers SET floor = 'gold' WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers.since", pick: silver, do: `UPDATE tiers SET since = since + 1 WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers", pick: silver, do: `DELETE FROM tiers WHERE customer_id = $1 AND programme_id = $2`, check: verify.TierLevel, row: tierRow},
	{column: "tiers", pick: `SELECT a.customer_id, p.id FROM accounts a CROSS JOIN programmes p WHERE a.spend = 0 AND a.customer_id NOT IN (SELECT customer_id FROM tiers) ORDER BY 1 LIMIT 1`, do: `INSERT INTO tiers (customer_id, programme_id, level, since) VALUES ($1, $2, 'gold', 1)`, check: verify.TierLevel, row: tierRow},
	{column: "lots.expires_at", pick: welcomeLot, do: `UPDATE lots SET expires_at = NULL WHERE id = $1`, check: verify.LotRules},
	{column: "lots.available_at", pick: earnedLot, do: `UPDATE lots SET available_at = available_at - 86400000000 WHERE id = $1`, check: verify.LotRules},
	{column: "identifiers.customer_id", pick: otherCustomer, do: `UPDATE identifiers SET customer_id = $1 WHERE value = '+998901234567'`, check: verify.Identifier, row: "customer_id=%d kind=phone"},
	{column: "identifiers.value", pick: aCustomer, do: `UPDATE identifiers SET value = '+998907654321', tail = '123456709899' WHERE kind = 'phone' AND customer_id = $1`, check: verify.Identifier, row: "customer_id=%d kind=phone"},
	{column: "identifiers.checksum", pick: aCustomer, do: `UPDATE identifiers SET checksum = 0 WHERE kind = 'phone' AND customer_id = $1`, check: verify.Identifier, row: "customer_id=%d kind=phone"},
	{column: "consents.given", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET given = NOT given WHERE id = $1`, check: verify.Consent},
	{column: "consents.channel", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET channel = 'any' WHERE id = $1`, check: verify.Consent},
	{column: "consents.purpose", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET purpose = 'data' WHERE id = $1`, check: verify.Consent},
	{column: "consents.at", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET at = at + 1 WHERE id = $1`, check: verify.Consent},
	{column: "consents.source", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET source = 'web' WHERE id = $1`, check: verify.Consent},
	{column: "consents.wording", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET wording = 'v2' WHERE id = $1`, check: verify.Consent},
	{column: "consents.proof", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET proof = 'form 7' WHERE id = $1`, check: verify.Consent},
	{column: "consents.checksum", pick: `SELECT MIN(id) FROM consents`, do: `UPDATE consents SET checksum = 0 WHERE id = $1`, check: verify.Consent},
	{column: "consents.wording_id", pick: underText, do: `UPDATE consents SET wording_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "consents.wording_id", pick: underText, do: `UPDATE consents SET wording_id = NULL WHERE id = $1`, check: verify.Consent},
	{column: "consents.text_hash", pick: underText, do: `UPDATE consents SET text_hash = 'x' WHERE id = $1`, check: verify.Wording},
	{column: "consents.language", pick: underText, do: `UPDATE consents SET language = 'en' WHERE id = $1`, check: verify.Wording},
	{column: "consents.till_id", pick: underText, do: `UPDATE consents SET till_id = 1 WHERE id = $1`, check: verify.Reference},
	{column: "consents.till_id", pick: underText, do: `UPDATE consents SET till_id = NULL WHERE id = $1`, check: verify.Consent},
	{column: "consents.reason", pick: `SELECT id FROM consents WHERE reason <> ''`, do: `UPDATE consents SET reason = 'none' WHERE id = $1`, check: verify.Consent},
	{column: "wordings.code", pick: aWording, do: `UPDATE wordings SET code = 'gifts' WHERE id = $1`, check: verify.Wording},
	{column: "wordings.version", pick: aWording, do: `UPDATE wordings SET version = 2 WHERE id = $1`, check: verify.Wording},
	{column: "wordings.channels", pick: aWording, do: `UPDATE wordings SET channels = 'any' WHERE id = $1`, check: verify.Wording},
	{column: "wordings.name", pick: aWording, do: `UPDATE wordings SET name = 'Gifts' WHERE id = $1`, check: verify.Wording},
	{column: "wordings.entity_id", pick: aWording, do: `UPDATE wordings SET entity_id = NULL WHERE id = $1`, check: verify.Wording},
	{column: "wordings.text_ru", pick: aWording, do: `UPDATE wordings SET text_ru = 'Да' WHERE id = $1`, check: verify.Wording},
	{column: "wordings.text_uz", pick: aWording, do: `UPDATE wordings SET text_uz = 'Ha' WHERE id = $1`, check: verify.Wording},
	{column: "wordings.text_en", pick: aWording, do: `UPDATE wordings SET text_en = '' WHERE id = $1`, check: verify.Wording},
	{column: "wordings.valid_from", pick: aWording, do: `UPDATE wordings SET valid_from = 1 WHERE id = $1`, check: verify.Wording},
	{column: "wordings.anew", pick: aWording, do: `UPDATE wordings SET anew = TRUE WHERE id = $1`, check: verify.Wording},
	{column: "wordings.offered", pick: aWording, do: `UPDATE wordings SET offered = FALSE WHERE id = $1`, check: verify.Wording},
	{column: "wordings.created_by", pick: aWording, do: `UPDATE wordings SET created_by = NULL WHERE id = $1`, check: verify.Wording},
	{column: "wordings.created_at", pick: aWording, do: `UPDATE wordings SET created_at = 1 WHERE id = $1`, check: verify.Wording},
	{column: "wordings.checksum", pick: aWording, do: `UPDATE wordings SET checksum = 0 WHERE id = $1`, check: verify.Wording},
	{column: "wordings.entity_id", pick: aWording, do: `UPDATE wordings SET entity_id = 77 WHERE id = $1`, check: verify.Reference},
	{column: "wordings.created_by", pick: aWording, do: `UPDATE wordings SET created_by = 77 WHERE id = $1`, check: verify.Reference},
	{column: "wordings.purpose", pick: underText, do: `UPDATE wordings SET purpose = 'data'`, check: verify.Wording, table: "consents"},
	{column: "wordings.id", pick: aWording, do: `UPDATE wordings SET id = 5 WHERE id = $1`, check: verify.CatalogEvent, row: "id=5"},
	{column: "wordings", pick: underText, do: `DELETE FROM wordings`, check: verify.Reference, table: "consents"},
	{column: "events", pick: aWording, do: `DELETE FROM events WHERE kind = 'wording.published'`, check: verify.CatalogEvent, table: "wordings"},
	{column: "attributes.code", pick: anAttribute, do: `UPDATE attributes SET code = 'x' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.kind", pick: anAttribute, do: `UPDATE attributes SET kind = 'text' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.name_ru", pick: anAttribute, do: `UPDATE attributes SET name_ru = 'x' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.name_uz", pick: anAttribute, do: `UPDATE attributes SET name_uz = 'x' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.name_en", pick: anAttribute, do: `UPDATE attributes SET name_en = 'x' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.choices", pick: anAttribute, do: `UPDATE attributes SET choices = '[]' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.tills", pick: anAttribute, do: `UPDATE attributes SET tills = 'set' WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.personal", pick: anAttribute, do: `UPDATE attributes SET personal = FALSE WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.required", pick: anAttribute, do: `UPDATE attributes SET required = FALSE WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.position", pick: anAttribute, do: `UPDATE attributes SET position = 9 WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.archived", pick: anAttribute, do: `UPDATE attributes SET archived = TRUE WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.checksum", pick: anAttribute, do: `UPDATE attributes SET checksum = 0 WHERE id = $1`, check: verify.Attribute},
	{column: "attributes.id", pick: anAttribute, do: `UPDATE attributes SET id = 5 WHERE id = $1`, check: verify.Attribute, row: "id=5"},
	{column: "attributes", pick: `SELECT MIN(id) FROM events WHERE kind = 'attribute.changed'`, do: `DELETE FROM attributes`, check: verify.CatalogEvent, table: "events"},
	{column: "household_members.household_id", pick: aMember, do: `UPDATE household_members SET household_id = 7, head = FALSE WHERE customer_id = $1`, check: verify.Household, row: "customer_id=%d"},
	{column: "household_members.customer_id", pick: aMember, do: `UPDATE household_members SET customer_id = (SELECT MAX(id) FROM customers WHERE id NOT IN (SELECT customer_id FROM household_members)) WHERE customer_id = $1`, check: verify.Household, table: "events", at: `SELECT MAX(id) FROM events WHERE kind = 'household.joined' AND customer_id = $1`},
	{column: "household_members.since", pick: aMember, do: `UPDATE household_members SET since = since + 1 WHERE customer_id = $1`, check: verify.Household, row: "customer_id=%d"},
	{column: "household_members.head", pick: `SELECT customer_id FROM household_members WHERE head`, do: `UPDATE household_members SET head = FALSE WHERE customer_id = $1`, check: verify.Household, table: "households", at: `SELECT household_id FROM household_members WHERE customer_id = $1`},
	{column: "household_members", pick: aMember, do: `DELETE FROM household_members WHERE customer_id = $1`, check: verify.Household, table: "events", at: `SELECT MAX(id) FROM events WHERE kind = 'household.joined' AND customer_id = $1`},
	{column: "households", pick: aMember, do: `DELETE FROM households`, check: verify.Reference, table: "household_members", row: "customer_id=%d"},
	{column: "households.id", pick: aMember, do: `UPDATE households SET id = 5`, check: verify.Household, row: "id=5"},
	{column: "contacts.state", do: `UPDATE contacts SET state = 'verified'`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.reason", do: `UPDATE contacts SET reason = 'x'`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.since", do: `UPDATE contacts SET since = since + 1`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.store_id", do: `UPDATE contacts SET store_id = NULL`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.staff_id", do: `UPDATE contacts SET staff_id = judged_by`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.judged_by", do: `UPDATE contacts SET judged_by = 1`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.checksum", do: `UPDATE contacts SET checksum = 0`, check: verify.Identifier, row: "customer_id=", prefix: true},
	{column: "contacts.value", do: `UPDATE contacts SET value = '+998901111112' WHERE state = 'retired'`, check: verify.Reference, row: "customer_id=0", prefix: true},
	{column: "contacts.kind", do: `UPDATE contacts SET kind = 'telegram'`, check: verify.Reference, row: "customer_id=0", prefix: true},
	{column: "staff.role", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE staff SET role = 'owner' WHERE id = $1`, check: verify.Audit},
	{column: "staff.works_as", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE staff SET works_as = 'manager' WHERE id = $1`, check: verify.Audit},
	{column: "staff.active", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE staff SET active = NOT active WHERE id = $1`, check: verify.Audit},
	{column: "staff.login", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE staff SET login = 'somebody' WHERE id = $1`, check: verify.Audit},
	{column: "staff.name", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE staff SET name = 'Somebody' WHERE id = $1`, check: verify.Audit},
	{column: "staff_stores", pick: `SELECT MIN(id) FROM staff`, do: `DELETE FROM staff_stores WHERE staff_id = $1`, check: verify.Audit, row: "staff_id=%d"},
	{column: "audit", pick: `SELECT MIN(id) FROM staff`, do: `DELETE FROM audit`, check: verify.Audit, table: "staff"},
	{column: "audit.action", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE audit SET action = 'staff.noticed' WHERE action = 'staff.added'`, check: verify.Audit, table: "staff"},
	{column: "audit.subject", pick: `SELECT id FROM audit WHERE action = 'staff.added'`, do: `UPDATE audit SET subject = 'staff:1' WHERE id = $1`, check: verify.Audit},
	{column: "audit.became", pick: `SELECT MIN(id) FROM staff`, do: `UPDATE audit SET became = REPLACE(became, '"cashier"', '"owner"') WHERE action = 'staff.added'`, check: verify.Audit, table: "staff"},
	{column: "audit.at", pick: `SELECT MIN(id) FROM entries WHERE cause = 'manual'`, do: `UPDATE audit SET at = at + 86400000000 WHERE action = 'customer.points_adjusted'`, check: verify.Audit, table: "entries"},
	{column: "till_keys.revoked_at", pick: revokedKey, do: `UPDATE till_keys SET revoked_at = NULL WHERE id = $1`, check: verify.TillKey},
	{column: "till_keys.created_at", pick: revokedKey, do: `UPDATE till_keys SET created_at = created_at + 1 WHERE id = $1`, check: verify.TillKey},
	{column: "till_keys.hash", pick: `SELECT MIN(id) FROM till_keys`, do: `UPDATE till_keys SET hash = 'mine' WHERE id = $1`, check: verify.TillKey},
	{column: "till_keys.id", pick: revokedKey, do: `UPDATE till_keys SET id = 5 WHERE id = $1`, check: verify.TillKey, row: "id=5"},
	{column: "till_keys", pick: `SELECT MIN(id) FROM till_keys`, do: `INSERT INTO till_keys (id, till_id, hash, hint, created_at) SELECT 7, till_id, 'mine', 'mine', created_at FROM till_keys WHERE id = $1`, check: verify.TillKey, row: "id=7"},
	{column: "integrations", pick: anERP, do: `DELETE FROM integrations WHERE id = $1`, check: verify.TillKey},
	{column: "integrations.id", pick: anERP, do: `UPDATE integrations SET id = 5 WHERE id = $1`, check: verify.TillKey, row: "id=5"},
	{column: "integrations.name", pick: anERP, do: `UPDATE integrations SET name = 'Mine' WHERE id = $1`, check: verify.TillKey},
	{column: "integrations.permissions", pick: anERP, do: `UPDATE integrations SET permissions = 'products.write' WHERE id = $1`, check: verify.TillKey},
	{column: "integrations.stores", pick: anERP, do: `UPDATE integrations SET stores = '' WHERE id = $1`, check: verify.TillKey},
	{column: "integrations.hash", pick: anERP, do: `UPDATE integrations SET hash = 'mine' WHERE id = $1`, check: verify.TillKey},
	{column: "integrations.created_at", pick: anERP, do: `UPDATE integrations SET created_at = 1 WHERE id = $1`, check: verify.TillKey},
	{column: "integrations.created_by", pick: anERP, do: `UPDATE integrations SET created_by = 1 WHERE id = $1`, check: verify.Reference},
	{column: "integrations.revoked_at", pick: anERP, do: `UPDATE integrations SET revoked_at = NULL WHERE id = $1`, check: verify.TillKey},
	{column: "integration_calls.integration_id", do: `UPDATE integration_calls SET integration_id = 1`, check: verify.Reference, row: "integration_id=1"},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"cashback":1000', '"cashback":5000') WHERE id = $1`, check: verify.VersionRules},
	{column: "programme_versions.starts_at", pick: aVersion, do: `UPDATE programme_versions SET starts_at = starts_at + 1 WHERE id = $1`, check: verify.VersionRules},
	{column: "programme_versions.starts_at", pick: aVersion, do: `UPDATE programme_versions SET starts_at = starts_at + 864000000000000 WHERE id = $1`, check: verify.ReceiptVersion, table: "receipts", at: aSale},
	{column: "events", pick: aVersion, do: `DELETE FROM events WHERE kind = 'programme.published' AND ref = $1`, check: verify.VersionRules, table: "programme_versions"},
	{column: "events", pick: reviewed, do: `DELETE FROM events WHERE id = $1`, check: verify.TierLevel, table: "tiers", row: "customer_id=", prefix: true},
	{column: "events.body", pick: reviewed, do: `UPDATE events SET body = REPLACE(REPLACE(body, '"is":"base"', '"is":"gold"'), '"level":"base"', '"level":"gold"') WHERE id = $1`, check: verify.TierLevel},
	{column: "events.body", pick: recorded, do: `UPDATE events SET body = REPLACE(body, '"checksum":"', '"checksum":"1') WHERE id = $1`, check: verify.ReceiptChecksum, table: "receipts", at: `SELECT ref FROM events WHERE id = $1`},
	{column: "receipt_lines.cost", pick: aSale, do: `UPDATE receipt_lines SET cost = 1 WHERE receipt_id = $1`, check: verify.ReceiptChecksum, table: "receipts"},
	{column: "receipts.fingerprint", pick: anImport, do: `UPDATE receipts SET fingerprint = 'other' WHERE id = $1`, check: verify.Imported},
	{column: "imports.report", pick: `SELECT id FROM imports WHERE kind = 'customers'`, do: `UPDATE imports SET report = REPLACE(report, '"points":25050', '"points":1') WHERE id = $1`, check: verify.ImportReport},
	{column: "stores.zone", pick: `SELECT MIN(id) FROM stores`, do: `UPDATE stores SET zone = 'Nowhere' WHERE id = $1`, check: verify.Setting},

	// What rules do not give, seen by giving less.
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"cashback":500', '"cashback":499') WHERE id = $1`, check: verify.ReceiptEarned, table: "receipts", at: aSale},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"discount":300', '"discount":1') WHERE id = $1`, check: verify.ReceiptDiscount, table: "receipts", at: aTierDiscount},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"cap":5000', '"cap":100') WHERE id = $1`, check: verify.ReceiptCap, table: "receipts", at: aRedemption},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"points":500000', '"points":1') WHERE id = $1`, check: verify.LotRules, table: "lots", at: welcomeLot},
	{column: "programme_versions.rules", pick: aVersion, do: `UPDATE programme_versions SET rules = REPLACE(rules, '"quote_minutes"', '"guard":{"margin":0},"quote_minutes"') WHERE id = $1;
UPDATE receipt_lines SET cost = 1000000000000 WHERE receipt_id = (SELECT receipt_id FROM entries WHERE cause = 'redeem' ORDER BY id LIMIT 1)`, check: verify.LineGuard, table: "receipt_lines", at: aRedemption, row: "receipt_id=%d position=1"},

	// The same, with everything else that it shows in.
	{column: "entries", pick: aCustomer, do: gift("manual", "adjusted"), check: verify.Audit, row: "id=8"},
	{column: "lots", pick: aCustomer, do: gift("welcome", "issued"), check: verify.LotRules, row: "id=7"},
	{column: "lots", pick: aCustomer, do: gift("opening", "issued"), check: verify.LotRules, row: "id=7"},
	{column: "receipts.earned", pick: lastEarned, do: `UPDATE entries SET points = points * 100 WHERE cause = 'earn' AND receipt_id = $1;
UPDATE lots SET amount = amount * 100, remaining = amount * 100 WHERE receipt_id = $1;
UPDATE accounts SET pending = (SELECT SUM(l.remaining) FROM lots l WHERE l.customer_id = accounts.customer_id AND l.state = 'pending') WHERE customer_id = (SELECT customer_id FROM receipts WHERE id = $1);
UPDATE receipts SET earned = earned * 100 WHERE id = $1;
UPDATE receipt_lines SET earned = earned * 100 WHERE receipt_id = $1`, check: verify.ReceiptEarned},
	{column: "receipts.total", pick: walkIn, do: `UPDATE receipts SET total = 1, discount = gross - 1, tier_spend = 1 WHERE id = $1;
UPDATE receipt_lines SET total = 1, discount = gross - 1, tier_spend = 1, details = '[{"cause":"till","amount":' || CAST(gross - 1 AS TEXT) || '}]' WHERE receipt_id = $1;
UPDATE events SET body = REPLACE(body, '"total":"1000.00"', '"total":"0.01"') WHERE ref = $1`, check: verify.ReceiptChecksum},
	{column: "receipt_lines.details", pick: aTierDiscount, do: `UPDATE receipt_lines SET details = REPLACE(details, '"tier"', '"gift"') WHERE receipt_id = $1`, check: verify.LineDiscount, row: "receipt_id=%d ", prefix: true},
	{column: "accounts.spend", pick: buyer, do: `UPDATE receipts SET tier_spend = 9223372036854775807 WHERE customer_id = $1 AND kind = 'sale' AND NOT imported;
UPDATE accounts SET spend = -2 WHERE customer_id = $1`, check: verify.AccountPurchases, row: accountRow},
}

// gift makes a lot of a million points with all that belongs to it.
func gift(cause, source string) string {
	return `INSERT INTO lots (id, customer_id, programme_id, entity_id, cause, amount, remaining, state, earned_at, available_at)
	SELECT 7, customer_id, programme_id, entity_id, '` + cause + `', 100000000, 100000000, 'active', earned_at, earned_at FROM lots WHERE customer_id = $1 ORDER BY id LIMIT 1;
INSERT INTO entries (id, customer_id, source, target, points, cause, lot_id, entity_id, at, recorded_at)
	SELECT 8, customer_id, '` + source + `', 'active', 100000000, '` + cause + `', 7, entity_id, earned_at, earned_at FROM lots WHERE id = 7 AND customer_id = $1;
UPDATE accounts SET active = active + 100000000 WHERE customer_id = $1`
}

// unchecked are tables and columns that nothing in the database says twice:
// what is wrong there cannot be told from what is right.
var unchecked = map[string]string{
	"nodes.holder":     "of a running process",
	"goose_db_version": "the migrations' own",
	"events.xid":       "the transaction's number, of the database",

	"jobs.id": "its own key", "jobs.state": "package jobs keeps it under leases", "jobs.run_at": "may be put off", "jobs.payload": "read by whoever does it",
	"jobs.progress": "of whoever does it", "jobs.attempts": "changes by itself", "jobs.holder": "of a running process", "jobs.leased_until": "of a running process",
	"jobs.cancel": "a wish", "jobs.failure": "said nowhere else", "jobs.created_at": "said nowhere else", "jobs.finished_at": "said nowhere else",

	"confirmations.tries": "said nowhere else", "code_address": "a decision; its secret is sealed",

	"staff.password": "cannot be recomputed, that is its point",
	"staff.language": "a choice", "staff.created_at": "said nowhere else",

	"staff_sessions.token": "random", "staff_sessions.created_at": "said nowhere else",
	"staff_sessions.seen_at": "said nowhere else", "staff_sessions.expires_at": "said nowhere else",
	"staff_sessions.ip": "said nowhere else", "staff_sessions.agent": "said nowhere else", "staff_sessions": "one that is gone signs in again",
	"staff_factors": "sealed; one that is gone is set up again", "staff_recovery": "one that is gone lets nobody in", "staff_challenges": "one that is gone signs in again",
	"staff_rules":       "a decision",
	"staff_passkeys":    "one that is gone lets nobody in",
	"staff_signed":      "one that is gone is too old to be signed again",
	"staff_identities":  "one that is gone is linked again, by the e-mail",
	"invitations.token": "random", "invitations.role": "a decision", "invitations.stores": "a decision",
	"invitations.created_at": "said nowhere else", "invitations.expires_at": "said nowhere else", "invitations.used_at": "said nowhere else",
	"invitations": "one that is gone is issued again",
	"audit.id":    "its own key",
	"audit.ip":    "said nowhere else", "audit.was": "said nowhere else",

	"entities.name": "what people wrote", "entities.tin": "what people wrote",
	"stores.code": "what people wrote", "stores.name": "what people wrote", "stores.city": "what people wrote",
	"stores.active": "a decision", "stores.created_at": "said nowhere else",
	"tills.name": "what people wrote", "tills.active": "a decision", "tills.created_at": "said nowhere else",
	"till_keys.hint": "of a key that is not kept", "till_keys.ends_at": "a decision", "till_keys.used_at": "said nowhere else",

	"categories.name": "what people wrote",
	"programmes.name": "what people wrote", "programmes.created_at": "said nowhere else",
	"tiers.review_at": "a day on which to look; that there is one in a window has a test of its own",

	"entries.reason": "what people wrote",
	"holds.number":   "what a till called it", "holds.fingerprint": "of a call that is not kept",

	"merges.staff_id": "who did it is in the audit log", "merges.undone_by": "who did it is in the audit log", "merges.moved": "what undoing gives back",
	"contacts":                "nothing is known of most; one that is gone is judged again",
	"suppressions":            "of identifiers that are not kept",
	"duplicates":              "guesses; one that is gone is found again",
	"imported_giftcards.hash": "of a number that is not kept", "imported_giftcards.hint": "of a number that is not kept", "imported_giftcards.expires_at": "said nowhere else",
	"integrations.hint": "of a key that is not kept", "integrations.used_at": "said nowhere else", "integration_calls.idempotency_key": "what a program called it",
	"integration_calls.fingerprint": "of a call that is not kept", "integration_calls.answer": "said nowhere else", "integration_calls.at": "said nowhere else",
	"integration_calls": "one that is gone was forgotten",
	"stock_moves.ref":   "what people wrote", "stock_notices.id": "its own key", "stock_notices.seen_at": "said nowhere else",
	"stock_reader.id": "one at most", "stock_reader.cursor": "its own place in the log", "stock_reader.since": "said nowhere else",
	"sources.name": "what people wrote", "sources.created_at": "said nowhere else",
	"imports.id": "its own key", "imports.file": "what people wrote", "imports.path": "the file may be gone",
	"imports.digest": "the file may be gone", "imports.mapping": "a choice", "imports.checkpoint": "package importer's progress",
	"imports.state":      "package importer's progress",
	"imports.created_at": "said nowhere else", "imports.finished_at": "said nowhere else",
}

var errUndo = errors.New("undo the damage")

func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		everything := rules(programme.Lifetime, programme.ClawbackRefund, 14)
		everything.Occasions = []programme.Occasion{{On: programme.Birthday, Before: 60, After: 60, Points: 10_00}}
		everything.Downgrade.Forfeit = true
		newChain(t, d, everything).fill()
		expectClean(t, d)
		for i, dmg := range damages {
			t.Run(fmt.Sprintf("%d %s", i, dmg.column), func(t *testing.T) {
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					dmg.expect(ctx, t, d, tx)
					return errUndo
				})
				if !errors.Is(err, errUndo) {
					t.Fatal(err)
				}
			})
		}
		expectClean(t, d)
	})
}

// ddl tells a statement that changes tables, and no rows.
func ddl(text string) bool {
	return strings.HasPrefix(text, "DROP ") || strings.HasPrefix(text, "CREATE ")
}

// expect does the damage and looks for its finding.
func (dmg damage) expect(ctx context.Context, t *testing.T, d *db.DB, tx *db.Tx) {
	allow := `PRAGMA defer_foreign_keys = 1`
	if d.Postgres() {
		allow = `SET LOCAL session_replication_role = replica`
	}
	_, err := tx.Exec(ctx, allow)
	must(t, err)
	key := numbers(ctx, t, tx, dmg.pick)
	table, _, _ := strings.Cut(dmg.column, ".")
	if dmg.table != "" {
		table = dmg.table
	}
	where := key
	if dmg.at != "" {
		where = numbers(ctx, t, tx, dmg.at, key[:strings.Count(dmg.at, "$")]...)
	}
	form := dmg.row
	if form == "" {
		form = "id=%d"
	}
	row := fmt.Sprintf(form, where[:strings.Count(form, "%d")]...)
	for _, do := range strings.Split(dmg.do, ";\n") {
		n, err := tx.Exec(ctx, do, key[:strings.Count(do, "$1")+strings.Count(do, "$2")-repeats(do)]...)
		must(t, err)
		if n == 0 && !ddl(do) {
			t.Fatalf("nothing was damaged by %s", do)
		}
	}
	report, err := verify.RunTx(ctx, tx, verify.Options{TempDir: t.TempDir(), Keep: 1000})
	must(t, err)
	found := slices.ContainsFunc(report.Findings, func(f verify.Finding) bool {
		return f.Check == dmg.check && f.Table == table && (f.Row == row || dmg.prefix && strings.HasPrefix(f.Row, row))
	})
	if !found {
		t.Errorf("no finding %s of %s %s among:", dmg.check, table, row)
		for _, f := range report.Findings {
			t.Errorf("  %s: %s", f.Check, f)
		}
	}
}

// repeats is how often a text names a placeholder again.
func repeats(text string) int {
	return max(0, strings.Count(text, "$1")-1) + max(0, strings.Count(text, "$2")-1)
}

// numbers reads the only row of a query.
func numbers(ctx context.Context, t *testing.T, tx *db.Tx, text string, args ...any) (list []any) {
	t.Helper()
	if text == "" {
		return nil
	}
	columns := strings.Count(strings.Split(text, " FROM ")[0], ",") + 1
	var a, b int64
	dst := []any{&a, &b}[:columns]
	if err := tx.QueryRow(ctx, text, args...).Scan(dst...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return []any{a, b}[:columns]
}

// Every column is either damaged above or cannot be recomputed.
func TestNoColumnIsForgotten(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	known := map[string]bool{}
	for _, dmg := range damages {
		known[dmg.column] = true
	}
	rows, err := d.Query(t.Context(), `
		SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
		UNION SELECT name, '' FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
	there := map[string]bool{}
	must(t, db.Scan(rows, err, func(r *db.Rows) error {
		var table, column string
		err := r.Scan(&table, &column)
		name := strings.TrimSuffix(table+"."+column, ".")
		there[table], there[name] = true, true
		if !known[name] && unchecked[name] == "" && (column == "" || unchecked[table] == "" || known[table]) {
			t.Errorf("nothing damages %s, and nothing says why not", name)
		}
		return err
	}))
	for _, name := range slices.Sorted(maps.Keys(unchecked)) {
		if !there[name] {
			t.Errorf("%s is said to be left out, but there is no such column", name)
		}
		if known[name] {
			t.Errorf("%s is said to be left out, but is damaged", name)
		}
	}
}
