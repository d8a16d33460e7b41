package app

import (
	"context"
	"errors"

	"regulars/internal/verify"
)

// Verify recomputes the whole and prints what is off; clean says that nothing
// is.
func Verify(ctx context.Context, cfg Config, env Env) (clean bool, err error) {
	if err := cfg.Check(); err != nil {
		return false, err
	}
	p, err := open(ctx, cfg, env, readOnly)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	report, err := verify.Run(ctx, p.db, verify.Options{})
	if err != nil {
		return false, err
	}
	return report.Clean(), report.Write(env.Stdout)
}
