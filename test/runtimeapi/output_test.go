package runtimeapi

import (
	"strings"
	"sync"
	"testing"
)

func TestOutputComesInWholeLines(t *testing.T) {
	const parallel, lines = 4, 50
	f := start(t, Config{MaxEnvironments: parallel, Output: wholeLines{t}})
	text := strings.Repeat(strings.Repeat("a", 300)+`\n`, lines) + "and the rest"
	var callers sync.WaitGroup
	for range parallel {
		callers.Go(func() { invoke(t, f, `{"do":"print","text":"`+text+`"}`) })
	}
	callers.Wait()
	f.Close()
}

type wholeLines struct{ t *testing.T }

func (w wholeLines) Write(p []byte) (int, error) {
	if line := string(p); line != strings.Repeat("a", 300)+"\n" && line != "and the rest\n" &&
		!strings.HasPrefix(line, "and the rest") {
		w.t.Errorf("a line of %d bytes: %q", len(line), line)
	}
	return len(p), nil
}
