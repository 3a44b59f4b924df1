package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"accountapi/lambdas/internal/tokentest"
)

// The tests' binary is the authorizer if this variable is set.
const runMain = "TEST_RUNS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(runMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// process returns the authorizer as a process with these variables alone.
func process(environment ...string) (command *exec.Cmd, stdout, stderr *bytes.Buffer) {
	command = exec.Command(os.Args[0])
	command.Env = append(environment, runMain+"=1")
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	command.Stdout, command.Stderr = stdout, stderr
	return command, stdout, stderr
}

func TestProcessExitsWithCode1AndNamesEveryMistakeOfItsConfiguration(t *testing.T) {
	command, stdout, stderr := process("PROVIDER=auth1", "ALGORITHMS=none", "CLOCK_SKEW_SECONDS=-1")
	if _ = command.Run(); command.ProcessState.ExitCode() != 1 {
		t.Errorf("exit code %d, want 1", command.ProcessState.ExitCode())
	}
	for _, want := range []string{
		"the configuration is not usable",
		"TOKEN_ISSUER", "JWKS_URI", "AUDIENCE", "PROVIDER", "ALGORITHMS", "CLOCK_SKEW_SECONDS",
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%s is not in stderr: %s", want, stderr)
		}
	}
	if strings.Contains(stderr.String(), "goroutine") || stdout.Len() > 0 {
		t.Errorf("stderr %s, stdout %s; want no stack trace, and nothing in stdout", stderr, stdout)
	}
}

// invoke answers a Lambda process's calls to the Runtime API: one invocation, and what
// the process has made of it is sent to answers.
func invoke(event string, answers chan<- string) http.Handler {
	api := http.NewServeMux()
	invocations := make(chan string, 1)
	invocations <- event
	const invocation = "/2018-06-01/runtime/invocation/"
	api.HandleFunc("GET "+invocation+"next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case event := <-invocations:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request-7")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(5*time.Second).UnixMilli()))
			io.WriteString(w, event)
		case <-r.Context().Done():
		}
	})
	api.HandleFunc("POST "+invocation+"request-7/{kind}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		answers <- r.PathValue("kind") + " " + string(body)
	})
	return api
}

func TestProcessFetchesKeysBeforeItsFirstInvocationAndLogsOneLineForIt(t *testing.T) {
	issuer := tokentest.Serve(t, keySet(key1().JWK()))
	answers := make(chan string, 1)
	fetched := -1
	api := invoke(toJSON(request{Type: "TOKEN", MethodArn: testArn, AuthorizationToken: "Bearer a.b.c"}), answers)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fetched < 0 {
			fetched = issuer.Fetches()
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	command, stdout, stderr := process("TOKEN_ISSUER="+testIssuer, "AUDIENCE="+testAudience, "JWKS_URI="+issuer.URL,
		"AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=authorizer-7")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var answer string
	select {
	case answer = <-answers:
	case <-time.After(30 * time.Second):
	}
	command.Process.Kill()
	_ = command.Wait()
	if want := `error {"errorMessage":"Unauthorized","errorType":"errorString"}`; answer != want {
		t.Errorf("answered %s, want %s", answer, want)
	}
	if fetched != 1 {
		t.Errorf("%d fetches before the first invocation, want 1", fetched)
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr is %s, want nothing: the decision is logged already", stderr)
	}
	lines := stdout.String()
	if strings.Count(lines, `"msg":"decision"`) != 1 || strings.Count(lines, `"msg":"key set"`) != 1 ||
		!strings.Contains(lines, `"requestId":"request-7","FunctionName":"authorizer-7"`) {
		t.Errorf("stdout is %s, want a line about the keys and one about the decision", stdout)
	}
}
