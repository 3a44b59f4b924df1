package gateway

import "testing"

func TestPreflightForSeveralOrigins(t *testing.T) {
	f := newFixture()
	answer := f.integration("OPTIONS2Fprofile")["IntegrationResponses"].([]any)[0].(cfn)
	parameters := answer["ResponseParameters"].(cfn)
	parameters["method.response.header.Access-Control-Allow-Origin"] = "'https://one.example.com'"
	parameters["method.response.header.Vary"] = "'Origin'"
	declared := f.properties("OPTIONS2Fprofile")["MethodResponses"].([]any)[0].(cfn)
	declared["ResponseParameters"].(cfn)["method.response.header.Vary"] = true
	answer["ResponseTemplates"] = cfn{"application/json": `#set($origin = $input.params().header.get("Origin"))
#if($origin == "")
  #set($origin = $input.params().header.get("origin"))
#end
#if($origin == "https://two.example.com" || $origin == "https://three.example.com")
  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end`}
	s := f.start(t)
	for origin, allowed := range map[string]string{
		"https://one.example.com":   "https://one.example.com",
		"https://two.example.com":   "https://two.example.com",
		"https://three.example.com": "https://three.example.com",
		"https://evil.example.com":  "https://one.example.com",
		"":                          "https://one.example.com",
	} {
		s.send("OPTIONS /prod/profile", "Origin: "+origin).is(204, "", "").
			has("Access-Control-Allow-Origin", allowed).
			has("Vary", "Origin")
	}
}

func TestPassthroughBehaviorOfMock(t *testing.T) {
	for behavior, status := range map[string]int{
		"":                  500,
		"WHEN_NO_MATCH":     500,
		"WHEN_NO_TEMPLATES": 415,
		"NEVER":             415,
	} {
		f := newFixture()
		if behavior != "" {
			f.integration("OPTIONS2Fprofile")["PassthroughBehavior"] = behavior
		}
		s := f.start(t)
		if got := s.send("OPTIONS /prod/profile", "Content-Type: text/plain").status; got != status {
			t.Errorf("PassthroughBehavior %q: got %d, want %d", behavior, got, status)
		}
		s.send("OPTIONS /prod/profile", "Content-Type: application/json; charset=utf-8").is(204, "", "")
	}
}

func TestMockChoosesResponseByPattern(t *testing.T) {
	f := newFixture()
	p := f.preflight("/health")
	p["HttpMethod"] = "GET"
	matching := cfn{
		"StatusCode": "204", "SelectionPattern": `2\d\d`,
		"ResponseTemplates": cfn{"application/json": `{"status":"up"}`},
	}
	p["Integration"].(cfn)["IntegrationResponses"] = []any{
		cfn{"StatusCode": "500", "SelectionPattern": `5\d\d`},
		cfn{"StatusCode": "200", "SelectionPattern": `20`}, // the whole status must match
		matching,
	}
	p["MethodResponses"] = []any{cfn{"StatusCode": "500"}, cfn{"StatusCode": "200"}, cfn{"StatusCode": "204"}}
	f.start(t).send("GET /prod/health").is(204, "", "")
	matching["StatusCode"] = "200"
	f.start(t).send("GET /prod/health").is(200, "", `{"status":"up"}`)
}
