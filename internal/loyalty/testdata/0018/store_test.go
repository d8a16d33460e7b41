package verify_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
)

// TestStore leaves the chain of the damage tests in the folder $STORE. It is kept to be
// read: it ran in internal/verify at the commit that README.md names.
func TestStore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		d := dbtest.OpenConfig(t, cfg)
		everything := rules(programme.Lifetime, programme.ClawbackRefund, 14)
		everything.Occasions = []programme.Occasion{{On: programme.Birthday, Before: 60, After: 60, Points: 10_00}}
		everything.Downgrade.Forfeit = true
		c := newChain(t, d, everything)
		c.fill()
		c.sell(draft(c.customer("Бахор"), 0, 3*money.One, 50_000_00))
		gone := c.customer("Зоя", customer.Identifier{Kind: customer.Phone, Value: "+998907770009"})
		c.sell(draft(gone, 0, money.One, 10_000_00))
		_, err := c.Privacy.Erase(t.Context(), gone, staff.By{}, "asked")
		must(t, err)
		c.customer("Бахор")
		_, err = c.Customers.FindPairs(t.Context())
		must(t, err)
		expectClean(t, d)
		t.Log(c.clock.now())
		c.Close()
		out := os.Getenv("STORE")
		if !d.Postgres() {
			must(t, d.Close())
			must(t, exec.Command("sqlite3", cfg.Path, "VACUUM INTO '"+filepath.Join(out, "sqlite.db")+"'").Run())
			return
		}
		text, err := exec.Command("pg_dump", "--inserts", "--rows-per-insert=200", "--no-owner", "--no-privileges", "-d", cfg.URL).CombinedOutput()
		must(t, err)
		must(t, os.WriteFile(filepath.Join(out, "postgres.sql"), text, 0o600))
	})
}
