// Package backup writes an installation into one file and brings it back, on
// either engine.
//
// An archive is a zip of every table, a row a line as PostgreSQL's COPY writes
// text, of what else lies in the data folder, and last of a manifest that counts
// and signs off each. The tables are of one moment, and nobody who writes waits for
// them; what was committed before that moment is in it. A restore is either whole
// or, whenever it is cut off, nothing: the rows come in one transaction, and the
// folder gets its files by renaming (place.go). Package db knows how an engine
// copies, package app where the installation is.
package backup
