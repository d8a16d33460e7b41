-- +goose Up
-- 0011: variants of a product, their images, what is in stock where, the keys of programs that
-- are no tills, and gift cards that go with their holders.

-- A variant is a product like any other: receipts, prices and rules name its SKU.
-- What makes several of them one model is that they say the same model.
ALTER TABLE products ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN model_key TEXT NOT NULL DEFAULT ''; -- sqlite
ALTER TABLE products ADD COLUMN model_key TEXT COLLATE "C" NOT NULL DEFAULT ''; -- postgres
ALTER TABLE products ADD COLUMN options TEXT NOT NULL DEFAULT ''; -- JSON, in order: [{"name":"size","value":"XL"}]
CREATE INDEX products_model ON products (model_key, id) WHERE model_key <> '';
-- Lists keep the variants of a model together.
CREATE INDEX products_listed ON products ((CASE WHEN model_key = '' THEN name_key ELSE model_key END), name_key, id);

-- Pictures of products, each made anew from what was sent.
CREATE TABLE product_images (
	product_id BIGINT PRIMARY KEY REFERENCES products (id),
	hash       TEXT   NOT NULL,                 -- SHA-256 of the image, in hex
	type       TEXT   NOT NULL CHECK (type IN ('image/jpeg', 'image/png')),
	data       TEXT   NOT NULL                  -- base64: backups carry texts and numbers only
);

-- What is in stock. A row is there from the first count or delivery on: of what
-- nobody has counted nothing is known. Quantities are in thousandths.
CREATE TABLE stock (
	store_id   BIGINT NOT NULL REFERENCES stores (id),
	product_id BIGINT NOT NULL REFERENCES products (id),
	quantity   BIGINT NOT NULL,                 -- below 0: more was sold than was known of
	threshold  BIGINT,                          -- of this store; NULL: the product's
	low        BOOLEAN NOT NULL DEFAULT FALSE,  -- at the threshold or below
	counted_at BIGINT,                          -- when it was last set; NULL: only moved so far
	moved_at   BIGINT NOT NULL,
	version    BIGINT NOT NULL,                 -- how often it was moved; the key of the last move
	pace       BIGINT NOT NULL DEFAULT 0,       -- sold in the thirty days before paced_at
	PRIMARY KEY (store_id, product_id)
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX stock_product ON stock (product_id);
CREATE INDEX stock_low ON stock (store_id, product_id) WHERE low;
CREATE INDEX stock_moved ON stock (moved_at, store_id, product_id);

CREATE TABLE stock_moves (
	store_id   BIGINT NOT NULL,
	product_id BIGINT NOT NULL,
	version    BIGINT NOT NULL,                 -- from 1, without a gap
	cause      TEXT   NOT NULL CHECK (cause IN ('count', 'delivery', 'sale', 'return', 'transfer', 'correction', 'import')),
	quantity   BIGINT NOT NULL,                 -- what was added
	resulting  BIGINT NOT NULL,
	counted    BOOLEAN NOT NULL,                -- the quantity was set, not added to
	ref        TEXT   NOT NULL DEFAULT '',      -- what the sender calls it
	at         BIGINT NOT NULL,
	PRIMARY KEY (store_id, product_id, version)
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX stock_moves_at ON stock_moves (at);

-- The threshold of a product in stores that have none of their own.
CREATE TABLE stock_thresholds (
	product_id BIGINT PRIMARY KEY REFERENCES products (id),
	threshold  BIGINT NOT NULL
);

-- What has come to its threshold; one for each time.
CREATE TABLE stock_notices (
	id         BIGINT PRIMARY KEY,
	store_id   BIGINT NOT NULL,
	product_id BIGINT NOT NULL,
	version    BIGINT NOT NULL,                 -- the move that did it; 0: another threshold did
	quantity   BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	over_at    BIGINT,                          -- when it was over the threshold again
	seen_at    BIGINT,
	seen_by    BIGINT
);
CREATE INDEX stock_notices_open ON stock_notices (store_id, product_id) WHERE over_at IS NULL;
CREATE INDEX stock_notices_unseen ON stock_notices (store_id, id) WHERE seen_at IS NULL;

-- How far sales and returns were taken from stock: a cursor of the log of events.
CREATE TABLE stock_reader (
	id     BIGINT PRIMARY KEY CHECK (id = 1),
	cursor BIGINT NOT NULL
);

-- Programs that are no tills: an ERP, a shop on the web, a report.
CREATE TABLE integrations (
	id          BIGINT PRIMARY KEY,
	name        TEXT   NOT NULL,
	permissions TEXT   NOT NULL,                -- sorted, a space between
	stores      TEXT   NOT NULL DEFAULT '',     -- ids, a space between; empty: all
	hash        TEXT   NOT NULL UNIQUE,         -- SHA-256 of the key
	hint        TEXT   NOT NULL,                -- its last four characters
	created_at  BIGINT NOT NULL,
	created_by  BIGINT NOT NULL,
	revoked_at  BIGINT,
	used_at     BIGINT                          -- to within some minutes
);

-- What was answered to calls that bring an Idempotency-Key.
CREATE TABLE integration_calls (
	integration_id  BIGINT NOT NULL REFERENCES integrations (id),
	idempotency_key TEXT   NOT NULL,
	fingerprint     TEXT   NOT NULL,
	answer          TEXT   NOT NULL,            -- JSON
	at              BIGINT NOT NULL,
	PRIMARY KEY (integration_id, idempotency_key)
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX integration_calls_at ON integration_calls (at);

-- Cards are held by whom their holder was merged into; whoever was erased holds none.
CREATE INDEX imported_giftcards_holder ON imported_giftcards (customer_id) WHERE customer_id IS NOT NULL;
UPDATE imported_giftcards SET customer_id = NULL
 WHERE customer_id IN (SELECT id FROM customers WHERE state = 'erased');
UPDATE imported_giftcards SET customer_id = (
	WITH RECURSIVE up (id, merged_into) AS (
		SELECT id, merged_into FROM customers WHERE id = imported_giftcards.customer_id
		UNION ALL
		SELECT c.id, c.merged_into FROM customers c JOIN up ON c.id = up.merged_into
	)
	SELECT id FROM up WHERE merged_into IS NULL
)
 WHERE customer_id IN (SELECT id FROM customers WHERE state = 'merged');
