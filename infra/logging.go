package main

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// retentions are the retention periods of CloudWatch Logs by days. "Never expire" is left
// out on purpose.
var retentions = map[int]awslogs.RetentionDays{
	1:    awslogs.RetentionDays_ONE_DAY,
	3:    awslogs.RetentionDays_THREE_DAYS,
	5:    awslogs.RetentionDays_FIVE_DAYS,
	7:    awslogs.RetentionDays_ONE_WEEK,
	14:   awslogs.RetentionDays_TWO_WEEKS,
	30:   awslogs.RetentionDays_ONE_MONTH,
	60:   awslogs.RetentionDays_TWO_MONTHS,
	90:   awslogs.RetentionDays_THREE_MONTHS,
	120:  awslogs.RetentionDays_FOUR_MONTHS,
	150:  awslogs.RetentionDays_FIVE_MONTHS,
	180:  awslogs.RetentionDays_SIX_MONTHS,
	365:  awslogs.RetentionDays_ONE_YEAR,
	400:  awslogs.RetentionDays_THIRTEEN_MONTHS,
	545:  awslogs.RetentionDays_EIGHTEEN_MONTHS,
	731:  awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS,
	1827: awslogs.RetentionDays_FIVE_YEARS,
	2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS,
	2922: awslogs.RetentionDays_EIGHT_YEARS,
	3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}

// newLogGroup adds a log group whose events expire. It is deleted with the stack unless
// the stage is protected. With an empty name CloudFormation chooses one.
func newLogGroup(scope constructs.Construct, id string, cfg Config, name string) awslogs.LogGroup {
	props := &awslogs.LogGroupProps{
		Retention:     retentions[cfg.LogRetentionDays],
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	}
	if cfg.Protected {
		props.RemovalPolicy = awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	if name != "" {
		props.LogGroupName = jsii.String(name)
	}
	group := awslogs.NewLogGroup(scope, jsii.String(id), props)
	accept(group, "CloudWatch encrypts every log group with a key of its own. No token is ever logged, so "+
		"a customer key adds a cost and a way to lose the logs, but protects nothing more.",
		"NIST.800.53.R5-CloudWatchLogGroupEncrypted", "PCI.DSS.321-CloudWatchLogGroupEncrypted")
	return group
}

// stageOptions returns the throttling, tracing and logging of the stage. Without an
// access log, accessLog is nil.
func stageOptions(cfg Config, accessLog awslogs.ILogGroup) *awsapigateway.StageOptions {
	options := &awsapigateway.StageOptions{
		StageName:            jsii.String(cfg.Stage),
		ThrottlingRateLimit:  jsii.Number(cfg.ThrottleRate),
		ThrottlingBurstLimit: jsii.Number(cfg.ThrottleBurst),
		TracingEnabled:       jsii.Bool(cfg.XRay),
		LoggingLevel:         executionLogLevels[cfg.ExecutionLogs],
		DataTraceEnabled:     jsii.Bool(false), // it logs whole bodies, which are personal data
	}
	if accessLog != nil {
		options.AccessLogDestination = awsapigateway.NewLogGroupLogDestination(accessLog)
		options.AccessLogFormat = awsapigateway.AccessLogFormat_Custom(jsii.String(accessLogFormat()))
	}
	return options
}

var executionLogLevels = map[string]awsapigateway.MethodLoggingLevel{
	"off":   awsapigateway.MethodLoggingLevel_OFF,
	"error": awsapigateway.MethodLoggingLevel_ERROR,
	"info":  awsapigateway.MethodLoggingLevel_INFO,
}

// accessLogFormat is one JSON object per request. Every value is a string, because API
// Gateway writes - for a missing value. authorizerRequestId is the requestId of the
// authorizer's log line, which has the reason of a refusal.
func accessLogFormat() string {
	fields, _ := json.Marshal(map[string]string{ // strings always marshal
		"requestId":           "$context.requestId",
		"extendedRequestId":   "$context.extendedRequestId",
		"xrayTraceId":         "$context.xrayTraceId",
		"requestTimeEpoch":    "$context.requestTimeEpoch",
		"sourceIp":            "$context.identity.sourceIp",
		"httpMethod":          "$context.httpMethod",
		"resourcePath":        "$context.resourcePath",
		"protocol":            "$context.protocol",
		"status":              "$context.status",
		"responseLength":      "$context.responseLength",
		"responseLatency":     "$context.responseLatency",
		"errorType":           "$context.error.responseType",
		"errorMessage":        "$context.error.message",
		"principalId":         "$context.authorizer.principalId",
		"clientId":            "$context.authorizer.client_id",
		"authorizerStatus":    "$context.authorizer.status",
		"authorizerLatency":   "$context.authorizer.latency",
		"authorizerError":     "$context.authorizer.error",
		"authorizerRequestId": "$context.authorizer.requestId",
		"integrationStatus":   "$context.integration.status",
		"integrationLatency":  "$context.integration.latency",
		"integrationError":    "$context.integration.error",
		"wafResponse":         "$context.wafResponseCode",
	})
	return string(fields)
}

// addLogging adds what API Gateway needs to write logs.
//
// One role per account and region lets API Gateway write the logs of all its APIs;
// without it, a stage with logs cannot be deployed. A stack cannot find out whether the
// account has one. The default "create" sets a role with just these rights, so the stack
// can be deployed into a new account and into a used one. It replaces a role that was set
// before by one with the same rights. Neither the account's setting nor the role is
// deleted with the stack or by the rollback of its first deployment, because other APIs
// may use them by then. "existing" changes nothing and relies on the role that the
// account has; "none" turns access and execution logs off.
func addLogging(stack awscdk.Stack, cfg Config, api awsapigateway.RestApi) {
	stage := api.DeploymentStage()
	if cfg.CloudWatchRole == "create" {
		role := awsiam.NewRole(stack, jsii.String("ApiGatewayLogsRole"), &awsiam.RoleProps{
			Description: jsii.String("Lets API Gateway write the logs of every API in this account and region"),
			AssumedBy: awsiam.NewServicePrincipal(jsii.String("apigateway.amazonaws.com"), &awsiam.ServicePrincipalOpts{
				// IfExists, because AWS does not document that API Gateway sends the key when
				// it tests the role. A role of this account cannot be given to an API of another.
				Conditions: &map[string]any{"StringEqualsIfExists": map[string]any{"aws:SourceAccount": stack.Account()}},
			}),
			// Inline, because API Gateway tests the role as soon as it is set.
			InlinePolicies: &map[string]awsiam.PolicyDocument{
				"WriteLogs": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{
					Statements: &[]awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
						// The actions of AmazonAPIGatewayPushToCloudWatchLogs, in this
						// account and region only.
						Actions: jsii.Strings("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups",
							"logs:DescribeLogStreams", "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents"),
						Resources: jsii.Strings(fmt.Sprintf("arn:%s:logs:%s:%s:*",
							*stack.Partition(), *stack.Region(), *stack.Account())),
					})},
				}),
			},
		})
		role.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
		everyGroup := "arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:*" // as cdk-nag writes it
		if cfg.Account != "" {
			everyGroup = fmt.Sprintf("arn:%s:logs:%s:%s:*", *stack.Partition(), cfg.Region, cfg.Account)
		}
		accept(role, "The role belongs to the account, not to this API: "+
			"API Gateway itself chooses the names of the log groups.",
			"AwsSolutions-IAM5[Resource::"+everyGroup+"]")
		accept(role, "An inline policy cannot be attached to anything else and exists as soon as the role does.",
			"NIST.800.53.R5-IAMNoInlinePolicy", "PCI.DSS.321-IAMNoInlinePolicy")

		account := awsapigateway.NewCfnAccount(stack, jsii.String("ApiGatewayAccount"),
			&awsapigateway.CfnAccountProps{CloudWatchRoleArn: role.RoleArn()})
		account.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
		stage.Node().AddDependency(account)
	}
	if cfg.ExecutionLogs != "off" {
		// API Gateway creates this group when the stage begins to log, without an expiry,
		// unless it exists. Therefore the stack creates it first.
		stage.Node().AddDependency(newLogGroup(stack, "ExecutionLogs", cfg,
			fmt.Sprintf("API-Gateway-Execution-Logs_%s/%s", *api.RestApiId(), cfg.Stage)))
	}
	acceptAtStage(cfg, stage)
}

