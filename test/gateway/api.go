package gateway

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/time/rate"
)

// This file is the API that requests are served from: complete and checked before the
// first request, and not changed afterwards.

// An api is one REST API with the one stage that is served.
type api struct {
	id          string
	region      string
	account     string
	partition   string
	stage       stage
	root        *resource
	binaryTypes []string // media types
	responses   map[responseType]*gatewayResponse
	functions   *functions
	basePaths   []basePath
	notes       []string
}

type stage struct {
	name         string
	variables    map[string]string
	deploymentID string
}

// A resource is one path of the API, with its methods and the paths below it.
type resource struct {
	id       string
	path     string // /users/{id}
	part     string // {id}
	literals map[string]*resource
	variable *resource // {id} or {proxy+}; API Gateway allows one
	methods  map[string]*method
}

// isGreedy reports whether the resource takes the rest of a path: {proxy+}.
func (r *resource) isGreedy() bool { return strings.HasSuffix(r.part, "+}") }

// A method is one verb of a resource, or ANY.
type method struct {
	verb          string
	operationName string
	authorizer    *authorizer   // nil: none
	limiter       *rate.Limiter // nil: no limit
	validator     validator
	proxy         *proxy // nil: the integration is mock
	mock          *mock
}

// A validator is what a method demands of requests; the zero value nothing.
type validator struct {
	required []string                      // parameters: header.NAME, path.NAME, querystring.NAME
	models   map[string]*jsonschema.Schema // by media type
}

// A proxy is a Lambda proxy integration.
type proxy struct {
	function target
	timeout  time.Duration
	verb     string // IntegrationHttpMethod: anything but POST fails
	role     bool   // it invokes with a role's credentials, not by the function's permissions
	// mapsIllegal names a header that RequestParameters must not set: every request
	// fails. Other request parameters have no effect on a proxy.
	mapsIllegal string
}

// A gatewayResponse is what the template says of one type.
type gatewayResponse struct {
	status    int // 0: the type's own
	headers   []headerMapping
	templates map[string]string // by media type
}

// A basePath leads from a path of a custom domain to the API
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html).
type basePath struct {
	domain string
	path   string // without slashes around it; "" for the root of the domain
	stage  string // "": the next segment of the request's path is the stage
}

// arn is the method ARN of a request, which policies and permissions name.
func (a *api) arn(verb, path string) string {
	return a.executeAPI(a.stage.name + "/" + verb + path)
}

func (a *api) executeAPI(rest string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s", a.partition, a.region, a.account, a.id, rest)
}

// isBinary matches a media type with BinaryMediaTypes: TYPE/SUBTYPE, TYPE/* or */*, which
// matches a missing media type as well
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html).
func (a *api) isBinary(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return slices.ContainsFunc(a.binaryTypes, func(configured string) bool {
		if configured == "*/*" {
			return true
		}
		kind, all := strings.CutSuffix(configured, "/*")
		return mediaType == strings.ToLower(configured) ||
			all && strings.HasPrefix(mediaType, strings.ToLower(kind)+"/")
	})
}
