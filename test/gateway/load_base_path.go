package gateway

import (
	"cmp"
	"strings"
)

// loadBasePaths reads the custom domains that lead to the API, and notes them.
func loadBasePaths(l *loader) (all []basePath) {
	for _, r := range l.all("AWS::ApiGateway::BasePathMapping", "AWS::ApiGateway::BasePathMappingV2",
		"AWS::ApiGatewayV2::ApiMapping") {
		text := func(name string) string {
			expression, ok := r.Properties[name]
			if !ok {
				return ""
			}
			value, _, err := r.Stack.Evaluate(expression)
			if err != nil {
				l.fail("%s: %s: %v", r, name, err)
			}
			return value
		}
		if cmp.Or(text("RestApiId"), text("ApiId")) != l.id {
			continue
		}
		b := basePath{
			domain: strings.ToLower(text("DomainName")),
			path:   strings.Trim(cmp.Or(text("BasePath"), text("ApiMappingKey")), "/"),
			stage:  text("Stage"),
		}
		if b.path == "(none)" {
			b.path = ""
		}
		if b.domain == "" {
			l.note("%s: private custom domains are not served here", r)
			continue
		}
		l.note("%s: requests with the header Host: %s are answered as those to https://%s/%s",
			r, b.domain, b.domain, b.path)
		all = append(all, b)
	}
	return all
}
