package app

import (
	"cmp"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/base/settings"
	"regulars/internal/surface/admin"
)

// Config is how this process runs, and what a new installation becomes. The
// name of each setting is its flag; Check refuses wrong ones by that name.
type Config struct {
	Data     string // data: folder of the database and of what was uploaded
	Database string // database: postgres://…; empty: SQLite in Data
	Conns    int    // connections: to the database; 0: by the number of cores

	Listen    string   // listen: host:port, of Serve only
	PublicURL string   // public-url: under which people reach it; empty: by Listen
	SecretKey string   // secret-key: under which second factors are kept; empty: the file secret.key in Data
	Proxies   []string // trusted-proxies: addresses or networks that may say who called

	Roles    []string // roles: what of a server this process is, of Serve on PostgreSQL; empty: all
	Provider Provider // oidc-issuer, oidc-client-id, oidc-secret, oidc-name: who signs people in, besides their passwords

	LogLevel  string // log-level
	LogFormat string // log-format: auto, text or json

	// Of a new installation; see settings.Installation.
	Name     string // name
	Currency string // currency; empty: UZS
	Zone     string // zone; empty: the machine's
	Language string // language; empty: ru. Also what Import prints in; empty: the installation's
}

// Provider is who signs people in, besides their passwords.
type Provider = admin.Provider

// Env is what surrounds the process.
type Env struct {
	Stdout  io.Writer // what people are told
	Stderr  io.Writer // the log
	Now     func() time.Time
	Version string
}

// The roles of a server. Every process also answers those who watch it.
const (
	roleAPI    = "api"    // the till API
	rolePages  = "pages"  // the till's page and the back office
	roleWorker = "worker" // jobs, and what is due by the clock
)

var roles = []string{roleAPI, rolePages, roleWorker}

// plays reports whether this process has a role.
func (c Config) plays(role string) bool { return len(c.Roles) == 0 || slices.Contains(c.Roles, role) }

func (c Config) roleNames() string {
	return strings.Join(slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return !c.plays(r) }), ",")
}

// Those of the first market.
const (
	defaultCurrency = "UZS"
	defaultLanguage = "ru"
)

// Check finds wrong settings; each is named.
func (c Config) Check() error {
	var wrong errs.List
	if c.Data == "" {
		wrong.Add("data", "missing", "names no folder")
	} else if info, err := os.Stat(c.Data); err == nil && !info.IsDir() {
		wrong.Add("data", "not_a_folder", "is %q, which is not a folder", c.Data)
	}
	if c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://") {
		// What it is instead may hold a password, so it is not repeated.
		wrong.Add("database", "not_an_address", "is not an address such as postgres://user:password@host:5432/name")
	}
	if c.Conns < 0 || c.Conns > 10_000 {
		wrong.Add("connections", "out_of_range", "is %d, not a number from 1 to 10000 (or 0, to have it chosen)", c.Conns)
	}
	if err := checkListen(c.Listen); c.Listen != "" && err != nil {
		wrong.Add("listen", "not_an_address", "is %q, not an address such as 127.0.0.1:8080 or :8080", c.Listen)
	}
	if u, err := url.Parse(c.PublicURL); c.PublicURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "") {
		wrong.Add("public-url", "not_an_address", "is %q, not an address such as https://loyalty.example.com", c.PublicURL)
	}
	if _, err := secret.NewBox(c.SecretKey); c.SecretKey != "" && err != nil {
		wrong.Add("secret-key", "not_a_key", "is not a key: 32 bytes in base64, such as `openssl rand -base64 32` prints, or several with commas between them")
	}
	if _, err := c.proxies(); err != nil {
		wrong.Add("trusted-proxies", "not_an_address", "holds %q, not an address or network such as 10.0.0.0/8", err.Error())
	}
	for _, role := range c.Roles {
		if !slices.Contains(roles, role) {
			wrong.Add("roles", "unknown", "holds %q, not one of %s", role, strings.Join(roles, ", "))
		}
	}
	if c.Database == "" && slices.ContainsFunc(roles, func(r string) bool { return !c.plays(r) }) {
		wrong.Add("roles", "needs_postgres", "leaves out what nobody else could do: one process serves an SQLite file. Several need PostgreSQL (--database).")
	}
	c.checkProvider(&wrong)
	if _, err := c.level(); err != nil {
		wrong.Add("log-level", "unknown", "is %q, not one of debug, info, warn, error", c.LogLevel)
	}
	switch c.LogFormat {
	case "auto", "text", "json":
	default:
		wrong.Add("log-format", "unknown", "is %q, not one of auto, text, json", c.LogFormat)
	}
	if _, err := money.CurrencyOf(c.Currency); c.Currency != "" && err != nil {
		wrong.Add("currency", "unknown", "is %q, not an ISO 4217 code such as UZS", c.Currency)
	}
	if _, err := settings.Zone(c.Zone); c.Zone != "" && err != nil {
		wrong.Add("zone", "unknown", "is %q, not a time zone such as Asia/Tashkent", c.Zone)
	}
	if c.Language != "" && !slices.Contains(i18n.Codes(), c.Language) {
		wrong.Add("language", "unknown", "is %q, not one of %s", c.Language, strings.Join(i18n.Codes(), ", "))
	}
	return wrong.Err()
}

