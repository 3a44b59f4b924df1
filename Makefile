# Account API. "make run" serves it on this machine, "make test" runs every test.

PORT        ?= 3000
ISSUER_PORT ?= 3001

# Exact versions, so that builds are repeatable. The CDK CLI must support the cloud
# assembly schema of the awscdk version in infra/go.mod.
CDK         := infra/cli/node_modules/.bin/cdk
CDK_CLI     := infra/cli/node_modules/.package-lock.json
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT  := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

MODULES := ./infra/... ./lambdas/... ./test/...

# Without these, every synth prints warnings about the end of life of Node.js versions.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 18,20,22
export AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED := true

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run routes test check e2e fuzz bench synth diff deploy destroy doctor token smoke flush dist clean \
	lambdas assembly settings need-go need-node need-aws note-go

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------- on this machine

run: need-go need-node note-go .build/bin/local ## serve the API on this machine: [PORT= ISSUER_PORT= ENV= PROVIDER= SCOPES= or ISSUER= AUDIENCE= …]
	@exec .build/bin/local -port '$(PORT)' -issuer-port '$(ISSUER_PORT)' $(foreach e,$(ENV),-env '$(e)') \
		-scopes '$(SCOPES)' -provider '$(PROVIDER)' -issuer '$(ISSUER)' -audience '$(AUDIENCE)' \
		-jwks-uri '$(JWKS_URI)' -algorithms '$(ALGORITHMS)'

routes: need-go need-node note-go assembly ## show each route, who may call it, and its function
	@go run ./test/cmd/routes .build/local/assembly

# BUILT differs after each change of the functions or the stack: go test repeats a result
# that it has cached unless the sources of the test, or a variable that it reads, differ.
test: need-go need-node note-go assembly ## run every test
	@BUILT="$$(cksum .build/local/assembly/*.json)" go test $(MODULES)

check: need-go need-node ## check format, vet, staticcheck, imports, dependencies, workflows, known vulnerabilities
	@files=$$(git ls-files -co --exclude-standard '*.go'); deleted=$$(git ls-files -d '*.go'); \
		unformatted=$$(printf '%s\n' $$files $$deleted | sort | uniq -u | xargs gofmt -l); \
		test -z "$$unformatted" || { echo "run gofmt -w on: $$unformatted"; exit 1; }
	@go vet $(MODULES)
	@$(STATICCHECK) $(MODULES)
	@sh .ci/imports
	@sh .ci/dependencies
	@sh .ci/workflows
	@$(ACTIONLINT)
	@LAMBDA_GO='$(LAMBDA_GO)' sh .ci/vulnerabilities

e2e: need-go need-node assembly ## run the end-to-end tests over HTTP against the local gateway
	@go test -count=1 ./test/e2e

bench: need-go ## compare the authorizer with other libraries: [QUICK=1, UPDATE=1: write the result to test/bench]
	@echo "building the benchmark"
	@CGO_ENABLED=0 go run -trimpath ./test/bench $(if $(QUICK),-quick) $(if $(UPDATE),-update)

# Each fuzz target runs for FUZZTIME. Inputs that failed before run in every test.
FUZZTIME ?= 30s
fuzz: need-go ## fuzz every input of the authorizer: [FUZZTIME=30s]
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' lambdas test | xargs -n 1 dirname | sort -u); do \
		list=$$(go test ./$$package -list '^Fuzz') || { echo "$$list"; exit 1; }; \
		for target in $$(echo "$$list" | grep '^Fuzz'); do \
			go test ./$$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) || exit 1; done; done

smoke: need-go need-node ## run the end-to-end tests against a deployed stage: API_URL= TOKEN=
	@test -n "$$API_URL" && test -n "$$TOKEN" || { echo "API_URL or TOKEN is missing: make smoke API_URL=… TOKEN=…" \
		"with the URL that make deploy prints, and a token: make token ISSUER=… CLIENT_ID=… AUDIENCE=…"; exit 1; }
	@go test -count=1 -v ./test/e2e

# ---------------------------------------------------------------- what is built

# What is deployed is built by exactly this version of Go, which the go command downloads
# if another one is installed: the standard library is a part of every function, and patch
# releases fix vulnerabilities in it. LAMBDA_GO=local builds with the installed Go
# instead.
LAMBDA_GO     ?= go1.26.11

