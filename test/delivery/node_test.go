package delivery

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The lines of the README for a function in Node.js answer as the kit of this project
// does (lambdas/internal/api).
func TestFunctionInNodeChecksTheCaller(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("skipped: Node.js is missing")
	}
	now := time.Now().Unix()
	later, before := fmt.Sprint(now+60), fmt.Sprint(now-1)
	for _, test := range []struct {
		name, scopes, authorizer string
		status                   int
		body                     string
	}{
		{"all scopes", `["a", "b"]`, `{"sub":"x","scope":"b c a","until":"` + later + `"}`, 200, `"x"`},
		{"a fraction of a second", `[]`, `{"sub":"x","scope":"","until":"` + later + `.25"}`, 200, `"x"`},
		{"no scope is required, the token has none", `[]`, `{"sub":"x","until":"` + later + `"}`, 200, `"x"`},
		{"a scope is missing", `["a", "b"]`, `{"sub":"x","scope":"a","until":"` + later + `"}`,
			403, `{"message":"Forbidden","info":"scope \"b\" is required"}`},
		{"the scope is only a part of a granted one", `["read"]`, `{"sub":"x","scope":"read:orders","until":"` + later + `"}`,
			403, `{"message":"Forbidden","info":"scope \"read\" is required"}`},
		{"the token has no scope", `["a"]`, `{"sub":"x","until":"` + later + `"}`,
			403, `{"message":"Forbidden","info":"scope \"a\" is required"}`},
		{"until has passed", `["a"]`, `{"sub":"x","scope":"a","until":"` + before + `"}`,
			401, `{"message":"Unauthorized","info":"the token has expired"}`},
		{"until is no number", `["a"]`, `{"sub":"x","scope":"a","until":"soon"}`,
			401, `{"message":"Unauthorized","info":"the token has expired"}`},
		{"another authorizer, without until", `["a"]`, `{"principalId":"x","scope":"a"}`,
			500, `{"message":"Internal Server Error"}`},
		{"no authorizer", `["a"]`, `null`, 500, `{"message":"Internal Server Error"}`},
		{"no authorizer, as API Gateway writes it for a public route", `[]`, `undefined`,
			500, `{"message":"Internal Server Error"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "function.mjs")
			write(t, file, snippets(t, "The function behind it", "js")+`
const handler = authorized(`+test.scopes+`, async (event) => ({
  statusCode: 200,
  body: JSON.stringify(event.requestContext.authorizer.sub),
}));
console.log(JSON.stringify(await handler({ requestContext: { authorizer: `+test.authorizer+` } })));
`)
			output, err := exec.Command("node", file).CombinedOutput()
			var got struct {
				StatusCode int
				Body       string
			}
			if err != nil || json.Unmarshal(output, &got) != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			if got.StatusCode != test.status || got.Body != test.body {
				t.Errorf("got %d %s, want %d %s", got.StatusCode, got.Body, test.status, test.body)
			}
		})
	}
}
