package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// Contexts of cdk.json as people write them.
var (
	auth0Stages = object{"stages": object{
		"default": object{"audience": "https://api.example.com", "resultTtl": 60.0},
		"dev":     object{"issuer": "https://dev.eu.auth0.com/", "resultTtl": 0.0},
		"live":    object{"issuer": "https://live.eu.auth0.com/"},
	}}
	oktaProject = object{
		"provider": "okta", "issuer": "https://org.okta.com/oauth2/default", "audience": "api://default", "stage": "live",
	}
	entraProject = object{
		"provider": "entra", "issuer": "https://login.microsoftonline.com/TENANT/v2.0", "audience": "api://me",
	}
	cognitoProject = object{"stages": object{"prod": object{
		"provider": "cognito", "issuer": "https://cognito-idp.eu-west-1.amazonaws.com/pool", "audience": "client",
	}}}
)

// parse parses a context with built functions.
func parse(t *testing.T, context object, more ...object) (Config, error) {
	t.Helper()
	all := object{"lambdas": builtFunctions(t)}
	for _, c := range append([]object{context}, more...) {
		maps.Copy(all, c)
	}
	return parseConfig(all)
}

func TestStageHasItsSettingsAndThoseOfAllStages(t *testing.T) {
	for stage, want := range map[string]struct {
		issuer    string
		resultTTL int
	}{
		"dev":  {"https://dev.eu.auth0.com/", 0},
		"live": {"https://live.eu.auth0.com/", 60},
	} {
		got, err := parse(t, auth0Stages, object{"stage": stage, "waf": "true"})
		if err != nil {
			t.Fatal(err)
		}
		if got.Stage != stage || got.Issuers[0].Issuer != want.issuer || got.ResultTTLSeconds != want.resultTTL || !got.WAF ||
			!slices.Equal(got.Issuers[0].Audience, []string{"https://api.example.com"}) {
			t.Errorf("stage %s: got %+v", stage, got)
		}
	}
}

func TestMistakesInStagesNameTheirPlace(t *testing.T) {
	for name, test := range map[string]struct {
		context object
		want    []string
	}{
		"a key at both places": {
			object{"stage": "dev", "issuer": "https://tenant.eu.auth0.com/"},
			[]string{"issuer: is set both in stages.dev and stages.live and outside of stages", "-c issuer=…", "stages.default"},
		},
		"a key at the top level and in another stage": {
			object{"stage": "live", "resultTtl": "5"},
			[]string{"resultTtl: is set both in stages.default and stages.dev and outside of stages"},
		},
		"a stage that is not declared": {
			object{},
			[]string{`stage: "prod" is not in stages, which has dev, live`, "-c stage=STAGE"},
		},
		"only the entry for all stages": {
			object{"stages": object{"default": object{}}},
			[]string{`stage: "prod" is not in stages, which has none: choose one with -c stage=STAGE, or add it`},
		},
		"issuers at both places": {
			object{"stages": object{"prod": object{"issuers": []any{}}}, "issuers": "[]"},
			[]string{"issuers: is set both in stages.prod and outside of stages"},
		},
		"issuers and a flat key at the top level": {
			object{"stages": object{"prod": object{"issuers": []any{one()}}}, "issuer": "https://tenant.eu.auth0.com/"},
			[]string{"issuers: and -c issuer are two forms of the same settings: keep one of them"},
		},
		"a mistake in the issuers of a stage": {
			object{"stages": object{"prod": object{"issuers": []any{one(), object{"isuer": "x"}}}}},
			[]string{"issuers[1].isuer: is not a setting of an issuer: did you mean issuer?", "issuers[1].issuer: is missing"},
		},
		"a setting of an issuer in a stage": {
			object{"stages": object{"prod": object{"scopeClaims": "x"}}},
			[]string{"stages.prod.scopeClaims: is a setting of an issuer: write it into an object of issuers"},
		},
		"the entry for all stages as a stage": {
			object{"stage": "default"}, []string{`stage: "default" is not in stages`},
		},
		"stages that are no object": {object{"stages": "dev"}, []string{"stages: must be an object"}},
		"a stage that is no object": {
			object{"stages": object{"prod": "x"}}, []string{"stages.prod: must be an object"},
		},
		"a misspelled key in a stage": {
			object{"stages": object{"prod": object{"isuer": "x"}}},
			[]string{"stages.prod.isuer: is not a setting: did you mean issuer?"},
		},
		"a stage in a stage": {
			object{"stages": object{"prod": object{"stage": "x"}}},
			[]string{"stages.prod.stage: is not allowed inside a stage"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, auth0Stages, test.context)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
		})
	}
}

