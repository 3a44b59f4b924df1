package template

// This file says what the local gateway does with each resource type of API Gateway and
// with each property of the types that it reads. A property that is in no table is an
// error when the API is loaded: if it were ignored, the API would behave differently on
// AWS.

// A support is what the gateway does with a property.
type support struct {
	level  level
	reason string
}

type level int

const (
	unknown     level = iota
	implemented       // it changes how the gateway answers
	asWritten         // implemented too; the reader evaluates it
	harmless          // AWS honours it, and it changes no answer of a local API
	unsupported       // it would change answers, and the gateway cannot honour it
)

var used = support{level: implemented}

func raw(reason string) support     { return support{asWritten, reason} }
func without(reason string) support { return support{harmless, reason} }
func refused(advice string) support { return support{unsupported, advice} }

// Known reports whether the tables have the resource type. Types of other services than
// API Gateway and Lambda are not in them.
func Known(typ string) bool { return known[typ] != nil || unrelated[typ] != "" }

func supportOf(typ, property string) support { return known[typ][property] }

// unrelated are the resource types of API Gateway that change no answer of the API's own
// endpoint.
var unrelated = map[string]string{
	"AWS::ApiGateway::Account":                     "the role for logs",
	"AWS::ApiGateway::ApiKey":                      "for methods that require a key, which are refused",
	"AWS::ApiGateway::BasePathMapping":             "a further address of the API, which the gateway serves",
	"AWS::ApiGateway::BasePathMappingV2":           "private custom domain; the gateway notes it",
	"AWS::ApiGateway::ClientCertificate":           "for HTTP integrations, which are refused",
	"AWS::ApiGateway::DocumentationPart":           "documentation",
	"AWS::ApiGateway::DocumentationVersion":        "documentation",
	"AWS::ApiGateway::DomainName":                  "custom domain",
	"AWS::ApiGateway::DomainNameV2":                "custom domain",
	"AWS::ApiGateway::DomainNameAccessAssociation": "custom domain",
	"AWS::ApiGateway::UsagePlan":                   "for API keys, and methods that require one are refused",
	"AWS::ApiGateway::UsagePlanKey":                "as UsagePlan",
	"AWS::ApiGateway::VpcLink":                     "for VPC integrations, which are refused",
}

const noInstances = "Lambda Managed Instances are not supported: leave the property out for local runs"

const noOpenAPI = "declare resources and methods in the template, as CDK's RestApi does, not in an OpenAPI document"