# The flags of a Lambda build. They make builds reproducible (the same sources give the
# same bytes in any folder, with any umask, with or without git) and leave out what Lambda
# does not need:
#   GOTOOLCHAIN=        the version of Go; only for what is deployed
#   GOFLAGS=            ignores the settings of this machine
#   GOWORK=off          uses the versions in lambdas/go.mod, not those of other modules
#   CGO_ENABLED=0       no C library: one static file
#   -trimpath           no path of this folder in the binary
#   -buildvcs=false     no commit in the binary
#   -tags lambda.norpc  without the RPC mode of the old go1.x runtime
#   -ldflags            -s -w: no symbols and debug data; -buildid=: no build ID
LAMBDA_TAGS   := lambda.norpc
LAMBDA_BUILD   = GOFLAGS= GOWORK=off CGO_ENABLED=0 \
	go build -C lambdas -trimpath -buildvcs=false -tags $(LAMBDA_TAGS) -ldflags='-s -w -buildid='
LAMBDA_TARGET := GOTOOLCHAIN=$(LAMBDA_GO) GOOS=linux GOARCH=arm64 GOARM64=v8.0
LAMBDAS       := $(patsubst lambdas/%/main.go,%,$(wildcard lambdas/*/main.go))
LAMBDA_SOURCE := $(shell find lambdas -name '*.go' ! -name '*_test.go') lambdas/go.mod lambdas/go.sum
# The CA bundle of network is a part of the assembly.
INFRA_SOURCE  := $(shell find infra -name node_modules -prune -o -name '*.go' ! -name '*_test.go' -print) \
	infra/go.mod infra/go.sum go.work cdk.json infra/cli/context.js \
	$(wildcard $(shell sed -n 's/.*"caBundle": *"\([^"]*\)".*/\1/p' cdk.json 2>/dev/null))

lambdas: need-go $(LAMBDAS:%=.build/lambdas/%/bootstrap) ## build the functions as they are deployed (linux/arm64)

# The authorizer speaks HTTP/1.1 only: without HTTP/2 its zip file is 150 KB smaller.
%/authorizer/bootstrap .build/release/%/bootstrap: LAMBDA_TAGS := lambda.norpc,nethttpomithttp2

# The permissions are deployed too, and Lambda is neither the owner nor in the group.
.build/lambdas/%/bootstrap: .build/lambda-go $(LAMBDA_SOURCE) Makefile
	@$(LAMBDA_TARGET) $(LAMBDA_BUILD) -o ../$@ ./$* && chmod 755 $(@D) $@

.build/local/lambdas/%/bootstrap: $(LAMBDA_SOURCE) Makefile
	@echo "building lambdas/$*" >&2
	@GOOS=$$(go env GOHOSTOS) GOARCH=$$(go env GOHOSTARCH) $(LAMBDA_BUILD) -o ../$@ ./$* && chmod 755 $(@D) $@

# What a release consists of: the authorizer alone, for an API that is made with another
# tool. The zip files are the same bytes in any folder too, because they are written by the
# same version of Go.
DIST_ARCHS := arm64 amd64

.build/release/authorizer-linux-%/bootstrap: .build/lambda-go $(LAMBDA_SOURCE) Makefile
	@GOTOOLCHAIN=$(LAMBDA_GO) GOOS=linux GOARCH=$* GOARM64=v8.0 GOAMD64=v1 \
		$(LAMBDA_BUILD) -o ../$@ ./authorizer && chmod 755 $@

dist: need-go $(DIST_ARCHS:%=.build/release/authorizer-linux-%/bootstrap) ## build the authorizer alone, for an API that exists, in .build/dist
	@rm -rf .build/dist && mkdir -p .build/dist
	@cd .build/release && GOTOOLCHAIN=$(LAMBDA_GO) go version -m $(DIST_ARCHS:%=authorizer-linux-%/bootstrap) \
		>../dist/modules.txt
	@GOTOOLCHAIN=$(LAMBDA_GO) GOFLAGS= GOWORK=off go run -C test ./cmd/dist ../.build/dist \
		$(foreach arch,$(DIST_ARCHS),authorizer-linux-$(arch).zip=../.build/release/authorizer-linux-$(arch)/bootstrap)
	@cat .build/dist/SHA256SUMS

# The version of Go that .build/lambdas is built by. It changes only with the version, so
# that another LAMBDA_GO builds everything again.
.build/lambda-go: FORCE
	@version=$$(GOTOOLCHAIN='$(LAMBDA_GO)' go env GOVERSION 2>/dev/null) || { \
		echo "$(LAMBDA_GO) cannot be downloaded: connect to the Go module proxy," \
		"or build what is deployed with another version, for example make lambdas LAMBDA_GO=local"; exit 1; }; \
	test "$$version" = "$$(cat $@ 2>/dev/null)" || { mkdir -p $(@D) && echo "$$version" >$@; }

# The programs that make bench compares are built with the same flags, in the module test.
BENCH_BUILD   = $(subst -C lambdas,-C test,$(LAMBDA_BUILD))
BENCH_SOURCE := $(shell find test/bench/contestants -name '*.go') test/go.mod test/go.sum

.build/bench/host/%/bootstrap: $(BENCH_SOURCE) Makefile
	@GOOS=$$(go env GOHOSTOS) GOARCH=$$(go env GOHOSTARCH) $(BENCH_BUILD) -o ../$@ ./bench/contestants/$*

.build/bench/arm64/%/bootstrap: $(BENCH_SOURCE) Makefile
	@GOOS=linux GOARCH=arm64 GOARM64=v8.0 $(BENCH_BUILD) -o ../$@ ./bench/contestants/$*

# A synth without the CDK CLI, and without an account.
SYNTH_HERE := export CDK_VALIDATION=false CDK_DEFAULT_ACCOUNT= CDK_DEFAULT_REGION=

# The cloud assembly for this machine: the stack as it is deployed, with functions that
# are built for this machine. Settings about issuers, stages and the account are replaced
# by stand-ins: make run has its own.
assembly: need-go need-node .build/local/assembly/manifest.json

.build/local/assembly/manifest.json: $(LAMBDAS:%=.build/local/lambdas/%/bootstrap) $(INFRA_SOURCE)
	@echo "synthesizing the stack$$(test -d $(@D) || echo ' (the CDK is compiled first, which takes a minute)')" >&2
	@next=$$(mktemp -d .build/local/next.XXXXXX) && $(SYNTH_HERE) CDK_OUTDIR="$$next" && \
	{ CDK_CONTEXT_JSON=$$(node infra/cli/context.js stage=prod lambdas=.build/local/lambdas) && export CDK_CONTEXT_JSON && \
		go run ./infra stand-ins || { rm -rf "$$next"; exit 1; }; } && rm -rf $(@D) && mv "$$next" $(@D)

.build/bin/%: FORCE
	@test -e $@ || echo "building test/cmd/$* (the first time takes a minute)" >&2
	@go build -o $@ ./test/cmd/$*
FORCE:

clean: ## remove everything that was built
	rm -rf .build cdk.out

# ---------------------------------------------------------------- on AWS

# These variables become CDK context. For other settings: CONTEXT='-c key=value …'. The
# CDK takes a word without -c for the name of a stack.
CONTEXT ?=
SETTINGS = $(if $(filter-out -%,$(firstword $(CONTEXT))),\
	$(error CONTEXT has no -c before $(firstword $(CONTEXT)): use CONTEXT='-c $(CONTEXT)')) \
	$(if $(ISSUER),-c issuer='$(ISSUER)') $(if $(AUDIENCE),-c audience='$(AUDIENCE)') \
	$(if $(JWKS_URI),-c jwksUri='$(JWKS_URI)') $(if $(PROVIDER),-c provider='$(PROVIDER)') \
	$(if $(ALGORITHMS),-c algorithms='$(ALGORITHMS)') $(if $(STAGE),-c stage='$(STAGE)') $(CONTEXT)

# The CDK's validation of the template takes three quarters of a synth, so only a deploy
# runs it.
synth: need-go need-node $(CDK_CLI) ## write the template to cdk.out: ISSUER= AUDIENCE= …
	@CALLED_BY=make CDK_VALIDATION=$(or $(VALIDATION),false) $(CDK) synth --quiet --no-notices $(SETTINGS)

# cdk diff prints new parameters, conditions and outputs as JSON: their names are enough.
DIFF = mkdir -p .build; if test -t 1; then color=1; else color=0; fi; \
	{ FORCE_COLOR=$$color $(CDK) diff --app cdk.out 2>&1; echo $$? >.build/diff; } | \
	sed -E 's/^([^{]* (Parameter|Mapping|Condition|Output) [^{]*): \{.*/\1/'; test "$$(cat .build/diff)" = 0

diff: need-aws synth ## show the changes of a deploy: ISSUER= AUDIENCE= …
	@$(DIFF)

deploy: VALIDATION = true
deploy: need-aws synth ## show the changes, deploy, print the URL: ISSUER= AUDIENCE= [JWKS_URI= PROVIDER= ALGORITHMS= STAGE= YES=1]
	@$(DIFF)
	@mkdir -p .build && \
		$(CDK) deploy --app cdk.out --outputs-file .build/outputs.json $(if $(YES),--require-approval never)
	@url=$$(node -p 'Object.values(require("./.build/outputs.json"))[0].ApiUrl') && printf '\nAPI_URL=%s\n\n' "$$url" && \
		go run ./test/cmd/routes -call "$$url" cdk.out

# Only the name of the stack matters here, so the other settings are placeholders.
destroy: need-aws need-go need-node $(CDK_CLI) ## remove the stack from the account, after a question: [STAGE= YES=1]
	@CALLED_BY=make $(CDK) destroy --app 'go run ./infra stand-ins' $(if $(YES),--force) $(if $(STAGE),-c stage='$(STAGE)')

flush: need-aws ## empty the result cache of a stage: [STAGE=]
	@sh infra/flush.sh '$(or $(STAGE),prod)'

# npm writes this file last. Scripts of packages are not run: the CLI needs none.
$(CDK_CLI): infra/cli/package-lock.json | need-node
	@command -v npm >/dev/null || { \
		echo "npm is missing: it installs the CDK CLI, and usually comes with Node.js"; exit 1; }
	@npm ci --prefix infra/cli --ignore-scripts --no-audit --no-fund >/dev/null

# TOKEN and CLIENT_SECRET are not arguments, which every user of the machine can see: make
# passes its variables in the environment.
doctor: need-go need-node $(if $(ISSUER),assembly,settings) .build/bin/doctor ## check the settings and a token before a deploy: ISSUER= AUDIENCE= … or those in cdk.json, [STAGE=] [TOKEN=]
	@.build/bin/doctor $(if $(ISSUER),-assembly .build/local/assembly -issuer '$(ISSUER)' -audience '$(AUDIENCE)' \
		-jwks-uri '$(JWKS_URI)' -provider '$(PROVIDER)' -algorithms '$(ALGORITHMS)', \
		-assembly .build/settings -stage '$(STAGE)')

# The assembly with the settings of a deploy, and functions that are built for this
# machine: what the doctor examines if no ISSUER is given.
settings: need-go need-node $(LAMBDAS:%=.build/local/lambdas/%/bootstrap)
	@rm -rf .build/settings && $(SYNTH_HERE) CDK_OUTDIR=.build/settings CALLED_BY=make && \
		CDK_CONTEXT_JSON=$$(node infra/cli/context.js lambdas=.build/local/lambdas $(SETTINGS)) && \
		export CDK_CONTEXT_JSON && go run ./infra

# Shells set USER to the name of the user: only USER=1 is meant for this target.
token: need-go .build/bin/token ## get a token from the provider: ISSUER= CLIENT_ID= [AUDIENCE= RESOURCE= SCOPE= USER=1 CALLBACK_URL=]
	@.build/bin/token -issuer '$(ISSUER)' -client-id '$(CLIENT_ID)' -audience '$(AUDIENCE)' -resource '$(RESOURCE)' \
		-scope '$(SCOPE)' $(if $(filter 1,$(USER)),-user) $(if $(CALLBACK_URL),-callback-url '$(CALLBACK_URL)')

# ---------------------------------------------------------------- requirements

need-go:
	@command -v go >/dev/null || { \
		echo "Go is missing: install Go 1.26 or newer from https://go.dev/dl/ and try again"; exit 1; }

need-node:
	@command -v node >/dev/null || { \
		echo "Node.js is missing: install Node.js 22 or newer from https://nodejs.org/ and try again"; exit 1; }

# The CDK CLI finds credentials in variables, in the files of the AWS CLI, on an EC2
# instance.
need-aws:
	@test -n "$${AWS_ACCESS_KEY_ID:+$$AWS_SECRET_ACCESS_KEY}$$AWS_PROFILE$$AWS_DEFAULT_PROFILE$$AWS_WEB_IDENTITY_TOKEN_FILE" || \
	test -n "$$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI$$AWS_CONTAINER_CREDENTIALS_FULL_URI" || \
	grep -qsE '^ *(aws_access_key_id|credential_|login_session|role_arn|sso_)' \
		"$${AWS_SHARED_CREDENTIALS_FILE:-$$HOME/.aws/credentials}" "$${AWS_CONFIG_FILE:-$$HOME/.aws/config}" || \
	grep -qsi amazon /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/bios_version || { \
		echo "no AWS credentials: set AWS_PROFILE," \
		"or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws configure or aws sso login"; exit 1; }

note-go:
	@version=$$(go env GOVERSION); test "$$version" = '$(LAMBDA_GO)' || \
		echo "this uses $$version, what is deployed is built by $(LAMBDA_GO)" >&2
