-- +goose Up
-- 0009: gift cards that other systems sold, until this one keeps cards itself.
-- imports.kind says 'products' of their files; the mapping says what they are.

CREATE TABLE imported_giftcards (
	hash        TEXT   NOT NULL,                -- of the number, keyed: whoever has a number has the money
	source_id   BIGINT NOT NULL REFERENCES sources (id),
	import_id   BIGINT NOT NULL REFERENCES imports (id),
	hint        TEXT   NOT NULL,                -- the end of the number
	balance     BIGINT NOT NULL CHECK (balance >= 0),
	expires_at  BIGINT,                         -- NULL: never
	customer_id BIGINT REFERENCES customers (id), -- who holds it; NULL: whoever shows it
	PRIMARY KEY (hash, source_id)
) WITHOUT ROWID; -- sqlite
); -- postgres
