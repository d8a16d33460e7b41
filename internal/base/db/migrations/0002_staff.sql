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
