//go:build !linux

package main

import (
	"errors"
	"time"
)

// CPU time and memory are read from Linux's /proc and clocks. On other systems they are
// left out.

func processOf(string) (pid int, err error) { return 0, errors.ErrUnsupported }

func cpuTime(int) (time.Duration, error) { return 0, errors.ErrUnsupported }

func peakMemory(int) (bytes int64, err error) { return 0, errors.ErrUnsupported }
