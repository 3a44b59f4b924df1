//go:build !linux

package runtimeapi

import "syscall"

// processAttributes puts the process into a group of its own, so that Ctrl-C in
// the terminal reaches only the one who shuts it down. Only Linux can tie a
// child's life to its parent's; elsewhere a function whose parent was killed
// ends when its next call of the Runtime API fails.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
