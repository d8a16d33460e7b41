-- +goose Up
-- 0004: what a chain sets beyond the first rules: grace before a level is lost,
-- whole accounts that expire, days of the customer's own, labels, holds. The
-- causes of entries are the program's to check: SQLite cannot widen a CHECK, so
-- that table is copied once.

ALTER TABLE tiers ADD COLUMN lost_at BIGINT; -- midnight at which spend no longer reached the level, which is kept for the grace

ALTER TABLE accounts ADD COLUMN idle_at BIGINT; -- midnight at which all points expire if nothing is bought before; NULL: never
CREATE INDEX accounts_idle ON accounts (idle_at) WHERE idle_at IS NOT NULL;

ALTER TABLE customers ADD COLUMN labels TEXT NOT NULL DEFAULT ''; -- sorted, a space before and after each
-- Those whose day it is are found by month and day.
CREATE INDEX customers_birthday ON customers (substr(born, length(born) - 4)) WHERE born <> ''; -- sqlite
CREATE INDEX customers_birthday ON customers (substr(born, length(born) - 4) COLLATE "C") WHERE born <> ''; -- postgres
CREATE INDEX customers_registered ON customers (registered_at);

-- What was given for a customer's day: once in a year.
CREATE TABLE occasions (
	customer_id  BIGINT NOT NULL,
	programme_id BIGINT NOT NULL,
	day          TEXT   NOT NULL,               -- birthday, anniversary
	year         BIGINT NOT NULL,               -- of the day itself
	at           BIGINT NOT NULL,
	PRIMARY KEY (customer_id, programme_id, day, year)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Points that a till keeps for a customer who is paying.
CREATE TABLE holds (
	id          BIGINT PRIMARY KEY,
	customer_id BIGINT NOT NULL,
	till_id     BIGINT NOT NULL,
	staff_id    BIGINT,
	number      TEXT   NOT NULL,                -- the till's name of it
	fingerprint TEXT   NOT NULL,                -- of the call that made it
	points      BIGINT NOT NULL CHECK (points > 0),
	state       TEXT   NOT NULL CHECK (state IN ('open', 'redeemed', 'cancelled', 'lapsed')),
	made_at     BIGINT NOT NULL,
	lapses_at   BIGINT NOT NULL,
	ended_at    BIGINT,
	receipt_id  BIGINT                          -- that redeemed it
);
CREATE UNIQUE INDEX holds_number ON holds (till_id, number);
CREATE INDEX holds_open ON holds (customer_id) WHERE state = 'open';
CREATE INDEX holds_lapsing ON holds (lapses_at) WHERE state = 'open';

CREATE TABLE hold_lots (
	hold_id BIGINT NOT NULL,
	lot_id  BIGINT NOT NULL,
	points  BIGINT NOT NULL CHECK (points > 0),
	PRIMARY KEY (hold_id, lot_id)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Whose store it was, where that is not whose liability moves.
ALTER TABLE entries DROP CONSTRAINT entries_cause_check; -- postgres
ALTER TABLE entries ADD COLUMN at_entity_id BIGINT; -- postgres
CREATE TABLE entries_wide ( -- sqlite
	id          BIGINT PRIMARY KEY, -- sqlite
	customer_id BIGINT NOT NULL, -- sqlite
	source      TEXT   NOT NULL CHECK (source IN ('pending', 'active', 'debt', 'issued', 'redeemed', 'expired', 'adjusted', 'written_off', 'refund')), -- sqlite
	target      TEXT   NOT NULL CHECK (target IN ('pending', 'active', 'debt', 'issued', 'redeemed', 'expired', 'adjusted', 'written_off', 'refund')), -- sqlite
	points      BIGINT NOT NULL CHECK (points > 0), -- sqlite
	cause       TEXT   NOT NULL, -- sqlite
	lot_id      BIGINT, -- sqlite
	receipt_id  BIGINT, -- sqlite
	sale_id     BIGINT, -- sqlite
	entity_id   BIGINT NOT NULL, -- sqlite
	store_id    BIGINT, -- sqlite
	staff_id    BIGINT, -- sqlite
	reason      TEXT   NOT NULL DEFAULT '', -- sqlite
	at          BIGINT NOT NULL, -- sqlite
	recorded_at BIGINT NOT NULL, -- sqlite
	at_entity_id BIGINT, -- sqlite
	CHECK (source <> target) -- sqlite
); -- sqlite
INSERT INTO entries_wide SELECT *, NULL FROM entries; -- sqlite
DROP TABLE entries; -- sqlite
ALTER TABLE entries_wide RENAME TO entries; -- sqlite
CREATE INDEX entries_customer ON entries (customer_id, at, id); -- sqlite
CREATE INDEX entries_sale ON entries (sale_id) WHERE sale_id IS NOT NULL; -- sqlite
