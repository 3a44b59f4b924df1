package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/edwards25519"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// The rules of the key set. Ages are by the wall clock: a Lambda environment is frozen
// between invocations, and the monotonic clock may not run meanwhile.
const (
	fetchTimeout   = 1500 * time.Millisecond // for one fetch, connection to last byte
	prefetchBudget = 2 * time.Second         // during init, which AWS bounds at 10 s
	deadlineMargin = 500 * time.Millisecond  // of an invocation, left to answer in

	minTTL     = 5 * time.Minute
	maxTTL     = time.Hour // so long may a key that the issuer has removed be trusted
	defaultTTL = 15 * time.Minute
	maxStale   = 24 * time.Hour // so long does an outage at the issuer not matter

	// One refresh for an unknown kid per cooldown, and one more if the kid comes again, or if
	// nobody has asked for an unknown kid for a moment, which is the longer the more have
	// asked. The second keeps stray tokens from delaying a key rotation that follows on their
	// heels; a storm of made-up kids does not get it.
	unknownKidCooldown = 30 * time.Second
	quietMoment        = 50 * time.Millisecond
	quietPerUnknownKid = 250 * time.Microsecond
	maxQuietMoment     = 500 * time.Millisecond
	maxAbsent          = 64 // kids remembered as not in the set
	maxRecent          = 16 // kids remembered because they were refused without a look

	replacedKeyAge = 5 * time.Minute // of a set, before a bad signature makes us doubt it

	maxBackoff        = 30 * time.Second
	maxBackoffNothing = 2 * time.Second // while there are no keys at all
	maxDocument       = 256 << 10       // bytes, after decompression
	maxKeys           = 64
	maxKeysPerKid     = 4
	never             = 20 * 365 * 24 * time.Hour
)

// key is one public key of the issuer, ready to verify with.
type key struct {
	public     crypto.PublicKey
	algorithms []*algorithm // of the allowlist that this key may be used with, never none
}

// snapshot is the issuer's key set as of one fetch. Apart from doubted it never changes.
type snapshot struct {
	keys    map[string][]key // by kid
	fetched time.Time
	ttl     time.Duration
	doubted atomic.Bool // a bad signature has had its refresh already
}

// age returns how old the set is. A set from the future means that the clock was set
// back, and then nothing is known about its age.
func (s *snapshot) age(now time.Time) time.Duration {
	if age := now.Sub(s.fetched); age >= 0 {
		return age
	}
	return never
}

// keySet is the issuer's JWK Set, kept by jwx's jwk.Cache and made for a process that is
// frozen between invocations. Network happens inside init or an invocation, never
// between: there are no timers, and keys in hand are read from an atomic snapshot
// without a lock that a fetch might hold. It is the only file that knows jwx.
//
// jwk.Cache fetches and stores; it is driven by Refresh alone, its own refresh interval
// being set beyond reach, because its Get blocks while a fetch is under way and gives up
// for the length of that interval after a failed first fetch.
type keySet struct {
	url      string
	now      func() time.Time
	onFetch  func(fetch)
	cache    *jwk.Cache
	current  atomic.Pointer[snapshot] // nil until a fetch has succeeded
	document *document
	life     context.Context // of jwx's workers and of fetches
	stop     context.CancelFunc

	mu           sync.Mutex        // guards what follows; never held during network
	underWay     *flight           // the one fetch there may be at a time
	failures     int               // fetches that failed since the last one that did not
	retryAt      time.Time         // no fetch before that, after a failure
	cooldownFrom time.Time         // the last refresh for an unknown kid
	spareFrom    time.Time         // the last such refresh within a cooldown
	lastUnknown  time.Time         // when somebody last asked for an unknown kid
	unknown      int               // how many have since cooldownFrom
	recent       [maxRecent]string // the last of them since a fetch
	absent       map[string]struct{}
}

// flight is a fetch that others may wait for.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// fetch is what there is to tell about one fetch of the set.
type fetch struct {
	duration time.Duration
	kept     []string     // kids
	dropped  []droppedKey // published, but not used
	err      error
}

type droppedKey struct {
	Kid string `json:"kid"`
	Why string `json:"why"`
}

