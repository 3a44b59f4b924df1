package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// A trace is the X-Ray header of a request
// (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader).
type trace struct {
	incoming string // as the client sent it, "" if it sent none that has a root
	root     string
	parent   string
	sampled  string
}

func newTrace(incoming string) trace {
	t := trace{sampled: "0"}
	for field := range strings.SplitSeq(incoming, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Root":
			t.root, t.incoming = value, incoming
		case "Parent":
			t.parent = value
		case "Sampled":
			t.sampled = value
		}
	}
	if t.root == "" {
		t.root = fmt.Sprintf("1-%08x-%s", time.Now().Unix(), randomHex(12))
		t.parent = ""
	}
	if t.parent == "" {
		t.parent = randomHex(8)
	}
	return t
}

// forEvent is the value of the request header that the integration gets.
func (t trace) forEvent() string {
	if t.incoming != "" {
		return t.incoming
	}
	return "Root=" + t.root
}

// forFunction is the value that the Runtime API gives to the function.
func (t trace) forFunction() string {
	return fmt.Sprintf("Root=%s;Parent=%s;Sampled=%s", t.root, t.parent, t.sampled)
}

// forResponse is the value of the response header. The lineage was observed on AWS in
// 2026: a hash of the function, and how often the trace went through it.
func (t trace) forResponse(functionARN string) string {
	sum := sha256.Sum256([]byte(functionARN))
	return fmt.Sprintf("%s;Lineage=1:%s:0", t.forFunction(), hex.EncodeToString(sum[:4]))
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return hex.EncodeToString(b)
}
