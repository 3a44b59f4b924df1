package routes

import "fmt"

// AuthorizerVariables returns the variables of the authorizer in a cloud assembly: of the
// function that is told which issuers to trust.
func AuthorizerVariables(assembly string) (map[string]string, error) {
	templates, err := readTemplates(assembly)
	if err != nil {
		return nil, err
	}
	for _, t := range templates {
		for _, r := range t.Resources {
			variables := map[string]string{}
			for name, value := range r.Properties.Environment.Variables {
				variables[name], _ = value.(string)
			}
			if variables["TOKEN_ISSUER"]+variables["ISSUERS"] != "" {
				return variables, nil
			}
		}
	}
	return nil, fmt.Errorf("%s has no function with the variable TOKEN_ISSUER or ISSUERS", assembly)
}
