package gateway

import (
	"bytes"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"accountapi/test/gateway/template"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validators are the request validators of the API, and the models that methods use with
// them.
type validators struct {
	apiID    string
	settings map[string]template.Values // by the validator's id
	models   map[string][]byte          // by name
}

func loadValidators(l *loader) validators {
	v := validators{
		apiID:    l.id,
		settings: map[string]template.Values{},
		models: map[string][]byte{ // the two that every API has
			"Empty": []byte(`{}`),
			"Error": []byte(`{"type":"object","properties":{"message":{"type":"string"}}}`),
		},
	}
	for _, r := range l.of("AWS::ApiGateway::RequestValidator") {
		v.settings[l.idOf(r)] = r.Values(&l.problems)
	}
	for _, r := range l.of("AWS::ApiGateway::Model") {
		p, name := r.Values(&l.problems), l.idOf(r)
		switch {
		case !modelNames.MatchString(name):
			p.Fail("Name", "AWS refuses %q: Model name must be alphanumeric", name)
		case v.models[name] != nil:
			p.Fail("Name", "AWS refuses a second model %s: Model name already exists for this REST API", name)
		}
		v.models[name] = p.Document("Schema")
	}
	return v
}

var modelNames = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// of returns what the method's validator demands.
func (v validators) of(method template.Values) (result validator) {
	for _, mediaType := range slices.Sorted(maps.Keys(method.StringMap("RequestModels"))) {
		if name := method.StringMap("RequestModels")[mediaType]; v.models[name] == nil {
			method.Fail("RequestModels."+mediaType, "AWS refuses it: Invalid model identifier specified: %s", name)
		}
	}
	id := method.String("RequestValidatorId")
	if id == "" {
		return result
	}
	settings, ok := v.settings[id]
	if !ok {
		method.Fail("RequestValidatorId", "the API has no such request validator")
		return result
	}
	if settings.Bool("ValidateRequestParameters") {
		required := method.StringMap("RequestParameters")
		for _, key := range slices.Sorted(maps.Keys(required)) {
			parameter, ok := strings.CutPrefix(key, "method.request.")
			if !ok {
				method.Fail("RequestParameters", "%s does not start with method.request.", key)
			} else if required[key] == "true" {
				result.required = append(result.required, parameter)
			}
		}
	}
	if settings.Bool("ValidateRequestBody") {
		models := method.StringMap("RequestModels")
		for _, mediaType := range slices.Sorted(maps.Keys(models)) {
			if v.models[models[mediaType]] == nil {
				continue // reported above
			}
			schema, err := v.schema(models[mediaType])
			if err != nil {
				method.Fail("RequestModels."+mediaType, "%v", err)
				continue
			}
			if result.models == nil {
				result.models = map[string]*jsonschema.Schema{}
			}
			result.models[mediaType] = schema
		}
	}
	return result
}

// schema compiles a model. Models refer to each other by their URLs
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html).
func (v validators) schema(name string) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // a model must not name files or other hosts
	url := func(model string) string {
		return "https://apigateway.amazonaws.com/restapis/" + v.apiID + "/models/" + model
	}
	for model, content := range v.models {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if err := compiler.AddResource(url(model), document); err != nil {
			return nil, err
		}
	}
	schema, err := compiler.Compile(url(name))
	if unknown := new(jsonschema.LoadURLError); errors.As(err, &unknown) {
		return nil, errors.New(unknown.URL + " is no model of the API")
	}
	return schema, err
}
