package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"accountapi/test/internal/project"
	"accountapi/test/issuer"
	"accountapi/test/runtimeapi"
)

// The authorizer's binary alone, behind a Runtime API, with callers, an issuer and a network
// that mean harm. It has a table of its own beside its code; here are the cases that need the
// real process, a real socket, or a mind other than its author's.

// What the authorizer answers, as API Gateway would see it.
const (
	allow        = "Allow"
	refuse       = "Unauthorized"     // API Gateway: 401
	notCheckable = "jwks_unavailable" // API Gateway: 500
)

// authorizer is the compiled authorizer with all it has said on stdout and stderr.
type authorizer struct {
	*runtimeapi.Function
	log *output
}

var authorizerBootstrap = sync.OnceValues(func() (string, error) {
	return project.Function(context.Background(), "authorizer", os.Stderr)
})

// bare starts the authorizer as configured, one process at a time. settings go over those
// for the tenant's tokens; each is written "NAME=value".
func bare(t *testing.T, tenant *issuer.Server, config runtimeapi.Config, settings ...string) *authorizer {
	t.Helper()
	bootstrap, err := authorizerBootstrap()
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"TOKEN_ISSUER": tenant.URL(), "AUDIENCE": tenant.Audience(), "JWKS_URI": tenant.JWKSURL()}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	said := &output{}
	config.Name, config.Bootstrap, config.Env, config.Output, config.MaxEnvironments = "authorizer", bootstrap, env, said, 1
	if config.Timeout == 0 {
		config.Timeout = 5 * time.Second // as deployed
	}
	f, err := runtimeapi.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		if t.Failed() {
			t.Logf("the authorizer said:\n%.4000s", said)
		}
	})
	return &authorizer{f, said}
}

// tenant starts an issuer.
func tenant(t *testing.T, algorithms ...string) *issuer.Server {
	t.Helper()
	i, err := issuer.Start("127.0.0.1:0", issuer.Config{Algorithms: algorithms})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

// ask sends an Authorization value and returns the effect of the policy or the error.
func (a *authorizer) ask(t *testing.T, authorization string) string {
	t.Helper()
	event, _ := json.Marshal(map[string]string{
		"type": "TOKEN", "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/profile", "authorizationToken": authorization,
	})
	result, err := a.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		ErrorMessage   string
		PolicyDocument struct{ Statement []struct{ Effect string } }
	}
	if err := json.Unmarshal(result.Payload, &answer); err != nil || result.FunctionError == "" && len(answer.PolicyDocument.Statement) != 1 {
		t.Fatalf("the answer is neither a policy nor an error: %s", result.Payload)
	}
	if result.FunctionError != "" {
		return answer.ErrorMessage
	}
	return answer.PolicyDocument.Statement[0].Effect
}

func (a *authorizer) expect(t *testing.T, authorization, want string) {
	t.Helper()
	if got := a.ask(t, authorization); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// keepsSecrets fails the test if a part of one of these values is in what the authorizer
// said, or if it crashed on the way.
func (a *authorizer) keepsSecrets(t *testing.T, values ...string) {
	t.Helper()
	said := a.log.String()
	for _, value := range values {
		for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(". ,;=", r) }) {
			if len(part) > 60 && strings.Contains(said, part[:60]) {
				t.Errorf("in the log is a part of %.80s…", value)
			}
		}
	}
	if strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") {
		t.Error("a panic is in the log")
	}
}

func onlyHere(t *testing.T) {
	t.Helper()
	if os.Getenv("API_URL") != "" {
		t.Skip("skipped: is about the binary on this machine, and API_URL names a deployed stage")
	}
}

