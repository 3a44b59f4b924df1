package runtimeapi

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
)

// checkBootstrap reads the executable's header, because what the kernel says of a binary
// for another machine ("exec format error") names neither machine.
func checkBootstrap(path string) error {
	if path == "" {
		return errors.New("the path of the bootstrap is missing")
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist: build it first (go build -o %s)", path, path)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file: give the path of the executable itself", path)
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%s is not executable: chmod +x %s", path, path)
	}

	machine := runtime.GOOS + "/" + runtime.GOARCH
	targets, err := executableTargets(file)
	if err != nil {
		return fmt.Errorf("%s: %w; build it for this machine (GOOS=%s GOARCH=%s go build)",
			path, err, runtime.GOOS, runtime.GOARCH)
	}
	if targets != nil && !slices.Contains(targets, machine) {
		return fmt.Errorf("%s is for %s, this machine is %s: build it for this machine (GOOS=%s GOARCH=%s go build)",
			path, strings.Join(targets, " and "), machine, runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

// executableTargets returns the GOOS/GOARCH pairs that the executable is for, nil for a
// script, which is for every machine that has its interpreter.
func executableTargets(file io.ReaderAt) ([]string, error) {
	magic := make([]byte, 4)
	if n, err := file.ReadAt(magic, 0); err != nil && !(errors.Is(err, io.EOF) && n > 0) {
		return nil, errors.New("not an executable")
	}
	if bytes.HasPrefix(magic, []byte("#!")) {
		return nil, nil
	}
	if f, err := elf.NewFile(file); err == nil {
		return []string{elfTarget(f)}, nil
	}
	if f, err := macho.NewFile(file); err == nil {
		return []string{machoTarget(f.Cpu)}, nil
	}
	if f, err := macho.NewFatFile(file); err == nil {
		var targets []string
		for _, arch := range f.Arches {
			targets = append(targets, machoTarget(arch.Cpu))
		}
		return targets, nil
	}
	if bytes.HasPrefix(magic, []byte("MZ")) {
		return nil, errors.New("an executable for Windows")
	}
	return nil, errors.New("not an executable")
}

func elfTarget(f *elf.File) string {
	goos := "linux" // Linux executables mostly carry the unspecific ELFOSABI_NONE
	if f.OSABI != elf.ELFOSABI_NONE && f.OSABI != elf.ELFOSABI_LINUX {
		goos = strings.ToLower(strings.TrimPrefix(f.OSABI.String(), "ELFOSABI_"))
	}
	switch f.Machine {
	case elf.EM_X86_64:
		return goos + "/amd64"
	case elf.EM_AARCH64:
		return goos + "/arm64"
	case elf.EM_386:
		return goos + "/386"
	case elf.EM_ARM:
		return goos + "/arm"
	case elf.EM_RISCV:
		return goos + "/riscv64"
	}
	return goos + "/" + f.Machine.String()
}

func machoTarget(cpu macho.Cpu) string {
	switch cpu {
	case macho.CpuAmd64:
		return "darwin/amd64"
	case macho.CpuArm64:
		return "darwin/arm64"
	}
	return "darwin/" + cpu.String()
}
