// Package crash kills servers while tills talk to them, and has tills of
// several servers race for one balance.
//
// What a till was told outside of the process that dies is what must be there
// afterwards: no acknowledged receipt is lost, none is there twice, and verify
// finds nothing off. Package site sets the servers up and package till talks
// to them; package load asks the same servers how fast they are.
package crash
