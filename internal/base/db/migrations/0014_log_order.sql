-- +goose Up
-- 0014: on SQLite, too, events are read in order of (xid, id): what came from
-- PostgreSQL keeps the order that its readers knew. And since when sales move stock.

CREATE INDEX events_order ON events (xid, id); -- sqlite

-- The row is there while the setting is on; what was recorded before since moves nothing.
ALTER TABLE stock_reader ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
DELETE FROM stock_reader WHERE NOT EXISTS (SELECT 1 FROM settings WHERE name = 'stock_by_sales' AND value = '1');
INSERT INTO stock_reader (id, cursor)
SELECT 1, COALESCE((SELECT id FROM events ORDER BY xid DESC, id DESC LIMIT 1), 0)
  FROM settings WHERE name = 'stock_by_sales' AND value = '1'
    ON CONFLICT (id) DO NOTHING;
