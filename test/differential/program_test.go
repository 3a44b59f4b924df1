package differential

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// A program makes a good token and edits it. The fuzzer writes programs, because a token
// of random bytes would hardly ever have a good signature.
//
// The first byte selects the key. Each instruction has three bytes: the operation, and
// two operands, which are taken modulo the number of choices.

// member is one member of a JSON object, name and value as they are written.
type member struct{ name, value string }

// draft is a token before it is signed. Its objects are lists, so that names can be
// repeated.
type draft struct {
	algorithm string
	parts     [2][]member // header, claims
	blank     [2]string   // white space around the members of header, claims
}

const (
	header = iota
	claims
)

// The operations of an instruction; the operands are called a and b.
const (
	setHeader       = iota // member a to value b, or add it
	setClaim               // the same
	removeHeader           // member a
	removeClaim            // the same
	repeatHeader           // member a once more, with value b
	repeatClaim            // the same
	escapeName             // of the a-th member of header or claims (b), as \u escapes
	writeBlanks            // blank a around the members of header or claims (b)
	nestClaim              // value b in a arrays, as the claim "nested"
	insertByte             // byte b into the token, a 256ths from its start
	removeByte             // a 256ths from the token's start
	padPart                // part a, with b padding characters
	editSignature          // bit b of byte a
	extendSignature        // by byte a, b times
	otherKid               // the kid of algorithm a
	operations
)

var names = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "scp", "azp", "client_id", "cnf", "nonce", "token_use",
	"name",
	"alg", "kid", "typ", "crit", "b64", "cty", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t",
	// Names of other kinds of documents, and names that differ from known ones only in
	// case.
	"keys", "kty", "ciphertext", "payload", "signatures", "protected", "header", "ISS", "Sub", "EXP", "Alg", "",
	"__proto__",
}

var values = []string{
	`"` + issuer + `"`, `"` + subject + `"`, `"` + audience + `"`, expires, issued,
	`["` + audience + `"]`, `["a","` + audience + `"]`, `["` + audience + `",1]`, `"` + audience + `/"`,
	`"https:\/\/api.example"`, `"` + strings.TrimSuffix(issuer, "/") + `"`, `"https:\/\/issuer.example\/"`,
	`"\u0075ser|42"`, `"Dani\u00ebl 丁 😀"`, `"\ud83d\ude00"`, `"\ud83d"`, "\"\xff\"", "\"\x01\"",
	expires + ".5", "4e9", "4.0E+9", "40000000000e-1", "1e18", "-1", "0", "1", "1.5", "253402300799", "253402300800",
	"9223372036854774784", "1e999", "01", "+1", "-0", `"` + expires + `"`, `""`, `"x"`, `null`, `true`, `false`,
	`[]`, `{}`, `[null]`, `{"a":1}`, `{"a":1,"a":2}`, `{"a":[{"b":"c"}]}`, `["a","b"]`, `"get:profile"`,
	`"JWT"`, `"at+jwt"`, `"application/at+jwt"`, `"AT+JWT"`, `"dpop+jwt"`,
	`"RS256"`, `"PS256"`, `"ES256"`, `"EdDSA"`, `"none"`, `"HS256"`, `["exp"]`,
}

var blanks = []string{"", " ", "\n", "\r\n\t ", "\f", "\u00a0", ",", "//"}

