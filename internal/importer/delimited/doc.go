// Package delimited reads rows out of delimited text whose spelling nobody
// wrote down: which encoding, which delimiter, plain or gzipped.
//
// Detect looks at the first bytes and says how the text is spelled; a Reader
// then streams its rows. Whatever the bytes are, a Reader ends, holds no more
// than one row of at most MaxRow bytes (Ahead: those of a few chunks), and loses
// none: a row that cannot be taken apart is handed over with its Problem. Every row knows the Position
// behind it, and a Reader that starts there gives exactly the rows that
// follow. What the columns mean is the importer's business.
package delimited
