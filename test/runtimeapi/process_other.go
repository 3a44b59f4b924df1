//go:build !linux

package runtimeapi

import "syscall"

// processAttributes puts the process into a group of its own, so that Ctrl-C in the
// terminal interrupts only this process, which then shuts it down. Only Linux can kill a
// child when its parent is killed; elsewhere the function then ends when its next call of
// the Runtime API fails.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