// newKeySet returns a key set that holds nothing yet. onFetch is told about every fetch.
func newKeySet(url string, allowed []*algorithm, now func() time.Time, onFetch func(fetch)) *keySet {
	s := &keySet{
		url:      url,
		now:      func() time.Time { return now().Round(0) }, // wall clock only
		onFetch:  onFetch,
		document: newDocument(allowed),
		absent:   make(map[string]struct{}),
	}
	s.life, s.stop = context.WithCancel(context.Background())
	s.cache = jwk.NewCache(s.life, jwk.WithRefreshWindow(never))
	err := s.cache.Register(url,
		jwk.WithHTTPClient(s.document),
		jwk.WithRefreshInterval(never),
		jwk.WithPostFetcher(jwk.PostFetchFunc(s.publish)),
		jwk.WithIgnoreParseError(true))
	if err != nil {
		panic(err) // only for an interval below the window
	}
	return s
}

// close ends jwx's workers. A Lambda process never needs it, tests do.
func (s *keySet) close() { s.stop() }

// prefetch fetches the set during init, so that the first invocation does no network.
// A failure is no reason not to start: the invocations try again.
func (s *keySet) prefetch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, prefetchBudget)
	defer cancel()
	_ = s.refresh(ctx) // reported through onFetch
}

// age returns the age of the set in use; ok is false without one.
func (s *keySet) age() (age time.Duration, ok bool) {
	set := s.current.Load()
	if set == nil {
		return 0, false
	}
	return set.age(s.now()), true
}

// find returns the issuer's keys with this kid, and the set they are in. The error is
// errKidUnknown if the issuer has none, and holds errJWKSUnavailable if that cannot be
// told now: then it is not the caller's fault.
func (s *keySet) find(ctx context.Context, kid string) (*snapshot, []key, error) {
	set := s.current.Load()
	now := s.now() // after that: a set is never younger than the look at it
	if set == nil || set.age(now) >= set.ttl {
		err := s.refresh(ctx)
		fresh := s.current.Load()
		if fresh == nil || fresh.age(s.now()) >= maxStale { // not now: the fetch came after it
			return nil, nil, unavailable(err)
		}
		if keys := fresh.keys[kid]; keys != nil {
			return fresh, keys, nil // perhaps stale: better than an outage for everyone
		}
		if err != nil {
			return nil, nil, unavailable(err)
		}
		return nil, nil, errKidUnknown
	}
	if keys := set.keys[kid]; keys != nil {
		return set, keys, nil
	}

	// The issuer may have rotated its keys (OpenID Connect Core section 10.1.1).
	if !s.mayAskFor(kid, set, now) {
		return nil, nil, errKidUnknown
	}
	if err := s.refresh(ctx); err != nil {
		return nil, nil, unavailable(err)
	}
	set = s.current.Load()
	if keys := set.keys[kid]; keys != nil {
		return set, keys, nil
	}
	s.remember(kid)
	return nil, nil, errKidUnknown
}

// findReplaced returns the keys with this kid from a newer set than the given one, after
// a signature did not fit: a provider may reuse a kid. It asks once per set, and only if
// the set has some age, so that bad signatures cannot make us fetch at will.
func (s *keySet) findReplaced(ctx context.Context, set *snapshot, kid string) []key {
	if set.age(s.now()) < replacedKeyAge || set.doubted.Swap(true) {
		return nil
	}
	if s.refresh(ctx) != nil {
		return nil
	}
	return s.current.Load().keys[kid]
}

// mayAskFor tells whether an unknown kid is worth a refresh now. After a failure it
// always is: refresh itself then decides by its backoff, and the answer is "unavailable"
// instead of "unknown". So it is while a fetch is under way, which costs nothing to join.
func (s *keySet) mayAskFor(kid string, set *snapshot, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures > 0 || s.underWay != nil {
		return true
	}
	if _, known := s.absent[kid]; known && set.age(now) < unknownKidCooldown {
		return false
	}
	quiet := elapsed(s.lastUnknown, now, min(quietMoment+time.Duration(s.unknown)*quietPerUnknownKid, maxQuietMoment))
	again := slices.Contains(s.recent[:], kid)
	s.lastUnknown = now
	s.recent[s.unknown%maxRecent] = kid
	s.unknown++
	switch {
	case elapsed(s.cooldownFrom, now, unknownKidCooldown):
		s.cooldownFrom = now
		s.unknown = 1
	case (again || quiet) && elapsed(s.spareFrom, now, unknownKidCooldown):
		s.spareFrom = now
	default:
		return false
	}
	return true
}

// elapsed tells whether d has passed since then; a clock that was set back counts as
// enough.
func elapsed(then, now time.Time, d time.Duration) bool {
	return now.Sub(then) >= d || now.Before(then)
}

