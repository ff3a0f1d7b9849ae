#!/bin/sh
# Builds Prism with Go, and Beam's Flink job server with Maven, into .engines/.
# What is there is not built again; `rm -r .engines` starts anew. Fails when either is missing.
set -u
cd "$(dirname "$0")/.." || exit 1
engines=$PWD/.engines
prism=$engines/prism
jar=$engines/flink/flink-job-server.jar
beam=$(sed -n 's/^apache-beam[^=]*==\([0-9.]*\).*/\1/p' requirements.txt)

[ -x "$prism" ] ||
  GOBIN=$engines go install -ldflags='-s -w' "github.com/apache/beam/sdks/v2/go/cmd/prism@v$beam"
[ -f "$jar" ] ||
  mvn --quiet --batch-mode --file engines/flink/pom.xml package -Dfolder="$engines/flink"
ls "$prism" "$jar"
