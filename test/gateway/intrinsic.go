package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file gives the expressions of a template the values that CloudFormation
// would give them: intrinsic functions and conditions
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html),
// and physical names, ids and ARNs that are made up, but well-formed and the
// same in every run.

// noValue is what AWS::NoValue resolves to: the property counts as absent.
type noValue struct{}

// resolve returns v with every intrinsic function replaced by its value.
func (s *stack) resolve(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			r, err := s.resolve(item)
			if err != nil {
				return nil, err
			}
			if r != (any)(noValue{}) {
				list = append(list, r)
			}
		}
		return list, nil
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				_, isText := argument.(string)
				if name == "Ref" || strings.HasPrefix(name, "Fn::") || name == "Condition" && isText {
					r, err := s.call(name, argument)
					if err != nil {
						return nil, fmt.Errorf("%s: %w", name, err)
					}
					return r, nil
				}
			}
		}
		object := make(map[string]any, len(v))
		for name, item := range v {
			r, err := s.resolve(item)
			if err != nil {
				return nil, err
			}
			if r != (any)(noValue{}) {
				object[name] = r
			}
		}
		return object, nil
	}
	return v, nil
}

// text resolves v to a string; numbers and booleans are written as CloudFormation does.
func (s *stack) text(v any) (string, error) {
	r, err := s.resolve(v)
	if err != nil {
		return "", err
	}
	return scalar(r)
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	content, _ := json.Marshal(v)
	return "", fmt.Errorf("%.80s is not a text", content)
}

func (s *stack) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		id, err := scalar(argument)
		if err != nil {
			return nil, err
		}
		return s.ref(id)
	case "Fn::GetAtt":
		if text, ok := argument.(string); ok {
			id, attribute, _ := strings.Cut(text, ".")
			argument = []any{id, attribute}
		}
		texts, err := s.texts(argument)
		if err != nil || len(texts) != 2 {
			return nil, errors.Join(err, errors.New("a logical id and an attribute are needed"))
		}
		return s.attribute(texts[0], texts[1])
	case "Fn::Join":
		arguments, err := s.list(argument, 2)
		if err != nil {
			return nil, err
		}
		separator, err := scalar(arguments[0])
		if err != nil {
			return nil, err
		}
		parts, err := s.texts(arguments[1])
		return strings.Join(parts, separator), err
	case "Fn::Sub":
		return s.substitute(argument)
	case "Fn::Select":
		arguments, err := s.list(argument, 2)
		if err != nil {
			return nil, err
		}
		text, err := scalar(arguments[0])
		if err != nil {
			return nil, err
		}
		index, err := strconv.Atoi(text)
		list, ok := arguments[1].([]any)
		if err != nil || !ok || index < 0 || index >= len(list) {
			return nil, fmt.Errorf("there is no item %s", text)
		}
		return list[index], nil
	case "Fn::Split":
		texts, err := s.texts(argument)
		if err != nil || len(texts) != 2 {
			return nil, errors.Join(err, errors.New("a delimiter and a text are needed"))
		}
		var list []any
		for part := range strings.SplitSeq(texts[1], texts[0]) {
			list = append(list, part)
		}
		return list, nil
	case "Fn::Base64":
		text, err := s.text(argument)
		return base64.StdEncoding.EncodeToString([]byte(text)), err
	case "Fn::If":
		branches, ok := argument.([]any)
		if !ok || len(branches) != 3 {
			return nil, errors.New("a condition and two values are needed")
		}
		condition, err := scalar(branches[0])
		if err != nil {
			return nil, err
		}
		holds, err := s.condition(condition)
		if err != nil {
			return nil, err
		}
		if holds {
			return s.resolve(branches[1])
		}
		return s.resolve(branches[2])
	case "Condition":
		id, err := scalar(argument)
		if err != nil {
			return nil, err
		}
		return s.condition(id)
	case "Fn::Equals":
		texts, err := s.texts(argument)
		if err != nil || len(texts) != 2 {
			return nil, errors.Join(err, errors.New("two values are needed"))
		}
		return texts[0] == texts[1], nil
	case "Fn::And", "Fn::Or", "Fn::Not":
		return s.logic(name, argument)
	case "Fn::FindInMap":
		texts, err := s.texts(argument)
		if err != nil || len(texts) != 3 {
			return nil, errors.Join(err, errors.New("a map and two keys are needed"))
		}
		v, ok := s.Mappings[texts[0]][texts[1]][texts[2]]
		if !ok {
			return nil, fmt.Errorf("the mapping %s has nothing under %s and %s", texts[0], texts[1], texts[2])
		}
		return v, nil
	case "Fn::ImportValue":
		export, err := s.text(argument)
		if err != nil {
			return nil, err
		}
		return s.assembly.imported(export)
	case "Fn::GetStackOutput":
		return s.stackOutput(argument)
	}
	return nil, errors.New("the local gateway does not know this intrinsic function")
}

func (s *stack) list(v any, length int) ([]any, error) {
	r, err := s.resolve(v)
	if err != nil {
		return nil, err
	}
	list, ok := r.([]any)
	if !ok || len(list) != length {
		return nil, fmt.Errorf("a list of %d is needed", length)
	}
	return list, nil
}

