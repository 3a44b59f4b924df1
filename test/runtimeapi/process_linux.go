package runtimeapi

import "syscall"

// processAttributes puts the process into a group of its own, so that Ctrl-C in the
// terminal interrupts only this process, which then shuts it down, and has the kernel
// kill it when this process is killed, even if it is stopped.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
