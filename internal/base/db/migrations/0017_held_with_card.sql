-- +goose Up
-- 0017: whose card was shown when their points were held need not show it again.

ALTER TABLE holds ADD COLUMN card BOOLEAN NOT NULL DEFAULT FALSE; -- it was shown
