package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// metricsNamespace is the CloudWatch namespace of the metrics in the authorizer's log
// lines (embedded metric format), and of those that metric filters count in logs.
const metricsNamespace = "AccountApi"

// addMonitoring adds what counts failures, the alarms and the dashboard.
func addMonitoring(
	stack awscdk.Stack, cfg Config, api awsapigateway.RestApi, accessLog awslogs.ILogGroup,
	authorizer, profile awslambda.Function,
) {
	m := metrics{api: api, authorizer: authorizer, profile: profile}
	m.crashes = countLines(stack, cfg, "AuthorizerCrashes", authorizer.LogGroup(), crashed())
	m.serverErrors = m.lambda(profile, "Errors", "Sum", 5)
	if accessLog != nil {
		m.serverErrors = countLines(stack, cfg, "ServerErrors", accessLog, failedBehindTheAuthorizer())
	}
	addDashboard(stack, cfg, m, addAlarms(stack, cfg, m))
}

// countLines adds a metric filter that counts the lines of a log that match a pattern, and
// returns the count in 5 minutes.
func countLines(
	stack awscdk.Stack, cfg Config, name string, log awslogs.ILogGroup, pattern awslogs.JsonPattern,
) awscloudwatch.IMetric {
	// Without a dimension, which would be a field of the line: Lambda's lines do not have
	// the name of the function.
	return awslogs.NewMetricFilter(stack, jsii.String("Filter"+name), &awslogs.MetricFilterProps{
		LogGroup:        log,
		FilterPattern:   pattern,
		MetricNamespace: jsii.String(metricsNamespace),
		MetricName:      jsii.String(fmt.Sprintf("%s-%s", name, cfg.Stage)),
		MetricValue:     jsii.String("1"),
	}).Metric(&awscloudwatch.MetricOptions{Statistic: jsii.String("Sum"), Period: minutes(5)})
}

// crashed matches what Lambda itself logs about an authorizer that timed out, ran out of
// memory or ended, and about a failed init; the authorizer has no line for these (AWS:
// "Lambda Telemetry API Event schema reference"; at the log level WARN Lambda writes these
// events if the status is not success).
//
// An answer with an error, such as a refused token, is reported as a success. The types of
// errors are listed nevertheless, so that a refusal could not become a crash.
func crashed() awslogs.JsonPattern {
	return awslogs.FilterPattern_Any(
		awslogs.FilterPattern_All(
			field("type", "=", "platform.report"),
			awslogs.FilterPattern_Any(
				field("record.status", "=", "timeout"),
				field("record.status", "=", "failure"),
				field("record.errorType", "=", "Runtime.ExitError"),
				field("record.errorType", "=", "Runtime.OutOfMemory"),
			),
		),
		awslogs.FilterPattern_All(
			field("type", "=", "platform.initReport"),
			awslogs.FilterPattern_Any(
				field("record.status", "=", "timeout"),
				field("record.status", "=", "failure"),
				field("record.status", "=", "error"),
			),
		),
	)
}

// failedBehindTheAuthorizer matches the lines of the access log with a 5xx that only a
// caller with a good token can get: not the authorizer's own, which anybody can cause with
// made-up key IDs, and not those of a preflight, which needs no token.
func failedBehindTheAuthorizer() awslogs.JsonPattern {
	return awslogs.FilterPattern_All(
		field("status", "=", "5*"),
		field("errorType", "!=", "AUTHORIZER_CONFIGURATION_ERROR"),
		field("errorType", "!=", "AUTHORIZER_FAILURE"),
		field("httpMethod", "!=", "OPTIONS"),
	)
}

func field(name, operator, value string) awslogs.JsonPattern {
	return awslogs.FilterPattern_StringValue(jsii.String("$."+name), jsii.String(operator), jsii.String(value))
}

// metrics creates the metrics of one stage; periods are in minutes.
type metrics struct {
	api                   awsapigateway.RestApi
	authorizer, profile   awslambda.Function
	crashes, serverErrors awscloudwatch.IMetric // counted in logs, in 5 minutes
}

// decisions counts the authorizer's decisions for one reason.
func (m metrics) decisions(reason string, period int) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String(metricsNamespace),
		MetricName: jsii.String("Decisions"),
		DimensionsMap: &map[string]*string{
			"FunctionName": m.authorizer.FunctionName(), "reason": jsii.String(reason),
		},
		Statistic: jsii.String("Sum"),
		Period:    minutes(period),
	})
}

// authorizerMetric is one of the metrics in the authorizer's log lines.
func (m metrics) authorizerMetric(name, statistic string, period int) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(metricsNamespace),
		MetricName:    jsii.String(name),
		DimensionsMap: &map[string]*string{"FunctionName": m.authorizer.FunctionName()},
		Statistic:     jsii.String(statistic),
		Period:        minutes(period),
	})
}

// lambda is one of the metrics that Lambda itself publishes.
func (m metrics) lambda(function awslambda.Function, name, statistic string, period int) awscloudwatch.IMetric {
	return function.Metric(jsii.String(name), &awscloudwatch.MetricOptions{
		Statistic: jsii.String(statistic),
		Period:    minutes(period),
	})
}

// gateway is one of the metrics that API Gateway publishes for the stage.
func (m metrics) gateway(name, statistic string, period int) awscloudwatch.IMetric {
	return m.api.DeploymentStage().Metric(jsii.String(name), &awscloudwatch.MetricOptions{
		Statistic: jsii.String(statistic),
		Period:    minutes(period),
	})
}

func minutes(n int) awscdk.Duration { return awscdk.Duration_Minutes(jsii.Number(n)) }
