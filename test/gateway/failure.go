package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
)

// responseType is a type of gateway response
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html).
type responseType string

const (
	default4XX responseType = "DEFAULT_4XX"
	default5XX responseType = "DEFAULT_5XX"
)

// unknownStageStatus is inferred: AWS does not document the answer for an unknown stage.
const unknownStageStatus = http.StatusForbidden

// A kind is one way in which the gateway itself answers.
type kind struct {
	name      responseType // "" if it has none: gateway responses do not apply
	status    int
	errorType string // of the header x-amzn-ErrorType
	message   string // "" for null
}

const (
	internalError   = "InternalServerErrorException"
	internalMessage = "Internal server error"
)

// The kinds that the gateway uses.
var (
	accessDenied                 = kind{"ACCESS_DENIED", 403, "AccessDeniedException", ""} // always with a message
	apiConfigurationError        = kind{"API_CONFIGURATION_ERROR", 500, "ApiConfigurationException", internalMessage}
	authorizerConfigurationError = kind{"AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", ""}
	badRequestBody               = kind{"BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body"}
	badRequestParameters         = kind{"BAD_REQUEST_PARAMETERS", 400, "BadRequestException",
		"Missing required request parameters"}
	integrationTimeout         = kind{"INTEGRATION_TIMEOUT", 504, internalError, "Endpoint request timed out"}
	missingAuthenticationToken = kind{"MISSING_AUTHENTICATION_TOKEN", 403,
		"MissingAuthenticationTokenException", "Missing Authentication Token"}
	throttled            = kind{"THROTTLED", 429, "TooManyRequestsException", "Too Many Requests"}
	unauthorized         = kind{"UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized"}
	unsupportedMediaType = kind{"UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "Unsupported Media Type"}

	// AWS lists INTEGRATION_FAILURE with 504, but a Lambda integration that cannot be
	// called answers 500, customised or not.
	integrationFailure = kind{"INTEGRATION_FAILURE", 500, internalError, internalMessage}
	// A wrong answer of a function has no type of its own: DEFAULT_5XX applies.
	malformedProxyResponse = kind{default5XX, 502, internalError, internalMessage}
	notPermitted           = kind{default5XX, 500, internalError, internalMessage}
	mockFailure            = kind{default5XX, 500, internalError, internalMessage}
	// Observed, not documented; which type customises it is inferred.
	incompleteSignature = kind{"INVALID_SIGNATURE", 403, "IncompleteSignatureException", ""}
	unknownStage        = kind{"", unknownStageStatus, "ForbiddenException", "Forbidden"}

	// The limits apply before the API is known, so its gateway responses do not: see
	// customised.
	requestTooLarge = kind{"REQUEST_TOO_LARGE", 413, "RequestTooLargeException",
		"HTTP content length exceeded 10485760 bytes"}
	badRequest     = kind{"", 400, "BadRequestException", "Bad Request"}
	uriTooLong     = kind{"", 414, "RequestUriTooLongException", "Request URI too long"}
	headerTooLarge = kind{"", 431, "RequestHeaderFieldsTooLargeException", "Request header is larger than 10240 bytes"}
)

// A failure is the gateway's own answer to one request.
type failure struct {
	kind    kind
	message string // in place of the kind's
	detail  string // $context.error.validationErrorString
	reason  string // for the log only
}

func (f *failure) text() string {
	if f.message != "" {
		return f.message
	}
	return f.kind.message
}

// quoted is $context.error.messageString: a JSON string, or null.
func (f *failure) quoted() string {
	if f.text() == "" {
		return "null"
	}
	return quote(f.text())
}

// quote writes a JSON string without escaping <, > and &.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}
