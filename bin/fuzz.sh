#!/bin/sh
# Fuzzes each target for so many seconds (60): XML, expressions, bodies, artifacts. Ends with the first finding.
set -eu
root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
seconds=${1:-60}
command -v cargo-fuzz >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz
# Coverage needs flags that are not stable; the pinned compiler has them all the same.
export RUSTC_BOOTSTRAP=1
# All at once: they are linked side by side.
cargo fuzz build --sanitizer none
# A run may take 30 s: XPath may look at fifty million nodes, and its target evaluates three times.
for target in $(cargo fuzz list); do
  echo "-- $target: $seconds s"
  mkdir -p "fuzz/corpus/$target"
  seeds=
  [ -d "fuzz/seeds/$target" ] && seeds=fuzz/seeds/$target
  # shellcheck disable=SC2086
  cargo fuzz run --sanitizer none "$target" "fuzz/corpus/$target" $seeds -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=30 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
done
