// Package jobs runs work that must survive the process that began it: imports,
// nights, later sendings and recounts.
//
// A job is a row, added in the transaction of what made it necessary, and there
// is one for each (kind, dedupe), ever; recurring work is a dedupe key that
// names its turn (schedule.go). Any number of processes take due jobs under a
// lease. A process that dies is noticed when its lease has ended, and another
// one goes on, so a handler is written to start anew from the progress it saved
// itself: Run.SaveTx writes that in the handler's own transaction and fails
// there if the job has gone to somebody else, so that two handlers of one job
// never both change anything. A handler without it must bear running twice.
//
//	     Add, Retry                   taken: one more attempt
//	------------------->  queued  ------------------------------>  running
//	                       |  ^                                      |
//	                       |  +---- failed, attempts left: later ----+
//	                       |  +---- polite stop: not counted --------+
//	                Cancel |                                         |
//	                       v                                         |
//	                  cancelled  <---- the handler obeys Cancel -----+
//	                     done    <---- the handler returns nil ------+
//	                    failed   <---- Permanent, a fault of the ----+
//	                                   request, or no attempts left
//
//	running -> running: the process died and the lease has ended; taken again,
//	                    one more attempt
//
// Retry brings failed and cancelled jobs back. Progress sets the attempts back
// to one: a long job may be interrupted any number of times while it gets on.
//
// Leases are told by the clocks of the processes, which must agree to a few
// seconds; package id gives the numbers, package app the handlers.
package jobs
