package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestConformance holds the gateway against what is known of AWS: recordings,
// documentation, and reports where there is nothing better. The API is the one
// of newFixture unless a row says otherwise: stage prod, GET /profile behind a
// TOKEN authorizer with a result TTL of 300 s, and its preflight.
func TestConformance(t *testing.T) {
	for i, row := range conformance {
		if row.number != i+1 {
			t.Errorf("row %d stands at %d: the table must be complete and in order", row.number, i+1)
		}
		t.Run(fmt.Sprintf("%02d %s", row.number, row.rule), func(t *testing.T) {
			t.Parallel()
			row.check(t)
		})
	}
}

var conformance = []struct {
	number int
	rule   string
	check  func(t *testing.T)
}{
	{1, "without Authorization: 401, authorizer not invoked", func(t *testing.T) {
		w := newFixture().start(t)
		w.send("GET /prod/profile").is401U()
		w.invoked(&w.authorizer, 0)
	}},
	{2, "with an empty Authorization: 401, authorizer not invoked", func(t *testing.T) {
		w := newFixture().start(t)
		w.send("GET /prod/profile", "Authorization:").is401U()
		w.invoked(&w.authorizer, 0)
	}},
	{3, "a token that does not match the validation expression: 401, authorizer not invoked", func(t *testing.T) {
		w := validated(t, `^Bearer [-\w.]+$`)
		w.send("GET /prod/profile", "Authorization: Basic abc").is401U()
		w.invoked(&w.authorizer, 0)
	}},
	{4, `validation \w{5}, token abcdef: 401, for the whole token must match`, func(t *testing.T) {
		w := validated(t, `\w{5}`)
		w.send("GET /prod/profile", "Authorization: abcdef").is401U()
		w.invoked(&w.authorizer, 0)
	}},
	{5, `validation \w{5}, token abcde: authorizer invoked`, func(t *testing.T) {
		w := validated(t, `\w{5}`)
		w.send("GET /prod/profile", "Authorization: abcde").is200()
		w.invoked(&w.authorizer, 1)
	}},
	{6, "the header's name may be written in lower case", func(t *testing.T) {
		w := newFixture().start(t)
		w.send("GET /prod/profile", "authorization: Bearer foo").is200()
		equal(t, w.authorizer.last(t)["authorizationToken"], "Bearer foo")
	}},
	{7, "the authorizer's event has exactly three keys; the method ARN has no query", func(t *testing.T) {
		w := newFixture().start(t)
		w.get("/prod/profile?x=1").is200()
		api := w.gateway.api.id
		equal(t, w.authorizer.last(t), map[string]any{
			"type":               "TOKEN",
			"methodArn":          "arn:aws:execute-api:us-east-1:123456789012:" + api + "/prod/GET/profile",
			"authorizationToken": "Bearer good",
		})
	}},
	{8, "authorizer error Unauthorized: 401", func(t *testing.T) {
		authorizerThat(t, fails("Unauthorized")).get("/prod/profile").is401U()
	}},
	{9, "authorizer error Unauthorized: token expired: 500", func(t *testing.T) {
		authorizerThat(t, fails("Unauthorized: token expired")).get("/prod/profile").is500C()
	}},
	{10, "authorizer error unauthorized, or an answer that looks like the error: 500", func(t *testing.T) {
		authorizerThat(t, fails("unauthorized")).get("/prod/profile").is500C()
		authorizerThat(t, answers(`{"errorMessage":"Unauthorized"}`)).get("/prod/profile").is500C()
	}},
	{11, "an authorizer that panics, exits or takes too long: 500", func(t *testing.T) {
		for _, do := range []does{{Panic: "oh"}, {Exit: true}, {Hang: true}} {
			f := newFixture()
			f.authorizer.do = func([]byte) does { return do }
			if do.Hang {
				f.properties("Authorizer")["Timeout"] = 1.0
			}
			f.start(t).get("/prod/profile").is500C()
		}
	}},
	{12, "authorizer answers null: 500", func(t *testing.T) {
		for _, answer := range []string{`null`, `""`, `[]`, `{}`, `"allow"`} {
			authorizerThat(t, answers(answer)).get("/prod/profile").is500C()
		}
	}},
	{13, "a valid policy and an unknown key: 500", func(t *testing.T) {
		authorizerThat(t, answers(`{"foo":1,`+policyFor("Allow", "*")[1:])).get("/prod/profile").is500C()
	}},
	{14, "no policyDocument: 500", func(t *testing.T) {
		authorizerThat(t, answers(`{"principalId":"user"}`)).get("/prod/profile").is500C()
	}},
	{15, "a context value that is an object, an array or null: 500", func(t *testing.T) {
		for _, context := range []string{`{"a":{"b":1}}`, `{"a":[1]}`, `{"a":null}`} {
			authorizerThat(t, answers(`{"context":`+context+`,`+policyFor("Allow", "*")[1:])).get("/prod/profile").is500C()
		}
	}},
	{16, "context values reach the backend as texts, principalId too, integrationLatency as a number", func(t *testing.T) {
		w := authorizerThat(t, answers(`{"context":{"n":1,"t":true,"s":"x"},`+policyFor("Allow", "*")[1:]))
		w.get("/prod/profile").is200()
		got := at(t, w.handler.last(t), "requestContext", "authorizer").(map[string]any)
		if latency, ok := got["integrationLatency"].(float64); !ok || latency < 0 {
			t.Errorf("integrationLatency is %#v", got["integrationLatency"])
		}
		delete(got, "integrationLatency")
		equal(t, got, map[string]any{"n": "1", "t": "true", "s": "x", "principalId": "user"})
	}},
	{17, "Deny *: 403 with the explicit wording, key Message", func(t *testing.T) {
		authorizerThat(t, answers(policyFor("Deny", "*"))).get("/prod/profile").
			is(403, "AccessDeniedException", `{"Message":"`+explicitDenyMessage+`"}`)
	}},
	{18, "Allow of another verb: 403 with the wording for no policy", func(t *testing.T) {
		authorizerThat(t, allowing("prod/POST/*")).get("/prod/profile").
			is(403, "AccessDeniedException", `{"Message":"`+implicitDenyMessage+`"}`)
	}},
	{19, "Allow * and Deny of the method: 403 with the explicit wording", func(t *testing.T) {
		authorizerThat(t, func(event []byte) does {
			return does{Answer: `{"principalId":"user","policyDocument":{"Version":"2012-10-17","Statement":[
				{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"*"},
				{"Action":"execute-api:Invoke","Effect":"Deny","Resource":"` + apiOf(event) + `prod/GET/profile"}]}}`}
		}).get("/prod/profile").is(403, "AccessDeniedException", `{"Message":"`+explicitDenyMessage+`"}`)
	}},
	{20, "Allow of the stage's * covers every path, for * crosses slashes", func(t *testing.T) {
		f := newFixture()
		f.method("GET", "/a/b")
		f.authorizer.do = allowing("prod/*")
		w := f.start(t)
		w.get("/prod/profile").is200()
		w.get("/prod/a/b").is200()
	}},
	{21, "? stands for one character", func(t *testing.T) {
		authorizerThat(t, allowing("prod/GET/pro?ile")).get("/prod/profile").is200()
	}},
	{22, "action execute-api:*, as a text and as a list", func(t *testing.T) {
		for _, action := range []string{`"execute-api:*"`, `["execute-api:*"]`, `"execute-api:Invoke"`, `"*"`} {
			authorizerThat(t, answers(strings.Replace(policyFor("Allow", "*"), `"execute-api:Invoke"`, action, 1))).get("/prod/profile").is200()
		}
	}},
	{23, "actions are compared without regard to case", func(t *testing.T) {
		authorizerThat(t, answers(strings.Replace(policyFor("Allow", "*"), "execute-api:Invoke", "EXECUTE-API:invoke", 1))).get("/prod/profile").is200()
	}},
	{24, "resources are compared with regard to case", func(t *testing.T) {
		authorizerThat(t, allowing("prod/get/profile")).get("/prod/profile").is403D()
	}},
	{25, "the same token twice: authorizer once, integrationLatency 0 the second time", func(t *testing.T) {
		w := newFixture().start(t)
		w.get("/prod/profile").is200()
		w.get("/prod/profile").is200()
		w.invoked(&w.authorizer, 1)
		equal(t, at(t, w.handler.last(t), "requestContext", "authorizer", "integrationLatency"), 0.0)
	}},
	{26, "TTL 0: authorizer for every request", func(t *testing.T) {
		f := newFixture()
		f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = 0.0
		w := f.start(t)
		w.get("/prod/profile").is200()
		w.get("/prod/profile").is200()
		w.invoked(&w.authorizer, 2)
	}},
	{27, "different tokens: authorizer for each", func(t *testing.T) {
		w := newFixture().start(t)
		w.send("GET /prod/profile", "Authorization: Bearer one").is200()
		w.send("GET /prod/profile", "Authorization: Bearer two").is200()
		w.invoked(&w.authorizer, 2)
	}},
	{28, "a policy for the method ARN alone, cached: 403 for the next method", func(t *testing.T) {
		f := newFixture()
		f.method("GET", "/other")
		f.authorizer.do = allowing("prod/GET/profile")
		w := f.start(t)
		w.get("/prod/profile").is200()
		w.get("/prod/other").is403D()
		w.invoked(&w.authorizer, 1)
	}},
	{29, "a Deny is cached too", func(t *testing.T) {
		w := authorizerThat(t, answers(policyFor("Deny", "*")))
		w.get("/prod/profile").is403D()
		w.get("/prod/profile").is403D()
		w.invoked(&w.authorizer, 1)
	}},
	{30, "Unauthorized is not cached", func(t *testing.T) {
		w := authorizerThat(t, fails("Unauthorized"))
		w.get("/prod/profile").is401U()
		w.get("/prod/profile").is401U()
		w.invoked(&w.authorizer, 2)
	}},
	{31, "an unknown path without Authorization: 403 Missing Authentication Token", func(t *testing.T) {
		newFixture().start(t).send("GET /prod/nope").is403M()
	}},
	{32, "a known path, an unknown method: 403 Missing Authentication Token, authorizer not invoked", func(t *testing.T) {
		w := newFixture().start(t)
		w.send("POST /prod/profile").is403M()
		w.invoked(&w.authorizer, 0)
	}},
	{33, "HEAD is not implied by GET", func(t *testing.T) {
		newFixture().start(t).send("HEAD /prod/profile").is(403, "MissingAuthenticationTokenException", "")
	}},
	{34, "an unknown path with an Authorization that is no AWS signature", func(t *testing.T) {
		newFixture().start(t).send("GET /prod/nope", "Authorization: Bearer a.b.c").
			begins(403, "IncompleteSignatureException", `{"message":"Invalid key=value pair (missing equal-sign) in Authorization header`)
	}},
	{35, "an unknown stage: 403 Forbidden", func(t *testing.T) {
		newFixture().start(t).send("GET /other-stage/profile").is(403, "ForbiddenException", `{"message":"Forbidden"}`)
	}},
	{36, "the preflight needs no token: 204, empty, three CORS headers, no trace id", func(t *testing.T) {
		w := newFixture().start(t)
		w.send("OPTIONS /prod/profile", "Origin: https://app.example.com", "Access-Control-Request-Method: GET").is(204, "", "").
			has("Access-Control-Allow-Origin", "*").
			has("Access-Control-Allow-Methods", "OPTIONS,GET,PUT,POST,DELETE,PATCH,HEAD").
			has("Access-Control-Allow-Headers", "Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent").
			has("Vary", "").
			has("Content-Type", "application/json").
			has("X-Amzn-Trace-Id", "")
		w.invoked(&w.authorizer, 0)
	}},
	{37, "MOCK request templates: { statusCode: 200 } is served, a text or no braces are not", func(t *testing.T) {
		for template, status := range map[string]int{
			`{ statusCode: 200 }`: 204, `{'statusCode': 200}`: 204, `{"statusCode": 200,,}`: 204, `{"statusCode": 200, "m": "a, b: c"}`: 204,
			`{"statusCode":"200"}`: 500, `statusCode: 200`: 500, `{"statusCode: 200}`: 500, `{"statusCode": 200`: 500, `{}`: 500, ``: 500,
		} {
			f := newFixture()
			f.preflight("/profile")["Integration"].(cfn)["RequestTemplates"] = cfn{"application/json": template}
			if got := f.start(t).send("OPTIONS /prod/profile").status; got != status {
				t.Errorf("%s: got %d, want %d", template, got, status)
			}
		}
	}},
	{38, "/test has POST only, /{proxy+} has OPTIONS: OPTIONS /test is the proxy's", func(t *testing.T) {
		f := emptyFixture()
		f.open("POST", "/test")
		f.preflight("/{proxy+}")
		f.start(t).send("OPTIONS /prod/test").is(204, "", "")
	}},
	{39, "/part1/hardcoded-value and /{param+}: GET /part1/random-value is the proxy's", func(t *testing.T) {
		f := emptyFixture()
		f.open("GET", "/part1/hardcoded-value")
		f.open("GET", "/{param+}")
		w := f.start(t)
		w.send("GET /prod/part1/random-value").is200()
		equal(t, w.handler.last(t)["resource"], "/{param+}")
		w.send("GET /prod/part1/hardcoded-value").is200()
		equal(t, w.handler.last(t)["resource"], "/part1/hardcoded-value")
	}},
	{40, "a slash at the end stays in path and is not part of the parameter", func(t *testing.T) {
		checkPaths(t, "/prod/proxy-value/", "/proxy-value/", "/prod/proxy-value/", "proxy-value")
	}},
	{41, "slashes after the stage collapse in path, not in requestContext.path", func(t *testing.T) {
		checkPaths(t, "/prod//proxy-value", "/proxy-value", "/prod//proxy-value", "proxy-value")
	}},
	{42, "slashes before the stage collapse in both", func(t *testing.T) {
		checkPaths(t, "//prod/proxy-value", "/proxy-value", "/prod/proxy-value", "proxy-value")
	}},
	{43, "slashes further on stay everywhere", func(t *testing.T) {
		checkPaths(t, "/prod/proxy-value//double-slash", "/proxy-value//double-slash", "/prod/proxy-value//double-slash", "proxy-value//double-slash")
	}},
	{44, "nothing in a path is decoded", func(t *testing.T) {
		const tail = "api/user/test%2Balias@gmail.com/plus/test+alias@gmail.com"
		checkPaths(t, "/prod/"+tail, "/"+tail, "/prod/"+tail, tail)
	}},
	{45, "a query is decoded once, as a form", func(t *testing.T) {
		w := openWorld(t)
		w.send("GET /prod/profile?email=test%2Balias@gmail.com&plus=test+alias@gmail.com").is200()
		equal(t, w.handler.last(t)["queryStringParameters"], map[string]any{"email": "test+alias@gmail.com", "plus": "test alias@gmail.com"})
	}},
	{46, "of several query values the last counts, the list has all", func(t *testing.T) {
		w := openWorld(t)
		w.send("GET /prod/profile?category=electronics&category=books").is200()
		equal(t, w.handler.last(t)["queryStringParameters"], map[string]any{"category": "books"})
		equal(t, w.handler.last(t)["multiValueQueryStringParameters"], map[string]any{"category": []any{"electronics", "books"}})
	}},
	{47, "what is not there is null; there is no version", func(t *testing.T) {
		w := openWorld(t)
		w.send("GET /prod/profile").is200()
		event := w.handler.last(t)
		for _, key := range []string{"queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body"} {
			if v, ok := event[key]; !ok || v != nil {
				t.Errorf("%s is %v, want null", key, v)
			}
		}
		equal(t, event["isBase64Encoded"], false)
		keys := slices.Sorted(maps.Keys(event))
		equal(t, keys, []string{"body", "headers", "httpMethod", "isBase64Encoded", "multiValueHeaders", "multiValueQueryStringParameters",
			"path", "pathParameters", "queryStringParameters", "requestContext", "resource", "stageVariables"})
	}},
	{48, "no authorizer on the method: requestContext has no authorizer", func(t *testing.T) {
		w := openWorld(t)
		w.send("GET /prod/profile").is200()
		if v, ok := at(t, w.handler.last(t), "requestContext").(map[string]any)["authorizer"]; ok {
			t.Errorf("authorizer is %v", v)
		}
	}},
	{49, "headers of the connection do not reach the function", func(t *testing.T) {
		w := openWorld(t)
		w.send("GET /prod/profile", "Connection: close, TE", "TE: trailers", "Expect: 100-continue", "Content-MD5: x", "Max-Forwards: 1",
			"Upgrade: h2c", "Proxy-Authenticate: x", "Server: x", "Trailer: x", "WWW-Authenticate: x", "Accept: text/plain", "Via: 1.1 x", "", "{}").is200()
		headers := w.handler.last(t)["headers"].(map[string]any)
		equal(t, slices.Sorted(maps.Keys(headers)), []string{"Accept", "Host", "Via", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"})
	}},
	{50, "handler answers {}: 200, empty", func(t *testing.T) {
		handlerThat(t, answers(`{}`)).get("/prod/profile").is(200, "", "").has("Content-Length", "0").has("Content-Type", "application/json")
	}},
	{51, "handler answers an unknown key: 502", func(t *testing.T) {
		handlerThat(t, answers(`{"statusCode":200,"wrongValue":"value"}`)).get("/prod/profile").is502()
	}},
	{52, "handler answers a text, null, a list, or an object as body: 502", func(t *testing.T) {
		for _, answer := range []string{`"justAString"`, `null`, `[]`, `{"body":{"a":1}}`} {
			handlerThat(t, answers(answer)).get("/prod/profile").is502()
		}
	}},
	{53, `statusCode "201" is 201, "test" is 502, and 0 is 502`, func(t *testing.T) {
		handlerThat(t, answers(`{"statusCode":"201"}`)).get("/prod/profile").is(201, "", "")
		handlerThat(t, answers(`{"statusCode":"test"}`)).get("/prod/profile").is502()
		handlerThat(t, answers(`{"statusCode":0,"headers":null,"multiValueHeaders":null,"body":""}`)).get("/prod/profile").is502()
	}},
	{54, "a header value true is sent as text", func(t *testing.T) {
		handlerThat(t, answers(`{"headers":{"header-bool":true,"header-number":1}}`)).get("/prod/profile").
			onWire("header-bool: true").onWire("header-number: 1")
	}},
	{55, "both header maps are merged, lists first, spelled as in the lists", func(t *testing.T) {
		r := handlerThat(t, answers(`{"multiValueHeaders":{"tesT-Multi":["value-multi"]},"headers":{"test-multi":"value-solo"}}`)).get("/prod/profile")
		r.has("Test-Multi", "value-multi, value-solo").onWire("tesT-Multi: value-multi").onWire("tesT-Multi: value-solo")
	}},
	{56, "multiValueHeaders with a value that is no list: 502", func(t *testing.T) {
		handlerThat(t, answers(`{"multiValueHeaders":{"x":"value1"}}`)).get("/prod/profile").is502()
	}},
	{57, "isBase64Encoded without BinaryMediaTypes: the body stays base64", func(t *testing.T) {
		handlerThat(t, answers(`{"body":"dGVzdC1kYXRh","isBase64Encoded":true}`)).get("/prod/profile", "Accept: image/png").is(200, "", "dGVzdC1kYXRh")
	}},
	{58, "isBase64Encoded with a binary media type first in Accept: decoded", func(t *testing.T) {
		f := newFixture()
		f.properties("Api")["BinaryMediaTypes"] = []any{"image/png", "application~1*"}
		f.handler.do = answers(`{"body":"dGVzdC1kYXRh","isBase64Encoded":true}`)
		w := f.start(t)
		for accept, body := range map[string]string{
			"image/png": "test-data", "image/png,image/*": "test-data", "application/pdf": "test-data",
			"image/webp,image/png": "dGVzdC1kYXRh", "image/*": "dGVzdC1kYXRh", "*/*": "dGVzdC1kYXRh",
		} {
			w.get("/prod/profile", "Accept: "+accept).is(200, "", body)
		}
		w.get("/prod/profile").is(200, "", "dGVzdC1kYXRh")
	}},
	{59, "handler sets WWW-Authenticate: renamed", func(t *testing.T) {
		handlerThat(t, answers(`{"statusCode":401,"headers":{"WWW-Authenticate":"Bearer"}}`)).get("/prod/profile").is(401, "", "").
			onWire("x-amzn-Remapped-WWW-Authenticate: Bearer").has("WWW-Authenticate", "")
	}},
	{60, "handler sets Date, Server, Connection: renamed, and the gateway's own Date", func(t *testing.T) {
		r := handlerThat(t, answers(`{"headers":{"Date":"yesterday","Server":"mine","Connection":"upgrade","Via":"x","Transfer-Encoding":"chunked"}}`)).get("/prod/profile")
		r.is(200, "", "").onWire("x-amzn-Remapped-Date: yesterday").onWire("x-amzn-Remapped-Server: mine").onWire("x-amzn-Remapped-Connection: upgrade").
			has("Server", "").has("Via", "").onWire("Connection: close")
		if _, err := time.Parse(time.RFC1123, r.header.Get("Date")); err != nil {
			t.Error(err)
		}
	}},
	{61, "handler returns an error or panics: 502", func(t *testing.T) {
		handlerThat(t, fails("no")).get("/prod/profile").is502()
		handlerThat(t, func([]byte) does { return does{Panic: "oh"} }).get("/prod/profile").is502()
		handlerThat(t, func([]byte) does { return does{Exit: true} }).get("/prod/profile").is502()
	}},
	{62, "handler takes longer than the integration's limit (29 s if not set): 504", func(t *testing.T) {
		f := newFixture()
		if limit := f.start(t).gateway.api.root.literals["profile"].methods["GET"].integration.(*proxy).timeout; limit != 29*time.Second {
			t.Errorf("the limit is %v if the template sets none", limit)
		}
		f = newFixture()
		f.properties("GET2Fprofile")["Integration"].(cfn)["TimeoutInMillis"] = 50.0
		f.handler.do = func([]byte) does { return does{Hang: true} }
		f.start(t).get("/prod/profile").is(504, "InternalServerErrorException", `{"message":"Endpoint request timed out"}`)
	}},
	{63, "handler takes longer than its own timeout: 502", func(t *testing.T) {
		f := newFixture()
		f.properties("Handler")["Timeout"] = "1"
		f.handler.do = func([]byte) does { return does{Hang: true} }
		f.start(t).get("/prod/profile").is502()
	}},
	{64, "IntegrationHttpMethod GET: 500, with and without a customised INTEGRATION_FAILURE", func(t *testing.T) {
		for _, customised := range []bool{false, true} {
			f := newFixture()
			f.properties("GET2Fprofile")["Integration"].(cfn)["IntegrationHttpMethod"] = "GET"
			if customised {
				f.gatewayResponse("INTEGRATION_FAILURE", cfn{})
			}
			f.start(t).get("/prod/profile").is(500, "InternalServerErrorException", `{"message":"Internal server error"}`)
		}
	}},
	{65, "x-amzn-RequestId is the event's requestId; X-Amzn-Trace-Id on integrations only", func(t *testing.T) {
		w := newFixture().start(t)
		r := w.get("/prod/profile").is200()
		equal(t, at(t, w.handler.last(t), "requestContext", "requestId"), any(r.header.Get("x-amzn-RequestId")))
		equal(t, at(t, w.handler.last(t), "requestContext", "extendedRequestId"), any(r.header.Get("x-amz-apigw-id")))
		if !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), "Root=1-") {
			t.Errorf("the trace id is %q", r.header.Get("X-Amzn-Trace-Id"))
		}
		for _, other := range []*reply{w.send("OPTIONS /prod/profile"), w.send("GET /prod/profile")} {
			other.has("X-Amzn-Trace-Id", "")
			if other.header.Get("x-amzn-RequestId") == "" || other.header.Get("x-amz-apigw-id") == "" {
				t.Errorf("no request ids in\n%s", other.wire)
			}
		}
	}},
	{66, "the client's trace: the same root in the response and in the event", func(t *testing.T) {
		const root = "Root=1-5759e988-bd862e3fe1be46a994272793"
		w := newFixture().start(t)
		r := w.get("/prod/profile", "X-Amzn-Trace-Id: "+root)
		if !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), root+";Parent=") {
			t.Errorf("the response has %q", r.header.Get("X-Amzn-Trace-Id"))
		}
		equal(t, at(t, w.handler.last(t), "headers", "X-Amzn-Trace-Id"), root)
		const full = root + ";Parent=53995c3f42cd8ad8;Sampled=1"
		r = w.get("/prod/profile", "X-Amzn-Trace-Id: "+full)
		if !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), full+";") {
			t.Errorf("the response has %q", r.header.Get("X-Amzn-Trace-Id"))
		}
	}},
	{67, "DEFAULT_4XX adds a header: on the 401 too", func(t *testing.T) {
		corsOn4XX(t).send("GET /prod/profile").is401U().has("Access-Control-Allow-Origin", "*")
	}},
	{68, "DEFAULT_4XX adds a header: on the 403 too, whose key stays Message", func(t *testing.T) {
		w := corsOn4XX(t)
		w.authorizer.do = answers(policyFor("Deny", "*"))
		w.get("/prod/profile").is403D().has("Access-Control-Allow-Origin", "*")
	}},
	{69, "UNAUTHORIZED sets WWW-Authenticate: sent as it is", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("UNAUTHORIZED", cfn{"ResponseParameters": cfn{"gatewayresponse.header.WWW-Authenticate": "'Bearer'"}})
		f.start(t).send("GET /prod/profile").is401U().onWire("WWW-Authenticate: Bearer")
	}},
	{70, "a type that is customised at all takes nothing from the default of its class", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("DEFAULT_5XX", cfn{"StatusCode": "599"})
		f.gatewayResponse("AUTHORIZER_FAILURE", cfn{"ResponseParameters": cfn{"gatewayresponse.header.X-Own": "'yes'"}})
		f.authorizer.do = fails("no")
		w := f.start(t)
		w.get("/prod/profile").is(599, "AuthorizerConfigurationException", `{"message":null}`)
		// No request is known to end in AUTHORIZER_FAILURE.
		x := w.gateway.begin(httptest.NewRequest("GET", "/prod/profile", nil))
		answer := w.gateway.refuse(x, &failure{kind: kind{name: "AUTHORIZER_FAILURE", status: 500}})
		equal(t, []any{answer.status, answer.header["X-Own"], string(answer.body)}, []any{500, []string{"yes"}, `{"message":null}`})
	}},
	{71, "a customised status and template with context variables", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("MISSING_AUTHENTICATION_TOKEN", cfn{"StatusCode": "404", "ResponseTemplates": cfn{
			"application/json": `{"type":"$context.error.responseType","stage":"$context.stage","m":$context.error.messageString,"none":"$context.nothing"}`}})
		f.start(t).send("GET /prod/nope").is(404, "MissingAuthenticationTokenException",
			`{"type":"MISSING_AUTHENTICATION_TOKEN","stage":"prod","m":"Missing Authentication Token","none":""}`)
	}},
	{72, "an ACCESS_DENIED template is taken verbatim and sees the authorizer's context", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("ACCESS_DENIED", cfn{"ResponseTemplates": cfn{
			"application/json": `{"message":$context.error.messageString,"why":"$context.authorizer.reason"}`}})
		f.authorizer.do = answers(`{"context":{"reason":"no scope"},` + policyFor("Deny", "*")[1:])
		f.start(t).get("/prod/profile").is(403, "AccessDeniedException", `{"message":"`+explicitDenyMessage+`","why":"no scope"}`)
	}},
	{73, "required parameters that are missing: 400 with their names", func(t *testing.T) {
		f := validatedBody(cfn{})
		f.properties("POST2Fprofile")["RequestParameters"] = cfn{"method.request.querystring.qs1": true, "method.request.path.issuer": true,
			"method.request.header.x-header-param": true, "method.request.header.optional": false}
		f.start(t).send("POST /prod/profile").is(400, "BadRequestException",
			`{"message":"Missing required request parameters: [x-header-param, issuer, qs1]"}`)
	}},
	{74, "a body that is not JSON, or not of the model: 400", func(t *testing.T) {
		w := validatedBody(cfn{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": []any{"name"}}).start(t)
		w.send("POST /prod/profile", "", `{"name":`).is(400, "BadRequestException", `{"message":"Invalid request body"}`)
		w.send("POST /prod/profile", "", `{"nom":1}`).is(400, "BadRequestException", `{"message":"Invalid request body"}`)
		w.send("POST /prod/profile").is(400, "BadRequestException", `{"message":"Invalid request body"}`)
		w.send("POST /prod/profile", "Content-Type: text/plain", "", `hello`).is200()
		w.send("POST /prod/profile", "", `{"name":"Ada"}`).is200()
		equal(t, w.handler.last(t)["body"], `{"name":"Ada"}`)
	}},
	{75, "more than 10 240 bytes of headers: 431", func(t *testing.T) {
		w := newFixture().start(t)
		if status := w.get("/prod/profile", "X-Large: "+strings.Repeat("x", 10240)).status; status != 431 {
			t.Errorf("got %d", status)
		}
		w.get("/prod/profile", "X-Large: "+strings.Repeat("x", 9900)).is200()
	}},
	{76, "a body of more than 10 MB: 413", func(t *testing.T) {
		newFixture().start(t).send("POST /prod/profile", "", strings.Repeat("x", maxBodyBytes+1)).
			is(413, "RequestTooLargeException", `{"message":"HTTP content length exceeded 10485760 bytes"}`)
	}},
	{77, "an empty principalId is accepted, a missing one is not", func(t *testing.T) {
		authorizerThat(t, answers(strings.Replace(policyFor("Allow", "*"), `"user"`, `""`, 1))).get("/prod/profile").is200()
		authorizerThat(t, answers(strings.Replace(policyFor("Allow", "*"), `"principalId":"user",`, ``, 1))).get("/prod/profile").is500C()
	}},
	{78, "an authorizer without permission to be invoked: 500", func(t *testing.T) {
		f := newFixture()
		delete(f.resources, "AuthorizerPermission")
		w := f.start(t)
		w.get("/prod/profile").is500C()
		w.invoked(&w.authorizer, 0)
	}},
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func validated(t *testing.T, expression string) *world {
	f := newFixture()
	f.properties("TokenAuthorizer")["IdentityValidationExpression"] = expression
	return f.start(t)
}

func authorizerThat(t *testing.T, do func([]byte) does) *world {
	f := newFixture()
	f.authorizer.do = do
	return f.start(t)
}

func handlerThat(t *testing.T, do func([]byte) does) *world {
	f := newFixture()
	f.handler.do = do
	return f.start(t)
}

// openWorld has GET /profile without an authorizer.
func openWorld(t *testing.T) *world {
	f := emptyFixture()
	f.open("GET", "/profile")
	return f.start(t)
}

// checkPaths checks what GET /{proxy+} tells the function of a request's path.
func checkPaths(t *testing.T, target, path, whole, proxy string) {
	t.Helper()
	f := emptyFixture()
	f.open("GET", "/{proxy+}")
	w := f.start(t)
	w.send("GET " + target).is200()
	event := w.handler.last(t)
	equal(t, []any{event["path"], at(t, event, "requestContext", "path"), event["resource"], event["pathParameters"]},
		[]any{path, whole, "/{proxy+}", map[string]any{"proxy": proxy}})
}

func corsOn4XX(t *testing.T) *world {
	f := newFixture()
	f.gatewayResponse("DEFAULT_4XX", cfn{"ResponseParameters": cfn{"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}})
	return f.start(t)
}

// validatedBody has POST /profile, open, with a validator and a model.
func validatedBody(schema cfn) *fixture {
	f := emptyFixture()
	f.add("Validator", "AWS::ApiGateway::RequestValidator", cfn{"RestApiId": ref("Api"), "ValidateRequestBody": true, "ValidateRequestParameters": true})
	content, _ := json.Marshal(schema)
	f.add("Body", "AWS::ApiGateway::Model", cfn{"RestApiId": ref("Api"), "Schema": json.RawMessage(content)})
	p := f.open("POST", "/profile")
	p["RequestValidatorId"] = ref("Validator")
	p["RequestModels"] = cfn{"application/json": ref("Body")}
	return f
}
