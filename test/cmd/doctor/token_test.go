package main

import "testing"

func TestTokenWithoutKidNeedsExactlyOneKey(t *testing.T) {
	withKid, withoutKid := map[string]any{"kid": "a"}, map[string]any{}
	for name, test := range map[string]struct {
		header map[string]any
		kids   []string
		want   bool
	}{
		"kid of a key":        {withKid, []string{"a", "b"}, true},
		"kid of no key":       {withKid, []string{"b"}, false},
		"key without kid":     {withKid, []string{""}, false},
		"empty kid":           {map[string]any{"kid": ""}, []string{""}, false},
		"no kid, one key":     {withoutKid, []string{"a"}, true},
		"no kid, no key":      {withoutKid, nil, false},
		"no kid, two keys":    {withoutKid, []string{"a", "b"}, false},
		"neither has a kid":   {withoutKid, []string{""}, true},
		"no kid, one without": {withoutKid, []string{"", "a"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (token{header: test.header}).canUse(test.kids); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}
