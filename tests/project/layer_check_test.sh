#!/usr/bin/env bash
# The layer check finds every wrong include of wrong_layers/, names it, and fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
found=$(scripts/check_layers tests/project/wrong_layers) || status=$?
diff tests/project/wrong_layers/expected.txt <(echo "$found")
((status == 1)) || { echo "exit status $status instead of 1"; exit 1; }
