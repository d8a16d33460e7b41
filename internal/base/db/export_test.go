package db

import "time"

// Tuned gives a Config under which SQLite waits less and empties its log
// sooner, so that tests see it.
func (c Config) Tuned(busy, every time.Duration, soft, hard int64) Config {
	c.tune = usual
	c.tune.busy, c.tune.every, c.tune.soft, c.tune.hard = busy, every, soft, hard
	return c
}
