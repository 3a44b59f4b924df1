package main

import (
	"compress/gzip"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// httprc's fetch loop waits on a condition that only its refresh loop signals,
		// once, on the way out; when it comes too early the goroutine stays until the
		// process ends. One key set lives as long as its process, so it does not add up.
		goleak.IgnoreAnyFunction("github.com/lestrrat-go/httprc.(*queue).fetchLoop"))
}

// expect calls with a token that is good, but for the edits, and compares the reason.
func (b *testBed) expect(t *testing.T, want reason, edits ...edit) {
	t.Helper()
	if _, why := b.call(t, bearerOf(edits...)); why != string(want) {
		t.Errorf("got %s, want %s", why, want)
	}
}

// expectFetches compares how often the set has been fetched so far.
func (b *testBed) expectFetches(t *testing.T, want int64) {
	t.Helper()
	if got := b.fetches.Load(); got != want {
		t.Errorf("%d fetches, want %d", got, want)
	}
}

// faults are the ways in which an issuer fails to give its keys.
func faults(t *testing.T) map[string]http.HandlerFunc {
	good := jwks(key1().jwk())
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, good) }
	}
	elsewhere := httptest.NewServer(text(good))
	t.Cleanup(elsewhere.Close)
	return map[string]http.HandlerFunc{
		"status 500": status(500), "status 503": status(503), "status 403": status(403), "status 404": status(404), "status 429": status(429),
		"status 201": status(201), "status 206": status(206), "status 203": status(203),
		"status 204":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"status 304":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) },
		"a redirect":      func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"a redirect loop": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) },
		"no answer":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a slow body":     slow(good),
		"a closed line":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a short body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			io.WriteString(w, good)
		},
		"a huge body":     text(good + strings.Repeat(" ", 1<<20)),
		"a gzip bomb":     bomb,
		"HTML":            text("<!doctype html><title>Sign in</title>"),
		"nothing":         text(""),
		"truncated JSON":  text(good[:len(good)-2]),
		"something after": text(good + "{}"),
		"null":            text("null"),
		"a bare key":      text(toJSON(key1().jwk())),
		"no keys member":  text(`{"Keys":[]}`),
		"KEYS":            text(strings.Replace(good, "keys", "KEYS", 1)),
		"keys null":       text(`{"keys":null}`),
		"keys an object":  text(`{"keys":{}}`),
		"keys empty":      text(`{"keys":[]}`),
		"keys twice":      text(`{"keys":[],` + good[1:]),
		"65 keys":         text(jwks(repeat(key1().jwk(), 65)...)),
		"only unfit keys": text(jwks(key1().jwk(members{"use": "enc"}))),
		"broken UTF-8":    text(strings.Replace(good, "{", "{\"x\":\"\xff\",", 1)),
	}
}

func repeat(m members, n int) []members {
	list := make([]members, n)
	for i := range list {
		list[i] = m
	}
	return list
}

func slow(document string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := range document {
			io.WriteString(w, document[i:i+1])
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	zip := gzip.NewWriter(w)
	io.WriteString(zip, jwks(key1().jwk()))
	blank := []byte(strings.Repeat(" ", 1<<20))
	for range 64 {
		zip.Write(blank)
	}
	zip.Close()
}

func TestWithoutKeysNoTokenIsJudged(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newBed(t, "")
			bed.answer(fault)
			bed.expect(t, errJWKSUnavailable)
			bed.expect(t, errJWKSUnavailable, by(stranger()))
			bed.expect(t, errIssuer, claim("iss", "https://other.example/")) // bad, whatever the keys are
			bed.publish(jwks(key1().jwk()))
			bed.clock.advance(maxBackoffNothing)
			bed.expect(t, reasonOK)
		})
	}
}

