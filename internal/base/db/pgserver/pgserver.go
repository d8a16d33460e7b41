// Package pgserver runs PostgreSQL servers of our own for tests and
// benchmarks, from the binaries that the machine has.
//
// A server never outlives those who use it: every user holds a lock on a file,
// which the kernel releases however the process ends, and a watcher stops the
// server and removes its data when the last lock is gone. Nothing here is part
// of the program; package dbtest makes databases on such a server, and package
// db connects to them.
package pgserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Env names the variable with the address of a server to use for tests
// instead of one of our own.
const Env = "REGULARS_TEST_POSTGRES"

// ErrMissing says how to get PostgreSQL.
var ErrMissing = errors.New("PostgreSQL is missing: run scripts/test-deps (apt-get install postgresql), " +
	"or set " + Env + " to the postgres:// address of a server for tests")

// Settings for data that may be lost: nothing waits for the disk.
var throwAway = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400"}

// Server is a running PostgreSQL.
type Server struct {
	URL string // of the database "postgres", as superuser
	Bin string // where the other programs of PostgreSQL are, such as pgbench

	dir      string // owned by the account it runs under
	port     string
	password string
	settings []string
	account  *syscall.Credential // nil: our own
	users    *os.File            // locked while the server is in use
	watcher  *exec.Cmd
}

// Start makes a new server on a port of its own with the settings, each
// "name=value", on top of PostgreSQL's defaults. It is durable unless the
// settings say otherwise.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	s := &Server{settings: settings, password: rand.Text()}
	return s, s.begin(ctx, s.initialize)
}

// Standby makes a server that follows this one and can be promoted.
func (s *Server) Standby(ctx context.Context) (*Server, error) {
	b := &Server{settings: s.settings, password: s.password}
	return b, b.begin(ctx, func(ctx context.Context) error {
		return b.run(ctx, "pg_basebackup", "-D", b.data(), "-d", s.URL, "-R", "-X", "stream", "-c", "fast", "--no-sync")
	})
}

// begin makes a server in a folder of its own.
func (s *Server) begin(ctx context.Context, fill func(context.Context) error) (err error) {
	if s.dir, err = os.MkdirTemp("", "regulars-postgres-"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(s.dir) // the error that matters is the first
		}
	}()
	if s.users, err = lock(filepath.Join(s.dir, "users"), syscall.LOCK_SH); err != nil {
		return err
	}
	if err := s.create(ctx, stopAtOnce, fill); err != nil {
		_ = s.users.Close()
		return err
	}
	return nil
}

// Kill ends the server and all its processes at once, as a machine that loses its power.
func (s *Server) Kill() error {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	// Stopped, it starts nobody who would be missed.
	err = syscall.Kill(pid, syscall.SIGSTOP)
	for _, child := range children(pid) {
		_ = syscall.Kill(child, syscall.SIGKILL) // it may have ended
	}
	return errors.Join(err, syscall.Kill(pid, syscall.SIGKILL))
}

// children are the processes that one has started.
func children(pid int) (list []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat") // fails on a bad pattern only
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			list = append(list, child)
		}
	}
	return list
}

// Promote makes a standby a server of its own, and waits until it is.
func (s *Server) Promote(ctx context.Context) error {
	return s.run(ctx, "pg_ctl", "promote", "-D", s.data(), "-w")
}

// Stop ends the server as a crash would; Restart brings it back.
func (s *Server) Stop(ctx context.Context) error {
	return s.run(ctx, "pg_ctl", "stop", "-D", s.data(), "-m", "immediate", "-w")
}

