// Package workbook reads the sheets of XLSX workbooks, row by row.
//
// A cell comes as the text that a person would write into a CSV file for it, with
// nothing of what its number format leaves out: 12345678901 and not 1.23E+10, 0.1
// and not 0.1000000000000001, a day as 2026-12-31 whatever it looks like on the
// screen, 10% and 00017 as they look. Of a formula it is the value that was saved
// with it.
//
// What is unpacked is bounded, and so is what is held of it, which is the texts
// that cells share. A file that is cut off, or is none, is refused in words.
//
// Its neighbour, importer/delimited, reads texts.
package workbook
