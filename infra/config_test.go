package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestReadContext(t *testing.T) {
	overflow := filepath.Join(t.TempDir(), "overflow.json")
	if err := os.WriteFile(overflow, []byte(`{"audience":"https://api.example.com"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readContext(func(name string) string {
		return map[string]string{
			"CDK_CONTEXT_JSON":              `{"issuer":"https://tenant.eu.auth0.com/"}`,
			"CONTEXT_OVERFLOW_LOCATION_ENV": overflow,
		}[name]
	})
	want := map[string]any{"issuer": "https://tenant.eu.auth0.com/", "audience": "https://api.example.com"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want the variable and the file together, %v", got, err, want)
	}

	if got, err := readContext(func(string) string { return "" }); err != nil || len(got) != 0 {
		t.Errorf("without the CLI: got %v, %v; want no context and no error", got, err)
	}
	if _, err := readContext(func(string) string { return "[" }); err == nil {
		t.Error("broken JSON: got no error")
	}
}

func TestDefaults(t *testing.T) {
	got := config(t, nil)
	want := Config{
		Stage:            "prod",
		Lambdas:          got.Lambdas,
		Issuer:           "https://tenant.eu.auth0.com/",
		Audience:         []string{"https://api.example.com"},
		JWKSURI:          "https://tenant.eu.auth0.com/.well-known/jwks.json",
		Provider:         "auth0",
		Algorithms:       []string{"RS256"},
		ClockSkewSeconds: 30,
		ResultTTLSeconds: 300,
		CORSOrigins:      []string{"*"},
		ThrottleRate:     1000,
		ThrottleBurst:    500,
		LogRetentionDays: 90,
		CloudWatchRole:   "create",
		ExecutionLogs:    "error",
		WAFRateLimit:     2000,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFunctionsAreExpectedWhereMakeLeavesThem(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := parseConfig(map[string]any{"issuer": "https://tenant.eu.auth0.com/", "audience": "a"})
	if err == nil || !strings.Contains(err.Error(), ".build/lambdas/authorizer/bootstrap does not exist: run make lambdas") {
		t.Errorf("got %v", err)
	}
}

func TestIssuerDecidesWhereItsKeysAre(t *testing.T) {
	tests := map[string]struct{ provider, issuer, jwksURI string }{
		"an Auth0 tenant":          {"auth0", "https://tenant.eu.auth0.com/", "https://tenant.eu.auth0.com/.well-known/jwks.json"},
		"an Auth0 custom domain":   {"auth0", "https://login.example.com/", "https://login.example.com/.well-known/jwks.json"},
		"a Cognito user pool":      {"cognito", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc/.well-known/jwks.json"},
		"an Okta server":           {"okta", "https://org.okta.com/oauth2/default", "https://org.okta.com/oauth2/default/v1/keys"},
		"an Entra tenant":          {"entra", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/discovery/v2.0/keys"},
		"an Entra external tenant": {"entra", "https://contoso.ciamlogin.com/11111111-2222-3333-4444-555555555555/v2.0", "https://contoso.ciamlogin.com/11111111-2222-3333-4444-555555555555/discovery/v2.0/keys"},
		"an issuer with a port":    {"auth0", "https://login.example.com:8443/", "https://login.example.com:8443/.well-known/jwks.json"},
		"no provider means Auth0":  {"", "https://tenant.eu.auth0.com/", "https://tenant.eu.auth0.com/.well-known/jwks.json"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, map[string]any{"provider": test.provider, "issuer": test.issuer})
			if cfg.JWKSURI != test.jwksURI || cfg.Issuer != test.issuer {
				t.Errorf("got keys of %s at %s, want %s at %s", cfg.Issuer, cfg.JWKSURI, test.issuer, test.jwksURI)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	tests := map[string]struct {
		settings map[string]any
		want     func(*Config)
	}{
		"any OpenID provider by its jwksUri": {
			settings: map[string]any{"issuer": "https://id.example.com/realms/main", "jwksUri": "https://id.example.com/realms/main/certs"},
			want: func(c *Config) {
				c.Issuer, c.JWKSURI = "https://id.example.com/realms/main", "https://id.example.com/realms/main/certs"
			},
		},
		"keys under a query": {
			settings: map[string]any{"jwksUri": "https://login.example.com/keys?appid=1"},
			want:     func(c *Config) { c.JWKSURI = "https://login.example.com/keys?appid=1" },
		},
		"audiences separated by spaces": {
			settings: map[string]any{"audience": "https://one.example  https://two.example"},
			want:     func(c *Config) { c.Audience = []string{"https://one.example", "https://two.example"} },
		},
		"audiences separated by commas": {
			settings: map[string]any{"audience": "one, two,"},
			want:     func(c *Config) { c.Audience = []string{"one", "two"} },
		},
		"audiences as a JSON list": {
			settings: map[string]any{"audience": []any{"one,with a comma"[:3], "two,three"}},
			want:     func(c *Config) { c.Audience = []string{"one", "two,three"} },
		},
		"every algorithm": {
			settings: map[string]any{"algorithms": strings.Join(algorithms, " ")},
			want:     func(c *Config) { c.Algorithms = algorithms },
		},
		"numbers from cdk.json": {
			settings: map[string]any{"resultTtl": float64(0), "clockSkewSeconds": float64(120)},
			want:     func(c *Config) { c.ResultTTLSeconds, c.ClockSkewSeconds = 0, 120 },
		},
		"numbers after -c": {
			settings: map[string]any{"resultTtl": "3600", "clockSkewSeconds": "0"},
			want:     func(c *Config) { c.ResultTTLSeconds, c.ClockSkewSeconds = 3600, 0 },
		},
		"an empty or absent value is the default": {
			settings: map[string]any{"resultTtl": "", "corsOrigins": "", "algorithms": nil, "stage": "", "provider": nil},
			want:     func(*Config) {},
		},
		"origins with a port and with another scheme": {
			settings: map[string]any{"corsOrigins": "https://app.example.com http://localhost:3000 capacitor://localhost"},
			want: func(c *Config) {
				c.CORSOrigins = []string{"https://app.example.com", "http://localhost:3000", "capacitor://localhost"}
			},
		},
		"scopes for the whole API": {
			settings: map[string]any{"requiredScopes": "use:api https://api.example.com/read"},
			want:     func(c *Config) { c.RequiredScopes = []string{"use:api", "https://api.example.com/read"} },
		},
		"the settings of the chosen stage": {
			settings: map[string]any{"stage": "dev", "stages": map[string]any{
				"dev": map[string]any{"resultTtl": float64(0), "algorithms": []any{"ES256"}},
				"old": map[string]any{"resultTtl": float64(1)},
			}},
			want: func(c *Config) { c.Stage, c.ResultTTLSeconds, c.Algorithms = "dev", 0, []string{"ES256"} },
		},
		"-c over the settings of a stage": {
			settings: map[string]any{"resultTtl": "60", "stages": map[string]any{"prod": map[string]any{"resultTtl": float64(0)}}},
			want:     func(c *Config) { c.ResultTTLSeconds = 60 },
		},
		"switches from cdk.json and after -c": {
			settings: map[string]any{"waf": true, "xray": "true"},
			want:     func(c *Config) { c.WAF, c.XRay = true, true },
		},
		"switches that are off": {
			settings: map[string]any{"waf": false, "xray": "false"},
			want:     func(*Config) {},
		},
		"tags after -c": {
			settings: map[string]any{"tags": "team=accounts, note=a=b,empty="},
			want:     func(c *Config) { c.Tags = map[string]string{"team": "accounts", "note": "a=b", "empty": ""} },
		},
		"tags from cdk.json": {
			settings: map[string]any{"tags": map[string]any{"team": "accounts"}},
			want:     func(c *Config) { c.Tags = map[string]string{"team": "accounts"} },
		},
		"an account without a role to write logs": {
			settings: map[string]any{"cloudWatchRole": "none"},
			want:     func(c *Config) { c.CloudWatchRole, c.ExecutionLogs = "none", "off" },
		},
		"a domain without base path and DNS record": {
			settings: map[string]any{"domainName": "api.example.com", "certificateArn": "arn:aws-cn:acm:cn-north-1:111122223333:certificate/x"},
			want: func(c *Config) {
				c.DomainName, c.CertificateARN = "api.example.com", "arn:aws-cn:acm:cn-north-1:111122223333:certificate/x"
			},
		},
		"what belongs to the CDK": {
			settings: map[string]any{
				"@aws-cdk/core:checkSecretUsage": true, "aws:cdk:version-reporting": true, "aws-cdk:enableDiffNoFail": true,
				"hosted-zone:account=1:region=eu-west-1": "x", "acknowledged-issue-numbers": []any{1.0}, "cdk-migrate": true,
			},
			want: func(*Config) {},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := config(t, nil)
			test.want(&want)
			got := config(t, test.settings)
			got.Lambdas = want.Lambdas
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		settings map[string]any
		message  string
	}{
		"no issuer":                   {map[string]any{"issuer": ""}, "issuer: is missing: say whose tokens to trust, for example -c issuer=https://TENANT.eu.auth0.com/"},
		"no audience":                 {map[string]any{"audience": nil}, "audience: is missing"},
		"an http issuer":              {map[string]any{"issuer": "http://tenant.eu.auth0.com/"}, `issuer: "http://tenant.eu.auth0.com/" does not start with https://`},
		"a bare domain as issuer":     {map[string]any{"issuer": "tenant.eu.auth0.com"}, "does not start with https://"},
		"an issuer without a host":    {map[string]any{"issuer": "https:///x"}, "has no host"},
		"an issuer with a space":      {map[string]any{"issuer": "https://id.example/ x"}, "issuer: is not a URL"},
		"an issuer with a query":      {map[string]any{"issuer": "https://id.example/?a=b"}, "has a query"},
		"an issuer with a fragment":   {map[string]any{"issuer": "https://id.example/#"}, "has a fragment"},
		"an issuer with a password":   {map[string]any{"issuer": "https://me:secret@id.example/"}, "holds a user name"},
		"an issuer that is a number":  {map[string]any{"issuer": 1.0}, "issuer: must be a text"},
		"Auth0 without its slash":     {map[string]any{"issuer": "https://tenant.eu.auth0.com"}, "use -c issuer=https://tenant.eu.auth0.com/"},
		"Auth0 by another of its URL": {map[string]any{"issuer": "https://tenant.eu.auth0.com/oauth/token"}, "use -c issuer=https://tenant.eu.auth0.com/"},
		"Auth0 custom domain without": {map[string]any{"issuer": "https://login.example.com"}, "use -c issuer=https://login.example.com/"},
		"Auth0 keys do not excuse it": {map[string]any{"issuer": "https://tenant.eu.auth0.com", "jwksUri": "https://k.example/"}, "use -c issuer=https://tenant.eu.auth0.com/"},
		"Cognito with a slash":        {map[string]any{"provider": "cognito", "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/p/"}, "use -c issuer=https://cognito-idp.eu-west-1.amazonaws.com/p"},
		"Okta with a slash":           {map[string]any{"provider": "okta", "issuer": "https://org.okta.com/oauth2/default/"}, "use -c issuer=https://org.okta.com/oauth2/default"},
		"Entra v1.0 without keys":     {map[string]any{"provider": "entra", "issuer": "https://sts.windows.net/1/"}, "jwksUri: is missing"},
		"RFC 9068 without keys":       {map[string]any{"provider": "rfc9068", "issuer": "https://id.example"}, "jwksUri: is missing"},
		"plain http keys":             {map[string]any{"jwksUri": "http://id.example/keys"}, "jwksUri: \"http://id.example/keys\" does not start with https://"},
		"an unknown provider":         {map[string]any{"provider": "google"}, `provider: "google" is not supported: choose from auth0 cognito entra okta rfc9068`},
		"a shared secret":             {map[string]any{"algorithms": "RS256 HS256"}, `algorithms: "HS256" is not supported`},
		"no signature":                {map[string]any{"algorithms": "none"}, `algorithms: "none" is not supported`},
		"an algorithm in small print": {map[string]any{"algorithms": "rs256"}, `algorithms: "rs256" is not supported`},
		"a scope with a quote":        {map[string]any{"requiredScopes": "it's"}, `requiredScopes: "it's"`},
		"a scope with a variable":     {map[string]any{"requiredScopes": "$context.x"}, "requiredScopes"},
		"a result TTL too long":       {map[string]any{"resultTtl": "3601"}, "resultTtl: 3601 must be a whole number from 0 to 3600"},
		"a negative clock skew":       {map[string]any{"clockSkewSeconds": -1.0}, "clockSkewSeconds: -1 must be a whole number from 0 to 120"},
		"half a second":               {map[string]any{"clockSkewSeconds": 0.5}, "clockSkewSeconds: 0.5 must be"},
		"a number in words":           {map[string]any{"clockSkewSeconds": "ten"}, "clockSkewSeconds: ten must be"},
		"a stage with an underscore":  {map[string]any{"stage": "dev_1"}, `stage: "dev_1" may only hold letters, digits and hyphens`},
		"an origin with a slash":      {map[string]any{"corsOrigins": "https://app.example.com/"}, "use https://app.example.com"},
		"an origin in capitals":       {map[string]any{"corsOrigins": "https://App.example.com"}, "use https://app.example.com"},
		"an origin's default port":    {map[string]any{"corsOrigins": "https://app.example.com:443"}, "use https://app.example.com"},
		"an origin without a scheme":  {map[string]any{"corsOrigins": "app.example.com"}, `corsOrigins: "app.example.com" is not an origin`},
		"an origin pattern":           {map[string]any{"corsOrigins": "https://*.example.com"}, `is not an origin`},
		"any origin and one more":     {map[string]any{"corsOrigins": "* https://app.example.com"}, `corsOrigins: "*" already allows every origin`},
		"a list entry with a space":   {map[string]any{"audience": []any{"a b"}}, `audience: holds "a b"`},
		"a list that is an object":    {map[string]any{"audience": map[string]any{}}, "audience: must be a list"},
		"a typing mistake":            {map[string]any{"audiance": "x"}, "audiance: is not a setting: did you mean audience?"},
		"another typing mistake":      {map[string]any{"isuer": "x"}, "isuer: is not a setting: did you mean issuer?"},
		"wrong capitals":              {map[string]any{"jwksURI": "x"}, "jwksURI: is not a setting: did you mean jwksUri?"},
		"a typing mistake in a stage": {map[string]any{"stages": map[string]any{"dev": map[string]any{"isuer": "x"}}}, "stages.dev.isuer: is not a setting: did you mean issuer?"},
		"a stage that is no object":   {map[string]any{"stages": map[string]any{"dev": "x"}}, "stages.dev: must be an object"},
		"stages that are no object":   {map[string]any{"stages": "dev"}, "stages: must be an object"},
		"a stage inside a stage":      {map[string]any{"stages": map[string]any{"dev": map[string]any{"stage": "x"}}}, "stages.dev.stage: has no meaning inside a stage"},
		"a throttle of nothing":       {map[string]any{"throttleRate": "0"}, "throttleRate: 0 must be a whole number from 1"},
		"an odd retention":            {map[string]any{"logRetentionDays": "42"}, "logRetentionDays: 42 is not a period that CloudWatch knows: choose from 1 3 5 7"},
		"logs for ever":               {map[string]any{"logRetentionDays": "0"}, "logRetentionDays: 0 must be"},
		"an unknown CloudWatch role":  {map[string]any{"cloudWatchRole": "yes"}, `cloudWatchRole: "yes" must be one of create, existing, none`},
		"execution logs of no role":   {map[string]any{"cloudWatchRole": "none", "executionLogs": "info"}, `executionLogs: "info" needs a role`},
		"an unknown log level":        {map[string]any{"executionLogs": "debug"}, `executionLogs: "debug" must be one of error, off, info`},
		"maybe":                       {map[string]any{"xray": "maybe"}, "xray: maybe must be true or false"},
		"a switch that is a number":   {map[string]any{"waf": 1.0}, "waf: 1 must be true or false"},
		"two places for alarms":       {map[string]any{"alarmEmail": "a@b.example", "alarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:t"}, "alarmEmail: and alarmTopicArn exclude each other"},
		"an address that is none":     {map[string]any{"alarmEmail": "ops"}, `alarmEmail: "ops" has not the form of`},
		"a topic by its name":         {map[string]any{"alarmTopicArn": "alarms"}, `alarmTopicArn: "alarms" has not the form of`},
		"a domain with a scheme":      {map[string]any{"domainName": "https://api.example.com"}, `domainName: "https://api.example.com" has not the form of`},
		"a domain, no certificate":    {map[string]any{"domainName": "api.example.com"}, "certificateArn: is missing"},
		"a certificate, no domain":    {map[string]any{"certificateArn": "arn:aws:acm:eu-west-1:111122223333:certificate/x"}, "certificateArn: means nothing without a domain"},
		"a base path, no domain":      {map[string]any{"basePath": "v1"}, "basePath: means nothing without a domain"},
		"a base path with slashes":    {map[string]any{"basePath": "/v1", "domainName": "a.example", "certificateArn": "arn:aws:acm:eu-west-1:111122223333:certificate/x"}, `basePath: "/v1" has not the form of`},
		"a WAF limit too low":         {map[string]any{"wafRateLimit": "5"}, "wafRateLimit: 5 must be a whole number from 10"},
		"a tag without a value":       {map[string]any{"tags": "team"}, `tags: "team" is not NAME=VALUE`},
		"a tag that is a number":      {map[string]any{"tags": map[string]any{"team": 1.0}}, "tags: team must be a text"},
		"a boundary with a space":     {map[string]any{"permissionsBoundary": "my boundary"}, `permissionsBoundary: "my boundary" has not the form of`},
		"a folder without functions":  {map[string]any{"lambdas": filepath.Join("no", "such")}, "run make lambdas"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			context := map[string]any{
				"issuer": "https://tenant.eu.auth0.com/", "audience": "a", "lambdas": builtFunctions(t),
			}
			maps.Copy(context, test.settings)
			_, err := parseConfig(context)
			if err == nil || !strings.Contains(err.Error(), test.message) {
				t.Fatalf("got  %v\nwant …%s…", err, test.message)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("one mistake, but several messages:\n%v", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the message repeats a password: %v", err)
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := parseConfig(map[string]any{"lambdas": "nowhere", "algorithms": "HS256", "resultTtl": "-1", "audiance": "x"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, key := range []string{"issuer:", "audience:", "lambdas:", "algorithms:", "resultTtl:", "audiance:"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("nothing about %s in\n%v", key, err)
		}
	}
}

func TestAFunctionMustBeExecutable(t *testing.T) {
	folder := builtFunctions(t)
	if err := os.Chmod(filepath.Join(folder, "profile", "bootstrap"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := parseConfig(map[string]any{"issuer": "https://tenant.eu.auth0.com/", "audience": "a", "lambdas": folder})
	if err == nil || !strings.Contains(err.Error(), "is not an executable file: run make lambdas") {
		t.Errorf("got %v", err)
	}
}
