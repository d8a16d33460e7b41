-- +goose Up
-- 0007: two profiles of one person become one, and that can be undone; pairs that
-- may be one person.

ALTER TABLE customers ADD COLUMN merged_into BIGINT; -- of a merged profile: where everything went
CREATE INDEX customers_merged ON customers (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE merges (
	id          BIGINT PRIMARY KEY,
	customer_id BIGINT NOT NULL REFERENCES customers (id), -- who went
	into_id     BIGINT NOT NULL REFERENCES customers (id), -- who stayed
	staff_id    BIGINT,
	at          BIGINT NOT NULL,
	moved       TEXT   NOT NULL,                -- JSON: what undoing gives back besides receipts and lots
	undone_at   BIGINT,
	undone_by   BIGINT
);
CREATE UNIQUE INDEX merges_customer ON merges (customer_id) WHERE undone_at IS NULL;
CREATE INDEX merges_into ON merges (into_id);

-- What went with a merge. A receipt that is later was recorded for who stayed, as
-- the return of a sale that went, and goes back with it when the merge is undone.
CREATE TABLE merged_receipts (
	merge_id   BIGINT  NOT NULL REFERENCES merges (id),
	receipt_id BIGINT  NOT NULL,
	later      BOOLEAN NOT NULL,
	PRIMARY KEY (merge_id, receipt_id)
) WITHOUT ROWID; -- sqlite
); -- postgres

CREATE TABLE merged_lots (
	merge_id BIGINT NOT NULL REFERENCES merges (id),
	lot_id   BIGINT NOT NULL,
	PRIMARY KEY (merge_id, lot_id)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Pairs of profiles that may be of one person, the smaller id first.
CREATE TABLE duplicates (
	customer_id BIGINT NOT NULL,
	other_id    BIGINT NOT NULL,
	why         TEXT   NOT NULL,                -- name, or the kind of identifier that both gave
	found_at    BIGINT NOT NULL,
	settled_at  BIGINT,                         -- somebody said that they are two people
	settled_by  BIGINT,
	PRIMARY KEY (customer_id, other_id),
	CHECK (customer_id < other_id)
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX duplicates_open ON duplicates (found_at) WHERE settled_at IS NULL;
