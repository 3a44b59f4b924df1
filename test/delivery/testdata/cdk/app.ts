// An API that exists, in a CDK app. The test puts the lines of lambdas/README.md in place
// of the comment below.
import * as cdk from "aws-cdk-lib";
import * as apigateway from "aws-cdk-lib/aws-apigateway";
import * as lambda from "aws-cdk-lib/aws-lambda";

class Shop extends cdk.Stack {
  constructor(scope: cdk.App) {
    super(scope, "Shop");
    const api = new apigateway.RestApi(this, "ShopApi");
    const orders = api.root.addResource("orders");
    const list = new lambda.Function(this, "ListOrders", {
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: "bootstrap",
      code: lambda.Code.fromAsset("orders"),
    });
    const integration = new apigateway.LambdaIntegration(list);
    // README
    orders.addMethod("GET", integration, { authorizer });
  }
}

new Shop(new cdk.App());
