package delimited

// NewReaderLimit is NewReader with another limit of a row.
var NewReaderLimit = newReader
