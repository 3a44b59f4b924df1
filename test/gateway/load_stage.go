package gateway

import (
	"slices"
	"strings"

	"accountapi/test/gateway/template"

	"golang.org/x/time/rate"
)

// If a stage sets only one of rate and burst, the other is the quota of an account
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html).
const (
	accountRate  = 10000 // requests a second
	accountBurst = 5000
)

const noCache = "the local gateway does not cache responses: switch the cache off for local runs"

// loadStage reads the stage to serve, the only one or the one that the options choose,
// and its MethodSettings.
func loadStage(l *loader) (stage, []template.Values) {
	type candidate struct {
		stage
		settings []template.Values
	}
	var all []candidate
	for _, r := range l.of("AWS::ApiGateway::Stage") {
		p := r.Values(&l.problems)
		if p.Bool("CacheClusterEnabled") {
			p.Fail("CacheClusterEnabled", noCache)
		}
		s := stage{name: l.idOf(r), variables: p.StringMap("Variables"), deploymentID: p.String("DeploymentId")}
		settings := p.Objects("MethodSettings")
		for _, s := range settings {
			if s.Bool("CachingEnabled") {
				s.Fail("CachingEnabled", noCache)
			}
		}
		all = append(all, candidate{s, settings})
	}
	for _, r := range l.of("AWS::ApiGateway::Deployment") {
		if name := r.Values(&l.problems).String("StageName"); name != "" {
			all = append(all, candidate{stage: stage{name: name, deploymentID: l.idOf(r)}})
		}
	}
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	all = slices.DeleteFunc(all, func(c candidate) bool { return l.options.Stage != "" && c.name != l.options.Stage })
	id, typ := l.restAPI.LogicalID, l.restAPI.Type
	switch {
	case len(all) == 1:
		return all[0].stage, all[0].settings
	case len(names) == 0:
		l.fail("%s (%s): the API is not deployed: it has no AWS::ApiGateway::Stage", id, typ)
	case len(all) == 0:
		l.fail("%s (%s): it has no stage %s, only %s", id, typ, l.options.Stage, strings.Join(names, ", "))
	default:
		l.fail("%s (%s): it has %d stages, only one can be served: set Options.Stage to one of %s",
			id, typ, len(all), strings.Join(names, ", "))
	}
	return stage{}, nil
}

// limiterFor returns the token bucket of one method, nil if the settings set none. A
// setting for the resource, and then one for the verb, wins over one for all.
func limiterFor(settings []template.Values, path, verb string) *rate.Limiter {
	specific := -1
	var chosen template.Values
	for _, p := range settings {
		// /~1users~1{id} is /users/{id}; /* is every resource.
		at := strings.ReplaceAll(strings.TrimPrefix(p.String("ResourcePath"), "/"), "~1", "/")
		at = "/" + strings.TrimLeft(at, "/")
		anyPath, anyVerb := at == "/*", p.String("HttpMethod") == "*"
		if !(anyPath || at == path) || !(anyVerb || p.String("HttpMethod") == verb) {
			continue
		}
		rank := 0
		if !anyPath {
			rank += 2
		}
		if !anyVerb {
			rank++
		}
		if rank > specific && (p.Has("ThrottlingRateLimit") || p.Has("ThrottlingBurstLimit")) {
			specific, chosen = rank, p
		}
	}
	if specific < 0 {
		return nil
	}
	perSecond := chosen.Number("ThrottlingRateLimit", accountRate)
	burst := int(chosen.Number("ThrottlingBurstLimit", accountBurst))
	if perSecond < 0 || burst < 0 {
		return nil // a negative rate or burst means no limit
	}
	return rate.NewLimiter(rate.Limit(perSecond), burst)
}
