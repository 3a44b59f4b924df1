package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

type rulePack func(*cdknag.NagPackProps) awscdk.IAspect

var rulePacks = []rulePack{
	func(p *cdknag.NagPackProps) awscdk.IAspect { return cdknag.NewAwsSolutionsChecks(p) },
	func(p *cdknag.NagPackProps) awscdk.IAspect { return cdknag.NewNIST80053R5Checks(p) },
	func(p *cdknag.NagPackProps) awscdk.IAspect { return cdknag.NewPCIDSS321Checks(p) },
}

func TestEveryBrokenRuleHasAReasonAtTheResource(t *testing.T) {
	for name := range stages {
		t.Run(name, func(t *testing.T) {
			reports, err := filepath.Glob(filepath.Join(stage(t, name).folder, "*-NagReport.csv"))
			if err != nil || len(reports) != len(rulePacks) {
				t.Fatalf("got %d reports of %d packs, %v", len(reports), len(rulePacks), err)
			}
			for _, report := range reports {
				for _, row := range findings(t, report) {
					t.Errorf("%s at %s: %s If the rule is not for this resource, write beside it: accept(RESOURCE, %q, %q)",
						row["Rule ID"], row["Resource ID"], row["Rule Info"], "REASON", row["Rule ID"])
				}
			}
		})
	}
}

// findings returns the rows of a report that are neither compliant nor suppressed with a
// reason. A rule that could not be evaluated is one of them.
func findings(t *testing.T, report string) []map[string]string {
	t.Helper()
	file, err := os.Open(report)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s: got %d rows, %v", report, len(rows), err)
	}
	var found []map[string]string
	for _, fields := range rows[1:] {
		row := map[string]string{}
		for i, name := range rows[0] {
			row[name] = fields[i]
		}
		if row["Compliance"] != "Compliant" && row["Compliance"] != "Suppressed" {
			found = append(found, row)
		}
	}
	return found
}
