package main

import (
	"os"
	"strings"
	"testing"
)

func TestMessagesAfterMakeNameItsVariables(t *testing.T) {
	for _, test := range []struct{ message, want string }{
		{"is missing, for example -c issuer=https://t.example/", "is missing, for example ISSUER=https://t.example/"},
		{"use -c issuer=https://t.example/, or -c provider (a b)", "use ISSUER=https://t.example/, or PROVIDER (a b)"},
		{"choose one with -c stage=STAGE, or add it", "choose one with STAGE=STAGE, or add it"},
		{"(also by -c audience=… and by make)", "(also by AUDIENCE=… and by make)"},
		{"for example -c region=eu-west-1", "for example CONTEXT='-c region=eu-west-1'"},
		{"use -c cloudWatchRole=create, or existing", "use CONTEXT='-c cloudWatchRole=create', or existing"},
		{"use -c tags=team=accounts,cost-center=42", "use CONTEXT='-c tags=team=accounts,cost-center=42'"},
	} {
		if got := withMakeVariables(test.message); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestVariablesOfMakeArePassedOnByTheMakefile(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for key, variable := range makeVariables {
		if argument := "$(if $(" + variable + "),-c " + key + "="; !strings.Contains(string(makefile), argument) {
			t.Errorf("the Makefile does not contain %s", argument)
		}
	}
}
