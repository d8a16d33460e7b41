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
