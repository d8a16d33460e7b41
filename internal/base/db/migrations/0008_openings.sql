-- +goose Up
-- 0008: who has had the opening balance of which system, so that nobody has it
-- twice whatever file comes again.

CREATE TABLE openings (
	customer_id BIGINT NOT NULL REFERENCES customers (id),
	source_id   BIGINT NOT NULL REFERENCES sources (id),
	import_id   BIGINT NOT NULL REFERENCES imports (id), -- that brought it
	lot_id      BIGINT NOT NULL,
	points      BIGINT NOT NULL CHECK (points > 0),
	PRIMARY KEY (customer_id, source_id)
) WITHOUT ROWID; -- sqlite
); -- postgres

-- Until here only customers whom the import itself made had one.
INSERT INTO openings (customer_id, source_id, import_id, lot_id, points)
SELECT l.customer_id, i.source_id, i.id, l.id, l.amount
  FROM lots l JOIN customers c ON c.id = l.customer_id JOIN imports i ON i.id = c.origin_id
 WHERE l.cause = 'opening';
