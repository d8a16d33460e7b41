package site

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of processor time in /proc; Linux has not changed it in
// decades.
const tick = time.Second / 100

// stat are the fields of /proc/<pid>/stat from the state on.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	s := string(text)
	return strings.Fields(s[strings.LastIndexByte(s, ')')+1:]), nil
}

// CPU is the processor time that a process has used.
func CPU(pid int) time.Duration {
	fields, err := stat(pid)
	if err != nil || len(fields) < 13 {
		return 0
	}
	return ticks(fields[11]) + ticks(fields[12])
}

func ticks(field string) time.Duration {
	n, _ := strconv.ParseInt(field, 10, 64) // the kernel writes numbers
	return time.Duration(n) * tick
}

// FamilyCPU is the processor time of a process, its children that run, and
// those that have ended.
func FamilyCPU(pid int) time.Duration {
	sum := CPU(pid)
	if fields, err := stat(pid); err == nil && len(fields) > 14 {
		sum += ticks(fields[13]) + ticks(fields[14])
	}
	for _, child := range children(pid) {
		sum += CPU(child)
	}
	return sum
}

// Signal signals a process and its children.
func Signal(pid int, s syscall.Signal) {
	for _, p := range append(children(pid), pid) {
		_ = syscall.Kill(p, s) // a child may have ended
	}
}

func children(pid int) (list []int) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat") // fails on a bad pattern only
	for _, path := range all {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if fields, err := stat(child); err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			list = append(list, child)
		}
	}
	return list
}

// Parent is the process that started another one.
func Parent(pid int) int {
	fields, err := stat(pid)
	if err != nil || len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1]) // the kernel writes numbers
	return parent
}

// Peak is the most memory that a process has had resident, in bytes.
func Peak(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}
