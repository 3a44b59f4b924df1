package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

// addDashboard adds a dashboard that shows, from top to bottom: raised alarms, how many
// callers are refused and why, who they are, latencies, the age of the keys, and
// failures.
func addDashboard(stack awscdk.Stack, cfg Config, m metrics, alarms []interfacesawscloudwatch.IAlarmRef) {
	// FILL, because a reason that did not occur has no data instead of a zero.
	const unchecked = "(FILL(keys, 0) + FILL(unproven, 0) + FILL(internal, 0))"
	const refused = "(total - FILL(allowed, 0) - " + unchecked + ")"
	decisions := &map[string]awscloudwatch.IMetric{
		"total":    m.authorizerMetric("Decisions", "Sum", 5),
		"allowed":  m.decisions("ok", 5),
		"keys":     m.decisions("jwks_unavailable", 5),
		"unproven": m.decisions("kid_unproven", 5),
		"internal": m.decisions("internal", 5),
	}
	count := func(label, expression string) awscloudwatch.IMetric {
		return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
			Label: jsii.String(label), Expression: jsii.String(expression), Period: minutes(5), UsingMetrics: decisions,
		})
	}
	// A search, so that reasons that are added to the authorizer later are shown too.
	const search = `SEARCH('{"%s",FunctionName,reason} FunctionName="%s" ` +
		`MetricName="Decisions" NOT reason="ok"', 'Sum', 300)`
	byReason := awscloudwatch.NewSearchExpression(&awscloudwatch.SearchExpressionProps{
		Expression: jsii.String(fmt.Sprintf(search, apiName, *m.authorizer.FunctionName())),
		Label:      jsii.String("${PROP('Dim.reason')}"),
		Period:     minutes(5),
	})

	// With several sets of keys, each line of a graph names its issuers.
	var ages, fetches, durations []awscloudwatch.IMetric
	sets := cfg.keySets()
	add := func(list *[]awscloudwatch.IMetric, keys keySet, name, statistic, label string) {
		metric := m.ofKeys(keys, name, statistic, 5)
		if len(sets) > 1 {
			metric = labelled(label+keys.who(), metric)
		}
		*list = append(*list, metric)
	}
	for _, keys := range sets {
		add(&ages, keys, "KeySetAge", "Maximum", "")
		add(&fetches, keys, "Fetches", "Sum", "")
		add(&fetches, keys, "FetchFailures", "Sum", "failed: ")
		add(&durations, keys, "FetchDuration", "Maximum", "fetch: ")
	}

	awscloudwatch.NewDashboard(stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		// Names of dashboards are shared by all regions of an account.
		DashboardName:   jsii.String(cfg.stackName() + "-" + *stack.Region()),
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
						count("could not be checked", unchecked),
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
				graph("Authorizer, and the fetches of keys in it, ms", append([]awscloudwatch.IMetric{
					m.lambda(m.authorizer, "Duration", "p50", 5), m.lambda(m.authorizer, "Duration", "p99", 5),
				}, durations...)...),
				graph("Concurrency and cold starts", append(m.each(m.functions, "ConcurrentExecutions", "Maximum"),
					m.lambda(m.authorizer, "ConcurrentExecutions", "Maximum", 5),
					m.authorizerMetric("ColdStart", "Sum", 5))...),
			},
			{
				graph("Age of the issuer's keys, s", ages...),
				graph("Fetches of the keys", fetches...),
			},
			{
				graph("Tokens with an unknown key ID",
					labelled("of an older token: 401", m.decisions("kid_unknown", 5)),
					labelled("perhaps of a new key: 503", m.decisions("kid_unproven", 5))),
				graph("Failures", m.crashes, m.serverErrors),
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

func labelled(label string, metric awscloudwatch.IMetric) awscloudwatch.IMetric {
	return metric.(awscloudwatch.Metric).With(&awscloudwatch.MetricOptions{Label: jsii.String(label)})
}
