-- +goose Up
-- 0016: a code may also go to a phone, of somebody who registers. On PostgreSQL the codes
-- that were made are read and none is rewritten, a second for every million of them; on
-- SQLite their table is copied, some twenty seconds. No other table is touched.

ALTER TABLE confirmations ALTER COLUMN customer_id DROP NOT NULL; -- postgres
ALTER TABLE confirmations DROP CONSTRAINT confirmations_points_check; -- postgres
ALTER TABLE confirmations ADD CHECK (points > 0 OR points = 0 AND customer_id IS NULL); -- postgres
ALTER TABLE confirmations ADD COLUMN phone TEXT NOT NULL DEFAULT ''; -- postgres
CREATE TABLE confirmations_wide ( -- sqlite
	id          BIGINT PRIMARY KEY, -- sqlite
	customer_id BIGINT REFERENCES customers (id), -- sqlite
	till_id     BIGINT NOT NULL REFERENCES tills (id), -- sqlite
	points      BIGINT NOT NULL CHECK (points > 0 OR points = 0 AND customer_id IS NULL), -- sqlite
	tries       BIGINT NOT NULL DEFAULT 0, -- sqlite
	made_at     BIGINT NOT NULL, -- sqlite
	expires_at  BIGINT NOT NULL, -- sqlite
	sent_at     BIGINT, -- sqlite
	used_at     BIGINT, -- sqlite
	used_by     BIGINT, -- sqlite
	phone       TEXT   NOT NULL DEFAULT '' -- sqlite
) WITHOUT ROWID; -- sqlite
INSERT INTO confirmations_wide SELECT *, '' FROM confirmations; -- sqlite
DROP TABLE confirmations; -- sqlite
ALTER TABLE confirmations_wide RENAME TO confirmations; -- sqlite
CREATE INDEX confirmations_customer ON confirmations (customer_id, made_at); -- sqlite
CREATE INDEX confirmations_used ON confirmations (used_by) WHERE used_by IS NOT NULL; -- sqlite
CREATE INDEX confirmations_till ON confirmations (till_id, made_at); -- sqlite

-- How many a phone was sent of late: nobody's code has it, for ten minutes or until the
-- next is sent. Its used_by is the customer who registered.
CREATE INDEX confirmations_phone ON confirmations (phone, made_at) WHERE phone <> '';