func TestHostileAuthorizationValues(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	a := bare(t, i, runtimeapi.Config{})
	good := i.Token()
	values := map[string]string{
		"a space before the scheme":    " Bearer " + good,
		"a BOM before the scheme":      "\ufeffBearer " + good,
		"full-width letters":           "Ｂearer " + good,
		"NUL for the space":            "Bearer\x00" + good,
		"a vertical tab for the space": "Bearer\v" + good,
		"an ideographic space":         "Bearer\u3000" + good,
		"a zero-width space":           "Bearer \u200b" + good,
		"a percent-encoded space":      "Bearer%20" + good,
		"an equals sign":               "Bearer=" + good,
		"one padding character after":  "Bearer " + good + "=",
		"two padding characters after": "Bearer " + good + "==",
		"a semicolon after":            "Bearer " + good + ";",
		"a cookie's attributes after":  "Bearer " + good + "; path=/",
		"CRLF after":                   "Bearer " + good + "\r\n",
		"a realm before":               `Bearer realm="x" ` + good,
		"another credential before":    "Basic Zm9v, Bearer " + good,
		"JSON":                         `"Bearer ` + good + `"`,
		"markup":                       "<script>alert(1)</script>",
		"5 MB of letters":              "Bearer " + strings.Repeat("a", 5<<20),
		"5 MB of spaces":               "Bearer " + strings.Repeat(" ", 5<<20),
		"3 MB of dots":                 "Bearer " + strings.Repeat(".", 3<<20),
		"8 KB of dots":                 "Bearer " + strings.Repeat(".", 8192),
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) { a.expect(t, value, refuse) })
	}
	for name, value := range map[string]string{
		"as it should be":           "Bearer " + good,
		"after ten thousand spaces": "Bearer" + strings.Repeat(" ", 10_000) + good,
	} {
		t.Run(name, func(t *testing.T) { a.expect(t, value, allow) })
		values[name] = value
	}
	for _, value := range values {
		a.keepsSecrets(t, value)
	}
}

// An event that API Gateway would not send is a mistake of the deployment, whatever token
// is in it, and must not put the token into the log.
func TestHostileEvents(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	a := bare(t, i, runtimeapi.Config{})
	good := i.Token()
	const arn = `"methodArn":"arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/profile"`
	for name, event := range map[string]string{
		"nothing":                 ``,
		"null":                    `null`,
		"an array":                `[]`,
		"a string":                `"Bearer ` + good + `"`,
		"cut off":                 `{"type":"TOKEN",` + arn + `,"authorizationToken":"Bearer ` + good,
		"a number for the token":  `{"type":"TOKEN",` + arn + `,"authorizationToken":1}`,
		"an object for the token": `{"type":"TOKEN",` + arn + `,"authorizationToken":{"token":"Bearer ` + good + `"}}`,
		"an array for the token":  `{"type":"TOKEN",` + arn + `,"authorizationToken":["Bearer ` + good + `"]}`,
		"an array for the ARN":    `{"type":"TOKEN","methodArn":["x"],"authorizationToken":"Bearer ` + good + `"}`,
		"of a REQUEST authorizer": `{"type":"REQUEST",` + arn + `,"headers":{"Authorization":"Bearer ` + good + `"}}`,
		"twenty thousand deep":    `{"type":"TOKEN",` + arn + `,"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `,"authorizationToken":"Bearer ` + good + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			result, err := a.Invoke(t.Context(), []byte(event))
			if err != nil {
				t.Fatal(err)
			}
			if result.FunctionError == "" || strings.Contains(string(result.Payload), refuse) {
				t.Errorf("got %s, want an error that is not %s", result.Payload, refuse)
			}
			if strings.Contains(string(result.Payload), good[:60]) {
				t.Error("the token is in the error")
			}
		})
	}
	a.expect(t, "Bearer "+good, allow) // the process is still there
	a.keepsSecrets(t, good)
}

