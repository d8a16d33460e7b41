package customer

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// EraseTx takes everything personal from a profile and from those that were merged
// into it, for good: names, birthday, city, note, attributes, identifiers and the
// proofs of consents, with the reasons for taking them back and the names of texts that
// are in no catalogue. Sources stay: the program alone writes them. Of identifiers, and of
// name with birthday, keyed hashes stay, so that an old file brings neither them nor their
// consents back. What is left says that somebody was there, since when and in which store, and under which
// published texts they agreed. It gives the profiles that were erased and fails with
// ErrNotFound or ErrGone.
func (s *Service) EraseTx(ctx context.Context, tx *db.Tx, id ID) (erased []ID, err error) {
	defer errs.Wrap(&err, "erase customer %d", id)
	if _, err := s.LockTx(ctx, tx, id); err != nil {
		return nil, err
	}
	var b db.Batch
	former := s.Former(&b, []ID{id})
	if err := tx.Run(ctx, &b); err != nil {
		return nil, err
	}
	erased = append([]ID{id}, former[id]...)
	for _, who := range erased {
		if err := s.eraseTx(ctx, tx, who); err != nil {
			return nil, err
		}
	}
	return erased, nil
}

func (s *Service) eraseTx(ctx context.Context, tx *db.Tx, id ID) error {
	var (
		c    Customer
		said []Consent
		read db.Batch
	)
	owned := map[ID][]Identifier{}
	read.Query(func(r *db.Rows) (err error) {
		c, err = scan(r)
		return err
	}, `SELECT `+columns+` FROM customers c WHERE c.id = $1`, int64(id))
	queueIdentifiers(&read, []ID{id}, owned)
	queueConsents(&read, []ID{id}, func(c Consent) { said = append(said, c) })
	if err := tx.Run(ctx, &read); err != nil {
		return err
	}
	is := Customer{ID: c.ID, State: StateErased, Source: c.Source, HomeStore: c.HomeStore, Origin: c.Origin, Into: c.Into, RegisteredAt: c.RegisteredAt}
	if err := s.saveTx(ctx, tx, &c, &is); err != nil {
		return err
	}
	var (
		b   db.Batch
		sum int64
	)
	for _, i := range owned[id] {
		sum -= share(i.checksum(id))
	}
	s.suppress(&b, &c, owned[id])
	forget(&b, owned[id])
	b.Exec(`DELETE FROM identifiers WHERE customer_id = $1`, int64(id))
	for _, was := range said {
		now := was
		now.Proof, now.Reason = "", ""
		if was.Text == 0 { // else it names the version
			now.Wording = ""
		}
		if now == was {
			continue
		}
		b.Guard(`UPDATE consents SET wording = $3, proof = '', reason = '', checksum = $2 WHERE id = $1`, was.ID, now.checksum(), now.Wording)
		sum += share(now.checksum()) - share(was.checksum())
	}
	attach(&b, id, sum)
	b.Exec(`DELETE FROM duplicates WHERE customer_id = $1 OR other_id = $1`, int64(id))
	return tx.Run(ctx, &b)
}
