//go:build unix

package db

import (
	"errors"
	"os"
	"syscall"
)

// enter takes the lock of a file that no other process holds; false: one does.
// Where the file system knows no such locks, nobody waits.
func enter(f *os.File) bool {
	return !errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

func leave(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