// acceptAtStage records why rules of the packs do not apply to the stage.
func acceptAtStage(cfg Config, stage awsapigateway.Stage) {
	accept(stage, "A response contains the data of one person: a cache in the gateway would store it "+
		"and could return it to others.",
		"NIST.800.53.R5-APIGWCacheEnabledAndEncrypted", "PCI.DSS.321-APIGWCacheEnabledAndEncrypted")
	accept(stage, "A client certificate identifies API Gateway to an HTTP backend. "+
		"Here it calls Lambda, which IAM protects.",
		"NIST.800.53.R5-APIGWSSLEnabled", "PCI.DSS.321-APIGWSSLEnabled")
	if !cfg.WAF {
		accept(stage, "WAF is a setting (waf). Without it, the throttling of the stage and "+
			"the identity validation expression limit what requests can cost.",
			"AwsSolutions-APIG3", "NIST.800.53.R5-APIGWAssociatedWithWAF", "PCI.DSS.321-APIGWAssociatedWithWAF")
	}
	if cfg.CloudWatchRole == "none" {
		accept(stage, "With cloudWatchRole=none API Gateway has no role to write logs. The authorizer logs every decision.",
			"AwsSolutions-APIG1")
	}
	if cfg.ExecutionLogs == "off" {
		accept(stage, "Execution logs are turned off by a setting (executionLogs).",
			"AwsSolutions-APIG6", "NIST.800.53.R5-APIGWExecutionLoggingEnabled", "PCI.DSS.321-APIGWExecutionLoggingEnabled")
	}
}
