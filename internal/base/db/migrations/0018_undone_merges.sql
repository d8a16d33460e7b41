-- +goose Up
-- 0018: whoever remembers who is whom asks whether merges were undone since.

CREATE INDEX merges_undone ON merges (undone_at) WHERE undone_at IS NOT NULL;
