package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// addMonitoring adds the metric filters that count failures, the alarms and the
// dashboard.
func addMonitoring(
	stack awscdk.Stack, cfg Config, api awsapigateway.RestApi, accessLog awslogs.ILogGroup,
	authorizer awslambda.Function, functions []awslambda.Function,
) {
	m := metrics{api: api, authorizer: authorizer, functions: functions}
	m.crashes = countLines(stack, cfg, "AuthorizerCrashes", "crashes of the authorizer", authorizer.LogGroup(), crashed())
	const behind = "errors behind the authorizer"
	m.serverErrors = m.sum(behind, "Errors", functions)
	if accessLog != nil {
		m.serverErrors = countLines(stack, cfg, "ServerErrors", behind, accessLog, failedBehindTheAuthorizer())
	}
	addDashboard(stack, cfg, m, addAlarms(stack, cfg, m))
}

// countLines adds a metric filter that counts the lines of a log that match a pattern,
// and returns the count in 5 minutes.
func countLines(
	stack awscdk.Stack, cfg Config, name, label string, log awslogs.ILogGroup, pattern awslogs.JsonPattern,
) awscloudwatch.IMetric {
	// Without a dimension, which would be a field of the line: Lambda's lines do not have
	// the name of the function.
	return awslogs.NewMetricFilter(stack, jsii.String("Filter"+name), &awslogs.MetricFilterProps{
		LogGroup:        log,
		FilterPattern:   pattern,
		MetricNamespace: jsii.String(apiName),
		MetricName:      jsii.String(fmt.Sprintf("%s-%s", name, cfg.Stage)),
		MetricValue:     jsii.String("1"),
	}).Metric(&awscloudwatch.MetricOptions{
		Statistic: jsii.String("Sum"), Period: minutes(5), Label: jsii.String(label),
	})
}

// crashed matches what Lambda itself logs about an authorizer that timed out, ran out of
// memory or ended, and about a failed init; the authorizer has no line for these (AWS:
// "Lambda Telemetry API Event schema reference"; at the log level WARN Lambda writes
// these events if the status is not success).
//
// An answer with an error, such as a refused token, is reported as a success. The types
// of errors are listed nevertheless, so that a refusal cannot count as a crash.
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

// failedBehindTheAuthorizer matches the lines of the access log with a 5xx for a caller
// with a good token. Anybody can cause the authorizer's own, with made-up key IDs, and
// those of routes without the authorizer: there the principal is missing, which API
// Gateway writes as a hyphen.
func failedBehindTheAuthorizer() awslogs.JsonPattern {
	return awslogs.FilterPattern_All(field("status", "=", "5*"), field("principalId", "!=", "-"))
}

func field(name, operator, value string) awslogs.JsonPattern {
	return awslogs.FilterPattern_StringValue(jsii.String("$."+name), jsii.String(operator), jsii.String(value))
}

// metrics creates the metrics of one stage; periods are in minutes.
type metrics struct {
	api                   awsapigateway.RestApi
	authorizer            awslambda.Function
	functions             []awslambda.Function  // behind the routes
	crashes, serverErrors awscloudwatch.IMetric // counted in logs, in 5 minutes
}

// decisions counts the authorizer's decisions for one reason, and for more dimensions.
func (m metrics) decisions(reason string, period int, more ...string) awscloudwatch.IMetric {
	return m.authorizerMetric("Decisions", "Sum", period, append([]string{"reason", reason}, more...)...)
}

// ofKeys is one of the metrics about a set of keys.
func (m metrics) ofKeys(keys keySet, name, statistic string, period int) awscloudwatch.IMetric {
	return m.authorizerMetric(name, statistic, period, "jwksUri", keys.uri)
}

// authorizerMetric is one of the metrics in the authorizer's log lines. Its dimensions are
// the function, and pairs of a name and a value.
func (m metrics) authorizerMetric(name, statistic string, period int, dimensions ...string) awscloudwatch.IMetric {
	all := map[string]*string{"FunctionName": m.authorizer.FunctionName()}
	for pair := range slices.Chunk(dimensions, 2) {
		all[pair[0]] = jsii.String(pair[1])
	}
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(apiName),
		MetricName:    jsii.String(name),
		DimensionsMap: &all,
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

// each is a metric of Lambda for each of these functions.
func (m metrics) each(functions []awslambda.Function, name, statistic string) (all []awscloudwatch.IMetric) {
	for _, function := range functions {
		all = append(all, m.lambda(function, name, statistic, 5))
	}
	return all
}

// sum adds up a metric of Lambda over these functions.
func (m metrics) sum(label, name string, functions []awslambda.Function) awscloudwatch.IMetric {
	terms, using := []string{}, map[string]awscloudwatch.IMetric{}
	for i, metric := range m.each(functions, name, "Sum") {
		id := fmt.Sprintf("f%d", i)
		terms, using[id] = append(terms, "FILL("+id+", 0)"), metric
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(strings.Join(terms, " + ")), Label: jsii.String(label),
		Period: minutes(5), UsingMetrics: &using,
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
