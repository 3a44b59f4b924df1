//go:build !linux

package main

import (
	"errors"
	"time"
)

// The figures of a process are read from Linux's /proc and clocks. Elsewhere they are
// left out.

func processOf(string) (pid int, err error) { return 0, errors.ErrUnsupported }

func cpuTime(int) (time.Duration, error) { return 0, errors.ErrUnsupported }

func peakMemory(int) (bytes int64, err error) { return 0, errors.ErrUnsupported }
