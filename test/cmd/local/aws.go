package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// awsVariables returns what the functions need to call AWS as the shell would: its AWS
// variables, and the home folder that profiles are in. It returns nil if the shell has no
// credentials.
func awsVariables(environ []string) map[string]string {
	variables := map[string]string{}
	credentials := false
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch {
		case value == "" || strings.HasPrefix(name, "AWS_LAMBDA_") || name == "AWS_EXECUTION_ENV":
		case strings.HasPrefix(name, "AWS_"):
			variables[name] = value
			credentials = credentials || name == "AWS_ACCESS_KEY_ID" || name == "AWS_PROFILE" ||
				strings.HasPrefix(name, "AWS_CONTAINER_CREDENTIALS_") || name == "AWS_WEB_IDENTITY_TOKEN_FILE"
		case name == "HOME":
			variables[name] = value
		}
	}
	if !credentials {
		return nil
	}
	return variables
}

// noAWS answers every call of an AWS SDK with an error that says that credentials are
// missing.
func noAWS(w http.ResponseWriter, _ *http.Request) {
	const why = "nothing of AWS is behind this function on this machine, because the shell has no AWS credentials: " +
		"set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run a stand-in and name it, " +
		"for example make run ENV=AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:8000"
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest) // SDKs do not try again
	fmt.Fprintf(w, `{"__type":"NoAWS","message":%q}`, why)
}

// connectAWS passes the AWS credentials of the shell to the functions. Without them, and
// without an endpoint in -env, calls of AWS reach noAWS. The caller closes the listener.
func (a *api) connectAWS() (io.Closer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go http.Serve(listener, http.HandlerFunc(noAWS))
	if a.aws = awsVariables(os.Environ()); a.aws == nil && a.env["AWS_ENDPOINT_URL"] == "" {
		a.env["AWS_ENDPOINT_URL"] = "http://" + listener.Addr().String()
	}
	return listener, nil
}
