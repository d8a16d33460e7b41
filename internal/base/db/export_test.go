package db

import (
	"os"
	"time"
)

// Tuned gives a Config under which SQLite waits less and empties its log
// sooner, so that tests see it.
func (c Config) Tuned(busy, every time.Duration, soft, hard int64) Config {
	c.tune = usual
	c.tune.busy, c.tune.every, c.tune.soft, c.tune.hard = busy, every, soft, hard
	return c
}

// BreakLog has the disk take nothing more of SQLite's write-ahead log, until
// mend is called.
func (d *DB) BreakLog() (mend func(), err error) {
	broken, err := os.CreateTemp("", "")
	if err != nil {
		return nil, err
	}
	whole := d.lite.wal
	d.lite.wal = broken
	mend = func() { d.lite.wal = whole }
	if err := os.Remove(broken.Name()); err != nil {
		return mend, err
	}
	return mend, broken.Close()
}
