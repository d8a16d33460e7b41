package db

import (
	"os"
	"sync/atomic"
)

// Stats are figures of the moment, for those who watch.
type Stats struct {
	Conns    int   // open connections
	Busy     int   // of them in use; on SQLite those that read
	Writing  bool  // SQLite: the writer is in use
	WALBytes int64 // SQLite: size of the write-ahead log

	// Since the database was opened; a group of calls that is committed
	// together is one.
	Committed, Failed, Repeated int64
}

// counters count transactions that write.
type counters struct{ committed, failed, repeated atomic.Int64 }

// Stats tells how busy the database's connections are.
func (d *DB) Stats() Stats {
	s := Stats{Committed: d.counters.committed.Load(), Failed: d.counters.failed.Load(), Repeated: d.counters.repeated.Load()}
	if d.pool != nil {
		p := d.pool.Stat()
		s.Conns, s.Busy = int(p.TotalConns()), int(p.AcquiredConns())
		return s
	}
	l := d.lite
	s.Conns, s.Busy, s.Writing = cap(l.readers)+1, cap(l.readers)-len(l.readers), len(l.writer) == 0
	if info, err := os.Stat(l.file.Name() + "-wal"); err == nil {
		s.WALBytes = info.Size()
	}
	return s
}
