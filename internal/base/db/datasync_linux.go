package db

import (
	"os"
	"syscall"
)

// datasync has the disk take what was written to the file. Where only times
// changed, which nobody reads, the file system's journal need not be waited
// for.
func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
