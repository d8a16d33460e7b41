-- +goose Up
-- 0011: variants of a product.

-- A variant is a product like any other: receipts, prices and rules name its SKU.
-- What makes several of them one model is that they say the same model.
ALTER TABLE products ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN model_key TEXT NOT NULL DEFAULT ''; -- sqlite
ALTER TABLE products ADD COLUMN model_key TEXT COLLATE "C" NOT NULL DEFAULT ''; -- postgres
ALTER TABLE products ADD COLUMN options TEXT NOT NULL DEFAULT ''; -- JSON, in order: [{"name":"size","value":"XL"}]
CREATE INDEX products_model ON products (model_key, id) WHERE model_key <> '';
-- Lists keep the variants of a model together.
CREATE INDEX products_listed ON products ((CASE WHEN model_key = '' THEN name_key ELSE model_key END), name_key, id);
