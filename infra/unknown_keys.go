package main

import (
	"maps"
	"slices"
	"strings"
)

// refuseUnknown reports keys that are not settings. Keys with a namespace or a colon
// belong to the CDK: feature flags, lookups, state of the CLI.
func (s *settings) refuseUnknown(prefix string, values map[string]any) {
	own := &settings{values: maps.Clone(values), reported: s.reported, prefix: prefix}
	maps.DeleteFunc(own.values, func(key string, _ any) bool {
		return strings.ContainsAny(key, "@:/") || strings.HasPrefix(key, "cdk") || key == "acknowledged-issue-numbers"
	})
	own.refuseOtherThan(contextKeys, "a setting")
	s.problems = append(s.problems, own.problems...)
}

// refuseOtherThan reports the keys that are not one of those allowed.
func (s *settings) refuseOtherThan(allowed []string, kind string) {
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		switch {
		case slices.Contains(allowed, key):
		case slices.Contains(issuerKeys, key):
			s.problem(key, "is a setting of an issuer: write it into an object of issuers, with %s",
				strings.Join(flatKeys, ", "))
		case slices.Contains(networkKeys, key):
			s.problem(key, "is a setting of network: write it into the object network")
		case slices.Contains(contextKeys, key):
			s.problem(key, "is not %s: write it outside of the object", kind)
		default:
			s.problem(key, "is not %s: did you mean %s? The settings are %s",
				kind, nearest(key, allowed), strings.Join(allowed, ", "))
		}
	}
}

// nearest returns the candidate with the smallest edit distance to word.
func nearest(word string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int {
		return editDistance(word, a) - editDistance(word, b)
	})
}

// editDistance returns the number of bytes to insert, remove or replace to turn a into b
// (Levenshtein distance), ignoring case.
func editDistance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
