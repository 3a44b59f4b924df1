package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// result is bench.json. The unit of a figure is in its name.
type result struct {
	Machine     machine        `json:"machine"`
	Quick       bool           `json:"quick"`
	Took        string         `json:"took"`
	Contestants []*row         `json:"contestants"`
	Algorithms  []algorithmRow `json:"algorithms"`
	Memory      memoryResult   `json:"memorySizes"`
	Growth      growthResult   `json:"growth"`
	Model       []modelRow     `json:"model"`
}

// machine is where a run took place.
type machine struct {
	When   time.Time `json:"when"`
	System string    `json:"system"`
	CPU    string    `json:"cpu"`
	Cores  int       `json:"cores"`
	Go     string    `json:"go"`
	Node   string    `json:"node"`
	Stolen float64   `json:"stolen"` // part of the CPU time of the run that a hypervisor gave to others
}

// row is what is known of one contestant. Figures that could not be had are zero.
type row struct {
	Name        string          `json:"name"`
	Version     string          `json:"version,omitempty"`
	Kind        kind            `json:"kind"`
	Skipped     string          `json:"skipped,omitempty"` // why it was not measured
	ZippedBytes int64           `json:"zippedBytes"`       // of the deployment package for linux/arm64; of a quick run, for this machine
	Wrong       []string        `json:"wrong,omitempty"`   // verdicts, each with its token
	Cold        map[string]cold `json:"cold,omitempty"`    // by kind of key set
	Warm        warm            `json:"warm"`
	Storm       storm           `json:"storm"`
}

func thisMachine(ctx context.Context) machine {
	m := machine{
		When:   time.Now().UTC().Truncate(time.Second),
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

// stolen returns the CPU time that a hypervisor has given to others, and all CPU time, since
// this machine started (proc_stat(5), in ticks); zero where the system does not tell.
func stolen() (steal, total float64) {
	text, _ := os.ReadFile("/proc/stat")
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first) {
		ticks, _ := strconv.ParseFloat(field, 64)
		if i >= 1 && i <= 8 { // what follows is counted in user time already
			total += ticks
		}
		if i == 8 {
			steal = ticks
		}
	}
	return steal, total
}

// write writes the result as NAME.json and its chart as NAME.svg.
func (r *result) write(folder, name string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, name+".json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	chart, err := r.chart()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".svg"), chart, 0o644)
}
