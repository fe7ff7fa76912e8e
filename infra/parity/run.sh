#!/usr/bin/env bash
# Scores random profiles on every target and compares every bit (guarantee G3). Run it with `make parity`.
#   BLOCKS=100 SIZE=10000 infra/parity/run.sh      a million profiles; needs Node and, for arm64, qemu-user-static
set -euo pipefail
cd "$(dirname "$0")/../.."
blocks=${BLOCKS:-100} size=${SIZE:-10000} workers=$(nproc)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

goroot=$(go env GOROOT)
build() { env "$2" "$3" "$4" CGO_ENABLED=0 go build -o "$dir/$1" ./infra/parity; }
build amd64-v1 GOOS=linux GOARCH=amd64 GOAMD64=v1
build amd64-v3 GOOS=linux GOARCH=amd64 GOAMD64=v3
build wasm GOOS=js GOARCH=wasm GOWASM=
build arm64 GOOS=linux GOARCH=arm64 GOARM64=v8.0

start() { # TARGET ARGUMENTS…
  local target=$1; shift
  case $target in
    wasm) "$goroot/lib/wasm/go_js_wasm_exec" "$dir/wasm" "$@" ;;
    arm64) qemu-aarch64-static "$dir/arm64" "$@" ;;
    *) "$dir/$target" "$@" ;;
  esac
}

skipped=()
targets=()
machine=$(uname -m)
if [ "$machine" = x86_64 ]; then
  targets+=(amd64-v1)
  if grep -q ' avx2 ' /proc/cpuinfo && grep -q ' fma ' /proc/cpuinfo; then targets+=(amd64-v3); else skipped+=("amd64-v3: the processor has no AVX2 and FMA"); fi
else
  skipped+=("amd64: the machine is $machine")
fi
if command -v node >/dev/null; then targets+=(wasm); else skipped+=("wasm: Node is not installed"); fi
if command -v qemu-aarch64-static >/dev/null; then targets+=(arm64); else skipped+=("arm64: qemu-user-static is not installed and could not be installed"); fi

for target in "${targets[@]}"; do
  began=$SECONDS pids=()
  for ((w = 0; w < workers; w++)); do
    start "$target" -from "$w" -to "$blocks" -step "$workers" -size "$size" >"$dir/out.$target.$w" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  sort "$dir"/out."$target".* >"$dir/sums.$target"
  printf '%-9s %s  %d blocks of %d profiles, %d s\n' "$target" "$(sha256sum <"$dir/sums.$target" | cut -c1-32)" "$(wc -l <"$dir/sums.$target")" "$size" "$((SECONDS - began))"
done

for reason in "${skipped[@]}"; do echo "skipped: $reason"; done
if [ ${#targets[@]} -lt 2 ]; then echo "there is nothing to compare with" >&2; exit 1; fi

differing() { # FILE FILE: the number at the beginning of the first line that differs
  awk 'NR == FNR {sum[FNR] = $0; next} sum[FNR] != $0 {print $1 + 0; exit}' "$1" "$2"
}

first=${targets[0]}
for target in "${targets[@]:1}"; do
  cmp -s "$dir/sums.$first" "$dir/sums.$target" && continue
  block=$(differing "$dir/sums.$first" "$dir/sums.$target")
  for t in "$first" "$target"; do
    start "$t" -from "$block" -to "$((block + 1))" -size "$size" -each >"$dir/each.$t"
  done
  profile=$(differing "$dir/each.$first" "$dir/each.$target")
  echo "$target differs from $first, first in block $block, profile ${profile:-none: only the cuts or reports of the block}" >&2
  exit 1
done
echo "the same bits on ${targets[*]}: $((blocks * size)) profiles"
