package main

import (
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"
)

// function holds what differs from one Go Lambda function to another.
type function struct {
	id          string // in the construct tree, and so in logical IDs
	folder      string // below Config.Lambdas
	description string
	environment map[string]string
	timeout     int // in seconds; API Gateway waits up to 29
	concurrency int // reserved; 0 shares the concurrency of the account
	network     network
}

// newFunction adds a Lambda function with its own log group and its own role. The CDK's
// defaults are an AWS-managed policy that may write to every log group of the account,
// and a log group that remains when the stack is deleted.
func newFunction(stack awscdk.Stack, cfg Config, f function) awslambda.Function {
	logs := newLogGroup(stack, f.id+"Logs", cfg, "")
	role := awsiam.NewRole(stack, jsii.String(f.id+"Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	logs.GrantWrite(role)

	folder := filepath.Join(cfg.Lambdas, f.folder)
	if f.network.CABundle != nil {
		packed, err := packCABundle(folder, f.network.CABundle)
		defer os.RemoveAll(packed) // the CDK copies it into the cloud assembly at once
		if err != nil {
			panic(err) // see functions
		}
		folder = packed
	}
	props := &awslambda.FunctionProps{
		Description: jsii.String(f.description),
		// Compiled before synth (make lambdas): compiler errors are then shown as they
		// are, and the asset's hash depends on the binary only.
		Code:         awslambda.Code_FromAsset(jsii.String(folder), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		// The smallest size is enough. Measured: 13 MB resident after 2,000 verified
		// tokens, 1 ms of CPU for each. Init, which fetches the keys, gets a full CPU
		// with every memory size.
		MemorySize:            jsii.Number(128),
		Timeout:               awscdk.Duration_Seconds(jsii.Number(f.timeout)),
		Environment:           pointers(f.environment),
		Role:                  role,
		LogGroup:              logs,
		LoggingFormat:         awslambda.LoggingFormat_JSON,
		ApplicationLogLevelV2: awslambda.ApplicationLogLevel_INFO,
		SystemLogLevelV2:      awslambda.SystemLogLevel_WARN,
	}
	if f.concurrency > 0 {
		props.ReservedConcurrentExecutions = jsii.Number(f.concurrency)
	}
	if cfg.XRay {
		props.Tracing = awslambda.Tracing_ACTIVE
		accept(role, "X-Ray has no resources that a policy could name.", "AwsSolutions-IAM5[Resource::*]")
	}
	lambda := awslambda.NewFunction(stack, jsii.String(f.id), props)

	accept(role, "An inline policy cannot be attached to anything else and is deleted with its role.",
		"NIST.800.53.R5-IAMNoInlinePolicy", "PCI.DSS.321-IAMNoInlinePolicy")
	if len(f.network.SubnetIDs) > 0 {
		joinVPC(stack, cfg, f.network, lambda, role)
	} else {
		accept(lambda, "The function uses no private resource. In a VPC it would need a NAT gateway to reach the issuer.",
			"NIST.800.53.R5-LambdaInsideVPC", "PCI.DSS.321-LambdaInsideVPC")
	}
	accept(lambda, "API Gateway invokes the function synchronously and gets every failure itself: "+
		"a dead-letter queue would stay empty.",
		"NIST.800.53.R5-LambdaDLQ")
	if f.concurrency == 0 {
		accept(lambda, "Reserved concurrency reduces what is left for the other functions of the account, "+
			"and a new account has only 10. The stage is throttled; "+
			"for the authorizer there is a setting (authorizerConcurrency).",
			"NIST.800.53.R5-LambdaConcurrency")
	}
	return lambda
}
