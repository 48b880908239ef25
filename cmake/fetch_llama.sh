#!/usr/bin/env bash
# Fetches llama.cpp, built and with its headers, into .deps/llama of this checkout (or $SLM_GRAPH_DEPS/llama):
#   include/  llama.h and ggml*.h        lib/  libllama, libggml and a libggml-cpu-* for each processor family
#
# Safe to run again; quick when nothing is to do.
set -euo pipefail
# shellcheck source=cmake/llama_release.sh
source "$(dirname "$0")/llama_release.sh"

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64)
    platform=linux-x64
    binaries_integrity=sha512-5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg==
    ;;
  *) fail "no ready-made llama.cpp for $(uname -s) on $(uname -m); install llama.cpp with its CMake package instead" ;;
esac

deps=${SLM_GRAPH_DEPS:-$(cd "$(dirname "$0")/.." && pwd)/.deps}
target=$deps/llama
stamp="node-llama-cpp $llama_version $platform"

if [[ -f $target/version && $(<"$target/version") == "$stamp" ]]; then
  say "$target is up to date ($stamp)"
  exit 0
fi
need npm git tar openssl

mkdir -p "$deps"
work=$(mktemp -d "$deps/llama.XXXXXX")
trap 'rm -rf "$work"' EXIT

fetch "@node-llama-cpp/$platform@$llama_version" "$binaries_integrity" "$work/binaries.tgz"
fetch_llama_sources "$work"

say "unpacking into $target"
new=$work/llama
mkdir -p "$new/include" "$new/lib"
tar -xzf "$work/binaries.tgz" -C "$new/lib" --strip-components=3 --wildcards "package/bins/$platform/*.so"
rm -f "$new/lib/libllama-common.so" # command-line tools' code; nothing of ours uses it
git clone --quiet --bare "$work/gitRelease.bundle" "$work/sources.git"
git -C "$work/sources.git" archive HEAD LICENSE | tar -x -C "$new"
git -C "$work/sources.git" archive HEAD include | tar -x -C "$new/include" --strip-components=1
git -C "$work/sources.git" archive HEAD ggml/include | tar -x -C "$new/include" --strip-components=2
[[ -f $new/include/llama.h && -f $new/include/gguf.h ]] || fail "the sources hold no llama.h and gguf.h"
echo "$stamp" >"$new/version"

rm -rf "$target"
mv "$new" "$target"
say "done: $target ($stamp)"
