-- +goose Up
-- 0006: legal entities, such as franchisees, that own stores, and who owned a
-- store before.

ALTER TABLE entities ADD COLUMN tin TEXT NOT NULL DEFAULT ''; -- taxpayer's number

CREATE TABLE store_owners (
	store_id  BIGINT NOT NULL REFERENCES stores (id),
	until     BIGINT NOT NULL,                  -- the moment at which it went to the next
	entity_id BIGINT NOT NULL REFERENCES entities (id),
	PRIMARY KEY (store_id, until)
) WITHOUT ROWID; -- sqlite
); -- postgres
