package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"accountapi/test/issuer"
)

func TestKeysAreTakenOnlyFromACompleteHTTPResponse(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	good := string(i.JWKS())
	var buffer bytes.Buffer
	zip := gzip.NewWriter(&buffer)
	io.WriteString(zip, good)
	zip.Close()
	zipped := buffer.String()

	type answer = func(int, *net.TCPConn)
	write := func(text string) answer {
		return func(_ int, c *net.TCPConn) { io.WriteString(c, text) }
	}
	head := func(status string, headers ...string) string {
		return "HTTP/1.1 " + strings.Join(append([]string{status}, headers...), "\r\n") + "\r\n\r\n"
	}
	length := func(n int) string { return fmt.Sprint("Content-Length: ", n) }
	whole := func(body string, headers ...string) answer {
		return write(head("200 OK", append(headers, length(len(body)))...) + body)
	}
	chunk := func(size string) string {
		return head("200 OK", "Transfer-Encoding: chunked") + size + "\r\n" + good + "\r\n"
	}
	goodLength := length(len(good))
	size := fmt.Sprintf("%x", len(good))
	const lastChunk = "0\r\n\r\n"
	endless := func(start, piece string) answer {
		return func(_ int, c *net.TCPConn) {
			for text := start; ; text = piece {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
			}
		}
	}
	reset := func(before string) answer {
		return func(_ int, c *net.TCPConn) {
			io.WriteString(c, before)
			c.SetLinger(0)
		}
	}
	const malformedDirectives = `,,=,"max-age=1,max-age="60,max-age==1,max-age=0x10, MAX-AGE = 7`
	longHeader := "X-Padding: " + strings.Repeat("x", 1<<15) + "\r\n"
	hint := head("103 Early Hints", "Link: </x>")
	switching := head("101 Switching Protocols", "Upgrade: x", "Connection: upgrade")

	for want, answers := range map[string]map[string]answer{
		allow: {
			"HTTP/1.0":                   write("HTTP/1.0 200 OK\r\n\r\n" + good),
			"a body without a length":    write(head("200 OK", "Connection: close") + good),
			"chunks":                     write(chunk(size) + lastChunk),
			"gzip":                       whole(zipped, "Content-Encoding: gzip"),
			"a key set as text/html":     whole(good, "Content-Type: text/html"),
			"100 Continue before it":     write(head("100 Continue") + head("200 OK", goodLength) + good),
			"103 Early Hints before it":  write(hint + head("200 OK", goodLength) + good),
			"Cache-Control in two lines": whole(good, "Cache-Control: public", "Cache-Control: max-age=3600"),
			"a malformed Cache-Control":  whole(good, "Cache-Control: "+malformedDirectives),
		},
		notCheckable: {
			"half a body":                 whole(good[:len(good)/2]),
			"a length too short":          write(head("200 OK", length(10)) + good),
			"a length too long":           write(head("200 OK", length(len(good)+1)) + good),
			"a negative length":           write(head("200 OK", length(-1)) + good),
			"two different lengths":       whole(good, length(10)),
			"a chunk size not in hex":     write(chunk("zz") + lastChunk),
			"a chunk extension of 1 MB":   write(chunk(size+";"+strings.Repeat("x", 1<<20)) + lastChunk),
			"no last chunk":               write(chunk(size)),
			"truncated gzip":              whole(zipped[:len(zipped)-5], "Content-Encoding: gzip"),
			"plain text called gzip":      whole(good, "Content-Encoding: gzip"),
			"SSH":                         write("SSH-2.0-OpenSSH_9.0\r\n"),
			"HTTP/0.9":                    write(good),
			"HTTP/2":                      write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			"TLS":                         write("\x16\x03\x01\x02\x00"),
			"101 Switching Protocols":     write(switching + good),
			"status 2000":                 write(head("2000 OK") + good),
			"a redirect with keys in it":  write(head("302 Found", "Location: /", goodLength) + good),
			"a redirect to https":         write(head("301 Moved", "Location: https://127.0.0.1:1/", length(0))),
			"a redirect without Location": write(head("302 Found", length(0))),
			"a redirect to no URL":        write(head("302 Found", "Location: http://[::1", length(0))),
			"401 Unauthorized":            write(head("401 Unauthorized", "WWW-Authenticate: Basic", length(0))),
			"endless headers":             endless("HTTP/1.1 200 OK\r\n", longHeader),
			"an endless body":             endless(head("200 OK")+good, strings.Repeat(" ", 1<<15)),
			"endless early hints":         endless("", strings.Repeat(hint, 100)),
			"a reset before the headers":  reset(""),
			"a reset after the headers":   reset(head("200 OK", length(1000))),
			"a reset in the body":         reset(head("200 OK", length(1000)) + good[:100]),
			"two connections unanswered":  unansweredTwice(whole(good)),
		},
	} {
		t.Run(want, func(t *testing.T) {
			for name, answer := range answers {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a := startAuthorizer(t, i, "JWKS_URI="+serveConnections(t, answer))
					a.expect(t, "Bearer "+i.Token(), want)
					a.expect(t, "Bearer garbage", refuse)
					a.expectSecretsKept(t)
				})
			}
		})
	}
}

// unansweredTwice closes the first two connections without an answer.
func unansweredTwice(answer func(int, *net.TCPConn)) func(int, *net.TCPConn) {
	return func(n int, c *net.TCPConn) {
		if n > 2 {
			answer(n, c)
		}
	}
}

// serveConnections reads one request from each connection and lets answer write to it,
// which gets the number of the connection, from 1. It returns the URL of the JWK Set.
func serveConnections(t *testing.T, answer func(n int, connection *net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for n := 1; ; n++ {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				http.ReadRequest(bufio.NewReader(connection))
				answer(n, connection.(*net.TCPConn))
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/"
}

// serveKeys answers every request with the issuer's JWK Set.
func serveKeys(i *issuer.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(i.JWKS()) })
}

func TestKeysAreFetchedOverIPv6(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("skipped: no IPv6 on this machine: %v", err)
	}
	server := &http.Server{Handler: serveKeys(i)}
	go server.Serve(listener)
	defer server.Close()
	startAuthorizer(t, i, "JWKS_URI=http://"+listener.Addr().String()+"/").expect(t, "Bearer "+i.Token(), allow)
}
