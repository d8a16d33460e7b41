-- +goose Up
-- 0002: what people work as, and whose the lines of the audit log are. Expand
-- only; no table is rewritten.

-- The role of whoever is neither owner nor cashier. The column role says
-- 'cashier' of them: a program of before lets them do the least that it knows.
ALTER TABLE staff ADD COLUMN works_as TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN works_as TEXT NOT NULL DEFAULT '';

-- The store that a line is about; 0: none, or all.
ALTER TABLE audit ADD COLUMN store_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX audit_store ON audit (store_id, id) WHERE store_id <> 0;

-- Codes of an app, beside the password.
CREATE TABLE staff_factors (
	staff_id     BIGINT PRIMARY KEY REFERENCES staff (id),
	secret       TEXT   NOT NULL,               -- sealed under the installation's key
	confirmed_at BIGINT,                        -- NULL: not yet shown to work
	step         BIGINT NOT NULL DEFAULT 0      -- of the last code that was taken; none is taken twice
);

-- What lets in whoever has lost the app, each once.
CREATE TABLE staff_recovery (
	code     TEXT   PRIMARY KEY,                -- SHA-256 of whose it is and the code
	staff_id BIGINT NOT NULL REFERENCES staff (id),
	used_at  BIGINT
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX staff_recovery_staff ON staff_recovery (staff_id);

-- Who has given a password and has yet to give a code.
CREATE TABLE staff_challenges (
	token      TEXT   PRIMARY KEY,              -- SHA-256 of the cookie
	staff_id   BIGINT NOT NULL REFERENCES staff (id),
	expires_at BIGINT NOT NULL,
	tries      BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX staff_challenges_staff ON staff_challenges (staff_id);

-- The roles that need a second factor.
CREATE TABLE staff_rules (
	role          TEXT    PRIMARY KEY,
	second_factor BOOLEAN NOT NULL
) WITHOUT ROWID; -- sqlite
); -- postgres

-- A key that another one follows goes on for a while.
ALTER TABLE till_keys ADD COLUMN ends_at BIGINT;
ALTER TABLE till_keys ADD COLUMN used_at BIGINT; -- to within some minutes
