-- +goose Up
-- 0012: codes by which customers confirm that their points are taken, and where
-- they are sent.

CREATE TABLE confirmations (
	id          BIGINT PRIMARY KEY,            -- the code follows from it and the installation's secret
	customer_id BIGINT NOT NULL REFERENCES customers (id),
	till_id     BIGINT NOT NULL REFERENCES tills (id), -- where alone it holds
	points      BIGINT NOT NULL CHECK (points > 0),    -- at most
	tries       BIGINT NOT NULL DEFAULT 0,     -- codes that were compared with it
	made_at     BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL,
	sent_at     BIGINT,                        -- to the address; NULL: not yet
	used_at     BIGINT,
	used_by     BIGINT                         -- receipt or hold
) WITHOUT ROWID; -- sqlite
); -- postgres
-- How many a customer was sent of late.
CREATE INDEX confirmations_customer ON confirmations (customer_id, made_at);

CREATE INDEX confirmations_used ON confirmations (used_by) WHERE used_by IS NOT NULL;

CREATE TABLE code_address (
	id         BIGINT PRIMARY KEY CHECK (id = 1), -- one at most
	url        TEXT   NOT NULL,
	secret     TEXT   NOT NULL,                -- sealed; signs what is posted
	changed_at BIGINT NOT NULL
) WITHOUT ROWID; -- sqlite
); -- postgres
