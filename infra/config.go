package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Config holds all settings of one stage. It is read from the CDK context and holds only
// checked values: the stack uses it without further checks.
type Config struct {
	Stage   string // name of the API Gateway stage, and the suffix of the stack's name
	Lambdas string // folder with NAME/bootstrap for each function

	Account, Region string // where the stage is deployed; "" leaves it to the credentials
	Protected       bool   // against deletion: of the stack, and of its logs with it

	Issuers          []issuer // whose tokens are trusted
	RequiredScopes   []string // scopes that the whole API demands
	ContextClaims    []string // NAME or NAME=CLAIM: claims for the functions behind the routes
	ClockSkewSeconds int
	ResultTTLSeconds int // how long API Gateway may reuse an authorizer's answer; 0 turns the cache off

	CORSOrigins []string // exact origins, or the single value "*"

	Network network // of the authorizer

	// Limits of the stage over all callers (API Gateway's token bucket), and how many
	// authorizers may run at the same time; 0 shares the concurrency of the account.
	ThrottleRate          int // requests per second
	ThrottleBurst         int // requests
	AuthorizerConcurrency int

	// What is logged, and for how long.
	LogRetentionDays int
	CloudWatchRole   string // "create", "existing" or "none", see addLogging
	ExecutionLogs    string // "off", "error" or "info"
	XRay             bool

	// Who is notified of an alarm: an e-mail address, an existing topic, or nobody.
	AlarmEmail    string
	AlarmTopicARN string

	// A custom domain name in place of the one that API Gateway assigns, if set.
	DomainName     string
	CertificateARN string // in ACM, in the region of the stack
	BasePath       string // one path segment, optional
	HostedZoneID   string // of Route 53, optional: the DNS record is then created too

	WAF          bool
	WAFRateLimit int // requests of one IP address in 5 minutes

	Tags                map[string]string // on the stack and everything in it
	PermissionsBoundary string            // of every role: the name or ARN of a managed policy, or ""
}

// contextKeys are the settings, as they are spelled in cdk.json and after -c. A key that
// is not in this list is refused as a typing mistake.
var contextKeys = []string{
	"issuer", "audience", "jwksUri", "provider", "algorithms", "issuers",
	"requiredScopes", "contextClaims", "clockSkewSeconds", "corsOrigins", "resultTtl", "lambdas", "stage", "stages",
	"throttleRate", "throttleBurst", "authorizerConcurrency",
	"logRetentionDays", "cloudWatchRole", "executionLogs", "xray", "alarmEmail", "alarmTopicArn",
	"domainName", "certificateArn", "basePath", "hostedZoneId", "waf", "wafRateLimit",
	"tags", "permissionsBoundary", "account", "region", "protected", "network",
}

// readContext returns the CDK context that the CLI passes to the app in the environment.
// It is read here and not from the construct tree so that a mistake is reported before
// the jsii kernel starts. What does not fit into the variable is in a file.
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