// run makes the token that a program describes.
func (v *verifiers) run(program []byte) string {
	if len(program) == 0 {
		program = []byte{0}
	}
	algorithm := algorithms[int(program[0])%len(algorithms)]
	d := draft{algorithm: algorithm}
	d.parts[header] = []member{{"alg", `"` + algorithm + `"`}, {"kid", `"` + algorithm + `"`}, {"typ", `"JWT"`}}
	d.parts[claims] = []member{
		{"iss", `"` + issuer + `"`}, {"sub", `"` + subject + `"`}, {"aud", `"` + audience + `"`},
		{"iat", issued}, {"exp", expires},
	}
	var afterwards []func(token []byte) []byte // edits of the finished token
	for rest := program[1:]; len(rest) >= 3 && len(program) <= 64; rest = rest[3:] {
		operation, x, y := int(rest[0])%operations, int(rest[1]), int(rest[2])
		name, value := names[x%len(names)], values[y%len(values)]
		switch operation {
		case setHeader, setClaim:
			d.set(operation-setHeader, name, value)
		case removeHeader, removeClaim:
			d.remove(operation-removeHeader, name)
		case repeatHeader, repeatClaim:
			part := operation - repeatHeader
			d.parts[part] = append(d.parts[part], member{name, value})
		case escapeName:
			if part := d.parts[y%2]; len(part) > 0 && !strings.Contains(part[x%len(part)].name, `\`) {
				part[x%len(part)].name = escaped(part[x%len(part)].name)
			}
		case writeBlanks:
			d.blank[y%2] = blanks[x%len(blanks)]
		case nestClaim:
			d.set(claims, "nested", strings.Repeat("[", x%20)+value+strings.Repeat("]", x%20))
		case otherKid:
			d.set(header, "kid", `"`+algorithms[x%len(algorithms)]+`"`)
		default:
			afterwards = append(afterwards, func(token []byte) []byte { return editToken(token, operation, x, y) })
		}
	}
	token := []byte(v.sign(algorithm, d.object(header), d.object(claims)))
	for _, edit := range afterwards {
		token = edit(token)
	}
	return string(token)
}

func (d *draft) set(part int, name, value string) {
	for n, m := range d.parts[part] {
		if m.name == name {
			d.parts[part][n].value = value
			return
		}
	}
	d.parts[part] = append(d.parts[part], member{name, value})
}

func (d *draft) remove(part int, name string) {
	for n, m := range d.parts[part] {
		if m.name == name {
			d.parts[part] = append(d.parts[part][:n:n], d.parts[part][n+1:]...)
			return
		}
	}
}

func (d *draft) object(part int) []byte {
	var text bytes.Buffer
	text.WriteString(d.blank[part] + "{")
	for n, m := range d.parts[part] {
		if n > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `%s"%s"%[1]s:%[1]s%[3]s%[1]s`, d.blank[part], m.name, m.value)
	}
	text.WriteString("}" + d.blank[part])
	return text.Bytes()
}

func escaped(name string) string {
	var text strings.Builder
	for _, r := range name {
		fmt.Fprintf(&text, `\u%04x`, r)
	}
	return text.String()
}

func editToken(token []byte, operation, x, y int) []byte {
	at := x * len(token) / 256
	dot := bytes.LastIndexByte(token, '.')
	switch operation {
	case insertByte:
		return append(token[:at:at], append([]byte{byte(y)}, token[at:]...)...)
	case removeByte:
		if len(token) > 0 {
			return append(token[:at:at], token[at+1:]...)
		}
	case padPart:
		parts := bytes.Split(token, []byte("."))
		parts[x%len(parts)] = append(parts[x%len(parts)], strings.Repeat("=", y%3)...)
		return bytes.Join(parts, []byte("."))
	case editSignature, extendSignature:
		signature, err := base64.RawURLEncoding.DecodeString(string(token[dot+1:]))
		if err != nil || len(signature) == 0 {
			break
		}
		if operation == editSignature {
			signature[x%len(signature)] ^= 1 << (y % 8)
		} else {
			signature = append(signature, bytes.Repeat([]byte{byte(x)}, y%70)...)
		}
		return append(token[:dot+1:dot+1], base64.RawURLEncoding.EncodeToString(signature)...)
	}
	return token
}

// seeds are programs with every operation, and with every value where verifiers may
// differ.
func seeds() (programs []string) {
	add := func(instructions ...byte) {
		key := byte(len(programs) % len(algorithms))
		programs = append(programs, string(append([]byte{key}, instructions...)))
	}
	index := func(list []string, wanted string) byte {
		for n, s := range list {
			if s == wanted {
				return byte(n)
			}
		}
		panic("no such seed: " + wanted)
	}
	for range algorithms {
		add()
	}
	// Every value, as a claim that no verifier reads and as claims that all read.
	for v := range values {
		for _, claim := range []string{"name", "aud", "exp"} {
			add(setClaim, index(names, claim), byte(v))
		}
	}
	// Every name, with a valid value, in header and claims.
	for n := range names {
		add(setClaim, byte(n), index(values, `"x"`))
		add(setHeader, byte(n), index(values, `"x"`))
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat"} {
		add(removeClaim, index(names, name), 0)
		add(repeatClaim, index(names, name), index(values, "1"))
	}
	for _, name := range []string{"iss", "sub", "nbf", "iat", "typ"} {
		for _, value := range []string{
			`"\u0075ser|42"`, `"https:\/\/issuer.example\/"`, issued, expires, "1.5", "0", "-0", "null", `"at+jwt"`,
		} {
			add(setClaim, index(names, name), index(values, value))
		}
	}
	for _, value := range []string{`"JWT"`, `"at+jwt"`, `"application/at+jwt"`, `"AT+JWT"`, `"dpop+jwt"`, "null"} {
		add(setHeader, index(names, "typ"), index(values, value))
	}
	for n := range byte(5) {
		add(escapeName, n, header)
		add(escapeName, n, claims)
	}
	for n := range byte(len(blanks)) {
		add(writeBlanks, n, header)
		add(writeBlanks, n, claims)
		add(writeBlanks, n, header, writeBlanks, n, claims, setClaim, index(names, "name"), n)
	}
	for n := range byte(18) {
		add(nestClaim, n, index(values, `{"a":1}`))
	}
	for n := range byte(len(algorithms)) {
		add(otherKid, n, 0)
		add(setHeader, index(names, "alg"), index(values, `"`+algorithms[n]+`"`))
	}
	for _, c := range []byte("=.-_+/ \nA\x00") {
		for _, at := range []byte{0, 10, 100, 200, 255} {
			add(insertByte, at, c)
		}
	}
	for n := range byte(3) {
		add(padPart, n, 1)
		add(padPart, n, 2)
		add(removeByte, 90*n, 0)
		add(editSignature, 40*n, n)
		add(extendSignature, 0, n+1)
	}
	return programs
}