// Restart starts the server again after Stop, at the same address.
func (s *Server) Restart(ctx context.Context) error {
	options := "-k '' -c listen_addresses=127.0.0.1 -p " + s.port
	for _, setting := range s.settings {
		options += " -c '" + setting + "'"
	}
	log := filepath.Join(s.dir, "log")
	if err := s.run(ctx, "pg_ctl", "start", "-D", s.data(), "-l", log, "-w", "-o", options); err != nil {
		text, _ := os.ReadFile(log)
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// Close stops the server and removes its data.
func (s *Server) Close() error {
	return errors.Join(s.users.Close(), s.watcher.Wait())
}

// shared keeps the lock of this process on the shared server.
var shared struct {
	sync.Mutex
	users *os.File
	url   string
}

// Shared returns the address of the server that all test processes of this
// account use together: the one that Env names, or one that is started now
// and stopped soon after the last process that asked for it has ended. What is
// in it may be gone the next time.
func Shared(ctx context.Context) (string, error) {
	if given := os.Getenv(Env); given != "" {
		return given, nil
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.url != "" {
		return shared.url, nil
	}

	dir := filepath.Join(os.TempDir(), "regulars-test-"+strconv.Itoa(os.Geteuid()))
	if err := ownDir(dir); err != nil {
		return "", err
	}
	// Held to the end of this process: while it is, nobody stops the server.
	users, err := lock(filepath.Join(dir, "users"), syscall.LOCK_SH)
	if err != nil {
		return "", err
	}
	address, err := startShared(ctx, dir, users)
	if err != nil {
		_ = users.Close()
		return "", err
	}
	shared.users, shared.url = users, address
	return address, nil
}

// startShared returns the address of the server in dir, which it starts if
// there is none. One process at a time does this.
func startShared(ctx context.Context, dir string, users *os.File) (string, error) {
	starting, err := lock(filepath.Join(dir, "starting"), syscall.LOCK_EX)
	if err != nil {
		return "", err
	}
	defer starting.Close() //nolint:errcheck // only a lock

	note := filepath.Join(dir, "address")
	if address, err := os.ReadFile(note); err == nil && answers(ctx, string(address)) {
		return string(address), nil
	}
	// What is there belongs to a server that did not end well. One that still
	// runs stops by itself when its data is gone.
	s := &Server{dir: filepath.Join(dir, "postgres"), settings: throwAway, users: users, password: rand.Text()}
	if err := os.RemoveAll(s.dir); err != nil {
		return "", err
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return "", err
	}
	if err := s.create(ctx, stopWhenIdle, s.initialize); err != nil {
		return "", err
	}
	return s.URL, os.WriteFile(note, []byte(s.URL), 0o600)
}

// The scripts of the watcher: $1 is the locked file, $2 pg_ctl, $3 the data,
// $4 the directory around it.
const (
	stopAtOnce = `
		flock -x "$1" true
		"$2" stop -D "$3" -m immediate -w
		rm -rf "$4"`
	// Between the packages of one run of the tests nobody may use the server
	// for a while; it is stopped while nobody can start to.
	stopWhenIdle = `
		while flock -x "$1" true; do
			sleep 10
			flock -n -x "$1" sh -c '"$1" stop -D "$2" -m immediate -w; rm -rf "$2"; exit 0' sh "$2" "$3" && exit
		done`
)

// create makes the data, as fill does, and starts the server and its watcher.
func (s *Server) create(ctx context.Context, script string, fill func(context.Context) error) (err error) {
	if s.Bin, err = binaries(); err != nil {
		return err
	}
	flock, err := exec.LookPath("flock")
	if err != nil {
		return fmt.Errorf("flock, of util-linux, is missing: install it, or set %s", Env)
	}
	if s.account, err = account(); err != nil {
		return err
	}
	if err := os.WriteFile(s.secret(), []byte(s.password), 0o600); err != nil {
		return err
	}
	if s.account != nil {
		for _, path := range []string{s.dir, s.secret()} {
			if err := os.Chown(path, int(s.account.Uid), int(s.account.Gid)); err != nil {
				return err
			}
		}
	}

	// The watcher comes before the server, so that none is left without one.
	s.watcher = exec.Command("sh", "-c", script, "sh", s.users.Name(), filepath.Join(s.Bin, "pg_ctl"), s.data(), s.dir)
	s.watcher.Dir = "/"
	s.watcher.Env = append(os.Environ(), "PATH="+filepath.Dir(flock)+":"+os.Getenv("PATH"))
	s.watcher.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: s.account}
	if err := s.watcher.Start(); err != nil {
		return fmt.Errorf("start the watcher of PostgreSQL: %w", err)
	}

	if err := fill(ctx); err != nil {
		return err
	}
	// The port may be taken between our looking and PostgreSQL's listening.
	for range 5 {
		if s.port, err = freePort(ctx); err != nil {
			return err
		}
		if err = s.Restart(ctx); err == nil {
			break
		}
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("regulars", s.password),
		Host: net.JoinHostPort("127.0.0.1", s.port), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	s.URL = u.String()
	return err
}

// initialize makes new data.
func (s *Server) initialize(ctx context.Context) error {
	// Text is ordered as people do, as on most servers in use: code that
	// leans on the order of bytes shows here and not in production.
	return s.run(ctx, "initdb", "-D", s.data(), "-U", "regulars", "--auth=password", "--pwfile="+s.secret(),
		"--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=und")
}

func (s *Server) secret() string { return filepath.Join(s.dir, "secret") }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run runs a program of PostgreSQL.
func (s *Server) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.Bin, name), args...)
	cmd.Dir = "/" // the account may not enter where we are
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, args[0], err, out)
	}
	return nil
}

// binaries finds the newest PostgreSQL; Debian keeps it out of the path.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl") // fails on a bad pattern only
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return "", ErrMissing
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0: not Debian's, taken last
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// account is whom the server runs as: PostgreSQL refuses root.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root and there is no account postgres or nobody: run the tests as another user")
}

// ownDir makes a directory that nobody else can put files into.
func ownDir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(stat.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is not a directory of this account alone: remove it, or set %s", dir, Env)
	}
	return nil
}

// lock opens a file and waits for a lock on it, which closing releases.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// answers reports whether the server at the address is the one that knows
// its password.
func answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
