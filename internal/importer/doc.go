// Package importer brings files of other systems in: customers with their points and
// levels, products, their images and stock, gift cards, and receipts with their returns.
//
// The way of the data:
//
//	file -> delimited.Reader -> rows -> values -> customers, products, receipts … -> batches -> loyalty
//	          |                                     |
//	        Sniff -> Mapping (data, editable)       refused rows, with reasons, in a file of their own
//
// Of a workbook the rows of one sheet are written down as text first, each in the
// line of its number, and read from there.
//
// Sniff guesses from the first rows how the text is spelled, what kind of file
// it is and which column means what; the guess is a Mapping, which people edit
// and which is kept with the import. A Scan then reads the whole file by its
// mapping in two passes of bounded memory: the first learns which numbers of
// receipts, or which customers and products, come again further down, the
// second yields whole receipts and rows. Where many receipts have rows apart from each
// other, it is read again for a part of them at a time.
//
// A dry run is an import whose batches are written in transactions that are
// taken back. It remembers of them what the batches behind depend on, so that
// both report the same but for the sales of returns, which an import looks for
// when all is in.
//
// An import is a durable job: each batch of rows, how far the file was read and
// what is reported of it are one transaction, so that a process that is killed
// costs the batch that it was writing, and another one goes on.
//
//	draft ---Check---> checked
//	  |  <-SetMapping-   |
//	  +------Start-------+---> running ---> done
//	                            |  ^
//	                            v  | Start
//	                    failed, cancelled
//
// One of which nothing is in can be discarded, with its files.
//
// What is in is not doubled by another run, nor by another file of the same
// source: receipts are told apart by their names (see receipt.Name), which are made
// of customer, time, amount and which of those that are equal where the file has
// no numbers; customers by their identifiers; products by their codes.
//
// A receipt is taken whole or not at all: if one of its rows is refused, all
// of them are, and all are in the file of refused rows, so that it can be
// mended and loaded. What is taken comes to what the file says, to the last
// digit: where a price times a quantity is no whole number of minor units, the
// difference is kept beside the sum. Nothing that is read here starts anything:
// no bonus, no message.
package importer
