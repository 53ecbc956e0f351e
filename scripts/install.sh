#!/bin/sh
# Installs what package-lock.json names, once per lock file: a stamp in node_modules holds its checksum. npm empties node_modules first
# and the stamp is written last, so a half-finished install has none and is done again.
set -eu
cd "$(dirname "$0")/.."

fail() {
  printf '%s\n%s\n' "$1" "$2" >&2
  exit 1
}

stamp=node_modules/.mcphub-install
wanted="$(cat package-lock.json .npmrc | cksum) $(uname -sm)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

command -v npm >/dev/null 2>&1 || fail 'npm is not installed.' 'Install Node 20 or later with npm, for example from https://nodejs.org.'
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null ||
  fail "npm runs on Node $(node --version 2>/dev/null || echo '(not found)'), which is too old." 'Install Node 20 or later.'
mkdir -p node_modules 2>/dev/null && [ -w node_modules ] && [ -w . ] ||
  fail "$(pwd) cannot be written, so nothing can be installed into it." 'Clone the project into a folder of your own.'

echo 'Installing what the lock file names (npm ci); this takes a minute the first time'
npm ci --no-audit --no-fund --loglevel=error ||
  fail 'npm ci did not finish; the reason is above.' 'Check that npm reaches its registry and that the disk has 1 GB free, then start again.'

[ -x node_modules/.bin/node ] ||
  fail "npm has no Node 26 for this platform ($(uname -sm))." 'Use Linux or macOS on x64 or arm64; with npm set to omit optional packages, unset that.'
node_modules/.bin/node --version >/dev/null 2>&1 ||
  fail 'The Node 26 that npm installed does not run on this system.' 'Linux needs glibc 2.28 or later (Alpine has another C library).'
printf '%s' "$wanted" >"$stamp"
