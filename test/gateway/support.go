package gateway

// This file is the list of what the gateway knows of AWS::ApiGateway templates.
// Whatever is not in it is an error when the API is loaded: a feature that was
// silently ignored would pass locally and surprise on AWS.

// support says what the gateway does with a property.
type support struct {
	level  level
	reason string
}

type level int

const (
	unknown     level = iota
	implemented       // it changes how the gateway answers
	harmless          // AWS honours it, but it changes no answer of a local API
	unsupported       // it would change answers, and the gateway cannot
)

var used = support{level: implemented}

func without(reason string) support { return support{harmless, reason} }
func refused(advice string) support { return support{unsupported, advice} }

// unrelated are the resource types of API Gateway that change no answer of the
// API's own endpoint.
var unrelated = map[string]string{
	"AWS::ApiGateway::Account":                     "the role for logs",
	"AWS::ApiGateway::ApiKey":                      "a key matters to methods that require one, and these are refused",
	"AWS::ApiGateway::BasePathMapping":             "custom domain",
	"AWS::ApiGateway::BasePathMappingV2":           "custom domain",
	"AWS::ApiGateway::ClientCertificate":           "for HTTP integrations, which are refused",
	"AWS::ApiGateway::DocumentationPart":           "documentation",
	"AWS::ApiGateway::DocumentationVersion":        "documentation",
	"AWS::ApiGateway::DomainName":                  "custom domain",
	"AWS::ApiGateway::DomainNameV2":                "custom domain",
	"AWS::ApiGateway::DomainNameAccessAssociation": "custom domain",
	"AWS::ApiGateway::UsagePlan":                   "it limits requests with an API key, and methods that require one are refused",
	"AWS::ApiGateway::UsagePlanKey":                "as UsagePlan",
	"AWS::ApiGateway::VpcLink":                     "for VPC integrations, which are refused",
}

const (
	methodType          = "AWS::ApiGateway::Method"
	integrationType     = methodType + " Integration"
	answerType          = integrationType + " IntegrationResponses"
	declaredType        = methodType + " MethodResponses"
	stageType           = "AWS::ApiGateway::Stage"
	settingsType        = stageType + " MethodSettings"
	apiType             = "AWS::ApiGateway::RestApi"
	endpointType        = apiType + " EndpointConfiguration"
	resourceType        = "AWS::ApiGateway::Resource"
	deploymentType      = "AWS::ApiGateway::Deployment"
	authorizerType      = "AWS::ApiGateway::Authorizer"
	gatewayResponseType = "AWS::ApiGateway::GatewayResponse"
	validatorType       = "AWS::ApiGateway::RequestValidator"
	modelType           = "AWS::ApiGateway::Model"
)

