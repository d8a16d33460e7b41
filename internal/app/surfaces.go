package app

import (
	"net/http"

	"regulars/internal/base/settings"
	"regulars/internal/surface/admin"
	"regulars/internal/surface/api"
	"regulars/internal/surface/till"
	"regulars/internal/surface/web"
)

// surfaces mounts what people and machines talk to, by the roles of the process.
func (p *parts) surfaces(shell *web.Shell, mux *http.ServeMux) error {
	if p.cfg.plays(roleAPI) || p.cfg.plays(rolePages) { // whose pages link to what tells of the API
		if err := p.calls(shell, mux); err != nil {
			return err
		}
	}
	if p.cfg.plays(rolePages) {
		return p.pages(shell, mux)
	}
	return nil
}

func (p *parts) calls(shell *web.Shell, mux *http.ServeMux) error {
	calls, err := api.New(api.Config{
		Services: p.services, Shell: shell, Now: p.env.Now, Bundle: p.bundle, Secret: p.settings.Get().Secret, Version: p.env.Version,
	})
	if err != nil {
		return err
	}
	if p.cfg.plays(roleAPI) {
		calls.Routes(mux)
	} else {
		calls.Docs(mux)
	}
	return nil
}

func (p *parts) pages(shell *web.Shell, mux *http.ServeMux) error {
	counter, err := till.New(till.Config{
		Services: p.services, Shell: shell, Now: p.env.Now, Settings: p.webSettings, Secret: p.settings.Get().Secret,
		OfflinePeople: func() settings.OfflinePeople { return p.settings.Get().OfflinePeople },
	})
	if err != nil {
		return err
	}
	counter.Routes(mux)
	office, err := admin.New(admin.Config{
		Services: p.services, Shell: shell, DB: p.db, Now: p.env.Now, Bundle: p.bundle, Settings: p.settings, Jobs: p.jobs,
		Importer: p.importer, PublicURL: p.cfg.PublicURL, Provider: p.cfg.Provider, TillPath: till.Path,
	})
	if err != nil {
		return err
	}
	office.Routes(mux)
	return nil
}
