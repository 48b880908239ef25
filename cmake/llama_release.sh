# shellcheck shell=bash
# The release of llama.cpp that we build against and test with, and how its archives are fetched; to be sourced after
# `set -euo pipefail`.
#
# npm is the registry that has ready-made builds: node-llama-cpp publishes one for each platform, and beside them the
# sources of exactly that llama.cpp release as a git bundle.

llama_version=3.22.1 # of the npm packages; they hold llama.cpp v0.5.0
llama_sources_integrity=sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==

say() { echo "$(basename "$0" .sh): $*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

need() { # tools
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is needed; please install it"
  done
}

# npm checks the archive against the registry's word; the pinned hash checks the registry.
fetch() { # package, integrity, archive to write
  local found folder
  say "fetching $1"
  folder=$(mktemp -d "$3.XXXXXX")
  (cd "$folder" && npm pack --silent "$1" >/dev/null) || fail "npm pack $1 failed; is the registry reachable?"
  mv "$folder"/*.tgz "$3"
  rmdir "$folder"
  found=sha512-$(openssl dgst -sha512 -binary "$3" | openssl base64 -A)
  [[ $found == "$2" ]] || fail "$1 is not the expected file: it has $found, expected $2"
}

# The sources of the release, as gitRelease.bundle in the folder.
fetch_llama_sources() { # folder
  fetch "node-llama-cpp@$llama_version" "$llama_sources_integrity" "$1/sources.tgz"
  tar -xzf "$1/sources.tgz" -C "$1" --strip-components=2 package/llama/gitRelease.bundle
}
