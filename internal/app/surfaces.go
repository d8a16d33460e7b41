package app

import (
	"net/http"

	"regulars/internal/surface/admin"
	"regulars/internal/surface/api"
	"regulars/internal/surface/web"
)

// surfaces mounts what people and machines talk to.
func (p *parts) surfaces(shell *web.Shell, mux *http.ServeMux) error {
	s := p.services
	tills, err := api.New(api.Config{
		Shell: shell, Receipts: s.receipts, Ledger: s.ledger, Programmes: s.programmes, Catalog: s.catalog, Customers: s.customers,
		Enrol: s.enrol, Now: p.env.Now, Bundle: p.bundle, Version: p.env.Version,
	})
	if err != nil {
		return err
	}
	tills.Routes(mux)
	office, err := admin.New(admin.Config{
		Shell: shell, DB: p.db, Now: p.env.Now, Bundle: p.bundle, Settings: p.settings, Jobs: p.jobs, Staff: s.staff, Catalog: s.catalog,
		Customers: s.customers, Enrol: s.enrol, Programmes: s.programmes, Ledger: s.ledger, Receipts: s.receipts, PublicURL: p.cfg.PublicURL,
	})
	if err != nil {
		return err
	}
	office.Routes(mux)
	return nil
}
