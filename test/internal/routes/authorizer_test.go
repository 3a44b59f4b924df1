package routes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAuthorizerVariablesAreThoseOfTheFunctionWithIssuers(t *testing.T) {
	const other = `"Other":{"Properties":{"Environment":{"Variables":{"ROUTES":"{}"}}}}`
	for name, test := range map[string]struct {
		authorizer string
		want       map[string]string
	}{
		"one issuer": {`{"TOKEN_ISSUER":"i","AUDIENCE":"a"}`, map[string]string{"TOKEN_ISSUER": "i", "AUDIENCE": "a"}},
		"several":    {`{"ISSUERS":"[]","AUDIENCE":""}`, map[string]string{"ISSUERS": "[]", "AUDIENCE": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			text := `{"Resources":{` + other +
				`,"Authorizer":{"Properties":{"Environment":{"Variables":` + test.authorizer + `}}}}}`
			if err := os.WriteFile(filepath.Join(folder, "a.template.json"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := AuthorizerVariables(folder)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
	_, err := AuthorizerVariables(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "has no function with the variable TOKEN_ISSUER or ISSUERS") {
		t.Errorf("without an authorizer: %v", err)
	}
}
