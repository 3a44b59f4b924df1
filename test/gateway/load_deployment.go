package gateway

import (
	"slices"
	"strings"

	"accountapi/test/gateway/template"
)

// This file checks that the stage has the methods: a deployment is a copy of the API as
// it is when CloudFormation creates the deployment, and a method that is added later
// answers 403 until the API is deployed again
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html).

// checkDeployed refuses the methods that AWS adds after the last of the deployments, and
// notes those that it may add after it.
func checkDeployed(l *loader, deployments []*template.Resource, methods []declaredMethod) {
	if len(deployments) == 0 {
		return // reported already
	}
	var unordered []string
	for _, m := range methods {
		best := lacksMethod
		for _, d := range deployments {
			best = max(best, inclusion(d, m.from))
		}
		switch best {
		case lacksMethod:
			l.fail("%s: %s is not in the stage %s on AWS, because no deployment waits for it: %s",
				m.from, m.name, l.stage.name, deployAdvice(deployments[0], m.from))
		case mayHaveMethod:
			unordered = append(unordered, m.name)
		}
	}
	if len(unordered) > 0 {
		l.note("%s: it does not depend on %s: AWS may deploy the API without them; add them to its DependsOn",
			deployments[0], strings.Join(unordered, ", "))
	}
}

func deployAdvice(d, m *template.Resource) string {
	if m.Stack.Root() != d.Stack.Root() {
		return "add an AWS::ApiGateway::Deployment with the StageName to the stack " + m.Stack.Root().Name
	}
	first, second := parting(d, m)
	return "add the nested stack " + second.LogicalID + " (" + second.Type + ") to the DependsOn of " +
		first.LogicalID + ", in CDK with deployment.node.addDependency"
}

// Whether a deployment has a method.
const (
	lacksMethod = iota
	mayHaveMethod
	hasMethod
)

// inclusion returns whether the deployment d has the method m: one of these constants.
func inclusion(d, m *template.Resource) int {
	if d.Stack.Root() != m.Stack.Root() {
		if d.Stack.Root().DeployedAfter(m.Stack.Root()) {
			return hasMethod
		}
		return lacksMethod
	}
	switch first, second := parting(d, m); {
	case first.WaitsFor(second):
		return hasMethod
	case second.Nested != nil:
		return lacksMethod
	case first.Nested != nil:
		return hasMethod // a nested stack takes longer than a method of its parent
	}
	return mayHaveMethod
}

// parting returns the resources of one stack that d and m are or are nested in.
func parting(d, m *template.Resource) (ofD, ofM *template.Resource) {
	first, second := chain(d), chain(m)
	i := 0
	for first[i] == second[i] { // they are not the same resource, so this ends
		i++
	}
	return first[i], second[i]
}

// chain is the way to a resource: the nested stacks that it is in, from the outside, and
// itself.
func chain(r *template.Resource) []*template.Resource {
	all := []*template.Resource{r}
	for s := r.Stack; s.Parent != nil; s = s.Parent.Stack {
		all = append(all, s.Parent)
	}
	slices.Reverse(all)
	return all
}
