package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
)

// functions creates the functions behind the routes. It reports a mistake as jsii does,
// by a panic with an error, which synthesize prints without a stack trace.
type functions struct {
	stack   awscdk.Stack
	cfg     Config
	all     []awslambda.Function
	folders []string // of all, in lambdas
}

// add adds the function in a folder of lambdas. Its ID in the stack is made from the name
// of the folder: OrderItems for order-items.
func (f *functions) add(folder string) awslambda.Function {
	var id strings.Builder
	for part := range strings.SplitSeq(folder, "-") {
		id.WriteString(strings.ToUpper(part[:min(len(part), 1)]) + part[min(len(part), 1):])
	}
	if err := checkBuilt(filepath.Join(f.cfg.Lambdas, folder)); err != nil {
		panic(fmt.Errorf("infra/routes.go: f.add(%q) needs lambdas/%[1]s/main.go: %w", folder, err))
	}
	added := newFunction(f.stack, f.cfg, function{
		id:          id.String(),
		folder:      folder,
		description: "Answers the routes of lambdas/" + folder,
		timeout:     5,
		environment: map[string]string{"CORS_ORIGINS": strings.Join(f.cfg.CORSOrigins, " ")},
	})
	f.all, f.folders = append(f.all, added), append(f.folders, folder)
	return added
}

// unused returns the functions in the folder lambdas that are not added.
func (f *functions) unused(lambdas string) (folders []string) {
	programs, _ := filepath.Glob(filepath.Join(lambdas, "*", "main.go")) // the pattern is valid
	for _, program := range programs {
		folder := filepath.Base(filepath.Dir(program))
		if folder != "authorizer" && !slices.Contains(f.folders, folder) {
			folders = append(folders, folder)
		}
	}
	return folders
}

// checkBuilt returns what is wrong with the compiled function in a folder. CDK would
// report a missing folder only from inside the jsii kernel.
func checkBuilt(folder string) error {
	bootstrap := filepath.Join(folder, "bootstrap")
	info, err := os.Stat(bootstrap)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist: run make lambdas, "+
			"or set the folder of the compiled functions with -c lambdas=FOLDER", bootstrap)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file: run make lambdas", bootstrap)
	}
	for _, path := range []string{folder, bootstrap} {
		// The mode is deployed too, and Lambda is neither the owner nor in the group. The
		// asset's hash does not depend on it: after an upload with a wrong mode, a repaired
		// file would not be uploaded again.
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o555 != 0o555 {
			return fmt.Errorf("%s is not readable and executable for all (%04o): run chmod 755 %s",
				path, info.Mode().Perm(), path)
		}
	}
	return nil
}
