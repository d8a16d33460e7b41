package enrol

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
)

// ErrProof is returned where a consent is given without a proof.
var ErrProof = errs.New(errs.Invalid, "proof_missing", "A consent that is given needs its proof: the number of the signed form, of the message.")

// Say records at a till what somebody known says, with a line in the audit log.
// Taking back needs nothing; giving needs a proof, for nothing shows who stands there.
func (s *Service) Say(ctx context.Context, till catalog.Till, store catalog.StoreID, by int64, ip string, who customer.ID, said []customer.Consent) (err error) {
	defer errs.Wrap(&err, "record consents of customer %s", who)
	for i := range said {
		said[i].Source, said[i].Store, said[i].Till, said[i].Staff = "till", store, till.ID, by
		if said[i].Given && !strings.ContainsFunc(said[i].Proof, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			return ErrProof.At(fmt.Sprintf("/consents/%d/proof", i))
		}
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.customers.AddConsentsTx(ctx, tx, who, said); err != nil {
			return err
		}
		for _, c := range said {
			action := "customer.consent_given"
			if !c.Given {
				action = "customer.consent_withdrawn"
			}
			body, err := json.Marshal(map[string]string{"channel": string(c.Channel), "purpose": string(c.Purpose), "till": till.Name})
			if err != nil {
				return err
			}
			if err := s.staff.AuditTx(ctx, tx, staff.Entry{Actor: staff.ID(by), IP: ip, Action: action, Subject: "customer:" + who.String(), Store: store, After: body}); err != nil {
				return err
			}
		}
		return nil
	})
}
