package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Config is everything a person decides about one stage. It is read from the
// CDK context and holds only checked values: the stack takes it as it is.
type Config struct {
	Stage   string // name of the API Gateway stage and the end of the stack's name
	Lambdas string // folder with authorizer/bootstrap and profile/bootstrap

	Issuer           string // expected iss, byte for byte (RFC 7519 section 4.1.1)
	Audience         []string
	JWKSURI          string
	Provider         string
	Algorithms       []string // allowlist (RFC 8725 section 3.1)
	RequiredScopes   []string // scopes that the whole API demands
	ClockSkewSeconds int
	ResultTTLSeconds int // how long API Gateway may reuse an authorizer's answer; 0 turns the cache off

	CORSOrigins []string // exact origins, or the single value "*"

	// What the stage may take, over all callers (API Gateway's token bucket),
	// and how many authorizers may run at once; 0 leaves that to the account.
	ThrottleRate          int // requests per second
	ThrottleBurst         int // requests
	AuthorizerConcurrency int

	// What is recorded, and for how long.
	LogRetentionDays int
	CloudWatchRole   string // "create", "existing" or "none", see addLogging
	ExecutionLogs    string // "off", "error" or "info"
	XRay             bool

	// Who is told of an alarm: nobody, an address, or a topic that exists.
	AlarmEmail    string
	AlarmTopicARN string

	// A domain name in place of the one that API Gateway hands out, if set.
	DomainName     string
	CertificateARN string // in ACM, in the region of the stack
	BasePath       string // one path segment, optional
	HostedZoneID   string // of Route 53, optional: the DNS record is then made too

	WAF          bool
	WAFRateLimit int // requests of one IP address in 5 minutes

	Tags                map[string]string // on the stack and everything in it
	PermissionsBoundary string            // of every role: the name or ARN of a managed policy, or ""
}

// contextKeys are the settings, as they are spelled in cdk.json and after -c.
// A key that is missing here is refused as a typing mistake.
var contextKeys = []string{
	"issuer", "audience", "jwksUri", "provider", "algorithms", "requiredScopes", "clockSkewSeconds",
	"corsOrigins", "resultTtl", "lambdas", "stage", "stages",
	"throttleRate", "throttleBurst", "authorizerConcurrency",
	"logRetentionDays", "cloudWatchRole", "executionLogs", "xray", "alarmEmail", "alarmTopicArn",
	"domainName", "certificateArn", "basePath", "hostedZoneId", "waf", "wafRateLimit",
	"tags", "permissionsBoundary",
}

// readContext returns the CDK context that the CLI hands to the app in the
// environment. Reading it here and not from the construct tree lets a mistake
// be reported before the jsii kernel starts. What does not fit into the
// variable comes in a file.
func readContext(getenv func(string) string) (map[string]any, error) {
	context := map[string]any{}
	if text := getenv("CDK_CONTEXT_JSON"); text != "" {
		if err := json.Unmarshal([]byte(text), &context); err != nil {
			return nil, fmt.Errorf("CDK_CONTEXT_JSON is not a JSON object: %w", err)
		}
	}
	if file := getenv("CONTEXT_OVERFLOW_LOCATION_ENV"); file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the rest of the CDK context: %w", err)
		}
		if err := json.Unmarshal(text, &context); err != nil {
			return nil, fmt.Errorf("%s is not a JSON object: %w", file, err)
		}
	}
	return context, nil
}

