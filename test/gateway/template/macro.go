package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file finds what CloudFormation expands when it deploys a template: transforms, and
// Fn::ForEach. The template as written then is not what AWS deploys
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros.html).

// transforms are those that leave the API's resources as they are written.
var transforms = map[string]string{
	"AWS::CodeDeployBlueGreen":       "for services of ECS",
	"AWS::LanguageExtensions":        "functions: those that are not known here are an error where they are used",
	"AWS::SecretsManager-2020-07-23": "for the rotation of secrets",
	"AWS::SecretsManager-2024-09-16": "for the rotation of secrets",
}

// isMacro reports whether the key of a resource or an output is no logical id.
func isMacro(id string) bool { return strings.HasPrefix(id, "Fn::") }

// Macros returns an error that says which parts of the template are not yet what AWS
// deploys, nil if it has none.
func (s *Stack) Macros() error {
	var problems []error
	names := stringsIn(s.document.Transform)
	if object, ok := s.document.Transform.(map[string]any); ok {
		name, _ := object["Name"].(string) // with Parameters
		names = append(names, name)
	}
	for _, name := range names {
		switch {
		case transforms[name] != "":
		case strings.HasPrefix(name, "AWS::Serverless"):
			problems = append(problems, fmt.Errorf("the template has the transform %s: the local gateway does not "+
				"serve SAM templates, describe the API with CDK's RestApi and its functions with CDK's Function", name))
		default:
			problems = append(problems, fmt.Errorf("the template has the transform %s, which only CloudFormation "+
				"can expand: write out in the template what it adds", name))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.document.Resources)) {
		if isMacro(id) {
			problems = append(problems, fmt.Errorf("%s: %w", id, errMacro))
		}
	}
	return errors.Join(problems...)
}

var errMacro = errors.New("only CloudFormation can expand this: " +
	"write the resources or values out in the template, for example with a loop in the CDK app")
