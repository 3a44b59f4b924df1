module project/lambdas

go 1.26.0
