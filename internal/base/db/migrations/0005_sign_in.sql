-- +goose Up
-- 0005: who somebody is at a provider that signs people in.

CREATE TABLE staff_identities (
	issuer    TEXT   NOT NULL,
	subject   TEXT   NOT NULL,                  -- who it is there, for ever; the e-mail may change
	staff_id  BIGINT NOT NULL REFERENCES staff (id),
	linked_at BIGINT NOT NULL,
	PRIMARY KEY (issuer, subject)
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE UNIQUE INDEX staff_identities_staff ON staff_identities (staff_id, issuer);

-- Keys in phones, computers and tokens, which sign people in without a password.
CREATE TABLE staff_passkeys (
	id         TEXT   PRIMARY KEY,              -- that the browser knows it by
	staff_id   BIGINT NOT NULL REFERENCES staff (id),
	name       TEXT   NOT NULL,
	credential TEXT   NOT NULL,                 -- JSON: the public key and what it may do
	counter    BIGINT NOT NULL,                 -- of its last use, where it counts
	created_at BIGINT NOT NULL,
	used_at    BIGINT
) WITHOUT ROWID; -- sqlite
); -- postgres
CREATE INDEX staff_passkeys_staff ON staff_passkeys (staff_id);

-- What passkeys have signed: each once, until it is too old anyway.
CREATE TABLE staff_signed (
	challenge  TEXT   PRIMARY KEY,              -- SHA-256
	expires_at BIGINT NOT NULL
) WITHOUT ROWID; -- sqlite
); -- postgres
