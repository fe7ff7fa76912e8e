#!/usr/bin/env bash
# Measures Weir beside its peers and writes docs/benchmarks.md. Run it with `make bench`; it needs about ten minutes, 5 GB of
# disk and a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o bin/ingest ./infra/bench/ingest
go build -o bin/whole ./infra/bench/whole
go build -o bin/score ./infra/bench/score
go build -o bin/whatif ./infra/bench/whatif
npm ci --no-audit --no-fund --loglevel=error --prefix infra/bench >/dev/null
bin/ingest generate "$dir"
{
  cat <<'TEXT'
# Benchmarks

Written by `make bench`. Absolute figures hold on one machine; compare the ratios, which were measured in one run.

The what-if in a browser beside DuckDB-WASM is measured by `make bench-web`: [benchmarks-web.md](benchmarks-web.md).

TEXT
  echo "Commit $(git rev-parse --short HEAD), $(date -u +%F), $(go version | cut -d' ' -f3), $(nproc) processors."
  printf '\n## Reading and folding, one core, beside DuckDB\n\n`node infra/bench/ingest.mjs`: 500,000 Segment events of 83,385 users. The strategy has purchases and no metrics: metrics that\nread properties fold slower, above all from Parquet, whose rows then leave the columnar path. `weir import` reads Parquet row by row so\nfar. The zstd file has a window of 2 MiB, as the zstd program makes at its usual level; windows of 8 MiB are slower to inflate.\n\n'
  node infra/bench/ingest.mjs bin/ingest "$dir"
  printf '\n## The whole program\n\n`bin/whole bin/weir DIR`: an import parses, validates, deduplicates, keeps canonical Parquet files, folds, writes profiles to SQLite with\nfsync, computes cuts and scores the base.\n\n'
  bin/whole bin/weir "$dir"
  printf '\n## A strategy over a whole base, beside DuckDB\n\n`node infra/bench/whatif.mjs`: drawn users with heavy-tailed orders and spend, as columns in memory; every answer is compared with that of\nDuckDB. P(alive) does not depend on thresholds and is a column for both.\n\n'
  mkdir "$dir/whatif"
  bin/whatif generate "$dir/whatif" 1000000
  node infra/bench/whatif.mjs bin/whatif "$dir/whatif"
  printf '\n## Size of a profile\n\n`go test -run Items -v ./shared/profile`: bytes as DynamoDB counts an item, keys, names, STATE, marks and the pointer to the decision records included.\n\n```\n'
  go test -count=1 -run 'Items' -v ./shared/profile | grep -E 'p50|p90|p99' | sed 's/^ *[a-z_]*\.go:[0-9]*: //'
  printf '```\n\n'
  infra/bench/fit.sh
  printf '\n## Scoring a million profiles\n\n`bin/score 1000000`: simulated people of a year, every profile decoded from its stored bytes and scored under the default strategy.\n\n'
  bin/score 1000000
  printf '\n## Kernels\n\n`go test -bench . ./shared/event ./shared/profile ./shared/segment ./shared/score`, median of 3.\n\n```\n'
  go test -run XXX -bench . -benchtime 300ms -count 3 ./shared/event ./shared/profile ./shared/segment ./shared/score |
    awk '/^Benchmark/ {name=$1; sub(/-[0-9]+$/, "", name); n[name]++; v[name, n[name]]=$3; if (n[name]==1) order[++k]=name}
         END {for (i=1; i<=k; i++) {m=order[i]; a=v[m,1]; b=v[m,2]; c=v[m,3]; med=(a>b)?((b>c)?b:((a>c)?c:a)):((a>c)?a:((b>c)?c:b)); printf "%-48s %12.1f ns/op\n", m, med}}'
  echo '```'
  printf '\n'
  sed -n '/^## Chaos on AWS/,$p' docs/benchmarks.md # measured by the tests that are named
} > "$dir/benchmarks.md"
mv "$dir/benchmarks.md" docs/benchmarks.md
echo "docs/benchmarks.md is written"
