package gateway

import "accountapi/test/gateway/iam"

// loadPermissions reads who may invoke the functions, in every stack.
func loadPermissions(l *loader) {
	for _, r := range l.all("AWS::Lambda::Permission") {
		name, _, err := r.Stack.Evaluate(r.Properties["FunctionName"])
		if err != nil {
			l.fail("%s: FunctionName: %v", r, err)
			continue
		}
		arn, qualifier := r.Stack.FunctionARN(name)
		f := l.functions.byARN[arn]
		if f == nil {
			continue // of a function that this API does not invoke
		}
		principal, _, err := r.Stack.Evaluate(r.Properties["Principal"])
		if err == nil && principal != "apigateway.amazonaws.com" && principal != "*" {
			continue // its SourceArn may be of a service whose ARNs are not known here
		}
		p := r.Values(&l.problems)
		forOthers := p.Has("EventSourceToken") || p.Has("FunctionUrlAuthType") || p.Has("PrincipalOrgID") ||
			p.Bool("InvokedViaFunctionUrl") // conditions that no call of API Gateway fulfils
		if !forOthers && iam.MatchAction(p.String("Action"), "lambda:InvokeFunction") {
			f.permissions = append(f.permissions,
				permission{qualifier, p.String("SourceArn"), p.String("SourceAccount")})
		}
	}
}
