#!/usr/bin/env bash
# Runs every fuzz target of the repository, as many at a time as there are processors. Run it with `make fuzz`.
#   FUZZTIME=20s infra/fuzz/run.sh [PACKAGE-PATTERN]
set -euo pipefail
cd "$(dirname "$0")/../.."
export FUZZTIME=${FUZZTIME:-20s}
dir=$(mktemp -d)
export dir
trap 'rm -rf "$dir"' EXIT

one() { # PACKAGE TARGET
  local log="$dir/${1//\//_}.$2"
  if go test -run '^$' -fuzz "^$2\$" -fuzztime "$FUZZTIME" -parallel 1 "$1" >"$log" 2>&1; then
    printf 'ok    %-26s %-18s %s\n' "$1" "$2" "$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -1) inputs"
    return
  fi
  # A target that is at work when its time is over is reported as failed (golang.org/issue/75804): that is no finding.
  if grep -q 'context deadline exceeded' "$log" && ! grep -qE 'Failing input written|panic:|build failed' "$log"; then
    printf 'ok    %-26s %-18s %s\n' "$1" "$2" "stopped at work"
    return
  fi
  printf 'FAIL  %s %s\n' "$1" "$2"
  cat "$log"
  return 1
}
export -f one

grep -rnoE '^func Fuzz[A-Za-z0-9_]+' --include='*_test.go' "./${1:-}" --exclude-dir=node_modules |
  sed -E 's|/[^/]*:[0-9]+:func | |' | sort >"$dir/targets"
echo "$(wc -l <"$dir/targets") targets, $FUZZTIME each, $(nproc) at a time"
xargs -P "$(nproc)" -L 1 bash -c 'one "$0" "$1"' <"$dir/targets"