func (s *stack) texts(v any) ([]string, error) {
	r, err := s.resolve(v)
	if err != nil {
		return nil, err
	}
	list, ok := r.([]any)
	if !ok {
		return nil, errors.New("a list is needed")
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], err = scalar(item); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// substitute is Fn::Sub: a text, or a text and values of its own.
func (s *stack) substitute(argument any) (string, error) {
	values := map[string]any{}
	if list, ok := argument.([]any); ok && len(list) == 2 {
		argument = list[0]
		values, _ = list[1].(map[string]any)
	}
	text, ok := argument.(string)
	if !ok {
		return "", errors.New("a text is needed")
	}
	var problems []error
	result := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var v any
		var err error
		if own, ok := values[name]; ok {
			v = own
		} else if id, attribute, ok := strings.Cut(name, "."); ok {
			v, err = s.attribute(id, attribute)
		} else {
			v, err = s.ref(name)
		}
		if err == nil {
			var replaced string
			if replaced, err = s.text(v); err == nil {
				return replaced
			}
		}
		problems = append(problems, err)
		return match
	})
	return result, errors.Join(problems...)
}

func (s *stack) logic(name string, argument any) (bool, error) {
	operands, ok := argument.([]any)
	if !ok || len(operands) == 0 {
		return false, errors.New("a list of conditions is needed")
	}
	result := name != "Fn::Or"
	for _, operand := range operands {
		v, err := s.resolve(operand)
		if err != nil {
			return false, err
		}
		holds, ok := v.(bool)
		if !ok {
			return false, fmt.Errorf("%v is not a condition", v)
		}
		switch name {
		case "Fn::And":
			result = result && holds
		case "Fn::Or":
			result = result || holds
		case "Fn::Not":
			result = !holds
		}
	}
	return result, nil
}

func (s *stack) condition(id string) (bool, error) {
	expression, ok := s.Conditions[id]
	if !ok {
		return false, fmt.Errorf("the template has no condition %s", id)
	}
	v, err := s.resolve(expression)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", id, err)
	}
	holds, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s is not a condition", id)
	}
	return holds, nil
}

// imported finds what another stack of the assembly exports.
func (a *assembly) imported(export string) (any, error) {
	for _, s := range a.stacks {
		for _, id := range slices.Sorted(maps.Keys(s.Outputs)) {
			if s.Outputs[id].Export.Name == nil {
				continue
			}
			if name, err := s.text(s.Outputs[id].Export.Name); err == nil && name == export {
				return s.resolve(s.Outputs[id].Value)
			}
		}
	}
	return nil, fmt.Errorf("no stack of the assembly exports %s", export)
}

// stackOutput is CDK's reference between stacks without an export.
func (s *stack) stackOutput(argument any) (any, error) {
	r, err := s.resolve(argument)
	if err != nil {
		return nil, err
	}
	object, _ := r.(map[string]any)
	for _, other := range s.assembly.stacks {
		output, _ := object["OutputName"].(string)
		if other.name == object["StackName"] {
			if o, ok := other.Outputs[output]; ok {
				return other.resolve(o.Value)
			}
		}
	}
	return nil, fmt.Errorf("no stack of the assembly has the output %v of %v", object["OutputName"], object["StackName"])
}

