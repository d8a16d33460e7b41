package verify

// RunTx verifies what a transaction sees, so that tests can damage rows and
// roll back.
var RunTx = runTx

var MintedAt = mintedAt
