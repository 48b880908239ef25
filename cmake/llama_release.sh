# shellcheck shell=bash
# The release of llama.cpp that we build against and test with, and how its sources are fetched; to be sourced after
# `set -euo pipefail`.
#
# npm is the registry that has ready-made builds: node-llama-cpp publishes one for each platform, and beside them the
# sources of exactly that llama.cpp release as a git bundle.

# shellcheck source=cmake/npm_package.sh
source "$(dirname "${BASH_SOURCE[0]}")/npm_package.sh"

llama_version=3.22.1 # of the npm packages; they hold llama.cpp v0.5.0
llama_sources_integrity=sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==

# The sources of the release, as gitRelease.bundle in the folder.
fetch_llama_sources() { # folder
  fetch "node-llama-cpp@$llama_version" "$llama_sources_integrity" "$1/sources.tgz"
  tar -xzf "$1/sources.tgz" -C "$1" --strip-components=2 package/llama/gitRelease.bundle
}
