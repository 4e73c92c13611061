#!/bin/sh
# Public HTTP clients against a server of this build: curl, wrk, Python, Node and Java, whichever are installed. Run by hand;
# the tests that need nothing but the toolchain are beside it.
set -eu
here=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)
root=$(dirname "$(dirname "$here")")
binary=${1:-$root/target/debug/micro-integrator}
home=$(mktemp -d)
mkdir -p "$home/conf" "$home/registry" "$home/deployment/server/synapse-configs/default/api"
printf '[server]\noffset = 7000\n' > "$home/conf/deployment.toml"
cat > "$home/deployment/server/synapse-configs/default/api/echo.xml" <<'XML'
<api xmlns="http://ws.apache.org/ns/synapse" name="echo" context="/echo">
  <resource methods="POST"><inSequence><respond/></inSequence></resource>
</api>
XML
"$binary" run --home "$home" > "$home/log" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$home"' EXIT
base=http://127.0.0.1:15280
tries=0
until curl -sf "http://127.0.0.1:16191/healthz" > /dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat "$home/log"; exit 1; }
  sleep 0.1
done
[ "$(curl -s -d hello -H 'Content-Type: text/plain' $base/echo)" = hello ] && echo "curl: as it should be"
[ "$(printf hello | curl -s -T - -X POST -H 'Content-Type: text/plain' $base/echo)" = hello ] && echo "curl, chunked: as it should be"
! command -v python3 > /dev/null || python3 "$here/client.py" $base
! command -v node > /dev/null || node "$here/client.js" $base
! command -v java > /dev/null || java "$here/Client.java" $base
if command -v wrk > /dev/null; then
  printf 'wrk.method = "POST"\nwrk.body = "hello"\nwrk.headers["Content-Type"] = "text/plain"\n' > "$home/post.lua"
  wrk -t1 -c20 -d2s -s "$home/post.lua" $base/echo | grep -E 'Requests/sec|Non-2xx|Socket errors' | sed 's/^/wrk: /'
fi
