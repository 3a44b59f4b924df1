package runtimeapi

import "syscall"

// processAttributes puts the process into a group of its own, so that Ctrl-C in
// the terminal reaches only the one who shuts it down, and has the kernel kill
// it when this process is killed: even a stopped process cannot outlive that.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
