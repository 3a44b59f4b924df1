package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// iamPolicy models a policy of IAM as far as those of this folder use it.
type iamPolicy struct {
	Statement []struct {
		Sid, Effect      string
		Action, Resource oneOrMore
		Condition        map[string]map[string]oneOrMore
	}
	used map[string]bool // if not nil: the actions and resources that allowed something, after their Sid
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	if one := ""; json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// readPolicy reads the policies of this folder with names of this pattern as one, and
// puts in what README.md says to put in.
func readPolicy(t *testing.T, pattern, domain, zone, vpc string) iamPolicy {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: got %v, %v", pattern, files, err)
	}
	var all iamPolicy
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		filled := strings.NewReplacer(
			"NAME", apiName, "ACCOUNT", account, "DOMAIN", domain, "ZONE", zone, "VPC", vpc,
		).Replace(string(text))
		// IAM counts no white space.
		if size := len(regexp.MustCompile(`\s`).ReplaceAllString(filled, "")); size > 6144 {
			t.Errorf("%s has %d characters, but a managed policy may have 6144: move statements to a new file "+
				"infra/deploy-policy-….json", file, size)
		}
		var p iamPolicy
		if err := json.Unmarshal([]byte(filled), &p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all.Statement = append(all.Statement, p.Statement...)
	}
	return all
}

// allows says whether the policy allows an action on a resource, with these values of
// condition keys. A key with several values is separated by spaces.
func (p iamPolicy) allows(t *testing.T, action, resource string, keys map[string]string) bool {
	t.Helper()
	allowed := false
	for _, s := range p.Statement {
		pattern := like(s.Action, action)
		on := like(s.Resource, resource)
		if pattern == "" || on == "" {
			continue
		}
		holds := true
		for operator, conditions := range s.Condition {
			for key, values := range conditions {
				holds = holds && compare(t, operator, values, strings.Fields(keys[key]))
			}
		}
		if holds && s.Effect == "Deny" {
			return false
		}
		if holds && p.used != nil {
			p.used[s.Sid+" "+pattern], p.used[s.Sid+" "+on] = true, true
		}
		allowed = allowed || holds
	}
	return allowed
}

func compare(t *testing.T, operator string, values oneOrMore, given []string) bool {
	t.Helper()
	one := func(text string) bool {
		for _, value := range values {
			if value == text || strings.Contains(operator, "Like") && like(oneOrMore{value}, text) != "" {
				return true
			}
		}
		return false
	}
	some, all := false, true
	for _, text := range given {
		some, all = some || one(text), all && one(text)
	}
	switch operator {
	case "StringEquals", "StringLike", "ArnLike":
		return len(given) == 1 && some
	case "StringLikeIfExists":
		return len(given) == 0 || some
	case "ForAnyValue:StringEquals":
		return some
	case "ForAllValues:StringEquals", "ForAllValues:StringLike":
		return all // also without a value
	}
	t.Fatalf("the model does not know the operator %s", operator)
	return false
}

// like returns the pattern that text matches, or "". In a pattern, * is any text and ?
// any character.
func like(patterns oneOrMore, text string) string {
	for _, pattern := range patterns {
		expression := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		if regexp.MustCompile(`^` + expression + `$`).MatchString(text) {
			return pattern
		}
	}
	return ""
}
