// Package importer brings files of other systems in: customers, products, and
// receipts with their returns.
//
// The way of the data:
//
//	file -> delimited.Reader -> rows -> values -> customers, products, receipts -> batches -> loyalty
//	          |                                     |
//	        Sniff -> Mapping (data, editable)       refused rows, with reasons, in a file of their own
//
// Sniff guesses from the first rows how the text is spelled, what kind of file
// it is and which column means what; the guess is a Mapping, which people edit
// and which is kept with the import. A Scan then reads the whole file by its
// mapping in two passes of bounded memory: the first learns which numbers of
// receipts come again further down, the second yields whole receipts. A dry
// run is a Scan that writes nothing.
//
// A receipt is taken whole or not at all: if one of its rows is refused, all
// of them are, and all are in the file of refused rows, so that it can be
// mended and loaded. What is taken comes to what the file says, to the last
// digit: where a price times a quantity is no whole number of minor units, the
// difference is kept beside the sum. Nothing that is read here starts anything:
// no bonus, no message.
package importer
