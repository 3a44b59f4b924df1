package gateway

import (
	"bytes"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validate is the request validator: parameters before the body
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html).
func validate(x *exchange) *failure {
	v := x.route.method.validator
	var missing []string
	for _, parameter := range v.required {
		if value, _ := x.requestParameter(parameter); value == "" {
			_, name, _ := strings.Cut(parameter, ".")
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		names := "[" + strings.Join(missing, ", ") + "]"
		return &failure{
			kind:    badRequestParameters,
			message: "Missing required request parameters: " + names,
			detail:  names,
			reason:  "required parameters are missing: " + names,
		}
	}
	model := v.models[x.mediaType()]
	if model == nil {
		return nil // a body of another media type is not validated
	}
	body := x.body
	if len(body) == 0 {
		body = []byte("{}") // inferred: a model without required properties accepts no body
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = model.Validate(document)
	}
	if err != nil {
		return &failure{
			kind:   badRequestBody,
			detail: "[" + strings.ReplaceAll(err.Error(), "\n", ", ") + "]",
			reason: "the body does not match the method's model",
		}
	}
	return nil
}