// known lists the properties of each resource type, and those of the types
// nested in it under "TYPE PROPERTY".
var known = map[string]map[string]support{
	apiType: {
		"ApiKeySourceType":          without("methods that require an API key are refused"),
		"BinaryMediaTypes":          used,
		"Body":                      refused("declare resources and methods in the template, as CDK's RestApi does, not in an OpenAPI document"),
		"BodyS3Location":            refused("declare resources and methods in the template, as CDK's RestApi does, not in an OpenAPI document"),
		"CloneFrom":                 refused("declare the API's own resources and methods in the template"),
		"Description":               without("text"),
		"DisableExecuteApiEndpoint": without("the local endpoint stands in for the custom domain too"),
		"EndpointAccessMode":        without("TLS"),
		"EndpointConfiguration":     used,
		"FailOnWarnings":            without("for OpenAPI documents, which are refused"),
		"MinimumCompressionSize":    refused("switch compression off for local runs"),
		"Mode":                      without("for OpenAPI documents, which are refused"),
		"Name":                      without("text"),
		"Parameters":                without("for OpenAPI documents, which are refused"),
		"Policy":                    refused("switch the resource policy off for local runs"),
		"SecurityPolicy":            without("TLS"),
		"Tags":                      without("tags"),
	},
	endpointType: {
		"IpAddressType":  without("address family"),
		"Types":          used,
		"VpcEndpointIds": refused("use a REGIONAL endpoint for local runs"),
	},
	resourceType: {
		"ParentId":  used,
		"PathPart":  used,
		"RestApiId": used,
	},
	methodType: {
		"ApiKeyRequired":      used,
		"AuthorizationScopes": refused("scopes belong to Cognito authorizers: use a TOKEN authorizer"),
		"AuthorizationType":   used,
		"AuthorizerId":        used,
		"HttpMethod":          used,
		"Integration":         used,
		"MethodResponses":     used,
		"OperationName":       used,
		"RequestModels":       used,
		"RequestParameters":   used,
		"RequestValidatorId":  used,
		"ResourceId":          used,
		"RestApiId":           used,
	},
	integrationType: {
		"CacheKeyParameters":    without("caching is refused"),
		"CacheNamespace":        without("caching is refused"),
		"ConnectionId":          refused("VPC links cannot be reached from here: use a Lambda proxy integration"),
		"ConnectionType":        used,
		"ContentHandling":       refused("leave the payload's encoding to BinaryMediaTypes"),
		"Credentials":           used,
		"IntegrationHttpMethod": used,
		"IntegrationResponses":  used,
		"IntegrationTarget":     refused("VPC links cannot be reached from here: use a Lambda proxy integration"),
		"PassthroughBehavior":   used,
		"RequestParameters":     used,
		"RequestTemplates":      used,
		"ResponseTransferMode":  used,
		"TimeoutInMillis":       used,
		"Type":                  used,
		"Uri":                   used,
	},
	answerType: {
		"ContentHandling":    refused("leave the payload's encoding to BinaryMediaTypes"),
		"ResponseParameters": used,
		"ResponseTemplates":  used,
		"SelectionPattern":   used,
		"StatusCode":         used,
	},
	declaredType: {
		"ResponseModels":     without("documentation and SDKs"),
		"ResponseParameters": used,
		"StatusCode":         used,
	},
	deploymentType: {
		"DeploymentCanarySettings": refused("deploy without a canary for local runs"),
		"Description":              without("text"),
		"RestApiId":                used,
		"StageDescription":         refused("declare the stage as a resource of its own, as CDK does"),
		"StageName":                used,
	},
	stageType: {
		"AccessLogSetting":     without("the gateway reports each request itself"),
		"CacheClusterEnabled":  used,
		"CacheClusterSize":     without("caching is refused"),
		"CanarySetting":        refused("deploy without a canary for local runs"),
		"ClientCertificateId":  without("for HTTP integrations, which are refused"),
		"DeploymentId":         used,
		"Description":          without("text"),
		"DocumentationVersion": without("documentation"),
		"MethodSettings":       used,
		"RestApiId":            used,
		"StageName":            used,
		"Tags":                 without("tags"),
		"TracingEnabled":       without("X-Ray: trace headers are made and passed on in any case"),
		"Variables":            used,
	},
	settingsType: {
		"CacheDataEncrypted":   without("caching is refused"),
		"CacheTtlInSeconds":    without("caching is refused"),
		"CachingEnabled":       used,
		"DataTraceEnabled":     without("logs"),
		"HttpMethod":           used,
		"LoggingLevel":         without("logs"),
		"MetricsEnabled":       without("metrics"),
		"ResourcePath":         used,
		"ThrottlingBurstLimit": used,
		"ThrottlingRateLimit":  used,
	},
	authorizerType: {
		"AuthType":                     without("text for OpenAPI documents"),
		"AuthorizerCredentials":        used,
		"AuthorizerResultTtlInSeconds": used,
		"AuthorizerUri":                used,
		"IdentitySource":               used,
		"IdentityValidationExpression": used,
		"Name":                         without("text"),
		"ProviderARNs":                 refused("Cognito cannot be reached from here: use a TOKEN authorizer"),
		"RestApiId":                    used,
		"Type":                         used,
	},
	gatewayResponseType: {
		"ResponseParameters": used,
		"ResponseTemplates":  used,
		"ResponseType":       used,
		"RestApiId":          used,
		"StatusCode":         used,
	},
	validatorType: {
		"Name":                      without("text"),
		"RestApiId":                 used,
		"ValidateRequestBody":       used,
		"ValidateRequestParameters": used,
	},
	modelType: {
		"ContentType": used,
		"Description": without("text"),
		"Name":        used,
		"RestApiId":   used,
		"Schema":      used,
	},
}
