package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// metricsNamespace is the CloudWatch namespace of the metrics in the authorizer's log
// lines (embedded metric format).
const metricsNamespace = "AccountApi"

// attackLike are the reasons for a refusal that honest callers do not cause often.
// Expired tokens and tokens for another audience are normal and raise no alarm.
var attackLike = []string{"bad_signature", "alg_not_allowed", "issuer"}

// alarm is a condition that a person has to react to.
type alarm struct {
	id          string
	description string // what it means and where to look first
	metric      awscloudwatch.IMetric
	threshold   float64 // reached at this value and above
	of, periods int     // raised when the threshold is reached in this many of the last periods
}

// addMonitoring adds the alarms and the dashboard.
//
// No alarm uses the Lambda errors of the authorizer: it refuses a token by the error
// "Unauthorized", the only way to a 401, so every expired token counts as an error there.
// Its own metrics distinguish refusals from failures.
func addMonitoring(stack awscdk.Stack, cfg Config, api awsapigateway.RestApi, authorizer awslambda.Function, functions []awslambda.Function) {
	m := metrics{api: api, authorizer: authorizer}
	list := []alarm{
		{
			id: "KeysUnavailable",
			description: "The issuer's keys cannot be fetched, so tokens cannot be checked and callers get 503. " +
				"See the authorizer's log for the failed fetch, and the issuer's status page.",
			metric: m.decisions("jwks_unavailable", 1), threshold: 1, of: 3, periods: 15,
		},
		{
			id:          "AuthorizerFailed",
			description: "The authorizer failed unexpectedly. See its log lines with the reason internal.",
			metric:      m.decisions("internal", 1), threshold: 1, of: 1, periods: 1,
		},
		{
			id: "KeySetOld",
			description: "The issuer's keys have not been fetched for 4 hours. They are due every hour at the latest, " +
				"and the authorizer stops using them 24 hours after the last fetch. See its log for the failed fetches.",
			metric: m.authorizerMetric("KeySetAge", "Maximum", 5), threshold: 4 * 60 * 60, of: 1, periods: 1,
		},
		{
			id: "AuthorizerSlow",
			description: "1 % of the authorizer's invocations take 2.5 s or more. A fetch of the keys ends after 1.5 s: " +
				"check FetchDuration first, then the memory of the function.",
			metric: m.lambda(authorizer, "Duration", "p99", 5), threshold: 2500, of: 3, periods: 3,
		},
		{
			id: "FunctionsThrottled",
			description: "Lambda rejected invocations because the concurrency is used up. " +
				"Raise the account's quota, or authorizerConcurrency.",
			metric:    m.sum("throttled invocations", "Throttles", append(slices.Clone(functions), authorizer)),
			threshold: 1, of: 1, periods: 1,
		},
		{
			id:          "ServerErrors",
			description: "The API answers with 5xx. See errorType and integrationError in the access log for the cause.",
			metric:      m.gateway("5XXError", "Sum", 1), threshold: 1, of: 3, periods: 15,
		},
		{
			id: "Slow",
			description: "1 % of the requests take 2 s or more. " +
				"See authorizerLatency and integrationLatency in the access log for the cause.",
			metric: m.gateway("Latency", "p99", 5), threshold: 2000, of: 3, periods: 3,
		},
	}
	for _, reason := range attackLike {
		list = append(list, alarm{
			id: "Refused-" + reason,
			description: "100 tokens in 5 minutes were refused with the reason " + reason +
				", which honest callers rarely cause. The dashboard lists the issuers and key IDs in these tokens.",
			metric: m.decisions(reason, 5), threshold: 100, of: 1, periods: 1,
		})
	}

	notify := alarmAction(stack, cfg)
	var alarms []interfacesawscloudwatch.IAlarmRef
	for _, a := range list {
		raised := awscloudwatch.NewAlarm(stack, jsii.String("Alarm"+a.id), &awscloudwatch.AlarmProps{
			AlarmName:          jsii.String(fmt.Sprintf("account-api-%s-%s", cfg.Stage, a.id)),
			AlarmDescription:   jsii.String(a.description),
			Metric:             a.metric,
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			Threshold:          jsii.Number(a.threshold),
			DatapointsToAlarm:  jsii.Number(a.of),
			EvaluationPeriods:  jsii.Number(a.periods),
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING, // no requests are not a failure
		})
		if notify != nil {
			raised.AddAlarmAction(notify)
			raised.AddOkAction(notify)
		} else {
			accept(raised, "Who is notified is a setting (alarmEmail or alarmTopicArn). "+
				"Without it the alarm is shown on the dashboard.",
				"NIST.800.53.R5-CloudWatchAlarmAction")
		}
		alarms = append(alarms, raised)
	}
	addDashboard(stack, cfg, m, functions, alarms)
}

// alarmAction returns the action that notifies people of an alarm, or nil.
func alarmAction(stack awscdk.Stack, cfg Config) awscloudwatch.IAlarmAction {
	if cfg.AlarmTopicARN != "" {
		topic := awssns.Topic_FromTopicArn(stack, jsii.String("AlarmTopic"), jsii.String(cfg.AlarmTopicARN))
		return awscloudwatchactions.NewSnsAction(topic)
	}
	if cfg.AlarmEmail == "" {
		return nil
	}
	topic := awssns.NewTopic(stack, jsii.String("AlarmTopic"), &awssns.TopicProps{
		DisplayName: jsii.String("Account API, stage " + cfg.Stage),
		EnforceSSL:  jsii.Bool(true),
	})
	topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(cfg.AlarmEmail), nil))
	// EnforceSSL adds a policy that replaces the default policy of SNS and its permission
	// for CloudWatch to publish.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AlarmsOfThisAccount"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()}},
	}))
	accept(topic, "A message contains which alarm was raised and no personal data. "+
		"CloudWatch cannot publish to a topic that is encrypted with the AWS-managed key.",
		"NIST.800.53.R5-SNSEncryptedKMS", "PCI.DSS.321-SNSEncryptedKMS")
	return awscloudwatchactions.NewSnsAction(topic)
}

