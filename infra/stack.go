package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// bearerCredentials is the identity validation expression: the form that the
// Authorization header must have before API Gateway invokes the authorizer. It is the
// scheme in any case (RFC 7235 section 2.1), then a b64token (RFC 6750 section 2.1).
// Everything else is answered with 401 without an invocation.
const bearerCredentials = `^[Bb][Ee][Aa][Rr][Ee][Rr] +[-0-9A-Za-z._~+/]+=*$`

// newStack builds the API of one stage, with a table of routes.
func newStack(scope constructs.Construct, cfg Config, routes func(awscdk.Stack, *functions) []route) awscdk.Stack {
	props := &awscdk.StackProps{
		Description:           jsii.String(apiName + ", stage " + cfg.Stage),
		Tags:                  pointers(cfg.Tags),
		PermissionsBoundary:   permissionsBoundary(cfg.PermissionsBoundary),
		TerminationProtection: jsii.Bool(cfg.Protected),
	}
	if cfg.Account != "" { // otherwise the template is the same for all accounts and regions
		props.Env = &awscdk.Environment{Account: jsii.String(cfg.Account), Region: jsii.String(cfg.Region)}
	}
	stack := awscdk.NewStack(scope, jsii.String(cfg.stackName()), props)

	authorizer := newFunction(stack, cfg, function{
		id:          "Authorizer",
		folder:      "authorizer",
		description: "Verifies the bearer token of every request",
		concurrency: cfg.AuthorizerConcurrency,
		// The longest invocation waits for a fetch that another one began and that fails,
		// 3 s, and for one of its own, 3 s, and then answers that it could not check.
		timeout:     8,
		environment: cfg.authorizerEnvironment(),
		network:     cfg.Network,
	})
	behind := &functions{stack: stack, cfg: cfg}
	rows := routes(stack, behind)
	if err := checkRoutes(rows); err != nil {
		panic(err) // see functions
	}

	var accessLog awslogs.ILogGroup
	if cfg.CloudWatchRole != "none" {
		accessLog = newLogGroup(stack, "AccessLogs", cfg, "")
	}
	api := awsapigateway.NewRestApi(stack, jsii.String("Api"), &awsapigateway.RestApiProps{
		RestApiName:   jsii.String(cfg.stackName()),
		Description:   jsii.String(apiName + ", stage " + cfg.Stage),
		EndpointTypes: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		DeployOptions: stageOptions(cfg, accessLog),
		// Set on the API and not on each route, so that it cannot be forgotten.
		DefaultMethodOptions: &awsapigateway.MethodOptions{
			AuthorizationType: awsapigateway.AuthorizationType_CUSTOM,
			Authorizer: awsapigateway.NewTokenAuthorizer(stack, jsii.String("TokenAuthorizer"),
				&awsapigateway.TokenAuthorizerProps{
					Handler:         authorizer,
					IdentitySource:  awsapigateway.IdentitySource_Header(jsii.String("Authorization")),
					ValidationRegex: jsii.String(bearerCredentials),
					ResultsCacheTtl: awscdk.Duration_Seconds(jsii.Number(cfg.ResultTTLSeconds)),
				}),
		},
		DefaultCorsPreflightOptions: &awsapigateway.CorsOptions{
			AllowOrigins: jsii.Strings(cfg.CORSOrigins...),
			AllowMethods: jsii.Strings(methods(rows)...),
			AllowHeaders: jsii.Strings("Authorization", "Content-Type"),
			MaxAge:       awscdk.Duration_Hours(jsii.Number(1)),
			StatusCode:   jsii.Number(204),
		},
		CloudWatchRole:            jsii.Bool(false), // see addLogging
		DisableExecuteApiEndpoint: jsii.Bool(cfg.DomainName != ""),
	})
	addRoutes(api, behind, rows)
	for _, folder := range behind.unused("lambdas") {
		fmt.Fprintf(os.Stderr, "note: lambdas/%s is not used: add it and its routes to infra/routes.go\n", folder)
	}
	addGatewayResponses(api, cfg)
	addLogging(stack, cfg, api)
	addMonitoring(stack, cfg, api, accessLog, authorizer, behind.all)
	if cfg.DomainName != "" {
		addDomain(stack, cfg, api)
	}
	if cfg.WAF {
		addWAF(stack, cfg, api)
	}

	// In place of the output that RestApi adds under a hashed name.
	api.Node().TryRemoveChild(jsii.String("Endpoint"))
	output(stack, "ApiUrl", "The base URL of the API", apiURL(stack, cfg, api))
	output(stack, "AuthorizerFunctionName", "The token authorizer", *authorizer.FunctionName())
	for _, function := range behind.all {
		output(stack, *function.Node().Id()+"FunctionName", "A function behind routes", *function.FunctionName())
	}
	return stack
}

// apiURL returns the URL of the stage, without a slash at the end.
func apiURL(stack awscdk.Stack, cfg Config, api awsapigateway.RestApi) string {
	switch {
	case cfg.DomainName == "":
		return fmt.Sprintf("https://%s.execute-api.%s.%s/%s",
			*api.RestApiId(), *stack.Region(), *stack.UrlSuffix(), cfg.Stage)
	case cfg.BasePath == "":
		return "https://" + cfg.DomainName
	default:
		return "https://" + cfg.DomainName + "/" + cfg.BasePath
	}
}

// permissionsBoundary returns the boundary of every role in the stack, or nil.
func permissionsBoundary(policy string) awscdk.PermissionsBoundary {
	switch {
	case policy == "":
		return nil
	case strings.HasPrefix(policy, "arn:"):
		return awscdk.PermissionsBoundary_FromArn(jsii.String(policy))
	default:
		return awscdk.PermissionsBoundary_FromName(jsii.String(policy))
	}
}

// pointers returns the map in the form that jsii expects.
func pointers(values map[string]string) *map[string]*string {
	result := make(map[string]*string, len(values))
	for name, value := range values {
		result[name] = jsii.String(value)
	}
	return &result
}

func output(stack awscdk.Stack, name, description, value string) {
	awscdk.NewCfnOutput(stack, jsii.String(name), &awscdk.CfnOutputProps{
		Description: jsii.String(description),
		Value:       jsii.String(value),
	})
}
