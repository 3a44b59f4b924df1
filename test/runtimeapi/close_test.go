package runtimeapi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestCloseEndsEveryProcess(t *testing.T) {
	f, g := start(t, Config{}), newGate(t)
	idle := ask(t, f, `{}`)
	errs := make(chan error)
	for range 2 {
		go func() {
			_, err := f.Invoke(t.Context(), []byte(`{"url":"`+g.url+`"}`))
			errs <- err
		}()
		<-g.arrived
	}
	if idle.PGID != idle.PID || idle.PGID == syscall.Getpgrp() {
		t.Errorf("process %d is in group %d, not in one of its own", idle.PID, idle.PGID)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Errorf("an invocation under way got error %v", err)
		}
	}
	if err := syscall.Kill(idle.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", idle.PID, err)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, ErrClosed) {
		t.Errorf("Invoke after Close gives error %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("a second Close gives %v", err)
	}
}

func TestCloseEndsAnInit(t *testing.T) {
	f := start(t, Config{Env: map[string]string{"INIT": "hang"}})
	errs := make(chan error)
	go func() { errs <- f.Init() }()
	eventually(t, "the process is there", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		for e := range f.environments {
			return e.pid != 0
		}
		return false
	})
	f.Close()
	if err := <-errs; !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestCloseSendsSIGTERMToAProcessWithAnExtension(t *testing.T) {
	for _, freeze := range []bool{false, true} {
		t.Run(fmt.Sprintf("freeze %v", freeze), func(t *testing.T) {
			var output bytes.Buffer
			f := start(t, Config{Freeze: freeze, Output: &output, Env: map[string]string{"SIGTERM": "yes"}})
			ask(t, f, `{}`)
			f.Close()
			if output.String() != "terminated\n" {
				t.Errorf("on SIGTERM the function wrote %q", output.String())
			}
		})
	}
}

// parentVariable gives the bootstrap to a second run of this test binary.
const parentVariable = "RUNTIMEAPI_TEST_PARENT"

func TestProcessesEndWithTheirParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child whose parent was killed")
	}
	if os.Getenv(parentVariable) != "" {
		f := start(t, Config{Freeze: true})
		fmt.Println(ask(t, f, `{}`).PID)
		select {}
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestProcessesEndWithTheirParent$")
	parent.Env = append(os.Environ(), parentVariable+"="+bootstrap)
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(stdout, &pid); err != nil {
		t.Fatal(err)
	}
	parent.Process.Kill()
	parent.Wait()
	eventually(t, "the function's process is gone", func() bool {
		state := processState(pid)
		return state == "" || strings.HasPrefix(state, "Z") // there may be no process that reaps orphans
	})
}
