package gateway

import (
	"strings"
	"testing"
)

func TestStageVariablesReachTheFunction(t *testing.T) {
	f := newFixture()
	f.properties("Stage")["Variables"] = cfn{"colour": "blue"}
	s := f.start(t)
	s.get("/prod/profile").isOK()
	equal(t, s.handler.last(t)["stageVariables"], map[string]any{"colour": "blue"})
}

func TestBinaryBodiesReachTheFunctionAsBase64(t *testing.T) {
	f := emptyFixture()
	f.public("POST", "/profile")
	f.properties("Api")["BinaryMediaTypes"] = []any{"image/*"}
	s := f.start(t)
	for _, test := range []struct {
		contentType, body, want string
		isBase64                bool
	}{
		{"image/png", "data", "ZGF0YQ==", true},
		{"text/plain", "data", "data", false},
		{"text/plain", "\xff\xfe", "//4=", true},
	} {
		s.send("POST /prod/profile", "Content-Type: "+test.contentType, "", test.body).isOK()
		event := s.handler.last(t)
		equal(t, []any{event["body"], event["isBase64Encoded"]}, []any{test.want, test.isBase64})
	}
}

func TestInvalidBase64BodyOfAFunctionIsA500(t *testing.T) {
	f := newFixture()
	f.properties("Api")["BinaryMediaTypes"] = []any{"*/*"}
	f.handler.do = answers(`{"body":"%%%","isBase64Encoded":true}`)
	f.start(t).get("/prod/profile").is(500, "ApiConfigurationException", `{"message":"Internal server error"}`)
}

func TestFunctionIsInvokedOnlyWithPermission(t *testing.T) {
	tests := []struct {
		name    string
		change  func(f *fixture)
		allowed bool
	}{
		{"for the method", permissionFor(ref("Stage"), "/GET/profile"), true},
		{"for another method", permissionFor(ref("Stage"), "/POST/profile"), false},
		{"for another stage", permissionFor("test-invoke-stage/GET/profile"), false},
		{"for every source", func(f *fixture) { delete(f.properties("HandlerPermission"), "SourceArn") }, true},
		{"for another principal", set("HandlerPermission", "Principal", "events.amazonaws.com"), false},
		{"for another account", set("HandlerPermission", "SourceAccount", "999999999999"), false},
		{"by the name of the function", set("HandlerPermission", "FunctionName", ref("Handler")), true},
		{"none", func(f *fixture) { delete(f.resources, "HandlerPermission") }, false},
		{"none, but a role", func(f *fixture) {
			delete(f.resources, "HandlerPermission")
			f.integration("GET2Fprofile")["Credentials"] = "arn:aws:iam::123456789012:role/caller"
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture()
			test.change(f)
			s := f.start(t)
			r := s.get("/prod/profile")
			if test.allowed {
				r.isOK()
				return
			}
			r.isServerError()
			const want = "no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke Handler for arn:"
			if reason := s.record(t).Reason; !strings.Contains(reason, want) {
				t.Errorf("the reason is %q", reason)
			}
		})
	}
}

func permissionFor(source ...any) func(*fixture) {
	return func(f *fixture) { f.permission("HandlerPermission", "Handler", executeAPI(source...)) }
}