// remember keeps a kid that a refresh has just not brought, so that a client that tries
// it again and again does not use up the refreshes of others.
func (s *keySet) remember(kid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.absent) < maxAbsent {
		s.absent[kid] = struct{}{}
	}
}

// refresh fetches the set, or waits for the fetch that is under way, and returns its
// error. It waits no longer than ctx and the budget of an invocation allow.
func (s *keySet) refresh(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-deadlineMargin))
		defer cancel()
	}
	joined, err := s.await(ctx)
	if joined && err != nil && ctx.Err() == nil {
		// That fetch began before this call, perhaps before a freeze that it did not
		// survive.
		_, err = s.await(ctx)
	}
	return err
}

// await waits for a fetch: the one under way, if joined, else a new one.
func (s *keySet) await(ctx context.Context) (joined bool, err error) {
	s.mu.Lock()
	f := s.underWay
	joined = f != nil
	if !joined {
		if s.now().Before(s.retryAt) {
			s.mu.Unlock()
			return false, errors.New("a fetch has just failed, the next try is due soon")
		}
		f = &flight{done: make(chan struct{})}
		s.underWay = f
		go s.fetch(f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return joined, f.err
	case <-ctx.Done():
		return joined, fmt.Errorf("no answer in time: %w", ctx.Err())
	}
}

// fetch runs in a goroutine of its own: an invocation that cannot wait leaves it behind.
// It ends by fetchTimeout, and publish has been called by then if all is well.
func (s *keySet) fetch(f *flight) {
	start := time.Now()
	_, f.err = s.cache.Refresh(s.life, s.url)
	report := fetch{duration: time.Since(start), dropped: s.document.dropped, err: f.err}
	if f.err == nil {
		for kid := range s.current.Load().keys {
			report.kept = append(report.kept, kid)
		}
	}

	s.mu.Lock()
	s.underWay = nil
	if f.err == nil {
		s.failures = 0
		s.retryAt = time.Time{}
		clear(s.absent)
		clear(s.recent[:])
	} else {
		s.retryAt = s.now().Add(backoff(s.failures, s.current.Load() != nil))
		s.failures++
	}
	s.mu.Unlock()
	s.onFetch(report)
	close(f.done)
}

// backoff returns how long not to fetch after a failure that came on top of so many. The
// first one is free: it may have been the network's, and init's try cost no caller yet.
func backoff(failures int, haveKeys bool) time.Duration {
	if failures == 0 {
		return 0
	}
	limit := maxBackoff
	if !haveKeys {
		limit = maxBackoffNothing
	}
	wait := min(time.Second<<min(failures-1, 10), limit)
	return wait/2 + rand.N(wait/2) // environments must not come back in step
}

// publish takes over a set that jwx has fetched and parsed. Its error keeps the old set.
func (s *keySet) publish(_ string, set jwk.Set) (jwk.Set, error) {
	keys := s.document.keys(set)
	if len(keys) == 0 {
		return nil, errors.New("the document holds no key that can be used")
	}
	s.current.Store(&snapshot{keys: keys, fetched: s.now(), ttl: s.document.ttl})
	return set, nil
}

func unavailable(err error) error {
	return fmt.Errorf("%w: %w", errJWKSUnavailable, err)
}

// document fetches the JWK Set document for jwx and hands it on cleaned: only keys that
// this API could use, and of those only the members that make up the public key, so that
// nothing else in them (legacy x5t values, for one) can spoil the set. It serves one
// fetch at a time.
type document struct {
	client  *http.Client
	allowed []*algorithm

	// Of the last fetch:
	ttl     time.Duration
	usable  []candidate
	dropped []droppedKey
}

// candidate is a published key that may be used if its material is sound.
type candidate struct {
	kid        string
	algorithms []*algorithm
	parsed     bool
}

func newDocument(allowed []*algorithm) *document {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &document{
		allowed: allowed,
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:             http.ProxyFromEnvironment,
				DisableKeepAlives: true, // the other end is gone after a freeze
				Protocols:         &http1,

				MaxResponseHeaderBytes: 64 << 10,
			},
			// A redirect would lead past the check of the URL, and to where somebody
			// else says. It ends as a status that is not 200.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Get is what jwx calls to fetch the set.
func (d *document) Get(url string) (*http.Response, error) {
	d.usable, d.dropped = nil, nil
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("Cache-Control", "no-cache") // caches on the way may hold the keys of yesterday
	response, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		// The status in words of our own: the issuer's may be of any length.
		return nil, fmt.Errorf("status %d %s, want 200", response.StatusCode, http.StatusText(response.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxDocument {
		return nil, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	cleaned, err := d.clean(body)
	if err != nil {
		return nil, err
	}
	d.ttl = timeToLive(strings.Join(response.Header.Values("Cache-Control"), ","))
	response.Body = io.NopCloser(bytes.NewReader(cleaned))
	return response, nil
}

// timeToLive returns how long a set is used before it is fetched again: as long as the
// issuer says (RFC 9111 section 5.2.2.1), within bounds, and not in step with others.
func timeToLive(cacheControl string) time.Duration {
	ttl := defaultTTL
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
			ttl = time.Duration(seconds) * time.Second
		} else if errors.Is(err, strconv.ErrRange) {
			ttl = maxTTL
		}
	}
	ttl += time.Duration((rand.Float64() - 0.5) / 5 * float64(ttl)) // ±10 %
	return min(max(ttl, minTTL), maxTTL)
}

// clean reads a JWK Set (RFC 7517 section 5) strictly and returns one that holds the
// usable keys, each with its place in d.usable for a kid.
func (d *document) clean(body []byte) ([]byte, error) {
	// Names repeated inside a key spoil that key alone.
	set, ok := parseObject(body, nil, jsontext.AllowDuplicateNames(true))
	if !ok {
		return nil, errors.New("the document is not one JSON object")
	}
	names := map[string]bool{}
	for _, m := range set {
		if names[string(m.name)] {
			return nil, fmt.Errorf("the document repeats the name %.16q", m.name)
		}
		names[string(m.name)] = true
	}
	published, ok := elements(set.get("keys"))
	if !ok {
		return nil, errors.New(`the document is not a JWK Set: it has no array "keys"`)
	}
	if len(published) > maxKeys {
		return nil, fmt.Errorf("the document holds more than %d keys", maxKeys)
	}
	var cleaned struct {
		Keys []map[string]string `json:"keys"`
	}
	for _, raw := range published {
		kid, allowed, public, err := d.usableKey(raw)
		if err != nil {
			d.drop(kid, err.Error())
			continue
		}
		public["kid"] = strconv.Itoa(len(d.usable))
		cleaned.Keys = append(cleaned.Keys, public)
		d.usable = append(d.usable, candidate{kid: kid, algorithms: allowed})
	}
	if len(cleaned.Keys) == 0 {
		return nil, errors.New("the document holds no key that can be used")
	}
	return json.Marshal(cleaned)
}

func (d *document) drop(kid, why string) {
	d.dropped = append(d.dropped, droppedKey{kid, why})
}

// usableKey reads one JWK (RFC 7517 section 4) and returns the members that make up its
// public key, with the algorithms it may be used with, or says why it is not used.
func (d *document) usableKey(raw []byte) (kid string, allowed []*algorithm, public map[string]string, err error) {
	published, ok := parseObject(raw, nil)
	if !ok {
		return "", nil, nil, errors.New("not a JSON object without repeated names")
	}
	// A member that is null is one that the issuer has nothing to say in.
	published = slices.DeleteFunc(published, func(m member) bool { return string(m.value) == "null" })
	kid, ok = text(published.get("kid"))
	if !ok || kid == "" || len(kid) > maxKid {
		return "", nil, nil, errors.New("no usable kid")
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if published.has(private) {
			return kid, nil, nil, errors.New("PRIVATE or secret key published: it is burnt, the issuer must replace it")
		}
	}
	if use, ok := text(published.get("use")); published.has("use") && (!ok || use != "sig") {
		return kid, nil, nil, errors.New("use is not sig")
	}
	if ops := published.get("key_ops"); ops != nil {
		list, _ := texts(ops)
		if ops[0] != '[' || !slices.Contains(list, "verify") {
			return kid, nil, nil, errors.New("key_ops does not have verify")
		}
	}
	kty, _ := text(published.get("kty"))
	crv, _ := text(published.get("crv"))
	alg, ok := text(published.get("alg"))
	if published.has("alg") && !ok {
		return kid, nil, nil, errors.New("alg is not a string")
	}
	for _, a := range d.allowed {
		// An alg of the key's own binds it to that one (RFC 7517 section 4.4).
		if a.kty == kty && (a.crv == "" || a.crv == crv) && (alg == "" || alg == a.name) {
			allowed = append(allowed, a)
		}
	}
	if len(allowed) == 0 {
		return kid, nil, nil, fmt.Errorf("no allowed algorithm goes with kty %.16q crv %.16q alg %.16q", kty, crv, alg)
	}
	public = map[string]string{"kty": kty}
	if crv != "" && kty != "RSA" {
		public["crv"] = crv
	}
	for name, size := range materialOf(kty, crv) {
		value, _ := text(published.get(name))
		decoded, _, ok := decode(nil, []byte(value))
		if !ok || size.exact > 0 && len(decoded) != size.exact || size.most > 0 && len(decoded) > size.most {
			return kid, nil, nil, fmt.Errorf("%s is missing, not base64url or of a wrong length", name)
		}
		public[name] = value
	}
	return kid, allowed, public, nil
}

// size bounds the length in bytes of a member of a JWK; 0 is no bound.
type size struct{ exact, most int }

// materialOf returns the members that make up a public key, with their lengths (RFC 7518
// sections 6.2.1 and 6.3.1, RFC 8037 section 2).
func materialOf(kty, crv string) map[string]size {
	switch {
	case kty == "RSA":
		return map[string]size{"n": {}, "e": {most: 4}} // beyond, jwx would wrap it around
	case kty == "OKP":
		return map[string]size{"x": {exact: ed25519.PublicKeySize}}
	}
	coordinate := size{exact: map[string]int{"P-256": 32, "P-384": 48, "P-521": 66}[crv]}
	return map[string]size{"x": coordinate, "y": coordinate}
}

// keys indexes a parsed set by kid, leaving out keys whose material is not sound.
func (d *document) keys(set jwk.Set) map[string][]key {
	keys := make(map[string][]key, set.Len())
	for i := range set.Len() {
		parsed, _ := set.Key(i)
		place, err := strconv.Atoi(parsed.KeyID())
		if err != nil || place < 0 || place >= len(d.usable) {
			continue // not one of ours; clean has numbered them
		}
		c := &d.usable[place]
		c.parsed = true
		var public any
		if err := parsed.Raw(&public); err != nil {
			d.drop(c.kid, "the key cannot be read")
		} else if why := weakness(public); why != "" {
			d.drop(c.kid, why)
		} else if len(keys[c.kid]) == maxKeysPerKid {
			d.drop(c.kid, fmt.Sprintf("more than %d keys have this kid", maxKeysPerKid))
		} else {
			keys[c.kid] = append(keys[c.kid], key{public, c.algorithms})
		}
	}
	for _, c := range d.usable {
		if !c.parsed {
			d.drop(c.kid, "the key cannot be read")
		}
	}
	return keys
}

// weakness says what is wrong with a public key, "" if nothing is (RFC 8725 sections 3.4
// and 3.5). It is asked once per key and fetch, not per token.
func weakness(public any) string {
	switch public := public.(type) {
	case *rsa.PublicKey:
		// RFC 7518 section 3.3 asks for 2048 bits; beyond 8192 a single token would
		// cost milliseconds.
		if bits := public.N.BitLen(); bits < 2048 || bits > 8192 {
			return fmt.Sprintf("an RSA modulus of %d bits, want 2048 to 8192", bits)
		}
		if public.N.Bit(0) == 0 || public.E < 3 || public.E%2 == 0 || public.E > 1<<31-1 {
			return "an RSA modulus or exponent that nobody generates, or that crypto/rsa refuses"
		}
		if hasROCAFingerprint(public.N) {
			return "an RSA modulus of a broken generator (CVE-2017-15361)"
		}
	case *ecdsa.PublicKey:
		if _, err := public.ECDH(); err != nil {
			return "a point that is not on the curve"
		}
	case ed25519.PublicKey:
		point, err := new(edwards25519.Point).SetBytes(public)
		if err != nil {
			return "a point that is not on the curve"
		}
		if new(edwards25519.Point).MultByCofactor(point).Equal(edwards25519.NewIdentityPoint()) == 1 {
			return "a point of small order, under which anybody can sign"
		}
	default:
		return fmt.Sprintf("a key of type %T", public)
	}
	return ""
}

// hasROCAFingerprint tells whether a modulus looks like one of the generator whose keys
// can be factored: modulo every small prime it is a power of 65537 (Nemec et al., "The
// Return of Coppersmith's Attack", CCS 2017). Chance alone hits one key in 10^8.
func hasROCAFingerprint(n *big.Int) bool {
	for _, prime := range []int64{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73,
		79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167} {
		rest := new(big.Int).Mod(n, big.NewInt(prime)).Int64()
		power := int64(1)
		for power != rest {
			if power = power * 65537 % prime; power == 1 {
				return false // all powers seen
			}
		}
	}
	return true
}
