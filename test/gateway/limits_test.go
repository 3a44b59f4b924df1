package gateway

import (
	"testing"
	"time"
)

func TestStageThrottlesEachMethod(t *testing.T) {
	f, c := newFixture(), newClock()
	f.public("GET", "/open")
	f.public("GET", "/closed")
	f.options.Now = c.Now
	f.properties("Stage")["MethodSettings"] = []any{
		cfn{"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2.0},
		cfn{"HttpMethod": "GET", "ResourcePath": "/~1closed", "ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0.0},
	}
	s := f.start(t)
	s.send("GET /prod/open").isOK()
	s.send("GET /prod/open").isOK()
	s.send("GET /prod/open").isTooManyRequests()
	s.get("/prod/profile").isOK() // each method has a bucket of its own
	s.send("GET /prod/closed").isTooManyRequests()
	c.advance(time.Second)
	s.send("GET /prod/open").isOK()
	s.send("GET /prod/open").isTooManyRequests()
}
