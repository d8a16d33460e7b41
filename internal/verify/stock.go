package verify

import (
	"strconv"

	"regulars/internal/base/db"
)

// stock adds up the moves of every product in every store.
func (a *audit) stock() {
	type level struct {
		store, product, quantity, counted, moved, version, pace int64
		limit                                                   *int64 // that holds
		low                                                     bool
	}
	type move struct {
		store, product, version, quantity, resulting, at int64
		counted                                          bool
		cause                                            string
	}
	levels := &pages[level]{
		a: a, table: "stock", after: []any{first, first}, key: func(l *level) []any { return []any{l.store, l.product} },
		text: `SELECT s.store_id, s.product_id, s.quantity, COALESCE(s.counted_at, 0), s.moved_at, s.version, s.pace, s.low, COALESCE(s.threshold, t.threshold)
		         FROM stock s LEFT JOIN stock_thresholds t ON t.product_id = s.product_id
		        WHERE (s.store_id, s.product_id) > ($1, $2) ORDER BY s.store_id, s.product_id LIMIT $3`,
		scan: func(r *db.Rows, l *level) error {
			return r.Scan(&l.store, &l.product, &l.quantity, &l.counted, &l.moved, &l.version, &l.pace, &l.low, &l.limit)
		},
	}
	moves := &pages[move]{
		a: a, table: "stock_moves", after: []any{first, first, first}, key: func(m *move) []any { return []any{m.store, m.product, m.version} },
		text: `SELECT store_id, product_id, version, cause, quantity, resulting, counted, at FROM stock_moves
		        WHERE (store_id, product_id, version) > ($1, $2, $3) ORDER BY store_id, product_id, version LIMIT $4`,
		scan: func(r *db.Rows, m *move) error {
			return r.Scan(&m.store, &m.product, &m.version, &m.cause, &m.quantity, &m.resulting, &m.counted, &m.at)
		},
	}
	open := a.openNotices()
	before := func(m *move, l *level) bool {
		return m.store < l.store || m.store == l.store && m.product < l.product
	}
	stray := func(m *move) {
		a.found(Finding{Stock, "stock_moves", "store_id=" + a.show("", m.store) + " product_id=" + a.show("", m.product), "product_id", "a row of stock", "none", ""})
	}
	each(levels, func(l *level) {
		for m := moves.peek(); m != nil && before(m, l); m = moves.peek() {
			stray(m)
			moves.skip()
		}
		where := at("stock", l.store, l.product)
		var there, version, moved, counted int64
		for m := moves.peek(); m != nil && m.store == l.store && m.product == l.product; m = moves.peek() {
			name := "store_id=" + a.show("", m.store) + " product_id=" + a.show("", m.product) + " version=" + a.show("", m.version)
			off := func(column, want, got, why string) {
				a.found(Finding{Stock, "stock_moves", name, column, want, got, why})
			}
			if m.version != version+1 {
				off("version", a.show("", version+1), a.show("", m.version), "moves are numbered without a gap")
			}
			if there+m.quantity != m.resulting {
				off("resulting", a.show("quantity", there+m.quantity), a.show("quantity", m.resulting), "what was there, and what was added")
			}
			if m.at < moved {
				off("at", "not before the last one", a.show("at", m.at), "")
			}
			if m.counted && m.cause != "count" && m.cause != "import" || !m.counted && m.cause == "count" {
				off("cause", "a count that sets the quantity", m.cause, "")
			}
			if m.counted {
				counted = m.at
			}
			there, version, moved = m.resulting, m.version, m.at
			moves.skip()
		}
		a.equal(Stock, where, "quantity", there, l.quantity, "the last count and the moves since")
		a.equal(Stock, where, "version", version, l.version, "the last move")
		a.equal(Stock, where, "moved_at", moved, l.moved, "the last move")
		if l.counted < counted || counted == 0 && l.counted != 0 {
			a.off(Stock, where, "counted_at", a.show("at", counted), a.show("at", l.counted), "the last move that was a count, or later")
		}
		if l.pace < 0 {
			a.off(Stock, where, "pace", "0 or more", a.show("quantity", l.pace), "")
		}
		low := l.limit != nil && l.quantity <= *l.limit
		if low != l.low {
			a.off(Stock, where, "low", strconv.FormatBool(low), strconv.FormatBool(l.low), "the quantity and the threshold that holds")
		}
		key := [2]int64{l.store, l.product}
		a.equal(Stock, where, "low", bit(l.low), open[key], "notices that are not over")
		delete(open, key)
	})
	each(moves, stray)
	for key := range open {
		a.off(Stock, at("stock", key[0], key[1]), "low", "a row of stock", "none", "a notice tells of it")
	}
}

// openNotices counts the notices of what is still low, and compares all with their
// moves and with what the log told.
func (a *audit) openNotices() map[[2]int64]int64 {
	open := map[[2]int64]int64{}
	var all, over int64
	a.scan("stock_notices", func(r *db.Rows) error {
		var key [2]int64
		var n, ended int64
		err := r.Scan(&key[0], &key[1], &n, &ended)
		all, over = all+n, over+ended
		if n > ended {
			open[key] = n - ended
		}
		return err
	}, `SELECT store_id, product_id, COUNT(*), COUNT(over_at) FROM stock_notices GROUP BY store_id, product_id`)
	a.look(func(r *db.Rows) error {
		var id, quantity int64
		err := r.Scan(&id, &quantity)
		a.off(Stock, at("stock_notices", id), "quantity", "what its move left", a.show("quantity", quantity), "there is no such move at that time")
		return err
	}, `SELECT n.id, n.quantity FROM stock_notices n
	     WHERE n.version > 0 AND NOT EXISTS (SELECT 1 FROM stock_moves m WHERE m.store_id = n.store_id AND m.product_id = n.product_id
	           AND m.version = n.version AND m.resulting = n.quantity AND m.at = n.at)
	     ORDER BY n.id`)
	tell := func(column string, want, got int64) {
		if want != got {
			a.found(Finding{Stock, "stock_notices", "all", column, a.show("", want), a.show("", got), "how many the event log tells of"})
		}
	}
	tell("at", a.lowTold, all)
	tell("over_at", a.overTold, over)
	return open
}
