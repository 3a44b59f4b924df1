// Package exactjson reads JSON as API Gateway reads the answers of Lambda functions:
// object keys count as they are spelled, where encoding/json would ignore their case, and
// numbers and booleans are accepted in place of strings.
package exactjson

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Object decodes a JSON object with the exact keys it has. Anything else, null included,
// is an error.
func Object(raw []byte) (map[string]json.RawMessage, error) {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, errors.New("not a JSON object")
	}
	return o, nil
}

// IsNull reports whether the JSON value is null.
func IsNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

// Scalar returns a JSON string, and a JSON number or boolean as it is written. Anything
// else is an error.
func Scalar(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || IsNull(raw):
		return "", errors.New("only strings, numbers and booleans are allowed")
	case raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	return string(raw), nil
}
