package main

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/jsii-runtime-go"
)

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

// addAlarms adds the alarms. README.md says what raises each, and why an outsider cannot.
//
// No alarm uses what an outsider can influence: the Lambda errors of the authorizer,
// which refuses a token by the error "Unauthorized", the only way to a 401; the 5xx of
// the gateway, since a made-up key ID may be answered with 503; and the latency of
// requests that may wait for a fetch, since such a key ID may cause one.
func addAlarms(stack awscdk.Stack, cfg Config, m metrics) []interfacesawscloudwatch.IAlarmRef {
	var list []alarm
	for _, keys := range cfg.keySets() {
		list = append(list, keyAlarms(m, keys)...)
	}
	list = append(list, []alarm{
		{
			id:          "AuthorizerFailed",
			description: "The authorizer failed unexpectedly. See its log lines with the reason internal.",
			metric:      m.decisions("internal", 5), threshold: 1, of: 1, periods: 1,
		},
		{
			id: "AuthorizerCrashed",
			description: "Lambda ended the authorizer: it timed out, ran out of memory or did not start. " +
				"See the lines of the types platform.report and platform.initReport in its log.",
			metric: m.crashes, threshold: 1, of: 1, periods: 1,
		},
		{
			id: "AuthorizerSlow",
			description: "1 % of the authorizer's invocations take 7 s or more, which is longer than two fetches of " +
				"the keys may take and nearly the time-out. Check the memory of the function.",
			metric: m.lambda(m.authorizer, "Duration", "p99", 5), threshold: 7000, of: 3, periods: 3,
		},
		{
			id: "FunctionsThrottled",
			description: "Lambda rejected invocations because the concurrency is used up. " +
				"Raise the account's quota, or authorizerConcurrency.",
			metric:    m.sum("throttled invocations", "Throttles", append(slices.Clone(m.functions), m.authorizer)),
			threshold: 1, of: 1, periods: 1,
		},
		{
			id: "ServerErrors",
			description: "A function behind the authorizer failed or answered with 5xx. " +
				"See errorType and integrationError in the access log for the cause, and the function's log.",
			metric: m.serverErrors, threshold: 1, of: 1, periods: 1,
		},
		{
			id: "Slow",
			description: "1 % of the requests that reach a function take 2 s or more there. " +
				"See integrationLatency in the access log for the route.",
			metric: m.gateway("IntegrationLatency", "p99", 5), threshold: 2000, of: 3, periods: 3,
		},
	}...)
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
			AlarmName:          jsii.String(cfg.stackName() + "-" + a.id),
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
	return alarms
}

// keyAlarms returns the alarms about one set of keys.
func keyAlarms(m metrics, keys keySet) []alarm {
	who := keys.who()
	return []alarm{
		{
			id: "KeysUnavailable" + keys.suffix,
			description: "The keys of " + who + " cannot be fetched, so tokens cannot be checked and callers get 503. " +
				"See the authorizer's log for the failed fetch, and the issuer's status page.",
			metric: m.decisions("jwks_unavailable", 5, "jwksUri", keys.uri), threshold: 1, of: 1, periods: 1,
		},
		{
			id: "KeyFetchFailed" + keys.suffix,
			description: "A fetch of the keys of " + who + " failed. Keys in memory are used for up to 24 hours, " +
				"but a new key is not known. See the authorizer's log for the failed fetch.",
			metric: m.ofKeys(keys, "FetchFailures", "Sum", 5), threshold: 1, of: 1, periods: 1,
		},
		{
			id: "KeySetOld" + keys.suffix,
			description: "The keys of " + who + " have not been fetched for 4 hours. They are due every hour at the latest, " +
				"and the authorizer stops using them 24 hours after the last fetch. See its log for the failed fetches.",
			metric: m.ofKeys(keys, "KeySetAge", "Maximum", 5), threshold: 4 * 60 * 60, of: 1, periods: 1,
		},
	}
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
		DisplayName: jsii.String(cfg.stackName()),
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
