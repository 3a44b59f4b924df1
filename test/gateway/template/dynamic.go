package template

import (
	"errors"
	"regexp"
)

// dynamicReference is what CloudFormation replaces by a value from SSM or Secrets Manager
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html).
var dynamicReference = regexp.MustCompile(`\{\{resolve:[^}]*\}\}`)

// withoutDynamicReferences returns an error if a string in v has a dynamic reference.
func withoutDynamicReferences(v any) error {
	switch v := v.(type) {
	case string:
		if found := dynamicReference.FindString(v); found != "" {
			return errors.New(found + " is a value of SSM or Secrets Manager, which is not known here")
		}
	case []any:
		for _, item := range v {
			if err := withoutDynamicReferences(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, item := range v {
			if err := withoutDynamicReferences(item); err != nil {
				return err
			}
		}
	}
	return nil
}
