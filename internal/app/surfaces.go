package app

import (
	"net/http"

	"regulars/internal/surface/api"
	"regulars/internal/surface/web"
)

// surfaces mounts what people and machines talk to.
func (p *parts) surfaces(shell *web.Shell, mux *http.ServeMux) error {
	s := p.services
	till, err := api.New(api.Config{
		Shell: shell, Receipts: s.receipts, Ledger: s.ledger, Programmes: s.programmes, Catalog: s.catalog, Customers: s.customers,
		Enrol: s.enrol, Now: p.env.Now, Bundle: p.bundle, Version: p.env.Version,
	})
	if err != nil {
		return err
	}
	till.Routes(mux)
	return nil
}
