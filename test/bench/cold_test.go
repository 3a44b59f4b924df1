package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestEachLayoutHasTheAuthoritiesInTheBundleAndInItsFolder(t *testing.T) {
	scratch := t.TempDir()
	authority := filepath.Join(scratch, "authority.pem")
	const own = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	if err := os.WriteFile(authority, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	machine, err := machineBundle()
	if err != nil {
		t.Skip(err)
	}
	certificates := bytes.Count(machine, []byte("-----BEGIN CERTIFICATE-----")) + 1
	for kind, want := range map[string]int{"none": 0, "bundle": 1, "files": 2*certificates + 1} {
		variables, err := writeRoots(scratch, authority, kind)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := os.ReadFile(variables["SSL_CERT_FILE"])
		if err != nil || !bytes.HasSuffix(bundle, []byte(own)) {
			t.Errorf("%s: the bundle does not end with the authority (%v)", kind, err)
		}
		folder := filepath.SplitList(variables["SSL_CERT_DIR"])[0]
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != want {
			t.Errorf("%s: %d entries in the folder (%v), want %d", kind, len(entries), err, want)
		}
	}
}

func TestADistantServerAnswersAfterARoundTripAndConnectsAfterOne(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() { // sends back what it gets
		connection, err := server.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		io.Copy(connection, connection)
	}()
	const roundTrip = 20 * time.Millisecond
	path, err := distant(server.Addr().String(), roundTrip)
	if err != nil {
		t.Fatal(err)
	}
	defer path.Close()
	start := time.Now()
	client, err := net.Dial("tcp", path.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, trips := range []time.Duration{2, 3} { // the first with that of TCP
		answer := make([]byte, 5)
		client.Write([]byte("hello"))
		if _, err := io.ReadFull(client, answer); err != nil || string(answer) != "hello" {
			t.Fatalf("got %q, %v", answer, err)
		}
		if took := time.Since(start); took < trips*roundTrip {
			t.Errorf("the answer came after %v, want at least %d round trips of %v", took, trips, roundTrip)
		}
	}
}
