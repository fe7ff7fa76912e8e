#!/usr/bin/env bash
# Prints how long the fits of purchase models take on the CDNOW sample, beside the Python package lifetimes where it is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
cat <<'TEXT'
## Fitting purchase models

`go test -bench Fit ./shared/model`, median of 5: the CDNOW sample, 2,357 customers in 1,016 different rows, one thread, from the rows
to the report with standard errors, the nested NBD and the verdict on dropout. Floors: BG/NBD 40 ms, Pareto/NBD 300 ms.

TEXT
ours=$(go test -run XXX -bench 'Fit/' -benchtime 20x -count 5 ./shared/model |
  awk '/^Benchmark/ {name=$1; sub(/^BenchmarkFit\//, "", name); sub(/-[0-9]+$/, "", name); v[name]=v[name] " " $3/1e6}
       END {for (name in v) {k=split(v[name], a, " "); for (i=1; i<=k; i++) for (j=i+1; j<=k; j++) if (a[j]<a[i]) {t=a[i]; a[i]=a[j]; a[j]=t}; printf "%s %.1f\n", name, a[int((k+1)/2)]}}' | sort)
if [ -z "$ours" ]; then
  echo "The reference data are absent: nothing was measured."
  exit
fi
if peers=$(python3 infra/bench/fit.py 2>/dev/null); then
  printf '| model | weir | lifetimes, in the same run |\n|---|---|---|\n'
  join -a 1 -e '–' -o 0,1.2,2.2 <(echo "$ours") <(echo "$peers" | sort) | awk '{printf "| %s | %s ms | %s ms |\n", $1, $2, $3}'
else
  printf '| model | weir |\n|---|---|\n'
  echo "$ours" | awk '{printf "| %s | %s ms |\n", $1, $2}'
  cat <<'TEXT'

No peer was measured in this run: Python with lifetimes is not installed (`infra/bench/fit.py` measures it where it is). An earlier
measurement on a machine with two processors of the kind Zen 5, beside which these figures are no ratio: BG/NBD lifetimes 51 ms, BTYD
320 ms, CLVTools 9.6 s; Pareto/NBD lifetimes 349 ms, BTYD 1.14 s.
TEXT
fi
