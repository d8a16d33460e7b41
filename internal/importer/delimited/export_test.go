package delimited

import "io"

// NewReaderLimit is NewReader with another limit of a row.
var NewReaderLimit = newReader

// Unpacked is the text of a zipped file of which at most so much may be read.
func Unpacked(zip io.Reader, most int64) io.Reader { return &unpacked{zip, most} }
