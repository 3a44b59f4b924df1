package api

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"accountapi/lambdas/internal/principal"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Caller is who is calling; the zero value on a public route.
type Caller = principal.Principal

// Request is a request as API Gateway passes it on. The event is for everything that the
// methods do not offer.
type Request struct {
	Event events.APIGatewayProxyRequest
}

// Path returns the value of a variable of the path, such as orderId of
// /orders/{orderId}, decoded.
func (r Request) Path(name string) string { return r.Event.PathParameters[name] }

// Query returns the last value of a query parameter, decoded; "" without one.
func (r Request) Query(name string) string { return r.Event.QueryStringParameters[name] }

// Header returns the last value of a header field; its name is case-insensitive.
func (r Request) Header(name string) string {
	for key, value := range r.Event.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// Decode reads the body, JSON, into v. It refuses members that v does not have, repeated
// names, names in another case, and anything after the value. Its error is an [Error]
// that tells the caller what is wrong: 415 for a content type that is not
// application/json, else 400.
func (r Request) Decode(v any) error {
	mediaType, _, err := mime.ParseMediaType(r.Header("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return Error{
			Status: http.StatusUnsupportedMediaType,
			Info:   fmt.Sprintf("the content type is %q, want application/json", r.Header("Content-Type")),
		}
	}
	body := []byte(r.Event.Body)
	if r.Event.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(r.Event.Body); err != nil {
			return err // API Gateway's fault, not the caller's
		}
	}
	if len(body) == 0 {
		return BadRequest("the body is empty, want a JSON object")
	}
	if err := json.Unmarshal(body, v, json.RejectUnknownMembers(true)); err != nil {
		return BadRequest(explain(err))
	}
	return nil
}

// explain says in a sentence what is wrong with a body. It does not repeat values.
func explain(err error) string {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
		return fmt.Sprintf("the body has the member %s twice", syntactic.JSONPointer)
	case errors.As(err, &syntactic):
		return fmt.Sprintf("the body is not valid JSON, as byte %d shows", syntactic.ByteOffset)
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return fmt.Sprintf("the body has the member %s, which is not known", semantic.JSONPointer)
	case errors.As(err, &semantic) && semantic.JSONPointer != "":
		return fmt.Sprintf("the member %s of the body has a wrong type or value", semantic.JSONPointer)
	default:
		return "the body has a wrong type or value"
	}
}
