package jwks

import (
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"accountapi/lambdas/internal/base64url"
	"accountapi/lambdas/internal/strictjson"
)

const maxKeys = 64 // in a set

// keyDocument is a JWK Set (RFC 7517 section 5) whose key material has not been read yet.
type keyDocument struct {
	usable  []candidate
	dropped []Dropped
}

// candidate is a published key that is used if its material is valid.
type candidate struct {
	kid        string // "" if it has none (RFC 7517 section 4.5)
	algorithms Algorithms
	material   map[string]string // the members that make up the public key
}

// Dropped is a key that was published but is not used.
type Dropped struct {
	Kid string `json:"kid"`
	Why string `json:"why"`
}

// readDocument reads a JWK Set strictly. A key that cannot be used does not spoil others.
func readDocument(body []byte, allowed Algorithms) (keyDocument, error) {
	set, ok := strictjson.ParseOutline(body, "keys")
	if !ok {
		return keyDocument{}, errors.New("the document is not one JSON object without repeated names")
	}
	published, ok := strictjson.Elements(set.Get("keys"))
	if !ok {
		return keyDocument{}, errors.New(`the document is not a JWK Set: it has no array "keys"`)
	}
	if len(published) > maxKeys {
		return keyDocument{}, fmt.Errorf("the document holds more than %d keys", maxKeys)
	}
	var d keyDocument
	for _, raw := range published {
		c, err := readKey(raw, allowed)
		if err != nil {
			d.dropped = append(d.dropped, Dropped{c.kid, err.Error()})
			continue
		}
		d.usable = append(d.usable, c)
	}
	return d, nil
}

// readKey reads one JWK (RFC 7517 section 4). Its error says why the key is not used; the
// kid is set with an error too if there is one.
func readKey(raw []byte, allowed Algorithms) (c candidate, err error) {
	published, ok := strictjson.ParseObject(raw, nil)
	if !ok {
		return c, errors.New("not a JSON object without repeated names")
	}
	// A member that is null counts as missing.
	published = slices.DeleteFunc(published, func(m strictjson.Member) bool { return string(m.Value) == "null" })
	kid, _ := strictjson.String(published.Get("kid"))
	if published.Has("kid") && (kid == "" || len(kid) > MaxKeyID) {
		return c, errors.New("no usable kid")
	}
	c.kid = kid
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if published.Has(private) {
			return c, errors.New("PRIVATE or secret key published: it is compromised, the issuer must replace it")
		}
	}
	if use, _ := strictjson.String(published.Get("use")); published.Has("use") && use != "sig" {
		return c, errors.New("use is not sig")
	}
	if ops := published.Get("key_ops"); ops != nil {
		list, _ := strictjson.Strings(ops)
		if ops[0] != '[' || !slices.Contains(list, "verify") {
			return c, errors.New("key_ops does not have verify")
		}
	}
	kty, _ := strictjson.String(published.Get("kty"))
	crv, _ := strictjson.String(published.Get("crv"))
	alg, ok := strictjson.String(published.Get("alg"))
	if published.Has("alg") && !ok {
		return c, errors.New("alg is not a string")
	}
	for _, a := range allowed {
		// A key with an alg is used with that algorithm only (RFC 7517 section 4.4).
		if a.kty == kty && (a.crv == "" || a.crv == crv) && (alg == "" || a.is(alg)) {
			c.algorithms = append(c.algorithms, a)
		}
	}
	if len(c.algorithms) == 0 {
		return c, fmt.Errorf("no allowed algorithm goes with kty %.16q crv %.16q alg %.16q", kty, crv, alg)
	}
	c.material = map[string]string{"kty": kty}
	if crv != "" && kty != "RSA" {
		c.material["crv"] = crv
	}
	for name, want := range materialOf(kty, crv) {
		value, _ := strictjson.String(published.Get(name))
		decoded, _, ok := base64url.AppendDecode(nil, []byte(value))
		if !ok || want.exact > 0 && len(decoded) != want.exact || want.most > 0 && len(decoded) > want.most {
			return c, fmt.Errorf("%s is missing, not base64url or of a wrong length", name)
		}
		c.material[name] = value
	}
	return c, nil
}

// length limits a member of a JWK, in decoded bytes; 0 is no limit.
type length struct{ exact, most int }

// materialOf returns the members that make up a public key, with their lengths (RFC 7518
// sections 6.2.1 and 6.3.1, RFC 8037 section 2).
func materialOf(kty, crv string) map[string]length {
	switch {
	case kty == "RSA":
		return map[string]length{"n": {}, "e": {most: 4}} // jwx would truncate a longer exponent
	case kty == "OKP":
		return map[string]length{"x": {exact: ed25519.PublicKeySize}}
	}
	coordinate := length{exact: map[string]int{"P-256": 32, "P-384": 48, "P-521": 66}[crv]}
	return map[string]length{"x": coordinate, "y": coordinate}
}

// cleaned is the set that a parser is given: the usable keys, with only the members that
// make up the public key, so that no other member, such as a wrong x5t, spoils the set.
// The kid of each is its place in d.usable.
func (d keyDocument) cleaned() []byte {
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	for place, c := range d.usable {
		c.material["kid"] = strconv.Itoa(place)
		set.Keys = append(set.Keys, c.material)
	}
	text, _ := json.Marshal(set) // strings always marshal
	return text
}

// keys returns the keys by kid, "" for those without one. parsed are the keys of the
// cleaned set by place; nil is a key that the parser could not read. Keys whose material
// is not valid are left out; dropped has all keys that are not used.
func (d keyDocument) keys(parsed map[int]crypto.PublicKey) (keys map[string][]publicKey, dropped []Dropped) {
	keys = make(map[string][]publicKey, len(d.usable))
	dropped = d.dropped
	for place, c := range d.usable {
		why := "the key cannot be read"
		if public := parsed[place]; public != nil {
			why = weakness(public)
		}
		if why != "" {
			dropped = append(dropped, Dropped{c.kid, why})
			continue
		}
		keys[c.kid] = append(keys[c.kid], publicKey{parsed[place], c.algorithms})
	}
	return keys, dropped
}
