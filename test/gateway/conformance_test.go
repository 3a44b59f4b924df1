package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// The certainty of a row: where it is known from.
const (
	recorded   = "R" // recorded from AWS, or a test that was run against AWS
	documented = "D" // AWS documentation
	observed   = "O" // reports of others
	inferred   = "I" // no direct evidence
)

// TestConformance compares the gateway with what is known of AWS. The API is the one of
// newFixture unless a row says otherwise: stage prod, GET /things behind a TOKEN
// authorizer with a result TTL of 300 s, and its preflight.
func TestConformance(t *testing.T) {
	for i, row := range slices.Concat(conformance, conformanceOfTemplates) {
		if row.number != i+1 {
			t.Errorf("row %d is at %d: the table must be complete and in order", row.number, i+1)
		}
		for mark := range strings.SplitSeq(row.marks, "/") {
			if !slices.Contains([]string{recorded, documented, observed, inferred}, mark) {
				t.Errorf("row %d has the mark %q", row.number, mark)
			}
		}
		t.Run(fmt.Sprintf("%02d %s", row.number, row.rule), func(t *testing.T) {
			t.Parallel()
			row.check(t)
		})
	}
}

// A conformanceRow is one rule of AWS.
type conformanceRow struct {
	number int
	marks  string // several where parts of the rule are known from different sources
	rule   string
	check  func(t *testing.T)
}

