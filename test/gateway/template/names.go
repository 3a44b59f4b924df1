package template

import (
	"fmt"
	"strings"
)

// nameProperty is the property that gives a resource of the type its name.
var nameProperty = map[string]string{
	"AWS::ApiGateway::Stage":           "StageName",
	"AWS::ApiGateway::Model":           "Name",
	"AWS::DynamoDB::Table":             "TableName",
	"AWS::IAM::Role":                   "RoleName",
	"AWS::Lambda::Function":            "FunctionName",
	"AWS::Logs::LogGroup":              "LogGroupName",
	"AWS::S3::Bucket":                  "BucketName",
	"AWS::SNS::Topic":                  "TopicName",
	"AWS::SQS::Queue":                  "QueueName",
	"AWS::SSM::Parameter":              "Name",
	"AWS::SecretsManager::Secret":      "Name",
	"AWS::Events::EventBus":            "Name",
	"AWS::StepFunctions::StateMachine": "StateMachineName",
}

// Name returns the physical name that the template gives the resource, or one like those
// that CloudFormation makes: STACK-LOGICALID-RANDOM, or an id of the service's own form
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-physicalresourceid.html).
// A given name that cannot be evaluated is an error.
func (r *Resource) Name() (string, error) {
	s := r.Stack
	if given, ok := r.Properties[nameProperty[r.Type]]; ok {
		name, err := s.text(given)
		if err != nil {
			return "", fmt.Errorf("%s of %s: %w", nameProperty[r.Type], r.LogicalID, err)
		}
		return name, nil
	}
	switch r.Type {
	case "AWS::ApiGateway::RestApi":
		return identifier(lowercase, 10, s.Name, r.LogicalID), nil
	case "AWS::S3::Bucket":
		random := identifier(lowercase, 12, s.Name, r.LogicalID)
		return strings.ToLower(fmt.Sprintf("%.20s-%.20s-%s", s.Name, r.LogicalID, random)), nil
	}
	if strings.HasPrefix(r.Type, "AWS::ApiGateway::") {
		return identifier(lowercase, 6, s.Name, r.LogicalID), nil
	}
	random := identifier(alphanumeric, 12, s.Name, r.LogicalID)
	return fmt.Sprintf("%.24s-%.24s-%s", s.Name, r.LogicalID, random), nil
}

// Ref returns the value of Ref for the resource: its name, or what stands in its place
// for the type. A given name that cannot be evaluated is an error.
func (r *Resource) Ref() (string, error) {
	name, err := r.Name()
	if err != nil {
		return "", err
	}
	s := r.Stack
	switch r.Type {
	case "AWS::Lambda::Version":
		function, err := s.text(r.Properties["FunctionName"])
		return s.FunctionARN(function) + ":1", err
	case "AWS::Lambda::Alias":
		function, err := s.text(r.Properties["FunctionName"])
		if err != nil {
			return "", err
		}
		alias, err := s.text(r.Properties["Name"])
		return s.FunctionARN(function) + ":" + alias, err
	case "AWS::SNS::Topic":
		return s.arn("sns", name), nil
	case "AWS::SQS::Queue":
		return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", s.Region, s.AccountID, name), nil
	case "AWS::SecretsManager::Secret":
		return s.arn("secretsmanager", "secret:"+name+"-"+identifier(alphanumeric, 6, s.Name, r.LogicalID)), nil
	case "AWS::StepFunctions::StateMachine":
		return s.arn("states", "stateMachine:"+name), nil
	}
	return name, nil
}

// Attribute returns the value of Fn::GetAtt for the resource. A given name or value that
// cannot be evaluated is an error; an unknown attribute gets a value that is made up.
func (r *Resource) Attribute(attribute string) (any, error) {
	name, err := r.Name()
	if err != nil {
		return nil, err
	}
	s := r.Stack
	switch r.Type + "." + attribute {
	case "AWS::Lambda::Function.Arn":
		return s.arn("lambda", "function:"+name), nil
	case "AWS::IAM::Role.Arn":
		return fmt.Sprintf("arn:%s:iam::%s:role/%s", s.Partition(), s.AccountID, name), nil
	case "AWS::Logs::LogGroup.Arn":
		return s.arn("logs", "log-group:"+name+":*"), nil
	case "AWS::DynamoDB::Table.Arn":
		return s.arn("dynamodb", "table/"+name), nil
	case "AWS::S3::Bucket.Arn":
		return "arn:" + s.Partition() + ":s3:::" + name, nil
	case "AWS::SQS::Queue.Arn":
		return s.arn("sqs", name), nil
	case "AWS::SQS::Queue.QueueName", "AWS::SNS::Topic.TopicName":
		return name, nil
	case "AWS::SNS::Topic.TopicArn":
		return s.arn("sns", name), nil
	case "AWS::SSM::Parameter.Value":
		return resolve(r.Properties["Value"], s)
	case "AWS::ApiGateway::RestApi.RootResourceId":
		return identifier(lowercase, 10, s.Name, r.LogicalID, attribute), nil
	case "AWS::ApiGateway::RestApi.RestApiId", "AWS::ApiGateway::Deployment.DeploymentId",
		"AWS::ApiGateway::Resource.ResourceId", "AWS::ApiGateway::Authorizer.AuthorizerId",
		"AWS::ApiGateway::RequestValidator.RequestValidatorId":
		return name, nil
	}
	if service, kind, ok := strings.Cut(strings.TrimPrefix(r.Type, "AWS::"), "::"); ok && attribute == "Arn" {
		return s.arn(strings.ToLower(service), strings.ToLower(kind)+"/"+name), nil
	}
	return name + "-" + attribute, nil
}
