-- +goose Up
-- 0010: the wordings that consents are given under, by version; the keyed hashes of
-- contacts of those who were forgotten; what chains want to know of customers; households.

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

-- What a chain wants to know of customers besides; values are in customers.attributes.
CREATE TABLE attributes (
	id       BIGINT  PRIMARY KEY,
	code     TEXT    NOT NULL UNIQUE,
	kind     TEXT    NOT NULL CHECK (kind IN ('text', 'number', 'date', 'yesno', 'choice', 'choices')),
	name_ru  TEXT    NOT NULL,
	name_uz  TEXT    NOT NULL,
	name_en  TEXT    NOT NULL,
	choices  TEXT    NOT NULL DEFAULT '[]',     -- JSON, of a list
	tills    TEXT    NOT NULL DEFAULT '' CHECK (tills IN ('', 'see', 'set')),
	personal BOOLEAN NOT NULL,                  -- masked where the role need not see it
	required BOOLEAN NOT NULL,                  -- forms do not go without it
	position BIGINT  NOT NULL,
	archived BOOLEAN NOT NULL,
	checksum BIGINT  NOT NULL                   -- of the row: package checksum
);

-- People who live together: a household is there as long as somebody is in it.
CREATE TABLE households (
	id BIGINT PRIMARY KEY
);

CREATE TABLE household_members (
	customer_id  BIGINT  PRIMARY KEY REFERENCES customers (id), -- of one household at most
	household_id BIGINT  NOT NULL REFERENCES households (id),
	head         BOOLEAN NOT NULL,
	since        BIGINT  NOT NULL
);
CREATE INDEX household_members_household ON household_members (household_id);
CREATE UNIQUE INDEX household_members_head ON household_members (household_id) WHERE head;

-- What is known of phones and addresses themselves, whoever has them; most have no row.
CREATE TABLE contacts (
	value    TEXT   NOT NULL,                   -- as in identifiers
	kind     TEXT   NOT NULL CHECK (kind IN ('phone', 'email', 'telegram')),
	state    TEXT   NOT NULL CHECK (state IN ('verified', 'suspect', 'retired')),
	reason   TEXT   NOT NULL,                   -- 'made_up', or what somebody wrote
	since    BIGINT NOT NULL,
	store_id BIGINT,                            -- where it was registered
	staff_id BIGINT,                            -- who registered it, or said so
	checksum BIGINT NOT NULL,                   -- of the row: package checksum
	PRIMARY KEY (value, kind)
);
CREATE INDEX contacts_suspect ON contacts (since) WHERE state = 'suspect';
