package customer

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/secret"
)

// contact reports whether somebody can be written to or called by an identifier.
func (i Identifier) contact() bool { return i.Kind == Phone || i.Kind == Email || i.Kind == Telegram }

// suppression is what is kept of a contact of somebody who was forgotten: it tells
// the contact again when it comes, and does not tell it.
func (s *Service) suppression(i Identifier) string {
	return secret.Keyed(s.secret, "contact\n"+string(i.Kind)+"\n"+i.Value)
}

// suppress adds to b that consents do not come back with contacts in files.
func (s *Service) suppress(b *db.Batch, list []Identifier, now time.Time) {
	for _, i := range list {
		if i.contact() {
			b.Exec(`INSERT INTO suppressions (hash, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, s.suppression(i), now.UnixMicro())
		}
	}
}

// suppressTx takes consents that are given from those of an import who bring a
// contact of somebody who asked to be forgotten: an old file does not bring them
// back. Here and now people may agree again.
func (r *registration) suppressTx(ctx context.Context, tx *db.Tx) error {
	brings := func(c Checked) bool {
		return c.profile.Origin != 0 && slices.ContainsFunc(c.consents, func(c Consent) bool { return c.Given })
	}
	if !slices.ContainsFunc(r.list, brings) {
		return nil
	}
	var some bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM suppressions)`).Scan(&some); err != nil || !some {
		return err
	}
	of := map[string][]int{}
	for i := range r.list {
		if !brings(r.list[i]) {
			continue
		}
		for _, id := range r.list[i].identifiers {
			if id.contact() {
				hash := r.s.suppression(id)
				of[hash] = append(of[hash], i)
			}
		}
	}
	hashes := make([]string, 0, len(of))
	for hash := range of {
		hashes = append(hashes, hash)
	}
	r.list = slices.Clone(r.list)
	rows, err := tx.Query(ctx, `SELECT hash FROM suppressions WHERE hash IN ($1...)`, db.Texts(hashes))
	return db.Scan(rows, err, func(row *db.Rows) error {
		var hash string
		err := row.Scan(&hash)
		for _, i := range of[hash] {
			r.list[i].consents = slices.DeleteFunc(slices.Clone(r.list[i].consents), func(c Consent) bool { return c.Given })
		}
		return err
	})
}
