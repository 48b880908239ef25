# shellcheck shell=bash
# What the scripts share; to be sourced after `set -euo pipefail`, in the root of the checkout.
# They speak to stderr and leave stdout to results.

speaker=$(basename "$0")

say() { echo "$speaker: $*" >&2; }

# What went wrong, then what to do about it, a line each.
fail() {
  say "error: $1"
  shift
  for hint in "$@"; do say "  $hint"; done
  exit 1
}

# build PRESET [cmake's arguments]: configures quietly, builds, and returns non-zero having said why.
build() {
  local preset=$1 log=build/$1/configure.log
  shift
  mkdir -p "build/$preset"
  say "building build/$preset: minutes the first time, seconds where little has changed"
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    say "cmake could not configure; its last lines are above, all of them in $log"
    return 1
  fi
  cmake --build --preset "$preset" "$@" >&2
}
