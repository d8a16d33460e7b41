// Command regulars serves a loyalty installation, fills it and checks it.
//
// Here are only flags and subcommands; what they do is package app's. It exits
// with 0 when all went well, 1 when something failed, 2 when it was called
// wrongly, and verify with 3 when it found something off.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // time zones, on machines that have none

	"github.com/alecthomas/kong"

	"regulars/internal/app"
	"regulars/internal/base/errs"
	"regulars/internal/demo"
)

// Exit codes.
const (
	failed = 1
	misled = 2
	off    = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// cli is the command line.
type cli struct {
	Config configFile `help:"File with settings, one 'name = \"value\"' a line (TOML); the names are those of the flags." placeholder:"FILE"`
	common

	Serve    serveCmd    `cmd:"" help:"Run the server; brings the tables up to date first."`
	Demo     demoCmd     `cmd:"" help:"Run the server on a simulated chain, made the first time."`
	Import   importCmd   `cmd:"" help:"Take files of customers, products, receipts, gift cards, stock or images in; may run beside a server. Files that are in change nothing."`
	Password passwordCmd `cmd:"" help:"Print a one-time link with which whoever has a login sets a new password; may run beside a server."`
	Verify   verifyCmd   `cmd:"" help:"Recompute everything from receipts and entries; exits with 3 if something is off."`
	Backup   backupCmd   `cmd:"" help:"Write the database and what was uploaded into one file; may run beside a server."`
	Restore  restoreCmd  `cmd:"" help:"Bring back what backup wrote, into an empty data folder or an empty PostgreSQL, whichever it came from."`
	Ready    readyCmd    `cmd:"" help:"Ask the server that runs here whether it can serve: exits with 0 if so, for health checks."`
	Conform  conformCmd  `cmd:"" help:"Play retries, lost answers, races and late batches against a till API and print what it withstood; exits with 1 if something failed. For test installations: it leaves customers and receipts behind."`
	Migrate  migrateCmd  `cmd:"" help:"Bring the tables up to date, and nothing else."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

// common are the settings that every command knows.
type common struct {
	Data        string `help:"Folder of the database and of what is uploaded; made if missing. Default: ./data (demo: ./demo-data)." placeholder:"DIR"`
	Database    string `help:"postgres:// address; empty: SQLite in the data folder." placeholder:"URL"`
	Connections int    `help:"Most connections to the database; 0: four a core, at least eight." placeholder:"N"`
	LogLevel    string `default:"info" help:"debug, info, warn or error."`
	LogFormat   string `default:"auto" help:"text, json, or auto: text on a terminal, else json."`
}

// address is where people reach a server.
type address struct {
	Listen    string `default:"127.0.0.1:8080" help:"Address to listen on. The default is this machine alone; ':8080' lets tills on the network in, best behind a proxy that speaks HTTPS."`
	PublicURL string `help:"Address under which people reach it, where that is another one." placeholder:"URL"`
}

// server are the settings of what listens.
type server struct {
	address
	Roles          []string `help:"What of a server this process is, of several on one PostgreSQL: api (tills), pages (cashiers and owners), worker (jobs and nights). Default: all." placeholder:"ROLE"`
	SecretKey      string   `help:"Key under which second factors are kept, 32 bytes in base64; a new one goes before the old one, with a comma. Better by the environment than here. Default: the file secret.key in the data folder, made if missing." placeholder:"KEY"`
	OIDCIssuer     string   `name:"oidc-issuer" help:"Address of the OpenID Connect provider that signs people in, besides their passwords." placeholder:"URL"`
	OIDCClientID   string   `name:"oidc-client-id" help:"What the provider calls this installation." placeholder:"ID"`
	OIDCSecret     string   `name:"oidc-secret" help:"Of this installation at the provider. Better by the environment than here." placeholder:"SECRET"`
	OIDCName       string   `name:"oidc-name" default:"SSO" help:"What people call the provider; it stands on the button." placeholder:"TEXT"`
	TrustedProxies []string `help:"Addresses or networks of proxies that may say who called." placeholder:"NET"`
}

func (s server) provider() app.Provider {
	return app.Provider{Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, Secret: s.OIDCSecret, Name: s.OIDCName}
}

// founding is what a new installation becomes.
type founding struct {
	Name     string `help:"Name of the chain. Like the two below for a new database only; later it is changed on the settings page." placeholder:"TEXT"`
	Currency string `help:"ISO 4217 code of every amount; it never changes. Default: UZS." placeholder:"CODE"`
	Zone     string `help:"Time zone of dates that belong to no store. Default: the machine's (demo: that of its stores)." placeholder:"ZONE"`
	Language string `help:"Of a new database: language of who has chosen none. Default: ru. Of import also what it prints in; default: the installation's." placeholder:"CODE"`
}

type serveCmd struct {
	server
	founding
}

func (c *serveCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Serve(ctx, all.config("data", c.server, c.founding), env)
}

type demoCmd struct {
	server
	founding
	Seed      uint64 `default:"1" help:"The same seed gives the same chain."`
	Stores    int    `default:"${demo_stores}" help:"Stores of the chain."`
	Customers int    `default:"${demo_customers}" help:"Customers who register."`
	Years     int    `default:"${demo_years}" help:"Years that have passed."`
	Files     string `help:"Write the chain as files to import into this folder, and serve nothing." placeholder:"FOLDER"`
}

func (c *demoCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	c.Name, c.Zone = cmp.Or(c.Name, "Regulars Demo"), cmp.Or(c.Zone, demo.Zone)
	cfg, size := all.config("demo-data", c.server, c.founding), demo.Size{Stores: c.Stores, Customers: c.Customers, Years: c.Years}
	if c.Files != "" {
		return app.DemoFiles(ctx, cfg, env, c.Seed, size, c.Files)
	}
	return app.Demo(ctx, cfg, env, c.Seed, size)
}

type importCmd struct {
	founding
	Files   []string          `arg:"" optional:"" help:"XLSX, or CSV in any usual spelling, plain or gzipped, one after the other."`
	Kind    string            `help:"customers, products, receipts, giftcards, stock or images; guessed if not said." placeholder:"KIND"`
	Sheet   string            `help:"The sheet of a workbook that is read; that with the data if not said." placeholder:"NAME"`
	Source  string            `help:"The system that the files come from. Receipts of one source are told apart by their numbers." placeholder:"NAME"`
	Mapping string            `help:"File that says which column is what, as --guess prints it, or only what it should say instead." placeholder:"FILE"`
	Store   string            `help:"Code or name of the store of rows that name none; one that there is not is made." placeholder:"STORE"`
	Refused string            `help:"Folder for the rows that are refused or remarked on, as CSV. Default: imports in the data folder; with --check they are not kept." placeholder:"DIR"`
	Guess   bool              `help:"Only print how the columns are understood, as JSON to edit."`
	Expect  map[string]string `help:"Totals of the old system to compare with: customers, receipts, sum (sales less returns), points, cards (money on gift cards)." placeholder:"TOTAL=FIGURE"`
	Check   bool              `help:"Only tell what would come of it: nothing is kept, and no new installation is made."`
}

func (c *importCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Import(ctx, all.config("data", server{}, c.founding), env, app.ImportOrder{
		Files: c.Files, Kind: c.Kind, Sheet: c.Sheet, Source: c.Source, Mapping: c.Mapping, Store: c.Store, Refused: c.Refused, Guess: c.Guess, Check: c.Check, Expect: c.Expect,
	})
}

var (
	errOff         = errors.New("something is off")               // verify found something
	errInterrupted = errors.New("interrupted before it was done") // by a signal
)

type passwordCmd struct {
	address
	Login string `arg:"" help:"Of the account."`
}

func (c *passwordCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Password(ctx, all.config("data", server{address: c.address}, founding{}), env, c.Login)
}

type verifyCmd struct{}

func (c *verifyCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	clean, err := app.Verify(ctx, all.config("data", server{}, founding{}), env)
	if err == nil && !clean {
		err = errOff
	}
	return err
}

type backupCmd struct {
	To string `required:"" help:"File to write; there must be none of that name." placeholder:"FILE"`
}

func (c *backupCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Backup(ctx, all.config("data", server{}, founding{}), env, c.To)
}

type restoreCmd struct {
	From    string `required:"" help:"File that backup wrote." placeholder:"FILE"`
	Replace bool   `help:"Move what is in the data folder aside, within it."`
}

func (c *restoreCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Restore(ctx, all.config("data", server{}, founding{}), env, c.From, c.Replace)
}

type readyCmd struct {
	address
}

func (c *readyCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Ready(ctx, all.config("data", server{address: c.address}, founding{}), env)
}

type conformCmd struct {
	URL       string   `required:"" name:"url" help:"Of the till API, without /v1." placeholder:"URL"`
	Key       string   `required:"" help:"Of a till. Better by the environment than here." placeholder:"KEY"`
	SecondKey string   `help:"Of another till of the same store; without it what takes two tills is skipped." placeholder:"KEY"`
	Only      []string `help:"Checks to play, by id or group (retry.same, late); default: all." placeholder:"CHECK"`
	Skip      []string `help:"Checks to leave out, likewise." placeholder:"CHECK"`
	Slow      bool     `help:"Also play what waits for minutes."`
	JSON      bool     `name:"json" help:"Print the report as JSON."`
	JUnit     string   `name:"junit" help:"Also write it as JUnit XML." placeholder:"FILE"`
}

func (c *conformCmd) Run(ctx context.Context, env app.Env) error {
	return app.Conform(ctx, env, app.ConformOrder{
		URL: c.URL, Key: c.Key, SecondKey: c.SecondKey, Only: c.Only, Skip: c.Skip, Slow: c.Slow, JSON: c.JSON, JUnit: c.JUnit,
	})
}

type migrateCmd struct{}

func (c *migrateCmd) Run(ctx context.Context, all *cli, env app.Env) error {
	return app.Migrate(ctx, all.config("data", server{}, founding{}), env)
}

type versionCmd struct{}

func (c *versionCmd) Run(env app.Env) error {
	_, err := fmt.Fprintln(env.Stdout, "regulars", env.Version)
	return err
}

// run is the program: its exit code is what it returns.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	var (
		all    cli
		exited bool
		given  = newSources(environ)
		env    = app.Env{Stdout: stdout, Stderr: stderr, Now: time.Now, Version: version()}
	)
	parser, err := kong.New(&all,
		kong.Name("regulars"),
		kong.Description("Loyalty for retail chains.\n\nA setting is given as a flag (--log-level), or else in the environment "+
			"(REGULARS_LOG_LEVEL), or else in the file that --config names (log-level = \"debug\")."),
		kong.Vars{
			"demo_stores": strconv.Itoa(app.DemoSize.Stores), "demo_customers": strconv.Itoa(app.DemoSize.Customers), "demo_years": strconv.Itoa(app.DemoSize.Years),
		},
		kong.Exit(func(int) { exited = true }), kong.Writers(stdout, stderr),
		kong.Resolvers(given), kong.Bind(given), kong.Bind(&all), kong.Bind(env), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		panic(err) // the grammar above is wrong
	}
	complain := func(code int, err error) int {
		for _, line := range strings.Split(strings.TrimSpace(given.explain(err)), "\n") {
			fmt.Fprintf(stderr, "regulars: %s\n", line)
		}
		return code
	}
	// A flag is read by configFile itself.
	if path, ok := given.env["config"]; ok && !slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--config") }) {
		if err := given.read(path, parser.Model); err != nil {
			return complain(misled, err)
		}
	}
	args, code := spelled(args)
	command, err := parser.Parse(negatives(args))
	if exited { // --help
		return code
	}
	if wrong := (*kong.ParseError)(nil); errors.As(err, &wrong) && wrong.Context.Selected() == nil && !strings.HasPrefix(args[0], "-") {
		var commands []string
		for _, c := range parser.Model.Children {
			commands = append(commands, c.Name)
		}
		err = fmt.Errorf("%w; the commands are %s", err, strings.Join(commands, ", "))
	}
	if err != nil {
		return complain(misled, err)
	}
	for _, line := range given.unknown(parser.Model) {
		fmt.Fprintf(stderr, "regulars: %s\n", line)
	}
	err = command.Run()
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errOff): // the report said what
		return off
	case errs.KindOf(err) == errs.Invalid:
		return complain(misled, err)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return complain(failed, errInterrupted)
	}
	return complain(failed, err)
}

// spelled puts what people try first into the words of the grammar, and gives
// the exit code of help.
func spelled(args []string) ([]string, int) {
	switch {
	case len(args) == 0:
		return []string{"--help"}, misled
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help"), 0
	case args[0] == "--version":
		return append([]string{"version"}, args[1:]...), 0
	}
	return args, 0
}

// negatives puts numbers below zero to their flags, which the parser would take
// for flags: what is wrong with them is then said by their meaning.
func negatives(args []string) (joined []string) {
	for _, arg := range args {
		last := len(joined) - 1
		if last >= 0 && strings.HasPrefix(joined[last], "--") && !strings.Contains(joined[last], "=") && negative.MatchString(arg) {
			joined[last] += "=" + arg
			continue
		}
		joined = append(joined, arg)
	}
	return joined
}

var negative = regexp.MustCompile(`^-[0-9]+$`)

// config is what app is told; folder is where data is kept unless it was said.
func (c *cli) config(folder string, s server, f founding) app.Config {
	return app.Config{
		Data: cmp.Or(c.Data, folder), Database: c.Database, Conns: c.Connections, LogLevel: c.LogLevel, LogFormat: c.LogFormat,
		Listen: s.Listen, PublicURL: s.PublicURL, SecretKey: s.SecretKey, Provider: s.provider(), Proxies: s.TrustedProxies, Roles: s.Roles,
		Name: f.Name, Currency: f.Currency, Zone: f.Zone, Language: f.Language,
	}
}

// version is what the module was built as.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}
