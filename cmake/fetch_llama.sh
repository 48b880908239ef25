#!/usr/bin/env bash
# Fetches llama.cpp, built and with its headers, into .deps/llama of this checkout (or $SLM_GRAPH_DEPS/llama):
#   include/  llama.h and ggml*.h        lib/  libllama, libggml and a libggml-cpu-* for each processor family
#
# npm is the registry that has ready-made builds: node-llama-cpp publishes one for each platform, and beside them the
# sources of exactly that llama.cpp release as a git bundle. Safe to run again; quick when nothing is to do.
set -euo pipefail

version=3.22.1 # of the npm packages; they hold llama.cpp v0.5.0
sources_integrity=sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==

say() { echo "fetch_llama: $*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    platform=linux-x64
    binaries_integrity=sha512-5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg==
    ;;
  *) fail "no ready-made llama.cpp for $(uname -s) on $(uname -m); install llama.cpp with its CMake package instead" ;;
esac

deps=${SLM_GRAPH_DEPS:-$(cd "$(dirname "$0")/.." && pwd)/.deps}
target=$deps/llama
stamp="node-llama-cpp $version $platform"

if [[ -f $target/version && $(<"$target/version") == "$stamp" ]]; then
  say "$target is up to date ($stamp)"
  exit 0
fi
for tool in npm git tar openssl; do
  command -v "$tool" >/dev/null || fail "$tool is needed; please install it"
done

mkdir -p "$deps"
work=$(mktemp -d "$deps/llama.XXXXXX")
trap 'rm -rf "$work"' EXIT

# npm checks the archive against the registry's word; the pinned hash checks the registry.
fetch() { # package, integrity, name of the archive
  say "fetching $1"
  mkdir "$work/pack"
  (cd "$work/pack" && npm pack --silent "$1" >/dev/null) || fail "npm pack $1 failed; is the registry reachable?"
  mv "$work"/pack/*.tgz "$work/$3"
  rmdir "$work/pack"
  local found
  found=sha512-$(openssl dgst -sha512 -binary "$work/$3" | openssl base64 -A)
  [[ $found == "$2" ]] || fail "$1 is not the expected file: it has $found, expected $2"
}
fetch "@node-llama-cpp/$platform@$version" "$binaries_integrity" binaries.tgz
fetch "node-llama-cpp@$version" "$sources_integrity" sources.tgz

say "unpacking into $target"
new=$work/llama
mkdir -p "$new/include" "$new/lib"
tar -xzf "$work/binaries.tgz" -C "$new/lib" --strip-components=3 --wildcards "package/bins/$platform/*.so"
rm -f "$new/lib/libllama-common.so" # command-line tools' code; nothing of ours uses it
tar -xzf "$work/sources.tgz" -C "$work" --strip-components=2 package/llama/gitRelease.bundle
git clone --quiet --bare "$work/gitRelease.bundle" "$work/sources.git"
git -C "$work/sources.git" archive HEAD LICENSE | tar -x -C "$new"
git -C "$work/sources.git" archive HEAD include | tar -x -C "$new/include" --strip-components=1
git -C "$work/sources.git" archive HEAD ggml/include | tar -x -C "$new/include" --strip-components=2
[[ -f $new/include/llama.h && -f $new/include/gguf.h ]] || fail "the sources hold no llama.h and gguf.h"
echo "$stamp" >"$new/version"

rm -rf "$target"
mv "$new" "$target"
say "done: $target ($stamp)"
