package runtimeapi

import (
	"bytes"
	"io"
	"sync"
)

// lineWriter lets several processes write to one writer without mixing lines.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) writeLine(line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w.Write(line) // a log that cannot be written must not stop the function
}

// stream returns the writer for one process.
func (l *lineWriter) stream() io.WriteCloser { return &lineStream{to: l} }

type lineStream struct {
	to   *lineWriter
	rest []byte // of a line that is not complete yet
}

func (s *lineStream) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		end := bytes.IndexByte(s.rest, '\n')
		if end < 0 {
			return len(p), nil
		}
		s.to.writeLine(s.rest[:end+1])
		s.rest = s.rest[end+1:]
	}
}

// Close passes on a last line without a line feed, with one.
func (s *lineStream) Close() error {
	if len(s.rest) > 0 {
		s.to.writeLine(append(s.rest, '\n'))
		s.rest = nil
	}
	return nil
}
