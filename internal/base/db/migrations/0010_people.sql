-- +goose Up
-- 0010: the wordings that consents are given under, by version, and the keyed hashes
-- of contacts of those who were forgotten.

-- A version never changes: the next one says something else.
CREATE TABLE wordings (
	id         BIGINT  PRIMARY KEY,
	code       TEXT    NOT NULL,
	version    BIGINT  NOT NULL CHECK (version > 0),
	purpose    TEXT    NOT NULL CHECK (purpose IN ('marketing', 'profiling', 'data')),
	channels   TEXT    NOT NULL,                -- "any", or "sms,email"
	name       TEXT    NOT NULL,
	entity_id  BIGINT,                          -- legal entity; NULL: all
	text_ru    TEXT    NOT NULL,
	text_uz    TEXT    NOT NULL,
	text_en    TEXT    NOT NULL,
	valid_from BIGINT  NOT NULL,
	anew       BOOLEAN NOT NULL,                -- who agreed to an older version is to be asked again
	offered    BOOLEAN NOT NULL,                -- false: nobody is asked any more
	created_by BIGINT,
	created_at BIGINT  NOT NULL,
	checksum   BIGINT  NOT NULL,                -- of the row: package checksum
	UNIQUE (code, version)
);

ALTER TABLE consents ADD COLUMN wording_id BIGINT;               -- NULL: the wording is only named
ALTER TABLE consents ADD COLUMN text_hash TEXT NOT NULL DEFAULT ''; -- SHA-256 of the text that was shown
ALTER TABLE consents ADD COLUMN language TEXT NOT NULL DEFAULT '';  -- in which it was shown
ALTER TABLE consents ADD COLUMN till_id BIGINT;
ALTER TABLE consents ADD COLUMN reason TEXT NOT NULL DEFAULT '';    -- why it was taken back

CREATE TABLE suppressions (
	hash TEXT   PRIMARY KEY,                    -- of a contact, keyed
	at   BIGINT NOT NULL
) WITHOUT ROWID; -- sqlite
); -- postgres
