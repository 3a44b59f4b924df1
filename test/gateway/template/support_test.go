package template

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestEveryPropertyOfCloudFormationIsDecided compares the tables with
// testdata/properties.txt: the properties of each type in the resource specification of
// CloudFormation (npm package @aws-cdk/aws-service-spec 0.1.216). A property that AWS
// adds later is an error of Load.
func TestEveryPropertyOfCloudFormationIsDecided(t *testing.T) {
	content, err := os.ReadFile("testdata/properties.txt")
	if err != nil {
		t.Fatal(err)
	}
	specified := map[string][]string{}
	for line := range strings.Lines(string(content)) {
		typ, properties, _ := strings.Cut(strings.TrimSpace(line), ": ")
		specified[typ] = strings.Fields(properties)
	}
	for typ, properties := range specified {
		for _, property := range properties {
			s := supportOf(typ, property)
			if s.level == unknown {
				t.Errorf("%s of %s is not decided", property, typ)
			}
			if s.level != implemented && s.reason == "" {
				t.Errorf("%s of %s has no reason", property, typ)
			}
		}
	}
	for typ, properties := range known {
		for property := range properties {
			if !slices.Contains(specified[typ], property) {
				t.Errorf("CloudFormation has no property %s of %s", property, typ)
			}
		}
	}
	for typ, reason := range unrelated {
		if reason == "" || known[typ] != nil {
			t.Errorf("%s: it is in both tables, or has no reason", typ)
		}
	}
}
