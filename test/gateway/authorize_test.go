package gateway

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

func TestConditionKeysComeFromTheRequest(t *testing.T) {
	r := httptest.NewRequest("GET", "/prod/profile", nil)
	r.RemoteAddr = "203.0.113.7:50000"
	r.Header.Set("User-Agent", "curl/8.0")
	x := &exchange{request: r, time: time.Date(2026, 7, 20, 1, 56, 20, 0, time.UTC)}
	tests := []struct {
		name, value string
		ok          bool
	}{
		{"aws:currenttime", "2026-07-20T01:56:20Z", true},
		{"aws:epochtime", "1784512580", true},
		{"aws:sourceip", "203.0.113.7", true},
		{"aws:securetransport", "true", true},
		{"aws:useragent", "curl/8.0", true},
		{"aws:referer", "", false}, // the request has none
		{"aws:principalorgid", "", false},
	}
	for _, test := range tests {
		if value, ok := x.conditionKey(test.name); value != test.value || ok != test.ok {
			t.Errorf("%s is %q, %v; want %q, %v", test.name, value, ok, test.value, test.ok)
		}
	}
}

func TestCachedAnswerExpiresOneTTLAfterItsFirstUse(t *testing.T) {
	f, c := newFixture(), newClock()
	f.options.Now = c.Now
	f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = "60"
	s := f.start(t)
	for i, step := range []struct {
		wait        time.Duration
		invocations int
	}{
		{0, 1},
		{59 * time.Second, 1},
		{time.Second, 2},
		{59 * time.Second, 2}, // a hit does not extend the expiry
		{time.Second, 3},
	} {
		c.advance(step.wait)
		s.get("/prod/profile").isOK()
		if n := s.authorizer.count(); n != step.invocations {
			t.Errorf("step %d: the authorizer was invoked %d times, want %d", i+1, n, step.invocations)
		}
	}
	equal(t, at(t, s.handler.last(t), "requestContext", "requestTime"), "20/Jul/2026:01:58:20 +0000")
	if n := len(s.loaded("GET", "/profile").authorizer.results.entries); n != 1 {
		t.Errorf("the cache has %d entries, want 1", n)
	}
}

func TestLastOfSeveralAuthorizationHeadersCounts(t *testing.T) {
	s := newFixture().start(t)
	s.send("GET /prod/profile", "Authorization: Bearer first", "Authorization: Bearer last").isOK()
	equal(t, s.authorizer.last(t)["authorizationToken"], "Bearer last")
	equal(t, s.record(t).Warning, "the request has 2 headers Authorization; the last one counts")
}

func TestMethodARNHasVerbAndPathAsSent(t *testing.T) {
	f := emptyFixture()
	f.method("ANY", "/{proxy+}")
	f.method("GET", "/")
	f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = 0.0
	s := f.start(t)
	for request, suffix := range map[string]string{
		"GET /prod":                 "/prod/GET/",
		"GET /prod/":                "/prod/GET/",
		"PATCH /prod/a/b":           "/prod/PATCH/a/b",
		"GET /prod/a/":              "/prod/GET/a/",
		"GET /prod/%7Ea?x=1":        "/prod/GET/%7Ea",
		"DELETE /prod//a//b":        "/prod/DELETE/a//b",
		"GET http://host/prod/abso": "/prod/GET/abso",
	} {
		s.send(request, goodToken).isOK()
		if arn := s.authorizer.last(t)["methodArn"].(string); !strings.HasSuffix(arn, s.gateway.api.id+suffix) {
			t.Errorf("%s: the method ARN is %s, want …%s", request, arn, suffix)
		}
	}
	s.send("GET /prod/"+strings.Repeat("a", 1600), goodToken).
		is(414, "RequestUriTooLongException", `{"message":"Request URI too long"}`)
}

func TestPrincipalInAPolicyIsIgnored(t *testing.T) {
	policy := strings.Replace(policyFor("Allow", "*"), `"Action"`, `"Principal":"*","Action"`, 1)
	s := withAuthorizer(t, answers(policy))
	s.get("/prod/profile").isOK()
	equal(t, s.record(t).Warning, "the Principal of statement 1 has no meaning in an authorizer's policy")
}

// The types of aws-lambda-go are those that most Go functions decode events into.
func TestEventsAreThoseOfAWSLambdaGo(t *testing.T) {
	f := newFixture()
	f.authorizer.do = func(event []byte) does {
		var request events.APIGatewayCustomAuthorizerRequest
		d := json.NewDecoder(bytes.NewReader(event))
		d.DisallowUnknownFields()
		if err := d.Decode(&request); err != nil {
			t.Error(err)
		}
		answer, err := json.Marshal(events.APIGatewayCustomAuthorizerResponse{
			PrincipalID: "user",
			PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
				Version: "2012-10-17",
				Statement: []events.IAMPolicyStatement{
					{Action: []string{"execute-api:Invoke"}, Effect: "Allow", Resource: []string{request.MethodArn}},
				},
			},
			Context: map[string]any{"scope": "get:profile"},
		})
		if err != nil {
			t.Error(err)
		}
		return does{Answer: string(answer)}
	}
	f.handler.do = func(event []byte) does {
		var request events.APIGatewayProxyRequest // it has no principalOrgId, which AWS sends
		if err := json.Unmarshal(event, &request); err != nil {
			t.Error(err)
		}
		equal(t, request.RequestContext.Authorizer["scope"], "get:profile")
		answer, err := json.Marshal(events.APIGatewayProxyResponse{
			StatusCode: 201, Body: request.QueryStringParameters["q"],
		})
		if err != nil {
			t.Error(err)
		}
		return does{Answer: string(answer)}
	}
	f.start(t).get("/prod/profile?q=7", "User-Agent: test").is(201, "", "7")
}