var conformance = []conformanceRow{
	{1, "D/O", "without Authorization: 401, authorizer not invoked", func(t *testing.T) {
		s := newFixture().start(t)
		s.send("GET /prod/things").isUnauthorized()
		s.invoked(&s.authorizer, 0)
	}},
	{2, "I", "empty Authorization: 401, authorizer not invoked", func(t *testing.T) {
		s := newFixture().start(t)
		s.send("GET /prod/things", "Authorization:").isUnauthorized()
		s.invoked(&s.authorizer, 0)
	}},
	{3, "D", "token that does not match the validation expression: 401, authorizer not invoked", func(t *testing.T) {
		s := withValidation(t, `^Bearer [-\w.]+$`)
		s.send("GET /prod/things", "Authorization: Basic abc").isUnauthorized()
		s.invoked(&s.authorizer, 0)
	}},
	{4, "D", `validation \w{5}, token abcdef: 401, the whole token must match`, func(t *testing.T) {
		s := withValidation(t, `\w{5}`)
		s.send("GET /prod/things", "Authorization: abcdef").isUnauthorized()
		s.invoked(&s.authorizer, 0)
	}},
	{5, "D", `validation \w{5}, token abcde: authorizer invoked`, func(t *testing.T) {
		s := withValidation(t, `\w{5}`)
		s.send("GET /prod/things", "Authorization: abcde").isOK()
		s.invoked(&s.authorizer, 1)
	}},
	{6, "O", "the name of the header may be written in lower case", func(t *testing.T) {
		s := newFixture().start(t)
		s.send("GET /prod/things", "authorization: Bearer foo").isOK()
		equal(t, s.authorizer.last(t)["authorizationToken"], "Bearer foo")
	}},
	{7, "R/O", "the authorizer's event has exactly three keys; the method ARN has no query", func(t *testing.T) {
		s := newFixture().start(t)
		s.get("/prod/things?x=1").isOK()
		id := s.gateway.api.id
		equal(t, s.authorizer.last(t), map[string]any{
			"type":               "TOKEN",
			"methodArn":          "arn:aws:execute-api:us-east-1:123456789012:" + id + "/prod/GET/things",
			"authorizationToken": "Bearer good",
		})
	}},
	{8, "D", "authorizer error Unauthorized: 401", func(t *testing.T) {
		withAuthorizer(t, fails("Unauthorized")).get("/prod/things").isUnauthorized()
	}},
	{9, "O", "authorizer error Unauthorized: token expired: 500", func(t *testing.T) {
		withAuthorizer(t, fails("Unauthorized: token expired")).get("/prod/things").isAuthorizerError()
	}},
	{10, "I", "authorizer error unauthorized, or an answer that looks like the error: 500", func(t *testing.T) {
		withAuthorizer(t, fails("unauthorized")).get("/prod/things").isAuthorizerError()
		withAuthorizer(t, answers(`{"errorMessage":"Unauthorized"}`)).get("/prod/things").isAuthorizerError()
	}},
	{11, "O", "authorizer panics, exits or takes too long: 500", func(t *testing.T) {
		for _, do := range []does{{Panic: "oh"}, {Exit: true}, {Hang: true}} {
			f := newFixture()
			f.authorizer.do = func([]byte) does { return do }
			if do.Hang {
				f.properties("Authorizer")["Timeout"] = 1.0
			}
			f.start(t).get("/prod/things").isAuthorizerError()
		}
	}},
	{12, "O", "authorizer answers null or another value that is no answer: 500", func(t *testing.T) {
		for _, answer := range []string{`null`, `""`, `[]`, `{}`, `"allow"`} {
			withAuthorizer(t, answers(answer)).get("/prod/things").isAuthorizerError()
		}
	}},
	{13, "O", "authorizer answers a valid policy and an unknown key: 500", func(t *testing.T) {
		withAuthorizer(t, answers(`{"foo":1,`+policyFor("Allow", "*")[1:])).get("/prod/things").isAuthorizerError()
	}},
	{14, "O/I", "authorizer answers without policyDocument: 500", func(t *testing.T) {
		withAuthorizer(t, answers(`{"principalId":"user"}`)).get("/prod/things").isAuthorizerError()
	}},
	{15, "D/O", "context value that is an object, an array or null: 500", func(t *testing.T) {
		for _, context := range []string{`{"a":{"b":1}}`, `{"a":[1]}`, `{"a":null}`} {
			withAuthorizer(t, answers(withContext(context))).get("/prod/things").isAuthorizerError()
		}
	}},
	{16, "D/R", "the backend gets principalId and context values as strings, integrationLatency as a number",
		func(t *testing.T) {
			s := withAuthorizer(t, answers(withContext(`{"n":1,"t":true,"s":"x"}`)))
			s.get("/prod/things").isOK()
			got := at(t, s.handler.last(t), "requestContext", "authorizer").(map[string]any)
			if latency, ok := got["integrationLatency"].(float64); !ok || latency < 0 {
				t.Errorf("integrationLatency is %#v", got["integrationLatency"])
			}
			delete(got, "integrationLatency")
			equal(t, got, map[string]any{"n": "1", "t": "true", "s": "x", "principalId": "user"})
		}},
	{17, "O", "Deny *: 403 with the message of an explicit deny, key Message", func(t *testing.T) {
		withAuthorizer(t, answers(policyFor("Deny", "*"))).get("/prod/things").isExplicitDeny()
	}},
	{18, "O", "Allow of another verb: 403 with the message of an implicit deny", func(t *testing.T) {
		withAuthorizer(t, allowing("prod/POST/*")).get("/prod/things").isImplicitDeny()
	}},
	{19, "D", "Allow * and Deny of the method: 403 with the message of an explicit deny", func(t *testing.T) {
		withAuthorizer(t, func(event []byte) does {
			return does{Answer: `{"principalId":"user","policyDocument":{"Version":"2012-10-17","Statement":[
				{"Action":"execute-api:Invoke","Effect":"Allow","Resource":"*"},
				{"Action":"execute-api:Invoke","Effect":"Deny","Resource":"` + apiOf(event) + `prod/GET/things"}]}}`}
		}).get("/prod/things").isExplicitDeny()
	}},
	{20, "D", "Allow of the stage's * allows every path: * matches slashes", func(t *testing.T) {
		f := newFixture()
		f.method("GET", "/a/b")
		f.authorizer.do = allowing("prod/*")
		s := f.start(t)
		s.get("/prod/things").isOK()
		s.get("/prod/a/b").isOK()
	}},
	{21, "D", "? matches one character", func(t *testing.T) {
		withAuthorizer(t, allowing("prod/GET/th?ngs")).get("/prod/things").isOK()
	}},
	{22, "D", "action execute-api:*, as a string and as a list", func(t *testing.T) {
		for _, action := range []string{`"execute-api:*"`, `["execute-api:*"]`, `"execute-api:Invoke"`, `"*"`} {
			policy := strings.Replace(policyFor("Allow", "*"), `"execute-api:Invoke"`, action, 1)
			withAuthorizer(t, answers(policy)).get("/prod/things").isOK()
		}
	}},
	{23, "D", "actions are compared without regard to case", func(t *testing.T) {
		policy := strings.Replace(policyFor("Allow", "*"), "execute-api:Invoke", "EXECUTE-API:invoke", 1)
		withAuthorizer(t, answers(policy)).get("/prod/things").isOK()
	}},
	{24, "D/I", "resources are compared with regard to case", func(t *testing.T) {
		withAuthorizer(t, allowing("prod/get/things")).get("/prod/things").isAccessDenied()
	}},
	{25, "D/O", "same token twice: authorizer once, integrationLatency 0 the second time", func(t *testing.T) {
		s := newFixture().start(t)
		s.get("/prod/things").isOK()
		s.get("/prod/things").isOK()
		s.invoked(&s.authorizer, 1)
		equal(t, at(t, s.handler.last(t), "requestContext", "authorizer", "integrationLatency"), 0.0)
	}},
	{26, "D", "TTL 0: authorizer for every request", func(t *testing.T) {
		f := newFixture()
		f.properties("TokenAuthorizer")["AuthorizerResultTtlInSeconds"] = 0.0
		s := f.start(t)
		s.get("/prod/things").isOK()
		s.get("/prod/things").isOK()
		s.invoked(&s.authorizer, 2)
	}},
	{27, "D", "different tokens: authorizer for each", func(t *testing.T) {
		s := newFixture().start(t)
		s.send("GET /prod/things", "Authorization: Bearer one").isOK()
		s.send("GET /prod/things", "Authorization: Bearer two").isOK()
		s.invoked(&s.authorizer, 2)
	}},
	{28, "D/O", "cached policy that allows one method ARN only: 403 for another method", func(t *testing.T) {
		f := newFixture()
		f.method("GET", "/other")
		f.authorizer.do = allowing("prod/GET/things")
		s := f.start(t)
		s.get("/prod/things").isOK()
		s.get("/prod/other").isAccessDenied()
		s.invoked(&s.authorizer, 1)
	}},
	{29, "O", "a Deny is cached too", func(t *testing.T) {
		s := withAuthorizer(t, answers(policyFor("Deny", "*")))
		s.get("/prod/things").isAccessDenied()
		s.get("/prod/things").isAccessDenied()
		s.invoked(&s.authorizer, 1)
	}},
	{30, "I", "Unauthorized is not cached", func(t *testing.T) {
		s := withAuthorizer(t, fails("Unauthorized"))
		s.get("/prod/things").isUnauthorized()
		s.get("/prod/things").isUnauthorized()
		s.invoked(&s.authorizer, 2)
	}},
	{31, "R", "unknown path without Authorization: 403 Missing Authentication Token", func(t *testing.T) {
		newFixture().start(t).send("GET /prod/nope").isMissingAuthenticationToken()
	}},
	{32, "R", "unknown method of a path: 403 Missing Authentication Token, authorizer not invoked", func(t *testing.T) {
		s := newFixture().start(t)
		s.send("POST /prod/things").isMissingAuthenticationToken()
		s.invoked(&s.authorizer, 0)
	}},
	{33, "I", "GET does not include HEAD", func(t *testing.T) {
		newFixture().start(t).send("HEAD /prod/things").is(403, "MissingAuthenticationTokenException", "")
	}},
	{34, "O", "unknown path with an Authorization that is no AWS signature: 403 for the signature", func(t *testing.T) {
		newFixture().start(t).send("GET /prod/nope", "Authorization: Bearer a.b.c").
			begins(403, "IncompleteSignatureException",
				`{"message":"Invalid key=value pair (missing equal-sign) in Authorization header`)
	}},
	{35, "I", "unknown stage: 403 Forbidden", func(t *testing.T) {
		newFixture().start(t).send("GET /other-stage/things").is(403, "ForbiddenException", `{"message":"Forbidden"}`)
	}},
	{36, "R", "preflight without a token: 204, empty, three CORS headers, no trace id", func(t *testing.T) {
		s := newFixture().start(t)
		s.send("OPTIONS /prod/things", "Origin: https://app.example.com", "Access-Control-Request-Method: GET").
			is(204, "", "").
			has("Access-Control-Allow-Origin", "*").
			has("Access-Control-Allow-Methods", "OPTIONS,GET,PUT,POST,DELETE,PATCH,HEAD").
			has("Access-Control-Allow-Headers",
				"Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent").
			has("Vary", "").
			has("Content-Type", "application/json").
			has("X-Amzn-Trace-Id", "")
		s.invoked(&s.authorizer, 0)
	}},
	{37, "R/O", "MOCK request templates: { statusCode: 200 } is accepted, a string as status or no braces are not",
		func(t *testing.T) {
			for template, status := range map[string]int{
				`{ statusCode: 200 }`:                 204,
				`{'statusCode': 200}`:                 204,
				`{"statusCode": 200,,}`:               204,
				`{"statusCode": 200, "m": "a, b: c"}`: 204,
				`{"statusCode":"200"}`:                500,
				`statusCode: 200`:                     500,
				`{"statusCode: 200}`:                  500,
				`{"statusCode": 200`:                  500,
				`{}`:                                  500,
				``:                                    500,
			} {
				f := newFixture()
				f.integration("OPTIONS2Fthings")["RequestTemplates"] = cfn{"application/json": template}
				if got := f.start(t).send("OPTIONS /prod/things").status; got != status {
					t.Errorf("%s: got %d, want %d", template, got, status)
				}
			}
		}},
	{38, "R", "/test has POST only, /{proxy+} has OPTIONS: OPTIONS /test is answered by the proxy", func(t *testing.T) {
		f := emptyFixture()
		f.public("POST", "/test")
		f.preflight("/{proxy+}")
		f.start(t).send("OPTIONS /prod/test").is(204, "", "")
	}},
	{39, "R", "with /part1/hardcoded-value, GET /part1/random-value is answered by {param+}", func(t *testing.T) {
		f := emptyFixture()
		f.public("GET", "/part1/hardcoded-value")
		f.public("GET", "/{param+}")
		s := f.start(t)
		s.send("GET /prod/part1/random-value").isOK()
		equal(t, s.handler.last(t)["resource"], "/{param+}")
		s.send("GET /prod/part1/hardcoded-value").isOK()
		equal(t, s.handler.last(t)["resource"], "/part1/hardcoded-value")
	}},
	{40, "R", "a slash at the end stays in path and is not part of the parameter", func(t *testing.T) {
		checkPaths(t, "/prod/proxy-value/", "/proxy-value/", "/prod/proxy-value/", "proxy-value")
	}},
	{41, "R", "slashes after the stage collapse in path, not in requestContext.path", func(t *testing.T) {
		checkPaths(t, "/prod//proxy-value", "/proxy-value", "/prod//proxy-value", "proxy-value")
	}},
	{42, "R", "slashes before the stage collapse in path and requestContext.path", func(t *testing.T) {
		checkPaths(t, "//prod/proxy-value", "/proxy-value", "/prod/proxy-value", "proxy-value")
	}},
	{43, "R", "other double slashes stay in path, requestContext.path and the parameter", func(t *testing.T) {
		const tail = "proxy-value//double-slash"
		checkPaths(t, "/prod/"+tail, "/"+tail, "/prod/"+tail, tail)
	}},
	{44, "R", "nothing in a path is decoded", func(t *testing.T) {
		const tail = "api/user/test%2Balias@gmail.com/plus/test+alias@gmail.com"
		checkPaths(t, "/prod/"+tail, "/"+tail, "/prod/"+tail, tail)
	}},
	{45, "R", "a query is decoded once, as a form", func(t *testing.T) {
		s := publicThings(t)
		s.send("GET /prod/things?email=test%2Balias@gmail.com&plus=test+alias@gmail.com").isOK()
		equal(t, s.handler.last(t)["queryStringParameters"],
			map[string]any{"email": "test+alias@gmail.com", "plus": "test alias@gmail.com"})
	}},
	{46, "R", "queryStringParameters has the last of several values, the multi-value map has all", func(t *testing.T) {
		s := publicThings(t)
		s.send("GET /prod/things?category=electronics&category=books").isOK()
		equal(t, s.handler.last(t)["queryStringParameters"], map[string]any{"category": "books"})
		equal(t, s.handler.last(t)["multiValueQueryStringParameters"],
			map[string]any{"category": []any{"electronics", "books"}})
	}},
	{47, "R", "absent parts of the request are null; there is no key version", func(t *testing.T) {
		s := publicThings(t)
		s.send("GET /prod/things").isOK()
		event := s.handler.last(t)
		for _, key := range []string{
			"queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body",
		} {
			if v, ok := event[key]; !ok || v != nil {
				t.Errorf("%s is %v, want null", key, v)
			}
		}
		equal(t, event["isBase64Encoded"], false)
		keys := slices.Sorted(maps.Keys(event))
		equal(t, keys, []string{
			"body", "headers", "httpMethod", "isBase64Encoded", "multiValueHeaders", "multiValueQueryStringParameters",
			"path", "pathParameters", "queryStringParameters", "requestContext", "resource", "stageVariables",
		})
	}},
	{48, "R", "no authorizer on the method: requestContext has no authorizer", func(t *testing.T) {
		s := publicThings(t)
		s.send("GET /prod/things").isOK()
		if v, ok := at(t, s.handler.last(t), "requestContext").(map[string]any)["authorizer"]; ok {
			t.Errorf("authorizer is %v", v)
		}
	}},
	{49, "R", "headers of the connection do not reach the function", func(t *testing.T) {
		s := publicThings(t)
		s.send("GET /prod/things", "Connection: close, TE", "TE: trailers", "Expect: 100-continue", "Content-MD5: x",
			"Max-Forwards: 1", "Upgrade: h2c", "Proxy-Authenticate: x", "Server: x", "Trailer: x",
			"WWW-Authenticate: x", "Accept: text/plain", "Via: 1.1 x", "", "{}").isOK()
		headers := s.handler.last(t)["headers"].(map[string]any)
		equal(t, slices.Sorted(maps.Keys(headers)), []string{
			"Accept", "Host", "Via", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto",
		})
	}},
	{50, "R", "handler answers {}: 200, empty", func(t *testing.T) {
		withHandler(t, answers(`{}`)).get("/prod/things").is(200, "", "").
			has("Content-Length", "0").
			has("Content-Type", "application/json")
	}},
	{51, "R", "handler answers an unknown key: 502", func(t *testing.T) {
		withHandler(t, answers(`{"statusCode":200,"wrongValue":"value"}`)).get("/prod/things").isBadGateway()
	}},
	{52, "R/O", "handler answers a string, null, a list, or an object as body: 502", func(t *testing.T) {
		for _, answer := range []string{`"justAString"`, `null`, `[]`, `{"body":{"a":1}}`} {
			withHandler(t, answers(answer)).get("/prod/things").isBadGateway()
		}
	}},
	{53, "R/I", `statusCode "201" is 201, "test" is 502, and 0 is 502`, func(t *testing.T) {
		withHandler(t, answers(`{"statusCode":"201"}`)).get("/prod/things").is(201, "", "")
		withHandler(t, answers(`{"statusCode":"test"}`)).get("/prod/things").isBadGateway()
		withHandler(t, answers(`{"statusCode":0,"headers":null,"multiValueHeaders":null,"body":""}`)).
			get("/prod/things").isBadGateway()
	}},
	{54, "R", "header values true and 1 are sent as strings", func(t *testing.T) {
		withHandler(t, answers(`{"headers":{"header-bool":true,"header-number":1}}`)).get("/prod/things").
			onWire("header-bool: true").
			onWire("header-number: 1")
	}},
	{55, "R", "both header maps are merged: the lists come first and their spelling is used", func(t *testing.T) {
		withHandler(t, answers(`{"multiValueHeaders":{"tesT-Multi":["value-multi"]},
			"headers":{"test-multi":"value-solo"}}`)).get("/prod/things").
			has("Test-Multi", "value-multi, value-solo").
			onWire("tesT-Multi: value-multi").
			onWire("tesT-Multi: value-solo")
	}},
	{56, "R", "multiValueHeaders with a value that is no list: 502", func(t *testing.T) {
		withHandler(t, answers(`{"multiValueHeaders":{"x":"value1"}}`)).get("/prod/things").isBadGateway()
	}},
	{57, "R", "isBase64Encoded without BinaryMediaTypes: the body stays base64", func(t *testing.T) {
		withHandler(t, answers(`{"body":"dGVzdC1kYXRh","isBase64Encoded":true}`)).
			get("/prod/things", "Accept: image/png").
			is(200, "", "dGVzdC1kYXRh")
	}},
	{58, "R", "isBase64Encoded with a binary media type first in Accept: decoded", func(t *testing.T) {
		f := newFixture()
		f.properties("Api")["BinaryMediaTypes"] = []any{"image/png", "application~1*"}
		f.handler.do = answers(`{"body":"dGVzdC1kYXRh","isBase64Encoded":true}`)
		s := f.start(t)
		for accept, body := range map[string]string{
			"image/png":            "test-data",
			"image/png,image/*":    "test-data",
			"application/pdf":      "test-data",
			"image/webp,image/png": "dGVzdC1kYXRh",
			"image/*":              "dGVzdC1kYXRh",
			"*/*":                  "dGVzdC1kYXRh",
		} {
			s.get("/prod/things", "Accept: "+accept).is(200, "", body)
		}
		s.get("/prod/things").is(200, "", "dGVzdC1kYXRh")
	}},
	{59, "D/O", "handler sets WWW-Authenticate: renamed", func(t *testing.T) {
		withHandler(t, answers(`{"statusCode":401,"headers":{"WWW-Authenticate":"Bearer"}}`)).get("/prod/things").
			is(401, "", "").
			onWire("x-amzn-Remapped-WWW-Authenticate: Bearer").
			has("WWW-Authenticate", "")
	}},
	{60, "D", "handler sets Date, Server, Connection: renamed, and the gateway sends its own Date", func(t *testing.T) {
		r := withHandler(t, answers(`{"headers":{"Date":"yesterday","Server":"mine","Connection":"upgrade",
			"Via":"x","Transfer-Encoding":"chunked"}}`)).get("/prod/things")
		r.is(200, "", "").
			onWire("x-amzn-Remapped-Date: yesterday").
			onWire("x-amzn-Remapped-Server: mine").
			onWire("x-amzn-Remapped-Connection: upgrade").
			has("Server", "").
			has("Via", "").
			onWire("Connection: close")
		if _, err := time.Parse(time.RFC1123, r.header.Get("Date")); err != nil {
			t.Error(err)
		}
	}},
	{61, "R/O", "handler returns an error, panics or exits: 502", func(t *testing.T) {
		withHandler(t, fails("no")).get("/prod/things").isBadGateway()
		withHandler(t, func([]byte) does { return does{Panic: "oh"} }).get("/prod/things").isBadGateway()
		withHandler(t, func([]byte) does { return does{Exit: true} }).get("/prod/things").isBadGateway()
	}},
	{62, "D/O", "handler takes longer than the integration's limit (29 s if not set): 504", func(t *testing.T) {
		f := newFixture()
		if limit := f.start(t).loaded("GET", "/things").proxy.timeout; limit != 29*time.Second {
			t.Errorf("the limit is %v if the template sets none", limit)
		}
		f = newFixture()
		f.integration("GET2Fthings")["TimeoutInMillis"] = 50.0
		f.handler.do = func([]byte) does { return does{Hang: true} }
		f.start(t).get("/prod/things").
			is(504, "InternalServerErrorException", `{"message":"Endpoint request timed out"}`)
	}},
	{63, "O/I", "handler takes longer than its own timeout: 502", func(t *testing.T) {
		f := newFixture()
		f.properties("Handler")["Timeout"] = "1"
		f.handler.do = func([]byte) does { return does{Hang: true} }
		f.start(t).get("/prod/things").isBadGateway()
	}},
	{64, "R/I", "IntegrationHttpMethod GET: 500, INTEGRATION_FAILURE customised or not", func(t *testing.T) {
		for _, customised := range []bool{false, true} {
			f := newFixture()
			f.integration("GET2Fthings")["IntegrationHttpMethod"] = "GET"
			if customised {
				f.gatewayResponse("INTEGRATION_FAILURE", cfn{})
			}
			f.start(t).get("/prod/things").isServerError()
		}
	}},
	{65, "R/O", "x-amzn-RequestId is the event's requestId; X-Amzn-Trace-Id is of integrations", func(t *testing.T) {
		s := newFixture().start(t)
		r := s.get("/prod/things").isOK()
		equal(t, at(t, s.handler.last(t), "requestContext", "requestId"), any(r.header.Get("x-amzn-RequestId")))
		equal(t, at(t, s.handler.last(t), "requestContext", "extendedRequestId"), any(r.header.Get("x-amz-apigw-id")))
		if !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), "Root=1-") {
			t.Errorf("the trace id is %q", r.header.Get("X-Amzn-Trace-Id"))
		}
		for _, other := range []*reply{s.send("OPTIONS /prod/things"), s.send("GET /prod/things")} {
			other.has("X-Amzn-Trace-Id", "")
			if other.header.Get("x-amzn-RequestId") == "" || other.header.Get("x-amz-apigw-id") == "" {
				t.Errorf("no request ids in\n%s", other.head)
			}
		}
	}},
	{66, "R/I", "the client's trace: same root in the response and in the event", func(t *testing.T) {
		const root = "Root=1-5759e988-bd862e3fe1be46a994272793"
		s := newFixture().start(t)
		r := s.get("/prod/things", "X-Amzn-Trace-Id: "+root)
		if !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), root+";Parent=") {
			t.Errorf("the response has %q", r.header.Get("X-Amzn-Trace-Id"))
		}
		equal(t, at(t, s.handler.last(t), "headers", "X-Amzn-Trace-Id"), root)
		const full = root + ";Parent=53995c3f42cd8ad8;Sampled=1"
		r = s.get("/prod/things", "X-Amzn-Trace-Id: "+full)
		if !strings.HasPrefix(r.header.Get("X-Amzn-Trace-Id"), full+";") {
			t.Errorf("the response has %q", r.header.Get("X-Amzn-Trace-Id"))
		}
	}},
	{67, "D/O", "DEFAULT_4XX adds a header: on the 401 too", func(t *testing.T) {
		corsOn4XX(t).send("GET /prod/things").isUnauthorized().has("Access-Control-Allow-Origin", "*")
	}},
	{68, "I", "DEFAULT_4XX adds a header: on the 403 too, whose key stays Message", func(t *testing.T) {
		s := corsOn4XX(t)
		s.authorizer.do = answers(policyFor("Deny", "*"))
		s.get("/prod/things").isAccessDenied().has("Access-Control-Allow-Origin", "*")
	}},
	{69, "O", "UNAUTHORIZED sets WWW-Authenticate: sent as it is", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("UNAUTHORIZED", cfn{
			"ResponseParameters": cfn{"gatewayresponse.header.WWW-Authenticate": "'Bearer'"},
		})
		f.start(t).send("GET /prod/things").isUnauthorized().onWire("WWW-Authenticate: Bearer")
	}},
	{70, "R", "a type that is customised at all takes nothing from the default of its class", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("DEFAULT_5XX", cfn{"StatusCode": "599"})
		f.gatewayResponse("AUTHORIZER_FAILURE", cfn{
			"ResponseParameters": cfn{"gatewayresponse.header.X-Own": "'yes'"},
		})
		f.authorizer.do = fails("no")
		s := f.start(t)
		s.get("/prod/things").is(599, "AuthorizerConfigurationException", `{"message":null}`)
		// No request is known to end in AUTHORIZER_FAILURE.
		x := begin(s.gateway.api, time.Now, httptest.NewRequest("GET", "/prod/things", nil))
		answer := refuse(x, &failure{kind: kind{name: "AUTHORIZER_FAILURE", status: 500}})
		equal(t, []any{answer.status, answer.header["X-Own"], string(answer.body)},
			[]any{500, []string{"yes"}, `{"message":null}`})
	}},
	{71, "R/D", "a customised status and template with context variables", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("MISSING_AUTHENTICATION_TOKEN", cfn{"StatusCode": "404", "ResponseTemplates": cfn{
			"application/json": `{"type":"$context.error.responseType","stage":"$context.stage",` +
				`"m":$context.error.messageString,"none":"$context.nothing"}`,
		}})
		f.start(t).send("GET /prod/nope").is(404, "MissingAuthenticationTokenException",
			`{"type":"MISSING_AUTHENTICATION_TOKEN","stage":"prod","m":"Missing Authentication Token","none":""}`)
	}},
	{72, "O", "an ACCESS_DENIED template replaces the body and has the authorizer's context", func(t *testing.T) {
		f := newFixture()
		f.gatewayResponse("ACCESS_DENIED", cfn{"ResponseTemplates": cfn{
			"application/json": `{"message":$context.error.messageString,"why":"$context.authorizer.reason"}`}})
		f.authorizer.do = answers(`{"context":{"reason":"no scope"},` + policyFor("Deny", "*")[1:])
		f.start(t).get("/prod/things").is(403, "AccessDeniedException", `{"message":"User is not authorized to access`+
			` this resource with an explicit deny in an identity-based policy","why":"no scope"}`)
	}},
	{73, "R", "required parameters that are missing: 400 with their names", func(t *testing.T) {
		f := validatedBody(cfn{})
		f.properties("POST2Fthings")["RequestParameters"] = cfn{
			"method.request.querystring.qs1":       true,
			"method.request.path.issuer":           true,
			"method.request.header.x-header-param": true,
			"method.request.header.optional":       false,
		}
		f.start(t).send("POST /prod/things").is(400, "BadRequestException",
			`{"message":"Missing required request parameters: [x-header-param, issuer, qs1]"}`)
	}},
	{74, "R", "a body that is not JSON, or not of the model: 400", func(t *testing.T) {
		s := validatedBody(cfn{
			"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": []any{"name"},
		}).start(t)
		s.send("POST /prod/things", "", `{"name":`).isBadRequestBody()
		s.send("POST /prod/things", "", `{"nom":1}`).isBadRequestBody()
		s.send("POST /prod/things").isBadRequestBody()
		s.send("POST /prod/things", "Content-Type: text/plain", "", `hello`).isOK()
		s.send("POST /prod/things", "", `{"name":"Ada"}`).isOK()
		equal(t, s.handler.last(t)["body"], `{"name":"Ada"}`)
	}},
	{75, "O", "more than 10,240 bytes of headers: 431", func(t *testing.T) {
		s := newFixture().start(t)
		if status := s.get("/prod/things", "X-Large: "+strings.Repeat("x", 10240)).status; status != 431 {
			t.Errorf("got %d", status)
		}
		s.get("/prod/things", "X-Large: "+strings.Repeat("x", 9900)).isOK()
	}},
	{76, "D/O", "a body of more than 10 MB: 413", func(t *testing.T) {
		newFixture().start(t).send("POST /prod/things", "", strings.Repeat("x", 10*1024*1024+1)).
			is(413, "RequestTooLargeException", `{"message":"HTTP content length exceeded 10485760 bytes"}`)
	}},
	{77, "O", "an empty principalId is accepted, a missing one is not", func(t *testing.T) {
		empty := strings.Replace(policyFor("Allow", "*"), `"user"`, `""`, 1)
		withAuthorizer(t, answers(empty)).get("/prod/things").isOK()
		missing := strings.Replace(policyFor("Allow", "*"), `"principalId":"user",`, ``, 1)
		withAuthorizer(t, answers(missing)).get("/prod/things").isAuthorizerError()
	}},
	{78, "O", "an authorizer without permission to be invoked: 500", func(t *testing.T) {
		f := newFixture()
		delete(f.resources, "AuthorizerPermission")
		s := f.start(t)
		s.get("/prod/things").isAuthorizerError()
		s.invoked(&s.authorizer, 0)
	}},
}

