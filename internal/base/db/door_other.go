//go:build !unix

package db

import "os"

func enter(*os.File) bool { return true }

func leave(*os.File) {}