// parseConfig turns the CDK context into a Config, or reports every mistake in
// it at once. Values after -c arrive as strings, values from cdk.json as JSON;
// both are understood. Settings under "stages" hold for the stage of that name
// and give way to the same key outside, so that -c always has the last word.
func parseConfig(context map[string]any) (Config, error) {
	s := settings{values: context, reported: map[string]bool{}}
	s.refuseUnknown("", context)

	stage := s.text("stage", "prod")
	// The stage becomes part of the stack's name, which knows no underscore.
	if !regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`).MatchString(stage) {
		s.problem("stage", "%q may only hold letters, digits and hyphens: use for example -c stage=dev", stage)
	}
	s.overlayStage(stage)

	cfg := Config{
		Stage:            stage,
		Lambdas:          s.text("lambdas", filepath.Join(".build", "lambdas")),
		Audience:         s.list("audience"),
		Algorithms:       s.list("algorithms", "RS256"),
		RequiredScopes:   s.list("requiredScopes"),
		ClockSkewSeconds: s.integer("clockSkewSeconds", 30, 0, 120),
		ResultTTLSeconds: s.integer("resultTtl", 300, 0, 3600), // API Gateway's own limit
		CORSOrigins:      s.list("corsOrigins", "*"),

		// A tenth of what AWS grants a whole account in a region.
		ThrottleRate:          s.integer("throttleRate", 1000, 1, 1_000_000),
		ThrottleBurst:         s.integer("throttleBurst", 500, 1, 1_000_000),
		AuthorizerConcurrency: s.integer("authorizerConcurrency", 0, 0, 1_000_000),

		LogRetentionDays: s.integer("logRetentionDays", 90, 1, 3653),
		CloudWatchRole:   s.choice("cloudWatchRole", "create", "existing", "none"),
		XRay:             s.boolean("xray"),

		AlarmEmail:    s.matching("alarmEmail", `^[^@\s]+@[^@\s]+\.[^@\s]+$`, "ops@example.com"),
		AlarmTopicARN: s.matching("alarmTopicArn", `^arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+$`, "arn:aws:sns:eu-west-1:111122223333:alarms"),

		DomainName:     s.matching("domainName", `^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$`, "api.example.com"),
		CertificateARN: s.matching("certificateArn", `^arn:[^:]+:acm:[^:]+:\d{12}:certificate/.+$`, "arn:aws:acm:eu-west-1:111122223333:certificate/ID"),
		BasePath:       s.matching("basePath", `^[A-Za-z0-9._-]+$`, "v1"),
		HostedZoneID:   s.matching("hostedZoneId", `^Z[A-Z0-9]+$`, "Z0123456789ABCDEFGHIJ"),

		WAF:          s.boolean("waf"),
		WAFRateLimit: s.integer("wafRateLimit", 2000, 10, 2_000_000_000), // the limits of WAF

		Tags:                s.pairs("tags"),
		PermissionsBoundary: s.matching("permissionsBoundary", `^(arn:[^:]+:iam::[^:]+:policy/.+|[\w+=,.@-]{1,128})$`, "DeveloperBoundary"),
	}
	s.checkFunctions(cfg.Lambdas)
	if len(cfg.Audience) == 0 && !s.reported["audience"] {
		s.problem("audience", "is missing: name the API that tokens must be issued for, for example -c audience=https://api.example.com")
	}
	s.parseIssuer(&cfg)
	for _, algorithm := range cfg.Algorithms {
		if !slices.Contains(algorithms, algorithm) {
			s.problem("algorithms", "%q is not supported: choose from %s, for example -c algorithms=RS256", algorithm, strings.Join(algorithms, " "))
		}
	}
	for _, scope := range cfg.RequiredScopes {
		if !scopeToken.MatchString(scope) {
			s.problem("requiredScopes", "%q is not a scope that a challenge can carry: leave out quotes, backslash and $", scope)
		}
	}
	for _, origin := range cfg.CORSOrigins {
		s.checkOrigin(origin, len(cfg.CORSOrigins))
	}
	s.checkProduction(&cfg)
	return cfg, errors.Join(s.problems...)
}

// algorithms are the asymmetric signature algorithms of RFC 7518 section 3.1
// and RFC 8037 that the authorizer implements. No HMAC: a key that everybody
// can fetch is no secret.
var algorithms = []string{
	"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
}

// providers maps each supported kind of issuer to the place of its JWK Set.
// An empty answer says that the kind has no convention for this issuer.
var providers = map[string]func(issuer string) string{
	"auth0":   func(issuer string) string { return strings.TrimSuffix(issuer, "/") + "/.well-known/jwks.json" },
	"cognito": func(issuer string) string { return issuer + "/.well-known/jwks.json" },
	"okta":    func(issuer string) string { return issuer + "/v1/keys" },
	"entra": func(issuer string) string {
		if tenant, ok := strings.CutSuffix(issuer, "/v2.0"); ok {
			return tenant + "/discovery/v2.0/keys"
		}
		return "" // a v1.0 issuer, https://sts.windows.net/TENANT/, says nothing about its keys
	},
	"rfc9068": func(string) string { return "" },
}

// scopeToken is scope-token of RFC 6749 section 3.3 without the quote and the
// dollar sign: both mean something in a gateway response's header mapping.
var scopeToken = regexp.MustCompile(`^[!#%&(-\[\]-~]+$`)

// parseIssuer reads issuer, provider and jwksUri, which explain each other.
func (s *settings) parseIssuer(cfg *Config) {
	names := slices.Sorted(maps.Keys(providers))
	cfg.Provider = s.text("provider", "auth0")
	keysAt, known := providers[cfg.Provider]
	if !known {
		s.problem("provider", "%q is not supported: choose from %s", cfg.Provider, strings.Join(names, " "))
	}
	cfg.JWKSURI = s.text("jwksUri", "")
	if cfg.JWKSURI != "" {
		// A query is fine here: Entra and Azure AD B2C publish keys under one.
		if problem := urlProblem(cfg.JWKSURI, true); problem != "" {
			s.problem("jwksUri", "%s: use the jwks_uri of the issuer's discovery document", problem)
		}
	}

	cfg.Issuer = s.text("issuer", "")
	switch problem := urlProblem(cfg.Issuer, false); {
	case s.reported["issuer"]:
		return
	case cfg.Issuer == "":
		s.problem("issuer", "is missing: say whose tokens to trust, for example -c issuer=https://TENANT.eu.auth0.com/")
		return
	case problem != "":
		s.problem("issuer", "%s: use the issuer of the discovery document, for example -c issuer=https://TENANT.eu.auth0.com/", problem)
		return
	}
	if want := conventionalIssuer(cfg, s.text("provider", "") != ""); want != cfg.Issuer {
		s.problem("issuer", "%q is not what a token of the provider %s says in iss: use -c issuer=%s, or name another -c provider (%s)",
			cfg.Issuer, cfg.Provider, want, strings.Join(names, " "))
		return
	}
	if cfg.JWKSURI == "" && known {
		if cfg.JWKSURI = keysAt(cfg.Issuer); cfg.JWKSURI == "" {
			s.problem("jwksUri", "is missing, and the provider %s has no convention for %s: take jwks_uri from its discovery document, for example -c jwksUri=https://ISSUER/jwks.json",
				cfg.Provider, cfg.Issuer)
		}
	}
}

// conventionalIssuer returns the form in which the provider writes this issuer
// into its tokens. The comparison there is byte for byte, so a missing or an
// extra slash refuses every token. Without a provider and with a jwksUri of its
// own, an issuer is only held to Auth0's form if it is Auth0's.
func conventionalIssuer(cfg *Config, providerGiven bool) string {
	u, err := url.Parse(cfg.Issuer)
	if err != nil {
		return cfg.Issuer
	}
	switch {
	case cfg.Provider == "auth0" && (providerGiven || cfg.JWKSURI == "" || strings.HasSuffix(u.Hostname(), ".auth0.com")):
		return u.Scheme + "://" + u.Host + "/" // also for a custom domain
	case cfg.Provider == "cognito", cfg.Provider == "okta":
		return strings.TrimRight(cfg.Issuer, "/")
	}
	return cfg.Issuer
}

// urlProblem says what keeps text from being an https URL, or "". A password
// in it is not repeated.
func urlProblem(text string, query bool) string {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \t\r\n") {
		return "is not a URL"
	}
	shown := u.Redacted()
	switch {
	case u.Scheme != "https":
		return fmt.Sprintf("%q does not start with https://", shown)
	case u.Hostname() == "":
		return fmt.Sprintf("%q has no host", shown)
	case u.User != nil:
		return fmt.Sprintf("%q holds a user name", shown)
	case strings.Contains(text, "#"):
		return fmt.Sprintf("%q has a fragment", shown)
	case !query && strings.Contains(text, "?"):
		return fmt.Sprintf("%q has a query", shown)
	}
	return ""
}

// checkOrigin compares the origin with what a browser sends (RFC 6454 section
// 6.2): lower case, no default port, no path.
func (s *settings) checkOrigin(origin string, total int) {
	if origin == "*" {
		if total > 1 {
			s.problem("corsOrigins", `"*" already allows every origin: remove it, or the others`)
		}
		return
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || strings.ContainsAny(origin, "*'$") {
		s.problem("corsOrigins", "%q is not an origin: use scheme://host[:port], for example -c corsOrigins=https://app.example.com", origin)
		return
	}
	want := u.Scheme + "://" + strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		want = strings.TrimSuffix(want, net.JoinHostPort("", port))
	}
	if origin != want {
		s.problem("corsOrigins", "%q is not what a browser sends: use %s", origin, want)
	}
}

// checkProduction looks at the settings that need or exclude each other.
func (s *settings) checkProduction(cfg *Config) {
	if _, ok := retentions[cfg.LogRetentionDays]; !ok && !s.reported["logRetentionDays"] {
		s.problem("logRetentionDays", "%d is not a period that CloudWatch knows: choose from %s", cfg.LogRetentionDays,
			strings.Trim(fmt.Sprint(slices.Sorted(maps.Keys(retentions))), "[]"))
	}
	if cfg.CloudWatchRole == "none" {
		cfg.ExecutionLogs = s.choice("executionLogs", "off", "error", "info")
		if cfg.ExecutionLogs != "off" {
			s.problem("executionLogs", "%q needs a role that lets API Gateway write logs: use -c cloudWatchRole=create, or existing", cfg.ExecutionLogs)
		}
	} else {
		cfg.ExecutionLogs = s.choice("executionLogs", "error", "off", "info")
	}
	if cfg.AlarmEmail != "" && cfg.AlarmTopicARN != "" {
		s.problem("alarmEmail", "and alarmTopicArn exclude each other: subscribe the address to the topic instead")
	}
	if cfg.DomainName == "" {
		for _, key := range []string{"certificateArn", "basePath", "hostedZoneId"} {
			if s.text(key, "") != "" && !s.reported["domainName"] {
				s.problem(key, "means nothing without a domain: add for example -c domainName=api.example.com")
			}
		}
	} else if cfg.CertificateARN == "" && !s.reported["certificateArn"] {
		s.problem("certificateArn", "is missing: %s needs a certificate of ACM in the region of the stack", cfg.DomainName)
	}
}

// checkFunctions looks for the compiled functions, because CDK would only
// report a missing folder from the middle of the jsii kernel.
func (s *settings) checkFunctions(folder string) {
	for _, name := range []string{"authorizer", "profile"} {
		bootstrap := filepath.Join(folder, name, "bootstrap")
		info, err := os.Stat(bootstrap)
		switch {
		case errors.Is(err, os.ErrNotExist):
			s.problem("lambdas", "%s does not exist: run make lambdas, or name the folder of the built functions with -c lambdas=FOLDER", bootstrap)
			return // one build makes both
		case err != nil:
			s.problem("lambdas", "%v", err)
		case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
			// The asset's hash ignores the mode: once uploaded like this, a
			// repaired file would not be uploaded again.
			s.problem("lambdas", "%s is not an executable file: run make lambdas", bootstrap)
		}
	}
}
