package template

import "fmt"

// ref is the value of Ref: of a pseudo parameter
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html),
// a parameter or a resource.
func (s *Stack) ref(id string) (any, error) {
	switch id {
	case "AWS::Region":
		return s.Region, nil
	case "AWS::AccountId":
		return s.AccountID, nil
	case "AWS::Partition":
		return s.Partition(), nil
	case "AWS::URLSuffix":
		if s.Partition() == "aws-cn" {
			return "amazonaws.com.cn", nil
		}
		return "amazonaws.com", nil
	case "AWS::StackName":
		return s.Name, nil
	case "AWS::StackId":
		return s.arn("cloudformation", "stack/"+s.Name+"/"+identifier(hexadecimal, 32, s.Name)), nil
	case "AWS::NotificationARNs":
		return []any{}, nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if p, ok := s.document.Parameters[id]; ok {
		return s.parameter(id, p)
	}
	if r, ok := s.Resource(id); ok {
		if err := isCreated(r); err != nil {
			return nil, err
		}
		return r.Ref()
	}
	return nil, fmt.Errorf("the template has no parameter and no resource %s", id)
}

// attribute is the value of Fn::GetAtt.
func (s *Stack) attribute(id, name string) (any, error) {
	r, ok := s.Resource(id)
	if !ok {
		return nil, fmt.Errorf("the template has no resource %s", id)
	}
	if err := isCreated(r); err != nil {
		return nil, err
	}
	return r.Attribute(name)
}

// isCreated returns an error if the resource's condition does not hold: CloudFormation
// refuses a template that refers to it.
func isCreated(r *Resource) error {
	if exists, err := r.Exists(); err != nil || exists {
		return err
	}
	return fmt.Errorf("the resource %s is not created, because the condition %s does not hold",
		r.LogicalID, r.condition)
}
