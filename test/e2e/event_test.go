package e2e

import (
	"strings"
	"testing"
)

// API Gateway sends no such events: they show a mistake of the deployment, whatever token
// is in them. The token must be neither in the error nor in the log.
func TestEventsOfNoTOKENAuthorizerAreErrorsWithoutTheToken(t *testing.T) {
	skipIfDeployed(t, needsBinary)
	i := startIssuer(t)
	a := startAuthorizer(t, i)
	good := i.Token()
	const arn = `"methodArn":"arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/profile"`
	const begin = `{"type":"TOKEN",` + arn + `,`
	token := `"authorizationToken":"Bearer ` + good + `"`
	nested := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for name, event := range map[string]string{
		"nothing":                 ``,
		"null":                    `null`,
		"an array":                `[]`,
		"a string":                `"Bearer ` + good + `"`,
		"truncated JSON":          begin + strings.TrimSuffix(token, `"`),
		"the token is a number":   begin + `"authorizationToken":1}`,
		"the token is an object":  begin + `"authorizationToken":{"token":"Bearer ` + good + `"}}`,
		"the token is an array":   begin + `"authorizationToken":["Bearer ` + good + `"]}`,
		"the ARN is an array":     `{"type":"TOKEN","methodArn":["x"],` + token + `}`,
		"of a REQUEST authorizer": `{"type":"REQUEST",` + arn + `,"headers":{"Authorization":"Bearer ` + good + `"}}`,
		"20,000 nested arrays":    begin + `"x":` + nested + `,` + token + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			result, err := a.Invoke(t.Context(), []byte(event))
			if err != nil {
				t.Fatal(err)
			}
			if result.FunctionError == "" || strings.Contains(string(result.Payload), refuse) {
				t.Errorf("got %s, want an error that is not %s", result.Payload, refuse)
			}
			if strings.Contains(string(result.Payload), good[:60]) {
				t.Error("the token is in the error")
			}
		})
	}
	a.expect(t, "Bearer "+good, allow) // the process has survived
	a.expectSecretsKept(t, good)
}