// addDashboard adds a dashboard that shows, from top to bottom: raised alarms, how many
// callers are refused and why, who they are, latencies, and the age of the keys.
func addDashboard(
	stack awscdk.Stack, cfg Config, m metrics, functions []awslambda.Function, alarms []interfacesawscloudwatch.IAlarmRef,
) {
	// FILL, because a reason that did not occur has no data instead of a zero.
	const refused = "(total - FILL(allowed, 0) - FILL(keys, 0) - FILL(internal, 0))"
	decisions := &map[string]awscloudwatch.IMetric{
		"total":    m.authorizerMetric("Decisions", "Sum", 5),
		"allowed":  m.decisions("ok", 5),
		"keys":     m.decisions("jwks_unavailable", 5),
		"internal": m.decisions("internal", 5),
	}
	count := func(label, expression string) awscloudwatch.IMetric {
		return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
			Label: jsii.String(label), Expression: jsii.String(expression), Period: minutes(5), UsingMetrics: decisions,
		})
	}
	// A search, so that reasons that are added to the authorizer later are shown too.
	const search = `SEARCH('{%s,FunctionName,reason} FunctionName="%s" MetricName="Decisions" NOT reason="ok"', 'Sum', 300)`
	byReason := awscloudwatch.NewSearchExpression(&awscloudwatch.SearchExpressionProps{
		Expression: jsii.String(fmt.Sprintf(search, metricsNamespace, *m.authorizer.FunctionName())),
		Label:      jsii.String("${PROP('Dim.reason')}"),
		Period:     minutes(5),
	})

	awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		// Names of dashboards are shared by all regions of an account.
		DashboardName:   jsii.String(fmt.Sprintf("account-api-%s-%s", cfg.Stage, *stack.Region())),
		DefaultInterval: awscdk.Duration_Hours(jsii.Number(12)),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{
				awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
					Title: jsii.String("Alarms"), Width: jsii.Number(24), Height: jsii.Number(4), Alarms: &alarms,
				}),
			},
			{
				awscloudwatch.NewSingleValueWidget(&awscloudwatch.SingleValueWidgetProps{
					Title: jsii.String("Decisions (not counting answers from the gateway's cache)"),
					Width: jsii.Number(24), Height: jsii.Number(4),
					SetPeriodToTimeRange: jsii.Bool(true),
					Metrics: &[]awscloudwatch.IMetric{
						count("allowed", "FILL(allowed, 0)"),
						count("refused", refused),
						count("could not be checked", "FILL(keys, 0) + FILL(internal, 0)"),
						count("refused, %", "100 * "+refused+" / total"),
					},
				}),
			},
			{
				awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
					Title: jsii.String("Why callers are refused"), Width: jsii.Number(12), Height: jsii.Number(8),
					Stacked: jsii.Bool(true), Left: &[]awscloudwatch.IMetric{byReason},
				}),
				awscloudwatch.NewLogQueryWidget(&awscloudwatch.LogQueryWidgetProps{
					Title: jsii.String("What refused callers have in common"),
					Width: jsii.Number(12), Height: jsii.Number(8),
					LogGroupNames: &[]*string{m.authorizer.LogGroup().LogGroupName()},
					QueryLines: jsii.Strings(
						`filter msg = "decision" and reason != "ok"`,
						"stats count(*) as refused, latest(hint) as lastHint by reason, issuer, kid",
						"sort refused desc",
						"limit 20",
					),
				}),
			},
			{
				graph("Requests",
					m.gateway("Count", "Sum", 5), m.gateway("4XXError", "Sum", 5), m.gateway("5XXError", "Sum", 5)),
				graph("Latency, ms",
					m.gateway("Latency", "p50", 5), m.gateway("Latency", "p99", 5),
					m.gateway("IntegrationLatency", "p99", 5)),
			},
			{
				graph("Authorizer, and the fetches of keys in it, ms",
					m.lambda(m.authorizer, "Duration", "p50", 5), m.lambda(m.authorizer, "Duration", "p99", 5),
					m.authorizerMetric("FetchDuration", "Maximum", 5)),
				graph("Concurrency and cold starts", append(m.each(functions, "ConcurrentExecutions", "Maximum"),
					m.lambda(m.authorizer, "ConcurrentExecutions", "Maximum", 5),
					m.authorizerMetric("ColdStart", "Sum", 5))...),
			},
			{
				graph("Age of the issuer's keys, s", m.authorizerMetric("KeySetAge", "Maximum", 5)),
				graph("Fetches of the keys",
					m.authorizerMetric("Fetches", "Sum", 5), m.authorizerMetric("FetchFailures", "Sum", 5)),
			},
		},
	})
}

// graph returns half a row of the dashboard.
func graph(title string, left ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title), Width: jsii.Number(12), Height: jsii.Number(6), Left: &left,
	})
}

// metrics creates the metrics of one stage; periods are in minutes.
type metrics struct {
	api        awsapigateway.RestApi
	authorizer awslambda.Function
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
		Expression: jsii.String(strings.Join(terms, " + ")), Label: jsii.String(label), Period: minutes(5), UsingMetrics: &using,
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
