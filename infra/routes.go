package main

import "github.com/aws/aws-cdk-go/awscdk/v2"

// apiName begins the names of the stacks, and of what is in them, such as
// AccountApi-prod. It is also the namespace of the metrics.
const apiName = "AccountApi"

// routes is the API: who may call what. Everything else follows from this table: methods,
// permissions, alarms, the functions' own checks, the local runner and its tokens.
//
// To add a route, add its handler to a folder of lambdas (lambdas/README.md says how),
// and a row here. Who may call it is one of
//
//	scopes("read:orders")  a token that has all of these scopes
//	anyCaller              any token that is valid for this API
//	public                 everybody, without a token
//
// What a function needs besides is said between the two, in the words of the CDK:
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
