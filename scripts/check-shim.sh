#!/bin/sh
# Format and vet of the Go program in sandbox/shim. Without Go it says so and passes: the rest of the project needs none.
set -eu
cd "$(dirname "$0")/../sandbox/shim"

if ! command -v go >/dev/null 2>&1; then
  echo 'Go is not installed: sandbox/shim was not checked.' >&2
  exit 0
fi
export GOTOOLCHAIN=local

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  printf 'Not formatted (gofmt -w): %s\n' "$unformatted" >&2
  exit 1
fi
go vet ./...