// make run, make test and make destroy do not depend on the issuer that a stage trusts,
// nor on the account it is for.
func TestStandInsServeWhateverStagesAndIssuersTheProjectHas(t *testing.T) {
	production := object{
		"account": "111122223333", "region": "eu-west-1", "protected": true, "domainName": "api.example.com",
		"certificateArn": "arn:aws:acm:eu-west-1:111122223333:certificate/x", "permissionsBoundary": "Boundary",
	}
	mistaken := object{"issuer": "http://not-https/", "provider": "unknown", "algorithms": "none", "issuers": "x"}
	private := object{"network": object{"vpcId": "vpc-1", "subnetIds": "x", "caBundle": "no/such.pem"}}
	several := object{"issuers": []any{one(), plus(two(), object{"refusedClaims": object{"sub": "x"}})}}
	for name, context := range map[string]object{
		"the project as it is": {}, "Auth0 with stages but prod": auth0Stages, "Okta": oktaProject, "Entra": entraProject,
		"Cognito in a stage": cognitoProject, "settings of production": production, "mistakes": mistaken,
		"a private network": private, "a private network in stages": {"stages": object{"prod": private}},
		"several issuers": several, "several issuers in stages": {"stages": object{"default": several, "prod": oktaProject}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stage := range []object{{"stage": "prod"}, {"stage": "dev"}} {
				all := object{"corsOrigins": "https://app.example.com", "throttleRate": "42", "lambdas": builtFunctions(t)}
				maps.Copy(all, context)
				maps.Copy(all, stage)
				got, err := parseConfig(standIns(all))
				if err != nil {
					t.Fatal(err)
				}
				if got.Stage != stage["stage"] || len(got.Issuers) != 1 || got.Issuers[0].Issuer != "https://issuer.invalid/" ||
					!slices.Equal(got.CORSOrigins, []string{"*"}) || got.ThrottleRate != 42 {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
}

// An issuer that make run ISSUER=… names may have a private CA. This machine is in no VPC.
func TestStandInsKeepOnlyAValidCABundleOfTheNetwork(t *testing.T) {
	first, second := pemFile(t, certificate(t, hour)), pemFile(t, certificate(t, hour))
	network := func(file string) object {
		return object{"network": object{"vpcId": vpc, "subnetIds": subnet, "caBundle": file}}
	}
	for name, test := range map[string]struct {
		context object
		want    string
	}{
		"at the top level":            {network(first), first},
		"in the stage":                {object{"stages": object{"prod": network(first), "default": network(second)}}, first},
		"in all stages":               {object{"stages": object{"dev": network(first), "default": network(second)}}, second},
		"in another stage":            {object{"stages": object{"dev": network(first)}}, ""},
		"a network without a bundle":  {object{"network": object{"vpcId": vpc, "subnetIds": subnet}}, ""},
		"a file that does not exist":  {network("no/such.pem"), ""},
		"an expired certificate":      {network(pemFile(t, certificate(t, -hour))), ""},
		"a network that is no object": {object{"network": "x"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseConfig(standIns(plus(object{"stage": "prod", "lambdas": builtFunctions(t)}, test.context)))
			if err != nil {
				t.Fatal(err)
			}
			bundle := ""
			if test.want != "" {
				bundle = string(read(t, test.want))
			}
			if string(got.Network.CABundle) != bundle || got.Network.VPCID != "" || got.Network.SubnetIDs != nil {
				t.Errorf("got %+v, want the bundle %q and no VPC", got.Network, bundle)
			}
		})
	}
}
