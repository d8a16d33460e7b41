// Package demo simulates a retail chain: its stores, goods, cashiers and the
// people who buy there, receipt by receipt in the order of time.
//
// Everything follows from a seed: the same Config gives the same bytes, and a
// chain far larger than memory streams by, since what a visit holds is a pure
// function of seed, customer and the number of the visit. What the simulation
// knows and a shop never does (who is still alive, true rates and tastes) is
// written as the truth, for later parts to measure themselves against.
//
// People come as in BG/NBD: while alive, a customer buys at random with a rate
// of his own (gamma over people), and after each repeat purchase leaves for
// good with a chance of his own (beta over people). What he spends on a receipt
// is gamma-gamma. Seasons and habits of the week bend time rather than rates:
// the purchases are Poisson in a time that runs faster before New Year and on
// his favourite days, and as fast as the clock's over the whole span. Only
// whose card is scanned becomes known: the cashier decides by asking, so the
// rates that a shop can observe are thinner than the true ones.
//
// The people are invented. Their phones parse as valid in their countries, but
// hardly belong to anybody; e-mail goes to domains reserved for examples.
//
// A chain reaches an installation in two ways, and never by SQL: as files for
// the importer (WriteFiles), through the services of loyalty (Fill), or its past in
// the one way and what follows in the other. Fill has bad days, too: stores without a
// line, people who register twice.
package demo
