package main

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// function says in what one Go Lambda differs from another.
type function struct {
	id          string // in the construct tree, and so in logical IDs
	folder      string // below Config.Lambdas
	description string
	environment map[string]string
}

// newFunction adds a Lambda with a log group and a role of its own. CDK's
// defaults are an AWS-managed policy that may write to every log group of the
// account, and a log group that outlives the stack.
func newFunction(stack awscdk.Stack, cfg Config, f function) awslambda.Function {
	logs := awslogs.NewLogGroup(stack, jsii.String(f.id+"Logs"), &awslogs.LogGroupProps{
		Retention:     awslogs.RetentionDays_THREE_MONTHS,
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(stack, jsii.String(f.id+"Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	logs.GrantWrite(role)

	environment := map[string]*string{}
	for name, value := range f.environment {
		environment[name] = jsii.String(value)
	}
	return awslambda.NewFunction(stack, jsii.String(f.id), &awslambda.FunctionProps{
		Description: jsii.String(f.description),
		// Compiled before synth (make lambdas): a compiler error is then a plain
		// one, and the asset's hash depends on the binary alone.
		Code:         awslambda.Code_FromAsset(jsii.String(filepath.Join(cfg.Lambdas, f.folder)), nil),
		Handler:      jsii.String("bootstrap"),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: awslambda.Architecture_ARM_64(),
		MemorySize:   jsii.Number(128),
		// Far below the 29 s that API Gateway waits.
		Timeout:               awscdk.Duration_Seconds(jsii.Number(5)),
		Environment:           &environment,
		Role:                  role,
		LogGroup:              logs,
		LoggingFormat:         awslambda.LoggingFormat_JSON,
		ApplicationLogLevelV2: awslambda.ApplicationLogLevel_INFO,
		SystemLogLevelV2:      awslambda.SystemLogLevel_WARN,
	})
}
