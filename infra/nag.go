package main

import (
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// accept records at a resource, and so in the template, why a rule of cdk-nag does not
// apply to it and its children. The tests run the packs AwsSolutions, NIST 800-53 R5 and
// PCI DSS 3.2.1; a finding without such a record fails them. Rules are written as the
// packs report them: RULE, or RULE[FINDING] for a rule with several findings.
func accept(construct constructs.IConstruct, reason string, rules ...string) {
	var suppressions []*cdknag.NagPackSuppression
	for _, rule := range rules {
		id, finding, several := strings.Cut(strings.TrimSuffix(rule, "]"), "[")
		suppression := &cdknag.NagPackSuppression{Id: jsii.String(id), Reason: jsii.String(reason)}
		if several {
			suppression.AppliesTo = &[]any{finding}
		}
		suppressions = append(suppressions, suppression)
	}
	cdknag.NagSuppressions_AddResourceSuppressions(construct, &suppressions, jsii.Bool(true))
}
