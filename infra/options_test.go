package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestAnOptionIsOffUntilItIsSet(t *testing.T) {
	tests := map[string]struct {
		stage    string
		kind     string // of the resource that shows the option
		property string // what its JSON then contains
	}{
		"a domain refuses TLS 1.0 and 1.1":     {"everything", "AWS::ApiGateway::DomainName", `"SecurityPolicy":"TLS_1_2"`},
		"a domain replaces the API's own name": {"everything", "AWS::ApiGateway::RestApi", `"DisableExecuteApiEndpoint":true`},
		"a domain serves the stage at a path":  {"everything", "AWS::ApiGateway::BasePathMapping", `"BasePath":"account"`},
		"a domain gets its DNS record":         {"everything", "AWS::Route53::RecordSet", `"Name":"api.example.com."`},
		"WAF limits each address":              {"everything", "AWS::WAFv2::WebACL", `"RateBasedStatement":{"AggregateKeyType":"IP","EvaluationWindowSec":300,"Limit":500}`},
		"WAF uses AWS's rules":                 {"everything", "AWS::WAFv2::WebACL", `"Name":"AWSManagedRulesCommonRuleSet"`},
		"WAF stands before the stage":          {"everything", "AWS::WAFv2::WebACLAssociation", `/stages/`},
		"WAF logs no token":                    {"everything", "AWS::WAFv2::LoggingConfiguration", `"RedactedFields":[{"SingleHeader":{"Name":"authorization"}}]`},
		"X-Ray traces the stage":               {"everything", "AWS::ApiGateway::Stage", `"TracingEnabled":true`},
		"X-Ray traces the functions":           {"everything", "AWS::Lambda::Function", `"TracingConfig":{"Mode":"Active"}`},
		"a boundary by name holds every role":  {"everything", "AWS::IAM::Role", `:policy/DeveloperBoundary`},
		"a boundary by ARN holds every role":   {"in a managed account", "AWS::IAM::Role", `"PermissionsBoundary":"arn:aws:iam::111122223333:policy/Boundary"`},
		"more audiences":                       {"everything", "AWS::Lambda::Function", `"AUDIENCE":"https://api.example.com https://old-api.example.com"`},
		"several origins":                      {"everything", "AWS::ApiGateway::Method", `$origin == \"http://localhost:3000\"`},
		"several origins reach the handler":    {"everything", "AWS::Lambda::Function", `"CORS_ORIGINS":"https://app.example.com http://localhost:3000"`},
		"another stage":                        {"everything", "AWS::ApiGateway::Stage", `"StageName":"test"`},
		"concurrency set aside":                {"everything", "AWS::Lambda::Function", `"ReservedConcurrentExecutions":100`},
		"an address for alarms":                {"everything", "AWS::SNS::Subscription", `"Endpoint":"ops@example.com"`},
		"CloudWatch may publish to the topic":  {"everything", "AWS::SNS::TopicPolicy", `"Principal":{"Service":"cloudwatch.amazonaws.com"}`},
		"a topic for alarms":                   {"in a managed account", "AWS::CloudWatch::Alarm", `"AlarmActions":["arn:aws:sns:eu-west-1:111122223333:alarms"]`},
		"a stricter throttle":                  {"everything", "AWS::ApiGateway::Stage", `"ThrottlingBurstLimit":5,"ThrottlingRateLimit":10`},
		"logs kept for a year":                 {"everything", "AWS::Logs::LogGroup", `"RetentionInDays":365`},
		"more execution logs":                  {"everything", "AWS::ApiGateway::Stage", `"LoggingLevel":"INFO"`},
		"no execution logs":                    {"in a managed account", "AWS::ApiGateway::Stage", `"LoggingLevel":"OFF"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if properties(t, stage(t, "default"), test.kind, test.property) {
				t.Errorf("the default stack has %s at %s already", test.property, test.kind)
			}
			if !properties(t, stage(t, test.stage), test.kind, test.property) {
				t.Errorf("got no %s with %s", test.kind, test.property)
			}
		})
	}
}

// properties reports whether a resource of the kind has the text in its JSON.
func properties(t *testing.T, tpl template, kind, text string) bool {
	t.Helper()
	for _, r := range tpl.ofType(kind) {
		written, err := json.Marshal(r.Properties)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(written), text) {
			return true
		}
	}
	return false
}

func TestTagsAreOnTheStackAndSoOnAllOfIt(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(stage(t, "everything").folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct{ Tags map[string]string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	if got := manifest.Artifacts["AccountApi-test"].Properties.Tags; !reflect.DeepEqual(got, map[string]string{"team": "accounts", "cost-center": "42"}) {
		t.Errorf("got %v", got)
	}
}

// Two stages in one account and region must not claim the same name.
func TestStagesLiveSideBySide(t *testing.T) {
	settings := maps.Clone(stages["everything"])
	settings["stage"] = "second"
	first, second := names(stage(t, "everything")), names(synth(t, config(t, settings)))
	for name, id := range first {
		if other, taken := second[name]; taken {
			t.Errorf("%s of one stage and %s of the other are both %s", id, other, name)
		}
	}
	if len(first) == 0 {
		t.Error("found no name to compare")
	}
}

// names returns the names that a template claims in its account and region.
func names(tpl template) map[string]string {
	claimed := map[string]string{}
	for id, r := range tpl.Resources {
		for _, key := range []string{"AlarmName", "DashboardName", "LogGroupName", "TopicName", "RoleName", "FunctionName", "Name"} {
			name := render(r.Properties[key])
			switch {
			case r.Properties[key] == nil || strings.Contains(name, "${Api}"):
				// The API's ID is its own.
			case r.Type == "AWS::Lambda::Permission" || r.Type == "AWS::ApiGateway::Authorizer" || r.Type == "AWS::Route53::RecordSet":
				// The name of another resource, one inside the API, one that a person chose.
			default:
				claimed[key+" "+name] = id
			}
		}
	}
	return claimed
}

func TestTheAccountIsTouchedOnlyIfAsked(t *testing.T) {
	tests := map[string]struct {
		stage     string
		account   int
		accessLog bool
	}{
		"create makes a role for the account":  {"default", 1, true},
		"existing relies on one that is there": {"in a managed account", 0, true},
		"none goes without logs of the stage":  {"without logs", 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tpl := stage(t, test.stage)
			if got := len(tpl.ofType("AWS::ApiGateway::Account")); got != test.account {
				t.Errorf("got %d account settings, want %d", got, test.account)
			}
			if got := properties(t, tpl, "AWS::ApiGateway::Stage", "AccessLogSetting"); got != test.accessLog {
				t.Errorf("access log: got %t, want %t", got, test.accessLog)
			}
		})
	}
}

func TestWhatOutlivesTheStackIsMeantTo(t *testing.T) {
	for name := range stages {
		for id, r := range stage(t, name).Resources {
			kept := r.Type == "AWS::ApiGateway::Account" || strings.HasPrefix(id, "ApiGatewayLogsRole")
			if got := strings.HasPrefix(r.DeletionPolicy, "Retain"); got != kept {
				t.Errorf("%s: %s is kept: %t, want %t", name, id, got, kept)
			}
			if _, ok := r.Properties["RetentionInDays"].(float64); r.Type == "AWS::Logs::LogGroup" && !ok {
				t.Errorf("%s: %s never expires", name, id)
			}
		}
	}
}

// A refusal is a Lambda error of the authorizer, and callers with an expired
// token are not an incident.
func TestNoAlarmRestsOnRefusalsOfHonestCallers(t *testing.T) {
	alarms := stage(t, "default").ofType("AWS::CloudWatch::Alarm")
	if len(alarms) == 0 {
		t.Fatal("got no alarms")
	}
	for id, alarm := range alarms {
		text, err := json.Marshal(alarm.Properties)
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{`"Errors"`, `"4XXError"`, `"expired"`} {
			if strings.Contains(string(text), never) {
				t.Errorf("%s rests on %s", id, never)
			}
		}
	}
}
