#!/usr/bin/env bash
# Fetches Chart.js, which reports are drawn with, into .deps/chart.js of this checkout (or $SLM_GRAPH_DEPS/chart.js):
#   chart.umd.min.js    LICENSE.md    version
#
# Safe to run again; quick when nothing is to do.
set -euo pipefail
# shellcheck source=cmake/npm_package.sh
source "$(dirname "$0")/npm_package.sh"

version=4.6.1
integrity=sha512-hJyniucsFmq//EvXYvJ6c6mahPoI3kaxdjVH8awTaJ/fDNWeSqqqArixMJWkWNN6fcYvPU3HneSANFNYtRi61g==

deps=${SLM_GRAPH_DEPS:-$(cd "$(dirname "$0")/.." && pwd)/.deps}
target=$deps/chart.js
if [[ -f $target/version && $(<"$target/version") == "$version" ]]; then
  say "$target is up to date (Chart.js $version)"
  exit 0
fi
need npm tar openssl

mkdir -p "$deps"
work=$(mktemp -d "$deps/chart.js.XXXXXX")
trap 'rm -rf "$work"' EXIT
fetch "chart.js@$version" "$integrity" "$work/package.tgz"
tar -xzf "$work/package.tgz" -C "$work"

new=$work/chart.js
mkdir "$new"
# A browser's developer tools would ask for the source map.
sed '/^\/\/# sourceMappingURL=/d' "$work/package/dist/chart.umd.min.js" >"$new/chart.umd.min.js"
cp "$work/package/LICENSE.md" "$new/"
echo "$version" >"$new/version"

rm -rf "$target"
mv "$new" "$target"
say "done: $target (Chart.js $version)"
