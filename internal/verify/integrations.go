package verify

import (
	"strconv"

	"regulars/internal/base/db"
)

// integrations compares the keys of programs with what the event log tells.
func (a *audit) integrations() {
	a.scan("integrations", func(r *db.Rows) error {
		var (
			id, created, by, revoked         int64
			name, permissions, stores, where string
		)
		if err := r.Scan(&id, &created, &by, &revoked, &name, &permissions, &stores, &where); err != nil {
			return err
		}
		a.sum.numbers(id, created, by)
		a.sum.texts(name, permissions, stores, where)
		sum := a.sum.sum()
		var issued, ended int64
		for _, e := range a.integrationEvents[id] {
			if e.revoked {
				ended = e.at
			} else if e.checksum == sum && e.at == created {
				issued = e.event
			}
		}
		delete(a.integrationEvents, id)
		if issued == 0 {
			a.off(TillKey, at("integrations", id), "hash", "a key that the log tells of", "one that it does not", "the key, or what it may do, was changed by something else")
		}
		a.equal(TillKey, at("integrations", id), "revoked_at", ended, revoked, "when it was revoked")
		return nil
	}, `SELECT id, created_at, created_by, COALESCE(revoked_at, 0), name, permissions, stores, hash FROM integrations ORDER BY id`)
	for id := range a.integrationEvents {
		a.off(TillKey, at("integrations", id), "id", "a key of an integration", "none", "the log tells of "+strconv.FormatInt(id, 10))
	}
}
