package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// share is a cgroup whose processes together have a share of one CPU, like a Lambda
// environment: a quota of CPU time in every period, without which they do not run.
type share struct {
	folder  string
	unified bool // cgroup v2
}

// newShare makes a cgroup below this process's own or beside it. Its error says why
// neither is possible.
func newShare() (*share, error) {
	places, unified, err := cpuCgroups()
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		s := &share{filepath.Join(place, fmt.Sprintf("bench-%d", os.Getpid())), unified}
		if err = os.Mkdir(s.folder, 0o755); err != nil {
			continue
		}
		if err = s.set(1); err == nil {
			return s, nil
		}
		os.Remove(s.folder)
	}
	return nil, fmt.Errorf("no cgroup with a CPU quota can be made here: %w", err)
}

// set gives the processes this many CPUs; 0 means all.
func (s *share) set(cpus float64) error {
	period := sharePeriod.Microseconds()
	quota := int64(cpus * float64(period))
	if s.unified {
		limit := fmt.Sprintf("%d %d", quota, period)
		if cpus == 0 {
			limit = fmt.Sprintf("max %d", period)
		}
		return os.WriteFile(filepath.Join(s.folder, "cpu.max"), []byte(limit), 0)
	}
	if cpus == 0 {
		quota = -1
	}
	// First without a quota: the old quota may be invalid with the new period.
	return errors.Join(
		os.WriteFile(filepath.Join(s.folder, "cpu.cfs_quota_us"), []byte("-1"), 0),
		os.WriteFile(filepath.Join(s.folder, "cpu.cfs_period_us"), fmt.Appendf(nil, "%d", period), 0),
		os.WriteFile(filepath.Join(s.folder, "cpu.cfs_quota_us"), fmt.Appendf(nil, "%d", quota), 0))
}

// launcher writes a bootstrap into folder that joins the share and then becomes another
// bootstrap.
func (s *share) launcher(folder, bootstrap string) (string, error) {
	path := filepath.Join(folder, "bootstrap")
	script := fmt.Sprintf("#!/bin/sh\necho $$ > '%s/cgroup.procs' && exec '%s'\n", s.folder, bootstrap)
	return path, os.WriteFile(path, []byte(script), 0o755)
}

// close removes the cgroup when its last process has ended.
func (s *share) close() error {
	var err error
	for range 50 {
		if err = os.Remove(s.folder); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

// cpuCgroups returns the folders in which a cgroup with a CPU quota may be allowed: this
// process's own cgroup and its parent.
func cpuCgroups() (places []string, unified bool, err error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, false, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, false, err
	}
	for lines := bufio.NewScanner(strings.NewReader(string(mounts))); lines.Scan(); {
		// proc_pid_mountinfo(5): ID, parent, device, root, mount point, …, "-", type,
		// source, options
		before, after, _ := strings.Cut(lines.Text(), " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(kind) < 3 {
			continue
		}
		v1 := kind[0] == "cgroup" && slices.Contains(strings.Split(kind[2], ","), "cpu")
		// A controller is in one hierarchy only: where v1 has it, v2 has not.
		if !v1 && (kind[0] != "cgroup2" || places != nil && !unified) {
			continue
		}
		path := ownCgroup(string(own), !v1)
		folder := filepath.Join(fields[4], strings.TrimPrefix(path, fields[3]))
		places, unified = []string{folder, filepath.Dir(folder)}, !v1
		if folder == fields[4] {
			places = places[:1]
		}
	}
	if places == nil {
		return nil, false, errors.New("this system has no cgroups with a CPU quota")
	}
	return places, unified, nil
}

// ownCgroup finds this process's path in /proc/self/cgroup (cgroups(7)), whose lines are
// ID:CONTROLLERS:PATH; the line of v2 has no controllers.
func ownCgroup(text string, unified bool) string {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		controllers := strings.Split(parts[1], ",")
		if unified && parts[1] == "" || !unified && slices.Contains(controllers, "cpu") {
			return parts[2]
		}
	}
	return "/"
}