func TestAnOutageDoesNotTakeTheKeysAway(t *testing.T) {
	for name, fault := range faults(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newBed(t, jwks(key1().jwk()))
			bed.answer(fault)
			bed.clock.advance(maxTTL + time.Second)
			bed.expect(t, reasonOK, claim("exp", in(48*time.Hour)))
			bed.expect(t, errJWKSUnavailable, by(key2()), claim("exp", in(48*time.Hour))) // perhaps a new key: not the caller's fault
			bed.clock.advance(maxStale)
			bed.expect(t, errJWKSUnavailable, claim("exp", in(48*time.Hour)))
			bed.publish(jwks(key1().jwk()))
			bed.clock.advance(maxBackoff)
			bed.expect(t, reasonOK, claim("exp", in(48*time.Hour)))
		})
	}
}

func TestTransportSecurityIsNotNegotiable(t *testing.T) {
	document := jwks(key1().jwk())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, document) })
	trusted := httptest.NewUnstartedServer(handler)
	trusted.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about clients that do not trust it
	trusted.StartTLS()
	defer trusted.Close()
	roots := x509.NewCertPool()
	roots.AddCert(trusted.Certificate())

	trust := func(roots *x509.CertPool) func(*tls.Config) { return func(c *tls.Config) { c.RootCAs = roots } }
	for name, test := range map[string]struct {
		url    string
		client func(*tls.Config)
		want   reason
	}{
		"a trusted certificate":         {trusted.URL, trust(roots), reasonOK},
		"a certificate nobody vouches":  {trusted.URL, trust(x509.NewCertPool()), errJWKSUnavailable},
		"a certificate of another host": {strings.Replace(trusted.URL, "127.0.0.1", "localhost", 1), trust(roots), errJWKSUnavailable},
		"an expired certificate": {trusted.URL, func(c *tls.Config) {
			c.RootCAs = roots
			c.Time = func() time.Time { return trusted.Certificate().NotAfter.Add(time.Hour) }
		}, errJWKSUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			bed := &testBed{clock: &clock{}, lines: &syncBuffer{}}
			bed.start(t, test.url)
			bed.keys.document.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{}
			test.client(bed.keys.document.client.Transport.(*http.Transport).TLSClientConfig)
			bed.expect(t, test.want)
		})
	}
}

func TestTheKeysAreFetchedDuringInitAndKept(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.expectFetches(t, 1)
	for range 3 {
		bed.expect(t, reasonOK)
	}
	bed.expectFetches(t, 1)
}

func TestTheIssuerSaysHowLongTheKeysHoldWithinBounds(t *testing.T) {
	for name, test := range map[string]struct {
		cacheControl string
		min, max     time.Duration
	}{
		"nothing said":       {"", 13*time.Minute + 30*time.Second, 16*time.Minute + 30*time.Second},
		"20 minutes":         {"public, max-age=1200", 18 * time.Minute, 22 * time.Minute},
		"20 min, in quotes":  {`Max-Age="1200"`, 18 * time.Minute, 22 * time.Minute},
		"zero":               {"max-age=0", minTTL, minTTL},
		"a year":             {"max-age=31536000", maxTTL, maxTTL},
		"more than fits":     {"max-age=99999999999999999999", 54 * time.Minute, maxTTL},
		"negative":           {"max-age=-1", 13 * time.Minute, 17 * time.Minute},
		"no number":          {"max-age=soon", 13 * time.Minute, 17 * time.Minute},
		"only for the proxy": {"s-maxage=60", 13 * time.Minute, 17 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				if got := timeToLive(test.cacheControl); got < test.min || got > test.max {
					t.Fatalf("got %v, want %v to %v", got, test.min, test.max)
				}
			}
		})
	}
}

func TestARemovedKeyIsTrustedForAnHourAtMost(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk(), key2().jwk()))
	bed.publish(jwks(key1().jwk()))
	bed.expect(t, reasonOK, by(key2()))
	bed.clock.advance(maxTTL)
	bed.expect(t, errKidUnknown, by(key2()), claim("exp", in(2*time.Hour)))
	bed.expectFetches(t, 2)
}

func TestARotatedKeyIsAcceptedAtTheFirstTry(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.publish(jwks(key1().jwk(), key2().jwk()))
	bed.expect(t, reasonOK, by(key2()))
	bed.expectFetches(t, 2)
}

