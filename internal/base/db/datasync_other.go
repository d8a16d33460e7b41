//go:build !linux

package db

import "os"

// datasync has the disk take what was written to the file.
func datasync(f *os.File) error { return f.Sync() }
