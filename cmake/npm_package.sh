# shellcheck shell=bash
# How archives are fetched from npm; to be sourced after `set -euo pipefail`.

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
