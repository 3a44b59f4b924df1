package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"accountapi/test/issuer"

	"github.com/go-jose/go-jose/v4"
)

// tenant is an issuer that contestants trust. It serves http and https; its identifier is
// one of the two addresses, where libraries that need discovery find it.
type tenant struct {
	*issuer.Issuer
	plain, secure *httptest.Server
	path          net.Listener      // where clients reach secure: its own, or that of distant
	authorities   string            // file with the certificate of secure
	roots         map[string]string // the variables by which programs in Go trust it
	publicKey     string            // of the first algorithm: PKIX in base64
}

// openTenant starts an issuer whose identifier is its http or its https address. To the
// latter, a round trip takes this long. Its certificate is written to folder.
func openTenant(folder string, https bool, roundTrip time.Duration) (*tenant, error) {
	t := &tenant{}
	t.plain, t.secure = httptest.NewUnstartedServer(t), httptest.NewUnstartedServer(t)
	t.secure.EnableHTTP2 = true // as real issuers do
	t.path = t.secure.Listener
	var err error
	if roundTrip > 0 {
		if t.path, err = distant(t.secure.Listener.Addr().String(), roundTrip); err != nil {
			return nil, err
		}
	}
	identifier := "http://" + t.plain.Listener.Addr().String() + "/"
	if https {
		identifier = "https://" + t.path.Addr().String() + "/"
	}
	if t.Issuer, err = issuer.New(issuer.Config{URL: identifier}); err != nil {
		return nil, err
	}
	if t.publicKey, err = firstKey(t.JWKS()); err != nil {
		return nil, err
	}
	t.plain.Start()
	t.secure.StartTLS()

	file, err := os.CreateTemp(folder, "authorities-*.pem")
	if err != nil {
		return nil, err
	}
	t.authorities = file.Name()
	t.roots = map[string]string{"SSL_CERT_FILE": t.authorities}
	certificate := &pem.Block{Type: "CERTIFICATE", Bytes: t.secure.Certificate().Raw}
	return t, errors.Join(pem.Encode(file, certificate), file.Close())
}

func (t *tenant) close() {
	t.path.Close()
	t.plain.Close()
	t.secure.Close()
}

// environment returns a contestant's variables, which have the names of the authorizer's.
func (t *tenant) environment(c *contestant) map[string]string {
	keys := t.JWKSURL()
	if c.httpsOnly && strings.HasPrefix(keys, "http:") {
		keys = strings.Replace(keys, strings.TrimSuffix(t.URL(), "/"), t.secure.URL, 1)
	}
	variables := map[string]string{
		"TOKEN_ISSUER":        t.URL(),
		"AUDIENCE":            t.Audience(),
		"JWKS_URI":            keys,
		"PUBLIC_KEY":          t.publicKey,
		"NODE_EXTRA_CA_CERTS": t.authorities, // Node.js
	}
	maps.Copy(variables, t.roots)
	if c.oneThread {
		variables["GOMAXPROCS"] = "1"
	}
	return variables
}

// firstKey returns the first key of a JWK Set as PKIX in base64.
func firstKey(document []byte) (string, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(document, &set); err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(set.Keys[0].Key)
	return base64.StdEncoding.EncodeToString(der), err
}

// typical makes a token like those of a real tenant, of about 1 KB, for one of many
// callers.
func typical(i *issuer.Issuer, caller int, changes ...issuer.Option) string {
	return i.Token(append([]issuer.Option{
		issuer.Subject(subject(caller)),
		issuer.Claim("https://account-api.example.com/email", fmt.Sprintf("caller-%d@example.com", caller)),
		issuer.Claim("https://account-api.example.com/roles", []string{"reader", "writer", "owner"}),
		issuer.Claim("permissions", []string{"read:things"}),
		issuer.Claim("department", "Research and development, materials and measurement"),
	}, changes...)...)
}

func subject(caller int) string { return fmt.Sprintf("auth0|5f7c8ec7c33c6c004bbafe%02x", caller) }

// mint makes events with the tokens of so many callers.
func (t *tenant) mint(callers int) []event {
	events := make([]event, callers)
	var workers sync.WaitGroup
	step := runtime.NumCPU()
	for first := range step {
		workers.Go(func() {
			for caller := first; caller < callers; caller += step {
				events[caller] = newEvent(typical(t.Issuer, caller), subject(caller))
			}
		})
	}
	workers.Wait()
	return events
}
