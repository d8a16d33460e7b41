package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"regulars/bench/site"
)

// machine begins the page with what was measured on.
func (b *bench) machine(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the error that matters is the query's
	var (
		version string
		backend int
	)
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version'), pg_backend_pid()`).Scan(&version, &backend); err != nil {
		return err
	}
	b.postgres = site.Parent(backend)
	commit, _ := output(exec.CommandContext(ctx, "git", "describe", "--always", "--dirty")) // not everybody has the history

	p := &b.page
	p.line("# How fast it is")
	p.line("")
	p.line("Written by `make bench` on %s, of commit %s, in one run. Everything ran on one machine: the server, the database and", time.Now().UTC().Format(time.DateOnly), strings.TrimSpace(commit))
	p.line("whoever asked them shared its processors. All figures are of the program's own binary over HTTP or its command line. Where one misses what we aim at, the aim stands beside it.")
	p.table([]string{"", ""}, [][]string{
		{"processor", fmt.Sprintf("%s, %d cores", field("/proc/cpuinfo", "model name"), runtime.NumCPU())},
		{"memory", field("/proc/meminfo", "MemTotal")},
		{"system", fmt.Sprintf("%s, %s", strings.TrimSpace(read("/proc/sys/kernel/osrelease")), runtime.Version())},
		{"one fsync of 8 KB", fsync(b.dir)},
		{"PostgreSQL", version + ", a cluster of its own, fsync on; " + strings.Join(settings, ", ")},
		{"SQLite", "write-ahead log, synced to the disk before every answer"},
	})
	return nil
}

// field is the value of a "name : value" line.
func field(path, name string) string {
	for line := range strings.Lines(read(path)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func read(path string) string {
	text, _ := os.ReadFile(path) //nolint:gosec // of the kernel; empty where there is none
	return string(text)
}

// fsync is how long the disk takes to keep a page.
func fsync(dir string) string {
	f, err := os.Create(filepath.Join(dir, "fsync")) //nolint:gosec // our own folder
	if err != nil {
		return err.Error()
	}
	defer f.Close() //nolint:errcheck // nothing of it is needed
	var took []int64
	for range 200 {
		start := time.Now()
		if _, err := f.WriteAt(make([]byte, 8<<10), 0); err != nil {
			return err.Error()
		}
		if err := f.Sync(); err != nil {
			return err.Error()
		}
		took = append(took, time.Since(start).Microseconds())
	}
	return millis(median(took)) + ", median of 200"
}
