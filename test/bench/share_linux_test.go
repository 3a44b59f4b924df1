package main

import "testing"

func TestOwnCgroup(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		unified bool
		want    string
	}{
		"v2 alone":                        {"0::/user.slice/session-2.scope\n", true, "/user.slice/session-2.scope"},
		"v1 with cpu alone":               {"9:name=systemd:/init\n1:cpu:/docker/7\n0::/\n", false, "/docker/7"},
		"v1 with cpu beside cpuacct":      {"4:cpu,cpuacct:/a\n3:cpuset:/b\n", false, "/a"},
		"a name that only begins with it": {"3:cpuset:/b\n", false, "/"},
		"a path with a colon":             {"0::/a:b\n", true, "/a:b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ownCgroup(test.text, test.unified); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
