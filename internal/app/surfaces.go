package app

import (
	"net/http"

	"regulars/internal/surface/admin"
	"regulars/internal/surface/api"
	"regulars/internal/surface/till"
	"regulars/internal/surface/web"
)

// surfaces mounts what people and machines talk to.
func (p *parts) surfaces(shell *web.Shell, mux *http.ServeMux) error {
	s := p.services
	calls, err := api.New(api.Config{
		Shell: shell, Receipts: s.receipts, Ledger: s.ledger, Programmes: s.programmes, Catalog: s.catalog, Customers: s.customers,
		Enrol: s.enrol, Staff: s.staff, Now: p.env.Now, Bundle: p.bundle, Secret: p.settings.Get().Secret, Version: p.env.Version,
	})
	if err != nil {
		return err
	}
	calls.Routes(mux)
	counter, err := till.New(till.Config{
		Shell: shell, DB: p.db, Now: p.env.Now, Settings: p.webSettings, Staff: s.staff, Catalog: s.catalog, Customers: s.customers,
		Enrol: s.enrol, Programmes: s.programmes, Ledger: s.ledger, Receipts: s.receipts, Secret: p.settings.Get().Secret,
	})
	if err != nil {
		return err
	}
	counter.Routes(mux)
	office, err := admin.New(admin.Config{
		Shell: shell, DB: p.db, Now: p.env.Now, Bundle: p.bundle, Settings: p.settings, Jobs: p.jobs, Staff: s.staff, Catalog: s.catalog,
		Customers: s.customers, Enrol: s.enrol, Programmes: s.programmes, Ledger: s.ledger, Receipts: s.receipts, PublicURL: p.cfg.PublicURL, TillPath: till.Path,
		Importer: p.importer,
	})
	if err != nil {
		return err
	}
	office.Routes(mux)
	return nil
}
