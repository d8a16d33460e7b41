package db

import "os"

// Stats are figures of the moment, for those who watch.
type Stats struct {
	Conns    int   // open connections
	Busy     int   // of them in use; on SQLite those that read
	Writing  bool  // SQLite: the writer is in use
	WALBytes int64 // SQLite: size of the write-ahead log
}

// Stats tells how busy the database's connections are.
func (d *DB) Stats() Stats {
	if d.pool != nil {
		s := d.pool.Stat()
		return Stats{Conns: int(s.TotalConns()), Busy: int(s.AcquiredConns())}
	}
	l := d.lite
	s := Stats{Conns: cap(l.readers) + 1, Busy: cap(l.readers) - len(l.readers), Writing: len(l.writer) == 0}
	if info, err := os.Stat(l.path + "-wal"); err == nil {
		s.WALBytes = info.Size()
	}
	return s
}
