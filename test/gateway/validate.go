package gateway

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// This file implements request validators
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html).

// A validator is what a method demands of requests; the zero value nothing.
type validator struct {
	required []string // parameters: header.NAME, path.NAME, querystring.NAME
	models   map[string]*jsonschema.Schema
}

// validate is step 8: parameters before the body.
func (g *Gateway) validate(x *exchange) *failure {
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
		return &failure{kind: badRequestParameters, message: "Missing required request parameters: " + names, detail: names,
			reason: "required parameters are missing: " + names}
	}
	model := v.models[mediaTypeOf(x)]
	if model == nil {
		return nil // a body of another media type is not validated
	}
	body := x.body
	if len(body) == 0 {
		body = []byte("{}") // inferred: so that a model without required properties lets it pass
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = model.Validate(document)
	}
	if err != nil {
		return &failure{kind: badRequestBody, detail: "[" + strings.ReplaceAll(err.Error(), "\n", ", ") + "]",
			reason: "the body does not match the method's model"}
	}
	return nil
}

func mediaTypeOf(x *exchange) string {
	mediaType, _, _ := strings.Cut(x.header("Content-Type"), ";")
	if mediaType = strings.TrimSpace(mediaType); mediaType == "" {
		return "application/json"
	}
	return mediaType
}

// validator reads what the method's validator makes it demand.
func (l *loader) validator(method properties) (v validator) {
	id := method.text("RequestValidatorId")
	if id == "" {
		return v
	}
	settings, ok := l.validators[id]
	if !ok {
		method.fail("RequestValidatorId", "the API has no such request validator")
		return v
	}
	if settings.flag("ValidateRequestParameters") {
		required := method.textMap("RequestParameters")
		for _, key := range slices.Sorted(maps.Keys(required)) {
			parameter, ok := strings.CutPrefix(key, "method.request.")
			if !ok {
				method.fail("RequestParameters", "%s does not start with method.request.", key)
			} else if required[key] == "true" {
				v.required = append(v.required, parameter)
			}
		}
	}
	if settings.flag("ValidateRequestBody") {
		models := method.textMap("RequestModels")
		for _, mediaType := range slices.Sorted(maps.Keys(models)) {
			schema, err := l.schema(models[mediaType])
			if err != nil {
				method.fail("RequestModels."+mediaType, "%v", err)
				continue
			}
			if v.models == nil {
				v.models = map[string]*jsonschema.Schema{}
			}
			v.models[mediaType] = schema
		}
	}
	return v
}

// schema compiles a model. Models refer to each other by their URLs.
func (l *loader) schema(name string) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	compiler.UseLoader(noLoader{})
	url := func(model string) string {
		return "https://apigateway.amazonaws.com/restapis/" + l.id + "/models/" + model
	}
	// The two models that every API has.
	all := map[string][]byte{
		"Empty": []byte(`{}`),
		"Error": []byte(`{"type":"object","properties":{"message":{"type":"string"}}}`),
	}
	maps.Copy(all, l.models)
	if all[name] == nil {
		return nil, errors.New("the API has no model " + name)
	}
	for model, content := range all {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if err := compiler.AddResource(url(model), document); err != nil {
			return nil, err
		}
	}
	return compiler.Compile(url(name))
}

// noLoader keeps a model from naming files or other hosts.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, errors.New(url + " is no model of the API")
}