func TestARotatedKeyIsAcceptedRightAfterAStrayToken(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.expect(t, errKidUnknown, headerMember("kid", "stray"))
	bed.clock.advance(time.Second)
	bed.expect(t, errKidUnknown, headerMember("kid", "stray")) // known to be absent
	bed.expectFetches(t, 2)
	bed.publish(jwks(key2().jwk()))
	bed.expect(t, reasonOK, by(key2()))
	bed.expectFetches(t, 3)
}

func TestAStormOfUnknownKeyIDsCostsOneFetch(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()), everyAlgorithm)
	for i := range 2000 {
		bed.expect(t, errKidUnknown, by(ed().as(fmt.Sprint("made-up-", i), "EdDSA")))
	}
	bed.expectFetches(t, 2) // with that of init
	bed.clock.advance(maxQuietMoment)
	bed.publish(jwks(key1().jwk(), key2().jwk()))
	bed.expect(t, reasonOK, by(key2()))
	bed.expectFetches(t, 3)
}

func TestARotatedKeyIsAcceptedAtTheSecondTryWithinAStorm(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()), everyAlgorithm)
	storm := func(name string) {
		for i := range 200 {
			bed.expect(t, errKidUnknown, by(ed().as(fmt.Sprint(name, i), "EdDSA")))
		}
	}
	storm("before-")
	bed.publish(jwks(key1().jwk(), key2().jwk()))
	bed.expect(t, errKidUnknown, by(key2())) // one more of the storm, as far as anybody can tell
	bed.expect(t, reasonOK, by(key2()))
	storm("after-")
	bed.expectFetches(t, 3)
}

func TestKeyIDsThatNobodyHasCostTwoFetchesPerCooldownHoweverOftenTheyCome(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()), everyAlgorithm)
	for i := range 200 {
		bed.expect(t, errKidUnknown, by(ed().as(fmt.Sprint("made-up-", i%3), "EdDSA")))
	}
	bed.expectFetches(t, 1+2)
}

func TestUnknownKeyIDsWithAllTimeInTheWorldCostTwoFetchesPerCooldown(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()), everyAlgorithm)
	for i := range 100 {
		bed.clock.advance(time.Second)
		bed.expect(t, errKidUnknown, by(ed().as(fmt.Sprint("made-up-", i), "EdDSA")))
	}
	if got := bed.fetches.Load(); got > 1+8 {
		t.Errorf("%d fetches in 100 s, want at most two per %v", got, unknownKidCooldown)
	}
}

func TestAnUnknownKeyIDIsNoFaultOfTheCallerWhileTheIssuerIsDown(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	for range 20 {
		bed.expect(t, errJWKSUnavailable, by(key2()))
		bed.expect(t, reasonOK)
	}
	if got := bed.fetches.Load(); got > 3 {
		t.Errorf("%d fetches, want a backoff", got)
	}
	bed.publish(jwks(key1().jwk(), key2().jwk()))
	bed.clock.advance(maxBackoff)
	bed.expect(t, reasonOK, by(key2()))
}

func TestAKeyReplacedUnderItsKidHealsOnce(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.publish(jwks(stranger().jwk()))
	bed.expect(t, errBadSignature, by(stranger())) // the set is young: a bad signature is just that
	bed.expectFetches(t, 1)
	bed.clock.advance(replacedKeyAge)
	bed.expect(t, reasonOK, by(stranger()))
	bed.expectFetches(t, 2)
	for range 10 {
		bed.expect(t, errBadSignature)
	}
	bed.expectFetches(t, 2)
}

func TestAClockThatWasSetBackDoesNotKeepKeysForEver(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.clock.advance(-time.Hour)
	bed.publish(jwks(key2().jwk()))
	bed.expect(t, errKidUnknown, claim("iat", 0))
	bed.expect(t, reasonOK, by(key2()), claim("iat", 0))
	bed.expectFetches(t, 2)
}