// parseConfig turns the CDK context into a Config, or reports every mistake in it at
// once. Values after -c arrive as strings, values from cdk.json as JSON; both are
// accepted. Settings under "stages" apply to the stage of that name.
func parseConfig(context map[string]any) (Config, error) {
	s := settings{values: context, reported: map[string]bool{}}
	s.refuseUnknown("", context)

	stage := s.text("stage", "prod")
	// The stage becomes part of the stack's name, which allows no underscore.
	if !regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`).MatchString(stage) {
		s.problem("stage", "%q may only contain letters, digits and hyphens: use for example -c stage=dev", stage)
	}
	if !s.applyStage(stage) {
		return Config{}, errors.Join(s.problems...)
	}

	cfg := Config{
		Stage:            stage,
		Lambdas:          s.text("lambdas", filepath.Join(".build", "lambdas")),
		Account:          s.matching("account", `^\d{12}$`, "111122223333"),
		Region:           s.matching("region", `^[a-z]{2}(-[a-z]+)+-\d$`, "eu-west-1"),
		Protected:        s.boolean("protected"),
		Issuers:          s.issuers(),
		RequiredScopes:   s.list("requiredScopes"),
		ContextClaims:    s.contextClaims(),
		ClockSkewSeconds: s.integer("clockSkewSeconds", 30, 0, 120),
		ResultTTLSeconds: s.integer("resultTtl", 300, 0, 3600), // API Gateway's own limit
		CORSOrigins:      s.list("corsOrigins", "*"),

		// A tenth of the default limits of an account in a region.
		ThrottleRate:          s.integer("throttleRate", 1000, 1, 1_000_000),
		ThrottleBurst:         s.integer("throttleBurst", 500, 1, 1_000_000),
		AuthorizerConcurrency: s.integer("authorizerConcurrency", 0, 0, 1_000_000),

		LogRetentionDays: s.integer("logRetentionDays", 90, 1, 3653),
		CloudWatchRole:   s.choice("cloudWatchRole", "create", "existing", "none"),
		XRay:             s.boolean("xray"),

		AlarmEmail: s.matching("alarmEmail", `^[^@\s]+@[^@\s]+\.[^@\s]+$`, "ops@example.com"),
		AlarmTopicARN: s.matching("alarmTopicArn", `^arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+$`,
			"arn:aws:sns:eu-west-1:111122223333:alarms"),

		DomainName: s.matching("domainName", `^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$`, "api.example.com"),
		CertificateARN: s.matching("certificateArn", `^arn:[^:]+:acm:[^:]+:\d{12}:certificate/.+$`,
			"arn:aws:acm:eu-west-1:111122223333:certificate/ID"),
		BasePath:     s.matching("basePath", `^[A-Za-z0-9._-]+$`, "v1"),
		HostedZoneID: s.matching("hostedZoneId", `^Z[A-Z0-9]+$`, "Z0123456789ABCDEFGHIJ"),

		WAF:          s.boolean("waf"),
		WAFRateLimit: s.integer("wafRateLimit", 2000, 10, 2_000_000_000), // the limits of WAF

		Tags: s.pairs("tags"),
		PermissionsBoundary: s.matching("permissionsBoundary", `^(arn:[^:]+:iam::[^:]+:policy/.+|[\w+=,.@-]{1,128})$`,
			"DeveloperBoundary"),
	}
	cfg.Network = s.network(cfg.Issuers)
	s.checkFunctions(cfg.Lambdas)
	for _, scope := range cfg.RequiredScopes {
		if !scopeToken.MatchString(scope) {
			s.problem("requiredScopes", "%q cannot be used in a WWW-Authenticate challenge: "+
				"remove quotes, backslash and $", scope)
		}
	}
	for _, origin := range cfg.CORSOrigins {
		if origin == "*" && len(cfg.CORSOrigins) > 1 {
			s.problem("corsOrigins", `"*" already allows every origin: remove it, or remove the others`)
		} else if problem := originProblem(origin); origin != "*" && problem != "" {
			s.problem("corsOrigins", "%s", problem)
		}
	}
	s.checkProduction(&cfg)
	return cfg, errors.Join(s.problems...)
}

// scopeToken is scope-token of RFC 6749 section 3.3 without the single quote and the
// dollar sign: both are syntax in the header mapping of a gateway response.
var scopeToken = regexp.MustCompile(`^[!#%&(-\[\]-~]+$`)

// checkProduction checks the settings that require or exclude each other.
func (s *settings) checkProduction(cfg *Config) {
	if cfg.Account != "" && cfg.Region == "" && !s.reported["region"] {
		s.problem("account", "needs a region: a stage belongs to both, for example -c region=eu-west-1")
	}
	if cfg.Region != "" && cfg.Account == "" && !s.reported["account"] {
		s.problem("region", "needs an account: a stage belongs to both, for example -c account=111122223333")
	}
	if _, ok := retentions[cfg.LogRetentionDays]; !ok && !s.reported["logRetentionDays"] {
		s.problem("logRetentionDays", "%d is not a period that CloudWatch supports: choose from %s", cfg.LogRetentionDays,
			strings.Trim(fmt.Sprint(slices.Sorted(maps.Keys(retentions))), "[]"))
	}
	if cfg.CloudWatchRole == "none" {
		cfg.ExecutionLogs = s.choice("executionLogs", "off", "error", "info")
		if cfg.ExecutionLogs != "off" {
			s.problem("executionLogs", "%q needs a role that lets API Gateway write logs: "+
				"use -c cloudWatchRole=create, or existing", cfg.ExecutionLogs)
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
				s.problem(key, "has no effect without a domain: add for example -c domainName=api.example.com")
			}
		}
	} else if cfg.CertificateARN == "" && !s.reported["certificateArn"] {
		s.problem("certificateArn", "is missing: %s needs a certificate of ACM in the region of the stack", cfg.DomainName)
	}
}

// checkFunctions checks the compiled authorizer and all other compiled functions in the
// folder. functions.add reports a function of the table of routes that is missing.
func (s *settings) checkFunctions(folder string) {
	built, _ := filepath.Glob(filepath.Join(folder, "*", "bootstrap"))
	checked := []string{filepath.Join(folder, "authorizer")}
	for _, bootstrap := range built {
		if function := filepath.Dir(bootstrap); !slices.Contains(checked, function) {
			checked = append(checked, function)
		}
	}
	for _, function := range checked {
		if err := checkBuilt(function); err != nil {
			s.problem("lambdas", "%v", err)
		}
	}
}

// checkCredentials compares the account and region of the stage with those of the
// credentials, which the CLI puts into the environment. Without credentials it has no
// account, and nothing can be deployed; the region is then us-east-1.
func (cfg Config) checkCredentials(getenv func(string) string) error {
	account, region := getenv("CDK_DEFAULT_ACCOUNT"), getenv("CDK_DEFAULT_REGION")
	if cfg.Account == "" || account == "" {
		return nil
	}
	var problems []error
	if account != cfg.Account {
		problems = append(problems, fmt.Errorf("account: stage %s belongs to %s, but the credentials are of %s: use others",
			cfg.Stage, cfg.Account, account))
	}
	if region != cfg.Region {
		problems = append(problems, fmt.Errorf("region: stage %s belongs to %s, but the credentials are for %s: "+
			"set AWS_REGION=%s", cfg.Stage, cfg.Region, region, cfg.Region))
	}
	return errors.Join(problems...)
}

// stackName is the name of the stack of the stage. It begins the names of what is in it.
func (c Config) stackName() string { return apiName + "-" + c.Stage }
