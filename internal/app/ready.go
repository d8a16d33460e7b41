package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Ready asks the server that listens where cfg says whether it can serve, and fails
// with what it says otherwise.
func Ready(ctx context.Context, cfg Config, env Env) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askFor+2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+here(cfg.Listen)+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if err != nil {
		return err
	}
	said := strings.TrimSpace(string(text))
	if res.StatusCode != http.StatusOK {
		return errors.New(said)
	}
	_, err = fmt.Fprintln(env.Stdout, said)
	return err
}

// here is where a server that listens there is reached from this machine, which may
// know no names.
func here(listens string) string {
	host, port, err := net.SplitHostPort(listens)
	if err != nil {
		return listens
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