// acceptsTogether verifies a good token for so many callers at the same time.
func (b *testBed) acceptsTogether(t *testing.T, callers int, token string) {
	t.Helper()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if _, err := b.verifier.verify(context.Background(), token, &seen{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestConcurrentCallersShareAFetch(t *testing.T) {
	bed := newBed(t, "")
	bed.answer(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		io.WriteString(w, jwks(key1().jwk()))
	})
	before := bed.fetches.Load()
	bed.acceptsTogether(t, 100, mint())
	bed.expectFetches(t, before+1)
}

func TestTokensOfARotatedKeyAreAcceptedTogether(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.answer(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		io.WriteString(w, jwks(key2().jwk()))
	})
	bed.acceptsTogether(t, 32, mint(by(key2())))
	bed.expectFetches(t, 2)
}

func TestWhileAFetchHangsNoUnknownKeyIDIsJudged(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	bed.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for range 4 {
		ctx, cancel := context.WithTimeout(context.Background(), deadlineMargin+50*time.Millisecond)
		if _, why := bed.callWith(t, ctx, bearerOf(by(key2()))); why != string(errJWKSUnavailable) {
			t.Errorf("got %s, want %s", why, errJWKSUnavailable)
		}
		cancel()
	}
}

func TestTheIssuerDoesNotFillTheLog(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	bed := newBed(t, jwks(members{"kid": "x", "kty": long, "alg": long}))
	if length := len(bed.lines.String()); length > 8<<10 {
		t.Errorf("%d bytes in the log", length)
	}
}

func TestACallerIsAnsweredBeforeItsInvocationTimesOut(t *testing.T) {
	bed := newBed(t, "")
	bed.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(context.Background(), deadlineMargin+100*time.Millisecond)
	defer cancel()
	if _, why := bed.callWith(t, ctx, bearerOf()); why != string(errJWKSUnavailable) {
		t.Errorf("got %s, want %s", why, errJWKSUnavailable)
	}
	if ctx.Err() != nil {
		t.Error("the answer came after the deadline of the invocation")
	}
}

func TestAKeyIsOnlyUsedIfItIsSound(t *testing.T) {
	n := func(modulus *big.Int) string { return base64.RawURLEncoding.EncodeToString(modulus.Bytes()) }
	weak := rsaKey("weak", "RS256", 1024)
	for name, unfit := range map[string]members{
		"symmetric":                {"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "HS256"},
		"symmetric, no alg":        {"kty": "oct", "kid": "x", "k": "c2VjcmV0"},
		"symmetric, alg RS256":     {"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "RS256"},
		"private":                  key2().jwk(members{"kid": "x", "d": "AQAB"}),
		"a private exponent":       key2().jwk(members{"kid": "x", "dp": "AQAB"}),
		"a secret in a public key": key2().jwk(members{"kid": "x", "k": "AQAB"}),
		"a line break":             key2().jwk(members{"kid": "x", "e": "AQ\nAB"}),
		"an exponent of 32 bits":   key2().jwk(members{"kid": "x", "e": "_____w"}),
		"for encryption":           key2().jwk(members{"kid": "x", "use": "enc"}),
		"use in capitals":          key2().jwk(members{"kid": "x", "use": "SIG"}),
		"use a number":             key2().jwk(members{"kid": "x", "use": 1}),
		"key_ops without verify":   key2().jwk(members{"kid": "x", "key_ops": []string{"sign", "encrypt"}}),
		"key_ops empty":            key2().jwk(members{"kid": "x", "key_ops": []string{}}),
		"key_ops a string":         key2().jwk(members{"kid": "x", "key_ops": "verify"}),
		"alg of encryption":        key2().jwk(members{"kid": "x", "alg": "RSA-OAEP"}),
		"alg none":                 key2().jwk(members{"kid": "x", "alg": "none"}),
		"alg HS256":                key2().jwk(members{"kid": "x", "alg": "HS256"}),
		"alg not on the list":      p256().jwk(members{"kid": "x", "alg": "ES256K"}),
		"alg a number":             key2().jwk(members{"kid": "x", "alg": 1}),
		"no kid":                   key2().jwk(members{"kid": nil}),
		"kid empty":                key2().jwk(members{"kid": ""}),
		"kid a number":             key2().jwk(members{"kid": 1}),
		"no kty":                   key2().jwk(members{"kid": "x", "kty": nil}),
		"an unknown kty":           {"kty": "AKP", "kid": "x", "alg": "ML-DSA-44", "pub": "AAAA"},
		"an unknown crv":           p256().jwk(members{"kid": "x", "crv": "P-192"}),
		"secp256k1":                p256().jwk(members{"kid": "x", "crv": "secp256k1", "alg": nil}),
		"1024 bits":                weak.jwk(members{"kid": "x"}),
		"16384 bits":               key2().jwk(members{"kid": "x", "n": n(new(big.Int).SetBit(big.NewInt(1), 16383, 1))}),
		"an even modulus":          key2().jwk(members{"kid": "x", "n": n(new(big.Int).SetBit(new(big.Int), 2047, 1))}),
		"exponent 1":               key2().jwk(members{"kid": "x", "e": "AQ"}),
		"an even exponent":         key2().jwk(members{"kid": "x", "e": "Ag"}),
		"an exponent that wraps":   key2().jwk(members{"kid": "x", "e": "AQAAAAAAAQAB"}),
		"a modulus of ROCA":        key2().jwk(members{"kid": "x", "n": n(rocaModulus())}),
		"no modulus":               key2().jwk(members{"kid": "x", "n": nil}),
		"a modulus of blanks":      key2().jwk(members{"kid": "x", "n": " "}),
		"a point off the curve":    p256().jwk(members{"kid": "x", "x": strings.Repeat("A", 42) + "E"}),
		"the point at infinity":    p256().jwk(members{"kid": "x", "x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)}),
		"coordinates of 31 bytes":  p256().jwk(members{"kid": "x", "x": strings.Repeat("A", 42)[:40] + "AA"}),
		"P-384 under P-256":        p384().jwk(members{"kid": "x", "crv": "P-256", "alg": "ES256"}),
		"Ed25519 of 31 bytes":      ed().jwk(members{"kid": "x", "x": strings.Repeat("A", 42)[:42]}),
		"Ed25519 of small order":   ed().jwk(members{"kid": "x", "x": "AQ" + strings.Repeat("A", 41)}),
		"Ed25519 of order 8":       ed().jwk(members{"kid": "x", "x": "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"}),
		"Ed25519 off the curve":    ed().jwk(members{"kid": "x", "x": "Ag" + strings.Repeat("A", 41)}),
		"X25519":                   ed().jwk(members{"kid": "x", "crv": "X25519"}),
	} {
		t.Run(name, func(t *testing.T) {
			bed := newBed(t, jwks(unfit, key1().jwk()), everyAlgorithm)
			bed.expect(t, reasonOK)
			for _, alg := range []keyPair{key2().as("x", "RS256"), p256().as("x", "ES256"), ed().as("x", "EdDSA")} {
				bed.expect(t, errKidUnknown, by(alg))
			}

			alone := newBed(t, jwks(unfit), everyAlgorithm)
			if !strings.Contains(alone.lines.String(), `"dropped":[{"kid":`) && !strings.Contains(alone.lines.String(), "no key that can be used") {
				t.Errorf("the log does not say that the key was dropped: %s", alone.lines.String())
			}
			alone.expect(t, errJWKSUnavailable)
		})
	}
}

func TestNothingBesideAGoodKeySpoilsIt(t *testing.T) {
	good := toJSON(key1().jwk())
	for name, document := range map[string]string{
		"null":               `{"keys":[null,` + good + `]}`,
		"a number":           `{"keys":[1,` + good + `]}`,
		"an array":           `{"keys":[[],` + good + `]}`,
		"an empty key":       `{"keys":[{},` + good + `]}`,
		"repeated names":     `{"keys":[{"kid":"a","kid":"b"},` + good + `]}`,
		"other members":      `{"issuer":"x","keys":[` + good + `],"more":{"a":[1]}}`,
		"x5t in hex":         jwks(key1().jwk(members{"x5t": "AB:CD:EF", "x5t#S256": 7, "x5c": []string{"not base64!"}, "x5u": "http://127.0.0.1:1/"})),
		"null members":       strings.Replace(jwks(key1().jwk(members{"alg": nil, "use": nil})), `"kid"`, `"alg":null,"use":null,"key_ops":null,"d":null,"kid"`, 1),
		"unknown members":    jwks(key1().jwk(members{"iss": "x", "nbf": 1})),
		"key_ops verify":     jwks(key1().jwk(members{"key_ops": []string{"verify"}})),
		"no use":             jwks(key1().jwk(members{"use": nil})),
		"no alg":             jwks(key1().jwk(members{"alg": nil})),
		"blanks":             "\r\n " + jwks(key1().jwk()) + " \n",
		"64 keys":            jwks(append(repeat(key2().jwk(), 63), key1().jwk())...),
		"the kid of another": jwks(stranger().jwk(), p256().as("key-1", "ES256").jwk(), key1().jwk()),
	} {
		t.Run(name, func(t *testing.T) {
			newBed(t, document, everyAlgorithm).expect(t, reasonOK)
		})
	}
}

func TestNoMoreThanFourKeysShareAKid(t *testing.T) {
	bed := newBed(t, jwks(append(repeat(stranger().jwk(), 4), key1().jwk())...))
	bed.expect(t, errBadSignature)
}

func TestAPrivateKeyThatIsPublishedIsLoud(t *testing.T) {
	bed := newBed(t, jwks(key2().jwk(members{"d": "AQAB"}), key1().jwk()))
	if log := bed.lines.String(); !strings.Contains(log, `"level":"WARN"`) || !strings.Contains(log, "PRIVATE") {
		t.Errorf("the log does not warn: %s", log)
	}
}

func TestTheFetchAsksForKeysAndNotForYesterdays(t *testing.T) {
	var header http.Header
	bed := newBed(t, "")
	bed.answer(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		io.WriteString(w, jwks(key1().jwk()))
	})
	bed.expect(t, reasonOK)
	if header.Get("Accept") != "application/jwk-set+json, application/json" || header.Get("Cache-Control") != "no-cache" {
		t.Errorf("asked with %v", header)
	}
	if header.Get("Authorization") != "" {
		t.Error("an Authorization header was sent to the issuer")
	}
}

func TestEveryFetchIsLoggedWithItsOutcome(t *testing.T) {
	bed := newBed(t, jwks(key1().jwk()))
	var line struct {
		Level, Msg string
		Kept       []string
	}
	if err := json.Unmarshal([]byte(bed.lines.String()), &line); err != nil {
		t.Fatal(err)
	}
	if line.Level != "INFO" || line.Msg != "key set" || len(line.Kept) != 1 || line.Kept[0] != "key-1" {
		t.Errorf("got %+v", line)
	}
}

// rocaModulus is a number of 2048 bits of the form that the broken generator makes.
func rocaModulus() *big.Int {
	primorial := big.NewInt(1)
	for p := int64(3); p <= 167; p += 2 {
		if big.NewInt(p).ProbablyPrime(0) {
			primorial.Mul(primorial, big.NewInt(p))
		}
	}
	n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(123456789), primorial)
	step := new(big.Int).Lsh(primorial, uint(2047-primorial.BitLen()))
	for n.Add(n, step); n.Bit(0) == 0 || n.BitLen() < 2048; {
		n.Add(n, primorial).Add(n, step)
	}
	return n
}

func TestTheGeneratorOfROCAIsRecognised(t *testing.T) {
	if !hasROCAFingerprint(rocaModulus()) {
		t.Error("a modulus of the form k*M + 65537^a mod M was not recognised")
	}
	for _, key := range []keyPair{key1(), key2(), stranger()} {
		if hasROCAFingerprint(key.private.Public().(*rsa.PublicKey).N) {
			t.Error("a sound modulus was taken for one")
		}
	}
}
