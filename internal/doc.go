// Package internal is the house that the product's packages live in: base,
// loyalty, surface, and those beside them that wire and fill it. It has no code
// of its own.
//
// A package imports only what its row in ARCHITECTURE.md allows, opens with its
// doc, and no dependency comes without its reason; the test here holds them to
// it. Command regulars next door is the only way in.
package internal