// checkProvider finds a provider that nobody could be sent to, or whose word
// anybody on the way could change.
func (c Config) checkProvider(wrong *errs.List) {
	p := c.Provider
	if p.Issuer == "" {
		if p.ClientID != "" || p.Secret != "" {
			wrong.Add("oidc-issuer", "missing", "is needed where oidc-client-id or oidc-secret is given")
		}
		return
	}
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		wrong.Add("oidc-issuer", "not_an_address", "is %q, not an address such as https://id.example.com", p.Issuer)
	}
	if p.ClientID == "" {
		wrong.Add("oidc-client-id", "missing", "is needed: the provider gives it with the secret")
	}
	if p.Secret == "" {
		wrong.Add("oidc-secret", "missing", "is needed: the provider gives it with the client id")
	}
	if p.Name == "" {
		wrong.Add("oidc-name", "missing", "is needed: people read it on the button")
	}
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func checkListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err
}

func (c Config) level() (level slog.Level, err error) {
	return level, level.UnmarshalText([]byte(c.LogLevel))
}

// proxyError is the entry of trusted-proxies that is wrong.
type proxyError string

func (e proxyError) Error() string { return string(e) }

func (c Config) proxies() (all []netip.Prefix, err error) {
	for _, text := range c.Proxies {
		if one, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(one, one.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, proxyError(text)
		}
		all = append(all, p)
	}
	return all, nil
}

// address is where people reach a server that listens there.
func (c Config) address(listens string) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(listens)
	if err != nil {
		return "http://" + listens
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// installation is what a new one becomes.
func (c Config) installation() (i settings.Installation, err error) {
	i = settings.Installation{Name: c.Name, Language: cmp.Or(c.Language, defaultLanguage), Zone: time.UTC}
	if i.Currency, err = money.CurrencyOf(cmp.Or(c.Currency, defaultCurrency)); err != nil {
		return i, err
	}
	name := c.Zone
	if name == "" {
		name = machineZone()
	}
	i.Zone, err = settings.Zone(name)
	return i, err
}

// machineZone is the IANA name of the machine's time zone, or UTC where it has
// no such name: the runtime knows it as "Local" only.
func machineZone() string {
	name := os.Getenv("TZ")
	if name == "" {
		if target, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
			_, name, _ = strings.Cut(filepath.ToSlash(target), "/zoneinfo/")
		}
	}
	if _, err := settings.Zone(name); err != nil {
		return "UTC"
	}
	return name
}
