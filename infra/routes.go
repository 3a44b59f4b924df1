package main

import "github.com/aws/aws-cdk-go/awscdk/v2"

// apiName is the prefix of the names of the stacks, such as AccountApi-prod, and of what
// is in them. It is also the namespace of the metrics.
const apiName = "AccountApi"

// routes returns the table of routes: who may call what. Methods, permissions, alarms,
// the checks in the functions, make run and its tokens follow from it.
//
// To add a route, add its handler to a folder of lambdas (lambdas/README.md says how),
// and a row here. Who may call it is one of
//
//	scopes("read:orders")  a token that has all of these scopes
//	anyCaller              any token that is valid for this API
//	public                 everybody, without a token
//
// Permissions and variables that a function needs are added before the table, with the
// CDK:
//
//	orders := f.add("orders")
//	table := newOrdersTable(stack)
//	table.Grant(orders, jsii.String("dynamodb:GetItem"), jsii.String("dynamodb:PutItem"))
//	orders.AddEnvironment(jsii.String("TABLE"), table.TableName(), nil)
func routes(_ awscdk.Stack, f *functions) []route {
	profile := f.add("profile")

	return []route{
		{"GET /profile", profile, scopes("get:profile")},
	}
}
