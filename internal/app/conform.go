package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/conform"
)

// ConformOrder says which till API is tried, and how it is told.
type ConformOrder struct {
	URL, Key, SecondKey string
	Only, Skip          []string
	Slow                bool
	JSON                bool
	JUnit               string // file; empty: none
}

// Conform plays bad days against a till API and prints what it withstood. It fails
// where a check did.
func Conform(ctx context.Context, env Env, o ConformOrder) (err error) {
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errs.InvalidField("url", "bad_url", "%q is not the address of an API; it begins with http:// or https://", o.URL)
	}
	if o.Key == "" {
		return errs.InvalidField("key", "required", "is empty; it is the key of a till")
	}
	if wrong := conform.Unknown(append(o.Only, o.Skip...)); len(wrong) > 0 {
		return errs.InvalidField("only", "unknown_check", "There is no check or group %s; there are %s", strings.Join(wrong, ", "), strings.Join(conform.IDs(), ", "))
	}
	options := conform.Options{URL: o.URL, Key: o.Key, SecondKey: o.SecondKey, Only: o.Only, Skip: o.Skip, Slow: o.Slow, Now: env.Now}
	if !o.JSON {
		options.Told = func(r conform.Result) { err = errors.Join(err, r.Line(env.Stdout)) }
	}
	report, failed := conform.Run(ctx, options)
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if o.JSON {
		err = report.JSON(env.Stdout)
	} else {
		err = report.Summary(env.Stdout)
	}
	if err == nil && o.JUnit != "" {
		err = writeJUnit(report, o.JUnit)
	}
	if n := report.Count(conform.Failed); err == nil && n > 0 {
		err = fmt.Errorf("%d of %d checks failed", n, len(report.Results))
	}
	return err
}

func writeJUnit(r *conform.Report, path string) (err error) {
	f, err := os.Create(path) //nolint:gosec // the user's own choice
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return r.JUnit(f)
}
