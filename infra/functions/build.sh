#!/bin/bash
# Builds the Lambda functions into .aws-build/NAME/bootstrap: infra/functions/build.sh [arm64|x86_64] [NAME...]
#
# Liquid calls methods by names it learns at run time, and one such call makes the linker keep every method of every client of AWS:
# a third of a program. The functions are therefore built with a copy of that module in which structvalue.go.txt takes that place.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=${1:-arm64}
shift || true
case $arch in
  arm64) goarch=arm64 ;;
  x86_64) goarch=amd64 ;;
  *) echo "there is no architecture $arch: use arm64 or x86_64" >&2; exit 2 ;;
esac
if [ $# = 0 ]; then
  set -- $(cd functions && grep -l aws-lambda-go */*.go | xargs -n1 dirname | sort -u)
fi

out=${OUT:-.aws-build} # relative to the project
mkdir -p $out
liquid=$(go list -m -f '{{.Dir}}' github.com/osteele/liquid)
rm -rf $out/liquid
mkdir $out/liquid
cp -r "$liquid"/. $out/liquid
chmod -R u+w $out/liquid
cp infra/functions/structvalue.go.txt $out/liquid/values/structvalue.go
cp go.mod $out/go.mod
cp go.sum $out/go.sum
go mod edit -replace "github.com/osteele/liquid=./$out/liquid" $out/go.mod

for name in "$@"; do
  CGO_ENABLED=0 GOOS=linux GOARCH=$goarch go build -modfile $out/go.mod -tags lambda.norpc -trimpath -ldflags "-s -w -X main.version=${VERSION:-dev}" \
    -o "$out/$name/bootstrap" "./functions/$name"
  printf '%-8s %s %5.1f MB\n' "$name" "$arch" "$(($(stat -c %s "$out/$name/bootstrap") / 100000))e-1"
done
