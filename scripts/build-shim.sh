#!/bin/sh
# Builds sandbox/shim to sandbox/out/mcphub-shim, a static binary that any Linux image can run. GOARCH builds for another machine.
set -eu
cd "$(dirname "$0")/../sandbox/shim"

command -v go >/dev/null 2>&1 || {
  echo 'Go is not installed; building the shim needs Go 1.26 (https://go.dev/dl).' >&2
  exit 1
}
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' ../../package.json)
export CGO_ENABLED=0 GOTOOLCHAIN=local GOOS=linux
go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" -o ../out/mcphub-shim .