// known has the properties of each resource type, and those of the types nested in it
// under "TYPE PROPERTY".
var known = map[string]map[string]support{
	"AWS::ApiGateway::RestApi": {
		"ApiKeySourceType":          without("methods that require an API key are refused"),
		"BinaryMediaTypes":          used,
		"Body":                      refused(noOpenAPI),
		"BodyS3Location":            refused(noOpenAPI),
		"CloneFrom":                 refused("declare the API's own resources and methods in the template"),
		"Description":               without("a description"),
		"DisableExecuteApiEndpoint": used,
		"EndpointAccessMode":        without("TLS"),
		"EndpointConfiguration":     used,
		"FailOnWarnings":            without("for OpenAPI documents, which are refused"),
		"MinimumCompressionSize":    refused("switch compression off for local runs"),
		"Mode":                      without("for OpenAPI documents, which are refused"),
		"Name":                      without("a description"),
		"Parameters":                without("for OpenAPI documents, which are refused"),
		"Policy":                    refused("switch the resource policy off for local runs"),
		"SecurityPolicy":            without("TLS"),
		"Tags":                      without("tags"),
		"Version":                   without("a description"),
	},
	"AWS::ApiGateway::RestApi EndpointConfiguration": {
		"IpAddressType":  without("address family"),
		"Types":          used,
		"VpcEndpointIds": refused("use a REGIONAL endpoint for local runs"),
	},
	"AWS::ApiGateway::Resource": {
		"ParentId":  used,
		"PathPart":  used,
		"RestApiId": used,
	},
	"AWS::ApiGateway::Method": {
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
	"AWS::ApiGateway::Method Integration": {
		"CacheKeyParameters":    without("caching is refused"),
		"CacheNamespace":        without("caching is refused"),
		"ConnectionId":          refused("VPC links cannot be reached from here: use a Lambda proxy integration"),
		"ConnectionType":        used,
		"ContentHandling":       used,
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
	"AWS::ApiGateway::Method Integration IntegrationResponses": {
		"ContentHandling":    refused("leave the payload's encoding to BinaryMediaTypes"),
		"ResponseParameters": used,
		"ResponseTemplates":  used,
		"SelectionPattern":   used,
		"StatusCode":         used,
	},
	"AWS::ApiGateway::Method MethodResponses": {
		"ResponseModels":     without("documentation and SDKs"),
		"ResponseParameters": used,
		"StatusCode":         used,
	},
	"AWS::ApiGateway::Deployment": {
		"DeploymentCanarySettings": refused("deploy without a canary for local runs"),
		"Description":              without("a description"),
		"RestApiId":                used,
		"StageDescription":         refused("declare the stage as a resource of its own, as CDK does"),
		"StageName":                used,
	},
	"AWS::ApiGateway::Stage": {
		"AccessLogSetting":     without("the gateway reports each request itself"),
		"CacheClusterEnabled":  used,
		"CacheClusterSize":     without("caching is refused"),
		"CanarySetting":        refused("deploy without a canary for local runs"),
		"ClientCertificateId":  without("for HTTP integrations, which are refused"),
		"DeploymentId":         used,
		"Description":          without("a description"),
		"DocumentationVersion": without("documentation"),
		"MethodSettings":       used,
		"RestApiId":            used,
		"StageName":            used,
		"Tags":                 without("tags"),
		"TracingEnabled":       without("X-Ray: trace headers are made and passed on in any case"),
		"Variables":            used,
	},
	"AWS::ApiGateway::Stage MethodSettings": {
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
	"AWS::ApiGateway::Authorizer": {
		"AuthType":                     without("for OpenAPI documents, which are refused"),
		"AuthorizerCredentials":        used,
		"AuthorizerResultTtlInSeconds": used,
		"AuthorizerUri":                used,
		"IdentitySource":               used,
		"IdentityValidationExpression": used,
		"Name":                         used,
		"ProviderARNs":                 refused("Cognito cannot be reached from here: use a TOKEN authorizer"),
		"RestApiId":                    used,
		"Type":                         used,
	},
	"AWS::ApiGateway::GatewayResponse": {
		"ResponseParameters": used,
		"ResponseTemplates":  used,
		"ResponseType":       used,
		"RestApiId":          used,
		"StatusCode":         used,
	},
	"AWS::ApiGateway::RequestValidator": {
		"Name":                      without("a description"),
		"RestApiId":                 used,
		"ValidateRequestBody":       used,
		"ValidateRequestParameters": used,
	},
	"AWS::ApiGateway::Model": {
		"ContentType": without("documentation: the methods say which media type has which model"),
		"Description": without("a description"),
		"Name":        used,
		"RestApiId":   used,
		"Schema":      used,
	},
	"AWS::Lambda::Function": {
		"Architectures":                without("the asset is built for this machine"),
		"CapacityProviderConfig":       refused(noInstances),
		"Code":                         used,
		"CodeSigningConfigArn":         without("for the deployment of the code"),
		"DeadLetterConfig":             without("for asynchronous invocations; API Gateway's are synchronous"),
		"Description":                  without("a description"),
		"DurableConfig":                refused("durable executions need Lambda: leave it out for local runs"),
		"Environment":                  raw("a variable that the caller sets needs no value here"),
		"EphemeralStorage":             without("the function has /tmp of this machine"),
		"FileSystemConfigs":            refused("file systems of AWS cannot be mounted: leave them out for local runs"),
		"FunctionName":                 used,
		"FunctionScalingConfig":        refused(noInstances),
		"Handler":                      used,
		"ImageConfig":                  without("for container images, which are refused"),
		"KmsKeyArn":                    without("how AWS stores the variables"),
		"Layers":                       used,
		"LoggingConfig":                used,
		"MemorySize":                   used,
		"PackageType":                  without("a container image has no S3Key and is refused"),
		"PublishToLatestPublished":     refused(noInstances),
		"RecursiveLoop":                without("for functions that invoke themselves through queues"),
		"ReservedConcurrentExecutions": used,
		"Role":                         without("the function has no credentials of AWS here"),
		"Runtime":                      used,
		"RuntimeManagementConfig":      without("an OS-only runtime is this machine's operating system here"),
		"SnapStart":                    used,
		"Tags":                         without("tags"),
		"TenancyConfig":                refused("tenants are not isolated here: leave it out for local runs"),
		"Timeout":                      used,
		"TracingConfig":                without("X-Ray: trace headers are made and passed on in any case"),
		"VpcConfig":                    without("the function reaches what this machine reaches"),
	},
	"AWS::Lambda::Function Code": {
		"ImageUri":            without("a function without S3Key is refused"),
		"S3Bucket":            without("where the asset is uploaded to"),
		"S3Key":               used, // without one the function is refused
		"S3ObjectStorageMode": without("where the asset is uploaded to"),
		"S3ObjectVersion":     without("where the asset is uploaded to"),
		"SourceKMSKeyArn":     without("how AWS stores the asset"),
		"ZipFile":             without("a function without S3Key is refused"),
	},
	"AWS::Lambda::Function LoggingConfig": {
		"ApplicationLogLevel": used,
		"LogFormat":           used,
		"LogGroup":            used,
		"SystemLogLevel":      without("what Lambda itself logs"),
	},
	"AWS::Lambda::Function SnapStart": {
		"ApplyOn": used,
	},
	"AWS::Lambda::Version": {
		"CodeSha256":                   without("for the deployment of the code"),
		"Description":                  without("a description"),
		"FunctionName":                 used,
		"FunctionScalingConfig":        refused(noInstances),
		"ProvisionedConcurrencyConfig": without("how fast AWS starts the function"),
		"RuntimePolicy":                without("an OS-only runtime is this machine's operating system here"),
	},
	"AWS::Lambda::Alias": {
		"Description":                  without("a description"),
		"FunctionName":                 used,
		"FunctionVersion":              used,
		"Name":                         used,
		"ProvisionedConcurrencyConfig": without("how fast AWS starts the function"),
		"RoutingConfig":                used,
	},
	"AWS::Lambda::Alias RoutingConfig": {
		"AdditionalVersionWeights": used,
	},
	"AWS::Lambda::Alias RoutingConfig AdditionalVersionWeights": {
		"FunctionVersion": used,
		"FunctionWeight":  used,
	},
	"AWS::Lambda::Permission": {
		"Action":                used,
		"EventSourceToken":      used,
		"FunctionName":          used,
		"FunctionUrlAuthType":   used,
		"InvokedViaFunctionUrl": used,
		"Principal":             used,
		"PrincipalOrgID":        used,
		"SourceAccount":         used,
		"SourceArn":             used,
	},
}
