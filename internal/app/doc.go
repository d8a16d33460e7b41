// Package app puts the program together: it opens the database, builds the
// parts in the order in which they stand on each other (parts.go is the list),
// starts what runs, and stops it politely.
//
// It holds no rules of the shop. Everything that runs is started here and
// nowhere else, and this is where the real clock is handed out. Its only
// caller is cmd/regulars, which reads the command line.
//
// On SQLite one `serve` owns the data folder, told by a lock that the kernel
// releases however the process ends (lock.go); `import` and `verify` may run
// beside it, for the database keeps two writers apart itself and each of their
// transactions is short. On PostgreSQL any number of `serve` may run.
package app
