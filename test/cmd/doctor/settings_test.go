package main

import "testing"

func TestWrongArgumentsAreReported(t *testing.T) {
	const complete = "-issuer https://t.example/ -audience a"
	for name, test := range map[string]struct{ args, want string }{
		"no issuer":            {"", "ISSUER is missing"},
		"no audience either":   {"", "AUDIENCE is missing"},
		"no audience":          {"-issuer https://t.example/", "AUDIENCE is missing"},
		"token as an argument": {complete + " a.b.c", "pass a token in the environment variable TOKEN"},
		"no such token file":   {complete + " -token-file /nowhere", "read the token"},
		"empty token file":     {complete + " -token-file -", "- is empty"},
		"unknown flag":         {"-tokn x", "not defined"},
	} {
		t.Run(name, func(t *testing.T) { call{args: test.args}.expect(t, 2, test.want) })
	}
}

func TestTokenIsReadFromStandardInputWithItsScheme(t *testing.T) {
	local := startIssuer(t)
	call{args: forAPI + local.URL() + " -token-file -", stdin: "Bearer " + local.Token() + "\n"}.expect(t, 0,
		"ok signature  made with that key")
}