func TestHostileTokens(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	a := bare(t, i, runtimeapi.Config{})
	header := `{"alg":"RS256","kid":"` + i.KeyID() + `","typ":"JWT"}`
	now := time.Now().Unix()
	claims := func(exp string) string {
		return fmt.Sprintf(`{"iss":%q,"aud":%q,"sub":"x","iat":%d,"exp":%s}`, i.URL(), i.Audience(), now, exp)
	}
	soon := fmt.Sprint(now + 3600)
	signed := func(header, payload string) string { return i.Sign([]byte(header), []byte(payload)) }
	withHeader := func(members string) string {
		return signed(strings.TrimSuffix(header, "}")+","+members+"}", claims(soon))
	}
	withClaim := func(members string) string {
		return signed(header, strings.TrimSuffix(claims(soon), "}")+","+members+"}")
	}
	withExp := func(exp string) string { return signed(header, claims(exp)) }
	withKid := func(kid string) string { return signed(`{"alg":"RS256","kid":`+kid+`}`, claims(soon)) }
	deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	many := func(members int) string {
		var list strings.Builder
		for n := range members {
			fmt.Fprintf(&list, `,"m%d":1`, n)
		}
		return list.String()[1:]
	}
	utf16 := func(text string) string { return strings.Join(strings.Split(text, ""), "\x00") + "\x00" }

	for want, tokens := range map[string]map[string]string{
		allow: {
			"header names in escapes":          signed(`{"\u0061lg":"RS\u003256","k\u0069d":"`+i.KeyID()+`"}`, claims(soon)),
			"names that differ in case":        withHeader(`"ALG":"none","Crit":["x"],"B64":false`),
			"certificates that are none":       withHeader(`"x5c":["!"],"x5t":"!","x5t#S256":1`),
			"typ application/jwt":              signed(`{"alg":"RS256","kid":"`+i.KeyID()+`","typ":"Application/JWT"}`, claims(soon)),
			"exp with an exponent":             withExp("2E9"),
			"exp with a negative exponent":     withExp("20000000000000e-4"),
			"exp with leading zeros in that":   withExp("2e00000000000009"),
			"exp with 3000 digits":             withExp(soon + "." + strings.Repeat("9", 3000)),
			"the name of exp in escapes":       signed(header, strings.Replace(claims(soon), `"exp"`, `"\u0065xp"`, 1)),
			"EXP beside exp":                   withClaim(`"EXP":1`),
			"15 arrays in the claims":          withClaim(`"x":` + deep(15)),
			"190 claims":                       withClaim(many(190)),
			"blanks around the claims":         signed(header, " \r\n\t"+claims(soon)+" \r\n\t"),
			"characters that JSON lets be raw": withClaim("\"x\":\"\x7f\u2028\uffff\ufffd\""),
			"301 audiences":                    i.Token(issuer.Audience(append(make([]string, 300), i.Audience())...)),
		},
		refuse: {
			"kid twice, once in escapes":          withHeader(`"k\u0069d":"` + i.KeyID() + `"`),
			"a repeated name below the header":    withHeader(`"x":{"a":1,"a":1}`),
			"crit in escapes":                     withHeader(`"\u0063rit":["exp"],"exp":1`),
			"b64 in escapes":                      withHeader(`"b\u00364":true`),
			"crit null":                           withHeader(`"crit":null`),
			"enc null":                            withHeader(`"enc":null`),
			"alg none in escapes":                 signed(`{"alg":"no\u006ee","kid":"`+i.KeyID()+`"}`, claims(soon)),
			"typ with a parameter":                signed(`{"alg":"RS256","kid":"`+i.KeyID()+`","typ":"JWT; charset=utf-8"}`, claims(soon)),
			"typ with a space":                    signed(`{"alg":"RS256","kid":"`+i.KeyID()+`","typ":" JWT"}`, claims(soon)),
			"typ application/ twice":              signed(`{"alg":"RS256","kid":"`+i.KeyID()+`","typ":"application/application/jwt"}`, claims(soon)),
			"kid a member of every object":        withKid(`"__proto__"`),
			"kid a place in a list":               withKid(`"0"`),
			"kid SQL":                             withKid(`"' OR 1=1--"`),
			"kid an emoji":                        withKid(`"😀"`),
			"exp too small for a float":           withExp("1e-999999999"),
			"exp too large for a float":           withExp("1e999999999"),
			"exp past the year 9999 by a bit":     withExp("253402300799.5"),
			"exp in an array":                     withExp("[" + soon + "]"),
			"exp with a plus":                     withExp("+" + soon),
			"exp with underscores":                withExp("2_000_000_000"),
			"EXP instead of exp":                  signed(header, strings.Replace(claims(soon), `"exp"`, `"EXP"`, 1)),
			"exp twice, once in escapes":          withClaim(`"\u0065xp":` + soon),
			"iss one level down":                  signed(header, strings.Replace(claims(soon), `"iss":`, `"x":{"iss":`, 1)+"}"),
			"17 arrays in the claims":             withClaim(`"x":` + deep(17)),
			"250 claims":                          withClaim(many(250)),
			"a form feed after the claims":        signed(header, claims(soon)+"\f"),
			"a no-break space after the claims":   signed(header, claims(soon)+"\u00a0"),
			"surrogates in UTF-8":                 withClaim("\"x\":\"\xed\xa0\x80\""),
			"a character past U+10FFFF":           withClaim("\"x\":\"\xf4\x90\x80\x80\""),
			"UTF-16":                              signed(header, utf16(claims(soon))),
			"\\U for \\u":                         withClaim(`"x":"\U0041"`),
			"\\x":                                 withClaim(`"x":"\x41"`),
			"an escape cut off":                   signed(header, claims(soon)[:10]+`\u12`),
			"a surrogate cut off":                 signed(header, strings.TrimSuffix(claims(soon), "}")+`,"x":"\ud83d\u`),
			"a backslash at the end":              signed(header, strings.TrimSuffix(claims(soon), "}")+`,"x":"\`),
			"True":                                withClaim(`"x":True`),
			"nul":                                 withClaim(`"x":nul`),
			"a minus alone":                       withClaim(`"x":-`),
			"a negative leading zero":             withClaim(`"x":-01`),
			"an exponent without digits":          withClaim(`"x":1e+`),
			"a comma before the first member":     signed(header, "{,"+claims(soon)[1:]),
			"two commas":                          withClaim(`,"x":1`),
			"two array elements without a comma":  withClaim(`"x":[1 2]`),
			"no colon":                            withClaim(`"x" 1`),
			"a name without quotes":               withClaim(`x:1`),
			"an audience in an audience's prefix": i.Token(issuer.Audience(i.Audience() + ",x")),
			"the audience beside null":            i.Token(issuer.Claim("aud", []any{nil, i.Audience()})),
			"a subject in an array":               i.Token(issuer.Claim("sub", []string{"x"})),
			"a scope one level down":              i.Token(issuer.Claim("scope", []any{[]string{"get:profile"}})),
			"a scope in an object":                i.Token(issuer.Claim("scope", map[string]bool{"get:profile": true})),
		},
	} {
		t.Run(want, func(t *testing.T) {
			for name, token := range tokens {
				t.Run(name, func(t *testing.T) {
					a.expect(t, "Bearer "+token, want)
					a.keepsSecrets(t, token)
				})
			}
		})
	}
}

// jwk is the issuer's key as a JWK, with these members on top; null takes one away.
func jwk(t *testing.T, i *issuer.Server, others map[string]any) map[string]any {
	t.Helper()
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(i.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	maps.Copy(set.Keys[0], others)
	maps.DeleteFunc(set.Keys[0], func(_ string, value any) bool { return value == nil })
	return set.Keys[0]
}

func TestHostileKeySets(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	good, _ := json.Marshal(jwk(t, i, nil))
	with := func(others map[string]any) string {
		text, _ := json.Marshal(jwk(t, i, others))
		return string(text)
	}
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	junk := func(n int) []string {
		return strings.Split(strings.TrimSuffix(strings.Repeat(`{"kty":"AKP","kid":"x","pub":"AA"};`, n), ";"), ";")
	}
	blank := func(size int) string { return set(string(good)) + strings.Repeat(" ", size-len(set(string(good)))) }
	n := jwk(t, i, nil)["n"].(string)
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		t.Fatal(err)
	}

	for want, documents := range map[string]map[string]string{
		allow: {
			"the name keys in escapes":            strings.Replace(set(string(good)), "keys", `k\u0065ys`, 1),
			"the name kty in escapes":             strings.Replace(set(string(good)), "kty", `k\u0074y`, 1),
			"63 unknown keys before":              set(append(junk(63), string(good))...),
			"a symmetric key with the same kid":   set(`{"kty":"oct","k":"AAAA","alg":"HS256","kid":"`+i.KeyID()+`"}`, string(good)),
			"members of another kind of key":      set(with(map[string]any{"crv": "P-256", "x": "AA", "y": "AA"})),
			"a zero byte before the modulus":      set(with(map[string]any{"n": base64.RawURLEncoding.EncodeToString(append([]byte{0}, modulus...))})),
			"a certificate of 100 KB":             set(with(map[string]any{"x5c": []string{strings.Repeat("A", 100_000)}})),
			"256 KB":                              blank(256 << 10),
			"a number no float can hold, outside": `{"x":1e999,` + set(string(good))[1:],
			"a repeated name, outside":            `{"x":{"a":1,"a":2},` + set(string(good))[1:],
			"the key twice":                       set(string(good), string(good)),
		},
		notCheckable: {
			"64 unknown keys before":           set(append(junk(64), string(good))...),
			"a byte more than 256 KB":          blank(256<<10 + 1),
			"an array":                         `[` + string(good) + `]`,
			"keys a string":                    `{"keys":"[]"}`,
			"keys twice, once in escapes":      `{"k\u0065ys":[],` + set(string(good))[1:],
			"a BOM":                            "\ufeff" + set(string(good)),
			"a comment":                        "/**/" + set(string(good)),
			"a trailing comma":                 strings.Replace(set(string(good)), "]", ",]", 1),
			"a token":                          i.Sign([]byte(`{"alg":"RS256"}`), []byte(set(string(good)))),
			"an exponent that is a number":     set(with(map[string]any{"e": 65537})),
			"a modulus in the other alphabet":  set(with(map[string]any{"n": base64.RawStdEncoding.EncodeToString(append([]byte{0xfb, 0xff}, modulus...))})),
			"use an array":                     set(with(map[string]any{"use": []string{"sig"}})),
			"a private exponent that is empty": set(with(map[string]any{"d": ""})),
		},
	} {
		t.Run(want, func(t *testing.T) {
			for name, document := range documents {
				t.Run(name, func(t *testing.T) {
					i.PublishJWKS([]byte(document))
					a := bare(t, i, runtimeapi.Config{})
					a.expect(t, "Bearer "+i.Token(), want)
					a.expect(t, "Bearer garbage", refuse) // bad whatever the keys are
					a.keepsSecrets(t)
				})
			}
		})
	}
}

// wire serves one answer per connection, byte for byte as written by answer, which gets the
// number of the connection, from 1. What it returns is the URL of a JWK Set.
func wire(t *testing.T, answer func(n int, connection *net.TCPConn)) string {
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

func TestHostileTransport(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	good := string(i.JWKS())
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	io.WriteString(zip, good)
	zip.Close()

	type answer = func(int, *net.TCPConn)
	write := func(format string, args ...any) answer {
		return func(_ int, c *net.TCPConn) { fmt.Fprintf(c, format, args...) }
	}
	whole := func(header, body string) answer {
		return write("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", header, len(body), body)
	}
	chunked := func(header, size string) answer {
		return write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%s\r\n%s\r\n%s\r\n0\r\n\r\n", header, size, good)
	}
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
	size := fmt.Sprintf("%x", len(good))

	for want, answers := range map[string]map[string]answer{
		allow: {
			"HTTP/1.0":                      write("HTTP/1.0 200 OK\r\n\r\n%s", good),
			"a body that ends the stream":   write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", good),
			"chunks":                        chunked("", size),
			"gzip":                          whole("Content-Encoding: gzip\r\n", zipped.String()),
			"text/html that is a set":       whole("Content-Type: text/html\r\n", good),
			"100 Continue before":           write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good), good),
			"103 Early Hints before":        write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good), good),
			"Cache-Control in two lines":    whole("Cache-Control: public\r\nCache-Control: max-age=3600\r\n", good),
			"Cache-Control that is no such": whole(`Cache-Control: ,,=,"max-age=1,max-age="60,max-age==1,max-age=0x10, MAX-AGE = 7`+"\r\n", good),
		},
		notCheckable: {
			"a body cut off":                 whole("", good[:len(good)/2]),
			"a length too short":             write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n%s", good),
			"a length too long":              write("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good)+1, good),
			"a negative length":              write("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n%s", good),
			"two lengths":                    whole("Content-Length: 10\r\n", good),
			"a chunk of no size":             chunked("", "zz"),
			"a chunk with a long extension":  chunked("", size+";"+strings.Repeat("x", 1<<20)),
			"chunks without an end":          write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n%s\r\n", size, good),
			"gzip cut off":                   whole("Content-Encoding: gzip\r\n", zipped.String()[:zipped.Len()-5]),
			"gzip that is none":              whole("Content-Encoding: gzip\r\n", good),
			"another protocol":               write("SSH-2.0-OpenSSH_9.0\r\n"),
			"HTTP/0.9":                       write("%s", good),
			"HTTP/2":                         write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			"TLS":                            write("\x16\x03\x01\x02\x00"),
			"another protocol from here on":  write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n%s", good),
			"status 2000":                    write("HTTP/1.1 2000 OK\r\n\r\n%s", good),
			"a redirect with the set inside": write("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: %d\r\n\r\n%s", len(good), good),
			"a redirect to https":            write("HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
			"a redirect to nowhere":          write("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
			"a redirect to no URL":           write("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"),
			"a login":                        write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
			"endless headers":                endless("HTTP/1.1 200 OK\r\n", "X-Padding: "+strings.Repeat("x", 1<<15)+"\r\n"),
			"an endless body":                endless("HTTP/1.1 200 OK\r\n\r\n"+good, strings.Repeat(" ", 1<<15)),
			"endless hints":                  endless("", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 100)),
			"a reset at once":                reset(""),
			"a reset after the header":       reset("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
			"a reset in the body":            reset("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + good[:100]),
			"two fetches that fail, then none": func(n int, c *net.TCPConn) {
				if n > 2 {
					whole("", good)(n, c)
				}
			},
		},
	} {
		t.Run(want, func(t *testing.T) {
			for name, answer := range answers {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					a := bare(t, i, runtimeapi.Config{}, "JWKS_URI="+wire(t, answer))
					a.expect(t, "Bearer "+i.Token(), want)
					a.expect(t, "Bearer garbage", refuse)
					a.keepsSecrets(t)
				})
			}
		})
	}
}

// certificates is a certificate authority that only these tests trust.
type certificates struct {
	authority *x509.Certificate
	key       *ecdsa.PrivateKey
	file      string // of the authority's certificate, for SSL_CERT_FILE
}

func newCertificates(t *testing.T) *certificates {
	t.Helper()
	c := &certificates{file: filepath.Join(t.TempDir(), "ca.pem")}
	c.authority = &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := c.sign(c.authority)
	if err != nil {
		t.Fatal(err)
	}
	c.key = der.PrivateKey.(*ecdsa.PrivateKey)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der.Certificate[0]})
	if err := os.WriteFile(c.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// sign makes a certificate from a template, signed by the authority, or by itself as long
// as there is none.
func (c *certificates) sign(template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	signer := c.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.authority, key.Public(), signer)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func TestHostileTLS(t *testing.T) {
	onlyHere(t)
	i, ca := tenant(t), newCertificates(t)
	for name, test := range map[string]struct {
		edit     func(*x509.Certificate)
		server   *tls.Config
		settings []string
		want     string
	}{
		"as it should be":                 {want: allow},
		"TLS 1.2":                         {server: &tls.Config{MaxVersion: tls.VersionTLS12}, want: allow},
		"TLS 1.1":                         {server: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, want: notCheckable},
		"an authority nobody trusts":      {settings: []string{"SSL_CERT_FILE=/nonexistent"}, want: notCheckable},
		"an expired certificate":          {edit: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, want: notCheckable},
		"a certificate of tomorrow":       {edit: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, want: notCheckable},
		"another host's certificate":      {edit: func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"other.example"} }, want: notCheckable},
		"the host as common name alone":   {edit: func(c *x509.Certificate) { c.IPAddresses = nil; c.Subject.CommonName = "127.0.0.1" }, want: notCheckable},
		"a client's certificate":          {edit: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, want: notCheckable},
		"a server that wants one of ours": {server: &tls.Config{ClientAuth: tls.RequireAnyClientCert}, want: notCheckable},
	} {
		t.Run(name, func(t *testing.T) {
			template := &x509.Certificate{
				SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
				IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			}
			if test.edit != nil {
				test.edit(template)
			}
			certificate, err := ca.sign(template)
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(i.JWKS()) }))
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about clients that do not trust it
			if server.TLS = test.server; server.TLS == nil {
				server.TLS = &tls.Config{}
			}
			server.TLS.Certificates = []tls.Certificate{certificate}
			server.StartTLS()
			defer server.Close()
			a := bare(t, i, runtimeapi.Config{}, append([]string{"JWKS_URI=" + server.URL, "SSL_CERT_FILE=" + ca.file}, test.settings...)...)
			a.expect(t, "Bearer "+i.Token(), test.want)
		})
	}
}

// A proxy is for the way out. It must not be asked for what is on this machine, and its
// password must not be in the log when it fails.
func TestHostileProxies(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()

	bare(t, i, runtimeapi.Config{}, "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL).expect(t, "Bearer "+i.Token(), allow)
	if asked.Load() != 0 {
		t.Error("the proxy was asked for a loopback address")
	}
	for _, address := range []string{strings.TrimPrefix(proxy.URL, "http://"), "127.0.0.1:1", "%zz"} {
		a := bare(t, i, runtimeapi.Config{}, "JWKS_URI=https://issuer.invalid/", "HTTPS_PROXY=http://user:password-of-the-proxy@"+address)
		a.expect(t, "Bearer "+i.Token(), notCheckable)
		if strings.Contains(a.log.String(), "password-of-the-proxy") {
			t.Errorf("the proxy's password is in the log")
		}
	}
	if asked.Load() == 0 {
		t.Error("the proxy was not asked for another address")
	}
}

func TestKeysOverIPv6(t *testing.T) {
	onlyHere(t)
	i := tenant(t)
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("skipped: no IPv6 on this machine: %v", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(i.JWKS()) })}
	go server.Serve(listener)
	defer server.Close()
	bare(t, i, runtimeapi.Config{}, "JWKS_URI=http://"+listener.Addr().String()+"/").expect(t, "Bearer "+i.Token(), allow)
}

// Two thousand made-up kids cost the issuer two fetches at most, that of the start aside, and
// nobody else anything.
func TestAStormOfMadeUpKeyIDs(t *testing.T) {
	onlyHere(t)
	i := tenant(t, "RS256", "EdDSA")
	a := bare(t, i, runtimeapi.Config{}, "ALGORITHMS=RS256 EdDSA")
	good := i.Token()
	a.expect(t, "Bearer "+good, allow)
	before := i.JWKSFetches()
	for n := range 2000 {
		token := i.Token(issuer.Algorithm("EdDSA"), issuer.Header("kid", fmt.Sprint("made-up-", n)))
		if got := a.ask(t, "Bearer "+token); got != refuse {
			t.Fatalf("made-up kid %d: got %s, want %s", n, got, refuse)
		}
		if n%500 == 0 {
			a.expect(t, "Bearer "+good, allow)
		}
	}
	if fetches := i.JWKSFetches() - before; fetches > 2 {
		t.Errorf("%d fetches, want 2 at most", fetches)
	}
}
