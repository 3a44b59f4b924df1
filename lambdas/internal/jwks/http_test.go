package jwks

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// faults are the ways in which an issuer fails to give its keys.
func faults(t *testing.T) map[string]http.HandlerFunc {
	good := jwks(key1().JWK())
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, good) }
	}
	elsewhere := httptest.NewServer(text(good))
	t.Cleanup(elsewhere.Close)
	return map[string]http.HandlerFunc{
		"status 500":          status(500),
		"status 503":          status(503),
		"status 403":          status(403),
		"status 404":          status(404),
		"status 429":          status(429),
		"status 201":          status(201),
		"status 206":          status(206),
		"status 203":          status(203),
		"status 204":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"status 304":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) },
		"a redirect":          redirect(elsewhere.URL),
		"a redirect loop":     redirect("/"),
		"no answer":           func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a slow body":         slow(good),
		"a closed connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a short body": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			io.WriteString(w, good)
		},
		"a long header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 70<<10))
			io.WriteString(w, good)
		},
		"a huge body":     text(good + strings.Repeat(" ", 1<<20)),
		"a gzip bomb":     bomb,
		"HTML":            text("<!doctype html><title>Sign in</title>"),
		"nothing":         text(""),
		"truncated JSON":  text(good[:len(good)-2]),
		"an object after": text(good + "{}"),
		"null":            text("null"),
		"a bare key":      text(toJSON(key1().JWK())),
		"no keys member":  text(`{"Keys":[]}`),
		"KEYS":            text(strings.Replace(good, "keys", "KEYS", 1)),
		"keys null":       text(`{"keys":null}`),
		"keys an object":  text(`{"keys":{}}`),
		"keys empty":      text(`{"keys":[]}`),
		"keys twice":      text(`{"keys":[],` + good[1:]),
		"65 keys":         text(jwks(repeat(key1().JWK(), 65)...)),
		"only unfit keys": text(jwks(key1().JWK(members{"use": "enc"}))),
		"broken UTF-8":    text(strings.Replace(good, "{", "{\"x\":\"\xff\",", 1)),
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
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
	io.WriteString(zip, jwks(key1().JWK()))
	blank := []byte(strings.Repeat(" ", 1<<20))
	for range 64 {
		zip.Write(blank)
	}
	zip.Close()
}

func TestTimeToLiveIsWhatTheIssuerSaysWithinLimits(t *testing.T) {
	const minute = time.Minute
	for name, test := range map[string]struct {
		cacheControl string
		min, max     time.Duration
	}{
		"no directive":        {"", 13*minute + 30*time.Second, 16*minute + 30*time.Second},
		"20 minutes":          {"public, max-age=1200", 18 * minute, 22 * minute},
		"20 min, in quotes":   {`Max-Age="1200"`, 18 * minute, 22 * minute},
		"zero":                {"max-age=0", 5 * minute, 5 * minute},
		"a year":              {"max-age=31536000", 60 * minute, 60 * minute},
		"more than an int64":  {"max-age=99999999999999999999", 54 * minute, 60 * minute},
		"negative":            {"max-age=-1", 13 * minute, 17 * minute},
		"no number":           {"max-age=soon", 13 * minute, 17 * minute},
		"for shared caches":   {"s-maxage=60", 13 * minute, 17 * minute},
		"two lines, as one":   {"public,max-age=1200", 18 * minute, 22 * minute},
		"other syntax errors": {`,,=,"max-age=1,max-age==1`, 13 * minute, 17 * minute},
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				if got := timeToLive([]string{test.cacheControl}); got < test.min || got > test.max {
					t.Fatalf("got %v, want %v to %v", got, test.min, test.max)
				}
			}
		})
	}
}

func TestTimeToLiveIsSpreadOverTenPercentAroundWhatTheIssuerSays(t *testing.T) {
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		ttl := timeToLive([]string{"max-age=1200"})
		least, most = min(least, ttl), max(most, ttl)
	}
	if least > 18*time.Minute+20*time.Second || most < 21*time.Minute+40*time.Second {
		t.Errorf("a thousand times to live are from %v to %v, want 18 to 22 minutes", least, most)
	}
}

func TestDirectivesInSeveralFieldsCount(t *testing.T) {
	ttl := timeToLive([]string{"public", "max-age=1200"})
	if ttl < 18*time.Minute || ttl > 22*time.Minute {
		t.Errorf("got %v, want 18 to 22 minutes", ttl)
	}
}

func TestFetchMayTakeThreeSeconds(t *testing.T) {
	for name, test := range map[string]struct {
		takes time.Duration
		want  error
	}{
		"2.5 s": {2500 * time.Millisecond, nil},
		"3.5 s": {3500 * time.Millisecond, ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bed := newColdBed(t)
			bed.Answer(slowly(jwks(key1().JWK()), test.takes))
			bed.Prefetch() // waits as long
			bed.Answer(status(500))
			bed.expect(t, test.want, key1())
		})
	}
}

func TestHeaderOf60KBIsTaken(t *testing.T) {
	bed := newColdBed(t)
	bed.publish(jwks(key1().JWK()), "X", strings.Repeat("x", 60<<10))
	bed.expect(t, nil, key1())
}

func TestEveryFetchHasAConnectionOfItsOwn(t *testing.T) {
	var ports []string
	bed := newColdBed(t)
	bed.Answer(func(w http.ResponseWriter, r *http.Request) {
		ports = append(ports, r.RemoteAddr)
		io.WriteString(w, jwks(key1().JWK()))
	})
	for range 2 {
		bed.expect(t, nil, key1())
		bed.clock.Advance(time.Hour)
	}
	if len(ports) != 2 || ports[0] == ports[1] {
		t.Errorf("fetches from %v, want two ports: a connection does not survive a freeze", ports)
	}
}

func TestKeysAreFetchedThroughTheProxyOfTheEnvironment(t *testing.T) {
	proxy := NewTransport(nil).plain.Proxy
	for url, want := range map[string]string{
		"https://tenant.example/.well-known/jwks.json": "http://proxy.example:8080",
		"http://127.0.0.1:3001/jwks":                   "<nil>",
	} {
		got, err := proxy(httptest.NewRequest(http.MethodGet, url, nil))
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: got %v (%v), want %s", url, got, err, want)
		}
	}
}

func TestFetchAsksForAFreshKeySetWithoutCredentials(t *testing.T) {
	var header http.Header
	var asked string
	bed := newColdBed(t)
	rs256 := Algorithms{Supported().Named("RS256")}
	bed.Set = New(bed.URL+"/a/keys?b=c", rs256, NewTransport(nil), bed.clock.Now, func(Fetch) {})
	t.Cleanup(bed.Close)
	bed.Answer(func(w http.ResponseWriter, r *http.Request) {
		header, asked = r.Header.Clone(), r.Method+" "+r.RequestURI
		io.WriteString(w, jwks(key1().JWK()))
	})
	bed.expect(t, nil, key1())
	if asked != "GET /a/keys?b=c" {
		t.Errorf("asked for %s, want GET /a/keys?b=c", asked)
	}
	for name, want := range map[string]string{
		"Accept":        "application/jwk-set+json, application/json",
		"Cache-Control": "no-cache",
		"Authorization": "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
