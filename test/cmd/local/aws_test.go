package main

import (
	"maps"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFunctionsGetTheCredentialsOfTheShell(t *testing.T) {
	for name, test := range map[string]struct {
		environ string
		want    map[string]string
	}{
		"none":  {"HOME=/home/ada PATH=/bin AWS_REGION=eu-west-1", nil},
		"empty": {"AWS_ACCESS_KEY_ID= AWS_PROFILE=", nil},
		"keys": {"AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b PATH=/bin",
			map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}},
		"a profile": {"AWS_PROFILE=dev HOME=/home/ada", map[string]string{"AWS_PROFILE": "dev", "HOME": "/home/ada"}},
		"of a function": {"AWS_PROFILE=dev AWS_LAMBDA_FUNCTION_NAME=f AWS_EXECUTION_ENV=x",
			map[string]string{"AWS_PROFILE": "dev"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := awsVariables(strings.Fields(test.environ))
			if !maps.Equal(got, test.want) || (got == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestCallsOfAWSWithoutCredentialsFailWithTheReasonAndTheFix(t *testing.T) {
	answer := httptest.NewRecorder()
	noAWS(answer, httptest.NewRequest("POST", "/", nil))
	body := answer.Body.String()
	if answer.Code != 400 || !strings.Contains(body, "nothing of AWS is behind this function") ||
		!strings.Contains(body, "AWS_PROFILE") || !strings.Contains(body, "make run ENV=") {
		t.Errorf("got %d %s", answer.Code, body)
	}
}
