#!/usr/bin/env bash
# Checks the Rego of policies/ as an author does: format, types against the schema of facts, tests with coverage, style.
# The tools come from this nested module and are built once into .cache/bin. Run as: policies/tools/check.sh [fmt|check|test|lint]...
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$PWD/.cache/bin
mkdir -p "$bin"

tool() { # tool NAME PACKAGE: builds a tool when it is older than go.mod
	[ "$bin/$1" -nt policies/tools/go.mod ] || (cd policies/tools && go build -o "$bin/$1" "$2")
}
rego=(policies/baseline policies/lib)

for what in "${@:-fmt check test lint}"; do
	for step in $what; do
		case $step in
		fmt) tool opa github.com/open-policy-agent/opa; "$bin/opa" fmt --fail --diff "${rego[@]}" ;;
		check) tool opa github.com/open-policy-agent/opa; "$bin/opa" check --strict --schema collector/facts/schema.json "${rego[@]}" ;;
		test) tool opa github.com/open-policy-agent/opa
			# Everything below --threshold per cent of the lines is an error.
			"$bin/opa" test --coverage --threshold 95 --format json --ignore catalogue.json \
				policies/params.json policies/tools/clock.json "${rego[@]}" >.cache/rego-coverage.json
			;;
		lint) tool regal github.com/open-policy-agent/regal; "$bin/regal" lint --config-file policies/.regal/config.yaml "${rego[@]}" ;;
		*) echo "check.sh: no step $step; fmt, check, test or lint" >&2; exit 2 ;;
		esac
	done
done
