-- +goose Up
-- 0014: on SQLite, too, events are read in order of (xid, id): what came from
-- PostgreSQL keeps the order that its readers knew.

CREATE INDEX events_order ON events (xid, id); -- sqlite
