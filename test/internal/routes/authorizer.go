package routes

import (
	"fmt"
	"path/filepath"
	"strings"
)

// AuthorizerVariables returns the variables of the authorizer in a cloud assembly: of the
// function whose variables name the trusted issuers.
func AuthorizerVariables(assembly string) (map[string]string, error) {
	all, err := readResources(assembly)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		variables := map[string]string{}
		for name, value := range r.Properties.Environment.Variables {
			variables[name], _ = value.(string)
		}
		if variables["TOKEN_ISSUER"]+variables["ISSUERS"] != "" {
			return variables, nil
		}
	}
	return nil, fmt.Errorf("%s has no function with the variable TOKEN_ISSUER or ISSUERS", assembly)
}

// RequiredScopes returns the scopes that the authorizer demands for every route.
func RequiredScopes(assembly string) (scopes []string, err error) {
	all, err := readResources(assembly)
	for _, r := range all {
		required, _ := r.Properties.Environment.Variables["REQUIRED_SCOPES"].(string)
		scopes = append(scopes, List(required)...)
	}
	return scopes, err
}

// List returns the values of a setting of the authorizer, which are separated by spaces
// or commas.
func List(setting string) []string {
	return strings.FieldsFunc(setting, func(r rune) bool { return r == ' ' || r == ',' })
}

// CABundle returns the file that the variable CA_BUNDLE of a function in a cloud assembly
// names: it is in the function's asset. It returns "" if no function has the variable.
func CABundle(assembly string) (file string, err error) {
	all, err := readResources(assembly)
	if err != nil {
		return "", err
	}
	for _, r := range all {
		name, _ := r.Properties.Environment.Variables["CA_BUNDLE"].(string)
		key, _ := r.Properties.Code.S3Key.(string)
		if hash, ok := strings.CutSuffix(key, ".zip"); ok && name != "" {
			return filepath.Abs(filepath.Join(assembly, "asset."+hash, name))
		}
	}
	return "", nil
}
