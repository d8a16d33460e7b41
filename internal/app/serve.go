package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"regulars/internal/surface/admin"
	"regulars/internal/surface/web"
)

const (
	// stopFor is how long requests that are being answered may take to finish
	// when the process stops; every request has less than this anyway.
	stopFor = 35 * time.Second
	// refresh is how soon a change of the settings in another process shows.
	refresh = 10 * time.Second
)

// Serve runs the server until ctx ends, and then stops it politely: it takes
// no more requests, answers those it has, gives jobs back and closes the
// database.
func Serve(ctx context.Context, cfg Config, env Env) error {
	return serve(ctx, cfg, env, func(*parts) error { return nil })
}

// serve is Serve, with something to be done before.
func serve(ctx context.Context, cfg Config, env Env, before func(*parts) error) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	// The port first: it is quickly said that it is taken.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			err = errors.New("the address is in use by another program; say another with --listen")
		}
		return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
	}
	defer listener.Close() //nolint:errcheck // closed before where it matters
	p, err := open(ctx, cfg, env, alone)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := before(p); err != nil {
		return err
	}
	return p.serve(ctx, listener)
}

// collectRarely has garbage collected when the heap has grown by 1600 per cent, and from
// plenty bytes on more often, as far as the environment does not say it. What a server
// keeps is small beside what calls leave behind, and while it is looked through, the
// slowest of them take the longer.
func collectRarely(plenty int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(1600)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(plenty)
	}
}

// tune sets how Go runs a server, as far as the environment does not say it.
// With SQLite it runs twice as much at once as there are processors: SQLite
// reads, writes and syncs files, and Go takes a file that is slow for work that
// goes on; on a small machine one checkpoint and one commit would leave nothing
// for the tills meanwhile.
func (p *parts) tune() {
	collectRarely(512 << 20)
	if os.Getenv("GOMAXPROCS") == "" && !p.db.Postgres() {
		runtime.GOMAXPROCS(2 * processors())
	}
}

// processors are those that the process began with: tests serve many times in one.
var processors = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) })

// announce says where the server is, and to whom nobody has been before, how
// to become the owner. Scripts wait for its first line.
func (p *parts) announce(ctx context.Context, listens net.Addr) error {
	invitation := ""
	if p.cfg.plays(rolePages) { // where the link leads
		var err error
		if invitation, err = p.services.Staff.InviteFirst(ctx); err != nil {
			return err
		}
	}
	address := p.cfg.address(listens.String())
	p.log.Info("serving", "version", p.env.Version, "database", p.db.String(), "listen", listens.String(), "roles", p.cfg.roleNames())
	fmt.Fprintf(p.env.Stdout, "Regulars serves on %s\n", address)
	if invitation != "" {
		fmt.Fprintf(p.env.Stdout, "\nNobody can sign in yet. Open this link to become the owner; it works once:\n\n  %s%s\n\n", address, admin.InvitationPath(invitation))
	}
	return nil
}

func (p *parts) serve(ctx context.Context, listener net.Listener) error {
	p.tune()
	shell, err := p.newShell()
	if err != nil {
		return err
	}
	health := &health{parts: p}
	mux := http.NewServeMux()
	health.routes(mux)
	shell.Routes(mux)
	if err := p.surfaces(shell, mux); err != nil {
		return err
	}
	server := shell.NewServer(shell.Middleware(mux))

	if err := p.start(ctx); err != nil {
		return err
	}
	if err := p.announce(ctx, listener.Addr()); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	p.log.Info("stopping")
	health.stopping.Store(true)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopFor)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		p.log.Warn("some requests were cut off", "error", err)
		_ = server.Close() // they were told enough
	}
	return nil
}

func (p *parts) newShell() (*web.Shell, error) {
	proxies, err := p.cfg.proxies()
	if err != nil {
		return nil, err
	}
	return web.New(web.Options{
		Bundle: p.bundle, Log: p.log, Now: p.env.Now, Registry: p.registry, TrustedProxies: proxies, Staff: p.services.Staff,
		Refresh: p.services.Catalog.Refresh, Settings: p.webSettings,
	})
}

// webSettings is what pages show of the installation.
func (p *parts) webSettings() web.Settings {
	i := p.settings.Get()
	return web.Settings{Name: i.Name, Currency: i.Currency, Zone: i.Zone, Language: i.Language}
}

// start runs what runs beside the requests.
func (p *parts) start(ctx context.Context) error {
	if !p.db.Postgres() { // we hold the folder's lock: whoever ran jobs is dead
		if err := p.jobs.Reclaim(ctx); err != nil {
			return err
		}
	}
	// Jobs are given back as soon as we are told to stop; the rest is needed
	// until the last request is answered.
	if p.cfg.plays(roleWorker) {
		p.background(ctx, p.jobs.Work)
	}
	ctx = context.WithoutCancel(ctx)
	p.keepNode(ctx)
	p.background(ctx, func(ctx context.Context) {
		every(ctx, refresh, func(ctx context.Context) {
			if err := p.settings.Reload(ctx); err != nil && ctx.Err() == nil {
				p.log.Warn("cannot read the settings", "error", err)
			}
		})
	})
	if p.cfg.plays(roleWorker) {
		p.background(ctx, func(ctx context.Context) {
			every(ctx, followEvery, func(ctx context.Context) {
				if err := p.follow(ctx); err != nil && ctx.Err() == nil {
					p.log.Warn("cannot take sales from stock", "error", err)
				}
			})
		})
	}
	return nil
}

// followEvery is how long stock may be behind sales.
const followEvery = 3 * time.Second

// follow takes sales from stock, where they shall be.
func (p *parts) follow(ctx context.Context) error {
	aside, err := p.services.Stock.Follow(ctx)
	for _, a := range aside {
		product, err := p.services.Catalog.Product(ctx, a.Product)
		if err != nil {
			return err
		}
		store, err := p.services.Catalog.StoreByID(ctx, a.Store)
		if err != nil {
			return err
		}
		p.log.Warn("sales were not taken from stock: it would be more than can be counted; count the product", "store", store.Code, "sku", product.SKU, "quantity", a.Quantity.String())
	}
	return err
}

// Migrate brings the tables up to date and does nothing else.
func Migrate(ctx context.Context, cfg Config, env Env) (err error) {
	if err := cfg.Check(); err != nil {
		return err
	}
	p := &parts{cfg: cfg, env: env}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.log, err = newLog(cfg, env.Stderr); err != nil {
		return err
	}
	err = p.openDatabase(ctx, alone)
	if errors.Is(err, ErrInUse) {
		return ErrInUse.Textf("Another regulars serves the data folder %s. Stop it and run migrate again, or start it anew: it brings the tables up to date itself.", p.cfg.Data)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(env.Stdout, "The tables are up to date.")
	return nil
}
