package main

import (
	"context"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// Invoke is handle in bytes, as a [lambda.Handler]: event in, answer out. aws-lambda-go
// would do the same by reflection, which took longer than everything about a token but
// its signature.
func (a *authorizer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := decodeEvent(payload)
	if err != nil {
		return nil, err
	}
	answer, err := a.handle(ctx, event)
	if err != nil {
		return nil, err
	}
	return encodeAnswer(answer)
}

// decodeEvent reads the event of a TOKEN authorizer: three strings. What is unusual about
// it in any way is left to encoding/json, whose word on it then counts.
func decodeEvent(payload []byte) (event request, err error) {
	var memory [4]member
	if members, ok := parseObject(payload, memory[:0]); ok {
		kind, ok1 := text(members.get("type"))
		token, ok2 := text(members.get("authorizationToken"))
		methodArn, ok3 := text(members.get("methodArn"))
		if ok1 && ok2 && ok3 {
			return request{Type: kind, AuthorizationToken: token, MethodArn: methodArn}, nil
		}
	}
	if json.Unmarshal(payload, &event) != nil {
		return event, errInternal // its own words would quote the token
	}
	return event, nil
}

// encodeAnswer writes the answer as encoding/json would.
func encodeAnswer(answer response) (out []byte, err error) {
	out = make([]byte, 0, 768)
	raw := func(s string) { out = append(out, s...) }
	quoted := func(s string) {
		if err == nil {
			out, err = jsontext.AppendQuote(out, s)
		}
	}
	list := func(items []string) {
		raw("[")
		for i, item := range items {
			if i > 0 {
				raw(",")
			}
			quoted(item)
		}
		raw("]")
	}
	raw(`{"principalId":`)
	quoted(answer.PrincipalID)
	raw(`,"policyDocument":{"Version":`)
	quoted(answer.PolicyDocument.Version)
	raw(`,"Statement":[`)
	for i, statement := range answer.PolicyDocument.Statement {
		if i > 0 {
			raw(",")
		}
		raw(`{"Action":`)
		list(statement.Action)
		raw(`,"Effect":`)
		quoted(statement.Effect)
		raw(`,"Resource":`)
		list(statement.Resource)
		raw("}")
	}
	raw(`]},"context":{`)
	first := true
	for name, value := range answer.Context {
		if !first {
			raw(",")
		}
		first = false
		quoted(name)
		raw(":")
		quoted(value.(string)) // principal.Context has nothing else
	}
	raw("}}")
	return out, err
}
