package gateway

import (
	"strings"
	"time"

	"accountapi/test/gateway/template"
)

// The result TTL
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-authorizer.html).
const (
	defaultResultTTL = 300 * time.Second
	maxResultTTL     = 3600 * time.Second
)

// loadAuthorizers returns the authorizers by id. One with mistakes is among them, so that
// its methods are not reported too.
func loadAuthorizers(l *loader) map[string]*authorizer {
	all := map[string]*authorizer{}
	names := map[string]bool{}
	for _, r := range l.of("AWS::ApiGateway::Authorizer") {
		p := r.Values(&l.problems)
		a := loadAuthorizer(l, l.idOf(r), p)
		a.logicalID = r.LogicalID
		all[a.id] = a
		switch name := p.String("Name"); {
		case name == "": // its mistake is reported, or AWS makes up a name
		case names[name]:
			p.Fail("Name", "AWS refuses it: Authorizer name must be unique. "+
				"Authorizer %s already exists in this RestApi.", name)
		default:
			names[name] = true
		}
	}
	return all
}

func loadAuthorizer(l *loader, id string, p template.Values) *authorizer {
	a := &authorizer{id: id, role: p.String("AuthorizerCredentials") != ""}
	if typ := p.String("Type"); typ != "TOKEN" {
		p.Fail("Type", "%s is not supported by the local gateway: use a TOKEN authorizer", typ)
		return a
	}
	header, ok := strings.CutPrefix(p.String("IdentitySource"), "method.request.header.")
	if !ok || header == "" || strings.Contains(header, ",") {
		p.Fail("IdentitySource", "%q must be method.request.header.NAME, one header", p.String("IdentitySource"))
	}
	a.header = header
	if expression := p.String("IdentityValidationExpression"); expression != "" {
		validation, err := wholeMatch(expression)
		if err != nil {
			p.Fail("IdentityValidationExpression", "%v", err)
		}
		a.validation = validation
	}
	ttl := time.Duration(p.Number("AuthorizerResultTtlInSeconds", defaultResultTTL.Seconds()) * float64(time.Second))
	if ttl < 0 || ttl > maxResultTTL {
		p.Fail("AuthorizerResultTtlInSeconds", "%v is out of range: AWS allows 0 to %v",
			ttl.Seconds(), maxResultTTL.Seconds())
	}
	a.results.ttl = ttl
	a.function = loadFunction(l, p, "AuthorizerUri")
	return a
}
