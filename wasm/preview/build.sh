#!/usr/bin/env bash
# Builds the what-if module: build.sh FILE. The standard library is not inlined, which compresses to a tenth less; the kernels are.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")"
module=$(go list -m)
GOOS=wasip1 GOARCH=wasm go build -trimpath -ldflags '-s -w' -buildmode=c-shared \
  -gcflags=all=-l -gcflags="$module/shared/whatif=" -gcflags="$module/shared/segment/column=" -gcflags=encoding/binary= -gcflags=hash/crc32= \
  -o "$out" .
