package template

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
)

// Partition returns the AWS partition of the stack's region
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func (s *Stack) Partition() string {
	switch {
	case strings.HasPrefix(s.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(s.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// arn is the ARN of a resource in the stack's region and account.
func (s *Stack) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", s.Partition(), service, s.Region, s.AccountID, resource)
}

// FunctionARN returns the unqualified ARN of a Lambda function, and the version or alias,
// for what Lambda's API accepts as its name: the name, a partial or a whole ARN, with a
// version or alias or without. $LATEST is the function without one
// (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
func (s *Stack) FunctionARN(function string) (arn, qualifier string) {
	prefix, rest, ok := strings.Cut(function, "function:")
	if !ok {
		prefix, rest = "", function
	}
	name, qualifier, _ := strings.Cut(rest, ":")
	if qualifier == "$LATEST" {
		qualifier = ""
	}
	if strings.HasPrefix(prefix, "arn:") {
		return prefix + "function:" + name, qualifier
	}
	return s.arn("lambda", "function:"+name), qualifier
}

const (
	lowercase    = "0123456789abcdefghijklmnopqrstuvwxyz"
	alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	hexadecimal  = "0123456789abcdef"
)

// identifier returns n characters that look random and depend only on of, so that they
// are the same in every run.
func identifier(alphabet string, n int, of ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(of, "\x00")))
	number, base, digit := new(big.Int).SetBytes(sum[:]), big.NewInt(int64(len(alphabet))), new(big.Int)
	id := make([]byte, n)
	for i := range id {
		number.DivMod(number, base, digit)
		id[i] = alphabet[digit.Int64()]
	}
	return string(id)
}
