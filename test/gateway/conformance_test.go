package gateway

import "testing"

func TestSmoke(t *testing.T) {
	w := newFixture().start(t)
	w.send("GET /prod/profile").is401U()
	w.get("/prod/profile").is200()
	t.Log(w.get("/prod/profile").wire)
	t.Log(w.send("OPTIONS /prod/profile").wire)
	t.Log(w.send("GET /prod/nope").body)
	t.Log(w.records)
	t.Log(w.handler.last(t))
}
