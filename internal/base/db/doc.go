// Package db opens the database, SQLite or PostgreSQL, and runs one SQL text
// on both.
//
// It is the only place that knows which engine runs: placeholders are $N,
// lists are written IN ($1...) with a Int64s or Texts argument, and a line
// that ends in "-- postgres" or "-- sqlite" is dropped on the other engine, where
// a text that has no other line does nothing.
// Errors of the driver become the few of errors.go here and are never matched
// by text elsewhere. Rows are changed in Write only, which is a transaction;
// on SQLite there is one writer at a time; on PostgreSQL profiles are locked
// first, then accounts, then products and whatever else the transaction changes,
// each by id. When it returns, the disk has what was written.
//
// The tables belong to the packages that are named in the migrations; the
// event log that every change ends in is package event's.
package db
