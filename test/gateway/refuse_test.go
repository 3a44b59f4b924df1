package gateway

import "testing"

func TestGatewayResponsesMapParameters(t *testing.T) {
	f := newFixture()
	f.properties("Stage")["Variables"] = cfn{"colour": "blue"}
	f.gatewayResponse("UNAUTHORIZED", cfn{
		"ResponseParameters": cfn{
			"gatewayresponse.header.X-Origin":   "method.request.header.Origin",
			"gatewayresponse.header.X-Query":    "method.request.querystring.q",
			"gatewayresponse.header.X-Missing":  "method.request.header.Nothing",
			"gatewayresponse.header.X-Request":  "context.requestId",
			"gatewayresponse.header.X-Variable": "stageVariables.colour",
		},
		"ResponseTemplates": cfn{
			"text/html":        "<p>$context.error.message from $method.request.header.Origin</p>",
			"application/json": `{"m":$context.error.messageString}`,
		},
	})
	s := f.start(t)
	r := s.send("GET /prod/profile?q=1", "Origin: https://a.example.com", "Accept: text/html, */*").
		is(401, "UnauthorizedException", "<p>Unauthorized from https://a.example.com</p>").
		has("Content-Type", "text/html").
		has("X-Origin", "https://a.example.com").
		has("X-Query", "1").
		has("X-Missing", "").
		has("X-Variable", "blue")
	r.has("X-Request", r.header.Get("x-amzn-RequestId"))
	s.send("GET /prod/profile", "Accept: image/png").
		is(401, "UnauthorizedException", `{"m":"Unauthorized"}`).
		has("Content-Type", "application/json")
}
