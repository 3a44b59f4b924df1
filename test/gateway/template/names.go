package template

import (
	"fmt"
	"strings"
)

// nameProperty is the property that gives a resource of the type its name.
var nameProperty = map[string]string{
	"AWS::ApiGateway::DomainName":          "DomainName",
	"AWS::ApiGateway::Model":               "Name",
	"AWS::ApiGateway::Stage":               "StageName",
	"AWS::ApiGatewayV2::DomainName":        "DomainName",
	"AWS::CloudWatch::Alarm":               "AlarmName",
	"AWS::DynamoDB::GlobalTable":           "TableName",
	"AWS::DynamoDB::Table":                 "TableName",
	"AWS::ECR::Repository":                 "RepositoryName",
	"AWS::ECS::Cluster":                    "ClusterName",
	"AWS::Events::EventBus":                "Name",
	"AWS::Events::Rule":                    "Name",
	"AWS::IAM::Group":                      "GroupName",
	"AWS::IAM::Role":                       "RoleName",
	"AWS::IAM::User":                       "UserName",
	"AWS::Kinesis::Stream":                 "Name",
	"AWS::KinesisFirehose::DeliveryStream": "DeliveryStreamName",
	"AWS::Lambda::Function":                "FunctionName",
	"AWS::Logs::LogGroup":                  "LogGroupName",
	"AWS::S3::Bucket":                      "BucketName",
	"AWS::SNS::Topic":                      "TopicName",
	"AWS::SQS::Queue":                      "QueueName",
	"AWS::SSM::Parameter":                  "Name",
	"AWS::SecretsManager::Secret":          "Name",
	"AWS::StepFunctions::StateMachine":     "StateMachineName",
}

// hasOwnForm reports whether Ref of a type has a value of a form that is known here. That
// of another type may be an id like eu-west-1_AbC, which only AWS makes.
func hasOwnForm(typ string) bool {
	return nameProperty[typ] != "" || typ == nestedType || strings.HasPrefix(typ, "AWS::ApiGateway::") ||
		strings.HasPrefix(typ, "AWS::Lambda::")
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

// version is the number of every AWS::Lambda::Version: a template has the first version
// of a function that was never deployed.
const version = "1"

// Ref returns the value of Ref for the resource: its name, or what stands in its place
// for the type. It is an error if only AWS knows the value, or if a given name cannot be
// evaluated.
func (r *Resource) Ref() (string, error) {
	name, err := r.Name()
	if err != nil {
		return "", err
	}
	if !hasOwnForm(r.Type) {
		return "", fmt.Errorf("%s has its id only on AWS", r)
	}
	s := r.Stack
	switch r.Type {
	case "AWS::Lambda::Version":
		function, err := s.text(r.Properties["FunctionName"])
		arn, _ := s.FunctionARN(function)
		return arn + ":" + version, err
	case "AWS::Lambda::Alias":
		function, err := s.text(r.Properties["FunctionName"])
		if err != nil {
			return "", err
		}
		alias, err := s.text(r.Properties["Name"])
		arn, _ := s.FunctionARN(function)
		return arn + ":" + alias, err
	case nestedType:
		return s.arn("cloudformation", "stack/"+name+"/"+identifier(hexadecimal, 32, name)), nil
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

// Attribute returns the value of Fn::GetAtt for the resource. An attribute whose value
// only AWS knows is an error, and so is a given name or value that cannot be evaluated.
func (r *Resource) Attribute(attribute string) (any, error) {
	name, err := r.Name()
	if err != nil {
		return nil, err
	}
	s := r.Stack
	if id, ok := strings.CutPrefix(attribute, "Outputs."); ok && r.Type == nestedType {
		return r.nestedOutput(id)
	}
	switch r.Type + "." + attribute {
	case "AWS::Lambda::Function.Arn":
		return s.arn("lambda", "function:"+name), nil
	case "AWS::Lambda::Alias.AliasArn", "AWS::Lambda::Version.FunctionArn":
		return r.Ref()
	case "AWS::Lambda::Version.Version":
		return version, nil
	case "AWS::IAM::Role.Arn":
		return fmt.Sprintf("arn:%s:iam::%s:role/%s", s.Partition(), s.AccountID, name), nil
	case "AWS::Logs::LogGroup.Arn":
		return s.arn("logs", "log-group:"+name+":*"), nil
	case "AWS::DynamoDB::Table.Arn":
		return s.arn("dynamodb", "table/"+name), nil
	case "AWS::Events::EventBus.Arn":
		return s.arn("events", "event-bus/"+name), nil
	case "AWS::Events::Rule.Arn":
		return s.arn("events", "rule/"+name), nil
	case "AWS::Kinesis::Stream.Arn":
		return s.arn("kinesis", "stream/"+name), nil
	case "AWS::KinesisFirehose::DeliveryStream.Arn":
		return s.arn("firehose", "deliverystream/"+name), nil
	case "AWS::StepFunctions::StateMachine.Arn":
		return r.Ref()
	case "AWS::StepFunctions::StateMachine.Name":
		return name, nil
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
	return nil, fmt.Errorf("%s of %s has its value only on AWS", attribute, r)
}

// nestedOutput is an output of the nested stack that r is.
func (r *Resource) nestedOutput(id string) (any, error) {
	if r.Nested == nil {
		return nil, fmt.Errorf("the template of the nested stack %s is not in the assembly", r.LogicalID)
	}
	o, err := r.Nested.outputNamed(id)
	if err != nil {
		return nil, err
	}
	return resolve(o.Value, r.Nested)
}
