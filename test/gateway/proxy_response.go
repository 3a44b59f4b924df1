package gateway

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"accountapi/test/gateway/internal/exactjson"
)

// acceptsStatusZero: it is not known what AWS answers to "statusCode": 0. A Go handler
// that does not set the status sends exactly this, so it is refused.
const acceptsStatusZero = false

// parseProxyResponse reads a function's answer. An error is one that AWS calls a
// malformed Lambda proxy response
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html).
func parseProxyResponse(x *exchange, payload []byte) (*response, *failure, error) {
	fields, err := exactjson.Object(payload)
	if err != nil {
		return nil, nil, err
	}
	answer := &response{status: http.StatusOK}
	var body *string
	var isBase64 *bool
	var single map[string]json.RawMessage
	var multi map[string][]json.RawMessage
	for key, value := range fields {
		switch key {
		case "statusCode":
			answer.status, err = parseStatus(value)
		case "headers":
			err = json.Unmarshal(value, &single)
		case "multiValueHeaders":
			err = json.Unmarshal(value, &multi)
		case "body":
			err = json.Unmarshal(value, &body)
		case "isBase64Encoded":
			err = json.Unmarshal(value, &isBase64)
		default:
			err = errors.New("unknown key")
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	if answer.header, err = responseHeaders(single, multi); err != nil {
		return nil, nil, err
	}
	if body != nil {
		answer.body = []byte(*body)
	}
	// The first media type of the client's Accept decides, not the response's
	// Content-Type.
	accept, _, _ := strings.Cut(x.header("Accept"), ",")
	if isBase64 != nil && *isBase64 && x.api.isBinary(accept) {
		if answer.body, err = base64.StdEncoding.DecodeString(string(answer.body)); err != nil {
			return nil, &failure{kind: apiConfigurationError, reason: "the body is not base64: " + err.Error()}, nil
		}
	}
	return answer, nil, nil
}

// parseStatus accepts a number, and a string with a number in it.
func parseStatus(raw json.RawMessage) (int, error) {
	if exactjson.IsNull(raw) {
		return http.StatusOK, nil
	}
	s, err := exactjson.Scalar(raw)
	if err != nil {
		return 0, err
	}
	status, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a status", s)
	}
	if status == 0 && acceptsStatusZero {
		return http.StatusOK, nil
	}
	if status < 200 || status > 599 {
		return 0, fmt.Errorf("%d is not a status of a response", status)
	}
	return status, nil
}

// responseHeaders merges the two maps, the lists first, and treats the names as API
// Gateway does. A name is spelled as in the first value for it.
func responseHeaders(single map[string]json.RawMessage, multi map[string][]json.RawMessage) (http.Header, error) {
	header := http.Header{"Content-Type": {"application/json"}}
	spelling := map[string]string{}
	add := func(name string, raw json.RawMessage) error {
		if exactjson.IsNull(raw) {
			return nil
		}
		value, err := exactjson.Scalar(raw)
		if err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
		canonical := http.CanonicalHeaderKey(name)
		first, met := spelling[canonical]
		if !met {
			switch {
			case droppedFromResponse[canonical]:
				return nil
			case remapped[canonical]:
				first = "x-amzn-Remapped-" + name
			case canonical == "Content-Type":
				first = canonical // net/http adds one of its own if it does not find this spelling
				delete(header, first)
			default:
				first = name
			}
			spelling[canonical] = first
		}
		if !slices.Contains(header[first], value) {
			header[first] = append(header[first], value)
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(multi)) {
		for _, raw := range multi[name] {
			if err := add(name, raw); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(single)) {
		if err := add(name, single[name]); err != nil {
			return nil, err
		}
	}
	return header, nil
}

// Headers of a function that concern the connection or are the gateway's own are renamed
// or dropped
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html).
// The names are in the canonical form of net/http.
var (
	remapped = map[string]bool{
		"Authorization":    true,
		"Connection":       true,
		"Content-Length":   true,
		"Content-Md5":      true,
		"Date":             true,
		"Max-Forwards":     true,
		"Server":           true,
		"User-Agent":       true,
		"Www-Authenticate": true,
	}
	droppedFromResponse = map[string]bool{
		"Expect":             true,
		"Host":               true,
		"Proxy-Authenticate": true,
		"Te":                 true,
		"Trailer":            true,
		"Transfer-Encoding":  true,
		"Upgrade":            true,
		"Via":                true,
		// The gateway's own.
		"X-Amz-Apigw-Id":   true,
		"X-Amzn-Requestid": true,
		"X-Amzn-Trace-Id":  true,
	}
)
