package gateway

import (
	"maps"
	"regexp"
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
// its MethodSettings, and the deployments that it gets: the one that it names, and those
// that name it.
func loadStage(l *loader) (stage, []template.Values, []*template.Resource) {
	var all []*candidate
	deployments := l.of("AWS::ApiGateway::Deployment")
	for _, r := range l.of("AWS::ApiGateway::Stage") {
		all = append(all, loadCandidate(l, r, all, deployments))
	}
	for _, r := range deployments {
		name := r.Values(&l.problems).String("StageName")
		i := slices.IndexFunc(all, func(c *candidate) bool { return c.name == name })
		switch {
		case name == "":
		case i >= 0: // it deploys to the stage that is there, or the other way round
			if at := all[i].declared; at != nil && at.Stack == r.Stack && !r.WaitsFor(at) {
				l.fail("%s: StageName: %s has the same stage %s, and AWS refuses what it makes second: "+
					"Stage already exists", r, at.LogicalID, name)
			}
			all[i].deployments = append(all[i].deployments, r)
		default:
			checkStageName(l, r, name)
			all = append(all, &candidate{
				stage: stage{name: name, deploymentID: l.idOf(r)}, deployments: []*template.Resource{r},
			})
		}
	}
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	all = slices.DeleteFunc(all, func(c *candidate) bool { return l.options.Stage != "" && c.name != l.options.Stage })
	switch api := l.restAPI; {
	case len(all) == 1:
		return all[0].stage, all[0].settings, all[0].deployments
	case len(names) == 0:
		l.fail("%s: the API is not deployed: it has no AWS::ApiGateway::Stage", api)
	case len(all) == 0:
		l.fail("%s: it has no stage %s, only %s", api, l.options.Stage, strings.Join(names, ", "))
	default:
		l.fail("%s: it has %d stages, only one can be served: choose it with -stage NAME (in Go: Options.Stage), "+
			"one of %s", api, len(all), strings.Join(names, ", "))
	}
	return stage{}, nil, nil
}

// A candidate is a stage that can be served.
type candidate struct {
	stage
	declared    *template.Resource // nil if only a deployment names it
	settings    []template.Values
	deployments []*template.Resource
}

// loadCandidate reads the stage r. Its name must differ from those that were read before.
func loadCandidate(l *loader, r *template.Resource, before []*candidate, deployments []*template.Resource) *candidate {
	p := r.Values(&l.problems)
	if p.Bool("CacheClusterEnabled") {
		p.Fail("CacheClusterEnabled", noCache)
	}
	c := &candidate{declared: r, settings: p.Objects("MethodSettings")}
	c.name, c.variables, c.deploymentID = p.String("StageName"), p.StringMap("Variables"), p.String("DeploymentId")
	for _, required := range []string{"DeploymentId", "StageName"} {
		if _, ok := r.Properties[required]; !ok {
			p.Fail(required, "AWS refuses a stage without one")
		}
	}
	if c.name != "" {
		checkStageName(l, r, c.name)
	}
	if slices.ContainsFunc(before, func(other *candidate) bool { return other.name == c.name }) {
		p.Fail("StageName", "AWS refuses a second stage %s: Stage already exists", c.name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.variables)) {
		if !variableNames.MatchString(name) {
			p.Fail("Variables."+name, "AWS refuses the name: Stage variable names must be alphanumeric or underscores")
		}
		if !variableValues.MatchString(c.variables[name]) {
			p.Fail("Variables."+name, "AWS refuses %q: Stage variable values must match the regular expression "+
				"[A-Za-z0-9-._~:/?#&=,]+", c.variables[name])
		}
	}
	for _, s := range c.settings {
		if s.Bool("CachingEnabled") {
			s.Fail("CachingEnabled", noCache)
		}
	}
	for _, d := range deployments {
		if l.idOf(d) == c.deploymentID {
			c.deployments = append(c.deployments, d)
		}
	}
	if len(c.deployments) == 0 && c.deploymentID != "" {
		p.Fail("DeploymentId", "AWS refuses it: the API has no deployment %s", c.deploymentID)
	}
	return c
}

// The names and values that AWS accepts
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-stage.html).
var (
	stageNames     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	variableNames  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	variableValues = regexp.MustCompile(`^[A-Za-z0-9\-._~:/?#&=,]+$`)
)

func checkStageName(l *loader, where *template.Resource, name string) {
	if !stageNames.MatchString(name) {
		l.fail("%s: StageName: AWS refuses %q: Stage name only allows a-zA-Z0-9_-, up to 128 characters", where, name)
	}
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
