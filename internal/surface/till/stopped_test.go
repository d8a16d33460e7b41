package till_test

import (
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
)

// A programme that is stopped is not one that holds elsewhere: the points are there
// still, and the cashier can say so.
func TestStoppedProgrammeAtTheTill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		s.publish(func(r *programme.Rules) { r.Stopped = true })
		v.send("/till/basket", v.get("/till").form(), "code:"+phone, "code:tea-100").is(http.StatusOK).
			has("The loyalty programme is stopped; points are kept.").hasNot("No programme holds")
	})
}