// ref is the value of Ref: of a pseudo parameter, a parameter or a resource.
func (s *stack) ref(id string) (any, error) {
	switch id {
	case "AWS::Region":
		return s.region, nil
	case "AWS::AccountId":
		return s.account, nil
	case "AWS::Partition":
		return partition(s.region), nil
	case "AWS::URLSuffix":
		if partition(s.region) == "aws-cn" {
			return "amazonaws.com.cn", nil
		}
		return "amazonaws.com", nil
	case "AWS::StackName":
		return s.name, nil
	case "AWS::StackId":
		return s.arn("cloudformation", "stack/"+s.name+"/"+madeUp(hexadecimal, 32, s.name)), nil
	case "AWS::NotificationARNs":
		return []any{}, nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if p, ok := s.Parameters[id]; ok {
		if v, ok := s.parameters[id]; ok {
			return v, nil
		}
		if p.Default == nil {
			return nil, fmt.Errorf("the parameter %s has no default: give it one, or set Options.Parameters", id)
		}
		if text, ok := p.Default.(string); ok && (p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")) {
			var list []any
			for item := range strings.SplitSeq(text, ",") {
				list = append(list, strings.TrimSpace(item))
			}
			return list, nil
		}
		return p.Default, nil
	}
	if d, ok := s.Resources[id]; ok {
		return s.physicalID(id, d)
	}
	return nil, fmt.Errorf("the template has no parameter and no resource %s", id)
}

// nameProperty is where a resource type keeps the name that it may have been given.
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

// physicalID is what Ref of a resource gives.
func (s *stack) physicalID(id string, d declaration) (string, error) {
	name, err := s.physicalName(id, d)
	if err != nil {
		return "", err
	}
	switch d.Type {
	case "AWS::Lambda::Version":
		arn, err := s.text(d.Properties["FunctionName"])
		return s.functionARN(arn) + ":1", err
	case "AWS::Lambda::Alias":
		arn, err := s.text(d.Properties["FunctionName"])
		if err != nil {
			return "", err
		}
		alias, err := s.text(d.Properties["Name"])
		return s.functionARN(arn) + ":" + alias, err
	case "AWS::SNS::Topic":
		return s.arn("sns", name), nil
	case "AWS::SQS::Queue":
		return fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", s.region, s.account, name), nil
	case "AWS::SecretsManager::Secret":
		return s.arn("secretsmanager", "secret:"+name+"-"+madeUp(alphanumeric, 6, s.name, id)), nil
	case "AWS::StepFunctions::StateMachine":
		return s.arn("states", "stateMachine:"+name), nil
	}
	return name, nil
}

// physicalName is the name that the template gives, or one like those that
// CloudFormation makes: STACK-LOGICALID-RANDOM, an id of the service's own form.
func (s *stack) physicalName(id string, d declaration) (string, error) {
	if given, ok := d.Properties[nameProperty[d.Type]]; ok {
		name, err := s.text(given)
		if err != nil {
			return "", fmt.Errorf("%s of %s: %w", nameProperty[d.Type], id, err)
		}
		return name, nil
	}
	switch d.Type {
	case "AWS::ApiGateway::RestApi":
		return madeUp(lowercase, 10, s.name, id), nil
	case "AWS::S3::Bucket":
		return strings.ToLower(fmt.Sprintf("%.20s-%.20s-%s", s.name, id, madeUp(lowercase, 12, s.name, id))), nil
	}
	if strings.HasPrefix(d.Type, "AWS::ApiGateway::") {
		return madeUp(lowercase, 6, s.name, id), nil
	}
	return fmt.Sprintf("%.24s-%.24s-%s", s.name, id, madeUp(alphanumeric, 12, s.name, id)), nil
}

// attribute is the value of Fn::GetAtt.
func (s *stack) attribute(id, attribute string) (any, error) {
	d, ok := s.Resources[id]
	if !ok {
		return nil, fmt.Errorf("the template has no resource %s", id)
	}
	name, err := s.physicalName(id, d)
	if err != nil {
		return nil, err
	}
	switch d.Type + "." + attribute {
	case "AWS::Lambda::Function.Arn":
		return s.arn("lambda", "function:"+name), nil
	case "AWS::IAM::Role.Arn":
		return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition(s.region), s.account, name), nil
	case "AWS::Logs::LogGroup.Arn":
		return s.arn("logs", "log-group:"+name+":*"), nil
	case "AWS::DynamoDB::Table.Arn":
		return s.arn("dynamodb", "table/"+name), nil
	case "AWS::S3::Bucket.Arn":
		return "arn:" + partition(s.region) + ":s3:::" + name, nil
	case "AWS::SQS::Queue.Arn":
		return s.arn("sqs", name), nil
	case "AWS::SQS::Queue.QueueName", "AWS::SNS::Topic.TopicName":
		return name, nil
	case "AWS::SNS::Topic.TopicArn":
		return s.arn("sns", name), nil
	case "AWS::SSM::Parameter.Value":
		return s.resolve(d.Properties["Value"])
	case "AWS::ApiGateway::RestApi.RootResourceId":
		return madeUp(lowercase, 10, s.name, id, attribute), nil
	case "AWS::ApiGateway::RestApi.RestApiId", "AWS::ApiGateway::Deployment.DeploymentId",
		"AWS::ApiGateway::Resource.ResourceId", "AWS::ApiGateway::Authorizer.AuthorizerId",
		"AWS::ApiGateway::RequestValidator.RequestValidatorId":
		return name, nil
	}
	if service, kind, ok := strings.Cut(strings.TrimPrefix(d.Type, "AWS::"), "::"); ok && attribute == "Arn" {
		return s.arn(strings.ToLower(service), strings.ToLower(kind)+"/"+name), nil
	}
	return name + "-" + attribute, nil
}

func (s *stack) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition(s.region), service, s.region, s.account, resource)
}

// functionARN accepts what Lambda's APIs accept for a function: a name, a
// partial or a whole ARN, with or without a version or alias, which is cut off.
func (s *stack) functionARN(function string) string {
	prefix, rest, ok := strings.Cut(function, "function:")
	if !ok {
		prefix, rest = "", function
	}
	name, _, _ := strings.Cut(rest, ":")
	if strings.HasPrefix(prefix, "arn:") {
		return prefix + "function:" + name
	}
	return s.arn("lambda", "function:"+name)
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

const (
	lowercase    = "0123456789abcdefghijklmnopqrstuvwxyz"
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	hexadecimal  = "0123456789abcdef"
)

// madeUp returns n characters that look random and depend only on of.
func madeUp(alphabet string, n int, of ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	number, base, digit := new(big.Int).SetBytes(sum[:]), big.NewInt(int64(len(alphabet))), new(big.Int)
	text := make([]byte, n)
	for i := range text {
		number.DivMod(number, base, digit)
		text[i] = alphabet[digit.Int64()]
	}
	return string(text)
}
