#!/bin/bash
# Builds the Lambda functions into .aws-build/NAME/bootstrap: infra/functions/build.sh [arm64|x86_64] [NAME...]
#
# A bootstrap may have 20 MB for arm64, and 23 for x86_64: a function's start reads it. What makes them smaller:
# - Liquid calls methods by names it learns at run time, and one such call makes the linker keep every method of every client of AWS:
#   a third of a program. The functions are built with a copy of that module in which structvalue.go.txt takes that place.
# - Parquet knows protocol buffers, of which Weir keeps none: protobuf/ has what it names of them.
# - Functions that send nothing are built without SES: email.go.txt takes the place of its file.
# - Functions that make no snapshots unpack brotli and never pack it: brotliwriter.go.txt takes the place of the encoder.
# - DynamoDB, S3, KMS and SQS speak HTTP/1.1: HTTP/2 is left out.
# - Inlining is for what reads, folds and scores: the rest waits for the network. The API, which carries the console, has none.
# - The console stands in web/dist compressed, as it is served.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=${1:-arm64}
shift || true
case $arch in
  arm64) goarch=arm64 limit=20000000 ;;
  x86_64) goarch=amd64 limit=23000000 ;;
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
rm -rf $out/protobuf
for package in proto reflect/protoreflect types/known/{anypb,durationpb,structpb,timestamppb,wrapperspb}; do
  mkdir -p $out/protobuf/$package
  cp "infra/functions/protobuf/${package##*/}.go.txt" "$out/protobuf/$package/${package##*/}.go"
done
printf 'module google.golang.org/protobuf\n\ngo 1.24\n' >$out/protobuf/go.mod
go mod edit -replace "github.com/osteele/liquid=./$out/liquid" -replace "google.golang.org/protobuf=./$out/protobuf" $out/go.mod

brotli=$(go list -m -f '{{.Dir}}' github.com/andybalholm/brotli)
rm -rf $out/brotli
mkdir $out/brotli
cp "$brotli"/*.go $out/brotli
chmod -R u+w $out/brotli
rm $out/brotli/{http,encoder,*_test}.go # of another encoder
cp infra/functions/brotliwriter.go.txt $out/brotli/writer.go
printf 'module github.com/andybalholm/brotli\n\ngo 1.24\n' >$out/brotli/go.mod
cp $out/go.mod $out/unpacks.mod
cp $out/go.sum $out/unpacks.sum
go mod edit -replace "github.com/andybalholm/brotli=./$out/brotli" $out/unpacks.mod

printf '{"Replace":{}}' >$out/sends.json
printf '{"Replace":{"infra/aws/email.go":"infra/functions/email.go.txt"}}' >$out/silent.json

fast=(-gcflags=all=-l)
for package in runtime/... internal/... crypto/internal/... slices bytes strings encoding/binary math math/bits sync/... hash/... strconv unicode/... \
  sort maps cmp iter bufio io github.com/klauspost/... github.com/parquet-go/... github.com/cespare/... github.com/weir-engine/weir/...; do
  fast+=("-gcflags=$package=")
done

for name in "$@"; do
  overlay=silent
  inlining=("${fast[@]}")
  if [ "$name" = api ]; then
    inlining=(-gcflags=all=-l)
  fi
  if grep -q OpenSender "functions/$name"/*.go; then
    overlay=sends
  fi
  mod=unpacks
  case $name in jobs | snapshot) mod=go ;; esac
  CGO_ENABLED=0 GOOS=linux GOARCH=$goarch go build -modfile $out/$mod.mod -overlay $out/$overlay.json -tags lambda.norpc,nethttpomithttp2 -trimpath \
    "${inlining[@]}" -ldflags "-s -w -X main.version=${VERSION:-dev}" -o "$out/$name/bootstrap" "./functions/$name"
  size=$(stat -c %s "$out/$name/bootstrap")
  printf '%-8s %s %5.1f MB\n' "$name" "$arch" "$((size / 100000))e-1"
  if [ "$size" -gt "$limit" ]; then
    echo "functions/$name is larger than $limit bytes: find what it links that it does not need (go tool nm -size -sort size)" >&2
    exit 1
  fi
done
