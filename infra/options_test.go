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

func TestOptionsAreOffByDefaultAndOnWhenSet(t *testing.T) {
	for _, test := range []struct {
		name     string
		stage    string
		kind     string // of the resource that has the option, without "AWS::"
		property string // part of its JSON
	}{
		{"a domain refuses TLS 1.0 and 1.1", "everything", "ApiGateway::DomainName", `"SecurityPolicy":"TLS_1_2"`},
		{"a domain replaces the default", "everything", "ApiGateway::RestApi", `"DisableExecuteApiEndpoint":true`},
		{"a domain has a base path", "everything", "ApiGateway::BasePathMapping", `"BasePath":"account"`},
		{"a domain has a DNS record", "everything", "Route53::RecordSet", `"Name":"api.example.com."`},
		{"WAF limits each address", "everything", "WAFv2::WebACL", `"EvaluationWindowSec":300,"Limit":500`},
		{"WAF counts by address", "everything", "WAFv2::WebACL", `"RateBasedStatement":{"AggregateKeyType":"IP"`},
		{"WAF uses AWS's rules", "everything", "WAFv2::WebACL", `"Name":"AWSManagedRulesCommonRuleSet"`},
		{"WAF is attached to the stage", "everything", "WAFv2::WebACLAssociation", `/stages/`},
		{"WAF redacts token and query", "everything", "WAFv2::LoggingConfiguration",
			`"RedactedFields":[{"SingleHeader":{"Name":"authorization"}},{"QueryString":{}}]`},
		{"X-Ray traces the stage", "everything", "ApiGateway::Stage", `"TracingEnabled":true`},
		{"X-Ray traces the functions", "everything", "Lambda::Function", `"TracingConfig":{"Mode":"Active"}`},
		{"a boundary by name", "everything", "IAM::Role", ":policy/" + apiName + "Boundary"},
		{"a boundary by ARN", "managed", "IAM::Role",
			`"PermissionsBoundary":"arn:aws:iam::111122223333:policy/Boundary"`},
		{"several audiences", "everything", "Lambda::Function",
			`"AUDIENCE":"https://api.example.com https://old-api.example.com"`},
		{"several origins at the gateway", "everything", "ApiGateway::Method", `$origin == \"http://localhost:3000\"`},
		{"several origins at the handler", "everything", "Lambda::Function",
			`"CORS_ORIGINS":"https://app.example.com http://localhost:3000"`},
		{"another stage", "everything", "ApiGateway::Stage", `"StageName":"test"`},
		{"reserved concurrency", "everything", "Lambda::Function", `"ReservedConcurrentExecutions":100`},
		{"an address for alarms", "everything", "SNS::Subscription", `"Endpoint":"ops@example.com"`},
		{"CloudWatch may publish alarms", "everything", "SNS::TopicPolicy",
			`"Principal":{"Service":"cloudwatch.amazonaws.com"}`},
		{"a topic for alarms", "managed", "CloudWatch::Alarm",
			`"AlarmActions":["arn:aws:sns:eu-west-1:111122223333:alarms"]`},
		{"throttling", "everything", "ApiGateway::Stage", `"ThrottlingBurstLimit":5,"ThrottlingRateLimit":10`},
		{"logs kept for a year", "everything", "Logs::LogGroup", `"RetentionInDays":365`},
		{"more execution logs", "everything", "ApiGateway::Stage", `"LoggingLevel":"INFO"`},
		{"no execution logs", "managed", "ApiGateway::Stage", `"LoggingLevel":"OFF"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if properties(t, stage(t, "default"), "AWS::"+test.kind, test.property) {
				t.Errorf("the default stack has %s at %s already", test.property, test.kind)
			}
			if !properties(t, stage(t, test.stage), "AWS::"+test.kind, test.property) {
				t.Errorf("got no %s with %s", test.kind, test.property)
			}
		})
	}
}

// properties reports whether the JSON of a resource of this type contains text.
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

// stackArtifact is what the CLI reads about the stack.
type stackArtifact struct {
	Environment string
	Properties  struct {
		Tags                  map[string]string
		TerminationProtection bool
	}
}

func artifact(t *testing.T, tpl template, name string) stackArtifact {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tpl.folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Artifacts map[string]stackArtifact }
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest.Artifacts[name]
}

func TestTagsAreSetOnTheStack(t *testing.T) {
	got := artifact(t, stage(t, "everything"), apiName+"-test").Properties.Tags
	want := map[string]string{"team": "accounts", "cost-center": "42"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStageIsProtectedAndTiedToAnEnvironmentOnlyWhenSet(t *testing.T) {
	for name, want := range map[string]struct {
		environment string
		protected   bool
	}{
		"default":   {"aws://unknown-account/unknown-region", false},
		"protected": {"aws://111122223333/eu-west-1", true},
	} {
		got := artifact(t, stage(t, name), apiName+"-prod")
		if got.Environment != want.environment || got.Properties.TerminationProtection != want.protected {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// A name that outlives the stack must not be in the way of the next stack of this stage.
func TestLogsThatOutliveTheStackHaveNamesOfTheirOwn(t *testing.T) {
	for id, group := range stage(t, "protected").ofType("AWS::Logs::LogGroup") {
		name := render(group.Properties["LogGroupName"])
		if group.Properties["LogGroupName"] != nil && !strings.Contains(name, "AWS::StackId") &&
			!strings.Contains(name, "${Api}") {
			t.Errorf("%s is always named %s", id, name)
		}
	}
}

// Two stages in one account and region must not use the same name.
func TestTwoStagesUseDifferentNames(t *testing.T) {
	settings := maps.Clone(stages["everything"])
	settings["stage"] = "second"
	first, second := names(stage(t, "everything")), names(synth(t, config(t, settings)))
	for name, id := range first {
		if other, taken := second[name]; taken {
			t.Errorf("%s of one stage and %s of the other have the same name: %s", id, other, name)
		}
	}
	if len(first) == 0 {
		t.Error("found no name to compare")
	}
}

// names returns the names that a template uses in its account and region.
func names(tpl template) map[string]string {
	used := map[string]string{}
	for id, r := range tpl.Resources {
		switch r.Type {
		case "AWS::Lambda::Permission", // FunctionName is another resource's name
			"AWS::ApiGateway::Authorizer", // Name is a name inside the API
			"AWS::Route53::RecordSet":     // Name is a setting
			continue
		case "AWS::Logs::MetricFilter": // LogGroupName is another resource's name
			transformation, _ := r.Properties["MetricTransformations"].([]any)[0].(map[string]any)
			used["MetricName "+render(transformation["MetricName"])] = id
			continue
		}
		for _, key := range []string{
			"AlarmName", "DashboardName", "LogGroupName", "TopicName", "RoleName", "FunctionName", "Name",
		} {
			name := render(r.Properties[key])
			if r.Properties[key] != nil && !strings.Contains(name, "${Api}") { // the API's ID is unique
				used[key+" "+name] = id
			}
		}
	}
	return used
}

func TestCloudWatchRoleSettingChangesTheAccountOnlyWithCreate(t *testing.T) {
	tests := map[string]struct {
		stage     string
		account   int
		accessLog bool
	}{
		"create":   {"default", 1, true},
		"existing": {"managed", 0, true},
		"none":     {"without logs", 0, false},
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

// outlives has the resources that are kept when the stack is deleted, besides those
// below: the ID that they have in the construct tree, and the reason. To keep another
// one, add it in a file of your own (README.md, "A DynamoDB table").
var outlives = map[string]string{}

// Other APIs of the account may use the role once it is set. Retain keeps it also when
// the first deployment is rolled back; RetainExceptOnCreate, CDK's
// RETAIN_ON_UPDATE_OR_DELETE, would delete it then, and the account's setting would name
// a role that does not exist.
func TestWhatOutlivesTheStackIsDeclared(t *testing.T) {
	for name := range stages {
		for id, r := range stage(t, name).Resources {
			if r.Type == "AWS::ApiGateway::Account" || strings.HasPrefix(id, "ApiGatewayLogsRole") {
				if r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
					t.Errorf("%s: %s: got %s when deleted and %s when replaced, want Retain",
						name, id, r.DeletionPolicy, r.UpdateReplacePolicy)
				}
				continue
			}
			if kept := logicalIDHash.ReplaceAllString(id, ""); outlives[kept] != "" {
				if r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
					t.Errorf("%s: %s: got %q when deleted and %q when replaced, but outlives has %s: want Retain",
						name, id, r.DeletionPolicy, r.UpdateReplacePolicy, kept)
				}
				continue
			}
			// What a first deployment has logged before it is rolled back is not worth keeping.
			want := ""
			if r.Type == "AWS::Logs::LogGroup" {
				want = "Delete"
				if name == "protected" {
					want = "RetainExceptOnCreate"
				}
			}
			if r.DeletionPolicy != want {
				t.Errorf("%s: %s: got %q when deleted, want %q. If it is to outlive the stack, write in init of a "+
					"test file of your own: outlives[%q] = \"REASON\"",
					name, id, r.DeletionPolicy, want, logicalIDHash.ReplaceAllString(id, ""))
			}
			if _, ok := r.Properties["RetentionInDays"].(float64); r.Type == "AWS::Logs::LogGroup" && !ok {
				t.Errorf("%s: %s never expires", name, id)
			}
		}
	}
}

func TestTrustInTheAccountsLogRoleNamesTheAccount(t *testing.T) {
	const want = `"Action":"sts:AssumeRole","Condition":{"StringEqualsIfExists":` +
		`{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}},"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"}`
	if !properties(t, stage(t, "default"), "AWS::IAM::Role", want) {
		t.Errorf("no role has the trust %s", want)
	}
}
