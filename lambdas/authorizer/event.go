package main

import (
	"encoding/json"
	"fmt"

	"accountapi/lambdas/internal/jwt"
	"accountapi/lambdas/internal/strictjson"

	"github.com/aws/aws-lambda-go/events"
)

type request = events.APIGatewayCustomAuthorizerRequest

// decodeEvent reads the event of a TOKEN authorizer: three strings. It does so by hand
// because encoding/json costs 5 to 16 % of a whole invocation, depending on the size of
// the token. An event that is unusual in any way is left to encoding/json.
func decodeEvent(payload []byte) (event request, err error) {
	var memory [4]strictjson.Member
	if members, ok := strictjson.ParseObject(payload, memory[:0]); ok {
		kind, ok1 := strictjson.String(members.Get("type"))
		token, ok2 := strictjson.String(members.Get("authorizationToken"))
		methodArn, ok3 := strictjson.String(members.Get("methodArn"))
		if ok1 && ok2 && ok3 {
			return request{Type: kind, AuthorizationToken: token, MethodArn: methodArn}, nil
		}
	}
	if json.Unmarshal(payload, &event) != nil {
		// The text of this error may contain the token.
		return event, fmt.Errorf("%w: the event has not the members of type TOKEN", jwt.ErrInternal)
	}
	return event, nil
}
