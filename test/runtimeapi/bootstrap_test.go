package runtimeapi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestStartReportsEveryMistake(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, mode os.FileMode, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := write("text", 0o755, []byte("hello"))
	plain := write("plain", 0o644, []byte("#!/bin/sh"))
	riscv := write("riscv", 0o755, elfHeader(243))
	absent := filepath.Join(dir, "none")
	machine := runtime.GOOS + "/" + runtime.GOARCH
	fix := fmt.Sprintf("build it for this machine (GOOS=%s GOARCH=%s go build)", runtime.GOOS, runtime.GOARCH)
	const reserved = `variable AWS_REGION is reserved by Lambda: choose another name`
	const malformed = `variable name "A-B" is not allowed: it must start with a letter and have at least ` +
		`two characters, all of them letters, digits or underscores`

	program := func(path string) Config { return Config{Name: "f", Bootstrap: path} }
	variable := func(name, value string) Config {
		return Config{Name: "f", Bootstrap: bootstrap, Env: map[string]string{name: value}}
	}
	hour := Config{Name: "f", Bootstrap: bootstrap, Timeout: time.Hour}
	xml := Config{Name: "f", Bootstrap: bootstrap, LogFormat: "XML"}
	large := strings.Repeat("x", 4092)
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"no name", Config{Bootstrap: bootstrap}, `the name is missing`},
		{"no bootstrap", Config{Name: "f"}, `the path of the bootstrap is missing`},
		{"no such bootstrap", program(absent), absent + ` does not exist: build it first (go build -o ` + absent + `)`},
		{"a folder", program(dir), dir + ` is not a file: give the path of the executable itself`},
		{"a file that is not executable", program(plain), plain + ` is not executable: chmod +x ` + plain},
		{"a text", program(text), text + `: not an executable; ` + fix},
		{"another machine", program(riscv), riscv + ` is for linux/riscv64, this machine is ` + machine + `: ` + fix},
		{"a reserved variable", variable("AWS_REGION", "x"), reserved},
		{"a malformed variable", variable("A-B", "x"), malformed},
		{"too large variables", variable("LARGE", large), `the variables have 4097 bytes, Lambda allows 4096 (4 KB)`},
		{"a timeout out of range", hour, `timeout 1h0m0s is out of range: Lambda allows up to 15m0s`},
		{"a log format", xml, `log format "XML" is unknown: use Text or JSON`},
		{"two mistakes at once", Config{Name: "f", Timeout: -1},
			"timeout -1ns is out of range: Lambda allows up to 15m0s\nthe path of the bootstrap is missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Start(test.cfg)
			if want := fmt.Sprintf("function %q: %s", test.cfg.Name, test.want); err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestExecutableTargetsAreReadFromTheHeader(t *testing.T) {
	tests := []struct {
		name   string
		header []byte
		want   string
	}{
		{"ELF for x86-64", elfHeader(62), "[linux/amd64]"},
		{"ELF for AArch64", elfHeader(183), "[linux/arm64]"},
		{"Mach-O for arm64", machoHeader(0x0100000c), "[darwin/arm64]"},
		{"Mach-O for x86-64", machoHeader(0x01000007), "[darwin/amd64]"},
		{"a script", []byte("#!/bin/sh\n"), "[]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := executableTargets(bytes.NewReader(test.header))
			if err != nil || fmt.Sprint(got) != test.want {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
		})
	}
}

// elfHeader is a 64-bit little-endian ELF executable with nothing in it.
func elfHeader(machine uint16) []byte {
	h := make([]byte, 64)
	copy(h, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(h[16:], 2) // ET_EXEC
	binary.LittleEndian.PutUint16(h[18:], machine)
	binary.LittleEndian.PutUint32(h[20:], 1)  // EV_CURRENT
	binary.LittleEndian.PutUint16(h[52:], 64) // size of this header
	binary.LittleEndian.PutUint16(h[54:], 56) // size of a program header
	binary.LittleEndian.PutUint16(h[58:], 64) // size of a section header
	return h
}

// machoHeader is a 64-bit Mach-O executable with nothing in it.
func machoHeader(cpu uint32) []byte {
	h := make([]byte, 32)
	binary.LittleEndian.PutUint32(h[0:], 0xfeedfacf)
	binary.LittleEndian.PutUint32(h[4:], cpu)
	binary.LittleEndian.PutUint32(h[12:], 2) // MH_EXECUTE
	return h
}
