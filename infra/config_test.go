package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// object is a JSON object: the CDK context, or a part of it.
type object = map[string]any

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
	want := object{"issuer": "https://tenant.eu.auth0.com/", "audience": "https://api.example.com"}
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
		Stage:   "prod",
		Lambdas: got.Lambdas,
		Issuers: []issuer{{
			Issuer:     "https://tenant.eu.auth0.com/",
			Audience:   []string{"https://api.example.com"},
			JWKSURI:    "https://tenant.eu.auth0.com/.well-known/jwks.json",
			Provider:   "auth0",
			Algorithms: []string{"RS256"},
		}},
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

func TestFunctionsAreReadFromTheFolderOfMakeLambdas(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := parseConfig(object{"issuer": "https://tenant.eu.auth0.com/", "audience": "a"})
	want := ".build/lambdas/authorizer/bootstrap does not exist: run make lambdas"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want …%s…", err, want)
	}
}

func TestValidSettings(t *testing.T) {
	tests := map[string]struct {
		settings object
		want     func(*Config)
	}{
		"any OpenID provider by its jwksUri": {
			settings: object{"issuer": "https://id.example.com/main", "jwksUri": "https://id.example.com/main/certs"},
			want: func(c *Config) {
				c.Issuers[0].Issuer, c.Issuers[0].JWKSURI = "https://id.example.com/main", "https://id.example.com/main/certs"
			},
		},
		"keys under a query": {
			settings: object{"jwksUri": "https://login.example.com/keys?appid=1"},
			want:     func(c *Config) { c.Issuers[0].JWKSURI = "https://login.example.com/keys?appid=1" },
		},
		"audiences separated by spaces": {
			settings: object{"audience": "https://one.example  https://two.example"},
			want:     func(c *Config) { c.Issuers[0].Audience = []string{"https://one.example", "https://two.example"} },
		},
		"audiences separated by commas": {
			settings: object{"audience": "one, two,"},
			want:     func(c *Config) { c.Issuers[0].Audience = []string{"one", "two"} },
		},
		"audiences as a JSON list": {
			settings: object{"audience": []any{"one,with a comma"[:3], "two,three"}},
			want:     func(c *Config) { c.Issuers[0].Audience = []string{"one", "two,three"} },
		},
		"every algorithm": {
			settings: object{"algorithms": "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"},
			want: func(c *Config) {
				c.Issuers[0].Algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
					"ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
			},
		},
		"numbers from cdk.json": {
			settings: object{"resultTtl": float64(0), "clockSkewSeconds": float64(120)},
			want:     func(c *Config) { c.ResultTTLSeconds, c.ClockSkewSeconds = 0, 120 },
		},
		"numbers after -c": {
			settings: object{"resultTtl": "3600", "clockSkewSeconds": "0"},
			want:     func(c *Config) { c.ResultTTLSeconds, c.ClockSkewSeconds = 3600, 0 },
		},
		"an empty or absent value is the default": {
			settings: object{"resultTtl": "", "corsOrigins": "", "algorithms": nil, "stage": "", "provider": nil},
			want:     func(*Config) {},
		},
		"origins with a port and with another scheme": {
			settings: object{"corsOrigins": "https://app.example.com http://localhost:3000 capacitor://localhost"},
			want: func(c *Config) {
				c.CORSOrigins = []string{"https://app.example.com", "http://localhost:3000", "capacitor://localhost"}
			},
		},
		"scopes for the whole API": {
			settings: object{"requiredScopes": "use:api https://api.example.com/read"},
			want:     func(c *Config) { c.RequiredScopes = []string{"use:api", "https://api.example.com/read"} },
		},
		"switches from cdk.json and after -c": {
			settings: object{"waf": true, "xray": "true"},
			want:     func(c *Config) { c.WAF, c.XRay = true, true },
		},
		"switches that are off": {
			settings: object{"waf": false, "xray": "false"},
			want:     func(*Config) {},
		},
		"tags after -c": {
			settings: object{"tags": "team=accounts, note=a=b,empty="},
			want:     func(c *Config) { c.Tags = map[string]string{"team": "accounts", "note": "a=b", "empty": ""} },
		},
		"tags from cdk.json": {
			settings: object{"tags": object{"team": "accounts"}},
			want:     func(c *Config) { c.Tags = map[string]string{"team": "accounts"} },
		},
		"no role to write logs": {
			settings: object{"cloudWatchRole": "none"},
			want:     func(c *Config) { c.CloudWatchRole, c.ExecutionLogs = "none", "off" },
		},
		"a domain without base path and DNS record": {
			settings: object{"domainName": "a.cn", "certificateArn": "arn:aws-cn:acm:x:111122223333:certificate/x"},
			want: func(c *Config) {
				c.DomainName, c.CertificateARN = "a.cn", "arn:aws-cn:acm:x:111122223333:certificate/x"
			},
		},
		"the account and region of a stage": {
			settings: object{"account": "111122223333", "region": "eu-west-1"},
			want:     func(c *Config) { c.Account, c.Region = "111122223333", "eu-west-1" },
		},
		"a protected stage": {
			settings: object{"protected": "true"},
			want:     func(c *Config) { c.Protected = true },
		},
		"keys of the CDK": {
			settings: object{
				"@aws-cdk/core:checkSecretUsage": true, "aws:cdk:version-reporting": true,
				"aws-cdk:enableDiffNoFail": true, "hosted-zone:account=1:region=eu-west-1": "x",
				"acknowledged-issue-numbers": []any{1.0}, "cdk-migrate": true,
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

func TestInvalidSettings(t *testing.T) {
	for _, test := range []struct {
		key     string
		value   any
		problem string // what the message says about the key
	}{
		{"issuer", "", "is missing: set it to the issuer whose tokens are trusted, " +
			"for example -c issuer=https://TENANT.eu.auth0.com/"},
		{"issuer", "http://tenant.eu.auth0.com/", "use -c issuer=https://tenant.eu.auth0.com/, or set another -c provider"},
		{"issuer", "tenant.eu.auth0.com", "use -c issuer=https://tenant.eu.auth0.com/, or set another -c provider"},
		{"issuer", "https:///x", "has no host"},
		{"issuer", "https://id.example/ x", "is not a URL"},
		{"issuer", "https://id.example/?a=b", "has a query"},
		{"issuer", "https://id.example/#", "has a fragment"},
		{"issuer", "https://me:secret@id.example/", "contains a user name"},
		{"issuer", 1.0, "must be a string"},
		// The provider is Auth0, whose issuers are a host and a slash.
		{"issuer", "https://tenant.eu.auth0.com", "use -c issuer=https://tenant.eu.auth0.com/"},
		{"issuer", "https://tenant.eu.auth0.com/oauth/token", "use -c issuer=https://tenant.eu.auth0.com/"},
		{"issuer", "https://login.example.com", "use -c issuer=https://login.example.com/"},

		{"audience", nil, "is missing"},
		{"audience", []any{"a b"}, `contains "a b"`},
		{"audience", object{"a": 1.0}, `must be a list, or a string separated by spaces or commas, not {"a":1}`},
		{"jwksUri", "http://id.example/keys", `"http://id.example/keys" does not start with https://`},
		{"provider", "google", `"google" is not supported: choose from auth0 clerk cognito duende entra`},
		{"algorithms", "RS256 HS256", `"HS256" is not supported`},
		{"algorithms", "none", `"none" is not supported`},
		{"algorithms", "rs256", `"rs256" is not supported`},
		{"requiredScopes", "it's", `"it's"`},
		{"requiredScopes", "$context.x", `"$context.x"`},
		{"resultTtl", "3601", "3601 must be a whole number from 0 to 3600"},
		{"clockSkewSeconds", -1.0, "-1 must be a whole number from 0 to 120"},
		{"clockSkewSeconds", 0.5, "0.5 must be"},
		{"clockSkewSeconds", "ten", "ten must be"},

		{"corsOrigins", "https://app.example.com/", "use https://app.example.com"},
		{"corsOrigins", "https://App.example.com", "use https://app.example.com"},
		{"corsOrigins", "https://app.example.com:443", "use https://app.example.com"},
		{"corsOrigins", "app.example.com", `"app.example.com" is not an origin`},
		{"corsOrigins", "//app.example.com", `"//app.example.com" is not an origin`},
		{"corsOrigins", "https://[::1", `"https://[::1" is not an origin`},
		{"corsOrigins", "https://*.example.com", "is not an origin"},
		{"corsOrigins", "* https://app.example.com", `"*" already allows every origin`},

		{"stage", "dev_1", `"dev_1" may only contain letters, digits and hyphens`},
		{"throttleRate", "0", "0 must be a whole number from 1"},
		{"logRetentionDays", "42", "42 is not a period that CloudWatch supports: choose from 1 3 5 7"},
		{"logRetentionDays", "0", "0 must be"},
		{"cloudWatchRole", "yes", `"yes" must be one of create, existing, none`},
		{"executionLogs", "debug", `"debug" must be one of error, off, info`},
		{"xray", "maybe", "maybe must be true or false"},
		{"waf", 1.0, "1 must be true or false"},
		{"wafRateLimit", "5", "5 must be a whole number from 10"},
		{"alarmEmail", "ops", `"ops" does not have the right form`},
		{"alarmTopicArn", "alarms", `"alarms" does not have the right form`},
		{"domainName", "https://api.example.com", `"https://api.example.com" does not have the right form`},
		{"certificateArn", "arn:aws:acm:eu-west-1:111122223333:certificate/x", "has no effect without a domain"},
		{"basePath", "v1", "has no effect without a domain"},
		{"tags", "team", `"team" is not NAME=VALUE`},
		{"tags", object{"team": 1.0}, "team must be a string"},
		{"permissionsBoundary", "my boundary", `"my boundary" does not have the right form`},
		{"account", "1111-2222-3333", "does not have the right form: use for example -c account=111122223333"},
		{"account", 111122223333.0, "must be a string, not 111122223333"},
		{"region", "Ireland", `"Ireland" does not have the right form: use for example -c region=eu-west-1`},
		{"account", "111122223333", "needs a region: a stage belongs to both"},
		{"region", "eu-west-1", "needs an account: a stage belongs to both"},
		{"protected", "yes", "yes must be true or false"},
		{"lambdas", filepath.Join("no", "such"), "run make lambdas"},

		{"audiance", "x", "is not a setting: did you mean audience?"},
		{"isuer", "x", "is not a setting: did you mean issuer?"},
		{"jwksURI", "x", "is not a setting: did you mean jwksUri?"},
	} {
		t.Run(fmt.Sprintf("%s=%v", test.key, test.value), func(t *testing.T) {
			refuse(t, object{test.key: test.value}, test.key, test.problem)
		})
	}
}

func TestInvalidCombinationsOfSettings(t *testing.T) {
	const certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/x"
	for name, test := range map[string]struct {
		settings     object
		key, problem string
	}{
		"Auth0 without its slash, with a jwksUri": {
			object{"issuer": "https://tenant.eu.auth0.com", "jwksUri": "https://keys.example/"},
			"issuer", "use -c issuer=https://tenant.eu.auth0.com/",
		},
		"Cognito with a slash": {
			object{"provider": "cognito", "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/p/"},
			"issuer", "use -c issuer=https://cognito-idp.eu-west-1.amazonaws.com/p, ",
		},
		"Okta with a slash": {
			object{"provider": "okta", "issuer": "https://org.okta.com/oauth2/default/"},
			"issuer", "use -c issuer=https://org.okta.com/oauth2/default, ",
		},
		"execution logs without a role": {
			object{"cloudWatchRole": "none", "executionLogs": "info"},
			"executionLogs", `"info" needs a role`,
		},
		"an address and a topic for alarms": {
			object{"alarmEmail": "a@b.example", "alarmTopicArn": "arn:aws:sns:eu-west-1:111122223333:t"},
			"alarmEmail", "and alarmTopicArn exclude each other",
		},
		"a domain without a certificate": {
			object{"domainName": "api.example.com"},
			"certificateArn", "is missing",
		},
		"a base path with a slash": {
			object{"basePath": "/v1", "domainName": "a.example", "certificateArn": certificate},
			"basePath", `"/v1" does not have the right form`,
		},
	} {
		t.Run(name, func(t *testing.T) { refuse(t, test.settings, test.key, test.problem) })
	}
}

// refuse checks that the settings are refused with exactly one message: it begins with
// the key and contains problem.
func refuse(t *testing.T, settings object, key, problem string) {
	t.Helper()
	context := object{"issuer": "https://tenant.eu.auth0.com/", "audience": "a", "lambdas": builtFunctions(t)}
	maps.Copy(context, settings)
	_, err := parseConfig(context)
	if err == nil || !strings.HasPrefix(err.Error(), key+": ") || !strings.Contains(err.Error(), problem) {
		t.Fatalf("got  %v\nwant %s: …%s…", err, key, problem)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("one mistake, but several messages:\n%v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the message repeats a password: %v", err)
	}
}

// The CLI says in these variables which account and region the credentials are of.
// Without credentials, and in make run, there is no account.
func TestStageIsDeployedToItsOwnAccountAndRegionOnly(t *testing.T) {
	tied := Config{Stage: "prod", Account: "111122223333", Region: "eu-west-1"}
	const (
		otherAccount = "account: stage prod belongs to 111122223333, but the credentials are of 444455556666: use others"
		otherRegion  = "region: stage prod belongs to eu-west-1, but the credentials are for us-east-1: " +
			"set AWS_REGION=eu-west-1"
	)
	for _, test := range []struct {
		name            string
		cfg             Config
		account, region string
		want            string
	}{
		{"its own", tied, "111122223333", "eu-west-1", ""},
		{"no credentials", tied, "", "us-east-1", ""},
		{"not from the CLI", tied, "", "", ""},
		{"a stage that is not tied", Config{Stage: "dev"}, "444455556666", "us-east-1", ""},
		{"another account", tied, "444455556666", "eu-west-1", otherAccount},
		{"another region", tied, "111122223333", "us-east-1", otherRegion},
		{"both", tied, "444455556666", "us-east-1", otherAccount + "\n" + otherRegion},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := test.cfg.checkCredentials(func(name string) string {
				return map[string]string{"CDK_DEFAULT_ACCOUNT": test.account, "CDK_DEFAULT_REGION": test.region}[name]
			}); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := parseConfig(object{"lambdas": "nowhere", "algorithms": "HS256", "resultTtl": "-1", "audiance": "x"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, key := range []string{"issuer:", "audience:", "lambdas:", "algorithms:", "resultTtl:", "audiance:"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("nothing about %s in\n%v", key, err)
		}
	}
}

func TestFunctionsMustBeReadableAndExecutableForAll(t *testing.T) {
	for mode, allowed := range map[os.FileMode]bool{
		0o755: true, 0o555: true, 0o777: true,
		0o644: false, 0o700: false, 0o750: false, 0o711: false, 0o744: false, 0o754: false,
	} {
		t.Run(fmt.Sprintf("%o", mode), func(t *testing.T) {
			folder := builtFunctions(t)
			bootstrap := filepath.Join(folder, "authorizer", "bootstrap")
			if err := os.Chmod(bootstrap, mode); err != nil {
				t.Fatal(err)
			}
			_, err := parseConfig(object{"issuer": "https://tenant.eu.auth0.com/", "audience": "a", "lambdas": folder})
			if allowed && err != nil {
				t.Errorf("got %v", err)
			}
			if !allowed && (err == nil || !strings.HasSuffix(err.Error(), "run chmod 755 "+bootstrap)) {
				t.Errorf("got %v, want an error that names the command to run", err)
			}
		})
	}
}
