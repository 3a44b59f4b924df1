#!/bin/sh
# Empties the result cache of a stage, for make flush: sh infra/flush.sh STAGE
set -eu
stage=$1
command -v aws >/dev/null || {
	echo "the AWS CLI is missing: install it from https://aws.amazon.com/cli/ and try again" >&2
	exit 1
}
stack=$(sed -n 's/^const apiName = "\(.*\)"$/\1/p' infra/routes.go)-$stage

# The ID of the API is a resource of the stack: a stack with a custom domain has no output
# with this ID.
api=$(aws cloudformation list-stack-resources --stack-name "$stack" --output text \
	--query "StackResourceSummaries[?ResourceType=='AWS::ApiGateway::RestApi'].PhysicalResourceId") || api=
if [ -z "$api" ]; then
	echo "the API of the stack $stack cannot be found with these credentials in this region:" \
		"set STAGE=, AWS_PROFILE or AWS_REGION" >&2
	exit 1
fi

# The stage of a stack has the name of the stage setting.
aws apigateway flush-stage-authorizers-cache --rest-api-id "$api" --stage-name "$stage"
echo "the result cache of $stack is empty"
