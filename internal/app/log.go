package app

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// newLog writes lines for people to a terminal and JSON to everything else.
// What is logged names rows by id and never people: a log is kept longer and
// seen by more eyes than the database.
func newLog(cfg Config, to io.Writer) (*slog.Logger, error) {
	level, err := cfg.level()
	if err != nil {
		return nil, err
	}
	options := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "text" || cfg.LogFormat == "auto" && terminal(to) {
		return slog.New(slog.NewTextHandler(to, options)), nil
	}
	return slog.New(slog.NewJSONHandler(to, options)), nil
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
