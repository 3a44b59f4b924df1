package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"
)

// addWAF adds a web ACL to the stage: AWS's managed rules against common attacks, known
// bad inputs and IP addresses with a bad reputation, and a rate limit for each IP
// address. Blocked requests are answered with 403 by the gateway response DEFAULT_4XX.
func addWAF(stack awscdk.Stack, cfg Config, api awsapigateway.RestApi) {
	visibility := func(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
		return &awswafv2.CfnWebACL_VisibilityConfigProperty{
			CloudWatchMetricsEnabled: jsii.Bool(true),
			MetricName:               jsii.String(name),
			SampledRequestsEnabled:   jsii.Bool(false), // samples contain the Authorization header
		}
	}
	rules := []any{
		&awswafv2.CfnWebACL_RuleProperty{
			Name:     jsii.String("RateLimit"),
			Priority: jsii.Number(0),
			Action:   &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{}},
			Statement: &awswafv2.CfnWebACL_StatementProperty{
				RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
					AggregateKeyType:    jsii.String("IP"),
					EvaluationWindowSec: jsii.Number(300),
					Limit:               jsii.Number(cfg.WAFRateLimit),
				},
			},
			VisibilityConfig: visibility("RateLimit"),
		},
	}
	for i, group := range []string{
		"AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesCommonRuleSet",
	} {
		rules = append(rules, &awswafv2.CfnWebACL_RuleProperty{
			Name:           jsii.String(group),
			Priority:       jsii.Number(i + 1),
			OverrideAction: &awswafv2.CfnWebACL_OverrideActionProperty{None: &map[string]any{}},
			Statement: &awswafv2.CfnWebACL_StatementProperty{
				ManagedRuleGroupStatement: &awswafv2.CfnWebACL_ManagedRuleGroupStatementProperty{
					VendorName: jsii.String("AWS"),
					Name:       jsii.String(group),
				},
			},
			VisibilityConfig: visibility(group),
		})
	}
	acl := awswafv2.NewCfnWebACL(stack, jsii.String("WebAcl"), &awswafv2.CfnWebACLProps{
		Name:             jsii.String(cfg.stackName()), // so that deploy-policy.json can name it
		Description:      jsii.String(cfg.stackName()),
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		Rules:            &rules,
		VisibilityConfig: visibility(cfg.stackName()),
	})
	awswafv2.NewCfnWebACLAssociation(stack, jsii.String("WebAclAssociation"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: api.DeploymentStage().StageArn(),
		WebAclArn:   acl.AttrArn(),
	})

	// WAF requires this prefix of the name, and the ARN without ":*".
	name := "aws-waf-logs-" + cfg.stackName()
	if cfg.Protected {
		// The group outlives the stack, so the next stack of this stage needs another
		// name. The last part of a stack's ARN is an ID.
		name += "-" + *awscdk.Fn_Select(jsii.Number(2), awscdk.Fn_Split(jsii.String("/"), stack.StackId(), nil))
	}
	logs := newLogGroup(stack, "WebAclLogs", cfg, name)
	awswafv2.NewCfnLoggingConfiguration(stack, jsii.String("WebAclLogging"), &awswafv2.CfnLoggingConfigurationProps{
		ResourceArn: acl.AttrArn(),
		LogDestinationConfigs: &[]any{
			fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s",
				*stack.Partition(), *stack.Region(), *stack.Account(), *logs.LogGroupName()),
		},
		// Tokens must not be logged. Some clients send them in the query (RFC 6750 section
		// 2.3), although this API does not read them there.
		RedactedFields: &[]any{
			&awswafv2.CfnLoggingConfiguration_FieldToMatchProperty{SingleHeader: map[string]any{"Name": "authorization"}},
			&awswafv2.CfnLoggingConfiguration_FieldToMatchProperty{QueryString: map[string]any{}},
		},
	})
}