func withValidation(t *testing.T, expression string) *servedAPI {
	f := newFixture()
	f.properties("TokenAuthorizer")["IdentityValidationExpression"] = expression
	return f.start(t)
}

func withAuthorizer(t *testing.T, do func([]byte) does) *servedAPI {
	f := newFixture()
	f.authorizer.do = do
	return f.start(t)
}

func withHandler(t *testing.T, do func([]byte) does) *servedAPI {
	f := newFixture()
	f.handler.do = do
	return f.start(t)
}

// publicThings has GET /things without an authorizer.
func publicThings(t *testing.T) *servedAPI {
	f := emptyFixture()
	f.public("GET", "/things")
	return f.start(t)
}

// checkPaths checks what GET /{proxy+} tells the function of a request's path.
func checkPaths(t *testing.T, target, path, whole, proxy string) {
	t.Helper()
	f := emptyFixture()
	f.public("GET", "/{proxy+}")
	s := f.start(t)
	s.send("GET " + target).isOK()
	event := s.handler.last(t)
	equal(t, []any{event["path"], at(t, event, "requestContext", "path"), event["resource"], event["pathParameters"]},
		[]any{path, whole, "/{proxy+}", map[string]any{"proxy": proxy}})
}

func corsOn4XX(t *testing.T) *servedAPI {
	f := newFixture()
	f.gatewayResponse("DEFAULT_4XX", cfn{
		"ResponseParameters": cfn{"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
	})
	return f.start(t)
}

// validatedBody has POST /things without an authorizer, with a validator and a model.
func validatedBody(schema cfn) *fixture {
	f := emptyFixture()
	f.add("Validator", "AWS::ApiGateway::RequestValidator", cfn{
		"RestApiId": ref("Api"), "ValidateRequestBody": true, "ValidateRequestParameters": true,
	})
	content, _ := json.Marshal(schema)
	f.add("Body", "AWS::ApiGateway::Model", cfn{"RestApiId": ref("Api"), "Schema": json.RawMessage(content)})
	p := f.public("POST", "/things")
	p["RequestValidatorId"] = ref("Validator")
	p["RequestModels"] = cfn{"application/json": ref("Body")}
	return f
}
