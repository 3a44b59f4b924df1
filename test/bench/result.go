package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// result is what a run has measured. The unit of a figure is in its name; a figure that
// could not be measured is zero.
type result struct {
	Machine     machine
	Quick       bool
	Took        time.Duration
	Contestants []*row
	Algorithms  []algorithmRow
	Memory      memoryResult
	Model       []modelRow
}

// row is what is known of one contestant.
type row struct {
	Name        string
	Version     string // of its libraries
	Kind        kind
	Skipped     string   // why it was not measured
	ZippedBytes int64    // of the deployment package for linux/arm64; of a quick run, for this machine
	Wrong       []string // wrong verdicts, each with its token
	Cold        []cold   // in each of the situations; nil if there are none
	Warm        warm
	Storm       storm
}

// machine is where a run took place.
type machine struct {
	When   time.Time
	System string
	CPU    string
	Cores  int
	Go     string
	Node   string
	Stolen float64 // part of the CPU time of the run that the hypervisor gave to others
}

func thisMachine(ctx context.Context) machine {
	m := machine{
		When:   time.Now().UTC(),
		System: runtime.GOOS + "/" + runtime.GOARCH,
		Cores:  runtime.NumCPU(),
		Go:     runtime.Version(),
	}
	if node, err := exec.CommandContext(ctx, "node", "--version").Output(); err == nil {
		m.Node = strings.TrimSpace(string(node))
	}
	if file, err := os.Open("/proc/cpuinfo"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}

func (m machine) String() string {
	parts := []string{m.When.Format("2006-01-02"), m.System}
	if m.CPU != "" {
		parts = append(parts, m.CPU)
	}
	cores := fmt.Sprintf("%d cores", m.Cores)
	if m.Stolen > 0.01 {
		cores += fmt.Sprintf(" (the hypervisor gave %.0f %% of their time to others)", 100*m.Stolen)
	}
	parts = append(parts, cores, m.Go)
	if m.Node != "" {
		parts = append(parts, "Node.js "+m.Node)
	}
	return strings.Join(parts, ", ")
}

// stolen returns the CPU time that the hypervisor has given to others, and all CPU time,
// since this machine started, in ticks (proc_stat(5)); zero where the system has no such
// figures.
func stolen() (steal, total float64) {
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		ticks, _ := strconv.ParseFloat(field, 64)
		if i >= 1 && i <= 8 { // the fields after it are included in user time
			total += ticks
		}
		if i == 8 {
			steal = ticks
		}
	}
	return steal, total
}
